"""What holds for every command: piping, quiet runs, JSON with a schema, the next step, one default of coordinates."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from steepest.analysis.sweep_result import Setting
from steepest.cli.sweep import _alike
from tests.support.commands import steepest_command
from tests.support.moments import ROOT
from tests.truths import PENGUINS

TARGET = ("--target", "body_mass_g")
COMMANDS = {
    "fit": ("fit", PENGUINS, *TARGET),
    "demo": ("demo", "--no-loop", "--epochs", "100"),
    "diagnose": ("diagnose", PENGUINS, *TARGET),
    "sweep": ("sweep", PENGUINS, *TARGET, "--learning-rates", "0.1,0.2", "--epochs", "5,10"),
    "path": ("path", PENGUINS, *TARGET),
    "summarize": ("summarize", PENGUINS, *TARGET, "-o", "t.triangle"),
    "explain": ("explain", PENGUINS, *TARGET),
}
DOCUMENTED = {
    name: (schema, set(re.findall(r"`(\w+)`", keys)))
    for names, schema, keys in re.findall(
        r"^\| (`[^|]+|any[^|]+) \| `(steepest-[^`]+)` \| ([^|]+) \|$",
        (ROOT / "docs" / "shell.md").read_text(),
        re.MULTILINE,
    )
    for name in re.findall(r"`(\w+)`", names) or ["error"]
}


def documented(name, text):
    """Assert that an object is as docs/shell.md says, and return it."""
    answer = json.loads(text)
    schema, keys = DOCUMENTED[name]
    assert answer["schema"] == schema
    assert set(answer) - {"schema"} == keys
    return answer


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_as_documented(tmp_path, name):
    result = steepest_command(*COMMANDS[name], "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    documented(name, result.stdout)


def test_json_of_compare_is_as_documented(tmp_path):
    for name, more in (("a", ()), ("b", ("--epochs", "3"))):
        steepest_command(*COMMANDS["fit"], "--out", name, *more, cwd=tmp_path)
    documented("compare", steepest_command("compare", "a", "b", "--json", cwd=tmp_path).stdout)


def test_json_of_predict_and_merge_is_as_documented(tmp_path):
    steepest_command(*COMMANDS["fit"], "--out", "run", cwd=tmp_path)
    documented("predict", steepest_command("predict", "run", PENGUINS, "-o", "p.csv", "--json", cwd=tmp_path).stdout)
    steepest_command(*COMMANDS["summarize"], cwd=tmp_path)
    again = ("merge", "t.triangle", "t.triangle", "--force", "-o", "two.triangle", "--json")
    assert documented("merge", steepest_command(*again, cwd=tmp_path).stdout)["rows"] == 2 * 342


@pytest.mark.parametrize(
    ("arguments", "kind", "status"),
    [
        (("fit", "nope.csv", *TARGET), "DataError", 3),
        (("fit", PENGUINS, "--target", "nothing"), "UsageError", 2),
        (("fit", PENGUINS, *TARGET, "--epochs", "few"), "UsageError", 2),
        (("fit", PENGUINS, *TARGET, "--resume"), "UsageError", 2),
        (("fti", PENGUINS), "UsageError", 2),
    ],
)
def test_errors_are_json_too(tmp_path, arguments, kind, status):
    result = steepest_command(*arguments, "--json", cwd=tmp_path)
    answer = documented("error", result.stdout)
    assert (answer["kind"], answer["exit_status"], result.returncode) == (kind, status, status)
    assert answer["message"] in " ".join(result.stderr.split())
    assert not steepest_command(*arguments, cwd=tmp_path).stdout


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("diagnose", "explain")])
def test_quiet_prints_nothing_and_writes_the_same(tmp_path, name):
    result = steepest_command(*COMMANDS[name], "--quiet", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir())


def test_quiet_leaves_the_json_object_alone_and_errors_and_what_failed(tmp_path):
    result = steepest_command(*COMMANDS["fit"], "-q", "--json", cwd=tmp_path)
    documented("fit", result.stdout)
    assert result.stderr == ""
    assert "not found" in steepest_command("fit", "nope.csv", *TARGET, "-q", cwd=tmp_path).stderr
    result = steepest_command(*COMMANDS["fit"], "-q", "--epochs", "2", "--strict", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.startswith("Unfinished")


@pytest.mark.process
@pytest.mark.parametrize("ending", ["csv", "parquet", "csv.gz"])
def test_a_piped_table_is_the_table(tmp_path, ending):
    import pandas as pd

    frame, path = pd.read_csv(PENGUINS).select_dtypes("number"), tmp_path / f"table.{ending}"
    frame.to_parquet(path) if ending == "parquet" else frame.to_csv(path, index=False)
    command = [sys.executable, "-m", "steepest", "fit", "-", *TARGET, "--json", "--test-size", "0.2", "--refine"]
    with path.open("rb") as stream:
        piped = subprocess.run(command, stdin=stream, capture_output=True, cwd=tmp_path, check=True)
    named = steepest_command("fit", path, *TARGET, "--json", "--test-size", "0.2", "--refine", cwd=tmp_path)
    answers = [json.loads(text) for text in (piped.stdout, named.stdout)]
    for key in ("weights", "bias", "rows", "test_rmse", "refined"):
        assert answers[0][key] == answers[1][key]
    assert answers[0]["out"] == str(Path("runs") / "standard-input")


def test_nothing_piped_in_is_said_without_the_name_of_the_scratch_file(tmp_path):
    result = steepest_command("fit", "-", *TARGET, cwd=tmp_path)
    assert result.returncode == 3
    assert result.stderr.startswith("Error: standard input is empty")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--exclude", "year,bill_depth_mm", "--no-intercept"),
        ("--interactions", "year:bill_depth_mm", "--degree", "2", "--objective", "mse", "--no-standardize"),
        ("--categorical", "year", "--missing", "drop"),
    ],
)
@pytest.mark.parametrize("name", ["sweep", "diagnose"])
def test_the_next_step_can_be_typed_as_it_is(tmp_path, name, options):
    grid = (
        ("--learning-rates", "1e-14", "--epochs", "5", "--l2", "0.5", "--rule", "heavy_ball") if name == "sweep" else ()
    )
    said = steepest_command(name, PENGUINS, *TARGET, *options, *grid, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    line = next(line for line in said.stdout.split("\n") if line.startswith("Next: steepest "))
    words = shlex.split(line)[2:]
    result = steepest_command(*words, "--epochs", "5", "--json", "--no-out", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    wanted = steepest_command("fit", PENGUINS, *TARGET, *options, "--epochs", "5", "--json", "--no-out", cwd=tmp_path)
    answer, plain = json.loads(result.stdout), json.loads(wanted.stdout)
    for key in ("features", "fit_intercept", "coordinates", "objective", "rows"):
        assert answer[key] == plain[key]
    if name == "sweep":
        assert (answer["rule"]["name"], answer["rule"]["learning_rate"], answer["l2"]) == ("heavy_ball", 1e-14, 0.5)


def test_the_next_step_tells_no_secret(tmp_path):
    said = steepest_command(
        "diagnose", PENGUINS, *TARGET, "--database", "postgresql://me:hush@nowhere.invalid/db", cwd=tmp_path
    )
    assert "hush" not in said.stdout + said.stderr


@pytest.mark.parametrize("name", ["fit", "diagnose", "explain", "sweep", "path"])
def test_every_command_standardizes_unless_told_otherwise_and_says_so(tmp_path, name):
    said = steepest_command(*COMMANDS[name], cwd=tmp_path).stdout
    if name not in ("sweep", "path"):
        assert "standardized inputs" in said.split("\n\n")[0] + said.split("\n\n")[1]
    plain = steepest_command(*COMMANDS[name], "--standardize", "--json", cwd=tmp_path).stdout
    default = steepest_command(*COMMANDS[name], "--json", cwd=tmp_path).stdout
    answers = [json.loads(text) for text in (plain, default)]
    for answer in answers:
        for key in ("seconds", "finished", "out"):
            answer.pop(key, None)
    assert answers[0] == answers[1]


def setting(rmse, l2=0.0, error=1.0, rule="gradient"):
    return Setting(rule, None, 0.1, 5, l2, rmse, error, 2.0)


def test_settings_that_cannot_be_told_apart_share_a_line():
    ranked = [setting(5.0), setting(5.009), setting(5.009, l2=1.0), setting(5.0095), setting(5.02), setting(5.5)]
    groups = [(best.rmse, best.l2, others) for best, others in _alike(ranked)]
    assert groups == [(5.0, 0.0, 2), (5.009, 1.0, 0), (5.02, 0.0, 0), (5.5, 0.0, 0)]
    assert [others for _, others in _alike([setting(5.0, error=float("nan")), setting(5.001, error=float("nan"))])] == [
        0,
        0,
    ]


def test_settings_that_leave_float64_are_no_ties_of_others():
    ranked = [setting(5.0), setting(float("inf"), error=float("nan")), setting(float("inf"), error=float("nan"))]
    assert sum(1 + others for _, others in _alike(ranked)) == 3
    assert next(iter(_alike(ranked)))[1] == 0
