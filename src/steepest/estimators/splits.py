"""Splits: the training and held-out triangles of any cross-validation splitter, from one pass over the rows."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.sources.arrays import ArraySource
from steepest.errors import DataError
from steepest.summaries.partition import Partition
from steepest.summaries.triangle import Triangle

Indices = NDArray[np.intp]
MOST_ATOMS = 256  # parts of rows with a triangle of their own; splits that overlap in more ways are read one by one
TRAIN, HELD = 1, 2


def read_splits(rows: ArraySource, splits: Sequence[tuple[Indices, Indices]]) -> Partition:
    """Read rows once and return the two triangles of each split.

    Rows that are in the training part of the same splits and held out in the same ones have a triangle together; each
    part of each split is a sum of these. K folds take K of them, K stretches of time K + 1. Splits of random rows overlap
    in too many ways and are read one after another.

    Args:
        rows: the rows.
        splits: for each split the positions of the rows to learn from and of those held out.

    Raises:
        DataError: a part has no rows.
    """
    if not splits:
        raise DataError("the splitter gave no splits. Give cv= a number of folds or another splitter.")
    splits = [
        (positions_of(train, rows.row_count), positions_of(held_out, rows.row_count)) for train, held_out in splits
    ]
    for train, held_out in splits:
        if not len(train) or not len(held_out):
            raise DataError("a split has no rows to learn from, or none to judge by. Give fewer folds or more rows.")
    roles = _roles(rows.row_count, splits)
    if roles is None:
        return _one_by_one(rows, splits)
    atoms, labels = np.unique(roles, axis=0, return_inverse=True)
    if len(atoms) > MOST_ATOMS:
        return _one_by_one(rows, splits)
    triangles = _by_label(rows, labels.reshape(-1), len(atoms))
    sums = [
        tuple(_sum([t for t, at in zip(triangles, atoms[:, k], strict=True) if at == role]) for role in (TRAIN, HELD))
        for k in range(len(splits))
    ]
    return _folds(sums, _sum(triangles), _fold_of_each(roles))


def positions_of(given: Any, n: int) -> Indices:
    """Return row numbers from 0 to n - 1 of what a splitter gave: numbers, also from the end, or a mask."""
    chosen = np.asarray(given)
    if chosen.dtype == np.bool_:
        if chosen.shape != (n,):
            raise DataError(f"a mask of a split needs the shape ({n},); got {chosen.shape}.")
        return np.flatnonzero(chosen)
    if chosen.size == 0:
        return np.zeros(0, dtype=np.intp)
    if chosen.dtype.kind not in "iu" or chosen.ndim != 1 or chosen.min() < -n or chosen.max() >= n:
        raise DataError(f"a split holds row numbers from 0 to {n - 1}, or a mask of shape ({n},); got {given!r}.")
    return np.asarray(chosen % n, dtype=np.intp)


def _one_by_one(rows: ArraySource, splits: Sequence[tuple[Indices, Indices]]) -> Partition:
    """Read the rows once for each part of each split."""
    parts = [(_triangle(rows, train), _triangle(rows, held_out)) for train, held_out in splits]
    return _folds(parts, _triangle(rows, None), np.zeros(0, dtype=np.int64))


def _folds(parts: Sequence[tuple[Triangle, ...]], whole: Triangle, labels: NDArray[np.int64]) -> Partition:
    """Put the triangles of all splits together; a held-out part whose weights are all 0 judges nothing and is left out."""
    parts = [part for part in parts if part[1].row_count]
    if not parts or not all(train.row_count for train, _ in parts):
        raise DataError("the rows of a split have weight 0 throughout. Give fewer folds, or other weights.")
    return Partition(tuple(part[0] for part in parts), tuple(part[1] for part in parts), whole, labels)


def _roles(n: int, splits: Sequence[tuple[Indices, Indices]]) -> NDArray[np.int8] | None:
    """What each row is in each split, shape (n, K): 0 absent, 1 to learn from, 2 held out; None where one stands twice."""
    roles = np.zeros((n, len(splits)), dtype=np.int8)
    for k, (train, held_out) in enumerate(splits):
        both = np.concatenate([train, held_out])
        if len(np.unique(both)) < len(both):
            return None
        roles[train, k], roles[held_out, k] = TRAIN, HELD
    return roles


def _fold_of_each(roles: NDArray[np.int8]) -> NDArray[np.int64]:
    """The split in which each row is held out, -1 for none; empty where a row is held out more than once."""
    if ((roles == HELD).sum(axis=1) > 1).any():
        return np.zeros(0, dtype=np.int64)
    return np.where((roles == HELD).any(axis=1), (roles == HELD).argmax(axis=1), -1)


def _by_label(rows: ArraySource, labels: NDArray[np.intp], count: int) -> list[Triangle]:
    """The triangle of each label's rows, from one pass."""
    parts = [Triangle.empty(rows.features, rows.targets)] * count
    for batch in rows.batches():
        here = labels[batch.first_row : batch.first_row + len(batch)]
        parts = [a + b for a, b in zip(parts, Triangle.of_parts(batch, here, count), strict=True)]
    return parts


def _triangle(rows: ArraySource, positions: Indices | None) -> Triangle:
    """The triangle of some rows, each as often as it is named; of all of them for None."""
    total = Triangle.empty(rows.features, rows.targets)
    times = None if positions is None else np.bincount(positions, minlength=rows.row_count)
    for batch in rows.batches():
        if times is not None:
            here = times[batch.first_row : batch.first_row + len(batch)]
            batch = batch.take(np.repeat(np.arange(len(batch)), here))
        if len(batch):
            total = total + Triangle.of(batch)
    return total


def _sum(triangles: Sequence[Triangle]) -> Triangle:
    return reduce(Triangle.__add__, triangles)
