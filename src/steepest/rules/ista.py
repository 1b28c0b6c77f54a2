"""Proximal gradient descent: a gradient step of the smooth part, then the proximal step of the rest."""

from dataclasses import dataclass
from typing import ClassVar, Self

from steepest.objectives.modes import Modes
from steepest.rules.choice import Momentum, Rate, is_auto, refuse_momentum
from steepest.rules.proximal import prox_of
from steepest.rules.rule import Gradient, check_learning_rate
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class IstaRule:
    """Iterative soft thresholding (ISTA), gradient descent that knows an l1 penalty.

        theta ← S(theta - η ∇f, η l1)            objective f + l1·Σ|w|,  S(v, b) = sign(v)·max(|v| - b, 0)

    The loss falls at every epoch up to η = 1/L, and the run converges from any start below 2/L, with the largest curvature L of f.
    Without an l1 penalty this is gradient descent.

    Args:
        learning_rate: η > 0.

    Source: Daubechies, Defrise, De Mol, Commun. Pure Appl. Math. 57 (2004); Combettes, Wajs, "Signal Recovery by Proximal
    Forward-Backward Splitting", Multiscale Model. Simul. 4 (2005), theorem 3.4.

    Example:
        >>> import steepest
        >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5]
        >>> run = steepest.descend(X, y, rule="ista", l1=0.5, learning_rate=1.0, epochs=2, fit_intercept=False)
        >>> run.parameters()[0]
        array([[0. , 0. ],
               [1. , 0. ],
               [1.5, 0. ]])
    """

    learning_rate: float
    name: ClassVar[str] = "ista"
    label: ClassVar[str] = "ISTA"
    formula: ClassVar[str] = (
        "parameter ← S(parameter − learning rate · gradient), S: nearer to 0 by learning rate · l1, and 0 within it"
    )
    aliases: ClassVar[tuple[str, ...]] = ("proximal", "proximal_gradient", "soft_threshold", "lasso")
    is_proximal: ClassVar[bool] = True

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
        return cls(rate_of(modes)), {"learning_rate": "1/L, with the largest curvature L of the loss without l1"}

    def init(self, theta: FloatArray) -> None:
        """Nothing to remember."""

    def step(self, gradient: Gradient, theta: FloatArray, memory: object) -> tuple[FloatArray, None]:
        """Step against the gradient, and then towards 0."""
        return prox_of(gradient, theta - self.learning_rate * gradient(theta), self.learning_rate), None


def rate_of(modes: Modes) -> float:
    """Return 1/L; 1 where nothing is curved."""
    return 1 / float(modes.eigenvalues[0]) if modes.eigenvalues.size else 1.0
