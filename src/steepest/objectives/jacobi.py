"""Jacobi: singular values with the digits of each, by LAPACK, while other Python threads go on."""

import ctypes
import re
from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import lapack

from steepest.errors import DataError
from steepest.support.arrays import FloatArray
from steepest.support.threads import one_blas_thread

# What scipy.linalg.cython_lapack says of dgejsv: six letters, two sizes, A and its leading dimension, σ, U, V, work, info.
SIGNATURE = re.compile(r"void \((?:char \*, ){6}(?:int \*, ){2}D, int \*, D, (?:D, int \*, ){3}int \*, int \*\)")
Factors = tuple[FloatArray, FloatArray, FloatArray]


def decompose(A: FloatArray, *, rows_differ: bool = False) -> Factors:
    """Return U (m, n), σ (n,) descending and V (n, n) with A = U·diag(σ)·Vᵀ, for A of shape (m, n), m >= n, of full rank.

    Each σ has its own digits when A is well-conditioned but for the sizes of its columns.

    Args:
        A: shape (m, n), finite, not all 0.
        rows_differ: whether sizes of rows may differ by many powers of ten, too.

    Raises:
        DataError: LAPACK could not compute them.

    Example:
        >>> U, singular, V = decompose(np.array([[3.0, 0.0], [4.0, 1e-20]]))
        >>> singular
        array([5.e+00, 6.e-21])

    Source: Drmač, Veselić, "New fast and accurate Jacobi SVD algorithm", SIAM J. Matrix Anal. Appl. 29 (2008).
    """
    largest = np.abs(A).max()
    with one_blas_thread():  # rotations are too small to share: threads would wait for each other
        U, singular, V, info = (_without_lock if _address() else _with_lock)(A / largest, "F" if rows_differ else "C")
    if info:
        raise DataError(f"the eigenvalues could not be computed (dgejsv stopped with {info}); rescale the columns.")
    return U, singular * largest, V


def _with_lock(A: FloatArray, accuracy: str) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """By SciPy's function, which holds Python's lock: 12 s for 1,000 columns, in which no other thread moves."""
    # jobp=0: else LAPACK puts 1e-147 where zeros are, which columns 1e140 apart would feel
    singular, U, V, work, _, info = lapack.dgejsv(A, joba="CEFGAR".index(accuracy), jobu=0, jobv=0, jobr=0, jobp=0)
    return U[:, : A.shape[1]], singular * (work[0] / work[1]), V, info


def _without_lock(A: FloatArray, accuracy: str) -> tuple[FloatArray, FloatArray, FloatArray, int]:
    """By the same routine's address, called through ctypes, which leaves the lock to others; the same bits."""
    m, n = A.shape
    copy = np.asfortranarray(A)
    singular, U, V = np.zeros(n), np.zeros((m, n), order="F"), np.zeros((n, n), order="F")
    work = np.zeros(max(6 * n + 2 * n * n, 2 * m + n, 4 * n + n * n, 2 * n + n * n + 6, 7))
    whole = np.zeros(m + 3 * n + 3, dtype=np.intc)
    info = ctypes.c_int(0)

    def number(value: int) -> Any:
        return ctypes.byref(ctypes.c_int(value))

    def place(array: Any) -> Any:
        return ctypes.c_void_p(array.ctypes.data)

    letters = [ctypes.c_char_p(letter.encode()) for letter in (accuracy, "U", "V", "N", "N", "N")]
    _address()(
        *letters, number(m), number(n), place(copy), number(m), place(singular), place(U), number(m), place(V), number(n),
        place(work), number(len(work)), place(whole), ctypes.byref(info),
    )  # fmt: skip
    return U, singular * (work[0] / work[1]), V, info.value


@cache
def _address() -> Any:
    """Return LAPACK's dgejsv as a C function, or None where this SciPy's is not the one known here."""
    from scipy.linalg import cython_lapack  # noqa: PLC0415 - loaded when there is something to decompose

    capsule = getattr(cython_lapack, "__pyx_capi__", {}).get("dgejsv")
    if capsule is None:
        return None
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    name = api.PyCapsule_GetName(capsule)
    if not SIGNATURE.fullmatch(re.sub(r"__pyx_t_\w*_d \*|double \*", "D", name.decode())):
        return None
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 19)(api.PyCapsule_GetPointer(capsule, name))
