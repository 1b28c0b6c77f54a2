"""Coding: categories, missing values, powers and products; the same where it learns and where it predicts."""

import itertools
import re

import numpy as np
import pandas
import polars
import pyarrow
import pytest

import steepest
from steepest.data.coding import Coding, Column
from steepest.errors import DataError, DataTypeError, DataWarning, MissingValuesError, UsageError

FRAME = pandas.DataFrame(
    {
        "x": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0, 8.0],
        "kind": ["b", "a", "b", None, "c", "c", "a", "b"],
        "w": [1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 2.0],
        "y": [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0],
    }
)


def rows(source):
    batches = list(source.batches())
    return np.concatenate([b.X for b in batches]), np.concatenate([b.y[:, 0] for b in batches])


def test_missing_values_are_refused_with_counts():
    with pytest.raises(
        MissingValuesError, match=r"2 values are missing \(x 1, kind 1\); the first is column 'x' in data row 3\. Fill"
    ):
        steepest.summarize(FRAME, target="y", features=["x", "kind"])


def test_rows_with_missing_values_are_dropped_and_counted():
    source = steepest.open_source(FRAME, target="y", weight="w", missing="drop")
    X, y = rows(source)
    kept = FRAME.dropna()
    np.testing.assert_array_equal(
        X, np.column_stack([kept["x"], kept["kind"] == "b", kept["kind"] == "c"]).astype(float)
    )
    np.testing.assert_array_equal(y, kept["y"])
    assert source.notes == [
        "kind: 3 categories, reference 'a'",
        "2 of 8 rows left out for missing values (x 1, kind 1)",
    ]
    assert source.describe()["rows_left_out"] == 2
    triangle = steepest.summarize(FRAME, target="y", weight="w", missing="drop")
    assert (triangle.row_count, triangle.total_weight) == (6, 10.0)


def test_missing_values_get_an_indicator_column():
    source = steepest.open_source(FRAME, target="y", features=["x", "kind"], missing="indicator")
    assert source.features == ("x", "x missing", "kind=b", "kind=c", "kind missing")
    X, _ = rows(source)
    np.testing.assert_array_equal(X[2], [0, 1, 1, 0, 0])
    np.testing.assert_array_equal(X[3], [4, 0, 0, 0, 1])
    no_target = FRAME.assign(y=FRAME["y"].where(FRAME["y"] != 9))
    with pytest.raises(MissingValuesError, match="A target or weight has no indicator column"):
        steepest.summarize(no_target, target="y", features=["x", "kind"], missing="indicator")


def test_powers_and_products_are_those_of_numpy():
    table = FRAME.dropna()
    source = steepest.open_source(
        table, target="y", exclude=["w"], degree=3, interactions=[("x", "kind"), ("kind", "x")]
    )
    b, c, x = table["kind"] == "b", table["kind"] == "c", table["x"]
    assert source.features == ("x", "x^2", "x^3", "kind=b", "kind=c", "x:kind=b", "x:kind=c", "kind=b:x", "kind=c:x")
    np.testing.assert_array_equal(
        rows(source)[0], np.column_stack([x, x**2, x**3, b, c, x * b, x * c, b * x, c * x]).astype(float)
    )


