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
    l1, l2 = problem.l1(penalty), problem.l2(penalty)
    penalized, slack = problem.factors > 0, 4 * problem.noise
    signs = np.sign(start)
    used = (start != 0) | (~penalized & (problem.sizes > 0))
    for _ in range(MOST_GUESSES):
        found = _of_columns(problem, used.nonzero()[0], l1 * signs, l2)
        if found is None:
            return None
        w, c = found
        gone = used & penalized & (w * signs <= 0)
        size = c if problem.positive else np.abs(c)
        missing = ~used & penalized & (size > l1 + slack)
        coming = np.count_nonzero(missing)
        if not coming and not np.count_nonzero(gone):
            return w
        if coming > len(problem.design):  # too far from the start
            return None
        used = (used & ~gone) | missing
        signs = np.where(missing, np.sign(c), signs)
    return None


def _of_columns(
    problem: Penalized, columns: NDArray[np.intp], bound: FloatArray, l2: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return w and its correlations where these columns are in use, each at its bound; None where float64 cannot tell."""
    w, count = np.zeros(len(bound)), len(columns)
    c = problem.response @ problem.design
    if not count:
        return w, c
    if count > len(problem.design) and problem.l1_ratio == 1:
        return None
    A, bound, slack, shrunk = problem.design[:, columns], bound[columns], problem.noise[columns], l2[columns]
    H = A.T @ A
    H.flat[:: count + 1] += shrunk
    lengths = np.sqrt(H.diagonal())
    factor, failed = dpotrf(H)
    if failed or (factor.diagonal() <= LEAST_SHARE * lengths).any():
        return None
    own, left = np.zeros(count), c[columns] - bound
    for _ in range(MOST_CORRECTIONS):
        own += dpotrs(factor, left)[0]
        residual = problem.response - A @ own
        left = residual @ A - shrunk * own - bound
        if (np.abs(left) <= slack).all():
            w[columns] = own
            return w, residual @ problem.design - l2 * w
    return None
