"""Best rate: the constant learning rate with the smallest error factor an epoch in the long run, for any linear rule."""

import dataclasses
import inspect
import math
from typing import Any, TypeVar

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.convergence import AT_LIMIT
from steepest.rules.rule import LinearRule, Rule, belongs_to
from steepest.support.arrays import FloatArray

Kind = TypeVar("Kind", bound=Rule)
NUDGE = 1e-6  # relative change of a rate by which is seen whether a mode's factor grows with it
MOST_STEPS = 2.0**40  # of 1/λ_min: how far is looked where a rule has no stability limit


def at_best_rate(rule: LinearRule, modes: Modes) -> LinearRule:
    """Return the same rule, with all its other numbers, at its best constant learning rate for these modes.

    By the rule's own `at_best_rate` where it has one; else by a search for the rate at which the largest factor an epoch,
    max |radius(λ_i)|, stops falling: to the last digits of a float64, as long as it falls up to one rate and rises after.

    Args:
        rule: a linear rule with its numbers.
        modes: the modes of the objective.

    Raises:
        UsageError: the rule cannot be had at another rate.

    Example:
        >>> import numpy as np
        >>> from steepest.rules.heavy_ball import HeavyBallRule
        >>> at_best_rate(HeavyBallRule(0.1, momentum=0.25), Modes(np.array([5.0, 1.0]), np.eye(2)))
        HeavyBallRule(learning_rate=0.4166666666666667, momentum=0.25)
    """
    if belongs_to(rule, "at_best_rate", "residual"):
        own: LinearRule = rule.at_best_rate(modes)  # type: ignore[attr-defined]
        return own
    return with_learning_rate(rule, searched_rate(rule, modes))


def searched_rate(rule: LinearRule, modes: Modes) -> float:
    """Return the rate at which the largest factor an epoch is smallest, by halving; 1 where nothing moves."""
    values = modes.eigenvalues
    if not values.size:
        return 1.0
    limit = rule.stability_limit(float(values[0]))
    low, high = 0.0, limit if math.isfinite(limit) else MOST_STEPS / float(values[-1])
    while low < (middle := low + (high - low) / 2) < high:
        if _oversteps(rule, values, middle):
            high = middle
        else:
            low = middle
    # two neighbours are left
    return below(limit, min((high, low or high), key=lambda rate: with_learning_rate(rule, rate).radius(values).max()))


def _oversteps(rule: LinearRule, eigenvalues: FloatArray, rate: float) -> bool:
    """Whether the mode with the largest factor would have a larger one still at a larger rate."""
    factors = with_learning_rate(rule, rate).radius(eigenvalues)
    worst = int(factors.argmax())
    further = with_learning_rate(rule, rate * (1 + NUDGE)).radius(eigenvalues[worst : worst + 1])
    return bool(further[0] > factors[worst])


def below(limit: float, rate: float) -> float:
    """A rate, or what is just below the stability limit: modes 1e15 apart leave nothing between the two in float64."""
    return min(float(rate), limit * (1 - 10 * AT_LIMIT))


def with_learning_rate(rule: Kind, rate: float) -> Kind:
    """Return the same rule, with all its other numbers, at another learning rate.

    Raises:
        UsageError: the rule's class takes no learning rate.
    """
    own = getattr(rule, "with_learning_rate", None)
    if own is not None:
        made: Kind = own(rate)
        return made
    if dataclasses.is_dataclass(rule) and any(
        field.name == "learning_rate" and field.init for field in dataclasses.fields(rule)
    ):
        changed: Kind = dataclasses.replace(rule, learning_rate=rate)
        return changed
    numbers = numbers_of(rule)
    if "learning_rate" not in numbers:
        raise UsageError(
            f"rule {rule.name!r} cannot be had at another learning rate: {type(rule).__name__} takes none. Give it a "
            "field learning_rate, or a method with_learning_rate(rate)."
        )
    return type(rule)(**numbers | {"learning_rate": rate})


def numbers_of(rule: Rule) -> dict[str, Any]:
    """Return what makes a rule: the arguments of its class, which it keeps under their names.

    Raises:
        UsageError: an argument is kept under no name, or another.
    """
    names = [name for name, _ in arguments_of(type(rule))]
    missing = [name for name in names if not hasattr(rule, name)]
    if missing:
        raise UsageError(
            f"rule {rule.name!r} does not keep {missing[0]!r}, which {type(rule).__name__} is made with. Make it a "
            "dataclass, or keep each argument as an attribute of the same name."
        )
    return {name: getattr(rule, name) for name in names}


def arguments_of(kind: type) -> list[tuple[str, bool]]:
    """Return the names of a class's arguments, and of each whether it has a default."""
    given = inspect.signature(kind).parameters.values()
    return [(each.name, each.default is not each.empty) for each in given if each.kind is not each.VAR_KEYWORD]
