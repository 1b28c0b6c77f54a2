"""Estimators: scikit-learn's own checks, laws that must hold exactly, literal cross-validation, and no silent bad model."""

import copy
import io
import logging
import os
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge, SGDRegressor
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import steepest
from steepest import DivergenceError, GradientDescentRegressor, GradientDescentRegressorCV
from steepest.errors import DataError, UsageError
from tests.truths import known_problem, literal_descent

X, Y, WEIGHTS, BIAS = known_problem(0, 40, 3, 5.0)
GENERATOR = np.random.default_rng(1)


# what scikit-learn's checks feed in is often degenerate, and says so
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([GradientDescentRegressor(), GradientDescentRegressorCV()])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


SUBSTITUTE = """
import pytest
import sklearn.linear_model
from steepest import GradientDescentRegressor

sklearn.linear_model.LinearRegression = GradientDescentRegressor

@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except TypeError as error:
        if "__init__() got an unexpected keyword argument" in str(error):
            pytest.skip("it has no such parameter")
        raise
"""


@pytest.mark.process
def test_scikit_learns_own_tests_with_this_class_in_place_of_linear_regression(tmp_path):
    """Those of its files for linear models; one that needs a parameter that does not exist here is left out."""
    (tmp_path / "substitute.py").write_text(SUBSTITUTE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "substitute", "-p", "no:cacheprovider", "-c", os.devnull]
    modules = [f"sklearn.linear_model.tests.{file}" for file in ("test_base", "test_common")]
    chosen = "linear_regression or LinearRegression or fit_intercept"
    result = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-W", "ignore", "-k", chosen, "--pyargs", *modules],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) >= 20, result.stdout[-500:]


def test_the_defaults_give_the_least_squares_model():
    model = GradientDescentRegressor().fit(X, Y)
    # every mode is within 1e-12 of its start error
    np.testing.assert_allclose(model.coef_, WEIGHTS, rtol=0, atol=1e-11)
    assert model.intercept_ == pytest.approx(BIAS, abs=1e-11)
    assert model.verdict_.kind == "converged"
    rows = np.column_stack([X, np.ones(len(X))])
    left = Y - rows @ np.linalg.lstsq(rows, Y, rcond=None)[0]
    assert model.score(X, Y) == pytest.approx(1 - left.var() / Y.var(), abs=1e-12)
    assert model.loss_curve_.shape == (model.n_iter_ + 1,)
    np.testing.assert_array_equal(model.loss_curve_epochs_, np.arange(model.n_iter_ + 1))
    assert np.all(np.diff(model.loss_curve_) <= 1e-16)


def test_where_sgd_regressor_is_silently_wrong_the_defaults_are_right(line):
    x, y = line
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it gives no warning of its own
        peer = SGDRegressor(random_state=0).fit(x, y)
    assert peer.score(x, y) < -1e10
    model = GradientDescentRegressor().fit(x, y)
    np.testing.assert_allclose([model.coef_[0], model.intercept_], [0.5, 2.0], rtol=1e-11)

    raw, disease = load_diabetes(return_X_y=True, scaled=False)
    assert SGDRegressor(random_state=0).fit(raw, disease).score(raw, disease) < -1e10
    model = GradientDescentRegressor().fit(raw, disease)
    ones = np.column_stack([np.ones(len(raw)), raw])
    exact = np.linalg.lstsq(ones, disease, rcond=None)[0]
    np.testing.assert_allclose(ones @ np.r_[model.intercept_, model.coef_], ones @ exact, rtol=1e-9)
    assert model.score(raw, disease) == pytest.approx(0.5177484, abs=1e-6)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_weights_count_rows(standardize, l2):
    times = GENERATOR.integers(0, 4, size=len(X))
    settings = {"l2": l2, "standardize": standardize, "learning_rate": 0.3, "epochs": 17, "tol": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted = GradientDescentRegressor(**settings).fit(X, Y, sample_weight=times)
        repeated = GradientDescentRegressor(**settings).fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    # two ways to sum the same rows
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=0, atol=1e-13)
    assert weighted.intercept_ == pytest.approx(repeated.intercept_, abs=1e-13)
    assert weighted.triangle_.row_count == (times > 0).sum()


