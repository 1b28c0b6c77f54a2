"""NAdam: Adam that looks a step ahead."""

from dataclasses import dataclass
from typing import ClassVar

from steepest.rules.adam import AdamRule, Moments
from steepest.rules.rule import Gradient, check_not_negative
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class NAdamRule(AdamRule):
    """Adam with Nesterov's momentum.

        μ_k = β₁ (1 - ½·0.96^(kψ));   Π_k = μ_1 ⋯ μ_k
        theta ← theta - η · ((1 - μ_k)/(1 - Π_k) ∇J + μ_{k+1}/(1 - Π_{k+1}) m) / (√(v/(1 - β₂^k)) + ε)      m, v as Adam's

    Args:
        learning_rate: η > 0.
        beta_1: β₁ in [0, 1).
        beta_2: β₂ in [0, 1).
        epsilon: ε > 0.
        momentum_decay: ψ ≥ 0, how fast μ grows from about β₁/2 to β₁.

    Source: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2, with torch's μ.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule="nadam", learning_rate=0.1, epochs=2)
        >>> run.parameters()[0].ravel().round(6)
        array([0.      , 0.105645, 0.179798])
    """

    momentum_decay: float = 0.004
    name: ClassVar[str] = "nadam"
    label: ClassVar[str] = "NAdam"
    formula: ClassVar[str] = (
        "parameter ← parameter − learning rate · (gradient and mean gradient, weighed) / (√(mean square of gradients) + ε)"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("momentum_decay", self.momentum_decay)

    def init(self, theta: FloatArray) -> tuple[Moments, float]:  # type: ignore[override]
        """Means of no gradients, and the product of no μ."""
        return Moments.of(theta), 1.0

    def step(  # type: ignore[override]
        self, gradient: Gradient, theta: FloatArray, memory: tuple[Moments, float]
    ) -> tuple[FloatArray, tuple[Moments, float]]:
        """Take a step along the gradient and its mean, divided by the root of the mean square."""
        slope, (moments, product) = gradient(theta), memory
        moments = moments.after(slope, self.beta_1, self.beta_2)
        now, ahead = self._momentum(moments.steps), self._momentum(moments.steps + 1)
        product *= now
        step = (1 - now) / (1 - product) * slope + ahead / (1 - product * ahead) * moments.mean
        return theta - self.learning_rate * step / self._size(moments.square, moments.steps), (moments, product)

    def _momentum(self, step: int) -> float:
        """μ_k."""
        return float(self.beta_1 * (1 - 0.5 * 0.96 ** (step * self.momentum_decay)))
