"""Models of rows with an exposure: files, predictions and exports beside statsmodels' GLM with the same exposure."""

import contextlib
import dataclasses
import json
import sqlite3

import duckdb
import formualizer
import numpy as np
import onnxruntime
import pandas
import pytest
import statsmodels.api as sm

import steepest
from steepest.data.coding import Coding, Column
from steepest.data.offset_column import OffsetColumn
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.models.model import Model
from steepest.models.schema import OFFSET_VERSION, checksum
from tests.models.test_export import LANGUAGES

GENERATOR = np.random.default_rng(5)
N = 200
FRAME = pandas.DataFrame(
    {
        "age": GENERATOR.normal(size=N),
        "hours": GENERATOR.uniform(1, 99, size=N),
        "kind": GENERATOR.choice(["a", "b"], size=N),
    }
)
FRAME["calls"] = GENERATOR.poisson(FRAME.hours * np.exp(0.3 * FRAME.age - 1 + 0.5 * (FRAME.kind == "b")))
DESIGN = sm.add_constant(np.column_stack([FRAME.age, FRAME.kind == "b"]).astype(float))
THEIRS = sm.GLM(FRAME.calls, DESIGN, family=sm.families.Poisson(), exposure=FRAME.hours).fit(tol=1e-14)
RUN = steepest.descend(FRAME, target="calls", loss="poisson", exposure="hours", standardize=True, epochs=300)
MODEL = Model.of(RUN)
EXPECTED = THEIRS.predict(DESIGN, exposure=FRAME.hours)
RATES = THEIRS.predict(DESIGN, exposure=np.ones(N))


def test_a_model_asks_for_the_column_of_its_exposure(tmp_path):
    assert MODEL.offset == OffsetColumn("exposure", "hours")
    assert MODEL.features == ("age", "kind=b")
    assert "predictions need the exposure of each row, in column 'hours'" in repr(MODEL)
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    for data in (FRAME, tmp_path / "t.csv", FRAME[["hours", "kind", "age"]]):
        # a table of texts keeps each digit; the run has converged to 1e-12
        np.testing.assert_allclose(MODEL.predict(data), EXPECTED, rtol=1e-8)
    np.testing.assert_allclose(MODEL.predict(FRAME, exposure=1), RATES, rtol=1e-8)
    np.testing.assert_allclose(MODEL.predict(FRAME, offset=0), RATES, rtol=1e-8)
    np.testing.assert_allclose(MODEL.predict(FRAME, exposure=np.full(N, 24.0)), 24 * RATES, rtol=1e-8)
    renamed = FRAME.rename(columns={"hours": "time"})
    np.testing.assert_allclose(MODEL.predict(renamed, exposure="time"), EXPECTED, rtol=1e-8)


def test_rows_without_their_exposure_are_refused():
    with pytest.raises(
        UsageError, match=r"no column 'hours', which the model needs.* per unit of exposure \(exposure=1\)"
    ):
        MODEL.predict(FRAME[["age", "kind"]])
    for wrong in (0.0, -2.0, np.nan):
        table = FRAME.copy()
        table.loc[7, "hours"] = wrong
        with pytest.raises(DataError, match="missing" if np.isnan(wrong) else rf"above 0 .* data row 8 has {wrong:g}"):
            MODEL.predict(table)
    table.loc[7, "hours"] = np.nan
    empty = MODEL.predict(table, missing="empty")
    assert np.flatnonzero(np.isnan(empty)).tolist() == [7]
    np.testing.assert_allclose(np.delete(empty, 7), np.delete(EXPECTED, 7), rtol=1e-8)
    with pytest.raises(UsageError, match="without an exposure"):
        Model(("x",), ("y",), np.ones((1, 1)), np.zeros(1), loss="poisson").predict([[1.0]], exposure=[2.0])


