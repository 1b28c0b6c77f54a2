"""Evaluate: how good a run's predictions are on some rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from steepest.analysis.class_rows import ClassRows, columns
from steepest.analysis.classification import Classification, check_threshold, classify
from steepest.analysis.goodness import GoodnessOfFit
from steepest.data.batch import Batch
from steepest.data.inputs import in_order
from steepest.data.sources.log_target import own_names
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import Linked, Loss
from steepest.objectives.quantile import QuantileLoss
from steepest.summaries.open_data import open_alike
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import check_flag, check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import join_names

CLASSES = ("logistic", "multinomial")
"""Losses whose predictions are probabilities of classes."""


@numeric
def evaluate(
    run: Trajectory,
    data: object,
    y: object = None,
    *,
    offset: object = None,
    exposure: object = None,
    threshold: float = 0.5,
    curves: bool = True,
) -> Classification | GoodnessOfFit:
    """Return how good a run's last state is on some rows, its own or held-out ones.

        classes: log-loss, Brier score, accuracy, the confusion matrix, AUC, calibration
        numbers and counts: deviance, D², RMSE

    Args:
        run: of one target, or of the classes of one.
        data: rows: X with y, a data frame or anything else that `open_source` takes, or a source, with its weights.
        y: targets, with an array.
        offset: of a run with an offset, that of these rows, shape (n,), or the name of a column; default: the column that the
            run learned from.
        exposure: e^offset instead, above 0.
        threshold: of two classes, the probability above which the second is predicted.
        curves: whether to keep what ROC, AUC and calibration need: some numbers for each distinct probability. Without
            them rows are read in constant memory, however many there are.

    Raises:
        UsageError: the run has several targets, data is a triangle, which has no rows, or the offset of the rows is not known.
        DataError: the rows have other columns, or there are none.

    Example:
        >>> import steepest
        >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [0, 1, 0, 1, 0, 1]
        >>> run = steepest.descend(X, y, loss="logistic", standardize=True)
        >>> found = evaluate(run, X, y)
        >>> round(found.log_loss, 6), round(found.accuracy, 4), round(found.auc, 4)
        (0.649169, 0.6667, 0.6667)
        >>> found.confusion.matrix
        array([[2., 1.],
               [1., 2.]])
    """
    problem = check_kind("run", run, Trajectory).problem
    check_flag("curves", curves)
    threshold = check_threshold(threshold)
    loss: Loss | None = getattr(problem, "loss", None)
    name = "squared" if loss is None else loss.name
    if len(run.targets) != 1 and name != "multinomial":
        raise UsageError(f"a run is evaluated for one target; this one has {len(run.targets)}.")
    rows = rows_of(run, data, y, offset=offset, exposure=exposure)
    return _classes(run, rows, threshold, curves) if name in CLASSES else _numbers(run, loss, name, rows)


def rows_of(
    run: Trajectory, data: object, y: object, *, offset: object = None, exposure: object = None
) -> Iterator[Batch]:
    """Yield the rows that count, coded as those that a run learned from.

    Args:
        run: the run.
        data: what `open_source` takes, or a source.
        y: targets, with an array; of several classes labels, or a column for each.
        offset, exposure: of a run with an offset, that of these rows; default: the column that it learned from.

    Raises:
        UsageError: data is a triangle, which has no rows, or the offset of the rows is not known.
        DataError: the rows have other columns.
    """
    triangle, beside = run.problem.triangle, {"offset": offset, "exposure": exposure}
    check_offset(run, offset, exposure)
    if _is_a_column_each(y, len(run.targets)):
        inputs = in_order(data, run.features)
        shares = columns(y, "y")
        if len(shares) != len(inputs):
            raise DataError(f"X has {len(inputs):,} rows and y has {len(shares):,}; each row needs its class.")
        yield Batch(inputs, shares, run.features, run.targets)
        return
    y = _as_labels(run, y)
    named: dict[str, Any] = {} if y is None else {"target": own_names(triangle), "features": triangle.features}
    source = open_alike(data, triangle, y, **named, **beside)
    if isinstance(source, Triangle):
        raise UsageError("predictions are of rows, and a triangle has none. Give the table itself as data.")
    if source.features != triangle.features:
        raise DataError(
            f"data has the features {join_names(source.features)}, and the run {join_names(triangle.features)}. Give the same columns."
        )
    for batch in source.batches():
        if run.problem.has_offset and batch.offset is None:
            raise UsageError("the rows that the run learned from have an offset, and these have none.", remedies.OFFSET)
        yield batch if batch.weight is None else batch.take(batch.weight > 0)


def check_offset(run: Trajectory, offset: object, exposure: object) -> None:
    """Raise UsageError where rows are given an offset and the run has none."""
    if not run.problem.has_offset and not (offset is None and exposure is None):
        option = "offset" if exposure is None else "exposure"
        raise UsageError(f"the run learned without an {option}, so its predictions have none.", "leave it out")


def _as_labels(run: Trajectory, y: object) -> object:
    """Return whole numbers as texts where these are a run's labels, 1 and 2 for "1" and "2", and booleans as those of 0 and 1."""
    labels = getattr(run.coding, "classes", ())
    try:
        given = np.asarray(y)
        texts = given.astype(np.int64).astype(str) if given.dtype.kind in "iuf" else np.zeros(0, str)
    except (TypeError, ValueError):  # no rectangle, or NaN: said elsewhere in words
        return y
    if given.ndim != 1 or not labels:
        return y
    if given.dtype.kind == "b" and len(labels) == 2:
        return np.asarray(labels)[given.astype(np.intp)]
    are_labels = given.dtype.kind in "iuf" and (given == np.round(given)).all() and set(texts.tolist()) <= set(labels)
    return texts if are_labels else y


