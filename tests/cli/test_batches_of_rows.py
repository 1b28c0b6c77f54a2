"""`fit` in batches of rows: what `descend` does, kept in a folder that leads back to it."""

import json

import numpy as np
import pytest

import steepest
from steepest.data.split import Share
from steepest.models import run_reader
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

TARGET = ("--target", "body_mass_g", "--missing", "drop")
SETTINGS = {"batch_size": 8, "learning_rate": 0.05, "epochs": 6}
OPTIONS = ("--batch-size", "8", "--learning-rate", "0.05", "--epochs", "6")


def command(*arguments, code=0):
    done = steepest_command(*arguments)
    assert done.returncode == code, done.stderr
    return done


def run(**more):
    return steepest.descend(PENGUINS, target="body_mass_g", missing="drop", standardize=True, **SETTINGS, **more)


@pytest.mark.parametrize("order", ["shuffled", "replacement", "fixed"])
def test_it_is_what_descend_does_and_its_folder_leads_back(tmp_path, order):
    folder = tmp_path / "run"
    command("fit", PENGUINS, *TARGET, *OPTIONS, "--order", order, "--seed", "4", "--out", folder)
    direct = run(order=order, seed=4)
    kept = run_reader.read(folder)
    np.testing.assert_array_equal(kept.weights, direct.weights)
    np.testing.assert_array_equal(kept.loss(), direct.loss())
    assert (kept.epochs, str(kept.ended), repr(kept.rule)) == (6, str(direct.ended), repr(direct.rule))
    told = json.loads((folder / "run.json").read_text())
    assert (told["rule"]["batch_size"], told["rule"]["order"], told["rule"]["seed"]) == (8, order, 4)
    command("report", folder, "--out", tmp_path / "page.html")
    assert "in batches of 8 rows" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_held_out_rows_make_no_steps():
    done = command("fit", PENGUINS, *TARGET, *OPTIONS, "--test-size", "0.3", "--drop-last", "--no-out", "--json")
    answer = json.loads(done.stdout)
    source = steepest.open_source(PENGUINS, target="body_mass_g", missing="drop")
    (batch,) = source.batches()
    kept = batch.take(~Share(0.3, 0).holds_out(batch.positions))
    direct = steepest.descend(kept.X, kept.y[:, 0], standardize=True, drop_last=True, **SETTINGS)
    assert list(answer["weights"].values()) == direct.weights.tolist()


def test_a_walked_run_of_another_rule_is_kept_as_it_went(tmp_path):
    folder = tmp_path / "run"
    command("fit", PENGUINS, *TARGET, "--rule", "adam", "--lr", "3", "--epochs", "40", "--out", folder)
    kept = run_reader.read(folder)
    direct = steepest.descend(
        PENGUINS, target="body_mass_g", missing="drop", standardize=True, rule="adam", learning_rate=3.0, epochs=40
    )
    np.testing.assert_array_equal(kept.loss(), direct.loss())
    assert str(kept.verdict) == str(direct.verdict)
    (folder / "path").write_bytes((folder / "path").read_bytes()[:-9])
    with pytest.raises(steepest.errors.ModelFileError, match="path"):
        run_reader.read(folder)


def test_a_path_of_another_run_is_refused(tmp_path):
    for name, more in (("a", ()), ("b", ("--exclude", "year"))):
        command("fit", PENGUINS, *TARGET, *OPTIONS, *more, "--out", tmp_path / name)
    (tmp_path / "a" / "path").write_bytes((tmp_path / "b" / "path").read_bytes())
    with pytest.raises(steepest.errors.ModelFileError, match="path of another run"):
        run_reader.read(tmp_path / "a")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--batch-size", "8"), "Give a number of epochs"),
        (("--batch-size", "0", "--epochs", "3"), "--batch-size is a whole number of rows, 1 or larger; got 0"),
        (("--order", "fixed"), "--order and --drop-last are about batches of rows"),
        (("--batch-size", "8", "--epochs", "3", "--rule", "adam"), "learning"),
        (("--batch-size", "8", "--epochs", "3", "--rule", "heavy_ball"), "batches of rule gradient only"),
    ],
)
def test_what_is_refused(options, words):
    assert words in command("fit", PENGUINS, *TARGET, *options, "--no-out", code=2).stderr


def test_a_triangle_has_no_rows(tmp_path):
    steepest.summarize(PENGUINS, target="body_mass_g", missing="drop").save(tmp_path / "t")
    done = command("fit", tmp_path / "t", *OPTIONS, "--no-out", code=2)
    assert "its rows are gone; they are needed again here. Give the table." in done.stderr
