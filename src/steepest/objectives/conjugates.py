"""Conjugates: the convex conjugates of losses, and the duality gap that they give a sparse model."""

from collections.abc import Callable

import numpy as np
import scipy.special

from steepest.objectives.loss_rows import pieces_of
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.penalized_loss import PenalizedLoss, Seen
from steepest.support.arrays import FloatArray

LEANS = 1e-9  # of what all rows pull together: a column without a penalty that still leans so much certifies nothing


def _of_logistic(_: object, slope: FloatArray, y: FloatArray) -> FloatArray:
    """(v + y)·log(v + y) + (1 - v - y)·log(1 - v - y), for 0 ≤ v + y ≤ 1."""
    p = np.clip(slope + y, 0.0, 1.0)
    return np.asarray(scipy.special.xlogy(p, p) + scipy.special.xlog1py(1 - p, -p))


def _of_poisson(_: object, slope: FloatArray, y: FloatArray) -> FloatArray:
    """(v + y)·log(v + y) - v - y·log y, for v + y ≥ 0."""
    mean = np.maximum(slope + y, 0.0)
    return np.asarray(scipy.special.xlogy(mean, mean) - slope - scipy.special.xlogy(y, y))


def _of_huber(_: object, slope: FloatArray, y: FloatArray) -> FloatArray:
    """v·y + v²/2, for |v| ≤ δ."""
    return np.asarray(slope * y + slope**2 / 2)


CONJUGATES: dict[type, Callable[[object, FloatArray, FloatArray], FloatArray]] = {
    LogisticLoss: _of_logistic,
    PoissonLoss: _of_poisson,
    HuberLoss: _of_huber,
}
"""ℓ*(v) = sup over m of v·m - ℓ(m, y), at any v between 0 and a slope of ℓ."""


def duality_gap(loss: PenalizedLoss, seen: Seen, penalty: float) -> float:
    """Return by how much J at a theta is above a bound that no theta goes below; inf where none is known.

        J(theta) + Σ ω·(ℓ*(s·v) - s·v·offset) / n + Σ max(0, |s·c| - l1)²/(2·l2)        v = ℓ'(m), c = -slope, s ≤ 1

    s is the largest share of the slopes that keeps the last sum finite (of a lasso: 0). What an intercept or a column without a
    penalty leaves of a slope must be rounding.

    Source: Rockafellar, "Convex Analysis", 1970, theorem 31.1; Fercoq, Gramfort, Salmon, ICML 2015, section 2.
    """
    conjugate = CONJUGATES.get(type(loss.rows.loss))
    free = np.append(np.ones(loss.first, bool), loss.factors == 0)
    if conjugate is None or (np.abs(seen.slope) > LEANS * loss.pulls)[free].any():
        return float("inf")
    l1, l2, c = loss.l1(penalty), loss.l2(penalty), -seen.slope[loss.first :]
    size = np.where(loss.factors > 0, np.maximum(c, 0.0) if loss.positive else np.abs(c), 0.0)
    excess = np.divide(size, l1, out=np.zeros_like(size), where=(l1 > 0) & (l2 == 0)).max(initial=0.0)
    share = 1.0 if excess <= 1 else 1 / excess
    bound = 0.0
    for part in pieces_of(loss.rows, loss.rows.width):
        slope = share * part.loss.slope(part.margin(seen.theta[:, None]), part.y)
        of_rows = conjugate(part.loss, slope, part.y)
        if part.offset is not None:
            of_rows = of_rows - slope * part.offset
        bound += float((of_rows[:, 0] if part.omega is None else of_rows[:, 0] * part.omega).sum())
    beyond = np.maximum(share * size - l1, 0.0) ** 2
    shrunk = float(np.divide(beyond, 2 * l2, out=np.zeros_like(beyond), where=l2 > 0).sum())
    return max(0.0, loss.value(seen, penalty) + bound / len(loss.rows) + shrunk)
