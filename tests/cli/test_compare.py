"""compare: runs side by side, and what keeps their errors from being ranked."""

import json

import pytest

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
