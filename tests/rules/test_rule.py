"""A closed form belongs to a step: whoever replaces the step, or half of what is said of it, goes through the loop."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.best_rate import at_best_rate
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from steepest.rules.registry import choose_rule, register, unregister
from steepest.rules.rule import belongs_to, formula_of, has_closed_form, polynomial_of, power_ladder_of
from tests.rules.own import HalfwayRule, OwnAdamRule, RenamedRule, ScratchRule

BUILT_IN = [GradientRule(0.1), HeavyBallRule(0.1, 0.5), NesterovRule(0.1, 0.5), ChebyshevRule(0.5, 3.0)]


@dataclass(frozen=True)
class Clipped(GradientRule):
    """A step of its own below the class that knows the polynomial."""

    name: ClassVar[str] = "clipped"

    def step(self, gradient, theta, memory):
        return theta - self.learning_rate * np.clip(gradient(theta), -0.1, 0.1), None


@dataclass(frozen=True)
class Pushed(HeavyBallRule):
    """A memory of its own: the first step differs."""

    def init(self, theta):
        return np.ones_like(theta)


@dataclass(frozen=True)
class Stale(ScratchRule):
    """A polynomial of its own, and the limit of the class above."""

    def step(self, gradient, theta, memory):
        return theta - self.learning_rate / 2 * gradient(theta), None

    def residual(self, eigenvalues, epochs):
        return (1 - self.learning_rate / 2 * eigenvalues) ** np.asarray(epochs)[:, None]


@dataclass(frozen=True)
class Halved(GradientRule):
    """All that is said of the path, said anew; a best rate stays behind that is not its own."""

    name: ClassVar[str] = "halved"

    def step(self, gradient, theta, memory):
        return theta - self.learning_rate / 2 * gradient(theta), None

    def residual(self, eigenvalues, epochs):
        return ScratchRule(self.learning_rate / 2).residual(eigenvalues, epochs)

    def progress(self, eigenvalues, epochs):
        return 1 - self.residual(eigenvalues, epochs)

    def radius(self, eigenvalues):
        return np.abs(1 - self.learning_rate / 2 * eigenvalues)

    def unimodal_until(self, eigenvalues):
        return np.full(eigenvalues.shape, np.inf)

    def envelope(self, eigenvalues, epochs):
        return (np.abs(self.residual(eigenvalues, epochs)),) * 2

    def stability_limit(self, largest):
        return 4 / largest


@dataclass(frozen=True)
class Faster(GradientRule):
    """A polynomial of its own below a class that knows ladders of another."""

    def residual(self, eigenvalues, epochs):
        return GradientRule(2 * self.learning_rate).residual(eigenvalues, epochs)


@pytest.mark.parametrize(
    ("rule", "known"),
    [(rule, True) for rule in [*BUILT_IN, ScratchRule(0.1), RenamedRule(0.1), HalfwayRule(0.1, 0.5), Halved(0.1)]]
    + [(rule, False) for rule in (OwnAdamRule(0.1), Clipped(0.1), Pushed(0.1, 0.5), Stale(0.1), Faster(0.1))],
    ids=repr,
)
def test_a_closed_form_is_that_of_the_rules_own_step(rule, known):
    assert has_closed_form(rule) is known
    if not known:
        assert polynomial_of(rule) is None


def test_a_best_rate_and_a_choice_that_stayed_behind_are_not_taken():
    modes = Modes(np.array([3.0, 1.0]), np.eye(2))
    assert at_best_rate(Halved(0.1), modes) == Halved(1.0)
    for kind in (Halved, Clipped):
        register(kind)
    try:
        rule, reasons = choose_rule("halved", "auto", None, modes)
        assert rule == Halved(1.0)
        assert "λ_max" not in reasons["learning_rate"]
        with pytest.raises(UsageError, match="Give a learning rate"):
            choose_rule("clipped", "auto", None, modes)
        assert choose_rule("clipped", 0.1, None, modes) == (Clipped(0.1), {})
    finally:
        for kind in (Halved, Clipped):
            unregister(kind.name)


def test_a_step_put_into_the_object_itself_counts_as_its_own():
    rule = ScratchRule(0.1)
    object.__setattr__(rule, "step", lambda gradient, theta, memory: (theta, None))
    assert not has_closed_form(rule)


def test_what_a_class_replaced_takes_what_spoke_of_it_along():
    assert power_ladder_of(GradientRule(0.1)) is not None
    assert power_ladder_of(Faster(0.1)) is None
    assert formula_of(GradientRule(0.1)) == GradientRule.formula
    assert formula_of(Clipped(0.1)) == "as Clipped.step says"
    assert belongs_to(RenamedRule, "choose", "step")
    assert not belongs_to(Clipped, "choose", "step")
    assert not belongs_to(OwnAdamRule, "choose", "step")


def test_a_clipped_step_is_walked_and_not_called_converged():
    generator = np.random.default_rng(1)
    X = generator.normal(size=(50, 2))
    run = steepest.descend(X, X @ [1.02, -3.0], rule=Clipped(0.05), epochs=60)
    assert run.engine == "loop"
    theta = np.zeros(3)
    A = np.column_stack([np.ones(50), X])
    for _ in range(60):
        theta = theta - 0.05 * np.clip(A.T @ (A @ theta - X @ [1.02, -3.0]) / 50, -0.1, 0.1)
    np.testing.assert_allclose(run.weights, theta[1:], rtol=1e-10)
    assert run.verdict.kind == "unfinished"


@pytest.mark.parametrize("rule", BUILT_IN, ids=repr)
@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 17, 400])
def test_the_memory_known_beforehand_is_that_of_walking_there(rule, epochs):
    curvature, theta = np.array([[3.0], [1.0], [0.5]]), np.array([[1.0], [-2.0], [5.0]])
    memory, change = rule.init(theta), np.zeros_like(theta)
    for _ in range(epochs):
        before = theta
        theta, memory = rule.step(lambda point: curvature * point, theta, memory)
        change = theta - before
    known = rule.memory_after(change, epochs)
    parts = zip(known, memory, strict=True) if isinstance(memory, tuple) else [(known, memory)]
    for ours, walked in parts:
        if walked is None:
            assert ours is None
        else:
            np.testing.assert_allclose(ours, walked, rtol=1e-12, atol=1e-15)
