"""Inference: how sure one may be of the exact minimum of a loss, from the triangle and a second look at the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, check_confidence
from steepest.analysis.least_squares import LeastSquares
from steepest.analysis.leverage import Basis
from steepest.analysis.loss_pass import kept_rows, loss_pass
from steepest.analysis.m_estimate import MEstimate, check_loss
from steepest.analysis.residuals import POWERS, residual_pass, second_look
from steepest.data.batch import Batch
from steepest.data.sources import FullSource, MissingPolicy
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.loss_choice import LossChoice, LossName, choose_loss
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import Linked, Loss
from steepest.objectives.problem import Problem
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import join_names, number

APART = 0.01  # standard errors between run and table that go without saying


@numeric
def infer(
    data: object,
    y: object = None,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    fit_intercept: bool = True,
    loss: LossChoice = "squared",
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
        missing: of a table: "error", "drop" or "indicator".
        fit_intercept: whether the model has a bias.
        loss: "squared", "logistic", "poisson", "huber" or a loss object, as `descend` takes it.
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
    _check_words(robust, weights)
    table = open_data(data, y, target=target, features=features, weight=weight, missing=missing)
    if not (isinstance(loss, str) and loss == "squared"):
        return _of_a_loss(_minimized(table, loss, fit_intercept), confidence, robust, None, weights)
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
    batches = None if data is None else second_look(problem.triangle, data, y)
    if isinstance(problem, LossProblem):
        inference = _of_a_loss(problem, confidence, robust, batches, weights)
    else:
        problem.check_squares("this coefficient table")
        d, t, goal = len(run.features), len(run.targets), run.optimum
        answer = goal.weights.reshape(d, t), np.asarray(goal.bias).reshape(t)
        inference = _table(problem, answer, target, confidence, robust, batches, weights)
    return replace(inference, notes=(*inference.notes, *_apart(run, inference)))


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
    index = _index(problem.targets, target)
    slopes, bias = answer[0][:, index], float(answer[1][index])
    _check_data(problem, weights)
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
    return fit.inference(confidence, weights, robust, residuals, _condition_numbers(problem))


def _minimized(table: FullSource | Triangle, loss: LossName | Loss, fit_intercept: bool) -> LossProblem:
    """Return the problem of a table and another loss than squares, its minimum found in standardized inputs."""
    chosen = choose_loss(loss)
    if isinstance(table, Triangle):
        raise UsageError(f"a triangle has no rows, which a {chosen.name} loss needs.", "give the table itself")
    triangle = read(table, sample_rows=0).triangle
    return LossProblem.over(triangle, table.batches, chosen, "standardized", fit_intercept=fit_intercept)


def _of_a_loss(
    problem: LossProblem,
    confidence: float,
    robust: Robust | None,
    batches: Iterator[Batch] | None,
    weights: WeightKind,
) -> Inference:
    """Return the coefficient table of the minimum of another loss than squares; its rows are the problem's own, or given again."""
    check_confidence(confidence)
    _check_words(robust, weights)
    _check_penalty(problem)
    triangle, loss, coordinates = problem.triangle, problem.loss, problem.coordinates
    check_loss(loss, triangle, weights, robust)
    if not problem.found.settled:
        raise DataError(
            f"the {loss.name} loss has no minimum on this table, so there is nothing to be sure of.", remedies.PENALTY
        )
    _check_data(problem, weights)
    theta, d = problem.found.bowl.theta, len(problem.features)
    slopes, bias = (part.ravel() for part in problem.to_raw(theta))
    level = null = 0.0
    if problem.fit_intercept:  # from the coordinates in force: an intercept that is far away would leave its rounding
        away = (triangle.means[:d] - coordinates.shift) + triangle.tails[:d]
        level = float(theta[0, 0] + away / coordinates.scale @ theta[1:, 0])
        null = loss.link(float(triangle.means[d])) if isinstance(loss, Linked) else 0.0
    basis = Basis.of(triangle, fit_intercept=problem.fit_intercept)
    rows = kept_rows(problem) if batches is None else batches
    sums = loss_pass(rows, loss, basis, level, slopes, null, copies=weights == "frequency", robust=robust is not None)
    parameters = np.concatenate([bias, slopes]) if problem.fit_intercept else slopes
    estimate = MEstimate(triangle, loss, basis, parameters, level, sums, weights, robust)
    estimate.check_same_rows(problem.found.bowl.value)
    return estimate.inference(confidence, _condition_numbers(problem))


def _condition_numbers(problem: Problem) -> tuple[float, float]:
    return problem.in_coordinates("raw").condition_number, problem.standardized.condition_number


def _check_settings(problem: Problem, confidence: float, robust: str | None, batches: object, weights: str) -> None:
    check_confidence(confidence)
    _check_words(robust, weights)
    if robust is not None and batches is None:
        raise UsageError(
            "robust standard errors need a second look at the rows.", "give them: run.summary(data=X, y=y)"
        )
    _check_penalty(problem)


def _check_penalty(problem: Problem) -> None:
    if problem.l2:
        raise UsageError(
            "standard errors are of the minimum of a loss alone, and "
            + Option("l2", problem.l2)
            + " pulls the coefficients towards 0: they are biased, and no variance tells by how much.",
            remedies.NO_PENALTY,
            "judge the penalized model on held-out rows (sweep)",
        )


def _check_words(robust: object, weights: object) -> None:
    if robust is not None and not (isinstance(robust, str) and robust in get_args(Robust)):
        raise UsageError(Option("robust") + f' is "HC0", "HC1", "HC2", "HC3" or None; got {shown(robust)}.')
    check_word("weights", weights, get_args(WeightKind))


def _check_data(problem: Problem, weights: WeightKind) -> None:
    """Refuse tables that leave standard errors undefined."""
    triangle, size = problem.triangle, problem.quadratic.size
    rows = triangle.total_weight if weights == "frequency" else triangle.row_count
    if not rows > size:
        what = "rows" if weights == "precision" else "rows (the sum of the frequencies)"
        raise DataError(
            f"{number(rows)} {what} and {size} coefficients leave no degree of freedom, so nothing says how sure the coefficients are. "
            "Give more rows than coefficients, or fewer features."
        )
    constant, dependent = problem.constant_features, problem.dependent_features
    if constant or dependent:
        parts = [f"{join_names(constant)} has the same value in every row"] if constant else []
        parts += [f"{join_names(dependent)} can be computed from the other columns"] if dependent else []
        raise DataError(
            f"standard errors are not defined: {'; '.join(parts)}, so many coefficients are equally good. Leave such columns out."
        )


def _index(targets: tuple[str, ...], target: str | None) -> int:
    if target is None and len(targets) == 1:
        return 0
    if not isinstance(target, str) or target not in targets:
        given = "" if target is None else f"; got {shown(target)}"
        raise UsageError(f"a coefficient table is of one target, of {join_names(targets)}{given}.", remedies.TARGET)
    return targets.index(target)


def _apart(run: Trajectory, inference: Inference) -> tuple[str, ...]:
    """Say how far the run's own coefficients are from the table's, where they are."""
    kind, exact = run.verdict.kind, inference.is_exact
    index = run.targets.index(inference.target)
    weights, bias = run.last.weights.reshape(len(run.features), -1)[:, index], np.atleast_1d(run.last.bias)[index]
    own = np.concatenate([[bias], weights]) if run.problem.fit_intercept else weights
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
