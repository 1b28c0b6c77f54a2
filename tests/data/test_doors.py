"""Every kind of data at every door: the same answer, or the same sentence."""

from collections.abc import Callable
from typing import Any

import duckdb
import nanoarrow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import steepest
from steepest import DataError, DataTypeError, MissingValuesError
from steepest.data.sources import open_source

ROWS = np.random.default_rng(7).normal(size=(20, 2))
WEIGHTS, BIAS = [3.0, -2.0], 1.0
Y = ROWS @ WEIGHTS + BIAS
PANDAS = pd.DataFrame(ROWS, columns=["a", "b"])
ARROW = pa.table({"a": ROWS[:, 0], "b": ROWS[:, 1]})


class Stream:
    """A frame of a library that nobody has heard of: it gives an Arrow stream, and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


CONNECTION = duckdb.connect()
CONNECTION.register("arrow", ARROW)
MODEL = steepest.GradientDescentRegressor().fit(PANDAS, Y)
RUN = steepest.descend(PANDAS, Y)

TABLES = {
    "array": lambda: ROWS,
    "list": lambda: ROWS.tolist(),
    "pandas": lambda: PANDAS,
    "pandas objects": lambda: PANDAS.astype(object),
    "polars": lambda: pl.DataFrame(PANDAS),
    "arrow table": lambda: ARROW,
    "record batch": lambda: ARROW.to_batches()[0],
    "reader": lambda: ARROW.to_reader(),
    "duckdb": lambda: CONNECTION.sql("SELECT * FROM arrow"),
    "nanoarrow array": lambda: nanoarrow.Array(ARROW),
    "nanoarrow stream": lambda: nanoarrow.ArrayStream(ARROW),
    "stream": lambda: Stream(ARROW),
}
COLUMNS = {
    "pandas series": lambda: PANDAS["a"],
    "pandas series with odd labels": lambda: pd.Series(ROWS[:, 0], index=["columns", *map(str, range(19))]),
    "polars series": lambda: pl.Series("a", ROWS[:, 0]),
    "arrow array": lambda: pa.array(ROWS[:, 0]),
    "arrow column": lambda: ARROW["a"],
    "array of one dimension": lambda: ROWS[:, 0],
    "list of numbers": lambda: ROWS[:, 0].tolist(),
}
STRANGE = {
    "generator": lambda: (row for row in ROWS),
    "nothing": lambda: None,
    "number": lambda: 3.0,
    "dict": lambda: {"a": ROWS[:, 0]},
}


Door = Callable[..., Any]


def _fit(model, *data):
    return model.fit(*data).trajectory_


LEARNING: dict[str, Door] = {
    "descend": lambda X, y: steepest.descend(X, y),
    "summarize": lambda X, y: steepest.descend(steepest.summarize(X, y)),
    "sweep": lambda X, y: steepest.descend(steepest.sweep(X, y, epochs=[5]).triangle),
    "explain": lambda X, y: steepest.explain(X, y, epoch=1).run,
    "open_source": lambda X, y: steepest.descend(open_source(X, y)),
    "fit": lambda X, y: _fit(steepest.GradientDescentRegressor(), X, y),
    "partial_fit": lambda X, y: steepest.GradientDescentRegressor().partial_fit(X, y).trajectory_,
    "cross-validation": lambda X, y: _fit(steepest.GradientDescentRegressorCV(), X, y),
}
OTHERS: dict[str, Door] = {
    "diagnose": lambda X: steepest.diagnose(X, Y),
    "solve": lambda X: steepest.solve(X, Y),
    "infer": lambda X: steepest.infer(X, Y),
    "predict": MODEL.predict,
    "score": lambda X: MODEL.score(X, Y),
}
PREDICTING: dict[str, Door] = {
    "predict": MODEL.predict,
    "run.predict": RUN.predict,
    "solution.predict": steepest.solve(PANDAS, Y).predict,
    "model.predict": steepest.Model.of(RUN).predict,
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("door", LEARNING)
def test_a_table_is_learned_from(door, kind):
    run = LEARNING[door](TABLES[kind](), Y)
    np.testing.assert_allclose(run.optimum.weights, WEIGHTS, rtol=1e-12)
    assert run.features == (("x1", "x2") if kind in ("array", "list") else ("a", "b"))


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("door", PREDICTING)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_table_is_predicted(door, kind):
    np.testing.assert_allclose(PREDICTING[door](TABLES[kind]()), Y, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("door", LEARNING | OTHERS)
def test_one_dimension_is_told_in_the_same_words(door, kind):
    call = LEARNING[door] if door in LEARNING else lambda X, y: OTHERS[door](X)
    with pytest.raises(DataError) as caught:
        call(COLUMNS[kind](), Y)
    assert str(caught.value) == (
        "X must have two dimensions (n, d); got shape (20,). Reshape your data: np.asarray(X).reshape(-1, 1) for one "
        "feature, np.asarray(X).reshape(1, -1) for one row."
    )


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("door", ["run.predict", "solution.predict", "model.predict"])
def test_one_dimension_is_no_table_to_predict(door, kind):
    with pytest.raises(
        DataError, match=r"the model has .*2 features.*, so X must have the shape \(n, 2\); got \(20,\)"
    ):
        PREDICTING[door](COLUMNS[kind]())


@pytest.mark.parametrize("door", LEARNING | OTHERS | PREDICTING)
def test_rows_that_are_not_computed_yet_are_asked_for(door):
    lazy = pl.DataFrame(PANDAS).lazy()
    call = LEARNING[door] if door in LEARNING else lambda X, y: (OTHERS | PREDICTING)[door](X)
    with pytest.raises(DataTypeError, match=r"^a LazyFrame holds no rows yet. Give what its collect\(\) returns.$"):
        call(lazy, Y)


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("door", LEARNING | OTHERS)
def test_what_is_no_table_is_told_in_the_same_words(door, kind):
    call = LEARNING[door] if door in LEARNING else lambda X, y: OTHERS[door](X)
    with pytest.raises(DataTypeError, match=r"^data of type .* is not known. Give arrays X and y, a data frame"):
        call(STRANGE[kind](), Y)


@pytest.mark.parametrize("door", ["fit", "cross-validation", "partial_fit"])
def test_an_estimator_takes_no_file_and_no_triangle(door, tmp_path):
    for data in ("trees.csv", steepest.summarize(ROWS, Y), open_source(ROWS, Y)):
        with pytest.raises(DataTypeError, match="an estimator takes an array or a data frame of numbers"):
            LEARNING[door](data, Y)


Y_KINDS = {
    "list": lambda: Y.tolist(),
    "pandas series": lambda: pd.Series(Y, name="t"),
    "polars series": lambda: pl.Series("t", Y),
    "arrow array": lambda: pa.array(Y),
    "arrow column": lambda: pa.chunked_array([Y[:9], Y[9:]]),
    "pandas frame": lambda: pd.DataFrame({"t": Y}),
    "polars frame": lambda: pl.DataFrame({"t": Y}),
    "arrow table": lambda: pa.table({"t": Y}),
    "duckdb": lambda: duckdb.from_arrow(pa.table({"t": Y})),
    "stream": lambda: Stream(pa.table({"t": Y})),
}


@pytest.mark.parametrize("kind", Y_KINDS)
@pytest.mark.parametrize("door", LEARNING)
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_targets_of_every_kind(door, kind):
    run = LEARNING[door](PANDAS, Y_KINDS[kind]())
    np.testing.assert_allclose(run.optimum.weights, WEIGHTS, rtol=1e-12)
    nameless = ("list", "arrow array", "arrow column", "stream")
    assert run.targets == (("y",) if kind in nameless else ("t",))


@pytest.mark.parametrize("door", LEARNING)
def test_targets_that_are_none_are_told(door):
    with pytest.raises(DataTypeError, match=r"^a LazyFrame holds no rows yet"):
        LEARNING[door](PANDAS, pl.DataFrame({"t": Y}).lazy())
    for strange in ((value for value in Y), 1.0):
        with pytest.raises(DataError, match=r"^y must have the shape \(n,\) or \(n, t\); got \(\)\.$"):
            LEARNING[door](PANDAS, strange)


@pytest.mark.parametrize("frame", [ARROW, Stream(ARROW)], ids=["arrow", "stream"])
def test_an_estimator_knows_the_columns_of_any_frame(frame):
    model = steepest.GradientDescentRegressor().fit(frame, Y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(ARROW.select(["b", "a"]))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(PANDAS[["b", "a"]])
    assert model.score(frame, Y) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [lambda table: table, Stream], ids=["arrow", "stream"])
def test_texts_and_missing_values_of_a_frame_are_told_with_their_column(kind):
    text = kind(ARROW.set_column(0, "a", pa.array(["x"] * 20)))
    gap = kind(ARROW.set_column(0, "a", pa.array([1, None, *range(18)])))
    for model in (steepest.GradientDescentRegressor(), steepest.GradientDescentRegressorCV()):
        with pytest.raises(DataTypeError, match="column 'a' holds the text 'x' in row 0"):
            model.fit(text, Y)
        with pytest.raises(MissingValuesError, match=r"1 value is NaN; the first is in row 1 .* of column 'a'"):
            model.fit(gap, Y)
    with pytest.raises(DataTypeError, match="column 'a' holds no numbers alone"):
        steepest.descend(text, Y)
    with pytest.raises(MissingValuesError, match=r"1 value is NaN; the first is in row 1 .* of column 'a'"):
        steepest.descend(gap, Y)


def test_two_columns_of_one_name_are_refused():
    double = pd.DataFrame(ROWS, columns=["a", "a"])
    for door in LEARNING.values():
        with pytest.raises(DataError, match="two columns called 'a'"):
            door(double, Y)
    with pytest.raises(DataError, match="two columns called 'a'"):
        RUN.predict(double)


@pytest.mark.parametrize("names", [("a", "A", "y"), ("a", "a", "y"), ("", "b", "y")])
@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_a_frame_whose_columns_would_be_renamed_is_refused(library, names):
    values = np.column_stack([ROWS, Y])
    if library == "polars":
        if names != ("a", "A", "y"):
            pytest.skip("Polars has neither two columns of one name nor one without")
        frame: Any = pl.DataFrame(values, schema=list(names))
    else:
        frame = (
            pd.DataFrame(values, columns=list(names))
            if library == "pandas"
            else pa.Table.from_arrays([pa.array(column) for column in values.T], names)
        )
    with pytest.raises(
        DataError, match=r"differ only in capital letters: 'a', 'A'|two columns called 'a'|no name for column 1"
    ):
        open_source(frame, target="y")
