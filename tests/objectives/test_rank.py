"""Rank: designs whose rank is known beforehand, and columns whose values lie close together beside their size."""

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest.errors import DataWarning
from steepest.objectives.problem import Problem
from steepest.summaries.summarize import summarize
from steepest.summaries.triangle import Triangle

PRIME = 2_147_483_629  # products of two residues fit 64 bits


def rank_by_residues(A):
    """The rank of a matrix of whole numbers, by elimination modulo a prime: exact but for a chance of about 1 in 10^8."""
    rows, rank = np.asarray(A, dtype=np.int64) % PRIME, 0
    for column in range(rows.shape[1]):
        found = np.flatnonzero(rows[rank:, column])
        if not found.size:
            continue
        rows[[rank, rank + found[0]]] = rows[[rank + found[0], rank]]
        pivot = rows[rank] * pow(int(rows[rank, column]), -1, PRIME) % PRIME
        below = rows[rank + 1 :]
        hit = below[:, column] != 0
        below[hit] = (below[hit] - below[hit, column][:, None] * pivot % PRIME) % PRIME
        rows[rank], rank = pivot, rank + 1
        if rank == len(rows):
            break
    return rank


def dummies(labels, levels):
    return (labels[:, None] == np.arange(levels)).astype(float)


def factorial(levels, generator, *, drop=0.0, full=True):
    """Dummies of each factor of a design with every combination of levels once, but for rows that dropped out."""
    cells = np.array(np.unravel_index(np.arange(int(np.prod(levels))), levels)).T
    cells = cells[generator.random(len(cells)) >= drop]
    return np.hstack([dummies(cells[:, f], count)[:, (0 if full else 1) :] for f, count in enumerate(levels)])


def check(X, rank, *, tolerance=1e-12):
    generator = np.random.default_rng(0)
    y = X @ generator.normal(size=X.shape[1]) + generator.normal(size=len(X))
    A = np.column_stack([np.ones(len(X)), X])
    least = A @ np.linalg.lstsq(A, y, rcond=1e-10)[0]
    triangle = summarize(X, y)
    for coordinates in ("raw", "standardized"):
        problem = Problem.of(triangle, coordinates)
        assert problem.quadratic.rank == rank, coordinates
        named = (*problem.constant_features, *problem.dependent_features)
        assert len(named) == A.shape[1] - rank
        weights, bias = problem.to_raw(problem.quadratic.minimum)
        error = np.abs(X @ weights[:, 0] + bias - least).max()
        assert error <= tolerance * np.abs(least).max(), coordinates


@pytest.mark.parametrize("seed", range(12))
def test_dummies_of_balanced_designs_have_their_rank(seed):
    generator = np.random.default_rng(seed)
    levels = [(30, 41), (60, 20), (12, 9, 30), (5, 6, 7, 8)][seed % 4]
    check(factorial(levels, generator), 1 + sum(count - 1 for count in levels))
    check(factorial(levels, generator, full=False), 1 + sum(count - 1 for count in levels))


