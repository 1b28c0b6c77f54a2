"""Conjugate gradients: no direction twice."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.exact_line_search import step_length
from steepest.rules.rule import Gradient
from steepest.support.arrays import FloatArray

Memory = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class ConjugateGradientRule:
    """Conjugate gradients, each target by itself.

        d ← g + (gᵀg / g₋ᵀg₋) d;   theta ← theta - (gᵀd / dᵀHd) d            g = ∇J, g₋ the gradient before, H = ∇²J

    On squared loss every mode with an eigenvalue of its own takes one step: in exact arithmetic the minimum is reached after as
    many steps as there are different eigenvalues.

    Source: Hestenes, Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems", J. Res. NBS 49 (1952), 409-436,
    equations 3:1.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="conjugate_gradient", epochs=2)
        >>> run.weights.round(12), round(run.bias, 12)
        (array([0.5]), 2.0)
    """

    name: ClassVar[str] = "conjugate_gradient"
    label: ClassVar[str] = "conjugate gradients"
    formula: ClassVar[str] = "parameter ← parameter − direction · (the step to the lowest point along it)"
    aliases: ClassVar[tuple[str, ...]] = ("cg", "conjugate_gradients")

    def init(self, theta: FloatArray) -> Memory:
        """No direction, and the square of no gradient."""
        return np.zeros_like(theta), np.zeros(theta.shape[1])

    def step(self, gradient: Gradient, theta: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Go along a direction conjugate to those before, to the lowest point."""
        slope, (direction, before) = gradient(theta), memory
        square = (slope**2).sum(axis=0)
        direction = slope + np.divide(square, before, out=np.zeros_like(square), where=before > 0) * direction
        length = step_length(slope, direction, gradient.curvature(theta, direction))
        return theta - length * direction, (direction, square)
