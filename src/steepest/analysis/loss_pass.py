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
from steepest.objectives.losses import Joint, Loss
from steepest.summaries.qr import triangularize
from steepest.support.arrays import FloatArray

TOGETHER = 1 << 22  # numbers of rows of several classes that are lifted together, 32 MB


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
        offset = None if part.offset is None else part.offset[:, 0]
        yield Batch(X, part.y, problem.features, problem.targets, weight, start, offset=offset)


def loss_pass(
    batches: Iterable[Batch],
    loss: Loss,
    basis: Basis,
    level: FloatArray,
    slopes: FloatArray,
    null_margin: FloatArray,
    *,
    base: int = 0,
    copies: bool,
    robust: bool,
) -> LossSums:
    """Go over the rows once and sum up what their loss, its slope and curvature are, in constant memory.

        m = level + (x - mean)·slopes + offset          q = basis(x)

    Args:
        batches: the rows, in any order.
        loss: ℓ.
        basis: of their triangle.
        level: the margins at the means, shape (t,), t = 1 or the number of classes.
        slopes: shape (d, t).
        null_margin: those of the intercept alone, shape (t,).
        base: of several classes the one that the others are compared with; p is then the parameters of all others.
        copies: whether a weight says how often a row is there.
        robust: whether the meat is wanted, half of the work.
    """
    t, joint = slopes.shape[1], isinstance(loss, Joint)
    p = (len(slopes) + basis.fit_intercept) * max(1, t - 1)
    information, meat, sums, count = np.zeros((p, p)), np.zeros((p, p)), np.zeros(11), 0
    for batch in pieces(batches, max(1, TOGETHER // (t * p)) if joint else ROWS):
        weight = np.ones(len(batch)) if batch.weight is None else batch.weight
        Q, null = basis.rows(batch.X), np.broadcast_to(null_margin, (len(batch), t))
        margin = level + ((batch.X - basis.centre) - basis.tails) @ slopes
        if batch.offset is not None:
            margin, null = margin + batch.offset[:, None], null + batch.offset[:, None]
        y = batch.y
        if not joint:
            margin, null, y = margin[:, 0], null[:, 0], y[:, 0]
        slope, curvature = loss.slope(margin, y), loss.curvature(margin, y)
        if joint:
            bent, score = _lifted(loss.mean(margin), slope, Q, weight, base)
        else:
            bent, score = np.sqrt(weight * curvature)[:, None] * Q, slope[:, None] * Q
        information = triangularize(np.vstack([information, bent]))
        if robust:
            meat = triangularize(np.vstack([meat, (np.sqrt(weight) if copies else weight)[:, None] * score]))
        sums += _sums(loss, margin, y, weight, slope, curvature, null, copies=copies)
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


def _lifted(
    p: FloatArray, slope: FloatArray, Q: FloatArray, weight: FloatArray, base: int
) -> tuple[FloatArray, FloatArray]:
    """Rows of the information and of the scores, for the parameters of all classes j but one.

    √(w·p_k)·(e_k - p)_j ⊗ q for each class k, whose squares sum to w·(diag(p) - p·pᵀ) ⊗ q·qᵀ; and ℓ'_j ⊗ q.
    """
    n, K = p.shape
    others = np.arange(K) != base
    apart = (np.eye(K) - p[:, None, :])[:, :, others]
    rows = np.sqrt(weight[:, None] * p)[:, :, None, None] * apart[:, :, :, None] * Q[:, None, None, :]
    return rows.reshape(n * K, -1), (slope[:, others, None] * Q[:, None, :]).reshape(n, -1)


def _sums(
    loss: Loss,
    margin: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    slope: FloatArray,
    curvature: FloatArray,
    null_margin: FloatArray,
    *,
    copies: bool,
) -> FloatArray:
    """The sums of some rows, in the order of the fields."""
    likelihood = LIKELIHOODS.get(loss.name)
    value, null = loss.value(margin, y), loss.value(null_margin, y)
    least, best = np.zeros_like(value), math.nan
    if likelihood is not None:
        least, ones = likelihood.least(y), np.ones_like(weight)
        best = float((weight * likelihood.of_the_best(y, ones) if copies else likelihood.of_the_best(y, weight)).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(curvature > 0, slope**2 / curvature, 0.0)
    sums = (value, value - least, null - least, spread, slope**2, curvature, curvature**2, curvature == 0, least > 0)
    by_row = (part.reshape(len(weight), -1).sum(axis=1) for part in sums)
    return np.array([*(float(weight @ part) for part in by_row), best, float(weight.sum())])
