"""RMSprop: steps in units of the gradient's recent size, each parameter by itself."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.rule import Gradient, check_above_zero, check_decay, check_learning_rate
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class RMSpropRule:
    """RMSprop.

        v ← α v + (1 - α) (∇J)²
        theta ← theta - η ∇J / (√v + ε)

    Args:
        learning_rate: η > 0.
        decay: α, how much of the mean of the squares stays each step, in [0, 1).
        epsilon: ε > 0, in units of the gradient, keeps the quotient finite.

    Source: Tieleman, Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012; ε as torch has it.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="rmsprop", learning_rate=0.01, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.1     , 0.166865])
    """

    learning_rate: float
    decay: float = 0.99
    epsilon: float = 1e-8
    name: ClassVar[str] = "rmsprop"
    label: ClassVar[str] = "RMSprop"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · gradient / (√(mean square of gradients) + ε)"

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_decay("decay", self.decay)
        check_above_zero("epsilon", self.epsilon)

    def init(self, theta: FloatArray) -> FloatArray:
        """The mean of no squares."""
        return np.zeros_like(theta)

    def step(self, gradient: Gradient, theta: FloatArray, memory: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Take a step along the gradient, divided by the root of the mean square."""
        slope = gradient(theta)
        memory = self.decay * memory + (1 - self.decay) * slope**2
        return theta - self.learning_rate * slope / (np.sqrt(memory) + self.epsilon), memory
