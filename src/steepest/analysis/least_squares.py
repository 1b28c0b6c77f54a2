"""Least squares: the sums of squares of the exact answer, from the triangle, and the coefficient table made of them."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, quantile
from steepest.analysis.leverage import Basis, ErrorShape
from steepest.analysis.residuals import Residuals
from steepest.errors import DataError
from steepest.summaries.qr import retriangularize
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.words import number

# A residual SD below this share of what is added up in a prediction is rounding: exact fits of random tables of up to
# 200,000 rows leave at most 2.1e-16 of it, and NIST's smallest true one is 4e-10.
EXACT = 2e-15
SAME_ROWS = 1e-6  # relative difference of the residuals' length between two passes over the same rows
ALIKE = 1e-9  # the same of sums of weights


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """The exact answer of one target and its sums of squares, none of them found by subtraction.

        Σ w·(y - level)² = ‖explained‖² + ρ²          level: the mean of y, or 0 without intercept

    Args:
        triangle: the table.
        basis: coordinates in which its rows are orthonormal.
        target: which of the targets.
        parameters: the answer, the intercept first, shape (p,), in the data's own units.
        explained: the slopes in the basis, shape (d,).
        rho: ρ, the length of the residuals √w·r, target units times √weight.
        level: what is predicted at the inputs' means.
        rows: n: rows, or W where weights are frequencies.
        rounding: the residual SD that float64 leaves of an exact fit of numbers of this size, target units.
    """

    triangle: Triangle
    basis: Basis
    target: int
    parameters: FloatArray
    explained: FloatArray
    rho: float
    level: float
    rows: float
    rounding: float

    @classmethod
    def of(
        cls,
        triangle: Triangle,
        slopes: FloatArray,
        bias: float,
        *,
        target: int = 0,
        fit_intercept: bool = True,
        weights: WeightKind = "precision",
    ) -> "LeastSquares":
        """Return the sums of squares of an exact answer that is known: slopes (d,) and bias in the data's own units."""
        d = len(triangle.features)
        _, right, rho = triangle.design(triangle.coordinates("raw", fit_intercept=fit_intercept))
        explained = right[1:, target] if fit_intercept else right[:, target]
        # the terms that are added up in a prediction: float64 cannot tell residuals that are rounding of these
        sizes = np.hypot(triangle.means, triangle.deviations)
        terms = abs(bias) + float(np.abs(slopes) @ sizes[:d]) + float(sizes[d + target])
        parameters = np.concatenate([[bias], slopes]) if fit_intercept else slopes
        level = float(triangle.means[d + target]) if fit_intercept else 0.0
        rows = triangle.total_weight if weights == "frequency" else float(triangle.row_count)
        basis = Basis.of(triangle, fit_intercept=fit_intercept)
        return cls(triangle, basis, target, parameters, explained, float(rho[target]), level, rows, EXACT * terms)

    @property
    def degrees_of_freedom(self) -> float:
        """n - p."""
        return self.rows - len(self.parameters)

    @property
    def is_exact(self) -> bool:
        """Whether the residuals are no more than rounding."""
        return self.rho / math.sqrt(self.triangle.total_weight) <= self.rounding

    @property
    def residual_sd(self) -> float:
        """s = √(Σ w·r² / (n - p)); of an exact fit the largest that could hide behind the rounding."""
        return self.rounding if self.is_exact else self.rho / math.sqrt(self.degrees_of_freedom)

    def check_same_rows(self, look: Residuals) -> None:
        """Raise DataError where a second look has seen other rows than the first."""
        triangle, length = self.triangle, math.sqrt(look.squares) if look.squares >= 0 else math.nan
        noise = 10 * self.rounding * math.sqrt(triangle.total_weight)
        same = (
            look.row_count == triangle.row_count
            and abs(look.total_weight - triangle.total_weight) <= ALIKE * triangle.total_weight
            and abs(length - self.rho) <= SAME_ROWS * self.rho + noise
        )
        if not same:
            raise DataError(
                f"the rows of the second look are not those of the run: {look.row_count:,} of total weight {number(look.total_weight)} with residuals of "
                f"length {number(length)}, where the run has {triangle.row_count:,} of {number(triangle.total_weight)} with {number(self.rho)}.",
                remedies.WEIGHTS,
            )

    def spread(self, robust: Robust | None, look: Residuals | None) -> FloatArray:
        """Return F with the parameters' covariance K·Kᵀ, K = R⁻¹·Fᵀ: s·identity, or the robust one, shape (p, p).

        HC0: Σ e²·q·qᵀ      HC1: n/(n - p) times that      HC2: Σ e²/(1 - h)·q·qᵀ      HC3: Σ e²/(1 - h)²·q·qᵀ
        """
        if robust is None or look is None:
            return self.residual_sd * np.eye(len(self.parameters))
        return look.meat * (math.sqrt(self.rows / self.degrees_of_freedom) if robust == "HC1" else 1.0)

    def inference(
        self,
        confidence: float,
        weights: WeightKind,
        robust: Robust | None,
        look: Residuals | None,
        condition_numbers: tuple[float, float],
    ) -> Inference:
        """Return the coefficient table.

        Args:
            confidence: of the intervals.
            weights: what a weight means.
            robust: which robust covariance, or None.
            look: a second look at the rows, or None.
            condition_numbers: raw and standardized.
        """
        from scipy import special  # noqa: PLC0415 - only a summary needs it

        shape = ErrorShape(self.basis, self.spread(robust, look))
        root, df = shape.parameter_root, self.degrees_of_freedom
        errors = np.sqrt((root**2).sum(axis=1))
        t = _ratio(self.parameters, errors)
        reach = quantile(confidence, df) * errors
        squared, adjusted = self._r_squared()
        f, f_degrees, f_p = self._f(shape.spread, robust is not None and look is not None)
        likelihood, aic, bic = self._criteria(weights)
        triangle, fit_intercept = self.triangle, self.basis.fit_intercept
        return Inference(
            target=triangle.targets[self.target],
            names=("intercept", *triangle.features) if fit_intercept else triangle.features,
            coefficients=self.parameters,
            standard_errors=errors,
            t_values=t,
            p_values=2 * special.stdtr(df, -np.abs(t)),
            lower=self.parameters - reach,
            upper=self.parameters + reach,
            confidence=confidence,
            covariance=root @ root.T,
            degrees_of_freedom=df,
            residual_sd=self.residual_sd,
            r_squared=squared,
            adjusted_r_squared=adjusted,
            f_statistic=f,
            f_degrees_of_freedom=f_degrees,
            f_p_value=f_p,
            log_likelihood=likelihood,
            aic=aic,
            bic=bic,
            condition_number=condition_numbers[0],
            standardized_condition_number=condition_numbers[1],
            durbin_watson=None if look is None else look.differences / look.squares,
            row_count=triangle.row_count,
            total_weight=triangle.total_weight,
            weights=weights,
            robust=robust,
            is_exact=self.is_exact,
            notes=self._notes(weights, robust),
            shape=shape,
            level=self.level,
        )

    def _r_squared(self) -> tuple[float | None, float | None]:
        """‖explained‖²/(‖explained‖² + ρ²), and adjusted for the degrees of freedom; None where the target is constant."""
        size = math.sqrt(self.triangle.total_weight) * self.rounding
        total = float(np.hypot(np.linalg.norm(self.explained), self.rho))
        if total <= size:
            return None, None
        missing = 0.0 if self.is_exact else (self.rho / total) ** 2
        free = self.rows - self.basis.fit_intercept
        share = 1.0 if self.is_exact else (float(np.linalg.norm(self.explained)) / total) ** 2
        return share, 1 - missing * free / self.degrees_of_freedom

    def _f(self, spread: FloatArray, robust: bool) -> tuple[float | None, tuple[int, float], float | None]:
        """F of all slopes being 0: ‖F_s⁻ᵀ·explained‖²/q with F_s the slopes' part of the spread."""
        from scipy import special  # noqa: PLC0415 - as above

        q, df = len(self.explained), self.degrees_of_freedom
        if robust:
            slopes = retriangularize(spread[:, -q:])
            diagonal = np.abs(np.diag(slopes))
            if diagonal.min() <= 1e-14 * diagonal.max():
                return None, (q, df), None
            scaled, _ = lapack.dtrtrs(slopes, self.explained[:, None], trans=1)
        elif not self.residual_sd:
            return None, (q, df), None
        else:
            scaled = self.explained / self.residual_sd
        f = float((scaled**2).sum()) / q
        return f, (q, df), float(special.fdtrc(q, df, f))

    def _criteria(self, weights: WeightKind) -> tuple[float | None, float | None, float | None]:
        """Log-likelihood n/2·(-log(2π·Σ w·r²/n) - 1) + Σ log w / 2, AIC and BIC; frequencies have no second term."""
        n, p = self.rows, len(self.parameters)
        logs = 0.0 if weights == "frequency" else self.triangle.log_weights
        if self.is_exact or math.isnan(logs):
            return None, None, None
        # log ρ and not log ρ²: a square may leave float64
        value = -n / 2 * (math.log(2 * math.pi / n) + 2 * math.log(self.rho) + 1) + logs / 2
        return value, 2 * p - 2 * value, math.log(n) * p - 2 * value

    def _notes(self, weights: WeightKind, robust: Robust | None) -> tuple[str, ...]:
        triangle, notes = self.triangle, []
        unknown = math.isnan(triangle.log_weights)
        if self.is_exact:
            notes.append(
                f"The fit is exact to rounding: residuals are at most {number(self.residual_sd, 2)}, all that float64 can tell of numbers of this size. "
                "Standard errors, t and F are bounds by that rounding; there is no noise to judge by."
            )
        elif robust is not None:
            notes.append(
                f"Standard errors are {robust}, right also where the errors' variance differs from row to row; t and p are by Student's t, F is "
                "Wald's statistic."
            )
        if (
            triangle.total_weight != triangle.row_count
            or (triangle.log_weights and not unknown)
            or weights == "frequency"
        ):
            notes.append(
                f"Weights are frequencies: n is their sum, {number(self.rows)}."
                if weights == "frequency"
                else f"Weights are precisions: a row's variance is s²/weight, and n counts the {triangle.row_count:,} rows of weight above 0."
            )
        if unknown and weights == "precision" and not self.is_exact:
            notes.append(
                "No log-likelihood, AIC and BIC: the triangle's file is of an earlier version and does not hold Σ log w."
            )
        if not self.basis.fit_intercept:
            notes.append(
                "Without intercept R² and F compare with 0 and not with the mean: they are not to be compared with those of a model with one."
            )
        if self._r_squared()[0] is None:
            notes.append("The target does not vary, so there is no R².")
        return tuple(notes)


def _ratio(values: FloatArray, errors: FloatArray) -> FloatArray:
    """values / errors; 0/0 is 0: nothing tells such a coefficient from 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values == 0, 0.0, values / errors)
