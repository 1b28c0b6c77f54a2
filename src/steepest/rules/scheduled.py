"""Scheduled: a rule whose learning rate follows a schedule."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.elementwise import ElementWise, Remembered, elementwise_of
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.rules.schedules import Schedule
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class ScheduledRule:
    """A rule at a learning rate of its own each step: η_k = η · factor(k, steps).

    Args:
        rule: the rule with its numbers; its learning rate is η.
        schedule: the factor at each step.
        steps: how many steps the run has, which a schedule may be drawn over.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[-1.0], [1.0]], [-1.0, 1.0], learning_rate=0.5, epochs=3, schedule=lambda step: 1 / (step + 1))
        >>> run.parameters()[0].ravel().round(6)                           # 1 - w is multiplied by 1/2, 3/4 and 5/6
        array([0.    , 0.5   , 0.625 , 0.6875])
    """

    rule: Rule
    schedule: Schedule
    steps: int
    name: ClassVar[str] = "scheduled"

    @property
    def learning_rate(self) -> float:
        """η, before it is multiplied."""
        return float(getattr(self.rule, "learning_rate", math.nan))

    @property
    def words(self) -> str:
        """The rule's name and the schedule's."""
        return f"{words_of(self.rule)} with {self.schedule.name} schedule"

    @property
    def formula(self) -> str:
        """The rule's step."""
        return f"{formula_of(self.rule)}, the learning rate times the schedule's factor"

    def with_learning_rate(self, rate: float) -> "ScheduledRule":
        """Return the same at another η."""
        return ScheduledRule(with_learning_rate(self.rule, rate), self.schedule, self.steps)

    def init(self, theta: FloatArray) -> tuple[Any, int]:
        """What the rule remembers, and no step."""
        return self.rule.init(theta), 0

    def step(
        self, gradient: Gradient, theta: FloatArray, memory: tuple[Any, int]
    ) -> tuple[FloatArray, tuple[Any, int]]:
        """Take the rule's step at the learning rate of this one.

        Raises:
            UsageError: the schedule's factor is no finite number above 0.
        """
        own, count = memory
        theta, own = self.at(count).step(gradient, theta, own)
        return theta, (own, count + 1)

    def at(self, step: int) -> Rule:
        """Return the rule at the learning rate of a step, counted from 0."""
        return with_learning_rate(self.rule, self.learning_rate * self._factor(step))

    def elementwise(self) -> ElementWise | None:
        """The rule's own update, at a learning rate that the schedule multiplies."""
        inner = elementwise_of(self.rule)
        if inner is None:
            return None

        def numbers(steps: NDArray[np.int64], factor: Any) -> tuple[Any, ...]:
            return inner.numbers(steps, factor * np.array([self._factor(step - 1) for step in steps.tolist()]))

        def unpack(remembered: Remembered) -> tuple[Any, int]:
            return inner.unpack(remembered), remembered.steps

        return replace(inner, numbers=numbers, pack=lambda memory: inner.pack(memory[0]), unpack=unpack)

    def _factor(self, step: int) -> float:
        factor = self.schedule.factor(step, self.steps)
        if not 0 < as_float(factor) < math.inf:
            raise UsageError(
                f"the factor of a schedule is a finite number above 0; the {self.schedule.name} schedule gave {shown(factor)} at step {step:,}."
            )
        return float(factor)
