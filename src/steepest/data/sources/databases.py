"""Databases: a table or a query of one as a relation; DuckDB reads files and its own databases, others have a session."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from steepest.data.sources.connection import connect, quoted
from steepest.data.sources.first_bytes import check_file
from steepest.data.sources.postgresql import PostgreSQL, shown
from steepest.data.sources.relations import Chunks, DuckDBRelation, Relation, StreamedRelation
from steepest.data.sources.sqlite import SQLite
from steepest.errors import DataError, UsageError, without_secrets
from steepest.support import remedies
from steepest.support.threads import interruptible, prefetch

STORES = ("s3://", "gs://", "gcs://", "r2://", "https://", "http://")
SQLITE_MAGIC = b"SQLite format 3\0"
DUCKDB_MAGIC = b"DUCK"  # from the ninth byte on
DUCKDB_TABLES = (
    "(SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal "
    "UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database() AND NOT internal "
    "ORDER BY schema_name <> 'main', schema_name, table_name)"
)
# quoted texts and names, comments, semicolons, and what stands between
TOKENS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|;|[^'\"\-/;]+|.", re.DOTALL)


def is_sql(data: object) -> bool:
    """Whether a text is a query and no path: SELECT, WITH, FROM or VALUES, also in parentheses and behind comments."""
    before = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*+"
    begin = r"(?:SELECT|WITH|FROM)(?:[\s(*\"'\[]|--|/\*)|VALUES(?:\s|--[^\n]*\n|/\*.*?\*/)*\("
    return isinstance(data, str) and re.match(f"{before}(?:{begin})", data, re.IGNORECASE | re.DOTALL) is not None


def is_address(data: object) -> bool:
    """Whether a text is the address of a file in an object store or on the web."""
    return isinstance(data, str) and data.startswith(STORES)


def address_relation(address: str) -> Relation:
    """Return the relation of Parquet, CSV or JSON lines files at an address, read by DuckDB's extension httpfs.

    Raises:
        UsageError: the extension is not installed; it is DuckDB's to download, and never done unasked.
    """
    name = address.partition("?")[0].removesuffix(".gz").removesuffix(".zst")
    extension_there("httpfs", name)
    reader = (
        "read_parquet" if name.endswith((".parquet", ".pq")) else "read_json" if "json" in name[-7:] else "read_csv"
    )
    # types that hold every value, and no row taken for a comment
    whole = {"read_csv": ", sample_size=-1, comment=''", "read_json": ", sample_size=-1"}.get(reader, "")
    return DuckDBRelation(without_secrets(name), f"{reader}(?{whole})", [address], extension="httpfs")


def extension_there(name: str, address: str) -> None:
    """Raise UsageError where an extension of DuckDB is not installed."""
    query = f"SELECT installed FROM duckdb_extensions() WHERE extension_name = '{name}'"
    with connect() as connection:
        row = connection.execute(query).fetchone()
    if not (row and row[0]):
        raise UsageError(
            f"{address} needs DuckDB's extension {name}. Install it once, python -c \"import duckdb; duckdb.execute('INSTALL {name}')\", or copy the file here."
        )


def database_of(path: str | os.PathLike[str]) -> str | None:
    """Return "duckdb" or "sqlite" when the file is such a database, by its first bytes."""
    if not os.path.isfile(path):
        return None  # a pipe would be waited for
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(16)
    except (OSError, ValueError):
        return None
    if head.startswith(SQLITE_MAGIC):
        return "sqlite"
    return "duckdb" if head[8:12] == DUCKDB_MAGIC else None


def query_relation(sql: str, texts: tuple[DuckDBRelation, ...] = ()) -> Relation:
    """Return the relation of a query over files, of which some are texts."""
    return DuckDBRelation("the query", _inner(sql), texts=texts)


def database_relation(database: str | os.PathLike[str], query: str | None) -> Relation:
    """Return the relation of a query, or of a table's or view's name, in a database.

    Args:
        database: a DuckDB or SQLite file, or postgresql://user@host/name.
        query: SELECT …, or the name of a table or view, with or without its schema; None where the database has one.

    Raises:
        DataError: no such file, or no such database.
        UsageError: the table cannot be told, or the driver is not installed.
    """
    text = str(database)
    if text.startswith(("postgresql://", "postgres://")):
        return _of_session(PostgreSQL(text), query)
    if "://" in text and not text.startswith("sqlite://"):
        raise UsageError(
            f"{shown(text)} is no database that can be read here. Give a DuckDB or SQLite file, or postgresql://user@host/name."
        )
    path = check_file(text.removeprefix("sqlite://"))
    kind = database_of(path)
    if kind == "sqlite":
        return _of_session(SQLite(path), query)
    if kind != "duckdb":
        raise DataError(f"{path} is no DuckDB or SQLite database. Give such a file, or postgresql://user@host/name.")
    tables = DuckDBRelation(str(path), DUCKDB_TABLES, database=path)
    sql = _sql(query, lambda: [(row[0], row[1]) for row in tables.query("*")], str(path))
    return DuckDBRelation(str(path), _inner(sql), database=path)


class Session(Protocol):
    """One connection to a database, for as long as its rows are needed: what is read through it is one state of the tables."""

    label: str

    def tables(self) -> list[tuple[str, str]]:
        """Return (schema, name) of each table and view; first those that are found without their schema."""
        ...

    def columns(self, sql: str) -> dict[str, str]:
        """Return names and DuckDB's types of a query's columns."""
        ...

    def arrays(self, sql: str, names: Sequence[str]) -> Iterator[Any]:
        """Yield a query's rows as Arrow struct arrays of some columns."""
        ...

    def cancel(self) -> None:
        """End the query that is running; may be called from any thread."""
        ...


