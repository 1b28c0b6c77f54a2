"""Newton: the exact minimum of a smooth loss, each pass over the rows a weighted triangle of the working response."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from steepest.data.batch import Batch
from steepest.errors import DataError
from steepest.objectives.losses import Linked, Loss, is_joint, is_kinked
from steepest.objectives.quadratic import Quadratic
from steepest.objectives.working_response import working
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

MOST_PASSES = 100
NEAR = 1e-10  # of the loss: a decrease below which the loss itself is no longer asked
SETTLED = 1e-26  # of the loss: a decrease of this share moves margins by 1e-13
ARRIVED = 1e-18  # of the loss: margins and curvature move by about 1e-9, and after that step by its square
SHORTEST = 2.0**-40  # of a Newton step
STUCK = 1e-6  # of the loss: a decrease that rounding may hide where some classes weigh a millionth of others
NEARER = 1e-2  # of what was left: near a minimum Newton's method squares it, and rounding does not
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
    loss: Loss,
    rows: RowReader,
    coordinates: Coordinates,
    *,
    l2: float = 0.0,
    start: FloatArray | None = None,
    most_passes: int = MOST_PASSES,
    enough: float = SETTLED,
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
        start: theta_0, shape (p, 1), or (p·K, 1) of K margins; default: where no row is far away.
        most_passes: after how many passes it gives up; where curvature jumps after five times as many.
        enough: the share of the loss that the last step may still gain; it is taken, and not looked at again.

    Raises:
        DataError: there are no rows, or a target does not fit this loss.

    Source: Green, "Iteratively Reweighted Least Squares for Maximum Likelihood Estimation", J. R. Stat. Soc. B 46 (1984).
    """
    bowl = bowl_at(loss, rows, coordinates, _start(loss, rows, coordinates) if start is None else start, l2)
    if bowl is None:
        raise DataError("the loss at this start leaves float64. Start nearer to the data, or choose other units.")

    def lowest(seen: Bowl) -> FloatArray:
        """Where its quadratic is smallest; of several classes without what they have in common, which only rounding would move."""
        found = seen.quadratic.minimum
        parameters = len(coordinates.shift) + coordinates.fit_intercept
        return loss.centred(found, found.size // parameters) if is_joint(loss) else found

    length, step, passes = 1.0, lowest(bowl) - bowl.theta, 1
    kinked = is_kinked(loss)
    most = most_passes * (5 if kinked else 1)
    while bowl.decrement > enough * bowl.value:
        if passes >= most or length < SHORTEST:
            # where no step of any length lowers the loss and a millionth of it is left, rounding is all that moves
            return Minimum(bowl, passes, length < SHORTEST and bowl.decrement <= STUCK * bowl.value)
        ahead = bowl_at(loss, rows, coordinates, bowl.theta + length * step, l2)
        passes += 1
        if _is_near(bowl, loss):  # the loss shows no more of what is left, and Newton's steps are right
            if ahead is None or not ahead.decrement < bowl.decrement:
                return Minimum(bowl, passes, True)  # rounding is all that moves
            bowl, step = ahead, lowest(ahead) - ahead.theta
        elif ahead is not None and (ahead.value <= bowl.value or (not kinked and _is_nearer(ahead, bowl))):
            bowl, length, step = ahead, 1.0, lowest(ahead) - ahead.theta
        elif length > DOUBTED or not kinked:
            length /= 2
        else:  # curvature jumps there: the lowest point of a quadratic above the loss is never higher
            above = bowl_at(loss, rows, coordinates, bowl.theta, l2, majorized=True)
            lower = None if above is None else bowl_at(loss, rows, coordinates, lowest(above), l2)
            passes += 2
            if lower is None or not lower.value < bowl.value:
                return Minimum(bowl, passes, False)
            bowl, length, step = lower, 1.0, lowest(lower) - lower.theta
    return Minimum(_at_its_lowest(bowl, lowest(bowl)), passes, True)


def _at_its_lowest(bowl: Bowl, theta: FloatArray) -> Bowl:
    """The same a last step on, too short a one for curvature to change."""
    return replace(bowl, theta=theta, value=max(bowl.value - bowl.decrement, 0.0), decrement=0.0)


def _start(loss: Loss, rows: RowReader, coordinates: Coordinates) -> FloatArray:
    """Where no row is far away: the least-squares answer where curvature jumps, the margins of the mean targets for others."""
    kinked = is_kinked(loss)
    parts, offset = [], 0.0
    for batch in rows():
        if batch.offset is not None:
            weighted = batch.offset if batch.weight is None else batch.weight * batch.offset
            offset += float(weighted.sum())
        parts.append(Triangle.of(_less_offset(batch) if kinked else batch))
    whole = Triangle.sum(parts) if parts else None
    if whole is None or not whole.row_count:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    if kinked:
        return Quadratic.of(whole, coordinates).minimum
    d, t = len(whole.features), len(whole.targets)
    theta = np.zeros((d + coordinates.fit_intercept, t))
    if isinstance(loss, Linked) and coordinates.fit_intercept:
        with np.errstate(divide="ignore", invalid="ignore"):
            margins = loss.link(whole.means[d:]) - offset / whole.total_weight
        theta[0] = margins if np.isfinite(margins).all() else 0.0
    return theta.reshape(-1, 1)


def _less_offset(batch: Batch) -> Batch:
    """The rows with targets that are lower by their offset, as a loss of m - y sees them."""
    return batch if batch.offset is None else replace(batch, y=batch.y - batch.offset[:, None])


def _is_near(bowl: Bowl, loss: Loss) -> bool:
    """Whether the loss no longer shows what is left: a small part of it, or margins that hardly move where it is 0."""
    unit = loss.unit if is_kinked(loss) else 1.0
    return bowl.decrement <= max(NEAR * bowl.value, GONE * bowl.quadratic.scale * unit**2)


def _is_nearer(ahead: Bowl, bowl: Bowl) -> bool:
    """Whether a step has come nearer to the minimum though the loss has not fallen: inputs of 1e8 and of unit spread hide 1e-8 of it."""
    return bowl.decrement <= STUCK * bowl.value and ahead.decrement <= NEARER * bowl.decrement


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
    triangle, total, value = None, 0.0, 0.0
    for batch in rows():
        for part in working(loss, batch, theta, coordinates, majorized=majorized):
            if part.rows is None:
                return None
            total, value = total + part.total, value + part.value
            more = Triangle.of(part.rows)
            triangle = more if triangle is None else triangle + more
    if triangle is None or not total:
        raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
    whole = _least_squares(loss, triangle, coordinates, l2)
    quadratic = replace(whole, scale=triangle.total_weight / total)
    penalty = l2 / 2 * float((quadratic.penalized[:, None] * theta**2).sum())
    # from the distance to its minimum: the values themselves would cancel
    away = (np.sqrt(quadratic.modes.eigenvalues)[:, None] * quadratic.start_errors(theta)) ** 2
    return Bowl(theta, max(value, 0.0) / total + penalty, quadratic, float(away.sum()) / 2, triangle)


def _least_squares(loss: Loss, triangle: Triangle, coordinates: Coordinates, l2: float) -> Quadratic:
    """The squares of a working response; of several margins, all their parameters are columns of their own."""
    if not is_joint(loss):
        return Quadratic.of(triangle, coordinates, l2=l2)
    lifted = Quadratic.of(triangle, triangle.coordinates("raw", fit_intercept=False), l2=l2)
    classes = len(triangle.features) // (len(coordinates.shift) + coordinates.fit_intercept)
    return replace(lifted, unpenalized=classes * coordinates.fit_intercept)
