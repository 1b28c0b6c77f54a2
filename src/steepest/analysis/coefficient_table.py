"""Coefficient table: what least squares says of each coefficient and how sure of it one may be, as a value."""

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.leverage import Basis
from steepest.data.inputs import in_order
from steepest.errors import Option, UsageError
from steepest.support.arguments import as_float, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.looks import MOST_ROWS, html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import number, pluralize, printable, shorten, table

WeightKind = Literal["precision", "frequency"]
Robust = Literal["HC0", "HC1", "HC2", "HC3"]
SCALARS = (
    "confidence", "degrees_of_freedom", "residual_sd", "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value", "log_likelihood", "aic", "bic",
    "condition_number", "standardized_condition_number", "durbin_watson", "total_weight",
)  # fmt: skip
"""Fields that are one number, in the order of the JSON."""
FIRST_ROWS = 5  # coefficients that a repr shows


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
        """K with covariance K·Kᵀ, shape (p, p), in the data's own units."""
        return self.basis.to_parameters(self.spread.T)

    def deviations(self, X: FloatArray) -> FloatArray:
        """Standard errors of the mean at each row of X (n, d), shape (n,), target units."""
        return np.asarray(np.sqrt(((self.basis.rows(X) @ self.spread.T) ** 2).sum(axis=1)))


