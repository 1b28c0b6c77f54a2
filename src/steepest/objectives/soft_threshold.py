"""Soft threshold: the proximal step of an l1 penalty."""

import numpy as np

from steepest.support.arrays import FloatArray


def soft_threshold(point: FloatArray, bound: FloatArray | float) -> FloatArray:
    """Return a point with each number nearer to 0 by a bound, and 0 where it was within it.

        S(v, b) = sign(v)·max(|v| - b, 0) = argmin_z ½·(z - v)² + b·|z|

    Args:
        point: v, any shape.
        bound: b, 0 or larger, a number or of a shape that fits.

    Example:
        >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
        array([ 2.,  0., -1.])

    Source: Parikh, Boyd, "Proximal Algorithms", Found. Trends Optim. 1 (2014), section 6.5.2.
    """
    return np.asarray(point - np.clip(point, -bound, bound))  # a 0 of this kind has no minus
