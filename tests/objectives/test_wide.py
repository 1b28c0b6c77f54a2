"""More columns than rows: the work goes with n²·d, and the answers are those of exact algebra."""

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.objectives import decomposition, quadratic
from steepest.summaries import summarize
from steepest.summaries.triangle import Triangle

pytestmark = pytest.mark.filterwarnings("ignore::steepest.DataWarning")
N, D = 12, 300


@pytest.fixture(params=[1.0, 1e6])
def table(request):
    """Columns of like size, and of sizes up to so many times each other."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(N, D)) * request.param ** generator.uniform(0, 1, size=D) + generator.normal(size=D)
    return X, generator.normal(size=(N, 2))


def of_minimum_norm(X, y, l2=0.0, fit_intercept=True, start=0.0):
    """The ridge or nearest answer by the pseudo-inverse of all columns, theta (p, t)."""
    A = np.hstack([np.ones((len(X), 1)), X]) if fit_intercept else X
    if not l2:
        return start + np.linalg.lstsq(A, y - A @ (start * np.ones((A.shape[1], 1))), rcond=1e-14)[0]
    K = X @ X.T + len(X) * l2 * np.eye(len(X))
    if not fit_intercept:
        return X.T @ np.linalg.solve(K, y)
    # the intercept takes no penalty: K·a + b = y, Σ a = 0
    system = np.block([[K, np.ones((len(X), 1))], [np.ones((1, len(X))), np.zeros((1, 1))]])
    solved = np.linalg.solve(system, np.vstack([y, np.zeros((1, y.shape[1]))]))
    return np.vstack([solved[-1:], X.T @ solved[:-1]])


def test_a_triangle_has_no_more_rows_than_the_table(table, tmp_path):
    X, y = table
    whole = steepest.summarize(X, y)
    assert whole.centred.shape == (N - 1, D + 2)
    parts = steepest.summarize(X[:5], y[:5]) + steepest.summarize(X[5:6], y[5:6]) + steepest.summarize(X[6:], y[6:])
    assert parts.centred.shape == whole.centred.shape
    size = np.linalg.norm(whole.factor, axis=0)  # columns of length 1: ε of their products is lost by cancelling
    a, b = parts.factor / size, whole.factor / size
    np.testing.assert_allclose(a.T @ a, b.T @ b, atol=1e-14)
    whole.save(tmp_path / "t")
    assert Triangle.load(tmp_path / "t") == whole
    assert whole.select(("x3", "x1")).centred.shape == (4, 4)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_predictions_are_the_targets_and_the_norm_is_the_least(table, monkeypatch, fit_intercept):
    X, y = table
    monkeypatch.setattr(decomposition, "SQUARE_SIZE", 50)
    run = steepest.descend(X, y, fit_intercept=fit_intercept, epochs=1)
    weights, bias = run.optimum.weights, run.optimum.bias
    np.testing.assert_allclose(X @ weights + bias, y, atol=1e-12)
    theta = of_minimum_norm(X, y, fit_intercept=fit_intercept)
    scale = np.abs(theta).max()
    np.testing.assert_allclose(weights, theta[fit_intercept:], atol=1e-10 * scale)


def test_a_start_is_kept_where_nothing_moves_it(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(decomposition, "SQUARE_SIZE", 50)
    start = np.vstack([np.zeros((1, 2)), np.full((D, 2), 0.5)])
    run = steepest.descend(X, y, start=(start[1:], start[0]), epochs=1)
    theta = run.problem.quadratic.nearest_minimum(start)
    A = np.hstack([np.ones((N, 1)), X])
    np.testing.assert_allclose(A @ theta, y, atol=1e-15 * np.abs(A).max() * np.sqrt(D))
    moved = theta - start
    rows = np.linalg.lstsq(A.T, moved, rcond=None)[0]  # what moved is a mixture of rows
    np.testing.assert_allclose(A.T @ rows, moved, atol=1e-10 * np.abs(moved).max())


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2", [1e-3, 10.0])
def test_a_penalized_run_is_known_without_all_of_its_modes(table, monkeypatch, fit_intercept, l2):
    X, y = table
    monkeypatch.setattr(quadratic, "SQUARE_SIZE", 50)
    keywords = {"l2": l2, "fit_intercept": fit_intercept, "epochs": 40}
    run = steepest.descend(X, y, **keywords)
    assert run.problem.quadratic.span.shape == (D + fit_intercept, N + fit_intercept)
    assert run.problem.quadratic.rank == D + fit_intercept
    assert run.problem.dependent_features == ()
    loop = steepest.descend(X, y, engine="loop", **keywords)
    for epoch in (1, 7, 40):
        for known, walked in zip(run.parameters([epoch]), loop.parameters([epoch]), strict=True):
            np.testing.assert_allclose(known, walked, atol=1e-12 * np.abs(walked).max())
    theta = of_minimum_norm(X, y, l2, fit_intercept)
    np.testing.assert_allclose(run.optimum.weights, theta[fit_intercept:], atol=1e-9 * np.abs(theta).max())
    monkeypatch.setattr(quadratic, "SQUARE_SIZE", 1_000)
    square = steepest.descend(X, y, rule=run.rule, **keywords)
    assert square.problem.quadratic.span is None
    np.testing.assert_allclose(run.loss([0, 1, 40]), square.loss([0, 1, 40]), rtol=1e-11)


def test_a_penalized_start_that_would_need_all_modes_is_refused(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(quadratic, "SQUARE_SIZE", 50)
    with pytest.raises(UsageError, match=r"301 parameters and 12 rows .* Start at 0"):
        steepest.descend(X, y, l2=0.1, start=(np.full((D, 2), 0.5), np.zeros(2)), epochs=10)
    # of a run that began at 0 the end is within
    first = steepest.descend(X, y, l2=0.1, epochs=10)
    steepest.descend(X, y, l2=0.1, epochs=10, start=(first.weights, first.bias))


def test_what_does_not_fit_into_memory_is_refused_with_its_size(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(summarize, "COPIES", 10**9)
    for attempt in (
        lambda: steepest.descend(X, y),
        lambda: steepest.sweep(X, y[:, 0]),
        lambda: steepest.summarize(X, y),
    ):
        with pytest.raises(
            DataError, match=r"300 columns of 12 rows are too large: .* GB.* Give fewer columns, or fewer"
        ):
            attempt()
