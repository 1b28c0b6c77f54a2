"""What data is, is asked once: every kind is recognized, and has one opener."""

import duckdb
import numpy as np
import pandas
import pytest

import steepest
from steepest.data.batch import Batch
from steepest.data.sources.openers import OPENERS, open_source
from steepest.data.sources.recognize import OWN_FILES, Kind, recognize
from steepest.descent import checkpoint as run_checkpoint
from steepest.errors import DataError, DataTypeError, UsageError
from steepest.summaries import checkpoint, triangle_file
from steepest.summaries.open_data import open_alike, open_data
from steepest.summaries.summarize import read

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


@pytest.fixture
def folder(tmp_path):
    """A file of every kind."""
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    np.save(tmp_path / "t.npy", np.column_stack([X, Y]))
    steepest.summarize(X, Y).save(tmp_path / "t.triangle")
    read(open_source(X, Y), checkpoint=tmp_path / "t.partial", checkpoint_seconds=0)
    steepest.descend(X, Y, l2=0.1, epochs=1, checkpoint=tmp_path / "t.ckpt")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT i AS a, 2 * i AS y FROM range(6) t(i)")
    return tmp_path


class Own:
    features, targets = ("a",), ("y",)

    def batches(self):
        yield Batch(X[:, :1], Y, self.features, self.targets)


def values(folder):
    """Data of each kind that needs no further library."""
    return {
        Kind.SOURCE: Own(),
        Kind.TRIANGLE: steepest.summarize(X, Y),
        Kind.CHECKPOINT: folder / "t.partial",
        Kind.RUN: folder / "t.ckpt",
        Kind.ARRAY: X,
        Kind.NUMPY_FILE: str(folder / "t.npy"),
        Kind.FRAME: pandas.DataFrame({"a": Y}),
        Kind.QUERY: "SELECT * FROM 't.csv'",
        Kind.ADDRESS: "s3://bucket/t.csv",
        Kind.DATABASE_FILE: folder / "t.duckdb",
        Kind.FILES: str(folder / "t.csv"),
    }


def test_every_kind_is_recognized_and_has_an_opener(folder):
    assert set(OPENERS) == set(Kind)
    for kind, data in values(folder).items():
        assert recognize(data) is kind
    assert recognize("t", database=folder / "t.duckdb") is Kind.DATABASE
    assert recognize(folder / "t.triangle") is Kind.TRIANGLE
    assert recognize(str(folder / "*.csv")) is Kind.FILES
    assert recognize(open_source(X, Y)) is Kind.SOURCE
    assert recognize(X.tolist()) is Kind.ARRAY
    array, dataframe = pytest.importorskip("dask.array"), pytest.importorskip("dask.dataframe")
    assert recognize(array.from_array(X)) is Kind.DASK_ARRAY
    assert recognize(dataframe.from_pandas(pandas.DataFrame({"a": Y}), npartitions=2)) is Kind.DASK_FRAME


def test_files_of_our_own_are_known_by_the_formats_they_are_written_in():
    formats = {triangle_file.FORMAT: Kind.TRIANGLE, checkpoint.FORMAT: Kind.CHECKPOINT, run_checkpoint.FORMAT: Kind.RUN}
    assert formats == OWN_FILES


def test_a_frame_is_a_frame_whatever_its_columns_are_called():
    names = ["features", "targets", "batches", "select", "design", "collect"]
    assert recognize(pandas.DataFrame({name: [1.0] for name in names})) is Kind.FRAME


def test_what_has_no_rows_is_opened_as_a_triangle_or_refused(folder):
    whole = steepest.summarize(X, Y)
    for data in (whole, folder / "t.triangle", str(folder / "t.triangle")):
        for opened, expected in (
            (open_data(data), whole),
            (open_data(data, features=["x2"]), whole.select(("x2",))),
            (open_data(data, exclude=["x2"]), whole.select(("x1",))),
            (open_alike(data, whole), whole),
        ):
            assert isinstance(opened, steepest.Triangle)
            assert opened.checksum == expected.checksum
        with pytest.raises(UsageError, match="its rows are gone"):
            open_source(data)
        for options in ({"degree": 2}, {"interactions": [("x1", "x2")]}, {"categorical": ["x1"]}, {"group": "x1"}):
            with pytest.raises(UsageError, match="belongs to the table it was made from"):
                open_data(data, **options)
    with pytest.raises(DataError, match="the state of an unfinished pass"):
        open_data(folder / "t.partial")
    with pytest.raises(DataError, match=r'unfinished run, and no table. Go on with it \(checkpoint=".*t.ckpt"\)'):
        open_data(folder / "t.ckpt")
    for unknown in (None, 3.0, {"x": [1.0]}):
        with pytest.raises(DataTypeError, match="is not known"):
            open_data(unknown)


def test_other_rows_are_opened_as_the_first_were(tmp_path):
    """Coded by the first table's levels: "b" is a category here as well, though only "b" is left, and stays the second."""
    frame = pandas.DataFrame({"kind": ["a", "b"] * 6, "x": np.arange(12.0), "y": np.arange(12.0) ** 2, "more": 0.5})
    table = open_data(frame, target="y", features=["kind", "x"])
    rest = frame[frame["kind"] == "b"]
    for like in (table, read(table).triangle):
        other = open_alike(rest, like)
        assert (other.features, other.targets) == (("kind=b", "x"), ("y",))
        assert read(other).triangle.means[0] == 1.0
    plain = read(open_data(frame, target="y", features=["x"])).triangle
    assert open_alike(frame, plain).features == ("x",)
