"""Loss rows: the rows of a table with a loss other than squares, in memory or, where they are too many, in a temporary file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.losses import Loss, is_joint
from steepest.objectives.over_rows import gathered, in_coordinates
from steepest.objectives.problem import Problem
from steepest.objectives.row_file import RowFile, fits_memory
from steepest.objectives.stored_rows import Weights
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray

PIECE = 1 << 21  # numbers of rows that are read together, 16 MB


@dataclass(frozen=True, eq=False)
class StoredLossRows:
    """The mean loss of rows in a file, by one pass over it each time it is asked for.

        J = Σ_pieces n_i/n·J_i                  each with the whole penalty, which the shares of the pieces add up to

    Args:
        file: U, y, the weight and the offset of each row.
        loss: ℓ.
        shape: p and the number of targets.
        mean_weight: of the rows; None: all weigh the same.
        l2: the ridge penalty.
        penalized: 1 for weights, 0 for intercepts, as long as theta.
        has_offset: whether there are offsets.
        l1: weight of Σ|w|.
    """

    file: RowFile
    loss: Loss
    shape: tuple[int, int]
    mean_weight: float | None
    l2: float
    penalized: FloatArray
    has_offset: bool
    l1: float = 0.0
    metric_name: ClassVar[str] = "rmse"

    def __len__(self) -> int:
        return len(self.file)

    @property
    def width(self) -> int:
        """How many parameters a row meets, p or p·K."""
        return len(self.penalized)

    @property
    def classes(self) -> int:
        """How many margins a row has."""
        return self.shape[1]

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers, each once, in pieces that are best read one after the other."""
        return self.file.shuffled(generator)

    def take(self, rows: NDArray[np.intp] | slice) -> LossOverRows:
        """Return the loss of some rows, read in the file's order."""
        p, t = self.shape
        values = self.file.take(rows)
        omega = None if self.mean_weight is None else values[:, p + t] / self.mean_weight
        offset = values[:, -1:] if self.has_offset else None
        return LossOverRows(
            self.loss, values[:, :p], values[:, p : p + t], omega, self.l2, self.penalized, offset, self.l1
        )

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta, shape (1,)."""
        return self._mean(lambda rows: rows.value(theta))

    def gradient(self, theta: FloatArray) -> FloatArray:
        """∇J at theta, of its shape."""
        return self._mean(lambda rows: rows.gradient(theta))

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J, shape (1,), and ∇J, of theta's shape, by one pass."""

        def both(rows: LossOverRows) -> FloatArray:
            value, gradient = rows.value_and_gradient(theta)
            return np.concatenate([value[None], gradient])

        found = self._mean(both)
        return found[0], found[1:]

    def costs(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """J, the root mean squared error, both of shape (1,), and ∇J, of theta's shape, by one pass."""

        def all_three(rows: LossOverRows) -> FloatArray:
            value, metric, gradient = rows.costs(theta)
            return np.vstack([value, metric**2, gradient])

        found = self._mean(all_three)
        return found[0], np.sqrt(found[1]), found[2:]

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J·direction at theta, both of its shape."""
        return self._mean(lambda rows: rows.curvature(theta, direction))

    def metric(self, theta: FloatArray) -> FloatArray:
        """√(Σ ω (mean - y)² / Σ ω) of what is predicted, shape (1,)."""
        return np.asarray(np.sqrt(self._mean(lambda rows: rows.metric(theta) ** 2)))

    def _mean(self, function: Callable[[LossOverRows], FloatArray]) -> FloatArray:
        parts = pieces_of(self, max(self.width, self.file.numbers))
        return np.asarray(sum(len(part) / len(self) * function(part) for part in parts))


def loss_rows_of(problem: Problem, batches: Iterable[Batch], loss: Loss) -> LossOverRows | StoredLossRows:
    """Return a mean loss of a problem's own rows, in memory up to 1 GB and in a temporary file beyond.

    Raises:
        DataError: the rows are others than a moment ago, or there is no room for the file.
    """
    n, p, t = problem.triangle.row_count, len(problem.parameter_names), len(problem.targets)
    if not n:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    penalized = np.ones(p)
    penalized[: int(problem.fit_intercept)] = 0.0
    penalized = np.repeat(penalized, t if is_joint(loss) else 1)
    if not fits_memory(n, p + t):
        return _stored(problem, batches, loss, (p, t), penalized)
    U, y, weight, offset = gathered(problem, batches)
    omega = None if (weight == weight[0]).all() else weight / weight.mean()
    return LossOverRows(loss, U, y, omega, problem.l2, penalized, offset, problem.l1)


def _stored(
    problem: Problem, batches: Iterable[Batch], loss: Loss, shape: tuple[int, int], penalized: FloatArray
) -> StoredLossRows:
    weights, offsets = Weights(), [False]

    def pieces() -> Iterator[FloatArray]:
        for _, U, y, weight, offset in in_coordinates(problem, batches):
            offsets[0] |= offset is not None
            yield np.column_stack([U, y, weights.seen(weight), np.zeros(len(U)) if offset is None else offset])

    file = RowFile.of(pieces(), problem.triangle.row_count, sum(shape) + 2)
    return StoredLossRows(file, loss, shape, weights.mean, problem.l2, penalized, offsets[0], problem.l1)


def pieces_of(rows: LossOverRows | StoredLossRows, numbers: int) -> Iterator[LossOverRows]:
    """Yield rows in memory, 16 MB at a time where each takes so many numbers."""
    size = max(1, PIECE // max(1, numbers))
    for start in range(0, len(rows), size):
        yield rows.take(slice(start, start + size))


def part_of(
    rows: LossOverRows | StoredLossRows, chosen: NDArray[np.bool_], before: Coordinates, after: Coordinates
) -> LossOverRows | StoredLossRows:
    """Return the mean loss of some rows in other coordinates of the same inputs; of rows in a file in another file.

    Args:
        rows: in the coordinates `before`.
        chosen: which, shape (n,).
        before: their coordinates.
        after: those wanted.
    """
    if isinstance(rows, LossOverRows):
        part = rows.take(np.flatnonzero(chosen))
        omega = None if part.omega is None else part.omega / part.omega.mean()
        return replace(part, U=_moved(part.U, before, after), omega=omega)
    stored, weights, at = rows, Weights(), 0

    def pieces() -> Iterator[FloatArray]:
        nonlocal at
        for piece in pieces_of(stored, stored.file.numbers):
            part = piece.take(np.flatnonzero(chosen[at : at + len(piece)]))
            at += len(piece)
            omega = weights.seen(np.ones(len(part)) if part.omega is None else part.omega)
            offset = np.zeros((len(part), 1)) if part.offset is None else part.offset
            yield np.column_stack([_moved(part.U, before, after), part.y, omega, offset])

    file = RowFile.of(pieces(), int(chosen.sum()), rows.file.numbers)
    return replace(rows, file=file, mean_weight=weights.mean)


def _moved(U: FloatArray, before: Coordinates, after: Coordinates) -> FloatArray:
    """Rows in other coordinates; the difference of the two shifts is small beside either."""
    first, moved = int(before.fit_intercept), U.copy()
    moved[:, first:] = (U[:, first:] * before.scale + (before.shift - after.shift)) / after.scale
    return moved


def mean_losses(
    rows: LossOverRows | StoredLossRows, thetas: FloatArray, chosen: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Return Σ ω·ℓ / Σ ω at K thetas of one target, shape (K, p), over all rows or the chosen ones: shape (K,)."""
    return _mean_over(rows, thetas, chosen, lambda margin, y: rows.loss.value(margin, y))


def mean_squares(
    rows: LossOverRows | StoredLossRows, thetas: FloatArray, chosen: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Return Σ ω·(mean - y)² / Σ ω of what is predicted at K thetas of one target, as `mean_losses`."""
    return _mean_over(rows, thetas, chosen, lambda margin, y: (rows.loss.mean(margin) - y) ** 2)


def _mean_over(
    rows: LossOverRows | StoredLossRows,
    thetas: FloatArray,
    chosen: NDArray[np.bool_] | None,
    function: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    found, total, at = np.zeros(len(thetas)), 0.0, 0
    for piece in pieces_of(rows, max(rows.width, len(thetas))):
        here = slice(None) if chosen is None else np.flatnonzero(chosen[at : at + len(piece)])
        at += len(piece)
        part = piece.take(here)
        own = np.ones(len(part)) if part.omega is None else part.omega
        margin = part.U @ thetas.T
        found += own @ function(margin if part.offset is None else margin + part.offset, part.y)
        total += float(own.sum())
    return found / total
