"""Names of X and names of y are two name spaces: a feature may be called as the target is, at every door, and none is lost."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner
from sklearn.model_selection import cross_val_predict

import steepest
from steepest.cli.predict import command as predict
from steepest.models.export import export
from steepest.summaries.open_data import open_data
from steepest.summaries.triangle import Triangle

ROWS = np.random.default_rng(31).normal(size=(40, 2))
WEIGHTS, BIAS = [3.0, -2.0], 1.0
Y = ROWS @ WEIGHTS + BIAS

FRAMES = {
    "pandas": lambda names: pd.DataFrame(ROWS, columns=names),
    "polars": lambda names: pl.DataFrame(ROWS, schema=list(names)),
    "pyarrow": lambda names: pa.table(dict(zip(names, ROWS.T, strict=True))),
}
# what X calls its columns, what y is, and what the target is called
TARGETS = {
    "a feature called y": (("y", "x"), Y, "y"),
    "the second feature called y": (("x", "y"), Y, "y"),
    "a pandas series": (("temp", "x"), pd.Series(Y, name="temp"), "temp"),
    "a polars series": (("x", "temp"), pl.Series("temp", Y), "temp"),
    "a pandas frame": (("temp", "x"), pd.DataFrame({"temp": Y}), "temp"),
    "a polars frame": (("temp", "x"), pl.DataFrame({"temp": Y}), "temp"),
}
DOORS = {
    "descend": lambda X, y: steepest.descend(X, y),
    "summarize": lambda X, y: steepest.descend(steepest.summarize(X, y)),
    "sweep": lambda X, y: steepest.descend(steepest.sweep(X, y, epochs=[10]).triangle),
    "explain": lambda X, y: steepest.explain(X, y, epoch=1).run,
    "fit": lambda X, y: steepest.GradientDescentRegressor().fit(X, y).trajectory_,
    "cross-validation": lambda X, y: steepest.GradientDescentRegressorCV().fit(X, y).trajectory_,
}


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("case", TARGETS)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.filterwarnings("ignore:A column-vector y")  # a frame of one column is one
def test_coefficients_are_those_of_the_same_numbers_as_arrays(door, case, kind):
    names, y, target = TARGETS[case]
    run = DOORS[door](FRAMES[kind](names), y)
    assert (run.features, run.targets) == (names, (target,))
    expected = DOORS[door](ROWS, Y)
    np.testing.assert_array_equal(run.optimum.weights, expected.optimum.weights)
    np.testing.assert_array_equal(run.weights, expected.weights)
    np.testing.assert_allclose(run.optimum.weights, WEIGHTS, rtol=1e-12)


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("case", TARGETS)
def test_a_diagnosis_has_the_modes_of_the_same_numbers(case, kind):
    names, y, target = TARGETS[case]
    diagnosis = steepest.diagnose(steepest.summarize(FRAMES[kind](names), y))
    assert (diagnosis.features, diagnosis.targets, diagnosis.rank) == (names, (target,), 3)
    assert diagnosis.condition_number == steepest.diagnose(ROWS, Y).condition_number


@pytest.mark.parametrize("kind", FRAMES)
def test_solve_infer_and_predict_keep_both(kind):
    X = FRAMES[kind](("y", "x"))
    answer = steepest.solve(X, Y)
    np.testing.assert_allclose(answer.weights, WEIGHTS, rtol=1e-12)
    np.testing.assert_allclose(answer.predict(X), Y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(steepest.descend(X, Y).predict(X), Y, rtol=1e-6, atol=1e-6)
    noisy = Y + np.random.default_rng(1).normal(size=len(Y))
    table = steepest.descend(X, noisy).summary(robust="HC1", data=X, y=noisy)
    expected = steepest.descend(ROWS, noisy).summary(robust="HC1", data=ROWS, y=noisy)
    assert table.names == ("intercept", "y", "x")
    np.testing.assert_array_equal(table.standard_errors, expected.standard_errors)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_estimators_predict_score_and_go_on(kind):
    X, y = FRAMES[kind](("temp", "x")), pd.Series(Y, name="temp")
    model = steepest.GradientDescentRegressor().partial_fit(X[:15], y[:15]).partial_fit(X[15:], y[15:])
    np.testing.assert_allclose(model.coef_, WEIGHTS, rtol=1e-9)
    np.testing.assert_allclose(model.predict(X), Y, rtol=1e-9, atol=1e-9)
    assert model.score(X, y) == pytest.approx(1.0)
    held_out = steepest.GradientDescentRegressor(validation=0.3, random_state=0).fit(X, y)
    np.testing.assert_allclose(held_out.coef_, WEIGHTS, rtol=1e-6)
    if kind == "pandas":  # scikit-learn takes rows out of it
        np.testing.assert_allclose(cross_val_predict(model, X, y), Y, rtol=1e-6, atol=1e-6)


def test_several_targets_keep_their_names_beside_features_of_the_same():
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    both = pd.DataFrame({"b": Y, "c": 2 * Y})
    run = steepest.descend(steepest.summarize(frame, both))
    assert (run.features, run.targets) == (("a", "b"), ("b", "c"))
    np.testing.assert_allclose(run.optimum.weights, np.outer(WEIGHTS, [1, 2]), rtol=1e-12)


def test_a_triangle_knows_a_feature_from_a_target_of_the_same_name():
    triangle = steepest.summarize(pd.DataFrame(ROWS, columns=["y", "x"]), Y)
    assert triangle.select() == triangle
    assert triangle.select(("x", "y")).means.tolist() == triangle.means[[1, 0, 2]].tolist()
    chosen = open_data(triangle, target="y", exclude=["x"])
    assert (chosen.features, chosen.targets) == (("y",), ("y",))
    swapped = open_data(triangle, target="x")  # the feature becomes the target; the feature y stays
    assert (swapped.features, swapped.targets) == (("y",), ("x",))
    other = steepest.summarize(pd.DataFrame(ROWS, columns=["a", "x"]), Y)
    with pytest.raises(steepest.UsageError, match="a column stands twice"):
        other.select(("y",), ("y",))
    assert Triangle.from_bytes(triangle.to_bytes()) == triangle


def test_a_model_file_and_its_exports_keep_both(tmp_path):
    X = pd.DataFrame(ROWS, columns=["y", "x"])
    model = steepest.Model.of(steepest.descend(X, Y))
    model.save(tmp_path / "model.json")
    again = steepest.load(tmp_path / "model.json")
    assert again == model
    np.testing.assert_allclose(again.predict(X[["x", "y"]]), Y, rtol=1e-6, atol=1e-6)
    module: dict[str, object] = {}
    exec(export(model, "python"), module)
    assert module["predict"]({"x": ROWS[0, 1], "y": ROWS[0, 0]}) == pytest.approx(Y[0])  # type: ignore[operator]
    for form in ("sql", "excel"):
        assert export(model, form)
    X.to_csv(tmp_path / "rows.csv", index=False)
    arguments = [str(tmp_path / "model.json"), str(tmp_path / "rows.csv"), "-o", str(tmp_path / "p.csv"), "--json"]
    done = CliRunner().invoke(predict, arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rmse"] is None  # the column y is an input here, and nothing to compare with
    np.testing.assert_allclose(pd.read_csv(tmp_path / "p.csv")["prediction"], Y, rtol=1e-6, atol=1e-6)
