"""Threads: independent pieces of NumPy work side by side, with one BLAS thread each, so that bits depend on no machine."""

import os
import queue
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def parallel_map(function: Callable[[Piece], Result], pieces: Sequence[Piece], most: int | None = None) -> list[Result]:
    """Return `[function(piece) for piece in pieces]`, the pieces worked on side by side.

    A BLAS that splits one product over two cores is slower than two products on a core each, and its rounding depends on
    the number of cores. So BLAS is held to one thread meanwhile, also on a machine with one core: the bits of the results
    depend on the pieces alone.

    Args:
        function: called once a piece, from several threads.
        pieces: what to work on.
        most: how many threads may work at once; None: one for each core.

    Example:
        >>> parallel_map(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    workers = min(len(pieces), available(), most or len(pieces))
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


class _Depth(threading.local):
    depth = 0  # blocks of this thread that are open


class _Holders:
    """Who holds BLAS to one thread now: how many threads, and what to put back when the last of them lets go."""

    def __init__(self) -> None:
        self.lock, self.count, self.before = threading.RLock(), 0, list[tuple[Any, int]]()
        self.own = _Depth()

    def enter(self) -> None:
        """Count a block of this thread; its first one lowers what is not lowered yet."""
        self.own.depth += 1
        if self.own.depth > 1:
            return
        with self.lock:
            self.count += 1
            numbers = [(library, library.get_num_threads()) for library in _blas()]
            higher = [(library, number) for library, number in numbers if number != 1]
            if higher:
                self.before += higher
                _set([(library, 1) for library, _ in higher])

    def leave(self) -> None:
        """Count a block of this thread that has ended; the last one of all threads puts the numbers back."""
        self.own.depth -= 1
        if self.own.depth:
            return
        with self.lock:
            self.count -= 1
            if not self.count:
                self.restore()

    def restore(self) -> None:
        """Put back what was lowered."""
        if self.before:
            _set(self.before[::-1])
            _give_up_control()
            self.before.clear()

    def after_fork(self) -> None:
        """In a child only the thread that forked lives on: the blocks of others will never end there."""
        self.lock, self.count = threading.RLock(), int(self.own.depth > 0)
        if not self.count:
            self.restore()


HOLDERS = _Holders()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=HOLDERS.after_fork)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread until the block ends; blocks may be nested, and be entered by several threads at once.

    The number of BLAS threads belongs to the whole process: the first that comes lowers it, and the last that leaves puts
    it back. After a product on several threads OpenBLAS keeps them spinning for some milliseconds, in the way of ours.
    """
    HOLDERS.enter()
    try:
        yield
    finally:
        HOLDERS.leave()


def prefetch(items: Iterable[Piece], depth: int = 2, cancel: Callable[[], None] | None = None) -> Iterator[Piece]:
    """Yield the items while the next ones are being made on another thread: reading goes on during the arithmetic.

    Args:
        items: what to yield; it is iterated on the other thread, and closed there when the reader of this one stops.
        depth: how many may wait.
        cancel: ends what the other thread is waiting for, a query for example; called where the reader stops early.
    """
    waiting: queue.Queue[tuple[Piece | None, BaseException | None, bool]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[Piece | None, BaseException | None, bool]) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put((item, None, False)):
                    break
            else:
                put((None, None, True))
        except BaseException as error:
            put((None, error, True))
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    maker = threading.Thread(target=make, daemon=True)
    maker.start()
    last = False
    try:
        while True:
            item, error, last = waiting.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]  # an entry that is not the last has an item
    finally:
        stopped.set()
        if not last:
            with _interrupts_held():
                for _ in range(1 if cancel is None else 10):
                    if cancel is not None and maker.is_alive():
                        cancel()  # once more: the one before may have come between two queries
                    maker.join(timeout=1.0)


def interruptible(work: Callable[[], Result], cancel: Callable[[], None] | None = None) -> Result:
    """Return what `work` returns, made on another thread: Ctrl-C ends the waiting, and cancels the work where it can be."""
    (result,) = prefetch((work() for _ in range(1)), cancel=cancel)
    return result


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let a second Ctrl-C wait for what the first one ends: an interpreter that ends under a running thread may crash."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def available() -> int:
    """Return how many threads may work: the cores that this process may use, or fewer by STEEPEST_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("STEEPEST_THREADS", "")
    return max(1, min(cores, int(asked))) if asked.isdecimal() else cores


def _set(numbers: Sequence[tuple[Any, int]]) -> None:
    # threadpoolctl lets only that thread set a number that set one before, and does nothing for others
    _give_up_control()
    for library, number in numbers:
        library.set_num_threads(number)


def _give_up_control() -> None:
    for clear in _controls():
        clear(force=True)


@cache
def _blas() -> list[Any]:
    """The BLAS libraries that NumPy and SciPy compute with."""
    import scipy.linalg  # noqa: F401, PLC0415 - it may bring a BLAS of its own
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - loaded when there is work for it, not on import

    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


@cache
def _controls() -> list[Callable[..., None]]:
    """What makes each kind of library forget which thread may set numbers; all of a kind share it."""
    kinds = {type(library) for library in _blas()}
    return [kind.clear_controlling_thread for kind in kinds if hasattr(kind, "clear_controlling_thread")]
