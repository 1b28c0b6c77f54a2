"""Averaged: a rule whose parameters are the mean of its path."""

import functools
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.elementwise import Ahead, ElementWise, Remembered, Update, elementwise_of
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.support.arguments import as_int, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import pluralize

Memory = tuple[FloatArray, Any, int]


@dataclass(frozen=True)
class AveragedRule:
    """A rule that walks its path as ever, and gives the mean of where it was.

        theta_k = mean of z_j, skip < j ≤ k                z: the path of the rule; z_k itself up to `skip`

    Oscillations around the minimum cancel in the mean.

    Args:
        rule: the rule with its numbers.
        skip: how many steps are left out at the beginning.

    Source: Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 30 (1992),
    838-855; Ruppert, Cornell technical report 781, 1988.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[-1.0], [1.0]], [-1.0, 1.0], learning_rate=1.5, epochs=4, average=True)
        >>> run.parameters()[0].ravel()                                    # the means of 1.5, 0.75, 1.125, 0.9375
        array([0.      , 1.5     , 1.125   , 1.125   , 1.078125])
    """

    rule: Rule
    skip: int = 0
    name: ClassVar[str] = "averaged"

    def __post_init__(self) -> None:
        if as_int(self.skip) is None or self.skip < 0:
            raise UsageError(f"skip is a whole number of steps, 0 or larger; got {shown(self.skip)}.")

    @property
    def words(self) -> str:
        """The rule's name, and that the path is averaged."""
        left_out = f" but for its first {pluralize(self.skip, 'step')}" if self.skip else ""
        return f"{words_of(self.rule)}, the mean of its path{left_out}"

    @property
    def learning_rate(self) -> float:
        """η of the rule."""
        return float(getattr(self.rule, "learning_rate", math.nan))

    @property
    def formula(self) -> str:
        """The rule's step."""
        return f"mean of the path of: {formula_of(self.rule)}"

    def with_learning_rate(self, rate: float) -> "AveragedRule":
        """Return the same at another η."""
        return AveragedRule(with_learning_rate(self.rule, rate), self.skip)

    def init(self, theta: FloatArray) -> Memory:
        """Where the rule begins."""
        return theta, self.rule.init(theta), 0

    def step(self, gradient: Gradient, theta: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Let the rule take its step, and move the mean."""
        point, own, count = memory
        point, own = self.rule.step(gradient, point, own)
        count += 1
        mean = point if count <= self.skip + 1 else theta + (point - theta) / (count - self.skip)
        return mean, (point, own, count)

    def elementwise(self) -> ElementWise | None:
        """The rule's own update, and the mean of where it was; where it is comes first of what is remembered."""
        inner = elementwise_of(self.rule)
        if inner is None:
            return None

        def numbers(steps: NDArray[np.int64], factor: Any) -> tuple[Any, ...]:
            return (np.maximum(steps - self.skip, 1), *inner.numbers(steps, factor))

        def pack(memory: Memory) -> Remembered:
            point, own, count = memory
            return Remembered([point, *inner.pack(own).slots], count)

        def unpack(remembered: Remembered) -> Memory:
            point, *slots = remembered.slots
            return point, inner.unpack(Remembered(slots, remembered.steps)), remembered.steps

        update, ahead = _around(inner.update, inner.ahead)
        return ElementWise(update, ahead, numbers, pack, unpack)


@functools.cache
def _around(step: Update, place: Ahead | None) -> tuple[Update, Ahead]:
    """The update of the mean, and where the gradient is asked for, of an update of the path."""

    def update(theta: Any, gradient: Any, memory: Any, count: Any, *numbers: Any) -> Any:
        memory[0] = step(memory[0], gradient, memory[1:], *numbers)
        return theta + (memory[0] - theta) / count

    def on_the_path(theta: Any, memory: Any, count: Any, *numbers: Any) -> Any:
        return memory[0]

    def ahead_of_it(theta: Any, memory: Any, count: Any, *numbers: Any) -> Any:
        return place(memory[0], memory[1:], *numbers)  # type: ignore[misc]

    return update, on_the_path if place is None else ahead_of_it
