"""Losses of rows in a file beside those of rows in memory."""

import numpy as np
import pytest

import steepest
from steepest.objectives import loss_rows, row_file
from steepest.objectives.loss_rows import StoredLossRows
from tests.descent.test_losses_descent import table

SETTINGS = {"learning_rate": 0.05, "epochs": 4, "l2": 0.1, "standardize": True}


def both(monkeypatch, *given, **settings):
    """A run with its rows in memory, and in a file that is read 50 rows at a time."""
    memory = steepest.descend(*given, **settings)
    monkeypatch.setattr(row_file, "IN_MEMORY", 0)
    monkeypatch.setattr(loss_rows, "PIECE", 50 * 7)
    file = steepest.descend(*given, **settings)
    assert isinstance(file.problem.rows, StoredLossRows)
    return memory, file


@pytest.mark.parametrize("loss", ["logistic", "poisson", "huber", "multinomial"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_epoch_is_that_of_rows_in_memory(loss, weighted, monkeypatch):
    X, y = table(loss)
    if loss == "multinomial":
        y = np.eye(3)[np.digitize(y, [-0.5, 0.5])]
    weight = np.arange(len(X)) % 4.0 if weighted else None  # weight 0: rows that are left out
    memory, file = both(monkeypatch, X, y, weight=weight, loss=loss, **SETTINGS)
    for one, other in zip(memory.parameters(), file.parameters(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(memory.loss(), file.loss(), rtol=1e-13)
    np.testing.assert_allclose(memory.rmse(), file.rmse(), rtol=1e-13)
    theta, direction = memory.iterates.final, np.ones_like(memory.iterates.final)
    bent = [run.problem.rows.curvature(theta, direction) for run in (memory, file)]
    np.testing.assert_allclose(*bent, rtol=1e-12)
    assert memory.optimum.loss == pytest.approx(file.optimum.loss, rel=1e-14)


@pytest.mark.parametrize("order", ["fixed", "replacement"])
def test_batches_have_the_bits_of_rows_in_memory(order, monkeypatch):
    memory, file = both(monkeypatch, *table("logistic"), loss="logistic", batch_size=16, order=order, **SETTINGS)
    assert (memory.iterates.final == file.iterates.final).all()


def test_shuffled_batches_take_each_row_once(monkeypatch):
    X, y = table("logistic")
    monkeypatch.setattr(row_file, "IN_MEMORY", 0)
    run = steepest.descend(X, y, loss="logistic", batch_size=16, **SETTINGS)
    seen = np.concatenate(list(run.problem.rows.shuffled(np.random.default_rng(0))))
    assert sorted(seen) == list(range(len(X)))
    assert run.last.loss < run.loss([0])[0]


def test_offsets_are_kept_in_the_file(monkeypatch):
    X, y = table("poisson")
    exposure = 1.0 + np.arange(len(y)) % 5
    memory, file = both(monkeypatch, X, y, loss="poisson", exposure=exposure, **SETTINGS)
    np.testing.assert_allclose(memory.weights, file.weights, rtol=1e-12)
    assert file.problem.rows.has_offset
    np.testing.assert_allclose(memory.loss(), file.loss(), rtol=1e-13)
