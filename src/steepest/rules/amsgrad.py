"""AMSGrad: Adam whose steps never grow again."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.adam import AdamRule
from steepest.rules.elementwise import Update


def amsgrad(
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
    """m, v as Adam's;  u ← max(u, v);  theta - η · m/(1 - β₁^k) / (√(u/(1 - β₂^k)) + ε)."""
    memory[0] = beta_1 * memory[0] + (1 - beta_1) * gradient
    memory[1] = beta_2 * memory[1] + (1 - beta_2) * gradient**2
    memory[2] = np.maximum(memory[2], memory[1])
    return theta - rate * (memory[0] / share_1) / (np.sqrt(memory[2] / share_2) + epsilon)


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
    update: ClassVar[Update] = staticmethod(amsgrad)
    remembered: ClassVar[int] = 3
    formula: ClassVar[str] = (
        "parameter ← parameter − learning rate · mean gradient / (√(largest mean square of gradients) + ε)"
    )
