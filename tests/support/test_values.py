"""Values: nobody can change them, equal ones are equal in every way, and a pickle says who wrote it."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import steepest
from steepest.descent.closed_form import ClosedIterates
from steepest.errors import ModelFileError
from steepest.objectives.quadratic import Quadratic
from steepest.support.arrays import read_only
from steepest.support.values import Value, are_equal

NUMBERS = st.floats(width=64)


@dataclasses.dataclass(frozen=True, eq=False)
class Point(Value):
    """A value as small as they come."""

    at: np.ndarray
    name: str = ""
    more: tuple = ()
    seen: object = dataclasses.field(default=None, compare=False)


def everything(line):
    """Results of every kind."""
    x, y = line
    X = np.hstack([x, np.cos(x)])
    y = y + np.sin(x[:, 0])
    run = steepest.descend(X, y, standardize=True, epochs=50)
    triangle = steepest.summarize(X, y)
    return {
        "triangle": triangle,
        "model": steepest.Model.of(run),
        "run": run,
        "loop": steepest.descend(X, y, standardize=True, epochs=50, engine="loop"),
        "state": run.at(10),
        "optimum": run.optimum,
        "diagnosis": steepest.diagnose(X, y),
        "mode": steepest.diagnose(X, y).modes[0],
        "sweep": steepest.sweep(X, y, learning_rates=[0.1, 1.0], epochs=[1, 10]),
        "setting": steepest.sweep(X, y, learning_rates=[0.1, 1.0], epochs=[1, 10]).best,
        "solution": steepest.solve(X, y),
        "inference": steepest.infer(X, y),
        "explanation": steepest.explain(X, y, epoch=2, learning_rate=1e-6),
        "validation": steepest.validation_curve(run, triangle),
        "quadratic": Quadratic.of(triangle, triangle.coordinates("raw")),
    }


KINDS = tuple(everything((np.arange(1.0, 9.0)[:, None], np.arange(8.0))))


@pytest.fixture(scope="module")
def results():
    x = np.arange(1.0, 41.0)[:, None]
    of = [(x, 0.5 * x[:, 0] + 2), (x, 0.5 * x[:, 0] + 2), (2 * x, 0.25 * x[:, 0] + 2)]
    return tuple(map(everything, of))


def arrays_in(value, depth=3):
    """Every array that can be reached from a result's attributes."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth and isinstance(value, (tuple, list)):
        for part in value:
            yield from arrays_in(part, depth)
    elif depth and isinstance(value, dict):
        yield from arrays_in(tuple(value.values()), depth)
    elif depth and isinstance(value, Value):
        for field in dataclasses.fields(value):
            yield from arrays_in(getattr(value, field.name), depth - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_no_array_of_a_result_can_be_written(results, kind):
    found = list(arrays_in(results[0][kind]))
    assert found or kind == "setting"
    for array in found:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 99.0


def test_writing_into_weights_fails_instead_of_changing_predictions(results):
    run = results[0]["run"]
    before = run.predict([[1.0, 2.0]])
    with pytest.raises(ValueError, match="read-only"):
        run.weights[0] = 99.0
    assert run.predict([[1.0, 2.0]]) == before


@pytest.mark.parametrize("kind", KINDS)
def test_equal_results_are_equal_and_have_one_hash_and_others_are_not(results, kind):
    one, same, other = (of[kind] for of in results)
    assert one is not same
    assert one == same
    assert hash(one) == hash(same)
    assert {one: 1}[same] == 1
    assert one != other
    assert one != "something else"


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_and_copies_give_an_equal_result_that_nobody_can_write(results, kind):
    one = results[0][kind]
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert again == one
        assert hash(again) == hash(one)
        assert not any(array.flags.writeable for array in arrays_in(again))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickle_from_another_version_is_refused_in_words(results, kind, monkeypatch):
    one = results[0][kind]
    written = pickle.dumps(one)
    monkeypatch.setattr(type(one), "PICKLE_FORMAT", 2)
    with pytest.raises(
        ModelFileError, match=f"pickle of a {type(one).__name__} was written by steepest 0.1.0 and cannot"
    ):
        pickle.loads(written)


def test_a_pickle_from_before_pickles_said_who_wrote_them_is_refused():
    point = Point.__new__(Point)
    with pytest.raises(ModelFileError, match="written by steepest of an earlier version"):
        point.__setstate__({"at": np.zeros(2), "name": "", "more": (), "seen": None})


@given(arrays(np.float64, array_shapes(max_dims=2, max_side=3), elements=NUMBERS), st.booleans())
def test_a_callers_array_stays_his_own(mine, sliced):
    given = mine[::-1] if sliced else mine
    before = given.copy()
    point = Point(given)
    assert mine.flags.writeable
    assert given.flags.writeable
    mine[...] = 7.0
    np.testing.assert_array_equal(point.at, before)
    with pytest.raises(ValueError, match="read-only"):
        point.at[...] = 0.0


def test_a_view_that_cannot_be_written_of_an_array_that_can_is_copied():
    mine = np.arange(3.0)
    view = mine.view()
    view.flags.writeable = False
    kept = read_only(view)
    mine[0] = 99.0
    assert kept[0] == 0.0


def test_what_nobody_can_write_is_kept_as_it_is_and_copies_keep_their_layout():
    mine = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    kept = read_only(mine)
    assert kept.flags.f_contiguous
    assert read_only(kept) is kept
    part = kept[:, :1]
    assert read_only(part) is part


@given(NUMBERS, NUMBERS)
def test_equality_of_arrays_is_that_of_numbers_where_nan_equals_nan(a, b):
    same = a == b or (np.isnan(a) and np.isnan(b))
    one, other = Point(np.array([a, 1.0]), more=(a,)), Point(np.array([b, 1.0]), more=(b,))
    assert (one == other) == same
    assert not same or hash(one) == hash(other)


def test_what_is_not_to_be_compared_is_not_and_shapes_and_types_count():
    point = Point(np.zeros(2), "a")
    assert point == Point(np.zeros(2), "a", seen="elsewhere")
    assert hash(point) == hash(Point(np.zeros(2), "a", seen="elsewhere"))
    assert point != Point(np.zeros(2), "b")
    assert point != Point(np.zeros((2, 1)), "a")

    @dataclasses.dataclass(frozen=True, eq=False)
    class Other(Point):
        """The same fields under another name."""

    assert point != Other(np.zeros(2), "a")
    assert Point(np.array([0.0])) == Point(np.array([-0.0])) == Point(np.array([0]))
    assert hash(Point(np.array([0.0]))) == hash(Point(np.array([-0.0]))) == hash(Point(np.array([0])))


def test_nested_parts_are_compared_inside():
    nan = float("nan")
    assert are_equal({"a": [1, (nan, np.zeros(1))]}, {"a": [1, (float("nan"), np.zeros(1))]})
    assert not are_equal({"a": [1, (nan, np.zeros(1))]}, {"a": [1, (nan, np.ones(1))]})
    assert not are_equal({"a": 1}, {"b": 1})
    assert not are_equal([1, 2], [1, 2, 3])
    assert not are_equal([1, 2], (1, 2))
    assert not are_equal(np.zeros(1), 0.0)


def test_what_a_run_computed_once_cannot_be_changed():
    run = steepest.descend([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]], [1.0, 2.0, 4.0], learning_rate=0.01, epochs=10)
    quadratic, iterates = run.problem.quadratic, run.iterates
    assert isinstance(iterates, ClosedIterates)
    for array in (
        iterates.start_errors,
        iterates.start_losses,
        quadratic.misfit,
        quadratic.minimum,
        quadratic.unexplained,
        quadratic.mode_predictions,
        *quadratic.augmented,
        *quadratic.data.reached,
        *quadratic.data.factors,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 99


def test_runs_of_rules_that_hold_arrays_are_compared():
    @dataclasses.dataclass
    class Scaled:
        scale: np.ndarray
        name = "scaled"

        def init(self, theta):
            return None

        def step(self, gradient, theta, memory):
            return theta - self.scale * gradient(theta), None

    runs = [
        steepest.descend([[1.0], [2.0]], [1.0, 2.0], rule=Scaled(np.full((2, 1), scale)), epochs=3)
        for scale in (0.1, 0.1, 0.2)
    ]
    assert runs[0] == runs[1]
    assert hash(runs[0]) == hash(runs[1])
    assert runs[0] != runs[2]


@pytest.mark.parametrize("wrong", [[3], ["a", "b"], "ab", [None]])
def test_only_triangles_are_summed(wrong):
    with pytest.raises(steepest.UsageError, match=r"Triangle\.sum takes triangles"):
        steepest.Triangle.sum(wrong)
