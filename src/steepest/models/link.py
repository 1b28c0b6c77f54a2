"""Link: from a model's margin X @ weights + bias to what it predicts: a mean, a probability, a class."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.models.target_scale import LogScale
from steepest.objectives.loss_choice import LOSSES
from steepest.objectives.losses import Loss
from steepest.support.arrays import FloatArray
from steepest.support.words import number

UNITS = {
    "logistic": "log-odds of the second class",
    "multinomial": "margin of the class, whose exp is proportional to its probability",
    "poisson": "natural logarithm of the expected count",
}
"""Of weights (per unit of the feature) and bias, where they are no units of the target."""


def loss_of(run: Trajectory) -> str:
    """Return the loss that a model of a run keeps: "squared", or another of ours by its name.

    Raises:
        UsageError: the loss is somebody's own, so that nobody could read the model again.
    """
    return kept_loss(getattr(run.problem, "loss", None))


def kept_loss(loss: Loss | None) -> str:
    """Return the name by which a model keeps a loss, None being squared loss.

    Raises:
        UsageError: the loss is somebody's own, so that nobody could read the model again.
    """
    if loss is None:
        return "squared"
    if type(loss) is not LOSSES.get(loss.name):
        raise UsageError(f"a model file keeps the losses that steepest has; {type(loss).__name__} is your own.")
    return str(loss.name)


def units_of(loss: str) -> dict[str, str] | None:
    """Return the units of weights and bias, or None where they are those of the target."""
    unit = UNITS.get(loss) if isinstance(loss, str) else None
    return None if unit is None else {"weights": f"{unit}, per unit of the feature", "bias": unit}


def mean_of(loss: str, margin: FloatArray) -> FloatArray:
    """Return what a loss predicts at margins (n, t): probabilities, expected counts, or the margins themselves.

    Example:
        >>> mean_of("logistic", np.array([[0.0], [-800.0]]))
        array([[0.5],
               [0. ]])
    """
    return margin if loss == "squared" else LOSSES[loss]().mean(margin)


def predicted(
    loss: str, scale: LogScale | None, margin: FloatArray, positions: NDArray[np.uint64] | None = None
) -> FloatArray:
    """Return predictions in the target's own units for margins (n, t).

    Raises:
        DataError: the prediction of a logarithm is beyond float64.
    """
    mean = mean_of(loss, margin)
    if loss == "poisson" and np.isinf(mean).any():
        row = int(np.argwhere(np.isinf(mean))[0, 0])
        raise DataError(
            f"the prediction of row {row if positions is None else int(positions[row]):,} (counted from 0) is exp({number(float(margin[row, 0]))}), "
            "beyond float64.",
            "look for a wrong value in that row",
        )
    return mean if scale is None else scale.own_units(mean, positions)


def through_link(
    blocks: Iterator[tuple[Batch, FloatArray]], loss: str, scale: LogScale | None
) -> Iterator[tuple[Batch, FloatArray]]:
    """Yield each batch with predictions, and limits where there are some, in the target's own units."""
    for batch, margins in blocks:
        yield batch, predicted(loss, scale, margins, batch.positions)


def class_codes(probabilities: FloatArray, threshold: float) -> NDArray[np.intp]:
    """Return the place of the predicted class of each row among the classes, -1 where probabilities are NaN.

    Args:
        probabilities: of the second of two classes, shape (n, 1), or of each, (n, K): the likeliest is predicted, of two that
            are equally likely the first.
        threshold: of two classes, the probability above which the second is predicted.
    """
    empty, two = np.asarray(np.isnan(probabilities).any(axis=1)), probabilities.shape[1] == 1
    known = np.where(empty[:, None], 0.0, probabilities)
    chosen = (known[:, 0] > threshold).astype(np.intp) if two else known.argmax(axis=1)
    return np.asarray(np.where(empty, -1, chosen))


def problem_of_loss(content: dict[str, Any]) -> str:
    """Return what is wrong with the loss and the classes in a model file, as what each must be; empty where nothing is."""
    loss, classes = content["loss"], content["classes"]
    if not isinstance(loss, str) or loss not in LOSSES:
        return f"loss is one of {', '.join(LOSSES)}"
    if not isinstance(classes, list) or not all(isinstance(label, str) for label in classes):
        return "classes is a list of texts"
    if len(set(classes)) != len(classes):
        return "classes is a list of different texts"
    needed = {"logistic": 2, "multinomial": len(content["targets"])}.get(loss, 0)
    if classes and len(classes) != needed:
        return f"classes holds {needed} labels"
    if loss == "multinomial" and len(content["targets"]) < 2:
        return "targets has one name for each class"
    if loss != "multinomial" and len(content["targets"]) != 1:
        return "targets is one name"
    if "target_scale" in content and loss in UNITS:
        return f"a model of {loss} loss has no target_scale"
    return ""


def problem_of_offset(content: dict[str, Any]) -> str:
    """Return what is wrong with the offset in a model file, as what it must be; empty where nothing is."""
    offset = content["offset"]
    if not isinstance(offset, dict) or set(offset) != {"option", "column"}:
        return "offset holds option and column"
    if offset["option"] not in ("offset", "exposure"):
        return "offset.option is offset or exposure"
    column, coding = offset["column"], content["coding"]
    inputs = content["features"] if coding is None else [one.get("of", one["name"]) for one in coding["columns"]]
    if column is not None and (not isinstance(column, str) or column in inputs):
        return "offset.column is a text that names no input, or null"
    if content.get("loss", "squared") in ("squared", "multinomial"):
        return "offset is of losses other than squared and multinomial"
    return ""
