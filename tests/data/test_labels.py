"""Labels as targets: the same codes from every kind of table and array, kept with the triangle, and refused where unclear."""

import numpy as np
import pandas
import polars
import pytest

import steepest
from steepest.data.coding import Coding
from steepest.data.sources.labels import MOST_LABELS
from steepest.errors import DataError, DataTypeError, MissingValuesError, UsageError
from steepest.summaries.open_data import open_alike
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle

GENERATOR = np.random.default_rng(4)
N = 240
X = GENERATOR.normal(size=(N, 2))
CODES = GENERATOR.integers(0, 3, N)
THREE = np.array(["fir", "it's", "oak"])[CODES]
TWO = np.where(CODES == 1, "yes", "no")
INDICATORS = (CODES[:, None] == np.arange(3)).astype(float)
FRAME = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": THREE, "left": TWO, "w": GENERATOR.uniform(0.5, 2, N)})


def kinds_of(frame, folder):
    """The same rows as data frames and files."""
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_parquet(folder / "t.parquet")
    frame.to_json(folder / "t.jsonl", orient="records", lines=True)
    return [frame, polars.from_pandas(frame), folder / "t.csv", folder / "t.parquet", folder / "t.jsonl"]


def targets(source):
    return np.concatenate([batch.y for batch in source.batches()])


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("loss", ["multinomial", "auto"])
def test_three_labels_are_indicator_columns_of_every_kind_of_table(tmp_path, loss, weight):
    for data in kinds_of(FRAME, tmp_path):
        source = steepest.open_source(data, target="kind", features=["a", "b"], loss=loss, weight=weight)
        assert source.targets == ("kind=fir", "kind=it's", "kind=oak")
        assert source.coding.classes == ("fir", "it's", "oak")
        np.testing.assert_array_equal(targets(source), INDICATORS)
        assert source.notes == ["kind: 3 classes, 'fir', \"it's\", 'oak'; predicted is one probability each"]


@pytest.mark.parametrize("loss", ["logistic", "auto"])
@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (("no", "yes"), ("no", "yes")),
        (("No", "YES"), ("No", "YES")),
        (("false", "TRUE"), ("false", "TRUE")),  # sorted as texts TRUE would come first
        (("stays", "leaves"), ("leaves", "stays")),
        ((False, True), None),
    ],
)
def test_two_labels_are_nought_and_one(tmp_path, loss, words, classes):
    frame = FRAME[["a", "b"]].assign(left=np.array(words)[(CODES == 1).astype(int)])
    for data in kinds_of(frame, tmp_path):
        source = steepest.open_source(data, target="left", loss=loss)
        assert source.targets == ("left",)
        expected = classes or source.coding.classes
        assert source.coding.classes == expected
        assert tuple(label.casefold() for label in expected) == tuple(sorted(label.casefold() for label in expected))
        np.testing.assert_array_equal(targets(source)[:, 0], (CODES == 1) == (words[1] in (expected[1], True)))


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.asarray,
        lambda y: np.asarray(y, dtype=object),
        lambda y: np.asarray(y)[:, None],
        pandas.Series,
        lambda y: pandas.Series(y, dtype="category"),
        lambda y: pandas.Series(y, dtype="string"),
        polars.Series,
    ],
)
def test_labels_beside_an_array_may_be_of_any_kind(make):
    numbers = steepest.descend(X, (CODES == 1).astype(float), loss="logistic", epochs=3)
    run = steepest.descend(X, make(TWO), loss="logistic", epochs=3)
    np.testing.assert_array_equal(run.weights, numbers.weights)
    assert run.problem.triangle.coding.classes == ("no", "yes")
    several = steepest.descend(X, INDICATORS, loss="multinomial", epochs=3)
    run = steepest.descend(X, make(THREE), loss="multinomial", epochs=3)
    np.testing.assert_array_equal(run.weights, several.weights)
    assert run.targets == ("y=fir", "y=it's", "y=oak")


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float64, object])
def test_whole_numbers_are_labels_of_multinomial_loss_in_their_order(tmp_path, dtype):
    codes = np.array([2, 10, -1])[CODES] if dtype != np.uint8 else np.array([2, 10, 0])[CODES]
    expected = tuple(map(str, sorted(set(codes.tolist()))))
    source = steepest.open_source(X, codes.astype(dtype), loss="multinomial")
    assert source.coding.classes == expected
    np.testing.assert_array_equal(targets(source).argmax(axis=1), np.searchsorted(np.unique(codes), codes))
    if dtype is not object:
        for data in kinds_of(FRAME[["a", "b"]].assign(code=codes.astype(dtype)), tmp_path):
            table = steepest.open_source(data, target="code", loss="multinomial")
            assert table.coding.classes == expected
            np.testing.assert_array_equal(targets(table), targets(source))