def test_the_penalty_is_that_of_ridge():
    model = GradientDescentRegressor(l2=0.7, standardize=False).fit(X, Y)
    ridge = Ridge(alpha=0.7 * len(X), tol=1e-14).fit(X, Y)
    np.testing.assert_allclose(model.coef_, ridge.coef_, rtol=0, atol=1e-11)
    assert model.intercept_ == pytest.approx(ridge.intercept_, abs=1e-11)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov"])
def test_a_fit_is_the_literal_loop(rule):
    momentum = None if rule == "gradient" else 0.8
    model = GradientDescentRegressor(
        rule=rule, momentum=momentum, learning_rate=0.05, epochs=30, tol=None, standardize=False, objective="mse"
    ).fit(X, Y)
    path = literal_descent(X, Y, rule=rule, learning_rate=0.05, momentum=momentum or 0.0, scale=2.0, epochs=30)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], path[-1], rtol=0, atol=1e-13)
    assert model.n_iter_ == 30


def test_several_targets_are_fitted_as_one_by_one():
    both = np.column_stack([Y, X @ [3.0, 0.0, -1.0] + 5])
    model = GradientDescentRegressor().fit(X, both)
    assert model.coef_.shape == (2, 3)
    assert model.intercept_.shape == (2,)
    assert model.predict(X).shape == both.shape
    for j in range(2):
        alone = GradientDescentRegressor().fit(X, both[:, j])
        np.testing.assert_allclose(model.coef_[j], alone.coef_, rtol=0, atol=1e-14)
    assert model.loss_curve_.shape[1] == 2


def test_a_column_of_targets_counts_as_one_target():
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match="column-vector"):
        model = GradientDescentRegressor().fit(X, Y[:, None])
    assert model.coef_.shape == (3,)
    assert model.predict(X).shape == (len(X),)


@pytest.mark.parametrize("cuts", [(1,), (10, 20), (3, 4, 39)])
def test_rows_in_parts_give_the_model_of_all_rows(cuts):
    weight = np.linspace(0.1, 2.0, len(X))
    model = GradientDescentRegressor(rule="heavy_ball", l2=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", steepest.DataWarning)  # the first part may have fewer rows than columns
        for rows in np.split(np.arange(len(X)), cuts):
            model.partial_fit(X[rows], Y[rows], weight[rows])
    whole = GradientDescentRegressor(rule="heavy_ball", l2=0.01).fit(X, Y, weight)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=0, atol=1e-11)
    assert model.triangle_.row_count == whole.triangle_.row_count


