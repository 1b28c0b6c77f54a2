"""Double-double: numbers as unevaluated sums of two float64, about 32 digits, for arrays.

A number is a pair (high, low) with high = the float64 nearest to high + low. The operations below are exact, or lose a
few units of 2^-104 of the result's largest term.

Source: Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18 (1971).
"""

import numpy as np

from steepest.support.arrays import FloatArray

Pair = tuple[FloatArray, FloatArray]
SPLITTER = 2.0**27 + 1  # cuts 53 binary digits into 26 and 26


def two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rounded sum of a and b and what the rounding left of it: high + low = a + b exactly.

    Source: Knuth, "The Art of Computer Programming", volume 2, 3rd edition, section 4.2.2, theorem B.

    Example:
        >>> two_sum(np.array([1e16]), np.array([0.3125]))
        (array([1.e+16]), array([0.3125]))
    """
    high = a + b
    b_in = high - a
    return high, (a - (high - b_in)) + (b - b_in)


def two_product(a: FloatArray, b: FloatArray) -> Pair:
    """Return the rounded product of a and b and what the rounding left of it: high + low = a·b exactly.

    Exact unless a product leaves float64 or a number is above 1e300.

    Source: Dekker 1971, section 5; the splitting is Veltkamp's.

    Example:
        >>> high, low = two_product(np.array([1 + 2.0**-30]), np.array([1 + 2.0**-30]))
        >>> (high - 1) / 2.0**-29, low / 2.0**-60
        (array([1.]), array([1.]))
    """
    high = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


def add(a: Pair, b: Pair) -> Pair:
    """Return a + b.

    Source: Li et al., "Design, implementation and testing of extended and mixed precision BLAS", ACM TOMS 28 (2002), fig. 6.
    """
    high, low = two_sum(a[0], b[0])
    tail, rest = two_sum(a[1], b[1])
    high, low = _normal(high, low + tail)
    return _normal(high, low + rest)


def scaled(a: Pair, b: FloatArray) -> Pair:
    """Return a·b for float64 b."""
    high, low = two_product(a[0], b)
    return _normal(high, low + a[1] * b)


def total(a: Pair) -> Pair:
    """Return the sum over the first axis, in pairs of pairs, so that rounding grows with log n.

    Example:
        >>> values = np.array([1.0, 1e-30, -1.0])
        >>> total((values, np.zeros(3)))[0]
        array(1.e-30)
    """
    high, low = a
    while len(high) > 1:
        if len(high) % 2:
            zero = np.zeros_like(high[:1])
            high, low = np.concatenate([high, zero]), np.concatenate([low, zero])
        high, low = add((high[0::2], low[0::2]), (high[1::2], low[1::2]))
    return np.asarray(high[0]), np.asarray(low[0])


def _split(a: FloatArray) -> Pair:
    wide = SPLITTER * a
    high = wide - (wide - a)
    return high, a - high


def _normal(high: FloatArray, low: FloatArray) -> Pair:
    """Return high + low with the rounded sum in front, for |high| ≥ |low|."""
    summed = high + low
    return summed, low - (summed - high)
