"""Inference: how sure one may be of the exact minimum of a loss, from the triangle and a second look at the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, check_confidence
from steepest.analysis.inference_checks import (
    check_data,
    check_penalty,
    check_selected,
    check_words,
    condition_numbers,
    index_of,
)
from steepest.analysis.least_squares import LeastSquares
from steepest.analysis.loss_table import compared, minimized, of_a_loss
from steepest.analysis.residuals import POWERS, residual_pass, second_look
from steepest.data.batch import Batch
from steepest.data.sources import MissingPolicy
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.loss_choice import LossChoice, asked_of, check_offset, settled_loss
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.problem import Problem
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number

APART = 0.01  # standard errors between run and table that go without saying


@numeric
def infer(
    data: object,
    y: object = None,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    offset: object = None,
    exposure: object = None,
    missing: MissingPolicy = "error",
    fit_intercept: bool = True,
    loss: LossChoice | None = None,
    confidence: float = 0.95,
    robust: Robust | None = None,
    weights: WeightKind = "precision",
) -> Inference:
    """Return the coefficient table of the exact minimum on a table: of least squares one pass over the rows, two with robust errors.

        covariance = s²·(XᵀWX)⁻¹ = s²·R⁻¹·R⁻ᵀ          s² = Σ w·r² / (n - p)                       squared loss
        covariance = (Σ w·ℓ''·x·xᵀ)⁻¹                  at the minimum, which takes some ten passes     logistic, Poisson

    Args:
        data: what `descend` takes: arrays with y, a data frame or the path of a table with target, a Triangle, a source; or a
            run, whose exact answer is then meant (rows for robust errors go through `run.summary`).
        y: the target, shape (n,).
        target: name of the target column of a table.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        offset, exposure: of another loss than squares, as `descend` takes them.
        missing: of a table: "error", "drop" or "indicator".
        fit_intercept: whether the model has a bias.
        loss: "squared", "logistic", "poisson", "huber" or a loss object, as `descend` takes it; None: as `descend` chooses it.
        confidence: share of the intervals that hold the true coefficient.
        robust: "HC0" … "HC3": standard errors that hold where the errors' variance differs from row to row; of other losses
            than squares "HC0" and "HC1".
        weights: what a weight of 2 means: "precision" (half the variance: of a share two trials, of a rate twice the exposure) or
            "frequency" (the row twice).

    Raises:
        UsageError: an option is outside its range, there are several targets, or a triangle is asked for what needs rows.
        DataError: the data cannot be used, columns depend on each other, or there are no more rows than coefficients.

    Example:
        >>> table = infer([[1.0], [2.0], [3.0], [4.0]], [3.0, 4.0, 6.0, 8.0])     # residuals 0.3, -0.4, -0.1, 0.2
        >>> table.coefficients.round(12), (table.standard_errors**2).round(12)    # s² = 0.3/2 = 0.15; 0.15·(1/4 + 2.5²/5), 0.15/5
        (array([1. , 1.7]), array([0.225, 0.03 ]))
        >>> round(table.r_squared, 12) == round(1 - 0.3 / 14.75, 12), table.p_values.round(4)
        (True, array([0.1695, 0.0102]))

    Source: Seber, Lee, "Linear Regression Analysis", 2nd edition, chapters 3 to 5.
    """
    if isinstance(data, Trajectory):
        return infer_run(data, target, confidence, robust, weights=weights)
    check_selected(data)
    check_words(robust, weights)
    roles: dict[str, Any] = {"target": target, "features": features, "weight": weight, "missing": missing}
    table = open_data(data, y, **roles, offset=offset, exposure=exposure, loss=asked_of(loss))
    loss, _ = settled_loss(table, loss, has_rows=not isinstance(table, Triangle))
    check_offset(table, loss)
    if not (isinstance(loss, str) and loss == "squared"):
        return of_a_loss(minimized(table, loss, fit_intercept), None, confidence, robust, None, weights)
    source = None if isinstance(table, Triangle) else table
    if source is None and robust is not None:
        raise UsageError("robust standard errors need the rows, and a triangle has none. Give the table itself.")
    problem = Problem.of(read(table, sample_rows=0).triangle, fit_intercept=fit_intercept)
    batches = source.batches() if source is not None and robust else None
    answer = problem.to_raw(problem.quadratic.minimum)
    return _table(problem, answer, None, confidence, robust, batches, weights)


def infer_run(
    run: Trajectory,
    target: str | None = None,
    confidence: float = 0.95,
    robust: Robust | None = None,
    data: object = None,
    y: object = None,
    weights: WeightKind = "precision",
) -> Inference:
    """Return the coefficient table of a run's exact answer, and say where the run itself is elsewhere.

    Args:
        run: the run; what it heads for (`run.optimum`) is what the table is about.
        target: which one, where there are several.
        confidence, robust, weights: as `infer`.
        data, y: the run's own rows once more, for robust errors and Durbin-Watson.

    Raises:
        UsageError, DataError: as `infer`; l2 is above 0, or data are other rows than the run's.
    """
    if data is None and y is not None:
        raise UsageError("y goes with data: give both, run.summary(data=X, y=y).")
    problem = run.problem
    if problem.has_offset and y is not None:
        raise UsageError("the rows that are given again have no offset. Leave data and y out: the run keeps its rows.")
    batches = None if data is None else second_look(problem.triangle, data, y)
    if isinstance(problem, LossProblem):
        inference = of_a_loss(problem, target, confidence, robust, batches, weights)
    else:
        problem.check_squares("this coefficient table")
        d, t, goal = len(run.features), len(run.targets), run.optimum
        answer = goal.weights.reshape(d, t), np.asarray(goal.bias).reshape(t)
        inference = _table(problem, answer, target, confidence, robust, batches, weights)
    return replace(inference, notes=(*inference.notes, *_apart(run, inference, target)))


def _table(
    problem: Problem,
    answer: tuple[FloatArray, FloatArray],
    target: str | None,
    confidence: float,
    robust: Robust | None,
    batches: Iterator[Batch] | None,
    weights: WeightKind,
) -> Inference:
    """Return the coefficient table of the exact answer: weights (d, t) and bias (t,) in the data's own units."""
    _check_settings(problem, confidence, robust, batches, weights)
    index = index_of(problem.targets, target)
    slopes, bias = answer[0][:, index], float(answer[1][index])
    check_data(problem, weights, problem.quadratic.size)
    fit = LeastSquares.of(
        problem.triangle,
        slopes,
        bias,
        target=index,
        fit_intercept=problem.fit_intercept,
        weights=weights,
    )
    residuals = None
    if batches is not None and not fit.is_exact:
        power, copies = (POWERS[robust] if robust else None), weights == "frequency"
        residuals = residual_pass(batches, fit.basis, fit.level, slopes, index, power, copies=copies)
        fit.check_same_rows(residuals)
    return fit.inference(confidence, weights, robust, residuals, condition_numbers(problem))


