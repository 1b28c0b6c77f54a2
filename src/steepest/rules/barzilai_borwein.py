"""Barzilai and Borwein: the rate that the last step would have needed."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from steepest.objectives.modes import Modes
from steepest.rules.choice import Momentum, Rate, is_auto, refuse_momentum
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import Gradient, check_learning_rate
from steepest.support.arrays import FloatArray

Memory = tuple[FloatArray, FloatArray, FloatArray] | None


@dataclass(frozen=True)
class BarzilaiBorweinRule:
    """Gradient descent at the rate of Barzilai and Borwein, each target by itself.

        η_k = sᵀs / sᵀz;   theta ← theta - η_k ∇J            s: the last step, z: how it changed the gradient

    The loss rises now and then on the way down.

    Args:
        learning_rate: η_0 > 0, of the first step.

    Source: Barzilai, Borwein, "Two-Point Step Size Gradient Methods", IMA J. Numer. Anal. 8 (1988), 141-148, equation 5.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="barzilai_borwein", learning_rate=0.1, epochs=9)
        >>> run.weights.round(6), round(run.bias, 6)
        (array([0.5]), 2.0)
    """

    learning_rate: float
    name: ClassVar[str] = "barzilai_borwein"
    label: ClassVar[str] = "Barzilai-Borwein"
    formula: ClassVar[str] = "parameter ← parameter − gradient · (last step)² / (last step · change of the gradient)"
    aliases: ClassVar[tuple[str, ...]] = ("bb",)

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for settings that may be "auto", and the reason for each of these.

        Raises:
            UsageError: a momentum is given, or the learning rate is out of its range.
        """
        refuse_momentum(cls.name, momentum)
        if not is_auto(learning_rate):
            return cls(check_learning_rate(learning_rate)), {}
        first = GradientRule(1.0).at_best_rate(modes).learning_rate
        return cls(first), {"learning_rate": "of the first step alone, 2/(λ_max + λ_min), gradient descent's best"}

    def init(self, theta: FloatArray) -> Memory:
        """No step yet."""
        return None

    def step(self, gradient: Gradient, theta: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Take a step at the rate that the last one would have needed."""
        slope = gradient(theta)
        if memory is None:
            rate = np.full(theta.shape[1], self.learning_rate)
        else:
            before, slope_before, rate = memory
            step, change = theta - before, slope - slope_before
            unit = np.abs(step).max(axis=0, initial=0.0)
            unit = np.where(unit > 0, unit, 1.0)
            bent = (step / unit * (change / unit)).sum(axis=0)
            rate = np.divide(((step / unit) ** 2).sum(axis=0), bent, out=rate.copy(), where=bent > 0)
        return theta - rate * slope, (theta, slope, rate)
