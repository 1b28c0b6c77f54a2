"""Relations: what SELECT can be said of, whether files, a data frame, a query or another database, read in pieces."""

import abc
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from steepest.data.sources.connection import MORE_MEMORY, connect, quoted, wants_more_memory, with_enough_memory
from steepest.data.sources.locate import Files
from steepest.data.sources.partitions import FILE, Partition
from steepest.data.sources.reader_errors import telling_errors

PIECE_ROWS = 262_144  # of a part that one worker of a cluster takes


class Relation(Protocol):
    """A table without roles: columns with DuckDB's types, and pieces of what is selected from it."""

    @property
    def label(self) -> str:
        """What messages call it."""
        ...

    def columns(self) -> dict[str, str]:
        """Names and DuckDB types, in order."""
        ...

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield Arrow struct arrays of the rows in order, without the first `skip`."""
        ...

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield rows of SELECT `select` FROM this table `rest`; it may come in parts, to be put together."""
        ...

    def row_count(self) -> int | None:
        """The number of rows where it is known without reading them."""
        ...

    def pieces(self) -> "Sequence[Relation]":
        """Parts that can be read side by side, in the order of the rows."""
        ...

    @property
    def is_steady(self) -> bool:
        """Whether the rows come in the same order each time they are read."""
        ...

    def cancel(self) -> None:
        """End what the relation's reader is waiting for, where it waits for somebody else."""
        ...


MANY_COLUMNS = 2_000  # above, DuckDB's usual memory is too little, as 10,000 columns find out in four seconds


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
        extension: one of DuckDB's that has to be loaded, or None.
        files: whether the only parameter is a list of files, each of which can be read by itself.
        partitions: columns that are in the names of the files' folders.
        counted: a query for the number of rows that reads none, with the same parameters.
        written: as `clause`, with every field as the text that stands in the file; None where there is no text.
        texts: the text files that a query reads.
        whole: as `clause`, with types that hold every value of a text file, for whoever writes its rows again.
    """

    label: str
    clause: str = field(repr=False)  # may hold a key, as an address may
    parameters: list[Any] = field(default_factory=list, repr=False)
    database: Path | None = None
    frame: Any = None
    rows: tuple[int, int] | None = None
    counted: str | None = None
    files: bool = False
    extension: str | None = None
    partitions: tuple[Partition, ...] = ()
    written: str | None = None
    whole: str | None = None
    texts: "tuple[DuckDBRelation, ...]" = ()

    @property
    def of_text(self) -> bool:
        """Whether numbers of it are written in a text, where they may have any number of digits."""
        return self.written is not None or bool(self.texts)

    def columns(self) -> dict[str, str]:
        """Names and types; reads no more than the reader's sample."""
        with telling_errors(self.label), self.opened() as connection:
            described = connection.execute(f"DESCRIBE SELECT * FROM {self._named}", self.parameters).fetchall()
        return {row[0]: row[1] for row in described}

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield pieces as DuckDB reads them, in the order of the rows; with more memory from where it was too little."""
        with telling_errors(self.label), self.opened() as connection:
            if select.count(",") > MANY_COLUMNS:
                connection.execute(MORE_MEMORY[0])
            for more in (*MORE_MEMORY, None):
                try:
                    for piece in self._stream(connection, select, skip):
                        skip += len(piece)
                        yield piece
                    return
                except Exception as error:
                    if more is None or not wants_more_memory(error):
                        raise
                connection.execute(more)

    def _stream(self, connection: Any, select: str, skip: int) -> Iterator[Any]:
        import nanoarrow  # noqa: PLC0415 - loaded when a table is read, not on import

        limit = f" LIMIT {2**62} OFFSET {skip}" if skip else ""
        relation = connection.sql(f"SELECT {select} FROM {self.ranged}{limit}", params=self.parameters)
        yield from nanoarrow.ArrayStream(relation)

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query at once."""
        with telling_errors(self.label), self.opened() as connection:
            sql = f"SELECT {select} FROM {self.ranged} {rest}"
            yield from with_enough_memory(connection, lambda: connection.execute(sql, self.parameters).fetchall())

    def keep(self, file: Path) -> None:
        """Write all rows to a Parquet file, in whatever order they come this once."""
        with telling_errors(self.label), self.opened() as connection:
            target = str(file).replace("'", "''")
            sql = f"COPY (SELECT * FROM {self.ranged}) TO '{target}' (FORMAT parquet)"
            with_enough_memory(connection, lambda: connection.execute(sql, self.parameters))

    def row_count(self) -> int | None:
        """From the files' own metadata, or None."""
        if self.rows is not None:
            return self.rows[1] - self.rows[0]
        if self.counted is None:
            return None
        with telling_errors(self.label), self.opened() as connection:
            return int(connection.execute(self.counted, self.parameters).fetchone()[0])

    @property
    def is_steady(self) -> bool:
        """Files and data frames are; a query may answer otherwise each time."""
        return self.files or self.frame is not None

    def cancel(self) -> None:
        """Nobody else is waited for."""

    def pieces(self) -> "list[DuckDBRelation]":
        """Each file by itself; a Parquet file of more than PIECE_ROWS rows is cut between row groups."""
        if not self.files or self.rows is not None:
            return [self]
        (paths,) = self.parameters
        if self.counted is None:
            return [replace(self, label=path, parameters=[[path]]) for path in paths]
        parts = []
        for path in paths:
            one = replace(self, label=path, parameters=[[path]])
            stretches = one._stretches()
            for first, stop in stretches:
                label = path if len(stretches) == 1 else f"rows {first + 1:,} to {stop:,} of {path}"
                parts.append(replace(one, label=label, rows=(first, stop)))
        return parts

    def _stretches(self) -> list[tuple[int, int]]:
        """Cut one Parquet file's rows into stretches of whole row groups, PIECE_ROWS rows or a little more each."""
        with telling_errors(self.label), self.opened() as connection:
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
    def ranged(self) -> str:
        """What stands after FROM for these rows."""
        if self.rows is None:
            return self._named
        first, stop = self.rows
        numbered = self._reading("file_row_number=true")
        return f"(SELECT * FROM {numbered} WHERE file_row_number >= {first} AND file_row_number < {stop})"

    @property
    def _named(self) -> str:
        """What stands after FROM for all rows."""
        return self._reading() if self.partitions else self.clause

    def _reading(self, *options: str) -> str:
        """The call that reads files, with more options, and with the columns that are in the names of their folders."""
        options = (*options, f"filename='{FILE}'") if self.partitions else options
        call = ", ".join([self.clause.removesuffix(")"), *options]) + ")"
        if not self.partitions:
            return call
        added = ", ".join(partition.sql for partition in self.partitions)
        return f"(SELECT * EXCLUDE ({quoted(FILE)}), {added} FROM {call})"

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """Give a connection on which `ranged` can be queried, with `parameters`."""
        with connect(self.database) as connection:
            if self.extension:
                connection.execute(f"LOAD {self.extension}")
            if self.frame is not None:
                connection.register("frame", self.frame)
            yield connection


