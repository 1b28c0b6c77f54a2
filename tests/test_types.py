"""Types: a user's script passes strict type checkers, and what is wrong in it they find."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import steepest
from steepest.descent.iterates import EngineName
from steepest.rules.registry import BUILT_IN
from steepest.rules.rule import BuiltInRule
from steepest.views.plots import KINDS, PlotKind

HERE = Path(__file__).parent / "typing"
SCRIPT, MISTAKES = HERE / "user_script.py", HERE / "mistakes.py"
SOURCE = Path(steepest.__file__).parents[1]
MARKED = {
    number for number, line in enumerate(MISTAKES.read_text().splitlines(), start=1) if line.endswith("# mistake")
}


def _run(*command, cwd):
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "MYPYPATH": str(SOURCE), "PYTHONPATH": path, "MPLBACKEND": "agg"}
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True
    )


def _lines(output):
    return {int(line) for line in re.findall(r"mistakes\.py:(\d+):.*error", output)}


def _checked(folder, checker):
    if checker == "mypy":
        settings = folder / "mypy.ini"
        settings.write_text("[mypy]\nstrict = True\n[mypy-steepest.*]\nfollow_imports = silent\n")
        options = ["--config-file", settings, "--cache-dir", folder / "cache"]
    else:
        options = ["--pythonpath", sys.executable]
    return lambda script: _run("-m", checker, *options, script, cwd=folder)


@pytest.fixture(params=["mypy", "pyright"])
def check(request, tmp_path):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return _checked(tmp_path, request.param)


@pytest.mark.process
@pytest.mark.slow
def test_a_users_script_runs(tmp_path):
    done = _run(SCRIPT, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "loss.png").stat().st_size > 0


@pytest.mark.process
@pytest.mark.slow
def test_a_users_script_has_no_finding(check):
    done = check(SCRIPT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
@pytest.mark.slow
def test_every_mistake_is_found_and_nothing_else(check):
    done = check(MISTAKES)
    assert _lines(done.stdout) == MARKED, done.stdout + done.stderr


def test_the_types_name_what_there_is():
    assert get_args(BuiltInRule) == tuple(rule.name for rule in BUILT_IN)
    assert set(get_args(PlotKind)) == set(KINDS)
    assert set(get_args(EngineName)) == {"modes", "loop"}
