"""Threads: the bits of a triangle depend on the rows, not on the machine's cores."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from steepest.data.batch import Batch
from steepest.summaries.triangle import Triangle
from steepest.support.threads import available, one_blas_thread, parallel_map


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.mark.parametrize("spread", [1.0, 1e-9])  # a Gram matrix takes the first; QR the second
def test_one_thread_and_two_give_the_same_bits(monkeypatch, spread):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(90_000, 6))
    X[:, 5] = X[:, 4] + spread * X[:, 5]
    batch = Batch(X, generator.normal(size=(90_000, 1)), tuple("abcdef"), ("y",))
    checksums = set()
    for count in ("1", "2", "8"):
        monkeypatch.setenv("STEEPEST_THREADS", count)
        checksums.add(Triangle.of(batch).checksum)
    assert len(checksums) == 1


def test_blas_is_held_to_one_thread_and_let_go_also_when_blocks_overlap():
    before = blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_blas_thread():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            pass
        assert set(blas_threads()) == {1}
        thread.start()
        entered.wait()
    leave.set()
    thread.join()
    assert blas_threads() == before


def test_an_error_in_a_piece_comes_out_and_lets_go():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda x: 1 / x, [1, 0, 2])
    assert blas_threads() == before


def test_the_number_of_threads_can_be_asked_for_but_not_raised(monkeypatch):
    monkeypatch.setenv("STEEPEST_THREADS", "1")
    assert available() == 1
    monkeypatch.setenv("STEEPEST_THREADS", "100000")
    assert 1 <= available() < 100_000
    monkeypatch.setenv("STEEPEST_THREADS", "many")
    assert available() >= 1
