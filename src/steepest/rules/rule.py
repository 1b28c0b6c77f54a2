"""Rules: how a step is made from the gradient, and what is left of a mode's error after k of them.

A rule knows how to start and how to take one step. A linear rule knows its residual polynomial p_k besides: on a
quadratic, the error along a mode of eigenvalue λ after k epochs is p_k(λ) times that of the start.

A rule of one's own is a class with the members of `Rule`, or of `LinearRule` where its polynomial is known, best a frozen
dataclass with its numbers as fields (`learning_rate`, `momentum`, …); `register` in `steepest.rules.registry` gives it a
name at every door. What else a rule may know of itself, each with what stands in for it where it is not there:

    label: ClassVar[str]                     its name in words                            the name, "_" as a space
    formula: ClassVar[str]                   its step in a line of words                  "as <class>.step says"
    aliases: ClassVar[tuple[str, …]]         other words for it, for hints                none
    choose(modes, learning_rate, momentum)   class method: the rule for settings that may  `chosen_by_fields`
                                             be "auto", and the reason for each of these
    at_best_rate(modes)                      the rule at its best constant rate           found by a search
    with_learning_rate(rate)                 the rule at another rate                     dataclasses.replace
    exact_envelope: ClassVar[bool]           both bounds of `envelope` are |p_k| itself   False
    of_product: ClassVar[bool]               p_k(λ) depends on ηλ alone                   False
    polynomial: ClassVar[str]                "power", "two_term" or "chebyshev", for pages that    the run as it was walked
                                             compute
    power_ladder(eigenvalues, epochs)        p_k as products of two ladders               p_k one by one
    memory_after(change, epochs)             what it remembers after so many epochs, the  found by walking there
                                             last of which changed the parameters by this
    arithmetic(before, change, gradient,     lines that tell the update of one parameter   gradient, step, sum
               after, memory)                in numbers, for `explain`
    is_proximal: ClassVar[bool]              its step knows the kink of an l1 penalty, as   False
                                             `steepest.rules.proximal` says
    as_json()                                its numbers as JSON types                    its fields
    elementwise()                            its step as a function of one parameter,     that of an `ElementWiseRule`;
                                             which can be compiled                        else walked step by step
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NewType, Protocol, TypeGuard

from steepest.errors import Option, UsageError
from steepest.rules.recurrence import Epochs
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray

BuiltInRule = Literal[
    "gradient",
    "heavy_ball",
    "nesterov",
    "chebyshev",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "adagrad",
    "rmsprop",
    "sign",
    "exact_line_search",
    "backtracking",
    "barzilai_borwein",
    "conjugate_gradient",
    "ista",
    "fista",
]
"""The names of the built-in rules, for type checkers; a test holds them equal to the registry's."""
RuleName = NewType("RuleName", str)
RuleName.__doc__ = "The name of a rule that was registered, for type checkers; the string alone does at run time."


