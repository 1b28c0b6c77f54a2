"""Schedules: by which factor the learning rate is multiplied at each step, known before the run but for the adaptive one.

A schedule of one's own is a function of the step, counted from 0, that returns the factor, or a frozen value with a `name` and
`factor(step, steps)`, where `steps` is how many the run has.
"""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol, cast

from steepest.errors import Option, UsageError
from steepest.rules.rule import check_above_zero
from steepest.support.arguments import as_float, as_int, shown

ScheduleName = Literal[
    "constant", "step", "exponential", "inverse_scaling", "optimal", "cosine", "warm_up", "one_cycle", "adaptive"
]


class Schedule(Protocol):
    """The factor of the learning rate at each step; a frozen value."""

    name: ClassVar[str]

    def factor(self, step: int, steps: int) -> float:
        """Return the factor of a step, counted from 0, of a run that has so many; above 0."""
        ...


@dataclass(frozen=True)
class ConstantSchedule:
    """The same rate at every step: factor 1.

    Example:
        >>> ConstantSchedule().factor(7, 10)
        1.0
    """

    name: ClassVar[str] = "constant"

    def factor(self, step: int, steps: int) -> float:
        """1."""
        return 1.0


@dataclass(frozen=True)
class StepSchedule:
    """A rate that falls by a factor every so many steps: decay^⌊step/every⌋.

    Args:
        decay: in (0, 1].
        every: steps between two falls; None: a third of the run.

    Example:
        >>> [round(StepSchedule().factor(step, 9), 6) for step in range(9)]
        [1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
    """

    decay: float = 0.1
    every: int | None = None
    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        _check_share("decay", self.decay)
        if self.every is not None and not (as_int(self.every) or 0) >= 1:
            raise UsageError(f"every is a whole number of steps, 1 or larger; got {shown(self.every)}.")

    def factor(self, step: int, steps: int) -> float:
        """decay^⌊step/every⌋."""
        return float(self.decay ** (step // (self.every or max(1, math.ceil(steps / 3)))))


@dataclass(frozen=True)
class ExponentialSchedule:
    """A rate that falls by the same factor each step, to a share of itself at the end of the run: final^(step/steps).

    Args:
        final: in (0, 1].

    Example:
        >>> [round(ExponentialSchedule(0.01).factor(step, 4), 6) for step in range(5)]
        [1.0, 0.316228, 0.1, 0.031623, 0.01]
    """

    final: float = 0.01
    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        _check_share("final", self.final)

    def factor(self, step: int, steps: int) -> float:
        """final^(step/steps)."""
        return float(self.final ** (step / max(1, steps)))


@dataclass(frozen=True)
class InverseScalingSchedule:
    """A rate that falls as a power of the steps: 1/(step + 1)^power, scikit-learn's "invscaling".

    Args:
        power: above 0.

    Example:
        >>> InverseScalingSchedule().factor(15, 100)                        # 16^(-1/4)
        0.5
    """

    power: float = 0.25
    name: ClassVar[str] = "inverse_scaling"

    def __post_init__(self) -> None:
        check_above_zero("power", self.power)

    def factor(self, step: int, steps: int) -> float:
        """(step + 1)^(-power)."""
        return float((step + 1) ** -self.power)


@dataclass(frozen=True)
class OptimalSchedule:
    """A rate that falls as one over the steps: 1/(1 + α^(3/4)·step), scikit-learn's "optimal" for squared loss.

    Beside `SGDRegressor(learning_rate="optimal", alpha=α)`: learning rate α^(-1/4), l2 = α.

    Args:
        alpha: α > 0.

    Source: Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5.2.

    Example:
        >>> OptimalSchedule().factor(1000, 10_000)                          # 0.0001^(-3/4) = 1000
        0.5
    """

    alpha: float = 1e-4
    name: ClassVar[str] = "optimal"

    def __post_init__(self) -> None:
        check_above_zero("alpha", self.alpha)

    def factor(self, step: int, steps: int) -> float:
        """1/(1 + α^(3/4)·step)."""
        return float(1 / (1 + self.alpha**0.75 * step))


@dataclass(frozen=True)
class CosineSchedule:
    """A rate that falls along half a cosine to a share of itself: final + (1 - final)·(1 + cos(π step/steps))/2.

    Args:
        final: in [0, 1).

    Source: Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5.

    Example:
        >>> [round(CosineSchedule().factor(step, 4), 6) for step in range(4)]
        [1.0, 0.853553, 0.5, 0.146447]
    """

    final: float = 0.0
    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        if not 0 <= as_float(self.final) < 1:
            raise UsageError(f"final must be a number, 0 ≤ final < 1; got {shown(self.final)}.")

    def factor(self, step: int, steps: int) -> float:
        """Half a cosine; of a run that is extended the last step's on."""
        place = max(0, min(step, steps - 1)) / max(1, steps)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * place)) / 2