def files_relation(files: Files, label: str) -> DuckDBRelation:
    """Return the relation of files."""
    counted = "SELECT sum(num_rows) FROM parquet_file_metadata(?)" if files.kind == "parquet" else None
    relation = DuckDBRelation(
        label, files.clause, files.parameters, counted=counted, files=True, written=files.written, whole=files.whole
    )
    if not files.partitions:
        return relation
    there = {name.casefold() for name in relation.columns()}  # a column of the files is never replaced
    return replace(relation, partitions=tuple(p for p in files.partitions if p.name.casefold() not in there))


class StreamedRelation(abc.ABC):
    """What comes piece by piece from elsewhere, each a struct array that DuckDB selects from."""

    label: str

    @abc.abstractmethod
    def arrays(self) -> Iterator[Any]:
        """Yield the pieces, from the first row on."""

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield the selected columns of each piece."""
        import nanoarrow  # noqa: PLC0415

        with telling_errors(self.label), connect() as connection:
            for piece in self._registered(connection):
                offset = min(skip, piece)
                skip -= offset
                if offset < piece:
                    relation = connection.sql(f"SELECT {select} FROM piece OFFSET {offset}")
                    yield from nanoarrow.ArrayStream(relation)

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the query for each piece."""
        with telling_errors(self.label), connect() as connection:
            for _ in self._registered(connection):
                yield from connection.execute(f"SELECT {select} FROM piece {rest}").fetchall()

    def row_count(self) -> int | None:
        """Unknown."""
        return None

    @property
    def is_steady(self) -> bool:
        """Nobody promises that."""
        return False

    @abc.abstractmethod
    def cancel(self) -> None:
        """End what the reader of `arrays` is waiting for."""

    def _registered(self, connection: Any) -> Iterator[int]:
        """Register one piece after another as `piece` and yield its number of rows."""
        for piece in self.arrays():
            connection.register("piece", Chunks(piece))
            yield len(piece)


@dataclass(frozen=True, eq=False)
class StreamRelation(StreamedRelation):
    """What comes as an Arrow stream of its own, such as a reader that can be read once.

    Args:
        label: for messages.
        open: starts the stream from its first row and gives an object with `__arrow_c_stream__`.
    """

    label: str
    open: Callable[[], contextlib.AbstractContextManager[Any]]

    def columns(self) -> dict[str, str]:
        """Names and types, from the stream's schema."""
        import nanoarrow  # noqa: PLC0415

        with self.open() as stream, telling_errors(self.label):
            return types_of(nanoarrow.ArrayStream(stream).schema)

    def arrays(self) -> Iterator[Any]:
        """Yield the stream's pieces."""
        import nanoarrow  # noqa: PLC0415

        with self.open() as stream:
            yield from nanoarrow.ArrayStream(stream)

    def keep(self, file: Path) -> None:
        """Write all rows to a Parquet file."""
        with self.open() as stream, telling_errors(self.label), connect() as connection:
            target = str(file).replace("'", "''")
            connection.register("stream", stream)
            connection.execute(f"COPY (SELECT * FROM stream) TO '{target}' (FORMAT parquet)")

    def cancel(self) -> None:
        """Nobody else is waited for."""

    def pieces(self) -> "list[StreamRelation]":
        """The stream itself: it comes in one order."""
        return [self]


def types_of(schema: Any) -> dict[str, str]:
    """Return the names of an Arrow schema's columns and DuckDB's types of them."""
    import nanoarrow  # noqa: PLC0415

    with connect() as connection:
        empty = Chunks(nanoarrow.Array.from_chunks([], schema))
        described = connection.register("piece", empty).execute("DESCRIBE piece").fetchall()
    return {row[0]: row[1] for row in described}


class Chunks:
    """An Arrow array as a stream that can be asked for again and again, as DuckDB does for the schema."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self.array.__arrow_c_stream__(requested_schema)
