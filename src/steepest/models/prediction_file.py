"""Prediction files: a table's rows with predictions beside them, streamed to CSV or Parquet, whole or not at all."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.sources import FullSource
from steepest.data.sources.connection import connect, quoted, with_enough_memory
from steepest.data.sources.databases import DatabaseRelation
from steepest.data.sources.label_sql import label_text
from steepest.data.sources.offset_rows import OffsetRows, without_offset
from steepest.data.sources.relations import DuckDBRelation, StreamRelation
from steepest.data.sources.roles import NUMERIC
from steepest.data.sources.signs import percent_columns, signed_columns
from steepest.data.sources.table_source import TableSource
from steepest.errors import DataError, UsageError
from steepest.models.class_column import accuracy, label_of, true_code, unknown_labels
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.files import behind, put_file
from steepest.support.scratch import NEW, scratch_beside

FORMS = {
    ".csv": "FORMAT csv, HEADER",
    ".tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
    ".parquet": "FORMAT parquet",
    ".jsonl": "FORMAT json",
    ".ndjson": "FORMAT json",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
# what a spreadsheet takes for a formula (OWASP, "CSV Injection"); a number such as -1.5 is none
FORMULA = r"^[=+\-@\t\r\n]"
NEVER_TEXT = (*NUMERIC, *(f"U{kind}" for kind in NUMERIC), "BOOLEAN", "UUID", "DATE", "TIME", "INTERVAL")


@dataclass(frozen=True)
class PredictionCounts:
    """How many rows a file of predictions has, and how well they agree with the target.

    Args:
        rows: in the file.
        left_out: rows of the table that are not in it.
        empty: rows without a prediction.
        rmse: of the predictions where the table has the target, or None.
        mae: mean absolute error of the same rows, or None.
        compared: rows that all of these have been computed from.
        accuracy: the share of rows whose class is predicted, where classes are and the table has the target, or None.
        unknown: labels of the table that the model does not know, with the number of their rows, which are not compared.
    """

    rows: int
    left_out: int
    empty: int
    rmse: float | None = None
    mae: float | None = None
    compared: int = 0
    accuracy: float | None = None
    unknown: tuple[str, ...] = ()


def check_name(path: str | os.PathLike[str]) -> None:
    """Raise UsageError where a file's name does not say how predictions are to be written."""
    _form(path)


def write_predictions(
    path: str | os.PathLike[str],
    source: FullSource,
    blocks: Iterable[tuple[Batch, FloatArray]],
    names: Sequence[str],
    *,
    keep_all: bool,
    target: str | None = None,
    labels: Sequence[str] = (),
    safe: bool = False,
    force: bool = True,
) -> PredictionCounts:
    """Write all columns of a table and those of the predictions beside them.

    A table that DuckDB can read again keeps its columns; others get the row's position, counted from 0, instead.

    Args:
        path: ends in .csv, .tsv, .jsonl (also .gz and .zst) or .parquet.
        source: where the rows are.
        blocks: each batch of it with the new columns, shape (n, len(names)).
        names: of the new columns.
        keep_all: keep rows that the source left out, with empty predictions.
        target: a column to compare the first new one with, where the table has it; with labels the last new one.
        labels: of classes: the last new column is a code 0, 1, … in the blocks and its label in the file.
        safe: put ' before texts that a spreadsheet would take for a formula.
        force: replace a file that is there.

    Raises:
        UsageError: the name of the file, or a new column's, cannot be used.
        DataError: from reading the rows; an earlier file is left as it was.
    """
    form, source = _form(path), without_offset(source)
    types = source.types if isinstance(source, TableSource) else {}
    refuse_names(types, names)
    file = behind(path)
    with scratch_beside(file) as scratch:
        with _table(source, scratch) as (connection, clause, parameters):
            _fill(connection, source, blocks, len(names))
            where = "" if keep_all else "WHERE p.kept"
            table = _to_copy(connection, source, clause, "FORMAT csv" in form)
            query = (
                f"SELECT {_columns(types if clause else {}, names, safe, labels)} FROM {table} predictions p {where}"
            )
            _copy(connection, query, parameters, scratch / NEW, form)
            found = _count(connection, keep_all)
            if clause and isinstance(source, TableSource) and target in types:
                found = _compared(found, connection, (clause, parameters), source, str(target), labels, len(names) - 1)
        put_file(scratch / NEW, file, force=force)
        return found


