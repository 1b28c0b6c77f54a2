"""Streams: standard output and error that are closed, full, or read by nobody any more; what a command writes is done all the same."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any


class Outlet(io.FileIO):
    """The file behind a standard stream; after its first error it swallows what comes, and keeps the error.

    So a reader that leaves early, as `| head` does, costs nobody the run folder that is written afterwards.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write bytes, or swallow them."""
        if self.error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes


def prepare() -> None:
    """Put outlets behind the standard streams, and nothing behind those that are closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the next file that is opened would get the number, and what is printed
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, _prepared(getattr(sys, name), number))


def _prepared(stream: Any, number: int) -> Any:
    """Return a stream that bears errors, and characters that its encoding has not."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    raw = _raw(stream)
    if type(raw) is not io.FileIO or raw.fileno() != number:  # somebody else's, or a console of Windows
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(Outlet(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _raw(stream: Any) -> Any:
    """The file behind a stream, whether it is buffered or not (python -u)."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


_heard: dict[str, Any] = {}


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Send what is printed nowhere for a while; `heard` still gives the streams that people see."""
    _heard.update(stdout=sys.stdout, stderr=sys.stderr)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        try:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        finally:
            _heard.clear()


def heard(name: str) -> Any:
    """Return the stream "stdout" or "stderr" that people see, whether what is printed is hushed or not."""
    return _heard.get(name, getattr(sys, name))


def failure(stream: Any) -> OSError | None:
    """Return the error that a stream has met, or None: what is printed from then on goes nowhere."""
    raw = _raw(stream)
    return raw.error if isinstance(raw, Outlet) else None


def finished(status: int) -> int:
    """Write out what is left, say why standard output could not be written, and return the exit status.

    A reader that has left is no error.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    error = failure(sys.stdout)
    if error is None or error.errno == errno.EPIPE:
        return status
    print(f"Error: cannot write to standard output: {error.strerror}. Give it another place.", file=sys.stderr)
    return status or 3
