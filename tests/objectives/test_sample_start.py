"""The minimum of a sample as a start: where it is taken, that it depends on the rows alone, and that the answer is the same."""

import numpy as np
import pytest

import steepest
from steepest.objectives import sample_start
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.losses import LogisticLoss

COLUMNS = 4


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sample_start, "SAMPLE", 300)
    monkeypatch.setattr(sample_start, "A_PARAMETER", 1)


def table(n=6_000):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n, COLUMNS)) * [1, 5, 0.2, 1] + [0, 3, 0, 0]
    return X, (X @ [1.0, -0.3, 2.0, 0.0] + generator.logistic(size=n) > -1).astype(float)


def problem(X, y, weight=None):
    source = steepest.open_source(X, y, weight=weight)
    return LossProblem.over(steepest.summarize(source), source.batches, LogisticLoss())


@pytest.mark.parametrize("weighted", [False, True])
def test_it_saves_passes_and_changes_no_answer(weighted, small, monkeypatch):
    X, y = table()
    weight = np.arange(len(y)) % 3.0 if weighted else None  # weight 0: rows that are not drawn
    short = problem(X, y, weight).found
    monkeypatch.setattr(sample_start, "FEWEST", 10**9)
    whole = problem(X, y, weight).found
    assert short.passes < whole.passes
    np.testing.assert_allclose(short.bowl.theta, whole.bowl.theta, rtol=1e-11, atol=1e-13)
    assert short.bowl.value == pytest.approx(whole.bowl.value, rel=1e-14)


def test_batches_of_any_size_draw_the_same_rows(small):
    X, y = table()
    plain = steepest.open_source(X, y)
    coordinates = steepest.summarize(plain).coordinates("raw")
    starts = []
    for size in (len(y), 7, 1_000):

        def pieces(size=size):
            for batch in plain.batches():
                for first in range(0, len(batch), size):
                    yield batch.take(slice(first, first + size))

        starts.append(sample_start.sample_start(LogisticLoss(), pieces, coordinates, (len(y), COLUMNS + 1)))
    for start in starts[1:]:
        np.testing.assert_allclose(start, starts[0], rtol=1e-10)


def test_few_rows_have_none(small):
    X, y = table(sample_start.FEWEST * 300 - 1)
    source = steepest.open_source(X, y)
    coordinates = steepest.summarize(source).coordinates("raw")
    assert sample_start.sample_start(LogisticLoss(), source.batches, coordinates, (len(y), 5)) is None


def test_a_sample_that_is_separable_is_no_start(small):
    x = np.arange(6_000.0)
    source = steepest.open_source(x[:, None], (x > 3_000).astype(float))
    coordinates = steepest.summarize(source).coordinates("standardized")
    assert sample_start.sample_start(LogisticLoss(), source.batches, coordinates, (6_000, 2)) is None
