"""Closed, full and abandoned standard streams: no traceback, the right exit status, and every file that is written is whole."""

import io
import os
import subprocess
import sys

import pytest

import steepest
from steepest.cli import streams

FIT = (
    "fit tutorial.csv --target y --learning-rate 3e-5 --epochs 20000 --no-standardize --log-every 1 --strict --out run"
)
FULL = "Error: cannot write to standard output: No space left on device. Give it another place.\n"

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")


def _shell(arguments, redirection, folder):
    command = f"{sys.executable} -m steepest {arguments} {redirection}"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "| head -1", "2>&1 | true", ">/dev/null"])
def test_a_run_is_written_whole_whoever_reads(redirection, tutorial_csv, tmp_path):
    done = _shell(FIT, redirection, tmp_path)
    assert done.returncode == 4  # --strict: 20,000 epochs do not arrive
    assert done.stderr == ""
    assert done.stdout.count("\n") <= 1 or redirection == "2>&-"
    model = steepest.load(tmp_path / "run")
    assert model.training["epochs"] == 20_000
    assert {entry.name for entry in (tmp_path / "run").iterdir()} >= {"model.json", "run.json", "report.html"}


@needs_full
@pytest.mark.process
def test_a_full_output_is_told_and_the_run_is_there(tutorial_csv, tmp_path):
    done = _shell("fit tutorial.csv --target y --out run", ">/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (3, FULL)
    assert steepest.load(tmp_path / "run").weights[0] == pytest.approx(0.5)


@needs_full
@pytest.mark.process
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--help", "--version", "diagnose tutorial.csv --target y"])
def test_what_is_only_printed_is_told_where_it_cannot_be(arguments, unbuffered, tutorial_csv, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = _shell(arguments, ">/dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (3, FULL)


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "status"),
    [("fit nothing.csv", 3), ("fit --nothing", 2), ("--help", 0), ("diagnose tutorial.csv --target y", 0)],
)
def test_the_status_is_the_same_where_nothing_can_be_printed(arguments, status, tutorial_csv, tmp_path):
    for redirection in (">&-", "2>&-", ">&- 2>&-", "2>&1 | true"):
        done = _shell(arguments, redirection, tmp_path)
        assert done.returncode == status, redirection
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.process
def test_predictions_are_whole_without_an_output(tutorial_csv, tmp_path):
    steepest.Model.of(steepest.descend(str(tutorial_csv), target="y")).save(tmp_path / "model.json")
    for redirection in (">&-", "2>&-", "2>&1 | true"):
        out = tmp_path / "predicted.csv"
        done = _shell("predict model.json tutorial.csv -o predicted.csv", redirection, tmp_path)
        assert done.returncode == 0
        assert out.read_text().count("\n") == 301
        out.unlink()
    done = _shell("predict model.json tutorial.csv", "| head -2", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "x,y,prediction")


def test_an_outlet_swallows_what_comes_after_its_first_error(monkeypatch):
    reading, writing = os.pipe()
    with streams.Outlet(writing, "w") as outlet:
        assert outlet.write(b"abc") == 3
        os.close(reading)
        assert outlet.write(b"defg") == outlet.write(b"hijk") == 4
        assert isinstance(outlet.error, BrokenPipeError)
        stream = io.TextIOWrapper(io.BufferedWriter(outlet))
        assert streams.failure(stream) is outlet.error
        monkeypatch.setattr(sys, "stdout", stream)
        assert streams.finished(4) == 4  # a reader that has left is no error
        outlet.error = OSError(28, "No space left on device")
        assert (streams.finished(0), streams.finished(2)) == (3, 2)
    assert streams.failure(io.StringIO()) is None