class Gradient(Protocol):
    """What a rule may ask of the objective while it makes a step; called at a point it is the gradient there."""

    def __call__(self, point: FloatArray, /) -> FloatArray:
        """∇J at a point, shape (p, t)."""
        ...

    def value(self, point: FloatArray) -> FloatArray:
        """J at a point, shape (t,)."""
        ...

    def curvature(self, point: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J at a point times a direction, shape (p, t); an objective that does not know it raises UsageError."""
        ...


class Rule(Protocol):
    """How to start and how to take one step; a frozen value. `Memory` is whatever the rule carries from step to step."""

    name: ClassVar[str]

    def init(self, theta: FloatArray) -> Any:
        """Return the memory before the first step."""
        ...

    def step(self, gradient: Gradient, theta: FloatArray, memory: Any, /) -> tuple[FloatArray, Any]:
        """Return parameters and memory after one epoch; `gradient` may be asked at any point."""
        ...


RuleChoice = BuiltInRule | RuleName | Rule
"""What `rule=` takes: a name, or a rule with its numbers."""


class PolynomialRule(Rule, Protocol):
    """A rule whose whole run on a quadratic is known beforehand."""

    def residual(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """p_k(λ), shape (K, r): what is left of each mode's start error; may overflow to inf on a diverging run."""
        ...

    def progress(self, eigenvalues: FloatArray, epochs: Epochs) -> FloatArray:
        """1 - p_k(λ), shape (K, r), without cancellation for modes that have hardly moved."""
        ...


class LinearRule(PolynomialRule, Protocol):
    """A rule known beforehand that does the same each epoch, so that it has a limit and a best rate."""

    @property
    def learning_rate(self) -> float:
        """η."""
        ...

    def radius(self, eigenvalues: FloatArray) -> FloatArray:
        """The factor by which each mode shrinks an epoch in the long run, shape (r,); above 1 it grows."""
        ...

    def unimodal_until(self, eigenvalues: FloatArray) -> FloatArray:
        """An epoch up to which each mode's |p_k| is one hump, shape (r,): inf forever, 0 where nothing is known."""
        ...

    def envelope(self, eigenvalues: FloatArray, epochs: Epochs) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k(λ)| from below and above, each of shape (K, r), that fall with k on a stable run."""
        ...

    def stability_limit(self, largest: float) -> float:
        """The largest learning rate that does not grow, for the largest eigenvalue λ_max."""
        ...


STEP = ("step", "init")
"""What walks the path."""
TALK = {
    "name", "label", "formula", "aliases", "polynomial", "look_ahead", "of_product", "exact_envelope", "choose", "best_momentum",
    "at_best_rate", "with_learning_rate", "memory_after", "arithmetic", "power_ladder", "as_json", "from_json",
}  # fmt: skip
"""What changes no path: words, settings, and ways to write the same numbers."""
FACTS = ("progress", "radius", "unimodal_until", "envelope", "stability_limit")
"""What is said of the path beside its polynomial, `residual`."""


def has_closed_form(rule: Rule) -> TypeGuard[LinearRule]:
    """Say whether the rule knows its residual polynomial, and it is that of the rule's own step.

    A class that overrides `step`, `init` or something they may call walks another path than the class above it that defines
    `residual`, and one that overrides part of what follows from `residual` contradicts it: both are walked step by step,
    unless they define `residual` and all that follows from it anew.

    Example:
        >>> from steepest.rules.gradient import GradientRule
        >>> class Clipped(GradientRule):
        ...     def step(self, gradient, theta, memory):
        ...         return theta - self.learning_rate * np.clip(gradient(theta), -1, 1), None
        >>> has_closed_form(GradientRule(0.1)), has_closed_form(Clipped(0.1))
        (True, False)
    """
    return _is_its_steps_own(rule) and hasattr(rule, "learning_rate")


def knows_its_run(rule: Rule) -> TypeGuard[PolynomialRule]:
    """Say whether a rule's run on a quadratic is known beforehand: that of a linear rule, or under a schedule of one that says so.

    Example:
        >>> from steepest.rules.gradient import GradientRule
        >>> from steepest.rules.scheduled import ScheduledRule
        >>> from steepest.rules.schedules import CosineSchedule
        >>> falling = ScheduledRule(GradientRule(0.1), CosineSchedule(), steps=9)
        >>> knows_its_run(falling), has_closed_form(falling)
        (True, False)
    """
    return has_closed_form(rule) or (getattr(rule, "is_product", False) and belongs_to(rule, "residual", "step"))


def is_known_beforehand(kind: type[Rule]) -> bool:
    """Say whether rules of a class have a closed form.

    Example:
        >>> from steepest.rules.gradient import GradientRule
        >>> is_known_beforehand(GradientRule)
        True
    """
    takes = any("learning_rate" in {**vars(one), **vars(one).get("__annotations__", {})} for one in kind.__mro__)
    return takes and _is_its_steps_own(kind)


def _is_its_steps_own(rule: object) -> bool:
    """Whether a rule, or a class of rules, has a polynomial and all that follows from it, and nobody below walks otherwise."""
    polynomial = level(rule, "residual")
    if polynomial is None or any((level(rule, name) or 0) < polynomial for name in STEP):
        return False
    return all(level(rule, name) == polynomial for name in FACTS) and not _overrides(rule, polynomial)


def _overrides(rule: object, polynomial: int) -> bool:
    """Whether a class below that of the polynomial replaces a member of it which the step may call."""
    if polynomial <= 1:
        return False
    lineage = (rule if isinstance(rule, type) else type(rule)).__mro__
    below, above = lineage[: polynomial - 1], lineage[polynomial - 1 :]
    own = {name for each in below for name in vars(each) if not name.startswith("__")}
    own -= TALK | {field for each in lineage for field in getattr(each, "__dataclass_fields__", ())}
    return any(name in vars(each) for name in own for each in above)


def polynomial_of(rule: object) -> str | None:
    """Return the kind of residual polynomial of a rule, or of a class of rules, for pages that compute; None: not said.

    "power" is (1 - ηλ)^k; "two_term" that of `TwoTermRule`, by its momentum and `look_ahead`; "chebyshev" that of
    `ChebyshevRule`, by its interval.
    """
    kind: str | None = getattr(rule, "polynomial", None)
    return kind if _is_its_steps_own(rule) and belongs_to(rule, "polynomial", "residual") else None


def belongs_to(rule: object, name: str, other: str) -> bool:
    """Say whether a rule has the member `name`, and nobody below who defines it has replaced `other`, which it speaks of."""
    mine, theirs = level(rule, name), level(rule, other)
    return mine is not None and (theirs is None or mine <= theirs)


def level(rule: object, name: str) -> int | None:
    """Return how far up a member is defined: 0 at the object itself, 1 in its class, 2 in the one above, …; or None.

    Of a class, 1 is the class itself.
    """
    kind = rule if isinstance(rule, type) else type(rule)
    if kind is not rule and name in getattr(rule, "__dict__", ()):
        return 0
    for place, each in enumerate(kind.__mro__, start=1):
        if name in each.__dict__:
            return place
    return None


PowerLadder = Callable[[FloatArray, range], tuple[FloatArray, FloatArray, int]]


def power_ladder_of(rule: PolynomialRule) -> PowerLadder | None:
    """Return the rule's way to write many consecutive epochs as products of two ladders, or None where it has none."""
    ladder: PowerLadder | None = getattr(rule, "power_ladder", None)
    return ladder if belongs_to(rule, "power_ladder", "residual") else None


def label_of(rule: object) -> str:
    """Return the name of a rule, or of a class of rules, in words."""
    return str(getattr(rule, "label", "") or rule.name.replace("_", " "))  # type: ignore[attr-defined]


def words_of(rule: object) -> str:
    """Return what a rule is called in a sentence: its name at every door, with what is around it, such as a schedule."""
    return str(getattr(rule, "words", "") or getattr(rule, "name", type(rule).__name__))


def formula_of(rule: object) -> str:
    """Return the step of a rule, or of a class of rules, in a line of words."""
    kind = rule if isinstance(rule, type) else type(rule)
    return str(getattr(rule, "formula", "")) if belongs_to(rule, "formula", "step") else f"as {kind.__name__}.step says"


def check_learning_rate(value: object) -> float:
    """Return the learning rate as a float; raise UsageError naming the valid range when it is not one."""
    rate = as_float(value)
    if not 0 < rate < math.inf:
        raise UsageError(Option("learning_rate") + f' must be "auto" or a finite number above 0; got {shown(value)}.')
    return rate


def check_momentum(value: object) -> float:
    """Return the momentum as a float; raise UsageError when it is not in [0, 1)."""
    momentum = as_float(value)
    if not 0 <= momentum < 1:
        raise UsageError(Option("momentum") + f" must be a number, 0 ≤ momentum < 1; got {shown(value)}.")
    return momentum


def check_decay(name: str, value: object) -> float:
    """Return what stays of a running mean each step; raise UsageError when it is not in [0, 1)."""
    if not 0 <= as_float(value) < 1:
        raise UsageError(f"{name} must be a number, 0 ≤ {name} < 1; got {shown(value)}.")
    return as_float(value)


def check_above_zero(name: str, value: object) -> float:
    """Return a finite number above 0; raise UsageError for another."""
    if not 0 < as_float(value) < math.inf:
        raise UsageError(f"{name} must be a finite number above 0; got {shown(value)}.")
    return as_float(value)


def check_not_negative(name: str, value: object) -> float:
    """Return a finite number, 0 or larger; raise UsageError for another."""
    if not 0 <= as_float(value) < math.inf:
        raise UsageError(f"{name} must be a finite number, 0 or larger; got {shown(value)}.")
    return as_float(value)
