"""Singular values: the quick way is taken where it has the digits, and gives what Jacobi gives."""

import numpy as np
import pytest

from steepest.errors import DataError
from steepest.objectives import jacobi, singular_values
from steepest.objectives.singular_values import LARGEST_RATIO, MANY, decompose


def of_ratio(ratio, columns=MANY, rows=MANY):
    generator = np.random.default_rng(7)
    Q = np.linalg.qr(generator.normal(size=(rows, columns)))[0]
    P = np.linalg.qr(generator.normal(size=(columns, columns)))[0]
    return (Q * np.geomspace(1, 1 / ratio, columns)) @ P.T


@pytest.fixture
def by_jacobi(monkeypatch):
    calls = []
    original = jacobi.decompose
    monkeypatch.setattr(jacobi, "decompose", lambda *a, **named: calls.append(a[0].shape) or original(*a, **named))
    return calls


@pytest.mark.parametrize("rows_differ", [False, True])
@pytest.mark.parametrize("rows", [MANY, 3 * MANY])
def test_both_ways_give_one_answer(by_jacobi, rows, rows_differ):
    A = of_ratio(LARGEST_RATIO / 2, rows=rows)
    U, singular, V = decompose(A, rows_differ=rows_differ)
    assert not by_jacobi
    # κ = 50: ε·κ = 1e-14, and as much for Jacobi
    np.testing.assert_allclose(singular, jacobi.decompose(A, rows_differ=rows_differ)[1], rtol=3e-14)
    np.testing.assert_allclose(U * singular @ V.T, A, atol=1e-14)
    np.testing.assert_allclose(U.T @ U, np.eye(MANY), atol=1e-14)
    np.testing.assert_allclose(V.T @ V, np.eye(MANY), atol=1e-14)


def test_what_loses_digits_goes_to_jacobi(by_jacobi):
    wide = of_ratio(2.0, rows=2 * MANY)
    wide[-1] *= 1e-9  # a column of another unit, where columns are rows
    for A, rows_differ in ((of_ratio(2 * LARGEST_RATIO), False), (of_ratio(2.0, MANY - 1), False), (wide, True)):
        singular = decompose(A, rows_differ=rows_differ)[1]
        assert (np.diff(singular) <= 0).all()
    assert len(by_jacobi) == 3
    decompose(wide)
    assert len(by_jacobi) == 3


def test_a_lapack_that_gives_up_is_not_the_end(monkeypatch, by_jacobi):
    def failing(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", failing)
    assert decompose(of_ratio(2.0))[1][0] == pytest.approx(1.0)
    assert by_jacobi


def test_an_error_on_the_other_thread_is_told(monkeypatch):
    monkeypatch.setattr(singular_values, "LONG", MANY)
    monkeypatch.setattr(np.linalg, "svd", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        decompose(of_ratio(2.0))
    monkeypatch.setattr(singular_values, "_of_many", lambda *_: (_ for _ in ()).throw(DataError("no")))
    with pytest.raises(DataError):
        decompose(of_ratio(2.0))
