"""Held out: ends a run when the error of rows that it does not learn from has stopped to fall, and goes back to its best epoch."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from steepest.data.sources.recognize import Kind, recognize
from steepest.descent.iterates import Ending
from steepest.descent.stops import Back, Progress
from steepest.errors import UsageError
from steepest.objectives.objective import Objective
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule
from steepest.summaries.open_data import open_alike
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_int, check_flag, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown
from steepest.support.words import number, pluralize


@dataclass(frozen=True, eq=False)
class HeldOut(Shown):
    """Ends a run whose error on held-out rows has not fallen for some epochs, at the epoch where it was smallest.

        RMSE = √(Σ weight·(X·w + b - y)² / Σ weight)            over the held-out rows, in the target's own units

    These rows are read once; after that an epoch costs d² operations for their error, however many they are.

    Args:
        data: rows that the run does not learn from: whatever `descend` takes. Columns of a table are coded as the run's.
        y: their targets, with an array.
        patience: how many epochs without a smaller error end the run.
        restore_best: let the run end at its best epoch, also where something else ended it; else at its last one.

    Source: Prechelt, "Early Stopping - But When?", in: Neural Networks: Tricks of the Trade, Springer 1998, 55-69.

    Example:
        >>> import steepest
        >>> X = np.cos(np.outer(np.arange(1, 41), np.arange(1, 16)))
        >>> y = X[:, 0] + np.sin(np.arange(1, 41) ** 2)
        >>> run = steepest.descend(X[:20], y[:20], rule="adam", learning_rate=0.01, epochs=500, stop=HeldOut(X[20:], y[20:]))
        >>> print(run.ended)
        The held-out RMSE has not been below 0.842138 for 10 epochs, up to epoch 25; the run ends at epoch 15, where it was smallest.
    """

    data: object
    y: object = None
    patience: int = 10
    restore_best: bool = True
    name: ClassVar[str] = "held_out"

    def __post_init__(self) -> None:
        if (as_int(self.patience) or 0) < 1:
            raise UsageError(
                f"HeldOut(patience=...) is a whole number of epochs, 1 or larger; got {shown(self.patience)}."
            )
        check_flag("restore_best", self.restore_best)
        recognize(self.data)

    def _told(self) -> Iterator[str]:
        yield f"(patience={self.patience}, restore_best={self.restore_best})"

    def for_run(self, problem: Problem, rule: Rule, epochs: int) -> "HeldOutOfRun":
        """Read the rows, and return the stop of one run.

        Raises:
            UsageError: the run has several targets, or the rows have other columns.
            DataError: the rows cannot be used.
        """
        if len(problem.targets) != 1:
            raise UsageError(
                f"each of {len(problem.targets)} targets has a best epoch of its own, and a run ends at one.",
                "give one target",
            )
        held = read(open_alike(self.data, problem.triangle, self.y), sample_rows=0).triangle
        if recognize(self.data) is Kind.ARRAY and len(held.features) == len(problem.features):
            held = replace(held, features=problem.features, targets=problem.targets)  # an array has no names
        return HeldOutOfRun(problem, held.select(problem.features, problem.targets), self.patience, self.restore_best)


@dataclass(frozen=True, eq=False)
class HeldOutOfRun:
    """The stop of one run, see `HeldOut`."""

    problem: Problem
    held: Triangle
    patience: int
    restore_best: bool
    name: ClassVar[str] = HeldOut.name

    def begin(self, objective: Objective, start: FloatArray) -> "Patience":
        """Return the check."""
        return Patience(self, (math.inf, 0, start, start, start))


@dataclass
class Patience:
    """The check of a run; it remembers the smallest error, its epoch, theta there and one epoch before, and the last theta."""

    stop: HeldOutOfRun
    memory: tuple[float, int, FloatArray, FloatArray, FloatArray]

    def __call__(self, progress: Progress) -> str | None:
        """Return why the run ends, or None."""
        error = self._rmse(progress.theta)
        smallest, best, theta, before, last = self.memory
        if error < smallest:
            self.memory = error, progress.epoch, progress.theta, last, progress.theta
            return None
        self.memory = smallest, best, theta, before, progress.theta
        if progress.epoch - best < self.stop.patience:
            return None
        return (
            f"The held-out RMSE has not been below {number(smallest)} for {pluralize(self.stop.patience, 'epoch')}, up to epoch "
            f"{progress.epoch:,}."
        )

    def back(self, ended: Ending, epoch: int) -> Back | None:
        """Return where the run is to end in place of its last epoch; None: there."""
        smallest, best, theta, before, _ = self.memory
        if not self.stop.restore_best or ended.reason == "left_float64" or best == epoch:
            return None
        told = f"{ended.sentence.removesuffix('.')}; the run ends at epoch {best:,}, where "
        told += (
            "it was smallest."
            if ended.reason == HeldOut.name
            else f"the held-out RMSE was smallest, {number(smallest)}."
        )
        reason = HeldOut.name if ended.reason == "epochs" else ended.reason
        return Back(best, theta, before, Ending(reason, told))

    def _rmse(self, theta: FloatArray) -> float:
        weights, bias = self.stop.problem.to_raw(theta)
        error: Any = self.stop.held.rmse(weights, bias)[0]
        return math.inf if np.isnan(error) else float(error)
