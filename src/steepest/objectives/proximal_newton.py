"""Proximal Newton: the exact minimum of a loss with an l1 penalty, each step the exact sparse minimum of squares that touch it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError
from steepest.objectives.losses import Kinked
from steepest.objectives.penalized_loss import PenalizedLoss, Seen
from steepest.objectives.touching_quadratic import TouchingQuadratic
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

MOST_STEPS = 200
SETTLED = 1e-11  # of the largest penalty: a point so near to the conditions of a minimum is one
ALLOWED = 1e-9  # of the largest penalty: where rounding ends the way, a point must be so near
ROUNDED = 1e-12  # or so near, of what all rows pull together
NEAR = 1e-9  # of the loss: where less is left to win, the loss itself no longer shows it
ENOUGH = 1e-4  # of what the slope promises: a step that wins less is halved
SHORTEST = 2.0**-40  # of a step
DOUBTED = 2.0**-3  # of a step: so short where curvature jumps, another quadratic gets farther
FIRST_SHARE, SMALLEST_SHARE = 1e-2, 1e-6  # of a quadratic above such a loss that is taken first, and at least
CHANGES = 100.0  # by so much more or less is taken from step to step
NARROW = 64  # so many columns are never screened: a triangle of fewer is hardly faster


@dataclass(frozen=True, eq=False)
class SparseMinimum(Value):
    """Where a loss with a penalty is smallest.

    Args:
        seen: the loss seen from there.
        penalty: of this minimum.
        optimality: how far it is from the conditions of a minimum, in units of the slopes.
        quadratic: the last that touched the loss, a good first guess for the next penalty; None where none was needed.
        steps: how many it took from the minimum of the penalty before.
    """

    seen: Seen
    penalty: float
    optimality: float
    quadratic: TouchingQuadratic | None
    steps: int = 0


def minimize_penalized(loss: PenalizedLoss, penalty: float, near: SparseMinimum) -> SparseMinimum:
    """Return the minimum of a loss with a penalty, from one of another penalty.

        theta ← the sparse minimum of Σ ω·ℓ''·(u·theta - z)² / (2 Σ ω) + penalty·…        z = m - ℓ'/ℓ''

    A step that does not lower J is halved. It ends by the conditions of a minimum, computed from the rows themselves: each
    slope is within 1e-11 of the largest penalty of where it should be.

    Args:
        loss: over its rows.
        penalty: wanted, above 0.
        near: the minimum of a penalty that is near, as a rule the next larger one.

    Raises:
        DataError: rounding or the number of steps ended the way before a minimum was found.

    Source: Lee, Sun, Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J. Optim. 24 (2014),
    algorithm 1; the columns that are looked at: Tibshirani, Bien, Friedman, Hastie, Simon, Taylor, Tibshirani, "Strong rules for
    discarding predictors in lasso-type problems", J. R. Stat. Soc. B 74 (2012), section 5.
    """
    seen, quadratic = near.seen, near.quadratic
    columns = _promising(loss, near, penalty)
    share = FIRST_SHARE if isinstance(loss.rows.loss, Kinked) else 0.0
    goal = SETTLED * loss.l1_ratio * loss.largest_penalty
    for steps in range(MOST_STEPS):
        distances = loss.distances(seen, penalty)
        if float(distances.max(initial=0.0)) <= goal:
            return SparseMinimum(seen, penalty, float(distances.max(initial=0.0)), quadratic, steps)
        columns = np.union1d(columns, np.flatnonzero(distances[loss.first :] > goal))
        lower = None
        if quadratic is not None and quadratic.covers(columns):
            lower = _step(loss, penalty, seen, quadratic)
        while lower is None:
            quadratic = TouchingQuadratic.at(loss, seen.theta, columns, share=share)
            lower = _step(loss, penalty, seen, quadratic)
            if lower is None and share in (0.0, 1.0):
                break  # rounding is all that moves
            # where curvature jumps, the lowest point of a quadratic above the loss is never higher
            share = min(1.0, CHANGES * share) if lower is None else share and max(share / CHANGES, SMALLEST_SHARE)
        if lower is None:
            break  # rounding is all that moves
        seen, quadratic = lower, None
    return _settled_by_rounding(loss, penalty, seen, steps)


def _promising(loss: PenalizedLoss, near: SparseMinimum, penalty: float) -> NDArray[np.intp]:
    """The columns that may get a coefficient; those that were wrongly left out come in later, by their slope."""
    everything = np.arange(len(loss.factors))
    if len(everything) <= NARROW:
        return everything
    slopes = np.abs(near.seen.slope[loss.first :])
    likely = slopes >= loss.l1(max(0.0, 2 * penalty - near.penalty))
    return np.flatnonzero(likely | (near.seen.theta[loss.first :] != 0))


def _step(loss: PenalizedLoss, penalty: float, seen: Seen, quadratic: TouchingQuadratic) -> Seen | None:
    """Go to the lowest point of a quadratic, or as far towards it as J falls; None where it does not."""
    change = quadratic.minimum(seen.theta, penalty) - seen.theta
    promised = _promised(loss, seen, change, penalty)
    if not promised < 0:
        return None
    now, left = loss.value(seen, penalty), loss.optimality(seen, penalty)
    kinked = isinstance(loss.rows.loss, Kinked)
    length, shortest = 1.0, DOUBTED if kinked else SHORTEST
    while length >= shortest:
        ahead = loss.seen(seen.theta + length * change)
        if -promised <= NEAR * now:
            if loss.optimality(ahead, penalty) < left or (kinked and _falls_all_the_way(loss, ahead, change, penalty)):
                return ahead
            if not kinked:
                return None
        elif loss.value(ahead, penalty) <= now + ENOUGH * length * promised and np.isfinite(ahead.slope).all():
            return ahead
        length /= 2
    return None


def _promised(loss: PenalizedLoss, seen: Seen, change: FloatArray, penalty: float) -> float:
    """How J changes along a step by the slope of the loss, summed so that near a minimum nothing cancels.

    Σ (slope + l1·(|w + d| - |w|)/d + l2·(w + d/2))·d
    """
    w, d = seen.theta[loss.first :], change[loss.first :]
    longer = np.divide(np.abs(w + d) - np.abs(w), d, out=np.zeros_like(d), where=d != 0)
    longer = np.where(w * (w + d) > 0, np.sign(w), longer)
    rise = seen.slope.copy()
    rise[loss.first :] += loss.l1(penalty) * longer + loss.l2(penalty) * (w + d / 2)
    return float(rise @ change)


def _falls_all_the_way(loss: PenalizedLoss, ahead: Seen, change: FloatArray, penalty: float) -> bool:
    """Whether J still falls where a step ends: then it has fallen all along, as J is convex, however little.

    Where no row's curvature changes, a loss like Huber's is straight in some directions: its slope stays as it is until a row comes to its
    kink, so that no distance from a minimum gets smaller on the way.
    """
    w, d = ahead.theta[loss.first :], change[loss.first :]
    slope = ahead.slope.copy()
    slope[loss.first :] += loss.l1(penalty) * np.where(w != 0, np.sign(w), -np.sign(d)) + loss.l2(penalty) * w
    return float(slope @ change) < 0


def _settled_by_rounding(loss: PenalizedLoss, penalty: float, seen: Seen, steps: int) -> SparseMinimum:
    distances = loss.distances(seen, penalty)
    allowed = np.maximum(ALLOWED * loss.l1_ratio * loss.largest_penalty, ROUNDED * loss.pulls)
    if (distances <= allowed).all():
        return SparseMinimum(seen, penalty, float(distances.max(initial=0.0)), None, steps)
    own_unit = ["give a delta in the target's own unit"] if loss.rows.loss.name == "huber" else []
    raise DataError(
        f"no minimum of the {loss.rows.loss.name} loss was found at penalty {penalty:g}: a slope is still {distances.max():.3g} away "
        "from that of a minimum.",
        "standardize the inputs",
        "give larger penalties",
        *own_unit,
    )