@dataclass(frozen=True)
class WarmUpSchedule:
    """A rate that grows in a straight line over the first steps and stays: min(1, (step + 1)/(warm_up·steps)).

    Args:
        warm_up: the share of the steps over which it grows, in (0, 1].

    Source: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", arXiv 1706.02677, section 2.2.

    Example:
        >>> [round(WarmUpSchedule(0.4).factor(step, 10), 6) for step in range(6)]
        [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    warm_up: float = 0.1
    name: ClassVar[str] = "warm_up"

    def __post_init__(self) -> None:
        _check_share("warm_up", self.warm_up)

    def factor(self, step: int, steps: int) -> float:
        """A straight line up, then 1."""
        return min(1.0, (step + 1) / max(1.0, self.warm_up * steps))


@dataclass(frozen=True)
class OneCycleSchedule:
    """A rate that rises along half a cosine, and falls along another one far below where it began.

    From 1/25 to 1 over the first `rise` of the steps, then to 1/250,000, as torch's OneCycleLR.

    Args:
        rise: the share of the steps over which it rises, in (0, 1].

    Source: Smith, Topin, "Super-Convergence", arXiv 1708.07120.

    Example:
        >>> [round(OneCycleSchedule().factor(step, 11), 6) for step in (0, 1, 2, 3, 10)]
        [0.04, 0.422341, 0.960261, 0.979747, 4e-06]
    """

    rise: float = 0.3
    name: ClassVar[str] = "one_cycle"

    def __post_init__(self) -> None:
        _check_share("rise", self.rise)

    def factor(self, step: int, steps: int) -> float:
        """Two halves of a cosine, the end of the run at the lowest."""
        peak = self.rise * steps - 1
        if step <= peak:
            return _between(1 / 25, 1.0, step / peak if peak > 0 else 1.0)
        return _between(1.0, 1 / 250_000, min(1.0, (step - peak) / max(1.0, steps - 1 - peak)))


@dataclass(frozen=True)
class OwnSchedule:
    """A function of the step as a schedule.

    Args:
        function: called with the step, counted from 0; returns the factor.
    """

    function: Callable[[int], float]
    name: ClassVar[str] = "own"

    def factor(self, step: int, steps: int) -> float:
        """What the function returns."""
        return self.function(step)


@dataclass(frozen=True)
class AdaptiveSchedule:
    """A rate that falls whenever the loss has stopped falling; when that is, is not known before the run.

    Args:
        factor_at_plateau: by what it is multiplied then, in (0, 1).
        patience: epochs in a row without a new smallest loss that make a plateau.
        tolerance: the share by which a loss must be below the smallest so far to count, in [0, 1).

    Example:
        >>> AdaptiveSchedule()
        AdaptiveSchedule(factor_at_plateau=0.2, patience=5, tolerance=0.001)
    """

    factor_at_plateau: float = 0.2
    patience: int = 5
    tolerance: float = 1e-3
    name: ClassVar[str] = "adaptive"

    def __post_init__(self) -> None:
        if not 0 < as_float(self.factor_at_plateau) < 1:
            raise UsageError(
                f"factor_at_plateau must be a number, 0 < factor_at_plateau < 1; got {shown(self.factor_at_plateau)}."
            )
        if not (as_int(self.patience) or 0) >= 1:
            raise UsageError(
                f"AdaptiveSchedule(patience=...) is a whole number of epochs, 1 or larger; got {shown(self.patience)}."
            )
        if not 0 <= as_float(self.tolerance) < 1:
            raise UsageError(f"tolerance must be a number, 0 ≤ tolerance < 1; got {shown(self.tolerance)}.")


ScheduleChoice = ScheduleName | Schedule | AdaptiveSchedule | Callable[[int], float]
"""What `schedule=` takes."""
BUILT_IN: tuple[type[Schedule | AdaptiveSchedule], ...] = (
    ConstantSchedule,
    StepSchedule,
    ExponentialSchedule,
    InverseScalingSchedule,
    OptimalSchedule,
    CosineSchedule,
    WarmUpSchedule,
    OneCycleSchedule,
    AdaptiveSchedule,
)
SCHEDULES: dict[str, type[Schedule | AdaptiveSchedule]] = {kind.name: kind for kind in BUILT_IN}
ALIASES = {"invscaling": "inverse_scaling", "warmup": "warm_up", "onecycle": "one_cycle", "plateau": "adaptive"}


def choose_schedule(schedule: ScheduleChoice) -> Schedule | AdaptiveSchedule:
    """Return a schedule from its name, a function of the step or itself.

    Raises:
        UsageError: no schedule has this name; names the nearest.

    Example:
        >>> choose_schedule("cosine")
        CosineSchedule(final=0.0)
    """
    if isinstance(schedule, str):
        tidy = schedule.strip().lower().replace("-", "_").replace(" ", "_")
        name = ALIASES.get(tidy, tidy)
        if name in SCHEDULES:
            return SCHEDULES[name]()
        near = difflib.get_close_matches(tidy, [*SCHEDULES, *ALIASES], 1, 0.6)
        meant = f' Did you mean "{near[0]}"?' if near else ""
        raise UsageError(
            Option("schedule")
            + f" is one of {', '.join(map(repr, SCHEDULES))}, a function of the step, or a schedule; "
            f"got {shown(schedule)}.{meant}"
        )
    if isinstance(schedule, type):
        raise UsageError(
            f"a schedule is an object; {schedule.__name__} is a class. Make one: {schedule.__name__}(...)."
        )
    if isinstance(schedule, AdaptiveSchedule):
        return schedule
    if callable(schedule) and not hasattr(schedule, "factor"):
        return OwnSchedule(schedule)
    if hasattr(schedule, "factor"):
        return cast(Schedule, schedule)
    raise UsageError(Option("schedule") + f" is a name, a function of the step, or a schedule; got {shown(schedule)}.")


def as_json(schedule: Schedule | AdaptiveSchedule) -> dict[str, Any]:
    """Return name and numbers of a schedule as JSON types; of one's own the name and what it looks like."""
    if type(schedule) not in BUILT_IN:
        return {"name": schedule.name, "looks": repr(schedule)}
    return {"name": schedule.name, **{one.name: getattr(schedule, one.name) for one in fields(schedule)}}  # type: ignore[arg-type]


def from_json(content: dict[str, Any]) -> Schedule | AdaptiveSchedule:
    """Return the schedule that `as_json` wrote down.

    Raises:
        UsageError: it was a function or an object of the user's own, which no file holds.
        TypeError: its class does not take these numbers.
    """
    numbers = dict(content)
    name = numbers.pop("name")
    if name not in SCHEDULES:
        raise UsageError(f"the schedule {numbers.get('looks', name)} was one of your own, which no file holds.")
    return SCHEDULES[name](**numbers)


def _between(first: float, last: float, place: float) -> float:
    """Half a cosine from one number to another."""
    return last + (first - last) * (1 + math.cos(math.pi * place)) / 2


def _check_share(name: str, value: object) -> None:
    if not 0 < as_float(value) <= 1:
        raise UsageError(f"{name} must be a number, 0 < {name} ≤ 1; got {shown(value)}.")