def test_parts_of_weight_zero_of_one_row_and_after_held_out_rows():
    weight = np.r_[np.ones(20), np.zeros(10), np.ones(10)]
    model = GradientDescentRegressor(warm_start=True)
    for rows in np.split(np.arange(40), [20, 30]):
        model.partial_fit(X[rows], Y[rows], weight[rows])
    np.testing.assert_allclose(model.coef_, GradientDescentRegressor().fit(X, Y, weight).coef_, rtol=0, atol=1e-11)
    settings = {"validation": 0.3, "random_state": 0, "epochs": 40, "learning_rate": 0.05, "tol": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one_by_one = GradientDescentRegressor(**settings).fit(X[:20], Y[:20])
        for i in range(20, 40):
            one_by_one.partial_fit(X[i : i + 1], Y[i : i + 1])
        whole = GradientDescentRegressor(**settings).fit(X, Y)
        np.testing.assert_allclose(one_by_one.coef_, whole.coef_, rtol=0, atol=1e-12)
        settings.pop("validation")
        given = GradientDescentRegressor(**settings).fit(X[:20], Y[:20], X_val=X[30:], y_val=Y[30:])
        given.partial_fit(X[20:30], Y[20:30])
        again = GradientDescentRegressor(**settings).fit(X[:30], Y[:30], X_val=X[30:], y_val=Y[30:])
    assert given.validation_curve_.best_epoch == again.validation_curve_.best_epoch
    np.testing.assert_allclose(given.coef_, again.coef_, rtol=0, atol=1e-12)


@pytest.mark.parametrize("coef", [np.ones((3, 2)), np.ones(6), np.ones((2, 4))])
def test_a_start_of_another_shape_is_refused(coef):
    both = np.column_stack([Y, Y])
    with pytest.raises(UsageError, match=r"coefficients of shape \(2, 3\); got"):
        GradientDescentRegressor().fit(X, both, coef_init=coef)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_stopped_model_has_one_verdict_and_one_summary():
    generator = np.random.default_rng(7)
    inputs = generator.normal(size=(60, 20))
    y = inputs @ np.linspace(2, 0, 20) + 5 * generator.normal(size=60)
    model = GradientDescentRegressor(validation=0.3, random_state=1).fit(inputs, y)
    assert model.n_iter_ == model.trajectory_.epochs == model.validation_curve_.best_epoch
    np.testing.assert_array_equal(model.coef_, model.trajectory_.weights)
    assert f"after {model.n_iter_} epoch" in model.verdict_.sentence
    assert model.verdict_.kind == "unfinished"
    assert "standard errors" in " ".join(model.trajectory_.summary().notes)
    assert len(model.loss_curve_) == model.n_iter_ + 1


@pytest.mark.parametrize("name", ["standardize", "fit_intercept", "warm_start"])
@pytest.mark.parametrize("value", ["False", None, 2])
def test_a_switch_is_true_or_false(name, value):
    with pytest.raises(UsageError, match=f"{name} is True or False"):
        GradientDescentRegressor(**{name: value}).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_goes_on_where_the_last_fit_ended():
    settings = {"learning_rate": 0.05, "tol": None, "standardize": False}
    model = GradientDescentRegressor(epochs=7, warm_start=True, **settings).fit(X, Y)
    model.set_params(epochs=13).fit(X, Y)
    whole = GradientDescentRegressor(epochs=20, **settings).fit(X, Y)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=0, atol=1e-14)
    given = GradientDescentRegressor(epochs=13, **settings)
    seven = GradientDescentRegressor(epochs=7, **settings).fit(X, Y)
    given.fit(X, Y, coef_init=seven.coef_, intercept_init=seven.intercept_)
    np.testing.assert_allclose(given.coef_, whole.coef_, rtol=0, atol=1e-14)
    fresh = GradientDescentRegressor(epochs=7, warm_start=False, **settings).fit(X, Y).fit(X, Y)
    np.testing.assert_array_equal(fresh.coef_, seven.coef_)


def test_held_out_rows_end_the_run_at_their_best_epoch():
    generator = np.random.default_rng(7)
    inputs = generator.normal(size=(30, 20))
    y = inputs @ np.linspace(2, 0, 20) + 2 * generator.normal(size=30)
    train, held = np.arange(20), np.arange(20, 30)
    settings = {"learning_rate": 0.02, "epochs": 400, "tol": None, "standardize": False}
    path = literal_descent(inputs[train], y[train], rule="gradient", learning_rate=0.02, epochs=400)
    errors = [np.sqrt(np.mean((inputs[held] @ theta[1:] + theta[0] - y[held]) ** 2)) for theta in path]
    best = int(np.argmin(errors))
    assert 0 < best < 400
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", steepest.DataWarning)
        models = [
            GradientDescentRegressor(**settings).fit(inputs[train], y[train], X_val=inputs[held], y_val=y[held]),
            GradientDescentRegressor(validation=(inputs[held], y[held]), **settings).fit(inputs[train], y[train]),
        ]
    for model in models:
        assert model.n_iter_ == best
        np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], path[best], rtol=0, atol=1e-12)
        assert model.validation_curve_.best_rmse == pytest.approx(errors[best], rel=1e-12)


