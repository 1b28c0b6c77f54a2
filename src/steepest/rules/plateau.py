"""Plateau: a rule whose learning rate falls whenever the loss has stopped falling."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from steepest.rules.best_rate import with_learning_rate
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.rules.schedules import AdaptiveSchedule
from steepest.support.arrays import FloatArray

Memory = tuple[Any, float, float, int]
LEAST = 1e-12  # of η: steps of less move nothing


@dataclass(frozen=True)
class PlateauRule:
    """A rule whose learning rate is multiplied by a factor below 1 once the loss has not fallen for some epochs.

        η ← factor · η        after `patience` epochs in a row with J > (1 - tolerance) · the smallest J so far

    J is the loss of all rows at the end of an epoch, the sum over targets. scikit-learn's `learning_rate="adaptive"` does the same with its
    running mean over the rows of an epoch, and an absolute tolerance.

    Args:
        rule: the rule with its numbers.
        schedule: factor, patience and tolerance.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[-1.0], [1.0]], [-1.0, 1.0], rule="sign", learning_rate=0.6, epochs=30, schedule="adaptive")
        >>> run.weights.round(3)                         # at a constant rate it swings between 0.6 and 1.2
        array([0.998])
    """

    rule: Rule
    schedule: AdaptiveSchedule
    name: ClassVar[str] = "plateau"

    @property
    def learning_rate(self) -> float:
        """η at the start."""
        return float(getattr(self.rule, "learning_rate", math.nan))

    @property
    def words(self) -> str:
        """The rule's name and the schedule's."""
        return f"{words_of(self.rule)} with {self.schedule.name} schedule"

    @property
    def formula(self) -> str:
        """The rule's step."""
        return f"{formula_of(self.rule)}, the learning rate lower after each plateau of the loss"

    def with_learning_rate(self, rate: float) -> "PlateauRule":
        """Return the same at another η."""
        return PlateauRule(with_learning_rate(self.rule, rate), self.schedule)

    def init(self, theta: FloatArray) -> Memory:
        """What the rule remembers, the share of η in force, no smallest loss, and no epoch without one."""
        return self.rule.init(theta), 1.0, math.inf, 0

    def step(self, gradient: Gradient, theta: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Look at the loss, lower the rate where that is due, and take the rule's step."""
        own, share, smallest, waited = memory
        loss = float(gradient.value(theta).sum())
        waited = waited + 1 if loss > (1 - self.schedule.tolerance) * smallest else 0
        smallest = min(loss, smallest)
        if waited >= self.schedule.patience:
            share, waited = max(share * self.schedule.factor_at_plateau, LEAST), 0
        rule = self.rule if share == 1 else with_learning_rate(self.rule, share * self.learning_rate)
        theta, own = rule.step(gradient, theta, own)
        return theta, (own, share, smallest, waited)
