"""File types: from the types that a file's first lines suggest, or its first part, to types that hold all its values."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from steepest.data.sources.connection import connect
from steepest.data.sources.locate import Files
from steepest.data.sources.reader_errors import short, telling_errors
from steepest.data.sources.roles import NUMERIC
from steepest.errors import DataError

FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
SMALL = ("FLOAT", "TINYINT", "SMALLINT", "UTINYINT", "USMALLINT")  # whose values are all float32
DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}


def typed(
    files: Files, types: Mapping[str, str], names: Collection[str] = (), written: Collection[str] = ()
) -> tuple[Files, dict[str, str]]:
    """Return files that are read with types which hold every value, and those types.

    Of a text the reader has looked at the first 20,480 lines. Where they hold whole numbers it would round the fractions
    that come later: so each column of numbers is read as float64, and one whose numbers are names as text.

    Args:
        files: as located.
        types: of the columns, as the reader would take them.
        names: columns whose values are names of something, also where they look like numbers.
        written: columns of yes and no that are to be read as they are written.

    Raises:
        DataError: two Parquet files have types for a column that no type holds both of.
    """
    own = file_columns(files, types)
    if files.kind == "csv":
        texts = {name: "VARCHAR" for name, kind in own.items() if name in written and kind == "BOOLEAN"}
        own = {name: _in_text(kind, name in names) for name, kind in own.items() if _is_number(kind)} | texts
    elif files.kind == "parquet":
        own = _united(files, own) if len(files.paths) > 1 else {}
        return replace(files, united=bool(own)), {**types, **own}
    files = replace(files, types=own)
    if files.kind == "csv":
        _refuse_other_parts(files)
    return files, {**types, **own}


def file_columns(files: Files, types: Mapping[str, str]) -> dict[str, str]:
    """The columns that stand in the files themselves, and not in the names of their folders."""
    of_folders = {partition.name for partition in files.partitions}
    return {name: kind for name, kind in types.items() if name not in of_folders}


def _refuse_other_parts(files: Files) -> None:
    """Raise DataError where the first lines of a later part are no table of these columns; the reader would not say whose."""
    if len(files.paths) == 1:
        return
    first = str(files.paths[0])
    with telling_errors(first), connect() as connection:
        for part in files.parameters[0][1:] if _fails(connection, files, files.parameters[0]) else ():
            if _fails(connection, files, [part]):
                raise DataError(
                    f"{part} does not fit {first}: its first lines are no table of the same columns. Correct it, or give it by itself."
                )


def _fails(connection: Any, files: Files, parts: Sequence[str]) -> bool:
    """Whether the reader refuses parts with the types of the first one."""
    import duckdb  # noqa: PLC0415 - loaded when a table is read

    try:
        connection.execute(f"DESCRIBE SELECT * FROM {files.clause}", [parts])
    except duckdb.BinderException as error:
        return "COLUMN_TYPES" in str(error)
    return False


def _is_number(kind: str) -> bool:
    return kind.lstrip("U").startswith(NUMERIC) and not kind.endswith("]")


def _in_text(kind: str, is_name: bool) -> str:
    return "VARCHAR" if is_name and not kind.startswith(FRACTIONS) else "DOUBLE"


def _united(files: Files, types: Mapping[str, str]) -> dict[str, str]:
    """The types that hold both, where Parquet files differ in those of a column; empty where they do not.

    Raises:
        DataError: there is none; names two files.
    """
    first, kinds = str(files.paths[0]), "type, type_length, converted_type, scale, precision, logical_type"
    schema = f"SELECT file_name, md5(string_agg((name, {kinds})::VARCHAR ORDER BY column_id)) AS columns FROM parquet_schema(?) GROUP BY file_name"
    with telling_errors(first), connect() as connection:
        parts = connection.execute(
            f"SELECT min(file_name) FROM ({schema}) GROUP BY columns", files.parameters
        ).fetchall()
        if len(parts) < 2:
            return {}
        described = "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning=false{})"
        each = {
            part: dict(row[:2] for row in connection.execute(described.format(""), [[part]]).fetchall())
            for (part,) in parts
        }
        united = dict(
            row[:2] for row in connection.execute(described.format(", union_by_name=true"), files.parameters).fetchall()
        )
    if any(set(kinds) != set(types) for kinds in each.values()):
        return {}  # the reader names a file that lacks a column, where it is not to fill it
    for name in types:
        of_parts = {kinds[name]: part for part, kinds in each.items()}
        if len(of_parts) > 1:
            _refuse_unlike(name, of_parts, united[name])
    return {name: united[name] for name in types}


def _refuse_unlike(name: str, parts: Mapping[str, str], united: str) -> None:
    """Raise DataError where a type that is meant to hold those of all parts would change values of one."""
    unlike = [kind for kind in parts if not _holds(united, kind)]
    if not unlike:
        return
    one = unlike[0]
    other = next(kind for kind in parts if kind != one)
    raise DataError(
        f"column {short(name)} is {one} in {parts[one]} and {other} in {parts[other]}; no type holds both. "
        "Write both files with one type."
    )


def _holds(united: str, kind: str) -> bool:
    """Whether each value of a type is the same in the united one."""
    if united == kind:
        return True
    if not (_is_number(united) and _is_number(kind)):
        return False
    if united.startswith("FLOAT"):
        return kind.startswith(SMALL)
    if not united.startswith("DECIMAL"):
        return True  # float64, where it rounds, is told; wider whole numbers hold narrower ones
    digits, places = _digits(united)
    own_digits, own_places = _digits(kind)
    return places >= own_places and digits - places >= own_digits - own_places


def _digits(kind: str) -> tuple[int, int]:
    """All digits of a type of exact numbers, and those behind the point."""
    found = re.match(r"DECIMAL\((\d+),(\d+)", kind)
    return (int(found[1]), int(found[2])) if found else (DIGITS.get(kind.lstrip("U"), 39), 0)
