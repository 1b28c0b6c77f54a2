"""Jacobi: exact to each singular value, the same bits by both ways to LAPACK, and other threads go on meanwhile."""

import sys
import threading
from fractions import Fraction

import numpy as np
import pytest

from steepest.errors import DataError
from steepest.objectives import jacobi
from steepest.support.threads import one_blas_thread


def graded(seed, m, n, rows_differ):
    generator = np.random.default_rng(seed)
    A = generator.normal(size=(m, n)) * 10.0 ** generator.uniform(-12, 12, size=n)
    return A * 10.0 ** generator.uniform(-8, 8, size=(m, 1)) if rows_differ else A


@pytest.mark.parametrize("rows_differ", [False, True])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 2), (5, 1), (7, 4), (25, 21), (90, 90)])
def test_both_ways_to_lapack_give_the_same_bits(m, n, rows_differ):
    assert jacobi._address() is not None, "this SciPy has another dgejsv: what it holds back is Python's lock"
    for seed in range(4):
        A = graded(seed, m, n, rows_differ)
        accuracy = "F" if rows_differ else "C"
        for a, b in zip(jacobi._with_lock(A, accuracy), jacobi._without_lock(A, accuracy), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("rows_differ", [False, True])
def test_factors_are_those_of_the_matrix(monkeypatch, known, rows_differ):
    if not known:
        monkeypatch.setattr(jacobi, "_address", lambda: None)
    A = graded(5, 12, 6, rows_differ)
    U, singular, V = jacobi.decompose(A, rows_differ=rows_differ)
    assert (np.diff(singular) <= 0).all()
    np.testing.assert_allclose(U.T @ U, np.eye(6), atol=1e-14)
    np.testing.assert_allclose(V.T @ V, np.eye(6), atol=1e-14)
    # column by column: each has its own size
    np.testing.assert_allclose(U * singular @ V.T / np.abs(A).max(axis=0), A / np.abs(A).max(axis=0), atol=1e-14)


def test_small_singular_values_have_their_digits():
    # of two columns σ₁·σ₂ = |det| and σ₁² + σ₂² = the sum of squares, both exact in fractions
    A = np.array([[3.0, 1e-9], [4.0, 7e-9]])
    exact = [[Fraction(x) for x in row] for row in A.tolist()]
    determinant = exact[0][0] * exact[1][1] - exact[0][1] * exact[1][0]
    squares = sum(x * x for row in exact for x in row)
    _, (large, small), _ = jacobi.decompose(A)
    assert float(abs(determinant) / (Fraction(large) * Fraction(small)) - 1) == pytest.approx(0, abs=1e-15)
    assert float(squares / (Fraction(large) ** 2 + Fraction(small) ** 2) - 1) == pytest.approx(0, abs=1e-15)


def test_other_threads_go_on_meanwhile():
    """A thread that is let go just before comes to its end before LAPACK does; with the lock held it would not begin."""
    A = np.triu(np.random.default_rng(0).normal(size=(400, 400))) + 20 * np.eye(400)
    go, ended = threading.Event(), threading.Event()

    def other():
        go.wait()
        sum(range(10_000))
        ended.set()

    thread = threading.Thread(target=other)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)  # nobody asks for the lock before it is given
    try:
        with one_blas_thread():
            go.set()
            jacobi._without_lock(A, "C")
            came = ended.is_set()
    finally:
        sys.setswitchinterval(interval)
    thread.join()
    assert came


def test_lapacks_failure_is_told(monkeypatch):
    monkeypatch.setattr(jacobi, "_without_lock", lambda A, accuracy: (A, A[0], A, 7))
    monkeypatch.setattr(jacobi, "_with_lock", lambda A, accuracy: (A, A[0], A, 7))
    with pytest.raises(DataError, match="dgejsv stopped with 7"):
        jacobi.decompose(np.eye(3))


@pytest.mark.parametrize("sizes", ["int64_t *, ", "long *, "])
def test_another_signature_is_not_called(sizes):
    known = "void (" + "char *, " * 6 + "int *, int *, D, int *, D, D, int *, D, int *, D, int *, int *, int *)"
    assert jacobi.SIGNATURE.fullmatch(known)
    assert not jacobi.SIGNATURE.fullmatch(known.replace("int *, ", sizes))
