"""A source of one's own, without a word of ours but Batch, is taken wherever data is."""

from typing import Any

import numpy as np
import pytest

import steepest
from steepest.data.batch import Batch
from steepest.data.sources.source import CompletedSource, complete
from steepest.data.split import Share
from steepest.errors import DataError, UsageError
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read

NAMES = ("a", "b", "c")
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(500, 3)) * [1.0, 5.0, 0.2] + [0.0, 3.0, 1.0]
Y = X @ [1.0, -2.0, 3.0] + 4 + GENERATOR.normal(size=500)
WEIGHT = GENERATOR.uniform(0.5, 2.0, size=500)


class Own:
    """The least that a source is: two names, and batches."""

    features, targets = NAMES, ("y",)

    def __init__(self, length=500, weight=None, group=None):
        self.length, self.weight, self.group, self.passes = length, weight, group, 0

    def batches(self):
        self.passes += 1
        for start in range(0, len(X), self.length):
            rows = slice(start, start + self.length)
            weight = None if self.weight is None else self.weight[rows]
            group = None if self.group is None else self.group[rows]
            yield Batch(X[rows], Y[rows], NAMES, ("y",), weight, group=group)


ARRAYS = {"features": list(NAMES)}


def test_one_batch_gives_the_bits_of_the_arrays():
    assert steepest.summarize(Own()).checksum == steepest.summarize(X, Y, **ARRAYS).checksum
    weighted = steepest.summarize(X, Y, weight=WEIGHT, **ARRAYS)
    assert steepest.summarize(Own(weight=WEIGHT)).checksum == weighted.checksum
    own, arrays = steepest.descend(Own(), standardize=True), steepest.descend(X, Y, standardize=True, **ARRAYS)
    np.testing.assert_array_equal(own.weights, arrays.weights)
    assert str(own.verdict) == str(arrays.verdict)
    assert str(steepest.diagnose(Own())) == str(steepest.diagnose(X, Y, **ARRAYS))
    assert str(steepest.explain(Own(), epoch=2)) == str(steepest.explain(X, Y, epoch=2, **ARRAYS))
    own, arrays = steepest.solve(Own()), steepest.solve(X, Y, **ARRAYS)
    np.testing.assert_array_equal([*own.weights, own.bias], [*arrays.weights, arrays.bias])
    own, arrays = steepest.infer(Own(), robust="HC3"), steepest.infer(X, Y, robust="HC3", **ARRAYS)
    np.testing.assert_array_equal(own.standard_errors, arrays.standard_errors)
    run = steepest.descend(Own())
    np.testing.assert_array_equal(run.summary(robust="HC3", data=Own()).standard_errors, own.standard_errors)


VALIDATION = {"validation": (X[:50], Y[:50])}


# in one batch every split; in several those that need not know the number of rows beforehand, as this source does not
@pytest.mark.parametrize(
    ("length", "options"),
    [(500, {}), (500, {"shuffle": False}), (500, {"time": True}), (500, VALIDATION), (64, {}), (64, VALIDATION)],
)
def test_a_sweep_judges_the_same_rows(length, options):
    grid = {"learning_rates": [0.01, 0.1], "epochs": [1, 10, 100]}
    own, arrays = steepest.sweep(Own(length), **grid, **options), steepest.sweep(X, Y, **grid, **options)
    np.testing.assert_allclose(own.scores, arrays.scores, rtol=1e-12)
    if "validation" not in options and length != 500:
        np.testing.assert_array_equal(own.folds, arrays.folds)


def test_groups_and_an_own_validation_set():
    labels = np.arange(500, dtype=np.uint64) // 7
    own: Any = Own(64, group=labels)
    own.has_group = True
    arrays = steepest.sweep(X, Y, group=labels, epochs=[10], **ARRAYS)
    folds = steepest.sweep(own, epochs=[10]).folds
    assert all(len(set(folds[labels == label])) == 1 for label in np.unique(labels))
    assert sorted(np.bincount(folds)) == sorted(np.bincount(arrays.folds))
    validated = steepest.sweep(X, Y, validation=Own(64), epochs=[10], **ARRAYS)
    np.testing.assert_allclose(
        validated.scores, steepest.sweep(X, Y, validation=(X, Y), epochs=[10]).scores, rtol=1e-12
    )


def test_rows_are_held_out_by_their_place_however_they_are_cut():
    """A batch does not say where it begins; positions are counted in the order in which rows come."""
    expected = read(open_data(X, Y, **ARRAYS), Share(0.3, 5))
    for length in (500, 64, 1):
        summary = read(open_data(Own(length)), Share(0.3, 5))
        assert summary.test.row_count == expected.test.row_count
        np.testing.assert_array_equal(summary.sample.positions, expected.sample.positions)
        np.testing.assert_array_equal(summary.test_sample.positions, expected.test_sample.positions)
        np.testing.assert_allclose(summary.test.means, expected.test.means, rtol=1e-12)


