"""Gram: the triangle of many well-conditioned rows by one matrix product, four times faster than by QR."""

import math
import threading
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from steepest.data.batch import Batch
from steepest.summaries.double_double import two_sum
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map

SECTION_ROWS = 32_768  # rows that one thread works through; the same on every machine, so that the bits are
CHUNK_BYTES = 1 << 20  # rows that are shifted and multiplied together stay in the cache
# Up to so many columns that lie apart one thread is as fast as two: each column is a call of some microseconds, and threads
# that take Python's lock from each other so often use a third more processor time, which a reader beside them then lacks.
NARROW = 64
# The factor of a Gram matrix of condition κ² has a relative error of about ε·κ²; 1e4 keeps it below the promised 1e-12.
LARGEST_SQUARED_CONDITION = 1e4
# The shift is a guess of the means from the first rows; taking the true ones out afterwards cancels this many times
# the spread at most.
LARGEST_OFFSET = 10.0
FEW = 256  # rows that tell a spread roughly
NEARBY = 1.0  # spreads: so near to 0 a column needs no shift


Reduced = tuple[float, FloatArray, FloatArray, FloatArray]
"""Total weight, means (d + t,), their tails, and upper triangular centred (d + t, d + t), as in `Triangle`."""


def triangularize(batch: Batch) -> Reduced | None:
    """Return (W, means, tails, centred) of a batch by a shifted, scaled Gram matrix, or None where that loses digits.

        Z = √w·([X y] - shift)          G = ZᵀZ - s·sᵀ/W,  s = Zᵀ√w          centred = chol(G)

    Args:
        batch: rows with weights above 0.

    Returns:
        total weight, means, tails and centred, as in `Triangle`; None where a column is constant, columns are close to
        dependent (scaled condition above 100), the means drift, or values overflow.

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, section 5.3.2 (the error of the normal equations).
    """
    return triangularize_parts(batch, None, 1)[0]


