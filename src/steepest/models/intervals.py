"""Intervals: limits around a kept run's predictions, from the triangle in its folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from steepest.analysis.coefficient_table import Inference
from steepest.analysis.infer import infer
from steepest.analysis.inference_checks import check_selected
from steepest.data.batch import Batch
from steepest.errors import UsageError
from steepest.models.model import Model
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray


def with_limits(
    blocks: Iterator[tuple[Batch, FloatArray]], run: str | os.PathLike[str], model: Model, confidence: float
) -> Iterator[tuple[Batch, FloatArray]]:
    """Yield each batch with predictions, lower and upper limits, shape (n, 3).

        prediction ± t·s·√(1 + leverage)          where so large a share of new rows will lie

    Args:
        blocks: batches with predictions, shape (n, 1).
        run: the run folder, with the triangle of the rows that the model learned from.
        model: its model.
        confidence: the share, between 0 and 1.

    Raises:
        UsageError: there is no triangle, or the run is not the least-squares answer that the limits belong to.
        DataError: the limits are not defined: collinear columns, or no more rows than coefficients.
    """
    table = _table(Path(run), model, confidence)
    for batch, predictions in blocks:
        fit, lower, upper = table.predict(batch.X, confidence=confidence)
        shift = predictions[:, 0] - fit
        yield batch, np.column_stack([predictions[:, 0], lower + shift, upper + shift])


def _table(folder: Path, model: Model, confidence: float) -> Inference:
    """The coefficient table of the run's rows."""
    check_selected(model)
    file = folder / "triangle" if folder.is_dir() else folder.parent / "triangle"
    if not file.is_file():
        raise UsageError(f"intervals need the rows' triangle, and {file} is not there. Give a run folder of `fit`.")
    if model.training.get("l2") or model.training.get("verdict", {}).get("kind") != "converged":
        raise UsageError(
            "intervals belong to the least-squares answer, and this run was penalized or stopped before it.",
            remedies.LEAST_SQUARES,
        )
    intercept = model.training["coordinates"]["fit_intercept"]
    return infer(Triangle.load(file), fit_intercept=intercept, confidence=confidence)
