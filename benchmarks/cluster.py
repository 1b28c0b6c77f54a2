"""P7: two Dask workers against one on the same machine, and what a worker costs that is killed in the middle."""

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import distributed

import steepest
from benchmarks.out_of_core import generate


def run(path, workers, kill=False):
    """Seconds of one pass on a cluster that is already up, and the checksum."""
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
        ) as local,
        distributed.Client(local) as client,
    ):
        source = steepest.open_source(path, target="x0")
        for core, address in zip(sorted(os.sched_getaffinity(0)), client.scheduler_info()["workers"], strict=False):
            client.run(pin, core, workers=[address])  # a worker is a core: reading ahead would use a second one
        client.run(warm, str(path))
        victim = next(iter(local.workers.values())).pid
        began = time.perf_counter()
        if kill:
            threading.Timer(kill, lambda: os.kill(victim, signal.SIGKILL)).start()
        triangle = steepest.summarize(source, cluster=client)
        return time.perf_counter() - began, triangle.checksum


def pin(core):
    os.sched_setaffinity(0, {core})


def warm(path):
    """Import what a worker needs and read one piece, so that the start is not timed."""
    import steepest.summaries.cluster

    steepest.summaries.cluster._read_piece(steepest.open_source(path, target="x0").pieces()[0], None, 0, 0)


def main(gigabytes=2):
    with tempfile.TemporaryDirectory(prefix="steepest-benchmark") as place:
        path = Path(place) / "t.parquet"
        rows = generate(path, gigabytes)
        one, two = (min(run(path, workers) for _ in range(2)) for workers in (1, 2))
        killed = run(path, 2, kill=two[0] / 2)
        assert one[1] == two[1] == killed[1]
        print(
            f"P7  {rows:,} rows of {gigabytes} GB: one worker {one[0]:.1f} s, two {two[0]:.1f} s = {one[0] / two[0]:.2f} × (goal 1.7); "
            f"one of two killed half-way: {killed[0] - two[0]:+.1f} s (goal 5), the same bits each time"
        )
