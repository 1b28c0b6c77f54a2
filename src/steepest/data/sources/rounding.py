"""Rounding: how a column becomes float64 with every value correctly rounded, and which of its values that changes."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from steepest.data.columns import Columns
from steepest.data.sources.connection import quoted
from steepest.data.sources.locate import TextOptions, literal
from steepest.data.sources.matrices import EXACT
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import DuckDBRelation, Relation
from steepest.data.sources.signs import CURRENCY
from steepest.errors import DataWarning, UsageError

HUGE = ("HUGEINT", "UHUGEINT", "BIGNUM", "VARINT")
MOST_NAMED = 10  # columns named in a message


def as_double(name: str, kind: str) -> str:
    """Return SQL for a column of numbers, or of true and false, as float64: each value the nearest there is.

    Example:
        >>> as_double("x", "BIGINT"), as_double("x", "HUGEINT")
        ('CAST("x" AS DOUBLE)', 'CAST(CAST("x" AS VARCHAR) AS DOUBLE)')
    """
    column = quoted(name)
    if kind.startswith("BOOLEAN"):
        return f"CAST(CASE WHEN {column} THEN 1 WHEN NOT {column} THEN 0 END AS DOUBLE)"
    if kind.startswith("VARCHAR"):
        return f"CAST(TRY_CAST({column} AS BOOLEAN) AS DOUBLE)"
    # of these the reader rounds two halves, and then their sum
    twice = kind.startswith(HUGE) or _digits(kind)[0] > 18
    return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)" if twice else f"CAST({column} AS DOUBLE)"


def exact_up_to(kind: str, of_text: bool = False) -> float | None:
    """Up to which size every value of a column is float64 as it stands; None where all of them are.

    Args:
        kind: DuckDB's type.
        of_text: whether the column is read from a text, which may hold any number of digits.

    Example:
        >>> exact_up_to("DOUBLE"), exact_up_to("BIGINT"), exact_up_to("DECIMAL(18,3)"), exact_up_to("DECIMAL(9,3)")
        (None, 9007199254740992.0, 9007199254740.992, None)
    """
    digits, places = _digits(kind)
    wide = of_text or kind.startswith(("BIGINT", "UBIGINT", *HUGE)) or digits > 15
    return EXACT / 10**places if wide else None


def has_large(rows: Columns, limits: Mapping[int, float]) -> bool:
    """Whether a value is beyond the limit of its column, so that float64 may have rounded it; NaN says nothing.

    Example:
        >>> rows = Columns.of(np.array([[1.0, 2.0**60], [np.nan, 0.0]]))
        >>> has_large(rows, {0: 2.0**53}), has_large(rows, {0: 2.0**53, 1: 2.0**53})
        (False, True)
    """
    return any(
        np.fmax.reduce(stretch[j]) >= limit or np.fmin.reduce(stretch[j]) <= -limit
        for stretch in rows.stretches
        for j, limit in limits.items()
    )


def rounding_warning(relation: Relation, kinds: Mapping[str, str], text: TextOptions) -> DataWarning | None:
    """Count the values of each column that become others as float64, and return a warning that says so, or None.

    Args:
        relation: where the rows are.
        kinds: DuckDB's types of the columns to look at.
        text: how a text file's numbers are written.
    """
    if not kinds:
        return None
    if isinstance(relation, DuckDBRelation) and relation.texts:
        # what a query makes of them is no text any more: the numbers are counted where they are written
        warnings = [_told_of_text(each, text) for each in relation.texts]
        return next(filter(None, warnings), None) or rounding_warning(
            replace(relation, texts=()), {n: k for n, k in kinds.items() if exact_up_to(k)}, text
        )
    if isinstance(relation, DuckDBRelation) and relation.written:
        relation = replace(relation, clause=relation.written)
        counts = [_changed_text(name, text) for name in kinds]
    else:
        counts = [_changed(name, kind) for name, kind in kinds.items()]
    try:
        rows = list(relation.query(", ".join(f"count(*) FILTER ({count})" for count in counts)))
    except UsageError:  # a reader of rows that are gone once they were read
        return DataWarning(
            f"{relation.label} holds whole numbers above 2^53, and float64 rounds those that it has no place for; they can be read "
            "once only, so nobody counted them. Subtract what they have in common first."
        )
    totals = map(sum, zip(*rows, strict=True))
    found = [f"{short(name)} {total:,}" for name, total in zip(kinds, totals, strict=True) if total]
    if not found:
        return None
    named = ", ".join([*found[:MOST_NAMED], *(["…"] if len(found) > MOST_NAMED else [])])
    decimals = any(kind.startswith("DECIMAL") for kind in kinds.values())
    what = "numbers of more digits than float64 has" if decimals else "whole numbers above 2^53"
    return DataWarning(
        f"{relation.label} holds {what}, and float64 rounds those (values changed: {named}). Subtract what they have in common first."
    )


def _told_of_text(relation: DuckDBRelation, text: TextOptions) -> DataWarning | None:
    """What there is to tell of all numbers of a text file that are read as float64."""
    kinds = {name: kind for name, kind in relation.columns().items() if kind.startswith("DOUBLE")}
    return rounding_warning(relation, kinds, text)


def digits_of(name: str, text: TextOptions) -> str:
    """Return SQL for a text file's number, as it stands there, with a decimal point and nothing between its thousands."""
    plain = f"trim(CAST({quoted(name)} AS VARCHAR))"  # a folder's name may be a number already
    if text.currency:
        plain = f"regexp_replace({plain}, {literal(CURRENCY)}, '', 'g')"
    if text.thousands:
        plain = f"replace({plain}, {literal(text.thousands)}, '')"
    return plain if text.decimal == "." else f"replace({plain}, '{text.decimal}', '.')"


def _digits(kind: str) -> tuple[int, int]:
    """All digits of a DECIMAL and those behind its point; 0 of other types."""
    found = re.match(r"DECIMAL\((\d+),(\d+)", kind)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _changed(name: str, kind: str) -> str:
    """SQL that is true where a typed value is another one once it has been float64."""
    column = quoted(name)
    double = as_double(name, kind)
    if kind.startswith("DECIMAL"):
        double = f"CAST({double} AS VARCHAR)"  # the shortest decimal that means it: 1.1, not 1.100000000000000089
    return f"{column} IS NOT NULL AND TRY_CAST({double} AS {kind}) IS DISTINCT FROM {column}"


def _changed_text(name: str, text: TextOptions) -> str:
    """SQL that is true where digits, written without an exponent, say another number than float64."""
    digits = digits_of(name, text)
    number, whole, rest = f"TRY_CAST({digits} AS DOUBLE)", *(f"split_part({digits}, '.', {part})" for part in (1, 2))
    # all digits that a float64 stands for, to be compared with those that are written
    differs = f"printf('%.0f', abs({number})) <> ltrim({whole}, '+-0') OR rtrim({rest}, '0') <> ''"
    return f"abs({number}) >= {EXACT} AND regexp_full_match({digits}, '[+-]?[0-9]+([.][0-9]*)?') AND ({differs})"
