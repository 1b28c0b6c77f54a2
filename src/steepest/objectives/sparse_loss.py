"""Sparse loss: a mean loss over rows with an l1 penalty: value, proximal step, gap, and the minimum by proximal Newton."""

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from steepest.errors import DataError, Option, UsageError
from steepest.objectives.at_minimum import AtMinimum
from steepest.objectives.best_intercept import at_best_intercept
from steepest.objectives.conjugates import duality_gap
from steepest.objectives.l1_penalty import Sparse
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, part_of
from steepest.objectives.loss_solution_path import LossSolutionPath
from steepest.objectives.losses import Joint, Loss
from steepest.objectives.newton import Bowl, Minimum, RowReader, bowl_at
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.problem import Problem
from steepest.objectives.proximal_newton import SparseMinimum
from steepest.objectives.quantile import QuantileLoss
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray
from steepest.support.values import frozen_property

KNOTS = 30  # penalties on the way down where the straight way is lost


@dataclass(frozen=True, eq=False)
class SparseLoss(Sparse, AtMinimum):
    """A mean loss with an l1 penalty: a smooth part f, that of the rows with l2, and l1·Σ|w|, which has a kink at 0.

        J(theta) = Σ ω·ℓ(u·theta, y) / n + l2/2·‖w‖² + l1·Σ|w|

    `gradient`, `curvature` and `modes` are those of f, the modes where J is smallest; value, minimum and gap are those of J.

    Args:
        lowest: the minimum of J, shape (p, 1).
    """

    lowest: FloatArray = None  # type: ignore[assignment]  # fields after those with defaults need one

    @classmethod
    def at(cls, bowl: Bowl, rows: LossOverRows | StoredLossRows) -> "SparseLoss":
        """Return the loss of rows, seen from its minimum."""
        seen = super().at(bowl, rows)
        assert isinstance(seen, cls)
        return replace(seen, lowest=bowl.theta)

    @property
    def l1(self) -> float:
        """The weight of Σ|w|."""
        return self.rows.l1

    @property
    def _minimum(self) -> FloatArray:
        return self.lowest

    @frozen_property
    def _loss(self) -> PenalizedLoss:
        return penalized_of(self.rows, fit_intercept=bool(self.fit_intercept))

    def gap(self, theta: FloatArray) -> FloatArray:
        """Duality gap: J(theta) is at most this much above the minimum, shape (1,); by how much the intercept misses its best counts.

        Of a loss whose conjugate is not known here it is the distance to the minimum that proximal Newton found.
        """
        loss, penalty = self._loss, self.l1 + self.l2
        best = at_best_intercept(loss, theta[:, 0])
        seen = loss.seen(best)
        bound = loss.value(seen, penalty) - duality_gap(loss, seen, penalty)
        return np.asarray(self.value(theta) - (bound if np.isfinite(bound) else self.least))

    def steepest_at(self, theta: FloatArray) -> float:
        """The largest curvature of the part without l1 at theta, shape (p, 1), by one pass over the rows; inf where it leaves float64."""
        loss, count = self._loss, len(self._loss.factors)
        columns = Coordinates("raw", np.zeros(count), np.ones(count), loss.fit_intercept)
        bowl = bowl_at(loss.rows.loss, lambda: loss.batches(np.arange(count)), columns, theta, self.l2)
        return float("inf") if bowl is None else float(bowl.quadratic.modes.eigenvalues.max(initial=0.0))

    @frozen_property
    def costs_at_minimum(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """J, the root mean squared error and the shortest subgradient at the minimum, by one pass over the rows."""
        value, metric, slope = self.rows.costs(self.lowest)
        return value, metric, self.shortest(self.lowest, slope)


def penalized_of(rows: LossOverRows | StoredLossRows, *, fit_intercept: bool) -> PenalizedLoss:
    """Return the loss of rows with their penalties apart, as proximal Newton takes it: a penalty of l1 + l2."""
    count = rows.width - int(fit_intercept)
    return PenalizedLoss(
        replace(rows, l1=0.0, l2=0.0), np.ones(count), rows.l1 / (rows.l1 + rows.l2), fit_intercept=fit_intercept
    )


def find_sparse_minimum(rows: LossOverRows | StoredLossRows, reader: RowReader, plain: Problem) -> Minimum:
    """Return the minimum of a mean loss with the l1 and l2 penalty that its rows know.

    Args:
        rows: in the coordinates of the problem.
        reader: gives the same rows in the data's own units.
        plain: the squares of the same table.

    Raises:
        DataError: there is none, or none was found.
    """
    coordinates, loss = plain.coordinates, rows.loss
    centred = _centred(plain)
    # far from 0 the sums over a column cancel; with an intercept its weight is the same about its mean
    near = rows if centred is coordinates else part_of(rows, np.ones(len(rows), bool), coordinates, centred)
    problem = penalized_of(near, fit_intercept=coordinates.fit_intercept)
    found = _minimum(problem, rows.l1 + rows.l2)
    theta = found.seen.theta[:, None]
    theta = theta if centred is coordinates else coordinates.from_raw(*centred.to_raw(theta))
    bowl = bowl_at(loss, reader, coordinates, theta, rows.l2)
    if bowl is None:
        raise DataError(f"the {loss.name} loss leaves float64 at its minimum.", "standardize the inputs")
    return Minimum(replace(bowl, value=problem.value(found.seen, found.penalty)), 1 + found.steps, settled=True)


def _centred(plain: Problem) -> Coordinates:
    """The inputs about their means, where a problem is in others and has an intercept."""
    if not plain.fit_intercept or plain.coordinates.name != "raw":
        return plain.coordinates
    return plain.triangle.coordinates("centred", fit_intercept=True)


def _minimum(problem: PenalizedLoss, penalty: float) -> SparseMinimum:
    """The minimum at a penalty, from where nothing is in use; where that way is lost, by penalties in between."""
    with suppress(DataError):
        return LossSolutionPath.of(problem, np.array([penalty])).minima[-1]
    first = max(penalty, problem.largest_penalty)
    return LossSolutionPath.of(problem, np.geomspace(first, penalty, KNOTS)).minima[-1]


def check_sparse(loss: Loss, what: str) -> None:
    """Raise UsageError where squares with an l1 penalty do not follow a loss.

    Args:
        loss: ℓ.
        what: it does not have, such as "path".
    """
    if isinstance(loss, QuantileLoss):
        raise UsageError(
            f"a quantile loss has no {what} here: its curvature lies at few rows, which no squares follow.",
            "take a loss that is as robust (" + Option("loss", "huber") + ")",
        )
    if isinstance(loss, Joint):
        raise UsageError(
            f"a {what} has one coefficient for each input, and a {loss.name} loss one for each class.",
            "take one class against the others (" + Option("loss", "logistic") + ")",
        )
