"""Accelerated proximal gradient descent: Nesterov's sequence, begun anew whenever it overshoots."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from steepest.objectives.modes import Modes
from steepest.rules.choice import Momentum, Rate, is_auto, refuse_momentum
from steepest.rules.ista import rate_of
from steepest.rules.proximal import prox_of
from steepest.rules.rule import Gradient, check_learning_rate
from steepest.support.arrays import FloatArray

Memory = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class FistaRule:
    """Fast iterative soft thresholding (FISTA) with adaptive restart, each target by itself.

        x ← S(z - η ∇f(z), η l1)                                       z: the point ahead, at first theta itself
        t ← 1  where (z - x)ᵀ(x - theta) > 0                           restart: the last step went uphill
        t' = (1 + √(1 + 4t²))/2;   z ← x + (t - 1)/t'·(x - theta);   theta ← x;   t ← t'

    Proved for η ≤ 1/L, with the largest curvature L of f: then J - J* ≤ 2L·‖theta_0 - theta*‖²/(k + 1)² before the first restart.

    Args:
        learning_rate: η > 0.

    Source: Beck, Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm", SIAM J. Imaging Sci. 2 (2009), equations 4.1
    to 4.3 and theorem 4.4; restart: O'Donoghue, Candès, "Adaptive Restart for Accelerated Gradient Schemes", Found. Comput. Math. 15
    (2015), section 3.2 (gradient scheme).

    Example:
        >>> import steepest
        >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5]
        >>> run = steepest.descend(X, y, rule="fista", l1=0.5, learning_rate=1.0, epochs=4, fit_intercept=False)
        >>> run.parameters()[0].round(4)
        array([[0.    , 0.    ],
               [1.    , 0.    ],
               [1.5   , 0.    ],
               [1.8204, 0.    ],
               [1.9798, 0.    ]])
    """

    learning_rate: float
    name: ClassVar[str] = "fista"
    label: ClassVar[str] = "FISTA"
    formula: ClassVar[str] = (
        "parameter ← S(ahead − learning rate · gradient ahead), S: nearer to 0 by learning rate · l1, and 0 within it;  "
        "ahead ← parameter + momentum · last step, the momentum from 0 up and 0 again where it overshot"
    )
    aliases: ClassVar[tuple[str, ...]] = ("accelerated_proximal", "apg", "fast_ista")
    is_proximal: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for settings that may be "auto", and the reason for each of these.

        Raises:
            UsageError: a momentum is given, which the rule finds itself, or the learning rate is out of its range.
        """
        refuse_momentum(cls.name, momentum)
        if not is_auto(learning_rate):
            return cls(check_learning_rate(learning_rate)), {}
        reason = "1/L, with the largest curvature L of the loss without l1: the largest that is proved to converge"
        return cls(rate_of(modes)), {"learning_rate": reason}

    def init(self, theta: FloatArray) -> Memory:
        """Ahead is where it begins, and t is 1 for each target."""
        return theta, np.ones(theta.shape[1])

    def step(self, gradient: Gradient, theta: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Step from the point ahead, and look ahead along the step."""
        ahead, t = memory
        x = prox_of(gradient, ahead - self.learning_rate * gradient(ahead), self.learning_rate)
        step = x - theta
        t = np.where(((ahead - x) * step).sum(axis=0) > 0, 1.0, t)
        following = (1 + np.sqrt(1 + 4 * t**2)) / 2
        return x, (x + (t - 1) / following * step, following)
