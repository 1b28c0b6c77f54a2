"""Classifier search: literal cross-validation, and what a grid or a splitter cannot be."""

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from steepest import GradientDescentClassifier, GradientDescentClassifierCV
from steepest.errors import DataError, UsageError

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(90, 3)) * [1.0, 10.0, 0.1]
MARGIN = X @ [1.0, -0.1, 5.0]
Y = np.where(GENERATOR.logistic(size=90) < MARGIN, "yes", "no")
THREE = np.digitize(MARGIN + GENERATOR.logistic(size=90), [-1.0, 1.0])
GRID = [0.001, 0.03, 1.0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([GradientDescentClassifierCV(l2=[1e-3, 0.1], cv=3)])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labels", [Y, THREE])
def test_cross_validation_is_the_literal_one(labels, weighted):
    weight = np.linspace(0.5, 2.0, len(X)) if weighted else None
    model = GradientDescentClassifierCV(l2=GRID, cv=4).fit(X, labels, weight)
    own = np.ones(len(X)) if weight is None else weight
    literal = np.zeros(len(GRID))
    for train, held in StratifiedKFold(4).split(X, labels):
        for j, l2 in enumerate(GRID):
            inner = GradientDescentClassifier(solver="newton", l2=l2).fit(X[train], labels[train], own[train])
            loss = log_loss(labels[held], inner.predict_proba(X[held]), sample_weight=own[held], labels=inner.classes_)
            literal[j] += loss * own[held].sum() / own.sum()
    np.testing.assert_allclose(model.log_loss_, literal, rtol=1e-9)
    assert model.l2_ == GRID[literal.argmin()]
    assert model.best_log_loss_ == pytest.approx(literal.min(), rel=1e-9)
    final = GradientDescentClassifier(solver="newton", l2=model.l2_).fit(X, labels, weight)
    np.testing.assert_array_equal(model.coef_, final.coef_)
    assert model.verdict_.kind == "converged"


def test_one_standard_error_takes_the_larger_penalty():
    best, simple = (GradientDescentClassifierCV(choose=how).fit(X, Y) for how in ("best", "one_standard_error"))
    at = best.log_loss_.argmin()
    error = best.fold_log_loss_[:, at].std(ddof=1) / np.sqrt(5)
    assert simple.l2_ > best.l2_
    assert simple.best_log_loss_ <= best.best_log_loss_ + error
    larger = best.log_loss_[best.penalties_ > simple.l2_]
    assert (larger > best.best_log_loss_ + error).all()


def test_a_penalty_without_a_minimum_in_every_split_is_never_chosen():
    apart = X[:, 0] > 0
    model = GradientDescentClassifierCV(l2=[0.0, 0.01], cv=3).fit(X, apart)
    assert model.l2_ == 0.01
    assert model.log_loss_[0] == np.inf
    with pytest.raises(DataError, match="has a minimum in every split"):
        GradientDescentClassifierCV(l2=0.0, cv=3).fit(X, apart)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"l2": []}, "l2 is empty"),
        ({"l2": [-1.0]}, "0 or larger; got -1.0"),
        ({"l2": ["a"]}, "0 or larger; got 'a'"),
        ({"choose": "worst"}, "choose is"),
        ({"cv": []}, "no splits"),
        ({"cv": [(np.arange(5), np.arange(0))]}, "no rows"),
        ({"cv": [(np.flatnonzero(Y == "yes"), np.arange(9))]}, "no row of class 'no'"),
    ],
)
def test_a_search_refuses_what_it_cannot_use(settings, message):
    with pytest.raises((UsageError, DataError), match=message):
        GradientDescentClassifierCV(**settings).fit(X, Y)


def test_any_splitter_will_do():
    splits = list(KFold(3, shuffle=True, random_state=0).split(X))
    by_hand = GradientDescentClassifierCV(l2=GRID, cv=splits).fit(X, Y)
    np.testing.assert_array_equal(
        by_hand.fold_log_loss_,
        GradientDescentClassifierCV(l2=GRID, cv=KFold(3, shuffle=True, random_state=0)).fit(X, Y).fold_log_loss_,
    )
