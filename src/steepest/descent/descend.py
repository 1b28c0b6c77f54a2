"""Descend: the one front door, from a table and a few settings to a trajectory."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from steepest.data.offset import Offset
from steepest.data.sources import FullSource, MissingPolicy
from steepest.descent import closed_form, loop
from steepest.descent.batch_rate import batch_rate
from steepest.descent.checkpoint import RunCheckpoint, identity_of
from steepest.descent.closed_form import ClosedIterates
from steepest.descent.endless import SAFE, endless_settings
from steepest.descent.facts import Facts
from steepest.descent.iterates import Ending
from steepest.descent.judge import diverges
from steepest.descent.loop import Callback, RecordedIterates, checked_callbacks, pace_of
from steepest.descent.minibatch import Batches, MiniBatchRule, Order
from steepest.descent.record import Record
from steepest.descent.rows_again import RowReader, rows_again
from steepest.descent.settings import MOST_WALKED, Auto, Average, Batched, Settings, choose
from steepest.descent.sparse import AUTO_GAP, MOST_AUTO, elastic_net, safe_settings, sparse_rule, sparse_settings
from steepest.descent.start import Start, first_theta, start_reason
from steepest.descent.stops import AnyStop, DualityGap, Stop, Within, checked_stops
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, DataWarning, DivergenceWarning, Option, UsageError
from steepest.objectives.loss_choice import LossChoice, asked_of, check_offset, choose_loss, settled_loss
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import Loss
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE, ObjectiveName
from steepest.objectives.stored_rows import Rows, rows_of
from steepest.rules.choice import is_auto
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import Rule, RuleChoice, has_closed_form, knows_its_run, words_of
from steepest.rules.schedules import ScheduleChoice
from steepest.summaries.coordinates import CoordinatesName, coordinates_name
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import check_file_name, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.files import refuse_existing_file
from steepest.support.notices import asked_from_outside, warn
from steepest.support.numerics import numeric
from steepest.support.words import join_names


@numeric
def descend(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    offset: object = None,
    exposure: object = None,
    missing: MissingPolicy = "error",
    rule: RuleChoice | None = None,
    learning_rate: float | Auto = "auto",
    epochs: int | Auto = "auto",
    tolerance: float | None = None,
    momentum: float | Auto | None = None,
    schedule: ScheduleChoice | None = None,
    average: Average = False,
    batch_size: int | None = None,
    order: Order = "shuffled",
    seed: int = 0,
    drop_last: bool = False,
    rows: RowReader | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    l1_ratio: float | None = None,
    loss: LossChoice | None = None,
    objective: ObjectiveName = "half_mse",
    standardize: bool = False,
    fit_intercept: bool = True,
    start: Start | None = None,
    record: Record | None = None,
    stop: AnyStop | Sequence[AnyStop] = (),
    callbacks: Callback | AnyStop | Sequence[Callback | AnyStop] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    engine: Literal["auto", "modes", "loop"] = "auto",
) -> Trajectory:
    """Run full-batch gradient descent on a linear model and return the whole run.

        J(w, b) = Σ weight·(X·w + b - y)² / (2 Σ weight) + l2/2·‖w‖² + l1·Σ|w|          objective="half_mse"
        J(w, b) = Σ weight·ℓ(X·w + b, y) / Σ weight + l2/2·‖w‖² + l1·Σ|w|               another loss ℓ

    One pass over the rows makes a triangle; every epoch of a linear rule follows from its modes at once.

    Args:
        data: inputs X, an array of shape (n, d), with y; a data frame, the path of a table or SELECT …, with target; a
            Triangle or the path of one; or a source from `open_source`, which has more options.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a file.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        offset: of another loss than squares, what is added to each row's margin as it is, shape (n,), or the name of a column
            of numbers, which is then no feature.
        exposure: e^offset instead, above 0: the time or the area that a row's count is of.
        missing: of a table: "error", "drop" (rows with missing values) or "indicator" (0 and an indicator column).
        rule: the name of a rule ("gradient", "heavy_ball", "nesterov", "chebyshev", or one you registered), or a rule with its
            numbers; then learning_rate and momentum are left alone. None: "gradient"; with l1 "fista", and "ista" in batches.
        learning_rate: η > 0, or "auto": the best constant rate; of batches the one with the smallest expected loss.
        epochs: number of updates, or "auto": until every mode is within the tolerance.
        tolerance: end the run as soon as every mode stays within this share of its start error, which is known beforehand
            or, where the rule has no closed form, measured at every epoch; None: 1e-12 where epochs is "auto", and every epoch
            that was asked for otherwise. With l1 it is the duality gap as a share of the loss, and 1e-9 where epochs is "auto".
        momentum: β in [0, 1), for a rule that has one; None or "auto": the best.
        schedule: by what the learning rate is multiplied at each step: "constant", "step", "exponential", "inverse_scaling",
            "cosine", "warm_up", "one_cycle", a function of the step (from 0), or a schedule with its numbers.
        average: True gives the mean of the path; a share in [0, 1) leaves so much of its beginning out of the mean.
        batch_size: rows whose gradient makes a step: an epoch is then n/batch_size steps, rounded up. Rows are kept in memory up to
            1 GB, and in a temporary file beyond. None: all of them, a step an epoch.
        order: how rows come to batches: "shuffled" anew each epoch, drawn with "replacement", or "fixed". Of a temporary file,
            blocks of rows are shuffled, and the rows of many blocks with each other.
        seed: of that order.
        drop_last: leave an epoch's last batch out where it has fewer rows.
        rows: with a triangle, what gives its rows again to make batches of, such as `source.batches`.
        l2: ridge penalty in the coordinates in force, never on the intercept.
        l1: lasso penalty likewise, which sets weights to exactly 0; of every loss but quantile and multinomial. With l2 too it is
            the elastic net.
        l1_ratio: in place of l2, the share of l1 in the elastic net: l2 = l1·(1 - l1_ratio)/l1_ratio.
        loss: "squared", "logistic" (targets 0 and 1, or two labels), "multinomial" (more labels), "poisson" (counts), "huber",
            "quantile" (the median), or a loss object: the mean over the rows. Its minimum is found by some more passes over the table,
            and its runs are walked. None: squared, but of a target of texts, booleans, yes and no logistic or multinomial.
        objective: of squared loss "half_mse" (default), "mse" (twice that) or "quarter_mse" (half of it). A learning rate means nothing
            without it.
        standardize: descend in inputs of mean 0 and standard deviation 1. Results are in the data's own units anyway.
        fit_intercept: whether the model has a bias.
        start: (weights, bias) in the data's own units; default zeros, of counts with the bias at the log of their mean: with an
            offset at log(Σ weight·y / Σ weight·e^offset).
        record: which epochs a loop keeps.
        stop: what else may end the run early: `HeldOut`, `TimeLimit`, `SmallGradient`, a stop of your own, or several.
        callbacks: functions that a loop calls after each epoch with (epochs done, loss before its update, theta in force after it,
            which is read-only); one that returns True ends the run. `JsonLines` writes a log.
        checkpoint: a file for the state of the run, written about once a second: where there is one the run goes on from it, with the
            same bits as a run that was never cut off. Remove it once the run is kept. None: a run that is cut off begins anew.
        engine: "modes" (closed form), "loop" (step by step) or "auto": modes where the rule is linear.

    Returns:
        a Trajectory: weights, bias, at(k), loss(), rmse(), epochs_to(), optimum, verdict.

    Raises:
        UsageError: a setting is outside its range, or the checkpoint is of another table or of other settings.
        DataError: the data cannot be used; says which column and row.

    Warns:
        DivergenceWarning: the run grows without bound; it is returned all the same.
        DataWarning: columns tell the classes apart, so that the loss has no minimum; the run is returned all the same.

    Example:
        >>> import numpy as np
        >>> x = np.arange(1.0, 301.0).reshape(-1, 1)
        >>> run = descend(x, 0.5 * x[:, 0] + 2, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
        >>> round(float(run.weights[0]), 12), round(run.bias, 12)
        (0.500828763996, 1.833972315988)
        >>> run.epochs_to(1e-6)
        1110807
        >>> print(run.verdict.sentence)
        Unfinished: 8.3% of the bias is still missing after 200,000 epochs; ...

    Source: Goh, "Why Momentum Really Works", Distill 2017.
    """
    l1, l2 = elastic_net(l1, l2, l1_ratio)
    named_rule, rule = rule, sparse_rule(rule, l1, batch_size)
    beside: dict[str, Any] = {"offset": offset, "exposure": exposure}
    roles: dict[str, Any] = {"target": target, "features": features, "weight": weight, "missing": missing}
    opened = open_data(data, y, **roles, **beside, loss=asked_of(loss))
    loss, reason_of_loss = settled_loss(opened, loss, has_rows=rows is not None or not isinstance(opened, Triangle))
    check_offset(opened, loss)
    triangle = read(opened, sample_rows=0).triangle
    reader = rows_again(opened, rows, Offset.of(offset, exposure))
    if isinstance(loss, str) and loss == "squared":
        problem = Problem.of(
            triangle, coordinates_name(standardize), objective=objective, l2=l2, l1=l1, fit_intercept=fit_intercept
        )
    else:
        own = {"l1": l1, "l2": l2, "fit_intercept": fit_intercept}
        problem = _with_loss(triangle, reader, choose_loss(loss), objective, coordinates_name(standardize), **own)
    problem.warn_undetermined()
    batched = None
    if batch_size is not None:
        again = reader if isinstance(opened, Triangle) else rows
        batched = _batched(opened, problem, Batches(batch_size, order, seed, drop_last), again)
    elif not (
        isinstance(order, str) and order == "shuffled" and isinstance(drop_last, (bool, np.bool_)) and not drop_last
    ):
        raise UsageError(
            Option("order") + " and " + Option("drop_last") + " are about batches of rows, and there are none.",
            "give " + Option("batch_size"),
            "leave them out",
        )
    longest = MOST_AUTO if problem.is_quadratic else MOST_WALKED  # of a run with l1
    modes, most = problem.quadratic.modes, longest if l1 and batched is None and is_auto(epochs) else epochs

    def chosen(rate: float | Auto) -> Settings:
        return choose(rule, rate, momentum, most, modes, tolerance, schedule, average, batched)

    settings, theta = chosen(learning_rate), first_theta(start, problem)
    if l1:
        tolerance = tolerance or (AUTO_GAP if is_auto(epochs) else None)
        settings = safe_settings(settings, problem, theta, chosen)
        settings = sparse_settings(settings, named_rule, epochs, tolerance or AUTO_GAP, longest)
    elif isinstance(problem, LossProblem):
        settings = _walkable(_safe(settings, problem, chosen), epochs)
    if isinstance(problem, LossProblem) and problem.separation is not None:
        settings, tolerance = endless_settings(settings, problem, epochs), None
    if reason_of_loss is not None:
        settings = replace(settings, reasons={"loss": reason_of_loss, **settings.reasons})
    if start is None and (reason := start_reason(problem)) is not None:
        settings = replace(settings, reasons={"start": reason, **settings.reasons})
    if not np.isfinite(problem.quadratic.value_and_gradient(theta)[0]).all():  # both: the loop will ask for them
        raise UsageError("the loss at this start leaves float64.", "start nearer to the data", "choose other units")
    functions, watchers = checked_callbacks(callbacks)
    check_word("engine", engine, ("auto", "modes", "loop"))
    if engine == "modes" and not problem.is_quadratic:
        squares = () if reason_of_loss is None else (remedies.SQUARES,)
        raise UsageError("only runs on squared loss have a closed form.", remedies.STEP_BY_STEP, *squares)
    if engine == "modes":
        given = {"callbacks": (*functions, *watchers), "record": record, "stop": checked_stops(stop)}
        _check_modes(settings.rule, **given, checkpoint=checkpoint)
    stops = _stops((*checked_stops(stop), *watchers), problem, settings, tolerance)
    iterates = _descent(engine, problem, settings, theta, record, stops, functions, checkpoint)
    if tolerance is not None and not l1 and settings.is_shortened and iterates.ended.reason == "epochs":
        iterates = replace(iterates, ended=Ending.within(tolerance, settings.epochs))
    run = Trajectory(problem, settings.rule, theta, iterates, settings.epochs, settings.reasons)
    if asked_from_outside() and diverges(Facts(problem, settings.rule, theta, iterates)):
        warn(DivergenceWarning(str(run.verdict)))
    elif asked_from_outside() and problem.separation is not None:
        warn(DataWarning(str(run.verdict)))
    elif asked_from_outside() and _is_doubtful(settings, problem) and run.verdict.kind == "hovers":
        warn(DivergenceWarning(str(run.verdict)))
    return run


def _with_loss(
    triangle: Triangle,
    reader: RowReader | None,
    loss: Loss,
    objective: ObjectiveName,
    coordinates: CoordinatesName,
    **penalties: Any,
) -> LossProblem:
    """Return the problem of a loss other than squares; its rows are needed."""
    check_word("objective", objective, tuple(GRADIENT_SCALE))
    if objective != "half_mse":
        raise UsageError(
            Option("objective") + f" is of squared loss; a {loss.name} loss is the mean over the rows.", "leave it out"
        )
    if reader is None:
        raise UsageError(f"a triangle has no rows, which a {loss.name} loss needs.", "give the table itself")
    problem = LossProblem.over(triangle, reader, loss, coordinates, **penalties)
    if triangle.coding is not None and triangle.coding.offset is not None and not problem.has_offset:
        raise DataError(
            "the rows that are given with a triangle have no offset, and those that it was made of had one."
        )
    return problem


def _safe(settings: Settings, problem: LossProblem, chosen: Callable[[float | Auto], Settings]) -> Settings:
    """Lower a rate of plain gradient descent that was found at the minimum to one that is safe from any start; it takes more epochs."""
    rule, safe = settings.rule, SAFE * problem.global_limit
    if (
        "learning_rate" not in settings.reasons
        or not isinstance(rule, GradientRule)
        or not 0 < safe < rule.learning_rate
    ):
        return settings
    reason = "95% of 2/L, with the largest curvature L that the loss can have: from any start it comes to the minimum"
    lowered = chosen(safe)
    return replace(lowered, reasons={"learning_rate": reason, **lowered.reasons})


def _is_doubtful(settings: Settings, problem: Problem) -> bool:
    """Whether a rule with a memory got its rate from the modes at the minimum of a loss, which may be too large on the way there."""
    is_found = "learning_rate" in settings.reasons and not problem.is_quadratic
    return is_found and has_closed_form(settings.rule) and not isinstance(settings.rule, GradientRule)


def _walkable(settings: Settings, asked: int | Auto) -> Settings:
    """Cut an automatic number of epochs to what is walked over rows in a reasonable time."""
    if not isinstance(asked, str) or settings.epochs <= MOST_WALKED:
        return settings
    reason = f"{MOST_WALKED:,}, where a run that is walked over rows stops by itself; about {settings.epochs:,} would be needed"
    return replace(settings, epochs=MOST_WALKED, reasons={**settings.reasons, "epochs": reason})


def _batched(data: FullSource | Triangle, problem: Problem, batches: Batches, reader: RowReader | None) -> Batched:
    """Return what makes an epoch of many steps: how many, and the rule over the rows."""
    if isinstance(data, Triangle) and reader is None:
        raise UsageError(
            "a triangle has no rows to make batches of.",
            "give the table itself",
            "leave the batch size out",
        )
    if reader is not None and not isinstance(data, Triangle):
        raise UsageError("rows belong to a triangle; here the table itself was given. Leave rows out.")
    n = problem.triangle.row_count
    if batches.size > n and not batches.drop_last:
        warn(
            DataWarning(f"a batch of {batches.size:,} rows is more than the table has; batches of all {n:,} are taken.")
        )
        batches = replace(batches, size=n)
    steps = batches.steps(n)
    if not steps:
        raise UsageError(f"{n:,} rows make no batch of {batches.size:,}, and the last one is to be dropped.")
    if isinstance(problem, LossProblem):
        rows: Rows = problem.rows
    else:
        rows = rows_of(problem, data.batches() if reader is None else reader(), batches.seed)  # type: ignore[union-attr]
    return Batched(
        steps,
        lambda rule: MiniBatchRule(rule, rows, batches),
        lambda epochs, is_constant: batch_rate(problem, rows, batches, epochs, is_constant=is_constant),
    )


def _stops(
    asked: tuple[AnyStop, ...], problem: Problem, settings: Settings, tolerance: float | None
) -> tuple[Stop, ...]:
    """What may end the run early, or watches it; a tolerance is a stop where the rule does not know beforehand when it gets there."""
    rule = settings.rule
    stops = tuple(one.for_run(problem, rule, settings.epochs) if hasattr(one, "for_run") else one for one in asked)
    if tolerance is None or has_closed_form(rule):
        return stops
    return (*stops, DualityGap(tolerance) if problem.l1 else Within(tolerance))


def _descent(
    engine: str,
    problem: Problem,
    settings: Settings,
    start: FloatArray,
    record: Record | None,
    stops: tuple[Stop, ...],
    callbacks: tuple[Callback, ...],
    checkpoint: str | os.PathLike[str] | None,
) -> ClosedIterates | RecordedIterates:
    """Run the engine; "auto" takes the closed form where the rule has one and nobody wants to watch each step."""
    if record is not None and not isinstance(record, Record):
        raise UsageError(Option("record") + f" is a Record, such as Record(every=10); got {shown(record)}.")
    rule = settings.rule
    watched = callbacks or stops or checkpoint is not None
    if knows_its_run(rule) and problem.is_quadratic and (engine == "modes" or (engine == "auto" and not watched)):
        return closed_form.run(problem, rule, start, settings.epochs)
    seen = [_one_number(callback) if start.shape[1] == 1 else callback for callback in callbacks]
    file = None
    if checkpoint is not None:
        path = check_file_name("checkpoint", checkpoint)
        refuse_existing_file(path, force=True)
        file = RunCheckpoint(path, identity_of(problem, rule, start, settings.epochs, record))
    return loop.run(
        problem.quadratic, rule, start, settings.epochs, record=record, stop=stops, callbacks=seen, checkpoint=file
    )


def _check_modes(rule: Rule, **given: object) -> None:
    """Raise UsageError where the closed form is asked for together with what only a loop can do."""
    if not knows_its_run(rule):
        raise UsageError(f"rule {words_of(rule)} has no closed form.", remedies.STEP_BY_STEP)
    asked = [name for name, value in given.items() if value]
    if asked:
        raise UsageError(
            Option("engine", "modes") + f" takes no steps, so nothing would come of {join_names(asked)}.",
            "leave them out, since every epoch is known anyway",
            remedies.STEP_BY_STEP,
        )


def _one_number(callback: Callback) -> Callback:
    """Let the callback of a run with one target have its loss as a number."""

    def seen(epoch: int, loss: FloatArray, theta: FloatArray) -> object:
        return callback(epoch, loss[0], theta)

    seen.pace = pace_of(callback)  # type: ignore[attr-defined]
    return seen
