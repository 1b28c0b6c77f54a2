"""Registry: the rules by their names, as every door takes them. To add a rule: one file here, one line below."""

import difflib
from typing import Any, TypeGuard, TypeVar

from steepest.errors import Option, UsageError
from steepest.objectives.modes import Modes
from steepest.rules import schedules
from steepest.rules.adagrad import AdaGradRule
from steepest.rules.adam import AdamRule
from steepest.rules.adamw import AdamWRule
from steepest.rules.amsgrad import AMSGradRule
from steepest.rules.averaged import AveragedRule
from steepest.rules.backtracking import BacktrackingRule
from steepest.rules.barzilai_borwein import BarzilaiBorweinRule
from steepest.rules.best_rate import arguments_of, numbers_of
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.choice import Momentum, Rate, chosen, is_auto
from steepest.rules.conjugate_gradient import ConjugateGradientRule
from steepest.rules.exact_line_search import ExactLineSearchRule
from steepest.rules.fista import FistaRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.ista import IstaRule
from steepest.rules.nadam import NAdamRule
from steepest.rules.nesterov import NesterovRule
from steepest.rules.plateau import PlateauRule
from steepest.rules.rmsprop import RMSpropRule
from steepest.rules.rule import LinearRule, Rule, RuleChoice, has_closed_form, label_of
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.sign import SignRule

BUILT_IN: tuple[type[Rule], ...] = (
    GradientRule,
    HeavyBallRule,
    NesterovRule,
    ChebyshevRule,
    AdamRule,
    AdamWRule,
    AMSGradRule,
    NAdamRule,
    AdaGradRule,
    RMSpropRule,
    SignRule,
    ExactLineSearchRule,
    BacktrackingRule,
    BarzilaiBorweinRule,
    ConjugateGradientRule,
    IstaRule,
    FistaRule,
)
RULES: dict[str, type[Rule]] = {rule.name: rule for rule in BUILT_IN}
"""The rules by their names, as `descend(rule=...)` and the command line take them."""
Kind = TypeVar("Kind", bound=type[Rule])


def register(rule: Kind) -> Kind:
    """Make a class of rules known by its `name` at every door; usable as a decorator.

    Args:
        rule: a class with the members of `Rule`, or of `LinearRule` where its polynomial is known.

    Returns:
        the class itself.

    Raises:
        UsageError: a member is missing, or the name belongs to another rule.

    Example:
        >>> import dataclasses, numpy as np, steepest
        >>> @register
        ... @dataclasses.dataclass(frozen=True)
        ... class LevelRule:
        ...     learning_rate: float = 0.01
        ...     name = "level"
        ...     def init(self, theta):
        ...         return None
        ...     def step(self, gradient, theta, memory):
        ...         return theta - self.learning_rate * np.sign(gradient(theta)), None
        >>> run = steepest.descend([[1.0], [2.0]], [1.0, 2.0], rule="level", learning_rate=0.125, epochs=8, fit_intercept=False)
        >>> run.weights
        array([1.])
        >>> unregister("level")
    """
    missing = [name for name in ("name", "init", "step") if not hasattr(rule, name)]
    if missing or not isinstance(rule, type):
        raise UsageError(
            f"a rule is a class with name, init and step; {rule!r} has no {missing[0]}."
            if missing
            else f"register takes the class of a rule, and makes rules of it itself; got {rule!r}."
        )
    if not isinstance(rule.name, str) or not rule.name.isidentifier():
        raise UsageError(f"the name of a rule is one word of letters, digits and _; got {rule.name!r}.")
    there = RULES.get(rule.name)
    # a cell of a notebook that is run again defines its class anew
    if there is not None and _path(there) != _path(rule):
        raise UsageError(f"the name {rule.name!r} belongs to {there.__qualname__} already. Give another name.")
    RULES[rule.name] = rule
    return rule


def unregister(name: str) -> None:
    """Forget a rule that was registered under this name.

    Raises:
        UsageError: no rule was registered under it.
    """
    if name not in RULES or RULES[name] in BUILT_IN:
        raise UsageError(f"no rule was registered as {name!r}.")
    del RULES[name]


def _path(rule: type) -> tuple[str, str]:
    return rule.__module__, rule.__qualname__


def names_with(argument: str | None = None) -> list[str]:
    """Return the names of the rules, or of those whose class takes an argument of this name."""
    return [name for name, kind in RULES.items() if argument is None or argument in dict(arguments_of(kind))]


