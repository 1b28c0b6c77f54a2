"""A penalized problem: its value and largest penalty against the rows, its gap against the minimum."""

import numpy as np
import pytest

from steepest.data.batch import Batch
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.penalized import Penalized
from steepest.summaries.triangle import Triangle


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_value_is_that_of_the_rows(fit_intercept):
    generator = np.random.default_rng(0)
    X, y, weight = generator.normal(5, 2, size=(40, 3)), generator.normal(size=40), generator.uniform(0.5, 2, 40)
    triangle = Triangle.of(Batch(X, y[:, None], ("a", "b", "c"), ("y",), weight))
    coordinates = triangle.coordinates("raw", fit_intercept=fit_intercept)
    problem = Penalized.of(triangle, coordinates, np.array([1.0, 0.0, 2.0]), 0.7, False)
    w, penalty = np.array([0.3, -0.2, 0.1]), 0.4
    residual = y - X @ w
    residual -= np.average(residual, weights=weight) * fit_intercept
    expected = np.average(residual**2, weights=weight) / 2 + 0.4 * (
        1.0 * (0.7 * 0.3 + 0.15 * 0.09) + 2.0 * (0.7 * 0.1 + 0.15 * 0.01)
    )
    assert problem.value(w, penalty) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("ratio", "positive"), [(1.0, False), (1.0, True), (0.3, False), (0.3, True)])
def test_the_gap_bounds_the_distance_to_the_minimum(ratio, positive):
    generator = np.random.default_rng(1)
    A, b = generator.normal(size=(12, 6)), generator.normal(size=12)
    problem = Penalized(A, b, 0.2, np.array([1.0, 1, 2, 0.5, 1, 1]), ratio, positive)
    penalty = problem.largest_penalty / 5
    best = Homotopy(problem, np.zeros(6), (problem.largest_penalty, penalty)).end()
    assert problem.gap(best, penalty) == pytest.approx(0, abs=1e-14)
    for scale in (1e-3, 1e-1, 1.0):
        w = best + scale * generator.normal(size=6)
        w = np.maximum(w, 0) if positive else w
        assert problem.gap(w, penalty) >= problem.value(w, penalty) - problem.value(best, penalty) >= -1e-14


def test_just_above_the_largest_penalty_nothing_moves_and_just_below_something_does():
    generator = np.random.default_rng(2)
    A, b = generator.normal(size=(12, 6)), generator.normal(size=12)
    problem = Penalized(A, b, 0.0, np.ones(6), 0.5)
    largest = problem.largest_penalty
    assert problem.optimality(np.zeros(6), largest * (1 + 1e-9)) == 0 < problem.optimality(np.zeros(6), largest * 0.999)
