"""Loss pass: what the rows say at the minimum of a loss, from one pass over them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from steepest.analysis.leverage import Basis
from steepest.analysis.likelihoods import LIKELIHOODS
from steepest.analysis.residuals import ROWS, pieces
from steepest.data.batch import Batch
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import Loss
from steepest.summaries.qr import triangularize
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class LossSums:
    """Sums over the rows at given parameters.

    Args:
        information: upper triangular E with EᵀE = Σ w·ℓ''·q·qᵀ in the basis, shape (p, p).
        meat: upper triangular B with BᵀB = Σ (w·ℓ')²·q·qᵀ, of copies Σ w·ℓ'²·q·qᵀ, shape (p, p); 0 where it is not wanted.
        value: Σ w·ℓ.
        excess: Σ w·(ℓ - the least ℓ for this y), half the deviance; of a loss without likelihood Σ w·ℓ.
        null_excess: the same at a margin of its own, which is the same in every row.
        pearson: Σ w·ℓ'²/ℓ''.
        squared_slopes: Σ w·ℓ'².
        curvatures: Σ w·ℓ'' and Σ w·ℓ''².
        beyond: Σ w over rows without curvature.
        between: Σ w over rows whose target no mean gives without loss, as a share of trials.
        log_best: Σ log P(y) where the mean is y itself; NaN where no likelihood has such targets.
        row_count: rows with a weight above 0.
        total_weight: Σ w.
    """

    information: FloatArray
    meat: FloatArray
    value: float
    excess: float
    null_excess: float
    pearson: float
    squared_slopes: float
    curvatures: tuple[float, float]
    beyond: float
    between: float
    log_best: float
    row_count: int
    total_weight: float


def kept_rows(problem: LossProblem) -> Iterator[Batch]:
    """Yield the rows that a problem keeps, in the data's own units."""
    rows, coordinates = problem.rows, problem.coordinates
    first, unit = int(problem.fit_intercept), problem.triangle.total_weight / len(problem.rows)
    for start in range(0, len(rows), ROWS):
        part = rows.take(slice(start, start + ROWS))
        X = part.U[:, first:] * coordinates.scale + coordinates.shift
        weight = np.full(len(part), unit) if part.omega is None else unit * part.omega
        yield Batch(X, part.y, problem.features, problem.targets, weight, start)


def loss_pass(
    batches: Iterable[Batch],
    loss: Loss,
    basis: Basis,
    level: float,
    slopes: FloatArray,
    null_margin: float,
    *,
    copies: bool,
    robust: bool,
) -> LossSums:
    """Go over the rows once and sum up what their loss, its slope and curvature are, in constant memory.

        m = level + (x - mean)·slopes          q = basis(x)

    Args:
        batches: the rows, in any order.
        loss: ℓ.
        basis: of their triangle.
        level: the margin at the means.
        slopes: shape (d,).
        null_margin: that of the intercept alone.
        copies: whether a weight says how often a row is there.
        robust: whether the meat is wanted, half of the work.
    """
    p = len(slopes) + basis.fit_intercept
    information, meat, sums, count = np.zeros((p, p)), np.zeros((p, p)), np.zeros(11), 0
    for batch in pieces(batches):
        weight = np.ones(len(batch)) if batch.weight is None else batch.weight
        y, Q = batch.y[:, 0], basis.rows(batch.X)
        margin = level + ((batch.X - basis.centre) - basis.tails) @ slopes
        slope, curvature = loss.slope(margin, y), loss.curvature(margin, y)
        information = triangularize(np.vstack([information, np.sqrt(weight * curvature)[:, None] * Q]))
        if robust:
            scaled = (np.sqrt(weight) if copies else weight) * slope
            meat = triangularize(np.vstack([meat, scaled[:, None] * Q]))
        sums += _sums(loss, margin, y, weight, slope, curvature, null_margin, copies=copies)
        count += len(batch)
    value, excess, null_excess, pearson, squares, first, second, beyond, between, best, total = sums.tolist()
    return LossSums(
        information,
        meat,
        value,
        excess,
        null_excess,
        pearson,
        squares,
        (first, second),
        beyond,
        between,
        best,
        count,
        total,
    )


def _sums(
    loss: Loss,
    margin: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    slope: FloatArray,
    curvature: FloatArray,
    null_margin: float,
    *,
    copies: bool,
) -> FloatArray:
    """The sums of some rows, in the order of the fields."""
    likelihood = LIKELIHOODS.get(loss.name)
    value, null = loss.value(margin, y), loss.value(np.full_like(margin, null_margin), y)
    least, best = np.zeros_like(y), math.nan
    if likelihood is not None:
        least = likelihood.least(y)
        ones = np.ones_like(y)
        best = float((weight * likelihood.of_the_best(y, ones) if copies else likelihood.of_the_best(y, weight)).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(curvature > 0, slope**2 / curvature, 0.0)
    sums = (value, value - least, null - least, spread, slope**2, curvature, curvature**2, curvature == 0, least > 0)
    return np.array([*(float(weight @ part) for part in sums), best, float(weight.sum())])
