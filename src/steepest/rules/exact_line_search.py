"""Exact line search: along the gradient as far as the loss falls."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.rule import Gradient
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class ExactLineSearchRule:
    """Steepest descent with an exact line search, each target by itself.

        η_k = gᵀg / gᵀHg;   theta ← theta - η_k g                       g = ∇J, H = ∇²J at theta

    On squared loss that is the lowest point along the gradient; of another loss it is that of its parabola there.

    Source: Nocedal, Wright, "Numerical Optimization", 2nd edition 2006, equation 3.26.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="exact_line_search", epochs=3)
        >>> run.loss()[:3].round(4)
        array([4.5833, 0.1527, 0.0051])
    """

    name: ClassVar[str] = "exact_line_search"
    formula: ClassVar[str] = "parameter ← parameter − gradient · (the step to the lowest point along it)"

    def init(self, theta: FloatArray) -> None:
        """Nothing to remember."""

    def step(self, gradient: Gradient, theta: FloatArray, memory: object) -> tuple[FloatArray, None]:
        """Go along the gradient to the lowest point."""
        slope = gradient(theta)
        return theta - step_length(slope, slope, gradient.curvature(theta, slope)) * slope, None


def step_length(slope: FloatArray, direction: FloatArray, bent: FloatArray) -> FloatArray:
    """Return gᵀd / dᵀHd, how far down -d the lowest point lies, shape (t,); 0 along a direction without curvature.

    Args:
        slope: g, shape (p, t).
        direction: d, shape (p, t).
        bent: Hd, shape (p, t).
    """
    # d in units of its largest entry: squares of 1e-200 would be 0
    unit = np.abs(direction).max(axis=0, initial=0.0)
    unit = np.where(unit > 0, unit, 1.0)
    curvature = (direction / unit * (bent / unit)).sum(axis=0)
    along = (slope / unit * (direction / unit)).sum(axis=0)
    return np.asarray(np.divide(along, curvature, out=np.zeros_like(along), where=curvature > 0))
