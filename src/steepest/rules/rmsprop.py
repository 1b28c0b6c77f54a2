"""RMSprop: steps in units of the gradient's recent size, each parameter by itself."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.elementwise import ElementWiseRule, Update
from steepest.rules.rule import check_above_zero, check_decay, check_learning_rate


def rmsprop(theta: Any, gradient: Any, memory: Any, rate: Any, decay: Any, epsilon: Any) -> Any:
    """v ← α v + (1 - α) g²;  theta - η g / (√v + ε)."""
    memory[0] = decay * memory[0] + (1 - decay) * gradient**2
    return theta - rate * gradient / (np.sqrt(memory[0]) + epsilon)


@dataclass(frozen=True)
class RMSpropRule(ElementWiseRule):
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
    update: ClassVar[Update] = staticmethod(rmsprop)
    remembered: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_decay("decay", self.decay)
        check_above_zero("epsilon", self.epsilon)

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """η, α, ε."""
        return rate, self.decay, self.epsilon
