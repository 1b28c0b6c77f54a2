"""The user's own rules, registered for a test and forgotten after it."""

import pytest

from steepest.rules.registry import register, unregister
from tests.rules.own import HalfwayRule, OwnAdamRule, RenamedRule, ScratchRule

OWN = (ScratchRule, RenamedRule, OwnAdamRule, HalfwayRule)


@pytest.fixture
def own_rules():
    """Register the rules of own.py."""
    for rule in OWN:
        register(rule)
    yield
    for rule in OWN:
        unregister(rule.name)
