"""Sparse classifiers and other losses with l1, against scikit-learn's LogisticRegression and statsmodels."""

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.base import clone
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import steepest
from steepest import GradientDescentClassifier, GradientDescentClassifierCV, GradientDescentRegressor
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import HuberLoss

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(150, 6)) @ (np.eye(6) + 0.3)
MARGIN = X @ [1.5, 0, 0, -1, 0, 0]
Y = np.where(MARGIN + GENERATOR.logistic(size=150) > 0, "yes", "no")
COUNTS = GENERATOR.poisson(np.exp(MARGIN / 4))
WEIGHT = GENERATOR.uniform(0.5, 2, 150)
PENALTIES = [
    ({"l1": 0.03}, 0.03, 1.0),
    ({"l1": 0.03, "l1_ratio": 0.4}, 0.075, 0.4),
    ({"l1": 0.03, "l2": 0.01}, 0.04, 0.75),
]


@pytest.mark.parametrize(("solver", "close"), [("newton", 1e-8), ("descent", 1e-4)])  # a gap of 1e-9 beside a minimum
@pytest.mark.parametrize(("penalty", "total", "ratio"), PENALTIES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_model_is_scikit_learns(solver, close, penalty, total, ratio, fit_intercept):
    ours = GradientDescentClassifier(solver=solver, standardize=False, fit_intercept=fit_intercept, tol=1e-9, **penalty)
    theirs = linear_model.LogisticRegression(
        C=1 / (WEIGHT.sum() * total),
        l1_ratio=ratio,
        solver="saga",
        fit_intercept=fit_intercept,
        tol=1e-13,
        max_iter=100_000,
    )
    for fitted in (ours, theirs):
        fitted.fit(X, Y, sample_weight=WEIGHT)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=close)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=close)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=close)
    assert ours.verdict_.kind == "converged"
    assert ours.n_iter_ >= 1


def test_the_lasso_is_liblinears():
    theirs = linear_model.LogisticRegression(
        C=1 / (150 * 0.03), l1_ratio=1, solver="liblinear", fit_intercept=False, tol=1e-12, max_iter=100_000
    ).fit(X, Y)
    ours = GradientDescentClassifier(l1=0.03, solver="newton", standardize=False, fit_intercept=False).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)  # liblinear's line search ends there


@pytest.mark.parametrize("family", ["logit", "poisson"])
def test_the_lasso_is_that_of_statsmodels(family):
    discrete = pytest.importorskip("statsmodels.discrete.discrete_model")
    design = np.column_stack([np.ones(150), X])
    if family == "logit":
        theirs, ours = discrete.Logit((Y == "yes") * 1.0, design), GradientDescentClassifier
        ours = ours(l1=0.03, solver="newton", standardize=False).fit(X, Y)
    else:
        theirs = discrete.Poisson(COUNTS, design)
        ours = GradientDescentRegressor(loss="poisson", l1=0.03, solver="newton", standardize=False).fit(X, COUNTS)
    alpha = np.append(0.0, np.full(6, 150 * 0.03))  # it sums where we average, and would penalize the constant
    fitted = theirs.fit_regularized(method="l1", alpha=alpha, acc=1e-13, disp=0, trim_mode="size", size_trim_tol=1e-5)
    np.testing.assert_allclose(ours.coef_.ravel(), fitted.params[1:], atol=1e-5)  # SLSQP ends there
    np.testing.assert_allclose(np.ravel(ours.intercept_), fitted.params[0], atol=1e-5)


@pytest.mark.parametrize("loss", ["huber", "poisson"])
@pytest.mark.parametrize("solver", ["newton", "descent"])
def test_a_regressor_on_another_loss_is_a_model_of_the_path(loss, solver):
    targets = COUNTS if loss == "poisson" else MARGIN + GENERATOR.standard_t(2, 150)
    model = GradientDescentRegressor(loss=loss, l1=0.05, l1_ratio=0.5, solver=solver, tol=1e-9).fit(X, targets, WEIGHT)
    path = steepest.path(
        X, targets, weight=WEIGHT, loss=loss, l1_ratio=0.5, penalties=[0.1], standardize=True, folds=None
    )
    close = 1e-9 if solver == "newton" else 1e-4
    np.testing.assert_allclose(model.coef_, path.coefficients(0.1), atol=close)
    assert model.intercept_ == pytest.approx(path.bias(0.1), abs=close)
    assert model.verdict_.kind == "converged"


def test_delta_is_hubers_under_l1_too():
    targets = MARGIN + GENERATOR.standard_t(2, 150)
    model = GradientDescentRegressor(loss="huber", delta=0.4, l1=0.05, solver="newton", standardize=False).fit(
        X, targets
    )
    run = steepest.descend(X, targets, loss=HuberLoss(0.4), l1=0.05, epochs=0)
    np.testing.assert_allclose(model.coef_, run.optimum.weights, atol=1e-12)


