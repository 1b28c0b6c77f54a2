"""Sparse paths of losses: beside scikit-learn and glmnet, from files, with folds that are fitted by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.objectives import loss_rows
from tests.truths import PENGUINS

GENERATOR = np.random.default_rng(7)
X = GENERATOR.normal(size=(120, 4)) * [1.0, 2.0, 0.5, 1.0] + [0.0, 3.0, 0.0, -1.0]
MARGIN = 0.8 * X[:, 0] - 0.4 * X[:, 1] + 1
Y = (MARGIN + GENERATOR.logistic(size=120) > 0).astype(float)
COUNTS = GENERATOR.poisson(np.exp(MARGIN / 2)).astype(float)
AMOUNTS = MARGIN + GENERATOR.standard_t(1.5, size=120)
WEIGHT = np.where(np.arange(120) % 7 == 0, 0.0, GENERATOR.uniform(0.5, 2, size=120))
TARGETS = {"logistic": Y, "poisson": COUNTS, "huber": AMOUNTS}
SHARES = np.array([0.7, 0.3, 0.05])


def mean_loss(loss, margin, y, weight):
    value = {
        "logistic": lambda: np.logaddexp(0, margin) - y * margin,
        "poisson": lambda: np.exp(margin) - y * margin + np.where(y > 0, y * np.log(np.maximum(y, 1)), 0) - y,
        "huber": lambda: np.where(
            np.abs(margin - y) < 1.345, (margin - y) ** 2 / 2, 1.345 * (np.abs(margin - y) - 1.345 / 2)
        ),
    }[loss]()
    return np.average(value, weights=weight)


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_coefficients_are_those_of_scikit_learn(ratio):
    linear_model = pytest.importorskip("sklearn.linear_model")
    path = steepest.path(X, Y, weight=WEIGHT, loss="logistic", l1_ratio=ratio, folds=None)
    for penalty in path.largest_penalty * SHARES:
        model = linear_model.LogisticRegression(
            C=1 / (WEIGHT.sum() * penalty), l1_ratio=ratio, solver="saga", tol=1e-13, max_iter=100_000
        )
        if hasattr(model, "penalty") and model.penalty == "l2":
            model.penalty = "elasticnet"  # before 1.8
        model.fit(X, Y, sample_weight=WEIGHT)
        np.testing.assert_allclose(path.coefficients(penalty), model.coef_[0], atol=1e-8)  # what saga's tol leaves
        assert path.bias(penalty) == pytest.approx(model.intercept_[0], abs=1e-7)


def test_coefficients_are_those_that_glmnet_has_published():
    folder = Path(pytest.importorskip("statsmodels").__file__).parent / "genmod" / "tests" / "results"
    published = pytest.importorskip("statsmodels.genmod.tests.results.glmnet_r_results")
    if not (folder / "enet_binomial.csv").exists():
        pytest.skip("glmnet's published results come with statsmodels' own tests, which are not installed here")
    for loss, name in (("logistic", "binomial"), ("poisson", "poisson")):
        rows = np.loadtxt(folder / f"enet_{name}.csv", delimiter=",")[1:]  # R took the first for a header
        inputs = (rows[:, 1:] - rows[:, 1:].mean(axis=0)) / rows[:, 1:].std(axis=0, ddof=1)
        for case in range(3, 9):
            ratio, penalty, *expected = getattr(published, f"rslt_{name}_{case}")
            path = steepest.path(
                inputs, rows[:, 0], loss=loss, l1_ratio=ratio, penalties=[penalty], fit_intercept=False, folds=None
            )
            np.testing.assert_allclose(
                path.coefficients(penalty), expected, atol=2e-4
            )  # glmnet stops at 1e-7 of deviance


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("settings", [{}, {"standardize": True}, {"fit_intercept": False}], ids=str)
def test_every_fold_is_the_path_of_its_rows(loss, settings):
    y, grid = TARGETS[loss], [0.05, 0.02]
    path = steepest.path(X, y, weight=WEIGHT, loss=loss, penalties=grid, folds=3, **settings)
    by_hand = []
    for fold in range(3):
        train, held = path.folds != fold, (path.folds == fold) & (WEIGHT > 0)
        part = steepest.path(
            X[train], y[train], weight=WEIGHT[train], loss=loss, penalties=grid, folds=None, **settings
        )
        margins = [X[held] @ part.coefficients(penalty) + part.bias(penalty) for penalty in grid]
        by_hand.append([mean_loss(loss, margin, y[held], WEIGHT[held]) for margin in margins])
    np.testing.assert_allclose(path.fold_loss, np.transpose(by_hand), rtol=1e-9)
    totals = [WEIGHT[path.folds == fold].sum() for fold in range(3)]
    np.testing.assert_allclose(path.cv_loss, np.average(np.transpose(by_hand), axis=1, weights=totals), rtol=1e-9)
    np.testing.assert_allclose(path.standard_errors, np.std(by_hand, axis=0, ddof=1) / np.sqrt(3), rtol=1e-7)


def test_folds_in_time_learn_from_what_came_before():
    path = steepest.path(X, Y, loss="logistic", penalties=[0.02], folds=3, time=True)
    early = path.folds < 1
    part = steepest.path(X[early], Y[early], loss="logistic", penalties=[0.02], folds=None)
    held = path.folds == 1
    margin = X[held] @ part.coefficients(0.02) + part.bias(0.02)
    assert path.fold_loss[0, 1] == pytest.approx(mean_loss("logistic", margin, Y[held], np.ones(held.sum())), rel=1e-9)


def test_a_validation_set_is_predicted_by_the_whole_path():
    path = steepest.path(X[:80], COUNTS[:80], loss="poisson", penalties=[0.1, 0.01], validation=(X[80:], COUNTS[80:]))
    for place, penalty in enumerate(path.penalties):
        margin = X[80:] @ path.coefficients(penalty) + path.bias(penalty)
        assert path.cv_loss[place] == pytest.approx(mean_loss("poisson", margin, COUNTS[80:], np.ones(40)), rel=1e-9)
        assert path.cv_rmse[place] == pytest.approx(np.sqrt(np.mean((np.exp(margin) - COUNTS[80:]) ** 2)), rel=1e-9)
    assert path.best.penalty == path.penalties[path.cv_loss.argmin()]
    assert path.best.cv_loss == path.cv_loss.min()


def test_the_choices_go_by_the_held_out_loss():
    path = steepest.path(X, Y, loss="logistic")
    best = int(path.cv_loss.argmin())
    assert path.best.penalty == path.penalties[best]
    within = path.cv_loss <= path.cv_loss[best] + path.standard_errors[best]
    assert path.one_standard_error.penalty == path.penalties[within.argmax()]
    assert path.one_standard_error.penalty >= path.best.penalty
    assert "held out" in repr(path.best)
    assert "logistic lasso" in repr(path)
    assert path.best.standard_error == path.standard_errors[best]


@pytest.mark.parametrize("loss", TARGETS)
def test_what_a_path_says_of_its_models_is_that_of_the_rows(loss):
    y = TARGETS[loss]
    path = steepest.path(X, y, weight=WEIGHT, loss=loss, folds=None, penalties=[0.2, 0.02])
    margin = X @ path.coefficients(0.02) + path.bias(0.02)
    mean = {"logistic": 1 / (1 + np.exp(-margin)), "poisson": np.exp(margin), "huber": margin}[loss]
    assert path.mean_loss(0.02) == pytest.approx(mean_loss(loss, margin, y, WEIGHT), rel=1e-12)
    assert path.rmse(0.02) == pytest.approx(np.sqrt(np.average((mean - y) ** 2, weights=WEIGHT)), rel=1e-12)
    assert path.degrees_of_freedom(0.02) == (path.coefficients(0.02) != 0).sum()
    assert path.optimality(0.02) < 1e-10 * path.largest_penalty
    assert path.gap(0.02) < 1e-9
    between = steepest.path(X, y, weight=WEIGHT, loss=loss, folds=None, penalties=[0.07])
    np.testing.assert_allclose(path.coefficients(0.07), between.coefficients(0.07), atol=1e-9)
    np.testing.assert_allclose(path.coefficients([0.2, 0.07]), [path.coefficients(0.2), path.coefficients(0.07)])
    if loss == "huber":
        with pytest.raises(UsageError, match="a huber loss has none"):
            path.aic(0.02)
    else:
        n = path.triangle.row_count
        assert path.aic(0.02) == pytest.approx(2 * n * path.mean_loss(0.02) + 2 * path.degrees_of_freedom(0.02))
    with pytest.raises(UsageError, match="Cp is of squared loss; this path is of"):
        path.cp(0.02)


def test_an_elastic_net_has_fewer_degrees_of_freedom_than_inputs():
    path = steepest.path(X, Y, loss="logistic", l1_ratio=0.3, penalties=[0.05], folds=None)
    used = path.coefficients(0.05) != 0
    p = 1 / (1 + np.exp(-(X @ path.coefficients(0.05) + path.bias(0.05))))
    curvature = p * (1 - p)
    centred = (X - np.average(X, axis=0, weights=curvature))[:, used]
    H = centred.T @ (centred * curvature[:, None]) / len(X)
    expected = np.trace(np.linalg.solve(H + 0.7 * 0.05 * np.eye(len(H)), H))
    assert path.degrees_of_freedom(0.05) == pytest.approx(expected, rel=1e-9)


def test_rows_in_a_file_give_the_same(monkeypatch):
    settings = {"weight": WEIGHT, "loss": "logistic", "penalties": [0.1, 0.02], "folds": 3, "standardize": True}
    in_memory = steepest.path(X, Y, **settings)
    monkeypatch.setattr(loss_rows, "fits_memory", lambda *_: False)
    monkeypatch.setattr(loss_rows, "PIECE", 200)  # some forty rows at a time
    stored = steepest.path(X, Y, **settings)
    np.testing.assert_allclose(stored.coefficients([0.1, 0.02]), in_memory.coefficients([0.1, 0.02]), atol=1e-10)
    np.testing.assert_allclose(stored.fold_loss, in_memory.fold_loss, rtol=1e-9)
    np.testing.assert_allclose(stored.cv_rmse, in_memory.cv_rmse, rtol=1e-9)


def test_labels_of_a_frame_are_classes():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": np.where(Y == 1, "yes", "no")})
    path = steepest.path(frame, target="kind", loss="logistic", penalties=[0.05], folds=3)
    plain = steepest.path(X[:, :2], Y, loss="logistic", penalties=[0.05], folds=3)
    np.testing.assert_allclose(path.coefficients(0.05), plain.coefficients(0.05), atol=1e-10)
    assert list(path.to_frame().columns[:4]) == ["penalty", "cv_loss", "standard_error", "mean_loss"]


def test_factors_and_signs_hold():
    path = steepest.path(
        X, Y, loss="logistic", penalty_factors={"x3": 0.0}, positive=True, penalties=[0.05], folds=None
    )
    assert path.coefficients(10.0).nonzero()[0].tolist() == [2]
    assert (path.coefficients(0.05)[[0, 1, 3]] >= 0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "multinomial"}, "a multinomial loss one for each class"),
        ({"loss": "quantile"}, r'a quantile loss has no path here.*loss="huber"'),
        ({"loss": "hinge"}, "loss is"),
        ({"data": steepest.summarize(X, Y), "y": None}, "a triangle has no rows, which a logistic loss needs"),
        ({"validation": steepest.summarize(X, Y)}, "a triangle has no rows"),
        ({"y": np.column_stack([Y, Y])}, "a path is of one target; got 2"),
        ({"l1_ratio": 0.0}, "l1_ratio"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words(given, message):
    with pytest.raises(UsageError, match=message):
        steepest.path(**({"data": X, "y": Y, "loss": "logistic"} | given))


def test_one_class_is_no_class():
    with pytest.raises(DataError, match="is 1 in every row, so the logistic loss has no minimum"):
        steepest.path(X, np.ones(120), loss="logistic")
    few = np.zeros(120)
    few[:5] = 1
    with pytest.raises(DataError, match="beside those of fold 1: 'y' is 0 in every row"):
        steepest.path(X, few, loss="logistic", folds=3, shuffle=False)
    with pytest.raises(DataError, match="targets 0 and 1"):
        steepest.path(X, AMOUNTS, loss="logistic")


def test_a_column_without_a_penalty_that_tells_the_classes_apart_is_named_as_the_reason():
    apart = np.column_stack([X, Y])
    with pytest.raises(DataError, match="of the intercept and the inputs without a penalty has no minimum"):
        steepest.path(apart, Y, loss="logistic", penalty_factors=[1, 1, 1, 1, 0], folds=None)
    path = steepest.path(apart, Y, loss="logistic", folds=None)  # with a penalty on it there is one
    assert path.optimality(path.penalties).max() < 1e-9 * path.largest_penalty


def test_several_ratios_are_judged_by_the_same_folds():
    path = steepest.path(X, Y, loss="logistic", l1_ratio=[1.0, 0.2], penalties=[0.1, 0.02], folds=3)
    alone = [
        steepest.path(X, Y, loss="logistic", l1_ratio=ratio, penalties=[0.1, 0.02], folds=3) for ratio in (1.0, 0.2)
    ]
    better = min(alone, key=lambda one: one.cv_loss.min())
    np.testing.assert_array_equal(path.cv_loss, better.cv_loss)
    assert {path.l1_ratio, path.others[0].l1_ratio} == {1.0, 0.2}
    with pytest.raises(UsageError, match="adaptive is of squared loss; this path is of logistic loss"):
        steepest.path(X, Y, loss="logistic", adaptive=1.0)


def test_a_model_of_the_path_predicts_probabilities():
    path = steepest.path(X, Y, loss="logistic", penalties=[0.1, 0.02], folds=3)
    model = steepest.Model.of_path(path, 0.02, only_in_use=True)
    margin = X @ path.coefficients(0.02) + path.bias(0.02)
    used = [path.features.index(name) for name in model.features]
    np.testing.assert_allclose(model.predict(X[:, used]).ravel(), 1 / (1 + np.exp(-margin)), rtol=1e-12)
    assert model.training["selection"]["method"] == "logistic lasso"
    picture = steepest.HeldOutPathDisplay.from_path(path)
    assert picture.measure == "logistic loss"
    np.testing.assert_array_equal(picture.rmse, path.cv_loss)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_huber_paths_are_found_where_almost_all_rows_are_beyond_the_kink(unit):
    """Penguins in grams, delta 1.345: few rows have curvature, so that the loss is straight for long stretches."""
    frame = pd.read_csv(PENGUINS).dropna()
    X = frame[["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year"]].to_numpy(float)
    y = unit * frame["body_mass_g"].to_numpy(float)
    path = steepest.path(X, y, loss="huber", folds=None, penalties=np.geomspace(14.0, 1.5, 8))
    centred = X - X.mean(axis=0)
    weights, biases = path.coefficients(path.penalties), path.bias(path.penalties)
    slopes = np.clip(X @ weights.T + biases - y[:, None], -1.345, 1.345)
    gradient = centred.T @ slopes / len(y)
    off = np.where(
        weights.T != 0,
        np.abs(gradient + path.penalties * np.sign(weights.T)),
        np.maximum(np.abs(gradient) - path.penalties, 0),
    )
    # residuals of 1e6 with a kink at 1.345 keep ten digits of it, times columns of some 30
    assert off.max() < 1e-8 * unit
    assert np.abs(slopes.mean(axis=0)).max() < 1e-8 * unit
