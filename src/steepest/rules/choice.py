"""Choice: a rule with its numbers, from its name or class and settings that may be "auto"."""

from typing import Any, Literal

from steepest.errors import Option, UsageError
from steepest.objectives.modes import Modes
from steepest.rules.best_rate import arguments_of, at_best_rate
from steepest.rules.rule import Rule, belongs_to, check_learning_rate, check_momentum, has_closed_form
from steepest.support.arguments import as_float, shown

Rate = float | Literal["auto"]
Momentum = float | Literal["auto"] | None


def is_auto(value: object) -> bool:
    """Say whether a setting is "auto"."""
    return isinstance(value, str) and value == "auto"


def chosen(kind: type[Rule], modes: Modes, learning_rate: Rate, momentum: Momentum) -> tuple[Rule, dict[str, str]]:
    """Return a rule of this class for settings that may be "auto", and the reason for each of these.

    By the class's own `choose`, unless somebody below has replaced the step that it chooses for.

    Raises:
        UsageError: a setting is outside its range, or does not belong to the rule.
    """
    if belongs_to(kind, "choose", "step"):
        made: tuple[Rule, dict[str, str]] = kind.choose(modes, learning_rate, momentum)  # type: ignore[attr-defined]
        return made
    return chosen_by_fields(kind, modes, learning_rate, momentum)


def chosen_by_fields(
    kind: type[Rule], modes: Modes, learning_rate: Rate, momentum: Momentum
) -> tuple[Rule, dict[str, str]]:
    """Return a rule of a class that says nothing of how it is chosen: by its arguments `learning_rate` and `momentum`.

    A learning rate that is "auto" is the best one where the rule has a closed form, and the class's default where not; a
    momentum that is not given is the class's default.

    Raises:
        UsageError: a setting is outside its range, does not belong to the rule, or is needed and not given.
    """
    arguments = dict(arguments_of(kind))
    needed = [n for n, default in arguments.items() if not default and n not in ("learning_rate", "momentum")]
    if needed:
        raise UsageError(f"rule {kind.name!r} needs {needed[0]}.", f"give a rule object, {kind.__name__}(...)")
    numbers: dict[str, Any] = {}
    if "momentum" not in arguments:
        refuse_momentum(kind.name, momentum)
    elif momentum is not None and not is_auto(momentum):
        numbers["momentum"] = check_momentum(momentum)
    elif not arguments["momentum"]:
        raise UsageError(f"rule {kind.name!r} knows no best momentum; give a number, 0 ≤ momentum < 1.")
    if not is_auto(learning_rate):
        rate = check_learning_rate(learning_rate)
        if "learning_rate" not in arguments:
            raise UsageError(f"rule {kind.name!r} takes no learning rate; got {learning_rate!r}.")
        return kind(**numbers | {"learning_rate": rate}), {}
    return _at_automatic_rate(kind, numbers, arguments, modes)


def _at_automatic_rate(
    kind: type[Rule], numbers: dict[str, Any], arguments: dict[str, bool], modes: Modes
) -> tuple[Rule, dict[str, str]]:
    """The rule at its best rate where that is known, else at its class's default."""
    has_default = arguments.get("learning_rate", True)
    rule = kind(**numbers) if has_default else kind(**numbers | {"learning_rate": 1.0})
    if has_closed_form(rule):
        return at_best_rate(rule, modes), {
            "learning_rate": "the constant rate with the smallest error factor an epoch in the long run"
        }
    if not has_default:
        raise UsageError(
            Option("learning_rate", "auto") + f" needs a rule whose run is known beforehand; {kind.name!r} is none.",
            "give a learning rate",
        )
    return rule, {"learning_rate": f"the default of {kind.__name__}"} if "learning_rate" in arguments else {}


def refuse_momentum(name: str, momentum: object) -> None:
    """Raise UsageError where a rule that has no momentum is given one."""
    if momentum is not None and as_float(momentum) != 0:
        raise UsageError(
            Option("momentum")
            + f' belongs to rules that keep their last step; rule "{name}" has none, got {shown(momentum)}.'
        )
