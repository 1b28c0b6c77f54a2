"""Threads: independent pieces of NumPy work side by side, with one BLAS thread each, so that bits depend on no machine."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_threads(function: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
    """Return `[function(piece) for piece in pieces]`, the pieces worked on side by side.

    A BLAS that splits one product over two cores is slower than two products on a core each, and its rounding depends on
    the number of cores. So BLAS is held to one thread meanwhile, also on a machine with one core: the bits of the results
    depend on the pieces alone.

    Args:
        function: called once a piece, from several threads.
        pieces: what to work on.

    Example:
        >>> in_threads(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    workers = min(len(pieces), available())
    with one_blas_thread():
        if workers <= 1:
            return [function(piece) for piece in pieces]
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(function, piece) for piece in pieces]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


_owner = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread until the block ends; blocks may be nested, and be entered by several threads at once.

    The number of BLAS threads belongs to the whole process: the thread that comes first lowers it and raises it again,
    the others leave it alone. After a product on several threads OpenBLAS keeps them spinning for some milliseconds, in
    the way of ours.
    """
    if not _owner.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1, user_api="blas"):
            yield
    finally:
        _owner.release()


def available() -> int:
    """Return how many threads may work: the cores that this process may use, or fewer by STEEPEST_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("STEEPEST_THREADS", "")
    return max(1, min(cores, int(asked))) if asked.isdecimal() else cores


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - loaded when there is work for it, not on import

    return ThreadpoolController()