def test_numbers_stay_numbers_for_logistic_loss():
    source = steepest.open_source(X, np.where(CODES == 1, 0.25, 1.0), loss="logistic")
    assert source.coding.classes == ()
    for wrong in (np.arange(len(X)) % 3, np.full(len(X), 2.0)):
        with pytest.raises(DataError, match="takes targets 0 and 1"):
            steepest.descend(X, wrong, loss="logistic")


@pytest.mark.parametrize("pair", [(1, 2), (-1, 1), (-1.0, 1.0), (0, 2), (1.5, 2.5), (9, 10)], ids=str)
def test_two_numbers_are_labels_of_logistic_loss_the_larger_one_the_second(pair, tmp_path):
    is_second = CODES == 1
    y = np.where(is_second, pair[1], pair[0])
    truth = steepest.descend(X, is_second.astype(float), loss="logistic", epochs=5)
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y})
    frame.to_csv(tmp_path / "t.csv", index=False)
    labels = tuple(f"{number:g}" for number in pair)
    beside = steepest.descend(X, y, loss="logistic", epochs=5)
    np.testing.assert_array_equal(beside.weights, truth.weights)
    for data in (frame, tmp_path / "t.csv"):
        run = steepest.descend(data, target="y", loss="logistic", epochs=5)
        # the passes read blocks of other widths: the last bits may differ
        np.testing.assert_allclose(run.weights, truth.weights, rtol=1e-12)
        assert run.coding.classes == beside.coding.classes == labels
        assert steepest.evaluate(run, data).accuracy == steepest.evaluate(beside, X, y).accuracy
        assert steepest.evaluate(truth, X, is_second).accuracy == steepest.evaluate(run, data).accuracy
        right = steepest.Model.of(run).classify(frame) == np.array(labels)[is_second.astype(int)]
        assert right.mean() == steepest.evaluate(run, data).accuracy
    one = frame[frame.y == pair[1]]  # the second label alone: its code is that of the run
    assert steepest.evaluate(run, one).confusion.matrix[0].sum() == 0


def test_a_triangle_keeps_its_labels_and_adds_to_none_with_others():
    source = steepest.open_source(FRAME, target="kind", features=["a", "b"], loss="multinomial")
    triangle = steepest.summarize(source)
    again = Triangle.from_bytes(triangle.to_bytes())
    assert again == triangle
    assert again.coding.classes == ("fir", "it's", "oak")
    assert (again + triangle).coding.classes == triangle.coding.classes
    other = steepest.open_source(FRAME.assign(left=TWO == "yes"), target="left", features=["a", "b"], loss="logistic")
    words = steepest.open_source(FRAME, target="left", features=["a", "b"], loss="logistic")
    with pytest.raises(DataError, match="coded differently cannot be added"):
        steepest.summarize(words) + steepest.summarize(other)
    assert triangle.select(targets=("kind=fir",)).coding.classes == ()
    assert triangle.select(features=("b",)).coding.classes == triangle.coding.classes
    assert Coding.from_json(triangle.coding.as_json()) == triangle.coding


def test_a_pass_that_is_cut_off_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 1_024)
    frame = pandas.concat([FRAME] * 20, ignore_index=True)
    frame.to_parquet(tmp_path / "t.parquet")

    def stop(rows, expected):
        if rows >= 2_000:
            raise KeyboardInterrupt

    source, state = (
        steepest.open_source(tmp_path / "t.parquet", target="kind", loss="multinomial"),
        tmp_path / "state",
    )
    with pytest.raises(KeyboardInterrupt):
        read(source, checkpoint=state, watch=stop)
    assert read(source, checkpoint=state).triangle == read(source).triangle


