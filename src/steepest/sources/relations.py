"""Relations: what SELECT can be said of, whether files, a data frame, a query or another database, read in pieces."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from steepest.errors import DataError, UsageError

PIECE_ROWS = 262_144  # of a part that one worker of a cluster takes
MEMORY_LIMIT = "600MB"  # of DuckDB; it reads in a stream, and what it holds beside is cut short
LONGEST_SHOWN = 80  # characters of a name or a value in a message
# what the reader says, and the same for a user
READER_SAYS = (
    ("unterminated quote", "a quote is not closed, or stands inside a field."),
    ("not utf-8 encoded", "a byte that is not UTF-8; the file is not utf-8 encoded."),
    ("is not latin-1 encoded", "the file is not latin-1 encoded."),
    ("is not utf-16 encoded", "the file is not utf-16 encoded."),
    ("Maximum line size", "a line is longer than two million bytes."),
    ("state machine", "its line ends are mixed (CR LF, LF, CR), or a quote is not closed."),
    (
        "when sniffing",
        "its lines do not have the same number of fields, with any mark between them; or its line ends are mixed.",
    ),
    ("Conversion Error: CSV Error", "a value that is no number, in a column of numbers in the lines before."),
    ("end of GZIP stream", "it is packed by gzip and its end is missing."),
    ("TProtocolException", "its metadata is no Parquet metadata."),
    ("No magic bytes found at end", "it begins as a Parquet file and ends as none: its end is missing."),
    ("too small to be a Parquet", "it begins as a Parquet file and ends at once."),
)


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
    extension: str | None = None

    def columns(self) -> dict[str, str]:
        """Names and types; reads no more than the reader's sample."""
        with self.opened() as connection, telling_errors(self.label):
            described = connection.execute(f"DESCRIBE SELECT * FROM {self.clause}", self.parameters).fetchall()
        return {row[0]: row[1] for row in described}

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield pieces as DuckDB reads them, in the order of the rows."""
        import nanoarrow  # noqa: PLC0415 - loaded when a table is read, not on import

        with self.opened() as connection, telling_errors(self.label):
            limit = f" LIMIT {2**62} OFFSET {skip}" if skip else ""
            relation = connection.sql(f"SELECT {select} FROM {self.ranged}{limit}", params=self.parameters)
            yield from nanoarrow.ArrayStream(relation)

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query at once."""
        with self.opened() as connection, telling_errors(self.label):
            yield from connection.execute(f"SELECT {select} FROM {self.ranged} {rest}", self.parameters).fetchall()

    def keep(self, file: Path) -> None:
        """Write all rows to a Parquet file, in whatever order they come this once."""
        with self.opened() as connection, telling_errors(self.label):
            target = str(file).replace("'", "''")
            connection.execute(f"COPY (SELECT * FROM {self.ranged}) TO '{target}' (FORMAT parquet)", self.parameters)

    def row_count(self) -> int | None:
        """From the files' own metadata, or None."""
        if self.rows is not None:
            return self.rows[1] - self.rows[0]
        if self.counted is None:
            return None
        with self.opened() as connection, telling_errors(self.label):
            return int(connection.execute(self.counted, self.parameters).fetchone()[0])

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
            for first, stop in one._stretches():
                parts.append(replace(one, rows=(first, stop)))
        return parts

    def _stretches(self) -> list[tuple[int, int]]:
        """Cut one Parquet file's rows into stretches of whole row groups, PIECE_ROWS rows or a little more each."""
        with self.opened() as connection, telling_errors(self.label):
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
            return self.clause
        first, stop = self.rows
        numbered = self.clause.removesuffix(")") + ", file_row_number=true)"
        return f"(SELECT * FROM {numbered} WHERE file_row_number >= {first} AND file_row_number < {stop})"

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """Give a connection on which `ranged` can be queried, with `parameters`."""
        with telling_errors(self.label), connect(self.database) as connection:
            if self.extension:
                connection.execute(f"LOAD {self.extension}")
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

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield the selected columns of each piece."""
        import nanoarrow  # noqa: PLC0415

        with telling_errors(self.label), connect() as connection:
            for piece in self._pieces(connection):
                offset = min(skip, piece)
                skip -= offset
                if offset < piece:
                    relation = connection.sql(f"SELECT {select} FROM piece OFFSET {offset}")
                    yield from nanoarrow.ArrayStream(relation)

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the query for each piece."""
        with telling_errors(self.label), connect() as connection:
            for _ in self._pieces(connection):
                yield from connection.execute(f"SELECT {select} FROM piece {rest}").fetchall()

    def keep(self, file: Path) -> None:
        """Write all rows to a Parquet file."""
        with self.open() as stream, telling_errors(self.label), connect() as connection:
            target = str(file).replace("'", "''")
            connection.register("stream", stream)
            connection.execute(f"COPY (SELECT * FROM stream) TO '{target}' (FORMAT parquet)")

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

    config: dict[str, Any] = {
        "autoinstall_known_extensions": "false",
        "memory_limit": MEMORY_LIMIT,
    }
    cores = os.environ.get("STEEPEST_THREADS", "")
    if cores.isdecimal() and int(cores):
        config["threads"] = cores
    with duckdb.connect(str(database or ":memory:"), read_only=database is not None, config=config) as connection:
        # its progress bar would be written to stdout, among the results
        connection.execute("SET enable_progress_bar = false")
        yield connection


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def short(value: object) -> str:
    """Return a name or a value from outside for a message: quoted, and cut where it is long."""
    text = str(value)
    return repr(text) if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]!r}… ({len(text):,} characters)"


