"""A sparse quadratic: its minimum beside scikit-learn, its gap, slope and proximal step beside brute force."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

import steepest
from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.objective import has_prox, is_spectral
from steepest.objectives.problem import Problem
from steepest.objectives.soft_threshold import soft_threshold
from steepest.summaries.triangle import Triangle

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(50, 6)) * np.geomspace(1, 4, 6) + 2
Y = X @ [1.0, 0, -2, 0, 0, 0.3] + 5 + GENERATOR.normal(size=50)
WEIGHT = GENERATOR.uniform(0.5, 2, 50)
SCALE = {"half_mse": 1.0, "mse": 2.0, "quarter_mse": 0.5}


def quadratic(coordinates="raw", weight=None, y=Y, **settings):
    source = steepest.open_source(X, y, weight=weight)
    return Problem.of(steepest.summarize(source), coordinates, **settings)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("objective", "l2"), [("half_mse", 0.0), ("mse", 0.3), ("quarter_mse", 0.0)])
def test_the_minimum_is_scikit_learns(weight, fit_intercept, objective, l2):
    problem, scale = (
        quadratic(weight=weight, objective=objective, l1=0.2, l2=l2, fit_intercept=fit_intercept),
        SCALE[objective],
    )
    theirs = ElasticNet(
        (0.2 + l2) / scale, l1_ratio=0.2 / (0.2 + l2), tol=1e-14, max_iter=100_000, fit_intercept=fit_intercept
    )
    theirs.fit(X, Y, sample_weight=weight)
    weights, bias = problem.to_raw(problem.quadratic.minimum)
    # scikit-learn stops at 1e-14 of its own gap, some 1e-8 of a weight
    np.testing.assert_allclose(weights[:, 0], theirs.coef_, atol=1e-7)
    assert bias[0] == pytest.approx(theirs.intercept_, abs=1e-6)
    assert ((weights[:, 0] == 0) == (theirs.coef_ == 0)).all()


def test_standardized_inputs_are_penalized_at_standard_deviation_1():
    problem, Z = quadratic("standardized", l1=0.5), (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = ElasticNet(0.5, l1_ratio=1.0, tol=1e-14, max_iter=100_000).fit(Z, Y)
    np.testing.assert_allclose(problem.quadratic.minimum[1:, 0], theirs.coef_, atol=1e-7)


@pytest.mark.parametrize("coordinates", ["raw", "centred", "standardized"])
def test_value_and_gradient_are_those_of_the_rows(coordinates):
    problem = quadratic(coordinates, WEIGHT, l1=0.4, l2=0.1)
    theta = GENERATOR.normal(size=(7, 1))
    U = problem.coordinates.of_rows(X)
    residual = (U @ theta)[:, 0] - Y
    share, w = WEIGHT / WEIGHT.sum(), theta[1:, 0]
    J = share @ residual**2 / 2 + 0.05 * w @ w + 0.4 * np.abs(w).sum()
    assert problem.quadratic.value(theta)[0] == pytest.approx(J, rel=1e-13)
    smooth = U.T @ (share * residual) + 0.1 * np.append(0, w)
    np.testing.assert_allclose(problem.quadratic.gradient(theta)[:, 0], smooth, rtol=1e-12, atol=1e-12)


def test_the_gap_bounds_the_loss_wherever_the_intercept_is_and_is_0_at_the_minimum():
    for settings in ({}, {"l2": 0.3}, {"fit_intercept": False}, {"objective": "mse"}):
        J = quadratic(l1=0.3, **settings).quadratic
        least = J.value(J.minimum)[0]
        assert J.gap(J.minimum)[0] <= 1e-13 * least
        for far in (1e-3, 0.1, 10):
            theta = J.minimum + far * GENERATOR.normal(size=J.minimum.shape)
            assert J.gap(theta)[0] >= J.value(theta)[0] - least > 0
            if not J.fit_intercept:
                continue
            only_bias = J.minimum.copy()
            only_bias[0] += far
            # there the two are equal, up to the rounding of a difference of values
            assert J.gap(only_bias)[0] >= (J.value(only_bias)[0] - least) * (1 - 1e-11)


def test_the_shortest_subgradient_is_0_at_the_minimum_alone_and_the_slope_along_it_downhill():
    J = quadratic(l1=0.3).quadratic
    assert np.abs(J.least_slope(J.minimum)).max() < 1e-13 * np.abs(J.gradient(np.zeros((7, 1)))).max()
    for theta in (np.zeros((7, 1)), J.minimum + 0.1, np.where(J.minimum == 0, 0, 2 * J.minimum)):
        slope, step = J.least_slope(theta), 1e-7
        falls = (J.value(theta) - J.value(theta - step * slope))[0] / step
        assert falls == pytest.approx(float((slope**2).sum()), rel=1e-4)  # a difference of values over a step of 1e-7


def test_the_proximal_step_is_the_lowest_point_of_what_it_says():
    grid = np.linspace(-4, 4, 80_001)
    for v in (-3.0, -0.7, 0.0, 0.4, 2.5):
        lowest = grid[(0.5 * (grid - v) ** 2 + 0.7 * np.abs(grid)).argmin()]
        assert soft_threshold(np.array([v]), 0.7)[0] == pytest.approx(lowest, abs=1e-4)  # of the grid
    assert not np.signbit(soft_threshold(np.array([-0.5]), 1.0))[0]
    J = quadratic(l1=0.5).quadratic
    np.testing.assert_allclose(J.prox(np.full((7, 1), 3.0), 2.0)[:, 0], [3.0] + [2.0] * 6)


def test_targets_are_minimized_each_by_itself():
    both = quadratic(y=np.column_stack([Y, X[:, 1] - Y]), l1=0.3).quadratic
    for target, y in enumerate((Y, X[:, 1] - Y)):
        one = quadratic(y=y, l1=0.3).quadratic
        np.testing.assert_allclose(both.minimum[:, target], one.minimum[:, 0], rtol=1e-10, atol=1e-12)
        theta = np.ones((7, 2))
        assert both.gap(theta)[target] == pytest.approx(one.gap(theta[:, :1])[0], rel=1e-10)


def test_where_the_path_is_lost_coordinate_descent_finds_the_minimum(monkeypatch):
    from steepest.objectives import sparse_quadratic

    def lost(*given):
        raise DataError("lost")

    exact = quadratic(l1=0.3).quadratic.minimum
    monkeypatch.setattr(sparse_quadratic, "Homotopy", lost)
    np.testing.assert_allclose(quadratic(l1=0.3).quadratic.minimum, exact, atol=1e-8)  # its own stop is a gap of 1e-20


def test_a_kink_makes_no_modes_of_their_own():
    assert is_spectral(quadratic().quadratic)
    sparse = quadratic(l1=0.1).quadratic
    assert has_prox(sparse)
    assert not is_spectral(sparse)
    np.testing.assert_array_equal(sparse.modes.eigenvalues, quadratic().quadratic.modes.eigenvalues)


def test_a_table_without_columns_has_its_mean_for_a_minimum():
    rows = Batch(np.zeros((4, 0)), np.array([[1.0], [2], [3], [6]]), (), ("y",))
    J = Problem.of(Triangle.of(rows), l1=0.5).quadratic
    assert J.minimum.ravel().tolist() == [3.0]
    assert J.gap(np.array([[4.0]]))[0] == pytest.approx(0.5)
