"""Loss over rows: the mean loss of rows in memory, as a function of the parameters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.l1_penalty import L1Penalty
from steepest.objectives.losses import Loss, is_joint
from steepest.objectives.over_rows import some_of
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map
from steepest.support.values import Value

ROWS = 16_384  # that one thread works through
TOGETHER = 1 << 18  # numbers of rows, 2 MB, that stay in a cache between their margins and their gradient
# rows at a time: of larger arrays than 64 kB the system takes back the memory after each step, and clears it anew
MOST_TOGETHER = 8_192


@dataclass(frozen=True, eq=False)
class LossOverRows(L1Penalty, Value):
    """The mean loss of n rows with a penalty.

        J(theta) = 1/n·Σ ω·ℓ(u·theta, y) + l2/2·‖w‖² + l1·Σ|w|       ω = weight / its mean over the table
        ∇J       = 1/n·Uᵀ(ω·ℓ'(U·theta, y)) + l2·D·theta              of the part without l1

    Args:
        loss: ℓ.
        U: inputs in the coordinates in force, a column of ones first where there is an intercept, shape (n, p).
        y: targets, shape (n, 1), or (n, K) of a loss of K margins; theta is then of shape (p·K, 1), all margins of an input together.
        omega: ω, shape (n,), or None: 1 for each.
        l2: the ridge penalty.
        penalized: the diagonal of D: 1 for weights, 0 for the intercept, as long as theta.
        offset: what is added to each margin u·theta, shape (n, 1), or None.
        l1: weight of Σ|w|.
    """

    loss: Loss
    U: FloatArray
    y: FloatArray
    omega: FloatArray | None
    l2: float
    penalized: FloatArray
    offset: FloatArray | None = None
    l1: float = 0.0
    metric_name: ClassVar[str] = "rmse"

    def __len__(self) -> int:
        return len(self.U)

    @property
    def width(self) -> int:
        """How many parameters a row meets, p or p·K."""
        return len(self.penalized)

    @property
    def classes(self) -> int:
        """How many margins a row has."""
        return int(self.y.shape[1])

    @property
    def has_offset(self) -> bool:
        """Whether something is added to the margins."""
        return self.offset is not None

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers in a random order; of rows in memory in one piece."""
        yield generator.permutation(len(self))

    def take(self, rows: NDArray[np.intp] | slice) -> "LossOverRows":
        """Return the loss of some rows: row numbers, or a slice."""
        omega = None if self.omega is None else some_of(self.omega, rows)
        offset = None if self.offset is None else some_of(self.offset, rows)
        U, y = some_of(self.U, rows), some_of(self.y, rows)
        return LossOverRows(self.loss, U, y, omega, self.l2, self.penalized, offset, self.l1)

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta, shape (1,)."""
        return self._mean(lambda rows: rows._value(theta, rows.margin(theta)))

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J, shape (1,), and ∇J, of theta's shape."""

        def both(rows: LossOverRows) -> FloatArray:
            margin = rows.margin(theta)
            return np.vstack([rows._value(theta, margin), rows._gradient(theta, margin)])

        found = self._mean(both)
        return found[0], found[1:]

    def gradient(self, theta: FloatArray) -> FloatArray:
        """∇J at theta, of its shape."""
        return self._mean(lambda rows: rows._gradient(theta, rows.margin(theta)))

    __call__ = gradient  # as a rule sees it

    def costs(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """J, the root mean squared error, both of shape (1,), and ∇J, of theta's shape, by one pass."""

        def all_three(rows: LossOverRows) -> FloatArray:
            margin = rows.margin(theta)
            return np.vstack([rows._value(theta, margin), rows._mean_square(margin), rows._gradient(theta, margin)])

        found = self._mean(all_three)
        return found[0], np.sqrt(found[1]), found[2:]

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J·direction at theta, both of its shape."""
        return self._mean(lambda rows: rows._curvature(theta, direction))

    def metric(self, theta: FloatArray) -> FloatArray:
        """√(Σ ω (mean - y)² / Σ ω) of what is predicted, of several margins the sum of their squares, shape (1,)."""
        return np.asarray(np.sqrt(self._mean(lambda rows: rows._mean_square(rows.margin(theta)))))

    def margin(self, theta: FloatArray) -> FloatArray:
        """u·theta of each row and its offset, shape (n, 1) or (n, K)."""
        return self._times(theta) if self.offset is None else self._times(theta) + self.offset

    def _times(self, theta: FloatArray) -> FloatArray:
        if not theta.any():  # where most runs start: rows are finite numbers
            return np.zeros((len(self), theta.size // self.U.shape[1]))
        return self.U @ theta.reshape(self.U.shape[1], -1)

    def _value(self, theta: FloatArray, margin: FloatArray) -> FloatArray:
        fit = self._weighted(self.loss.value(margin, self.y)).mean(axis=0)
        fit = fit + self.l2 / 2 * (self.penalized[:, None] * theta**2).sum(axis=0)
        return np.asarray(fit + self.price(theta) if self.l1 else fit)

    def _gradient(self, theta: FloatArray, margin: FloatArray) -> FloatArray:
        slopes = self._weighted(self.loss.slope(margin, self.y))
        return self._mean_over_rows(slopes) + self.l2 * self.penalized[:, None] * theta

    def _curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        loss, margin, change = self.loss, self.margin(theta), self._times(direction)
        bent = loss.bent(margin, self.y, change) if is_joint(loss) else loss.curvature(margin, self.y) * change
        return self._mean_over_rows(self._weighted(bent)) + self.l2 * self.penalized[:, None] * direction

    def _mean_square(self, margin: FloatArray) -> FloatArray:
        squares = self._weighted((self.loss.mean(margin) - self.y) ** 2)
        return np.asarray(squares.sum(axis=1, keepdims=True).mean(axis=0))

    def _mean(self, function: "Callable[[LossOverRows], FloatArray]") -> FloatArray:
        """What a function says of the rows: of many by pieces side by side, each with the whole penalty, which their shares add up to."""
        n, width = self.U.shape
        size = min(MOST_TOGETHER, max(1, TOGETHER // width))
        if n <= size:
            return function(self)

        def work(piece: slice) -> FloatArray:
            blocks = (slice(at, min(at + size, piece.stop)) for at in range(piece.start, piece.stop, size))
            return np.asarray(sum((block.stop - block.start) / n * function(self.take(block)) for block in blocks))

        pieces = [slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]
        return np.asarray(sum(parallel_map(work, pieces)))

    def _mean_over_rows(self, values: FloatArray) -> FloatArray:
        return (self.U.T @ values / len(self)).reshape(-1, 1)

    def _weighted(self, values: FloatArray) -> FloatArray:
        return values if self.omega is None else values * self.omega[:, None]
