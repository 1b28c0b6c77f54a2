"""Every kind of table gives the same model, and any way of cutting it."""

import gzip
import itertools
import sqlite3

import duckdb
import numpy as np
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest.data.batch import Batch
from steepest.data.sources import open_source
from steepest.errors import DataError, DataTypeError, UsageError
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle

ROWS = 700


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(7)
    table = pandas.DataFrame(
        {
            "a": generator.normal(50.0, 3.0, ROWS),
            "b c": generator.integers(0, 9, ROWS),
            "kind": generator.choice(["fir", "oak", "yew"], ROWS),
            "old": generator.random(ROWS) < 0.4,
        }
    )
    table["y"] = 2 * table["a"] - table["b c"] + 3.0 * (table["kind"] == "oak") + generator.normal(size=ROWS)
    return table


@pytest.fixture(scope="module")
def folder(frame, tmp_path_factory):
    """The table in every kind of file."""
    place = tmp_path_factory.mktemp("tables")
    frame.to_csv(place / "t.csv", index=False)
    frame.to_csv(place / "t.tsv", index=False, sep="\t")
    frame.to_csv(place / "semicolons.csv", index=False, sep=";", decimal=",")
    frame.to_parquet(place / "t.parquet", row_group_size=100)
    frame.to_json(place / "t.jsonl", orient="records", lines=True, double_precision=15)
    (place / "t.csv.gz").write_bytes(gzip.compress((place / "t.csv").read_bytes()))
    (place / "no_ending").write_bytes(gzip.compress((place / "t.csv").read_bytes()))
    duckdb.sql(f"COPY (FROM '{place / 't.csv'}') TO '{place / 't.csv.zst'}' (COMPRESSION zstd)")
    for year, part in (("2013", frame[:300]), ("2014", frame[300:])):
        (place / f"hive/year={year}").mkdir(parents=True)
        part.to_parquet(place / f"hive/year={year}/part.parquet")
    (place / "parts").mkdir()
    for number, start in enumerate(range(0, ROWS, 97)):
        frame[start : start + 97].to_csv(place / f"parts/p{number}.csv", index=False)
    with sqlite3.connect(place / "t.sqlite") as connection:
        frame.assign(old=frame["old"].map({True: "true", False: "false"})).to_sql("t", connection, index=False)
    connection.close()
    with duckdb.connect(str(place / "t.duckdb")) as database:
        database.register("frame", frame)
        database.execute("CREATE TABLE t AS SELECT * FROM frame")
    return place


SOURCES = {
    "csv": lambda f, t: steepest.open_source(f / "t.csv", target="y"),
    "tsv": lambda f, t: steepest.open_source(f / "t.tsv", target="y"),
    "semicolons and decimal commas": lambda f, t: steepest.open_source(f / "semicolons.csv", target="y", decimal=","),
    "gzip": lambda f, t: steepest.open_source(f / "t.csv.gz", target="y"),
    "gzip without an ending": lambda f, t: steepest.open_source(f / "no_ending", target="y"),
    "zstd": lambda f, t: steepest.open_source(f / "t.csv.zst", target="y"),
    "parquet": lambda f, t: steepest.open_source(f / "t.parquet", target="y"),
    "json lines": lambda f, t: steepest.open_source(f / "t.jsonl", target="y"),
    "pattern": lambda f, t: steepest.open_source(f"{f}/parts/*.csv", target="y"),
    "folder": lambda f, t: steepest.open_source(f / "parts", target="y"),
    "hive folder": lambda f, t: steepest.open_source(f / "hive", target="y", exclude=["year"]),
    "query": lambda f, t: steepest.open_source(f"SELECT * FROM '{f / 't.parquet'}' WHERE a > -1e9;", target="y"),
    "duckdb table": lambda f, t: steepest.open_source("t", database=f / "t.duckdb", target="y"),
    "duckdb file": lambda f, t: steepest.open_source(f / "t.duckdb", target="y"),
    "duckdb query": lambda f, t: steepest.open_source("SELECT * FROM t", database=f / "t.duckdb", target="y"),
    "sqlite file": lambda f, t: steepest.open_source(f / "t.sqlite", target="y"),
    "sqlite query": lambda f, t: steepest.open_source("SELECT * FROM t", database=f / "t.sqlite", target="y"),
    "pandas": lambda f, t: steepest.open_source(t, target="y"),
    "polars": lambda f, t: steepest.open_source(polars.from_pandas(t), target="y"),
    "polars categories": lambda f, t: steepest.open_source(
        polars.from_pandas(t).with_columns(polars.col("kind").cast(polars.Categorical)), target="y"
    ),
    "arrow": lambda f, t: steepest.open_source(pyarrow.Table.from_pandas(t), target="y"),
    "duckdb relation": lambda f, t: steepest.open_source(duckdb.sql(f"FROM '{f / 't.parquet'}'"), target="y"),
}


