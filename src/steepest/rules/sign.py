"""Sign descent: every parameter moves by the same length."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from steepest.rules.elementwise import ElementWiseRule, Update
from steepest.rules.rule import check_learning_rate


def sign(theta: Any, gradient: Any, memory: Any, rate: Any) -> Any:
    """theta - η sign(g)."""
    return theta - rate * np.sign(gradient)


@dataclass(frozen=True)
class SignRule(ElementWiseRule):
    """Sign descent.

        theta ← theta - η sign(∇J)

    Args:
        learning_rate: η > 0, how far every parameter moves in a step, in its own units.

    Source: Bernstein, Wang, Azizzadenesheli, Anandkumar, "signSGD", ICML 2018, algorithm 1.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="sign", learning_rate=0.25, epochs=4)
        >>> run.parameters()[0].ravel()
        array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """

    learning_rate: float
    name: ClassVar[str] = "sign"
    label: ClassVar[str] = "sign descent"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · sign of the gradient"
    update: ClassVar[Update] = staticmethod(sign)
    aliases: ClassVar[tuple[str, ...]] = ("signsgd", "sign_descent")

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
