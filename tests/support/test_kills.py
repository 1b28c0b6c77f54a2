"""A writer that is killed leaves the old result or the new one, whole, a rival's untouched, and nothing after the next run."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.killed_writers import COMMANDS

KILLS = int(os.environ.get("STEEPEST_KILLS", "21"))
"""How many writers are killed; 1,000 take a quarter of an hour."""
WRONG = ("faults", "found half", "failed", "next run not as it must be", "leftovers after the next run")


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without SIGKILL")
def test_killed_writers_leave_old_or_new_and_nothing_else():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_writers", str(KILLS), "8"],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert set(seen) == set(COMMANDS)
    assert sum(each["kills"] for each in seen.values()) >= KILLS
    for command, each in seen.items():
        assert not any(each.get(name) for name in WRONG), (command, each, ended.stderr)