@dataclass(frozen=True, eq=False)
class DatabaseRelation(StreamedRelation):
    """A query that another database answers.

    Args:
        label: for messages.
        session: with the database.
        sql: the query.
        names: of the columns that are read; None for all.
    """

    label: str
    session: Session
    sql: str = field(repr=False)
    names: tuple[str, ...] | None = None

    def columns(self) -> dict[str, str]:
        """Names and types of all columns."""
        return interruptible(lambda: self.session.columns(self.sql), self.cancel)

    def only(self, names: Sequence[str]) -> "DatabaseRelation":
        """Return the relation that asks the database for no more than these columns."""
        return replace(self, names=tuple(names))

    def arrays(self) -> Iterator[Any]:
        """Yield the answer's pieces."""
        yield from self.session.arrays(self.sql, self.names or tuple(self.session.columns(self.sql)))

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the query for each piece."""
        return prefetch(super().query(select, rest), cancel=self.cancel)

    def keep(self, file: Path) -> None:
        """Write all rows with all columns to a Parquet file."""
        interruptible(lambda: replace(self, names=None)._keep(file), self.cancel)

    def cancel(self) -> None:
        """End the query that is running."""
        self.session.cancel()

    def pieces(self) -> "list[DatabaseRelation]":
        """The query itself: its answer comes in one order."""
        return [self]

    def _keep(self, file: Path) -> None:
        """Write each piece to a file of its own, and then all of them to one."""
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in self.columns().items())
        target, parts = (str(path).replace("'", "''") for path in (file, f"{file}.parts"))
        with connect() as connection:
            connection.execute(f"CREATE TABLE piece_of_all ({columns})")
            connection.execute(f"COPY piece_of_all TO '{parts}.000000' (FORMAT parquet)")
            for number, piece in enumerate(self.arrays(), start=1):
                connection.register("piece", Chunks(piece))
                connection.execute(f"COPY (SELECT * FROM piece) TO '{parts}.{number:06}' (FORMAT parquet)")
            connection.execute(f"COPY (SELECT * FROM read_parquet('{parts}.*')) TO '{target}' (FORMAT parquet)")
        for part in file.parent.glob(f"{file.name}.parts.*"):
            part.unlink()


def _of_session(session: SQLite | PostgreSQL, query: str | None) -> Relation:
    sql = _sql(query, lambda: interruptible(session.tables, session.cancel), session.label)
    if re.match(r"\s*FROM\s", sql, re.IGNORECASE):  # DuckDB's short form
        sql = f"SELECT * {sql}"
    return DatabaseRelation(session.label, session, sql)


def _sql(query: str | None, tables: Callable[[], list[tuple[str, str]]], label: str) -> str:
    """Return SQL for a query, for the name of a table or view, or for the only one there is."""
    if query is not None and is_sql(query):
        return _one_statement(query)
    there = tables()
    shown_names = ", ".join([*(_dotted(*table, there) for table in there[:10]), *(["…"] if there[10:] else [])])
    if query is None:
        found = there
        if len(found) != 1:
            raise UsageError(
                f"{label} has {len(found)} tables and views ({shown_names}).",
                remedies.TABLE_OF_DATABASE,
                "give SELECT … in place of the name",
            )
    else:
        wanted = query.replace('"', "")
        found = [table for table in there if wanted in (table[1], ".".join(table))]
        found = found or [
            table for table in there if wanted.casefold() in (table[1].casefold(), ".".join(table).casefold())
        ]
        if not found:
            raise UsageError(f"{label} has no table or view {query!r}; there are {shown_names}.")
    return f"SELECT * FROM {'.'.join(map(quoted, found[0]))}"


def _dotted(schema: str, name: str, tables: list[tuple[str, str]]) -> str:
    """A table's name, with its schema where the first of that name is in another one."""
    first = next(table for table in tables if table[1] == name)
    return name if first[0] == schema and schema in ("main", "public") else f"{schema}.{name}"


def _inner(sql: str) -> str:
    """Return a query as it stands after FROM; a comment may be at its end."""
    return f"(\n{_one_statement(sql)}\n)"


def _one_statement(sql: str) -> str:
    """Return a query without semicolons and comments at its end; it becomes part of another one."""
    tokens = TOKENS.findall(sql)
    while tokens and (tokens[-1].isspace() or tokens[-1].startswith((";", "--", "/*"))):
        tokens.pop()
    return "".join(tokens).strip()
