"""The path of a table against scikit-learn's Lasso, ElasticNet, LassoCV, LassoLars and LassoLarsIC, and against its own rows."""

from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, PredefinedSplit
from statsmodels import datasets

import steepest
from steepest.errors import DataError, UsageError

# coordinate descent to a tolerance of 1e-14 leaves coefficients good to about its root, times the conditioning
CLOSE = 1e-6


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    X = generator.normal(3, 2, size=(120, 8)) @ np.triu(generator.uniform(size=(8, 8)))
    return X, X @ [2.0, 0, 0, -1, 0, 0, 0.5, 0] + generator.normal(size=120), generator.uniform(0.2, 3, 120)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.05])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [False, True])
def test_every_penalty_is_scikit_learns_model(rows, ratio, fit_intercept, positive):
    X, y, weight = rows
    p = steepest.path(X, y, weight=weight, l1_ratio=ratio, fit_intercept=fit_intercept, positive=positive, folds=None)
    for penalty in p.penalties[[5, 40, 99]]:
        theirs = linear_model.ElasticNet(
            alpha=penalty, l1_ratio=ratio, fit_intercept=fit_intercept, positive=positive, tol=1e-14, max_iter=10**6
        ).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(p.coefficients(penalty), theirs.coef_, atol=CLOSE)
        assert p.bias(penalty) == pytest.approx(theirs.intercept_, abs=CLOSE)
        residual = y - X @ p.coefficients(penalty) - p.bias(penalty)
        assert p.rmse(penalty) == pytest.approx(np.sqrt(np.average(residual**2, weights=weight)), rel=1e-12)
        assert p.gap(float(penalty)) < 1e-13 * np.average(y**2, weights=weight)


def test_knots_are_those_of_lars(rows):
    X, y, _ = rows
    alphas, _, coefs = linear_model.lars_path(X - X.mean(0), y - y.mean(), method="lasso")
    last = float(alphas[alphas > 0].min())
    p = steepest.path(X, y, folds=None, penalties=[last])
    np.testing.assert_allclose(p.knots, alphas[alphas > 0], rtol=1e-9)
    np.testing.assert_allclose(p.coefficients(p.knots), coefs[:, alphas > 0].T, atol=1e-9)
    middle = (p.knots[1:] + p.knots[:-1]) / 2
    expected = (p.coefficients(p.knots[1:]) + p.coefficients(p.knots[:-1])) / 2
    np.testing.assert_allclose(p.coefficients(middle), expected, atol=1e-12)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("table", ["diabetes", "scotland", "statecrime"])
