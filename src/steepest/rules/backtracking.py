"""Backtracking line search: along the gradient by a step that is halved until the loss has fallen enough."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.choice import Momentum, Rate, is_auto, refuse_momentum
from steepest.rules.rule import Gradient, check_decay, check_learning_rate
from steepest.support.arrays import FloatArray

ROUNDING = 4 * float(np.finfo(float).eps)  # of the loss: less than that is no rise
MOST_TRIALS = 60  # steps shorter than 1e-18 of the first


@dataclass(frozen=True)
class BacktrackingRule:
    """Gradient descent with Armijo's line search, each target by itself.

        η_k: the first of η, τη, τ²η, … with J(theta - η_k g) ≤ J(theta) - c η_k gᵀg;   theta ← theta - η_k g

    Args:
        learning_rate: η > 0, the longest step, tried first at every epoch.
        shrink: τ in (0, 1), by which a step that is too long is made shorter.
        decrease: c in (0, 1), the share of the fall that the gradient promises.

    Source: Armijo, "Minimization of Functions Having Lipschitz Continuous First Partial Derivatives", Pacific J. Math. 16
    (1966), 1-3; Nocedal, Wright, "Numerical Optimization", 2nd edition 2006, algorithm 3.1.

    Example:
        >>> import steepest
        >>> rule = steepest.rules.backtracking.BacktrackingRule(4.0)
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule=rule, epochs=3)
        >>> run.loss().round(4)
        array([4.5833, 0.8113, 0.2401, 0.1476])
    """

    learning_rate: float
    shrink: float = 0.5
    decrease: float = 1e-4
    name: ClassVar[str] = "backtracking"
    formula: ClassVar[str] = "parameter ← parameter − learning rate · gradient, the rate shortened until the loss falls"
    aliases: ClassVar[tuple[str, ...]] = ("armijo", "line_search")

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        for name in ("shrink", "decrease"):
            if not check_decay(name, getattr(self, name)):
                raise UsageError(f"{name} must be above 0; got 0.")

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for settings that may be "auto", and the reason for each of these.

        Raises:
            UsageError: a momentum is given, or the learning rate is out of its range.
        """
        refuse_momentum(cls.name, momentum)
        if not is_auto(learning_rate):
            return cls(check_learning_rate(learning_rate)), {}
        longest = 1 / float(modes.eigenvalues[-1]) if modes.eigenvalues.size else 1.0
        return cls(longest), {"learning_rate": "1/λ_min, the longest step that a mode may need"}

    def init(self, theta: FloatArray) -> None:
        """Nothing to remember."""

    def step(self, gradient: Gradient, theta: FloatArray, memory: object) -> tuple[FloatArray, None]:
        """Try steps along the gradient until one is short enough; none where even the shortest is not."""
        slope, value = gradient(theta), gradient.value(theta)
        promised = self.decrease * (slope**2).sum(axis=0)
        rate, after = np.full(theta.shape[1], self.learning_rate), theta
        for _ in range(MOST_TRIALS):
            after = theta - rate * slope
            there = gradient.value(after)
            # a loss that left float64 compares as too large
            too_long = ~(there <= value - rate * promised + ROUNDING * np.abs(value))
            if not too_long.any():
                return after, None
            rate = np.where(too_long, self.shrink * rate, rate)
        return np.where(too_long, theta, after), None
