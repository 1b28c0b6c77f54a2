"""Loss problem: a table with a loss other than squares, with its exact minimum."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from steepest.data.batch import Batch
from steepest.errors import DataError, Phrase, UsageError
from steepest.objectives.at_minimum import AtMinimum
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.losses import Loss
from steepest.objectives.newton import Minimum, RowReader, minimize
from steepest.objectives.over_rows import in_coordinates
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import Quadratic
from steepest.summaries.coordinates import CoordinatesName
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray

REMEDIES: dict[str, tuple[str | Phrase, ...]] = {
    "logistic": (remedies.PENALTY, "leave out columns that tell the target"),
    "huber": ("give a delta nearer to the size of the residuals",),
}
"""What may help where no minimum was found."""


@dataclass(frozen=True, eq=False)
class LossProblem(Problem):
    """What a run minimizes: a mean loss on a table.

        J(w, b) = Σ weight·ℓ(u·w + b, y) / Σ weight + l2/2·‖w‖²      u = (x - shift) / scale

    Args:
        loss: ℓ.
        rows: the rows in the inputs in force.
        found: the minimum.
    """

    loss: Loss = None  # type: ignore[assignment]  # fields after those with defaults need one
    rows: LossOverRows = None  # type: ignore[assignment]
    found: Minimum = None  # type: ignore[assignment]

    @classmethod
    def over(
        cls,
        triangle: Triangle,
        reader: RowReader,
        loss: Loss,
        coordinates: CoordinatesName = "raw",
        *,
        l2: float = 0.0,
        fit_intercept: bool = True,
    ) -> Self:
        """Return the problem of a table, its minimum found by some passes over the rows.

        Args:
            triangle: the table's, which says the coordinates.
            reader: gives its rows each time it is called.
            loss: ℓ.
            coordinates: "raw", "centred" or "standardized".
            l2: the penalty, finite and not negative.
            fit_intercept: whether the model has a bias.

        Raises:
            UsageError: there are several targets, or l2 is out of its range.
            DataError: a target does not fit this loss, or the loss has no minimum.
        """
        if len(triangle.targets) != 1:
            raise UsageError(f"a {loss.name} loss is of one target; this table has {len(triangle.targets)}.")
        plain = Problem.of(triangle, coordinates, l2=l2, fit_intercept=fit_intercept)
        found = minimize(loss, reader, plain.coordinates, l2=plain.l2)
        if not found.settled:
            raise _no_minimum(loss, found)
        rows = loss_over_rows(plain, reader(), loss)
        return cls(triangle, plain.coordinates, "half_mse", plain.l2, loss, rows, found)

    @cached_property
    def quadratic(self) -> Quadratic:
        """J as a function of the parameters in force, with its modes at the minimum."""
        return AtMinimum.at(self.found.bowl, self.rows)

    @property
    def is_quadratic(self) -> bool:
        """No: near its minimum only."""
        return False

    @property
    def loss_name(self) -> str:
        """The loss, "logistic" for example."""
        return self.loss.name

    def mean(self, margin: FloatArray) -> FloatArray:
        """What is predicted where u·theta is `margin`: a probability, an expected count."""
        return self.loss.mean(margin)

    def check_squares(self, what: str) -> None:
        """Raise UsageError: this is another loss."""
        raise UsageError(f"{what} is made for squared loss; this run is on {self.loss.name} loss.")

    @property
    def global_limit(self) -> float:
        """The largest learning rate that is safe from any start, 2/L; 0 where curvature has no bound."""
        largest = self.loss.largest_curvature
        plain = Quadratic.of(self.triangle, self.coordinates).modes.eigenvalues
        steepest = largest * float(plain[0]) + self.l2 if plain.size else 0.0
        return 2 / steepest if steepest else np.inf

    def in_coordinates(self, name: CoordinatesName) -> "Problem":
        """Return the squares that touch the loss at its minimum, in other coordinates, up to a factor: for their modes."""
        if self.coordinates.name == name:
            return self
        bowl, coordinates = self.found.bowl, self.triangle.coordinates(name, fit_intercept=self.fit_intercept)
        return Problem(bowl.triangle, coordinates, "half_mse", self.l2 / bowl.quadratic.scale)


def _no_minimum(loss: Loss, found: Minimum) -> DataError:
    why = (
        " Most often the classes can be told apart without error: weights then grow without end."
        if loss.name == "logistic"
        else ""
    )
    return DataError(
        f"no minimum of the {loss.name} loss was found in {found.passes} passes over the rows; the loss fell to {found.bowl.value:.3g}.{why}",
        *REMEDIES.get(loss.name, ()),
    )


def loss_over_rows(problem: Problem, batches: Iterable[Batch], loss: Loss) -> LossOverRows:
    """Return a mean loss of a problem's own rows, in memory.

    Raises:
        DataError: the rows are others than a moment ago.
    """
    n, p = problem.triangle.row_count, len(problem.coordinates.shift) + problem.fit_intercept
    U, y, weight = np.empty((n, p)), np.empty((n, 1)), np.empty(n)
    for rows, *values in in_coordinates(problem, batches):
        U[rows], y[rows], weight[rows] = values
    if not n:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    omega = None if (weight == weight[0]).all() else weight / weight.mean()
    penalized = np.ones(p)
    penalized[: int(problem.fit_intercept)] = 0.0
    return LossOverRows(loss, U, y, omega, problem.l2, penalized)
