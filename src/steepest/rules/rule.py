"""Rules: how a step is made from the gradient, and what is left of a mode's error after k of them.

A rule knows how to start and how to take one step. A linear rule knows its residual polynomial p_k besides: on a
quadratic, the error along a mode of eigenvalue λ after k epochs is p_k(λ) times that of the start.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.rules.recurrence import (
    Epochs,
    Recurrence,
    WideArray,
    ladder,
    log_distance,
    one_minus_powers,
    signed_powers,
    wide,
)
from steepest.support.arrays import FloatArray

Gradient = Callable[[FloatArray], FloatArray]


class Rule(Protocol):
    """How to start and how to take one step; a frozen value. `Memory` is whatever the rule carries from step to step."""

    name: ClassVar[str]

    def init(self, theta: FloatArray) -> object:
        """Return the memory before the first step."""
        ...

    def step(self, gradient: Gradient, theta: FloatArray, memory: Any, /) -> tuple[FloatArray, Any]:
        """Return parameters and memory after one epoch; `gradient` may be asked at any point."""
        ...


class LinearRule(Rule, Protocol):
    """A rule whose whole run on a quadratic is known beforehand."""

    @property
    def learning_rate(self) -> float:
        """η."""
        ...

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """p_k(λ), shape (K, r): what is left of each mode's start error; may overflow to inf on a diverging run."""
        ...

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k(λ), shape (K, r), without cancellation for modes that have hardly moved."""
        ...

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """The factor by which each mode shrinks an epoch in the long run, shape (r,); above 1 it grows."""
        ...

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """An epoch up to which each mode's |p_k| is one hump, shape (r,): inf for ever, 0 where nothing is known."""
        ...

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k(λ)| from below and above, each of shape (K, r), that fall with k on a stable run."""
        ...

    def stability_limit(self, largest: float) -> float:
        """The largest learning rate that does not grow, for the largest eigenvalue λ_max."""
        ...


@dataclass(frozen=True)
class GradientRule:
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

    def init(self, theta: FloatArray) -> None:
        """Nothing to remember."""

    def step(self, gradient: Gradient, theta: FloatArray, memory: object) -> tuple[FloatArray, None]:
        """theta ← theta - η ∇J(theta)."""
        return theta - self.learning_rate * gradient(theta), None

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """(1 - ηλ)^k, shape (K, r)."""
        return signed_powers(wide(eigenvalues) * self.learning_rate, epochs)

    def ladder(self, eigenvalues: FloatArray, epochs: range) -> tuple[FloatArray, FloatArray, int]:
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


@dataclass(frozen=True)
class HeavyBallRule:
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

    learning_rate: float
    momentum: float
    name: ClassVar[str] = "heavy_ball"

    def init(self, theta: FloatArray) -> FloatArray:
        """v = 0."""
        return np.zeros_like(theta)

    def step(self, gradient: Gradient, theta: FloatArray, velocity: FloatArray) -> tuple[FloatArray, FloatArray]:
        """v ← β v - η ∇J(theta);  theta ← theta + v."""
        velocity = self.momentum * velocity - self.learning_rate * gradient(theta)
        return theta + velocity, velocity

    def recurrence(self, eigenvalues: FloatArray) -> Recurrence:
        """Return the two-term recurrence that p_k(λ) obeys."""
        a, beta = wide(eigenvalues) * self.learning_rate, wide(self.momentum)
        product = np.full_like(a, beta)
        return Recurrence(a, a, product, _log_momentum(product), 2 * (1 + beta) - a, self.momentum)

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """p_k(λ) by the two roots of its recurrence, shape (K, r)."""
        return self.recurrence(eigenvalues).residual(np.asarray(epochs))

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k(λ), shape (K, r)."""
        return self.recurrence(eigenvalues).progress(np.asarray(epochs))

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """The larger root's magnitude: √β where the roots are complex."""
        return self.recurrence(eigenvalues).radius()

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """For ever with real roots of one sign; to the first swing through 0 with complex ones."""
        return self.recurrence(eigenvalues).unimodal_until()

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k(λ)| by the larger root."""
        return self.recurrence(eigenvalues).envelope(np.asarray(epochs))

    def stability_limit(self, largest: float) -> float:
        """2(1 + β) / λ_max."""
        return 2 * (1 + self.momentum) / largest


@dataclass(frozen=True)
class NesterovRule:
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

    learning_rate: float
    momentum: float
    name: ClassVar[str] = "nesterov"

    def init(self, theta: FloatArray) -> FloatArray:
        """v = 0."""
        return np.zeros_like(theta)

    def step(self, gradient: Gradient, theta: FloatArray, velocity: FloatArray) -> tuple[FloatArray, FloatArray]:
        """v ← β v - η ∇J(theta + β v);  theta ← theta + v."""
        ahead = theta + self.momentum * velocity
        velocity = self.momentum * velocity - self.learning_rate * gradient(ahead)
        return theta + velocity, velocity

    def recurrence(self, eigenvalues: FloatArray) -> Recurrence:
        """Return the two-term recurrence that p_k(λ) obeys."""
        a, beta = wide(eigenvalues) * self.learning_rate, wide(self.momentum)
        log_product = _log_momentum(np.full_like(a, beta)) + log_distance(a)
        margin = 2 * (1 + beta) - a * (1 + 2 * beta)
        return Recurrence(a, a * (1 + beta), (1 - a) * beta, log_product, margin, self.momentum)

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """p_k(λ) by the two roots of its recurrence, shape (K, r)."""
        return self.recurrence(eigenvalues).residual(np.asarray(epochs))

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k(λ), shape (K, r)."""
        return self.recurrence(eigenvalues).progress(np.asarray(epochs))

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """The larger root's magnitude: √(β(1 - ηλ)) where the roots are complex."""
        return self.recurrence(eigenvalues).radius()

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """For ever with real roots of one sign; to the first swing through 0 with complex ones."""
        return self.recurrence(eigenvalues).unimodal_until()

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k(λ)| by the larger root."""
        return self.recurrence(eigenvalues).envelope(np.asarray(epochs))

    def stability_limit(self, largest: float) -> float:
        """2(1 + β) / ((1 + 2β) λ_max)."""
        return 2 * (1 + self.momentum) / ((1 + 2 * self.momentum) * largest)


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

    def __post_init__(self) -> None:
        if not 0 < self.lower < self.upper < math.inf:
            raise UsageError(f"chebyshev needs 0 < lower < upper; given were {self.lower!r} and {self.upper!r}.")

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


def _log_momentum(momentum: WideArray) -> WideArray:
    """log β by way of β - 1, which is exact for β above 1/2; -inf for β = 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(momentum - 1))


