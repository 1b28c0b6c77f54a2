"""Stored rows: the rows of a table too large for memory, as numbers in a temporary file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.over_rows import OverRows, in_coordinates
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE
from steepest.objectives.row_file import RowFile, fits_memory
from steepest.objectives.row_moments import over_sample
from steepest.summaries.row_sample import RowSample, RowSampler
from steepest.support.arrays import FloatArray


class Rows(Protocol):
    """Rows that batches can be made of."""

    def __len__(self) -> int: ...

    @property
    def width(self) -> int:
        """How many parameters a row meets, p."""
        ...

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers in a random order, in pieces that are best taken one after the other."""
        ...

    def take(self, rows: NDArray[np.intp] | slice) -> OverRows | LossOverRows:
        """Return the loss of some rows, in memory."""
        ...


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Squared loss over rows in a file.

    Args:
        file: U, y and the weight of each row.
        shape: p and t.
        mean_weight: of the rows; None: all weigh the same.
        scale: s, 1/2 for quarter_mse, 1 for half_mse, 2 for mse.
        l2: the ridge penalty.
        penalized: 1 for weights, 0 for the intercept, shape (p,).
        sample: rows that stand for them, for what can be said before a run.
        l1: weight of Σ|w|.
    """

    file: RowFile
    shape: tuple[int, int]
    mean_weight: float | None
    scale: float
    l2: float
    penalized: FloatArray
    sample: RowSample
    l1: float = 0.0

    @classmethod
    def of(cls, problem: Problem, batches: Iterable[Batch], seed: int = 0) -> "StoredRows":
        """Write a problem's own rows to a temporary file.

        Args:
            problem: the table's.
            batches: all rows of the table, once.
            seed: of the sample.

        Raises:
            DataError: there is no room for the file, or the rows are others than a moment ago.
        """
        quadratic, shape = problem.quadratic, (len(problem.quadratic.penalized), len(problem.targets))
        sampler, weights = RowSampler(seed, problem.coordinates.name, fit_intercept=problem.fit_intercept), Weights()
        pieces = (
            np.column_stack([U, y, weights.seen(weight)])
            for _, U, y, weight, _ in in_coordinates(problem, _seen(batches, sampler))
        )
        file = RowFile.of(pieces, problem.triangle.row_count, sum(shape) + 1)
        scale = GRADIENT_SCALE[problem.objective]
        return cls(file, shape, weights.mean, scale, quadratic.l2, quadratic.penalized, sampler.sample(), problem.l1)

    def __len__(self) -> int:
        return len(self.file)

    @property
    def width(self) -> int:
        """How many parameters a row meets, p."""
        return self.shape[0]

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers, each once, in pieces that are best read one after the other."""
        return self.file.shuffled(generator)

    def take(self, rows: NDArray[np.intp] | slice) -> OverRows:
        """Return the loss of some rows, read in the file's order."""
        p, t = self.shape
        values = self.file.take(rows)
        omega = None if self.mean_weight is None else values[:, -1] / self.mean_weight
        return OverRows(values[:, :p], values[:, p : p + t], omega, self.scale, self.l2, self.penalized, self.l1)


class Weights:
    """The mean weight of rows that come one piece after the other; None where all weigh the same."""

    def __init__(self) -> None:
        self.total, self.count, self.least, self.largest = 0.0, 0, np.inf, -np.inf

    def seen(self, weight: FloatArray) -> FloatArray:
        """Return these weights, counted."""
        self.total, self.count = self.total + float(weight.sum()), self.count + len(weight)
        self.least, self.largest = (
            min(self.least, weight.min(initial=np.inf)),
            max(self.largest, weight.max(initial=-np.inf)),
        )
        return weight

    @property
    def mean(self) -> float | None:
        """Σ weight / n, or None."""
        return None if self.least == self.largest else self.total / self.count


def _seen(batches: Iterable[Batch], sampler: RowSampler) -> Iterator[Batch]:
    for batch in batches:
        sampler.add(batch)
        yield batch


def standing_for(problem: Problem, rows: Rows) -> tuple[OverRows, FloatArray | None]:
    """Return rows in memory that stand for all, and what part of the table each stands for; None: as much as any other."""
    if isinstance(rows, StoredRows):
        return over_sample(problem, rows.sample), rows.sample.share
    assert isinstance(rows, OverRows)
    return rows, None


def rows_of(problem: Problem, batches: Iterable[Batch], seed: int = 0) -> OverRows | StoredRows:
    """Return a problem's own rows, in memory up to 1 GB and in a temporary file beyond.

    Args:
        problem: the table's.
        batches: all rows of the table, once.
        seed: of the sample that stands for rows in a file.

    Raises:
        DataError: as `StoredRows.of`.
    """
    columns = len(problem.quadratic.penalized) + len(problem.targets)
    if fits_memory(problem.triangle.row_count, columns):
        return OverRows.of(problem, batches)
    return StoredRows.of(problem, batches, seed)
