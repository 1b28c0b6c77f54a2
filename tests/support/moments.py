"""Moments that depend on the work and not on how fast the machine is: a process sends itself a signal at a chosen call.

`python -m tests.support.moments SIGINT step 1000 fit DATA …` runs the command, which gets the signal at its thousandth call
of a function `step`.
"""

import itertools
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def strike(number, at, name=None):
    """Send this process a signal when it calls or leaves a function for the `at`-th time; `name`: count calls of that one.

    Returns:
        The counter; its next value is one more than what has been counted.
    """
    counter = itertools.count(1)

    def profile(frame, event, argument):
        if (name is None or (event == "call" and frame.f_code.co_name == name)) and next(counter) == at:
            sys.setprofile(None)
            os.kill(os.getpid(), number)

    sys.setprofile(profile)
    return counter


def struck_command(number, name, at, *arguments):
    """Return the words of a process that runs the command so; its working folder has to be ROOT."""
    here = [sys.executable, "-m", "tests.support.moments"]
    return [*here, signal.Signals(number).name, name, str(at), *map(str, arguments)]


@contextmanager
def at_most(calls):
    """Raise where a block makes more calls and returns: what hangs is told from what answers, on however slow a machine."""
    counter = itertools.count(1)

    def profile(frame, event, argument):
        if next(counter) > calls:
            sys.setprofile(None)
            raise AssertionError(f"this takes more than {calls:,} calls")

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def until(true, seconds=120.0):
    """Wait until something is true; the bound is there to end a test that hangs, on however slow a machine."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


if __name__ == "__main__":
    from steepest.cli import main

    strike(getattr(signal, sys.argv[1]), int(sys.argv[3]), sys.argv[2])
    main(sys.argv[4:])
