"""How good a fit on another loss than squares is: measured on rows, in words and as JSON."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.analysis.classification import Classification
from steepest.analysis.evaluate import evaluate
from steepest.analysis.goodness import GoodnessOfFit
from steepest.cli.some_rows import SomeRows
from steepest.cli.table import Table
from steepest.cli.text import loss_in_words
from steepest.data.split import Share
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.models.run_folder import finite
from steepest.summaries.triangle import Triangle
from steepest.support.words import number
from steepest.views.plots import ConfusionDisplay, Display, PrecisionCurveDisplay, ReliabilityDisplay, RocDisplay

OF_CLASSES = ("log_loss", "null_log_loss", "brier_score", "accuracy", "balanced_accuracy", "auc", "average_precision")
OF_NUMBERS = ("deviance", "null_deviance", "d_squared", "rmse", "mae")


@dataclass(frozen=True, eq=False)
class Goodness:
    """What predictions are worth on the rows learned from, and on held-out ones.

    Args:
        train: on the rows learned from; None where the run left float64.
        test: on held-out rows, where there are some.
    """

    train: Classification | GoodnessOfFit | None
    test: Classification | GoodnessOfFit | None

    def lines(self, run: Trajectory) -> str:
        """Return what a terminal prints."""
        least = "" if run.problem.separation is not None else f" (exact minimum {number(float(run.optimum.loss))})"
        penalty = ", with the penalty" if run.l2 or run.l1 else ""
        lines = [
            f"{loss_in_words(run)} loss, mean over the rows{penalty}: {number(float(run.last.loss))}{least}",
            *(() if self.train is None else self.train.lines()),
        ]
        if self.test is not None:
            lines += ["on test rows:", *self.test.lines()]
        return "".join(f"\n  {line}" for line in lines)

    def pictures(self, title: str) -> dict[str, Display]:
        """Return what pictures there are of classes, from all rows; none of numbers."""
        train, test = self.train, self.test
        if not isinstance(train, Classification):
            return {}
        groups: tuple[tuple[str, Classification], ...] = (("rows", train),)
        if isinstance(test, Classification) and test.row_count:
            groups = (("training rows", train), ("test rows", test))
        return {
            "roc": RocDisplay(groups, title),
            "precision_recall": PrecisionCurveDisplay(groups, title),
            "calibration": ReliabilityDisplay(groups, title=title),
            "confusion": ConfusionDisplay(
                groups[-1][1].confusion, title if len(groups) == 1 else f"{title}, test rows"
            ),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the same as JSON types."""
        return {name: None if found is None else measures(found) for name, found in vars(self).items()}


def measures(found: Classification | GoodnessOfFit) -> dict[str, Any]:
    """Return what was measured as JSON types; null where it is not defined."""
    if isinstance(found, GoodnessOfFit):
        return {"rows": found.row_count} | {name: finite(getattr(found, name)) for name in OF_NUMBERS}
    confusion = [[finite(value) for value in row] for row in found.confusion.matrix.tolist()]
    return (
        {"rows": found.row_count, "classes": list(found.classes), "threshold": found.threshold}
        | {name: finite(float(getattr(found, name))) for name in OF_CLASSES}
        | {"confusion": confusion}
    )


def goodness(run: Trajectory, table: Table, test: Table | None, share: Share | None) -> Goodness | None:
    """Return how good a run is on rows, from one more pass over DATA; None for squared loss, whose triangle says it.

    Raises:
        UsageError: the held-out rows are a triangle.
    """
    if run.problem.is_quadratic:
        return None
    if not np.isfinite(run.last.loss) or not all(np.isfinite(part).all() for part in (run.weights, run.bias)):
        return Goodness(None, None)
    held: Any = None if share is None else SomeRows.of(table, share, held_out=True)
    if test is not None:
        if isinstance(test.opened, Triangle):
            raise UsageError(f"{test.name} is a triangle, and a {run.objective} loss needs its rows. Give the table.")
        held = SomeRows.of(test, None)
    return Goodness(evaluate(run, SomeRows.of(table, share)), None if held is None else evaluate(run, held))
