"""Each column has one role: inputs, target, weight, group, offset and exposure, at every door."""

import itertools

import numpy as np
import pandas
import pytest

import steepest
from steepest.errors import DataError, UsageError
from tests.support.commands import steepest_command

GENERATOR = np.random.default_rng(4)
FRAME = pandas.DataFrame(GENERATOR.uniform(1, 5, size=(60, 4)), columns=["a", "b", "h", "k"])
FRAME["y"] = GENERATOR.poisson(FRAME.h).astype(float)
ROLES = {"target": "y", "features": ["a", "b"], "weight": "k", "group": "k", "offset": "h", "exposure": "h"}
TWICE = [pair for pair in itertools.combinations(ROLES, 2) if pair != ("offset", "exposure")]


def of_column(role, column):
    return ["a", column] if role == "features" else column


@pytest.mark.parametrize("pair", TWICE)
def test_a_column_of_two_roles_is_refused(pair, tmp_path):
    roles = {"target": "y"} | {role: of_column(role, "k") for role in pair}
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    for data in (FRAME, tmp_path / "t.csv"):
        with pytest.raises(UsageError, match=r"column 'k' is named twice"):
            steepest.open_source(data, loss="poisson", **roles)


@pytest.mark.parametrize("beside", ["exposure", "offset"])
def test_a_column_of_two_roles_is_refused_at_other_doors(beside, tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    triangle = steepest.summarize(FRAME, target="y")
    rows = steepest.open_source(FRAME, target="y").batches
    given = {"features": ["a", "h"], beside: "h", "loss": "poisson"}
    with pytest.raises(UsageError, match="named twice"):
        steepest.descend(FRAME, target="y", **given)
    with pytest.raises(UsageError, match="named twice"):
        steepest.descend(triangle, rows=rows, **given)
    options = ("--target", "y", "--loss", "poisson", "--no-out")
    done = steepest_command("fit", "t.csv", *options, "--features", "a,h", f"--{beside}", "h", cwd=tmp_path)
    assert done.returncode == 2
    assert f"column 'h' is named twice among target, features, weight, group and {beside}" in done.stderr


def test_an_input_that_is_left_out_is_refused():
    with pytest.raises(UsageError, match="'b' is named in features and in exclude"):
        steepest.open_source(FRAME, target="y", features=["a", "b"], exclude=["b"])


def test_an_input_of_a_model_is_not_its_exposure():
    run = steepest.descend(FRAME, target="y", features=["a", "b"], exposure="h", loss="poisson", epochs=3)
    with pytest.raises(UsageError, match="column 'a' is an input of the model, and no exposure"):
        steepest.Model.of(run).predict(FRAME, exposure="a")
    renamed = FRAME.rename(columns={"h": "time"})
    np.testing.assert_array_equal(
        steepest.Model.of(run).predict(renamed, exposure="time"), steepest.Model.of(run).predict(FRAME)
    )


@pytest.mark.parametrize("settings", [{"loss": "poisson"}, {"batch_size": 7, "learning_rate": 1e-3}])
@pytest.mark.parametrize("features", [["b"], ["b", "a"], ["k", "h", "b", "a"]])
def test_rows_of_a_triangle_are_those_of_its_columns(settings, features):
    triangle = steepest.summarize(FRAME, target="y")
    source = steepest.open_source(FRAME, target="y")
    chosen = steepest.descend(triangle, features=features, rows=source.batches, epochs=4, **settings)
    alone = steepest.descend(FRAME[features].to_numpy(), FRAME.y.to_numpy(), epochs=4, **settings)
    np.testing.assert_allclose(chosen.weights, alone.weights, rtol=1e-12)
    assert chosen.bias == pytest.approx(alone.bias, rel=1e-12)


def test_the_target_of_a_triangle_may_be_one_of_its_features():
    triangle = steepest.summarize(FRAME, target="y")
    source = steepest.open_source(FRAME, target="y")
    run = steepest.descend(triangle, target="a", features=["y", "b"], rows=source.batches, loss="huber", epochs=4)
    alone = steepest.descend(FRAME[["y", "b"]].to_numpy(), FRAME.a.to_numpy(), loss="huber", epochs=4)
    np.testing.assert_allclose(run.weights, alone.weights, rtol=1e-12)


def test_rows_of_another_table_are_refused():
    triangle = steepest.summarize(FRAME, target="y")
    other = steepest.open_source(FRAME.rename(columns={"a": "c"}), target="y")
    with pytest.raises(DataError, match=r"have no column a; theirs are c, b, h and 2 more"):
        steepest.descend(triangle, rows=other.batches, loss="poisson")
