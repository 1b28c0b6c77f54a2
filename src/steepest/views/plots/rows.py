"""Rows: what a run says of some rows beside their targets, for the pictures that show rows."""

import numpy as np
from numpy.typing import ArrayLike

from steepest.data.sources.matrices import as_matrix
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray

LARGEST = 1e300  # what a run that diverges predicts beyond it has no place on an axis


def predicted(run: Trajectory, X: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the targets y (n,) and the last state's predictions of X (n, d), both of shape (n,).

    Raises:
        UsageError: the run has several targets.
        DataError: X and y do not have the same rows.
    """
    check_kind("run", run, Trajectory)
    if len(run.targets) != 1:
        raise UsageError(f"a picture of rows needs a run of one target; got {len(run.targets)}.")
    targets, predictions = as_matrix(y, "y").astype(np.float64).reshape(-1), run.predict(X)
    if targets.shape != predictions.shape:
        raise DataError(
            f"X has {len(predictions):,} rows and y has {len(targets):,} values; each row needs its target."
        )
    return targets, predictions


def drawable(values: FloatArray) -> FloatArray:
    """Return values with NaN, which is not drawn, in place of those that no axis can hold."""
    return np.where(np.abs(values) < LARGEST, values, np.nan)
