"""Scheduled: a rule whose learning rate follows a schedule."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.elementwise import ElementWise, Remembered, elementwise_of
from steepest.rules.gradient import GradientRule
from steepest.rules.recurrence import Epochs
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.rules.schedules import Schedule
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray

PIECE = 1 << 18  # numbers worked on together


@dataclass(frozen=True)
class ScheduledRule:
    """A rule at a learning rate of its own each step: η_k = η · factor(k, steps).

    Of plain gradient descent every epoch is known beforehand: p_k(λ) = Π (1 - η_t λ), t = 0 … k - 1.

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

    @property
    def is_product(self) -> bool:
        """Whether `residual` and `progress` are known: of plain gradient descent."""
        return type(self.rule) is GradientRule

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """Π (1 - η_t λ) over the steps before each epoch, shape (K, r)."""
        return self._products(eigenvalues, epochs)[0]

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - Π (1 - η_t λ), shape (K, r), from -expm1(Σ log1p(-η_t λ)) where steps are short."""
        product, logarithm = self._products(eigenvalues, epochs)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(np.isnan(logarithm), 1 - product, -np.expm1(logarithm)))

    def _products(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """The product of 1 - η_t λ up to each epoch and the sum of its logarithms, NaN after a step beyond a mode's minimum."""
        wanted = np.asarray(epochs).astype(np.int64)
        values = np.asarray(eigenvalues, dtype=np.float64)
        product, logarithm = np.empty((2, len(wanted), len(values)))
        so_far, sums = np.ones(len(values)), np.zeros(len(values))
        last, size = int(wanted.max(initial=0)), max(1, PIECE // max(1, len(values)))
        rates = self._rates(last)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for first in range(0, last + 1, size):
                moved = rates[first : first + size, None] * values
                products = np.cumprod(np.vstack([so_far, 1 - moved]), axis=0)
                all_sums = np.cumsum(np.vstack([sums, np.log1p(-moved)]), axis=0)
                here = (wanted >= first) & (wanted < first + size)
                product[here], logarithm[here] = products[wanted[here] - first], all_sums[wanted[here] - first]
                so_far, sums = products[-1], all_sums[-1]
        return product, logarithm

    def _rates(self, count: int) -> FloatArray:
        """η_t of the first steps, kept for the next question."""
        kept: FloatArray = self.__dict__.get("_known_rates", np.empty(0))
        if len(kept) < count:
            more = [self.rate(number) for number in range(len(kept), count)]
            kept = np.concatenate([kept, more])
            self.__dict__["_known_rates"] = kept
        return kept[:count]

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
        return with_learning_rate(self.rule, self.rate(step))

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0.

        Raises:
            UsageError: the schedule's factor is no finite number above 0.
        """
        return self.learning_rate * self._factor(step)

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
