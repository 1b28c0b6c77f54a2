"""Settings: the rule and the epochs of a run, chosen from the modes, each with the reason for it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from steepest.errors import Option, UsageError
from steepest.objectives.modes import Modes
from steepest.rules.averaged import AveragedRule
from steepest.rules.convergence import settled_epoch
from steepest.rules.gradient import GradientRule
from steepest.rules.plateau import PlateauRule
from steepest.rules.registry import choose_rule
from steepest.rules.rule import Rule, RuleChoice, has_closed_form, words_of
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.schedules import AdaptiveSchedule, ScheduleChoice, choose_schedule
from steepest.support.arguments import as_float, as_int, shown
from steepest.support.words import fraction

Auto = Literal["auto"]
Average = bool | float
"""What `average=` takes: whether the parameters are the mean of the path, or the share of it that is left out."""
# "auto" goes on until every mode is within this share of its start error: rounding is all that is left then.
AUTO_TOLERANCE = 1e-12
MOST_WALKED = 10_000  # epochs that "auto" takes of a run that is walked over rows
MOST_EPOCHS = 2**53  # whole numbers above are not exact in float64, and neither would be the epoch


@dataclass(frozen=True)
class Batched:
    """What makes an epoch of many steps.

    Args:
        steps: how many an epoch has.
        over: returns a rule that takes them, from the rule of a step.
        best_rate: returns a learning rate for plain gradient descent and its reason, from the number of epochs and whether the rate
            is constant.
    """

    steps: int
    over: Callable[[Rule], Rule]
    best_rate: Callable[[int, bool], tuple[float, str]]


@dataclass(frozen=True)
class Settings:
    """A rule and a number of epochs, ready to run.

    Args:
        rule: the rule with its numbers.
        epochs: number of epochs.
        reasons: for each setting that was "auto", why it got its value.
    """

    rule: Rule
    epochs: int
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def is_shortened(self) -> bool:
        """Whether the number of epochs has a reason: a tolerance, or "auto"."""
        return "epochs" in self.reasons


def choose(
    rule: RuleChoice,
    learning_rate: float | Auto,
    momentum: float | Auto | None,
    epochs: int | Auto,
    modes: Modes,
    tolerance: float | None = None,
    schedule: ScheduleChoice | None = None,
    average: Average = False,
    batched: Batched | None = None,
) -> Settings:
    """Return the rule and the epochs to run, with the reason for everything that was "auto".

    Args:
        rule: the name of a registered rule, or a rule with its numbers (then the next two must be left alone).
        learning_rate: η or "auto", the best constant rate for these modes.
        momentum: β, or None or "auto": the best for these modes; None where the rule has none.
        epochs: a whole number, or "auto": until every mode is within the tolerance.
        modes: the modes of the objective.
        tolerance: end the run as soon as every mode stays within this share of its start error; None: 1e-12 where epochs
            is "auto", and every epoch that was asked for otherwise.
        schedule: what the learning rate is multiplied by at each step, or None.
        average: whether the parameters are the mean of the path, or the share of it that is left out of the mean.
        batched: what makes an epoch of many steps, or None: one step an epoch.

    Raises:
        UsageError: a setting is outside its range, or does not belong to the rule.
    """
    chosen, reasons = choose_rule(rule, learning_rate, momentum, modes)
    if batched is not None and "learning_rate" in reasons:
        chosen, reasons["learning_rate"] = _bearable(chosen, epochs, schedule is None and average is False, batched)
    if schedule is not None or average is not False or batched is not None:
        chosen = _around(chosen, epochs, schedule, average, batched)
    share = None if tolerance is None else check_tolerance(tolerance)
    if isinstance(epochs, str) and epochs == "auto":
        return Settings(chosen, _auto_epochs(chosen, modes, share or AUTO_TOLERANCE, reasons), reasons)
    return Settings(chosen, _enough(chosen, modes, check_epochs(epochs), share, reasons), reasons)


def _bearable(rule: Rule, epochs: int | Auto, is_constant: bool, batched: Batched) -> tuple[Rule, str]:
    """The rule at a learning rate that batches bear, which is less than a full batch does, and the reason for it."""
    if not isinstance(rule, GradientRule):
        raise UsageError(
            Option("learning_rate", "auto") + f" is found for batches of rule gradient only; this is {words_of(rule)}.",
            "give a learning rate",
        )
    if isinstance(epochs, str):
        raise _no_auto_epochs()
    rate, reason = batched.best_rate(check_epochs(epochs), is_constant)
    return GradientRule(rate), reason


def _no_auto_epochs() -> UsageError:
    return UsageError(
        Option("epochs", "auto") + " is found for a full batch at a constant rate, and for the path, not its mean.",
        "give a number of epochs",
    )


def _around(
    rule: Rule, epochs: int | Auto, schedule: ScheduleChoice | None, average: Average, batched: Batched | None
) -> Rule:
    """The rule with a schedule, the mean of its path, and an epoch of many steps; the first two count steps, a plateau epochs."""
    if isinstance(epochs, str):
        raise _no_auto_epochs()
    steps = check_epochs(epochs) * (batched.steps if batched else 1)
    course = None if schedule is None else choose_schedule(schedule)
    if course is not None and not isinstance(course, AdaptiveSchedule):
        rule = ScheduledRule(rule, course, steps)
    if average is not False:
        share = 0.0 if average is True else as_float(average)
        if not 0 <= share < 1:
            raise UsageError(
                Option("average")
                + f" is true, or the share of the steps that is left out of the mean, 0 ≤ share < 1; got {shown(average)}."
            )
        rule = AveragedRule(rule, math.floor(share * steps))
    rule = batched.over(rule) if batched else rule
    return PlateauRule(rule, course) if isinstance(course, AdaptiveSchedule) else rule


def check_tolerance(tolerance: object) -> float:
    """Return a tolerance as a float; raise UsageError unless it is between 0 and 1."""
    if not 0 < as_float(tolerance) < 1:
        raise UsageError(f"a tolerance is a share of the starting error, above 0 and below 1; got {shown(tolerance)}.")
    return as_float(tolerance)


def _enough(rule: Rule, modes: Modes, epochs: int, tolerance: float | None, reasons: dict[str, str]) -> int:
    """As many of the epochs asked for as it takes to bring every mode within the tolerance."""
    needed = settled_epoch(rule, modes.eigenvalues, tolerance) if tolerance and has_closed_form(rule) else None
    if tolerance is None or needed is None or needed >= epochs:
        return epochs
    reasons["epochs"] = f"of {epochs:,}; from there on {_settled(tolerance)}"
    return needed


def _settled(tolerance: float) -> str:
    """What is true from the last epoch on."""
    return f"no mode has more than {fraction(tolerance)} of its starting error left"


def check_epochs(epochs: object) -> int:
    """Return the number of epochs as an int; raise UsageError unless it is a whole number from 0 to 2**53."""
    count = as_int(epochs)
    if count is None or not 0 <= count <= MOST_EPOCHS:
        raise UsageError(Option("epochs") + f' must be "auto" or a whole number from 0 to 2**53; got {shown(epochs)}.')
    return count


def _auto_epochs(rule: Rule, modes: Modes, tolerance: float, reasons: dict[str, str]) -> int:
    """Epochs until every mode is within the tolerance; what a person would still see where it never is."""
    if not has_closed_form(rule):
        raise UsageError(
            Option("epochs", "auto") + f" needs a rule whose run is known beforehand; that of {words_of(rule)} is not.",
            "give a number of epochs",
        )
    needed = settled_epoch(rule, modes.eigenvalues, tolerance)
    if needed is None:
        reasons["epochs"] = "1000, since at this learning rate no number of epochs is enough"
        return 1000
    if needed > MOST_EPOCHS:
        reasons["epochs"] = f"2**53, the most that can be counted exactly; every mode would need {needed:.3g}"
        return MOST_EPOCHS
    reasons["epochs"] = f"from there on {_settled(tolerance)}"
    return needed
