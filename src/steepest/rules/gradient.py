"""Plain gradient descent."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from steepest.objectives.modes import Modes
from steepest.rules.best_rate import below
from steepest.rules.choice import Momentum, Rate, is_auto, refuse_momentum
from steepest.rules.elementwise import ElementWiseRule, Remembered, Update
from steepest.rules.recurrence import Epochs, ladder, one_minus_powers, signed_powers, wide
from steepest.rules.rule import check_learning_rate
from steepest.support.arrays import FloatArray
from steepest.support.words import number


def gradient_step(theta: Any, gradient: Any, memory: Any, rate: Any) -> Any:
    """theta - η g."""
    return theta - rate * gradient


@dataclass(frozen=True)
class GradientRule(ElementWiseRule):
    """Plain gradient descent.

        theta ← theta - η ∇J(theta)                p_k(λ) = (1 - ηλ)^k

    Args:
        learning_rate: η > 0, in parameter units per gradient unit.

    Source: Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847.

    Example:
        >>> GradientRule(0.1).residual(np.array([5.0, 1.0]), np.array([0, 1, 2]))
        array([[1.  , 1.  ],
               [0.5 , 0.9 ],
               [0.25, 0.81]])
    """

    learning_rate: float
    name: ClassVar[str] = "gradient"
    polynomial: ClassVar[str] = "power"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · gradient"
    aliases: ClassVar[tuple[str, ...]] = ("gd", "plain", "steepest", "vanilla", "sgd")
    update: ClassVar[Update] = staticmethod(gradient_step)
    exact_envelope: ClassVar[bool] = True
    of_product: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for settings that may be "auto", and the reason for each of these.

        Raises:
            UsageError: a momentum is given, or the learning rate is out of its range.
        """
        refuse_momentum(cls.name, momentum)
        if not is_auto(learning_rate):
            return cls(check_learning_rate(learning_rate)), {}
        reason = "2/(λ_max + λ_min), the constant rate with the smallest error factor an epoch"
        return cls(1.0).at_best_rate(modes), {"learning_rate": reason}

    def at_best_rate(self, modes: Modes) -> Self:
        """Return the rule at η = 2 / (λ_max + λ_min), the rate with the smallest error factor an epoch in the long run.

        Source: Nesterov, "Introductory Lectures on Convex Optimization", 2004, theorem 2.1.15.
        """
        if not modes.eigenvalues.size:
            return replace(self, learning_rate=1.0)
        largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
        return replace(self, learning_rate=below(self.stability_limit(largest), 2 / (largest + smallest)))

    def memory_after(self, change: FloatArray, epochs: int) -> Remembered:
        """The number of steps."""
        return Remembered([], epochs)

    def arithmetic(
        self, before: float, change: float, gradient: float, after: float, memory: object
    ) -> tuple[str, ...]:
        """before − η · gradient = after, in numbers."""
        return (f"{before:.10g} − {number(self.learning_rate)} · {gradient:.10g} = {after:.10g}",)

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """(1 - ηλ)^k, shape (K, r)."""
        return signed_powers(wide(eigenvalues) * self.learning_rate, epochs)

    def power_ladder(self, eigenvalues: FloatArray, epochs: range) -> tuple[FloatArray, FloatArray, int]:
        """The powers of consecutive epochs as products of two short ladders, for whole curves."""
        return ladder(wide(eigenvalues) * self.learning_rate, epochs)

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - (1 - ηλ)^k, shape (K, r)."""
        return one_minus_powers(wide(eigenvalues) * self.learning_rate, epochs)

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """|1 - ηλ|."""
        return np.abs(1 - self.learning_rate * eigenvalues)

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """For ever: a mode's error is multiplied by the same factor each epoch, and only falls."""
        return np.full(eigenvalues.shape, np.inf)

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """|1 - ηλ|^k itself, twice."""
        left = np.abs(self.residual(eigenvalues, epochs))
        return left, left

    def stability_limit(self, largest: float) -> float:
        """2 / λ_max."""
        return 2 / largest
