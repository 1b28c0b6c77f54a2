"""Coordinate descent against the exact path, and against its own certificate."""

import numpy as np
import pytest

from steepest.errors import DataError
from steepest.objectives import coordinate_descent as module
from steepest.objectives.coordinate_descent import coordinate_descent
from steepest.objectives.penalized import Penalized
from steepest.objectives.solution_path import SolutionPath


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("positive", [False, True])
def test_both_ways_agree(ratio, positive):
    generator = np.random.default_rng(0)
    A, b = generator.normal(size=(40, 12)), generator.normal(size=40)
    A[:, 7] = 0.0
    factors = np.array([0.0, 1, 2, 1, 1, 0.5, 1, 1, 1, 1, 1, 1])
    problem = Penalized(A / 6, b / 6, 0.1, factors, ratio, positive)
    penalties = problem.largest_penalty * np.geomspace(1.5, 0.01, 9)
    exact, other = (SolutionPath.of(problem, penalties, method) for method in ("homotopy", "coordinate_descent"))
    np.testing.assert_allclose(other.at(penalties), exact.at(penalties), atol=1e-9)
    between = np.sqrt(penalties[1:] * penalties[:-1])
    np.testing.assert_allclose(other.at(between), exact.at(between), atol=1e-9)


def test_equal_columns_share_a_minimum_of_the_same_value():
    generator = np.random.default_rng(1)
    A, b = generator.normal(size=(30, 4)), generator.normal(size=30)
    problem = Penalized(np.hstack([A, A]), b, 0.0, np.ones(8))
    penalty = problem.largest_penalty / 10
    w = coordinate_descent(problem, np.zeros(8), penalty)
    exact = SolutionPath.of(problem, np.array([penalty])).at(np.array([penalty]))[0]
    assert problem.value(w, penalty) == pytest.approx(problem.value(exact, penalty), rel=1e-13)
    assert problem.gap(w, penalty) <= 1e-13 * float(b @ b)


def test_what_has_not_arrived_is_no_answer(monkeypatch):
    monkeypatch.setattr(module, "MOST_SWEEPS", 3)
    A = np.random.default_rng(2).normal(size=(30, 20)).cumsum(axis=1)
    problem = Penalized(A, A[:, 3] - A[:, 9], 0.0, np.ones(20))
    with pytest.raises(DataError, match="not arrived"):
        coordinate_descent(problem, np.zeros(20), 1e-6 * problem.largest_penalty)
