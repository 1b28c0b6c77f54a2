"""Element-wise rules: a step that treats each parameter by itself, written once for arrays and for single numbers.

NumPy applies the update of such a rule to whole arrays; where numba is installed, a long run is compiled and applies the same
function to one parameter after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from steepest.rules.rule import Gradient, Rule
from steepest.support.arrays import FloatArray

Update = Callable[..., Any]
"""(theta, gradient, memory, *numbers) -> theta after the step. It sets `memory[0]`, `memory[1]`, … anew; all are arrays of one
shape, or all are numbers."""
Ahead = Callable[..., Any]
"""(theta, memory, *numbers) -> where the gradient is asked for."""


class Remembered(NamedTuple):
    """What an element-wise rule carries from step to step.

    Args:
        slots: arrays of theta's shape, (p, t) each.
        steps: how many there were.
    """

    slots: list[FloatArray]
    steps: int


class ElementWiseRule:
    """A base of rules that treat each parameter by itself.

        g = ∇J(theta), or at `ahead` of theta;   theta ← update(theta, g, memory, *numbers(k, η))              at step k

    A class below says its `update`, the `numbers` that go with a step and how much is `remembered`.

    Example:
        >>> from typing import ClassVar
        >>> from dataclasses import dataclass
        >>> import steepest
        >>> def clipped(theta, gradient, memory, rate, most):
        ...     return theta - rate * np.minimum(np.maximum(gradient, -most), most)
        >>> @dataclass(frozen=True)
        ... class ClippedRule(ElementWiseRule):
        ...     learning_rate: float
        ...     most: float
        ...     name: ClassVar[str] = "clipped"
        ...     update = staticmethod(clipped)
        ...
        ...     def numbers(self, step, rate):
        ...         return rate, self.most
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], rule=ClippedRule(0.1, most=1.0), epochs=3)
        >>> run.weights.round(6)
        array([0.3])
    """

    learning_rate: float
    name: ClassVar[str]
    update: ClassVar[Update]
    remembered: ClassVar[int] = 0

    @property
    def ahead(self) -> Ahead | None:
        """Where the gradient is asked for; None: at theta."""
        return None

    def numbers(self, step: Any, rate: Any) -> tuple[Any, ...]:
        """Return what `update` takes besides, for a step, counted from 1, and its learning rate; or arrays of both for arrays."""
        return (rate,)

    def init(self, theta: FloatArray) -> Remembered:
        """Remember zeros, and no step."""
        return Remembered([np.zeros_like(theta) for _ in range(self.remembered)], 0)

    def step(self, gradient: Gradient, theta: FloatArray, memory: Remembered) -> tuple[FloatArray, Remembered]:
        """Ask for the gradient and update every parameter."""
        slots, steps = list(memory.slots), memory.steps + 1
        numbers = self.numbers(steps, self.learning_rate)
        ahead = self.ahead
        point = theta if ahead is None else ahead(theta, slots, *numbers)
        return self.update(theta, gradient(point), slots, *numbers), Remembered(slots, steps)


@dataclass(frozen=True)
class ElementWise:
    """What a compiled run needs of a rule.

    Args:
        update: its step for one parameter.
        ahead: where the gradient is asked for; None: at theta.
        numbers: what these two take besides, a number or an array (K,) each: from steps, counted from 1, shape (K,), and what the
            learning rate is multiplied by, 1.0 or an array (K,).
        pack: gives slots and steps from the rule's own memory.
        unpack: gives the rule's own memory from slots and steps.
    """

    update: Update
    ahead: Ahead | None
    numbers: Callable[[Any, Any], tuple[Any, ...]]
    pack: Callable[[Any], Remembered]
    unpack: Callable[[Remembered], Any]


def elementwise_of(rule: Rule) -> ElementWise | None:
    """Return what a compiled run needs of a rule, or None where its step is not known to be element-wise.

    A rule around another one says it by a method `elementwise`. A class that has a `step` or `init` of its own walks by these.

    Example:
        >>> from steepest.rules.adam import AdamRule
        >>> from steepest.rules.backtracking import BacktrackingRule
        >>> class Own(AdamRule):
        ...     def step(self, gradient, theta, memory):
        ...         return theta - self.learning_rate * np.sign(gradient(theta)), memory
        >>> [elementwise_of(rule) is not None for rule in (AdamRule(0.1), Own(0.1), BacktrackingRule(0.1))]
        [True, False, False]
    """
    own = getattr(rule, "elementwise", None)
    if own is not None:
        found: ElementWise | None = own()
        return found
    if not isinstance(rule, ElementWiseRule) or _walks_otherwise(rule):
        return None
    return ElementWise(
        rule.update,
        rule.ahead,
        lambda steps, factor: rule.numbers(steps, rule.learning_rate * factor),
        lambda memory: memory,
        lambda memory: memory,
    )


def _walks_otherwise(rule: ElementWiseRule) -> bool:
    return any(
        name in vars(rule) or getattr(type(rule), name) is not getattr(ElementWiseRule, name)
        for name in ("step", "init")
    )