def _is_a_column_each(y: Any, count: int) -> bool:
    """Whether targets are a column for each of several classes already, and not labels."""
    try:
        return count > 1 and np.shape(y)[1:] == (count,)
    except ValueError:  # no rectangle: said below in words
        return False


def _margins(run: Trajectory, batch: Batch) -> FloatArray:
    margins = np.asarray(batch.X @ run.last.weights + run.last.bias)
    return margins if batch.offset is None else margins + batch.offset


def _weight(batch: Batch) -> FloatArray:
    return np.ones(len(batch)) if batch.weight is None else batch.weight


def _classes(run: Trajectory, batches: Iterator[Batch], threshold: float, curves: bool) -> Classification:
    """Add up what batches of rows say; of several classes a target column is there for each."""
    classes = classes_of(run)
    target, parts = column_of(run), []
    for batch in batches:
        margins = _margins(run, batch)
        rows = ClassRows.of_margins(shares_of(batch), margins, _weight(batch))
        parts.append(classify(rows, classes, threshold, target, curves=curves))
        if len(parts) > 1 and not curves:
            parts = [parts[0] + parts[1]]
    return _sum(parts)


def classes_of(run: Trajectory) -> tuple[str, ...]:
    """Return what the classes of a run are called: as the table's labels, or "0" and "1"."""
    labels: tuple[str, ...] = getattr(run.coding, "classes", ())
    return labels or (run.targets if len(run.targets) > 1 else ("0", "1"))


def column_of(run: Trajectory) -> str:
    """Return the column that a run's classes are of; "classes" where each has a column of its own."""
    classes = classes_of(run)
    target = run.targets[0] if len(run.targets) == 1 else run.targets[0].removesuffix(f"={classes[0]}")
    return "classes" if target == classes[0] else target


