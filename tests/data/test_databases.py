"""Tables and queries of databases: found by any name, typed by their values, read and never written."""

import sqlite3

import duckdb
import numpy as np
import pytest

import steepest
from steepest.data.sources import open_source
from steepest.data.sources.databases import database_relation
from steepest.errors import DataError, MissingValuesError, UsageError
from steepest.models.model import Model
from tests.support.commands import steepest_command
from tests.support.servers import execute


@pytest.fixture
def lite(tmp_path):
    """Make a SQLite file of statements, and of rows for a table t."""

    def make(create, rows=(), name="t.db"):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.executescript(create)
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT INTO t VALUES ({marks})", rows)
        connection.close()
        return tmp_path / name

    return make


def slope(source):
    return steepest.solve(source).weights.tolist()


@pytest.mark.parametrize("early", [None, 7])
def test_a_column_of_sqlite_is_what_all_of_its_values_are(lite, early):
    rows = [(early if i < 1_100 else i + 0.5, None if early is None and i < 1_100 else 2.0 * i) for i in range(3_000)]
    file = lite("CREATE TABLE t (x REAL, y REAL)", [(x, 0.0 if y is None else y) for x, y in rows])
    triangle = steepest.summarize(open_source("t", database=file, target="y", missing="drop"))
    used = np.array([x for x, _ in rows if x is not None])
    assert triangle.row_count == len(used)
    assert float(triangle.means[0]) == pytest.approx(used.mean(), rel=1e-14)


@pytest.mark.parametrize("word", ["NA", "", None])
def test_a_late_word_for_a_missing_value_is_missing_in_sqlite(lite, word):
    rows = [(i + 0.5 if i != 2_500 else word, 2.0 * i + 1) for i in range(3_000)]
    file = lite("CREATE TABLE t (x REAL, y REAL)", rows)
    with pytest.raises(MissingValuesError, match=r"x 1\b"):
        steepest.summarize(open_source("t", database=file, target="y"))
    source = open_source("t", database=file, target="y", missing="drop")
    assert slope(source) == pytest.approx([2.0], rel=1e-12)
    assert "1 of 3,000 rows left out for missing values (x 1)" in source.notes[-1]


def test_another_text_among_numbers_is_refused_and_stands_in_nobodys_way(lite):
    rows = [(i / 7, "oops" if i == 2_900 else i / 3, f"k{i % 2}", 2.0 * i) for i in range(3_000)]
    file = lite("CREATE TABLE t (x REAL, bad REAL, k TEXT, y REAL)", rows)
    with pytest.raises(DataError, match=r"column 'bad' of .* looks like numbers, .*a value that is none is 'oops'"):
        open_source("t", database=file, target="y")
    with pytest.raises(DataError, match=r"column 'bad' of .*'oops'"):
        open_source("t", database=file, target="bad", features=["x"])
    assert slope(open_source("t", database=file, target="y", features=["x"])) == pytest.approx([14.0], rel=1e-12)
    assert slope(open_source("t", database=file, target="y", exclude=["bad"]))[0] == pytest.approx(14.0, rel=1e-12)


def test_whole_numbers_texts_and_bytes_of_sqlite(lite):
    file = lite(
        "CREATE TABLE t (big INTEGER, k TEXT, flag BOOLEAN, raw BLOB, y)",
        [(2**60 + i, "NA" if i % 2 else "b", i % 3 == 0, b"\0", i) for i in range(9)],
    )
    relation = database_relation(file, "t")
    types = {"big": "BIGINT", "k": "VARCHAR", "flag": "BIGINT", "raw": "BLOB", "y": "BIGINT"}
    assert relation.columns() == types
    assert list(relation.query("big, k"))[1] == (2**60 + 1, "NA")
    with pytest.raises(DataError, match=r"column 'raw' of .* is BLOB, not a number"):
        open_source("t", database=file, target="y")
    with pytest.raises(DataError, match="no data rows"):
        steepest.summarize(open_source("t", database=lite("CREATE TABLE t (x, y)", name="e.db"), target="y"))


def test_a_wide_table_of_sqlite(lite):
    names = [f"c{i}" for i in range(1_200)]
    file = lite(f"CREATE TABLE t ({', '.join(names)})", [tuple(range(1_200)), tuple(range(1, 1_201))])
    assert list(database_relation(file, "t").columns()) == names


def test_tables_and_views_of_sqlite_are_found(lite):
    file = lite("CREATE TABLE t (x, y); CREATE VIEW v AS SELECT x, y + 1 AS y FROM t", [(i, 2 * i) for i in range(5)])
    for name in ("t", "v", "main.t", "V", '"v"', "main.v"):
        assert slope(open_source(name, database=file, target="y")) == pytest.approx([2.0])
    with pytest.raises(UsageError, match=r"has 2 tables and views \(t, v\)"):
        open_source(file, target="y")
    with pytest.raises(UsageError, match=r"has no table or view 'u'; there are t, v\."):
        open_source("u", database=file, target="y")


