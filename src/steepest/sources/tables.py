"""CSV and Parquet files as a source of batches, read by DuckDB in pieces."""

import difflib
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from steepest.batch import Batch, FloatArray
from steepest.errors import DataError, MissingValuesError, UsageError

NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")
DATES = ("DATE", "TIME", "INTERVAL")
LOOKED_AT = 20_480  # lines looked at for a ragged one, as many as DuckDB samples
FINGERPRINT_BYTES = 1 << 20  # read from each end of a file, so that a large one is not read twice


@dataclass(frozen=True, eq=False)
class TableSource:
    """A CSV or Parquet file whose columns have passed every check that needs no reading of rows.

    Args:
        path: the file.
        reader: DuckDB's call that reads it, with one parameter, the path.
        features: names of the inputs.
        targets: names of the targets.
        weight: name of the weight column, or None.
        group: name of the column whose values say which rows belong together, or None; it may be text.
    """

    path: Path
    reader: str
    features: tuple[str, ...]
    targets: tuple[str, ...]
    weight: str | None = None
    group: str | None = None

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        y: object = None,
        target: str | Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        weight: object = None,
        group: object = None,
    ) -> "TableSource":
        """Check a file and its columns and return its source.

        Raises:
            DataError: no such file, no regular file, empty, unreadable, text or date columns; with the remedy.
            UsageError: the target or a feature is no column, or a column has two roles.
        """
        if y is not None:
            raise UsageError("y belongs to arrays; a file holds its targets. Name them: target=...")
        if weight is not None and not isinstance(weight, str):
            raise UsageError(f"the weight of a file is the name of a column; given was {type(weight).__name__}.")
        if group is not None and not isinstance(group, str):
            raise UsageError(f"the group of a file is the name of a column; given was {type(group).__name__}.")
        file = check_file(path)
        reader = _reader(file)
        types = _columns(file, reader)
        targets = (target,) if isinstance(target, str) else tuple(target or ())
        chosen = _choose(file, types, targets, features, weight, group)
        source = cls(file, reader, chosen, targets, weight, group)
        source._refuse_text(types)
        return source

    def batches(self) -> Iterator[Batch]:
        """Yield all rows in order, at most 131,072 at once.

        Raises:
            MissingValuesError: values are missing, counted for each column over the whole file.
            DataError: a line cannot be read; the message has its number.
        """
        import nanoarrow  # noqa: PLC0415 - loaded when a file is read, not on import

        names = self._names
        columns = ", ".join(f"CAST({_quoted(name)} AS DOUBLE)" for name in names)
        if self.group:
            # 53 bits of the value's text: a whole number that a double holds, the same in every version and on every machine
            columns += f", CAST(md5_number_lower(coalesce(CAST({_quoted(self.group)} AS VARCHAR), '')) >> 11 AS DOUBLE)"
        missing = _Missing(names)
        first = 0
        with _connect() as connection, _telling_errors(self.path):
            relation = connection.sql(f"SELECT {columns} FROM {self.reader}", params=[str(self.path)])
            for piece in nanoarrow.ArrayStream(relation):
                rows, valid = _decode(piece, len(names) + (self.group is not None))
                missing.look(rows[:, : len(names)], valid, first)
                if not missing.found:
                    yield self._batch(rows, first)
                first += len(rows)
        missing.refuse()
        if not first:
            raise DataError(f"{self.path} has no data rows. Give a table with at least one row below its header.")

    def describe(self) -> dict[str, Any]:
        """Say name, size and a fingerprint of the file's size, first and last megabyte."""
        size = self.path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with self.path.open("rb") as stream:
            digest.update(stream.read(FINGERPRINT_BYTES))
            if size > FINGERPRINT_BYTES:
                stream.seek(max(FINGERPRINT_BYTES, size - FINGERPRINT_BYTES))
                digest.update(stream.read(FINGERPRINT_BYTES))
        return {"kind": "file", "name": self.path.name, "bytes": size, "sha256_of_size_and_ends": digest.hexdigest()}

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.features, *self.targets, *((self.weight,) if self.weight else ()))

    def _batch(self, rows: FloatArray, first: int) -> Batch:
        d, t = len(self.features), len(self.targets)
        weight = rows[:, d + t] if self.weight else None
        group = rows[:, -1].astype(np.uint64) if self.group else None
        return Batch(rows[:, :d], rows[:, d : d + t], self.features, self.targets, weight, first, group)

    def _refuse_text(self, types: dict[str, str]) -> None:
        """Refuse columns that are no numbers, by name and first value."""
        for name in self._names:
            kind = types[name]
            if kind.lstrip("U").startswith(NUMERIC):
                continue
            value = self._first_value(name)
            if value is None:
                raise DataError(
                    f"{self.path} has no data rows, or column {name!r} no value at all. Give rows, or leave the column out."
                )
            if kind.startswith(DATES):
                remedy = "Turn dates into a number in a unit of your choice, such as days since the first row."
            else:
                others = [other for other in self.features if types[other].lstrip("U").startswith(NUMERIC)]
                remedy = (
                    f"Leave it out with features: {', '.join(others)}"
                    if name in self.features and others
                    else "Turn it into numbers first."
                )
            raise DataError(
                f"column {name!r} of {self.path} is {kind}, not a number; a value that is none is {value!r}. {remedy}"
            )

    def _first_value(self, name: str) -> object:
        with _connect() as connection:
            column = _quoted(name)
            # the first value that is no number says more than the first one
            query = (
                f"SELECT {column} FROM {self.reader} WHERE {column} IS NOT NULL "
                f"ORDER BY TRY_CAST(CAST({column} AS VARCHAR) AS DOUBLE) IS NOT NULL LIMIT 1"
            )
            row = connection.execute(query, [str(self.path)]).fetchone()
        return row[0] if row else None


