"""Texts: what the columns of text of an uploaded table look like: categories, numbers, or names of each row."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from steepest.data.sources.connection import quoted
from steepest.data.sources.relations import Relation
from steepest.data.sources.roles import LIKE_A_NUMBER

MOST_COUNTED = 200  # values of a column, by an estimate, up to which they are counted one by one
LOOKED_AT = 1_000  # first rows, in which numbers written for people are looked for
LONGEST_NUMBER = 100  # characters
MARKED = re.compile(r"[+-]?(\d+|\d*,\d+)([eE][+-]?\d+)?", re.ASCII)  # its decimal mark is a comma, or it has none
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})*", re.ASCII)  # a whole number, maybe with commas between its thousands


def estimates(names: Sequence[str]) -> tuple[str, ...]:
    """SQL for about how many values each of these columns has, in little memory, whatever they hold."""
    return tuple(f"approx_count_distinct({quoted(name)})" for name in names)


def text_summaries(relation: Relation, names: Sequence[str], estimated: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return for each of these columns of text, with its estimate, how many values it has and what they look like.

    `levels` is the number of different values, or None where there are many; `like` is "decimal comma" where each of the
    first rows holds a number with one, "number" where most of a few values are like numbers, and else None.
    """
    if not names:
        return {}
    shown = ", ".join(f"left(CAST({quoted(name)} AS VARCHAR), {LONGEST_NUMBER})" for name in names)
    first = zip(*relation.query(shown, f"LIMIT {LOOKED_AT}"), strict=True)
    few = [name for name, count in zip(names, estimated, strict=True) if count <= MOST_COUNTED]
    values = _values(relation, few)
    # a table without rows has nothing to look at
    return {name: _summary(values.get(name), set(some) - {None}) for name, some in zip(names, first, strict=False)}


def _values(relation: Relation, few: Sequence[str]) -> dict[str, list[str]]:
    """The different values of each of these columns, which have few."""
    if not few:
        return {}
    # one table of pairs: a list for each column would take megabytes each
    texts = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in few)
    pairs = relation.query(f"DISTINCT unnest(range({len(few)})), unnest([{texts}])")
    values: dict[str, list[str]] = {name: [] for name in few}
    for k, value in pairs:
        values[few[k]] += [value] if value is not None else []
    return values


def _summary(values: Collection[str] | None, first: Collection[str]) -> dict[str, Any]:
    """What is known of a column with these values, or with many (None), and with these in its first rows."""
    levels = None if values is None else len(values)
    marked = all(MARKED.fullmatch(value) for value in first)
    if marked and any("," in value and not GROUPED.fullmatch(value) for value in first):
        return {"levels": levels, "like": "decimal comma"}
    numbers = [value for value in values or () if LIKE_A_NUMBER.fullmatch(value.strip())]
    return {"levels": levels, "like": "number" if numbers and 2 * len(numbers) >= len(values or ()) else None}
