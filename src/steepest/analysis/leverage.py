"""Leverage: coordinates in which the rows of a table are orthonormal, and errors are sums of squares."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value


@dataclass(frozen=True, eq=False)
class Basis(Value):
    """The change of a row x into a vector q so that Σ w·q·qᵀ is the identity: the rows of Q in the QR decomposition.

        q = [1/√W; Tᵀ(x - mean)]        T = C⁻¹, C the triangle of the centred inputs       with intercept
        q = Tᵀx                         T = R⁻¹, R the triangle of the inputs               without

    The leverage of a row is w·‖q‖². Parameters that are g in these coordinates are R⁻¹·g in the data's own units, so
    that (RᵀR)⁻¹ = K·Kᵀ with K = R⁻¹: every variance is a sum of squares, and nothing cancels.

    Args:
        total_weight: W = Σ w.
        centre: means of the inputs, shape (d,); 0 without intercept.
        tails: what rounding left of them, shape (d,).
        root: T, upper triangular, shape (d, d).
        fit_intercept: whether the first of the p coordinates belongs to the intercept.

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, section 5.3; Belsley, Kuh, Welsch, "Regression
    Diagnostics", 1980, section 2.1 (leverages from Q).
    """

    total_weight: float
    centre: FloatArray
    tails: FloatArray
    root: FloatArray
    fit_intercept: bool

    @classmethod
    def of(cls, triangle: Triangle, *, fit_intercept: bool = True) -> "Basis":
        """Return the basis of a table whose inputs are independent of each other (and of the intercept)."""
        d = len(triangle.features)
        if fit_intercept:
            factor, centre, tails = triangle.centred[:d, :d], triangle.means[:d], triangle.tails[:d]
        else:
            factor, _, _ = triangle.design(triangle.coordinates("raw", fit_intercept=False))
            centre, tails = np.zeros(d), np.zeros(d)
        # columns of length 1 first: units must not decide what overflows
        length = np.sqrt((factor**2).sum(axis=0))
        inverse, _ = lapack.dtrtri(factor / length)
        return cls(triangle.total_weight, centre, tails, np.asarray(inverse) / length[:, None], fit_intercept)

    def rows(self, X: FloatArray) -> FloatArray:
        """Return q of each row of X (n, d), shape (n, p)."""
        inner = ((X - self.centre) - self.tails) @ self.root
        if not self.fit_intercept:
            return np.asarray(inner)
        return np.hstack([np.full((len(X), 1), 1 / math.sqrt(self.total_weight)), inner])

    def to_parameters(self, g: FloatArray) -> FloatArray:
        """Return R⁻¹·g for g of shape (p, k): parameters in the data's own units, the intercept first."""
        if not self.fit_intercept:
            return np.asarray(self.root @ g)
        slopes = self.root @ g[1:]
        return np.vstack([g[:1] / math.sqrt(self.total_weight) - self.centre @ slopes, slopes])


@dataclass(frozen=True, eq=False)
class ErrorShape(Value):
    """How errors spread around a fit, for intervals at any inputs.

    Args:
        basis: coordinates in which the table's rows are orthonormal.
        spread: F with variance of a prediction's mean ‖F·q‖², shape (p, p); s·identity unless robust.
    """

    basis: Basis
    spread: FloatArray

    @property
    def parameter_root(self) -> FloatArray:
        """K with covariance K·Kᵀ, shape (p, p), in the data's own units; of several classes one after the other."""
        p = len(self.basis.root) + self.basis.fit_intercept
        blocks = self.spread.T.reshape(-1, p, len(self.spread))
        return np.vstack([self.basis.to_parameters(block) for block in blocks])

    def deviations(self, X: FloatArray) -> FloatArray:
        """Standard errors of the mean at each row of X (n, d), shape (n,), target units."""
        return np.asarray(np.sqrt(((self.basis.rows(X) @ self.spread.T) ** 2).sum(axis=1)))
