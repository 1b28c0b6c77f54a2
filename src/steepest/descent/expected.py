"""Expected: what says the expected loss of a mini-batch run, for its order and its rule."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from steepest.descent.settings import Auto, Average, Batched, choose
from steepest.errors import UsageError
from steepest.objectives.mean_square import MeanSquare
from steepest.objectives.modes import Modes
from steepest.objectives.row_moments import RowMoments
from steepest.objectives.step_moments import StepMoments
from steepest.rules.averaged import AveragedRule
from steepest.rules.choice import is_auto
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from steepest.rules.registry import is_rule
from steepest.rules.rule import Rule, RuleChoice, words_of
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.schedules import ScheduleChoice
from steepest.support.arrays import FloatArray

MOST_STEPS = 2_000_000  # one by one: a minute
MOST_MODES = 64  # 2,080 second moments, each made of 2,145


class Expected(Protocol):
    """The expected loss above the minimum's."""

    @property
    def floor(self) -> float:
        """In the long run."""
        ...

    def excess(self, epochs: int) -> FloatArray:
        """At the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        ...


@dataclass(frozen=True, eq=False)
class WithReplacement:
    """Plain gradient at a constant rate, rows drawn one by one.

    Args:
        moments: of the rows.
        learning_rate: η.
        size: rows of a batch.
        steps: of an epoch.
    """

    moments: RowMoments
    learning_rate: float
    size: int
    steps: int

    @cached_property
    def _moments(self) -> MeanSquare:
        return MeanSquare(self.moments, self.learning_rate, 1 / self.size)

    @property
    def floor(self) -> float:
        """In the long run."""
        return self._moments.floor

    def excess(self, epochs: int) -> FloatArray:
        """At the ends of epochs 0 … epochs."""
        return self._moments.excess(np.arange(epochs + 1) * self.steps)


@dataclass(frozen=True, eq=False)
class Path:
    """A rule with momentum, a schedule or a mean of its path, rows drawn one by one.

    Args:
        moments: of the rows.
        size: rows of a batch.
        steps: of an epoch.
        rule: how a step is made.
    """

    moments: RowMoments
    size: int
    steps: int
    rule: Rule

    @property
    def skip(self) -> int | None:
        """How many steps are left out of the mean of the path; None: no mean is taken."""
        return self.rule.skip if isinstance(self.rule, AveragedRule) else None

    @property
    def _walked(self) -> Rule:
        return self.rule.rule if isinstance(self.rule, AveragedRule) else self.rule

    @property
    def is_scheduled(self) -> bool:
        """Whether the rate differs between steps."""
        return isinstance(self._walked, ScheduledRule)

    @cached_property
    def _moments(self) -> StepMoments:
        base = _base(self.rule)
        momentum, look_ahead = getattr(base, "momentum", 0.0), getattr(base, "look_ahead", 0.0)
        return StepMoments(self.moments, 1 / self.size, momentum, look_ahead)

    def _rate(self, step: int) -> float:
        """η of a step, counted from 0."""
        rule = self._walked.at(step) if isinstance(self._walked, ScheduledRule) else self._walked
        return float(getattr(rule, "learning_rate", math.nan))

    def _rates(self, epochs: int) -> Iterator[float]:
        steps = epochs * self.steps
        if steps > MOST_STEPS:
            raise UsageError(
                f"{epochs:,} epochs are {steps:,} steps, and with momentum, a schedule or a mean of the path a forecast goes through up "
                f"to {MOST_STEPS:,}.",
                "give fewer epochs",
                "give larger batches",
            )
        if not self.is_scheduled:
            return iter([self._rate(0)] * steps)
        return map(self._rate, range(steps))

    @cached_property
    def stability_limit(self) -> float:
        """The largest constant rate at which the mean square of the error does not grow."""
        return self._moments.stability_limit

    @property
    def _last_rate(self) -> float:
        return self._rate(max(0, self._walked.steps - 1) if isinstance(self._walked, ScheduledRule) else 0)

    @cached_property
    def grows(self) -> bool:
        """Whether the mean square of the error grows without bound at the last step's rate."""
        return self._last_rate >= self.stability_limit

    @cached_property
    def floor(self) -> float:
        """The expected excess of the path itself in the long run, at the learning rate of its last step."""
        return math.inf if self.grows else self._moments.floor(self._last_rate)

    def excess(self, epochs: int) -> FloatArray:
        """At the ends of epochs 0 … epochs."""
        return self._moments.excess(self._rates(epochs), self.steps, self.skip)

    def last_of_path(self, epochs: int) -> float:
        """At the end of the last epoch, of the path and not its mean."""
        return float(self._moments.excess(self._rates(epochs), self.steps)[-1])


def _base(rule: Rule) -> Rule:
    """The rule within a mean and a schedule."""
    while isinstance(rule, (AveragedRule, ScheduledRule)):
        rule = rule.rule
    return rule


def check_forecastable(rule: Rule, modes: int) -> None:
    """Raise UsageError unless this rule's steps are linear, at known rates, in at most 64 directions."""
    base = _base(rule)
    if type(base) not in (GradientRule, HeavyBallRule, NesterovRule):
        raise UsageError(
            f'a forecast is of rule "gradient", "heavy_ball" or "nesterov", with or without a schedule; got {words_of(base)}.'
        )
    if modes > MOST_MODES:
        raise UsageError(
            f"a forecast with momentum, a schedule or a mean of the path is of up to {MOST_MODES} directions; this table has {modes:,}.",
            "forecast plain gradient",
        )


@dataclass(frozen=True)
class Steps:
    """How steps are made, in the words of `descend`.

    Args:
        rule: a name, or a rule with its numbers.
        momentum: β, or None or "auto".
        schedule: by what the learning rate is multiplied at each step, or None.
        average: whether the parameters are the mean of the path, or the share of it that is left out.
    """

    rule: RuleChoice = "gradient"
    momentum: float | Auto | None = None
    schedule: ScheduleChoice | None = None
    average: Average = False

    def rule_of(self, modes: Modes, guaranteed: float, learning_rate: float | Auto, epochs: int, steps: int) -> Rule:
        """Return the rule with its numbers, as `descend` makes it; "auto" is half of the guaranteed rate, times 1 - momentum.

        Args:
            modes: of the objective.
            guaranteed: the rate up to which plain gradient is stable.
            learning_rate: η, or "auto".
            epochs: of the run.
            steps: of an epoch.

        Raises:
            UsageError: a setting is outside its range, or does not belong to the rule.
        """
        batched = Batched(steps, lambda rule: rule, lambda *_: (guaranteed / 2, ""))
        momentum, rate = self.momentum, learning_rate
        if is_auto(learning_rate) and not is_rule(self.rule):
            rate = guaranteed / 2
            chosen = choose(self.rule, rate, momentum, epochs, modes).rule
            momentum = getattr(chosen, "momentum", None)
            rate = rate * (1 - (momentum or 0.0))
        return choose(self.rule, rate, momentum, epochs, modes, None, self.schedule, self.average, batched).rule


PLAIN = Steps()
