"""Convergence: what a linear rule leaves of each mode, and the first epoch at which it is little enough."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.batch import FloatArray
from steepest.errors import UsageError
from steepest.rules import GradientRule, LinearRule

Measure = Callable[[NDArray[Any]], FloatArray]
SLOWEST = 4  # modes whose first epoch within the tolerance is found one by one
CHUNK = 1 << 20  # mode-epochs looked at together: 8 MB
# A rate counts as exactly at the stability limit within this relative distance: what rounding leaves open of λ_max.
AT_LIMIT = 1e-15


def remaining(rule: LinearRule, eigenvalues: FloatArray, epoch: int) -> float:
    """Return the largest share of its start error that any moving mode still has: max |p_k(λ_i)|.

    Args:
        rule: the linear rule.
        eigenvalues: λ of the moving modes, shape (r,).
        epoch: k.

    Returns:
        a number without unit; 1 at the start, 0 where no mode moves, inf where it left float64.
    """
    if not eigenvalues.size:
        return 0.0
    return float(np.nan_to_num(np.abs(rule.residual(eigenvalues, np.array([epoch]))), nan=math.inf).max())


def first_epoch(
    rule: LinearRule, eigenvalues: FloatArray, tolerance: float, loss_weights: FloatArray | None = None
) -> int | None:
    """Return the first epoch at which what is left is within a tolerance, or None when it never is.

        max |p_k(λ_i)| ≤ tolerance                          by default: every mode
        Σ c_i p_k(λ_i)² / Σ c_i ≤ tolerance                 with loss_weights c: (J_k - J*)/(J_0 - J*)

    Args:
        rule: the linear rule.
        eigenvalues: λ of the moving modes, shape (r,).
        tolerance: above 0.
        loss_weights: c_i = λ_i·(start error of mode i)², shape (r,), or None.

    Returns:
        the epoch, exact up to 2**53, an estimate beyond.

    Raises:
        UsageError: the tolerance is not a number above 0.

    Example:
        >>> from steepest.rules import GradientRule
        >>> first_epoch(GradientRule(0.1), np.array([5.0, 1.0]), 1e-6)        # 0.9^132 is the first below 1e-6
        132
    """
    if isinstance(tolerance, (bool, str)) or not 0 < tolerance < math.inf:
        raise UsageError(f"a tolerance must be a finite number above 0; given was {tolerance!r}.")
    if loss_weights is not None:
        eigenvalues, loss_weights = eigenvalues[loss_weights > 0], loss_weights[loss_weights > 0]
    if not eigenvalues.size or tolerance >= 1:
        return 0

    def measure(epochs: NDArray[Any]) -> FloatArray:
        left = np.abs(rule.residual(eigenvalues, epochs))
        if loss_weights is None:
            return np.asarray(left.max(axis=1))
        return np.asarray(left**2 @ (loss_weights / loss_weights.sum()))

    if (
        rule.learning_rate >= rule.stability_limit(eigenvalues[0]) * (1 - AT_LIMIT)
        or not rule.radius(eigenvalues).max() < 1
    ):
        return None
    enough = _any_epoch_within(measure, tolerance)
    if enough is None:
        return None
    # a sum of humps may be many; it is one where each only falls
    one_hump = loss_weights is None or isinstance(rule, GradientRule)
    if one_hump and (rule.hump_until(eigenvalues) >= enough).all():
        return _bisect(measure, tolerance, 0, enough)
    each = np.full(eigenvalues.shape, tolerance)
    if loss_weights is not None:
        each = np.sqrt(tolerance * loss_weights.sum() / loss_weights)
    return _scan(measure, tolerance, _lower_bound(rule, eigenvalues, each, enough), enough, len(eigenvalues))


def _lower_bound(rule: LinearRule, eigenvalues: FloatArray, each: FloatArray, enough: float) -> int:
    """Return an epoch before which some mode is certainly not within its own tolerance.

    The slowest modes decide, and theirs is one hump for a long time before they first swing through 0.
    """
    humps = rule.hump_until(eigenvalues)
    bound = 1
    flattest = np.argsort(eigenvalues, kind="stable")[:SLOWEST]
    slowest = np.argsort(-rule.radius(eigenvalues), kind="stable")[:SLOWEST]
    for i in {*flattest.tolist(), *slowest.tolist()}:
        if humps[i] >= 1 and each[i] < 1:
            one = eigenvalues[i : i + 1]

            def left(epochs: NDArray[Any], one: FloatArray = one) -> FloatArray:
                return np.asarray(np.abs(rule.residual(one, epochs))[:, 0])

            # at the swing itself |p_k| may pass between two epochs: the bound then is the last epoch before it
            last = math.floor(min(humps[i], enough))
            bound = max(
                bound, _bisect(left, float(each[i]), 0, last) if left(np.array([float(last)]))[0] <= each[i] else last
            )
    return bound


def _any_epoch_within(measure: Measure, tolerance: float) -> float | None:
    """Return some epoch within the tolerance, by doubling."""
    epoch = 1.0
    while not measure(np.array([epoch]))[0] <= tolerance:
        epoch *= 2
        if epoch > 1e60:
            return None
    return epoch


def _bisect(measure: Measure, tolerance: float, low: int, enough: float) -> int:
    """Return the first epoch after `low` within the tolerance of a measure that is one hump up to `enough`."""
    high = int(enough)
    while high - low > max(1, high >> 52):
        middle = (low + high) // 2
        if measure(np.array([float(middle)]))[0] <= tolerance:
            high = middle
        else:
            low = middle
    return high


def _scan(measure: Measure, tolerance: float, lowest: int, enough: float, modes: int) -> int:
    """Return the first epoch within the tolerance from `lowest` on, looking at every one."""
    chunk = max(64, CHUNK // modes)
    start = max(lowest, 1)
    while start <= enough:
        epochs = np.arange(start, min(start + chunk, int(enough) + 1))
        within = measure(epochs) <= tolerance
        if within.any():
            return int(epochs[within.argmax()])
        start += chunk
    return int(enough)
