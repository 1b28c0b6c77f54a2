"""Files and run folders: whole or absent. Model files have a test module of their own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.models import run_folder
from steepest.models.model import Model
from steepest.support.files import whole_folder, write_whole
from steepest.views.plots import PredictionErrorDisplay


@pytest.fixture
def run(line):
    X, y = line
    return steepest.descend(X, y + np.sin(X[:, 0]), learning_rate=1e-5, epochs=1000)


@pytest.mark.slow
def test_the_saved_folder_loads(tmp_path, run, line):
    folder = run_folder.write(tmp_path / "r", run, steepest.summarize(*line))
    assert steepest.load(folder) == Model.of(run)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_whole(tmp_path / "f", b"old")

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(DataError, match="no space left on device"):
        write_whole(tmp_path / "f", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("f", b"old")]


@pytest.mark.slow
def test_a_run_folder_holds_what_it_says(tmp_path, run, line):
    import duckdb

    X, y = line
    picture = PredictionErrorDisplay.from_trajectory(run, X, y)
    folder = run_folder.write(
        tmp_path / "a" / "r", run, steepest.summarize(X, y), pictures={"predictions": picture}, record={"rows": 300}
    )
    names = [
        "contour.svg",
        "loss.svg",
        "model.json",
        "modes.svg",
        "predictions.svg",
        "report.html",
        "run.json",
        "trajectory.parquet",
        "triangle",
    ]
    assert sorted(p.name for p in folder.iterdir()) == names
    record = json.loads((folder / "run.json").read_text())
    assert record["rows"] == 300
    assert record["weights"] == {"x1": run.weights[0]}
    assert record["verdict"]["text"] == str(run.verdict)
    rows = duckdb.sql(f"SELECT * FROM '{folder / 'trajectory.parquet'}'").fetchnumpy()
    assert list(rows) == ["epoch", "loss", "rmse", "bias", "weight of x1"]
    np.testing.assert_array_equal(rows["loss"], run.loss(rows["epoch"]))
    assert (rows["epoch"][0], rows["epoch"][-1]) == (0, 1000)
    assert steepest.Triangle.load(folder / "triangle").checksum == steepest.summarize(X, y).checksum
    assert (folder / "loss.svg").read_text().startswith("<?xml")


@pytest.mark.slow
def test_the_same_run_makes_the_same_pictures(tmp_path, run, line):
    folders = [run_folder.write(tmp_path / name, run, steepest.summarize(*line)) for name in "ab"]
    assert (folders[0] / "loss.svg").read_bytes() == (folders[1] / "loss.svg").read_bytes()


@pytest.mark.slow
def test_an_existing_folder_is_refused_or_replaced_whole(tmp_path, run, line):
    triangle = steepest.summarize(*line)
    folder = run_folder.write(tmp_path / "r", run, triangle)
    (folder / "mine.txt").write_text("kept?")
    with pytest.raises(UsageError, match="exists already"):
        run_folder.write(folder, run, triangle)
    assert (folder / "mine.txt").exists()
    with pytest.raises(UsageError, match=r"did not write \(mine.txt\)"):
        run_folder.write(folder, run, triangle, force=True)
    assert (folder / "mine.txt").read_text() == "kept?"
    (folder / "mine.txt").unlink()
    (folder / "validation.svg").write_text("of an earlier run")
    run_folder.write(folder, run, triangle, force=True)
    assert not (folder / "validation.svg").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        run_folder.write(tmp_path / "file", run, triangle, force=True)


@pytest.mark.slow
def test_a_folder_that_fails_half_way_is_absent_and_the_old_one_stays(tmp_path, run, line, monkeypatch):
    triangle = steepest.summarize(*line)
    folder = run_folder.write(tmp_path / "r", run, triangle)
    before = sorted((p.name, p.read_bytes()) for p in folder.iterdir())

    def broken(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_folder, "save", broken)
    for name, force in (("new", False), ("r", True)):
        with pytest.raises(KeyboardInterrupt):
            run_folder.write(tmp_path / name, run, triangle, force=force)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    assert sorted((p.name, p.read_bytes()) for p in folder.iterdir()) == before


@pytest.mark.process
def test_a_killed_writer_leaves_no_folder_of_that_name(tmp_path):
    code = f"""
import os, pathlib
from steepest.support.files import whole_folder
with whole_folder({str(tmp_path / "r")!r}) as folder:
    (folder / "half").write_text("x")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert not (tmp_path / "r").exists()


def test_whole_folder_gives_a_scratch_place(tmp_path):
    with whole_folder(tmp_path / "r") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "r").exists()
    assert (tmp_path / "r" / "a").read_text() == "1"


def test_free_names_are_safe_and_new(tmp_path):
    assert (
        run_folder.free_name(tmp_path, "../x y/🐧").name == "_x_y__"
        or run_folder.free_name(tmp_path, "../x y/🐧").parent == tmp_path
    )
    (tmp_path / "demo").mkdir()
    assert run_folder.free_name(tmp_path, "demo") == tmp_path / "demo-2"
