"""L1 penalty: what it adds to a smooth objective: a proximal step, a shortest subgradient and a minimum of its own."""

from typing import Any

import numpy as np

from steepest.objectives.soft_threshold import soft_threshold
from steepest.support.arrays import FloatArray


class L1Penalty:
    """The kink l1·Σ|w| on top of a smooth part, never on the intercept.

        prox = argmin_z ½·‖z - theta‖² + rate·l1·Σ|z|

    Whoever has it knows `l1` and `penalized`: 1 for weights, 0 for intercepts, as long as theta.
    """

    l1: Any
    penalized: Any

    @property
    def bound(self) -> FloatArray:
        """The weight of each parameter's |theta|, 0 at the intercept, shape (p, 1)."""
        return np.asarray(self.l1 * self.penalized[:, None])

    def price(self, theta: FloatArray) -> FloatArray:
        """l1·Σ|w| at theta (..., p, t), shape (..., t)."""
        return np.asarray((self.bound * np.abs(theta)).sum(axis=-2))

    def prox(self, point: FloatArray, rate: float) -> FloatArray:
        """The proximal step of the penalty at a learning rate, of the point's shape (p, t)."""
        return soft_threshold(point, rate * self.bound) if self.l1 else point


class Sparse(L1Penalty):
    """A whole objective with that kink, which knows its minimum: `_minimum`, shape (p, t)."""

    modes: Any
    _minimum: Any

    def least_slope(self, theta: FloatArray) -> FloatArray:
        """The shortest subgradient of J at theta, shape (p, t): 0 at the minimum and nowhere else."""
        return self.shortest(theta, self.gradient(theta))  # type: ignore[attr-defined]  # of the smooth part

    def shortest(self, theta: FloatArray, slope: FloatArray) -> FloatArray:
        """The shortest subgradient of J where the smooth part has a slope, all of shape (p, t)."""
        return np.where(theta != 0, slope + self.bound * np.sign(theta), soft_threshold(slope, self.bound))

    @property
    def minimum(self) -> FloatArray:
        """The exact minimum of J, shape (p, t).

        Raises:
            DataError: it is out of the reach of float64.
        """
        return np.asarray(self._minimum)

    def nearest_minimum(self, start: FloatArray) -> FloatArray:
        """The minimum, wherever a run starts."""
        return np.asarray(self._minimum)

    def start_errors(self, start: FloatArray) -> FloatArray:
        """v_iᵀ(minimum - start) for every mode of the smooth part, shape (r, t)."""
        return np.asarray(self.modes.directions.T @ (self._minimum - start))
