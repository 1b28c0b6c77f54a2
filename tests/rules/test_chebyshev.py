"""Chebyshev's rule: its polynomial, its steps, and that no rule is quicker on an interval."""

from decimal import Decimal, getcontext

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.convergence import first_epoch
from steepest.rules.heavy_ball import HeavyBallRule

getcontext().prec = 60


def polynomial(lower, upper, eigenvalue, epochs):
    """T_k((c - λ)/h) / T_k(c/h) by the three-term recurrence of both, in 60 digits."""
    lower, upper, eigenvalue = Decimal(lower), Decimal(upper), Decimal(eigenvalue)
    c, h = (upper + lower) / 2, (upper - lower) / 2

    def values(x):
        t = [Decimal(1), x]
        while len(t) <= epochs:
            t.append(2 * x * t[-1] - t[-2])
        return t

    return [a / b for a, b in zip(values((c - eigenvalue) / h), values(c / h), strict=True)]


@pytest.mark.parametrize(("lower", "upper"), [(1.0, 3.0), (1e-6, 1.0), (1e-10, 2.5), (0.999999, 1.0)])
def test_residual_and_progress_are_the_polynomial(lower, upper):
    rule, epochs = ChebyshevRule(lower, upper), 200
    inside = np.array([lower, lower * 1.0000001, lower * 2, upper * 0.3, (lower + upper) / 2, upper * 0.9999999, upper])
    eigenvalues = inside[(inside >= lower) & (inside <= upper)]
    left, done = rule.residual(eigenvalues, np.arange(epochs + 1)), rule.progress(eigenvalues, np.arange(epochs + 1))
    for j, eigenvalue in enumerate(eigenvalues):
        for k, p in enumerate(polynomial(lower, upper, eigenvalue, epochs)):
            # an angle near π/2 is good to ε, and k epochs multiply that
            assert abs(Decimal(left[k, j]) - p) <= Decimal("1e-13"), (eigenvalue, k)
            if abs(1 - p) < Decimal("0.1") and k and eigenvalue <= upper / 1000:
                assert abs(Decimal(done[k, j]) - (1 - p)) <= (1 - p) * Decimal("1e-12"), (eigenvalue, k)


def test_the_steps_do_what_the_polynomial_says():
    eigenvalues = np.array([0.01, 0.2, 0.7, 1.0])
    rule = ChebyshevRule(0.01, 1.0)
    theta, path = np.ones((4, 1)), [np.ones(4)]
    memory = rule.init(theta)
    for _ in range(150):
        theta, memory = rule.step(lambda point: eigenvalues[:, None] * point, theta, memory)
        path.append(theta[:, 0])
    np.testing.assert_allclose(np.array(path), rule.residual(eigenvalues, np.arange(151)), atol=1e-13)


@pytest.mark.parametrize("kappa", [10.0, 1e4, 1e8])
def test_nothing_is_quicker(kappa):
    values = np.array([1.0, 0.5, 1 / kappa])
    chebyshev = first_epoch(ChebyshevRule(1 / kappa, 1.0), values, 1e-6)
    heavy = first_epoch(HeavyBallRule(*HeavyBallRule.best_momentum(Modes(values, np.eye(3)))), values, 1e-6)
    assert chebyshev <= heavy
    # 2/(e^{kα} + e^{-kα}) ≤ 1e-6 with α ≈ 2/√κ
    assert chebyshev == pytest.approx(np.log(2e6) * np.sqrt(kappa) / 2, rel=0.1, abs=2)


@pytest.mark.parametrize("kappa", [1e16, 1e24, 1e30])
def test_modes_far_apart_take_long_but_never_for_ever(kappa):
    values = np.array([1.0, 0.5, 1 / kappa])
    rule = ChebyshevRule(1 / kappa, 1.0)
    assert first_epoch(rule, values, 1e-6) == pytest.approx(np.log(2e6) * np.sqrt(kappa) / 2, rel=1e-6)
    assert first_epoch(rule, 2.001 * values, 1e-6) is None
    X = np.array([[1.0, 0.0], [0.0, 1 / np.sqrt(kappa)]])
    run = steepest.descend(X, [1.0, 1.0], fit_intercept=False, rule="chebyshev", epochs=1000)
    assert run.verdict.kind == "crawls"


def test_an_eigenvalue_off_by_its_rounding_does_not_grow():
    rule = ChebyshevRule.best(Modes(np.array([1.0, 1e-20]), np.eye(2)))
    assert np.abs(rule.residual(np.array([1 + 1e-15, 1.0]), np.array([2**40, 2**53]))).max() <= 1


def test_through_the_front_door(line):
    X, y = line
    run = steepest.descend(X, y, rule="chebyshev")
    assert run.verdict.kind == "converged"
    assert run.bias == pytest.approx(2, rel=1e-10)
    loop = steepest.descend(X, y, rule="chebyshev", epochs=200, engine="loop")
    modes = steepest.descend(X, y, rule="chebyshev", epochs=200)
    np.testing.assert_allclose(loop.rmse(), modes.rmse(), rtol=1e-9, atol=1e-10)
    assert steepest.descend(X[:, :1] * 0 + [[1.0]] * 300, y, rule="chebyshev", fit_intercept=False).weights[
        0
    ] == pytest.approx(y.mean())


@pytest.mark.parametrize("settings", [{"learning_rate": 0.1}, {"momentum": 0.5}])
def test_its_rate_follows_from_the_modes(line, settings):
    with pytest.raises(UsageError, match="takes its steps from the modes"):
        steepest.descend(*line, rule="chebyshev", **settings)


@pytest.mark.parametrize("interval", [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, float("inf"))])
def test_an_interval_has_two_ends(interval):
    with pytest.raises(UsageError, match="0 < lower < upper"):
        ChebyshevRule(*interval)
