"""Threads: the bits of a triangle depend on the rows, not on the machine's cores."""

import contextlib
import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from steepest.data.batch import Batch
from steepest.summaries.triangle import Triangle
from steepest.support.threads import HOLDERS, _blas, _set, available, one_blas_thread, parallel_map


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


def test_the_last_that_holds_blas_lets_go_in_whatever_order_they_leave():
    before, doors = blas_threads(), [threading.Event() for _ in range(3)]
    inside, seen = threading.Barrier(4), []

    def hold(k):
        with contextlib.suppress(ZeroDivisionError), one_blas_thread(), one_blas_thread():
            inside.wait()
            doors[k].wait()
            seen.append(blas_threads())
            raise ZeroDivisionError

    threads = [threading.Thread(target=hold, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    inside.wait()
    for door, thread in zip(doors, threads, strict=True):  # the first that came goes first
        assert set(blas_threads()) == {1}
        door.set()
        thread.join()
    assert seen == [[1] * len(before)] * 3
    assert blas_threads() == before


def test_a_number_that_another_has_set_meanwhile_is_lowered_by_the_next_that_comes():
    before = blas_threads()
    with one_blas_thread():
        _set([(library, 2) for library in _blas()])
        thread = threading.Thread(target=lambda: parallel_map(abs, [1]))
        thread.start()
        thread.join()
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("forks_inside", [True, False])
def test_a_child_keeps_its_own_block_and_none_of_other_threads(forks_inside):
    before = blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def other():
        with one_blas_thread():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()

    def child():
        if forks_inside:
            return set(blas_threads()) == {1} and HOLDERS.count == 1
        with one_blas_thread():
            if set(blas_threads()) != {1}:
                return False
        return blas_threads() == before and HOLDERS.count == 0

    with contextlib.ExitStack() as stack:
        if forks_inside:
            stack.enter_context(one_blas_thread())
        number = os.fork()
        if not number:
            os._exit(0 if child() else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    leave.set()
    thread.join()
    assert status == 0
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
