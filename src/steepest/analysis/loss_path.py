"""Loss path: the sparse models of a loss other than squares at every penalty, and how well they predict held-out rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.loss_path_result import LossPath
from steepest.analysis.path_settings import check_factors, check_ratios, penalty_grid
from steepest.data.batch import Batch
from steepest.data.sources import FullSource, Watch
from steepest.data.sources.arrays import ArraySource
from steepest.data.split import Folds
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, loss_rows_of, mean_losses, mean_squares, part_of
from steepest.objectives.loss_solution_path import LossSolutionPath
from steepest.objectives.losses import Loss
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.problem import Problem
from steepest.objectives.row_file import IN_MEMORY
from steepest.objectives.separation import refuse_one_class
from steepest.objectives.solution_path import PathMethod
from steepest.objectives.sparse_loss import check_sparse
from steepest.summaries.coordinates import Coordinates, coordinates_name
from steepest.summaries.partition import Partition, Split, Validation
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_flag, check_word
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map

Rows = LossOverRows | StoredLossRows


def check_ways(loss: Loss, *, adaptive: object, relaxed: object, method: object) -> None:
    """Raise UsageError where a way is asked for that only squared loss has."""
    check_word("method", method, get_args(PathMethod))
    given = {
        "adaptive": adaptive is not None,
        "relaxed": check_flag("relaxed", relaxed),
        "method": method != "homotopy",
    }
    for name in (name for name, is_given in given.items() if is_given):
        raise UsageError(Option(name) + f" is of squared loss; this path is of {loss.name} loss.", "leave it out")


@dataclass(frozen=True, eq=False)
class _Settings:
    """What is minimized, beside the rows."""

    factors: FloatArray
    l1_ratio: float
    positive: bool
    standardize: bool
    fit_intercept: bool

    def coordinates(self, triangle: Triangle) -> Coordinates:
        """The inputs in force; with a bias they are centred, which changes no coefficient."""
        name = coordinates_name(self.standardize)
        return triangle.coordinates(
            "centred" if name == "raw" and self.fit_intercept else name, fit_intercept=self.fit_intercept
        )

    def problem(self, rows: Rows) -> PenalizedLoss:
        return PenalizedLoss(rows, self.factors, self.l1_ratio, self.positive, self.fit_intercept)


def loss_path(
    table: FullSource | Triangle,
    split: Split | None,
    loss: Loss,
    *,
    l1_ratio: float | Sequence[float],
    penalties: Sequence[float] | None,
    also: Sequence[float],
    penalty_factors: Mapping[str, float] | Sequence[float] | None,
    positive: bool,
    standardize: bool,
    fit_intercept: bool,
    watch: Watch | None = None,
) -> LossPath:
    """Return the path of a loss other than squares; the arguments are as in `path`.

    The data are read twice: for the means and which row is held out where, and for the rows, which are kept in memory up to 1 GB and
    in a temporary file beyond. Each fold's rows are taken from there.

    Raises:
        UsageError: an argument is outside its range, there are several targets, or there are no rows.
        DataError: the target does not fit the loss, does not vary with any input, or is of one class in the rows of a fold.
    """
    check_sparse(loss, "path")
    if isinstance(table, Triangle) or (isinstance(split, Validation) and isinstance(split.rows, Triangle)):
        raise UsageError(f"a triangle has no rows, which a {loss.name} loss needs.", "give the table itself")
    if len(table.targets) != 1:
        raise UsageError(f"a path is of one target; got {len(table.targets)}. Follow them one by one.")
    flag = check_flag("positive", positive)
    parts = read(table, split, sample_rows=0, watch=watch).partition
    ratios = check_ratios(l1_ratio, bool(parts.test))
    factors = check_factors(penalty_factors, parts.whole)
    settings = _Settings(factors, ratios[0], flag, standardize, check_flag("fit_intercept", fit_intercept))
    rows, labels = _rows(table, parts, loss, settings)
    every = settings.problem(rows)
    refuse_one_class(loss, lambda: every.batches(np.zeros(0, dtype=np.intp)), parts.whole)
    held_out = _HeldOut(parts, rows, _by_label(labels, split, len(parts.train)), split)
    return _best([_follow(replace(settings, l1_ratio=ratio), held_out, penalties, also) for ratio in ratios])


def loss_path_of_splits(
    table: ArraySource,
    parts: Partition,
    splits: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    loss: Loss,
    *,
    grids: Mapping[float, Sequence[float] | None],
    standardize: bool,
    fit_intercept: bool,
) -> LossPath:
    """Return the path of a loss judged by any splits of the rows, of several l1_ratio the one that predicts best.

    Args:
        table: the rows.
        parts: their triangles in each split, as `read_splits` gives them.
        splits: the positions of the rows to learn from and of those held out in each.
        loss: ℓ.
        grids: the penalties of each l1_ratio; None: 100, from the largest that matters to a thousandth of it.
        standardize: whether the penalty is on weights of inputs of standard deviation 1.
        fit_intercept: whether the model has a bias.

    Raises:
        UsageError: an l1_ratio or a penalty is outside its range, or this loss has no path.
        DataError: the target does not vary with any input, or is of one class in the rows of a split.
    """
    check_sparse(loss, "path")
    ratios = check_ratios(list(grids), True)
    settings = _Settings(check_factors(None, parts.whole), ratios[0], False, standardize, fit_intercept)
    rows, counts = _rows(table, replace(parts, labels=np.arange(table.row_count)), loss, settings)
    chosen = [(np.isin(counts, train), np.isin(counts, held)) for train, held in splits]
    held_out = _HeldOut(parts, rows, chosen, None)
    return _best([_follow(replace(settings, l1_ratio=ratio), held_out, grids[ratio], ()) for ratio in ratios])


def _best(paths: list[LossPath]) -> LossPath:
    """The path whose best penalty predicts held-out rows best, with the others."""
    best = min(paths, key=lambda one: float(one.cv_loss.min())) if len(paths) > 1 else paths[0]
    return replace(best, others=tuple(one for one in paths if one is not best))


def _by_label(
    labels: NDArray[np.int64], split: Split | None, folds: int
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Which rows each fold learns from, and which it holds out."""
    in_time = isinstance(split, Folds) and split.in_time
    return [(labels < fold if in_time else labels != fold, labels == fold) for fold in range(folds)]


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """The rows, and which of them each fold learns from and holds out."""

    parts: Partition
    rows: Rows
    chosen: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]
    split: Split | None


