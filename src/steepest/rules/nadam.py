"""NAdam: Adam that looks a step ahead."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.adam import AdamRule, share
from steepest.rules.elementwise import Update
from steepest.rules.rule import check_not_negative


def nadam(
    theta: Any,
    gradient: Any,
    memory: Any,
    rate: Any,
    beta_1: Any,
    beta_2: Any,
    epsilon: Any,
    share_2: Any,
    now: Any,
    ahead: Any,
) -> Any:
    """m, v as Adam's, 1 - Π_k, and the step of a gradient and a mean weighed by μ_k and μ_{k+1}."""
    memory[0] = beta_1 * memory[0] + (1 - beta_1) * gradient
    memory[1] = beta_2 * memory[1] + (1 - beta_2) * gradient**2
    product = (1 - memory[2]) * now
    memory[2] = 1 - product
    step = (1 - now) / (1 - product) * gradient + ahead / (1 - product * ahead) * memory[0]
    return theta - rate * step / (np.sqrt(memory[1] / share_2) + epsilon)


@dataclass(frozen=True)
class NAdamRule(AdamRule):
    """Adam with Nesterov's momentum.

        μ_k = β₁ (1 - ½·0.96^(kψ));   Π_k = μ_1 ⋯ μ_k
        theta ← theta - η · ((1 - μ_k)/(1 - Π_k) ∇J + μ_{k+1}/(1 - Π_{k+1}) m) / (√(v/(1 - β₂^k)) + ε)      m, v as Adam's

    Args:
        learning_rate: η > 0.
        beta_1: β₁ in [0, 1).
        beta_2: β₂ in [0, 1).
        epsilon: ε > 0.
        momentum_decay: ψ ≥ 0, how fast μ grows from about β₁/2 to β₁.

    Source: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2, with torch's μ.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="nadam", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.105645, 0.179798])
    """

    momentum_decay: float = 0.004
    name: ClassVar[str] = "nadam"
    label: ClassVar[str] = "NAdam"
    update: ClassVar[Update] = staticmethod(nadam)
    remembered: ClassVar[int] = 3
    formula: ClassVar[str] = (
        "parameter ← parameter − learning rate · (gradient and mean gradient, weighed) / (√(mean square of gradients) + ε)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("momentum_decay", self.momentum_decay)

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """η, β₁, β₂, ε, 1 - β₂^k, μ_k, μ_{k+1}."""
        now, ahead = self._momentum(step), self._momentum(step + 1)
        return rate, self.beta_1, self.beta_2, self.epsilon, share(self.beta_2, step), now, ahead

    def _momentum(self, step: Any) -> Any:
        """μ_k."""
        return self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay))
