"""The user's own rules, registered for a test and forgotten after it."""

import pytest

from steepest.rules.registry import register, unregister
from tests.rules.own import AdamRule, HalfwayRule, RenamedRule, ScratchRule

OWN = (ScratchRule, RenamedRule, AdamRule, HalfwayRule)


@pytest.fixture
def own_rules():
    """Register the rules of own.py."""
    for rule in OWN:
        register(rule)
    yield
    for rule in OWN:
        unregister(rule.name)
