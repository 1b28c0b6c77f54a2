"""ISTA and FISTA beside literal loops over the rows, epoch by epoch."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.fista import FistaRule
from steepest.rules.gradient import GradientRule
from steepest.rules.ista import IstaRule
from steepest.rules.proximal import is_proximal, prox_of
from steepest.rules.registry import as_json, choose_rule, from_json
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.schedules import CosineSchedule

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(40, 5)) * np.geomspace(1, 3, 5) + 1
Y = X @ [2.0, 0, -1, 0, 0] + GENERATOR.normal(size=40)
U = np.column_stack([np.ones(40), X])
FREE = np.array([0.0, 1, 1, 1, 1, 1])  # the intercept has no penalty


def gradient(theta, l2):
    return U.T @ (U @ theta - Y) / 40 + l2 * FREE * theta


def shrunk(v, bound):
    return np.sign(v) * np.maximum(np.abs(v) - bound, 0)


def ista(rate, l1, l2, epochs):
    path = [np.zeros(6)]
    for _ in range(epochs):
        path.append(shrunk(path[-1] - rate * gradient(path[-1], l2), rate * l1 * FREE))
    return np.array(path)


def fista(rate, l1, l2, epochs):
    """Beck and Teboulle's loop with the gradient restart of O'Donoghue and Candès; says how often it began anew."""
    path, ahead, t, restarts = [np.zeros(6)], np.zeros(6), 1.0, 0
    for _ in range(epochs):
        x = shrunk(ahead - rate * gradient(ahead, l2), rate * l1 * FREE)
        if (ahead - x) @ (x - path[-1]) > 0:
            t, restarts = 1.0, restarts + 1
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        ahead = x + (t - 1) / following * (x - path[-1])
        t = following
        path.append(x)
    return np.array(path), restarts


def path_of(run):
    return np.column_stack(run.parameters()[::-1])


@pytest.mark.parametrize("l2", [0.0, 0.2])
def test_every_epoch_of_ista_is_that_of_the_literal_loop(l2):
    run = steepest.descend(X, Y, l1=0.1, l2=l2, rule="ista", learning_rate=0.05, epochs=300)
    np.testing.assert_allclose(path_of(run), ista(0.05, 0.1, l2, 300), rtol=1e-12, atol=1e-12)
    assert ((path_of(run) == 0) == (ista(0.05, 0.1, l2, 300) == 0)).all()


@pytest.mark.parametrize("l2", [0.0, 0.2])
def test_every_epoch_of_fista_is_that_of_the_literal_loop(l2):
    literal, restarts = fista(0.05, 0.1, l2, 300)
    assert restarts > 1
    run = steepest.descend(X, Y, l1=0.1, l2=l2, learning_rate=0.05, epochs=300)
    assert run.rule == FistaRule(0.05)
    np.testing.assert_allclose(path_of(run), literal, rtol=1e-12, atol=1e-12)


def test_two_targets_begin_anew_each_at_its_own_epoch():
    two = steepest.descend(X, np.column_stack([Y, X[:, 4] - Y]), l1=0.1, learning_rate=0.05, epochs=200)
    for target, y in enumerate((Y, X[:, 4] - Y)):
        one = steepest.descend(X, y, l1=0.1, learning_rate=0.05, epochs=200)
        np.testing.assert_allclose(two.parameters()[0][..., target], one.parameters()[0], rtol=1e-10, atol=1e-12)


def test_the_loss_of_ista_falls_at_1_over_L_and_fista_keeps_its_promise():
    problem = steepest.Problem.of(steepest.summarize(X, Y), l1=0.1)
    L, best = problem.quadratic.modes.eigenvalues[0], problem.quadratic.minimum
    least = problem.quadratic.value(best)[0]
    falls = np.diff(steepest.descend(X, Y, l1=0.1, rule="ista", epochs=200).loss())
    assert (falls <= 1e-14 * least).all()
    run = steepest.descend(X, Y, l1=0.1, epochs=60)
    k = np.arange(1, 61)
    bound = 2 * L * float((best**2).sum()) / (k + 1) ** 2
    assert (run.loss(k) - least <= bound + 1e-12).all()


def test_the_automatic_rate_is_1_over_the_largest_curvature():
    modes = Modes(np.array([4.0, 1.0]), np.eye(2))
    for name, kind in (("ista", IstaRule), ("fista", FistaRule)):
        rule, reasons = choose_rule(name, "auto", None, modes)
        assert rule == kind(0.25)
        assert "1/L" in reasons["learning_rate"]
        assert choose_rule(name, "auto", None, Modes(np.zeros(0), np.zeros((2, 0))))[0] == kind(1.0)
        assert from_json(as_json(rule)) == rule
        with pytest.raises(UsageError, match="momentum belongs to rules that keep their last step"):
            choose_rule(name, "auto", 0.5, modes)
        with pytest.raises(UsageError, match="learning_rate must be"):
            kind(0.0)


def test_without_a_penalty_ista_is_gradient_descent_on_any_loss_and_on_batches():
    settings = {"learning_rate": 0.05, "epochs": 30}
    for more in (
        {},
        {"loss": "logistic", "l2": 0.1},
        {"batch_size": 7},
        {"loss": "logistic", "l2": 0.1, "batch_size": 7},
    ):
        y = (np.median(Y) < Y).astype(float) if "loss" in more else Y
        plain = steepest.descend(X, y, rule="gradient", engine="loop", **settings, **more)
        np.testing.assert_array_equal(
            steepest.descend(X, y, rule="ista", **settings, **more).parameters()[0], plain.parameters()[0]
        )


def test_a_rule_around_another_is_proximal_where_that_one_is():
    cosine = CosineSchedule()
    assert is_proximal(ScheduledRule(IstaRule(0.1), cosine, steps=9))
    assert not is_proximal(ScheduledRule(GradientRule(0.1), cosine, steps=9))
    assert prox_of(lambda point: point, np.ones((2, 1)), 0.5).tolist() == [[1.0], [1.0]]


def test_a_proximal_rule_of_ones_own_walks_under_l1():
    @dataclass(frozen=True)
    class Own:
        learning_rate: float
        name: ClassVar[str] = "own"
        is_proximal: ClassVar[bool] = True

        def init(self, theta):
            return None

        def step(self, gradient, theta, memory):
            return gradient.prox(theta - self.learning_rate * gradient(theta), self.learning_rate), None

    run = steepest.descend(X, Y, rule=Own(0.05), l1=0.1, epochs=20)
    np.testing.assert_allclose(path_of(run), ista(0.05, 0.1, 0, 20), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", ["gradient", "adam", "chebyshev", "backtracking", GradientRule(0.1), GradientRule])
def test_a_rule_that_follows_a_gradient_alone_is_refused_under_l1(rule):
    with pytest.raises(UsageError, match=r'knows nothing of l1=0\.1: .* Take a rule that knows it \(rule="fista"'):
        steepest.descend(X, Y, rule=rule, l1=0.1)
