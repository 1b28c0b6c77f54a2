"""Coefficient table: what the exact minimum of a loss says of each coefficient and how sure of it one may be, as a value."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.leverage import ErrorShape
from steepest.analysis.table_lines import facts, heading, notes_wrapped, p_in_words, statistic_in_words
from steepest.data.inputs import in_order
from steepest.data.offset import Offset
from steepest.errors import Option, UsageError
from steepest.objectives.losses import Joint, Loss
from steepest.support.arguments import as_float, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.looks import MOST_ROWS, html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import shorten, table

WeightKind = Literal["precision", "frequency"]
Robust = Literal["HC0", "HC1", "HC2", "HC3"]
SCALARS = (
    "confidence", "degrees_of_freedom", "residual_sd", "r_squared", "adjusted_r_squared", "f_statistic", "f_p_value", "log_likelihood", "aic", "bic",
    "condition_number", "standardized_condition_number", "durbin_watson", "total_weight",
)  # fmt: skip
"""Fields of least squares that are one number, in the order of the JSON."""
LOSS_SCALARS = (
    "confidence", "degrees_of_freedom", "deviance", "null_deviance", "pearson_chi_squared", "dispersion", "pseudo_r_squared", "likelihood_ratio",
    "likelihood_ratio_degrees_of_freedom", "likelihood_ratio_p_value", "log_likelihood", "aic", "bic",
    "condition_number", "standardized_condition_number", "total_weight",
)  # fmt: skip
"""The same of another loss."""
FIRST_ROWS = 5  # coefficients that a repr shows


@numeric
@dataclass(frozen=True, eq=False)
class Inference(Value):
    """The coefficient table of the exact minimum of a loss; `str()` is the table, `as_json()` its numbers.

        covariance = s²·(XᵀWX)⁻¹      s² = Σ w·r² / (n - p)      t = coefficient / standard error      squared loss
        covariance = (Σ w·ℓ''·x·xᵀ)⁻¹                            z = coefficient / standard error      others

    Made by `run.summary()` and `steepest.infer`. AIC and BIC are -2·log-likelihood + 2·p and + log(n)·p, where p
    counts the coefficients and not the variance (as statsmodels; R counts it too: 2 and log(n) more). What a loss does
    not have is None: the squares from `residual_sd` on of other losses, the deviances of squared loss.

    Args:
        target: name of the target.
        names: names of the p coefficients, the intercept first.
        coefficients: shape (p,), target units per feature unit; of the margin, where there is a link.
        standard_errors: shape (p,), in the coefficients' units.
        t_values: coefficient over standard error, shape (p,); z where `statistic` says so.
        p_values: two-sided, of Student's t with `degrees_of_freedom`, or of the normal distribution of a z, shape (p,).
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
        log_likelihood: at the largest: of normal errors, None of an exact fit; of classes or counts, None where targets
            and weights are no counts.
        aic: Akaike's criterion.
        bic: Schwarz's criterion.
        condition_number: λ_max/λ_min of the curvature (at the minimum) in the inputs as they are, the verdict's κ (the square of the
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
        level: what is predicted at the inputs' means (0 without intercept); of other losses the margin there.
        loss_kind: of another loss than squares, which.
        deviance: twice what the log-likelihood lacks to that of a model with a mean of its own for every row.
        null_deviance: the deviance of the intercept alone (of margins of 0 without intercept).
        pearson_chi_squared: Σ w·(y - mean)²/variance, with the variance that the loss supposes.
        dispersion: that over the degrees of freedom: near 1 where counts vary as the loss supposes.
        pseudo_r_squared: McFadden's, 1 - log-likelihood / log-likelihood of the intercept alone.
        likelihood_ratio: null deviance - deviance, χ² with as many degrees of freedom as slopes were these all 0.
        likelihood_ratio_degrees_of_freedom: the number of slopes.
        likelihood_ratio_p_value: the probability of a larger one were all slopes 0.

    Source: Seber, Lee, "Linear Regression Analysis", 2nd edition, chapters 3 to 5; Belsley, Kuh, Welsch, "Regression
    Diagnostics", 1980; McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, chapters 2 and 4.
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
    residual_sd: float | None
    r_squared: float | None
    adjusted_r_squared: float | None
    f_statistic: float | None
    f_degrees_of_freedom: tuple[int, float] | None
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
    loss_kind: Loss | None = field(default=None, repr=False)
    deviance: float | None = None
    null_deviance: float | None = None
    pearson_chi_squared: float | None = None
    dispersion: float | None = None
    pseudo_r_squared: float | None = None
    likelihood_ratio: float | None = None
    likelihood_ratio_degrees_of_freedom: int | None = None
    likelihood_ratio_p_value: float | None = None

    @property
    def loss(self) -> str:
        """Name of the loss, "squared" or "logistic" for example."""
        return "squared" if self.loss_kind is None else self.loss_kind.name

    @property
    def statistic(self) -> Literal["t", "z"]:
        """What `t_values` are: "t", or "z" of other losses than squares, by the normal distribution."""
        return "t" if self.loss_kind is None else "z"

    def predict(
        self,
        X: ArrayLike,
        kind: Literal["prediction", "mean"] | None = None,
        confidence: float | None = None,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what the exact answer predicts at X, with limits: (fit, lower, upper), each of shape (n,).

            mean:         fit ± t·s·√(qᵀq)            where the line itself is
            prediction:   fit ± t·s·√(1 + qᵀq)        where a new row (of weight 1) will lie; qᵀq is its leverage

        Of other losses than squares the limits of the margin go through the link: those of a probability stay within 0 and 1.

        Args:
            X: inputs, shape (n, d), in the data's own units.
            kind: "prediction" (default of squared loss) or "mean" (the only one of others).
            confidence: share of intervals that hold what they are for; default: the table's.
            offset, exposure: of another loss than squares, one of them, shape (n,), as `Trajectory.predict` takes them.

        Raises:
            UsageError: kind or confidence is outside its range.
            DataError: X has another number of columns, or holds NaN or inf.
        """
        if kind is None:
            kind = "prediction" if self.loss_kind is None else "mean"
        check_word("kind", kind, ("prediction", "mean"))
        if kind == "prediction" and self.loss_kind is not None:
            raise UsageError(
                f'limits of a new row are known of squared loss; of {self.loss} loss only those of the mean, kind="mean".'
            )
        if isinstance(self.loss_kind, Joint):
            raise UsageError(
                "limits of the probabilities of several classes are not known. Ask the run itself: run.predict."
            )
        confidence = check_confidence(self.confidence if confidence is None else confidence)
        basis = self.shape.basis
        inputs = in_order(X, self.names[1:] if basis.fit_intercept else self.names)
        slopes = self.coefficients[1:] if basis.fit_intercept else self.coefficients
        # from the means on: an intercept that is far away would leave its rounding
        fit = self.level + ((inputs - basis.centre) - basis.tails) @ slopes
        beside = Offset.of(offset, exposure)
        if beside is not None:
            fit = fit + beside.for_rows(len(fit), self.loss_kind is not None)
        error = self.shape.deviations(inputs)
        if kind == "prediction" and self.residual_sd is not None:
            error = np.hypot(error, self.residual_sd)
        reach = quantile(confidence, self.degrees_of_freedom if self.loss_kind is None else math.inf) * error
        limits = fit, fit - reach, fit + reach
        return limits if self.loss_kind is None else tuple(map(self.loss_kind.mean, limits))  # type: ignore[return-value]

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
            "loss": self.loss,
            **{name: _finite(getattr(self, name)) for name in (SCALARS if self.loss_kind is None else LOSS_SCALARS)},
            **({} if self.f_degrees_of_freedom is None else {"f_degrees_of_freedom": list(self.f_degrees_of_freedom)}),
            "rows": self.row_count,
            "weights": self.weights,
            "robust": self.robust,
            "is_exact": self.is_exact,
            "notes": list(self.notes),
        }

    def _told(self) -> Iterator[str]:
        yield f": {heading(self)}"
        yield from table(self._header(), self._rows(FIRST_ROWS)).splitlines()
        if len(self.names) > FIRST_ROWS:
            yield f"… and {len(self.names) - FIRST_ROWS:,} more; print() shows all, to_frame() makes a data frame"
        yield from (f"  {line}" for line in facts(self)[:2])

    def _repr_html_(self) -> str:
        """What a notebook shows: the table."""
        notes = [*facts(self), *self.notes]
        more = len(self.names) - MOST_ROWS
        if more > 0:
            notes.append("to_frame() has all of them.")
        return html_table(heading(self), self._header(), self._rows(), notes)

    def __str__(self) -> str:
        return "\n".join(
            [
                heading(self),
                table(self._header(), self._rows()),
                *(f"  {line}" for line in facts(self)),
                *notes_wrapped(self),
            ]
        )

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Return the table in texts: its header, and a row for each coefficient."""
        return list(self._header()), [list(row) for row in self._rows()]

    def _header(self) -> tuple[str, ...]:
        share = f"{100 * self.confidence:.6g}%"
        return ("", "coefficient", "standard error", self.statistic, "p", f"{share} from", "to")

    def _rows(self, most: int | None = None) -> list[tuple[str, ...]]:
        """Each coefficient in texts, or the first of them."""
        return [
            (shorten(name), f"{b:.7g}", f"{e:.4g}", statistic_in_words(t), p_in_words(p), f"{low:.6g}", f"{high:.6g}")
            for name, b, e, t, p, low, high in zip(*(column[:most] for column in self._columns().values()), strict=True)
        ]

    def _columns(self) -> dict[str, Any]:
        """The columns of the table by name."""
        return {
            "name": self.names,
            "coefficient": self.coefficients,
            "standard_error": self.standard_errors,
            self.statistic: self.t_values,
            "p": self.p_values,
            "lower": self.lower,
            "upper": self.upper,
        }

    def to_frame(self, library: Library | None = None) -> Any:
        """Return the table as a data frame: name, coefficient, standard_error, t (or z), p, lower, upper; a row a coefficient.

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


def check_confidence(confidence: float, name: str = "confidence") -> float:
    """Return a confidence that is a number between 0 and 1; `name` is that of its option.

    Raises:
        UsageError: it is none.
    """
    if not 0 < as_float(confidence) < 1:
        raise UsageError(Option(name) + f" must be a share between 0 and 1, such as 0.95; got {shown(confidence)}.")
    return as_float(confidence)


def quantile(confidence: float, degrees_of_freedom: float) -> float:
    """Return the t that Student's distribution exceeds, on either side, with probability 1 - confidence; the normal one's z for inf.

    Example:
        >>> round(quantile(0.95, 10), 6), round(quantile(0.95, math.inf), 6)
        (2.228139, 1.959964)
    """
    from scipy import special  # noqa: PLC0415 - only a summary needs it

    tail = (1 - confidence) / 2
    return float(-special.ndtri(tail) if degrees_of_freedom == math.inf else -special.stdtrit(degrees_of_freedom, tail))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
