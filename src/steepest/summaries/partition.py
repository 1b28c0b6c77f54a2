"""Partition: what rows are held out, and the triangles that they and the others leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.data.sample import Sample
from steepest.data.sources import FullSource
from steepest.data.split import Folds, Share
from steepest.summaries.triangle import Triangle


@dataclass(frozen=True, eq=False)
class Validation:
    """Rows of another table, held out as they are.

    Args:
        rows: their source, or their triangle.
        sample: some of them for pictures, where they have been read already.
    """

    rows: FullSource | Triangle
    sample: Sample | None = None


Split = Share | Folds | Validation
"""Which rows are held out: a share of them, each in one of K folds, or those of another table."""


@dataclass(frozen=True, eq=False)
class Partition:
    """The triangles of a table with rows held out, once, several times over, or not at all.

    Args:
        train: triangles to learn from, one a part.
        test: triangles of the held-out rows, one a part.
        whole: the triangle of all rows that are learned from in some part.
        labels: the part in which each row is held out, shape (n,), -1 where in none; empty where nobody asks.
    """

    train: tuple[Triangle, ...]
    test: tuple[Triangle, ...]
    whole: Triangle
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, train: Triangle, test: Triangle | None = None) -> "Partition":
        """Return the partition of one part, or of none where no row is held out."""
        labels = np.zeros(0, dtype=np.int64)
        return cls((), (), train, labels) if test is None else cls((train,), (test,), train, labels)
