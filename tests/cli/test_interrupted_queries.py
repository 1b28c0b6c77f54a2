"""A query ends with its reader: at once with Ctrl-C, also before its first row, and soon after a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import adbc_driver_postgresql.dbapi
import pytest

from tests.support.moments import ROOT, until

pytestmark = pytest.mark.process
# text columns are listed beforehand, without them the first pass waits
PASSES = ("SELECT 1 AS x, 2 AS y, pg_sleep(99)::text AS t", "SELECT 1 AS x, 2 AS y, count(pg_sleep(99)) AS t")


def started(query, database):
    if "sleep" in query:
        until(lambda: not running(database))  # the server may still be ending the query of the test before
    command = [sys.executable, "-m", "steepest", "fit", query, "--database", database, "--target", "y", "--no-out"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def running(address):
    """How many queries that sleep are being answered by the server."""
    with adbc_driver_postgresql.dbapi.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(99)%' AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def interrupted(process, times=1):
    """Interrupt a command; return its status, what it said, and the seconds it took to end."""
    began = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, said = process.communicate(timeout=60)
    return process.returncode, said.strip(), time.monotonic() - began


@pytest.mark.parametrize(("query", "times"), [(PASSES[0], 1), (PASSES[1], 1), (PASSES[1], 2)])
def test_ctrl_c_ends_a_query_of_postgresql_before_its_first_row(query, times, postgresql):
    process = started(query, postgresql)
    until(lambda: running(postgresql))
    status, said, seconds = interrupted(process, times)
    assert (status, said) == (130, "Interrupted; nothing was written.")
    assert seconds < 10
    until(lambda: not running(postgresql))


def test_a_killed_reader_leaves_no_query_behind(postgresql):
    process = started(PASSES[0], postgresql)
    until(lambda: running(postgresql))
    process.kill()
    process.communicate(timeout=60)
    began = time.monotonic()
    until(lambda: not running(postgresql))
    assert time.monotonic() - began < 20


def test_ctrl_c_ends_a_query_of_sqlite_before_its_first_row(tmp_path):
    sqlite3.connect(tmp_path / "t.db").execute("CREATE TABLE t (x)").connection.close()
    endless = "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT sum(i) AS x, 1 AS y FROM r"
    process = started(endless, str(tmp_path / "t.db"))
    held = Path(f"/proc/{process.pid}/fd")
    until(lambda: any(os.path.realpath(entry).endswith("t.db") for entry in held.iterdir()))
    time.sleep(0.5)
    status, said, seconds = interrupted(process)
    assert (status, said) == (130, "Interrupted; nothing was written.")
    assert seconds < 10


def test_an_interruption_does_not_wait_for_a_thread_that_does_not_end():
    program = """
        import threading, time, duckdb
        from steepest import cli

        def interrupted(*_, **__):
            raise KeyboardInterrupt

        held = duckdb.connect()
        threading.Thread(target=lambda _: time.sleep(99), args=(held.cursor(),), daemon=True).start()
        cli.group.main = interrupted
        cli.main(["fit"])
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.strip()) == (130, "Interrupted; nothing was written.")
