"""Sign descent: every parameter moves by the same length."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.rules.rule import Gradient, check_learning_rate
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class SignRule:
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
    aliases: ClassVar[tuple[str, ...]] = ("signsgd", "sign_descent")

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)

    def init(self, theta: FloatArray) -> None:
        """Nothing to remember."""

    def step(self, gradient: Gradient, theta: FloatArray, memory: object) -> tuple[FloatArray, None]:
        """theta ← theta - η sign(∇J)."""
        return theta - self.learning_rate * np.sign(gradient(theta)), None
