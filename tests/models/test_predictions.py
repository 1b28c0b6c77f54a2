"""Predictions: any table, coded as when the model learned, beside the table's own columns; whole or not at all."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys

import duckdb
import numpy as np
import pandas
import pytest
import scipy.sparse

import steepest
from steepest.cli import _run as run
from steepest.errors import DataError, DataTypeError, MissingValuesError, UsageError
from tests.support.moments import ROOT, struck_command

GENERATOR = np.random.default_rng(0)
N = 300
TABLE = pandas.DataFrame(
    {
        "id": [f"n° {i}" for i in range(N)],
        "x": GENERATOR.normal(size=N) + 5,
        "kind": GENERATOR.choice(["red", "green", "it's blue"], size=N),
        "z": np.where(GENERATOR.uniform(size=N) < 0.1, np.nan, GENERATOR.normal(size=N)),
    }
)
TABLE["y"] = (
    2 * TABLE.x
    + (TABLE.kind == "red")
    - 3 * (TABLE.kind == "it's blue")
    + TABLE.z.fillna(0.7)
    + GENERATOR.normal(size=N)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run on texts, missing values, powers and products, and its table as a CSV file."""
    place = tmp_path_factory.mktemp("run")
    TABLE.to_csv(place / "t.csv", index=False)
    options = ["--exclude", "id", "--missing", "indicator", "--degree", "2", "--interactions", "x:kind"]
    assert run(["fit", str(place / "t.csv"), "--target", "y", *options, "--out", str(place / "run")]) == 0
    return place


def literal(model, frame):
    """Code the columns by hand, and predict row by row."""
    result = []
    for row in frame.itertuples():
        values = {"x": row.x, "x^2": row.x**2, "z": 0.0 if np.isnan(row.z) else row.z}
        values |= {"z^2": values["z"] ** 2, "z missing": float(np.isnan(row.z))}
        for level in ("it's blue", "red"):
            values[f"kind={level}"] = float(row.kind == level)
            values[f"x:kind={level}"] = row.x * (row.kind == level)
        result.append(sum(w * values[name] for name, w in zip(model.features, model.weights[:, 0], strict=True)))
    return np.array(result) + model.bias[0]


def read(path):
    return duckdb.sql(f"SELECT * FROM '{path}'").df()


@pytest.mark.slow
def test_a_table_in_python_is_coded_as_when_the_model_learned(folder):
    model = steepest.load(folder / "run")
    exact = literal(model, TABLE)
    for data in (TABLE, str(folder / "t.csv"), TABLE[["kind", "z", "id", "x"]], f"SELECT * FROM '{folder}/t.csv'"):
        np.testing.assert_allclose(model.predict(data), exact, rtol=1e-13)
    np.testing.assert_allclose(model.predict(TABLE[5:6]), exact[5:6], rtol=1e-13)


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "parquet", "jsonl", "jsonl.zst"])
def test_every_form_holds_the_table_and_the_predictions(folder, tmp_path, ending, capsys):
    out = tmp_path / f"out.{ending}"
    assert run(["predict", str(folder / "run"), str(folder / "t.csv"), "-o", str(out)]) == 0
    written = read(out)
    assert list(written.columns) == [*TABLE.columns, "prediction"]
    pandas.testing.assert_frame_equal(written[list(TABLE.columns)], TABLE, check_dtype=False, rtol=1e-15)
    exact = literal(steepest.load(folder / "run"), TABLE)
    np.testing.assert_allclose(written.prediction, exact, rtol=1e-13)
    rmse = np.sqrt(np.mean((exact - TABLE.y) ** 2))
    mae = np.mean(np.abs(exact - TABLE.y))
    assert f"300 rows, RMSE against y {rmse:.6f}, MAE {mae:.6f} (300 rows)" in capsys.readouterr().out
    assert os.listdir(tmp_path) == [out.name]


