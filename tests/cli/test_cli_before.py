"""diagnose, sweep and explain as a person meets them."""

import json
from pathlib import Path

import numpy as np
import pytest

import steepest
from tests.support.commands import steepest_command
from tests.truths import PENGUINS


def test_diagnose_says_the_tutorials_numbers(tmp_path, tutorial_csv):
    arguments = (
        "diagnose",
        tutorial_csv,
        "--target",
        "y",
        "--objective",
        "quarter_mse",
        "--learning-rate",
        "1e-4",
        "--no-standardize",
    )
    text = steepest_command(*arguments, cwd=tmp_path).stdout
    for part in (
        "121,212",
        "0.000132666",
        "1,110,807",
        "the intercept against x",
        "raw",
        "centred",
        "standardized",
        "chebyshev",
    ):
        assert part in text, part
    answer = json.loads(steepest_command(*arguments, "--json", cwd=tmp_path).stdout)
    assert answer["coordinates"]["raw"]["condition_number"] == pytest.approx(121_212, abs=0.5)
    assert answer["epochs_at_learning_rate"]["1e-06"] == 1_110_807
    assert answer["coordinates"]["standardized"]["rules"][0]["epochs"]["1e-06"] == 1
    assert [mode["words"] for mode in answer["coordinates"]["raw"]["modes"]] == ["x", "the intercept against x"]


@pytest.mark.slow
def test_diagnose_of_columns_too_far_apart_for_a_condition_number_is_json(tmp_path):
    (tmp_path / "far.csv").write_text("a,b,y\n1e-140,1e140,1\n2e-140,1e140,2\n3e-140,-2e140,4\n5e-140,1e139,4\n")
    answer = json.loads(steepest_command("diagnose", "far.csv", "--target", "y", "--json", cwd=tmp_path).stdout)
    assert answer["coordinates"]["raw"]["condition_number"] is None
    assert answer["coordinates"]["standardized"]["condition_number"] < 10


