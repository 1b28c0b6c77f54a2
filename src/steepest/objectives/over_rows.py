"""Over rows: squared loss with the rows themselves, so that it can be had of some of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.l1_penalty import L1Penalty
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

MOST_NUMBERS = 500_000_000  # 4 GB


@dataclass(frozen=True, eq=False)
class OverRows(L1Penalty, Value):
    """The squared loss of n rows in given coordinates; of all rows of a table it is that of its `Quadratic`.

        J(theta) = s/(2n)·Σ ω·(u·theta - y)² + l2/2·‖w‖² + l1·Σ|w|        ω = weight / its mean over the table
        ∇J       = s/n·Uᵀ(ω·(U·theta - y)) + l2·D·theta                    of the part without l1

    Over rows drawn at random, each as likely as any other, the mean of ∇J is that over all of them.

    Args:
        U: inputs in the coordinates in force, a column of ones first where there is an intercept, shape (n, p).
        y: targets, shape (n, t).
        omega: ω, shape (n,), or None: 1 for each.
        scale: s, 1/2 for quarter_mse, 1 for half_mse, 2 for mse.
        l2: the ridge penalty.
        penalized: the diagonal of D: 1 for weights, 0 for the intercept, shape (p,).
        l1: weight of Σ|w|.
    """

    U: FloatArray
    y: FloatArray
    omega: FloatArray | None
    scale: float
    l2: float
    penalized: FloatArray
    l1: float = 0.0
    metric_name: ClassVar[str] = "rmse"

    @classmethod
    def of(cls, problem: Problem, batches: Iterable[Batch]) -> "OverRows":
        """Return the loss of a problem's own rows.

        Args:
            problem: the table's.
            batches: all rows of the table, once.

        Raises:
            DataError: the rows are more than 4 GB.

        Example:
            >>> import steepest
            >>> source = steepest.open_source([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5])
            >>> problem = Problem.of(steepest.summarize(source))
            >>> rows = OverRows.of(problem, source.batches())
            >>> rows.value(np.zeros((2, 1))), problem.quadratic.value(np.zeros((2, 1)))
            (array([4.58333333]), array([4.58333333]))
        """
        n, first = problem.triangle.row_count, int(problem.fit_intercept)
        p, t = len(problem.features) + first, len(problem.targets)
        if n * (p + t) > MOST_NUMBERS:
            raise DataError(
                f"{n:,} rows of {p + t:,} columns are {n * (p + t) * 8 / 1e9:,.1f} GB; in memory there is room for "
                f"{MOST_NUMBERS * 8 / 1e9:g} GB.",
                "give fewer rows or columns",
            )
        U, y, weight, _ = gathered(problem, batches)
        omega = None if (weight == weight[0]).all() else weight / weight.mean()
        quadratic = problem.quadratic
        return cls(U, y, omega, GRADIENT_SCALE[problem.objective], quadratic.l2, quadratic.penalized, problem.l1)

    def __len__(self) -> int:
        return len(self.U)

    @property
    def width(self) -> int:
        """How many parameters a row meets, p."""
        return int(self.U.shape[1])

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers in a random order, any as likely as any other; of rows in memory in one piece."""
        yield generator.permutation(len(self))

    def take(self, rows: NDArray[np.intp] | slice) -> "OverRows":
        """Return the loss of some rows: row numbers, or a slice."""
        omega = None if self.omega is None else some_of(self.omega, rows)
        return OverRows(
            some_of(self.U, rows), some_of(self.y, rows), omega, self.scale, self.l2, self.penalized, self.l1
        )

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta (p, t), shape (t,)."""
        return self._value(theta, self.U @ theta - self.y)

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J, shape (t,), and ∇J, shape (p, t)."""
        residual = self.U @ theta - self.y
        return self._value(theta, residual), self._gradient(theta, residual)

    def gradient(self, theta: FloatArray) -> FloatArray:
        """∇J at theta, shape (p, t)."""
        return self._gradient(theta, self.U @ theta - self.y)

    __call__ = gradient  # as a rule sees it

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J·direction, shape (p, t); the same at every theta."""
        return self._gradient(direction, self.U @ direction)

    def metric(self, theta: FloatArray) -> FloatArray:
        """√(Σ ω r² / Σ ω), shape (t,)."""
        squares = self._weighted((self.U @ theta - self.y) ** 2)
        return np.asarray(np.sqrt(squares.mean(axis=0)))

    def _value(self, theta: FloatArray, residual: FloatArray) -> FloatArray:
        loss = self.scale / (2 * len(self)) * self._weighted(residual**2).sum(axis=0)
        if self.l2:
            loss = loss + self.l2 / 2 * (self.penalized[:, None] * theta**2).sum(axis=0)
        if self.l1:
            loss = loss + self.price(theta)
        return np.asarray(loss)

    def _gradient(self, theta: FloatArray, residual: FloatArray) -> FloatArray:
        fit = self.scale / len(self) * (self.U.T @ self._weighted(residual))
        return fit + self.l2 * self.penalized[:, None] * theta if self.l2 else fit

    def _weighted(self, values: FloatArray) -> FloatArray:
        return values if self.omega is None else values * self.omega[:, None]


def gathered(
    problem: Problem, batches: Iterable[Batch]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]:
    """Return all rows of a weight above 0 in a problem's coordinates: U (n, p), y (n, t), weights (n,), offsets (n, 1) or None.

    Nobody can write to them. Rows that come in one piece are not copied once more.

    Raises:
        DataError: there are more or fewer rows than the problem's triangle was made of.
    """
    n, p, t = problem.triangle.row_count, len(problem.parameter_names), len(problem.targets)
    U, y, weight, offset, has_offset = np.empty((n, p)), np.empty((n, t)), np.empty(n), np.zeros((n, 1)), False
    for rows, *values, beside in in_coordinates(problem, batches):
        if rows == slice(0, n):
            U, y, weight = values[0], values[1].copy(), values[2]  # y may be somebody else's
        else:
            U[rows], y[rows], weight[rows] = values
        if beside is not None:
            offset[rows, 0], has_offset = beside, True
    for array in (U, y, offset):  # ours alone: handed over without a copy
        array.flags.writeable = False
    return U, y, weight, offset if has_offset else None


def in_coordinates(
    problem: Problem, batches: Iterable[Batch]
) -> Iterator[tuple[slice, FloatArray, FloatArray, FloatArray, FloatArray | None]]:
    """Yield rows of a weight above 0 in a problem's coordinates: which they are, U (m, p), y (m, t), weights (m,), offsets (m,) or None.

    Raises:
        DataError: there are more or fewer rows than the problem's triangle was made of.
    """
    n, coordinates, row = problem.triangle.row_count, problem.coordinates, 0
    for batch in batches:
        used = batch if batch.weight is None else batch.take(batch.weight > 0)
        rows = slice(row, row + len(used))
        row = rows.stop
        if row > n:
            continue  # counted, to be told below
        weight = np.ones(len(used)) if used.weight is None else used.weight
        yield rows, coordinates.of_rows(used.X), used.y, weight, used.offset
    if row != n:
        raise DataError(f"the table had {n:,} rows a moment ago, and now it has {row:,}.")


def some_of(array: FloatArray, rows: NDArray[np.intp] | slice) -> FloatArray:
    """Some rows, read-only: seen where they stand, or gathered."""
    if isinstance(rows, slice):
        return array[rows]
    part = array.take(rows, axis=0)
    part.flags.writeable = False
    return part
