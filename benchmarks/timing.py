"""Measure calls: the median of several, after one that warms up."""

import statistics
import time
from collections.abc import Callable


def seconds(call: Callable[[], object], repeat: int = 7) -> float:
    return in_turns(call, repeat=repeat)[0]


def in_turns(*calls: Callable[[], object], repeat: int = 7) -> list[float]:
    """Seconds of each call, measured in turns: what else the machine does falls on all of them alike."""
    rounds = [[seconds_once(call) for call in calls] for _ in range(repeat + 1)][1:]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def seconds_once(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