@pytest.mark.slow
def test_sweep_finds_what_the_library_finds_and_draws_it(tmp_path):
    arguments = (
        "sweep",
        PENGUINS,
        "--target",
        "body_mass_g",
        "--learning-rates",
        "0.01:1.2:8",
        "--epochs",
        "1,10,100",
        "--l2",
        "0,0.1",
        "--seed",
        "3",
    )
    result = steepest_command(*arguments, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    s = steepest.sweep(
        PENGUINS,
        target="body_mass_g",
        learning_rates=np.geomspace(0.01, 1.2, 8),
        epochs=[1, 10, 100],
        l2=[0, 0.1],
        seed=3,
    )
    assert answer["best"]["rmse"] == pytest.approx(s.best.rmse, rel=1e-12)
    assert answer["best"]["epochs"] == s.best.epochs
    assert len(answer["table"]) == 48
    folder = tmp_path / answer["out"]
    assert sorted(p.name for p in folder.iterdir()) == ["heat_map.svg", "sweep.json"]
    assert "stability limit" not in result.stdout
    text = steepest_command(*arguments, "--no-out", cwd=tmp_path).stdout
    assert "Best: gradient, learning rate" in text
    assert "the data read once" in text


def test_sweep_and_explain_say_what_was_done_to_the_table(tmp_path):
    rows = "".join(f"{i % 7},{'ab'[i % 2]},{'' if i == 9 else i % 5}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("x,kind,y\n" + rows)
    for arguments in (["sweep", "--no-out", "--learning-rates", "0.1", "--epochs", "5"], ["explain", "--epoch", "2"]):
        done = steepest_command(*arguments, "t.csv", "--target", "y", "--missing", "drop", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "kind: 2 categories, reference 'a'" in done.stdout
        assert "1 of 60 rows left out for missing values (y 1)" in done.stdout


def test_sweep_by_group_in_time_and_by_a_file(tmp_path):
    rows = PENGUINS.read_text().splitlines()
    (tmp_path / "held.csv").write_text("\n".join([rows[0], *rows[301:]]) + "\n")
    (tmp_path / "train.csv").write_text("\n".join(rows[:301]) + "\n")
    common = ("--target", "body_mass_g", "--learning-rates", "0.1", "--epochs", "10,100", "--no-out", "--json")
    for more in (("--group", "year", "--folds", "3"), ("--time",)):
        answer = json.loads(steepest_command("sweep", PENGUINS, *common, *more, cwd=tmp_path).stdout)
        assert answer["best"]["rmse"] > 0
    assert (
        "year"
        not in steepest_command("sweep", PENGUINS, *common, "--group", "year", "--folds", "3", cwd=tmp_path).stdout
    )
    answer = json.loads(
        steepest_command("sweep", "train.csv", *common, "--validation", "held.csv", cwd=tmp_path).stdout
    )
    assert answer["best"]["standard_error"] is None
    assert (
        steepest_command("sweep", "train.csv", *common, "--validation", "held.csv", "--time", cwd=tmp_path).returncode
        == 2
    )


def test_explain_adds_up(tmp_path, tutorial_csv):
    arguments = (
        "explain",
        tutorial_csv,
        "--target",
        "y",
        "--epoch",
        "2",
        "--learning-rate",
        "1e-4",
        "--objective",
        "quarter_mse",
    )
    text = steepest_command(*arguments, cwd=tmp_path).stdout
    assert "the step from epoch 1 to epoch 2" in text
    assert "0.5/300 · Σ residual · input" in text
    answer = json.loads(steepest_command(*arguments, "--json", cwd=tmp_path).stdout)
    x = answer["parameters"]["x"]
    assert x["after"] == pytest.approx(x["before"] - 1e-4 * x["gradient"], rel=1e-14)
    assert [row["row"] for row in answer["rows"]] == [0, 1, 2, 3, 4]
    first = answer["rows"][0]
    assert first["prediction"] == pytest.approx(
        answer["parameters"]["intercept"]["before"] + x["before"] * first["inputs"][0], rel=1e-14
    )


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("diagnose", "tutorial.csv", "--target", "y", "--learning-rate", "-1"), 2, "above 0"),
        (("sweep", "tutorial.csv", "--target", "y", "--folds", "1"), 2, "from 2 to 1,000"),
        (("sweep", "tutorial.csv", "--target", "y", "--folds", "400"), 3, "cannot fill 400 folds"),
        (("sweep", "tutorial.csv", "--target", "y", "--learning-rates", "1:0:3"), 2, "FROM:TO:COUNT"),
        (("sweep", "tutorial.csv", "--target", "y", "--epochs", "1.5"), 2, "whole numbers"),
        (("sweep", "tutorial.csv", "--target", "y", "--group", "z"), 2, "has no column 'z'"),
        (("explain", "tutorial.csv", "--target", "y", "--epoch", "0"), 2, "--epoch"),
        (("explain", "nope.csv", "--target", "y"), 3, "not found"),
    ],
)
def test_mistakes_cost_one_sentence(tmp_path, tutorial_csv, arguments, status, text):
    result = steepest_command(*arguments, cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert [p.name for p in Path(tmp_path).iterdir()] == ["tutorial.csv"]


def test_diagnose_says_what_batches_will_do(tmp_path):
    penguins = str(PENGUINS)
    arguments = (
        "diagnose",
        penguins,
        "--target",
        "body_mass_g",
        "--missing",
        "drop",
        "--batch-size",
        "8",
        "--epochs",
        "3",
    )
    f = steepest.forecast(penguins, target="body_mass_g", missing="drop", batch_size=8, epochs=3, standardize=True)
    told = steepest_command(*arguments, cwd=tmp_path).stdout
    assert str(f) in told
    answer = json.loads(steepest_command(*arguments, "--json", cwd=tmp_path).stdout)["mini_batch"]
    assert (answer["sentence"], answer["loss"]) == (str(f), f.loss().tolist())
    assert answer["standard_error"] == f.standard_error().tolist()
    assert answer["standard_error"][-1] > 0
    assert (answer["stability_limit"], answer["critical_batch"]) == (f.stability_limit, f.critical_batch)
    explodes = steepest_command(*arguments, "--order", "replacement", "--lr", "1e9", "--json", cwd=tmp_path).stdout
    assert json.loads(explodes)["mini_batch"]["floor"] is None
    refused = steepest_command(*arguments[:-3], "0", cwd=tmp_path)
    assert (refused.returncode, "--batch-size is a whole number of rows" in refused.stderr) == (2, True)


def test_diagnose_writes_its_pictures_into_a_folder(tmp_path):
    arguments = ("diagnose", str(PENGUINS), "--target", "body_mass_g", "--missing", "drop", "-o", "before")
    batches = ("--batch-size", "8", "--epochs", "2")
    assert "Written: before/" in steepest_command(*arguments, *batches, cwd=tmp_path).stdout
    pictures = {"batch_limits.svg", "batch_map.svg", "forecast.svg"}
    assert {p.name for p in (tmp_path / "before").iterdir()} == {"diagnosis.json", *pictures}
    told = json.loads((tmp_path / "before" / "diagnosis.json").read_text(encoding="utf-8"))
    assert told["mini_batch"]["batch_size"] == 8
    refused = steepest_command(*arguments, cwd=tmp_path)
    assert (refused.returncode, "before exists already" in refused.stderr) == (2, True)
    again = steepest_command(*arguments, *batches, "--force", "--plot-format", "png", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["out"] == "before"
    there = {p.name for p in (tmp_path / "before").iterdir()}
    assert there == {"diagnosis.json", *(name.replace("svg", "png") for name in pictures)}
    steepest_command(*arguments, "--force", cwd=tmp_path)
    assert [p.name for p in (tmp_path / "before").iterdir()] == ["diagnosis.json"]
    alone = steepest_command(*arguments[:-2], "--force", cwd=tmp_path)
    assert (alone.returncode, "Give --out as well" in alone.stderr) == (2, True)
