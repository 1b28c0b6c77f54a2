"""Stops: what may end a run before its last epoch."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, TypeGuard

import numpy as np

from steepest.descent.iterates import Ending, shares_left
from steepest.errors import Option, UsageError
from steepest.objectives.objective import Objective, Spectral, has_prox, is_spectral, slope_at
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule
from steepest.support.arguments import as_float, as_int, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import fraction


@dataclass(frozen=True, eq=False)
class Progress:
    """What a loop knows after some epochs.

    Args:
        epoch: number of updates done.
        theta: parameters in force, shape (p, t), read-only.
        loss: the objective there, shape (t,).
        gradient: its gradient there, shape (p, t).
    """

    epoch: int
    theta: FloatArray
    loss: FloatArray
    gradient: FloatArray


Check = Callable[[Progress], str | None]
"""Called at every epoch; returns a sentence that says why the run ends here, or None to go on.

What else a check may have:

    memory              what it remembers, made of arrays, numbers, texts, None and tuples of these; a checkpoint keeps it
    only_watches        True where a run can go on without what it remembered
    back(ended, epoch)  asked when the run is over: a `Back` where it is to end at an earlier epoch, or None
    close()             called when the run is over, however it ends
"""


class Back(NamedTuple):
    """An earlier epoch at which a run is to end: its number, theta there and one epoch before, and why.

    Args:
        epoch: number of updates done there.
        theta: parameters in force, shape (p, t).
        before: parameters one epoch before.
        ended: why the run ends there.
    """

    epoch: int
    theta: FloatArray
    before: FloatArray
    ended: Ending


class Stop(Protocol):
    """A reason to end a run early; a frozen value. What it has to remember lives in the check that it begins."""

    @property
    def name(self) -> str:
        """What `ended.reason` says of a run that it ended."""
        ...

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check of one run, from its objective and theta_0, shape (p, t)."""
        ...


class StopForRun(Protocol):
    """A stop that has to know the table, the rule and the number of epochs."""

    def for_run(self, problem: Problem, rule: Rule, epochs: int) -> Stop:
        """Return the stop of one run."""
        ...


AnyStop = Stop | StopForRun


def checked_stops(stop: AnyStop | Sequence[AnyStop]) -> tuple[AnyStop, ...]:
    """Return one stop or several as a tuple.

    Raises:
        UsageError: one of them is no stop: a class in place of an object, or something without `begin` or `name`.
    """
    stops = tuple(stop) if isinstance(stop, Sequence) else (stop,)
    for one in stops:
        if not is_stop(one) or not (hasattr(one, "name") or hasattr(one, "for_run")):
            raise UsageError(
                f"stop takes HeldOut(...), TimeLimit(...), SmallGradient(...) or an object of your own with a name and begin; got {shown(one)}."
            )
    return stops


def is_stop(value: object) -> TypeGuard[AnyStop]:
    """Say whether something can begin a check, and is not the class of what can."""
    return not isinstance(value, type) and (hasattr(value, "begin") or hasattr(value, "for_run"))


