"""What every test runs under."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.support.servers import mariadb, postgresql  # noqa: F401 - fixtures of all rooms

collect_ignore = ["typing/mistakes.py"]  # for type checkers alone

settings.register_profile("steepest", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("steepest")


@pytest.fixture
def line():
    """The tutorial's training data."""
    x = np.arange(1.0, 301.0)[:, None]
    return x, 0.5 * x[:, 0] + 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Let only those tests start processes that are marked so: the quick ones start none."""
    with pytest.MonkeyPatch.context() as own:
        if not any(map(item.get_closest_marker, ("process", "cluster", "browser"))):
            own.setattr(subprocess.Popen, "__init__", _refuse_to_start)
        return (yield)


START = subprocess.Popen.__init__
# matplotlib, older threadpoolctl and older NumPy ask these once, whichever test loads them
LOADING = ("fc-list", "ldconfig", "lscpu")


def _refuse_to_start(self, args, *rest, **options):
    if Path(args if isinstance(args, str) else args[0]).name not in LOADING:
        raise AssertionError("a test that starts a process is marked `process`, `cluster` or `browser`")
    START(self, args, *rest, **options)
