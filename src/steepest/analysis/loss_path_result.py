"""Loss path result: the sparse models of a loss at every penalty, as a value, and the one that predicts held-out rows best."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.path_degrees import ranks, shrunk_columns
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_result import Path
from steepest.errors import UsageError
from steepest.objectives.conjugates import duality_gap
from steepest.objectives.loss_rows import mean_squares
from steepest.objectives.loss_solution_path import LossSolutionPath
from steepest.objectives.losses import Loss
from steepest.objectives.touching_quadratic import TouchingQuadratic
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.values import frozen_property
from steepest.support.words import number, pluralize, shorten

LIKELIHOODS = ("logistic", "poisson")  # losses that are minus a log-likelihood, up to what the targets alone say


@dataclass(frozen=True, eq=False)
class SparseLossModel(SparseModel):
    """One model of a path of a loss other than squares; coefficients are of margins, as those of the loss.

    Args:
        loss: what it is called.
        mean_loss: Σ w·ℓ / Σ w of the rows learned from, without the penalty.
        cv_loss: held-out Σ w·ℓ / Σ w over all folds; nan where no row was held out. The standard error is of it.
    """

    loss: str
    mean_loss: float
    cv_loss: float

    def _told(self) -> Iterator[str]:
        yield f": penalty {number(self.penalty)}, {pluralize(len(self.active), 'input')} of {len(self.features)}"
        held = "" if math.isnan(self.cv_loss) else f", held out {number(self.cv_loss)}"
        yield f"{self.loss} loss {number(self.mean_loss)}{held}"
        yield f"in use: {shorten(', '.join(self.active))}" if self.active else "no input is in use"


@numeric
@dataclass(frozen=True, eq=False)
class LossPath(Path):
    """The result of `steepest.path` with a loss other than squares: a `Path` whose penalties are chosen by their held-out loss.

    Args:
        solution: the path in the coordinates in force, with the rows, so that any penalty on the way can be asked for.
        loss: ℓ.
        fold_loss: mean loss of each fold, shape (K, folds).
        row_coordinates: those of the rows: the inputs in force, centred where there is a bias.
    """

    solution: LossSolutionPath = field(repr=False)  # type: ignore[assignment]
    loss: Loss = None  # type: ignore[assignment]  # fields after those with defaults need one
    fold_loss: FloatArray = field(repr=False, default=None)  # type: ignore[arg-type]
    row_coordinates: Coordinates = field(repr=False, default=None)  # type: ignore[assignment]

    @property
    def kind(self) -> str:
        """ "logistic lasso", or "logistic elastic net, l1_ratio …"."""
        return f"{self.loss.name} {super().kind}"

    def _models(self, penalty: ArrayLike) -> tuple[FloatArray, FloatArray]:
        weights, biases = self.row_coordinates.to_raw(self.solution.at(self._checked(penalty))[:, :, None])
        return (weights[..., 0], biases[..., 0]) if np.ndim(penalty) else (weights[0, :, 0], biases[0, 0])

    def mean_loss(self, penalty: ArrayLike) -> FloatArray:
        """Return Σ w·ℓ / Σ w of the rows learned from, without the penalty: a number, or shape (K,)."""
        wanted = self._checked(penalty)
        found = np.array([self.solution.minimum(float(value)).seen.value for value in wanted])
        return found if np.ndim(penalty) else found[0]

    def optimality(self, penalty: ArrayLike) -> FloatArray:
        """Return how far a penalty's model is from the conditions of a minimum, the largest of all inputs: a number, or shape (K,).

        slope_j = -l1_j·sign(w_j) where w_j ≠ 0,  |slope_j| ≤ l1_j where w_j = 0        computed from the rows
        """
        wanted = self._checked(penalty)
        found = np.array([self.solution.minimum(float(value)).optimality for value in wanted])
        return found if np.ndim(penalty) else found[0]

    def gap(self, penalty: float) -> float:
        """Return the duality gap at a penalty: no model's loss with its penalty is lower by more; inf for a loss of your own.

        Source: Friedman, Hastie, Tibshirani, J. Stat. Softw. 33 (2010); Fercoq, Gramfort, Salmon, ICML 2015, section 2.
        """
        at = self._one(penalty)
        return duality_gap(self.solution.problem, self.solution.minimum(at).seen, at)

    def degrees_of_freedom(self, penalty: ArrayLike) -> FloatArray:
        """Return the effective number of coefficients, the bias not counted: a number, or shape (K,).

            tr(Aₚ·(AₚᵀAₚ + diag(l2ₚ))⁻¹·Aₚᵀ),  P the columns in use, AᵀA the curvature of the loss: of a lasso their number

        Source: Zou, Hastie, Tibshirani, "On the degrees of freedom of the lasso", Ann. Stat. 35 (2007).
        """
        wanted, problem = self._checked(penalty), self.solution.problem
        numbers = np.zeros(len(wanted))
        for place, value in enumerate(wanted):
            theta = self.solution.minimum(float(value)).seen.theta
            used = np.flatnonzero((theta[problem.first :] != 0) | (problem.factors == 0))
            if len(used):
                touching = TouchingQuadratic.at(problem, theta, used)
                design, l2 = touching.problem.design, touching.problem.l2(value)
                is_lasso = problem.l1_ratio == 1
                numbers[place] = (
                    ranks(design, np.ones((1, len(used)), bool))[0] if is_lasso else shrunk_columns(design, l2)
                )
        return numbers if np.ndim(penalty) else numbers[0]

    def rmse(self, penalty: ArrayLike) -> FloatArray:
        """Return √(Σ w (mean - y)² / Σ w) of what is predicted for the rows learned from: a number, or shape (K,)."""
        found = np.sqrt(mean_squares(self.solution.problem.rows, self.solution.at(self._checked(penalty))))
        return found if np.ndim(penalty) else found[0]

    @frozen_property
    def cv_loss(self) -> FloatArray:
        """Held-out mean loss over all folds at each of `penalties`, shape (K,); nan where no row was held out."""
        if not self.fold_loss.shape[1]:
            return np.full(len(self.penalties), math.nan)
        return np.asarray(self.fold_loss @ (self.fold_weights / self.fold_weights.sum()))

    @property
    def cv_errors(self) -> FloatArray:
        """What the best of `penalties` has the least of: cv_loss."""
        return self.cv_loss

    @property
    def error_names(self) -> tuple[str, str]:
        """What the errors are called, of the rows learned from and of those held out: "mean_loss" and "cv_loss"."""
        return "mean_loss", "cv_loss"

    @property
    def is_linear_between_knots(self) -> bool:
        """No: it bends there."""
        return False

    @property
    def measure(self) -> str:
        """What `cv_errors` are: "logistic loss" for example."""
        return f"{self.loss.name} loss"

    @frozen_property
    def standard_errors(self) -> FloatArray:
        """Standard error of each cv_loss, by the folds' mean losses; nan with one set, shape (K,)."""
        count = self.fold_loss.shape[1]
        if count < 2:
            return np.full(len(self.penalties), math.nan)
        return np.asarray(self.fold_loss.std(axis=1, ddof=1) / math.sqrt(count))

    @property
    def noise_variance(self) -> float:
        """Of squared loss only.

        Raises:
            UsageError: always.
        """
        raise self._of_squares("the variance of the noise")

    def cp(self, penalty: ArrayLike) -> FloatArray:
        """Of squared loss only.

        Raises:
            UsageError: always.
        """
        raise self._of_squares("Mallows' Cp")

    def _of_squares(self, what: str) -> UsageError:
        others = ", aic or bic" if self.loss.name in LIKELIHOODS else ""
        return UsageError(
            f"{what} is of squared loss; this path is of {self.loss.name} loss.", "choose by held-out rows" + others
        )

    def aic(self, penalty: ArrayLike) -> FloatArray:
        """Return Akaike's criterion: 2·n·mean_loss + 2·degrees of freedom, up to a number that only the targets change.

        Raises:
            UsageError: the loss is no likelihood's.
        """
        return super().aic(penalty)

    def bic(self, penalty: ArrayLike) -> FloatArray:
        """Return the Bayesian criterion: 2·n·mean_loss + log(n)·degrees of freedom, up to a number that only the targets change.

        Raises:
            UsageError: the loss is no likelihood's.
        """
        return super().bic(penalty)

    def _criterion(self, penalty: ArrayLike, price: float) -> FloatArray:
        if self.loss.name not in LIKELIHOODS:
            raise UsageError(
                f"AIC and BIC are of a likelihood; a {self.loss.name} loss has none.", "choose by held-out rows"
            )
        return np.asarray(
            2 * self.triangle.row_count * self.mean_loss(penalty) + price * self.degrees_of_freedom(penalty)
        )

    def _model(self, penalty: float, cv_rmse: float, standard_error: float) -> SparseLossModel:
        plain = super()._model(penalty, cv_rmse, standard_error)
        place = np.flatnonzero(self.penalties == penalty)
        cv_loss = float(self.cv_loss[place[0]]) if len(place) else math.nan
        return SparseLossModel(
            **vars(plain), loss=self.loss.name, mean_loss=float(self.mean_loss(penalty)), cv_loss=cv_loss
        )

    def columns(self) -> dict[str, Any]:
        """Return the models at `penalties` by column: penalty, cv_loss, standard_error, mean_loss, in_use, bias and each coefficient.

        An input that is called as one of the others stands as "coefficient of NAME".
        """
        weights, biases = self._models(self.penalties)
        columns = {
            "penalty": self.penalties,
            "cv_loss": self.cv_loss,
            "standard_error": self.standard_errors,
            "mean_loss": self.mean_loss(self.penalties),
            "in_use": (weights != 0).sum(axis=1),
            "bias": biases,
        }
        labels = [f"coefficient of {name}" if name in columns else name for name in self.features]
        return columns | dict(zip(labels, weights.T, strict=True))