def test_unseen_categories_are_named_or_taken_for_the_reference():
    learned = steepest.summarize(FRAME[["kind", "y"]].dropna(), target="y")
    new = pandas.DataFrame({"kind": ["a", "z", "c", "q"], "y": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(DataError, match=r"does not know: 'q', 'z'\. Take them for 'a' .unseen=.reference"):
        steepest.summarize(steepest.open_source(new, target="y", coding=learned.coding))
    X, _ = rows(steepest.open_source(new, target="y", coding=learned.coding, unseen="reference"))
    np.testing.assert_array_equal(X, [[0, 0], [0, 0], [0, 1], [0, 0]])


def test_a_coding_used_again_wants_its_columns():
    learned = steepest.summarize(FRAME[["x", "kind", "y"]].dropna(), target="y")
    with pytest.raises(UsageError, match="no column 'kind', which the model needs"):
        steepest.open_source(FRAME[["x", "y"]], target="y", coding=learned.coding)
    text = pandas.DataFrame({"x": ["low", "high"], "kind": ["a", "b"], "y": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"column 'x' .* is VARCHAR, not a number"):
        steepest.open_source(text, target="y", coding=learned.coding)


def test_the_coding_goes_with_triangle_and_model(tmp_path):
    table = FRAME.dropna()
    source = steepest.open_source(table, target="y", exclude=["w"], degree=2, interactions=[("x", "kind")])
    triangle = steepest.summarize(source)
    triangle.save(tmp_path / "t.triangle")
    again = steepest.Triangle.load(tmp_path / "t.triangle")
    assert again.coding == triangle.coding == source.coding
    assert again.checksum == triangle.checksum
    assert again.origins == triangle.origins
    run = steepest.descend(tmp_path / "t.triangle", l2=0.1)
    steepest.Model.of(run).save(tmp_path / "m.json")
    assert steepest.load(tmp_path / "m.json").coding == source.coding
    assert run.features == source.features


def test_triangles_that_were_coded_differently_do_not_add():
    a = steepest.summarize(pandas.DataFrame({"k": ["a", "b", "a"], "y": [1.0, 2.0, 3.0]}), target="y")
    b = steepest.summarize(pandas.DataFrame({"k": ["b", "c", "b"], "y": [1.0, 2.0, 3.0]}), target="y")
    with pytest.raises(DataError, match="different columns cannot be added"):
        a + b
    c = steepest.summarize(pandas.DataFrame({"k": ["c", "b", "b"], "y": [1.0, 2.0, 3.0]}), target="y")
    with pytest.raises(DataError, match=r"different columns|coded differently"):
        a + c


def test_selecting_features_of_a_coded_triangle_keeps_what_can_be_coded():
    triangle = steepest.summarize(FRAME.dropna(), target="y")
    assert triangle.select(("kind=b", "kind=c")).coding == Coding((Column("kind", ("a", "b", "c")),))
    assert triangle.select(("x",)).coding == Coding.plain(["x"])
    assert triangle.select(("kind=c",)).coding is None


def test_the_model_does_not_depend_on_the_order_of_rows():
    generator = np.random.default_rng(0)
    table = pandas.DataFrame({"k": generator.choice(list("pqrs"), 300), "x": generator.normal(size=300)})
    table["y"] = table["x"] + (table["k"] == "s") + generator.normal(size=300)
    runs = [
        steepest.descend(part, target="y", standardize=True, learning_rate=0.2, epochs=60)
        for part in (table, table[::-1], table.sample(frac=1, random_state=1))
    ]
    for a, b in itertools.combinations(runs, 2):
        assert a.features == b.features == ("k=q", "k=r", "k=s", "x")
        np.testing.assert_allclose(a.weights, b.weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"degree": 0}, UsageError, "degree must be a whole number from 1 to 20; got 0"),
        ({"degree": 2.5}, UsageError, "degree must be a whole number"),
        ({"interactions": [("x", "z")]}, UsageError, "interaction x:z: 'z' is no feature"),
        ({"interactions": [("x", "x")]}, UsageError, "the two are the same"),
        ({"missing": "mean"}, UsageError, 'missing is "error", "drop" or "indicator"'),
        ({"exclude": ["nothing"]}, UsageError, "no column 'nothing'"),
        ({"exclude": ["x", "kind", "w"]}, UsageError, "no column left"),
        ({"decimal": ";"}, UsageError, "decimal is"),
        ({"delimiter": "::"}, UsageError, "delimiter must be one character"),
        ({"encoding": "ebcdic"}, UsageError, "encoding is"),
    ],
)
def test_options_have_a_range(options, error, sentence):
    with pytest.raises(error, match=sentence):
        steepest.summarize(steepest.open_source(FRAME.dropna(), target="y", **options))


def test_options_of_tables_are_refused_with_arrays():
    with pytest.raises(UsageError, match="belongs to tables with named columns"):
        steepest.open_source(np.ones((3, 1)), np.ones(3), degree=2)


