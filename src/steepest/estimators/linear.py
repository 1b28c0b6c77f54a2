"""Linear: what every estimator of ours shares: checked rows in, a run's last state out, predictions."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from steepest.data.batch import check_finite
from steepest.data.inputs import by_name, columns_of, is_frame
from steepest.data.sources.matrices import is_sparse
from steepest.descent.record import log_spaced
from steepest.descent.state import Scalar
from steepest.descent.trajectory import Trajectory
from steepest.descent.verdict import Verdict
from steepest.errors import DataError, DivergenceError, UsageError
from steepest.estimators.refusals import refuse_columns, refuse_inputs
from steepest.objectives.problem import Problem
from steepest.support.arguments import as_int, check_flag, shown
from steepest.support.arrays import FloatArray
from steepest.support.notices import warn

NEAR = 1.01  # times the loss at the minimum: a run that hovers there is near enough
LOGGER = logging.getLogger("steepest")


def _numbers(sample_weight: object) -> Any:
    """Return sample weights, or the one of all rows, as doubles; raise UsageError where they are none."""
    given = np.asarray(sample_weight)
    if given.dtype.kind in "biufO":
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return given.astype(np.float64, copy=False)[()]  # one number for all rows stays a number
    raise UsageError(f"sample_weight takes one number a row; got {shown(sample_weight)}.")


def check_verbose(verbose: object) -> bool:
    """Return whether to log; raise UsageError where that is no truth value and no whole number."""
    number = as_int(verbose)
    return check_flag("verbose", verbose) if number is None else number > 0


def is_zero(tolerance: object) -> bool:
    """Say whether this is the number 0, by which scikit-learn means no tolerance; False is none."""
    return (
        not isinstance(tolerance, (bool, np.bool_))
        and isinstance(tolerance, (int, float, np.number))
        and tolerance == 0
    )


LOG_LINES = 20
MOST_EPOCHS_SHOWN = 100_000  # of a curve as an attribute; a longer one is thinned to log-spaced epochs


class LinearEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A linear model, margin = X·coef_ᵀ + intercept_, fitted by a run of gradient descent."""

    coef_: FloatArray
    intercept_: Scalar
    n_iter_: int
    feature_names_in_: NDArray[np.object_]
    trajectory_: Trajectory

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def verdict_(self) -> Verdict:
        """What became of the run, and what to change; `str()` is the sentence."""
        check_is_fitted(self)
        return self.trajectory_.verdict

    @property
    def loss_curve_epochs_(self) -> np.ndarray[Any, Any]:
        """The epochs of `loss_curve_`: 0 to the last, or 100,000 log-spaced ones of a longer run."""
        check_is_fitted(self)
        last = self.trajectory_.epochs
        return np.arange(last + 1) if last < MOST_EPOCHS_SHOWN else log_spaced(last, MOST_EPOCHS_SHOWN)

    @property
    def loss_curve_(self) -> FloatArray:
        """The objective on the training rows at `loss_curve_epochs_`, from the start, shape (K,) or (K, t)."""
        return self.trajectory_.loss(self.loss_curve_epochs_)

    def _margin(self, X: ArrayLike) -> FloatArray:
        """Return X @ coef_.T + intercept_ of checked rows, shape (n,) or (n, t)."""
        check_is_fitted(self)
        rows = self._checked(X, reset=False)
        self._refuse_infinite(rows)
        return np.asarray(rows @ self.coef_.T + self.intercept_)

    def _weights(self, sample_weight: ArrayLike | None, inputs: Any) -> FloatArray | None:
        """Return checked weights of rows, shape (n,), or None."""
        if sample_weight is None:
            return None
        return np.asarray(_check_sample_weight(_numbers(sample_weight), inputs, dtype=np.float64))

    def _checked(self, X: Any, *y: Any, reset: bool, **options: Any) -> Any:
        """Return X, and y where it is given, as scikit-learn checks them; data frames that it does not know as well."""
        refuse_inputs(X)
        options = {"accept_sparse": "csr", "ensure_all_finite": False, **options}
        columns = columns_of(X) if is_frame(X) else {}
        refuse_columns(columns)
        if not columns or hasattr(X, "iloc") or hasattr(X, "get_columns"):
            return validate_data(self, X, *y, reset=reset, **options)
        rows, known = by_name(columns, list(columns)), getattr(self, "feature_names_in_", None)
        if not reset and known is not None:
            # what scikit-learn would say of an array, that it has no names, is not true of this one
            if list(known) != list(columns):
                raise DataError(
                    f"the feature names should match those that were passed during fit: {', '.join(known[:20])}; "
                    f"X has {', '.join(list(columns)[:20])}. Select the columns in that order."
                )
            return check_X_y(rows, *y, **options) if y else check_array(rows, **options)
        checked = validate_data(self, rows, *y, reset=reset, **options)
        if reset:
            self.feature_names_in_ = np.array(list(columns), dtype=object)
        return checked

    def _names(self, columns: int) -> list[str]:
        """Names of the columns: those of the data frame, or x1, x2, …"""
        given = getattr(self, "feature_names_in_", None)
        return [f"x{j + 1}" for j in range(columns)] if given is None else [str(name) for name in given]

    def _refuse_infinite(self, rows: Any) -> None:
        """Raise ValueError where X holds NaN or inf, with count, row and column."""
        names = tuple(self._names(rows.shape[1]))
        if is_sparse(rows):
            bad = np.flatnonzero(~np.isfinite(rows.data))
            if bad.size:  # the first row alone is made dense
                row = int(np.searchsorted(rows.indptr, bad[0], side="right")) - 1
                check_finite(rows[row : row + 1].toarray(), names, row)
        elif rows.dtype.kind == "f":
            check_finite(rows, names)

    @contextlib.contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        """Put every attribute back where the block fails or is interrupted: fitted as before, or not at all."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _take(self, run: Trajectory) -> Self:
        """Keep a run, and its last state as the model."""
        self.trajectory_ = run
        self.coef_, self.intercept_ = self._in_shape(run.problem, np.asarray(run.weights), np.asarray(run.bias))
        self.n_iter_ = run.epochs
        return self

    def _take_exact(self, run: Trajectory) -> Self:
        """Keep a run that began at the exact minimum; its iterations are the passes that found it, of squared loss one."""
        self._take(run)
        if not run.epochs:
            found = getattr(run.problem, "found", None)
            self.n_iter_ = 1 if found is None else int(found.passes)
        return self

    def _in_shape(self, problem: Problem, weights: FloatArray, bias: FloatArray) -> tuple[FloatArray, Scalar]:
        """Return coef_ and intercept_ in scikit-learn's shapes: (d,) and a float, or (t, d) and (t,)."""
        single = len(problem.targets) == 1
        coef = np.array(weights.reshape(len(problem.features), -1).T, order="C")  # a copy, to write to
        return (coef[0], float(bias.reshape(-1)[0])) if single else (coef, np.array(bias.reshape(-1)))

    def _check_flags(self) -> None:
        """Raise UsageError where a switch is neither True nor False: "False" would count as True."""
        for name in ("standardize", "fit_intercept", "warm_start"):
            value = getattr(self, name, False)
            if not isinstance(value, (bool, np.bool_)):
                raise UsageError(f"{name} is True or False; got {value!r}.")

    def _judge(self, run: Trajectory, *, tolerance: float | None, stopped: bool) -> None:
        """Raise or warn by the verdict.

        Args:
            run: the run.
            tolerance: a share left that counts as done.
            stopped: whether held-out rows ended the run before its last epoch, which is no failure.

        Raises:
            DivergenceError: the run grows.
        """
        verdict = run.verdict
        if verdict.kind == "diverges":
            raise DivergenceError(str(verdict))
        done = verdict.kind == "converged" or (tolerance is not None and verdict.remaining <= tolerance)
        near = verdict.kind == "hovers" and np.all(run.last.loss <= NEAR * np.asarray(run.optimum.loss))
        if not (done or stopped or near):
            warn(ConvergenceWarning(str(verdict)))

    def _log(self, run: Trajectory) -> None:
        """Tell the logger "steepest" about the run, thinned to about 20 lines."""
        for reason, text in run.reasons.items():
            LOGGER.info("%s: %s", reason, text)
        epochs = log_spaced(run.epochs, LOG_LINES)
        for epoch, loss, rmse in zip(epochs, run.loss(epochs), run.rmse(epochs), strict=True):
            LOGGER.info("epoch %s  loss %s  RMSE %s", f"{epoch:,}", loss, rmse)
        LOGGER.info("%s", run.verdict)
