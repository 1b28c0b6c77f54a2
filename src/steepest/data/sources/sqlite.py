"""SQLite: read by Python's own module, read-only, with a type for each column that holds all of its values."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from steepest.data.sources.connection import quoted
from steepest.data.sources.locate import MISSING
from steepest.errors import DataError, UsageError

PIECE_ROWS = 65_536
COLUMNS_AT_ONCE = 500  # SQLite gives at most 2,000 results
# A column of SQLite may hold anything. The widest of these kinds among its values decides: nothing, a word for a missing
# value ('', NA, …) among numbers or alone, whole numbers, numbers, texts, bytes.
WORDS = ", ".join("'" + word.replace("'", "''") + "'" for word in MISSING)
KIND = (
    "max(CASE typeof({0}) WHEN 'null' THEN 0 WHEN 'integer' THEN 2 WHEN 'real' THEN 3 WHEN 'blob' THEN 5 "
    f"ELSE CASE WHEN {{0}} IN ({WORDS}) THEN 1 ELSE 4 END END)"
)
TYPES = {None: "DOUBLE", 0: "DOUBLE", 1: "VARCHAR", 2: "BIGINT", 3: "DOUBLE", 4: "VARCHAR", 5: "BLOB"}
NUMBER = "CASE WHEN typeof({0}) = 'text' THEN NULL ELSE {0} END"  # the only texts among numbers are words for missing
SELECTED = {"BIGINT": NUMBER, "DOUBLE": NUMBER, "VARCHAR": "CAST({0} AS TEXT)", "BLOB": "{0}"}


class SQLite:
    """A SQLite file, held in one snapshot from the first look on until nobody needs it any more.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, str(path)
        self._connection: Any = None
        self._types: dict[str, dict[str, str]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return SQLite, (self.path,)

    def __del__(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def tables(self) -> list[tuple[str, str]]:
        """Return (schema, name) of each table and view."""
        sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite^_%' ESCAPE '^'"
        with self._telling():
            return [("main", row[0]) for row in self._open().execute(sql)]

    def columns(self, sql: str) -> dict[str, str]:
        """Return the columns' names and their types as DuckDB calls them, from all values: one pass inside SQLite."""
        if sql not in self._types:
            with self._telling():
                described = self._open().execute(f"SELECT * FROM (\n{sql}\n) LIMIT 0").description
                names = [column[0] for column in described]
                kinds: list[int | None] = []
                for first in range(0, len(names), COLUMNS_AT_ONCE):
                    counts = [KIND.format(quoted(name)) for name in names[first : first + COLUMNS_AT_ONCE]]
                    kinds += self._open().execute(f"SELECT {', '.join(counts)} FROM (\n{sql}\n)").fetchone()
            self._types[sql] = {name: TYPES[kind] for name, kind in zip(names, kinds, strict=True)}
        return self._types[sql]

    def arrays(self, sql: str, names: Sequence[str]) -> Iterator[Any]:
        """Yield the rows as Arrow struct arrays of some columns."""
        import nanoarrow  # noqa: PLC0415 - loaded when a table is read, not on import

        types = self.columns(sql)
        arrow = {
            "BIGINT": nanoarrow.int64(),
            "DOUBLE": nanoarrow.float64(),
            "VARCHAR": nanoarrow.string(),
            "BLOB": nanoarrow.binary(),
        }
        fields = {name: arrow[types[name]] for name in names}
        schema = nanoarrow.c_schema(nanoarrow.struct(fields))
        selected = ", ".join(SELECTED[types[name]].format(quoted(name)) for name in names)
        with self._telling():
            cursor = self._open().execute(f"SELECT {selected} FROM (\n{sql}\n)")
            while rows := cursor.fetchmany(PIECE_ROWS):
                columns = zip(*rows, strict=True)
                children = [
                    nanoarrow.c_array(column, kind) for column, kind in zip(columns, fields.values(), strict=True)
                ]
                whole = nanoarrow.c_array_from_buffers(schema, len(rows), [None], children=children)
                yield nanoarrow.Array(whole)

    def cancel(self) -> None:
        """End the query that is running."""
        if self._connection is not None:
            self._connection.interrupt()

    def _open(self) -> Any:
        """Return the connection; a transaction that only reads keeps what it sees as it is."""
        if self._connection is None:
            try:
                import sqlite3  # noqa: PLC0415 - few tables are in SQLite, and few Pythons come without it
            except ImportError:
                raise UsageError(f"{self.label}: this Python was built without SQLite. Use another one.") from None
            address = f"{self.path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
            connection.execute("BEGIN")
            self._connection = connection
        return self._connection

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what SQLite says in one sentence."""
        import sqlite3  # noqa: PLC0415

        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            remedy = "correct the query"
            if "locked" in text:
                remedy = "try again when the program that writes to it is done"
            elif "malformed" in text or "not a database" in text:
                remedy = "restore the file"
            raise DataError(f"cannot read {self.label}: {text.splitlines()[0]}.", remedy) from None