@pytest.fixture(scope="module")
def truth(frame):
    """The same columns coded by hand, and the exact answer by numpy."""
    X = np.column_stack(
        [frame["a"], frame["b c"], frame["kind"] == "oak", frame["kind"] == "yew", frame["old"]]
    ).astype(float)
    design = np.column_stack([np.ones(ROWS), X])
    return X, np.linalg.lstsq(design, frame["y"].to_numpy(), rcond=None)[0]


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_same_model(name, folder, frame, truth):
    X, solution = truth
    source = SOURCES[name](folder, frame)
    assert source.features == ("a", "b c", "kind=oak", "kind=yew", "old=true")
    run = steepest.descend(source, standardize=True, learning_rate=0.3, epochs=500)
    direct = steepest.descend(X, frame["y"].to_numpy(), standardize=True, learning_rate=0.3, epochs=500)
    # 1e-12 relative to the size of the numbers that are added up
    np.testing.assert_allclose(run.weights, direct.weights, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(run.bias, direct.bias, rtol=1e-11)
    np.testing.assert_allclose(run.optimum.weights, solution[1:], rtol=1e-9)
    assert steepest.summarize(source).row_count == ROWS


@given(st.lists(st.integers(0, ROWS), max_size=8), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_any_split_and_any_order_of_merging_gives_the_same_model(cuts, random):
    generator = np.random.default_rng(3)
    X, y = generator.normal(size=(ROWS, 4)) * [1, 10, 0.1, 1], generator.normal(size=(ROWS, 1))
    ends = [0, *sorted(cuts), ROWS]
    parts = [Triangle.of(Batch(X[a:b], y[a:b], tuple("abcd"), ("y",))) for a, b in itertools.pairwise(ends)]
    random.shuffle(parts)
    while len(parts) > 1:
        i = random.randrange(len(parts) - 1)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    whole = steepest.descend(X, y, learning_rate=0.01, epochs=1000)
    split = steepest.descend(parts[0], learning_rate=0.01, epochs=1000)
    np.testing.assert_allclose(split.weights, whole.weights, rtol=1e-12, atol=1e-12 * np.abs(whole.weights).max())
    np.testing.assert_allclose(split.rmse(), whole.rmse(), rtol=1e-12)


def test_numpy_files_and_memory_maps(tmp_path):
    generator = np.random.default_rng(1)
    X, y = generator.normal(size=(70_000, 3)), generator.normal(size=70_000)
    np.save(tmp_path / "all.npy", np.column_stack([X, y]))
    np.savez(tmp_path / "both.npz", X=X, y=y)
    np.save(tmp_path / "single.npy", X.astype(np.float32))
    expected = steepest.summarize(X, y)
    for data in (tmp_path / "all.npy", tmp_path / "both.npz"):
        np.testing.assert_allclose(steepest.summarize(data).centred, expected.centred, rtol=1e-12, atol=1e-10)
    mapped = np.load(tmp_path / "single.npy", mmap_mode="r")
    rounded = steepest.summarize(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(steepest.summarize(mapped, y).centred, rounded.centred, rtol=1e-12, atol=1e-10)
    assert steepest.summarize(tmp_path / "single.npy", y).row_count == 70_000
    np.savez(tmp_path / "other.npz", a=X)
    with pytest.raises(DataError, match="holds a; arrays called X and y"):
        steepest.summarize(tmp_path / "other.npz")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"cannot read .*numbers only"):
        steepest.summarize(tmp_path / "objects.npy")


def test_a_stream_that_can_be_read_once_is_read_once(frame):
    reader = pyarrow.Table.from_pandas(frame[["a", "b c", "y"]]).to_reader(max_chunksize=50)
    triangle = steepest.summarize(reader, target="y")
    direct = steepest.summarize(frame[["a", "b c"]].to_numpy(dtype=float), frame["y"].to_numpy())
    np.testing.assert_allclose(triangle.means, direct.means, rtol=1e-13)
    np.testing.assert_allclose(triangle.centred, direct.centred, rtol=1e-10, atol=1e-10)
    with pytest.raises(UsageError, match="can be read once only"):
        steepest.summarize(pyarrow.Table.from_pandas(frame).to_reader(), target="y")  # text wants a look beforehand


def test_what_is_no_table_is_told(frame, folder, tmp_path):
    with pytest.raises(DataTypeError, match="LazyFrame holds no rows yet"):
        steepest.summarize(polars.from_pandas(frame).lazy(), target="y")
    with pytest.raises(UsageError, match=r"has no table or view 'u'; there are t\."):
        steepest.open_source("u", database=folder / "t.duckdb", target="y")
    with pytest.raises(DataError, match="no DuckDB or SQLite database"):
        steepest.open_source("t", database=folder / "t.csv", target="y")
    with pytest.raises(DataError, match=r"cannot connect to postgresql://me:…@127.0.0.1:9/x: .*Check the address"):
        steepest.open_source("t", database="postgresql://me:secret@127.0.0.1:9/x", target="y")
    two = tmp_path / "two.duckdb"
    with duckdb.connect(str(two)) as database:
        database.execute("CREATE TABLE p (x INT); CREATE TABLE q (x INT)")
    with pytest.raises(UsageError, match=r"has 2 tables and views \(p, q\)"):
        steepest.open_source(two, target="x")
    with pytest.raises(DataError, match=r"not found: nothing.parquet"):
        steepest.open_source("SELECT * FROM 'nothing.parquet'", target="y")


def test_an_object_store_wants_the_extension_that_reads_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # DuckDB keeps what was installed below the home folder
    with pytest.raises(UsageError, match=r"s3://bucket/t\.parquet needs DuckDB's extension httpfs\. Install it once"):
        steepest.summarize("s3://bucket/t.parquet", target="y")


@pytest.mark.process
def test_postgresql_gives_the_same_model(frame, folder, truth, postgresql):
    fill(postgresql, frame)
    X, _ = truth
    expected = steepest.summarize(X, frame["y"].to_numpy())
    for query in ("t", 'SELECT a, "b c", kind, old, y FROM t'):
        triangle = steepest.summarize(steepest.open_source(query, database=postgresql, target="y"))
        np.testing.assert_allclose(triangle.means, expected.means, rtol=1e-12)
        np.testing.assert_allclose(triangle.centred, expected.centred, rtol=1e-10, atol=1e-10)
    with pytest.raises(UsageError, match=r"has no table or view 'u'; there are .*t"):
        steepest.open_source("u", database=postgresql, target="y")


def fill(address, frame):
    """Write the table into the database."""
    import adbc_driver_postgresql.dbapi

    with adbc_driver_postgresql.dbapi.connect(address) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", pyarrow.Table.from_pandas(frame, preserve_index=False), mode="replace")
        connection.commit()


def test_braces_in_names_are_part_of_the_names(tmp_path):
    (tmp_path / "t.csv").write_text('y,{kind},{relation},"FROM {relation}"\n2,u,1,3\n3,v,2,\n5,u,3,1\n6,v,5,2\n')
    for policy, rows in (("drop", 3), ("indicator", 4)):
        triangle = read(open_source(tmp_path / "t.csv", target="y", missing=policy)).triangle
        assert triangle.row_count == rows
        assert triangle.features[:2] == ("{kind}=v", "{relation}")
    (tmp_path / "new.csv").write_text('y,{kind},{relation},"FROM {relation}"\n2,w,1,3\n')
    with pytest.raises(DataError, match="the model does not know: 'w'"):
        read(open_source(tmp_path / "new.csv", target="y", coding=triangle.coding))
