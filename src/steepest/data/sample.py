"""Sample: some rows of a table, kept for pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.split import hash_positions
from steepest.support.arrays import FloatArray

FEWEST_COUNTED = 20  # rows: of fewer it may be chance


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of a table, chosen by the smallest hashes of their positions: the same however the table is cut.

    Args:
        X: inputs, shape (m, d).
        y: targets, shape (m, t).
        positions: row numbers in the source, from 0, ascending, shape (m,).
        seed: of the choice.
        offset: what is added to each row's margin, shape (m,), or None.
    """

    X: FloatArray
    y: FloatArray
    positions: NDArray[np.uint64]
    seed: int = 0
    offset: FloatArray | None = None

    @classmethod
    def empty(cls, features: tuple[str, ...], targets: tuple[str, ...], seed: int = 0) -> "Sample":
        """Return the sample of no rows."""
        shape = np.zeros((0, len(features))), np.zeros((0, len(targets)))
        return cls(*shape, np.zeros(0, dtype=np.uint64), seed)

    def take(self, rows: NDArray[np.bool_]) -> "Sample":
        """Return the chosen rows as a sample of their own: a boolean mask of shape (m,)."""
        offset = None if self.offset is None else self.offset[rows]
        return Sample(self.X[rows], self.y[rows], self.positions[rows], self.seed, offset)

    @property
    def row_numbers(self) -> tuple[int, ...]:
        """The inputs, counted from 0, that count the rows of the source from 0 or from 1.

        Example:
            >>> X = np.column_stack([np.arange(30.0) % 7, 1.0 + np.arange(30)])
            >>> Sample(X, X[:, :1], np.arange(30, dtype=np.uint64)).row_numbers
            (1,)
        """
        if len(self.X) < FEWEST_COUNTED:
            return ()
        offset = self.X - self.positions[:, None].astype(np.float64)
        counts = ((offset == 0) | (offset == 1)).all(axis=0) & (offset == offset[0]).all(axis=0)
        return tuple(map(int, np.flatnonzero(counts)))

    def add(self, batch: Batch, most: int) -> "Sample":
        """Return the sample of the rows so far and a batch's, at most `most` rows."""
        return self.join(Sample(batch.X, batch.y, batch.positions, self.seed, batch.offset), most)

    def join(self, other: "Sample", most: int) -> "Sample":
        """Return the sample of both parts' rows, at most `most`; the other's rows come later."""
        own, new = hash_positions(self.positions, self.seed), hash_positions(other.positions, self.seed)
        # once the sample is full few rows have a smaller hash than its largest: only those are looked at
        near = np.flatnonzero(new <= own.max()) if 0 < most <= len(own) else np.arange(len(new))
        order = np.argsort(np.concatenate([own, new[near]]), kind="stable")[:most]
        order.sort()
        earlier = order[order < len(own)]
        later = near[order[len(earlier) :] - len(own)]
        X = np.concatenate([self.X[earlier], other.X[later]])
        y = np.concatenate([self.y[earlier], other.y[later]])
        positions, offset = np.concatenate([self.positions[earlier], other.positions[later]]), None
        if self.offset is not None or other.offset is not None:
            offset = np.concatenate([self._offsets[earlier], other._offsets[later]])
        return Sample(X, y, positions, self.seed, offset)

    @property
    def _offsets(self) -> FloatArray:
        return np.zeros(len(self.X)) if self.offset is None else self.offset