def triangularize_parts(batch: Batch, labels: NDArray[np.int64] | None, count: int) -> list[Reduced | None]:
    """Return what `triangularize` returns for each of `count` parts of a batch, reading the rows once.

    Args:
        batch: rows with weights above 0.
        labels: the part that each row belongs to, 0 … count - 1, shape (n,); None where there is one part.
        count: number of parts.
    """
    columns = len(batch.features) + len(batch.targets) + 1
    rows = max(64, CHUNK_BYTES // (8 * columns)) * min(count, 2)
    first = batch.take(slice(0, min(rows, len(batch))))
    with np.errstate(over="ignore", invalid="ignore"):
        shift = _shift(first)
    narrow: type[np.signedinteger[Any]] = np.int8 if count < 127 else np.int16  # few bytes a label are sorted fast
    rooms = threading.local()  # a thread uses its own room again: new memory would be cleared each time

    def work(section: slice) -> list[_Sums]:
        parts = [_Sums(columns) for _ in range(count)]
        if not hasattr(rooms, "Z"):
            rooms.Z, rooms.sorted = _room(batch.by_column, rows, columns), np.empty((rows, columns))
        short = None if labels is None else labels[section].clip(-1, count).astype(narrow)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(section.start, min(section.stop, len(batch)), rows):
                chunk = slice(start, min(start + rows, section.stop, len(batch)))
                moved, weight = _moved(batch, chunk, shift, rooms.Z)
                if short is None:
                    parts[0].add(moved, weight)
                else:
                    here = short[start - section.start : chunk.stop - section.start]
                    _add_parts(parts, moved, weight, here, rooms.sorted[: len(moved)])
        return parts

    slices = [slice(at, at + SECTION_ROWS) for at in range(0, len(batch), SECTION_ROWS)]
    sections = parallel_map(work, slices, most=1 if batch.by_column and columns <= NARROW else None)
    with np.errstate(over="ignore", invalid="ignore"):
        return [reduce(_Sums.join, of_part).factor(shift) for of_part in zip(*sections, strict=True)]


def _add_parts(
    parts: "list[_Sums]", Z: FloatArray, weight: FloatArray | None, labels: NDArray[np.integer[Any]], room: FloatArray
) -> None:
    """Add to each part its rows of Z, which are put part by part into `room`, of the shape of Z."""
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest == highest and 0 <= lowest < len(parts):  # stretches of consecutive rows are in order already
        parts[lowest].add(Z, weight)
        return
    order = np.argsort(labels, kind="stable")
    begin = np.searchsorted(labels[order], np.arange(len(parts) + 1))
    # "clip" takes straight into `out`; "raise" would go through a copy, and these indices cannot be wrong
    np.take(Z, order, axis=0, out=room, mode="clip")
    for sums, start, stop in zip(parts, begin, begin[1:], strict=False):
        sums.add(room[start:stop], None if weight is None else weight[order[start:stop]])


def _room(by_column: bool, rows: int, columns: int) -> FloatArray:
    """Return room for rows, column by column in memory where the table is."""
    return np.empty((columns, rows)).T if by_column else np.empty((rows, columns))


def _shift(first: Batch) -> FloatArray:
    """A guess of the means from the first rows; of weighted ones 0, which saves a pass over them, where all means are within `NEARBY` spreads of it."""
    means = np.concatenate([first.X.mean(axis=0), first.y.mean(axis=0)])
    if first.weight is None:
        return means
    few = np.concatenate([first.X[:FEW], first.y[:FEW]], axis=1)
    return np.zeros_like(means) if (np.abs(means) <= NEARBY * few.std(axis=0)).all() else means


def _moved(batch: Batch, chunk: slice, shift: FloatArray, room: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """Return Z = √w·([X y 1] - [shift 0]) of a chunk, in `room`, and its weights."""
    Z, weight = room[: chunk.stop - chunk.start], None if batch.weight is None else batch.weight[chunk]
    if weight is not None and not batch.by_column and not shift.any():
        d = len(batch.features)
        root = np.sqrt(weight)
        np.multiply(batch.X[chunk], root[:, None], out=Z[:, :d])
        np.multiply(batch.y[chunk], root[:, None], out=Z[:, d:-1])
        Z[:, -1] = root
        return Z, weight
    batch.subtract(chunk, shift, Z[:, :-1])
    Z[:, -1] = 1.0
    if weight is not None:
        Z *= np.sqrt(weight)[:, None]
    return Z, weight


class _Sums:
    """ZᵀZ of some rows; the column of ones makes its last column Zᵀ√w."""

    def __init__(self, columns: int) -> None:
        self.product, self.total = np.zeros((columns, columns)), 0.0

    def add(self, Z: FloatArray, weight: FloatArray | None) -> None:
        """Add some rows."""
        self.product += Z.T @ Z
        self.total += float(len(Z)) if weight is None else float(weight.sum())

    def join(self, other: "_Sums") -> "_Sums":
        """Add another's sums to these."""
        self.product += other.product
        self.total += other.total
        return self

    def factor(self, shift: FloatArray) -> Reduced | None:
        """Take the true means out, scale to correlations, and factor; None where digits would be lost."""
        s, total = self.product[:-1, -1], self.total
        if not total:
            return None
        offset = s / total
        G = self.product[:-1, :-1] - np.outer(s, offset)
        variance = np.diag(G) / total
        if not (
            np.isfinite(G).all()
            and (variance > 0).all()
            and (np.abs(offset) <= LARGEST_OFFSET * np.sqrt(variance)).all()
        ):
            return None
        spread = np.sqrt(np.diag(G))
        correlation = np.triu(G / spread / spread[:, None])
        norm = np.abs(correlation + np.triu(correlation, 1).T).sum(axis=0).max()
        factor, failed = lapack.dpotrf(correlation, lower=0, clean=1)
        if failed:
            return None
        reciprocal, _ = lapack.dpocon(factor, norm, uplo="U")
        if reciprocal * LARGEST_SQUARED_CONDITION < 1 or spread.max() > 1e150 * math.sqrt(total):
            return None
        return total, *two_sum(shift, offset), np.asarray(factor * spread)
