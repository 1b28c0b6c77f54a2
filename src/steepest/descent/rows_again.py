"""Rows again: what gives the rows of a run's table once more, with the columns that the run is on."""

from collections.abc import Callable, Iterable

import numpy as np

from steepest.data.batch import Batch
from steepest.data.offset import Offset
from steepest.data.sources import FullSource
from steepest.errors import DataError, Option
from steepest.summaries.triangle import Triangle
from steepest.support.words import join_names

RowReader = Callable[[], Iterable[Batch]]
"""Gives all rows of a table each time it is called, as `source.batches` does."""


def rows_again(opened: FullSource | Triangle, rows: RowReader | None, beside: Offset | None) -> RowReader | None:
    """Return what gives the rows again, each with its offset; None of a triangle beside which no rows are given.

    Args:
        opened: the table.
        rows: with a triangle, what gives the rows that it was made of.
        beside: their offset, or None.
    """
    if not isinstance(opened, Triangle):
        return opened.batches
    if rows is None:
        return None
    return lambda: (_selected(batch if beside is None else beside.beside(batch), opened) for batch in rows())


def _selected(batch: Batch, triangle: Triangle) -> Batch:
    """The rows with the columns of a triangle in its order, which may be chosen from those that the rows have.

    Raises:
        DataError: a column is missing.
    """
    if (batch.features, batch.targets) == (triangle.features, triangle.targets):
        return batch
    inputs = {name: j for j, name in enumerate(batch.features)}
    outputs = {name: len(batch.features) + k for k, name in enumerate(batch.targets)}
    has, named = outputs | inputs, inputs | outputs  # a feature may be called as a target is
    missing = [name for name in triangle.features if name not in has]
    missing += [name for name in triangle.targets if name not in named]
    if missing:
        raise DataError(
            f"the rows that are given with a triangle have no column {join_names(missing)}; "
            f"theirs are {join_names([*batch.features, *batch.targets])}.",
            "give the rows that it was made of (" + Option("rows", ...) + ")",
        )
    values = np.column_stack([batch.X, batch.y])
    X, y = (
        values[:, [has[name] for name in triangle.features]],
        values[:, [named[name] for name in triangle.targets]],
    )
    where = batch.weight, batch.first_row, batch.group, batch.after
    return Batch(X, y, triangle.features, triangle.targets, *where, kept=batch.kept, offset=batch.offset)
