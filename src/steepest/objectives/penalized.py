"""Penalized: squared loss with an l1 and l2 penalty on a table, reduced to a triangle: what a sparse model minimizes."""

from dataclasses import dataclass

import numpy as np

from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value, frozen_property


@dataclass(frozen=True, eq=False)
class Penalized(Value):
    """Squared loss with an elastic-net penalty, the intercept taken out.

        J(w) = ½·‖A·w - b‖² + ½·rest + penalty·Σ factor·(l1_ratio·|w| + (1 - l1_ratio)/2·w²)

    A and b come from a triangle, so that ½·‖A·w - b‖² + ½·rest = Σ weight·(b + u·w - y)² / (2 Σ weight) at the best bias b.

    Args:
        design: A, shape (q, d), q at most d.
        response: b, shape (q,).
        rest: what no column explains of the mean square, ρ² / Σ weight.
        factors: how strongly each column is penalized beside the others, 0 for not at all, shape (d,).
        l1_ratio: share of the penalty that is l1, above 0, at most 1 (the lasso).
        positive: whether coefficients of penalized columns may not be negative.

    Source: Zou, Hastie, "Regularization and variable selection via the elastic net", J. R. Stat. Soc. B 67 (2005).

    Example:
        >>> problem = Penalized(np.eye(2), np.array([3.0, 1.0]), 0.0, np.ones(2))
        >>> problem.largest_penalty, problem.value(np.array([1.0, 0.0]), 2.0)
        (3.0, 4.5)
        >>> problem.gap(np.array([1.0, 0.0]), 2.0), problem.optimality(np.array([1.0, 0.0]), 2.0)
        (0.0, 0.0)
    """

    design: FloatArray
    response: FloatArray
    rest: float
    factors: FloatArray
    l1_ratio: float = 1.0
    positive: bool = False

    @classmethod
    def of(
        cls, triangle: Triangle, coordinates: Coordinates, factors: FloatArray, l1_ratio: float, positive: bool
    ) -> "Penalized":
        """Return the problem of a table's only target, in chosen coordinates; an intercept is taken out exactly."""
        R, r, rho = triangle.design(coordinates)
        if coordinates.fit_intercept:
            # in centred inputs the intercept's row is [√W, 0 … 0]: what is below it knows no intercept
            R, r = R[1:, 1:], r[1:]
        root = np.sqrt(triangle.total_weight)
        rest = float(rho[0] ** 2 / triangle.total_weight)
        return cls(R / root, r[:, 0] / root, rest, factors, l1_ratio, positive)

    @frozen_property
    def sizes(self) -> FloatArray:
        """‖A_j‖ of each column, shape (d,)."""
        return np.asarray(np.linalg.norm(self.design, axis=0))

    @frozen_property
    def noise(self) -> FloatArray:
        """How far rounding may move each correlation: ε·‖A_j‖·‖b‖ a few times over, shape (d,)."""
        return np.asarray(16 * np.finfo(float).eps * self.sizes * float(np.linalg.norm(self.response)))

    @frozen_property
    def gram(self) -> FloatArray:
        """AᵀA, shape (d, d)."""
        return np.asarray(self.design.T @ self.design)

    def l1(self, penalty: float) -> FloatArray:
        """Weight of each |w_j|, shape (d,)."""
        return penalty * self.l1_ratio * self.factors

    def l2(self, penalty: float) -> FloatArray:
        """Weight of each w_j²/2, shape (d,)."""
        return penalty * (1 - self.l1_ratio) * self.factors

    def correlations(self, w: FloatArray, penalty: float) -> FloatArray:
        """Aᵀ(b - A·w) - l2·w: the falling slope of the smooth part of J, shape (d,)."""
        return np.asarray(self.design.T @ (self.response - self.design @ w) - self.l2(penalty) * w)

    def value(self, w: FloatArray, penalty: float) -> float:
        """J(w), in squared units of the target."""
        residual = self.response - self.design @ w
        smooth = 0.5 * float(residual @ residual) + 0.5 * self.rest
        return smooth + float(self.l1(penalty) @ np.abs(w)) + 0.5 * float(self.l2(penalty) @ w**2)

    @frozen_property
    def unpenalized(self) -> FloatArray:
        """The minimum where every penalized coefficient is 0: least squares on the columns of factor 0, shape (d,)."""
        w = np.zeros(len(self.factors))
        free = self.factors == 0
        if free.any():
            w[free] = np.linalg.lstsq(self.design[:, free], self.response, rcond=None)[0]
        return w

    @frozen_property
    def largest_penalty(self) -> float:
        """The smallest penalty at which every penalized coefficient is 0: max |c_j| / (l1_ratio·factor_j)."""
        c = self.correlations(self.unpenalized, 0.0)
        c = np.where(np.abs(c) > self.noise, c, 0.0)
        bounded = self.factors > 0
        c = np.maximum(c, 0.0) if self.positive else np.abs(c)
        return float((c[bounded] / (self.l1_ratio * self.factors[bounded])).max(initial=0.0))

    def optimality(self, w: FloatArray, penalty: float) -> float:
        """How far w is from the conditions of a minimum, the largest of all columns, in units of the correlations.

            c_j = l1_j·sign(w_j) where w_j ≠ 0,  |c_j| ≤ l1_j where w_j = 0        c = Aᵀ(b - A·w) - l2·w

        Source: Hastie, Tibshirani, Wainwright, "Statistical Learning with Sparsity", CRC Press 2015, equation 5.8.
        """
        c, l1 = self.correlations(w, penalty), self.l1(penalty)
        at_zero = np.maximum((c if self.positive else np.abs(c)) - l1, 0.0)
        at_zero = np.where(self.factors > 0, at_zero, np.abs(c))
        return float(np.where(w != 0, np.abs(c - l1 * np.sign(w)), at_zero).max(initial=0.0))

    def gap(self, w: FloatArray, penalty: float) -> float:
        """Duality gap: J(w) is at most this much above the minimum, in squared units of the target.

            gap = ½‖r‖² + l1·|w| + ½·l2·w² + ½·s²·(‖r‖² + l2·w²) - s·(r·b)        s = min(1, min l1_j/|c_j|)

        With l2 folded in as rows √l2 of response 0, the scaled residual s·r is feasible in the dual.
        Columns of factor 0 have a bound of 0 there: a residual that still leans on one certifies nothing, and the gap is inf.

        Source: Friedman, Hastie, Tibshirani, J. Stat. Softw. 33 (2010); Fercoq, Gramfort, Salmon, ICML 2015, section 2.
        """
        l1, l2 = self.l1(penalty), self.l2(penalty)
        residual = self.response - self.design @ w
        c = self.design.T @ residual - l2 * w
        size = np.maximum(c, 0.0) if self.positive else np.abs(c)
        bounded = self.factors > 0
        if (np.abs(c[~bounded]) > 64 * self.noise[~bounded]).any():
            return float("inf")
        excess = np.divide(size, l1, out=np.zeros_like(size), where=bounded & (l1 > 0)).max(initial=0.0)
        scale = 1.0 if excess <= 1 else 1.0 / excess
        squares, shrunk = float(residual @ residual), float(l2 @ w**2)
        # ½‖r‖²(1 - s)² + s·(‖r‖² - r·b): r·b - ‖r‖² = r·(A·w), so that nothing large is taken from something large
        fitted = float(residual @ (self.design @ w))
        penalized = float(l1 @ np.abs(w))
        return 0.5 * (1 - scale) ** 2 * (squares + shrunk) + penalized - scale * (fitted - shrunk)
