"""AMSGrad: Adam whose steps never grow again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.adam import AdamRule, Moments
from steepest.rules.rule import Gradient
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class AMSGradRule(AdamRule):
    """Adam that divides by the largest mean square there has been.

        u ← max(u, v)
        theta ← theta - η · m/(1 - β₁^k) / (√(u/(1 - β₂^k)) + ε)               m, v as Adam's

    Args:
        learning_rate: η > 0.
        beta_1: β₁ in [0, 1).
        beta_2: β₂ in [0, 1).
        epsilon: ε > 0.

    Source: Reddi, Kale, Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2, with Adam's corrections for
    the first steps, as torch has them.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="amsgrad", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.1     , 0.199557])
    """

    name: ClassVar[str] = "amsgrad"
    label: ClassVar[str] = "AMSGrad"
    formula: ClassVar[str] = (
        "parameter ← parameter − learning rate · mean gradient / (√(largest mean square of gradients) + ε)"
    )

    def init(self, theta: FloatArray) -> tuple[Moments, FloatArray]:  # type: ignore[override]
        """Means of no gradients, and the largest mean square so far."""
        return Moments.of(theta), np.zeros_like(theta)

    def step(  # type: ignore[override]
        self, gradient: Gradient, theta: FloatArray, memory: tuple[Moments, FloatArray]
    ) -> tuple[FloatArray, tuple[Moments, FloatArray]]:
        """Take a step along the mean gradient, divided by the root of its largest mean square."""
        moments, largest = memory
        moments = moments.after(gradient(theta), self.beta_1, self.beta_2)
        largest = np.maximum(largest, moments.square)
        mean = moments.mean / (1 - self.beta_1**moments.steps)
        return theta - self.learning_rate * mean / self._size(largest, moments.steps), (moments, largest)