def rule_named(name: object) -> type[Rule]:
    """Return the class of a name.

    Raises:
        UsageError: no rule has it; names the nearest.
    """
    if isinstance(name, str) and name in RULES:
        return RULES[name]
    if isinstance(name, type):
        raise UsageError(
            Option("rule") + f" is a name or a rule object; {name.__name__} is a class. Make one: {name.__name__}(...)."
        )
    raise UsageError(
        Option("rule") + f" is one of {', '.join(map(repr, RULES))}, or a rule object; got {name!r}.{meant_by(name)}"
    )


def meant_by(name: object) -> str:
    """Did you mean …? where a name is near to one, or another word for it."""
    words = {
        word: known for known, rule in RULES.items() for word in (known, label_of(rule), *getattr(rule, "aliases", ()))
    }
    tidy = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    near = [tidy] if tidy in words else difflib.get_close_matches(tidy, words, 1, 0.6)
    return f' Did you mean "{words[near[0]]}"?' if isinstance(name, str) and near else ""


def is_rule(rule: object) -> TypeGuard[Rule]:
    """Say whether this is a rule object with its numbers, and not a name or a class."""
    return not isinstance(rule, (str, type)) and hasattr(rule, "step") and hasattr(rule, "init")


def choose_rule(rule: RuleChoice, learning_rate: Rate, momentum: Momentum, modes: Modes) -> tuple[Rule, dict[str, str]]:
    """Return the rule to run with, and for each setting that was "auto" the reason why it got its value.

    Args:
        rule: the name of a registered rule, or a rule with its numbers; then the next two must be left alone.
        learning_rate: η, or "auto": the best constant rate for these modes.
        momentum: β, or None or "auto": the best for these modes.
        modes: the modes of the objective.

    Raises:
        UsageError: the rule is unknown, or a setting is outside its range or does not belong to the rule.

    Example:
        >>> import numpy as np
        >>> choose_rule("gradient", "auto", None, Modes(np.array([3.0, 1.0]), np.eye(2)))[0]
        GradientRule(learning_rate=0.5)
    """
    if isinstance(rule, str) or not is_rule(rule):
        return chosen(rule_named(rule), modes, learning_rate, momentum)
    for name, value, alone in (
        ("learning_rate", learning_rate, is_auto(learning_rate)),
        ("momentum", momentum, momentum is None or is_auto(momentum)),
    ):
        if not alone:
            raise UsageError(
                f"{name} was given beside a rule object, which has its own numbers: {rule!r}. "
                f"Leave {name}={value!r} out, or give the rule by its name."
            )
    return rule, {}


def best_rules(modes: Modes) -> list[LinearRule]:
    """Return every registered rule with a closed form at its best constant settings for these modes.

    A rule that knows no best momentum of its own, or needs other numbers, is left out.
    """
    best = []
    for kind in RULES.values():
        try:
            rule = chosen(kind, modes, "auto", None)[0]
        except UsageError:
            continue
        if has_closed_form(rule):
            best.append(rule)
    return best


def as_json(rule: Rule) -> dict[str, Any]:
    """Return name and numbers of a rule as JSON types: by its own `as_json` where it has one, else its arguments."""
    if isinstance(rule, ScheduledRule):
        return {
            "name": rule.name,
            "rule": as_json(rule.rule),
            "schedule": schedules.as_json(rule.schedule),
            "steps": rule.steps,
        }
    if isinstance(rule, PlateauRule):
        return {"name": rule.name, "rule": as_json(rule.rule), "schedule": schedules.as_json(rule.schedule)}
    if isinstance(rule, AveragedRule):
        return {"name": rule.name, "rule": as_json(rule.rule), "skip": rule.skip}
    own, inner = getattr(rule, "as_json", None), getattr(rule, "rule", None)
    if own is not None and inner is not None and is_rule(inner):
        return {"name": rule.name, "rule": as_json(inner), **own()}
    return {"name": rule.name, **(numbers_of(rule) if own is None else own())}


def from_json(content: dict[str, Any]) -> Rule:
    """Return the rule that `as_json` wrote down.

    Raises:
        UsageError: its name is not registered.
        TypeError: its class does not take these numbers.
    """
    numbers = dict(content)
    name = numbers.pop("name")
    if name == ScheduledRule.name and "schedule" in numbers:
        course = schedules.from_json(numbers["schedule"])
        if not isinstance(course, schedules.AdaptiveSchedule):
            return ScheduledRule(from_json(numbers["rule"]), course, numbers["steps"])
    if name == AveragedRule.name and "skip" in numbers:
        return AveragedRule(from_json(numbers["rule"]), numbers["skip"])
    if name not in RULES:
        raise UsageError(
            f"the rule {name!r} is not known here. Register its class first: rules.registry.register(...)."
        )
    kind = RULES[name]
    own = getattr(kind, "from_json", None)
    made: Rule = kind(**numbers) if own is None else own(numbers)
    return made
