"""Likelihoods: the probability of a table under the distribution that a loss belongs to."""

from typing import Protocol

import numpy as np
from scipy.special import entr, gammaln, xlogy

from steepest.support.arrays import FloatArray

WHOLE = 1e-9  # of a number of trials: a share times the trials is off by rounding


class Likelihood(Protocol):
    """The distribution of a row's count k = trials·y, whose mean is trials times the mean that a loss predicts.

    log P(k) = log P(k | the mean is k) - trials·(ℓ(m, y) - the least ℓ for this y)
    """

    def least(self, y: FloatArray) -> FloatArray:
        """The smallest loss that a row of target y can have; shapes are those of the loss."""
        ...

    def of_the_best(self, y: FloatArray, trials: FloatArray) -> FloatArray:
        """log P(k) where the mean is k itself; NaN where no number of trials gives this y."""
        ...


class Binomial:
    """k of so many trials: y is the share of them, 0 or 1 of a single one.

    Example:
        >>> Binomial().of_the_best(np.array([1.0, 0.5, 0.3]), np.array([1.0, 2.0, 1.0]))     # log 1, log(2·½·½); 0.3 of 1 is no count
        array([ 0.        , -0.69314718,         nan])

    Source: McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, section 4.4.
    """

    def least(self, y: FloatArray) -> FloatArray:
        """-y·log y - (1 - y)·log(1 - y): 0 where y is 0 or 1."""
        return np.asarray(entr(y) + entr(1 - y))

    def of_the_best(self, y: FloatArray, trials: FloatArray) -> FloatArray:
        """log C(trials, k) + k·log y + (trials - k)·log(1 - y)."""
        k, n = _whole(y * trials, trials), _whole(trials, trials)
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return np.asarray(ways - trials * self.least(y))


class Poisson:
    """k events in so many units of exposure: y is k a unit.

    Example:
        >>> Poisson().of_the_best(np.array([2.0, 0.5]), np.array([1.0, 2.0])).round(6)       # log(2²·e⁻²/2), log(1·e⁻¹)
        array([-1.306853, -1.      ])

    Source: McCullagh, Nelder, as above, section 6.2.
    """

    def least(self, y: FloatArray) -> FloatArray:
        """0: the loss is half a deviance already."""
        return np.zeros_like(y)

    def of_the_best(self, y: FloatArray, trials: FloatArray) -> FloatArray:
        """k·log k - k - log k!."""
        k = _whole(y * trials, np.maximum(y * trials, 1.0))
        return np.asarray(xlogy(k, k) - k - gammaln(k + 1))


class Multinomial:
    """So many of each class: y are their shares, 1 and 0 of a single one.

    Example:
        >>> Multinomial().of_the_best(np.array([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]), np.array([1.0, 4.0])).round(6)  # log 1, log(12·2⁻²·4⁻²)
        array([ 0.      , -1.673976])

    Source: McCullagh, Nelder, as above, section 5.4.
    """

    def least(self, y: FloatArray) -> FloatArray:
        """-Σ y·log y over the classes, shape (n, 1)."""
        return np.asarray(entr(y).sum(axis=1, keepdims=True))

    def of_the_best(self, y: FloatArray, trials: FloatArray) -> FloatArray:
        """log(trials! / Π k!) + Σ k·log y."""
        k, n = _whole(y * trials[:, None], trials[:, None]), _whole(trials, trials)
        return np.asarray(gammaln(n + 1) - gammaln(k + 1).sum(axis=1) - trials * entr(y).sum(axis=1))


LIKELIHOODS: dict[str, Likelihood] = {"logistic": Binomial(), "poisson": Poisson(), "multinomial": Multinomial()}
"""Of losses that are minus a logarithm of a probability, by name."""


def _whole(counts: FloatArray, size: FloatArray) -> FloatArray:
    """Counts as whole numbers; NaN where one is none."""
    near = np.rint(counts)
    return np.where(np.abs(counts - near) <= WHOLE * size, near, np.nan)
