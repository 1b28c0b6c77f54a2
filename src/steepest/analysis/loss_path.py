"""Loss path: the sparse models of a loss other than squares at every penalty, and how well they predict held-out rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.loss_path_result import LossPath
from steepest.analysis.path_settings import check_factors, check_ratio, penalty_grid
from steepest.data.batch import Batch
from steepest.data.sources import FullSource, Watch
from steepest.data.split import Folds
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, loss_rows_of, mean_losses, mean_squares, part_of
from steepest.objectives.loss_solution_path import LossSolutionPath
from steepest.objectives.losses import Joint, Loss
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.problem import Problem
from steepest.objectives.quantile import QuantileLoss
from steepest.objectives.row_file import IN_MEMORY
from steepest.objectives.separation import refuse_one_class
from steepest.summaries.coordinates import Coordinates, coordinates_name
from steepest.summaries.partition import Partition, Split, Validation
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_flag
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map

Rows = LossOverRows | StoredLossRows


def check_loss(loss: Loss) -> None:
    """Raise UsageError where no path of this loss is followed."""
    if isinstance(loss, Joint):
        raise UsageError(
            f"a path has one coefficient for each input, and a {loss.name} loss one for each class.",
            "follow a path of one class against the others (" + Option("loss", "logistic") + ")",
        )
    if isinstance(loss, QuantileLoss):
        raise UsageError(
            "a quantile loss has no path here: its curvature lies at few rows, which no squares follow.",
            "take a loss that is as robust (" + Option("loss", "huber") + ")",
            "descend with an l1 penalty",
        )


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
    l1_ratio: float,
    penalties: Sequence[float] | None,
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
    check_loss(loss)
    if isinstance(table, Triangle) or (isinstance(split, Validation) and isinstance(split.rows, Triangle)):
        raise UsageError(f"a triangle has no rows, which a {loss.name} loss needs.", "give the table itself")
    if len(table.targets) != 1:
        raise UsageError(f"a path is of one target; got {len(table.targets)}. Follow them one by one.")
    share, flag = check_ratio(l1_ratio), check_flag("positive", positive)
    parts = read(table, split, sample_rows=0, watch=watch).partition
    factors = check_factors(penalty_factors, parts.whole)
    settings = _Settings(factors, share, flag, standardize, fit_intercept)
    rows, labels = _rows(table, parts, loss, settings)
    whole = settings.problem(rows)
    refuse_one_class(loss, lambda: whole.batches(np.zeros(0, dtype=np.intp)), parts.whole)
    grid = penalty_grid(penalties, whole.largest_penalty)
    solution = LossSolutionPath.of(whole, grid)
    if isinstance(split, Validation):
        assert not isinstance(split.rows, Triangle)
        weights, biases = settings.coordinates(parts.whole).to_raw(solution.at(grid)[:, :, None])
        held = [_of_validation(loss, split.rows, weights[:, :, 0], biases[:, 0])]
    else:
        in_time = isinstance(split, Folds) and split.in_time
        held = _of_folds(parts, rows, labels, settings, grid, in_time=in_time)
    return LossPath(
        parts.whole,
        solution,
        grid,
        np.stack([squares for _, squares in held], axis=-1) if held else np.zeros((len(grid), 0)),
        np.array([test.total_weight for test in parts.test]),
        parts.labels if len(parts.labels) else None,
        standardize,
        fit_intercept,
        loss,
        np.stack([losses for losses, _ in held], axis=-1) if held else np.zeros((len(grid), 0)),
        settings.coordinates(parts.whole),
    )


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


def _of_folds(
    parts: Partition,
    rows: Rows,
    labels: NDArray[np.int64],
    settings: _Settings,
    grid: FloatArray,
    *,
    in_time: bool,
) -> list[tuple[FloatArray, FloatArray]]:
    """The mean loss and the mean square of what is held out in each fold, at each penalty."""
    before = settings.coordinates(parts.whole)

    def of_fold(fold: int) -> tuple[FloatArray, FloatArray]:
        after = settings.coordinates(parts.train[fold])
        chosen = labels < fold if in_time else labels != fold
        problem = settings.problem(part_of(rows, chosen, before, after))
        try:
            refuse_one_class(rows.loss, lambda: problem.batches(np.zeros(0, dtype=np.intp)), parts.whole)
            thetas = after.moved(LossSolutionPath.of(problem, grid).at(grid), before)
        except DataError as error:
            raise DataError(
                f"the rows to learn from beside those of fold {fold + 1}: {error}", "give fewer folds"
            ) from error
        held = labels == fold
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