def test_the_choice_is_scikit_learns(ratio, table):
    X, y = load_diabetes(return_X_y=True)
    if table != "diabetes":
        data = getattr(datasets, table).load_pandas()
        X, y = data.exog.to_numpy(float), data.endog.to_numpy(float)
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    p = steepest.path(X, y, l1_ratio=ratio, shuffle=False)
    theirs = linear_model.ElasticNetCV(l1_ratio=ratio, cv=5, tol=1e-10, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(p.penalties, theirs.alphas_, rtol=1e-12)
    np.testing.assert_allclose(p.fold_mse, theirs.mse_path_, rtol=1e-7)
    assert p.best.penalty == pytest.approx(theirs.alpha_, rel=1e-12)
    np.testing.assert_allclose(p.best.coefficients, theirs.coef_, atol=1e-3)  # they are up to 800; tol 1e-10 of the gap


def test_the_choice_of_a_wide_table_is_scikit_learns():
    generator = np.random.default_rng(5)
    X = generator.normal(size=(60, 400))
    y = X[:, :4] @ [3.0, -2.0, 1.5, 1.0] + generator.normal(size=60)
    p = steepest.path(X, y, shuffle=False)
    theirs = linear_model.LassoCV(cv=KFold(5), tol=1e-9, max_iter=10**6).fit(X, y)
    assert p.best.penalty == pytest.approx(theirs.alpha_, rel=1e-12)
    np.testing.assert_allclose(p.best.coefficients, theirs.coef_, atol=1e-4)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_criteria_are_those_of_lasso_lars_ic(criterion):
    X, y = load_diabetes(return_X_y=True)
    theirs = linear_model.LassoLarsIC(criterion=criterion).fit(X, y)
    p = steepest.path(X, y, folds=None, penalties=[1e-4])
    alphas = theirs.alphas_[(theirs.alphas_ > 1e-4) & (theirs.alphas_ < p.largest_penalty)]
    found = getattr(p, criterion)(alphas)
    assert theirs.alpha_ == pytest.approx(alphas[found.argmin()])
    np.testing.assert_allclose(found, theirs.criterion_[1 : 1 + len(alphas)], rtol=1e-9)


def test_given_folds_are_groups(rows):
    X, y, _ = rows
    labels = np.arange(120) % 3
    p = steepest.path(X, y, group=labels, folds=3, penalties=[0.5, 0.1])
    theirs = linear_model.LassoCV(alphas=[0.5, 0.1], cv=PredefinedSplit(labels), tol=1e-12, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(np.sort(p.fold_mse), np.sort(theirs.mse_path_), rtol=1e-6)


def test_a_validation_set_is_one_fold(rows):
    X, y, _ = rows
    p = steepest.path(X[:80], y[:80], validation=(X[80:], y[80:]))
    place = int(p.cv_rmse.argmin())
    expected = y[80:] - X[80:] @ p.coefficients(p.penalties[place]) - p.bias(p.penalties[place])
    assert p.best.cv_rmse == pytest.approx(np.sqrt((expected**2).mean()), rel=1e-12)
    assert p.one_standard_error.penalty == p.best.penalty
    assert np.isnan(p.best.standard_error)


def test_files_triangles_and_arrays_give_one_path(rows, tmp_path):
    X, y, _ = rows
    header = ",".join([*(f"x{j + 1}" for j in range(8)), "y"])
    np.savetxt(tmp_path / "rows.csv", np.column_stack([X, y]), delimiter=",", header=header, comments="", fmt="%.17g")
    arrays = steepest.path(X, y)
    of_file = steepest.path(str(tmp_path / "rows.csv"), target="y")
    np.testing.assert_allclose(of_file.cv_rmse, arrays.cv_rmse, rtol=1e-12)
    of_triangle = steepest.path(steepest.summarize(X, y), folds=None)
    np.testing.assert_allclose(of_triangle.coefficients(0.1), arrays.coefficients(0.1), atol=1e-12)


def test_a_standardized_path_is_that_of_standardized_inputs(rows):
    X, y, weight = rows
    mean = np.average(X, axis=0, weights=weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    p = steepest.path(X, y, weight=weight, standardize=True, folds=None)
    q = steepest.path((X - mean) / scale, y, weight=weight, folds=None)
    np.testing.assert_allclose(p.penalties, q.penalties, rtol=1e-12)
    np.testing.assert_allclose(p.coefficients(p.penalties) * scale, q.coefficients(p.penalties), atol=1e-11)


def test_factors_by_name_are_those_in_order(rows):
    X, y, _ = rows
    named = steepest.path(X, y, penalty_factors={"x1": 0.0, "x4": 2.0}, folds=None)
    listed = steepest.path(X, y, penalty_factors=[0, 1, 1, 2, 1, 1, 1, 1], folds=None)
    np.testing.assert_array_equal(named.coefficients(named.penalties), listed.coefficients(named.penalties))
    assert named.coefficients(named.largest_penalty * 2)[0] != 0


def test_a_weight_of_two_is_a_row_twice(rows):
    X, y, _ = rows
    weight = np.where(np.arange(120) < 40, 2.0, 1.0)
    p = steepest.path(X, y, weight=weight, folds=None)
    q = steepest.path(np.vstack([X, X[:40]]), np.append(y, y[:40]), folds=None)
    np.testing.assert_allclose(p.coefficients(p.penalties), q.coefficients(p.penalties), atol=1e-10)


def test_a_path_says_what_it_cannot_do(rows):
    X, y, _ = rows
    with pytest.raises(DataError, match="no such input has anything to do with the target"):
        steepest.path(X, np.ones(120))
    with pytest.raises(DataError, match="penalize at least one of them"):
        steepest.path(X, y, penalty_factors=[0] * 8)
    with pytest.raises(UsageError, match="belong to folds"):
        steepest.path(X, y, validation=(X, y), time=True)
    with pytest.raises(UsageError, match="no row was held out"):
        _ = steepest.path(X, y, folds=None).best
    p = steepest.path(X, y, folds=None, penalties=[0.1])
    with pytest.raises(UsageError, match=r"followed down to 0\.1; got 0\.05"):
        p.coefficients(0.05)
    with pytest.raises(UsageError, match="there are no folds"):
        steepest.path(X, y, folds=None, time=True)
    with pytest.raises(UsageError, match="no rows to make folds of"):
        steepest.path(steepest.summarize(X, y))
    with pytest.raises(UsageError, match="unknown input"):
        steepest.path(X, y, penalty_factors={"nobody": 1})
    with pytest.raises(UsageError, match="of one target"):
        steepest.path(X, X[:, :2])
    with pytest.raises(DataError, match="leave nothing to tell the noise from"):
        steepest.path(X[:9], y[:9], folds=None).aic(0.5)


def test_a_relaxed_path_is_least_squares_on_what_is_left(rows):
    X, y, _ = rows
    p = steepest.path(X, y, relaxed=True)
    plain = steepest.path(X, y)
    for penalty in p.penalties[[10, 60]]:
        used = plain.coefficients(penalty) != 0
        theirs = linear_model.LinearRegression().fit(X[:, used], y)
        np.testing.assert_allclose(p.coefficients(penalty)[used], theirs.coef_, atol=1e-10)
        np.testing.assert_array_equal(p.coefficients(penalty)[~used], 0)
    held = p.folds == 0
    train = steepest.path(X[~held], y[~held], folds=None, penalties=p.penalties)
    used = train.coefficients(p.penalties[30]) != 0
    fold = linear_model.LinearRegression().fit(X[~held][:, used], y[~held])
    expected = ((y[held] - fold.predict(X[held][:, used])) ** 2).mean()
    assert p.fold_mse[30, 0] == pytest.approx(expected, rel=1e-9)
    with pytest.raises(UsageError, match="degrees of freedom"):
        p.bic(p.penalties)
    with pytest.raises(UsageError, match="not both"):
        steepest.path(X, y, relaxed=True, positive=True)


def test_an_adaptive_path_is_a_path_of_scaled_columns(rows):
    X, y, _ = rows
    size = np.abs(linear_model.LinearRegression().fit(X, y).coef_)
    p = steepest.path(X, y, adaptive=1.0, folds=None)
    q = steepest.path(X * size, y, folds=None)
    np.testing.assert_allclose(p.penalties, q.penalties, rtol=1e-10)
    np.testing.assert_allclose(p.coefficients(p.penalties), q.coefficients(p.penalties) * size, atol=1e-9)
    assert (p.kind, q.kind) == ("adaptive lasso", "lasso")
    with pytest.raises(UsageError, match="above 0"):
        steepest.path(X, y, adaptive=0)


def published():
    """What glmnet gave in R, as statsmodels' tests keep it: n, d, l1_ratio, lambda, coefficients."""
    results = pytest.importorskip("statsmodels.regression.tests.results.glmnet_r_results")
    folder = Path(results.__file__).parent
    table = np.loadtxt(folder / "lasso_data.csv", delimiter=",")
    for name in sorted(name for name in dir(results) if name.startswith("rslt_")):
        n, d, ratio, penalty, *coefficients = (float(value) for value in getattr(results, name))
        yield table[: int(n), 0], table[: int(n), 1 : int(d) + 1], ratio, penalty, coefficients


def test_glmnets_published_coefficients():
    count = 0
    for y, X, ratio, penalty, coefficients in published():
        if ratio == 0:
            continue  # a ridge regression: nothing becomes 0
        y, X = (y - y.mean()) / y.std(ddof=1), (X - X.mean(0)) / X.std(0, ddof=1)
        p = steepest.path(X, y, l1_ratio=ratio, penalties=[penalty], folds=None)
        # they were printed with so many digits, and glmnet's convergence threshold is 1e-7 of the null deviance
        np.testing.assert_allclose(p.coefficients(penalty), coefficients, atol=5e-4)
        count += 1
    assert count > 5
