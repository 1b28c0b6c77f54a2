"""Classifier: scikit-learn's own checks and tests, other libraries' answers, laws that must hold exactly, and no silent bad model."""

import math
import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas
import pytest
import sklearn.linear_model
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from steepest import DivergenceError, GradientDescentClassifier
from steepest.errors import DataError, UsageError
from tests.estimators import sparse_substitutes, substitutes

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(120, 3)) * [1.0, 10.0, 0.1] + [0.0, 50.0, 0.0]
MARGIN = X @ [1.0, -0.1, 5.0] + 5
Y = np.where(GENERATOR.logistic(size=120) < MARGIN, "yes", "no")
THREE = np.digitize(MARGIN + GENERATOR.logistic(size=120), [-1.0, 1.5])


# what scikit-learn's checks feed in is often separable, and says so
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([GradientDescentClassifier(), GradientDescentClassifier(solver="newton")])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "chosen", "least"),
    [("test_logistic", "not CV and not _cv and not array_api", 40), ("test_sgd", "SGDClassifier", 20)],
)
def test_scikit_learns_own_tests_with_this_class_in_place_of_its_classifiers(tmp_path, module, chosen, least):
    """`substitutes.py` has the translation of parameters, and the tests that do not apply, each with the reason."""
    plugin = ["-p", "tests.estimators.substitutes", "-p", "no:cacheprovider", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, "--rootdir", str(tmp_path), "-W", "ignore"]
    paths = [os.getcwd(), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        [*command, "-k", chosen, "--pyargs", f"sklearn.linear_model.tests.{module}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) >= least, result.stdout[-500:]


def test_to_collect_the_substitutes_puts_nothing_in_the_place_of_anything():
    assert substitutes.LogisticRegression is not LogisticRegression
    assert sparse_substitutes.Lasso is not sklearn.linear_model.Lasso
    for name in ("LogisticRegression", "SGDClassifier", "Lasso", "ElasticNet", "LassoCV", "ElasticNetCV"):
        assert getattr(sklearn.linear_model, name).__module__.startswith("sklearn."), name


PEERS = {
    "two classes": (X, Y, 0.0),
    "two classes, penalty": (X, Y, 0.05),
    "three classes, penalty": (X, THREE, 0.05),
    "breast cancer, five columns": (load_breast_cancer().data[:, :5], load_breast_cancer().target, 0.0),
    "wine": (StandardScaler().fit_transform(load_wine().data), load_wine().target, 0.01),
}


@pytest.mark.parametrize("name", PEERS)
def test_the_exact_minimum_is_that_of_logistic_regression(name):
    inputs, labels, l2 = PEERS[name]
    model = GradientDescentClassifier(solver="newton", standardize=False, l2=l2).fit(inputs, labels)
    strength = 1 / (len(labels) * l2) if l2 else math.inf
    peer = LogisticRegression(C=strength, solver="newton-cg", tol=1e-12, max_iter=10_000).fit(inputs, labels)
    np.testing.assert_array_equal(model.classes_, peer.classes_)
    # the peer stops at a gradient of 1e-12
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.predict_proba(inputs), peer.predict_proba(inputs), rtol=0, atol=1e-7)
    np.testing.assert_array_equal(model.predict(inputs), peer.predict(inputs))
    assert model.coef_.shape == peer.coef_.shape
    assert model.intercept_.shape == peer.intercept_.shape
    assert model.score(inputs, labels) == accuracy_score(labels, peer.predict(inputs))
    assert model.verdict_.kind == "converged"
    assert model.n_iter_ == model.trajectory_.problem.found.passes


@pytest.mark.parametrize("labels", [Y, THREE])
def test_the_defaults_walk_to_the_minimum(labels):
    walked = GradientDescentClassifier(tol=1e-9).fit(X, labels)
    exact = GradientDescentClassifier(solver="newton").fit(X, labels)
    np.testing.assert_allclose(walked.coef_, exact.coef_, rtol=1e-7, atol=1e-9)
    assert walked.verdict_.kind == "converged"
    assert walked.loss_curve_.shape == (walked.n_iter_ + 1,)
    assert walked.loss_curve_[0] == pytest.approx(math.log(len(np.unique(labels))), rel=1e-12)
    assert walked.loss_curve_[-1] == pytest.approx(exact.loss_curve_[-1], rel=1e-12)


def test_a_fit_is_the_literal_loop():
    with pytest.warns(ConvergenceWarning):
        model = GradientDescentClassifier(
            rule="gradient", learning_rate=1e-4, epochs=50, standardize=False, l2=0.3
        ).fit(X, Y)
    ones, target, theta = np.column_stack([np.ones(len(X)), X]), (Y == "yes").astype(float), np.zeros(4)
    for _ in range(50):
        slope = ones.T @ (1 / (1 + np.exp(-ones @ theta)) - target) / len(X)
        theta = theta - 1e-4 * (slope + 0.3 * np.r_[0.0, theta[1:]])
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_[0]], theta, rtol=1e-12)
    assert model.n_iter_ == 50


