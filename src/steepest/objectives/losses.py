"""Losses: what one row costs at a margin u·theta, with slope and curvature in the margin."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeGuard, runtime_checkable

import numpy as np
import scipy.special
from numpy.typing import NDArray

from steepest.errors import DataError, Option, UsageError
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import pluralize

LARGEST_POWER = 709.0  # e^709 is the last one in float64: 1/(1 + e^709) is 0 beside any other row

_KINDS: dict[tuple[type, type], bool] = {}


class Loss(Protocol):
    """What a row of target y costs at a margin m = u·theta; a frozen value. Never below 0, convex in m."""

    name: ClassVar[str]

    @property
    def largest_curvature(self) -> float:
        """The largest curvature that a margin can have; inf where there is none."""
        ...

    def check(self, y: FloatArray) -> None:
        """Raise DataError where a target cannot be one of this loss."""
        ...

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """The loss of each row."""
        ...

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """Its derivative in the margin."""
        ...

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """Its second derivative in the margin, not negative."""
        ...

    def mean(self, margin: FloatArray) -> FloatArray:
        """What is predicted for the target: its mean, or for Huber's loss its middle."""
        ...


@runtime_checkable
class Kinked(Protocol):
    """A loss whose curvature jumps, so that a quadratic of its slope and curvature may be far from it a step away."""

    @property
    def unit(self) -> float:
        """How far a margin goes until the curvature jumps."""
        ...

    def majorant(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """The curvature of a quadratic in the margin that touches the loss there and is nowhere below it."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A loss that knows the margin at which it predicts a given mean."""

    def link(self, means: FloatArray) -> FloatArray:
        """That margin, of each of the t targets, for means inside their range."""
        ...


@runtime_checkable
class Joint(Loss, Protocol):
    """A loss of several margins of a row together, one for each target: `value` has one column."""

    def bent(self, margin: FloatArray, y: FloatArray, change: FloatArray) -> FloatArray:
        """How much the slopes change with the margins: the second derivative times a change, all of shape (n, t)."""
        ...

    def centred(self, theta: FloatArray, classes: int) -> FloatArray:
        """The parameters of minimum norm among those with the same loss, both of shape (p·K, 1)."""
        ...


@runtime_checkable
class Scaled(Protocol):
    """A loss with a width in units of the target, which a table may have to say."""

    def at_scale(self, spread: float, size: float, n: int, p: int) -> "Loss":
        """The loss for a table: of residuals and of targets the root mean square, rows and parameters."""
        ...


@runtime_checkable
class Separable(Protocol):
    """A loss that need not have a minimum: of a row with one class alone it falls forever as that class's margin grows."""

    def presence(self, y: FloatArray) -> NDArray[np.bool_]:
        """Which of K classes each row of targets (n, t) has, shape (n, K)."""
        ...


def is_kinked(loss: object) -> TypeGuard[Kinked]:
    """Say whether the curvature of a loss jumps."""
    return _is(loss, Kinked)


def is_joint(loss: object) -> TypeGuard[Joint]:
    """Say whether a loss is of several margins of a row together."""
    return _is(loss, Joint)


def _is(loss: object, kind: type) -> bool:
    """`isinstance`, asked once of each class: looking for all the members of a protocol takes as long as a thousand rows."""
    asked = type(loss), kind
    if asked not in _KINDS:
        _KINDS[asked] = isinstance(loss, kind)
    return _KINDS[asked]


@dataclass(frozen=True)
class LogisticLoss:
    """Two classes: minus the log of the probability of the class that a row has.

        log(1 + e^m) - y·m          slope p - y, curvature p(1 - p) ≤ 1/4, p = 1/(1 + e^-m)

    Targets are 0 or 1, or shares between them.

    Source: McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, section 4.4.

    Example:
        >>> loss = LogisticLoss()
        >>> margin, y = np.array([0.0, 2.0, -800.0]), np.array([1.0, 1.0, 0.0])
        >>> loss.value(margin, y).round(6), loss.slope(margin, y).round(6)
        (array([0.693147, 0.126928, 0.      ]), array([-0.5     , -0.119203,  0.      ]))
    """

    name: ClassVar[str] = "logistic"
    largest_curvature: ClassVar[float] = 0.25

    def check(self, y: FloatArray) -> None:
        """Raise DataError where a target is not between 0 and 1."""
        _refuse(
            y,
            (y < 0) | (y > 1),
            "the logistic loss takes targets 0 and 1, shares between them, or any two numbers as labels",
            "Code the two classes as 0 and 1.",
        )

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """log(1 + e^m) - y·m = log(1 + e^-|m|) + y·max(-m, 0) + (1 - y)·max(m, 0), terms that are not negative."""
        beyond = y * np.maximum(-margin, 0.0) + (1 - y) * np.maximum(margin, 0.0)
        return np.asarray(np.log1p(np.exp(-np.abs(margin))) + beyond)

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p - y, without cancellation where p is near y."""
        p, q = _two_chances(margin)
        return np.asarray((1 - y) * p - y * q)

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p(1 - p)."""
        p, q = _two_chances(margin)
        return np.asarray(p * q)

    def mean(self, margin: FloatArray) -> FloatArray:
        """The probability of class 1."""
        return np.asarray(scipy.special.expit(margin))

    def presence(self, y: FloatArray) -> NDArray[np.bool_]:
        """Class 0 where y < 1, and class 1 where y > 0."""
        return np.column_stack([y[:, 0] < 1, y[:, 0] > 0])

    def link(self, means: FloatArray) -> FloatArray:
        """log(mean/(1 - mean))."""
        return np.asarray(scipy.special.logit(means))


@dataclass(frozen=True)
class PoissonLoss:
    """Counts: half the deviance of a Poisson distribution whose mean is e^m.

        e^m - y·m + y·log y - y          slope e^m - y, curvature e^m, without bound

    Source: McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, section 6.2.

    Example:
        >>> loss = PoissonLoss()
        >>> loss.value(np.log([2.0, 3.0]), np.array([2.0, 0.0])).round(6)        # 0 where the mean is the count
        array([0., 3.])
    """

    name: ClassVar[str] = "poisson"
    largest_curvature: ClassVar[float] = math.inf

    def check(self, y: FloatArray) -> None:
        """Raise DataError where a count is negative."""
        _refuse(y, y < 0, "the Poisson loss takes counts, 0 or larger", "Correct them, or use another loss.")

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """e^m - y·m + y·log y - y."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(margin) - y * margin + scipy.special.xlogy(y, y) - y)

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """e^m - y."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(margin) - y)

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """e^m."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(margin))

    def mean(self, margin: FloatArray) -> FloatArray:
        """The expected count."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(margin))

    def presence(self, y: FloatArray) -> NDArray[np.bool_]:
        """A count of 0 can come nearer forever, by a margin that falls; others hold their margin on both sides."""
        return np.column_stack([np.ones(len(y), bool), y[:, 0] > 0])

    def link(self, means: FloatArray) -> FloatArray:
        """The logarithm of the mean."""
        return np.asarray(np.log(means))


@dataclass(frozen=True)
class HuberLoss:
    """Squares near the target, absolute values beyond: rows far away pull no harder than those δ away.

        (m - y)²/2 where |m - y| ≤ δ, δ|m - y| - δ²/2 beyond          slope clip(m - y, -δ, δ), curvature 1 or 0

    Args:
        delta: δ > 0, in units of the target.

    Source: Huber, "Robust Estimation of a Location Parameter", Ann. Math. Statist. 35 (1964), 73-101.

    Example:
        >>> loss = HuberLoss(1.0)
        >>> loss.value(np.array([0.5, 10.0]), np.zeros(2)), loss.slope(np.array([0.5, 10.0]), np.zeros(2))
        (array([0.125, 9.5  ]), array([0.5, 1. ]))
    """

    delta: float = 1.345
    name: ClassVar[str] = "huber"
    largest_curvature: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 0 < as_float(self.delta) < math.inf:
            raise UsageError(Option("delta") + f" must be a finite number above 0; got {shown(self.delta)}.")

    def check(self, y: FloatArray) -> None:
        """Any finite target will do."""

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """Half a square, or a straight line beyond δ."""
        away = np.abs(margin - y)
        return np.asarray(np.where(away <= self.delta, away**2 / 2, self.delta * (away - self.delta / 2)))

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """m - y, cut at ±δ."""
        return np.asarray(np.clip(margin - y, -self.delta, self.delta))

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """1 within δ, else 0."""
        return np.asarray((np.abs(margin - y) <= self.delta).astype(np.float64))

    def mean(self, margin: FloatArray) -> FloatArray:
        """The margin itself."""
        return margin

    @property
    def unit(self) -> float:
        """δ."""
        return self.delta

    def majorant(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """1 within δ, δ/|m - y| beyond.

        Source: Huber, "Robust Statistics", 1981, section 7.8 (modified weights).
        """
        return np.asarray(self.delta / np.maximum(np.abs(margin - y), self.delta))


def _refuse(y: FloatArray, wrong: np.ndarray, what: str, remedy: str) -> None:
    if wrong.any():
        count = pluralize(int(wrong.sum()), "target")
        raise DataError(f"{what}; {count} outside that range, the first is {float(y[wrong][0]):g}. {remedy}")


def _two_chances(margin: FloatArray) -> tuple[FloatArray, FloatArray]:
    """1/(1 + e^-m) and 1/(1 + e^m), neither of them a difference, by one exponential."""
    power = np.exp(np.minimum(-margin, LARGEST_POWER))
    first = 1 / (1 + power)
    return first, power * first
