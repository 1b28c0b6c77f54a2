"""Path degrees: how many free coefficients the models of a path have."""

import numpy as np
from numpy.typing import NDArray

from steepest.support.arrays import FloatArray


def shrunk_columns(columns: FloatArray, l2: FloatArray) -> float:
    """Return tr(A·(AᵀA + diag(l2))⁻¹·Aᵀ) of columns A (q, k)."""
    gram = columns.T @ columns
    return float(np.trace(np.linalg.solve(gram + np.diag(l2), gram)))


def ranks(design: FloatArray, used: NDArray[np.bool_]) -> FloatArray:
    """Return the rank of the columns in use, for each of K sets of them (K, d), shape (K,).

    Where the columns of all sets together are independent, so are those of each, and one decomposition answers for all of them; else
    the sets are halved.

    Example:
        >>> ranks(np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]), np.array([[True, False, True], [True, True, False]]))
        array([2., 1.])
    """
    columns = design[:, used.any(axis=0)]
    if len(used) == 1 or columns.shape[1] <= columns.shape[0]:
        values = np.linalg.svd(columns, compute_uv=False)
        rank = float((values > 1e-12 * values.max(initial=0.0)).sum())
        if rank == columns.shape[1]:
            return np.asarray(used.sum(axis=1), dtype=np.float64)
        if len(used) == 1:
            return np.array([rank])
    half = len(used) // 2
    return np.concatenate([ranks(design, used[:half]), ranks(design, used[half:])])
