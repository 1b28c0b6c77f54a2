"""Working response: rows whose least squares is one Newton step of a loss."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from steepest.data.batch import Batch
from steepest.objectives.losses import Joint, Loss, is_joint, is_kinked
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map
from steepest.support.values import Value

FLATTEST = 1e-10  # of the slope: below it a row's working response leaves float64 before its slope does
SMALLEST = 1e-300  # what divides a slope of 0
ROWS = 8_192  # that one thread works through: the system takes larger arrays than 64 kB back after each step
TOGETHER = 1 << 22  # numbers of rows that are lifted together, 32 MB


@dataclass(frozen=True, eq=False)
class Working(Value):
    """Some rows with their working response.

    Args:
        rows: inputs, z = m - ℓ'/ℓ'' and weights ω·ℓ''; None where they leave float64.
        value: Σ ω·ℓ.
        total: Σ ω.
    """

    rows: Batch | None
    value: float
    total: float


def working(
    loss: Loss, batch: Batch, theta: FloatArray, coordinates: Coordinates, *, majorized: bool = False
) -> Iterator[Working]:
    """Yield a batch's rows with their working response at theta.

    Args:
        loss: ℓ.
        batch: the rows, in the data's own units.
        theta: parameters in force, shape (p, 1), or (p·K, 1) of a loss of K margins.
        coordinates: the inputs in force.
        majorized: with the curvature of a quadratic above the loss, of one that has it.

    Raises:
        DataError: a target does not fit this loss.
    """
    own = np.ones(len(batch)) if batch.weight is None else batch.weight
    counted = batch.y if batch.weight is None else batch.y[own > 0]
    loss.check(counted if is_joint(loss) else counted[:, 0])
    if not is_joint(loss):
        yield _of_one_margin(loss, batch, own, theta, coordinates, majorized)
        return
    size = max(1, TOGETHER // max(1, theta.size * batch.y.shape[1]))
    for first in range(0, len(batch), size):
        rows = slice(first, first + size)
        yield _of_margins(loss, batch.take(rows), own[rows], theta, coordinates)


def _of_one_margin(
    loss: Loss, batch: Batch, own: FloatArray, theta: FloatArray, coordinates: Coordinates, majorized: bool
) -> Working:
    """z = m - ℓ'/ℓ'' with weights ω·ℓ''; an offset is in m where the loss sees it, and not in z."""
    weights, bias = coordinates.to_raw(theta)
    response, weight = np.empty((len(batch), 1)), np.empty(len(batch))

    def work(rows: slice) -> float:
        y = batch.y[rows, 0]
        with np.errstate(over="ignore", invalid="ignore"):
            own_margin = batch.X[rows] @ weights[:, 0] + bias[0]
            margin = own_margin if batch.offset is None else own_margin + batch.offset[rows]
            bent = loss.majorant if majorized and is_kinked(loss) else loss.curvature
            slope = loss.slope(margin, y)
            curvature = np.maximum(bent(margin, y), _flattest(loss, slope))
            response[rows, 0] = own_margin - slope / curvature
            weight[rows] = own[rows] * curvature
            if batch.weight is None:
                return float(loss.value(margin, y).sum())
            counts = own[rows] > 0  # a row that does not count may have a target that this loss has no value for
            return float((own[rows][counts] * loss.value(margin, y)[counts]).sum())

    value = sum(parallel_map(work, [slice(at, at + ROWS) for at in range(0, len(batch), ROWS)]))
    return _checked(Batch(batch.X, response, batch.features, batch.targets, weight, batch.first_row), value, own)


def _of_margins(loss: Joint, batch: Batch, own: FloatArray, theta: FloatArray, coordinates: Coordinates) -> Working:
    """K rows for each, one for each class k, of all p·K parameters.

        inputs u ⊗ (e_k - p)          weight ω·p_k          z_k = Σ_j m_j·(e_k - p)_j + (y_k - p_k)/p_k

    Σ_k p_k·(e_k - p)(e_k - p)ᵀ = diag(p) - p·pᵀ, the curvature; and Σ_k (y_k - p_k)·(e_k - p) = y - p, minus the slope.
    """
    U, y = coordinates.of_rows(batch.X), batch.y
    n, K = y.shape
    margin = U @ theta.reshape(-1, K)
    p, slope = loss.mean(margin), loss.slope(margin, y)
    curvature = np.maximum(p, _flattest(loss, slope))
    apart = np.eye(K) - p[:, None, :]  # e_k - p, shape (n, k, j)
    lifted = (U[:, None, :, None] * apart[:, :, None, :]).reshape(n * K, -1)
    response = (apart * margin[:, None, :]).sum(axis=2) - slope / curvature
    weight = own[:, None] * curvature
    value = float((own[:, None] * loss.value(margin, y)).sum())
    names = tuple(f"u{j}" for j in range(lifted.shape[1]))
    rows = Batch(lifted, response.reshape(-1, 1), names, ("z",), weight.ravel(), batch.first_row)
    return _checked(rows, value, own)


def _flattest(loss: Loss, slope: FloatArray) -> FloatArray:
    """The least curvature that rows are given: any above 0 leaves the slope of their sum as it is.

    A row that is predicted well has a small slope and a small curvature, and needs no other; where curvature jumps it is 0 beside a
    slope of the loss's own unit.
    """
    largest = loss.largest_curvature
    if is_kinked(loss):
        return np.full(slope.shape, FLATTEST * largest)
    return np.maximum(FLATTEST * np.abs(slope), SMALLEST)


def _checked(rows: Batch, value: float, own: FloatArray) -> Working:
    with np.errstate(over="ignore", invalid="ignore"):
        squares = rows.weight * rows.y[:, 0] ** 2  # type: ignore[operator]
    is_finite = np.isfinite(squares).all() and np.isfinite(value) and np.isfinite(rows.weight).all()  # type: ignore[arg-type]
    return Working(rows if is_finite else None, value, float(own.sum()))