@numeric
@dataclass(frozen=True, eq=False)
class Inference(Value):
    """The coefficient table of the exact least-squares answer; `str()` is the table, `as_json()` its numbers.

        covariance = s²·(XᵀWX)⁻¹      s² = Σ w·r² / (n - p)      t = coefficient / standard error

    Made by `run.summary()` and `steepest.infer`. AIC and BIC are -2·log-likelihood + 2·p and + log(n)·p, where p
    counts the coefficients and not the variance (as statsmodels; R counts it too: 2 and log(n) more).

    Args:
        target: name of the target.
        names: names of the p coefficients, the intercept first.
        coefficients: shape (p,), target units per feature unit.
        standard_errors: shape (p,), in the coefficients' units.
        t_values: coefficient over standard error, shape (p,).
        p_values: two-sided, of Student's t with `degrees_of_freedom`, shape (p,).
        lower: lower confidence limits, shape (p,).
        upper: upper confidence limits, shape (p,).
        confidence: share of such intervals that hold the true coefficient.
        covariance: of the coefficients, shape (p, p).
        degrees_of_freedom: rows (or, with frequency weights, W) less p.
        residual_sd: s, the standard deviation of the errors (of a row of weight 1), target units.
        r_squared: share of the target's sum of squares that is explained: about the mean, or about 0 without intercept;
            None where the target does not vary.
        adjusted_r_squared: 1 - (1 - R²)·(n - 1)/(n - p), or with n for n - 1 without intercept.
        f_statistic: of all slopes being 0; a Wald statistic with robust errors.
        f_degrees_of_freedom: of its numerator and denominator.
        f_p_value: the probability of a larger one were all slopes 0.
        log_likelihood: at the largest, of normal errors; None of an exact fit.
        aic: Akaike's criterion.
        bic: Schwarz's criterion.
        condition_number: λ_max/λ_min of the curvature in the inputs as they are, the verdict's κ (the square of the
            inputs' own condition number).
        standardized_condition_number: the same with every input at mean 0 and standard deviation 1.
        durbin_watson: Σ (e_i - e_{i-1})² / Σ e² in the rows' order, near 2 where neighbours have nothing in common; None
            without a second look at the rows.
        row_count: rows with a weight above 0.
        total_weight: W, the sum of their weights.
        weights: what a weight of 2 means: "precision" (half the variance) or "frequency" (the row twice).
        robust: "HC0" … "HC3", or None.
        is_exact: whether the residuals are no more than rounding; `residual_sd` and all that follows from it are then bounds.
        notes: what the reader should know, a sentence each.
        shape: how errors spread, for `predict`.
        level: what is predicted at the inputs' means (0 without intercept).

    Source: Seber, Lee, "Linear Regression Analysis", 2nd edition, chapters 3 to 5; Belsley, Kuh, Welsch, "Regression
    Diagnostics", 1980.
    """

    target: str
    names: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    lower: FloatArray
    upper: FloatArray
    confidence: float
    covariance: FloatArray
    degrees_of_freedom: float
    residual_sd: float
    r_squared: float | None
    adjusted_r_squared: float | None
    f_statistic: float | None
    f_degrees_of_freedom: tuple[int, float]
    f_p_value: float | None
    log_likelihood: float | None
    aic: float | None
    bic: float | None
    condition_number: float
    standardized_condition_number: float
    durbin_watson: float | None
    row_count: int
    total_weight: float
    weights: WeightKind
    robust: Robust | None
    is_exact: bool
    notes: tuple[str, ...]
    shape: ErrorShape = field(repr=False)
    level: float = field(repr=False)

    def predict(
        self, X: ArrayLike, kind: Literal["prediction", "mean"] = "prediction", confidence: float | None = None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what the exact answer predicts at X, with limits: (fit, lower, upper), each of shape (n,).

            mean:         fit ± t·s·√(qᵀq)            where the line itself is
            prediction:   fit ± t·s·√(1 + qᵀq)        where a new row (of weight 1) will lie; qᵀq is its leverage

        Args:
            X: inputs, shape (n, d), in the data's own units.
            kind: "prediction" or "mean".
            confidence: share of intervals that hold what they are for; default: the table's.

        Raises:
            UsageError: kind or confidence is outside its range.
            DataError: X has another number of columns, or holds NaN or inf.
        """
        check_word("kind", kind, ("prediction", "mean"))
        confidence = check_confidence(self.confidence if confidence is None else confidence)
        basis = self.shape.basis
        inputs = in_order(X, self.names[1:] if basis.fit_intercept else self.names)
        slopes = self.coefficients[1:] if basis.fit_intercept else self.coefficients
        # from the means on: an intercept that is far away would leave its rounding
        fit = self.level + ((inputs - basis.centre) - basis.tails) @ slopes
        error = self.shape.deviations(inputs)
        if kind == "prediction":
            error = np.hypot(error, self.residual_sd)
        reach = quantile(confidence, self.degrees_of_freedom) * error
        return fit, fit - reach, fit + reach

    def as_json(self) -> dict[str, Any]:
        """Return all numbers as JSON types; what is not finite becomes None."""
        columns = self._columns()
        names = columns.pop("name")
        rows = [
            {"name": name, **{key: _finite(float(values[j])) for key, values in columns.items()}}
            for j, name in enumerate(names)
        ]
        return {
            "target": self.target,
            "coefficients": rows,
            "covariance": [[_finite(value) for value in row] for row in self.covariance.tolist()],
            **{name: _finite(getattr(self, name)) for name in SCALARS},
            "f_degrees_of_freedom": list(self.f_degrees_of_freedom),
            "rows": self.row_count,
            "weights": self.weights,
            "robust": self.robust,
            "is_exact": self.is_exact,
            "notes": list(self.notes),
        }

    def _told(self) -> Iterator[str]:
        yield f": {self._heading()}"
        yield from table(self._header(), self._rows(FIRST_ROWS)).splitlines()
        if len(self.names) > FIRST_ROWS:
            yield f"… and {len(self.names) - FIRST_ROWS:,} more; print() shows all, to_frame() makes a data frame"
        yield from self._lines()[:2]

    def _repr_html_(self) -> str:
        """What a notebook shows: the table."""
        notes = [*(line.strip() for line in self._lines()), *self.notes]
        more = len(self.names) - MOST_ROWS
        if more > 0:
            notes.append("to_frame() has all of them.")
        return html_table(self._heading(), self._header(), self._rows(), notes)

    def __str__(self) -> str:
        return "\n".join(
            [self._heading(), table(self._header(), self._rows()), *self._lines(), *map(_wrapped, self.notes)]
        )

    def _heading(self) -> str:
        heading = f"Exact least squares of {shorten(self.target)} on {pluralize(self.row_count, 'row')}"
        return heading + (f", {self.robust} standard errors" if self.robust else "")

    def _header(self) -> tuple[str, ...]:
        share = f"{100 * self.confidence:.6g}%"
        return ("", "coefficient", "standard error", "t", "p", f"{share} from", "to")

    def _rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Each coefficient in texts, or the first of them."""
        return [
            (shorten(name), f"{b:.7g}", f"{e:.4g}", _t(t), _p(p), f"{low:.6g}", f"{high:.6g}")
            for name, b, e, t, p, low, high in zip(*(column[:most] for column in self._columns().values()), strict=True)
        ]

    def _columns(self) -> dict[str, Any]:
        """The columns of the table by name."""
        return {
            "name": self.names,
            "coefficient": self.coefficients,
            "standard_error": self.standard_errors,
            "t": self.t_values,
            "p": self.p_values,
            "lower": self.lower,
            "upper": self.upper,
        }

    def to_frame(self, library: Library | None = None) -> Any:
        """Return the table as a data frame: name, coefficient, standard_error, t, p, lower, upper; a row a coefficient.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them that is installed.

        Raises:
            UsageError: the library is unknown or not installed; says what to install.

        Example:
            >>> import steepest
            >>> table = steepest.infer([[1.0], [2.0], [3.0], [4.0]], [3.0, 4.0, 6.0, 8.0])
            >>> table.to_frame("pyarrow").column_names
            ['name', 'coefficient', 'standard_error', 't', 'p', 'lower', 'upper']
        """
        return frame(self._columns(), library)

    def _lines(self) -> list[str]:
        """What holds of the fit as a whole."""
        lines = [f"residual SD {number(self.residual_sd)} with {number(self.degrees_of_freedom)} degrees of freedom"]
        if self.r_squared is not None and self.adjusted_r_squared is not None:
            lines.append(f"R² {number(self.r_squared)}, adjusted {number(self.adjusted_r_squared)}")
        if self.f_statistic is not None and self.f_p_value is not None:
            q, df = self.f_degrees_of_freedom
            lines.append(
                f"F {number(self.f_statistic)} with {q} and {number(df)} degrees of freedom, p {_p(self.f_p_value)}"
            )
        if self.log_likelihood is not None and self.aic is not None and self.bic is not None:
            lines.append(
                f"log-likelihood {number(self.log_likelihood)}, AIC {number(self.aic)}, BIC {number(self.bic)}"
            )
        kappa = f"condition number {number(self.condition_number)}, standardized {number(self.standardized_condition_number)}"
        watson = "" if self.durbin_watson is None else f"; Durbin-Watson {number(self.durbin_watson, 4)}"
        return [f"  {line}" for line in (*lines, kappa + watson)]


def check_confidence(confidence: float, name: str = "confidence") -> float:
    """Return a confidence that is a number between 0 and 1; `name` is that of its option.

    Raises:
        UsageError: it is none.
    """
    if not 0 < as_float(confidence) < 1:
        raise UsageError(Option(name) + f" must be a share between 0 and 1, such as 0.95; got {shown(confidence)}.")
    return as_float(confidence)


def quantile(confidence: float, degrees_of_freedom: float) -> float:
    """Return the t that Student's distribution exceeds, on either side, with probability 1 - confidence.

    Example:
        >>> round(quantile(0.95, 10), 6)
        2.228139
    """
    from scipy import special  # noqa: PLC0415 - only a summary needs it

    return float(-special.stdtrit(degrees_of_freedom, (1 - confidence) / 2))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _wrapped(note: str) -> str:
    return textwrap.fill(printable(note), 118, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _t(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e6 else f"{value:.3g}"


def _p(value: float) -> str:
    return f"{value:.3g}" if value >= 1e-300 else "< 1e-300"
