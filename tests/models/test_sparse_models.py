"""Sparse models: the chosen model of a path is a model as any other, and its inputs are not inferred on."""

import csv
import json
import math

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.analysis.path_degrees import ranks
from steepest.data.coding import Coding, Column
from steepest.errors import ModelFileError, UsageError
from steepest.models import path_folder, run_reader
from steepest.models.model import Model
from steepest.models.schema import checksum


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(5)
    frame = pd.DataFrame(generator.normal(size=(90, 5)), columns=list("abcde"))
    frame["kind"] = generator.choice(["fir", "oak", "yew"], size=90)
    frame["y"] = 3 * frame["a"] - 2 * frame["c"] + 4 * (frame["kind"] == "yew") + generator.normal(size=90)
    return frame


@pytest.fixture(scope="module")
def path(table):
    return steepest.path(table, target="y", standardize=True)


def exact_lasso(X, y, penalty):
    """The lasso by scikit-learn's own coordinate descent, in standardized inputs; coefficients in the data's units."""
    from sklearn.linear_model import Lasso

    mean, scale = X.mean(axis=0), X.std(axis=0)
    fitted = Lasso(alpha=penalty, tol=1e-14, max_iter=100_000).fit((X - mean) / scale, y)
    return fitted.coef_ / scale, fitted.intercept_ - mean @ (fitted.coef_ / scale)


@pytest.mark.parametrize("choose", ["best", "one_standard_error", "bic", "aic", "cp", 0.4])
def test_a_chosen_model_is_scikit_learns_lasso_of_that_penalty(table, path, choose):
    model = Model.of_path(path, choose)
    X, y = table.drop(columns=["kind", "y"]).to_numpy(), table["y"].to_numpy()
    X = np.column_stack([X, table["kind"] == "oak", table["kind"] == "yew"])
    weights, bias = exact_lasso(X, y, model.training["selection"]["penalty"])
    # its tolerance 1e-14 on the duality gap leaves coefficients within the root of that
    np.testing.assert_allclose(model.weights[:, 0], weights, atol=1e-6)
    assert model.bias[0] == pytest.approx(bias, abs=1e-6)
    np.testing.assert_allclose(model.predict(table), X @ weights + bias, atol=1e-5)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_a_criterion_chooses_what_scikit_learn_chooses(criterion):
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LassoLarsIC

    X, y = load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = Model.of_path(steepest.path(X, y, folds=None), criterion)
    assert model.training["selection"]["penalty"] == pytest.approx(LassoLarsIC(criterion=criterion).fit(X, y).alpha_)


@pytest.mark.parametrize("seed", range(5))
def test_ranks_of_many_sets_are_those_of_each(seed):
    generator = np.random.default_rng(seed)
    design = generator.normal(size=(8, 12))
    design[:, 3], design[:, 5], design[:, 7] = design[:, 2], design[:, 0] + design[:, 1], 0.0
    used = generator.random(size=(20, 12)) < generator.choice([0.1, 0.3, 0.9], size=(20, 1))
    expected = [np.linalg.matrix_rank(design[:, columns]) if columns.any() else 0 for columns in used]
    np.testing.assert_array_equal(ranks(design, used), expected)


def test_no_penalty_between_two_knots_has_a_smaller_criterion(path):
    for criterion in ("aic", "bic", "cp"):
        chosen = getattr(path, criterion)(Model.of_path(path, criterion).training["selection"]["penalty"])
        everywhere = np.geomspace(path.knots[0], path.knots[-1], 2_000)
        assert chosen <= getattr(path, criterion)(everywhere).min()


def test_a_chosen_model_goes_into_a_file_and_comes_back(path, tmp_path):
    model = Model.of_path(path, "best", data={"name": "trees"})
    model.save(tmp_path / "m.json")
    again = steepest.load(tmp_path / "m.json")
    assert again == model
    assert again.training["selection"]["method"] == "lasso"
    assert again.training["data"] == {"name": "trees"}
    assert "lasso, penalty" in repr(again)
    assert "smallest held-out RMSE of 100 penalties" in repr(again)


def test_a_model_of_the_columns_in_use_predicts_the_same_from_fewer(table, path):
    whole, small = (Model.of_path(path, 1.0, only_in_use=only) for only in (False, True))
    assert set(path.model(1.0).active) <= set(small.features) < set(whole.features)
    needed = [column for column in table if column in small.coding.names]
    assert "b" not in needed
    np.testing.assert_allclose(small.predict(table[needed]), whole.predict(table), rtol=1e-14)
    with pytest.raises(UsageError, match="no column 'b'"):
        whole.predict(table[needed])


def test_arrays_without_names_keep_their_columns_unless_asked(table):
    X, y = table[list("abcde")].to_numpy(), table["y"].to_numpy()
    p = steepest.path(X, y, folds=None)
    assert Model.of_path(p, 0.5).predict(X).shape == (90,)
    used = [int(name[1:]) - 1 for name in p.model(0.5).active]
    small = Model.of_path(p, 0.5, only_in_use=True)
    np.testing.assert_allclose(small.predict(X[:, used]), Model.of_path(p, 0.5).predict(X), rtol=1e-14)


def test_a_model_without_inputs_predicts_the_mean(table, path, tmp_path):
    model = Model.of_path(path, path.largest_penalty, only_in_use=True)
    assert len(model.features) == 1
    model.save(tmp_path / "m.json")
    np.testing.assert_allclose(steepest.load(tmp_path / "m.json").predict(table), table["y"].mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("features", "columns"),
    [
        (("x",), ("x",)),
        (("x^2",), ("x",)),
        (("kind=oak",), ("kind",)),
        (("kind missing",), ("kind",)),
        (("x:kind=oak",), ("x", "kind")),
        (("z", "x"), ("x", "z")),
    ],
)
def test_a_feature_needs_the_columns_that_it_is_made_of(features, columns):
    coding = Coding((Column("x"), Column("z"), Column("kind", ("fir", "oak"), True)), 2, (("x", "kind"),))
    needed = coding.needed_for(features)
    assert needed.names == columns
    assert set(features) <= set(needed.features) <= set(coding.features)


