"""M-estimate: the coefficient table of the exact minimum of a loss other than squares."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import lapack

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, quantile
from steepest.analysis.least_squares import ALIKE, SAME_ROWS
from steepest.analysis.leverage import Basis, ErrorShape
from steepest.analysis.likelihoods import LIKELIHOODS
from steepest.analysis.loss_pass import LossSums
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import HuberLoss, Joint, Loss
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.words import number, percent

FLAT = 1e-12  # of the largest diagonal of E: curvature that is no more than rounding
SPREAD_OUT = 1e-3  # probability of so large a Pearson χ² below which a note speaks of it


@dataclass(frozen=True, eq=False)
class MEstimate:
    """The minimum of a mean loss, with what its rows say there.

        Σ w·ℓ'(m)·x = 0          information = Σ w·ℓ''·x·xᵀ          meat = Σ (w·ℓ')²·x·xᵀ

    Args:
        triangle: the table.
        loss: ℓ.
        basis: coordinates in which the rows are orthonormal.
        target: what the parameters are about.
        names: of the parameters.
        parameters: the minimum, the intercept first, shape (p,), in the data's own units; of several classes those of each
            less those of one, one class after the other.
        level: the margin at the inputs' means.
        sums: over the rows.
        weights: what a weight means.
        robust: which robust covariance, or None.

    Source: Huber, "Robust Statistics", 1981, sections 6.3 (M-estimates) and 7.6 (their covariance in regression); White,
    "Maximum Likelihood Estimation of Misspecified Models", Econometrica 50 (1982).
    """

    triangle: Triangle
    loss: Loss
    basis: Basis
    target: str
    names: tuple[str, ...]
    parameters: FloatArray
    level: float
    sums: LossSums
    weights: WeightKind
    robust: Robust | None

    @property
    def rows(self) -> float:
        """n: rows, or W where weights are frequencies."""
        return self.triangle.total_weight if self.weights == "frequency" else float(self.triangle.row_count)

    @property
    def degrees_of_freedom(self) -> float:
        """n - p."""
        return self.rows - len(self.parameters)

    @property
    def is_likelihood(self) -> bool:
        """Whether the loss is minus the logarithm of a probability."""
        return self.loss.name in LIKELIHOODS

    def check_same_rows(self, mean_loss: float) -> None:
        """Raise DataError where the rows are others than those of the run, whose loss at the minimum is known."""
        sums, triangle = self.sums, self.triangle
        own = sums.value / sums.total_weight if sums.total_weight else math.nan
        same = (
            sums.row_count == triangle.row_count
            and abs(sums.total_weight - triangle.total_weight) <= ALIKE * triangle.total_weight
            and abs(own - mean_loss) <= SAME_ROWS * mean_loss + np.finfo(float).eps
        )
        if not same:
            raise DataError(
                f"the rows of the second look are not those of the run: {sums.row_count:,} of total weight {number(sums.total_weight)} with a mean loss of "
                f"{number(own)}, where the run has {triangle.row_count:,} of {number(triangle.total_weight)} with {number(mean_loss)}.",
                remedies.WEIGHTS,
            )

    @property
    def spread(self) -> FloatArray:
        """F with the parameters' covariance K·Kᵀ, K = R⁻¹·Fᵀ, shape (p, p), in the basis of R.

        F = E⁻ᵀ              of a likelihood: the inverse of the information EᵀE
        F = B·E⁻¹·E⁻ᵀ        HC0, and √(n/(n - p)) times that for HC1
        F = s·identity       of Huber's loss (his H1): s = κ·√(Σ w·ℓ'²/(n - p))/m, m the mean of ℓ'', κ = 1 + p/n·(variance of ℓ'')/m²
        """
        p = len(self.parameters)
        if self.robust is None and not self.is_likelihood:
            return self._hubers * np.eye(p)
        information = self.sums.information
        diagonal = np.abs(np.diag(information))
        if diagonal.min() <= FLAT * diagonal.max():
            raise DataError(
                f"standard errors are not defined: the {self.loss.name} loss is flat at its minimum in some direction, as where too few rows lie within δ.",
                "give a larger delta" if hasattr(self.loss, "delta") else "leave columns out",
            )
        inverse, _ = lapack.dtrtri(information)
        if self.robust is None:
            return np.asarray(inverse.T)
        correction = math.sqrt(self.rows / self.degrees_of_freedom) if self.robust == "HC1" else 1.0
        return np.asarray(correction * self.sums.meat @ inverse @ inverse.T)

    @property
    def _hubers(self) -> float:
        sums, n = self.sums, self.rows
        first, second = (total / n for total in sums.curvatures)
        if not first:
            raise DataError("standard errors are not defined: no row lies within δ.", "give a larger delta")
        kappa = 1 + len(self.parameters) / n * max(second - first**2, 0.0) / first**2
        return kappa * math.sqrt(sums.squared_slopes / self.degrees_of_freedom) / first

    def inference(self, confidence: float, condition_numbers: tuple[float, float]) -> Inference:
        """Return the coefficient table.

        Args:
            confidence: of the intervals.
            condition_numbers: raw and standardized.
        """
        from scipy import special  # noqa: PLC0415 - only a summary needs it

        shape = ErrorShape(self.basis, self.spread)
        root = shape.parameter_root
        errors = np.sqrt((root**2).sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(self.parameters == 0, 0.0, self.parameters / errors)
        reach = quantile(confidence, math.inf) * errors
        triangle = self.triangle
        return Inference(
            target=self.target,
            names=self.names,
            coefficients=self.parameters,
            standard_errors=errors,
            t_values=z,
            p_values=2 * special.ndtr(-np.abs(z)),
            lower=self.parameters - reach,
            upper=self.parameters + reach,
            confidence=confidence,
            covariance=root @ root.T,
            degrees_of_freedom=self.degrees_of_freedom,
            residual_sd=None,
            r_squared=None,
            adjusted_r_squared=None,
            f_statistic=None,
            f_degrees_of_freedom=None,
            f_p_value=None,
            **self._likelihood(),
            condition_number=condition_numbers[0],
            standardized_condition_number=condition_numbers[1],
            durbin_watson=None,
            row_count=triangle.row_count,
            total_weight=triangle.total_weight,
            weights=self.weights,
            robust=self.robust,
            is_exact=False,
            notes=self._notes(),
            shape=shape,
            level=self.level,
            loss_kind=self.loss,
        )

    def _likelihood(self) -> dict[str, Any]:
        """What a likelihood has: deviances, log-likelihood and what follows from them; None each where there is none."""
        from scipy import special  # noqa: PLC0415 - as above

        names = ("deviance", "null_deviance", "pearson_chi_squared", "dispersion", "log_likelihood", "aic", "bic")
        found: dict[str, Any] = dict.fromkeys((*names, "pseudo_r_squared"))
        if not self.is_likelihood:
            return found
        sums, p, joint = self.sums, len(self.parameters), isinstance(self.loss, Joint)
        intercepts = (len(self.triangle.targets) - 1 if joint else 1) * self.basis.fit_intercept
        dispersion = sums.pearson / self.degrees_of_freedom
        found |= zip(names, (2 * sums.excess, 2 * sums.null_excess, sums.pearson, dispersion), strict=False)
        if joint:  # a row has several squares
            found |= {"pearson_chi_squared": None, "dispersion": None}
        if math.isnan(sums.log_best):
            return found
        value, null = sums.log_best - sums.excess, sums.log_best - sums.null_excess
        found |= {"log_likelihood": value, "aic": 2 * p - 2 * value, "bic": math.log(self.rows) * p - 2 * value}
        ratio, slopes = 2 * max(sums.null_excess - sums.excess, 0.0), p - intercepts
        if slopes:
            found |= {
                "likelihood_ratio": ratio,
                "likelihood_ratio_degrees_of_freedom": slopes,
                "likelihood_ratio_p_value": float(special.chdtrc(slopes, ratio)),
            }
        return found | ({"pseudo_r_squared": 1 - value / null} if null else {})

    def _notes(self) -> tuple[str, ...]:
        notes, triangle = [], self.triangle
        if self.robust is not None:
            also = "; deviances and what follows from them suppose it" if self.is_likelihood else ""
            notes.append(
                f"Standard errors are {self.robust}, right also where targets vary otherwise than the loss supposes{also}."
            )
        elif not self.is_likelihood:
            notes.append(
                "Standard errors are Huber's for an M-estimate (H1), with δ as given; they suppose errors of the same distribution in every row."
            )
        if isinstance(self.loss, HuberLoss):
            whose = "rows' weight lies" if _is_weighted(triangle) else "rows lie"
            notes.append(f"{percent(self.sums.beyond / self.sums.total_weight)} of the {whose} beyond δ.")
        notes.extend(self._of_weights())
        if self.is_likelihood and math.isnan(self.sums.log_best):
            notes.append(
                "No log-likelihood, AIC and BIC: "
                + ("targets" if self.weights == "frequency" else "targets times weights")
                + " are no whole numbers, so they are no counts with a probability."
            )
        if self.is_likelihood and not self.basis.fit_intercept:
            notes.append(
                "Without intercept the null deviance, pseudo R² and likelihood ratio compare with margins of 0."
            )
        notes.extend(self._of_dispersion())
        return tuple(notes)

    def _of_weights(self) -> tuple[str, ...]:
        triangle = self.triangle
        if self.weights == "frequency":
            return (f"Weights are frequencies: n is their sum, {number(self.rows)}.",)
        if not _is_weighted(triangle):
            return ()
        meaning = {
            "logistic": "numbers of trials, of which the target is a share",
            "poisson": "exposures, of which the target is a rate",
            "multinomial": "numbers of trials, of which the targets are shares",
        }
        said = meaning.get(self.loss.name, "factors of the loss")
        return (f"Weights are {said}; n counts the {triangle.row_count:,} rows of weight above 0.",)

    def _of_dispersion(self) -> tuple[str, ...]:
        """Say where counts vary more than the loss supposes; of classes 0 and 1 the sum says nothing."""
        from scipy import special  # noqa: PLC0415 - as above

        sums, df = self.sums, self.degrees_of_freedom
        if self.robust is not None or not self.is_likelihood or isinstance(self.loss, Joint):
            return ()
        if self.loss.name == "logistic" and not sums.between:
            return ()
        if special.chdtrc(df, sums.pearson) > SPREAD_OUT:
            return ()
        times = sums.pearson / df
        return (
            f"Targets vary {number(times, 3)} times as much as the {self.loss.name} loss supposes, so standard errors are too small, "
            f"by a factor of some {number(math.sqrt(times), 3)}; those of HC1 do not suppose it.",
        )


def check_loss(loss: Loss, triangle: Triangle, weights: WeightKind, robust: str | None) -> None:
    """Refuse what has no standard errors: a loss that nobody knows without robust ones, weights that mean nothing.

    Raises:
        UsageError: says which, and what to do.
    """
    known = loss.name in LIKELIHOODS or isinstance(loss, HuberLoss)
    if robust in ("HC2", "HC3"):
        raise UsageError(f'of {loss.name} loss there are "HC0" and "HC1"; {robust} is of squared loss.', remedies.HC1)
    if not known and robust is None:
        raise UsageError(f"nothing is known of how targets vary around a {loss.name} loss.", remedies.HC1)
    if isinstance(loss, HuberLoss) and _is_weighted(triangle) and weights == "precision" and robust is None:
        raise UsageError(
            "a weight of Huber's loss is a factor of the loss, and says nothing of the variance of a row.",
            'say that a row of weight 2 is there twice (weights="frequency")',
            remedies.HC1,
        )


def _is_weighted(triangle: Triangle) -> bool:
    """Whether some row weighs other than 1."""
    return triangle.total_weight != triangle.row_count or triangle.log_weights != 0
