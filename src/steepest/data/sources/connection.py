"""Connection: DuckDB, opened with a bound on its memory, and again with more where a table needs it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from steepest.data.sources.reader_errors import is_of_the_reader

Result = TypeVar("Result")


# Each thread of DuckDB holds a row group of a Parquet file. Most tables need far less than this; a million rows of 60
# columns in one row group need 1.2 GB, which is the second step; the last is all that DuckDB takes of itself, 80% of the
# machine's memory, and one thread.
MEMORY_LIMIT = "600MB"
MORE_MEMORY = ("SET memory_limit = '2500MB'", "RESET memory_limit; SET threads = 1")


def wants_more_memory(error: Exception) -> bool:
    """Whether DuckDB stopped at its limit."""
    return is_of_the_reader(error) and "Out of Memory Error" in str(error)


def with_enough_memory(connection: Any, work: Callable[[], Result]) -> Result:
    """Return what `work` returns; where DuckDB stops at its limit, once more with a larger one."""
    for more in MORE_MEMORY:
        try:
            return work()
        except Exception as error:
            if not wants_more_memory(error):
                raise
            connection.execute(more)
    return work()


@contextlib.contextmanager
def connect(database: Path | None = None) -> Iterator[Any]:
    """Open DuckDB with a bound on its memory; it downloads nothing."""
    import duckdb  # noqa: PLC0415 - loaded when a table is read, not on import

    config: dict[str, Any] = {"autoinstall_known_extensions": "false", "memory_limit": MEMORY_LIMIT}
    cores = os.environ.get("STEEPEST_THREADS", "")
    if cores.isdecimal() and int(cores):
        config["threads"] = cores
    with duckdb.connect(str(database or ":memory:"), read_only=database is not None, config=config) as connection:
        # its progress bar would be written to stdout, among the results; in a notebook without ipywidgets it is off, and even
        # turning it off raises
        if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() != [(False,)]:
            connection.execute("SET enable_progress_bar = false")
        yield connection


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'
