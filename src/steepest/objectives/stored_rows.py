"""Stored rows: the rows of a table too large for memory, as numbers in a temporary file."""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.over_rows import OverRows, in_coordinates
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE
from steepest.objectives.row_moments import over_sample
from steepest.summaries.row_sample import RowSample, RowSampler
from steepest.support.arrays import FloatArray

IN_MEMORY = 1 << 27  # numbers, 1 GB: rows of more are stored
BLOCK = 1 << 14  # numbers that stand together in the file and are read together, 128 KB
MIXED = 1 << 24  # numbers of blocks whose rows are mixed with each other, 128 MB
MAPS = 64  # parts in which rows are read; a system may map 2 MB of the file for each row of one


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

    def take(self, rows: NDArray[np.intp]) -> OverRows:
        """Return the loss of some rows, in memory."""
        ...


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Rows in a file without a name, which is gone as soon as nobody holds it.

    They are shuffled in two steps: blocks of rows that stand together come in a random order, and the rows of 1,024 blocks at a time
    are mixed. So an epoch reads the file once, in pieces, and memory stays the same however long the file is.

    Args:
        file: U, y and the weight of each row, float64, row by row.
        row_count: n.
        shape: p and t.
        mean_weight: of the rows; None: all weigh the same.
        scale: s, 1/2 for quarter_mse, 1 for half_mse, 2 for mse.
        l2: the ridge penalty.
        penalized: 1 for weights, 0 for the intercept, shape (p,).
        sample: rows that stand for them, for what can be said before a run.

    Source: Xu, Qiu, Yi, Li, Tang, Zhang, Liu, Wu, "Stochastic Gradient Descent without Full Data Shuffle", SIGMOD 2022.
    """

    file: IO[bytes]
    row_count: int
    shape: tuple[int, int]
    mean_weight: float | None
    scale: float
    l2: float
    penalized: FloatArray
    sample: RowSample

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
        total, least, largest = 0.0, np.inf, -np.inf
        sampler = RowSampler(seed, problem.coordinates.name, fit_intercept=problem.fit_intercept)
        with contextlib.ExitStack() as until_done:
            file = until_done.enter_context(_temporary())
            for _, U, y, weight in in_coordinates(problem, _seen(batches, sampler)):
                total += float(weight.sum())
                least, largest = min(least, weight.min(initial=np.inf)), max(largest, weight.max(initial=-np.inf))
                _write(file, np.column_stack([U, y, weight]))
            until_done.pop_all()
        n = problem.triangle.row_count
        mean = None if least == largest else total / n
        rows = cls(
            file, n, shape, mean, GRADIENT_SCALE[problem.objective], quadratic.l2, quadratic.penalized, sampler.sample()
        )
        weakref.finalize(rows, file.close)
        return rows

    def __len__(self) -> int:
        return self.row_count

    @property
    def width(self) -> int:
        """How many parameters a row meets, p."""
        return self.shape[0]

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers, each once: blocks in a random order, the rows of as many as fit into memory mixed."""
        numbers = sum(self.shape) + 1
        rows = max(1, BLOCK // numbers)
        together = max(1, MIXED // (rows * numbers))
        blocks = generator.permutation(-(-len(self) // rows))
        for first in range(0, len(blocks), together):
            mixed = (blocks[first : first + together, None] * rows + np.arange(rows)).ravel()
            yield generator.permutation(mixed[mixed < len(self)])

    def take(self, rows: NDArray[np.intp]) -> OverRows:
        """Return the loss of some rows, read in the file's order."""
        p, t = self.shape
        values = np.empty((len(rows), p + t + 1))
        for part in np.array_split(np.argsort(rows), MAPS):
            # mapped anew each time: what was read before leaves memory with its map
            table = np.memmap(self.file, np.float64, "r", shape=(len(self), p + t + 1))
            values[part] = table[rows[part]]
        omega = None if self.mean_weight is None else values[:, -1] / self.mean_weight
        return OverRows(values[:, :p], values[:, p : p + t], omega, self.scale, self.l2, self.penalized)


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
    if problem.triangle.row_count * columns <= IN_MEMORY:
        return OverRows.of(problem, batches)
    return StoredRows.of(problem, batches, seed)


def _temporary() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_room(error) from error


def _write(file: IO[bytes], values: FloatArray) -> None:
    try:
        file.write(np.ascontiguousarray(values).data)
        file.flush()
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> DataError:
    folder = tempfile.gettempdir()
    return DataError(
        f"rows of more than 1 GB are kept in a temporary file, and {folder} cannot hold it: {os.strerror(error.errno or 0).lower()}.",
        "make room there",
        "name another folder in the environment variable TMPDIR",
    )