class _Missing:
    """Counts missing values of each column while a file goes by."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.counts = np.zeros(len(names), dtype=np.int64)
        self.first: tuple[int, str] | None = None
        self.infinite: tuple[int, str, float] | None = None

    @property
    def found(self) -> bool:
        return bool(self.counts.any())

    def look(self, rows: FloatArray, valid: FloatArray | None, first_row: int) -> None:
        """Count NULL and NaN, remember the first, and the first infinity."""
        if np.isfinite(rows.sum()) and valid is None:
            return
        absent = np.isnan(rows)
        if absent.any():
            self.counts += absent.sum(axis=0)
            if self.first is None:
                row, column = np.argwhere(absent)[0]
                self.first = first_row + int(row), self.names[column]
        infinite = np.isinf(rows)
        if infinite.any() and self.infinite is None:
            row, column = np.argwhere(infinite)[0]
            raise DataError(
                f"column {self.names[column]!r} holds {rows[row, column]} in data row {first_row + int(row) + 1:,}; a finite number is "
                "needed there. Drop the row or correct the value."
            )

    def refuse(self) -> None:
        """Raise MissingValuesError when there were any."""
        if self.first is None:
            return
        each = ", ".join(f"{name} {count:,}" for name, count in zip(self.names, self.counts, strict=True) if count)
        row, column = self.first
        raise MissingValuesError(
            f"{int(self.counts.sum()):,} values are missing ({each}); the first is column {column!r} in data row {row + 1:,}. "
            "Drop those rows or fill them in."
        )


def check_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` when it is a regular file that can be read and holds something.

    Raises:
        DataError: otherwise; a missing file is told with the nearest names in its folder.
    """
    file = Path(path)
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"not found: {file}.{_near_misses(file)}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot open {file}: {error}.") from None
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{file} is a folder, device or pipe; a regular CSV or Parquet file is needed.")
    if not os.access(file, os.R_OK):
        raise DataError(f"no permission to read {file}. Change its permissions, or copy it to where you may read.")
    if not status.st_size:
        raise DataError(f"{file} is empty: no data rows. Give a table with a header and at least one row.")
    return file