def test_numbers_beside_an_array_are_asked_for_again():
    X, hours = DESIGN[:, 1:], FRAME.hours.to_numpy()
    model = Model.of(steepest.descend(X, FRAME.calls, loss="poisson", exposure=hours, standardize=True, epochs=300))
    assert model.offset == OffsetColumn("exposure", None)
    with pytest.raises(UsageError, match=r"fitted with an exposure.* give one for each \(exposure=\.\.\.\)|Give one"):
        model.predict(X)
    np.testing.assert_allclose(model.predict(X, exposure=hours), EXPECTED, rtol=1e-8)
    np.testing.assert_allclose(model.predict(X, exposure=1), RATES, rtol=1e-8)
    with pytest.raises(DataError, match="there are 1 for 200 rows"):
        model.predict(X, exposure=[1.0])
    X = X.copy()
    X[3, 0] = np.nan
    for missing, left in (("drop", np.delete(EXPECTED, 3)), ("empty", np.where(np.arange(N) == 3, np.nan, EXPECTED))):
        np.testing.assert_allclose(model.predict(X, exposure=hours, missing=missing), left, rtol=1e-8)
    for language in ("python", "sql", "excel", "onnx"):
        with pytest.raises(UsageError, match="beside the rows, and an export reads columns"):
            steepest.export(model, to=language)


def test_an_offset_of_logistic_and_hubers_loss_is_predicted_with():
    y = (FRAME.calls > FRAME.calls.median()).to_numpy().astype(float)
    beside = np.sin(np.arange(N))
    theirs = sm.GLM(y, DESIGN, family=sm.families.Binomial(), offset=beside).fit(tol=1e-14)
    table = pandas.DataFrame({"u": DESIGN[:, 1], "v": DESIGN[:, 2], "base": beside, "y": y})
    run = steepest.descend(table, target="y", loss="logistic", offset="base", standardize=True, epochs=2_000)
    model = Model.of(run)
    np.testing.assert_allclose(model.predict(table), theirs.predict(DESIGN, offset=beside), rtol=1e-8)
    assert model.classify(table).tolist() == [str(int(p > 0.5)) for p in theirs.predict(DESIGN, offset=beside)]
    plain = Model.of(steepest.descend(table, target="y", loss="huber", offset="base", standardize=True))
    lower = steepest.descend(DESIGN[:, 1:], y - beside, loss="huber", standardize=True)
    np.testing.assert_allclose(plain.predict(table), lower.predict(DESIGN[:, 1:]) + beside, rtol=1e-8, atol=1e-9)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_keeps_the_offset_and_says_so_by_its_version(tmp_path):
    MODEL.save(tmp_path / "model.json")
    kept = steepest.load(tmp_path / "model.json")
    assert kept == MODEL
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["version"] == OFFSET_VERSION == 5
    assert content["offset"] == {"option": "exposure", "column": "hours"}
    plain = dataclasses.replace(MODEL, offset=None)
    assert json.loads(plain.to_bytes())["version"] == 4  # as before: earlier versions go on reading it
    assert Model.from_bytes(plain.to_bytes()) == plain


WRONG = {
    "text": "hours",
    "other keys": {"column": "hours"},
    "other option": {"option": "weight", "column": "hours"},
    "an input": {"option": "exposure", "column": "age"},
    "number": {"option": "exposure", "column": 3},
}


@pytest.mark.parametrize("name", WRONG)
def test_an_offset_that_is_none_is_refused(name):
    content = {**json.loads(MODEL.to_bytes()), "offset": WRONG[name]}
    content["sha256"] = checksum(content)
    with pytest.raises(ModelFileError, match="offset"):
        Model.from_bytes(json.dumps(content).encode())


# --- exports ----------------------------------------------------------------------------------------------------------


def by_python(model, rows):
    module = {}
    exec(compile(steepest.export(model, to="python"), "exported", "exec"), module)
    found = []
    for row in rows:
        try:
            found.append(module["predict"](row))
        except ValueError:
            found.append(np.nan)
    return found


