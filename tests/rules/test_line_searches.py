"""Line searches and conjugate gradients beside literal formulas, SciPy and exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse.linalg

import steepest
from steepest.descent import loop
from steepest.errors import UsageError
from steepest.rules.backtracking import BacktrackingRule
from steepest.rules.barzilai_borwein import BarzilaiBorweinRule
from steepest.rules.registry import RULES

NAMES = ("exact_line_search", "backtracking", "barzilai_borwein", "conjugate_gradient")


def table(n=30, d=4, seed=3):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.geomspace(1, 5, d) + 1
    return X, X @ np.arange(1.0, d + 1) + generator.normal(size=n)


def equations(X, y):
    A = np.column_stack([np.ones(len(X)), X])
    return A.T @ A / len(y), A.T @ y / len(y)


def path(run):
    return np.column_stack(run.parameters()[::-1])


@pytest.mark.parametrize("seed", range(5))
def test_conjugate_gradients_are_scipys_at_every_step(seed):
    X, y = table(seed=seed)
    H, b = equations(X, y)
    seen = [np.zeros(len(b))]
    scipy.sparse.linalg.cg(H, b, rtol=0, atol=0, maxiter=5, callback=lambda theta: seen.append(theta.copy()))
    ours = path(steepest.descend(X, y, rule="conjugate_gradient", epochs=5))
    # rounding grows along CG by the condition number, about 1e4 here
    np.testing.assert_allclose(ours, seen, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(ours[-1], np.linalg.solve(H, b), rtol=1e-9)


def test_conjugate_gradients_take_a_step_an_eigenvalue():
    X = np.kron([[1.0], [-1.0]], np.diag([1.0, 1.0, 3.0, 3.0, 3.0]))  # two different eigenvalues, no mean
    y = X @ [1.0, -2.0, 0.5, 4.0, 1.0]
    run = steepest.descend(X, y, rule="conjugate_gradient", epochs=2, fit_intercept=False)
    np.testing.assert_allclose(run.weights, [1.0, -2.0, 0.5, 4.0, 1.0], rtol=1e-13)


def test_exact_line_search_is_that_of_exact_arithmetic():
    X, y = [[1, 2], [3, -1], [0, 4], [2, 2]], [3, 1, 5, -2]
    A = [[Fraction(1), *map(Fraction, row)] for row in X]

    def gradient(theta):
        left = [sum(a * t for a, t in zip(row, theta, strict=True)) - target for row, target in zip(A, y, strict=True)]
        return [sum(row[j] * r for row, r in zip(A, left, strict=True)) / len(y) for j in range(3)]

    theta, exact = [Fraction(0)] * 3, [[0.0] * 3]
    for _ in range(8):
        g = gradient(theta)
        along = [sum(a * v for a, v in zip(row, g, strict=True)) for row in A]
        rate = sum(v * v for v in g) / (sum(v * v for v in along) / len(y))
        theta = [t - rate * v for t, v in zip(theta, g, strict=True)]
        exact.append([float(t) for t in theta])
    run = steepest.descend(np.array(X, float), np.array(y, float), rule="exact_line_search", epochs=8)
    np.testing.assert_allclose(path(run), exact, rtol=1e-13, atol=1e-14)


def test_backtracking_is_the_literal_search():
    X, y = table()
    A = np.column_stack([np.ones(len(X)), X])

    def loss(theta):
        return ((A @ theta - y) ** 2).sum() / (2 * len(y))

    theta, expected = np.zeros(5), [np.zeros(5)]
    for _ in range(12):
        g, rate = A.T @ (A @ theta - y) / len(y), 2.0
        while loss(theta - rate * g) > loss(theta) - 0.01 * rate * g @ g:
            rate *= 0.7
        theta = theta - rate * g
        expected.append(theta)
    rule = BacktrackingRule(2.0, shrink=0.7, decrease=0.01)
    np.testing.assert_allclose(path(steepest.descend(X, y, rule=rule, epochs=12)), expected, rtol=1e-10)


def test_barzilai_borwein_is_the_literal_formula():
    X, y = table()
    H, b = equations(X, y)
    before, theta = None, np.zeros(5)
    expected = [theta]
    for _ in range(15):
        g = H @ theta - b
        rate = 0.01
        if before is not None:
            s, z = theta - before, H @ (theta - before)
            rate = s @ s / (s @ z)
        before, theta = theta, theta - rate * g
        expected.append(theta)
    run = steepest.descend(X, y, rule=BarzilaiBorweinRule(0.01), epochs=15)
    np.testing.assert_allclose(path(run), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_each_comes_to_the_minimum_and_stays(name):
    X, y = table()
    run = steepest.descend(X, y, rule=name, epochs=6_000, standardize=True)
    assert run.verdict.kind == "converged", str(run.verdict)
    np.testing.assert_allclose(run.weights, run.optimum.weights, rtol=1e-6)
    assert np.isfinite(run.loss()).all()


@pytest.mark.parametrize("name", ["exact_line_search", "backtracking"])
def test_a_search_never_goes_up(name):
    losses = steepest.descend(*table(), rule=name, epochs=3_000).loss()
    assert (np.diff(losses) <= 1e-15 * losses[:-1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_targets_do_not_meet(name):
    X, y = table()
    other = -3 * y + X[:, 0]
    both = steepest.descend(X, np.column_stack([y, other]), rule=name, epochs=4)
    for j, one in enumerate([y, other]):
        np.testing.assert_allclose(
            both.parameters()[0][:, :, j], steepest.descend(X, one, rule=name, epochs=4).parameters()[0], rtol=1e-9
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e-150, 1e-8, 1.0, 1e8, 1e100])
def test_the_units_of_the_target_change_nothing(name, size):
    X, y = table()
    run, other = (steepest.descend(X, factor * y, rule=name, epochs=4) for factor in (1.0, size))
    np.testing.assert_allclose(other.weights / size, run.weights, rtol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_start_at_the_minimum_stays(name):
    run = steepest.descend([[1.0], [-1.0]], [0.0, 0.0], rule=name, epochs=3)
    assert run.weights.tolist() == [0.0]


def test_backtracking_also_minimizes_what_is_no_square():
    class Quartic:
        metric_name = "distance"

        def value(self, theta):
            return ((theta - 3) ** 4).sum(axis=0)

        def value_and_gradient(self, theta):
            return self.value(theta), 4 * (theta - 3) ** 3

        def metric(self, theta):
            return np.abs(theta - 3).max(axis=0)

    walked = loop.run(Quartic(), BacktrackingRule(10.0), np.zeros((2, 1)), 2_000)
    assert walked.metric(walked.epochs)[-1] < 0.1
    with pytest.raises(UsageError, match=r'does not know its curvature.*rule="backtracking"'):
        loop.run(Quartic(), RULES["conjugate_gradient"](), np.zeros((2, 1)), 5)


@pytest.mark.parametrize("numbers", [{"shrink": 1.0}, {"shrink": 0.0}, {"decrease": -0.1}, {"decrease": 0}])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(UsageError, match=f"{next(iter(numbers))} must be"):
        BacktrackingRule(1.0, **numbers)