def test_a_share_of_the_rows_is_held_out_by_seed():
    settings = {"learning_rate": 0.05, "epochs": 50, "validation": 0.25}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        first, again, other = (GradientDescentRegressor(random_state=s, **settings).fit(X, Y) for s in (0, 0, 1))
        parts = GradientDescentRegressor(random_state=0, **settings).fit(X[:15], Y[:15]).partial_fit(X[15:], Y[15:])
    assert first.triangle_.row_count < len(X)
    assert first.triangle_.checksum == again.triangle_.checksum != other.triangle_.checksum
    # the same rows are held out, however they come
    np.testing.assert_allclose(parts.coef_, first.coef_, rtol=0, atol=1e-12)
    assert parts.validation_curve_.best_rmse == pytest.approx(first.validation_curve_.best_rmse, rel=1e-12)


def test_a_diverging_run_is_an_error_with_the_rate_that_would_do(line):
    x, y = line
    limit = steepest.diagnose(x, y).stability_limit
    model = GradientDescentRegressor(learning_rate=1.01 * limit, epochs=100, standardize=False)
    with pytest.raises(
        DivergenceError, match=r"above the stability limit 6\.63\S+, .* best constant rate here is 6\.63"
    ):
        model.fit(x, y)
    with pytest.raises(NotFittedError):
        model.predict(x)


def test_an_unfinished_run_warns_of_what_is_missing(line):
    x, y = line
    model = GradientDescentRegressor(
        learning_rate=1e-4, epochs=200_000, tol=None, standardize=False, objective="quarter_mse"
    )
    with pytest.warns(
        ConvergenceWarning, match=r"8\.3% of the bias is still missing after 200,000 epochs.* 1,110,807 ep"
    ):
        model.fit(x, y)
    assert (model.coef_[0], model.intercept_) == pytest.approx((0.5008287639956263, 1.8339723159878), abs=1e-13)
    with pytest.warns(ConvergenceWarning, match="exactly the stability limit"):
        GradientDescentRegressor(learning_rate=2.0, epochs=100).fit(x, y)
    with warnings.catch_warnings():  # a tolerance that was asked for and reached is no failure
        warnings.simplefilter("error")
        assert GradientDescentRegressor(learning_rate=0.1, tol=1e-3).fit(X, Y).verdict_.remaining <= 1e-3


def test_a_fit_that_fails_or_is_interrupted_leaves_the_last_one(monkeypatch):
    model = GradientDescentRegressor().fit(X, Y)
    before = copy.deepcopy(vars(model))
    with pytest.raises(DivergenceError):
        model.set_params(learning_rate=50.0).fit(X[:, :2], Y)
    monkeypatch.setattr(
        "steepest.estimators.regressor.descend", lambda *a, **b: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    model.set_params(learning_rate="auto")
    for method in (model.fit, model.partial_fit):
        with pytest.raises(KeyboardInterrupt):
            method(X[:, ::-1] * 2, Y)
    assert vars(model).keys() == before.keys()
    assert model.n_features_in_ == 3
    np.testing.assert_array_equal(model.coef_, before["coef_"])
    np.testing.assert_array_equal(model.predict(X), X @ before["coef_"] + before["intercept_"])
    unfitted = GradientDescentRegressor()
    with pytest.raises(KeyboardInterrupt):
        unfitted.fit(X, Y)
    assert not [name for name in vars(unfitted) if name.endswith("_")]


def test_verbose_logs_and_prints_nothing(capsys):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("steepest")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        GradientDescentRegressor(verbose=1).fit(X, Y)
        assert "2/(λ_max + λ_min)" in stream.getvalue()
        assert 5 < stream.getvalue().count("epoch ") < 30
        assert "Converged" in stream.getvalue()
        stream.truncate(0)
        GradientDescentRegressor().fit(X, Y)
        assert "Converged" not in stream.getvalue()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert capsys.readouterr().out == ""


def test_sparse_inputs_give_the_model_of_dense_ones():
    inputs = np.where(X > 0.3, X, 0.0)
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_array):
        model, dense = GradientDescentRegressor().fit(kind(inputs), Y), GradientDescentRegressor().fit(inputs, Y)
        np.testing.assert_array_equal(model.coef_, dense.coef_)
        np.testing.assert_allclose(model.predict(kind(inputs)), dense.predict(inputs), rtol=1e-14)


