"""Measured: the tables of a page of another loss than squares: coefficients with standard errors, and what fit measured."""

import warnings
from collections.abc import Mapping
from typing import Any

from steepest.analysis.infer import infer_run
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.support.words import number
from steepest.views.pages.packing import Json

MEASURES = {
    "rows": "rows",
    "log_loss": "log-loss",
    "null_log_loss": "log-loss where only the classes' shares are known",
    "brier_score": "Brier score",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "average_precision": "average precision",
    "deviance": "twice the mean loss",
    "null_deviance": "twice the mean loss of one number for all rows",
    "d_squared": "D²",
    "rmse": "RMSE",
    "mae": "mean absolute error",
}
"""What run.json calls a measure, and what a reader does."""


def coefficient_part(run: Trajectory) -> Json | None:
    """Return the coefficient table of the exact minimum; None where standard errors are not known, as of a run with a penalty.

    Of quantile loss they are those that suppose nothing about the errors (HC1).
    """
    robust: Any = "HC1" if run.objective == "quantile" else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the run has said what its columns are like
            found = infer_run(run, None, 0.95, robust, None, None, "precision")
    except (UsageError, DataError):
        return None
    header, rows = found.cells()
    errors = " Standard errors: HC1." if robust else ""
    return {"header": header, "rows": rows, "said": f"{found.target}: of the exact minimum.{errors}"}


def measure_part(measures: Mapping[str, Any] | None) -> Json | None:
    """Return the table of what `fit` measured.

    Args:
        measures: of "train" and "test", as run.json has them, or None.
    """
    groups = {"train": "rows learned from", "test": "test rows"}
    there = {name: found for name in groups if (found := (measures or {}).get(name))}
    if not there:
        return None
    rows = [
        [words, *("" if found.get(key) is None else number(float(found[key])) for found in there.values())]
        for key, words in MEASURES.items()
        if any(key in found for found in there.values())
    ]
    return {"header": ["at the last epoch", *(groups[name] for name in there)], "rows": rows}
