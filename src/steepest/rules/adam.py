"""Adam: steps in units of the gradient's own size, each parameter by itself."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.elementwise import ElementWiseRule, Update
from steepest.rules.rule import check_above_zero, check_decay, check_learning_rate

ROUNDING = 1e-17  # of 1


def adam(
    theta: Any,
    gradient: Any,
    memory: Any,
    rate: Any,
    beta_1: Any,
    beta_2: Any,
    epsilon: Any,
    share_1: Any,
    share_2: Any,
) -> Any:
    """m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;  theta - η · m/(1 - β₁^k) / (√(v/(1 - β₂^k)) + ε)."""
    memory[0] = beta_1 * memory[0] + (1 - beta_1) * gradient
    memory[1] = beta_2 * memory[1] + (1 - beta_2) * gradient**2
    return theta - rate * (memory[0] / share_1) / (np.sqrt(memory[1] / share_2) + epsilon)


@dataclass(frozen=True)
class AdamRule(ElementWiseRule):
    """Adam.

        m ← β₁ m + (1 - β₁) ∇J;   v ← β₂ v + (1 - β₂) (∇J)²
        theta ← theta - η · m/(1 - β₁^k) / (√(v/(1 - β₂^k)) + ε)                  at step k

    Args:
        learning_rate: η > 0, about how far a parameter moves in a step, in its own units.
        beta_1: β₁, how much of the mean of the gradients stays each step, in [0, 1).
        beta_2: β₂, how much of the mean of their squares stays, in [0, 1).
        epsilon: ε > 0, in units of the gradient, keeps the quotient finite.

    Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="adam", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)          # the first step is η long, whatever the gradient
        array([0.      , 0.1     , 0.199557])
    """

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    label: ClassVar[str] = "Adam"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · mean gradient / (√(mean square of gradients) + ε)"
    update: ClassVar[Update] = staticmethod(adam)
    remembered: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_decay("beta_1", self.beta_1)
        check_decay("beta_2", self.beta_2)
        check_above_zero("epsilon", self.epsilon)

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """η, β₁, β₂, ε, 1 - β₁^k, 1 - β₂^k."""
        return rate, self.beta_1, self.beta_2, self.epsilon, share(self.beta_1, step), share(self.beta_2, step)


def share(beta: float, step: Any) -> Any:
    """1 - β^k, what a running mean of k ones has of 1; from where β^k is less than rounding on, a single 1 for many steps."""
    if not isinstance(step, int) and beta ** float(step[0]) < ROUNDING:
        return 1.0
    return 1 - beta**step