@dataclass(frozen=True)
class Within:
    """Ends a run once every mode stays within a share of its start error, measured by projection.

        max |v_iᵀ(minimum - theta_k)| / |v_iᵀ(minimum - theta_0)| ≤ tolerance         at two epochs in a row

    One epoch is not enough: a rule that swings may be passing through.

    Args:
        tolerance: the share, above 0 and below 1.
    """

    tolerance: float
    name: ClassVar[str] = "tolerance"

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check.

        Raises:
            UsageError: the objective does not know its modes.
        """
        if not is_spectral(objective):
            raise UsageError(
                f"a tolerance is a share of each mode's starting error, and a {type(objective).__name__} knows no modes. Use stop=SmallGradient(...)."
            )
        return _Twice(self.tolerance, objective, start)


@dataclass
class _Twice:
    """The check of `Within`; it remembers whether every mode was within the tolerance at the last epoch."""

    tolerance: float
    objective: Spectral
    start: FloatArray
    memory: bool = False

    def __call__(self, progress: Progress) -> str | None:
        left = shares_left(self.objective, self.start, progress.theta[None])
        was, self.memory = self.memory, bool((left <= self.tolerance).all())
        if was and self.memory:
            return f"No mode has more than {fraction(self.tolerance)} of its starting error left since epoch {progress.epoch - 1:,}."
        return None


@dataclass(frozen=True)
class SmallGradient:
    """Ends a run once the gradient is short: ‖∇J‖ ≤ tolerance for every target; under an l1 penalty, the shortest subgradient.

    The gradient has the units of the loss per parameter: the same tolerance is strict in one unit and lax in another.
    Where modes are known, `tolerance=` of `descend` is the better question.

    Args:
        tolerance: length of the gradient, above 0.
    """

    tolerance: float
    name: ClassVar[str] = "gradient"

    def __post_init__(self) -> None:
        if not _is_positive(self.tolerance):
            raise UsageError(f"SmallGradient needs a finite length above 0; got {shown(self.tolerance)}.")

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check."""

        def check(progress: Progress) -> str | None:
            slope = slope_at(objective, progress.theta) if has_prox(objective) else progress.gradient
            largest = float(np.linalg.norm(slope, axis=0).max(initial=0.0))
            if largest > self.tolerance:
                return None
            return f"The gradient's length is {largest:.3g} after epoch {progress.epoch:,}, within {self.tolerance:g}."

        return check


@dataclass(frozen=True)
class DualityGap:
    """Ends a run with an l1 penalty once its loss is certainly near to its minimum: gap ≤ tolerance·J for every target.

    The duality gap is a number that can be had without the minimum, and the loss is never farther above it.

    Args:
        tolerance: the share of the loss, above 0 and below 1.

    Example:
        >>> import steepest
        >>> X, y = [[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]
        >>> run = steepest.descend(X, y, l1=0.1, epochs=1_000, stop=DualityGap(1e-3))
        >>> run.ended.reason, run.epochs < 100
        ('gap', True)

    Source: Fercoq, Gramfort, Salmon, "Mind the duality gap", ICML 2015, section 2.
    """

    tolerance: float
    name: ClassVar[str] = "gap"

    def __post_init__(self) -> None:
        if not 0 < as_float(self.tolerance) < 1:
            raise UsageError(f"DualityGap needs a share of the loss, above 0 and below 1; got {shown(self.tolerance)}.")

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check.

        Raises:
            UsageError: the objective has no l1 penalty.
        """
        if not has_prox(objective):
            raise UsageError(
                "DualityGap is about a run with an l1 penalty, and this one has none.",
                "take SmallGradient(...)",
                "give " + Option("l1"),
            )

        least = getattr(
            objective, "least", None
        )  # of a loss whose gap takes passes over the rows, and is never below this distance

        def check(progress: Progress) -> str | None:
            if least is not None and (progress.loss - least > self.tolerance * progress.loss).any():
                return None
            gap = objective.gap(progress.theta)
            if not (gap <= self.tolerance * progress.loss).all():
                return None
            return (
                f"After epoch {progress.epoch:,} the duality gap is within {fraction(self.tolerance)} of the loss, which is not farther "
                "above its minimum."
            )

        return check


@dataclass(frozen=True)
class TimeLimit:
    """Ends a run after some seconds, at the end of the epoch that is under way.

    Args:
        seconds: how long the steps may take, above 0.
    """

    seconds: float
    name: ClassVar[str] = "seconds"

    def __post_init__(self) -> None:
        if not _is_positive(self.seconds):
            raise UsageError(f"TimeLimit needs a finite number of seconds above 0; got {shown(self.seconds)}.")

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check; its clock starts now."""
        begun = time.monotonic()

        def check(progress: Progress) -> str | None:
            if time.monotonic() - begun < self.seconds:
                return None
            return f"The time limit of {self.seconds:g} seconds ended the run after epoch {progress.epoch:,}."

        return check


def checked_every(name: str, every: object) -> int:
    """Return how many epochs lie between two that are looked at.

    Raises:
        UsageError: it is no whole number, 1 or larger.
    """
    count = as_int(every)
    if count is None or count < 1:
        raise UsageError(f"{name}(every=...) is a whole number of epochs, 1 or larger; got {shown(every)}.")
    return count


def _is_positive(value: object) -> bool:
    """Whether a value is a finite number above 0."""
    return 0 < as_float(value) < math.inf