@pytest.mark.parametrize(
    "labels",
    [
        Y == "yes",
        (Y == "yes").astype(int),
        Y.astype(object),
        np.where(Y == "yes", 7, -3),
        pandas.Series(Y, name="answer"),
    ],
)
def test_labels_may_be_of_any_kind(labels):
    model, plain = (GradientDescentClassifier(solver="newton").fit(X, given) for given in (labels, Y))
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_array_equal(model.predict(X) == np.asarray(labels), plain.predict(X) == Y)
    assert model.predict(X).dtype == model.classes_.dtype


def test_small_probabilities_keep_their_digits():
    model = GradientDescentClassifier(solver="newton").fit(X, Y)
    far = np.array([[800.0, 50.0, 0.0], [-800.0, 50.0, 0.0]])
    margin, logs = model.decision_function(far), model.predict_log_proba(far)
    assert np.abs(margin).min() > 700
    # log(1/(1 + e^m)) is -m to all digits there, and the logarithm of a probability of 0 would be -inf
    np.testing.assert_allclose(logs[0], [-margin[0], 0.0], rtol=1e-15)
    np.testing.assert_allclose(logs[1], [0.0, margin[1]], rtol=1e-15)
    three = GradientDescentClassifier(solver="newton").fit(X, THREE)
    assert np.isfinite(three.predict_log_proba(100 * far)).all()
    np.testing.assert_allclose(np.exp(three.predict_log_proba(X)), three.predict_proba(X), rtol=1e-13)
    np.testing.assert_allclose(three.predict_proba(X).sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("labels", [Y, THREE])
def test_weights_count_rows(labels):
    times = GENERATOR.integers(0, 4, size=len(X))
    times[:6] = 1
    weighted = GradientDescentClassifier(solver="newton", l2=0.1).fit(X, labels, sample_weight=times)
    repeated = GradientDescentClassifier(solver="newton", l2=0.1).fit(
        np.repeat(X, times, axis=0), np.repeat(labels, times)
    )
    # two ways to sum the same rows
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-11, atol=1e-13)


def test_class_weights_are_weights_of_rows():
    given = GradientDescentClassifier(solver="newton", class_weight={"yes": 3.0}).fit(X, Y)
    rows = GradientDescentClassifier(solver="newton").fit(X, Y, np.where(Y == "yes", 3.0, 1.0))
    np.testing.assert_array_equal(given.coef_, rows.coef_)
    counts = {label: np.sum(label == Y) for label in ("no", "yes")}
    balanced = GradientDescentClassifier(solver="newton", class_weight="balanced").fit(X, Y)
    by_hand = GradientDescentClassifier(
        solver="newton", class_weight={k: 120 / (2 * v) for k, v in counts.items()}
    ).fit(X, Y)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_, rtol=1e-13)
    assert abs(balanced.predict_proba(X)[:, 1] @ np.where(Y == "yes", 1 / counts["yes"], 1 / counts["no"]) - 1) < 1e-9


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
def test_separable_classes_give_a_warning_and_no_claim():
    inputs, labels = load_iris(return_X_y=True)
    for solver in ("descent", "newton"):
        with pytest.warns(ConvergenceWarning, match="Separable"):
            model = GradientDescentClassifier(solver=solver).fit(inputs, labels == 0)
        assert model.verdict_.kind == "separable"
        assert model.n_iter_ == 1000
        assert model.score(inputs, labels == 0) == 1.0
    with_penalty = GradientDescentClassifier(l2=0.01).fit(inputs, labels == 0)
    assert with_penalty.verdict_.kind == "converged"


