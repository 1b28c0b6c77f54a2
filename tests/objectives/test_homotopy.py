"""The homotopy against the conditions of a minimum, at every knot, between them, and on tables that tie."""

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.errors import DataError
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.penalized import Penalized

# the conditions hold to rounding of correlations, a few ε·‖A_j‖·‖b‖; beside the largest penalty that is far below this
EXACT = 1e-12


def table(seed: int, n: int, d: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d))
    if kind == "integers":
        X = generator.integers(-1, 2, size=(n, d)).astype(float)
    elif kind == "equal":
        X = np.hstack([X, X[:, : d // 2 + 1], -X[:, :1]])
    elif kind == "made up":
        X = np.hstack([X, X @ generator.integers(-2, 3, size=(d, 2))])
    elif kind == "nearly equal":
        X = np.hstack([X, X + 1e-9 * generator.normal(size=X.shape)])
    elif kind == "sums":
        X = X.cumsum(axis=1)
    elif kind == "constant":
        X[:, ::2] = 3.0
    y = X @ np.where(generator.uniform(size=X.shape[1]) < 0.4, 1.0, 0.0) + generator.integers(-1, 2, size=n)
    weight = np.sqrt(generator.uniform(0.5, 2, size=(n, 1)) / n)
    centred = X - (weight**2 * X).sum(axis=0) / (weight**2).sum()
    return weight * centred, (weight[:, 0]) * (y - (weight[:, 0] ** 2 * y).sum() / (weight**2).sum())


KINDS = ["random", "integers", "equal", "made up", "nearly equal", "sums", "constant"]


def worst(problem: Penalized, last: float) -> float:
    """The largest distance from the conditions along a path, at knots and halfway between, beside the largest penalty."""
    first = problem.largest_penalty
    knots = list(Homotopy(problem, problem.unpenalized, (first, last * first)).knots())
    assert knots[-1][0] == last * first
    between = [((a + b) / 2, (v + w) / 2) for (a, v), (b, w) in pairwise(knots)]
    return max(problem.optimality(w, penalty) for penalty, w in [*knots, *between]) / first


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(4, 25), st.integers(1, 12)),
    kind=st.sampled_from(KINDS),
    positive=st.booleans(),
    graded=st.booleans(),
)
def test_every_penalty_is_a_minimum(seed, shape, kind, positive, graded):
    A, b = table(seed, *shape, kind)
    factors = np.random.default_rng(seed).choice([0.5, 1.0, 3.0], A.shape[1]) if graded else np.ones(A.shape[1])
    problem = Penalized(A, b, 0.0, factors, 1.0, positive)
    if problem.largest_penalty > 1e-9:
        assert worst(problem, 1e-3) < EXACT


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [3, 7])
def test_a_path_of_many_columns_is_a_minimum_everywhere(kind, seed):
    A, b = table(seed, 40, 60, kind)
    assert worst(Penalized(A, b, 0.0, np.ones(A.shape[1])), 1e-4) < EXACT


def test_columns_that_all_tie_come_in_together():
    problem = Penalized(np.eye(8), np.ones(8), 0.0, np.ones(8))
    knots = list(Homotopy(problem, np.zeros(8), (1.0, 0.25)).knots())
    assert [penalty for penalty, _ in knots] == [1.0, 0.25]
    np.testing.assert_array_equal(knots[-1][1], np.full(8, 0.75))


def test_a_column_leaves_and_comes_back_with_the_other_sign():
    # of these 12 rows one coefficient of the path changes its sign: it must pass through a stretch at 0
    generator = np.random.default_rng(3)
    for _ in range(200):
        A, b = generator.normal(size=(6, 4)).cumsum(axis=1), generator.normal(size=6)
        problem = Penalized(A, b, 0.0, np.ones(4))
        first = problem.largest_penalty
        ways = np.stack([w for _, w in Homotopy(problem, np.zeros(4), (first, 1e-4 * first)).knots()])
        if ((ways > 0).any(axis=0) & (ways < 0).any(axis=0)).any():
            assert worst(problem, 1e-4) < EXACT
            return
    raise AssertionError("no path of 200 has a coefficient of both signs")


@pytest.mark.parametrize("seed", range(4))
def test_a_warm_start_ends_where_a_cold_one_does(seed):
    A, b = table(seed, 30, 10, "random")
    other, c = table(seed + 50, 30, 10, "sums")
    problem, elsewhere = (Penalized(X, z, 0.0, np.ones(10), 0.5) for X, z in ((A, b), (other, c)))
    start = Homotopy(elsewhere, np.zeros(10), (elsewhere.largest_penalty, 0.1)).end()
    first = problem.largest_penalty
    cold = Homotopy(problem, np.zeros(10), (first, 0.05 * first)).end()
    warm = Homotopy(problem, start, (0.1, 0.05 * first)).end()
    np.testing.assert_allclose(warm, cold, atol=1e-12)
    assert problem.optimality(warm, 0.05 * first) < EXACT * first


def test_unpenalized_columns_are_least_squares_all_along():
    A, b = table(2, 30, 6, "random")
    factors = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    problem = Penalized(A, b, 0.0, factors)
    for _, w in Homotopy(problem, problem.unpenalized, (problem.largest_penalty, 1e-3)).knots():
        np.testing.assert_allclose(A[:, factors == 0].T @ (b - A @ w), 0, atol=1e-14)


@pytest.mark.parametrize("seed", range(8))
def test_a_start_that_no_wide_table_can_hold_is_an_error_or_a_minimum(seed):
    generator = np.random.default_rng(seed)
    problem = Penalized(generator.normal(size=(10, 50)) / 3, generator.normal(size=10), 0.0, np.ones(50))
    penalty = 0.02 * problem.largest_penalty
    start = np.zeros(50)
    start[generator.choice(50, 9, replace=False)] = generator.normal(size=9)
    end = None
    with suppress(DataError):
        end = Homotopy(problem, start, (penalty, penalty)).end()
    assert end is None or problem.optimality(end, penalty) < EXACT
