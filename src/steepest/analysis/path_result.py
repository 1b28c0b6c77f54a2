"""Path result: the sparse models of every penalty with their held-out errors, and which of them to choose."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_models import PathModels
from steepest.errors import UsageError
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.frame import Library, frame
from steepest.support.looks import on
from steepest.support.numerics import numeric
from steepest.support.values import frozen_property
from steepest.support.words import number, pluralize

if TYPE_CHECKING:
    from steepest.analysis.path_settings import PathChoice
    from steepest.views.pages.path_page import PathPage
    from steepest.views.plots import Display, PathPlotKind


@numeric
@dataclass(frozen=True, eq=False)
class Path(PathModels):
    """The result of `steepest.path`: the models of every penalty, and which to choose.

    Args:
        triangle: of the rows learned from.
        solution: the path in the coordinates in force.
        standardize: whether inputs were standardized, inside each training fold.
        fit_intercept: whether the model has a bias.
        relaxed: whether the inputs in use were fitted anew by least squares.
        adaptive: the power of the adaptive lasso, or None.
        penalties: where held-out rows were predicted, falling, shape (K,).
        fold_mse: mean squared error of each fold, shape (K, folds).
        fold_weights: total weight of each fold's held-out rows, shape (folds,).
        folds: the fold in which each row was held out, shape (n,), -1 for none; None with a given validation set or none.
        others: of several l1_ratios the paths that predict held-out rows less well, in the order given.
    """

    penalties: FloatArray
    fold_mse: FloatArray = field(repr=False)
    fold_weights: FloatArray = field(repr=False)
    folds: NDArray[np.int64] | None = field(repr=False)
    others: "tuple[Path, ...]" = field(default=(), repr=False)

    def _told(self) -> Iterator[str]:
        yield f": {on(self.triangle.targets, self.triangle.features)}; {self.kind}, {pluralize(len(self.knots), 'knot')}"
        yield f"penalties from {number(self.knots[0])} to {number(self.knots[-1])}"
        if self.fold_mse.shape[1]:
            yield f"best: {self.best.line}"
            if self.one_standard_error.penalty != self.best.penalty:
                yield f"simplest within one standard error: {self.one_standard_error.line}"
        if self.fold_mse.shape[1] and len(self.penalties) > 1 and self.best.penalty == self.penalties[-1]:
            yield "the best is the smallest penalty that was tried: a smaller one, or none, may predict as well"
        if self.others:
            rest = [f"{number(one.l1_ratio)} ({number(one.cv_errors.min())})" for one in self.others]
            yield f"less good: l1_ratio {', '.join(rest)}"

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

    def page(self, *, choose: "PathChoice | float | None" = None, title: str = "") -> "PathPage":
        """Return the path as an interactive page: a slider along the penalty, the pictures, and the model at each.

        A notebook shows it by itself; `.save("report.html")` writes one file that works from disk without a network.

        Args:
            choose: which model is shown first, as `Model.of_path`; default: the best on held-out rows; without any the one of BIC, or
                the last where there is none.
            title: what the page is called.

        Raises:
            UsageError: an unknown choice, or one that this path does not have.

        Example:
            >>> import steepest
            >>> x = np.arange(20.0)[:, None]
            >>> steepest.path(x, x[:, 0] + np.cos(9 * x[:, 0])).page().html[:15]
            '<!DOCTYPE html>'
        """
        from steepest.views.pages.path_page import path_page  # noqa: PLC0415 - a page of a path, above it in the house

        return path_page(self, choose, title=title)

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
