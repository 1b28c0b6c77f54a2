"""Regression: what the regressors share: targets that are numbers in, predictions and a score out."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _check_sample_weight

from steepest.data.inputs import target_names
from steepest.data.sources.arrays import ArraySource
from steepest.errors import DataWarning
from steepest.estimators.linear import LinearEstimator
from steepest.estimators.refusals import as_targets, refuse_targets
from steepest.objectives.losses import Loss, PoissonLoss
from steepest.support.arrays import FloatArray
from steepest.support.notices import warn


class LinearRegressor(MultiOutputMixin, RegressorMixin, LinearEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A linear model of numbers, fitted by a run of gradient descent."""

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return X @ coef_.T + intercept_; with loss="poisson" the expected counts, its exponential.

        Args:
            X: inputs, dense or sparse, shape (n, d).

        Returns:
            shape (n,), or (n, t) where y had several columns; target units.

        Raises:
            NotFittedError: `fit` has not been called.
            ValueError: X has other columns than in `fit`, NaN or inf.
        """
        margin, loss = self._margin(X), self._fitted_loss()
        return margin if loss is None else loss.mean(margin)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R² = 1 - Σ w·(y - prediction)² / Σ w·(y - mean)² on given rows, averaged over several targets.

        With loss="poisson" it is the share of the deviance that is explained, as of scikit-learn's PoissonRegressor:

            D² = 1 - Σ w·ℓ(prediction, y) / Σ w·ℓ(mean, y)          ℓ is the Poisson loss, half the deviance

        Where y does not vary either is undefined; scikit-learn's 1.0 (exact) or 0.0 is returned, with a DataWarning.
        """
        y = as_targets(y)
        counts, targets = isinstance(self._fitted_loss(), PoissonLoss), np.zeros(0) if y is None else np.asarray(y)
        if targets.size and (targets == targets[:1]).all():
            name = "D²" if counts else "R²"
            warnings.warn(
                f"{name} is undefined here: y does not vary. What is returned is a convention.",
                DataWarning,
                stacklevel=2,
            )
        return (
            self._explained_deviance(X, targets, sample_weight) if counts else float(super().score(X, y, sample_weight))
        )

    def _explained_deviance(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None) -> float:
        loss, margin = PoissonLoss(), self._margin(X)
        refuse_targets(y)
        targets, weight = np.asarray(y, dtype=np.float64).reshape(margin.shape), _check_sample_weight(sample_weight, X)
        loss.check(targets)
        mean = np.average(targets, weights=weight)
        if (targets == targets[:1]).all():  # the mean alone is exact then, but for rounding
            return float((loss.mean(margin) == targets).all())
        left, least = (
            np.average(loss.value(m, targets), weights=weight) for m in (margin, np.full_like(margin, np.log(mean)))
        )
        return float(1 - left / least)

    def _chosen_loss(self) -> Loss | None:
        """The loss that the parameters ask for; None for squares."""
        return None

    def _fitted_loss(self) -> Loss | None:
        """The loss of the model, or of the fit that is under way; None for squares."""
        run = getattr(self, "trajectory_", None)
        return self._chosen_loss() if run is None else getattr(run.problem, "loss", None)

    def _rows(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool) -> ArraySource:
        """Check X, y and weights as scikit-learn does, and return them as a source; y (n, 1) counts as (n,)."""
        named, y = target_names(y), as_targets(y)
        refuse_targets(y)
        inputs, targets = self._checked(X, y, reset=reset, multi_output=True, y_numeric=True)
        if targets.ndim == 2 and targets.shape[1] == 1:
            warn(
                DataConversionWarning(
                    "A column-vector y was passed when a 1d array was expected. It is taken as shape (n_samples,); "
                    "pass y.ravel() to say so."
                )
            )
        weight = self._weights(sample_weight, inputs)
        return ArraySource.open(inputs, targets, weight=weight, features=self._names(inputs.shape[1]), target=named)
