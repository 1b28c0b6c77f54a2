"""QR: the triangular factor of some rows, in long double where the work is small."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.support.arrays import FloatArray
from steepest.support.threads import one_blas_thread

# Small tables are triangularized in long double where the machine has one (x86: 64 bits of mantissa): it costs well
# under a millisecond there and gains one to three digits on ill-conditioned ones. Larger ones go through LAPACK.
EXTENDED_WORK = 100_000


def working_type(rows: FloatArray) -> type[np.floating[Any]]:
    """Return long double for work small enough that nobody waits for it, float64 otherwise."""
    return np.longdouble if rows.size * rows.shape[1] <= EXTENDED_WORK else np.float64


def triangularize(rows: NDArray[Any]) -> NDArray[Any]:
    """Return R of the QR decomposition of rows (n, m), upper triangular, shape (min(n, m), m), diagonal not negative."""
    with one_blas_thread():
        factor = householder(rows) if rows.dtype == np.longdouble else np.linalg.qr(rows, mode="r")
    factor = np.triu(factor[: min(rows.shape)])
    # + 0 turns -0 into 0, so that equal triangles have equal bits
    return factor * np.where(np.diag(factor) < 0, -1.0, 1.0)[:, None] + 0.0


def retriangularize(rows: FloatArray) -> FloatArray:
    """Return the float64 triangle of a few rows that were a triangle before their columns were moved."""
    return triangularize(rows.astype(working_type(rows))).astype(np.float64)


def lengths(columns: FloatArray) -> FloatArray:
    """Return √Σ x² of each column, also where the squares leave float64."""
    largest = np.abs(columns).max(axis=0, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)
    return np.asarray(unit * np.sqrt(((columns / unit) ** 2).sum(axis=0)))


def householder(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows (n, m) with zeros below the diagonal, by reflections H = I - 2·v·vᵀ/(vᵀv), in rows' own precision.

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, algorithm 5.2.1.
    """
    rows = rows.copy()
    largest = np.abs(rows).max(axis=0, initial=0.0)
    for j in range(min(rows.shape)):
        v = rows[j:, j].copy()
        length = np.sqrt(v @ v)
        # what is left of a column that depends on earlier ones is rounding: nothing to reflect
        if length <= 1e-30 * largest[j]:
            continue
        v[0] += length if v[0] >= 0 else -length
        rows[j:, j:] -= np.multiply.outer(v, (2 / (v @ v)) * (v @ rows[j:, j:]))
    return rows