# ------------------------------------------------------------------- among scikit-learn's own


def test_it_lives_in_pipelines_searches_and_column_transformers():
    frame = pandas.DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(X[:, 0] > 0, "up", "down"))
    table = ColumnTransformer([("text", OneHotEncoder(drop="first"), ["kind"])], remainder="passthrough")
    model = make_pipeline(table, GradientDescentRegressor()).fit(frame, Y)
    ones = np.column_stack([np.ones(len(X)), frame["kind"] == "up", X])
    exact = np.linalg.lstsq(ones, Y, rcond=None)[0]
    np.testing.assert_allclose(model.predict(frame), ones @ exact, rtol=0, atol=1e-10)

    grid = GridSearchCV(GradientDescentRegressor(), {"l2": [0.0, 0.1, 10.0]}, cv=4).fit(X, Y)
    assert grid.best_params_ == {"l2": 0.0}
    assert cross_val_score(make_pipeline(StandardScaler(), GradientDescentRegressor()), X, Y).min() > 0
    named = make_pipeline(PolynomialFeatures(2, include_bias=False), GradientDescentRegressor())
    named.set_output(transform="pandas").fit(frame[["a", "b"]], Y)
    assert list(named[-1].feature_names_in_) == ["a", "b", "a^2", "a b", "b^2"]
    assert named[-1].trajectory_.features == ("a", "b", "a^2", "a b", "b^2")


def test_weights_and_groups_are_routed():
    weight, labels = np.linspace(0.1, 2, len(X)), np.arange(len(X)) % 5
    with sklearn.config_context(enable_metadata_routing=True):
        asked = GradientDescentRegressor().set_fit_request(sample_weight=True)
        model = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asked).fit(
            X, Y, sample_weight=weight
        )
        search = GradientDescentRegressorCV(cv=GroupKFold(5), l2=[0.0, 1.0]).set_fit_request(
            groups=True, sample_weight=False
        )
        outer = make_pipeline(search).fit(X, Y, groups=labels)
    direct = GradientDescentRegressor().fit(StandardScaler().fit_transform(X), Y, weight)
    np.testing.assert_allclose(model[-1].coef_, direct.coef_, rtol=0, atol=1e-12)
    held = outer[-1].sweep_.folds
    assert all(len(set(held[labels == label])) == 1 for label in range(5))


@pytest.mark.parametrize("maker", [GradientDescentRegressor, GradientDescentRegressorCV])
def test_copies_and_pickles_are_the_same_model(maker):
    model = maker().fit(X, Y)
    assert not hasattr(clone(model), "coef_")
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        assert str(other.verdict_) == str(model.verdict_)


def said_by(*lines):
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True).stdout


@pytest.mark.process
def test_scikit_learn_is_imported_only_for_these_classes():
    before = (
        "import sys, steepest, steepest.descent.descend, steepest.analysis.sweep; assert 'sklearn' not in sys.modules"
    )
    assert "Regressor" in said_by(before, "print(steepest.GradientDescentRegressor); assert 'sklearn' in sys.modules")
    absent = "import sys; sys.modules['sklearn'] = None; import steepest"
    said = said_by(absent, "try: steepest.GradientDescentRegressor", "except ImportError as error: print(error)")
    assert "need scikit-learn 1.6 or newer" in said
    assert "steepest[sklearn]" in said


# ------------------------------------------------------------------- cross-validation

