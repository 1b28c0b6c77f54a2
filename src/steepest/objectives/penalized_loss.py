"""Penalized loss: a mean loss over rows with an l1 and l2 penalty: what a sparse classifier or a sparse model of counts minimizes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from steepest.data.batch import Batch
from steepest.errors import DataError, Option
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, pieces_of
from steepest.objectives.newton import minimize
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray
from steepest.support.values import Value, frozen_property

ROUNDING = 1e-13  # of what all rows pull together: a slope below it is rounding


@dataclass(frozen=True, eq=False)
class Seen(Value):
    """The mean loss seen from one theta.

    Args:
        theta: intercept first where there is one, shape (p,).
        value: the mean loss there, without a penalty.
        slope: its gradient, shape (p,).
    """

    theta: FloatArray
    value: float
    slope: FloatArray


@dataclass(frozen=True, eq=False)
class PenalizedLoss(Value):
    """A mean loss with an elastic-net penalty.

        J(b, w) = Σ weight·ℓ(b + u·w, y) / Σ weight + penalty·Σ factor·(l1_ratio·|w| + (1 - l1_ratio)/2·w²)

    Args:
        rows: the mean loss of the rows, without a penalty, in the coordinates in force.
        factors: how strongly each column is penalized beside the others, 0 for not at all, shape (d,).
        l1_ratio: share of the penalty that is l1, above 0, at most 1 (the lasso).
        positive: whether coefficients of penalized columns may not be negative.
        fit_intercept: whether the first column of the rows is that of an intercept, which no penalty is on.

    Source: Friedman, Hastie, Tibshirani, "Regularization Paths for Generalized Linear Models via Coordinate Descent", J. Stat. Softw. 33
    (2010), sections 3 and 5.
    """

    rows: LossOverRows | StoredLossRows
    factors: FloatArray
    l1_ratio: float = 1.0
    positive: bool = False
    fit_intercept: bool = True

    @property
    def first(self) -> int:
        """The place of the first coefficient in theta."""
        return int(self.fit_intercept)

    def l1(self, penalty: float) -> FloatArray:
        """Weight of each |w_j|, shape (d,)."""
        return penalty * self.l1_ratio * self.factors

    def l2(self, penalty: float) -> FloatArray:
        """Weight of each w_j²/2, shape (d,)."""
        return penalty * (1 - self.l1_ratio) * self.factors

    def seen(self, theta: FloatArray) -> Seen:
        """The loss seen from theta, shape (p,), by one pass over the rows."""
        value, slope = self.rows.value_and_gradient(theta[:, None])
        return Seen(theta, float(value[0]), slope[:, 0])

    def price(self, theta: FloatArray, penalty: float) -> float:
        """What the penalty costs at theta."""
        w = theta[self.first :]
        return float(self.l1(penalty) @ np.abs(w)) + 0.5 * float(self.l2(penalty) @ w**2)

    def value(self, seen: Seen, penalty: float) -> float:
        """J."""
        return seen.value + self.price(seen.theta, penalty)

    def distances(self, seen: Seen, penalty: float) -> FloatArray:
        """How far each parameter is from the conditions of a minimum, in units of the slopes, shape (p,).

            c_j = l1_j·sign(w_j) where w_j ≠ 0,  |c_j| ≤ l1_j where w_j = 0        c = -slope - l2·w

        Source: Hastie, Tibshirani, Wainwright, "Statistical Learning with Sparsity", CRC Press 2015, equation 5.8.
        """
        w, l1 = seen.theta[self.first :], self.l1(penalty)
        c = -seen.slope[self.first :] - self.l2(penalty) * w
        at_zero = np.maximum((c if self.positive else np.abs(c)) - l1, 0.0)
        at_zero = np.where(self.factors > 0, at_zero, np.abs(c))
        of_columns = np.where(w != 0, np.abs(c - l1 * np.sign(w)), at_zero)
        return np.concatenate([np.abs(seen.slope[: self.first]), of_columns])

    def optimality(self, seen: Seen, penalty: float) -> float:
        """The largest of those distances; a minimum has 0."""
        return float(self.distances(seen, penalty).max(initial=0.0))

    @frozen_property
    def unpenalized(self) -> Seen:
        """The minimum where every penalized coefficient is 0, over the intercept and the columns of factor 0.

        Raises:
            DataError: there is none.
        """
        free, theta = np.flatnonzero(self.factors == 0), np.zeros(self.first + len(self.factors))
        if self.first + len(free):
            columns = Coordinates("raw", np.zeros(len(free)), np.ones(len(free)), self.fit_intercept)
            found = minimize(self.rows.loss, lambda: self.batches(free), columns)
            if not found.settled:
                raise DataError(
                    f"the {self.rows.loss.name} loss of the intercept and the inputs without a penalty has no minimum.",
                    "give each input a factor above 0 (" + Option("penalty_factors") + ")",
                )
            theta[np.append(np.arange(self.first), self.first + free).astype(np.intp)] = found.bowl.theta[:, 0]
        return self.seen(theta)

    @frozen_property
    def pulls(self) -> FloatArray:
        """What the rows would pull at each parameter if all pulled the same way, where no penalized column is in use, shape (p,)."""
        theta = self.unpenalized.theta[:, None]
        total = np.zeros(len(theta))
        for part in pieces_of(self.rows, self.rows.width):
            slopes = np.abs(part.loss.slope(part.margin(theta), part.y)[:, 0])
            total += np.abs(part.U).T @ (slopes if part.omega is None else slopes * part.omega)
        return total / len(self.rows)

    @frozen_property
    def largest_penalty(self) -> float:
        """The smallest penalty at which every penalized coefficient is 0: max |slope_j| / (l1_ratio·factor_j)."""
        c, bounded = -self.unpenalized.slope[self.first :], self.factors > 0
        c = np.where(np.abs(c) > ROUNDING * self.pulls[self.first :], c, 0.0)
        c = np.maximum(c, 0.0) if self.positive else np.abs(c)
        return float((c[bounded] / (self.l1_ratio * self.factors[bounded])).max(initial=0.0))

    def batches(self, columns: np.ndarray) -> Iterator[Batch]:
        """Yield the rows with some of their columns, those of the numbers given."""
        names, whole = tuple(f"u{j}" for j in columns), len(columns) == len(self.factors)
        stored = isinstance(self.rows, StoredLossRows)
        for part in pieces_of(self.rows, self.rows.width) if stored else (self.rows.take(slice(None)),):
            inputs = part.U[:, self.first :] if whole else part.U[:, self.first + columns]
            offset = None if part.offset is None else part.offset[:, 0]
            yield Batch(inputs, part.y, names, ("y",), part.omega, offset=offset)
