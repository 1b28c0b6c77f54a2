"""The text of a query is told from a path, and what is wrong with a query is not blamed on a file."""

import sqlite3

import duckdb
import pytest

import steepest
from steepest.data.sources import open_source
from steepest.data.sources.recognize import Kind, recognize
from steepest.errors import DataError

QUERIES = (
    "SELECT * FROM 't.csv'",
    "select x, y from 't.csv'",
    "  \n SELECT * FROM 't.csv'",
    "SELECT*FROM 't.csv'",
    "SELECT\"x\", y FROM 't.csv'",
    "(SELECT * FROM 't.csv')",
    " ( ( SELECT * FROM 't.csv' ) )",
    "(SELECT * FROM 't.csv') UNION ALL (SELECT * FROM 't.csv')",
    "-- all rows\nSELECT * FROM 't.csv'",
    "/* all\n rows */ -- and columns\n SELECT * FROM 't.csv'",
    "--\n(/**/SELECT * FROM 't.csv')",
    "FROM 't.csv'",
    "FROM't.csv'",
    "WITH a AS (FROM 't.csv') SELECT * FROM a",
    "WITH/* b */a AS (FROM 't.csv') SELECT * FROM a",
    "SELECT * FROM (VALUES (1, 2), (2, 4), (3, 7)) t(x, y)",
)
PATHS = ("select.csv", "values.csv", "from/t.csv", "with", "(select).csv", "-- t.csv", "selected rows.csv", "SELECT")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4\n3,7\n")
    return tmp_path


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_recognized_and_read(query, folder):
    assert recognize(query) is Kind.QUERY
    assert steepest.solve(open_source(query, target="y")).weights == pytest.approx([2.5])


@pytest.mark.parametrize(
    "query", ["VALUES (1, 2), (2, 4), (3, 7)", "values(1,2),(2,4),(3,7)", "-- rows\n(VALUES\n (1,2),(2,4),(3,7))"]
)
def test_values_are_a_query(query):
    assert recognize(query) is Kind.QUERY
    assert steepest.solve(open_source(query, target="col1")).weights == pytest.approx([2.5])


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_a_path(path, folder):
    assert recognize(path) is Kind.FILES
    with pytest.raises(steepest.DataError, match=r"^not found"):
        open_source(path, target="y")


def test_a_comment_at_the_end_makes_no_path_of_a_query():
    for query in ("SELECT 1 AS x -- 't.csv'", "SELECT 1 AS x; -- done", "SELECT 1 AS x /* done */"):
        assert recognize(query) is Kind.QUERY


def test_a_long_comment_takes_no_time():
    assert recognize("/* " + "-- ( * " * 20_000) is Kind.FILES
    assert recognize("(" * 50_000 + " t.csv") is Kind.FILES


WRONG = {
    "SELECT nope FROM t": "Correct the query.",
    "SELECT x y FROM": "Correct the query.",
    "SELECT x, y FROM nope": "Correct the query.",
}


@pytest.mark.parametrize("query", WRONG)
@pytest.mark.parametrize("kind", ["sqlite", "duckdb", None])
def test_what_is_wrong_with_a_query_is_not_blamed_on_a_file(query, kind, folder):
    if kind == "sqlite":
        with sqlite3.connect(folder / "t.sqlite") as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x, 2 AS y")
        connection.close()
    elif kind == "duckdb":
        with duckdb.connect(str(folder / "t.duckdb")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS x, 2 AS y")
    database = folder / f"t.{kind}" if kind else None
    with pytest.raises(steepest.DataError) as caught:
        open_source(query, target="y", database=database)
    assert str(caught.value).endswith(WRONG[query])


def test_values_and_paths_of_a_query_are_told(folder):
    for query, remedy in {
        "SELECT CAST(s AS DOUBLE) AS x, 1 AS y FROM (SELECT 'a' AS s FROM 't.csv')": "Correct such values, or leave the column out (exclude=...).",
        "SELECT * FROM 'nothing.csv'": "Did you mean t.csv?",
    }.items():
        with pytest.raises(steepest.DataError) as caught:
            steepest.summarize(query, target="y")
        assert str(caught.value).endswith(remedy)


LISTS = (
    "['0.parquet', '1.parquet']",
    "['*.parquet']",
    "'?.parquet', filename=true",
    "list_value('0.parquet', '1.parquet')",
    "'?.par' || 'quet'",
)


@pytest.mark.parametrize("files", LISTS)
def test_parts_named_in_a_list_or_with_options_keep_their_values(files, folder):
    duckdb.sql("SELECT unnest([1, 2]) AS x, unnest([0, 1]) AS y").write_parquet("0.parquet")
    duckdb.sql("SELECT unnest([0.5, 2.5])::DOUBLE AS x, unnest([2, 3]) AS y").write_parquet("1.parquet")
    for reader in ("read_parquet", "parquet_scan"):
        (batch,) = open_source(f"SELECT x, y FROM {reader}({files})", target="y").batches()
        assert batch.X.ravel().tolist() == [1, 2, 0.5, 2.5]


def test_parts_of_a_list_without_a_common_type_are_refused(folder):
    duckdb.sql("SELECT true AS x, 0 AS y").write_parquet("0.parquet")
    duckdb.sql("SELECT 0.5::DOUBLE AS x, 1 AS y").write_parquet("1.parquet")
    with pytest.raises(steepest.DataError, match=r"BOOLEAN in 0\.parquet and DOUBLE in 1\.parquet"):
        open_source("SELECT x, y FROM read_parquet(['0.parquet', '1.parquet'])", target="y")


@pytest.mark.parametrize(
    "call", ["read_parquet(['x=7/t.parquet'])", "read_csv(['x=7/t.csv'])", "read_csv('x=7/t.csv', header=true)"]
)
def test_a_folder_above_the_files_of_a_query_replaces_no_column(call, folder):
    (folder / "x=7").mkdir()
    table = duckdb.sql("SELECT unnest([1, 2]) AS x, unnest([0, 1]) AS y")
    table.write_parquet("x=7/t.parquet")
    table.write_csv("x=7/t.csv")
    (batch,) = open_source(f"SELECT * FROM {call}", target="y").batches()
    assert batch.X.ravel().tolist() == [1, 2]


@pytest.mark.parametrize("call", ["query('FROM ''t.csv''')", "query_table('t.csv')", "query_table(['t.csv'])"])
def test_files_that_a_query_hides_in_a_text_are_not_read(call, folder):
    with pytest.raises(DataError, match=r"reads by query.* Name the files in the query itself"):
        open_source(f"SELECT * FROM {call}", target="y")
