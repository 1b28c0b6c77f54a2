"""Relations: what SELECT can be said of, whether files, a data frame, a query or another database, read in pieces."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from steepest.errors import DataError, UsageError

PIECE_ROWS = 262_144  # of a part that one worker of a cluster takes
MEMORY_LIMIT = "600MB"  # of DuckDB; it reads in a stream, and what it holds beside is cut short


class Relation(Protocol):
    """A table without roles: columns with DuckDB's types, and pieces of what is selected from it."""

    @property
    def label(self) -> str:
        """What messages call it."""
        ...

    def columns(self) -> dict[str, str]:
        """Names and DuckDB types, in order."""
        ...

    def stream(self, select: str, *, setup: Sequence[str] = (), skip: int = 0) -> Iterator[Any]:
        """Yield Arrow struct arrays of the rows in order, without the first `skip`."""
        ...

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows of a query in which {relation} stands for this table; it may come in parts, to be put together."""
        ...

    def row_count(self) -> int | None:
        """The number of rows where it is known without reading them."""
        ...

    def pieces(self) -> "Sequence[Relation]":
        """Parts that can be read side by side, in the order of the rows."""
        ...


@dataclass(frozen=True, eq=False)
class DuckDBRelation:
    """What DuckDB itself can scan.

    Args:
        label: for messages.
        clause: what stands after FROM, with "?" for parameters.
        parameters: their values.
        database: a DuckDB file to look into, opened read-only.
        frame: a data frame, called `frame` in the clause.
        rows: first and one past the last row number of a Parquet file's rows, or None for all.
        files: whether the only parameter is a list of files, each of which can be read by itself.
        counted: a query for the number of rows that reads none, with the same parameters.
    """

    label: str
    clause: str
    parameters: list[Any] = field(default_factory=list)
    database: Path | None = None
    frame: object = None
    rows: tuple[int, int] | None = None
    counted: str | None = None
    files: bool = False

    def columns(self) -> dict[str, str]:
        """Names and types; reads no more than the reader's sample."""
        with self._open() as connection, telling_errors(self.label):
            described = connection.execute(f"DESCRIBE SELECT * FROM {self.clause}", self.parameters).fetchall()
        return {row[0]: row[1] for row in described}

    def stream(self, select: str, *, setup: Sequence[str] = (), skip: int = 0) -> Iterator[Any]:
        """Yield pieces as DuckDB reads them, in the order of the rows."""
        import nanoarrow  # noqa: PLC0415 - loaded when a table is read, not on import

        with self._open() as connection, telling_errors(self.label):
            for statement in setup:
                connection.execute(statement)
            limit = f" LIMIT {2**62} OFFSET {skip}" if skip else ""
            relation = connection.sql(f"SELECT {select} FROM {self._ranged}{limit}", params=self.parameters)
            yield from nanoarrow.ArrayStream(relation)

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query at once."""
        with self._open() as connection, telling_errors(self.label):
            yield from connection.execute(sql.format(relation=self._ranged), self.parameters).fetchall()

    def row_count(self) -> int | None:
        """From the files' own metadata, or None."""
        if self.rows is not None:
            return self.rows[1] - self.rows[0]
        if self.counted is None:
            return None
        with self._open() as connection, telling_errors(self.label):
            return int(connection.execute(self.counted, self.parameters).fetchone()[0])

    def pieces(self) -> "list[DuckDBRelation]":
        """Each file by itself; a Parquet file of more than PIECE_ROWS rows is cut between row groups."""
        if not self.files or self.rows is not None:
            return [self]
        (paths,) = self.parameters
        if self.counted is None:
            return [replace(self, parameters=[[path]]) for path in paths]
        parts = []
        for path in paths:
            one = replace(self, parameters=[[path]])
            for first, stop in one._stretches():
                parts.append(replace(one, rows=(first, stop)))
        return parts

    def _stretches(self) -> list[tuple[int, int]]:
        """Cut one Parquet file's rows into stretches of whole row groups, PIECE_ROWS rows or a little more each."""
        with self._open() as connection, telling_errors(self.label):
            groups = connection.execute(
                "SELECT max(row_group_num_rows) FROM parquet_metadata(?) GROUP BY row_group_id ORDER BY row_group_id",
                self.parameters,
            ).fetchall()
        stretches, first, stop = [], 0, 0
        for (count,) in groups:
            stop += count
            if stop - first >= PIECE_ROWS:
                stretches.append((first, stop))
                first = stop
        return [*stretches, (first, stop)] if stop > first or not stretches else stretches

    @property
    def _ranged(self) -> str:
        if self.rows is None:
            return self.clause
        first, stop = self.rows
        numbered = self.clause.removesuffix(")") + ", file_row_number=true)"
        return f"(SELECT * FROM {numbered} WHERE file_row_number >= {first} AND file_row_number < {stop})"

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        with telling_errors(self.label), connect(self.database) as connection:
            if self.frame is not None:
                connection.register("frame", self.frame)
            yield connection