def test_a_run_that_has_not_arrived_warns_and_one_that_grows_is_an_error():
    with pytest.warns(ConvergenceWarning, match="still missing after 3 epochs"):
        GradientDescentClassifier(rule="gradient", epochs=3).fit(X, Y)
    model = GradientDescentClassifier(rule="gradient", learning_rate=1e4, epochs=100, standardize=False)
    with pytest.raises(DivergenceError, match="Diverges"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("labels", [Y, THREE])
def test_a_warm_start_goes_on_where_the_last_fit_ended(labels):
    settings = {"learning_rate": 0.5, "rule": "gradient", "tol": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GradientDescentClassifier(epochs=7, warm_start=True, **settings).fit(X, labels)
        model.set_params(epochs=13).fit(X, labels)
        whole = GradientDescentClassifier(epochs=20, **settings).fit(X, labels)
        seven = GradientDescentClassifier(epochs=7, **settings).fit(X, labels)
        given = GradientDescentClassifier(epochs=13, **settings).fit(
            X, labels, coef_init=seven.coef_, intercept_init=seven.intercept_
        )
    for other in (model, given):
        # coefficients go through the data's own units
        np.testing.assert_allclose(other.coef_, whole.coef_, rtol=1e-12)
    with pytest.raises(UsageError, match="a start needs coefficients of shape"):
        GradientDescentClassifier().fit(X, labels, coef_init=np.ones((5, 5)))


def test_batches_schedules_and_means_of_the_path_are_taken():
    settings = {"batch_size": 10, "epochs": 60, "learning_rate": 0.2, "random_state": 0}
    exact = GradientDescentClassifier(solver="newton").fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for more in ({}, {"schedule": "cosine"}, {"average": 0.5}, {"order": "replacement"}):
            model = GradientDescentClassifier(**settings, **more).fit(X, Y)
            again = GradientDescentClassifier(**settings, **more).fit(X, Y)
            np.testing.assert_array_equal(model.coef_, again.coef_)
            assert model.loss_curve_[-1] < 1.05 * exact.loss_curve_[-1]


@pytest.mark.parametrize(
    ("settings", "labels", "message"),
    [
        ({}, np.full(120, "yes"), "one class, 'yes', in every row"),
        ({}, MARGIN, "Unknown label type"),
        ({"class_weight": {"maybe": 2.0}}, Y, "names the class 'maybe'; the classes of y are 'no', 'yes'"),
        ({"class_weight": {"yes": -1.0}}, Y, "0 or larger; that of 'yes': got -1.0"),
        ({"class_weight": "balance"}, Y, "\"balanced\" or a dict from class to weight; got 'balance'"),
        ({"class_weight": {"yes": 0}}, Y, "the class 'yes' has weight 0"),
        ({"solver": "lbfgs"}, Y, "solver is"),
        ({"tol": 2.0}, Y, "a tolerance is a share"),
        ({"standardize": "no"}, Y, "standardize is True or False"),
        ({"epochs": -1}, Y, "whole number from 0"),
    ],
)
def test_what_cannot_be_used_is_refused(settings, labels, message):
    with pytest.raises((UsageError, DataError, ValueError), match=message):
        GradientDescentClassifier(**settings).fit(X, labels)


def test_it_lives_among_scikit_learns_own():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GradientDescentClassifier()), {"gradientdescentclassifier__l2": [0.01, 10.0]}
    )
    assert search.fit(X, Y).best_params_ == {"gradientdescentclassifier__l2": 0.01}
    bold = FixedThresholdClassifier(GradientDescentClassifier(), threshold=0.2, pos_label="yes").fit(X, Y)
    probability = bold.estimator_.predict_proba(X)[:, 1]
    np.testing.assert_array_equal(bold.predict(X) == "yes", probability >= 0.2)