@pytest.mark.parametrize("seed", range(4))
def test_dummies_of_designs_with_drop_outs_have_the_rank_of_exact_arithmetic(seed):
    generator = np.random.default_rng(seed)
    X = factorial([(30, 25), (8, 7, 9)][seed % 2], generator, drop=(0.1, 0.9)[seed // 2])
    check(X, rank_by_residues(np.column_stack([np.ones(len(X)), X])))


@pytest.mark.parametrize("seed", range(4))
def test_dummies_beside_numbers_have_their_rank_without_an_intercept(seed):
    generator = np.random.default_rng(seed)
    D = factorial([(30, 31), (9, 8, 7)][seed % 2], generator, drop=(0, 0.3)[seed // 2])
    X = np.column_stack([D, generator.integers(-99, 100, len(D)), D[:, :9] @ generator.integers(0, 20, 9)])
    y = generator.normal(size=len(X))
    least = X @ np.linalg.lstsq(X, y, rcond=1e-10)[0]
    triangle = summarize(X, y)
    for coordinates in ("raw", "standardized"):
        problem = Problem.of(triangle, coordinates, fit_intercept=False)
        assert problem.quadratic.rank == rank_by_residues(X) == X.shape[1] - len(problem.dependent_features)
        weights, _ = problem.to_raw(problem.quadratic.minimum)
        np.testing.assert_allclose(X @ weights[:, 0], least, atol=1e-12 * np.abs(least).max(), rtol=0)


def test_an_elimination_finds_the_rank_that_fractions_find():
    generator = np.random.default_rng(3)
    for rows, columns in itertools.product((1, 4, 7), (1, 3, 5)):
        A = generator.integers(-2, 3, size=(rows, columns))
        exact = [[Fraction(int(value)) for value in row] for row in A]
        rank = 0
        for column in range(columns):
            at = next((i for i in range(rank, rows) if exact[i][column]), None)
            if at is None:
                continue
            exact[rank], exact[at] = exact[at], exact[rank]
            for i in range(rank + 1, rows):
                factor = exact[i][column] / exact[rank][column]
                exact[i] = [a - factor * b for a, b in zip(exact[i], exact[rank], strict=True)]
            rank += 1
        assert rank_by_residues(A) == rank


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    seed=st.integers(0, 10**6), n=st.sampled_from([40, 700, 4_000]), shift=st.sampled_from([0, 10**3, 10**8, 10**12])
)
def test_columns_computed_from_others_add_nothing_whatever_the_shift(seed, n, shift):
    generator = np.random.default_rng(seed)
    free = generator.integers(-999, 1_000, size=(n, 4)) + shift
    made = free @ generator.integers(-3, 4, size=(4, 2)) + generator.integers(-9, 10, size=2)
    X = np.hstack([free, made])[:, generator.permutation(6)].astype(float)
    assert (np.round(X) == X).all()
    assert Problem.of(summarize(X, free[:, 0] * 1.0)).quadratic.rank == 5
    assert Problem.of(summarize(X, free[:, 0] * 1.0), "standardized").quadratic.rank == 5


@pytest.mark.parametrize("n", [30, 300, 20_000])
@pytest.mark.parametrize(
    ("first", "step"), [(1e15, 1), (2.0**53, 2), (1.7e18, 1_000), (1e18, 128), (-1e15, 1), (0.3, 2.0**-50)]
)
def test_values_that_lie_close_together_beside_their_size_have_their_slope(first, step, n):
    x = first + step * np.arange(float(n))
    assert len(np.unique(x)) == n
    generator = np.random.default_rng(1)
    other = generator.normal(size=n)
    slope = 0.75 / step
    y = slope * (x - x[0]) + 3 * other  # x - x[0] is exact
    X = np.column_stack([x, other])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = steepest.solve(X, y)
        # of the products in y half a last digit is lost
        np.testing.assert_allclose(answer.weights, [slope, 3.0], rtol=1e-13)
        for standardize in (False, True):
            run = steepest.descend(X, y, epochs=1, standardize=standardize)
            np.testing.assert_allclose(run.optimum.weights, [slope, 3.0], rtol=1e-13)


@pytest.mark.parametrize("n", [2, 10, 100_000])
def test_a_last_digit_counts_and_is_told(n):
    x = np.full(n, 0.3)
    x[-1] = np.nextafter(0.3, 1)
    y = np.zeros(n)
    y[-1] = 1.0
    with pytest.warns(DataWarning, match="last digits: x1 differs between rows in the last digits of float64 only"):
        answer = steepest.solve(x[:, None], y)
    assert answer.weights[0] == pytest.approx(1 / np.spacing(0.3), rel=1e-12)


@pytest.mark.parametrize("n", [2, 7, 1_000, 40_000])
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e15 + 0.3, 1e100 / 3, -1e-7 / 3, 123_456.789])
def test_one_value_in_every_row_is_constant_whatever_rounding_its_mean_has(value, n):
    generator = np.random.default_rng(n)

    def rows(count, weight=None):
        X = np.column_stack([generator.normal(size=count), np.full(count, value)])
        return summarize(X, generator.normal(size=count), weight=weight)

    triangles = [
        rows(n),
        rows(n, generator.uniform(0.1, 3, n)),
        rows(3) + rows(n),
        Triangle.sum(rows(k) for k in range(1, 20)),
    ]
    for triangle in (*triangles, triangles[0].select(("x2", "x1")), triangles[1].scaled(0.3)):
        assert triangle.constant_features == ("x2",)
        assert not triangle.rounded_features


@pytest.mark.parametrize("unit", [1.0, 2.0**-70, 2.0**-300, 2.0**60])
@pytest.mark.parametrize("coordinates", ["raw", "centred", "standardized"])
def test_a_mean_counts_in_every_unit(unit, coordinates):
    k = np.arange(1, 11.0)
    problem = Problem.of(summarize((k * unit)[:, None], 2 + 3 * k), coordinates)
    weights, bias = problem.to_raw(problem.quadratic.minimum)
    np.testing.assert_allclose([weights[0, 0] * unit, bias[0]], [3, 2], rtol=1e-13)


@pytest.mark.parametrize("coordinates", ["raw", "standardized"])
def test_a_mean_counts_in_every_unit_where_there_is_no_intercept(coordinates):
    k = np.arange(1, 11.0)
    X = np.column_stack([k, k**2, k + k**2, k]) * 2.0 ** np.array([-70, 3, -100, 80])
    problem = Problem.of(summarize(X, 3 * k), coordinates, fit_intercept=False)
    assert problem.quadratic.rank == 2
    assert len(problem.dependent_features) == 2
    weights, bias = problem.to_raw(problem.quadratic.minimum)
    np.testing.assert_allclose(X @ weights[:, 0] + bias, 3 * k, rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_copies_of_a_column_far_from_0_share_its_slope(seed):
    generator = np.random.default_rng(seed)
    k = generator.integers(0, 1_000, size=(150, 3)).astype(float)
    X = 1e18 + 512 * k[:, [0, 1, 2, 0]]
    problem = Problem.of(summarize(X, k @ [1.0, 2.0, 3.0]))
    assert problem.quadratic.rank == 4
    weights, _ = problem.to_raw(problem.quadratic.minimum)
    np.testing.assert_allclose(512 * weights[:, 0], [0.5, 2, 3, 0.5], rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_copies_beside_a_column_in_far_smaller_units_share_its_part(seed, fit_intercept):
    generator = np.random.default_rng(seed)
    k = generator.integers(-999, 1_000, size=(150, 3)).astype(float)
    X = np.column_stack([k[:, 0] * 2.0**-60, k[:, 1], k[:, 2], k[:, 1] + k[:, 2]])
    problem = Problem.of(summarize(X, k @ [1.0, 2.0, 5.0]), fit_intercept=fit_intercept)
    assert problem.quadratic.rank == 3 + fit_intercept
    weights, _ = problem.to_raw(problem.quadratic.minimum)
    # 2·b + 5·c = -1/3·b + 8/3·c + 7/3·(b + c), the shortest of such
    np.testing.assert_allclose(weights[:, 0], [2.0**60, -1 / 3, 8 / 3, 7 / 3], rtol=1e-11)
