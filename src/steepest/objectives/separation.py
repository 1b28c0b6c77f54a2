"""Separation: classes that columns tell apart, so that a loss has no minimum; found, named, and with a penalty that would do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steepest.errors import DataError
from steepest.objectives.fewest_columns import SMALL, Threshold, fewest_columns, find_threshold
from steepest.objectives.losses import Loss, Separable
from steepest.objectives.newton import RowReader, minimize
from steepest.objectives.recession import Recession, Rows, find_recession
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value
from steepest.support.words import join_names, number

FIRST_PASSES = 12  # of Newton's method, after which a loss without a minimum is looked for
PENALTIES = 7  # that are tried, each ten times the one before


@dataclass(frozen=True, eq=False)
class Separation(Value):
    """Why a loss has no minimum: along a direction no row's loss rises, and that of some falls for ever; `str()` says which.

        u·(β_a - β_k) ≥ 0   for each row, the class a that it has and each class k that it has not; > 0 for some

    Args:
        kind: "complete" where it is > 0 for all, so that the loss falls towards 0, else "quasi-complete".
        columns: the features that tell the classes apart; none of them can be left out.
        endless: the features whose weights grow for ever.
        weights: that direction in the data's own units, of the features, shape (d, t), t columns as the parameters have; it needs
            `columns` alone.
        bias: and of the intercept, shape (t,).
        infimum: what the loss tends to; None where that is not known.
        l2: a penalty with which there is a minimum: 1/n, which is scikit-learn's C = 1; larger where Newton's method does not settle
            with that; None where none did.
        told: the sentence.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1], loss="logistic")
        >>> print(run.problem.separation)
        'x1' alone tells the classes apart: at most 2 where 'y' is 0, at least 3 where it is 1
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
    infimum: float | None
    l2: float | None
    told: str

    def _told(self) -> Iterator[str]:
        yield f": {self.kind}"
        yield self.told

    def __str__(self) -> str:
        return self.told


def find_separation(
    loss: Loss, reader: RowReader, triangle: Triangle, coordinates: Coordinates, hint: FloatArray
) -> Separation | None:
    """Return what tells the classes of a table apart, or None where nothing does, as far as float64 can tell.

    Args:
        loss: ℓ.
        reader: gives the rows each time it is called.
        triangle: the table's.
        coordinates: the inputs in force, which a penalty is in.
        hint: parameters that tell them apart as well as any that are known, such as Newton's last, shape (p, K - 1), in force.
    """
    if not isinstance(loss, Separable):
        return None
    level = triangle.coordinates("standardized", fit_intercept=coordinates.fit_intercept)
    rows = Rows(loss, reader, level)
    found = find_recession(rows, level.from_raw(*coordinates.to_raw(hint)))
    if found is None:
        return None
    threshold = find_threshold(rows)
    if threshold is not None and threshold.is_complete < found.is_complete:
        threshold = None
    direction = fewest_columns(rows, found) if threshold is None else _beyond(threshold, level)
    if threshold is None and direction.shape[1] == 1:
        threshold = _alone(rows, direction)
    weights, bias = level.to_raw(direction)
    columns = _moving(triangle.features, direction, level)
    return Separation(
        kind="complete" if found.is_complete else "quasi-complete",
        columns=columns,
        endless=_moving(triangle.features, found.direction, level),
        weights=weights,
        bias=bias,
        infimum=0.0 if found.is_complete else _infimum(loss, rows, found, triangle),
        l2=_enough(loss, reader, coordinates, triangle.row_count),
        told=_sentence(loss, columns, triangle, found.is_complete, threshold),
    )
