"""Newton: the exact minimum of a smooth loss, each pass over the rows a weighted triangle of the working response."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.losses import Kinked, Linked, Loss
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
DOUBTED = 2.0**-3  # of a Newton step: so short, another quadratic may get farther
GONE = 1e-14  # of the mean curvature: margins move by a ten-millionth; of classes that can be told apart they go on moving by 1

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
        DataError: there are no rows, or a target does not fit this loss.

    Source: Green, "Iteratively Reweighted Least Squares for Maximum Likelihood Estimation", J. R. Stat. Soc. B 46 (1984).
    """
    bowl = bowl_at(loss, rows, coordinates, _start(loss, rows, coordinates) if start is None else start, l2)
    if bowl is None:
        raise DataError("the loss at this start leaves float64. Start nearer to the data, or choose other units.")
    length, step, passes = 1.0, bowl.quadratic.minimum - bowl.theta, 1
    kinked = isinstance(loss, Kinked)
    most = MOST_PASSES * (5 if kinked else 1)
    while bowl.decrement > SETTLED * bowl.value:
        if passes >= most or length < SHORTEST:
            return Minimum(bowl, passes, False)
        ahead = bowl_at(loss, rows, coordinates, bowl.theta + length * step, l2)
        passes += 1
        if _is_near(bowl, loss):  # the loss shows no more of what is left, and Newton's steps are right
            if ahead is None or not ahead.decrement < bowl.decrement:
                break  # rounding is all that moves
            bowl, step = ahead, ahead.quadratic.minimum - ahead.theta
        elif ahead is not None and ahead.value <= bowl.value:
            bowl, length, step = ahead, 1.0, ahead.quadratic.minimum - ahead.theta
        elif length > DOUBTED or not kinked:
            length /= 2
        else:  # curvature jumps there: the lowest point of a quadratic above the loss is never higher
            above = bowl_at(loss, rows, coordinates, bowl.theta, l2, majorized=True)
            lower = None if above is None else bowl_at(loss, rows, coordinates, above.quadratic.minimum, l2)
            passes += 2
            if lower is None or not lower.value < bowl.value:
                return Minimum(bowl, passes, False)
            bowl, length, step = lower, 1.0, lower.quadratic.minimum - lower.theta
    return Minimum(bowl, passes, True)


def _start(loss: Loss, rows: RowReader, coordinates: Coordinates) -> FloatArray:
    """Where no row is far away: the least-squares answer where curvature jumps, the margin of the mean target for others."""
    theta = np.zeros((len(coordinates.shift) + coordinates.fit_intercept, 1))
    parts = [Triangle.of(batch) for batch in rows()]
    whole = Triangle.sum(parts) if parts else None
    if whole is None or not whole.row_count:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    if isinstance(loss, Kinked):
        return Quadratic.of(whole, coordinates).minimum
    if isinstance(loss, Linked) and coordinates.fit_intercept:
        with np.errstate(divide="ignore", invalid="ignore"):
            margin = loss.link(float(whole.means[-1]))
        theta[0] = margin if np.isfinite(margin) else 0.0
    return theta


def _is_near(bowl: Bowl, loss: Loss) -> bool:
    """Whether the loss no longer shows what is left: a small part of it, or margins that hardly move where it is 0."""
    unit = loss.unit if isinstance(loss, Kinked) else 1.0
    return bowl.decrement <= max(NEAR * bowl.value, GONE * bowl.quadratic.scale * unit**2)


def bowl_at(
    loss: Loss, rows: RowReader, coordinates: Coordinates, theta: FloatArray, l2: float, *, majorized: bool = False
) -> Bowl | None:
    """Return a loss seen from theta, shape (p, 1), by one pass over the rows; None where it leaves float64.

    Args:
        loss: ℓ.
        rows: gives all rows each time it is called.
        coordinates: the inputs in force.
        theta: where.
        l2: the ridge penalty.
        majorized: with the curvature of a quadratic above the loss, of one that has it.
    """
    weights, bias = coordinates.to_raw(theta)
    triangle, total, value = None, 0.0, 0.0
    for batch in rows():
        working, of_rows, weight = _working(loss, batch, weights, bias, majorized)
        if working is None:
            return None
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
    return Bowl(theta, max(value, 0.0) / total + penalty, quadratic, float(away.sum()) / 2, triangle)


def _working(
    loss: Loss, batch: Batch, weights: FloatArray, bias: FloatArray, majorized: bool
) -> tuple[Batch | None, float, float]:
    """The rows with their working response and its weights, or None beyond float64; the sum of their losses, and that of their weights."""
    own = np.ones(len(batch)) if batch.weight is None else batch.weight
    X, y = batch.X, batch.y[:, 0]
    loss.check(y[own > 0])
    with np.errstate(over="ignore", invalid="ignore"):
        margin = X @ weights[:, 0] + bias[0]
        slope, curvature = loss.slope(margin, y), loss.curvature(margin, y)
        value = float((own * loss.value(margin, y)).sum())
        # any curvature above 0 leaves the slope of the sum as it is
        flattest = FLATTEST * (loss.largest_curvature if np.isfinite(loss.largest_curvature) else 1.0)
        if majorized and isinstance(loss, Kinked):
            curvature = loss.majorant(margin, y)
        curvature = np.maximum(curvature, flattest)
        response, weight = margin - slope / curvature, own * curvature
        squares = weight * response**2
    if not (np.isfinite(squares).all() and np.isfinite(value) and np.isfinite(weight).all()):
        return None, value, float(own.sum())
    working = Batch(X, response[:, None], batch.features, batch.targets, weight, batch.first_row)
    return working, value, float(own.sum())
