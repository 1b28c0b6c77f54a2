"""Second look: what only the rows themselves can say of a fit, from one more pass over them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from steepest.analysis.leverage import Basis
from steepest.data.batch import Batch
from steepest.data.sources.log_target import own_names
from steepest.errors import DataError, UsageError
from steepest.summaries.open_data import open_alike
from steepest.summaries.qr import triangularize
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names

ROWS = 16_384  # worked on at once: what is kept beside them is a small triangle
# A row that has less than this of its residual left is fitted whatever its target; rounding leaves some 1e-15.
DECIDED = 1e-12
POWERS = {"HC0": 0.0, "HC1": 0.0, "HC2": 0.5, "HC3": 1.0}
"""a of the errors e/(1 - leverage)^a that the robust covariances are made of."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """What a second look at the rows leaves.

    Args:
        meat: upper triangular B with BᵀB = Σ e²/(1 - h)^2a·q·qᵀ in the basis, shape (p, p); 0 where it is not wanted.
        squares: Σ w·r².
        differences: Σ (e_i - e_{i-1})² in the rows' order.
        row_count: rows with a weight above 0.
        total_weight: the sum of their weights.
    """

    meat: FloatArray
    squares: float
    differences: float
    row_count: int
    total_weight: float


def second_look(triangle: Triangle, data: object, y: object) -> Iterator[Batch]:
    """Open the rows for a second look, coded as they were."""
    if isinstance(data, Iterator):
        return map(_batch, data)
    named = {} if y is None else {"target": own_names(triangle), "features": triangle.features}
    source = open_alike(data, triangle, y, **named)
    if isinstance(source, Triangle):
        raise UsageError("a second look needs the rows, and a triangle has none. Give the table itself as data.")
    if source.features != triangle.features:
        raise DataError(
            f"data has the features {join_names(source.features)}, and the run {join_names(triangle.features)}. Give the run's own table."
        )
    return source.batches()


def residual_pass(
    batches: Iterable[Batch],
    basis: Basis,
    level: float,
    slopes: FloatArray,
    target: int,
    power: float | None,
    *,
    copies: bool,
) -> Residuals:
    """Go over the rows once more and sum up their residuals, in constant memory.

        r = y - level - (x - mean)·slopes        e = √w·r, q = √w·basis(x), h = ‖q‖²

    With `copies` a weight says how often a row is there: then each copy has e = r and q = basis(x).

    Args:
        batches: the rows, in order.
        basis: of their triangle.
        level: what is predicted at the means.
        slopes: shape (d,).
        target: which column of y.
        power: a of e/(1 - h)^a; None where no robust covariance is wanted, which saves most of the work.
        copies: whether weights are frequencies.

    Raises:
        DataError: a row has leverage 1, so that e/(1 - h)^a is 0/0.

    Source: MacKinnon, White, "Some heteroskedasticity-consistent covariance matrix estimators with improved finite
    sample properties", J. Econometrics 29 (1985), equations 9 to 12; Durbin, Watson, Biometrika 37 (1950).
    """
    p = len(slopes) + basis.fit_intercept
    meat = np.zeros((p, p))
    squares = differences = total = 0.0
    count, last = 0, None
    for batch in pieces(batches):
        weight = np.ones(len(batch)) if batch.weight is None else batch.weight
        residual = (batch.y[:, target] - level) - ((batch.X - basis.centre) - basis.tails) @ slopes
        root = np.sqrt(weight)
        error = residual if copies else root * residual
        if power is not None:
            Q = basis.rows(batch.X) if copies else root[:, None] * basis.rows(batch.X)
            scaled = _enlarged(error, Q, power, batch)
            meat = triangularize(np.vstack([meat, (root * scaled if copies else scaled)[:, None] * Q]))
        squares += float(weight @ residual**2)
        steps = np.diff(error) if last is None else np.diff(error, prepend=last)
        differences += float(steps @ steps)
        last, count, total = error[-1], count + len(batch), total + float(weight.sum())
    return Residuals(meat, squares, differences, count, total)


def _batch(given: object) -> Batch:
    """What an iterator of rows gave, where it is a batch."""
    if not isinstance(given, Batch):
        raise DataError(f"an iterator of rows yields steepest.Batch; this one yields {shown(given)}.")
    return given


def pieces(batches: Iterable[Batch], size: int = ROWS) -> Iterator[Batch]:
    """Yield the rows that count, some at a time."""
    for batch in batches:
        counting = batch if batch.weight is None else batch.take(batch.weight > 0)
        for start in range(0, len(counting), size):
            yield counting.take(slice(start, start + size))


def _enlarged(error: FloatArray, Q: FloatArray, power: float, batch: Batch) -> FloatArray:
    """e/(1 - h)^a of each row."""
    if not power:
        return error
    left = 1 - (Q**2).sum(axis=1)
    if (left < DECIDED).any():
        row = batch.positions[int(np.argmax(left < DECIDED))]
        raise DataError(
            f"row {row:,} (counted from 0) has leverage 1: the fit goes through it whatever its target, so its error cannot be "
            "judged, as HC2 and HC3 do.",
            remedies.HC1,
            "leave out the column that this row alone decides",
        )
    return np.asarray(error / left**power)
