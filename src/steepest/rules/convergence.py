"""Convergence: what a linear rule leaves of each mode, and the first epoch at which it is little enough."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.rules.rule import LinearRule, belongs_to
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray

Measure = Callable[[NDArray[Any]], FloatArray]
SLOWEST = 4  # modes whose first epoch within the tolerance is found one by one
MOST_LOOKED_AT = 20_000_000  # mode-epochs: a few seconds
EXACT_EPOCHS = 2**50  # up to here every epoch is a float64 of its own
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
        the epoch: the first one, as far as the eigenvalues' rounding (1e-16 of them) allows, which is to the last digit
        up to some 10**8 epochs, and to ten digits beyond unless the rate is within 1e-10 of the stability limit, as the best
        one is for modes 1e10 apart: that takes a digit for each power of ten. Momentum swings, so every epoch between two bounds is looked
        at; where these are millions apart, it is the first epoch from which on all modes stay within the tolerance.
        None also for a rate at or above the stability limit.

    Raises:
        UsageError: the tolerance is not a number above 0.

    Example:
        >>> from steepest.rules.gradient import GradientRule
        >>> first_epoch(GradientRule(0.1), np.array([5.0, 1.0]), 1e-6)        # 0.9^132 is the first below 1e-6
        132
    """
    if not 0 < as_float(tolerance) < math.inf:
        raise UsageError(f"a tolerance must be a finite number above 0; got {shown(tolerance)}.")
    if loss_weights is not None:
        eigenvalues, loss_weights = eigenvalues[loss_weights > 0], loss_weights[loss_weights > 0]
    if not eigenvalues.size or tolerance >= 1:
        return 0

    def measure(epochs: NDArray[Any]) -> FloatArray:
        left = np.abs(rule.residual(eigenvalues, epochs))
        if loss_weights is None:
            return np.asarray(left.max(axis=1))
        return np.asarray(left**2 @ (loss_weights / loss_weights.sum()))

    if rule.learning_rate >= rule.stability_limit(float(eigenvalues[0])) * (1 - AT_LIMIT):
        return None
    each = np.full(eigenvalues.shape, tolerance)
    if loss_weights is not None:
        each = np.sqrt(tolerance * loss_weights.sum() / loss_weights)
    latest = _latest(rule, eigenvalues, tolerance, loss_weights)
    if latest is None or _is_exact(rule):
        return latest
    earliest = _earliest(rule, eigenvalues, each, latest)
    if (latest - earliest) * len(eigenvalues) > MOST_LOOKED_AT:
        return latest
    return _scan(measure, tolerance, earliest, latest, len(eigenvalues))


def settled_epoch(rule: LinearRule, eigenvalues: FloatArray, tolerance: float) -> int | None:
    """Return an epoch from which on every mode stays within the tolerance, or None when there is none.

    Momentum swings: at the first epoch within a tolerance it may be passing through; here it has come to rest.
    """
    if not eigenvalues.size:
        return 0
    if rule.learning_rate >= rule.stability_limit(float(eigenvalues[0])) * (1 - AT_LIMIT):
        return None
    return _latest(rule, eigenvalues, tolerance, None)


def _is_exact(rule: LinearRule) -> bool:
    """Whether the rule says of both its bounds that they are |p_k| itself, which then only falls on a stable run."""
    return getattr(rule, "exact_envelope", False) and belongs_to(rule, "exact_envelope", "envelope")


def _latest(rule: LinearRule, eigenvalues: FloatArray, tolerance: float, loss_weights: FloatArray | None) -> int | None:
    """Return the first epoch at which the envelope from above is within the tolerance: the answer is no later."""

    def above(epochs: NDArray[Any]) -> FloatArray:
        high = rule.envelope(eigenvalues, epochs)[1]
        if loss_weights is None:
            return np.asarray(high.max(axis=1))
        return np.asarray(high**2 @ (loss_weights / loss_weights.sum()))

    found = _near(above, rule, eigenvalues, tolerance) if loss_weights is None and _is_exact(rule) else None
    if found is not None:
        return found
    enough = _any_epoch_within(above, tolerance)
    return None if enough is None else _bisect(above, tolerance, 0, enough)


def _near(measure: Measure, rule: LinearRule, eigenvalues: FloatArray, tolerance: float) -> int | None:
    """Return the first epoch within the tolerance where log(tolerance) / log(radius) is near it, and None where it is not.

    What is asked is the measure itself, which only falls: the answer is that of a search, in one look instead of forty.
    """
    slowest = float(rule.radius(eigenvalues).max())
    guess = math.log(tolerance) / math.log(slowest) if 0 < slowest < 1 else 0.0
    if not 0 <= guess < EXACT_EPOCHS:
        return None
    epochs = np.arange(max(0, math.floor(guess) - 1), math.floor(guess) + 4)
    within = np.flatnonzero(measure(epochs) <= tolerance)
    return int(epochs[within[0]]) if within.size and within[0] > 0 else None


def _earliest(rule: LinearRule, eigenvalues: FloatArray, each: FloatArray, latest: int) -> int:
    """Return an epoch before which some mode is certainly not within its own tolerance.

    By the envelope from below, and by the first hump, which a slow mode takes a long time to come down from.
    """

    def below(epochs: NDArray[Any]) -> FloatArray:
        return np.asarray((rule.envelope(eigenvalues, epochs)[0] / each).max(axis=1))

    bound, humps = max(1, _bisect(below, 1.0, 0, latest)), rule.unimodal_until(eigenvalues)
    for i in np.argsort(eigenvalues, kind="stable")[:SLOWEST]:
        if humps[i] >= 1 and each[i] < 1:
            one = eigenvalues[i : i + 1]

            def left(epochs: NDArray[Any], one: FloatArray = one) -> FloatArray:
                return np.asarray(np.abs(rule.residual(one, epochs))[:, 0])

            # at the swing itself |p_k| may pass between two epochs: the bound then is the last epoch before it
            last = math.floor(min(humps[i], latest))
            within = left(np.array([float(last)]))[0] <= each[i]
            bound = max(bound, _bisect(left, float(each[i]), 0, last) if within else last)
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
