"""Batch grid: what batches of other sizes would do, so that one can be chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.mean_square import MeanSquare, excess_by_squares
from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown

BATCH_SIZES = tuple(2**k for k in range(8))
RATES = np.geomspace(0.003, 0.95, 24)  # of the stability limit


class Best(NamedTuple):
    """The best of a grid of batch sizes and rates.

    Args:
        batch_size: rows of a batch.
        learning_rate: η.
        excess: expected loss above the minimum's at the end.
    """

    batch_size: int
    learning_rate: float
    excess: float


@dataclass(frozen=True, eq=False)
class BatchLimits(Shown):
    """How large a learning rate batches of each size bear, their rows drawn with replacement.

    Args:
        batch_sizes: shape (S,), ascending.
        stability: largest learning rate at which the mean square of the error does not grow, shape (S,).
        guaranteed: a learning rate at which no direction grows in mean square, shape (S,).
        full_batch: the stability limit of the full batch.
    """

    batch_sizes: NDArray[np.int64]
    stability: FloatArray
    guaranteed: FloatArray
    full_batch: float

    @classmethod
    def of(cls, moments: RowMoments) -> "BatchLimits":
        """Return the limits of batches of 1, 2, 4 … rows, and of as many as the table has."""
        n = moments.row_count
        sizes = sorted({2**k for k in range(n.bit_length())} | {n})
        stability = np.array([moments.stability_limit(1 / size) for size in sizes])
        guaranteed = np.array([moments.guaranteed_rate(1 / size) for size in sizes])
        return cls(np.array(sizes), stability, guaranteed, 2 / float(moments.eigenvalues[0]))


@dataclass(frozen=True, eq=False)
class BatchGrid(Shown):
    """Expected loss above the minimum's after some passes over the rows, for batch sizes and learning rates.

    Modes are coupled by their squares alone, which is near the exact mean; that of the best setting is exact.

    Args:
        passes: over the rows.
        batch_sizes: shape (S,), ascending.
        stability_limits: of each batch size, shape (S,).
        learning_rates: 24 for each batch size, from 0.3% to 95% of its limit, shape (S, R), ascending.
        excess: expected loss above the minimum's, rows drawn with replacement, shape (S, R).
        best: the best of them.
    """

    passes: int
    batch_sizes: NDArray[np.int64]
    stability_limits: FloatArray
    learning_rates: FloatArray
    excess: FloatArray
    best: Best

    @classmethod
    def of(cls, moments: RowMoments, passes: int, batch_sizes: Sequence[int] = BATCH_SIZES) -> "BatchGrid":
        """Return the grid of those batch sizes that the table has rows for."""
        sizes = [size for size in batch_sizes if size <= moments.row_count]
        steps = [passes * -(-moments.row_count // size) for size in sizes]
        limits = np.array([moments.stability_limit(1 / size) for size in sizes])
        rates = limits[:, None] * RATES
        excess = np.array(
            [
                [excess_by_squares(moments, rate, 1 / size, count) for rate in own]
                for size, count, own in zip(sizes, steps, rates.tolist(), strict=True)
            ]
        )
        i, j = np.unravel_index(np.where(np.isnan(excess), np.inf, excess).argmin(), excess.shape)
        rate = float(rates[i, j])
        exact = MeanSquare(moments, rate, 1 / sizes[i]).excess(np.array([steps[i]]))
        return cls(passes, np.array(sizes), limits, rates, excess, Best(sizes[i], rate, float(exact[0])))
