"""Chebyshev semi-iteration."""

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.choice import Momentum, Rate, is_auto
from steepest.rules.convergence import AT_LIMIT
from steepest.rules.recurrence import Epochs
from steepest.rules.rule import Gradient
from steepest.support import remedies
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import number


@dataclass(frozen=True)
class ChebyshevRule:
    """Chebyshev semi-iteration: the steps that do best on every eigenvalue of an interval, all epochs taken together.

        p_k(λ) = T_k((c - λ)/h) / T_k(c/h)            c, h = (upper ± lower)/2,  T_k Chebyshev's polynomial
        d ← ρ' ρ d - (2ρ'/h) ∇J(theta);  theta ← theta + d      ρ' = 1/(2c/h - ρ),  first d = -∇J(theta)/c

    No polynomial of degree k that is 1 at 0 is smaller on the whole interval; it needs the interval beforehand, which
    the modes give.

    Args:
        lower: the smallest eigenvalue of the interval, above 0.
        upper: the largest, above `lower`.

    Source: Golub, Varga, "Chebyshev semi-iterative methods", Numer. Math. 3 (1961); Saad, "Iterative Methods for
    Sparse Linear Systems", 2nd edition, algorithm 12.1.

    Example:
        >>> ChebyshevRule(1.0, 3.0).residual(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2])).round(12) + 0.0
        array([[ 1.        ,  1.        ,  1.        ],
               [ 0.5       ,  0.        , -0.5       ],
               [ 0.14285714, -0.14285714,  0.14285714]])
    """

    lower: float
    upper: float
    name: ClassVar[str] = "chebyshev"
    polynomial: ClassVar[str] = "chebyshev"
    label: ClassVar[str] = "Chebyshev"
    formula: ClassVar[str] = (
        "each step mixes the gradient with the step before, in shares that follow from the interval of eigenvalues"
    )
    aliases: ClassVar[tuple[str, ...]] = ("semi_iteration", "richardson")

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for the modes, and the reason for its rate.

        Raises:
            UsageError: a learning rate or a momentum is given.
        """
        if not is_auto(learning_rate) or not (momentum is None or is_auto(momentum)):
            raise UsageError(
                f'rule "{cls.name}" takes its steps from the modes.',
                remedies.NO_RATE,
            )
        reason = "Chebyshev's steps for the interval from λ_min to λ_max; the rate shown is that of the first"
        return cls.best(modes), {"learning_rate": reason}

    @classmethod
    def best(cls, modes: Modes) -> Self:
        """Return the rule for the interval of the modes' eigenvalues, which holds what rounding leaves open of λ_max.

        Just above the interval its polynomial grows: with λ_min 1e15 times smaller, a λ_max off by its rounding would.
        """
        if not modes.eigenvalues.size:
            return cls(0.5, 1.0)
        largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
        # an interval of no width has no polynomial; one as narrow as this is passed in one step
        return cls(min(smallest, largest * (1 - 1e-9)), largest * (1 + 10 * AT_LIMIT))

    def at_best_rate(self, modes: Modes) -> Self:
        """Return the rule for the interval of these modes: its rate is no setting of its own."""
        return self.best(modes)

    def __post_init__(self) -> None:
        if not 0 < as_float(self.lower) < as_float(self.upper) < math.inf:
            raise UsageError(f"chebyshev needs 0 < lower < upper; got {shown(self.lower)} and {shown(self.upper)}.")

    @property
    def learning_rate(self) -> float:
        """1/c, the rate of the first step; the later ones follow from the interval."""
        return 2 / (self.lower + self.upper)

    @property
    def _alpha(self) -> float:
        """arcosh(c/h), by c/h - 1 = 2·lower/(upper - lower), so that a narrow start keeps its digits."""
        excess = 2 * self.lower / (self.upper - self.lower)
        return math.log1p(excess + math.sqrt(excess * (2 + excess)))

    def init(self, theta: FloatArray) -> tuple[FloatArray, float]:
        """d = 0 and no ρ yet."""
        return np.zeros_like(theta), 0.0

    def step(
        self, gradient: Gradient, theta: FloatArray, memory: tuple[FloatArray, float]
    ) -> tuple[FloatArray, tuple[FloatArray, float]]:
        """d ← ρ' ρ d - (2ρ'/h) ∇J(theta);  theta ← theta + d."""
        c, h = (self.upper + self.lower) / 2, (self.upper - self.lower) / 2
        d, rho = memory
        if rho == 0:
            d, following = -gradient(theta) / c, h / c
        else:
            following = 1 / (2 * c / h - rho)
            d = following * rho * d - (2 * following / h) * gradient(theta)
        return theta + d, (d, following)

    def memory_after(self, change: FloatArray, epochs: int) -> tuple[FloatArray, float]:
        """The last step and ρ_k = T_{k-1}(c/h) / T_k(c/h)."""
        if not epochs:
            return np.zeros_like(change), 0.0
        shares = np.exp(-2 * np.array([epochs - 1, epochs]) * self._alpha)
        return change, float(math.exp(-self._alpha) * (1 + shares[0]) / (1 + shares[1]))

    def arithmetic(
        self, before: float, change: float, gradient: float, after: float, memory: tuple[FloatArray, float]
    ) -> tuple[str, ...]:
        """The step's two shares, and the parameter after it, in numbers."""
        c, h = (self.upper + self.lower) / 2, (self.upper - self.lower) / 2
        following = 1 / (2 * c / h - memory[1])
        kept, rate = (following * memory[1], 2 * following / h) if memory[1] else (0.0, 1 / c)
        return (
            f"step {number(kept)} · {change:.10g} − {number(rate)} · {gradient:.10g} = {after - before:.10g}",
            f"{before:.10g} + {after - before:.10g} = {after:.10g}",
        )

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """T_k((c - λ)/h) / T_k(c/h), shape (K, r)."""
        k = np.asarray(epochs, dtype=np.float64)[:, None]
        below, angle, sign, growth = self._places(eigenvalues, k)
        decay = np.exp(-k * self._alpha) * 2 / (1 + np.exp(-2 * k * self._alpha))  # 1 / cosh kα
        with np.errstate(over="ignore"):
            outside = (
                np.exp(k * (growth - self._alpha)) * (1 + np.exp(-2 * k * growth)) / (1 + np.exp(-2 * k * self._alpha))
            )
        return np.asarray(np.where(below, sign * np.cos(k * angle) * decay, sign * outside))

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k = (2 sinh²(kα/2) + 2 sin²(kφ/2)) / cosh kα inside the interval, shape (K, r)."""
        k = np.asarray(epochs, dtype=np.float64)[:, None]
        inside, angle, sign, _ = self._places(eigenvalues, k)
        half = np.exp(-k * self._alpha)
        # sinh²(kα/2)·2/cosh(kα) = (1 - e^{-kα})²/(1 + e^{-2kα}), without overflow
        precise = (np.expm1(-k * self._alpha) ** 2 + 4 * np.sin(k * angle / 2) ** 2 * half) / (1 + half**2)
        return np.asarray(np.where(inside & (sign > 0), precise, 1 - self.residual(eigenvalues, epochs)))

    def _places(
        self, eigenvalues: FloatArray, k: FloatArray
    ) -> tuple[NDArray[np.bool_], FloatArray, FloatArray, FloatArray]:
        """Whether λ lies in the interval, its angle arccos from the nearer end, the sign for it, and arcosh outside."""
        width = self.upper - self.lower
        inside = (eigenvalues >= self.lower) & (eigenvalues <= self.upper)
        right = eigenvalues > (self.upper + self.lower) / 2
        distance = np.where(right, self.upper - eigenvalues, eigenvalues - self.lower) / width
        angle = 2 * np.arcsin(np.sqrt(np.clip(distance, 0, 1)))
        sign = np.where(right & (k % 2 == 1), -1.0, 1.0)
        excess = np.maximum(-2 * distance, 0)
        return inside, angle, sign, np.log1p(excess + np.sqrt(excess * (2 + excess)))

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """exp(-α) inside the interval, the same for all; larger outside."""
        _, _, _, growth = self._places(eigenvalues, np.zeros((1, 1)))
        return np.asarray(np.exp(growth - self._alpha))

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """For ever at the interval's lower end; to the first swing through 0 in its lower half."""
        _, angle, _, _ = self._places(eigenvalues, np.zeros((1, 1)))
        middle = (self.upper + self.lower) / 2
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(eigenvalues <= middle, math.pi / 2 / angle, 0.0))

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """0 and 1 / T_k(c/h) inside the interval; |p_k| itself, twice, outside."""
        k = np.asarray(epochs, dtype=np.float64)[:, None]
        inside = (eigenvalues > self.lower) & (eigenvalues <= self.upper)
        left = np.abs(self.residual(eigenvalues, epochs))
        above = np.exp(-k * self._alpha) * 2 / (1 + np.exp(-2 * k * self._alpha))
        return np.where(inside, 0.0, left), np.where(inside, above, left)

    def stability_limit(self, largest: float) -> float:
        """2 / λ_max: the interval's middle must be at least half of it, as it always is where λ_max is inside."""
        # ends 1e15 apart leave nothing between the first rate and the limit in float64
        return max(2 / largest, self.learning_rate * (1 + 1e-14)) if largest <= self.upper else 2 / largest