def _check_settings(problem: Problem, confidence: float, robust: str | None, batches: object, weights: str) -> None:
    check_confidence(confidence)
    check_words(robust, weights)
    if robust is not None and batches is None:
        raise UsageError(
            "robust standard errors need a second look at the rows.", "give them: run.summary(data=X, y=y)"
        )
    check_penalty(problem)


def _apart(run: Trajectory, inference: Inference, target: str | None) -> tuple[str, ...]:
    """Say how far the run's own coefficients are from the table's, where they are."""
    kind, exact, own = run.verdict.kind, inference.is_exact, _own(run, target)
    answer = "least-squares answer" if inference.loss_kind is None else "minimum"
    about = f"The table is of the exact {answer}, not of the run."
    if not np.isfinite(own).all():
        return (f"The run has not converged ({kind}): its own coefficients are no numbers any more. {about}",)
    apart = np.abs(own - inference.coefficients)
    scale = np.maximum(inference.standard_errors, np.finfo(float).tiny)
    worst = int((apart / scale).argmax())
    errors = float(apart[worst] / scale[worst])
    arrived = kind == "converged"
    if arrived and (exact or errors <= APART):
        return ()
    name = inference.names[worst]
    distance = (
        f"its own {name} is {number(float(own[worst]))}, the table's {number(float(inference.coefficients[worst]))}"
    )
    far = "" if exact else f", {number(errors, 3)} standard errors away"
    begun = "The run ended short of it" if arrived else f"The run has not converged ({kind})"
    return (f"{begun}: {distance}{far}. {about}",)


def _own(run: Trajectory, target: str | None) -> FloatArray:
    """The run's own coefficients, as the table tells those of the minimum."""
    problem, index = run.problem, 0 if target is None else run.targets.index(target)
    weights, bias = run.last.weights.reshape(len(run.features), -1), np.atleast_1d(run.last.bias)
    if isinstance(problem, LossProblem):
        with np.errstate(invalid="ignore"):
            return compared(problem, weights, bias, index)[2]
    return np.concatenate([[bias[index]], weights[:, index]]) if problem.fit_intercept else weights[:, index]
