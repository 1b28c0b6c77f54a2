"""Dates: columns of dates as days since 1970-01-01, or as their year, month, day, weekday and hour."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from steepest.data.coding import Column
from steepest.data.sources.connection import quoted
from steepest.data.sources.grouped import ROW
from steepest.data.sources.locate import MISSING, literal
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import DuckDBRelation
from steepest.errors import DataError
from steepest.support import remedies

Dates = Literal["days", "parts"]
ISO = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.]\d+)?)?\s?(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?"
PARTS = {"year": "year", "month": "month", "day": "day", "weekday": "isodow", "hour": "hour"}
"""DuckDB's function of each part."""


def is_date(kind: str) -> bool:
    """Whether a type of DuckDB's is one of dates, with or without times.

    Example:
        >>> [is_date(kind) for kind in ("DATE", "TIMESTAMP WITH TIME ZONE", "TIME", "DATE[]")]
        [True, True, False, False]
    """
    return kind.startswith(("DATE", "TIMESTAMP")) and not kind.endswith("]")


def date_columns(name: str, kind: str, dates: Dates, missing: bool) -> list[Column]:
    """Return the columns of numbers that one of dates becomes.

    Example:
        >>> [column.name for column in date_columns("when", "DATE", "parts", False)]
        ['when.year', 'when.month', 'when.day', 'when.weekday']
    """
    if dates == "days":
        return [Column(name, None, missing, "days", name)]
    parts = [part for part in PARTS if part != "hour" or kind.startswith("TIMESTAMP")]
    return [Column(f"{name}.{part}", None, missing, part, name) for part in parts]


def part_as_double(column: Column) -> str:
    """Return SQL for a number of a date: times of a zone are taken in UTC."""
    microseconds = f"epoch_us({quoted(column.raw)})"
    if column.part == "days":
        return f"CAST({microseconds} AS DOUBLE) / 86400000000.0"
    return f"CAST({PARTS[column.part or '']}(make_timestamp({microseconds})) AS DOUBLE)"


def refuse_other_dates(relation: DuckDBRelation, names: Sequence[str]) -> None:
    """Refuse dates of a text file in another order than year, month, day, where 01/02/2020 may be two days.

    Raises:
        DataError: a value is written otherwise; says how many are, the first, and where it is.
    """
    if relation.written is None or not names:
        return
    rows = f'(SELECT row_number() OVER () AS "{ROW}", * FROM {relation.written})'
    gaps = ", ".join(map(literal, MISSING))
    selected = []
    for value in (f"trim(CAST({quoted(name)} AS VARCHAR))" for name in names):
        wrong = f"{value} NOT IN ({gaps}) AND NOT regexp_full_match({value}, {literal(ISO)})"
        selected += [f"{what} FILTER ({wrong})" for what in ("count(*)", f'min("{ROW}")', f'arg_min({value}, "{ROW}")')]
    (found,) = replace(relation, clause=rows, partitions=()).query(", ".join(selected))
    for name, count, row, value in zip(names, found[::3], found[1::3], found[2::3], strict=True):
        if count:
            raise DataError(
                f"column {short(name)} of {relation.label} has {count:,} of its dates not written as 2024-12-31; the first is "
                f"{short(value)} in data row {row:,}.",
                "write dates as year-month-day",
                remedies.leave_out(name),
            )