def refuse_names(types: dict[str, str], names: Sequence[str]) -> None:
    """Raise UsageError where the table has a column of a new one's name; DuckDB does not tell upper case from lower."""
    there = {name.casefold() for name in types}
    for name in names:
        if name.casefold() in there:
            raise UsageError(f"there is a column {name!r} already.", remedies.OTHER_NAME)
        there.add(name.casefold())


def _form(path: str | os.PathLike[str]) -> str:
    """Return DuckDB's options for the form that a file's name asks for."""
    name = Path(str(path).lower())
    packing = PACKED.get(name.suffix)
    ending = Path(name.stem).suffix if packing else name.suffix
    if ending not in FORMS or (ending == ".parquet" and packing):
        raise UsageError(
            f"{path}: predictions are written as .csv, .tsv, .jsonl (also .gz and .zst) or .parquet. Give such a name."
        )
    return FORMS[ending] + (f", COMPRESSION {packing}" if packing else "")


def settled(source: FullSource, folder: Path) -> FullSource:
    """Return a source whose rows come in the same order each time they are read.

    Files and data frames do; what a query or another database gives may not, so it is read once and kept beside the result.
    """
    if isinstance(source, OffsetRows):
        return replace(source, source=settled(source.source, folder))
    if not isinstance(source, TableSource):
        return source
    relation = source.relation
    if isinstance(relation, DuckDBRelation) and (relation.files or relation.frame is not None):
        return source
    if not isinstance(relation, (DuckDBRelation, StreamRelation, DatabaseRelation)):
        return source
    file = folder / "rows.parquet"
    relation.keep(file)
    return replace(source, relation=DuckDBRelation(relation.label, "read_parquet(?)", [[str(file)]], files=True))


@contextlib.contextmanager
def _table(source: FullSource, scratch: Path) -> Iterator[tuple[Any, str, list[Any]]]:
    """Give a connection, what puts the table's rows beside the predictions in a query, and its parameters.

    The text is empty where DuckDB cannot read the table a second time.
    """
    relation = source.relation if isinstance(source, TableSource) else None
    if isinstance(relation, DuckDBRelation):
        with relation.opened() as connection:
            connection.execute(f"SET temp_directory = {_text(scratch)}")
            yield connection, f"(SELECT * FROM {relation.ranged}) d POSITIONAL JOIN", relation.parameters
        return
    with connect() as connection:
        connection.execute(f"SET temp_directory = {_text(scratch)}")
        yield connection, "", []


def _to_copy(connection: Any, source: FullSource, clause: str, as_text: bool) -> str:
    """Return what reads the rows to be written: of a text file its fields as they stand (1.10, NA, 01/02/2020), or typed by all of them.

    For the predictions each column of numbers is read as float64, which a copy of the table is not to become.
    """
    if not isinstance(source, TableSource) or not isinstance(source.relation, DuckDBRelation):
        return clause
    relation = source.relation
    if relation.whole is None or relation.written is None:
        return clause
    if not as_text:
        return clause.replace(relation.clause, relation.whole)
    import duckdb  # noqa: PLC0415 - predictions are written

    try:
        rows = f"SELECT * FROM {relation.written}"
        names = [row[0] for row in connection.execute(f"DESCRIBE {rows}", relation.parameters).fetchall()]
        count = connection.execute(f"SELECT count(*) FROM ({rows})", relation.parameters).fetchone()
    except duckdb.Error:
        return clause
    same = names == list(source.types) and count == connection.execute("SELECT count(*) FROM predictions").fetchone()
    return clause.replace(relation.clause, relation.written) if same else clause


def _fill(connection: Any, source: FullSource, blocks: Iterable[tuple[Batch, FloatArray]], count: int) -> None:
    """Put the new columns into a table with a row for each of the source, also those that it leaves out."""
    new = ", ".join(f"c{j} DOUBLE" for j in range(count))
    connection.execute(f"CREATE TEMP TABLE predictions (row BIGINT, kept BOOLEAN, {new})")
    done = 0
    for batch, values in blocks:
        _insert(connection, done, batch.end.rows, batch.positions.astype(np.int64) - done, values)
        done = batch.end.rows
    if source.position is not None and source.position.rows > done:
        _insert(connection, done, source.position.rows, np.zeros(0, dtype=np.int64), np.zeros((0, count)))


def _insert(connection: Any, first: int, end: int, at: NDArray[np.int64], values: FloatArray) -> None:
    """Insert rows first … end - 1, with values at some of them."""
    kept = np.zeros(end - first, dtype=bool)
    kept[at] = True
    block: dict[str, Any] = {"row": np.arange(first, end), "kept": kept}
    for j in range(values.shape[1]):
        column = np.full(end - first, np.nan)
        column[at] = values[:, j]
        block[f"c{j}"] = column
    numbers = ", ".join(f"CASE WHEN kept THEN c{j} END" for j in range(values.shape[1]))
    connection.register("block", block)
    connection.execute(f"INSERT INTO predictions SELECT row, kept, {numbers} FROM block")
    connection.unregister("block")


