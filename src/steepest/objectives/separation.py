"""Separation: classes that columns tell apart, so that a loss has no minimum; found, named, and with a penalty that would do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from steepest.errors import DataError
from steepest.objectives.fewest_columns import SMALL, Threshold, fewest_columns, find_threshold
from steepest.objectives.losses import Loss, Separable
from steepest.objectives.newton import RowReader, minimize
from steepest.objectives.recession import OneAgainstOthers, Recession, Rows, find_recession
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value
from steepest.support.words import join_names, number, shorten

FIRST_PASSES = 12  # of Newton's method, after which a loss without a minimum is looked for
PENALTIES = 7  # that are tried, each ten times the one before
CLASSES = "the classes apart"
SOME = "the class of some rows for certain"


@dataclass(frozen=True, eq=False)
class Separation(Value):
    """Why a loss has no minimum: along a direction no row's loss rises, and that of some falls forever; `str()` says which.

        u·(β_a - β_k) ≥ 0   for each row, the class a that it has and each class k that it has not; > 0 for some

    Args:
        kind: "complete" where it is > 0 for all, so that the loss falls towards 0, else "quasi-complete".
        columns: the features that tell the classes apart; none of them can be left out.
        endless: the features whose weights grow forever.
        weights: that direction in the data's own units, of the features, shape (d, t), t columns as the parameters have; it needs
            `columns` alone.
        bias: and of the intercept, shape (t,).
        infimum: what the loss tends to.
        l2: a penalty with which there is a minimum: 1/n, which is scikit-learn's C = 1; larger where Newton's method does not settle
            with that; None where none did.
        told: the sentence.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1], loss="logistic")  # it also warns
        >>> print(run.problem.separation)
        'x1' alone tells the classes apart: at most 2 where 'y' is 0, at least 3 where 'y' is 1
        >>> run.problem.separation.kind, run.problem.separation.l2
        ('complete', 0.25)

    Source: Albert, Anderson, "On the Existence of Maximum Likelihood Estimates in Logistic Regression Models", Biometrika 71
    (1984), 1-10.
    """

    kind: Literal["complete", "quasi-complete"]
    columns: tuple[str, ...]
    endless: tuple[str, ...]
    weights: FloatArray
    bias: FloatArray
    infimum: float
    l2: float | None
    told: str

    def _told(self) -> Iterator[str]:
        yield f": {self.kind}"
        yield self.told

    def __str__(self) -> str:
        return self.told


def find_separation(
    loss: Loss, reader: RowReader, triangle: Triangle, coordinates: Coordinates, hint: tuple[FloatArray, FloatArray]
) -> Separation | None:
    """Return what tells the classes of a table apart, or None where nothing does, as far as float64 can tell.

    Args:
        loss: ℓ.
        reader: gives the rows each time it is called.
        triangle: the table's.
        coordinates: the inputs in force, which a penalty is in.
        hint: parameters that tell them apart as well as any that are known, such as Newton's last, as weights (d, t) and bias (t,).
    """
    if not isinstance(loss, Separable):
        return None
    level = triangle.coordinates("standardized", fit_intercept=coordinates.fit_intercept)
    rows = Rows(loss, reader, level)
    theta = level.from_raw(*hint)
    found = find_recession(rows, theta if theta.shape[1] == 1 else theta[:, 1:] - theta[:, :1])
    if found is None:
        return None
    direction, told = _named(rows, found, triangle, theta)
    weights, bias = level.to_raw(direction)
    return Separation(
        kind="complete" if found.is_complete else "quasi-complete",
        columns=_moving(triangle.features, direction, level),
        endless=_moving(triangle.features, found.direction, level),
        weights=weights,
        bias=bias,
        infimum=0.0 if found.is_complete else _infimum(loss, rows, found, triangle),
        l2=_enough(loss, reader, coordinates, triangle.row_count),
        told=told,
    )


def _named(rows: Rows, found: Recession, triangle: Triangle, theta: FloatArray) -> tuple[FloatArray, str]:
    """A direction with few columns, as many margins wide as theta, and what it tells apart."""
    if theta.shape[1] == 1:
        return _few(rows, found, triangle, _two_classes(triangle))
    for k, target in enumerate(
        () if found.is_complete else triangle.targets
    ):  # one told from all others is worth a name
        alone = replace(rows, loss=OneAgainstOthers(rows.loss, k))
        one = find_recession(alone, theta[:, [k]] - np.delete(theta, k, axis=1).mean(axis=1, keepdims=True))
        if one is not None and one.is_complete:
            words = _Words(f"{_label(triangle, k, target)} from the other classes", "elsewhere", "there")
            wide = np.zeros_like(theta)
            wide[:, [k]], told = _few(alone, one, triangle, words)
            return wide, told
    direction, told = _few(rows, found, triangle, _Words(CLASSES))
    return np.column_stack([np.zeros(len(direction)), direction]), told


def _few(rows: Rows, found: Recession, triangle: Triangle, words: "_Words") -> tuple[FloatArray, str]:
    """A direction of one column with a threshold, or else of few, shape (p, K - 1), and the sentence."""
    threshold = find_threshold(rows)
    if threshold is not None and found.is_complete and not threshold.is_complete:
        threshold = None
    direction = fewest_columns(rows, found) if threshold is None else _across(threshold, rows.coordinates)
    columns = _moving(triangle.features, direction, rows.coordinates)
    names, verb = (
        join_names([repr(shorten(name)) for name in columns]),
        "alone tells" if len(columns) == 1 else "together tell",
    )
    told = f"{names} {verb} {words.told if found.is_complete else SOME}"
    if threshold is None:
        return direction, told
    below, above = (words.zero, words.one) if threshold.rises else (words.one, words.zero)
    low, high = number(threshold.low), number(threshold.high)
    if threshold.is_complete:
        return direction, f"{told}: at most {low} {below}, at least {high} {above}"
    sides = [(above, f"above {low}", threshold.has_above), (below, f"below {low}", threshold.has_below)]
    always = [f"{what.removeprefix('where ')} wherever it is {side}" for what, side, is_there in sides if is_there]
    return direction, f"{told}: {', '.join(always)}"


@dataclass(frozen=True)
class _Words:
    """How two classes are spoken of.

    Args:
        told: what is told apart where all of it is.
        zero: where a row is of class 0.
        one: where it is of class 1.
    """

    told: str
    zero: str = ""
    one: str = ""


def _two_classes(triangle: Triangle) -> _Words:
    """The classes of one target: its labels, or 0 and 1."""
    target, labels = repr(shorten(triangle.targets[0])), getattr(triangle.coding, "classes", ())
    zero, one = [repr(shorten(label)) for label in labels] if len(labels) == 2 else ["0", "1"]
    return _Words(CLASSES, f"where {target} is {zero}", f"where {target} is {one}")


def _label(triangle: Triangle, k: int, target: str) -> str:
    """What one of several classes is called."""
    labels = getattr(triangle.coding, "classes", ())
    return repr(shorten(labels[k] if k < len(labels) else target))


def refuse_one_class(loss: Loss, reader: RowReader, triangle: Triangle) -> None:
    """Raise DataError where a class has no row: its margin alone then grows forever, and no penalty is on an intercept."""
    if not isinstance(loss, Separable):
        return
    met = np.zeros(1, bool)
    for batch in reader():
        counts = slice(None) if batch.weight is None else batch.weight > 0
        met = np.asarray(met | loss.presence(batch.y[counts]).any(axis=0))
    if met.all():
        return
    if len(met) > 2 or len(triangle.targets) > 1:
        names = join_names([repr(name) for name, is_met in zip(triangle.targets, met, strict=True) if not is_met])
        raise DataError(f"no row is of {names}, so the {loss.name} loss has no minimum.", "leave its column out")
    only = int(met.argmax())
    raise DataError(
        f"{triangle.targets[0]!r} is {only} in every row, so the {loss.name} loss has no minimum: there is nothing to learn.",
        "give rows with other targets as well",
    )


def _across(threshold: Threshold, level: Coordinates) -> FloatArray:
    """The direction of one column across its gap, shape (p, 1)."""
    weights = np.zeros((len(level.shift), 1))
    weights[threshold.column] = threshold.sign
    middle = threshold.low + (threshold.high - threshold.low) / 2
    return level.from_raw(weights, np.array([-threshold.sign * middle]))


def _moving(features: tuple[str, ...], direction: FloatArray, level: Coordinates) -> tuple[str, ...]:
    """The features that a direction changes the weights of."""
    sizes = np.abs(direction[int(level.fit_intercept) :]).max(axis=1)
    return tuple(name for name, size in zip(features, sizes, strict=True) if size > SMALL * sizes.max())


def _infimum(loss: Loss, rows: Rows, found: Recession, triangle: Triangle) -> float:
    """The mean loss that the rows keep which the direction leaves where they are; the others lose all of it."""
    least = minimize(loss, lambda: rows.open_rows(found.direction), rows.coordinates)
    kept = sum(
        float(len(batch) if batch.weight is None else batch.weight.sum()) for batch in rows.open_rows(found.direction)
    )
    return least.bowl.value * kept / triangle.total_weight


def _enough(loss: Loss, reader: RowReader, coordinates: Coordinates, n: int) -> float | None:
    """A penalty with which Newton's method settles: 1/n in two digits, or ten times that, and so on."""
    for power in range(PENALTIES):
        l2 = float(f"{10**power / n:.2g}")
        if minimize(loss, reader, coordinates, l2=l2).settled:
            return l2
    return None
