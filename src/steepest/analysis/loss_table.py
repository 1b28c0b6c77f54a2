"""Loss table: from the minimum of a loss other than squares to its coefficient table."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, check_confidence
from steepest.analysis.inference_checks import check_data, check_penalty, check_words, condition_numbers, index_of
from steepest.analysis.leverage import Basis
from steepest.analysis.likelihoods import LIKELIHOODS
from steepest.analysis.loss_pass import kept_rows, loss_pass
from steepest.analysis.m_estimate import MEstimate, check_loss
from steepest.data.batch import Batch
from steepest.data.sources import FullSource
from steepest.errors import DataError, UsageError
from steepest.objectives.loss_choice import LossName, choose_loss
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import Linked, Loss
from steepest.objectives.newton import minimize
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names


def minimized(table: FullSource | Triangle, loss: LossName | Loss, fit_intercept: bool) -> LossProblem:
    """Return the problem of a table and another loss than squares, its minimum found in standardized inputs."""
    chosen = choose_loss(loss)
    if isinstance(table, Triangle):
        raise UsageError(f"a triangle has no rows, which a {chosen.name} loss needs.", "give the table itself")
    triangle = read(table, sample_rows=0).triangle
    return LossProblem.over(triangle, table.batches, chosen, "standardized", fit_intercept=fit_intercept)


def of_a_loss(
    problem: LossProblem,
    target: str | None,
    confidence: float,
    robust: Robust | None,
    batches: Iterator[Batch] | None,
    weights: WeightKind,
) -> Inference:
    """Return the coefficient table of the minimum of another loss than squares.

    Args:
        problem: what was minimized.
        target: of several classes the one that the others are compared with; default: the first.
        confidence, robust, weights: as `infer`.
        batches: the problem's rows, given again; None: those that it keeps.

    Raises:
        UsageError, DataError: as `infer`.
    """
    check_confidence(confidence)
    check_words(robust, weights)
    check_penalty(problem)
    triangle, loss = problem.triangle, problem.loss
    base = index_of(problem.targets, problem.targets[0] if target is None else target)
    check_loss(loss, triangle, weights, robust)
    if problem.separation is not None:
        raise DataError(
            f"the {loss.name} loss has no minimum on this table, so there is no coefficient to be sure of: {problem.separation}.",
            "leave out columns that tell the target",
        )
    check_data(problem, weights, len(problem.parameter_names) * max(1, problem.classes - 1))
    slopes, bias = problem.to_raw(problem.found.bowl.theta)
    level, null = _levels(problem)
    basis = Basis.of(triangle, fit_intercept=problem.fit_intercept)
    rows = kept_rows(problem) if batches is None else batches
    how = {"copies": weights == "frequency", "robust": robust is not None}
    sums = loss_pass(rows, loss, basis, level, slopes, null, base=base, **how)
    about, names, parameters = compared(problem, slopes, bias, base)
    estimate = MEstimate(triangle, loss, basis, about, names, parameters, float(level[0]), sums, weights, robust)
    estimate.check_same_rows(problem.found.bowl.value)
    return estimate.inference(confidence, condition_numbers(problem))


def compared(
    problem: LossProblem, slopes: FloatArray, bias: FloatArray, base: int
) -> tuple[str, tuple[str, ...], FloatArray]:
    """Return what is compared, and the names and values of all parameters, the intercept first.

    What is added to the parameters of all classes changes no probability: those of each class are told less those of one, which
    are the logarithms of odds between the two.
    """
    theta = np.vstack([bias[None, :], slopes]) if problem.fit_intercept else slopes
    names, targets = problem.parameter_names, problem.targets
    if problem.classes == 1:
        return targets[0], names, theta[:, 0]
    others = [k for k in range(problem.classes) if k != base]
    about = f"{join_names([targets[k] for k in others])} against {targets[base]}"
    labels = tuple(f"{name} for {targets[k]}" for k in others for name in names)
    return about, labels, np.concatenate([theta[:, k] - theta[:, base] for k in others])


def _levels(problem: LossProblem) -> tuple[FloatArray, FloatArray]:
    """The margins at the inputs' means, and those of the intercept alone at its best, both of shape (1,) or (K,)."""
    t, d = problem.classes, len(problem.features)
    if not problem.fit_intercept:
        return np.zeros(t), np.zeros(t)
    # from the coordinates in force: an intercept that is far away would leave its rounding
    triangle, coordinates, theta = problem.triangle, problem.coordinates, problem.found.bowl.theta.reshape(-1, t)
    away = (triangle.means[:d] - coordinates.shift) + triangle.tails[:d]
    return theta[0] + away / coordinates.scale @ theta[1:], _null_margins(problem)


def _null_margins(problem: LossProblem) -> FloatArray:
    loss, d = problem.loss, len(problem.features)
    if loss.name not in LIKELIHOODS:
        return np.zeros(problem.classes)
    if not problem.has_offset and isinstance(loss, Linked):
        return loss.link(problem.triangle.means[d:])
    alone = problem.triangle.select(()).coordinates("raw")
    found = minimize(loss, lambda: (replace(rows, X=rows.X[:, :0], features=()) for rows in kept_rows(problem)), alone)
    return np.asarray(found.bowl.theta[:, 0])
