"""Passes over a table that kill themselves at random calls: `python -m tests.summaries.killed_passes TABLE STATE KILLS [DATABASE]`.

Each pass is a fork of this process, which has imported everything and begun no thread, so that a pass costs no start.
"""

import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path

import steepest
from steepest.data.sources import table_source
from steepest.data.split import Share
from steepest.summaries.summarize import read
from tests.support.moments import strike


def passed(table, state, at, database=None):
    """Read the table in a process that is killed at its `at`-th call; return what it says before it ends, which may be nothing."""
    come, go = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            calls = strike(signal.SIGKILL, at)
            source = steepest.open_source(table, target="y", missing="drop", database=database)
            summary = read(source, Share(0.25), checkpoint=state, checkpoint_seconds=0.0)
            sys.setprofile(None)
            told = [summary.triangle.checksum, summary.test.checksum, summary.notes]
            told += [hashlib.sha256(part.X.tobytes()).hexdigest() for part in (summary.sample, summary.test_sample)]
            os.write(go, json.dumps([told, next(calls) - 1]).encode())
        finally:
            os._exit(0)
    os.close(go)
    with open(come, "rb") as stream:
        said = stream.read()
    os.waitpid(process, 0)
    return json.loads(said) if said else None


def main(table, state, kills, database=None):
    """Print what an undisturbed pass gives, what those gave that came to their end, and how many of the killed ones got on."""
    table_source.BLOCK_ROWS = (
        1_024 if database else 4_096
    )  # many batches, so that there are many moments to be killed at
    undisturbed, calls = passed(table, f"{state}.undisturbed", None, database)
    moments, kept, killed, got_on, ends = random.Random(0), Path(state), 0, 0, []
    while killed < kills or not ends:
        before = kept.stat().st_mtime_ns if kept.exists() else None
        at = moments.randrange(1, calls // 3) if killed < kills else None
        end = passed(table, state, at, database)
        if end is not None:
            ends.append(end[0])
            kept.unlink()
            continue
        killed += 1
        got_on += kept.exists() and kept.stat().st_mtime_ns != before
    if kept.exists():
        ends.append(passed(table, state, None, database)[0])
    print(json.dumps({"undisturbed": undisturbed, "ends": ends, "got_on": got_on, "calls": calls}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
