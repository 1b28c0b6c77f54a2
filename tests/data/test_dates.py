"""Dates: as days or parts, to Python's own numbers, and the same again where a model predicts."""

import datetime
import itertools
import json

import numpy as np
import pandas
import pytest

import steepest
from steepest.errors import DataError, ModelFileError, UsageError

GENERATOR = np.random.default_rng(4)
STAMPS = [
    datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(value))
    for value in GENERATOR.integers(-(10**15), 10**15, 60)
]
DAYS = [stamp.date() for stamp in STAMPS]
EPOCH = datetime.date(1970, 1, 1)


def frame(stamps=True):
    x = GENERATOR.normal(size=60)
    return pandas.DataFrame({"when": STAMPS if stamps else DAYS, "x": x, "y": x + np.arange(60) % 5})


def files(table, folder):
    """The same rows as a data frame, a CSV file and a Parquet file."""
    table.to_csv(folder / "t.csv", index=False)
    table.to_parquet(folder / "t.parquet")
    return [table, folder / "t.csv", folder / "t.parquet"]


def inputs(data, **options):
    source = steepest.open_source(data, target="y", **options)
    return source.features, np.concatenate([batch.X for batch in source.batches()])


def test_days_are_those_of_python(tmp_path):
    pytest.importorskip("pyarrow")
    for data in files(frame(stamps=False), tmp_path):
        features, X = inputs(data, dates="days")
        assert features == ("when", "x")
        assert X[:, 0].tolist() == [(day - EPOCH).days for day in DAYS]
    for data in files(frame(), tmp_path):
        _, X = inputs(data, dates="days")
        micro = [(stamp - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1) for stamp in STAMPS]
        assert X[:, 0].tolist() == [value / 86_400_000_000 for value in micro]


def test_parts_are_those_of_python(tmp_path):
    pytest.importorskip("pyarrow")
    for stamps, data in ((s, d) for s in (True, False) for d in files(frame(s), tmp_path)):
        features, X = inputs(data, dates="parts")
        parts = ["year", "month", "day", "weekday", *(["hour"] if stamps else [])]
        assert features == (*(f"when.{part}" for part in parts), "x")
        expected = [[t.year, t.month, t.day, t.isoweekday(), *([t.hour] if stamps else [])] for t in STAMPS]
        assert X[:, :-1].tolist() == expected


def test_times_of_a_zone_are_taken_in_utc(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("when,y\n2024-01-01T01:30:00+02:00,1\n2024-06-01T12:00:00Z,2\n")
    _, X = inputs(file, dates="parts")
    assert X.tolist() == [[2023, 12, 31, 7, 23], [2024, 6, 1, 6, 12]]


@pytest.mark.parametrize("dates", ["days", "parts"])
def test_a_kept_model_codes_dates_as_when_it_learned(tmp_path, dates):
    pytest.importorskip("pyarrow")
    table = frame()
    _, X = inputs(table, dates=dates)
    run = steepest.descend(
        steepest.open_source(table, target="y", dates=dates), standardize=True, learning_rate=0.1, epochs=3
    )
    steepest.Model.of(run).save(tmp_path / "model.json")
    model = steepest.load(tmp_path / "model.json")
    assert model == steepest.Model.of(run)
    expected = X @ run.weights + run.bias
    for data in files(table, tmp_path):
        np.testing.assert_allclose(model.predict(data), expected, rtol=1e-12)
    with pytest.raises(DataError, match=r"'when' .* is VARCHAR, and the model needs dates there"):
        model.predict(table.assign(when="soon"))
    triangle = steepest.summarize(steepest.open_source(table, target="y", dates=dates))
    triangle.save(tmp_path / "t.triangle")
    assert steepest.Triangle.load(tmp_path / "t.triangle").coding == model.coding
    for target in ("sql", "python"):
        with pytest.raises(UsageError, match="reads column 'when' as dates, which no export computes yet"):
            steepest.export(model, target)


def test_missing_dates_are_counted_once_and_have_one_indicator():
    table = frame().assign(when=[None, *STAMPS[1:]])
    with pytest.raises(steepest.MissingValuesError, match=r"^1 values are missing \(when 1\)"):
        inputs(table, dates="parts")
    _, X = inputs(table, dates="parts", missing="drop")
    assert len(X) == 59
    features, X = inputs(table, dates="parts", missing="indicator")
    assert features == ("when.year", "when missing", "when.month", "when.day", "when.weekday", "when.hour", "x")
    assert X[0, :6].tolist() == [0, 1, 0, 0, 0, 0]
    assert not X[1:, 1].any()


def test_dates_of_another_order_are_refused_with_their_row(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("when,y\n13/02/2020,1\n01/02/2020,2\n14/02/2020,3\n")
    with pytest.raises(
        DataError, match=r"3 of its dates not written as 2024-12-31; the first is '13/02/2020' in data row 1"
    ):
        inputs(file, dates="days")


def test_a_column_named_as_a_part_is_refused():
    table = frame(stamps=False).assign(**{"when.year": 1.0})
    with pytest.raises(DataError, match=r"two features would be called 'when\.year'"):
        inputs(table, dates="parts")


def test_the_refusal_of_dates_counts_them_and_tells_the_first(tmp_path):
    table = frame(stamps=False).assign(when=[None, *DAYS[1:]])
    said = rf"'when' of .* not a number \(59 values, the first in data row 2\); for example '{DAYS[1]}'"
    pytest.importorskip("pyarrow")
    for data in files(table, tmp_path):
        with pytest.raises(DataError, match=said):
            inputs(data)


@pytest.mark.parametrize(("dates", "sentence"), [("weeks", 'dates is "days" or "parts"'), (3, "dates is")])
def test_dates_has_a_range(dates, sentence):
    with pytest.raises(UsageError, match=sentence):
        inputs(frame(), dates=dates)


def test_damaged_parts_in_a_model_file_are_refused(tmp_path):
    run = steepest.descend(steepest.open_source(frame(), target="y", dates="days"), standardize=True, epochs=2)
    content = json.loads(steepest.Model.of(run).to_bytes())
    wrong = [{"part": "week"}, {"of": "x"}, {"part": "year"}, {"levels": ["a", "b"]}]
    for change, removed in itertools.product(wrong, (None, "of")):
        column = {**content["coding"]["columns"][0], **change}
        column.pop(removed, None)
        damaged = {**content, "coding": {**content["coding"], "columns": [column, *content["coding"]["columns"][1:]]}}
        with pytest.raises(ModelFileError, match="coding"):
            steepest.Model.from_bytes(json.dumps(damaged).encode())