@pytest.mark.parametrize("ratios", [1.0, [0.3, 1.0]])
def test_the_search_is_literal_cross_validation(ratios):
    grid = [0.2, 0.05, 0.01]
    model = GradientDescentClassifierCV(l1=grid, l1_ratio=ratios, cv=4).fit(X, Y, WEIGHT)
    listed, means = np.atleast_1d(ratios), []
    for ratio in listed:
        losses = np.zeros((4, 3))
        for split, (train, held) in enumerate(StratifiedKFold(4).split(X, Y)):
            for place, l1 in enumerate(grid):
                one = GradientDescentClassifier(l1=l1, l1_ratio=ratio, solver="newton").fit(
                    X[train], Y[train], WEIGHT[train]
                )
                of_rows = -one.predict_log_proba(X[held])[np.arange(len(held)), (Y[held] == "yes") * 1]
                losses[split, place] = np.average(of_rows, weights=WEIGHT[held])
        means.append(losses)
    means = np.array(means) if len(listed) > 1 else means[0]
    np.testing.assert_allclose(model.fold_log_loss_, means, rtol=1e-8)
    np.testing.assert_allclose(model.penalties_, np.squeeze([[l1 / ratio for l1 in grid] for ratio in listed]))
    assert model.best_log_loss_ == model.log_loss_.min()
    final = GradientDescentClassifier(l1=model.l1_, l2=model.l2_, solver="newton").fit(X, Y, WEIGHT)
    np.testing.assert_allclose(model.coef_, final.coef_, atol=1e-10)
    assert model.l1_ + model.l2_ == pytest.approx(model.penalty_)
    assert model.verdict_.kind == "converged"


def test_the_choice_is_scikit_learns():
    ours = GradientDescentClassifierCV(l1=[0.2, 0.05, 0.01, 0.001], standardize=False).fit(X, Y)
    theirs = linear_model.LogisticRegressionCV(
        Cs=[1 / (150 * l1) for l1 in (0.2, 0.05, 0.01, 0.001)],
        cv=5,
        solver="saga",
        l1_ratios=[1.0],
        scoring="neg_log_loss",
        tol=1e-12,
        max_iter=100_000,
        use_legacy_attributes=False,
    )
    # its C is of the sum over the rows of a training part, so its penalty there is a quarter larger
    theirs.Cs = [C / 0.8 for C in theirs.Cs]
    theirs.fit(X, Y)
    scores = -theirs.scores_.reshape(5, 4)
    np.testing.assert_allclose(ours.fold_log_loss_, scores, atol=1e-6)


def test_automatic_penalties_are_those_of_the_path_and_splits_may_overlap():
    model = GradientDescentClassifierCV(l1="auto", cv=KFold(4), choose="one_standard_error").fit(X, Y)
    path = steepest.path(X, (Y == "yes") * 1.0, loss="logistic", folds=4, shuffle=False, standardize=True)
    np.testing.assert_allclose(model.penalties_, path.penalties, rtol=1e-9)
    assert model.penalty_ == pytest.approx(path.one_standard_error.penalty, rel=1e-9)
    np.testing.assert_allclose(model.coef_[0], path.one_standard_error.coefficients, atol=1e-8)
    weight = np.where(np.arange(150) < 10, 0.0, 1.0)
    some = GradientDescentClassifierCV(l1=[0.1, 0.01], cv=ShuffleSplit(6, test_size=0.3, random_state=0))
    some = clone(some).fit(X, Y, weight)
    without = GradientDescentClassifierCV(
        l1=[0.1, 0.01], cv=[(a[a > 9] - 10, b[b > 9] - 10) for a, b in some.cv.split(X)]
    ).fit(X[10:], Y[10:])
    np.testing.assert_allclose(some.fold_log_loss_, without.fold_log_loss_, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"l1": "auto", "l2": [0.1]}, "l2 does nothing"),
        ({"l1": "auto", "l1_ratio": 0.0}, "l1_ratio must"),
        ({"l1": [0.1, -1.0]}, "above 0"),
        ({"l1": "all"}, "l1"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, text):
    with pytest.raises(UsageError, match=text):
        GradientDescentClassifierCV(**settings).fit(X, Y)


def test_three_classes_are_refused_in_words():
    three = np.digitize(MARGIN, [-1, 1])
    for model in (GradientDescentClassifier(l1=0.1), GradientDescentClassifierCV(l1="auto")):
        with pytest.raises(UsageError, match=r"Only binary classification is supported with l1.*OneVsRest"):
            model.fit(X, three)
    with pytest.raises(UsageError, match="a quantile loss has no run with l1"):
        GradientDescentRegressor(loss="quantile", l1=0.1).fit(X, MARGIN)
    with pytest.raises(DataError, match="fewer folds"):
        GradientDescentClassifierCV(l1="auto", cv=KFold(2)).fit(X[:20], np.arange(20) < 10)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [
        GradientDescentClassifier(l1=0.05),
        GradientDescentClassifier(l1=0.05, l1_ratio=0.5, solver="newton"),
        GradientDescentClassifierCV(l1=[0.1, 0.01], l1_ratio=[0.5, 1.0], cv=3),
        GradientDescentRegressor(loss="huber", l1=0.1),
        GradientDescentRegressor(loss="poisson", l1=0.1, solver="newton"),
    ]
)
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)