def by_sql(model, rows, connection, number):
    columns = {name: number if isinstance(value, float) else "VARCHAR" for name, value in rows[0].items()}
    named = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"CREATE TABLE data ({named})")
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO data VALUES ({marks})", [list(row.values()) for row in rows])
    found = connection.execute(steepest.export(model, to="sql")).fetchall()
    return [np.nan if row[-1] is None else row[-1] for row in found]


def by_excel(model, rows):
    text = steepest.export(model, to="excel").splitlines()
    places = dict(line.split(": ", 1)[::-1] for line in text if line[1:3] == ": ")
    (formula,) = (line for line in text if line.startswith("="))
    kinds: dict = {str: formualizer.LiteralValue.text, float: formualizer.LiteralValue.number}
    found = []
    for row in rows:
        book = formualizer.Workbook()
        book.add_sheet("S")
        for name, value in row.items():
            book.set_value("S", 2, ord(places[name]) - ord("A") + 1, kinds[type(value)](value))
        book.set_formula("S", 2, 20, formula)
        value = book.evaluate_cell("S", 2, 20)
        found.append(np.nan if isinstance(value, dict) else value)
    return found


def by_onnx(model, rows):
    session = onnxruntime.InferenceSession(steepest.export(model, to="onnx"), providers=["CPUExecutionProvider"])
    given = {
        name: np.array([row[name] for row in rows], dtype=np.float64 if isinstance(rows[0][name], float) else object)
        for name in rows[0]
    }
    for one in session.get_inputs():
        if one.shape[1] > 1:  # plain numbers side by side: "X", or "X_" beside an offset of that name
            given[one.name] = np.column_stack([given.pop(name) for name in model.features])
    return session.run(None, {name: values.reshape(len(rows), -1) for name, values in given.items()})[0][:, 0]


def exported(language, model, rows):
    if language == "sqlite":
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            return by_sql(model, rows, connection, "REAL")
    if language == "duckdb":
        with duckdb.connect() as connection:
            return by_sql(model, rows, connection, "DOUBLE")
    return {"python": by_python, "excel": by_excel, "onnx": by_onnx}[language](model, rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_exports_apply_the_exposure(language):
    rows = FRAME[["hours", "kind", "age"]].head(20).to_dict("records")
    # Excel keeps 15 digits of each weight
    np.testing.assert_allclose(exported(language, MODEL, rows), MODEL.predict(FRAME.head(20)), rtol=1e-13)
    for wrong in (0.0, -1.0):
        first, second = exported(language, MODEL, [rows[0], {**rows[1], "hours": wrong}])
        assert first == pytest.approx(EXPECTED[0], rel=1e-8)
        assert np.isnan(second)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("column", ["X", "base"])
def test_exports_add_an_offset_to_plain_numbers_and_powers(language, column):
    beside = OffsetColumn("offset", column)
    plain = Model(("u", "v"), ("y",), np.array([[0.5], [-1.0]]), np.array([0.25]), loss="logistic", offset=beside)
    coding = Coding((Column("u"), Column("v")), degree=2)
    weights = np.array([[0.5], [0.1], [-1.0], [0.2]])
    powers = Model(coding.features, ("y",), weights, np.array([0.25]), {}, coding, None, "huber", (), beside)
    generator = np.random.default_rng(2)
    table = pandas.DataFrame(generator.normal(size=(9, 3)), columns=["u", "v", column])
    for model in (plain, powers):
        np.testing.assert_allclose(
            exported(language, model, table.to_dict("records")), model.predict(table), rtol=1e-12, atol=1e-13
        )
    margin = table.u / 2 - table.v + 0.25 + table[column]
    np.testing.assert_allclose(plain.predict(table), 1 / (1 + np.exp(-margin)), rtol=1e-13)
    squares = table.u / 2 + table.u**2 / 10 - table.v + table.v**2 / 5 + 0.25 + table[column]
    np.testing.assert_allclose(powers.predict(table), squares, rtol=1e-12)
