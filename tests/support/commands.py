"""The command line for the tests: in this process, as a process of its own would do it, or really in one."""

import contextvars
import io
import os
import signal
import subprocess
import sys
import traceback
import warnings

import pytest

SILENT = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""What Python does not show of its own accord."""


def steepest_command(*arguments, cwd=".", env=None, text=True):
    """Run the command in this process; what comes back is what `steepest_process` would give.

    Nothing of the run stays: folder, environment, streams, signal handlers, warnings filters and numpy's error state are
    as before.
    """
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as own:
        own.chdir(cwd)
        for name, value in (env or {}).items():
            own.setenv(name, value)
        own.setattr(sys, "stdin", _stream(io.BytesIO()))
        outputs = [io.BytesIO(), io.BytesIO()]
        for name, output in zip(("stdout", "stderr"), outputs, strict=True):
            own.setattr(sys, name, _stream(output))
        try:
            status = contextvars.copy_context().run(_status, [str(argument) for argument in arguments])
        finally:
            for number, handler in signals.items():
                signal.signal(number, handler)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        said = [output.getvalue().decode() if text else output.getvalue() for output in outputs]
    return subprocess.CompletedProcess(["steepest", *arguments], status, *said)


def steepest_process(*arguments, cwd=".", env=None, text=True, timeout=300, **more):
    """Run the command in a process of its own, as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "steepest", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=text,
        timeout=timeout,
        check=False,
        **more,
    )


def _stream(held):
    """Give a standard stream that goes into a pipe, encoded as the interpreter is told."""
    return io.TextIOWrapper(held, encoding=os.environ.get("PYTHONIOENCODING", "utf-8"))


def _status(arguments):
    """Run `main` under Python's own warnings filters, and return the exit status."""
    from steepest.cli import main

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in SILENT:
            warnings.simplefilter("ignore", category)
        try:
            main(arguments)
        except SystemExit as left:
            return left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        except Exception:
            traceback.print_exc()
            return 1
    return 0
