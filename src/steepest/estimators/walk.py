"""Walk: a run on another loss than squares, as an estimator's parameters ask for it, or its exact minimum."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from steepest.data.sources.arrays import ArraySource
from steepest.descent import loop
from steepest.descent.descend import descend
from steepest.descent.settings import MOST_WALKED, check_tolerance
from steepest.descent.sparse import AUTO_GAP
from steepest.descent.stops import Check, DualityGap, Stop, Within
from steepest.descent.trajectory import Trajectory
from steepest.estimators.callbacks import FitTask
from steepest.objectives.loss_choice import LossChoice
from steepest.objectives.objective import Objective
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule, RuleChoice
from steepest.support.arguments import check_word
from steepest.support.arrays import FloatArray

Solver = Literal["descent", "newton"]
MOST_ENDLESS = 1_000  # of one on a loss without a minimum
OF_PROBLEM = ("l2", "standardize", "fit_intercept", "objective")
SPARSE = ("l1", "l1_ratio")  # of those that have an l1; an l1_ratio alone is an heir's own affair
PASSED_ON = ("learning_rate", "momentum", "schedule", "average", "batch_size", "order", "drop_last")


def walk(
    estimator: Any, rows: ArraySource, loss: LossChoice, start: Any = None, watchers: tuple[FitTask, ...] = ()
) -> Trajectory:
    """Return the run that an estimator's parameters ask for, or with solver="newton" the one that begins at the minimum.

    A tolerance is measured at every epoch, since the modes at the minimum do not know how a run begins. Where `epochs` is "auto"
    the run ends once it is reached, and after 10,000 epochs at the latest. A loss without a minimum is walked by either solver.

    Args:
        estimator: whose parameters count.
        rows: what to learn from.
        loss: ℓ.
        start: (weights, bias), or None for zeros.
        watchers: what is told of each epoch.
    """
    names = (*OF_PROBLEM, *SPARSE) if hasattr(estimator, "l1") else OF_PROBLEM
    of_problem = {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}
    if is_newton(estimator.solver):
        run = descend(rows, loss=loss, epochs=0, **of_problem)
        if has_minimum(run):
            return at_minimum(run)
    given = {name: getattr(estimator, name) for name in PASSED_ON if hasattr(estimator, name)}
    is_auto = is_word(estimator.epochs, "auto") and is_plain(estimator)
    run_by = partial(
        descend,
        rows,
        loss=loss,
        epochs=MOST_WALKED if is_auto else estimator.epochs,
        stop=Arrived(tolerance_of(estimator), is_auto),
        seed=estimator._seed,
        start=start,
        callbacks=watchers,
        **given,
        **of_problem,
    )
    is_ours = is_word(estimator.rule, "auto") and estimator.momentum is None and not has_l1(estimator)
    run = run_by(rule=rule_of(estimator))
    # far from the minimum a loss may be more curved than there; plain gradient descent is given a rate that is safe from any start
    return run_by(rule="gradient") if is_ours and run.verdict.kind == "diverges" else run


@dataclass(frozen=True)
class Arrived:
    """Ends a run within a tolerance of its minimum; one on a loss without a minimum after 1,000 epochs where nobody said how many.

    Args:
        tolerance: the share of the starting error that every mode may have left, with l1 the gap's share of the loss, or None.
        is_auto: whether the number of epochs is ours to choose.
    """

    tolerance: float | None
    is_auto: bool

    def for_run(self, problem: Problem, rule: Rule, epochs: int) -> Stop:
        """Return the stop of one run."""
        if getattr(problem, "separation", None) is not None:
            return AtEpoch(MOST_ENDLESS if self.is_auto else epochs)
        if self.tolerance is None:
            return AtEpoch(epochs)
        return DualityGap(self.tolerance) if problem.l1 else Within(self.tolerance)


@dataclass(frozen=True)
class AtEpoch:
    """Ends a run after an epoch."""

    last: int
    name: ClassVar[str] = "epochs"

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return the check."""
        text = f"The run ends after epoch {self.last:,}, since no number of epochs is enough."
        return lambda progress: text if progress.epoch >= self.last else None


def has_minimum(run: Trajectory) -> bool:
    """Return whether the loss has a minimum: of classes that columns can tell apart it has none."""
    return getattr(run.problem, "separation", None) is None


def rule_of(estimator: Any) -> RuleChoice | None:
    """Return the rule; for "auto" Nesterov's where a run is walked and nothing else is chosen, else plain gradient descent; None with l1."""
    if not is_word(estimator.rule, "auto"):
        return estimator.rule  # type: ignore[no-any-return]  # whatever it is, descend says so
    if has_l1(estimator):
        return None
    is_free = is_word(estimator.learning_rate, "auto") and is_plain(estimator)
    return "nesterov" if is_free or estimator.momentum is not None else "gradient"


def has_l1(estimator: Any) -> bool:
    """Return whether there is a penalty l1; anything that is no number is left to descend, which says so."""
    l1 = getattr(estimator, "l1", 0.0)
    return isinstance(l1, (int, float, np.number)) and bool(l1 > 0)


def is_plain(estimator: Any) -> bool:
    """Return whether an epoch is a step at a constant rate, and the model the end of the path."""
    return (
        estimator.batch_size is None
        and getattr(estimator, "schedule", None) is None
        and getattr(estimator, "average", False) is False
    )


def is_word(value: object, word: str) -> bool:
    """Return whether a setting is this word; an array is none."""
    return isinstance(value, str) and value == word


def tolerance_of(estimator: Any) -> float | None:
    """Return the share of the starting error at which a run is done, with l1 the share of the loss; None for None and 0, which mean all epochs."""
    tolerance = estimator.tol
    number = not isinstance(tolerance, (bool, np.bool_)) and isinstance(tolerance, (int, float, np.number))
    if tolerance is None or (number and tolerance == 0):
        return None
    # a gap is a difference of two losses, and no smaller share of them is known
    return max(check_tolerance(tolerance), AUTO_GAP) if has_l1(estimator) else check_tolerance(tolerance)


def at_minimum(run: Trajectory) -> Trajectory:
    """Return the run that begins at the exact minimum and takes no step."""
    quadratic = run.problem.quadratic
    theta = quadratic.minimum
    return replace(run, start=theta, iterates=loop.run(quadratic, run.rule, theta, 0), requested_epochs=0, reasons={})


def is_newton(solver: Solver) -> bool:
    """Return whether the exact minimum is asked for; raise UsageError where that is no solver."""
    check_word("solver", solver, ("descent", "newton"))
    return solver == "newton"
