"""Sparse regressors against scikit-learn's Lasso, ElasticNet, LassoCV and ElasticNetCV."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import steepest
from steepest import GradientDescentRegressor, GradientDescentRegressorCV
from steepest.errors import UsageError

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(100, 6)) @ (np.eye(6) + 0.3)
Y = X @ [3.0, 0, 0, -1, 0, 0] + 2 + GENERATOR.normal(size=100)
WEIGHT = GENERATOR.uniform(0.5, 2, 100)
EXACT = {"tol": 1e-14, "max_iter": 100_000}


@pytest.mark.parametrize(("solver", "close"), [("newton", 1e-7), ("descent", 1e-4)])  # a gap of 1e-9 beside a minimum
@pytest.mark.parametrize(
    ("penalty", "alpha", "ratio"),
    [({"l1": 0.3}, 0.3, 1.0), ({"l1": 0.3, "l1_ratio": 0.4}, 0.75, 0.4), ({"l1": 0.3, "l2": 0.1}, 0.4, 0.75)],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_model_is_scikit_learns(solver, close, penalty, alpha, ratio, fit_intercept):
    ours = GradientDescentRegressor(solver=solver, standardize=False, fit_intercept=fit_intercept, **penalty)
    theirs = linear_model.ElasticNet(alpha=alpha, l1_ratio=ratio, fit_intercept=fit_intercept, **EXACT)
    for fitted in (ours, theirs):
        fitted.fit(X, Y, sample_weight=WEIGHT)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=close)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=close)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert ours.verdict_.kind == "converged"


def test_rows_added_later_are_rows_given_at_once():
    whole = GradientDescentRegressor(l1=0.3, solver="newton").fit(X, Y)
    parts = GradientDescentRegressor(l1=0.3, solver="newton").fit(X[:40], Y[:40]).partial_fit(X[40:], Y[40:])
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("table", ["made", "diabetes"])
@pytest.mark.parametrize("ratios", [1.0, [0.1, 0.5, 0.9]])
def test_the_choice_is_scikit_learns(table, ratios):
    inputs, targets = (X, Y) if table == "made" else load_diabetes(return_X_y=True)
    ours = GradientDescentRegressorCV(l1="auto", l1_ratio=ratios, standardize=False).fit(inputs, targets)
    theirs = linear_model.ElasticNetCV(l1_ratio=ratios, alphas=100, tol=1e-12, max_iter=100_000).fit(inputs, targets)
    assert (ours.penalty_, ours.l1_ratio_) == (pytest.approx(theirs.alpha_, rel=1e-10), theirs.l1_ratio_)
    np.testing.assert_allclose(ours.penalties_, theirs.alphas_, rtol=1e-10)
    assert ours.mse_path_.shape == theirs.mse_path_.shape
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5 * scale)
    assert ours.l1_ == pytest.approx(ours.penalty_ * ours.l1_ratio_)
    assert ours.l1_ + ours.l2_ == pytest.approx(ours.penalty_)


def test_the_model_is_that_of_the_path():
    model = GradientDescentRegressorCV(l1="auto", cv=KFold(4), choose="one_standard_error").fit(X, Y, WEIGHT)
    path = steepest.path(X, Y, weight=WEIGHT, folds=4, shuffle=False, standardize=True)
    assert model.penalty_ == path.one_standard_error.penalty
    np.testing.assert_allclose(model.coef_, path.one_standard_error.coefficients, rtol=1e-9, atol=1e-13)
    assert model.best_rmse_ == pytest.approx(path.one_standard_error.cv_rmse, rel=1e-12)
    assert model.n_iter_ == 1


def test_a_grid_of_l1_is_one_of_weights_whatever_the_ratio():
    groups = np.arange(100) % 5
    model = GradientDescentRegressorCV(l1=[0.2, 0.1], l1_ratio=[0.5, 1.0], cv=GroupKFold(5)).fit(X, Y, groups=groups)
    np.testing.assert_allclose(model.penalties_, [[0.4, 0.2], [0.2, 0.1]])
    assert model.l1_ in (0.1, 0.2)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"l1": "auto", "l2": [0.1]}, "l2 does nothing"),
        ({"l1": "auto", "learning_rates": [0.1]}, "learning_rates does nothing"),
        ({"l1": "auto", "l1_ratio": 0.0}, "l1_ratio must"),
        ({"l1": [0.1, -1.0]}, "above 0"),
        ({"l1": "all"}, "l1"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, text):
    with pytest.raises(UsageError, match=text):
        GradientDescentRegressorCV(**settings).fit(X, Y)


@pytest.mark.parametrize("solver", ["newton", "descent"])
def test_each_of_several_targets_has_a_model_of_its_own(solver):
    settings = {"l1": 0.2, "l2": 0.1, "solver": solver}
    both = GradientDescentRegressor(**settings).fit(X, np.column_stack([Y, Y**2]))
    for place, target in enumerate((Y, Y**2)):
        one = GradientDescentRegressor(**settings).fit(X, target)
        np.testing.assert_allclose(both.coef_[place], one.coef_, rtol=1e-5, atol=1e-6)


@parametrize_with_checks(
    [
        GradientDescentRegressor(l1=0.1),
        GradientDescentRegressor(l1=0.1, l1_ratio=0.5, solver="newton"),
        GradientDescentRegressorCV(l1="auto", l1_ratio=[0.5, 1.0]),
    ]
)
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_columns_that_depend_on_each_other_are_no_trouble_for_l1(recwarn):
    GradientDescentRegressor(l1=0.1).fit(np.column_stack([X, X[:, 0] + X[:, 1]]), Y)
    assert not [one for one in recwarn if "collinear" in str(one.message)]


@pytest.mark.process
@pytest.mark.slow
def test_scikit_learns_own_tests_with_ours_in_place_of_lasso_and_elastic_net(tmp_path):
    """`sparse_substitutes.py` has the translation of parameters, and the tests that do not apply, each with the reason.

    Several tasks with one support (MultiTask…) have no counterpart, nor have the functions that the rest of the module asks.
    """
    plugin = ["-p", "tests.estimators.sparse_substitutes", "-p", "no:cacheprovider", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, "--rootdir", str(tmp_path), "-W", "ignore"]
    inner = " and ".join(f"not {name}" for name in ("MultiTask", "multi_task", "path", "cython", "set_order"))
    result = subprocess.run(
        [*command, "-k", inner, "--pyargs", "sklearn.linear_model.tests.test_coordinate_descent"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) >= 30, result.stdout[-500:]
