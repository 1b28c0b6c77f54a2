"""SQL text and other databases: DuckDB for files and its own databases, ADBC for SQLite and PostgreSQL."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steepest.data.sources.connection import connect, quoted
from steepest.data.sources.first_bytes import check_file
from steepest.data.sources.reader_errors import telling_errors
from steepest.data.sources.relations import DuckDBRelation, Relation, StreamRelation
from steepest.errors import DataError, UsageError
from steepest.support import remedies

STORES = ("s3://", "gs://", "gcs://", "r2://", "https://", "http://")
SQLITE_MAGIC = b"SQLite format 3\0"
DUCKDB_MAGIC = b"DUCK"  # from the ninth byte on


def is_sql(data: object) -> bool:
    """Whether a text is a query and no path."""
    return isinstance(data, str) and re.match(r"\s*(SELECT|WITH|FROM)\s", data, re.IGNORECASE) is not None


def is_address(data: object) -> bool:
    """Whether a text is the address of a file in an object store or on the web."""
    return isinstance(data, str) and data.startswith(STORES)


def address_relation(address: str) -> Relation:
    """Return the relation of Parquet, CSV or JSON lines files at an address, read by DuckDB's extension httpfs.

    Raises:
        UsageError: the extension is not installed; it is DuckDB's to download, and never done unasked.
    """
    extension_there("httpfs", address)
    name = address.partition("?")[0].removesuffix(".gz").removesuffix(".zst")
    reader = (
        "read_parquet" if name.endswith((".parquet", ".pq")) else "read_json" if "json" in name[-7:] else "read_csv"
    )
    # types that hold every value, and no row taken for a comment
    whole = {"read_csv": ", sample_size=-1, comment=''", "read_json": ", sample_size=-1"}.get(reader, "")
    return DuckDBRelation(address, f"{reader}(?{whole})", [address], extension="httpfs")


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


def query_relation(sql: str) -> Relation:
    """Return the relation of a query over files."""
    return DuckDBRelation("the query", f"({_one_statement(sql)})")


def database_relation(database: str | os.PathLike[str], query: str | None) -> Relation:
    """Return the relation of a query, or of a table's name, in a database.

    Args:
        database: a DuckDB or SQLite file, or postgresql://user@host/name.
        query: SELECT …, or the name of a table; None where the database has one table.

    Raises:
        DataError: no such file, or no such database.
        UsageError: the table cannot be told, or the driver is not installed.
    """
    text = str(database)
    if text.startswith(("postgresql://", "postgres://")):
        return _adbc(text, "adbc_driver_postgresql", text, query)
    path = check_file(text.removeprefix("sqlite://"))
    kind = database_of(path)
    if kind == "sqlite":
        return _adbc(str(path), "adbc_driver_sqlite", f"file:{path}?mode=ro", query)
    if kind != "duckdb":
        raise DataError(f"{path} is no DuckDB or SQLite database. Give such a file, or postgresql://user@host/name.")
    tables = [row[0] for row in DuckDBRelation(str(path), "duckdb_tables()", database=path).query("table_name")]
    return DuckDBRelation(str(path), f"({_query(query, tables, str(path))})", database=path)


def shown(database: str) -> str:
    """Return a database's address without its password."""
    parts = urlsplit(database)
    return database.replace(f":{parts.password}@", ":…@") if parts.password else database


def _query(query: str | None, tables: list[str], label: str) -> str:
    """Return SQL for a query, for a table's name, or for the only table."""
    if query is not None and is_sql(query):
        return _one_statement(query)
    if query is None:
        if len(tables) != 1:
            raise UsageError(
                f"{label} has {len(tables)} tables ({', '.join(sorted(tables)[:10])}).",
                remedies.TABLE_OF_DATABASE,
                "give SELECT … in place of the name",
            )
        query = tables[0]
    elif tables and query not in tables:
        raise UsageError(f"{label} has no table {query!r}; its tables are {', '.join(sorted(tables)[:10])}.")
    return f"SELECT * FROM {quoted(query)}"


def _one_statement(sql: str) -> str:
    """Return a query without the semicolon at its end; it becomes part of another one."""
    return sql.strip().rstrip(";").strip()


def _adbc(address: str, driver: str, uri: str, query: str | None) -> Relation:
    """Return the stream of a query that an ADBC driver answers."""
    label = shown(address)
    try:
        module = __import__(driver)
    except ImportError:
        raise UsageError(f"{label} needs the driver {driver.replace('_', '-')}: pip install 'steepest[sql]'.") from None
    tables = [] if query is not None else _tables(module, uri, driver, label)
    statement = _query(query, tables, label)

    @contextlib.contextmanager
    def start() -> Iterator[Any]:
        with _answer(module, uri, statement, label) as stream:
            yield stream

    return StreamRelation(label, start)


@contextlib.contextmanager
def _answer(module: Any, uri: str, sql: str, label: str) -> Iterator[Any]:
    """Give the Arrow stream of a query, without the driver's DBAPI, which would want pyarrow."""
    import adbc_driver_manager as manager  # noqa: PLC0415 - asked for by an address

    with (
        telling_errors(label),
        module.connect(uri) as database,
        manager.AdbcConnection(database) as connection,
        manager.AdbcStatement(connection) as statement,
    ):
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        yield stream


def _tables(module: Any, uri: str, driver: str, label: str) -> list[str]:
    import nanoarrow  # noqa: PLC0415

    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if "sqlite" in driver
        else "SELECT tablename::text AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    with _answer(module, uri, sql, label) as stream:
        return [row["name"] for row in nanoarrow.Array(stream).to_pylist()]
