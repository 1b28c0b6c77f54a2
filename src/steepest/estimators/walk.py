"""Walk: a run on another loss than squares, as an estimator's parameters ask for it, or its exact minimum."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from steepest.data.sources.arrays import ArraySource
from steepest.descent import loop
from steepest.descent.descend import descend
from steepest.descent.settings import check_tolerance
from steepest.descent.stops import Within
from steepest.descent.trajectory import Trajectory
from steepest.estimators.callbacks import FitTask
from steepest.objectives.losses import Loss
from steepest.support.arguments import check_word

Solver = Literal["descent", "newton"]
MOST_WALKED = 10_000  # epochs that "auto" takes of a run that is walked


def walk(
    estimator: Any, rows: ArraySource, loss: Loss | str, start: Any = None, watchers: tuple[FitTask, ...] = ()
) -> Trajectory:
    """Return the run that an estimator's parameters ask for.

    A tolerance is measured at every epoch, since the modes at the minimum do not know how a run begins. Where `epochs` is "auto"
    the run ends once it is reached, and after 10,000 epochs at the latest.

    Args:
        estimator: whose parameters count.
        rows: what to learn from.
        loss: ℓ.
        start: (weights, bias), or None for zeros.
        watchers: what is told of each epoch.
    """
    shared = {
        "l2": estimator.l2,
        "loss": loss,
        "standardize": estimator.standardize,
        "fit_intercept": estimator.fit_intercept,
    }
    if is_newton(estimator.solver):
        return at_minimum(descend(rows, epochs=0, **shared))
    tolerance = tolerance_of(estimator)
    own = {name: getattr(estimator, name) for name in ("batch_size", "order", "drop_last", "schedule", "average") if hasattr(estimator, name)}
    plain = own["batch_size"] is None and own.get("schedule") is None and own.get("average", False) is False
    is_auto = isinstance(estimator.epochs, str) and estimator.epochs == "auto"
    return descend(
        rows,
        rule=estimator.rule,
        learning_rate=estimator.learning_rate,
        momentum=estimator.momentum,
        epochs=MOST_WALKED if is_auto and plain else estimator.epochs,
        stop=() if tolerance is None else (Within(tolerance),),
        seed=estimator._seed,
        start=start,
        callbacks=watchers,
        **own,
        **shared,
    )


def tolerance_of(estimator: Any) -> float | None:
    """Return the share of the starting error at which a run is done; None for None and 0, which mean all epochs."""
    tolerance = estimator.tol
    number = not isinstance(tolerance, (bool, np.bool_)) and isinstance(tolerance, (int, float, np.number))
    return None if tolerance is None or (number and tolerance == 0) else check_tolerance(tolerance)


def at_minimum(run: Trajectory) -> Trajectory:
    """Return the run that begins at the exact minimum and takes no step."""
    quadratic = run.problem.quadratic
    theta = quadratic.minimum
    return replace(
        run, start=theta, iterates=loop.run(quadratic, run.rule, theta, 0), requested_epochs=0, reasons={}
    )


def is_newton(solver: Solver) -> bool:
    """Return whether the exact minimum is asked for; raise UsageError where that is no solver."""
    check_word("solver", solver, ("descent", "newton"))
    return solver == "newton"


def passes_of(run: Trajectory) -> int:
    """Return how many passes over the rows found the minimum; of squared loss one."""
    found = getattr(run.problem, "found", None)
    return 1 if found is None else int(found.passes)