def test_other_rows_are_coded_with_the_same_labels(tmp_path):
    source = steepest.open_source(FRAME, target="kind", features=["a", "b"], loss="multinomial")
    triangle = steepest.summarize(source)
    fewer = FRAME[FRAME["kind"] != "fir"]
    again = open_alike(fewer, triangle)
    assert again.targets == triangle.targets
    np.testing.assert_array_equal(targets(again), INDICATORS[CODES != 0])
    arrays = open_alike(X[CODES != 0], triangle, THREE[CODES != 0], target="kind", features=["a", "b"])
    np.testing.assert_array_equal(targets(arrays), INDICATORS[CODES != 0])
    with pytest.raises(DataError, match=r"column 'kind' of .* holds a label in data row 1 that is none of 'fir'"):
        targets(open_alike(FRAME.assign(kind="ash"), triangle))
    with pytest.raises(DataError, match="holds a label in row 0 that is none of"):
        targets(open_alike(X, triangle, np.full(N, "ash"), target="kind", features=["a", "b"]))


def test_missing_labels_are_missing_targets(tmp_path):
    gone = FRAME.assign(kind=FRAME["kind"].where(~FRAME.index.isin([3, 9])))
    for data in kinds_of(gone, tmp_path):
        with pytest.raises(MissingValuesError, match=r"2 values are missing \(kind 2\).*data row 4"):
            steepest.summarize(steepest.open_source(data, target="kind", features=["a"], loss="multinomial"))
        source = steepest.open_source(data, target="kind", features=["a"], loss="multinomial", missing="drop")
        np.testing.assert_array_equal(targets(source), np.delete(INDICATORS, [3, 9], axis=0))
    with pytest.raises(MissingValuesError, match=r"1 label is missing in y; the first is in row 1"):
        steepest.descend(X[:3], ["a", None, "b"], loss="logistic")


@pytest.mark.parametrize(
    ("column", "loss", "error", "words"),
    [
        (["a"] * N, "logistic", DataError, "holds one label only, 'a'"),
        (THREE, "logistic", UsageError, r"3 labels .*loss=\"multinomial\""),
        ([f"id {j}" for j in range(N)] * 5, "multinomial", DataError, "more than 1,000 different labels"),
        (["a ", "a"] * (N // 2), "logistic", DataError, "differ in spaces only"),
        (np.arange(N), "multinomial", DataError, "more than 100 different whole numbers"),
        (np.arange(N) / 2, "multinomial", DataError, "holds 0.5, and numbers that name a class are whole"),
        (THREE, "squared", DataError, r"is VARCHAR, not a number.*loss=\"multinomial\""),
        (np.where(CODES == 0, "a", "b"), "squared", DataError, r"loss=\"logistic\""),
        (THREE, "poisson", DataError, r"loss=\"multinomial\""),
        ([f"{j}" for j in range(N - 1)] + ["oops"], "auto", DataError, "A target or weight must be a number"),
        ([f"id {j}" for j in range(N)], "auto", DataError, "A target or weight must be a number"),
    ],
)
def test_what_is_no_target_of_classes_is_refused(column, loss, error, words):
    frame = pandas.DataFrame({"x": np.arange(len(column)), "y": column})
    if "1,000" in words:
        frame = pandas.DataFrame({"x": np.arange(MOST_LABELS + 1), "y": [f"id {j}" for j in range(MOST_LABELS + 1)]})
    with pytest.raises(error, match=words):
        targets(steepest.open_source(frame, target="y", loss=loss))


def test_labels_beside_an_array_are_of_one_kind():
    with pytest.raises(DataTypeError, match="of several kinds"):
        steepest.descend(X[:2], ["a", 1], loss="logistic")
    with pytest.raises(DataTypeError, match=r"y holds text.*loss=\"logistic\""):
        steepest.descend(X, TWO, loss="squared")
    with pytest.raises(UsageError, match="log_target of amounts"):
        steepest.open_source(FRAME, target="left", loss="logistic", log_target=True)


def test_yes_and_no_in_many_spellings_are_false_and_true():
    words = np.array(["yes", "Yes", "no", "NO"])[GENERATOR.integers(0, 4, N)]
    source = steepest.open_source(FRAME[["a"]].assign(y=words), target="y", loss="logistic")
    assert source.coding.classes == ("false", "true")
    np.testing.assert_array_equal(targets(source)[:, 0], np.char.lower(words) == "yes")