SPLITTERS = {
    "five folds": KFold(5),
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "time": TimeSeriesSplit(4),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "random rows": ShuffleSplit(12, random_state=0),
    "masks": [(np.arange(40) < 30, np.arange(40) >= 30), (np.arange(40) % 2 == 0, np.arange(40) % 2 == 1)],
    "from the end": [(np.arange(-30, 0), np.arange(10))],
    "by hand, a row twice": [
        (np.array([0, 1, 2, 3, 4, 5, 5, 6]), np.arange(10, 40)),
        (np.arange(20), np.arange(20, 25)),
    ],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", SPLITTERS)
def test_cross_validation_is_the_literal_one(name, weighted):
    cv = SPLITTERS[name]
    rates, counts, penalties = [0.01, 0.3], [1, 20], [0.0, 0.2]
    weight = np.linspace(0.5, 2.0, len(X)) if weighted else None
    model = GradientDescentRegressorCV(learning_rates=rates, epochs=counts, l2=penalties, cv=cv).fit(X, Y, weight)
    splits = list(cv.split(X)) if hasattr(cv, "split") else cv
    splits = [tuple(np.arange(40)[part] for part in split) for split in splits]  # masks and negative numbers as well
    literal = np.empty((2, 2, 2))
    for index in np.ndindex(2, 2, 2):
        settings = {
            "learning_rate": rates[index[0]],
            "epochs": counts[index[1]],
            "l2": penalties[index[2]],
            "tol": None,
        }
        squares, mass = 0.0, 0.0
        for train, held in splits:
            inner = GradientDescentRegressor(**settings).fit(
                X[train], Y[train], None if weight is None else weight[train]
            )
            here = np.ones(len(held)) if weight is None else weight[held]
            squares, mass = squares + here @ (inner.predict(X[held]) - Y[held]) ** 2, mass + here.sum()
        literal[index] = np.sqrt(squares / mass)
    np.testing.assert_allclose(model.sweep_.rmse, literal, rtol=1e-10)
    best = np.unravel_index(literal.argmin(), literal.shape)
    assert (model.learning_rate_, model.epochs_, model.l2_) == (rates[best[0]], counts[best[1]], penalties[best[2]])
    assert model.best_rmse_ == pytest.approx(literal.min(), rel=1e-10)
    final = GradientDescentRegressor(learning_rate=model.learning_rate_, epochs=model.epochs_, l2=model.l2_, tol=None)
    # all rows at once, and the sum of the folds' triangles
    np.testing.assert_allclose(model.coef_, final.fit(X, Y, weight).coef_, rtol=0, atol=1e-13)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fold_of_weight_zero_judges_nothing():
    weight = np.r_[np.zeros(8), np.ones(32)]
    model = GradientDescentRegressorCV(cv=5).fit(X, Y, weight)
    others = [split for split in KFold(5).split(X) if split[1][0] > 0]
    np.testing.assert_array_equal(
        model.sweep_.rmse, GradientDescentRegressorCV(cv=others).fit(X, Y, weight).sweep_.rmse
    )
    assert np.isfinite(model.best_rmse_)
    with pytest.raises(DataError, match="weight 0 throughout"):
        GradientDescentRegressorCV(cv=[(np.arange(8), np.arange(8, 40))]).fit(X, Y, weight)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"learning_rates": 0.1}, {"learning_rates": [0.1]}),
        ({"epochs": 10}, {"epochs": [10]}),
        ({"l2": 0.1}, {"l2": [0.1]}),
        ({"epochs": "auto"}, {}),
    ],
)
def test_a_number_is_a_grid_of_one(given, same):
    np.testing.assert_array_equal(
        GradientDescentRegressorCV(**given).fit(X, Y).sweep_.rmse,
        GradientDescentRegressorCV(**same).fit(X, Y).sweep_.rmse,
    )


def test_folds_are_made_from_one_reading(monkeypatch):
    from steepest.data.sources.arrays import ArraySource

    readings = []
    plain = ArraySource.batches
    monkeypatch.setattr(ArraySource, "batches", lambda self, after=None: readings.append(1) or plain(self, after))
    GradientDescentRegressorCV(cv=TimeSeriesSplit(6)).fit(X, Y)
    assert len(readings) == 1


