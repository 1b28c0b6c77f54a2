"""Folds: training and held-out triangles for cross-validation, from one pass over the rows."""

from collections.abc import Callable, Iterator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.sources import FullSource, Watch, watched
from steepest.data.split import Folds, consecutive_fold_of_rows, fold_of_rows
from steepest.errors import DataError, UsageError
from steepest.summaries.partition import Partition
from steepest.summaries.triangle import Triangle
from steepest.support import remedies

MOST_GROUPS = 1_000  # group triangles kept; more groups share one
PIECES = 256  # pieces that a table in time order is cut into at least, where it has so many rows


def read_folds(source: FullSource, split: Folds, watch: Watch | None = None) -> Partition:
    """Read a source once and return the triangles of K-fold cross-validation.

    Args:
        source: where the rows are.
        split: which row goes where.
        watch: called after each batch with the rows read and their expected number.

    Raises:
        UsageError: folds by group of rows without groups.
        DataError: there are fewer rows or groups than folds.
    """
    folds, seed = split.count, split.seed
    batches = watched(source, watch)
    if split.in_time:
        return _in_time(source, batches, folds)
    if split.by_group:
        parts, labels = _by_group(source, batches, folds)
    elif split.shuffle:
        parts, labels = _by_row(source, batches, folds, lambda rows: fold_of_rows(rows, folds, seed))
    elif (count := source.row_count) is not None:
        parts, labels = _by_row(source, batches, folds, lambda rows: consecutive_fold_of_rows(rows, count, folds))
    else:
        parts, labels = _stretches(source, batches, folds)
    if any(part.row_count == 0 for part in parts):
        raise DataError(
            f"{sum(p.row_count for p in parts):,} rows cannot fill {folds} folds. Give fewer folds or more rows."
        )
    # training on all but one: what comes before it and what comes after it, each merged once
    before = [Triangle.empty(source.features, source.targets)]
    after = [Triangle.empty(source.features, source.targets)]
    for part in parts:
        before.append(before[-1] + part)
    for part in reversed(parts):
        after.append(part + after[-1])
    train = tuple(before[f] + after[folds - 1 - f] for f in range(folds))
    return Partition(train, tuple(parts), before[-1], labels)


def _by_row(
    source: FullSource, batches: Iterator[Batch], folds: int, fold_of: Callable[[NDArray[np.uint64]], NDArray[np.int64]]
) -> tuple[list[Triangle], NDArray[np.int64]]:
    """Give each row to the fold that its position says."""
    parts = [Triangle.empty(source.features, source.targets)] * folds
    labels = []
    for batch in batches:
        labels.append(fold_of(batch.positions))
        parts = [a + b for a, b in zip(parts, Triangle.of_parts(batch, labels[-1], folds), strict=True)]
    return parts, np.concatenate(labels) if labels else np.zeros(0, dtype=np.int64)


def _by_group(source: FullSource, batches: Iterator[Batch], folds: int) -> tuple[list[Triangle], NDArray[np.int64]]:
    """Make a triangle for each group, then deal the groups out, the largest first, each to the smallest fold."""
    triangles: dict[int, Triangle] = {}
    seen = []
    for batch in batches:
        if batch.group is None:
            raise UsageError("folds by group need a group.", remedies.GROUP)
        keys = batch.group.astype(np.int64)
        for key in np.unique(keys):
            # once there are too many groups to keep apart, new ones share: they are still never split
            own = int(key) if int(key) in triangles or len(triangles) < MOST_GROUPS else -1 - int(key) % MOST_GROUPS
            of = keys == key
            keys[of] = own
            new = Triangle.of(batch.take(of))
            triangles[own] = triangles[own] + new if own in triangles else new
        seen.append(keys)
    if len(triangles) < folds:
        raise DataError(f"{len(triangles)} groups cannot fill {folds} folds. Give at most {len(triangles)} folds.")
    sizes, fold_of = np.zeros(folds), {}
    for key in sorted(triangles, key=lambda key: (-triangles[key].row_count, key)):
        fold_of[key] = int(sizes.argmin())
        sizes[fold_of[key]] += triangles[key].row_count
    empty = Triangle.empty(source.features, source.targets)
    parts = [
        reduce(Triangle.__add__, [t for key, t in triangles.items() if fold_of[key] == f], empty) for f in range(folds)
    ]
    keys = np.concatenate(seen)
    lookup = np.vectorize(fold_of.__getitem__, otypes=[np.int64])
    return parts, lookup(keys)


def _in_time(source: FullSource, batches: Iterator[Batch], folds: int) -> Partition:
    """K + 1 stretches of equal length, each but the first predicted from all rows before it."""
    merged, stretch = _stretches(source, batches, folds + 1)
    if any(part.row_count == 0 for part in merged):
        raise DataError(
            f"{len(stretch):,} rows cannot fill {folds + 1} stretches of time. Give fewer folds or more rows."
        )
    train = [merged[0]]
    for part in merged[1:]:
        train.append(train[-1] + part)
    return Partition(tuple(train[:-1]), tuple(merged[1:]), train[-1], stretch - 1)


def _stretches(source: FullSource, batches: Iterator[Batch], count: int) -> tuple[list[Triangle], NDArray[np.int64]]:
    """Cut the rows into many short pieces as they come, whose number nobody knows, then into stretches of equal length."""
    pieces: list[Triangle] = []
    rows: list[int] = []  # of each piece, those of weight 0 too
    length = 0
    for batch in batches:
        length = length or max(1, len(batch) // PIECES)
        for start in range(0, len(batch), length):
            piece = batch.take(slice(start, start + length))
            pieces.append(Triangle.of(piece))
            rows.append(len(piece))
        while len(pieces) > 4 * PIECES:
            pieces = [reduce(Triangle.__add__, pieces[i : i + 2]) for i in range(0, len(pieces), 2)]
            rows = [sum(rows[i : i + 2]) for i in range(0, len(rows), 2)]
            length *= 2
    sizes = np.array([piece.row_count for piece in pieces], dtype=np.int64)
    middles = np.cumsum(sizes) - (sizes + 1) // 2  # the row in the middle of each piece
    stretch = consecutive_fold_of_rows(middles.astype(np.uint64), int(sizes.sum()), count)
    empty = Triangle.empty(source.features, source.targets)
    merged = [
        reduce(Triangle.__add__, [p for p, s in zip(pieces, stretch, strict=True) if s == k], empty)
        for k in range(count)
    ]
    return merged, np.repeat(stretch, rows)
