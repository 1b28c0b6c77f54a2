"""A start near the minimum: where it is taken, that it depends on the rows alone, and that the answer is the same."""

import numpy as np
import pytest

import steepest
from steepest.objectives import loss_rows, newton, row_file, sample_start
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.loss_rows import StoredLossRows, loss_rows_of
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.multinomial import MultinomialLoss
from steepest.objectives.problem import Problem

COLUMNS = 4
LOSSES = [LogisticLoss(), PoissonLoss(), HuberLoss(1.0), MultinomialLoss()]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sample_start, "SAMPLE", 300)
    monkeypatch.setattr(sample_start, "A_PARAMETER", 1)


def table(n=6_000, loss=LogisticLoss()):  # noqa: B008 - frozen
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n, COLUMNS)) * [1, 5, 0.2, 1] + [0, 3, 0, 0]
    margin = X @ [1.0, -0.3, 2.0, 0.0] + 1
    if loss.name == "poisson":
        return X, generator.poisson(np.exp(margin / 2)).astype(float)
    if loss.name == "huber":
        return X, margin + generator.standard_t(2, size=n)
    if loss.name == "multinomial":
        margins = np.column_stack([margin, -margin / 2, X[:, 0]]) + generator.gumbel(size=(n, 3))
        return X, np.eye(3)[margins.argmax(axis=1)]
    return X, (margin + generator.logistic(size=n) > 0).astype(float)


def problem(X, y, weight=None, loss=LogisticLoss(), **settings):  # noqa: B008 - frozen
    """The problem, and how often the table was read for it."""
    source = steepest.open_source(X, y, weight=weight)
    readings = []

    def reader():
        readings.append(1)
        return source.batches()

    return LossProblem.over(steepest.summarize(source), reader, loss, **settings), len(readings)


def rows_of(X, y, coordinates="raw", pieces=None):
    source = steepest.open_source(X, y)
    plain = Problem.of(steepest.summarize(source), coordinates)
    return loss_rows_of(plain, pieces or source.batches(), LogisticLoss()), plain.coordinates


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("n", [6_000, 15_000])  # without a larger sample, and with one
def test_it_saves_triangles_and_changes_no_answer(loss, weighted, l2, n, small, monkeypatch):
    X, y = table(n, loss)
    weight = np.arange(len(y)) % 3.0 if weighted else None  # weight 0: rows that are not drawn
    short, few = problem(X, y, weight, loss, l2=l2, coordinates="standardized")
    monkeypatch.setattr(sample_start, "FEWEST", 10**9)
    whole, many = problem(X, y, weight, loss, l2=l2, coordinates="standardized")
    assert few <= 3 < many  # the rows, and one triangle at their minimum; one more where a sample of 300 is unlike them
    assert short.found.settled
    np.testing.assert_allclose(short.quadratic.minimum, whole.quadratic.minimum, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(short.found.bowl.theta, whole.found.bowl.theta, rtol=1e-10, atol=1e-13)
    assert short.found.bowl.value == pytest.approx(whole.found.bowl.value, rel=1e-14)
    # curvature is seen from 1e-9 away
    np.testing.assert_allclose(short.quadratic.modes.eigenvalues, whole.quadratic.modes.eigenvalues, rtol=3e-9)


def test_passes_are_gradients_and_triangles_over_all_rows(small, monkeypatch):
    X, y = table()
    counts = {"gradients": 0}
    plain = loss_rows.LossOverRows.gradient

    def counted(self, theta):
        counts["gradients"] += len(self) == len(y)
        return plain(self, theta)

    monkeypatch.setattr(loss_rows.LossOverRows, "gradient", counted)
    found, readings = problem(X, y)
    assert found.found.passes == counts["gradients"] + readings - 1


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_columns_far_from_0_have_the_same_minimum(shift, small, monkeypatch):
    X, y = table()
    X = X + shift
    short, _ = problem(X, y)
    monkeypatch.setattr(sample_start, "FEWEST", 10**9)
    whole, _ = problem(X, y)
    # margins are sums of numbers of the shift's size
    np.testing.assert_allclose(short.found.bowl.theta[1:], whole.found.bowl.theta[1:], rtol=1e-13 * shift, atol=1e-12)
    assert short.found.bowl.value == pytest.approx(whole.found.bowl.value, rel=1e-17 * shift)


def test_classes_that_a_sample_does_not_tell_apart_but_nearly(small, monkeypatch):
    generator = np.random.default_rng(0)
    x = generator.normal(size=6_000)
    y = (x > 0).astype(float)
    wrong = np.argsort(np.abs(x))[:40]
    y[wrong] = 1 - y[wrong]
    short, _ = problem(x[:, None], y)
    monkeypatch.setattr(sample_start, "FEWEST", 10**9)
    whole, _ = problem(x[:, None], y)
    np.testing.assert_allclose(short.found.bowl.theta, whole.found.bowl.theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_threads_change_no_bit(loss, small, monkeypatch):
    X, y = table(70_000, loss)
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("STEEPEST_THREADS", threads)
        found.append(problem(X, y, loss=loss)[0].found)
    assert found[0] == found[1]


def test_batches_of_any_size_draw_the_same_rows(small):
    X, y = table()
    source = steepest.open_source(X, y)

    def pieces(size):
        for batch in source.batches():
            for first in range(0, len(batch), size):
                yield batch.take(slice(first, first + size))

    starts = [sample_start.sample_start(*rows_of(X, y, pieces=pieces(size))) for size in (len(y), 7, 1_000)]
    for start in starts[1:]:
        np.testing.assert_array_equal(start.theta, starts[0].theta)


def test_rows_in_a_file_have_the_same_start(small, monkeypatch):
    X, y = table(15_000)
    memory = sample_start.sample_start(*rows_of(X, y))
    monkeypatch.setattr(row_file, "IN_MEMORY", 0)
    rows, coordinates = rows_of(X, y)
    assert isinstance(rows, StoredLossRows)
    np.testing.assert_allclose(sample_start.sample_start(rows, coordinates).theta, memory.theta, rtol=1e-11)


def test_few_rows_have_none(small):
    X, y = table(sample_start.FEWEST * 300 - 1)
    assert sample_start.sample_start(*rows_of(X, y)) is None


def test_a_sample_that_is_separable_is_no_start(small):
    x = np.arange(6_000.0)
    assert sample_start.sample_start(*rows_of(x[:, None], (x > 3_000).astype(float), "standardized")) is None


def test_newton_goes_on_where_gradients_come_to_nothing(small, monkeypatch):
    X, y = table()
    whole, _ = problem(X, y)
    monkeypatch.setattr(sample_start, "approach", lambda gradient, quadratic, theta, enough: (theta, 1))
    short, readings = problem(X, y)
    assert readings > 2
    assert short.found.bowl.decrement <= newton.ARRIVED * short.found.bowl.value
    np.testing.assert_allclose(short.found.bowl.theta, whole.found.bowl.theta, rtol=1e-10, atol=1e-13)
