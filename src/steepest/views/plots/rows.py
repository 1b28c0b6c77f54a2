"""Rows: what a run says of some rows beside their targets, for the pictures that show rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.analysis.evaluate import CLASSES, check_offset
from steepest.data.sources.matrices import as_matrix
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import Loss
from steepest.support import remedies
from steepest.support.arguments import check_kind, shown
from steepest.support.arrays import FloatArray
from steepest.views.plots.canvas import BLUE, ORANGE, SMALLEST
from steepest.views.plots.class_rows import check_held_rows

LARGEST = 1e300  # what a run that diverges predicts beyond it has no place on an axis


@dataclass(frozen=True, eq=False)
class PredictedRows:
    """Rows with what a run says of them.

    Args:
        targets: shape (n,).
        predictions: shape (n,).
        residuals: shape (n,): target less prediction, or deviance residuals.
        residual_name: what they are, for an axis.
        held_out: which rows are held out, shape (n,); None where nobody says.
    """

    targets: FloatArray
    predictions: FloatArray
    residuals: FloatArray
    residual_name: str
    held_out: NDArray[np.bool_] | None


def predict_rows(
    run: Trajectory, X: ArrayLike, y: ArrayLike, held_out: Any = None, offset: Any = None, exposure: Any = None
) -> PredictedRows:
    """Return the targets y (n,) beside the last state's predictions of X (n, d).

        residual = y - prediction;  of counts, whose spread grows with them, sign(y - prediction)·√(2·ℓ(prediction, y))

    Args:
        run: a run of one target, which predicts numbers.
        X: rows to learn from.
        y: their targets.
        held_out: (X, y) of held-out rows, which follow the others, with (X, y, offset) or (X, y, exposure) theirs; None for none.
        offset, exposure: of a run with an offset, that of the rows X, shape (n,).

    Raises:
        UsageError: the run has several targets or predicts classes, held_out is no pair, or an offset is not given.
        DataError: X and y do not have the same rows.

    Source: McCullagh, Nelder, "Generalized Linear Models", 2nd edition, 1989, section 2.4.3.
    """
    check_kind("run", run, Trajectory)
    if run.objective in CLASSES:
        raise UsageError(
            "this picture is of numbers beside their predictions, and the run predicts classes.",
            'draw "calibration", "roc", "precision_recall" or "confusion"',
        )
    if len(run.targets) != 1:
        raise UsageError(f"a picture of rows needs a run of one target; got {len(run.targets)}.")
    beside = {"offset": offset} if exposure is None else {"offset": offset, "exposure": exposure}
    learned = _predict(run, X, y, **beside)
    if held_out is None:
        return _with_residuals(run, *learned, None)
    X, y, *held = check_held_rows(run, held_out)
    kept = _predict(run, X, y, **dict(zip([*beside][-1:], held, strict=False)))
    mask = np.repeat([False, True], [len(learned[0]), len(kept[0])])
    targets, predictions = (np.concatenate(parts) for parts in zip(learned, kept, strict=True))
    return _with_residuals(run, targets, predictions, mask if mask.any() else None)


def _with_residuals(
    run: Trajectory, targets: FloatArray, predictions: FloatArray, held_out: NDArray[np.bool_] | None
) -> PredictedRows:
    loss: Loss | None = getattr(run.problem, "loss", None)
    residuals, name = targets - predictions, f"{run.targets[0]} − prediction"
    if loss is not None and loss.name == "poisson":
        deviance = 2 * loss.value(np.log(np.maximum(predictions, SMALLEST)), targets)
        residuals, name = (
            np.sign(residuals) * np.sqrt(np.maximum(deviance, 0.0)),
            f"deviance residual of {run.targets[0]}",
        )
    return PredictedRows(targets, predictions, residuals, name, held_out)


def _predict(
    run: Trajectory, X: Any, y: Any, offset: Any = None, exposure: Any = None
) -> tuple[FloatArray, FloatArray]:
    check_offset(run, offset, exposure)
    if run.problem.has_offset and offset is None and exposure is None and np.size(y):
        raise UsageError("the rows that the run learned from have an offset, and these have none.", remedies.OFFSET)
    targets = as_matrix(y, "y").astype(np.float64).reshape(-1)
    predictions = run.predict(X, offset=offset, exposure=exposure)
    if targets.shape != predictions.shape:
        raise DataError(
            f"X has {len(predictions):,} rows and y has {len(targets):,} values; each row needs its target."
        )
    return targets, predictions


def check_held_out(held_out: Any, count: int) -> NDArray[np.bool_] | None:
    """Return the mask; raise DataError where it does not say of each of so many rows whether it is held out."""
    if held_out is None:
        return None
    mask = np.asarray(held_out)
    if mask.shape != (count,) or mask.dtype != bool:
        raise DataError(f"held_out is True or False for each of the {count:,} rows; got {shown(held_out)}.")
    return mask


def groups(held_out: NDArray[np.bool_] | None, count: int) -> Iterator[tuple[NDArray[np.bool_], dict[str, Any]]]:
    """Yield the rows that are drawn alike, a mask of shape (n,), and how: held-out rows in another colour and form."""
    style: dict[str, Any] = {"s": 14, "alpha": 0.6, "edgecolors": "none"}
    if held_out is None:
        yield np.full(count, True), style | {"color": BLUE, "label": "rows"}
        return
    yield ~held_out, style | {"color": BLUE, "label": "training rows"}
    yield held_out, style | {"color": ORANGE, "marker": "^", "s": 18, "label": "held-out rows"}


def among_them(held_out: NDArray[np.bool_] | None) -> str:
    """Return how many rows are held out, in words that follow others; nothing where nobody says."""
    return "" if held_out is None else f", {np.count_nonzero(held_out):,} held out"


def drawable(values: FloatArray) -> FloatArray:
    """Return values with NaN, which is not drawn, in place of those that no axis can hold."""
    return np.where(np.abs(values) < LARGEST, values, np.nan)