@contextlib.contextmanager
def telling_errors(label: str) -> Iterator[None]:
    """Turn errors of the reader into a DataError that says where, what and what to do."""
    try:
        yield
    except (DataError, UsageError):
        raise
    except Exception as error:
        if not _is_of_the_reader(error):
            raise
        text = str(error).removeprefix("ArrowArrayStream::get_next() failed (5): ")
        raise DataError(
            f"cannot read {label}: {_where(text, label)}{_what(text)} {_remedy(text.replace(label, ''))}"
        ) from None


def _is_of_the_reader(error: Exception) -> bool:
    """Whether DuckDB, nanoarrow or a database's driver said it."""
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "nanoarrow", "adbc_driver_manager")


def _where(text: str, label: str) -> str:
    """The line of a text file that the reader stopped at, and the file where it is one of several."""
    line = re.search(r"CSV Error on Line: (\d+)", text)
    file = re.search(r"^\s*file\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    place = [file[1]] if file and file[1] != label else []
    return ", ".join([*place, *([f"Line: {line[1]}"] if line else [])]) + ": " * bool(place or line)


def _what(text: str) -> str:
    """What is wrong, in a sentence; the reader's own first words where it is nothing that we know."""
    if found := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return f"{found[2]} fields where the first line has {found[1]}."
    if found := re.search(
        r'Error when converting column "(.*)"\.\s+Could not convert string "(.*?)" to', text, re.DOTALL
    ):
        return f"column {short(found[1])} holds {short(found[2])}, and numbers in the lines before."
    if found := re.search(r"Main file schema: (.*?)\s+Current file: (.*?)\n\s*(.*)", text):
        return f"{found[2]} does not fit {found[1]}: {found[3].strip().lower()}."
    for sign, sentence in READER_SAYS:
        if sign in text:
            return sentence
    said = " ".join(re.split(r"Possible |Candidate|\bLINE 1:|Original Line", text)[0].split())
    return said[:400] + "." * (not said.endswith("."))


def _remedy(text: str) -> str:
    if "not utf-8 encoded" in text:
        return "Give its encoding (--encoding latin-1), or convert it to UTF-8."
    if "is not latin-1 encoded" in text or "is not utf-16 encoded" in text:
        return "Give another --encoding, or convert it to UTF-8: iconv -f WINDOWS-1252 -t UTF-8."
    if "GZIP" in text or "frame" in text.lower():
        return "Copy or pack it again."
    if "state machine" in text or "when sniffing" in text:
        return "Make all line ends alike (sed 's/\\r$//' FILE > NEW), close every quote, or give --delimiter and --encoding."
    if re.search("arquet|hrift|Protocol|Footer|decompression|Prefetch|magic", text):
        return "Write the file again, or correct it."
    if "connect" in text:
        return "Check the address, and that the server runs."
    if "Out of Memory" in text or "Maximum line size" in text:
        return "A field or line is larger than may be read; correct the file."
    return "Correct the file, or leave the column out (--exclude)."