@pytest.mark.slow
def test_rows_left_out_do_not_shift_the_others(folder, tmp_path, capsys):
    TABLE.drop(columns="z").assign(w=TABLE.z.where(TABLE.index % 3 > 0)).to_csv(tmp_path / "t.csv", index=False)
    assert run(["fit", str(tmp_path / "t.csv"), "--target", "y", "--features", "x,w", "--missing", "drop", "--out", str(tmp_path / "run")]) == 0  # fmt: skip
    model = steepest.load(tmp_path / "run")
    w = TABLE.z.where(TABLE.index % 3 > 0)
    exact = model.bias[0] + TABLE.x * model.weights[0, 0] + w * model.weights[1, 0]
    capsys.readouterr()
    assert run(["predict", str(tmp_path / "run"), str(tmp_path / "t.csv")]) == 3
    assert f"{w.isna().sum()} values are missing (w {w.isna().sum()})" in capsys.readouterr().err
    for policy, expected in (("drop", exact.dropna()), ("empty", exact)):
        out = tmp_path / f"{policy}.parquet"
        assert (
            run(["predict", str(tmp_path / "run"), str(tmp_path / "t.csv"), "-o", str(out), "--missing", policy]) == 0
        )
        written = read(out)
        np.testing.assert_allclose(written.prediction, expected, rtol=1e-13)
        assert list(written.id) == list(TABLE.id[expected.index])
        np.testing.assert_allclose(model.predict(str(tmp_path / "t.csv"), missing=policy), expected, rtol=1e-13)
    said = capsys.readouterr().out
    assert f"{exact.notna().sum()} rows, {w.isna().sum()} left out for missing values" in said
    assert f"300 rows, {w.isna().sum()} without a prediction" in said
    with pytest.raises(MissingValuesError, match="values are missing"):
        model.predict(str(tmp_path / "t.csv"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "SELECT f.*, g.k FROM '{0}/f.parquet' f JOIN '{0}/g.parquet' g USING (id)",
        "SELECT DISTINCT * FROM '{0}/f.parquet'",
        "SELECT * FROM '{0}/f.parquet' USING SAMPLE 50%",
        "SELECT * FROM '{0}/f.parquet' UNION SELECT * FROM '{0}/f.parquet'",
    ],
)
def test_rows_of_a_query_without_an_order_keep_their_predictions(tmp_path, query):
    """Such a query gives its rows in another order, or other rows, each time it is asked."""
    n = 200_000
    duckdb.sql(
        f"COPY (SELECT range AS id, range % 1000 AS a, 2.0 * (range % 1000) + 1 AS y FROM range({n})) TO '{tmp_path}/f.parquet'"
    )
    duckdb.sql(f"COPY (SELECT range AS id, range AS k FROM range({n}) ORDER BY hash(range)) TO '{tmp_path}/g.parquet'")
    assert run(["fit", f"{tmp_path}/f.parquet", "--target", "y", "--exclude", "id", "--out", f"{tmp_path}/run"]) == 0
    out = tmp_path / "o.parquet"
    assert run(["predict", f"{tmp_path}/run", query.format(tmp_path), "-o", str(out)]) == 0
    written = read(out)
    assert np.abs(written.prediction - written.y).max() < 1e-8
    assert len(written) == n or "SAMPLE" in query
    assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_fields_of_a_text_file_pass_through_as_they_are_written(folder, tmp_path):
    extra = ["NA", "01/02/2020", "0x1F", "1E5", "1.10", "t", "12:30", "null", " blank ", "00123", "a,b", 'say "x"']
    lines = [
        [f"{row.x!r}", row.kind, "" if np.isnan(row.z) else f"{row.z!r}", cell, "1.50"]
        for row, cell in zip(TABLE.itertuples(), extra, strict=False)
    ]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["x", "kind", "z", "note", "price"], *lines])
    for ending in ("csv", "tsv"):
        out = tmp_path / f"o.{ending}"
        assert run(["predict", str(folder / "run"), str(tmp_path / "t.csv"), "-o", str(out)]) == 0
        with out.open(newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream, delimiter="," if ending == "csv" else "\t")
        assert header == ["x", "kind", "z", "note", "price", "prediction"]
        assert [row[:5] for row in rows] == lines
        exact = literal(steepest.load(folder / "run"), TABLE[: len(extra)])
        np.testing.assert_allclose([float(row[5]) for row in rows], exact, rtol=1e-13)


