"""Heavy ball: gradient descent with a memory of its last step."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.objectives.modes import Modes
from steepest.rules.best_rate import below
from steepest.rules.two_term import TwoTermRule

MOST = 1 - 1e-12  # momentum


@dataclass(frozen=True)
class HeavyBallRule(TwoTermRule):
    """Gradient descent with a memory of its last step.

        v ← β v - η ∇J(theta);  theta ← theta + v
        p_{k+1} = (1 + β - ηλ) p_k - β p_{k-1},   p_0 = 1,  p_1 = 1 - ηλ

    Args:
        learning_rate: η > 0.
        momentum: β, 0 ≤ β < 1.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math. 4 (1964).

    Example:
        >>> HeavyBallRule(0.1, momentum=0.5).residual(np.array([5.0]), np.array([0, 1, 2])).ravel().round(12) + 0.0
        array([1. , 0.5, 0. ])
    """

    name: ClassVar[str] = "heavy_ball"
    look_ahead: ClassVar[float] = 0.0
    formula: ClassVar[str] = (
        "velocity ← momentum · velocity − learning rate · gradient;  parameter ← parameter + velocity"
    )
    aliases: ClassVar[tuple[str, ...]] = ("momentum", "polyak", "heavyball")

    @classmethod
    def best_momentum(cls, modes: Modes, learning_rate: float | None = None) -> tuple[float, float]:
        """Return (learning rate, momentum) with the smallest error factor an epoch in the long run.

            β = ((√κ - 1)/(√κ + 1))²          η = (2/(√λ_max + √λ_min))²

        With a learning rate given, β = max (1 - √(ηλ))² over the modes: the smallest momentum at which no mode is left
        with a slow real root.

        Args:
            modes: the modes of the objective.
            learning_rate: η to keep, or None for the best.

        Source: Polyak 1964, theorem 9.
        """
        if not modes.eigenvalues.size:
            return learning_rate or 1.0, 0.0
        largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
        if learning_rate is not None:
            ends = learning_rate * np.array([largest, smallest])
            return learning_rate, float(min(max(((1 - np.sqrt(ends)) ** 2).max(), 0.0), MOST))
        steep, flat = math.sqrt(largest), math.sqrt(smallest)  # and not κ, which may leave float64
        rate, beta = (2 / (steep + flat)) ** 2, min(((steep - flat) / (steep + flat)) ** 2, MOST)
        return below(cls(1.0, beta).stability_limit(largest), rate), beta