def shares_of(batch: Batch) -> FloatArray:
    """Return the share of each class in the rows of a batch, shape (n, K).

    Raises:
        DataError: a target is no share.
    """
    y = batch.y
    if ((y < 0) | (y > 1)).any():
        raise DataError("targets of classes are 0 and 1, or shares between them; these hold other numbers.")
    return y if y.shape[1] > 1 else np.column_stack([1 - y[:, 0], y[:, 0]])


def _sum(parts: list[Classification]) -> Classification:
    """Two by two, so that rankings are merged as often as there are halves."""
    if not parts:
        raise DataError("0 samples: there is no row to evaluate. Give a table with at least one row.")
    while len(parts) > 1:
        parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)] + parts[len(parts) // 2 * 2 :]
    return parts[0]


def _numbers(run: Trajectory, loss: Loss | None, name: str, batches: Iterator[Batch]) -> GoodnessOfFit:
    kept = [(batch.y[:, 0], _margins(run, batch), _weight(batch), _offset(batch)) for batch in batches]
    y, margin, w, beside = (np.concatenate(parts) for parts in zip(*kept, strict=True)) if kept else (np.zeros(0),) * 4
    if not len(y):
        raise DataError("0 samples: there is no row to evaluate. Give a table with at least one row.")
    if loss is not None:
        loss.check(y)
    W, mean = float(w.sum()), run.problem.mean(margin)
    offset = beside if run.problem.has_offset else None
    level = best_constant(loss, y, w, offset)  # -inf where all counts are 0: a mean of 0 is exact
    null = float(w @ _deviances(loss, level + beside, y)) / W if np.isfinite(level) else 0.0
    return GoodnessOfFit(
        run.targets[0],
        name,
        len(y),
        W,
        float(w @ _deviances(loss, margin, y)) / W,
        null,
        float(np.sqrt(w @ (mean - y) ** 2 / W)),
        float(w @ np.abs(mean - y)) / W,
        offset is not None,
    )


def _offset(batch: Batch) -> FloatArray:
    return np.zeros(len(batch)) if batch.offset is None else batch.offset


def _deviances(loss: Loss | None, margin: FloatArray, y: FloatArray) -> FloatArray:
    """2·ℓ of each row."""
    if isinstance(loss, QuantileLoss):
        return 2 * loss.pinball(margin, y)
    return (margin - y) ** 2 if loss is None else 2 * loss.value(margin, y)


def best_constant(loss: Loss | None, y: FloatArray, weight: FloatArray, offset: FloatArray | None = None) -> float:
    """Return the margin that is best for all rows together: where Σ w·ℓ'(m + offset, y) changes its sign.

    Example:
        >>> import math
        >>> from steepest.objectives.losses import HuberLoss, PoissonLoss
        >>> round(best_constant(HuberLoss(1.0), np.array([0.0, 1.0, 2.0, 100.0]), np.ones(4)), 12)
        1.5
        >>> hours = np.array([1.0, 3.0])                                            # 12 events in 4 hours: 3 an hour
        >>> round(math.exp(best_constant(PoissonLoss(), np.array([5.0, 7.0]), np.ones(2), np.log(hours))), 12)
        3.0
    """
    mean = float(weight @ y / weight.sum())
    if loss is None:
        return mean
    if isinstance(loss, Linked):
        at = float(loss.link(np.array([mean]))[0])
        if offset is None or not np.isfinite(at):
            return at
        low, high = at - float(offset.max()), at - float(offset.min())  # no mean, or each, is above that of all rows
    else:
        away = y if offset is None else y - offset
        low, high = float(away.min()), float(away.max())
    if low == high:
        return low
    beside = 0.0 if offset is None else offset

    def slope(m: float) -> float:
        return float(weight @ loss.slope(np.full(len(y), m) + beside, y))

    if slope(low) >= 0 or slope(high) <= 0:
        return low if slope(low) >= 0 else high
    from scipy.optimize import brentq  # noqa: PLC0415 - a tenth of a second

    return float(brentq(slope, low, high, xtol=4e-16 * max(abs(low), abs(high)), rtol=1e-15))