@pytest.mark.slow
def test_true_and_false_are_written_in_many_ways(tmp_path, capsys):
    frame = pandas.DataFrame({"x": np.arange(8.0), "flag": [True, False] * 4})
    frame["y"] = frame.x + 10 * frame.flag
    frame.to_parquet(tmp_path / "t.parquet")
    assert run(["fit", str(tmp_path / "t.parquet"), "--target", "y", "--out", str(tmp_path / "run")]) == 0
    model = steepest.load(tmp_path / "run")
    for true, false in ((1, 0), ("yes", "no"), ("True", "False"), ("t", "f"), ("TRUE", "false")):
        np.testing.assert_allclose(model.predict(frame.assign(flag=[true, false] * 4)), frame.y, rtol=1e-9)
    odd = frame.assign(flag=["perhaps", "yes"] * 4)
    with pytest.raises(DataError, match=r"does not know: 'perhaps'\. Take"):
        model.predict(odd)
    odd.to_csv(tmp_path / "odd.csv", index=False)
    command = [
        "predict",
        str(tmp_path / "run"),
        str(tmp_path / "odd.csv"),
        "--unseen",
        "reference",
        "-o",
        str(tmp_path / "o.csv"),
    ]
    assert run(command) == 0
    assert "Note: 4 values of a category that the model does not know" in capsys.readouterr().err


def test_missing_numbers_of_an_array(folder):
    model = steepest.Model(("a", "b"), ("y",), np.array([[1.0], [2.0]]), np.array([3.0]))
    inputs = [[1.0, np.nan], [1.0, 1.0]]
    with pytest.raises(MissingValuesError, match="1 value is NaN"):
        model.predict(inputs)
    np.testing.assert_array_equal(model.predict(inputs, missing="empty"), [np.nan, 6.0])
    np.testing.assert_array_equal(model.predict(inputs, missing="drop"), [6.0])
    assert model.predict(np.zeros((0, 2))).shape == (0,)
    with pytest.raises(UsageError, match="missing is"):
        model.predict(inputs, missing="indicator")


