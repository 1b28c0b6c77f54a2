"""Odd inputs: columns that can be fitted and most often should not be: names of rows, numbers with a unit."""

import re
from collections.abc import Iterator

from steepest.data.coding import Coding
from steepest.data.sources.connection import quoted
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import Relation, StreamedRelation

FEWEST = 20  # categories: a shorter table tells nothing by having as many rows
WITH_UNIT = re.compile(r"\s*[+-]?\d[\d.,]*\s*([^\d\s.,+-][^\d]{0,9}?)\s*")


def odd_inputs(relation: Relation, coding: Coding) -> list[str]:
    """Return a sentence for each input that is most often none.

    Args:
        relation: where the rows are; one that is gone once it was read is not asked.
        coding: of the inputs.
    """
    told = [sentence for column in coding.columns if column.levels for sentence in _units(column.name, column.levels)]
    many = [column for column in coding.columns if column.levels and len(column.levels) > FEWEST]
    if many and not isinstance(relation, StreamedRelation):
        counts = ", ".join(f"count({quoted(column.name)})" for column in many)
        totals = [sum(parts) for parts in zip(*relation.query(counts), strict=True)]
        for column, rows in zip(many, totals, strict=True):
            levels = column.levels or ()
            if 2 * len(levels) > rows:
                told.append(
                    f"column {short(column.name)} has {len(levels):,} different texts in {rows:,} rows: more a name of the row than a "
                    "category; each has a weight of its own, which says nothing of new rows"
                )
    return told


def _units(name: str, levels: tuple[str, ...]) -> Iterator[str]:
    """Tell of numbers that all have the same unit behind them."""
    found = [WITH_UNIT.fullmatch(level) for level in levels]
    units = {match[1] for match in found if match}
    if len(levels) > 1 and all(found) and len(units) == 1:
        yield (
            f"column {short(name)} holds numbers with the unit {short(units.pop())}, such as {short(levels[0])}: they are taken for "
            f"{len(levels):,} categories; write the numbers alone"
        )