@pytest.mark.parametrize("to", ["python", "sql", "excel"])
def test_an_export_says_how_the_model_was_chosen_and_predicts_the_same(table, path, to):
    model = Model.of_path(path, "one_standard_error", only_in_use=True)
    text = steepest.export(model, to)
    assert "lasso, penalty" in text
    if to == "python":
        there = {}
        exec(text, there)
        row = table.iloc[3].to_dict()
        assert there["predict"](row) == pytest.approx(model.predict(table)[3], rel=1e-13)


def test_logarithms_come_back_as_the_targets_own_unit(table):
    logs = steepest.open_source(table.assign(y=np.exp(table["y"])), target="y", log_target=True)
    p = steepest.path(logs, folds=3)
    model = Model.of_path(p)
    assert model.targets == ("y",)
    fit = p.bias(p.best.penalty) + p.coefficients(p.best.penalty) @ logs_of(table)
    np.testing.assert_allclose(model.predict(table), np.exp(fit), rtol=1e-12)


def logs_of(table):
    X = table[list("abcde")].to_numpy().T
    return np.vstack([X, table["kind"] == "oak", table["kind"] == "yew"])


def test_what_cannot_be_chosen_is_said(table, path):
    none = steepest.path(table, target="y", folds=None)
    with pytest.raises(UsageError, match=r'Hold rows out \(folds=5\), or choose by a criterion \(choose="bic"\)'):
        Model.of_path(none)
    with pytest.raises(UsageError, match="choose is one of"):
        Model.of_path(path, "smallest")
    with pytest.raises(UsageError, match="Follow the path further down"):
        Model.of_path(path, 1e-12)
    for wrong in (-1.0, math.nan, None, [1.0]):
        with pytest.raises(UsageError):
            Model.of_path(path, wrong)


def test_a_file_whose_selection_is_no_object_is_refused(path):
    content = json.loads(Model.of_path(path).to_bytes())
    content["training"]["selection"] = ["lasso"]
    content["sha256"] = checksum(content)
    with pytest.raises(ModelFileError, match=r"training\.selection is an object"):
        Model.from_bytes(json.dumps(content).encode())
    content["training"]["selection"] = {"penalty": "0.1; DROP"}
    content["sha256"] = checksum(content)
    assert "penalty unknown" in repr(Model.from_bytes(json.dumps(content).encode()))


def test_inference_after_selection_is_refused_and_splitting_the_rows_is_named(table, path):
    for chosen in (path, path.best, Model.of_path(path)):
        with pytest.raises(UsageError, match=r"would be too small\. Choose the inputs on one part of the rows"):
            steepest.infer(chosen)
    # and what is advised can be done
    first, second = table.iloc[:45], table.iloc[45:]
    active = steepest.path(first[[*"abcde", "y"]], target="y", folds=3).best.active
    inference = steepest.infer(second[[*"abcde", "y"]], target="y", features=list(active))
    assert len(inference.coefficients) == 1 + len(active)


def test_a_folder_holds_model_table_and_pictures(path, tmp_path):
    folder = path_folder.write(tmp_path / "p", path, "bic", plot_format="png")
    assert sorted(file.name for file in folder.iterdir()) == [
        "coefficients.png", "held_out_error.png", "model.json", "path.csv", "path.json", "report.html", "triangle",
    ]  # fmt: skip
    with (folder / "path.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["penalty", "cv_rmse", "standard_error", "rmse", "in_use", "bias", *path.features]
    numbers = np.array(rows, dtype=float)  # each reads back to the bit
    np.testing.assert_array_equal(numbers[:, 0], path.penalties)
    np.testing.assert_array_equal(numbers[:, 1], path.cv_rmse)
    np.testing.assert_array_equal(numbers[:, 6:], path.coefficients(path.penalties))
    record = json.loads((folder / "path.json").read_text())
    assert record["best"]["penalty"] == path.best.penalty
    assert [entry["input"] for entry in record["order"]][:3] == ["a", "c", "kind=yew"]
    assert steepest.load(folder).training["selection"]["choice"] == "bic"
    # every other penalty follows from the triangle
    again = steepest.path(steepest.Triangle.load(folder / "triangle"), standardize=True, folds=None)
    np.testing.assert_array_equal(again.coefficients(1.0), path.coefficients(1.0))
    with pytest.raises(UsageError, match="exists already"):
        path_folder.write(folder, path, "bic")
    path_folder.write(folder, path, "best", force=True)
    assert (folder / "coefficients.svg").is_file()
    assert run_reader.report(folder).html == path.page(choose="best", title=folder.name).html
    (folder / "report.html").unlink()
    with pytest.raises(UsageError, match="held-out errors are not to be had again without the table's rows"):
        run_reader.report(folder)
    with pytest.raises(UsageError, match="a path is no run"):
        run_reader.read(folder)


def test_inputs_with_the_names_of_columns_are_told_apart(table):
    p = steepest.path(table.rename(columns={"a": "bias", "b": "rmse"}), target="y", folds=None)
    columns = p.columns()
    assert list(columns)[6:8] == ["coefficient of bias", "coefficient of rmse"]
    np.testing.assert_array_equal(columns["bias"], p.bias(p.penalties))