def test_targets_that_are_no_numbers_are_not_compared(folder, tmp_path, capsys):
    table = TABLE.assign(y=np.where(TABLE.index < 5, np.inf, TABLE.y)).assign(y=lambda t: t.y.where(t.index != 7))
    table.to_parquet(tmp_path / "t.parquet")
    assert (
        run(["predict", str(folder / "run"), str(tmp_path / "t.parquet"), "-o", str(tmp_path / "o.csv"), "--json"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    stay = np.isfinite(table.y)
    exact = literal(steepest.load(folder / "run"), TABLE)
    assert said["compared"] == stay.sum() == N - 6
    assert said["rmse"] == pytest.approx(np.sqrt(np.mean((exact - TABLE.y)[stay] ** 2)), rel=1e-12)
    assert said["mae"] == pytest.approx(np.mean(np.abs(exact - TABLE.y)[stay]), rel=1e-12)


def test_many_blocks_keep_their_order(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 1)  # 1,024 rows at once, the fewest
    big = pandas.concat([TABLE] * 15, ignore_index=True).assign(id=np.arange(15 * N))
    big.loc[1000:1100, "kind"] = None
    big.to_parquet(tmp_path / "t.parquet")
    out = tmp_path / "out.parquet"
    assert run(["predict", str(folder / "run"), str(tmp_path / "t.parquet"), "-o", str(out), "--missing", "drop"]) == 0
    written, stay = read(out), big[big.kind.notna()]
    assert list(written.id) == list(stay.id)
    np.testing.assert_allclose(written.prediction, literal(steepest.load(folder / "run"), stay), rtol=1e-13)


def test_a_category_that_the_model_does_not_know(folder, tmp_path, capsys):
    TABLE.assign(kind="mauve").to_csv(tmp_path / "t.csv", index=False)
    command = ["predict", str(folder / "run"), str(tmp_path / "t.csv"), "-o", str(tmp_path / "o.csv")]
    assert run(command) == 3
    assert "categories that the model does not know: 'mauve'" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()
    assert run([*command, "--unseen", "reference"]) == 0
    green = literal(steepest.load(folder / "run"), TABLE.assign(kind="green"))
    np.testing.assert_allclose(read(tmp_path / "o.csv").prediction, green, rtol=1e-13)
    with pytest.raises(DataError, match="mauve"):
        steepest.load(folder / "run").predict(TABLE.assign(kind="mauve"))


@pytest.mark.slow
def test_limits_are_those_of_the_coefficient_table(tmp_path):
    frame = TABLE[["x", "y"]]
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert run(["fit", str(tmp_path / "t.csv"), "--target", "y", "--out", str(tmp_path / "run")]) == 0
    out = tmp_path / "o.parquet"
    assert run(["predict", str(tmp_path / "run"), str(tmp_path / "t.csv"), "--interval", "0.9", "-o", str(out)]) == 0
    written = read(out)
    # by the textbook: t·s·√(1 + 1/n + (x - mean)²/Σ(x - mean)²)
    from scipy.stats import t

    fit = np.polynomial.Polynomial.fit(frame.x, frame.y, 1)(frame.x)
    s = np.sqrt(np.sum((frame.y - fit) ** 2) / (N - 2))
    reach = (
        t.ppf(0.95, N - 2)
        * s
        * np.sqrt(1 + 1 / N + (frame.x - frame.x.mean()) ** 2 / ((frame.x - frame.x.mean()) ** 2).sum())
    )
    # the run itself is within 1e-12 of the way to the answer
    np.testing.assert_allclose(
        written[["prediction", "lower", "upper"]], np.c_[fit, fit - reach, fit + reach], rtol=1e-10
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--l2", "0.1"], "penalized or stopped before it"),
        (["--epochs", "2", "--learning-rate", "0.1"], "penalized or stopped before it"),
    ],
)
def test_limits_are_refused_for_what_is_not_least_squares(folder, tmp_path, options, message, capsys):
    run(["fit", str(folder / "t.csv"), "--target", "y", "--features", "x", *options, "--out", str(tmp_path / "run")])
    command = ["predict", str(tmp_path / "run"), str(folder / "t.csv"), "--interval", "0.95"]
    assert run(command) == 2
    assert message in capsys.readouterr().err
    assert run(["predict", str(tmp_path / "run"), str(folder / "t.csv"), "-o", str(tmp_path / "o.csv")]) == 0
    (tmp_path / "run" / "triangle").unlink()
    assert run(command) == 2
    assert "intervals need the rows' triangle" in capsys.readouterr().err


def test_81_texts_that_a_spreadsheet_would_run_are_marked_by_option(folder, tmp_path):
    """OWASP's list: = + - @ tab CR (and LF); numbers stay numbers, and taking the mark away gives the table back."""
    cells = [
        "=1+1",
        "+cmd",
        "-x",
        "@SUM(A1)",
        "\ttab",
        "\rreturn",
        "\nline",
        "plain",
        "-1.5",
        "+2e3",
        "a=b",
        "'=quoted",
        "",
        "5-3",
    ]
    frame = TABLE[: len(cells)].assign(**{"=head": cells, "number": -1.5})
    frame.to_parquet(tmp_path / "t.parquet")
    for safe in (False, True):
        out = tmp_path / f"{safe}.csv"
        assert (
            run(["predict", str(folder / "run"), str(tmp_path / "t.parquet"), "-o", str(out), *["--safe-csv"] * safe])
            == 0
        )
        with out.open(newline="", encoding="utf-8") as stream:
            header, *rows = csv.reader(stream)
        column = [row[header.index("'=head" if safe else "=head")] for row in rows]
        marked = [
            "'" + cell if cell[:1] in tuple("=+-@\t\r\n") and cell not in ("-1.5", "+2e3") else cell for cell in cells
        ]
        assert column == (marked if safe else cells)
        assert {row[header.index("number")] for row in rows} == {"-1.5"}
        assert [float(row[header.index("prediction")]) for row in rows] == pytest.approx(literal(steepest.load(folder / "run"), frame), rel=1e-13)  # fmt: skip


def test_without_a_file_predictions_go_to_stdout_and_words_to_stderr(folder, capfdbinary):
    assert run(["predict", str(folder / "run"), str(folder / "t.csv")]) == 0
    out, err = capfdbinary.readouterr()
    lines = out.decode().splitlines()
    assert lines[0] == "id,x,kind,z,y,prediction"
    assert len(lines) == N + 1
    assert b"300 rows, RMSE against y" in err


@pytest.mark.process
def test_a_reader_that_goes_away_is_no_error(folder):
    command = f"{sys.executable} -m steepest predict {folder}/run {folder}/t.csv | head -1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert result.stdout == "id,x,kind,z,y,prediction\n"
    assert "Traceback" not in result.stderr


def test_json_says_what_was_written(folder, tmp_path, capsys):
    out = tmp_path / "o.csv"
    assert run(["predict", str(folder / "run"), str(folder / "t.csv"), "-o", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    exact = literal(steepest.load(folder / "run"), TABLE)
    assert said.pop("rmse") == pytest.approx(np.sqrt(np.mean((exact - TABLE.y) ** 2)), rel=1e-12)
    assert said.pop("mae") == pytest.approx(np.mean(np.abs(exact - TABLE.y)), rel=1e-12)
    assert said.pop("schema") == "steepest-predict/1"
    assert said == {"out": str(out), "rows": N, "left_out": 0, "empty": 0, "target": "y", "compared": N}


def test_databases_arrays_and_streams(folder, tmp_path):
    model = steepest.load(folder / "run")
    exact = literal(model, TABLE)
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.register("frame", TABLE).execute("CREATE TABLE t AS SELECT * FROM frame")
    with sqlite3.connect(tmp_path / "d.sqlite") as connection:
        TABLE.to_sql("t", connection, index=False)
    connection.close()
    for database in ("d.duckdb", "d.sqlite"):
        out = tmp_path / f"{database}.csv"
        assert run(["predict", str(folder / "run"), "t", "--database", str(tmp_path / database), "-o", str(out)]) == 0
        written = read(out)
        np.testing.assert_allclose(written.prediction, exact, rtol=1e-13)
        assert list(written.columns) == [*TABLE.columns, "prediction"]
    plain = steepest.Model.of(steepest.descend(TABLE[["x"]].to_numpy(), TABLE.y.to_numpy(), standardize=True))
    np.save(tmp_path / "x.npy", TABLE[["x"]].to_numpy())
    by_hand = plain.bias[0] + plain.weights[0, 0] * TABLE.x
    inputs = TABLE[["x"]].to_numpy()
    for data in (
        inputs,
        inputs.tolist(),
        scipy.sparse.csr_array(inputs),
        str(tmp_path / "x.npy"),
        TABLE.rename(columns={"x": "x1"}),
    ):
        np.testing.assert_allclose(plain.predict(data), by_hand, rtol=1e-14)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (TABLE[["x", "kind"]], UsageError, "no column 'z', which the model needs"),
        (TABLE.assign(x="much"), DataError, "column 'x'"),
        (TABLE.assign(x=np.inf), DataError, "column 'x' holds inf"),
        (np.ones((2, 3)), DataError, "the model has the 9 features"),
        (np.full((2, 9), np.nan), MissingValuesError, "18 values are NaN"),
        (np.ones(9), DataError, r"got \(9,\)"),
        ({"x": [1.0]}, DataTypeError, "type dict is not known"),
        (np.ma.masked_array(np.ones((2, 9)), True), DataTypeError, "masked"),
        ("nowhere.csv", DataError, "not found"),
        (None, DataTypeError, "type NoneType is not known"),
    ],
)
def test_data_that_does_not_fit_is_refused(folder, data, error, message):
    with pytest.raises(error, match=message):
        steepest.load(folder / "run").predict(data)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["-o", "there.csv"], 2, "exists already"),
        (["-o", "there.csv", "--force", "--name", "X"], 2, "there is a column 'X' already"),
        (["-o", "new.xlsx"], 2, "written as .csv, .tsv"),
        (["-o", "nowhere/new.csv"], 2, "cannot write into"),
        (["--json"], 2, "--json and --force go with a file"),
        (["--interval", "1.5"], 2, "--interval must be a share"),
        (["--interval", "0"], 2, "--interval must be a share"),
    ],
)
def test_a_command_that_cannot_work_leaves_what_is_there(folder, tmp_path, monkeypatch, capsys, more, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("mine")
    assert run(["predict", str(folder / "run"), str(folder / "t.csv"), *more]) == code
    assert message in capsys.readouterr().err
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("there.csv", "mine")]


def test_bad_rows_leave_an_earlier_file_as_it_was(folder, tmp_path, capsys):
    lines = (folder / "t.csv").read_text().splitlines()
    (tmp_path / "t.csv").write_text("\n".join([*lines, "n,much,red,1,2"]))
    (tmp_path / "o.csv").write_text("mine")
    command = ["predict", str(folder / "run"), str(tmp_path / "t.csv"), "-o", str(tmp_path / "o.csv"), "--force"]
    assert run(command) == 3
    assert "'x'" in capsys.readouterr().err
    assert sorted((p.name, p.read_text()[:4]) for p in tmp_path.iterdir()) == [("o.csv", "mine"), ("t.csv", "id,x")]


@pytest.mark.process
def test_an_interrupted_prediction_leaves_nothing(tmp_path, folder):
    TABLE.to_parquet(tmp_path / "t.parquet")
    # the predictions are there, and are about to be written
    command = struck_command(signal.SIGINT, "_copy", 1, "predict", folder / "run", tmp_path / "t.parquet")
    done = subprocess.run([*command, "-o", tmp_path / "o.csv"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 130, done.stderr
    assert "Interrupted; nothing was written" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