@dataclass(frozen=True, eq=False)
class StreamRelation:
    """What comes as an Arrow stream of its own: another database's answer, or a reader that can be read once.

    Args:
        label: for messages.
        open: starts the stream from its first row and gives an object with `__arrow_c_stream__`.
    """

    label: str
    open: Callable[[], contextlib.AbstractContextManager[Any]]

    def columns(self) -> dict[str, str]:
        """Names and types, from the stream's schema."""
        import nanoarrow  # noqa: PLC0415

        with self.open() as stream, telling_errors(self.label), connect() as connection:
            schema = nanoarrow.ArrayStream(stream).schema
            empty = nanoarrow.Array.from_chunks([], schema)
            described = connection.register("piece", _Chunks(empty)).execute("DESCRIBE piece").fetchall()
        return {row[0]: row[1] for row in described}

    def stream(self, select: str, *, setup: Sequence[str] = (), skip: int = 0) -> Iterator[Any]:
        """Yield the selected columns of each piece."""
        import nanoarrow  # noqa: PLC0415

        with telling_errors(self.label), connect() as connection:
            for statement in setup:
                connection.execute(statement)
            for piece in self._pieces(connection):
                offset = min(skip, piece)
                skip -= offset
                if offset < piece:
                    relation = connection.sql(f"SELECT {select} FROM piece OFFSET {offset}")
                    yield from nanoarrow.ArrayStream(relation)

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the query for each piece."""
        with telling_errors(self.label), connect() as connection:
            for _ in self._pieces(connection):
                yield from connection.execute(sql.format(relation="piece")).fetchall()

    def row_count(self) -> int | None:
        """Unknown."""
        return None

    def pieces(self) -> "list[StreamRelation]":
        """The stream itself: it comes in one order."""
        return [self]

    def _pieces(self, connection: Any) -> Iterator[int]:
        """Register one piece after another as `piece` and yield its number of rows."""
        import nanoarrow  # noqa: PLC0415

        with self.open() as stream:
            for piece in nanoarrow.ArrayStream(stream):
                connection.register("piece", _Chunks(piece))
                yield len(piece)


class _Chunks:
    """An Arrow array as a stream that can be asked for again and again, as DuckDB does for the schema."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self.array.__arrow_c_stream__(requested_schema)


@contextlib.contextmanager
def connect(database: Path | None = None) -> Iterator[Any]:
    """Open DuckDB with a bound on its memory; it downloads nothing."""
    import duckdb  # noqa: PLC0415 - loaded when a table is read, not on import

    config: dict[str, Any] = {"autoinstall_known_extensions": "false", "memory_limit": MEMORY_LIMIT}
    cores = os.environ.get("STEEPEST_THREADS", "")
    if cores.isdecimal() and int(cores):
        config["threads"] = cores
    with duckdb.connect(str(database or ":memory:"), read_only=database is not None, config=config) as connection:
        yield connection


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def telling_errors(label: str) -> Iterator[None]:
    """Turn errors of the reader into a DataError with the first lines of its explanation."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except Exception as error:
        if not _is_of_the_reader(error):
            raise
        text = str(error).removeprefix("ArrowArrayStream::get_next() failed (5): ").split("Possible")[0]
        lines = [line.strip() for line in text.splitlines() if line.strip() and "Possible" not in line]
        remedy = _remedy(text)
        raise DataError(f"cannot read {label}: {' '.join(lines[:4])[:600]} {remedy}") from None


def _is_of_the_reader(error: Exception) -> bool:
    """Whether DuckDB, nanoarrow or a database's driver said it."""
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "nanoarrow", "adbc_driver_manager")


def _remedy(text: str) -> str:
    if "not utf-8 encoded" in text:
        return "Give its encoding (--encoding latin-1), or convert it to UTF-8."
    if "memory" in text.lower():
        return "A field or line is larger than may be read; correct the file."
    return "Correct the file, or leave the column out (--exclude)."
