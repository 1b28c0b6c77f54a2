"""The registry: names, hints, refusals, JSON and back."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from steepest.rules.registry import RULES, as_json, best_rules, choose_rule, from_json, register, unregister
from tests.rules.own import HalfwayRule, OwnAdamRule, ScratchRule

MODES = Modes(np.array([3.0, 1.0]), np.eye(2))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("momentum", "heavy_ball"),
        ("Polyak", "heavy_ball"),
        ("heavy ball", "heavy_ball"),
        ("heavyball", "heavy_ball"),
        ("NAG", "nesterov"),
        ("Nesterow", "nesterov"),
        ("gd", "gradient"),
        ("gradent", "gradient"),
        ("Chebyshev", "chebyshev"),
        ("chebychev", "chebyshev"),
    ],
)
def test_a_near_name_or_another_word_is_hinted_at(given, meant):
    with pytest.raises(UsageError, match=f'Did you mean "{meant}"') as raised:
        choose_rule(given, "auto", None, MODES)
    assert all(repr(name) in str(raised.value) for name in RULES)


@pytest.mark.parametrize("given", ["newton", "", None, 3, []])
def test_what_is_near_no_name_gets_no_hint(given):
    with pytest.raises(UsageError, match="rule is one of 'gradient'") as raised:
        choose_rule(given, "auto", None, MODES)
    assert "Did you mean" not in str(raised.value)


def test_a_class_in_place_of_a_rule_is_told():
    with pytest.raises(UsageError, match=r"OwnAdamRule is a class\. Make one: OwnAdamRule\(\.\.\.\)"):
        choose_rule(OwnAdamRule, "auto", None, MODES)


def test_names_of_others_and_halves_of_rules_are_refused():
    before = list(RULES)

    @dataclass(frozen=True)
    class Thief(ScratchRule):
        name: ClassVar[str] = "gradient"

    class Half:
        name = "half"

        def init(self, theta):
            return None

    with pytest.raises(UsageError, match="belongs to GradientRule"):
        register(Thief)
    with pytest.raises(UsageError, match="has no step"):
        register(Half)
    with pytest.raises(UsageError, match="takes the class"):
        register(ScratchRule(0.1))
    Thief.name = "two words"
    with pytest.raises(UsageError, match="one word"):
        register(Thief)
    for name in ("gradient", "nobody"):
        with pytest.raises(UsageError, match="no rule was registered"):
            unregister(name)
    assert list(RULES) == before


def test_a_cell_that_runs_again_registers_its_class_anew():
    def cell():
        @register
        @dataclass(frozen=True)
        class Again(ScratchRule):
            name: ClassVar[str] = "again"

        return Again

    try:
        first, second = cell(), cell()
        assert RULES["again"] is second is not first
    finally:
        unregister("again")


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        (GradientRule(0.1), {"name": "gradient", "learning_rate": 0.1}),
        (HeavyBallRule(0.1, 0.5), {"name": "heavy_ball", "learning_rate": 0.1, "momentum": 0.5}),
        (NesterovRule(0.1, 0.5), {"name": "nesterov", "learning_rate": 0.1, "momentum": 0.5}),
        (ChebyshevRule(1.0, 3.0), {"name": "chebyshev", "lower": 1.0, "upper": 3.0}),
    ],
)
def test_json_says_name_and_numbers_in_the_order_of_old_files(rule, content):
    assert list(as_json(rule).items()) == list(content.items())
    assert from_json(content) == rule


@pytest.mark.usefixtures("own_rules")
def test_json_of_own_rules_leads_back_while_they_are_registered():
    rule = OwnAdamRule(0.1, beta_2=0.99)
    assert from_json(as_json(rule)) == rule


def test_json_of_an_unknown_rule_says_what_to_do():
    with pytest.raises(UsageError, match=r"Register its class first"):
        from_json({"name": "own_adam", "learning_rate": 0.1})


@pytest.mark.usefixtures("own_rules")
def test_settings_by_name_are_the_classs_own_or_refused():
    assert choose_rule("scratch", "auto", None, MODES)[0] == ScratchRule(0.5)
    assert choose_rule("own_adam", 0.1, None, MODES) == (OwnAdamRule(0.1), {})
    assert choose_rule("halfway", 0.1, 0.5, MODES)[0] == HalfwayRule(0.1, 0.5)
    with pytest.raises(UsageError, match="knows no best momentum"):
        choose_rule("halfway", "auto", None, MODES)
    assert {type(rule) for rule in best_rules(MODES)} >= {ScratchRule, GradientRule, ChebyshevRule}
    assert HalfwayRule not in {type(rule) for rule in best_rules(MODES)}


def test_a_rule_of_few_words_is_chosen_by_its_arguments():
    @register
    @dataclass(frozen=True)
    class Bare:
        learning_rate: float = 0.25
        momentum: float = 0.5
        name = "bare"

        def init(self, theta):
            return np.zeros_like(theta)

        def step(self, gradient, theta, velocity):
            velocity = self.momentum * velocity - self.learning_rate * gradient(theta)
            return theta + velocity, velocity

    try:
        assert choose_rule("bare", "auto", None, MODES) == (Bare(), {"learning_rate": "the default of Bare"})
        assert choose_rule("bare", 0.1, 0.9, MODES) == (Bare(0.1, 0.9), {})
        with pytest.raises(UsageError, match="0 ≤ momentum < 1"):
            choose_rule("bare", 0.1, 1.5, MODES)
        run = steepest.descend([[1.0], [2.0]], [1.0, 2.0], rule="bare", epochs=9)
        alike = steepest.descend(
            [[1.0], [2.0]], [1.0, 2.0], rule="heavy_ball", learning_rate=0.25, momentum=0.5, epochs=9
        )
        np.testing.assert_allclose(run.weights, alike.weights, rtol=1e-12)
    finally:
        unregister("bare")