def _follow(
    settings: _Settings, held_out: _HeldOut, penalties: Sequence[float] | None, also: Sequence[float]
) -> LossPath:
    """The path of one l1_ratio."""
    parts, rows, split = held_out.parts, held_out.rows, held_out.split
    whole = settings.problem(rows)
    grid = penalty_grid(penalties, whole.largest_penalty, also)
    solution, coordinates = LossSolutionPath.of(whole, grid), settings.coordinates(parts.whole)
    if isinstance(split, Validation):
        assert not isinstance(split.rows, Triangle)
        weights, biases = coordinates.to_raw(solution.at(grid)[:, :, None])
        held = [_of_validation(rows.loss, split.rows, weights[:, :, 0], biases[:, 0])]
    else:
        held = _of_folds(held_out, settings, grid)
    return LossPath(
        triangle=parts.whole,
        solution=solution,
        standardize=settings.standardize,
        fit_intercept=settings.fit_intercept,
        relaxed=False,
        adaptive=None,
        penalties=grid,
        fold_mse=_by_fold([squares for _, squares in held], grid),
        fold_weights=np.array([test.total_weight for test in parts.test]),
        folds=parts.labels if len(parts.labels) else None,
        loss=rows.loss,
        fold_loss=_by_fold([losses for losses, _ in held], grid),
        row_coordinates=coordinates,
    )


def _by_fold(columns: list[FloatArray], grid: FloatArray) -> FloatArray:
    return np.stack(columns, axis=-1) if columns else np.zeros((len(grid), 0))


def _rows(table: FullSource, parts: Partition, loss: Loss, settings: _Settings) -> tuple[Rows, NDArray[np.int64]]:
    """Read the rows, and say in which fold each of a weight above 0 is held out."""
    kept: list[NDArray[np.int64]] = []

    def batches() -> Iterator[Batch]:
        at = 0
        for batch in table.batches():
            labels = parts.labels[at : at + len(batch)]
            at += len(batch)
            kept.append(labels if batch.weight is None or not len(labels) else labels[batch.weight > 0])
            yield batch

    coordinates = settings.coordinates(parts.whole)
    problem = Problem.of(parts.whole, coordinates.name, fit_intercept=settings.fit_intercept)
    rows = loss_rows_of(problem, batches(), loss)
    return rows, np.concatenate(kept)


def _of_folds(held_out: _HeldOut, settings: _Settings, grid: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """The mean loss and the mean square of what is held out in each fold, at each penalty."""
    parts, rows = held_out.parts, held_out.rows
    before = settings.coordinates(parts.whole)

    def of_fold(fold: int) -> tuple[FloatArray, FloatArray]:
        after = settings.coordinates(parts.train[fold])
        chosen, held = held_out.chosen[fold]
        problem = settings.problem(part_of(rows, chosen, before, after))
        try:
            refuse_one_class(rows.loss, lambda: problem.batches(np.zeros(0, dtype=np.intp)), parts.whole)
            thetas = after.moved(LossSolutionPath.of(problem, grid).at(grid), before)
        except DataError as error:
            raise DataError(
                f"the rows to learn from beside those of fold {fold + 1}: {error}", "give fewer folds"
            ) from error
        return mean_losses(rows, thetas, held), mean_squares(rows, thetas, held)

    most = max(1, IN_MEMORY // (len(rows) * rows.width)) if isinstance(rows, LossOverRows) else 1
    return parallel_map(of_fold, range(len(parts.train)), most)


def _of_validation(
    loss: Loss, table: FullSource, weights: FloatArray, biases: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The same of another table's rows, for K models in the data's own units, by one pass over it."""
    losses, squares, total = np.zeros(len(biases)), np.zeros(len(biases)), 0.0
    for batch in table.batches():
        used = batch if batch.weight is None else batch.take(batch.weight > 0)
        loss.check(used.y[:, 0])
        own = np.ones(len(used)) if used.weight is None else used.weight
        margin = used.X @ weights.T + biases
        losses += own @ loss.value(margin, used.y)
        squares += own @ (loss.mean(margin) - used.y) ** 2
        total += float(own.sum())
    return losses / total, squares / total