def test_a_pass_goes_on_where_it_was_cut_off(tmp_path):
    """Also in the middle of a batch: the second pass cuts the rows in another way."""

    def stop(done, expected):
        assert expected is None
        if done >= 192:
            raise KeyboardInterrupt

    state, seen = tmp_path / "state", []
    with pytest.raises(KeyboardInterrupt):
        steepest.summarize(Own(64), checkpoint=state, watch=stop)
    resumed = steepest.summarize(Own(100), checkpoint=state, watch=lambda done, expected: seen.append(done))
    assert seen == [200, 300, 400, 500]
    assert resumed.row_count == 500
    np.testing.assert_allclose(resumed.means, steepest.summarize(X, Y).means, rtol=1e-13)
    straight = tmp_path / "straight"
    assert steepest.summarize(Own(64), checkpoint=straight).checksum == steepest.summarize(Own(64)).checksum
    assert steepest.summarize(Own(64), checkpoint=straight).checksum == steepest.summarize(Own(64)).checksum  # complete
    other: Any = Own(64)
    other.describe = lambda: {"kind": "another table"}
    with pytest.raises(UsageError, match="state of another table"):
        steepest.summarize(other, checkpoint=state)


def test_what_a_source_may_say_beside():
    own: Any = Own(64)
    assert (complete(own).row_count, complete(own).has_group) == (None, False)
    assert complete(own).describe() == {"kind": "source", "type": "Own"}
    own.row_count, own.describe = 500, lambda: {"kind": "sensor", "name": "roof"}
    seen = []
    triangle = steepest.summarize(own, watch=lambda *rows: seen.append(rows))
    assert seen[-1] == (500, 500)
    assert triangle.origins[0]["name"] == "roof"
    source = open_data(X, Y)
    assert open_data(source) is source
    assert isinstance(open_data(own), CompletedSource)


def test_plain_numbers_of_any_type_and_shape_of_y():
    class Whole:
        features, targets = ["x"], ["y"]

        def batches(self):
            return [Batch(np.arange(3)[:, None], np.arange(3), ("x",), ("y",))] * 2

    triangle = steepest.summarize(Whole())
    assert (triangle.row_count, triangle.features, triangle.means.tolist()) == (6, ("x",), [1.0, 1.0])


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ((X, Y), r"must be steepest.Batch; it yields tuple"),
        (Batch(X[:, :2], Y, ("a", "b"), ("y",)), "a batch of Own has the columns"),
        (Batch(X, Y, NAMES, ("z",)), "Give every batch the columns of its source"),
        (Batch(np.full((2, 3), np.nan), np.ones(2), NAMES, ("y",)), "6 values are NaN"),
        (Batch(X[:0], Y[:0], NAMES, ("y",)), "0 samples"),
    ],
)
def test_what_an_own_source_gets_wrong_is_told(batch, sentence):
    own: Any = Own()
    own.batches = lambda: iter([batch])
    with pytest.raises(DataError, match=sentence):
        steepest.summarize(own)


@pytest.mark.parametrize(
    "options",
    [{"target": "z"}, {"features": ["x2"]}, {"weight": "w"}, {"y": Y}, {"missing": "drop"}],
    ids=lambda options: next(iter(options)),
)
def test_what_is_asked_for_beside_a_source_is_obeyed_or_refused(options):
    for source in (Own(64), steepest.open_source(X, Y)):
        with pytest.raises(UsageError, match=next(iter(options))):
            steepest.descend(source, **options)
    assert steepest.summarize(Own(64), target="y", features=NAMES).row_count == 500


@pytest.mark.parametrize(
    "values",
    [np.ma.masked_array(X, mask=X > 1), X + 1j, X.astype("datetime64[D]"), X.astype(str)],
    ids=["masked", "complex", "dates", "texts"],
)
def test_batches_hold_numbers_as_arrays_do(values):
    own: Any = Own()
    own.batches = lambda: iter([Batch(values, Y, NAMES, ("y",))])
    with pytest.raises(steepest.DataTypeError):
        steepest.summarize(own)
    with pytest.raises(steepest.DataTypeError, match="X of a batch is a NumPy array"):
        Batch(X.tolist(), Y, NAMES, ("y",))


def test_a_number_of_rows_is_not_believed_and_names_are_names():
    own: Any = Own(64)
    own.row_count = 10
    with pytest.raises(DataError, match="says that it has 10 rows, and its batches hold 500"):
        steepest.summarize(own)
    for features, text in (((1, 2), "tuple of names"), ("ab", "tuple of names"), (("x2", "x2"), "names differ")):
        own = Own()
        own.features = features
        with pytest.raises(DataError, match=text):
            steepest.summarize(own)
