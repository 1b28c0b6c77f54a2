"""Path result: the sparse models of every penalty as a value: knots, coefficients, held-out errors, the choice."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.analysis.path_degrees import ranks, shrunk_columns
from steepest.analysis.path_model import SparseModel
from steepest.errors import DataError, UsageError
from steepest.objectives.solution_path import ROUNDING, SolutionPath, refit
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.looks import on
from steepest.support.numerics import numeric
from steepest.support.values import Value, frozen_property
from steepest.support.words import number, pluralize

if TYPE_CHECKING:
    from steepest.views.plots import Display, PathPlotKind


@numeric
@dataclass(frozen=True, eq=False)
class Path(Value):
    """The result of `steepest.path`.

    Args:
        triangle: of the rows learned from.
        solution: the path in the coordinates in force.
        penalties: where held-out rows were predicted, falling, shape (K,).
        fold_mse: mean squared error of each fold, shape (K, folds).
        fold_weights: total weight of each fold's held-out rows, shape (folds,).
        folds: the fold in which each row was held out, shape (n,), -1 for none; None with a given validation set or none.
        standardize: whether inputs were standardized, inside each training fold.
        fit_intercept: whether the model has a bias.
        relaxed: whether the inputs in use were fitted anew by least squares.
        adaptive: the power of the adaptive lasso, or None.
        others: of several l1_ratios the paths that predict held-out rows less well, in the order given.
    """

    triangle: Triangle = field(repr=False)
    solution: SolutionPath = field(repr=False)
    penalties: FloatArray
    fold_mse: FloatArray = field(repr=False)
    fold_weights: FloatArray = field(repr=False)
    folds: NDArray[np.int64] | None = field(repr=False)
    standardize: bool = False
    fit_intercept: bool = True
    relaxed: bool = False
    adaptive: float | None = None
    others: "tuple[Path, ...]" = field(default=(), repr=False)

    def _told(self) -> Iterator[str]:
        yield f": {on(self.triangle.targets, self.triangle.features)}; {self.kind}, {pluralize(len(self.knots), 'knot')}"
        yield f"penalties from {number(self.knots[0])} to {number(self.knots[-1])}"
        if self.fold_mse.shape[1]:
            yield f"best: {self.best.line}"
            if self.one_standard_error.penalty != self.best.penalty:
                yield f"simplest within one standard error: {self.one_standard_error.line}"
        if self.others:
            rest = [f"{number(one.l1_ratio)} ({number(one.cv_errors.min())})" for one in self.others]
            yield f"less good: l1_ratio {', '.join(rest)}"

    @property
    def kind(self) -> str:
        """ "lasso", or "elastic net, l1_ratio …", with "positive", "adaptive" or "relaxed" in front."""
        problem = self.solution.problem
        name = "lasso" if problem.l1_ratio == 1 else f"elastic net, l1_ratio {number(problem.l1_ratio)}"
        words = {"positive": problem.positive, "adaptive": self.adaptive is not None, "relaxed": self.relaxed}
        return " ".join([*(word for word, is_so in words.items() if is_so), name])

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the d inputs."""
        return self.triangle.features

    @property
    def l1_ratio(self) -> float:
        """Share of the penalty that is l1."""
        return self.solution.problem.l1_ratio

    @property
    def knots(self) -> FloatArray:
        """Penalties, falling, between which every coefficient of a lasso is linear; of an elastic net those computed, shape (m,)."""
        return self.solution.knots

    @property
    def is_linear_between_knots(self) -> bool:
        """Whether the knots say all of the path: of a lasso that was followed exactly."""
        return self.l1_ratio == 1 and self.solution.method == "homotopy"

    @property
    def largest_penalty(self) -> float:
        """From here on every penalized coefficient is 0."""
        return self.solution.problem.largest_penalty

    @property
    def coordinates(self) -> Coordinates:
        """The inputs whose coefficients are penalized."""
        name = "standardized" if self.standardize else "raw"
        return self.triangle.coordinates(name, fit_intercept=self.fit_intercept)  # type: ignore[arg-type]

    def coefficients(self, penalty: ArrayLike) -> FloatArray:
        """Return the coefficients at a penalty in the data's own units, shape (d,); at K penalties shape (K, d).

        Raises:
            UsageError: a penalty is no number, or lies below the path's last.
        """
        return self._models(penalty)[0]

    def bias(self, penalty: ArrayLike) -> FloatArray:
        """Return the bias at a penalty, in the target's units: a number, or shape (K,).

        Raises:
            UsageError: as `coefficients`.
        """
        return self._models(penalty)[1]

    def _models(self, penalty: ArrayLike) -> tuple[FloatArray, FloatArray]:
        wanted = self._checked(penalty)
        ways = self.solution.at(wanted)
        ways = refit(self.solution.problem, ways) if self.relaxed else ways
        weights, biases = in_own_units(self.triangle, self.coordinates, ways)
        return (weights, biases) if np.ndim(penalty) else (weights[0], biases[0])

    def _checked(self, penalty: ArrayLike) -> FloatArray:
        values = [as_float(value) for value in np.ravel(np.asarray(penalty, dtype=object))]
        last = float(self.knots[-1])
        if not all(0 <= value < math.inf for value in values):
            raise UsageError(f"penalty must be a finite number, 0 or larger; got {shown(penalty)}.")
        if any(value < last * (1 - ROUNDING) for value in values):
            raise UsageError(
                f"the path was followed down to {number(last)}; got {shown(penalty)}.", remedies.SMALLER_PENALTIES
            )
        return np.maximum(values, last)

    def degrees_of_freedom(self, penalty: ArrayLike) -> FloatArray:
        """Return the effective number of coefficients, the bias not counted: a number, or shape (K,).

            tr(Aₚ·(AₚᵀAₚ + diag(l2ₚ))⁻¹·Aₚᵀ),  P the columns in use: of a lasso their number

        Source: Zou, Hastie, Tibshirani, "On the degrees of freedom of the lasso", Ann. Stat. 35 (2007); with l2: Tibshirani, Taylor,
        "Degrees of freedom in lasso problems", Ann. Stat. 40 (2012), section 3.
        """
        wanted, problem = self._checked(penalty), self.solution.problem
        used = (self.solution.at(wanted) != 0) | (problem.factors == 0)
        if problem.l1_ratio == 1:
            numbers = ranks(problem.design, used)
        else:
            numbers = np.empty(len(wanted))
            for place, value in enumerate(wanted):
                columns, l2 = problem.design[:, used[place]], problem.l2(value)[used[place]]
                numbers[place] = shrunk_columns(columns, l2)
        return numbers if np.ndim(penalty) else numbers[0]

    def rmse(self, penalty: ArrayLike) -> FloatArray:
        """Return √(Σ w r² / Σ w) of the rows learned from, in the target's units: a number, or shape (K,)."""
        weights, biases = self._models(np.atleast_1d(penalty))
        found = self.triangle.rmse_of(weights.T, biases)
        return found if np.ndim(penalty) else found[0]

    @frozen_property
    def noise_variance(self) -> float:
        """σ² of least squares on all inputs: Σ w r² / Σ w · n / (n - rank), in squared units of the target.

        Raises:
            DataError: there are no more rows than coefficients.
        """
        problem, n = self.solution.problem, self.triangle.row_count
        w, _, rank, _ = np.linalg.lstsq(problem.design, problem.response, rcond=None)
        left = n - int(rank) - self.fit_intercept
        if left <= 0:
            raise DataError(
                f"{pluralize(n, 'row')} leave nothing to tell the noise from, beside {pluralize(int(rank), 'coefficient')}.",
                "choose by held-out rows",
            )
        return float((((problem.design @ w - problem.response) ** 2).sum() + problem.rest) * n / left)

    def aic(self, penalty: ArrayLike) -> FloatArray:
        """Return Akaike's criterion: n·log(2πσ²) + SSE/σ² + 2·degrees of freedom, as scikit-learn's LassoLarsIC."""
        return self._criterion(penalty, 2.0)

    def bic(self, penalty: ArrayLike) -> FloatArray:
        """Return the Bayesian criterion: n·log(2πσ²) + SSE/σ² + log(n)·degrees of freedom, as scikit-learn's LassoLarsIC."""
        return self._criterion(penalty, math.log(self.triangle.row_count))

    def cp(self, penalty: ArrayLike) -> FloatArray:
        """Return Mallows' Cp: SSE/σ² - n + 2·degrees of freedom."""
        n = self.triangle.row_count
        return self.aic(penalty) - n * math.log(2 * math.pi * self.noise_variance) - n

    def _criterion(self, penalty: ArrayLike, price: float) -> FloatArray:
        if self.relaxed:
            raise UsageError(
                "inputs that were chosen and then fitted anew cost more degrees of freedom than their number, and nobody knows how many.",
                "choose by held-out rows",
            )
        n, variance = self.triangle.row_count, self.noise_variance
        errors = n * self.rmse(penalty) ** 2 / variance
        return np.asarray(n * math.log(2 * math.pi * variance) + errors + price * self.degrees_of_freedom(penalty))

    @frozen_property
    def cv_rmse(self) -> FloatArray:
        """Held-out RMSE over all folds at each of `penalties`, shape (K,); nan where no row was held out."""
        if not self.fold_mse.shape[1]:
            return np.full(len(self.penalties), math.nan)
        return np.asarray(np.sqrt(self.fold_mse @ (self.fold_weights / self.fold_weights.sum())))

    @property
    def cv_errors(self) -> FloatArray:
        """What the best of `penalties` has the least of: cv_rmse; with another loss cv_loss."""
        return self.cv_rmse

    @property
    def measure(self) -> str:
        """What `cv_errors` are: "RMSE", or "logistic loss" for example."""
        return "RMSE"

    @property
    def error_names(self) -> tuple[str, str]:
        """What the errors are called, of the rows learned from and of those held out: "rmse" and "cv_rmse"."""
        return "rmse", "cv_rmse"

    @frozen_property
    def standard_errors(self) -> FloatArray:
        """Standard error of each cv_rmse: that of the folds' mean squared errors over 2·cv_rmse; nan with one set, shape (K,)."""
        count = self.fold_mse.shape[1]
        if count < 2:
            return np.full(len(self.penalties), math.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.fold_mse.std(axis=1, ddof=1) / math.sqrt(count) / (2 * self.cv_rmse))

    @frozen_property
    def best(self) -> SparseModel:
        """The model with the smallest held-out RMSE of `penalties`; of equal ones that of the largest penalty.

        Raises:
            UsageError: no row was held out.
        """
        self._check_held_out()
        return self._model_at(int(self.cv_errors.argmin()))

    @frozen_property
    def one_standard_error(self) -> SparseModel:
        """The model of the largest penalty whose held-out RMSE is within one standard error of the best.

        Source: Breiman, Friedman, Olshen, Stone, "Classification and Regression Trees", 1984, section 3.4.3.
        """
        self._check_held_out()
        best = int(self.cv_errors.argmin())
        spread = self.standard_errors[best]
        within = self.cv_errors <= self.cv_errors[best] + (0.0 if math.isnan(spread) else spread)
        return self._model_at(int(within.argmax()))

    def _check_held_out(self) -> None:
        if not self.fold_mse.shape[1]:
            raise UsageError(
                "no row was held out, so no penalty is best.",
                remedies.HOLD_OUT,
                remedies.CRITERION,
            )

    def _one(self, penalty: object) -> float:
        if np.ndim(penalty):  # type: ignore[arg-type]
            raise UsageError(f"penalty must be one number; got {shown(penalty)}.")
        return float(self._checked(penalty)[0])  # type: ignore[arg-type]

    def model(self, penalty: float) -> SparseModel:
        """Return the model of a penalty; its held-out error is known at one of `penalties`.

        Raises:
            UsageError: as `coefficients`.
        """
        one = self._one(penalty)
        place = np.flatnonzero(self.penalties == one)
        return self._model_at(int(place[0])) if len(place) else self._model(one, math.nan, math.nan)

    def _model_at(self, place: int) -> SparseModel:
        return self._model(float(self.penalties[place]), float(self.cv_rmse[place]), float(self.standard_errors[place]))

    def _model(self, penalty: float, cv_rmse: float, standard_error: float) -> SparseModel:
        weights, bias = self._models(penalty)
        degrees, rmse = float(self.degrees_of_freedom(penalty)), float(self.rmse(penalty))
        return SparseModel(penalty, self.features, weights, float(bias), degrees, rmse, cv_rmse, standard_error)

    def gap(self, penalty: float) -> float:
        """Return the duality gap of the path at a penalty: no model is better by more, in squared units of the target."""
        at = self._one(penalty)
        return self.solution.problem.gap(self.solution.at(np.array([at]))[0], at)

    def plot(self, kind: "PathPlotKind" = "coefficients", *, ax: Any = None, **options: Any) -> "Display":
        """Draw a picture and return it.

        Args:
            kind: "coefficients" over the penalty, or "held_out": the held-out error over it.
            ax: matplotlib's axes to draw on; default: a figure of its own.
            options: what else `from_path` of the picture's class takes, such as title.

        Raises:
            UsageError: the kind is unknown, or no row was held out.

        Example:
            >>> import steepest
            >>> x = np.arange(20.0)[:, None]
            >>> steepest.path(x, x[:, 0] + np.cos(9 * x[:, 0])).plot("coefficients")
            CoefficientPathDisplay 'lasso' of 1 coefficient, 1 of them ever in use: penalties 33.1 to 0.0331
        """
        from steepest.views.plots import plot_path  # noqa: PLC0415 - a picture of a path, above it in the house

        return plot_path(self, kind, ax=ax, **options)

    def columns(self) -> dict[str, Any]:
        """Return the models at `penalties` by column: penalty, cv_rmse, standard_error, rmse, in_use, bias and each coefficient.

        An input that is called as one of the others stands as "coefficient of NAME".
        """
        weights, biases = self._models(self.penalties)
        columns = {
            "penalty": self.penalties,
            "cv_rmse": self.cv_rmse,
            "standard_error": self.standard_errors,
            "rmse": self.rmse(self.penalties),
            "in_use": (weights != 0).sum(axis=1),
            "bias": biases,
        }
        labels = [f"coefficient of {name}" if name in columns else name for name in self.features]
        return columns | dict(zip(labels, weights.T, strict=True))

    def to_frame(self, library: Library | None = None) -> Any:
        """Return every one of `penalties` as a row of a data frame, whose columns are those of `columns`.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them that is installed.

        Raises:
            UsageError: the library is unknown or not installed; says what to install.
        """
        return frame(self.columns(), library)


def in_own_units(triangle: Triangle, coordinates: Coordinates, ways: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights (K, d) and biases (K,) in the data's own units of K models in some coordinates, (K, d).

    The bias is the best one for the weights: mean of y - means of x · weights.
    """
    weights = ways / coordinates.scale
    d = len(triangle.features)
    if not coordinates.fit_intercept:
        return weights, np.zeros(len(weights))
    return weights, triangle.means[d] - weights @ triangle.means[:d]
