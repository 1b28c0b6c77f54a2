"""Multinomial loss: several classes, a margin for each."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.special
from numpy.typing import NDArray

from steepest.errors import DataError
from steepest.support.arrays import FloatArray

ROUNDED = 1e-9  # shares of a row sum to 1 but for this


@dataclass(frozen=True)
class MultinomialLoss:
    """K classes: minus the log of the probability of the class that a row has.

        log Σ_k e^m_k - Σ_k y_k·m_k          slope p_k - y_k, curvature diag(p) - p·pᵀ ≤ 1/2, p_k = e^m_k / Σ_j e^m_j

    Targets are K columns: 1 in the column of a row's class and 0 elsewhere, or shares that sum to 1. What is added to all
    margins of a row changes nothing: of the many parameters that are equally good, those of minimum norm are told.

    Source: Böhning, "Multinomial Logistic Regression Algorithm", Ann. Inst. Stat. Math. 44 (1992), 197-200 (the bound).

    Example:
        >>> loss = MultinomialLoss()
        >>> margin, y = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, -800.0]]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
        >>> loss.value(margin, y).round(6).ravel(), loss.mean(margin).round(6)[1]
        (array([1.098612, 0.126928]), array([0.880797, 0.119203, 0.      ]))
    """

    name: ClassVar[str] = "multinomial"
    largest_curvature: ClassVar[float] = 0.5

    def check(self, y: FloatArray) -> None:
        """Raise DataError where a row has not one class, or shares of 1 in all."""
        if y.shape[-1] < 2:
            raise DataError("a multinomial loss takes one target column for each class, two or more; there is one.")
        wrong = (y < 0).any(axis=-1) | ~(np.abs(y.sum(axis=-1) - 1) <= ROUNDED)
        if wrong.any():
            raise DataError(
                "a multinomial loss takes one target column for each class, 1 for the class that a row has and 0 for the others, or "
                f"shares that sum to 1; {int(wrong.sum()):,} rows are not so, the first is {y[wrong][0].tolist()}."
            )

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """Σ_k y_k·(log Σ_j e^m_j - m_k), a sum of terms that are not negative, shape (n, 1)."""
        below = margin - margin.max(axis=1, keepdims=True)
        others = np.exp(below)
        others[np.arange(len(margin)), margin.argmax(axis=1)] = 0.0
        return np.asarray((y * (np.log1p(others.sum(axis=1, keepdims=True)) - below)).sum(axis=1, keepdims=True))

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p_k - y_k as p_k·(1 - y_k) - y_k·Σ_{j≠k} p_j, without cancellation where p_k is near y_k."""
        p = self.mean(margin)
        return np.asarray((1 - y) * p - y * _of_others(p))

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p_k·(1 - p_k), what a margin alone would have."""
        p = self.mean(margin)
        return np.asarray(p * _of_others(p))

    def bent(self, margin: FloatArray, y: FloatArray, change: FloatArray) -> FloatArray:
        """(diag(p) - p·pᵀ)·change, shape (n, K)."""
        p = self.mean(margin)
        return np.asarray(p * (change - (p * change).sum(axis=1, keepdims=True)))

    def mean(self, margin: FloatArray) -> FloatArray:
        """The probability of each class."""
        return np.asarray(scipy.special.softmax(margin, axis=-1))

    def presence(self, y: FloatArray) -> NDArray[np.bool_]:
        """The classes that a row has a share of."""
        return np.asarray(y > 0)

    def centred(self, theta: FloatArray, classes: int) -> FloatArray:
        """Return the parameters of the same margins but for what all have in common, of minimum norm: sums over classes are 0."""
        of_classes = theta.reshape(-1, classes)
        return np.asarray((of_classes - of_classes.mean(axis=1, keepdims=True)).reshape(theta.shape))

    def link(self, means: FloatArray) -> FloatArray:
        """log p_k less its mean over the classes."""
        margins = np.log(means)
        return np.asarray(margins - margins.mean())


def _of_others(p: FloatArray) -> FloatArray:
    """Σ_{j≠k} p_j, added up, never subtracted."""
    return p @ (1 - np.eye(p.shape[-1]))