RULES: dict[str, type] = {rule.name: rule for rule in (GradientRule, HeavyBallRule, NesterovRule, ChebyshevRule)}
"""The rules by their names, as `descend(rule=...)` and the command line take them."""


def is_linear(rule: Rule) -> TypeGuard[LinearRule]:
    """Say whether the rule knows its residual polynomial."""
    return hasattr(rule, "residual") and hasattr(rule, "stability_limit")


def check_learning_rate(value: object) -> float:
    """Return the learning rate as a float; raise UsageError naming the valid range when it is not one."""
    if isinstance(value, (bool, np.bool_, str)) or not isinstance(value, (int, float, np.number)):
        raise UsageError(f'learning_rate must be "auto" or a number above 0; given was {value!r}.')
    rate = float(np.real(value))
    if not 0 < rate < math.inf:
        raise UsageError(f'learning_rate must be "auto" or a finite number above 0; given was {value!r}.')
    return rate


def check_momentum(value: object) -> float:
    """Return the momentum as a float; raise UsageError when it is not in [0, 1)."""
    if isinstance(value, (bool, np.bool_, str)) or not isinstance(value, (int, float, np.number)):
        raise UsageError(f"momentum must be a number, 0 ≤ momentum < 1; given was {value!r}.")
    momentum = float(np.real(value))
    if not 0 <= momentum < 1:
        raise UsageError(f"momentum must satisfy 0 ≤ momentum < 1; given was {value!r}.")
    return momentum
