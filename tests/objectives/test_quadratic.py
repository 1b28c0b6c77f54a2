"""Quadratic: loss, gradient and minimum are those of the rows; modes are those of the Hessian."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.data.batch import Batch
from steepest.objectives.quadratic import Quadratic
from steepest.summaries.triangle import Triangle
from tests.strategies import problems
from tests.truths import known_problem

SCALES = {"quarter_mse": 0.5, "half_mse": 1.0, "mse": 2.0}


@given(
    problem=problems(),
    objective=st.sampled_from(sorted(SCALES)),
    l2=st.sampled_from([0.0, 0.3]),
    intercept=st.booleans(),
    seed=st.integers(0, 99),
)
def test_value_and_gradient_are_those_of_the_rows(problem, objective, l2, intercept, seed):
    X, y = problem
    triangle = Triangle.of(Batch(X, y[:, None], tuple(f"x{j}" for j in range(X.shape[1])), ("y",)))
    quadratic = Quadratic.of(triangle, triangle.coordinates("raw", fit_intercept=intercept), objective=objective, l2=l2)
    A = np.column_stack([np.ones(len(X)), X]) if intercept else X
    theta = np.random.default_rng(seed).normal(size=(A.shape[1], 1))
    r = A @ theta[:, 0] - y
    mask = np.ones(A.shape[1])
    mask[0] = 0.0 if intercept else 1.0
    value = SCALES[objective] * (r @ r) / (2 * len(X)) + l2 / 2 * (mask * theta[:, 0] ** 2).sum()
    gradient = SCALES[objective] * (A.T @ r) / len(X) + l2 * mask * theta[:, 0]
    assert quadratic.value(theta)[0] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        quadratic.gradient(theta)[:, 0], gradient, rtol=1e-11, atol=1e-11 * np.abs(A).max() * np.abs(r).max()
    )
    hessian = SCALES[objective] * (A.T @ A) / len(X) + l2 * np.diag(mask)
    modes = quadratic.modes
    np.testing.assert_allclose(
        modes.directions * modes.eigenvalues @ modes.directions.T,
        hessian,
        rtol=1e-11,
        atol=1e-12 * np.abs(hessian).max(),
    )
    np.testing.assert_allclose(modes.directions.T @ modes.directions, np.eye(len(modes.eigenvalues)), atol=1e-13)
    # each is refined by itself, so that equal ones may be out of order by a rounding
    assert (np.diff(modes.eigenvalues) <= 8 * np.finfo(float).eps * modes.eigenvalues.max(initial=0.0)).all()
    # the gradient vanishes at the minimum
    assert (
        np.linalg.norm(quadratic.gradient(quadratic.minimum))
        <= 1e-11 * np.linalg.norm(hessian) * (1 + np.linalg.norm(quadratic.minimum)) + 1e-11 * np.abs(y).max()
    )


@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6])
def test_the_minimum_is_the_answer_built_into_the_problem(condition):
    X, y, weights, bias = known_problem(0, 60, 5, condition)
    run = steepest.descend(X, y)
    # rounding X moves the answer by ε·κ, and by ε·κ² times the residual, which is 0.3 of X here (Golub, Van Loan 5.3.7)
    np.testing.assert_allclose(run.optimum.weights, weights, atol=1e-14 * condition + 1e-16 * condition**2)
    assert run.optimum.bias == pytest.approx(bias, abs=1e-14 * condition + 1e-16 * condition**2)


def test_eigenvalues_of_columns_in_wildly_different_units_keep_their_digits():
    X, y, weights, _ = known_problem(1, 50, 3, 2.0)
    units = np.array([1e-8, 1.0, 1e8])
    run = steepest.descend(X * units, y)
    np.testing.assert_allclose(run.optimum.weights * units, weights, rtol=1e-12)
    standardized = steepest.descend(X * units, y, standardize=True)
    np.testing.assert_allclose(standardized.weights * units, weights, rtol=1e-11)
    triangle = steepest.summarize(X * units, y)
    smallest = Quadratic.of(triangle, triangle.coordinates("raw")).modes.eigenvalues[-1]
    # the other two and the intercept are so stiff that the least eigenvalue is that of what they leave of the column
    left = X[:, 0] * 1e-8
    others = np.column_stack([np.ones(50), X[:, 1:]])
    left = left - others @ np.linalg.lstsq(others, left, rcond=None)[0]
    assert smallest == pytest.approx(left @ left / 50, rel=1e-10)


def test_duplicate_columns_share_the_weight():
    x = np.arange(1.0, 11.0)
    with pytest.warns(steepest.DataWarning, match="collinear"):
        run = steepest.descend(np.column_stack([x, x]), 3 * x + 1)
    np.testing.assert_allclose(run.optimum.weights, [1.5, 1.5], rtol=1e-12)
    np.testing.assert_allclose(run.weights, [1.5, 1.5], rtol=1e-9)
    assert run.optimum.rmse < 1e-12


def test_a_dependent_column_is_named():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3)) * [1.0, 100.0, 1e-3]
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    with pytest.warns(steepest.DataWarning, match=r"collinear: (x1|x2|x4) can be computed from the other columns"):
        run = steepest.descend(X, X[:, 2] * 5, standardize=True)
    assert np.isfinite(run.weights).all()
    assert run.optimum.rmse < 1e-12


@pytest.mark.parametrize("standardize", [False, True])
def test_a_constant_column_is_named_and_harmless(standardize):
    x = np.arange(1.0, 11.0)
    X = np.column_stack([x, np.full(10, 0.1)])
    with pytest.warns(steepest.DataWarning, match="constant: x2 does not vary"):
        run = steepest.descend(X, 3 * x + 1, standardize=standardize)
    np.testing.assert_allclose(run.predict(X), 3 * x + 1, rtol=1e-8)
    if standardize:
        assert run.weights[1] == 0


def test_fewer_rows_than_columns_gives_the_minimum_norm():
    generator = np.random.default_rng(3)
    X, y = generator.normal(size=(4, 9)), generator.normal(size=4)
    with pytest.warns(steepest.DataWarning, match="collinear"):
        run = steepest.descend(X, y, fit_intercept=False)
    np.testing.assert_allclose(run.weights, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-9)


def test_one_row_constant_target_and_zero_columns():
    with pytest.warns(steepest.DataWarning):
        run = steepest.descend([[2.0]], [3.0])
    assert run.predict([[2.0]])[0] == pytest.approx(3.0)
    run = steepest.descend([[1.0], [2.0], [4.0]], [5.0, 5.0, 5.0])
    assert run.optimum.weights[0] == pytest.approx(0, abs=1e-12)
    assert run.bias == pytest.approx(5, rel=1e-9)
    with pytest.warns(steepest.DataWarning):
        zero = steepest.descend([[0.0], [0.0], [0.0]], [1.0, 2.0, 3.0])
    assert (zero.weights[0], round(zero.bias, 12)) == (0.0, 2.0)


def test_ridge_agrees_with_the_augmented_rows():
    X, y, _, _ = known_problem(4, 30, 3, 10.0)
    l2, n = 0.7, 30
    centred = X - X.mean(axis=0)
    rows = np.vstack([centred, np.sqrt(n * l2) * np.eye(3)])
    expected = np.linalg.lstsq(rows, np.concatenate([y - y.mean(), np.zeros(3)]), rcond=None)[0]
    np.testing.assert_allclose(steepest.descend(X, y, l2=l2).optimum.weights, expected, rtol=1e-12)


def dependent_table(seed):
    """X (n, d) of rank r with exact dependence and units 24 decades apart; y; its r independent columns; [1 X]·null = 0."""
    generator = np.random.default_rng(seed)
    n, d = int(generator.integers(14, 80)), int(generator.integers(2, 12))
    r = int(generator.integers(1, d))
    independent = np.round(generator.normal(size=(n, r)) * 2**20) / 2**20  # so that sums of a few are exact
    how = generator.integers(-3, 4, size=(r, d - r)).astype(float)
    order, units = generator.permutation(d), 2.0 ** generator.integers(-40, 41, size=d)
    X = np.hstack([independent, independent @ how])[:, order] * units
    null = np.vstack([np.zeros(d - r), (np.vstack([how, -np.eye(d - r)])[order] / units[:, None])])
    largest = np.abs(X).max(axis=0)
    y = generator.normal(size=n) + (X / np.where(largest > 0, largest, 1.0)).sum(axis=1)
    return X, y, independent, null


def largest_cosine(directions, theta):
    """The largest |cosine| of the angles between columns and theta."""
    units = directions / np.linalg.norm(directions, axis=0)
    return np.abs(units.T @ theta).max() / np.linalg.norm(theta)


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
@pytest.mark.parametrize("seed", range(40))
def test_columns_that_depend_on_each_other_keep_their_digits_in_any_units(seed):
    X, y, independent, null = dependent_table(seed)
    run = steepest.descend(X, y, epochs=10)
    # from the modes alone, beside the rows
    assert run.at(0).loss == pytest.approx(y @ y / (2 * len(y)), rel=1e-12)
    assert run.at(0).rmse == pytest.approx(np.sqrt(y @ y / len(y)), rel=1e-12)
    A = np.column_stack([np.ones(len(y)), independent])
    residual = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
    assert run.optimum.rmse == pytest.approx(np.sqrt(residual @ residual / len(y)), rel=1e-10)
    # minimum norm: nothing along what leaves every prediction as it is
    assert largest_cosine(null, np.array([run.optimum.bias, *run.optimum.weights])) < 1e-9


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
def test_a_run_heads_for_the_minimum_nearest_its_start_in_any_units():
    X, y, _, null = dependent_table(3)
    triangle = steepest.summarize(X, y)
    quadratic = Quadratic.of(triangle, triangle.coordinates("raw"))
    length = np.concatenate([[1.0], np.abs(X).max(axis=0)])[:, None]
    start = np.random.default_rng(0).normal(size=(quadratic.size, 1)) / np.where(length > 0, length, 1.0)
    nearest = quadratic.nearest_minimum(start)
    assert quadratic.value(nearest) == pytest.approx(quadratic.value(quadratic.minimum), rel=1e-12)
    assert largest_cosine(null, (nearest - start)[:, 0]) < 1e-9


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
def test_powers_of_years_and_millimetres_without_standardizing():
    features = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year"]
    penguins = Path(__file__).parents[2] / "examples" / "penguins.csv"
    source = steepest.open_source(str(penguins), target="body_mass_g", features=features, degree=6, missing="drop")
    triangle = steepest.summarize(source)
    raw, standardized = steepest.descend(triangle), steepest.descend(triangle, standardize=True)
    assert raw.at(0).loss == pytest.approx(standardized.at(0).loss, rel=1e-12)
    # 21 of 25 directions are left of columns whose lengths are 1e20 apart
    assert raw.optimum.rmse == pytest.approx(standardized.optimum.rmse, rel=1e-7)
    assert "Crawls" in raw.verdict.sentence


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
@pytest.mark.parametrize("l2", [1e-300, 1e-40, 1e-20, 1e-6])
@pytest.mark.parametrize("seed", [0, 4, 5])
def test_a_penalty_far_below_rounding_leaves_the_start_as_the_rows_say(seed, l2):
    X, y, _, _ = dependent_table(seed)
    start = steepest.descend(X, y, l2=l2, epochs=10).at(0)
    assert start.loss == pytest.approx(y @ y / (2 * len(y)), rel=1e-12)
    assert start.rmse == pytest.approx(np.sqrt(y @ y / len(y)), rel=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("l2", [1e-20, 1e-12])
def test_a_tiny_penalty_shares_equally_between_two_equal_columns(l2, standardize):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(12, 3))
    y = x @ [1.0, 2.0, 3.0] + generator.normal(size=12)
    A = np.column_stack([np.ones(12), x])
    once = np.linalg.lstsq(A, y, rcond=None)[0][1:]  # l2 moves it by l2 at most
    run = steepest.descend(np.column_stack([x, x[:, 0]]), y, l2=l2, epochs=10, standardize=standardize)
    np.testing.assert_allclose(run.optimum.weights, [once[0] / 2, once[1], once[2], once[0] / 2], rtol=1e-9)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("own", [1e-9, 1e-11, 1e-13])
def test_columns_that_nearly_depend_on_each_other_keep_the_rmse_along_the_run(own, standardize):
    generator = np.random.default_rng(5)
    x = generator.normal(size=(14, 3))
    y = x @ [1.0, 2.0, 3.0] + generator.normal(size=14)
    X = np.column_stack([x[:, 0], x[:, 1], x[:, 0] + x[:, 1] + own * x[:, 2]])
    run = steepest.descend(X, y, epochs=100, standardize=standardize)
    for epoch in (0, 1, 100):
        state = run.at(epoch)
        # the weights have hardly begun to grow: predictions from the rows lose nothing
        residual = X @ state.weights + state.bias - y
        assert state.rmse == pytest.approx(np.sqrt(residual @ residual / 14), rel=1e-12)


def test_columns_of_size_1e_149_that_reach_every_row_keep_their_digits():
    generator = np.random.default_rng(5)
    X, y = generator.normal(size=(4, 3)), generator.normal(size=4)
    start = steepest.descend(X * 1e-149, y, epochs=5).at(0)
    assert start.loss == pytest.approx(y @ y / 8, rel=1e-12)
    assert start.rmse == pytest.approx(np.sqrt(y @ y / 4), rel=1e-12)
