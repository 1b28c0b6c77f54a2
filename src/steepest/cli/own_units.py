"""A fit of logarithms on the command line: its smearing factor, and its errors in the target's own unit."""

import math
from typing import Any

from steepest.analysis.smearing import Smearing, smear
from steepest.cli.table import Table
from steepest.cli.text import shorten
from steepest.data.sources.log_target import own_names
from steepest.data.split import Share
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError
from steepest.models.run_folder import finite
from steepest.summaries.triangle import Triangle
from steepest.support.words import number


def smearing_of(table: Table, test: Table | None, share: Share | None, run: Trajectory) -> Smearing | str | None:
    """Return the smearing of a run on logarithms, from one more pass; why there is none; or None for any other run.

    Args:
        table: DATA.
        test: the table of held-out rows, where there is one.
        share: of the rows of DATA that was held out.
        run: the run.
    """
    if not run.problem.triangle.log_target:
        return None
    if isinstance(table.opened, Triangle):
        return "the rows are gone that it is computed from. Fit the table itself for one"
    if run.verdict.kind == "diverges":
        return "the run diverges"
    held_out = None if test is None or isinstance(test.opened, Triangle) else test.rows()
    try:
        return smear(run, table.rows(), share, held_out)
    except DataError as error:
        return str(error).rstrip(".")


def own_unit_lines(found: Smearing | str, run: Trajectory) -> str:
    """Return what is known of the fit in the target's own unit."""
    target = shorten(own_names(run.problem.triangle)[0])
    if isinstance(found, str):
        return (
            f"  No smearing factor: {found}. Predictions of {target} are exp of the fit, a median rather than a mean."
        )
    lines = [
        f"  In units of {target} itself, predicted as {number(found.factor[0])}·exp(fit): {_errors(found.rmse, found.r_squared)}"
    ]
    if found.test_rmse is not None and found.test_r_squared is not None:
        lines.append(f"  The same on test rows: {_errors(found.test_rmse, found.test_r_squared)}")
    return "\n".join(lines)


def as_json(found: Smearing | str, run: Trajectory) -> dict[str, Any]:
    """Return the same as JSON types; null where something is not known."""
    known = found if isinstance(found, Smearing) else None

    def one(values: Any) -> float | None:
        value = None if values is None else finite(float(values[0]))
        return None if value is None or math.isnan(value) else value

    return {
        "target": own_names(run.problem.triangle)[0],
        "smearing": one(known and known.factor),
        "rmse": one(known and known.rmse),
        "r2": one(known and known.r_squared),
        "test_rmse": one(known and known.test_rmse),
        "test_r2": one(known and known.test_r_squared),
    }


def _errors(rmse: Any, r_squared: Any) -> str:
    error = number(float(rmse[0])) if math.isfinite(rmse[0]) else "beyond what can be said"
    share = "undefined (y does not vary)" if math.isnan(r_squared[0]) else number(float(r_squared[0]), 5)
    return f"RMSE {error}; R² {share}"
