"""Models of logarithms: their file, predictions in the target's own unit, limits, and the same numbers in every export."""

import json

import numpy as np
import pandas
import pytest

import steepest
from steepest.errors import DataError, ModelFileError
from steepest.models.schema import checksum
from steepest.models.target_scale import LogScale
from tests.models.test_export import LANGUAGES, MODELS, RICH, RUN, TOLERANCE, WRONG, model_of, rows_of, truth

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(300, 2))
KIND = GENERATOR.choice(["fir", "oak"], 300)
Y = np.exp(1 + X @ [0.5, -0.3] + 0.4 * (KIND == "oak") + GENERATOR.normal(scale=0.4, size=300))
FRAME = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": KIND, "price": Y})


@pytest.fixture(scope="module")
def source():
    return steepest.open_source(FRAME, target="price", log_target=True)


@pytest.fixture(scope="module")
def run(source):
    return steepest.descend(source, standardize=True)


@pytest.fixture(scope="module")
def model(run, source):
    return steepest.Model.of(run, source.describe(), steepest.smearing(run, source))


def test_predictions_are_duans_on_the_exact_answer(model, run):
    A = np.column_stack([np.ones(300), X, KIND == "oak"])
    fit = A @ np.linalg.lstsq(A, np.log(Y), rcond=None)[0]
    np.testing.assert_allclose(model.predict(FRAME), np.exp(fit) * np.exp(np.log(Y) - fit).mean(), rtol=1e-9)
    np.testing.assert_allclose(steepest.Model.of(run).predict(FRAME), np.exp(fit), rtol=1e-9)
    assert model.targets == ("price",)
    assert run.targets == ("log of price",)
    missing = model.predict(FRAME.assign(a=[np.nan, *X[1:, 0]]), missing="empty")
    assert np.isnan(missing[0])
    assert not np.isnan(missing[1:]).any()


def test_the_file_has_a_version_of_its_own(model, run, tmp_path):
    for one in (model, steepest.Model.of(run)):
        one.save(tmp_path / "model.json")
        content = json.loads((tmp_path / "model.json").read_text())
        assert content["version"] == 3
        assert content["target_scale"] == {
            "log": True,
            "smearing": one.target_scale.smearing and list(one.target_scale.smearing),
        }
        assert "logarithm" in content["units"]["bias"]
        assert steepest.load(tmp_path / "model.json") == one
    assert "predicts exp of the fitted log of price times the smearing factor" in repr(model)
    assert "a median rather than a mean" in repr(steepest.Model.of(run))


def test_other_models_stay_as_they_were():
    plain = json.loads(steepest.Model.of(steepest.descend(X, Y)).to_bytes())
    assert plain["version"] == 2
    assert "target_scale" not in plain


@pytest.mark.parametrize(
    "scale",
    [
        None, True, {}, {"log": True}, {"log": False, "smearing": [1.5]}, {"log": 1, "smearing": [1.5]},
        {"log": True, "smearing": 1.5}, {"log": True, "smearing": []}, {"log": True, "smearing": [0.0]},
        {"log": True, "smearing": [-1.0]}, {"log": True, "smearing": [1]}, {"log": True, "smearing": [1.5, 2.5]},
    ],
)  # fmt: skip
def test_a_damaged_scale_is_refused(model, scale):
    content = {**json.loads(model.to_bytes()), "target_scale": scale}
    content["sha256"] = checksum(content)
    with pytest.raises(ModelFileError, match="target_scale"):
        steepest.Model.from_bytes(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": 2}, "other fields"),
        ({"target_scale": ...}, "other fields"),
        ({"units": {"weights": "units of the target per unit of the feature", "bias": "units of the target"}}, "units"),
    ],
)
def test_version_and_scale_go_together(model, changes, sentence):
    content = {**json.loads(model.to_bytes()), **changes}
    content = {key: value for key, value in content.items() if value is not ...}
    content["sha256"] = checksum(content)
    with pytest.raises(ModelFileError, match=sentence):
        steepest.Model.from_bytes(json.dumps(content).encode())


def test_a_prediction_beyond_float64_is_refused_with_its_row(model):
    rows = FRAME.head(3).assign(a=[0.0, 1.0, 3_000.0])
    with pytest.raises(DataError, match=r"of row 2 \(counted from 0\) is exp\(1,[0-9.]+\), beyond float64"):
        model.predict(rows)
    assert model.predict(rows.assign(a=[0.0, 1.0, -3_000.0]))[2] == 0


def test_limits_are_exp_of_theirs_and_only_means_are_smeared():
    logs = np.array([[1.0, 0.5, 1.5], [2.0, 1.0, 3.0]])
    found = LogScale((1.25,)).own_units(logs)
    np.testing.assert_array_equal(found, np.exp(logs) * [1.25, 1.0, 1.0])
    np.testing.assert_array_equal(LogScale().own_units(logs), np.exp(logs))


# --- exports ---------------------------------------------------------------------------------------------------------


def logarithmic(name, smearing):
    plain = MODELS[name]
    scale = LogScale(tuple(1.125 + j for j in range(len(plain.targets))) if smearing else None)
    weights = (
        np.clip(plain.weights, -1, 1) * 1e-6
    )  # so that exp stays a number for the rows of 123,456.789 and its cube
    return steepest.Model(plain.features, plain.targets, weights * 1e-9, plain.bias / 1e3, {}, plain.coding, scale)


@pytest.mark.parametrize("name", ["arrays", "several targets", "coded", "coded, several targets"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("smearing", [True, False])
def test_every_language_gives_exp_of_the_exact_numbers(language, name, smearing):
    model = logarithmic(name, smearing)
    rows = rows_of(model)
    factors = model.target_scale.smearing or [1.0] * len(model.targets)
    for row, result in zip(rows, RUN[language](model, rows), strict=True):
        assert result is not WRONG
        for one, exact, size, factor in zip(result, *truth(model, row), factors, strict=True):
            bound = TOLERANCE[language] * (2 + float(size))
            assert one == pytest.approx(factor * np.exp(float(exact)), rel=bound), (language, row)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fitted_model_of_logarithms_predicts_its_own_table(model, language):
    found = RUN[language](model, FRAME[["a", "b", "kind"]].head(20).to_dict("records"))
    np.testing.assert_allclose(np.array(found)[:, 0], model.predict(FRAME.head(20)), rtol=20 * TOLERANCE[language])


def test_exports_say_that_the_logarithm_was_fitted(model):
    for language in ("python", "sql", "excel"):
        text = steepest.export(model, to=language)
        assert "exp of the fitted log of price times the smearing factor" in text
        assert "units of the target's natural logarithm per unit" in text.replace("\\", "")
    plain = model_of(RICH)
    assert "EXP" not in steepest.export(plain, to="sql")
    assert "SMEARING" not in steepest.export(plain, to="python")


def test_python_refuses_what_exp_has_no_number_for(model):
    module = {}
    exec(steepest.export(model, to="python"), module)
    with pytest.raises(ValueError, match="larger than any number"):
        module["predict"]({"a": 3_000.0, "b": 0.0, "kind": "oak"})