def test_one_standard_error_takes_the_simpler_setting():
    generator = np.random.default_rng(3)
    inputs = generator.normal(size=(50, 10))
    y = inputs[:, 0] + generator.normal(size=50)
    best, simple = (
        GradientDescentRegressorCV(l2=[0.0, 0.1, 1.0], choose=c).fit(inputs, y) for c in ("best", "one_standard_error")
    )
    assert simple.sweep_.one_standard_error.effective_parameters < best.sweep_.best.effective_parameters
    assert best.best_rmse_ <= simple.best_rmse_ <= best.best_rmse_ + best.sweep_.best.standard_error


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"choose": "worst"}, "choose is"),
        ({"learning_rates": []}, "learning_rates is empty"),
        ({"learning_rates": [-1.0]}, "learning_rates are finite"),
        ({"epochs": [1.5]}, "whole number"),
        ({"l2": [-1.0]}, "0 or larger"),
        ({"rule": "chebyshev"}, "sweep takes the rules"),
        ({"cv": []}, "no splits"),
        ({"cv": [(np.arange(5), np.arange(0))]}, "no rows"),
        ({"cv": [(np.arange(5), [40])]}, "row numbers from 0 to 39"),
        ({"cv": [(np.arange(5), np.ones(5, bool))]}, "a mask of a split"),
    ],
)
def test_a_search_refuses_what_it_cannot_use(settings, message):
    with pytest.raises((UsageError, DataError), match=message):
        GradientDescentRegressorCV(**settings).fit(X, Y)


def test_a_search_is_for_one_target():
    with pytest.raises(UsageError, match="one target; y has 2"):
        GradientDescentRegressorCV().fit(X, np.column_stack([Y, Y]))


@pytest.mark.parametrize("tol", [0, 0.0, np.float64(0), None])
def test_no_tolerance_means_every_epoch(tol):
    model = GradientDescentRegressor(tol=tol, learning_rate=0.5, epochs=500).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    assert model.n_iter_ == 500
    assert GradientDescentRegressor(learning_rate=0.5, epochs=500).fit([[0.0], [1.0]], [1.0, 3.0]).n_iter_ < 500


def test_a_fitted_estimator_is_exported_as_its_model():
    X = pandas.DataFrame({"dose": [0.0, 1.0, 2.0, 4.0], "age": [1.0, 0.0, 3.0, 2.0]})
    y = 1 + X["dose"] - 2 * X["age"]
    for model in (GradientDescentRegressor(), GradientDescentRegressorCV(cv=2, learning_rates=[0.5], epochs=[50])):
        with pytest.raises(steepest.UsageError, match="Call fit"):
            steepest.export(model, to="python")
        names: dict = {}
        exec(steepest.export(model.fit(X, y), to="python"), names)
        given = names["predict"]({"dose": 3.0, "age": 1.0})
        expected = model.predict(pandas.DataFrame({"dose": [3.0], "age": [1.0]}))[0]
        assert (given if isinstance(given, float) else next(iter(given.values()))) == pytest.approx(expected, rel=1e-12)
        assert 'dose"' in steepest.export(model, to="sql")


def test_frames_of_other_libraries_are_taken_by_both_estimators():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {"a": [0.0, 1.0, 2.0, 4.0, 5.0, 7.0], "b": [1.0, 0.0, 3.0, 2.0, 4.0, 1.0]}
    y = [1 + a - 2 * b for a, b in zip(*columns.values(), strict=True)]
    for frame in (polars.DataFrame(columns), arrow.table(columns)):
        for model in (GradientDescentRegressor(), GradientDescentRegressorCV(cv=2, epochs=[500], learning_rates=[1.0])):
            model.fit(frame, y)
            assert list(model.feature_names_in_) == ["a", "b"]
            np.testing.assert_allclose(model.predict(frame), y, atol=1e-6)


def test_the_html_of_an_estimator_links_to_nothing():
    assert "href=" not in GradientDescentRegressor()._repr_html_()
