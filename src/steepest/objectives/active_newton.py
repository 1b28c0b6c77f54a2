"""Active Newton: the sparse minimum at one penalty from one near it: guess the columns in use, solve, look at the conditions."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from steepest.objectives.penalized import Penalized
from steepest.support.arrays import FloatArray

MOST_GUESSES, MOST_CORRECTIONS = 20, 3
LEAST_SHARE = 1e-5  # a pivot with a smaller share of its column's length says that columns depend on each other


def minimum_near(problem: Penalized, start: FloatArray, penalty: float) -> FloatArray | None:
    """Return the exact minimum at a penalty, shape (d,), or None where guesses do not settle or columns nearly depend on each other.

        (AₚᵀAₚ + diag(l2ₚ))·wₚ = Aₚᵀb - l1ₚ·signs            P the columns in use

    The columns that `start` uses are the first guess. One whose coefficient turns its sign leaves, one whose correlation is
    beyond its bound comes in; where neither happens, the conditions of a minimum hold, and they are looked at in A itself,
    to rounding. So an answer is as exact as the homotopy's, which takes over where there is none.

    Args:
        problem: what is minimized.
        start: the minimum at a penalty near this one, shape (d,).
        penalty: at which the minimum is wanted.

    Example:
        >>> problem = Penalized(np.eye(2), np.array([3.0, 1.0]), 0.0, np.ones(2))
        >>> minimum_near(problem, np.array([1.0, 0.0]), 0.5)
        array([2.5, 0.5])

    Source: Hintermüller, Ito, Kunisch, "The primal-dual active set strategy as a semismooth Newton method", SIAM J. Optim. 13 (2002).
    """
    l1, penalized, slack = problem.l1(penalty), problem.factors > 0, 4 * problem.noise
    signs = np.sign(start)
    used = (start != 0) | (~penalized & (problem.sizes > 0))
    for _ in range(MOST_GUESSES):
        found = _of_columns(problem, np.flatnonzero(used), signs, penalty)
        if found is None:
            return None
        w, c = found
        gone = used & penalized & (w * signs <= 0)
        size = c if problem.positive else np.abs(c)
        missing = ~used & penalized & (size > l1 + slack)
        if not gone.any() and not missing.any():
            return w
        if missing.sum() > len(problem.design):  # too far from the start
            return None
        used = (used & ~gone) | missing
        signs = np.where(missing, np.sign(c), signs)
    return None


def _of_columns(
    problem: Penalized, columns: NDArray[np.intp], signs: FloatArray, penalty: float
) -> tuple[FloatArray, FloatArray] | None:
    """Return w and its correlations where these columns are in use, by these signs; None where float64 cannot tell."""
    w = np.zeros(len(signs))
    if not len(columns):
        return w, problem.correlations(w, penalty)
    if len(columns) > len(problem.design) and problem.l1_ratio == 1:
        return None
    A, l2 = problem.design[:, columns], problem.l2(penalty)[columns]
    H = A.T @ A
    H[np.diag_indices(len(columns))] += l2
    lengths = np.sqrt(np.diag(H))
    factor, failed = dpotrf(H)
    if failed or (np.diag(factor) <= LEAST_SHARE * lengths).any():
        return None
    bound, slack = (problem.l1(penalty) * signs)[columns], problem.noise[columns]
    c = problem.correlations(w, penalty)
    for _ in range(MOST_CORRECTIONS):
        w[columns] += dpotrs(factor, c[columns] - bound)[0]
        c = problem.correlations(w, penalty)
        if (np.abs(c[columns] - bound) <= slack).all():
            return w, c
    return None
