"""Coordinate descent: a sparse minimum one coefficient at a time, with a certificate: the second way to every penalty."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError, Option
from steepest.objectives.penalized import Penalized
from steepest.support.arrays import FloatArray
from steepest.support.words import number

# of ½‖b‖²: coefficients then agree with the exact path to about its root, 1e-10, times the condition number
GAP = 1e-20
MOST_SWEEPS = 100_000
FULL_EVERY = 10  # sweeps over the columns in use between two over all


def coordinate_descent(problem: Penalized, start: FloatArray, penalty: float) -> FloatArray:
    """Return the minimum of a penalized problem at one penalty, shape (d,).

        w_j ← soft(c_j + G_jj·w_j, l1_j) / (G_jj + l2_j)      c = Aᵀ(b - A·w),  G = AᵀA,  soft(z, a) = sign(z)·max(|z| - a, 0)

    Columns in use are gone through until nothing moves, then all; it ends where the duality gap is rounding.

    Args:
        problem: what is minimized.
        start: where to begin, shape (d,).
        penalty: at which.

    Raises:
        DataError: after 100,000 sweeps the gap is still above 1e-9 of the mean square.

    Source: Friedman, Hastie, Tibshirani, "Regularization paths for generalized linear models via coordinate descent", J. Stat.
    Softw. 33 (2010), section 2.

    Example:
        >>> problem = Penalized(np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([3.0, 1.0]), 0.0, np.ones(2))
        >>> coordinate_descent(problem, np.zeros(2), 0.5).round(12)
        array([2.125, 0.75 ])
    """
    gram, l1, l2, w = problem.gram, problem.l1(penalty), problem.l2(penalty), start.copy()
    scale = 0.5 * float(problem.response @ problem.response) + 0.5 * problem.rest
    usable = np.flatnonzero(np.diag(gram) + l2 > 0)
    w[np.diag(gram) + l2 == 0] = 0.0
    gap, best, stalls = np.inf, np.inf, 0
    for sweep in range(MOST_SWEEPS):
        if sweep % FULL_EVERY == 0:
            gap = problem.gap(w, penalty)
            # rounding of the gap itself: it falls no further
            stalls = stalls + 1 if gap > 0.5 * best else 0
            best = min(gap, best)
            if gap <= GAP * scale or (stalls >= 3 and gap <= 1e-14 * scale):
                return w
            c = problem.design.T @ (problem.response - problem.design @ w)
        of = usable if sweep % FULL_EVERY == 0 else usable[w[usable] != 0]
        moved = _sweep(of.tolist(), w, c, gram, l1, l2, problem.positive & (problem.factors > 0))
        if moved == 0 and sweep % FULL_EVERY == 0:
            return w
    if gap <= 1e-9 * scale:
        return w
    raise DataError(
        f"coordinate descent has not arrived at penalty {number(penalty)} after {MOST_SWEEPS:,} sweeps: its duality gap is {number(gap)}.",
        "take the exact path (" + Option("method", "homotopy") + ")",
        "standardize",
    )


def _sweep(
    of: Iterable[int],
    w: FloatArray,
    c: FloatArray,
    gram: FloatArray,
    l1: FloatArray,
    l2: FloatArray,
    positive: NDArray[np.bool_],
) -> float:
    """Go through some columns once, changing w and c in place; return the largest change of a fit."""
    largest = 0.0
    for j in of:
        own, before = gram[j, j], w[j]
        z = c[j] + own * before
        size = max(z - l1[j], 0.0) - (0.0 if positive[j] else max(-z - l1[j], 0.0))
        after = size / (own + l2[j])
        if after != before:
            c -= (after - before) * gram[j]
            w[j] = after
            largest = max(largest, abs(after - before) * own)
    return largest
