"""Adam: steps in units of the gradient's own size, each parameter by itself."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np

from steepest.rules.rule import Gradient, check_above_zero, check_decay, check_learning_rate
from steepest.support.arrays import FloatArray


class Moments(NamedTuple):
    """What Adam remembers.

    Args:
        mean: m, the running mean of the gradients, shape (p, t).
        square: v, that of their squares, shape (p, t).
        steps: how many there were.
    """

    mean: FloatArray
    square: FloatArray
    steps: int

    @classmethod
    def of(cls, theta: FloatArray) -> Self:
        """Return what is remembered before the first step."""
        return cls(np.zeros_like(theta), np.zeros_like(theta), 0)

    def after(self, gradient: FloatArray, beta_1: float, beta_2: float) -> "Moments":
        """Return what is remembered once a gradient was seen.

        m ← β₁ m + (1 - β₁) g;   v ← β₂ v + (1 - β₂) g²
        """
        mean = beta_1 * self.mean + (1 - beta_1) * gradient
        return Moments(mean, beta_2 * self.square + (1 - beta_2) * gradient**2, self.steps + 1)


@dataclass(frozen=True)
class AdamRule:
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

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_decay("beta_1", self.beta_1)
        check_decay("beta_2", self.beta_2)
        check_above_zero("epsilon", self.epsilon)

    def init(self, theta: FloatArray) -> Moments:
        """Means of no gradients."""
        return Moments.of(theta)

    def step(self, gradient: Gradient, theta: FloatArray, memory: Moments) -> tuple[FloatArray, Moments]:
        """Take a step along the mean gradient, divided by the root of its mean square."""
        memory = memory.after(gradient(theta), self.beta_1, self.beta_2)
        mean = memory.mean / (1 - self.beta_1**memory.steps)
        return theta - self.learning_rate * mean / self._size(memory.square, memory.steps), memory

    def _size(self, square: FloatArray, steps: int) -> FloatArray:
        """√(v/(1 - β₂^k)) + ε: how large the gradient has been."""
        return np.sqrt(square / (1 - self.beta_2**steps)) + self.epsilon
