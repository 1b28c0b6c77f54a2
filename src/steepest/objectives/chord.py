"""Chord: steps towards a minimum whose curvature is known nearly, by gradients alone."""

from collections.abc import Callable

import numpy as np

from steepest.objectives.quadratic import Quadratic
from steepest.support.arrays import FloatArray

POOR = 0.5  # of the gradient's length: where a step leaves more, what a new curvature costs is better spent
MOST_PASSES = 12

Pair = tuple[FloatArray, FloatArray, float]


def approach(
    gradient: Callable[[FloatArray], FloatArray], quadratic: Quadratic, theta: FloatArray, *, enough: float
) -> tuple[FloatArray, int]:
    """Return a point nearer to the minimum of a smooth loss, and how many gradients it took.

        theta ← theta - B·∇J(theta)            B: the inverse curvature of the quadratic, corrected by what each step has changed

    It ends where the next point will have a decrement ½·∇Jᵀ·B·∇J of at most `enough`, as the last two foretell, or where a step leaves
    more than half of the gradient, measured by the quadratic's own modes: another curvature is then needed. So the last point
    itself has no gradient yet.

    Args:
        gradient: ∇J, of theta's shape.
        quadratic: whose curvature is near that of J.
        theta: where to begin, shape (p, 1), or (p·K, 1) of K margins.
        enough: by how much J may be above its minimum.

    Source: Nocedal, Wright, "Numerical Optimization", 2nd edition, 2006, algorithm 7.4 (the correction, by two loops).
    """
    modes = quadratic.modes
    unit = modes.directions / np.sqrt(
        modes.eigenvalues
    )  # in its columns the quadratic's curvature is 1 in all directions

    def slope_at(theta: FloatArray) -> tuple[FloatArray, float]:
        with np.errstate(over="ignore", invalid="ignore"):  # what leaves float64 ends it
            slope = unit.T @ gradient(theta)
            return slope, float((slope**2).sum()) / 2

    slope, decrement = slope_at(theta)
    pairs: list[Pair] = []
    passes = 1
    if not np.isfinite(decrement):
        return theta, passes
    while decrement > enough and passes < MOST_PASSES:
        step = -_corrected(slope, pairs)
        ahead = theta + unit @ step
        slope_ahead, left = slope_at(ahead)
        passes += 1
        if not left <= POOR**2 * decrement:
            return (ahead if left < decrement else theta), passes
        change = slope_ahead - slope
        pairs.append((step, change, float((step * change).sum())))
        theta, slope, decrement, share = ahead, slope_ahead, left, left / decrement
        if share * decrement <= enough:
            break
    return theta - unit @ _corrected(slope, pairs), passes


def _corrected(slope: FloatArray, pairs: list[Pair]) -> FloatArray:
    """B·slope: the identity, corrected by pairs of a step and the change of the slope along it."""
    result, shares = slope, []
    for step, change, product in reversed(pairs):
        shares.append(float((step * result).sum()) / product)
        result = result - shares[-1] * change
    for (step, change, product), share in zip(pairs, reversed(shares), strict=True):
        result = result + (share - float((change * result).sum()) / product) * step
    return result
