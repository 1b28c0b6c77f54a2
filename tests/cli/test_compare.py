"""compare: runs side by side, and what keeps their errors from being ranked."""

import json
import shutil

import numpy as np
import pytest

from steepest.cli.kept_run import KeptRun
from steepest.errors import ModelFileError
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

TARGET = ("--target", "body_mass_g")
RUNS = {
    "short": (*TARGET, "--test-size", "0.2", "--epochs", "5"),
    "long": (*TARGET, "--test-size", "0.2"),
    "raw": (*TARGET, "--test-size", "0.2", "--no-standardize", "--epochs", "50", "--rule", "heavy_ball"),
    "fewer": (*TARGET, "--test-size", "0.2", "--exclude", "year"),
    "untested": (*TARGET, "--exclude", "year"),
    "again": TARGET,
    "otherwise": (*TARGET, "--test-size", "0.3"),
    "other": ("--target", "bill_depth_mm", "--test-size", "0.2"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, options in RUNS.items():
        assert steepest_command("fit", PENGUINS, *options, "--out", name, "-q", cwd=folder).returncode == 0
    return folder


def compared(folder, *names):
    result = steepest_command("compare", *names, "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_smallest_test_error_is_marked_and_every_number_is_the_runs_own(folder):
    names = ("short", "long", "raw", "fewer")
    answer = compared(folder, *names)
    records = {name: json.loads((folder / name / "run.json").read_text()) for name in names}
    assert answer["by"] == "test_rmse"
    assert answer["doubts"] == []
    assert answer["best"] == min(names, key=lambda name: records[name]["test_rmse"])
    for each in answer["runs"]:
        record = records[each["run"]]
        assert {key: each[key] for key in ("rmse", "test_rmse", "test_r2", "epochs")} == {
            key: record[key] for key in ("rmse", "test_rmse", "test_r2", "epochs")
        }
        assert each["verdict"] == record["verdict"]["kind"]
    text = steepest_command("compare", *names, cwd=folder).stdout
    assert text.count("best  ") == 1
    assert f"Smallest RMSE on test rows: {answer['best']}." in text


@pytest.mark.parametrize(
    ("names", "by", "best", "doubt"),
    [
        (("short", "other"), "test_rmse", None, "The targets differ"),
        (("long", "untested"), "rmse", "long", "Some runs have no test rows"),
        (("long", "otherwise"), "rmse", "long", "The test rows differ"),
        (("again", "untested"), "rmse", "again", "The inputs differ and no rows were held out"),
    ],
)
def test_what_makes_errors_doubtful_is_said(folder, names, by, best, doubt):
    answer = compared(folder, *names)
    assert (answer["by"], answer["best"]) == (by, best)
    assert answer["doubts"][0].startswith(doubt)


def test_of_equal_runs_none_is_the_best(folder):
    text = steepest_command("compare", "again", "./again", cwd=folder).stdout
    assert "No run has the smallest error alone." in text


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_has_a_curve_a_run(folder, tmp_path, ending):
    picture = tmp_path / f"curves.{ending}"
    said = steepest_command("compare", "short", "long", "-o", picture, cwd=folder)
    assert f"Written: {picture}" in said.stdout
    assert picture.read_bytes()[:5] == {"svg": b"<?xml", "png": b"\x89PNG\r"}[ending]
    again = steepest_command("compare", "short", "long", "-o", picture, cwd=folder)
    assert (again.returncode, "--force" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("long",), "2 to 12 run folders; got 1"),
        (("long", "nowhere"), "nowhere is no run folder"),
        (("long", "short", "-o", "curves.pdf"), "a picture is .svg or .png; got curves.pdf"),
        (("long", "short", "--force"), "--force replaces the file given with -o"),
    ],
)
def test_what_cannot_be_compared_is_refused(folder, arguments, words):
    result = steepest_command("compare", *arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


LEFT = ("--test-size", "0.2", "--target", "left", "--features")
SIZE = ("--target", "size", "--loss", "quantile", "--features")
OF_LOSSES = {
    "both": (*LEFT, "a,b"),
    "one": (*LEFT, "a"),
    "squares": (*LEFT, "a", "--loss", "squared"),
    "middle": (*SIZE, "a"),
    "upper": (*SIZE, "a", "--tau", "0.9"),
    "other": (*SIZE, "b"),
}


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    folder, generator = tmp_path_factory.mktemp("losses"), np.random.default_rng(0)
    a, b = generator.normal(size=(2, 200))
    left = np.where(2 * a - 2 * b + generator.logistic(size=200) > 0, "yes", "no")
    size = a + generator.normal(size=200)
    rows = [f"{x},{y},{label},{z}" for x, y, label, z in zip(a, b, left, size, strict=True)]
    (folder / "t.csv").write_text("\n".join(["a,b,left,size", *rows]))
    for name, options in OF_LOSSES.items():
        assert steepest_command("fit", "t.csv", *options, "--out", name, "-q", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize(
    ("names", "by", "rows", "measure"),
    [
        (("both", "one"), "test_log_loss", "test", "log_loss"),
        (("middle", "other"), "deviance", "train", "deviance"),
    ],
)
def test_runs_on_one_loss_are_ranked_by_what_fit_measured(losses, names, by, rows, measure):
    answer = compared(losses, *names)
    records = {name: json.loads((losses / name / "run.json").read_text()) for name in names}
    errors = {name: record["measures"][rows][measure] for name, record in records.items()}
    assert (answer["by"], answer["best"]) == (by, min(errors, key=errors.get))
    for each in answer["runs"]:
        assert each[by] == records[each["run"]]["measures"][rows][measure]
        assert each["verdict"] == records[each["run"]]["verdict"]["kind"]


@pytest.mark.parametrize(
    ("names", "told"), [(("one", "squares"), "logistic, squared"), (("middle", "upper"), "quantile (tau 0.5), ")]
)
def test_of_runs_on_different_losses_none_is_the_best(losses, names, told):
    answer = compared(losses, *names)
    assert answer["best"] is None
    assert answer["doubts"][0].startswith(f"The losses differ ({told}")
    assert answer["by"] in ("rmse", "deviance")


def test_the_picture_of_losses_shows_the_losses(losses, tmp_path):
    kept = KeptRun.read(str(losses / "both"))
    epochs, loss = kept.curve("log_loss")
    assert epochs[0] == 0
    assert loss[0] == pytest.approx(np.log(2), rel=1e-15)  # the loss where all weights are 0
    assert loss[-1] == kept.record["loss"]
    assert kept.curve("rmse")[1][-1] == kept.record["rmse"]
    said = steepest_command("compare", "both", "one", "-o", tmp_path / "c.svg", cwd=losses)
    assert said.returncode == 0
    assert "logistic loss" in (tmp_path / "c.svg").read_text()


def test_a_damaged_folder_is_refused(losses, tmp_path):
    folder = shutil.copytree(losses / "both", tmp_path / "r")
    (folder / "trajectory.parquet").write_bytes(b"PAR1")
    with pytest.raises(ModelFileError, match="cannot be read"):
        KeptRun.read(str(folder)).curve("log_loss")
    for content, words in (("{", "is no JSON"), ("{}", "'verdict' is missing")):
        (folder / "run.json").write_text(content)
        with pytest.raises(ModelFileError, match=words):
            KeptRun.read(str(folder))
