"""AdamW: Adam with weights that shrink a little each step."""

from dataclasses import dataclass
from typing import Any, ClassVar

from steepest.rules.adam import AdamRule, adam
from steepest.rules.elementwise import Update
from steepest.rules.rule import check_not_negative


def adamw(theta: Any, gradient: Any, memory: Any, decay: Any, *numbers: Any) -> Any:
    """Adam's step from where the gradient was, and the parameters shrunk by ηλ."""
    return adam(theta, gradient, memory, *numbers) - decay * theta


@dataclass(frozen=True)
class AdamWRule(AdamRule):
    """Adam with decoupled weight decay.

        theta ← (1 - ηλ) theta, and then Adam's step                       λ = `weight_decay`

    Every parameter decays, the intercept too; `l2` of the objective leaves it out, and is what a ridge penalty is.

    Args:
        learning_rate: η > 0.
        beta_1: β₁ in [0, 1).
        beta_2: β₂ in [0, 1).
        epsilon: ε > 0.
        weight_decay: λ ≥ 0.

    Source: Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="adamw", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.1     , 0.199457])
    """

    weight_decay: float = 0.01
    name: ClassVar[str] = "adamw"
    label: ClassVar[str] = "AdamW"
    update: ClassVar[Update] = staticmethod(adamw)
    formula: ClassVar[str] = "parameter ← (1 − learning rate · weight decay) · parameter, and then Adam's step"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("weight_decay", self.weight_decay)

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """ηλ, and Adam's."""
        return (rate * self.weight_decay, *super().numbers(step, rate))
