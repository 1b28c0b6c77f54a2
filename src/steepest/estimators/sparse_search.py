"""Sparse search: the penalty and the share of l1 that predict held-out rows best, from the exact paths of the folds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.analysis.loss_path import loss_path_of_splits
from steepest.analysis.loss_path_result import LossPath
from steepest.analysis.path import best_path, path_of_folds
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_result import Path
from steepest.data.sources.arrays import ArraySource
from steepest.descent.descend import descend
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.estimators.splits import Indices, positions_of, read_splits
from steepest.estimators.walk import at_minimum, is_word
from steepest.objectives.losses import Loss
from steepest.summaries.partition import Partition
from steepest.support.arguments import as_float, check_list, is_many, shown
from steepest.support.arrays import FloatArray

NOT_WITH_L1 = {
    "learning_rates": None,
    "epochs": None,
    "l2": (0.0,),
    "rule": "gradient",
    "momentum": None,
    "objective": "half_mse",
}


def choose_path(estimator: Any, parts: Partition) -> Path:
    """Return the path of the best l1_ratio that an estimator's parameters ask for.

    Args:
        estimator: its l1 is "auto" or a grid of weights of Σ|w|, its l1_ratio one share or several.
        parts: the triangles of the splits.

    Raises:
        UsageError: a grid holds a value outside its range, or a setting of runs without l1 is given beside it.
    """
    _refuse_beside_l1(estimator, NOT_WITH_L1)
    return best_path([_follow(estimator, ratio, parts) for ratio in ratios_of(estimator)])


def choose_loss_path(
    estimator: Any, rows: ArraySource, splits: Sequence[tuple[Indices, Indices]], loss: Loss
) -> LossPath:
    """Return the same on another loss than squares, judged by the mean loss of held-out rows.

    Args:
        estimator: as above.
        rows: all of them.
        splits: for each split the positions of the rows to learn from and of those held out.
        loss: ℓ.

    Raises:
        UsageError: as above.
        DataError: a split learns from rows of one class.
    """
    _refuse_beside_l1(estimator, {"l2": None})
    return loss_path_of_splits(
        rows,
        read_splits(rows, splits),
        [(positions_of(train, rows.row_count), positions_of(held, rows.row_count)) for train, held in splits],
        loss,
        grids={ratio: penalties_of(estimator, ratio) for ratio in ratios_of(estimator)},
        standardize=estimator.standardize,
        fit_intercept=estimator.fit_intercept,
    )


def _refuse_beside_l1(estimator: Any, defaults: dict[str, Any]) -> None:
    for name, default in defaults.items():
        given = getattr(estimator, name)
        if not (given is None or is_word(given, "auto") or _is(given, default)):
            raise UsageError(
                f"with l1 the exact minimum of each penalty is judged, so that {name} does nothing; got {shown(given)}.",
                f"leave {name} out, or l1",
            )


def ratios_of(estimator: Any) -> list[float]:
    """Return the shares of l1, each once, in the order given; those outside their range are refused by the path."""
    given = estimator.l1_ratio
    return list(dict.fromkeys(check_list("l1_ratio", given, "shares"))) if is_many(given) else [given]


def penalties_of(estimator: Any, ratio: float) -> list[float] | None:
    """Return the penalties whose l1 part is the estimator's grid of weights of Σ|w|; None for "auto"."""
    if is_word(estimator.l1, "auto"):
        return None
    given = check_list("l1", estimator.l1, "penalties") if is_many(estimator.l1) else [estimator.l1]
    weights = [as_float(value) for value in given]
    if not all(0 < value < np.inf for value in weights):
        raise UsageError(f'l1 is "auto" or a grid of finite numbers above 0; got {shown(estimator.l1)}.')
    share = as_float(ratio)
    return [value / share for value in weights] if 0 < share <= 1 else weights


def _follow(estimator: Any, ratio: float, parts: Partition) -> Path:
    return path_of_folds(
        parts,
        l1_ratio=ratio,
        penalties=penalties_of(estimator, ratio),
        penalty_factors=None,
        positive=False,
        adaptive=None,
        relaxed=False,
        method="homotopy",
        standardize=estimator.standardize,
        fit_intercept=estimator.fit_intercept,
    )


def run_of(path: Path, model: SparseModel, rows: ArraySource | None = None, loss: Loss | None = None) -> Trajectory:
    """Return the run that begins at a model of the path and takes no step; on another loss than squares it needs the rows."""
    l1 = model.penalty * path.l1_ratio
    run = descend(
        rows or path.triangle,
        loss=loss or "squared",
        l1=l1,
        l2=model.penalty - l1,
        epochs=0,
        standardize=path.standardize,
        fit_intercept=path.fit_intercept,
    )
    return at_minimum(run)


def in_order(path: Path, ratios: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Return penalties and held-out errors of all ratios in the order given, as scikit-learn's ElasticNetCV: of squares mean
    squared errors, of another loss its means.

    Returns:
        shapes (K,) and (K, folds) for one ratio, (ratios, K) and (ratios, K, folds) for several.
    """
    by_ratio = {one.l1_ratio: one for one in (path, *path.others)}
    paths = [by_ratio[float(ratio)] for ratio in ratios]
    penalties, errors = (
        np.stack([one.penalties for one in paths]),
        np.stack([getattr(one, "fold_loss", one.fold_mse) for one in paths]),
    )
    return (penalties, errors) if len(paths) > 1 else (penalties[0], errors[0])


def _is(given: object, default: object) -> bool:
    """Whether a setting is its default, a grid with the same values too."""
    if isinstance(default, tuple):
        return is_many(given) and list(given) == list(default) if not isinstance(given, str) else False
    return isinstance(given, str) and given == default
