"""Two-term rules: a step made of the gradient and of the step before."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.best_rate import below
from steepest.rules.choice import Momentum, Rate, is_auto
from steepest.rules.elementwise import Ahead, ElementWiseRule, Remembered, Update
from steepest.rules.recurrence import Epochs, Recurrence, WideArray, log_distance, wide
from steepest.rules.rule import check_learning_rate, check_momentum
from steepest.support.arrays import FloatArray
from steepest.support.words import number


def two_term(theta: Any, gradient: Any, memory: Any, rate: Any, momentum: Any, share: Any) -> Any:
    """v ← β v - η g;  theta + v."""
    memory[0] = momentum * memory[0] - rate * gradient
    return theta + memory[0]


def look_ahead(theta: Any, memory: Any, rate: Any, momentum: Any, share: Any) -> Any:
    """theta + sβ v."""
    return theta + share * momentum * memory[0]


@dataclass(frozen=True)
class TwoTermRule(ElementWiseRule):
    """Gradient descent with a memory of its last step, and a gradient that is taken a share s of that step ahead.

        v ← β v - η ∇J(theta + sβ v);  theta ← theta + v                            s = `look_ahead`
        p_{k+1} = (1 + β - a(1 + sβ)) p_k - β(1 - sa) p_{k-1},   p_0 = 1,  p_1 = 1 - a,   a = ηλ

    A class below says its `name` and `look_ahead`, and `best_momentum` where it knows a formula; all else follows.

    Args:
        learning_rate: η > 0.
        momentum: β, 0 ≤ β < 1.
    """

    learning_rate: float
    momentum: float
    name: ClassVar[str]
    look_ahead: ClassVar[float]
    update: ClassVar[Update] = staticmethod(two_term)
    remembered: ClassVar[int] = 1
    of_product: ClassVar[bool] = True
    polynomial: ClassVar[str] = "two_term"

    def __post_init__(self) -> None:
        check_learning_rate(self.learning_rate)
        check_momentum(self.momentum)

    @classmethod
    def best_momentum(cls, modes: Modes, learning_rate: float | None = None) -> tuple[float, float]:
        """Return (learning rate, momentum) with the smallest error factor an epoch in the long run.

        Args:
            modes: the modes of the objective.
            learning_rate: η to keep, or None for the best.

        Raises:
            UsageError: no formula for it is known.
        """
        raise UsageError(f'rule "{cls.name}" knows no best momentum; give a number, 0 ≤ momentum < 1.')

    @classmethod
    def choose(cls, modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Self, dict[str, str]]:
        """Return the rule for settings that may be "auto", and the reason for each of these.

        Raises:
            UsageError: a setting is outside its range.
        """
        rate = None if is_auto(learning_rate) else check_learning_rate(learning_rate)
        reasons = {}
        if momentum is None or is_auto(momentum):
            best, beta = cls.best_momentum(modes, rate)
            reasons["momentum"] = (
                f"the momentum with the smallest error factor an epoch for κ = {modes.condition_number:.6g}"
            )
            if rate is None:
                reasons["learning_rate"] = "the rate that belongs to the best momentum"
            return cls(best, beta), reasons
        beta = check_momentum(momentum)
        if rate is not None:
            return cls(rate, beta), reasons
        reasons["learning_rate"] = f"the constant rate with the smallest error factor an epoch at momentum {beta:g}"
        return cls(1.0, beta).at_best_rate(modes), reasons

    def at_best_rate(self, modes: Modes) -> Self:
        """Return the rule at the rate with the smallest error factor an epoch in the long run, at its own momentum.

            s = 0 or β = 0:     η = 2(1 + β) / (λ_max + λ_min)
            else:               the η at which λ_max and λ_min shrink alike

        Source: Polyak 1964, theorem 9 (heavy ball).
        """
        if not modes.eigenvalues.size:
            return replace(self, learning_rate=1.0)
        largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
        limit = self.stability_limit(largest)
        if not self.look_ahead or not self.momentum:
            return replace(self, learning_rate=below(limit, 2 * (1 + self.momentum) / (largest + smallest)))
        ends = np.array([1.0, smallest / largest])

        def difference(product: float) -> float:
            of_largest, of_smallest = replace(self, learning_rate=product).radius(ends)
            return float(of_smallest - of_largest)

        # only η·λ counts: at 1 the steepest mode is gone in one epoch, at the limit it does not shrink; the balance lies between
        low, high = 1.0, self.stability_limit(1.0)
        if difference(low) <= 0:
            return replace(self, learning_rate=1 / largest)
        from scipy.optimize import brentq  # noqa: PLC0415 - a quarter of a second, and few runs come here

        balance = brentq(difference, low, high, xtol=1e-16, rtol=1e-15) if difference(high) < 0 else high
        return replace(self, learning_rate=below(limit, balance / largest))

    @property
    def ahead(self) -> Ahead | None:
        """theta + sβ v."""
        return look_ahead if self.look_ahead else None

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """η, β, s."""
        return rate, self.momentum, self.look_ahead

    def memory_after(self, change: FloatArray, epochs: int) -> Remembered:
        """The last step."""
        return Remembered([change], epochs)

    def arithmetic(
        self, before: float, change: float, gradient: float, after: float, memory: object
    ) -> tuple[str, ...]:
        """The velocity, and the parameter after it, in numbers."""
        fall = f"{number(self.learning_rate)} · {gradient:.10g}"
        return (
            f"velocity {number(self.momentum)} · {change:.10g} − {fall} = {after - before:.10g}",
            f"{before:.10g} + {after - before:.10g} = {after:.10g}",
        )

    def recurrence(self, eigenvalues: FloatArray) -> Recurrence:
        """Return the two-term recurrence that p_k(λ) obeys."""
        a, beta, s = wide(eigenvalues) * self.learning_rate, wide(self.momentum), self.look_ahead
        log_product = _log_momentum(np.full_like(a, beta)) + log_distance(s * a)
        margin = 2 * (1 + beta) - a * (1 + 2 * s * beta)
        return Recurrence(a, a * (1 + s * beta), (1 - s * a) * beta, log_product, margin, self.momentum)

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """p_k(λ) by the two roots of its recurrence, shape (K, r)."""
        return self.recurrence(eigenvalues).residual(np.asarray(epochs))

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k(λ), shape (K, r)."""
        return self.recurrence(eigenvalues).progress(np.asarray(epochs))

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """The larger root's magnitude: √(β|1 - sηλ|) where the roots are complex."""
        return self.recurrence(eigenvalues).radius()

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """For ever with real roots of one sign; to the first swing through 0 with complex ones."""
        return self.recurrence(eigenvalues).unimodal_until()

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k(λ)| by the larger root."""
        return self.recurrence(eigenvalues).envelope(np.asarray(epochs))

    def stability_limit(self, largest: float) -> float:
        """2(1 + β) / ((1 + 2sβ) λ_max)."""
        return 2 * (1 + self.momentum) / ((1 + 2 * self.look_ahead * self.momentum) * largest)


def _log_momentum(momentum: WideArray) -> WideArray:
    """log β by way of β - 1, which is exact for β above 1/2; -inf for β = 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(momentum - 1))
