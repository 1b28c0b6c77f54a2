"""`sweep --batch-sizes`: the table is the forecast's, and the next command runs as it stands."""

import json
import re
import shlex

import pytest

import steepest
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

TARGET = ("--target", "body_mass_g", "--missing", "drop")


def command(*arguments, code=0):
    done = steepest_command(*arguments)
    assert done.returncode == code, done.stderr
    return done


def test_it_is_what_the_forecast_says(tmp_path):
    given = ("--batch-sizes", "1,8,64", "--epochs", "5,20")
    answer = json.loads(command("sweep", PENGUINS, *TARGET, *given, "--json").stdout)
    assert answer["schema"] == "steepest-sweep_batches/1"
    assert set(answer) == {"schema", "best", "minimum", "rows", "table"}
    f = steepest.forecast(
        PENGUINS, target="body_mass_g", missing="drop", batch_size=1, order="replacement", standardize=True
    )
    assert [(row["epochs"], row["batch_size"]) for row in answer["table"]] == [
        (e, b) for e in (5, 20) for b in (1, 8, 64)
    ]
    for row in answer["table"]:
        one = steepest.forecast(
            PENGUINS, target="body_mass_g", missing="drop", order="replacement", standardize=True,
            batch_size=row["batch_size"], learning_rate=row["learning_rate"], epochs=row["epochs"],
        )  # fmt: skip
        # the grid couples modes by their squares alone
        assert one.loss()[-1] - one.minimum == pytest.approx(row["excess"], rel=0.1)
        assert one.stability_limit == pytest.approx(row["stability_limit"], rel=1e-9)
    best = f.grid(20, (1, 8, 64)).best
    assert answer["best"] == {"epochs": 20, **best._asdict()}
    assert answer["rows"] == 342


def test_the_next_command_runs_and_ends_near_what_was_said():
    told = command("sweep", PENGUINS, *TARGET, "--batch-sizes", "8,64", "--epochs", "20").stdout
    following = re.search(r"Next: (steepest fit .+)", told)[1]
    assert "--batch-size" in following
    assert "--order replacement" in following
    done = command(*shlex.split(following)[1:], "--no-out", "--json")
    excess = json.loads(done.stdout)["loss"] - float(json.loads(done.stdout)["optimum"]["rmse"]) ** 2 / 2
    said = float(re.search(r"on average over runs ([\d,.]+) above", told)[1].replace(",", ""))
    assert excess < 5 * said  # one run, whose loss has about an exponential distribution


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rule", "adam"), "leave out --rule adam"),
        (("--learning-rates", "0.1,0.2"), "leave out --learning-rates"),
        (("--l2", "0,1"), "leave out several values of --l2"),
        (("--time", "--folds", "3"), "leave out --time, --folds"),
        (("--epochs", "0"), "passes is a whole number, 1 or larger"),
    ],
)
def test_what_belongs_to_folds_is_refused(options, words):
    assert words in command("sweep", PENGUINS, *TARGET, "--batch-sizes", "8", *options, code=2).stderr


@pytest.mark.parametrize(("sizes", "words"), [("0", "1 or larger; got 0"), ("1000", "one of up to 342 rows")])
def test_sizes_that_make_no_batch(sizes, words):
    assert words in command("sweep", PENGUINS, *TARGET, "--batch-sizes", sizes, code=2).stderr
