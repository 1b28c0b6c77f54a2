"""Nesterov's momentum: gradient descent that looks ahead along its last step."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from steepest.objectives.modes import Modes
from steepest.rules.heavy_ball import MOST
from steepest.rules.two_term import TwoTermRule


@dataclass(frozen=True)
class NesterovRule(TwoTermRule):
    """Gradient descent that looks ahead along its last step before it asks for the gradient.

        v ← β v - η ∇J(theta + β v);  theta ← theta + v
        p_{k+1} = (1 - ηλ)((1 + β) p_k - β p_{k-1}),   p_0 = 1,  p_1 = 1 - ηλ

    Args:
        learning_rate: η > 0.
        momentum: β, 0 ≤ β < 1.

    Source: Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", Soviet Math.
    Dokl. 27 (1983); in this form Sutskever, Martens, Dahl, Hinton, ICML 2013, equations 3 and 4.

    Example:
        >>> NesterovRule(0.1, momentum=0.5).residual(np.array([5.0]), np.array([0, 1, 2])).ravel()
        array([1.   , 0.5  , 0.125])
    """

    name: ClassVar[str] = "nesterov"
    label: ClassVar[str] = "Nesterov"
    look_ahead: ClassVar[float] = 1.0
    formula: ClassVar[str] = (
        "velocity ← momentum · velocity − learning rate · gradient at (parameter + momentum · velocity);  "
        "parameter ← parameter + velocity"
    )
    aliases: ClassVar[tuple[str, ...]] = ("nag", "accelerated", "agd")

    @classmethod
    def best_momentum(cls, modes: Modes, learning_rate: float | None = None) -> tuple[float, float]:
        """Return (learning rate, momentum) with the smallest error factor an epoch in the long run.

            β = (√(3κ+1) - 2)/(√(3κ+1) + 2)   η = 4/(3λ_max + λ_min)

        With a learning rate given, β = (1 - √(ηλ_min))/(1 + √(ηλ_min)): critical damping of the slowest mode.

        Args:
            modes: the modes of the objective.
            learning_rate: η to keep, or None for the best.

        Source: Lessard, Recht, Packard, "Analysis and design of optimization algorithms via integral quadratic
        constraints", SIAM J. Optim. 26 (2016), proposition 1.
        """
        if not modes.eigenvalues.size:
            return learning_rate or 1.0, 0.0
        largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
        if learning_rate is not None:
            root = math.sqrt((learning_rate * np.array([largest, smallest]))[1])
            return learning_rate, float(min(max((1 - root) / (1 + root), 0.0), MOST))
        root, twice = math.sqrt(3 * largest + smallest), 2 * math.sqrt(smallest)
        return 4 / (3 * largest + smallest), min((root - twice) / (root + twice), MOST)
