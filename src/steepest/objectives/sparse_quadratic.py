"""Sparse quadratic: squared loss with an l1 penalty as a function of the parameters: value, proximal step, gap, minimum."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from steepest.errors import DataError
from steepest.objectives.coordinate_descent import coordinate_descent
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.l1_penalty import Sparse
from steepest.objectives.penalized import Penalized
from steepest.objectives.quadratic import Quadratic
from steepest.support.arrays import FloatArray
from steepest.support.values import frozen_property


@dataclass(frozen=True, eq=False)
class SparseQuadratic(Sparse, Quadratic):
    """The objective of a table with an l1 penalty: a smooth part f, that of `Quadratic`, and l1·Σ|w|, which has a kink at 0.

        J(theta) = f(theta) + l1·Σ|w|        f(theta) = s/(2W)·(‖R·theta - r‖² + ρ²) + l2/2·‖w‖²       for each target
        prox     = argmin_z ½·‖z - theta‖² + rate·l1·Σ|z|

    `gradient`, `curvature` and `modes` are those of f; value, minimum and gap are those of J.

    Args:
        l1: weight of Σ|w| in the coordinates in force, never on the intercept, above 0.

    Source: Parikh, Boyd, "Proximal Algorithms", Found. Trends Optim. 1 (2014), section 4.2.
    """

    l1: float = 0.0

    @classmethod
    def on(cls, smooth: Quadratic, l1: float) -> Self:
        """Return a smooth objective with an l1 penalty on top.

        Example:
            >>> import steepest
            >>> problem = steepest.Problem.of(steepest.summarize(np.eye(3), [3.0, 1.0, 0.0]), l1=0.5)
            >>> problem.quadratic.minimum.ravel().round(12), problem.quadratic.gap(problem.quadratic.minimum).round(12)
            (array([1.25, 0.25, 0.  , 0.  ]), array([0.]))
        """
        return cls(**{field.name: getattr(smooth, field.name) for field in fields(Quadratic)}, l1=l1)

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta (..., p, t), one number a target: shape (..., t)."""
        return np.asarray(super().value(theta) + self.price(theta))

    @property
    def penalty(self) -> float:
        """The penalty as `Penalized` counts it: l1 + l2."""
        return self.l1 + self.l2

    @frozen_property
    def of_weights(self) -> tuple[Penalized, ...]:
        """J as a function of the weights of each target, at their best intercept."""
        first, root = int(self.fit_intercept), self._root
        # below the intercept's row, no row knows the intercept
        A, b = root * self.R[first:, first:], root * self.r[first:]
        factors, ratio = np.ones(A.shape[1]), self.l1 / self.penalty
        return tuple(
            Penalized(A, b[:, target], float((root * self.rho[target]) ** 2), factors, ratio)
            for target in range(b.shape[1])
        )

    def gap(self, theta: FloatArray) -> FloatArray:
        """Duality gap: J(theta) is at most this much above the minimum, shape (t,); by how much the intercept misses its best counts."""
        first = int(self.fit_intercept)
        missed = (self._root * self.residual(theta)[:first]) ** 2 / 2
        gaps = [part.gap(theta[first:, target], self.penalty) for target, part in enumerate(self.of_weights)]
        return np.asarray(np.array(gaps) + missed.sum(axis=0))

    @frozen_property
    def _minimum(self) -> FloatArray:
        weights = np.column_stack([_solved(part, self.penalty) for part in self.of_weights])
        if not self.fit_intercept:
            return weights
        return np.vstack([(self.r[:1] - self.R[:1, 1:] @ weights) / self.R[0, 0], weights])

    @property
    def misfit(self) -> FloatArray:
        """R·theta - r at the minimum, shape (q, t)."""
        return self.residual(self._minimum)

    @property
    def unexplained(self) -> FloatArray:
        """√(2·J) at the minimum, shape (t,)."""
        return np.asarray(np.sqrt(2 * self.value(self._minimum)))


def _solved(part: Penalized, penalty: float) -> FloatArray:
    """The minimum at a penalty: exactly, by the path down to it, or to a gap of rounding."""
    first = part.largest_penalty
    if penalty >= first:
        return part.unpenalized
    try:
        return Homotopy(part, part.unpenalized, (first, penalty)).end()
    except DataError:  # columns so nearly dependent that the path is lost
        return coordinate_descent(part, part.unpenalized, penalty)
