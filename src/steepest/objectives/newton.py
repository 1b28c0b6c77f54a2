"""Newton: the exact minimum of a smooth loss, each pass over the rows a weighted triangle of the working response."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.losses import Loss
from steepest.objectives.quadratic import Quadratic
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

MOST_PASSES = 100
NEAR = 1e-10  # of the loss: a decrease below which the loss itself is no longer asked
SETTLED = 1e-30  # of the loss: a decrease of this share moves no digit of theta
FLATTEST = 1e-10  # of the largest curvature: below it a row's working response leaves float64 before its slope does
SHORTEST = 2.0**-40  # of a Newton step

RowReader = Callable[[], Iterable[Batch]]


@dataclass(frozen=True, eq=False)
class Bowl(Value):
    """A loss seen from one theta: its value there, and the quadratic that has its slope and curvature there.

    Args:
        theta: where, shape (p, t) with one target.
        value: J there.
        quadratic: ½(theta' - theta)ᵀ∇²J(theta' - theta) + ∇J·(theta' - theta), up to a constant.
        decrement: by how much its minimum is below theta, half of gᵀH⁻¹g.
        triangle: of the rows with their working response, whose weights are curvatures.
    """

    theta: FloatArray
    value: float
    quadratic: Quadratic
    decrement: float
    triangle: Triangle


@dataclass(frozen=True, eq=False)
class Minimum(Value):
    """Where a loss is smallest.

    Args:
        bowl: the loss seen from there.
        passes: how many passes over the rows it took.
        settled: whether no further step would lower the loss; False where it runs away or the passes ended.
    """

    bowl: Bowl
    passes: int
    settled: bool


def minimize(
    loss: Loss, rows: RowReader, coordinates: Coordinates, *, l2: float = 0.0, start: FloatArray | None = None
) -> Minimum:
    """Return the minimum of a mean loss by Newton's method with halved steps.

        theta ← the least-squares answer for z = m - ℓ'/ℓ'' with weights ω·ℓ''          m = u·theta

    Each pass makes a triangle of the rows with the working response z, as exact as that of squared loss, merged in the
    order of the rows. A step that raises the loss is halved.

    Args:
        loss: ℓ.
        rows: gives all rows each time it is called, one target, weights and all.
        coordinates: the inputs in force.
        l2: the ridge penalty in them.
        start: theta_0, shape (p, 1); default: 0.

    Raises:
        DataError: there are no rows, or a target is none of this loss.

    Source: Green, "Iteratively Reweighted Least Squares for Maximum Likelihood Estimation", J. R. Stat. Soc. B 46 (1984).
    """
    p = len(coordinates.shift) + coordinates.fit_intercept
    bowl = bowl_at(loss, rows, coordinates, np.zeros((p, 1)) if start is None else start, l2)
    length, step, passes = 1.0, bowl.quadratic.minimum - bowl.theta, 1
    while bowl.decrement > SETTLED * bowl.value:
        if passes == MOST_PASSES or length < SHORTEST:
            return Minimum(bowl, passes, False)
        ahead = bowl_at(loss, rows, coordinates, bowl.theta + length * step, l2)
        passes += 1
        if bowl.decrement <= NEAR * bowl.value:  # the loss shows no more of what is left, and Newton's steps are right
            if not ahead.decrement < bowl.decrement:
                break  # rounding is all that moves
            bowl, step = ahead, ahead.quadratic.minimum - ahead.theta
        elif ahead.value <= bowl.value:
            bowl, length, step = ahead, 1.0, ahead.quadratic.minimum - ahead.theta
        else:
            length /= 2
    return Minimum(bowl, passes, True)


def bowl_at(loss: Loss, rows: RowReader, coordinates: Coordinates, theta: FloatArray, l2: float) -> Bowl:
    """Return a loss seen from theta, shape (p, 1), by one pass over the rows."""
    weights, bias = coordinates.to_raw(theta)
    triangle, total, value = None, 0.0, 0.0
    for batch in rows():
        working, of_rows, weight = _working(loss, batch, weights, bias)
        total, value = total + weight, value + of_rows
        part = Triangle.of(working)
        triangle = part if triangle is None else triangle + part
    if triangle is None or not total:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    whole = Quadratic.of(triangle, coordinates, l2=l2)
    quadratic = replace(whole, scale=triangle.total_weight / total)
    penalty = l2 / 2 * float((quadratic.penalized[:, None] * theta**2).sum())
    # from the distance to its minimum: the values themselves would cancel
    away = (np.sqrt(quadratic.modes.eigenvalues)[:, None] * quadratic.start_errors(theta)) ** 2
    return Bowl(theta, value / total + penalty, quadratic, float(away.sum()) / 2, triangle)


def _working(loss: Loss, batch: Batch, weights: FloatArray, bias: FloatArray) -> tuple[Batch, float, float]:
    """The rows with their working response and its weights, the sum of their losses, and that of their own weights."""
    own = np.ones(len(batch)) if batch.weight is None else batch.weight
    y = batch.y[:, 0]
    loss.check(y[own > 0])
    margin = batch.X @ weights[:, 0] + bias[0]
    slope, curvature = loss.slope(margin, y), loss.curvature(margin, y)
    # any curvature above 0 leaves the slope of the sum as it is
    flattest = FLATTEST * (loss.largest_curvature if np.isfinite(loss.largest_curvature) else 1.0)
    curvature = np.maximum(curvature, flattest)
    working = replace(batch, y=(margin - slope / curvature)[:, None], weight=own * curvature)
    with np.errstate(invalid="ignore"):
        value = float((own * loss.value(margin, y)).sum())
    return working, value, float(own.sum())
