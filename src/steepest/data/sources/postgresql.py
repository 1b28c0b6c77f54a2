"""PostgreSQL: read through ADBC's driver in one read-only snapshot, with the numbers that the server means."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from steepest.data.sources.connection import quoted
from steepest.data.sources.reader_errors import is_of_the_reader
from steepest.data.sources.relations import types_of
from steepest.errors import DataError, UsageError, without_secrets

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# One order for every pass: no scan joins one that is under way, none is shared by several processes. And a query
# of a client that is gone ends within a second. A server that does not know a setting is not asked for it.
SETTINGS = (
    "SELECT set_config(name, value, true) FROM (VALUES ('synchronize_seqscans', 'off'), "
    "('max_parallel_workers_per_gather', '0'), ('client_connection_check_interval', '1000')) AS wanted (name, value) "
    "WHERE name IN (SELECT known.name FROM pg_settings AS known)"
)
TABLES = (
    "SELECT space.nspname::text AS space, class.relname::text AS name FROM pg_class AS class "
    "JOIN pg_namespace AS space ON space.oid = class.relnamespace WHERE class.relkind IN ('r', 'v', 'm', 'p', 'f') "
    "AND space.nspname NOT LIKE 'pg\\_%' AND space.nspname <> 'information_schema' "
    "ORDER BY pg_table_is_visible(class.oid) DESC, 1, 2"
)
# what the driver gives otherwise: numeric as text, money in its smallest unit, oid with a sign, char padded, others as bytes
CASTS = {
    "numeric": "{0}::double precision",
    "money": "{0}::numeric::double precision",
    "oid": "{0}::bigint",
    "bpchar": "{0}::text",
    "uuid": "{0}::text",
}
SHOWN_PARAMETERS = ("host", "hostaddr", "port", "user", "dbname", "sslmode")
# what a connection fails by, and the same for a user; the driver's own words may hold pieces of a password
FAILURES = (
    ("Connection refused", "no server answers there.", "check the address, and that the server runs"),
    ("No such file or directory", "no server answers there.", "check the address, and that the server runs"),
    ("translate host name", "no machine has the name that the address gives.", "check the address"),
    ("timeout", "no server answers in time.", "check the address, and that the server runs"),
    ("timed out", "no server answers in time.", "check the address, and that the server runs"),
    ("password", "the server does not take the password, or wants one.", "give it in PGPASSWORD or ~/.pgpass"),
    ("role", "the server has no such user.", "check the user's name"),
    ("database", "the server has no such database.", "check the database's name"),
    ("pg_hba", "the server does not let this user in from here.", "ask who runs the server"),
    ("SSL", "server and client do not agree about encryption.", "change sslmode in the address"),
)


class PostgreSQL:
    """A PostgreSQL database, held in one snapshot from the first look on until nobody needs it any more.

    Args:
        address: postgresql://user@host/name.
    """

    def __init__(self, address: str) -> None:
        self._address, self.label = address, shown(address)
        self._connection: Any = None
        self._is_answering = False
        self._casts: dict[str, dict[str, str]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return PostgreSQL, (self._address,)

    def tables(self) -> list[tuple[str, str]]:
        """Return (schema, name) of each table and view; first those that are found without their schema."""
        import nanoarrow  # noqa: PLC0415 - loaded when a table is read, not on import

        rows = [row for piece in self._answer(TABLES) for row in nanoarrow.Array(piece).to_pylist()]
        return [(row["space"], row["name"]) for row in rows]

    def columns(self, sql: str) -> dict[str, str]:
        """Return the columns' names and DuckDB's types of them; no row is read."""
        with self._answered(f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0") as stream:
            names = [field.name for field in stream.schema.fields]
            double = next((name for name in names if names.count(name) > 1), None)
            if double is not None:
                raise DataError(f"two columns of the query are called {double!r}.", "give one another name (AS ...)")
            self._casts[sql] = {field.name: _cast(field) for field in stream.schema.fields}
        with self._answered(self._select(sql, names) + " LIMIT 0") as stream:
            return types_of(stream.schema)

    def arrays(self, sql: str, names: Sequence[str]) -> Iterator[Any]:
        """Yield the rows as Arrow struct arrays of some columns."""
        if sql not in self._casts:
            self.columns(sql)
        yield from self._answer(self._select(sql, names))

    def cancel(self) -> None:
        """End the query that is running."""
        if self._connection is not None:
            self._connection.cancel()

    def _select(self, sql: str, names: Sequence[str]) -> str:
        columns = (f"{self._casts[sql][name].format(quoted(name))} AS {quoted(name)}" for name in names)
        return f"SELECT {', '.join(columns)} FROM (\n{sql}\n) AS q"

    def _answer(self, sql: str) -> Iterator[Any]:
        with self._answered(sql) as stream:
            yield from stream

    @contextlib.contextmanager
    def _answered(self, sql: str) -> Iterator[Any]:
        """Give the Arrow stream of a query, without the driver's DBAPI, which would want pyarrow.

        A query that fails or is left ends its transaction: the next one begins another, in a snapshot of its own. So does one
        that is asked while another is being answered, since a connection has one answer at a time.
        """
        import nanoarrow  # noqa: PLC0415
        from adbc_driver_manager import AdbcStatement  # noqa: PLC0415 - asked for by an address

        if self._is_answering:
            with PostgreSQL(self._address)._answered(sql) as stream:
                yield stream
            return
        connection = self._open()
        self._is_answering = True
        try:
            with _telling(self.label), AdbcStatement(connection) as statement:
                statement.set_sql_query(sql)
                stream = nanoarrow.ArrayStream(statement.execute_query()[0])
                try:
                    yield stream
                except GeneratorExit:
                    connection.cancel()
                    raise
                for _ in stream:  # what is left of one answer is in the way of the next
                    pass
        except BaseException:
            self._connection = None
            raise
        finally:
            self._is_answering = False

    def _open(self) -> Any:
        """Return the connection, in a transaction that sees one state of all tables and may change none."""
        if self._connection is not None:
            return self._connection
        try:
            import adbc_driver_manager as manager  # noqa: PLC0415
            import adbc_driver_postgresql as driver  # noqa: PLC0415
        except ImportError:
            raise UsageError(
                f"{self.label} needs the driver adbc-driver-postgresql: pip install 'steepest[sql]'."
            ) from None
        try:
            connection = manager.AdbcConnection(driver.connect(self._address))
        except manager.Error as error:
            raise _not_connected(self.label, str(error)) from None
        with _telling(self.label):
            for sql in (BEGIN, SETTINGS):
                with manager.AdbcStatement(connection) as statement:
                    statement.set_sql_query(sql)
                    statement.execute_update()
        self._connection = connection
        return connection


def shown(address: str) -> str:
    """Return a database's address without what may be a secret.

    Example:
        >>> shown("postgresql://me:a@b/c@host:5432/air?password=d&sslmode=require")
        'postgresql://me:…@host:5432/air?sslmode=require'
    """
    scheme, mark, rest = address.partition("://")
    user, at, place = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    base, _, query = place.partition("?")
    kept = [part for part in query.split("&") if part.partition("=")[0] in SHOWN_PARAMETERS]
    login = f"{name}:…" if colon else name
    return without_secrets(scheme + mark + login + at + base + ("?" + "&".join(kept) if kept else ""))


def _cast(field: Any) -> str:
    """Return SQL for a column, with {0} for its name, that comes as what the server means by it."""
    metadata = dict(field.metadata or {})
    kind = metadata.get(b"POSTGRESQL:type", b"").decode()
    opaque = metadata.get(b"ARROW:extension:name") == b"arrow.opaque"
    return CASTS.get(kind, "{0}::text" if opaque else "{0}")


@contextlib.contextmanager
def _telling(label: str) -> Iterator[None]:
    """Say what the server says in one sentence."""
    try:
        yield
    except Exception as error:
        if not is_of_the_reader(error):
            raise
        text = str(error)
        if "read-only transaction" in text or "data-modifying" in text:
            raise DataError(
                f"{label} is read, never written, and this query would change it. Nothing was changed.",
                "give a query that only reads",
            ) from None
        found = re.search(r"(?:ERROR|FATAL):\s+(.*)", text)
        sentence = found[1] if found else " ".join(text.partition("Query was:")[0].split())[:400]
        raise DataError(f"cannot read {label}: {sentence.rstrip('.')}.", "correct the query") from None


def _not_connected(label: str, text: str) -> DataError:
    """Say why there is no connection."""
    known = ((sentence, remedy) for sign, sentence, remedy in FAILURES if sign in text)
    sentence, remedy = next(known, ("the address is not understood.", "give postgresql://user@host/name"))
    return DataError(f"cannot connect to {label}: {sentence}", remedy)
