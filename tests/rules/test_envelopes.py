"""Envelopes: they hold |p_k| at every epoch, fall as fast as it does, and the limit is where it stops falling."""

import numpy as np
import pytest

import steepest
from steepest.objectives.modes import Modes
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from tests.rules.own import HalfwayRule
from tests.rules.test_chebyshev import polynomial

EPOCHS = np.arange(400)


@pytest.mark.parametrize("kind", [HeavyBallRule, NesterovRule, HalfwayRule])
@pytest.mark.parametrize("momentum", [0.0, 0.05, 0.3, 0.6, 0.9])
def test_an_envelope_holds_its_mode_and_is_no_wider_than_it_must(kind, momentum):
    limit = kind(1.0, momentum).stability_limit(1.0)
    # among them roots on either side of 0, complex ones, and those next to -1
    values = np.array([1e-4, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999]) * limit
    rule = kind(1.0, momentum)
    left = np.abs(rule.residual(values, EPOCHS))
    low, high = rule.envelope(values, EPOCHS)
    assert (low <= left * (1 + 1e-9) + 1e-300).all()
    assert (left <= high * (1 + 1e-9) + 1e-300).all()
    real = np.asarray(rule.recurrence(values).discriminant > 1e-3)
    # |A₁|·|r₁|^k and |A₂|·|r₂|^k add up or are taken from each other: one bound is |p_k| itself
    both = np.minimum(np.abs(left - low), np.abs(high - left))[:, real]
    np.testing.assert_allclose(both / np.maximum(left[:, real], 1e-280), 0, atol=1e-6)
    late = 150  # by now the smaller root is gone, or the two lie close
    np.testing.assert_allclose(high[late:, real], left[late:, real], rtol=0.05, atol=1e-300)
    # a swing comes close to its bound now and then; of one at rest, at p_1 = 0 or with β = 0, nothing is left
    swings = ~real & (high[late] > 1e-250)
    assert (left > 0.5 * high)[late:, swings].any(axis=0).all()


@pytest.mark.parametrize(("lower", "upper"), [(1.0, 3.0), (0.2, 1.0)])
def test_outside_its_interval_chebyshev_is_the_same_polynomial(lower, upper):
    rule, epochs = ChebyshevRule(lower, upper), 60
    outside = np.array([lower / 100, lower / 2, lower * 0.999, upper * 1.001, upper * 1.2, upper * 2])
    left = rule.residual(outside, np.arange(epochs + 1))
    low, high = rule.envelope(outside, np.arange(epochs + 1))
    for j, eigenvalue in enumerate(outside):
        exact = np.array([float(p) for p in polynomial(lower, upper, eigenvalue, epochs)])
        np.testing.assert_allclose(left[:, j], exact, rtol=1e-11)  # 60 epochs multiply the rounding of λ
        np.testing.assert_allclose([low[:, j], high[:, j]], [np.abs(exact)] * 2, rtol=1e-11)


def test_inside_its_interval_chebyshev_touches_its_envelope():
    rule, epochs = ChebyshevRule(0.2, 1.0), 60
    values = np.linspace(0.2, 1.0, 101)
    low, high = rule.envelope(values, np.arange(epochs + 1))
    exact = [1 / abs(float(1 / p)) for p in polynomial(0.2, 1.0, 0.2, epochs)]  # at an end, |p_k| is 1 / T_k(c/h)
    np.testing.assert_allclose(high[:, 1:].T, [exact] * 100, rtol=1e-12)
    assert (low[:, 1:] == 0).all()
    assert (np.abs(rule.residual(values, np.arange(epochs + 1))) <= high * (1 + 1e-12)).all()


def test_the_limit_of_chebyshev_is_that_of_its_rate():
    rule = ChebyshevRule(1.0, 2.0)
    assert rule.stability_limit(1.5) == 2 / 1.5
    assert rule.stability_limit(4.0) == 0.5
    assert rule.stability_limit(2.0) == 1.0


def test_where_nothing_moves_momentum_is_0():
    nothing = Modes(np.zeros(0), np.zeros((2, 0)))
    assert HeavyBallRule.best_momentum(nothing, None) == (1.0, 0.0)
    assert HeavyBallRule.best_momentum(nothing, 0.25) == (0.25, 0.0)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_the_steps_of_chebyshev_are_told_in_the_numbers_they_are(line, epoch):
    X, y = line
    X = (X - X.mean()) / X.std()
    rule = ChebyshevRule(0.5, 2.0)
    run = steepest.descend(X, y, rule=rule, epochs=3)
    told = str(steepest.explain(X, y, rule=rule, epoch=epoch))
    change = run.at(epoch).weights[0] - run.at(epoch - 1).weights[0]
    lines = [part.strip() for part in told.splitlines() if "step " in part and "=" in part]
    assert lines
    for part in lines:
        left, right = part[part.index("step ") + 5 :].split(" = ")
        value = eval(left.replace("−", "-").replace("·", "*"), {})
        assert value == pytest.approx(float(right), rel=1e-4, abs=1e-9)
    assert any(float(part.split(" = ")[-1]) == pytest.approx(change, rel=1e-6) for part in lines)
