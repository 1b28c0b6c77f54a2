"""Active Newton against the homotopy and the conditions of a minimum; where it refuses, the homotopy goes on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.objectives import solution_path
from steepest.objectives.active_newton import minimum_near
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.penalized import Penalized
from steepest.objectives.solution_path import minima
from tests.objectives.test_homotopy import EXACT, KINDS, table


def problem_of(seed, shape, kind, ratio, positive=False, factors=None):
    A, b = table(seed, *shape, kind)
    return Penalized(A, b, 0.0, np.ones(A.shape[1]) if factors is None else factors, ratio, positive)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(4, 25), st.integers(1, 12)),
    kind=st.sampled_from(KINDS),
    ratio=st.sampled_from([1.0, 0.9, 0.3, 1e-3]),
    positive=st.booleans(),
    graded=st.booleans(),
    count=st.integers(1, 30),
)
def test_every_penalty_of_a_grid_is_a_minimum(seed, shape, kind, ratio, positive, graded, count):
    problem = problem_of(seed, shape, kind, ratio, positive)
    if graded:
        # without a penalty, columns that differ by 1e-9 have coefficients of 1e9, and correlations of 1e-7 beside them
        least = 0.1 if kind == "nearly equal" else 0.0
        factors = np.random.default_rng(seed).choice([least, 0.5, 3.0], len(problem.factors))
        problem = Penalized(problem.design, problem.response, 0.0, factors, ratio, positive)
    first = problem.largest_penalty
    if first > 1e-9:
        grid = np.geomspace(1.1 * first, 1e-3 * first, count)
        ways = minima(problem, grid)
        # correlations are known to ε·‖A_j‖·‖b‖, so that they say least where l1 is small beside the penalty
        worst = max(problem.optimality(w, penalty) for w, penalty in zip(ways, grid, strict=True))
        assert worst < EXACT * max(first * ratio, np.linalg.norm(problem.response) * problem.sizes.max())


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_it_agrees_with_the_homotopy(ratio):
    problem = problem_of(3, (80, 30), "random", ratio)
    first = problem.largest_penalty
    start, knot = problem.unpenalized, first
    for penalty in np.geomspace(first, 1e-3 * first, 20)[1:]:
        found = minimum_near(problem, start, penalty)
        followed = Homotopy(problem, start, (knot, penalty)).end()
        assert found is not None
        np.testing.assert_allclose(found, followed, rtol=1e-10, atol=1e-13)
        np.testing.assert_array_equal(found == 0, followed == 0)
        start, knot = found, penalty


def test_columns_that_depend_on_each_other_are_left_to_the_homotopy(monkeypatch):
    X = np.random.default_rng(0).normal(size=(30, 3)) / np.sqrt(30)
    problem = Penalized(np.column_stack([X, X[:, :1]]), X @ [3.0, 2.0, 1.0], 0.0, np.ones(4))
    grid = np.array([0.5, 0.1]) * problem.largest_penalty
    assert minimum_near(problem, np.zeros(4), grid[0]) is None
    followed = []

    def follow(*arguments):
        followed.append(arguments[2])
        return Homotopy(*arguments)

    monkeypatch.setattr(solution_path, "Homotopy", follow)
    ways = minima(problem, grid)
    assert followed[0] == (problem.largest_penalty, grid[0])
    assert max(problem.optimality(w, penalty) for w, penalty in zip(ways, grid, strict=True)) < EXACT


def test_a_start_far_away_is_no_matter():
    problem = problem_of(5, (20, 200), "random", 1.0)
    penalty = 1e-3 * problem.largest_penalty
    (w,) = minima(problem, np.array([penalty]))
    assert problem.optimality(w, penalty) < EXACT * problem.largest_penalty