def _near_misses(file: Path) -> str:
    try:
        names = [entry.name for entry in file.parent.iterdir()]
    except OSError:
        return f" The folder {file.parent} is not there either."
    near = difflib.get_close_matches(file.name, names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else " Check the folder and the spelling."


def _reader(file: Path) -> str:
    """Return DuckDB's reader for the file, decided by its first bytes and not by its name.

    Raises:
        DataError: the first bytes are neither Parquet nor text.
    """
    with file.open("rb") as stream:
        head = stream.read(65_536)
    if head.startswith(b"PAR1"):
        return "read_parquet(?)"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{file} is UTF-16 text; UTF-8 is needed. Convert it: iconv -f UTF-16 -t UTF-8.")
    if b"\0" in head:
        raise DataError(f"{file} holds NUL bytes, so it is no text; a CSV or Parquet file is needed.")
    if not head.strip(b"\xef\xbb\xbf\r\n\t ,;"):
        raise DataError(
            f"{file} holds blank lines only: no data rows. Give a table with a header and at least one row."
        )
    return "read_csv(?, strict_mode=true)"


def _columns(file: Path, reader: str) -> dict[str, str]:
    """Return column names and DuckDB types, in order; refuse names that stand twice in a CSV header."""
    with _connect() as connection, _telling_errors(file):
        described = connection.execute(f"DESCRIBE SELECT * FROM {reader}", [str(file)]).fetchall()
        names = {row[0]: row[1] for row in described}
        if reader.startswith("read_csv"):
            _refuse_ragged(file, names)
            _refuse_odd_header(connection, file, names)
    return names


def _refuse_ragged(file: Path, names: dict[str, str]) -> None:
    """Where lines differ in their number of fields the reader falls back to one column: name the line instead."""
    (only, *others) = names
    delimiter = next((mark for mark in ",;\t|" if mark in only), None)
    if others or delimiter is None:
        return
    expected = only.count(delimiter) + 1
    with file.open(encoding="utf-8", errors="replace") as stream:
        for line, text in enumerate(stream, start=1):
            found = text.count(delimiter) + 1
            if text.strip() and found != expected:
                raise DataError(
                    f"line {line} of {file} has {found} fields where its first line has {expected}. Correct that line."
                )
            if line > LOOKED_AT:
                return


def _refuse_odd_header(connection: Any, file: Path, names: dict[str, str]) -> None:
    """DuckDB renames the second `a` to `a_1` and invents names where there is no header: both are told instead."""
    found = connection.execute("SELECT Delimiter, Quote, SkipRows, HasHeader FROM sniff_csv(?)", [str(file)]).fetchone()
    delimiter, quote, skip, has_header = found
    if not has_header:
        raise DataError(
            f"{file} has no header line: its first line looks like data. Write a first line with the columns' names, such as "
            f"{delimiter.join(f'x{j + 1}' for j in range(len(names) - 1))}{delimiter}y."
        )
    options = "header=false, all_varchar=true, delim=$d, skip=$s" + ("" if quote == "(empty)" else ", quote=$q")
    values = {"p": str(file), "d": delimiter, "s": skip} | ({} if quote == "(empty)" else {"q": quote})
    header = connection.execute(f"SELECT * FROM read_csv($p, {options}) LIMIT 1", values).fetchone() or ()
    clean = [str(name).strip() if name is not None else "" for name in header]
    if "" in clean:
        raise DataError(f"{file} has no name for column {clean.index('') + 1} in its header. Give every column a name.")
    double = sorted({name for name in clean if clean.count(name) > 1})
    if double:
        raise DataError(
            f"{file} has columns of the same name: {', '.join(map(repr, double))}. Give every column its own name."
        )


def _choose(
    file: Path,
    types: dict[str, str],
    targets: tuple[str, ...],
    features: Sequence[str] | None,
    weight: str | None,
    group: str | None,
) -> tuple[str, ...]:
    """Return the features after checking that every named column exists and has one role."""
    if not targets:
        raise UsageError(f"which column is the target? Name one of {_shortened(types)}: target=... or --target NAME.")
    named = (*targets, *(features or ()), *((weight,) if weight else ()), *((group,) if group else ()))
    for name in named:
        if name not in types:
            near = difflib.get_close_matches(name, types, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"{file} has no column {name!r}.{hint} Its columns are {_shortened(types)}.")
    double = sorted({name for name in named if named.count(name) > 1})
    if double:
        raise UsageError(
            f"column {double[0]!r} is named twice among target, features, weight and group. Each column has one role."
        )
    chosen = tuple(features) if features is not None else tuple(name for name in types if name not in named)
    if not chosen:
        raise UsageError(
            f"{file} has no column left to predict {targets[0]!r} from. Give a table with at least one input."
        )
    return chosen


def _shortened(names: dict[str, str]) -> str:
    shown = [repr(name) for name in list(names)[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _connect() -> Any:
    import duckdb  # noqa: PLC0415 - loaded when a file is read, not on import

    return duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})


def _decode(piece: Any, columns: int) -> tuple[FloatArray, FloatArray | None]:
    """Return a struct of doubles as rows (n, columns), NULL as NaN, and a marker that there were NULLs."""
    import nanoarrow  # noqa: PLC0415

    rows = np.empty((len(piece), columns))
    some_null = None
    for j in range(columns):
        view = nanoarrow.c_array(piece.child(j)).view()
        values = np.asarray(view.buffer(1))[view.offset : view.offset + view.length]
        rows[:, j] = values
        if view.null_count:
            bits = np.unpackbits(np.frombuffer(view.buffer(0), dtype=np.uint8), bitorder="little")
            rows[bits[view.offset : view.offset + view.length] == 0, j] = np.nan
            some_null = rows
    return rows, some_null


class _telling_errors:
    """Turn errors of the reader into a DataError with the first lines of its explanation."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, (DataError, UsageError)):
            return
        import duckdb  # noqa: PLC0415
        from nanoarrow._utils import NanoarrowException  # noqa: PLC0415

        if isinstance(error, (duckdb.Error, NanoarrowException)):
            text = str(error).removeprefix("ArrowArrayStream::get_next() failed (5): ").split("Possible")[0]
            lines = [line.strip() for line in text.splitlines() if line.strip() and "Possible" not in line]
            raise DataError(
                f"cannot read {self.file}: {' '.join(lines[:4])[:600]} Correct the file, or leave the column out with features."
            ) from None
