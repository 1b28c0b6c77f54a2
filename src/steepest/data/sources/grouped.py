"""Grouped: digits in groups of three, as in 1,234,567: which marks a text's values can be read with, and a strict check."""

import re
from collections.abc import Sequence
from dataclasses import replace

from steepest.data.sources.connection import quoted
from steepest.data.sources.locate import TextOptions, literal
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import DuckDBRelation
from steepest.errors import DataError, Phrase
from steepest.support import remedies

MARKS = ((",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ","), ("_", "."), ("", ","))
"""What may stand between thousands, and the decimal mark beside it; the usual point alone is no text."""
ROW = "steepest data row"  # a name that no column of a table has


def reading(thousands: str, decimal: str) -> str:
    """Return a regular expression, of Python's and of DuckDB's, for numbers that are written with these marks.

    Example:
        >>> [bool(re.fullmatch(reading(",", "."), text)) for text in ("1,234.5", "12,345,678", "1234", "12,34")]
        [True, True, True, False]
    """
    grouped = rf"[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    return rf"[+-]?({grouped}[0-9]*)([{decimal}][0-9]*)?([eE][+-]?[0-9]+)?"


def mark_advice(values: Sequence[str]) -> tuple[str, tuple[Phrase, ...]]:
    """Return what to say of texts that are like numbers, and the options with which each of them is a number.

    Where every value has three digits behind its only comma, nobody can tell 1,234 from 1.234: both are named.

    Example:
        >>> mark_advice(["1,234", "12,345"])[0]
        " '1,234' may be 1234 or 1.234."
        >>> [str(DataError("No.", *mark_advice(values)[1])) for values in (["1,5"], ["1,234", "7.5"])]
        ['No. Read \\',\\' as the decimal mark (decimal=",").', 'No. Read \\',\\' between thousands (thousands=",").']
    """
    texts = [value.strip() for value in values]
    fitting = [
        (thousands, decimal)
        for thousands, decimal in MARKS
        if all(re.fullmatch(reading(thousands, decimal), text) for text in texts)
        and any(thousands in text if thousands else decimal in text for text in texts)
    ]
    # a decimal comma that no value has is none
    fitting = [pair for pair in fitting if pair[1] == "." or any("," in text for text in texts)]
    if (",", ".") in fitting and ("", ",") in fitting:
        shown = next(text for text in texts if "," in text)
        unclear = f" {shown!r} may be {shown.replace(',', '')} or {shown.replace(',', '.')}."
        return unclear, (remedies.marks(",", "."), remedies.marks("", ","))
    return "", tuple(remedies.marks(*pair) for pair in fitting)


def check_groups(relation: DuckDBRelation, names: Sequence[str], text: TextOptions) -> None:
    """Refuse numbers whose thousands are not grouped in threes: the reader leaves the marks out wherever they stand.

    Args:
        relation: of text files.
        names: the columns of numbers.
        text: with what stands between thousands.

    Raises:
        DataError: a value is written otherwise; says how many are, the first, and where it is.
    """
    mark = text.thousands
    if not mark or relation.written is None:
        return
    rows = f'(SELECT row_number() OVER () AS "{ROW}", * FROM {relation.written})'
    numbered = replace(relation, clause=rows)
    grammar = literal(reading(mark, text.decimal))
    counts, values = [], [f"trim({quoted(name)})" for name in names]
    for value in values:
        wrong = f"contains({value}, {literal(mark)}) AND NOT regexp_full_match({value}, {grammar})"
        counts += [f"{what} FILTER ({wrong})" for what in ("count(*)", f'min("{ROW}")', f'arg_min({value}, "{ROW}")')]
    (found,) = numbered.query(", ".join(counts))
    for name, count, row, value in zip(names, found[::3], found[1::3], found[2::3], strict=True):
        if count:
            raise DataError(
                f"column {short(name)} of {relation.label} has {count:,} of its numbers not in groups of three digits; the first is "
                f"{short(value)} in data row {row:,}.",
                "correct such values",
                remedies.NO_THOUSANDS,
            )