def test_tables_and_views_of_every_schema_of_duckdb_are_found(tmp_path):
    file = tmp_path / "d.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE t AS SELECT i AS x, 2 * i AS y FROM range(5) t(i)")
        database.execute("CREATE VIEW v AS SELECT x, 3 * x AS y FROM t; CREATE SCHEMA s")
        database.execute(
            'CREATE TABLE s.u AS SELECT x, 4 * x AS y FROM t; CREATE VIEW s."w x" AS SELECT x, 5 * x AS y FROM t'
        )
    for name, right in (("t", 2), ("main.t", 2), ("v", 3), ("s.u", 4), ("u", 4), ("s.w x", 5), ('"s"."w x"', 5)):
        assert slope(open_source(name, database=file, target="y")) == pytest.approx([right]), name


@pytest.mark.parametrize(
    "end", ["", ";", " ; -- the end", "\n-- it's the end", " /* ; */ ;\n", " WHERE 'a;--' <> 'x' OR \"x\" > 0;"]
)
def test_a_query_may_end_in_semicolons_and_comments(lite, tmp_path, end):
    file = lite("CREATE TABLE t (x, y)", [(i, 2 * i) for i in range(5)])
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4\n3,6\n")
    assert slope(open_source(f"SELECT * FROM t{end}", database=file, target="y")) == pytest.approx([2.0])
    query = f"SELECT * FROM '{tmp_path / 't.csv'}'{end}"
    assert slope(open_source(query, target="y")) == pytest.approx([2.0])


@pytest.mark.parametrize("name", ["w?x.db", "a#b.db", "100%41.db", "sp ace.db", "ü.db"])
def test_any_name_of_a_file_is_that_file_and_no_other_is_made(lite, tmp_path, name):
    file = lite("CREATE TABLE t (x, y)", [(i, 2 * i) for i in range(5)], name=name)
    assert slope(open_source("t", database=file, target="y")) == pytest.approx([2.0])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_sqlite_is_read_and_never_written(lite):
    file = lite("CREATE TABLE t (x, y)", [(i, 2 * i) for i in range(5)])
    before = file.read_bytes()
    for query in ("WITH d AS (SELECT 1) DELETE FROM t", "SELECT * FROM t; DELETE FROM t"):
        with pytest.raises(DataError, match=r"cannot read .*Correct the query"):
            open_source(query, database=file, target="y")
    assert file.read_bytes() == before


def test_sqlite_keeps_its_rows_while_somebody_writes(lite):
    file = lite("PRAGMA journal_mode=WAL; CREATE TABLE t (x, y)", [(i, 2 * i) for i in range(5)])
    source = open_source("t", database=file, target="y")
    before = steepest.summarize(source)
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO t VALUES (100, 0)")
    connection.close()
    assert steepest.summarize(source).checksum == before.checksum
    assert steepest.summarize(open_source("t", database=file, target="y")).row_count == 6


def test_a_database_is_asked_for_the_used_columns_only_and_once_for_all_texts(lite, monkeypatch):
    from steepest.data.sources.sqlite import SQLite

    file = lite(
        "CREATE TABLE t (x, a, b, c, y)", [(i, f"a{i % 3}", f"b{i % 4}", f"c{i % 5}", 2 * i) for i in range(60)]
    )
    asked = []
    arrays = SQLite.arrays
    monkeypatch.setattr(SQLite, "arrays", lambda self, sql, names: asked.append(names) or arrays(self, sql, names))
    source = open_source("t", database=file, target="y", exclude=["c"])
    steepest.summarize(source)
    assert asked == [("x", "a", "b", "y")] * 2  # the same columns, so that the database takes the same way to them
    assert source.features == ("x", "a=a1", "a=a2", "b=b1", "b=b2", "b=b3")


def test_predictions_keep_all_columns_of_a_database(lite, tmp_path):
    file = lite("CREATE TABLE t (x, note, y)", [(i, None if i % 2 else f"n{i}", 2 * i + 1) for i in range(70_000)])
    place = ["--database", file]
    assert (
        steepest_command("fit", "t", *place, "--target", "y", "--features", "x", "--out", tmp_path / "r").returncode
        == 0
    )
    done = steepest_command("predict", tmp_path / "r", "t", *place, "-o", tmp_path / "p.parquet")
    assert done.returncode == 0, done.stderr
    rows = duckdb.sql(f"SELECT x, note, y, prediction FROM '{tmp_path / 'p.parquet'}'").fetchall()
    assert [row[:3] for row in rows] == [(i, None if i % 2 else f"n{i}", 2 * i + 1) for i in range(70_000)]
    assert max(abs(row[3] - row[2]) for row in rows) < 1e-6


