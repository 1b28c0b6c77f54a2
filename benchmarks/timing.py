"""Measure a call: the median of several, after one that warms up."""

import statistics
import time
from collections.abc import Callable


def seconds(call: Callable[[], object], repeat: int = 7) -> float:
    call()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
