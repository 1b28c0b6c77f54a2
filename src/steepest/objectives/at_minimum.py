"""At minimum: a smooth loss over rows that knows its minimum, and its modes there."""

from dataclasses import dataclass, fields

import numpy as np

from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows
from steepest.objectives.losses import is_joint
from steepest.objectives.newton import Bowl
from steepest.objectives.quadratic import Quadratic
from steepest.support.arrays import FloatArray
from steepest.support.values import frozen_property


class _Last:
    """The last point that was asked about, so that a start is looked at once: by who checks it and by the loop."""

    seen: tuple[FloatArray, FloatArray, FloatArray] | None = None  # theta, J and ∇J

    def costs(self, theta: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """J and ∇J where theta is that point; the caller's own copies."""
        seen = self.seen
        return (seen[1].copy(), seen[2].copy()) if seen is not None and np.array_equal(seen[0], theta) else None


@dataclass(frozen=True, eq=False)
class AtMinimum(Quadratic):
    """A mean loss: value and gradient are those of the rows, modes and minimum those of the quadratic that touches it there.

    Near its minimum a smooth loss is that quadratic: how a run ends, its limits and its epochs follow from these modes. How it begins
    does not, so runs are walked.

    Args:
        rows: J itself.
        least: J at the minimum.
        is_reached: whether J itself was looked at so near to it that the quadratic says all that is left.
    """

    rows: LossOverRows | StoredLossRows = None  # type: ignore[assignment]  # fields after those with defaults need one
    least: float = 0.0
    is_reached: bool = False

    @classmethod
    def at(cls, bowl: Bowl, rows: LossOverRows | StoredLossRows) -> "AtMinimum":
        """Return the loss of rows, seen from its minimum."""
        local = {field.name: getattr(bowl.quadratic, field.name) for field in fields(Quadratic)}
        return cls(**local, rows=rows, least=bowl.value, is_reached=bowl.decrement == 0.0)

    @frozen_property
    def penalized(self) -> FloatArray:
        """The diagonal of D: 1 for weights, 0 for intercepts."""
        return self.rows.penalized

    @property
    def minimum(self) -> FloatArray:
        """The parameters at the minimum, of minimum norm where many are equally good, shape (p, 1) or (p·K, 1)."""
        return self._centred(super().minimum)

    def nearest_minimum(self, start: FloatArray) -> FloatArray:
        """The minimum that a run from start heads for: what all classes have in common stays as it is where no penalty is on it."""
        loss = self.rows.loss
        if not is_joint(loss):
            return super().nearest_minimum(start)
        in_common = start - self._centred(start)
        return self.minimum + (in_common * (1 - self.penalized[:, None]) if self.l2 else in_common)

    def _centred(self, theta: FloatArray) -> FloatArray:
        loss = self.rows.loss
        return loss.centred(theta, self.rows.classes) if is_joint(loss) else theta

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta (..., p, t), shape (..., t)."""
        seen = self._last.costs(theta)
        return self._each(self.rows.value, theta) if seen is None else seen[0]

    def gradient(self, theta: FloatArray) -> FloatArray:
        """∇J at theta (..., p, t), of the same shape."""
        if theta.ndim == 2:
            return self.rows.gradient(theta)
        return np.stack([self.gradient(one) for one in theta])

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J and ∇J at theta (p, t)."""
        seen = self._last.costs(theta)
        if seen is None:
            seen = self.rows.value_and_gradient(theta)
            self._last.seen = theta.copy(), seen[0].copy(), seen[1].copy()
        return seen

    @frozen_property
    def _last(self) -> _Last:
        return _Last()

    @frozen_property
    def costs_at_minimum(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """J, the root mean squared error and ∇J at the minimum, by one pass over the rows; of a minimum that was reached ∇J is the quadratic's."""
        theta = self.minimum
        if not self.is_reached:
            return self.rows.costs(theta)
        return np.array([self.least]), self.rows.metric(theta), super().gradient(theta)

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J at theta times a direction, both of shape (p, t)."""
        return self.rows.curvature(theta, direction)

    def rmse(self, theta: FloatArray) -> FloatArray:
        """The root mean squared error of what is predicted at theta (..., p, t), shape (..., t)."""
        return self._each(self.rows.metric, theta)

    metric = rmse

    @frozen_property
    def unexplained(self) -> FloatArray:
        """√(2·J) at the minimum, shape (1,)."""
        return np.asarray(np.sqrt(2 * np.array([self.least])))

    def _each(self, function: object, theta: FloatArray) -> FloatArray:
        if theta.ndim == 2:
            return np.asarray(function(theta))  # type: ignore[operator]
        return np.stack([self._each(function, one) for one in theta])
