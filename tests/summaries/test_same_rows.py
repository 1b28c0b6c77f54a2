"""Passes that must see the same rows twice do, or say that they can't."""

import contextlib
import gc
import json
import subprocess
import sys
import threading

import duckdb
import numpy as np
import pytest

from steepest.data.batch import Position
from steepest.data.columns import Columns
from steepest.data.sources import open_source
from steepest.data.sources.row_order import RowOrder
from steepest.data.sources.table_source import TableSource
from steepest.data.split import Share
from steepest.errors import DataError
from steepest.summaries.summarize import read
from tests.support.commands import steepest_command
from tests.support.moments import ROOT
from tests.support.servers import execute

ROWS = 60_000
KILLS = 20


@pytest.fixture(scope="module")
def moving(postgresql):
    """A table large enough for PostgreSQL to begin each scan where the one before it is or was."""
    execute(
        postgresql,
        "DROP TABLE IF EXISTS moving",
        f"CREATE TABLE moving AS SELECT i AS id, sin(i) AS a, i % 13 AS c, 3 * sin(i) - i % 7 + cos(i) AS y, "
        f"CASE WHEN i > {ROWS // 2} THEN 'late' ELSE 'early' END AS k FROM generate_series(1, {ROWS}) AS t (i)",
    )
    return postgresql


@contextlib.contextmanager
def scans(address):
    """Scan pieces of the table meanwhile, again and again, so that scans begin anywhere in it."""
    done = threading.Event()

    def scan():
        lengths = np.random.default_rng(0)
        while not done.is_set():
            execute(address, f"SELECT count(*) FROM (SELECT * FROM moving LIMIT {lengths.integers(1, ROWS)}) AS part")
            done.wait(0.05)

    scanner = threading.Thread(target=scan)
    scanner.start()
    try:
        yield
    finally:
        done.set()
        scanner.join()


@pytest.mark.process
def test_twenty_kills_on_postgresql_and_the_same_bits(moving, tmp_path):
    script = [sys.executable, "-m", "tests.summaries.killed_passes", "moving", tmp_path / "s", str(KILLS), moving]
    with scans(moving):
        done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ends"]
    assert all(end == said["undisturbed"] for end in said["ends"])
    assert said["got_on"] > KILLS / 4


@pytest.mark.process
def test_ten_refined_fits_with_held_out_rows_give_the_same_numbers(moving):
    command = ["fit", "SELECT a, c, k, y FROM moving", "--database", moving, "--target", "y", "--no-out", "--json"]
    with scans(moving):
        runs = [steepest_command(*command, "--refine", "--test-size", "0.2") for _ in range(10)]
    said = [json.loads(run.stdout) for run in runs]
    for run in said:
        assert run["refined"] == said[0]["refined"]
        assert run["weights"] == said[0]["weights"]
    rows = np.arange(1, ROWS + 1)
    held = Share.of(0.2, 0).holds_out(np.arange(ROWS, dtype=np.uint64))
    X = np.column_stack([np.sin(rows), rows % 13, rows > ROWS // 2, np.ones(ROWS)])[~held]
    y = (3 * np.sin(rows) - rows % 7 + np.cos(rows))[~held]
    right = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(list(said[0]["refined"]["weights"].values()), right[:3], rtol=1e-10)


@pytest.mark.process
def test_a_source_keeps_its_snapshot_while_the_table_changes(postgresql):
    execute(
        postgresql,
        "DROP TABLE IF EXISTS changing",
        "CREATE TABLE changing AS SELECT i AS x, 2 * i AS y FROM generate_series(1, 9) AS t (i)",
    )
    source = open_source("changing", database=postgresql, target="y")
    before = read(source).triangle
    execute(postgresql, "INSERT INTO changing VALUES (100, 0)", "UPDATE changing SET y = 0 WHERE x = 1")
    assert read(source).triangle.checksum == before.checksum
    assert read(open_source("changing", database=postgresql, target="y")).triangle.row_count == 10


def test_a_query_that_gives_other_rows_each_time_is_refused():
    source = open_source("SELECT i AS x, i + random() AS y FROM range(1000) t(i)", target="y")
    first = read(source).triangle
    assert first.row_count == 1000
    with pytest.raises(
        DataError, match=r"the query gives other rows, .* each time it is read\. End the query with ORDER BY"
    ):
        read(source)


def test_categories_that_change_between_two_looks_are_not_blamed_on_a_model():
    text = "SELECT i AS y, 'k' || CAST(floor(random() * 1e9) AS VARCHAR) AS k FROM range(20) t(i)"
    with pytest.raises(DataError, match=r"gives other rows each time it is read: column 'k' holds categories"):
        read(open_source(text, target="y"))


def test_a_pass_goes_on_only_over_the_rows_it_began_with(tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 1_024)
    file = tmp_path / "d.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("CREATE TABLE t AS SELECT sin(i) x, cos(i) y FROM range(10000) t(i)")
    whole = read(open_source("t", database=file, target="y")).triangle

    def stop(rows, expected):
        if rows >= 5_000:
            raise KeyboardInterrupt

    def begun(state):
        with pytest.raises(KeyboardInterrupt):
            read(open_source("t", database=file, target="y"), checkpoint=state, checkpoint_seconds=0, watch=stop)

    begun(tmp_path / "same")
    same = read(open_source("t", database=file, target="y"), checkpoint=tmp_path / "same").triangle
    assert same.checksum == whole.checksum
    for name, change in (
        ("updated", "UPDATE t SET x = 9 WHERE x = (SELECT first(x) FROM t)"),
        ("shorter", "DELETE FROM t WHERE x > 0"),
    ):
        begun(tmp_path / name)
        gc.collect()  # an interrupted pass lets go of the file with the traceback that holds it
        with duckdb.connect(str(file)) as database:
            database.execute(change)
        with pytest.raises(DataError, match="gives other rows, or the same rows in another order"):
            read(open_source("t", database=file, target="y"), checkpoint=tmp_path / name)


def test_how_a_reader_cuts_the_rows_does_not_matter():
    rows = np.random.default_rng(0).normal(size=(50, 3))
    whole, cut = RowOrder("t", 3, []), RowOrder("t", 3, [])
    whole.add(Columns.of(rows))
    cut.add(Columns((*Columns.of(rows[:20]).stretches, *Columns.of(rows[20:]).stretches), 3))
    assert whole.digest == cut.digest


def test_an_end_that_comes_early_or_late_is_told():
    rows, seen = np.zeros((2, 1)), []
    for _ in range(2):
        first = RowOrder("t", 1, seen)
        first.add(Columns.of(rows))
        first.end(True)
    first.add(Columns.of(rows))
    second = RowOrder("t", 1, seen)
    second.add(Columns.of(rows))
    with pytest.raises(DataError, match="other rows"):
        second.end(True)
    with pytest.raises(DataError, match="other rows"):
        RowOrder("t", 1, []).end(False)


def test_a_file_is_trusted_to_keep_its_order(tmp_path):
    duckdb.sql(f"COPY (SELECT i x, 2 * i y FROM range(9) t(i)) TO '{tmp_path / 't.parquet'}'")
    source = open_source(tmp_path / "t.parquet", target="y")
    assert isinstance(source, TableSource)
    (batch,) = source.batches()
    assert (batch.end, source.seen) == (Position(9, 0, (0, 0)), [])