def _columns(types: dict[str, str], names: Sequence[str], safe: bool, labels: Sequence[str]) -> str:
    """What to select: the table's columns, or the row where there are none, and the new ones."""
    columns = [f"{_cell(name, kind, safe)} AS {quoted(_safe(name, safe))}" for name, kind in types.items()]
    columns = columns or ["p.row AS row"]
    new = [f"p.c{j}" for j in range(len(names))]
    if labels:
        new[-1] = label_of(new[-1], [_safe(label, safe) for label in labels])
    return ", ".join(
        [*columns, *(f"{what} AS {quoted(_safe(name, safe))}" for what, name in zip(new, names, strict=True))]
    )


def _cell(name: str, kind: str, safe: bool) -> str:
    """A column of the table; with `safe`, texts that look like a formula and are no number get ' in front."""
    column = f"d.{quoted(name)}"
    if not safe or kind.startswith(NEVER_TEXT):
        return column
    text = f"CAST({column} AS VARCHAR)"
    formula = f"regexp_matches({text}, '{FORMULA}') AND TRY_CAST({text} AS DOUBLE) IS NULL"
    return f"CASE WHEN {formula} THEN chr(39) || {text} ELSE {text} END"


def _safe(name: str, safe: bool) -> str:
    return f"'{name}" if safe and re.match(FORMULA, name) else name


def _copy(connection: Any, query: str, parameters: list[Any], file: Path, form: str) -> None:
    """Write what a query gives."""
    import duckdb  # noqa: PLC0415 - predictions are written

    try:
        sql = f"COPY ({query}) TO {_text(file)} ({form})"
        with_enough_memory(connection, lambda: connection.execute(sql, parameters))
    except duckdb.IOException as error:
        if str(file) in str(error) or "space" in str(error):
            raise  # of the writing
        raise DataError(f"the rows could not be read a second time: {str(error).splitlines()[0]}.") from None


def _target_number(source: FullSource, target: str | None) -> str | None:
    """SQL for the target as a number, with its signs read as the options say; None where it is none that compares."""
    if target is None or not isinstance(source, TableSource):
        return None
    texts = [target] if source.types[target].startswith("VARCHAR") else []
    signed = signed_columns(source.relation, texts, source.text, {})
    if target in source.coding.percent and target not in percent_columns(signed):
        return None
    text = f"CAST({quoted(target)} AS VARCHAR)"
    number = f"coalesce(TRY_CAST({text} AS DOUBLE), CAST(TRY_CAST({text} AS BOOLEAN) AS DOUBLE))"
    return signed.get(target, number)


def _count(connection: Any, keep_all: bool) -> PredictionCounts:
    """Count what was written."""
    rows, kept = connection.execute("SELECT count(*), count(*) FILTER (kept) FROM predictions").fetchone()
    return PredictionCounts(rows, 0, rows - kept) if keep_all else PredictionCounts(kept, rows - kept, 0)


def _compared(
    found: PredictionCounts,
    connection: Any,
    table: tuple[str, list[Any]],
    source: TableSource,
    target: str,
    labels: Sequence[str],
    last: int,
) -> PredictionCounts:
    """Compare the first new column with the target, or with labels the last one with the row's class."""
    clause, parameters = table
    truth = true_code(target, source.types[target], labels) if labels else _target_number(source, target)
    if truth is None:
        return found
    rows = clause.replace("SELECT *", f"SELECT {truth} AS truth", 1)
    if labels:
        share, compared = accuracy(connection, rows, parameters, f"c{last}")
        said = clause.replace(
            "SELECT *", f"SELECT {truth} AS truth, {label_text(target, source.types[target])} AS label", 1
        )
        unknown = unknown_labels(connection, said, parameters, f"c{last}")
        return replace(found, accuracy=share, compared=compared, unknown=unknown)
    rmse, mae, compared = connection.execute(
        f"SELECT sqrt(avg(e * e)), avg(abs(e)), count(*) FROM (SELECT p.c0 - d.truth AS e FROM {rows} predictions p) WHERE isfinite(e)",
        parameters,
    ).fetchone()
    return replace(found, rmse=rmse, mae=mae, compared=compared) if compared else found


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
