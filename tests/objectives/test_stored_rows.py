"""Rows in a temporary file beside rows in memory."""

import tempfile

import numpy as np
import pytest

import steepest
from steepest.descent.minibatch import Batches
from steepest.errors import DataError
from steepest.objectives import row_file
from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.objectives.stored_rows import StoredRows, rows_of
from tests.descent.test_minibatch import D, N, by_hand, path, table


@pytest.fixture
def stored(monkeypatch):
    """Every table is too large; seven rows a block, three blocks at a time."""
    monkeypatch.setattr(row_file, "IN_MEMORY", 0)
    monkeypatch.setattr(row_file, "BLOCK", 7 * (D + 3) + 1)
    monkeypatch.setattr(row_file, "MIXED", 3 * 7 * (D + 3))


def rows(weight=None, standardize=False, targets=1):
    X, y = table()
    source = steepest.open_source(X, np.column_stack([y] * targets), weight=weight)
    problem = Problem.of(steepest.summarize(source), "standardized" if standardize else "raw", l2=0.1)
    return OverRows.of(problem, source.batches()), StoredRows.of(problem, source.batches())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("targets", [1, 2])
def test_rows_taken_are_those_in_memory(weighted, targets):
    weight = np.arange(N) % 4.0 if weighted else None
    memory, file = rows(weight, standardize=True, targets=targets)
    assert (len(file), file.width) == (len(memory), memory.width)
    chosen = np.array([5, 0, 30, 5, 12])
    theta = np.ones((D + 1, targets))
    for name in ("U", "y", "scale", "l2"):
        assert np.array_equal(getattr(file.take(chosen), name), getattr(memory.take(chosen), name))
    assert file.take(chosen).gradient(theta) == pytest.approx(memory.take(chosen).gradient(theta), rel=1e-14)


def test_weights_that_are_all_the_same_are_none():
    _, file = rows(np.full(N, 3.0))
    assert file.take(np.arange(3)).omega is None


@pytest.mark.parametrize("order", ["replacement", "fixed"])
@pytest.mark.parametrize("size", [1, 8, N])
def test_other_orders_give_the_bits_of_rows_in_memory(order, size, stored):
    settings = {"batch_size": size, "order": order, "learning_rate": 0.02, "epochs": 3}
    from_file = steepest.descend(*table(), **settings)
    assert isinstance(getattr(from_file.rule, "rows", None), StoredRows)
    row_file.IN_MEMORY = 1 << 20
    assert (path(from_file) == path(steepest.descend(*table(), **settings))).all()


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 8, N])
def test_a_shuffled_run_is_the_literal_loop_over_its_order(size, drop_last, stored):
    X, y = table()
    run = steepest.descend(X, y, batch_size=size, drop_last=drop_last, seed=3, learning_rate=0.02, epochs=4)
    _, file = rows()

    batches = Batches(size, "shuffled", 3, drop_last)
    orders = [list(batches.rows(N, epoch, file.shuffled)) for epoch in range(4)]
    expected = by_hand(np.column_stack([np.ones(N), X]), y, orders, rate=0.02)
    np.testing.assert_allclose(path(run), expected, rtol=1e-11, atol=1e-12)


def test_an_epoch_has_each_row_once_and_mixes_blocks(stored):
    _, file = rows()
    pieces = list(file.shuffled(np.random.default_rng(0)))
    assert sorted(np.concatenate(pieces)) == list(range(N))
    assert [len(np.unique(piece // 7)) for piece in pieces] == [3, 3, 2]
    assert not np.array_equal(np.sort(pieces[0]), pieces[0])
    batches = list(Batches(4).rows(N, 0, file.shuffled))
    assert [len(batch) for batch in batches] == [4] * 13 + [1]


def test_each_row_is_as_likely_as_any_other_at_each_place(stored):
    _, file = rows()
    draws = 4_000
    first = [next(file.shuffled(np.random.default_rng(seed)))[0] for seed in range(draws)]
    # a short last block comes first as often as a full one, and each of its rows more often than another
    blocks = np.bincount(np.array(first) // 7, minlength=8) / draws
    full = np.array([7] * 7 + [4])
    assert abs(blocks - full / full.sum()).max() < 0.03


def test_rows_go_to_a_file_by_their_size(monkeypatch):
    X, y = table()
    source = steepest.open_source(X, y)
    problem = Problem.of(steepest.summarize(source))
    monkeypatch.setattr(row_file, "IN_MEMORY", N * (D + 2))
    assert isinstance(rows_of(problem, source.batches()), OverRows)
    monkeypatch.setattr(row_file, "IN_MEMORY", N * (D + 2) - 1)
    assert isinstance(rows_of(problem, source.batches()), StoredRows)


def test_a_disk_without_room_is_told(stored, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(DataError, match=r"cannot hold it: no space left on device. Make room there, or name another"):
        steepest.descend(*table(), batch_size=4, learning_rate=0.02, epochs=2)


def test_a_table_that_changed_is_told():
    X, y = table()
    problem = Problem.of(steepest.summarize(X, y))
    for other in (steepest.open_source(X[:-1], y[:-1]), steepest.open_source(np.vstack([X, X]), np.append(y, y))):
        with pytest.raises(DataError, match="had 53 rows a moment ago"):
            StoredRows.of(problem, other.batches())


def test_what_stands_for_stored_rows_says_the_same(stored, monkeypatch):
    X, y = table(20_000)
    settings = {"batch_size": 8, "epochs": 2, "order": "replacement"}
    from_file = steepest.descend(X, y, **settings)
    monkeypatch.setattr(row_file, "IN_MEMORY", 1 << 20)
    in_memory = steepest.descend(X, y, **settings)
    # two samples of 4,096 rows: limits of light tails agree within a percent or two
    assert from_file.verdict.learning_rate == pytest.approx(in_memory.verdict.learning_rate, rel=0.05)
    assert from_file.verdict.stability_limit == pytest.approx(in_memory.verdict.stability_limit, rel=0.05)
    assert from_file.verdict.kind == in_memory.verdict.kind
