"""Row labels of data frames: left out and said, unless they are named; a column without a name is refused where it is used."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

import steepest
from steepest.data.sources import open_source

GENERATOR = np.random.default_rng(11)
FRAME = pd.DataFrame(GENERATOR.normal(size=(30, 2)), columns=["a", "x"])
FRAME["y"] = 3 * FRAME["a"] - 2 * FRAME["x"] + 1
DROPPED = FRAME.drop(index=4)
UNNAMED = "column __index_level_0__ left out: the index of a data frame; name it among the features to use it"


def _answer(data, **options):
    source = open_source(data, target="y", **options)
    return source.features, steepest.solve(source).weights, source.notes


@pytest.fixture
def parquet(tmp_path):
    DROPPED.to_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_an_index_without_a_name_is_left_out_and_said(parquet, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for j in (0, 1):
        DROPPED[j::2].to_parquet(folder / f"{j}.parquet")
    rewritten = tmp_path / "rewritten.parquet"
    pl.read_parquet(parquet).write_parquet(rewritten)  # without what pandas says of its index
    for data in (
        parquet,
        folder,
        rewritten,
        pa.Table.from_pandas(DROPPED),
        f"SELECT * FROM '{parquet}'",
        pl.read_parquet(parquet),
    ):
        features, weights, notes = _answer(data)
        assert (features, notes) == (("a", "x"), [UNNAMED])
        np.testing.assert_allclose(weights, [3, -2], rtol=1e-12)


def test_an_index_with_a_name_is_left_out_and_said(tmp_path):
    FRAME.assign(day=range(30), hour=1.5).set_index(["day", "hour"]).to_parquet(tmp_path / "t.parquet")
    for data in (tmp_path / "t.parquet", pa.parquet.read_table(tmp_path / "t.parquet")):
        features, weights, notes = _answer(data)
        assert features == ("a", "x")
        np.testing.assert_allclose(weights, [3, -2], rtol=1e-12)
        (note,) = notes
        assert (
            note == "columns day and hour left out: the index of a data frame; name them among the features to use them"
        )


def test_an_index_that_is_named_is_used(parquet, tmp_path):
    features, _, notes = _answer(parquet, features=["a", "x", "__index_level_0__"])
    assert (features, notes) == (("a", "x", "__index_level_0__"), [])
    FRAME.assign(w=1.0, site=range(30), kind="oak").set_index(["w", "site"]).to_parquet(tmp_path / "named.parquet")
    source: Any = open_source(tmp_path / "named.parquet", target="y", weight="w", group="site", exclude=["kind"])
    assert (source.features, source.roles.weight, source.notes) == (("a", "x"), "w", [])
    FRAME.set_index("y").to_parquet(tmp_path / "target.parquet")
    assert _answer(tmp_path / "target.parquet")[0] == ("a", "x")
    assert open_source(parquet, target="y", exclude=["__index_level_0__"]).features == ("a", "x")


def test_a_range_of_row_numbers_is_no_column(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    assert _answer(tmp_path / "t.parquet")[::2] == (("a", "x"), [])


def test_what_says_nothing_of_an_index_is_read_as_it_is(tmp_path):
    table = pa.Table.from_pandas(FRAME).replace_schema_metadata({b"pandas": b"{broken"})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    for data in (table, tmp_path / "t.parquet"):
        assert _answer(data)[::2] == (("a", "x"), [])


def test_a_first_column_without_a_name_is_refused_only_where_it_is_used(tmp_path):
    file = tmp_path / "t.csv"
    FRAME.to_csv(file)  # pandas writes its index so
    for options in ({"features": ["a", "x"]}, {"exclude": ["column0"]}):
        features, weights, _ = _answer(file, **options)
        assert features == ("a", "x")
        np.testing.assert_allclose(weights, [3, -2], rtol=1e-9)
    for options in ({}, {"features": ["a", "column0"]}, {"weight": "column0"}, {"features": ["a"], "group": "column0"}):
        with pytest.raises(steepest.DataError, match="no name for column 1 in its header") as caught:
            _answer(file, **options)
        assert str(caught.value).endswith('Give every column a name, or leave the column out (exclude=["column0"]).')


def test_columns_without_names_elsewhere_are_told_by_their_place(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,,y,\n1,2,3,x\n2,5,6,y\n4,4,9,z\n")
    assert _answer(file, features=["a"])[0] == ("a",)
    with pytest.raises(steepest.DataError, match="no name for column 2 in its header"):
        _answer(file)
    with pytest.raises(steepest.DataError, match="no name for column 4 in its header"):
        _answer(file, exclude=["column1"])
    assert _answer(file, exclude=["column1", "column3"])[0] == ("a",)