@pytest.fixture(scope="module")
def typed(postgresql):
    """A table with every kind of column."""
    execute(
        postgresql,
        "DROP TABLE IF EXISTS typed; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE typed AS SELECT i AS y, (i + 0.25)::numeric(10, 2) AS n, (i * 1.5)::numeric::money AS m, "
        "(CASE WHEN i = 3 THEN 'NaN' ELSE i::text END)::numeric AS nan, i::bigint + 4000000000 AS b, i::smallint AS s, "
        "(i / 4.0)::real AS r, (4000000000 + i)::bigint::oid AS o, i % 2 = 0 AS f, ('ok', 'sad')::text AS pair, "
        "(CASE WHEN i % 2 = 0 THEN 'ok' ELSE 'sad' END)::mood AS md, ('c' || i % 2)::char(5) AS c, "
        "md5((i % 2)::text)::uuid AS u, ('1.2.3.' || i % 2)::inet AS ip, now() AS ts, current_date + i AS d, "
        "ARRAY[i] AS l, '1 day'::interval AS iv, 'x'::bytea AS by FROM generate_series(1, 9) AS t (i)",
    )
    return postgresql


@pytest.mark.process
def test_numbers_of_postgresql_are_what_the_server_means(typed):
    i = np.arange(1.0, 10.0)
    right = {"n": i + 0.25, "m": i * 1.5, "b": i + 4e9, "s": i, "r": i / 4, "o": i + 4e9}
    (batch,) = open_source("typed", database=typed, target="y", features=list(right)).batches()
    for j, (name, values) in enumerate(right.items()):
        np.testing.assert_array_equal(batch.X[:, j], values, name)
    with pytest.raises(MissingValuesError, match=r"nan 1\b"):
        list(open_source("typed", database=typed, target="y", features=["nan"]).batches())
    assert slope(open_source("typed", database=typed, target="m", features=["n"])) == pytest.approx([1.5])


@pytest.mark.process
def test_texts_of_postgresql_are_categories_and_others_are_refused(typed):
    source = open_source("typed", database=typed, target="y", features=["f", "md", "c", "ip", "u"])
    assert source.features[:4] == ("f=true", "md=sad", "c=c1", "ip=1.2.3.1/32")
    assert steepest.summarize(source).row_count == 9
    for name, kind in (("ts", "TIMESTAMP"), ("d", "DATE"), ("l", r"INTEGER\[\]"), ("iv", "INTERVAL"), ("by", "BLOB")):
        with pytest.raises(DataError, match=rf"column '{name}' of .* is {kind}.*, not a number; for example"):
            open_source("typed", database=typed, target="y", features=[name])


@pytest.mark.process
def test_postgresql_is_read_and_never_written(typed):
    before = steepest.summarize(open_source("typed", database=typed, target="y", features=["n"])).row_count
    for query in (
        "WITH gone AS (DELETE FROM typed RETURNING *) SELECT n, y FROM gone",
        "WITH a AS (SELECT 1), gone AS (INSERT INTO typed (y) VALUES (1) RETURNING y) SELECT y, y AS n FROM gone",
    ):
        with pytest.raises(DataError, match=r"is read, never written, .* Nothing was changed\. Give a query that only"):
            open_source(query, database=typed, target="y")
    execute(typed, "CREATE SEQUENCE IF NOT EXISTS counter")
    for query in (
        "SELECT y, n, nextval('counter') AS k FROM typed",
        "SELECT y, n, set_config('transaction_read_only', 'off', false) AS k FROM typed",
        "SELECT y, n FROM typed; DELETE FROM typed",
    ):
        with pytest.raises(DataError):
            steepest.summarize(open_source(query, database=typed, target="y"))
    assert steepest.summarize(open_source("typed", database=typed, target="y", features=["n"])).row_count == before


@pytest.mark.process
def test_an_unknown_category_in_postgresql_is_named_while_rows_are_read(postgresql):
    execute(
        postgresql,
        "DROP TABLE IF EXISTS old",
        "DROP TABLE IF EXISTS new",
        "CREATE TABLE old AS SELECT i AS y, 'k' || i % 2 AS k FROM generate_series(1, 9) AS t (i)",
        "CREATE TABLE new AS SELECT i AS y, 'k' || i % 4 AS k FROM generate_series(1, 200000) AS t (i)",
    )
    run = steepest.descend(open_source("old", database=postgresql, target="y"))
    with pytest.raises(DataError, match=r"categories that the model does not know: 'k2', 'k3'"):
        Model.of(run).predict("new", database=postgresql)


@pytest.mark.process
def test_tables_and_views_of_every_schema_of_postgresql_are_found(postgresql):
    execute(
        postgresql,
        "DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other",
        "CREATE TABLE other.lines AS SELECT i AS x, 2 * i AS y FROM generate_series(1, 5) AS t (i)",
        'CREATE VIEW other."Steep lines" AS SELECT x, 3 * x AS y FROM other.lines',
        "CREATE MATERIALIZED VIEW other.kept AS SELECT x, 4 * x AS y FROM other.lines",
    )
    for name, right in (("other.lines", 2), ("lines", 2), ('other."Steep lines"', 3), ("kept", 4)):
        assert slope(open_source(name, database=postgresql, target="y")) == pytest.approx([right]), name
    assert slope(open_source("FROM other.lines -- DuckDB's form", database=postgresql, target="y")) == pytest.approx(
        [2]
    )
