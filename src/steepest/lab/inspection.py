"""Inspection: what an uploaded file holds, and whether it may be read: seen from its metadata before any row is."""

from pathlib import Path
from typing import Any

from steepest.data.sources.connection import connect
from steepest.data.sources.databases import database_of
from steepest.data.sources.header import check_header
from steepest.data.sources.locate import Files, TextOptions, locate
from steepest.data.sources.reader_errors import telling_errors
from steepest.data.sources.relations import files_relation
from steepest.data.sources.roles import CATEGORIES, DATES, NUMERIC, absent
from steepest.errors import DataError
from steepest.lab.texts import estimates, text_summaries

DOUBLE = 8  # bytes of a number
COUNTED_AT_ONCE = 200  # columns


def check_file(path: Path, limit: int, text: TextOptions | None = None) -> Files:
    """Return an uploaded file as the library reads it.

    Args:
        path: of the file.
        limit: bytes that a Parquet file may have unpacked.
        text: how a text file is written.

    Raises:
        DataError: it is not what its name says, or too large unpacked.
    """
    if database_of(path):
        raise DataError(f"{path} is a database. Give a table of it as CSV or Parquet.")
    files = locate(path, text)
    expected = "parquet" if path.suffix == ".parquet" else "csv"
    if files.kind != expected or files.packed:
        found = (
            f"packed by {files.packed}" if files.packed else {"csv": "text", "json": "JSON"}.get(files.kind, "Parquet")
        )
        raise DataError(f"{path} is {found}, and its name says otherwise. Rename it, or write it as its name says.")
    if files.kind == "parquet":
        _refuse_large_parquet(path, files, limit)
    return files


def inspect_file(path: Path, limit: int, text: TextOptions | None = None) -> dict[str, Any]:
    """Return the number of rows, and of each column the name, kind and number of missing values; of text `text_summaries` too."""
    files = check_file(path, limit, text)
    relation = files_relation(files, str(path))
    types = relation.columns()
    check_header(files, types)
    names, rows, missing = list(types), 0, []
    texts: dict[str, dict[str, Any]] = {}
    for first in range(0, len(names), COUNTED_AT_ONCE):
        some = names[first : first + COUNTED_AT_ONCE]
        of_text = [name for name in some if _kind(types[name]) == "text"]
        counts = (f"count(*) FILTER ({absent(name, types[name])})" for name in some)
        ((rows, *counted),) = relation.query(", ".join(["count(*)", *counts, *estimates(of_text)]))
        missing += counted[: len(some)]
        texts |= text_summaries(relation, of_text, counted[len(some) :])
    if not rows:
        raise DataError(f"{path} has no data rows. Give a table with at least one row.")
    columns = [
        {"name": name, "kind": _kind(types[name]), "missing": count, **texts.get(name, {})}
        for name, count in zip(names, missing, strict=True)
    ]
    return {"rows": rows, "columns": columns}


def _kind(declared: str) -> str:
    """What a column of this type of DuckDB's is to a person."""
    if declared.endswith("]"):
        return "other"
    if declared.startswith("BOOLEAN"):
        return "boolean"
    if declared.lstrip("U").startswith(NUMERIC):
        return "number"
    if declared.startswith(CATEGORIES):
        return "text"
    return "date" if declared.startswith((*DATES, "TIMESTAMP")) else "other"


def _refuse_large_parquet(path: Path, files: Files, limit: int) -> None:
    """Refuse a Parquet file whose metadata says that unpacked, or as numbers, it is larger than the limit."""
    query = (
        "SELECT count(DISTINCT path_in_schema), sum(CAST(total_uncompressed_size AS HUGEINT)), "
        "min(least(total_uncompressed_size, row_group_num_rows, num_values)) FROM parquet_metadata(?)"
    )
    with telling_errors(str(path)), connect() as connection:
        columns, unpacked, least = connection.execute(query, files.parameters).fetchone()
        (rows,) = connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", files.parameters).fetchone()
    if not columns or not rows:
        raise DataError(f"{path} has no data rows. Give a table with at least one row.")
    if least < 0 or rows < 0:
        raise DataError(f"{path} has metadata with sizes below 0. Write it again.")
    size = max(int(unpacked), int(rows) * int(columns) * DOUBLE)
    if size > limit:
        raise DataError(
            f"{path} has {rows:,} rows of {columns:,} columns, {size / 1e6:,.0f} MB unpacked; up to {limit / 1e6:g} MB are read. Give "
            "fewer rows or columns, or start the server with a larger --upload-limit."
        )
