"""The loss that nobody named: the same at every door, squared of numbers and of classes for a target of labels."""

import numpy as np
import pandas
import pytest

import steepest
from steepest.errors import DataError, DataTypeError, UsageError
from tests.support.commands import steepest_command

N = 60
GENERATOR = np.random.default_rng(8)
X = GENERATOR.normal(size=(N, 2))
YES = GENERATOR.random(N) < 1 / (1 + np.exp(-X[:, 0]))
THREE = GENERATOR.choice(["low", "mid", "top"], size=N)
TARGETS = {
    "yes": np.where(YES, "yes", "no"),
    "texts": np.where(YES, "won", "lost"),
    "boolean": YES,
    "three": THREE,
    "numbers": YES.astype(float),
}
LOSS = {"three": "multinomial", "numbers": "half_mse"}


def doors(y, tmp_path):
    """One run at each door that takes such a target."""
    frame = pandas.DataFrame(X, columns=["a", "b"]).assign(y=y)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    tables = (frame, tmp_path / "t.parquet", tmp_path / "t.csv")
    for data in (*tables, *(steepest.open_source(table, target="y") for table in tables)):
        is_source = not isinstance(data, pandas.DataFrame) and hasattr(data, "batches")
        yield steepest.descend(data, **({} if is_source else {"target": "y"}), epochs=3)
    for beside in (y, y.tolist(), y.astype(object), pandas.Series(y), y.reshape(-1, 1)):
        yield steepest.descend(X, beside, epochs=3)
        yield steepest.descend(steepest.open_source(X, beside), epochs=3)


@pytest.mark.parametrize("name", TARGETS)
def test_every_door_chooses_the_same(name, tmp_path):
    runs = list(doors(TARGETS[name], tmp_path))
    assert {run.objective for run in runs} == {LOSS.get(name, "logistic")}
    for run in runs:
        np.testing.assert_allclose(run.weights, runs[0].weights, rtol=1e-12)
        assert ("labels" in run.reasons.get("loss", "")) == (name != "numbers")
    done = steepest_command(
        "fit", "t.csv", "--target", "y", "--epochs", "3", "--no-standardize", "--no-out", "--json", cwd=tmp_path
    )
    assert f'"objective": "{LOSS.get(name, "logistic")}"' in done.stdout, done.stderr


@pytest.mark.cluster
def test_dask_arrays_and_frames_choose_the_same():
    array, dataframe = pytest.importorskip("dask.array"), pytest.importorskip("dask.dataframe")
    frame = pandas.DataFrame(X, columns=["a", "b"]).assign(y=TARGETS["yes"])
    alone = steepest.descend(X, YES, epochs=3)
    blocks = steepest.descend(array.from_array(X, chunks=20), array.from_array(YES, chunks=20), epochs=3)
    parts = steepest.descend(dataframe.from_pandas(frame, npartitions=3), target="y", epochs=3)
    for run in (blocks, parts):
        assert run.objective == "logistic"
        np.testing.assert_allclose(run.weights, alone.weights, rtol=1e-12)


def test_a_loss_that_is_named_is_taken():
    run = steepest.descend(X, YES, loss="squared", epochs=3)
    np.testing.assert_array_equal(run.weights, steepest.descend(X, YES.astype(float), epochs=3).weights)
    assert "loss" not in run.reasons
    source = steepest.open_source(X, TARGETS["texts"])
    with pytest.raises(UsageError, match=r"holds labels, 'lost', 'won', and the huber loss takes numbers"):
        steepest.descend(source, loss="huber")


def test_tables_of_coefficients_and_paths_choose_the_same():
    assert steepest.infer(X, TARGETS["texts"]).loss_kind is not None
    assert steepest.infer(X, YES.astype(float)).loss_kind is None
    assert type(steepest.path(X, YES, folds=None)).__name__ == "LossPath"
    assert type(steepest.path(X, YES.astype(float), folds=None)).__name__ == "Path"
    with pytest.raises(UsageError, match="multinomial"):
        steepest.path(X, THREE)


def test_what_only_squares_have_names_them():
    with pytest.raises(UsageError, match=r'loss="squared"'):
        steepest.descend(X, YES, epochs=3, engine="modes")


def test_texts_that_are_no_classes_are_told():
    with pytest.raises(DataTypeError, match="'oops' in row 59"):
        steepest.descend(X, np.array([1.5] * (N - 1) + ["oops"], dtype=object))
    for texts in ([f"{j / 7:.3f}" for j in range(N)], ["0", "1"] * 30, [f"name {j}" for j in range(N)]):
        with pytest.raises(DataTypeError, match="holds text"):
            steepest.descend(X, texts)
    with pytest.raises(DataError, match="one label only"):
        steepest.descend(X, ["same"] * N)


def test_a_triangle_has_squares_alone():
    triangle = steepest.summarize(X, YES)
    assert steepest.descend(triangle, epochs=3).objective == "half_mse"


@pytest.mark.parametrize(
    "ask", [steepest.solve, steepest.diagnose, lambda data: steepest.descend(data, loss="squared")]
)
def test_labels_that_are_no_yes_and_no_are_no_numbers_also_of_a_source(ask):
    frame = pandas.DataFrame({"x": np.arange(30.0), "y": ["low", "high", "low"] * 10})
    with pytest.raises(DataError, match=r"the target holds labels, 'high', 'low', and squared loss takes numbers"):
        ask(steepest.open_source(frame, target="y"))
    with pytest.raises(
        DataError, match="squared loss takes numbers"
    ):  # a triangle of labels keeps them, for other rows of its table
        ask(steepest.summarize(steepest.open_source(frame, target="y")))
    frame["y"] = ["yes", "no", "yes"] * 10
    ask(steepest.open_source(frame, target="y"))
