"""Columns from the names of folders: only below the folder or pattern given, where they differ, and never over a file's own."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import steepest
from steepest.cli.fit import command as fit
from steepest.cli.predict import command as predict
from steepest.data.sources import open_source
from steepest.data.sources.partitions import partitions_of
from steepest.summaries.summarize import read

GENERATOR = np.random.default_rng(5)
FRAME = pd.DataFrame(GENERATOR.normal(size=(40, 2)), columns=["a", "x"])
FRAME["y"] = 3 * FRAME["a"] - 2 * FRAME["x"] + 1
WRITERS = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, double_precision=15),
}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """Write a frame below a folder whose own name looks like a partition, and return the file."""

    def written(folder, frame=FRAME):
        place = tmp_path / "a=7" / folder
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"part.{request.param}"
        WRITERS[request.param](frame, file)
        return file

    return written


def _answer(data, **options):
    source = open_source(data, target="y", **options)
    return source.features, steepest.solve(source).weights, source.notes


def _note(name):
    return f"column {name!r} is from the names of the folders ({name}=…)"


def test_folders_above_one_file_are_no_columns(write, monkeypatch):
    file = write("run=3")
    monkeypatch.chdir(file.parents[2])
    for data in (
        file,
        file.relative_to(file.parents[2]),
        file.parent,
        f"{file.parent}/*{file.suffix}",
        f"{file.parents[1]}",
    ):
        features, weights, notes = _answer(data)
        assert features == ("a", "x")
        np.testing.assert_allclose(weights, [3, -2], rtol=1e-9)
        assert notes == []


def test_a_column_of_the_file_is_never_replaced(write):
    for a in (1, 2):
        file = write(f"own/a={a}/run={a}", FRAME.assign(y=FRAME["y"] + 10 * a))
    features, weights, notes = _answer(file.parents[2])
    assert features == ("a", "x", "run")
    np.testing.assert_allclose(weights, [3, -2, 10], rtol=1e-9)
    assert notes == [_note("run")]


def test_folders_that_differ_are_columns_and_said(write):
    for year in (2013, 2014):
        file = write(f"hive/year={year}", FRAME.assign(y=FRAME["y"] + 10 * (year - 2013)))
    hive = file.parents[1]
    for data in (hive, f"{hive}/*/*{file.suffix}", f"{hive.parent}/*/year=*/*"):
        features, weights, notes = _answer(data)
        assert features == ("a", "x", "year")
        np.testing.assert_allclose(weights, [3, -2, 10], rtol=1e-9)
        assert notes == [_note("year")]
    source = open_source(hive, target="y")
    pieces = [read(piece).triangle for piece in source.pieces()]
    assert [piece.row_count for piece in pieces] == [40, 40]
    np.testing.assert_allclose(steepest.solve(pieces[0] + pieces[1]).weights, [3, -2, 10], rtol=1e-9)
    left_out = open_source(hive, target="y", exclude=["year"])
    assert (left_out.features, left_out.notes) == (("a", "x"), [])


def test_a_model_finds_them_again_where_they_do_not_differ(write):
    for year in (2013, 2014):
        file = write(f"hive/year={year}", FRAME.assign(y=FRAME["y"] + 10 * (year - 2013)))
    model = steepest.Model.of(steepest.descend(open_source(file.parents[1], target="y")))
    expected = FRAME["y"] + 10
    np.testing.assert_allclose(model.predict(f"{file.parents[1]}/*=2014/*"), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(steepest.UsageError, match="has no column 'year', which the model needs"):
        model.predict(file)


def test_values_have_the_widest_type_and_may_be_missing(write):
    names = {
        "b": ("01", "02"),
        "alpha": ("0.5", "1"),
        "kind": ("fir%20tree", "oak"),
        "gap": ("__HIVE_DEFAULT_PARTITION__", "1"),
    }
    for j in (0, 1):
        file = write("/".join(["kinds", *(f"{name}={values[j]}" for name, values in names.items())]))
    source: Any = open_source(file.parents[4], target="y", exclude=["gap"])
    assert [source.types[name] for name in ("b", "alpha", "kind", "gap")] == ["BIGINT", "DOUBLE", "VARCHAR", "BIGINT"]
    assert source.features == ("a", "x", "b", "alpha", "kind=oak")
    with pytest.raises(steepest.MissingValuesError, match=r"40 values are missing \(gap 40\)"):
        _answer(file.parents[4])


def test_whole_numbers_that_float64_rounds_are_told(write):
    for value in (2**53 + 1, 2):
        file = write(f"large/b={value}")
    with pytest.warns(steepest.DataWarning, match=r"values changed: 'b' 40"):
        list(open_source(file.parents[1], target="y").batches())


def test_dates_in_names_are_dates(tmp_path):
    for day in ("2020-01-01", "2020-01-02"):
        (tmp_path / f"when={day}").mkdir()
        FRAME.to_csv(tmp_path / f"when={day}/part.csv", index=False)
    with pytest.raises(
        steepest.DataError,
        match=r"column 'when' .* is DATE, not a number \(80 values, the first in data row 1\); for example '2020-01-01'",
    ):
        _answer(tmp_path)


def test_a_file_outside_of_the_folders_has_no_value(tmp_path):
    (tmp_path / "year=2013").mkdir()
    FRAME.to_csv(tmp_path / "year=2013/part.csv", index=False)
    FRAME.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(steepest.MissingValuesError, match=r"\(year 40\)"):
        _answer(tmp_path)


def test_names_with_marks_of_patterns_and_quotes(tmp_path):
    for j in (1, 2):
        place = tmp_path / f"it's [{j}]" / f"o'k (s)={j}"
        place.mkdir(parents=True)
        FRAME.assign(y=FRAME["y"] + j).to_csv(place / "part.csv", index=False)
    features, weights, _ = _answer(tmp_path)
    assert features == ("a", "x", "o'k (s)")
    np.testing.assert_allclose(weights, [3, -2, 1], rtol=1e-9)


def test_only_what_is_below_counts(tmp_path):
    paths = [tmp_path / f"a=7/year={year}/part.csv" for year in (1, 2)]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.touch()
    assert [(p.name, p.kind) for p in partitions_of(tmp_path, paths)] == [("year", "BIGINT")]
    assert [p.name for p in partitions_of(tmp_path, paths, named=["a"])] == ["a", "year"]
    assert [p.name for p in partitions_of(tmp_path / "a=7", paths, named=["a"])] == ["year"]
    assert partitions_of(paths[0], paths[:1], named=["a", "year"]) == ()


def test_the_commands_say_and_write_them(tmp_path):
    for year in (2013, 2014):
        (tmp_path / f"hive/year={year}").mkdir(parents=True)
        FRAME.assign(y=FRAME["y"] + 10 * (year - 2013)).to_csv(tmp_path / f"hive/year={year}/part.csv", index=False)
    run = tmp_path / "run"
    done = CliRunner().invoke(fit, [str(tmp_path / "hive"), "--target", "y", "--out", str(run)])
    assert done.exit_code == 0, done.output
    assert _note("year") in done.output
    out = tmp_path / "predicted.csv"
    done = CliRunner().invoke(predict, [str(run), str(tmp_path / "hive"), "-o", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout[done.stdout.index("{") :])["rmse"] < 1e-6  # click below 8.2 puts stderr before it
    written = pd.read_csv(out)
    assert written["year"].value_counts().to_dict() == {2013: 40, 2014: 40}
    np.testing.assert_allclose(written["prediction"], written["y"], atol=1e-6)