def test_two_features_of_one_name_are_refused():
    table = pandas.DataFrame({"x": [1.0, 2.0, 4.0], "x^2": [1.0, 3.0, 2.0], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=re.escape("two features would be called 'x^2'")):
        steepest.open_source(table, target="y", degree=2)


def test_too_many_categories_and_numbers_written_for_people_are_refused():
    names = pandas.DataFrame({"name": [f"person {i}" for i in range(1_100)], "y": np.arange(1_100.0)})
    with pytest.raises(DataError, match="more than 1,000 different texts, such as 'person 0'"):
        steepest.open_source(names, target="y")
    prices = pandas.DataFrame({"price": ["$1,200", "$900", "free"], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match=r"column 'price' .* looks like numbers, .* a value that is none is '\$1,200'"):
        steepest.open_source(prices, target="y")


def test_constant_duplicate_and_collinear_columns_are_named_and_stay_finite():
    generator = np.random.default_rng(2)
    table = pandas.DataFrame({"a": generator.normal(size=50), "k": "same", "one": 1.0})
    table["copy"], table["sum"] = table["a"], 2 * table["a"] + 1
    table["y"] = table["a"] + generator.normal(size=50)
    with pytest.warns(DataWarning) as told:
        run = steepest.descend(table, target="y", standardize=True)
    said = " ".join(str(warning.message) for warning in told)
    assert "constant: one" in said
    assert "collinear: copy and sum" in said
    assert np.isfinite(run.weights).all()
    # minimum norm: the three standardized copies of one column share its weight equally
    effect = run.optimum.weights * table[list(run.features)].std(ddof=0).to_numpy()
    np.testing.assert_allclose(effect[[0, 2, 3]], effect[0], rtol=1e-9)


def test_rows_keep_their_positions_when_others_are_left_out(monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 1_024)
    x = np.arange(5_000.0)
    x[::7] = np.nan
    table = pandas.DataFrame({"x": x, "y": np.arange(5_000.0)})
    batches = list(steepest.open_source(table, target="y", missing="drop").batches())
    assert len(batches) == 5
    np.testing.assert_array_equal(np.concatenate([b.positions for b in batches]), np.flatnonzero(~np.isnan(x)))


def test_codes_are_categories_where_somebody_says_so(tmp_path):
    frame = pandas.DataFrame({"zip": [10115, 20095, 80331, 10115, 20095, 80331], "y": [1.0, 5.0, 9.0, 1.0, 5.0, 9.0]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    expected = ("zip=20095", "zip=80331")
    for data in (str(tmp_path / "t.csv"), frame):
        source = steepest.open_source(data, target="y", categorical=["zip"])
        assert source.features == expected
        run = steepest.descend(source, standardize=True)
        np.testing.assert_allclose(run.weights, [4, 8], rtol=1e-10)
    texts = frame.assign(zip=frame.zip.astype(str))
    with pytest.raises(DataError, match=r"looks like numbers, but is text; a value is '10115'.*categorical=..zip"):
        steepest.open_source(texts, target="y")
    declared = [texts.assign(zip=texts.zip.astype("category")), frame.assign(zip=frame.zip.astype("category"))]
    for data in declared:
        source = steepest.open_source(data, target="y")
        assert source.features == expected
        assert source.notes == ["zip: 3 categories, reference '10115'"]
    with pytest.raises(UsageError, match="categorical names 'plz', which is no input"):
        steepest.open_source(frame, target="y", categorical=["plz"])
    with pytest.raises(UsageError, match="categorical belong"):
        steepest.open_source(np.ones((3, 1)), np.ones(3), categorical=["x1"])


def test_runs_predict_data_frames_by_name():
    generator = np.random.default_rng(0)
    frame = pandas.DataFrame(generator.normal(size=(20, 3)), columns=["a", "b", "c"]).assign(
        y=lambda t: t.a - 2 * t.b + 5
    )
    run = steepest.descend(frame, target="y", standardize=True)
    shuffled = frame[["y", "c", "a", "b"]]
    for model in (run, steepest.infer(frame, target="y"), steepest.solve(frame, target="y")):
        first = model.predict(shuffled)
        first = first[0] if isinstance(first, tuple) else first
        np.testing.assert_allclose(first, frame.y, rtol=1e-9)
        with pytest.raises(DataError, match="no column 'b', which the model needs"):
            model.predict(frame[["a", "c"]])
        with pytest.raises(DataTypeError, match=r"Model.of"):
            model.predict(frame.assign(b="text"))
    with pytest.raises(DataTypeError, match="ask the run"):
        run.at(3).predict(frame)


def test_a_frame_and_its_targets_side_by_side():
    generator = np.random.default_rng(1)
    frame = pandas.DataFrame(generator.normal(size=(20, 2)), columns=["a", "b"]).assign(c=np.arange(20))
    y = pandas.Series(frame.a - 2 * frame.b + 0.5 * frame.c + 5, name="price")
    for inputs, target in (
        (frame, y),
        (polars.from_pandas(frame), polars.from_pandas(y)),
        (pyarrow.table(frame.to_dict("list")), y.to_numpy()),
    ):
        run = steepest.descend(inputs, target, standardize=True)
        assert run.features == ("a", "b", "c")
        assert run.targets == (("y",) if isinstance(target, np.ndarray) else ("price",))
        np.testing.assert_allclose(run.weights, [1, -2, 0.5], rtol=1e-9)
    assert steepest.infer(frame, y, features=["b"]).names == ("intercept", "b")
    with pytest.raises(MissingValuesError, match=r"row 3 .* 'b'"):
        steepest.descend(frame.assign(b=frame.b.where(frame.c != 3)), y)
