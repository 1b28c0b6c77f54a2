"""AdaGrad: steps that shrink as gradients add up, each parameter by itself."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.elementwise import ElementWiseRule, Update
from steepest.rules.rule import check_above_zero, check_learning_rate


def adagrad(theta: Any, gradient: Any, memory: Any, rate: Any, epsilon: Any) -> Any:
    """v ← v + g²;  theta - η g / (√v + ε)."""
    memory[0] = memory[0] + gradient**2
    return theta - rate * gradient / (np.sqrt(memory[0]) + epsilon)


@dataclass(frozen=True)
class AdaGradRule(ElementWiseRule):
    """AdaGrad.

        v ← v + (∇J)²
        theta ← theta - η ∇J / (√v + ε)

    Args:
        learning_rate: η > 0, how far a parameter moves in the first step, in its own units.
        epsilon: ε > 0, in units of the gradient, keeps the quotient finite.

    Source: Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 12
    (2011), 2121-2159, figure 1 with the diagonal.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="adagrad", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.1     , 0.166679])
    """

    learning_rate: float
    epsilon: float = 1e-10
    name: ClassVar[str] = "adagrad"
    label: ClassVar[str] = "AdaGrad"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · gradient / (√(sum of squares of gradients) + ε)"
    update: ClassVar[Update] = staticmethod(adagrad)
    remembered: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_above_zero("epsilon", self.epsilon)

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """η, ε."""
        return rate, self.epsilon
