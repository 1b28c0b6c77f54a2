"""Forecasts of shuffled rows beside every order there is, and beside literal runs."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import steepest
from steepest.objectives.over_orders import OverOrders
from steepest.objectives.reshuffled import Reshuffled
from tests.descent.test_forecast import SETTINGS, literal_runs, table

X = np.array([[1.0, 0.5], [2.0, -1.0], [-1.0, 3.0], [0.5, 0.0], [1.0, 1.0]])
Y = np.array([1.0, 3.0, -2.0, 4.0, 0.3])


def walk(f, theta, order):
    """Where an epoch in this order ends."""
    steps, size = f.batches.steps(len(f.rows)), f.batches.size
    for first in range(0, steps * size, size):
        theta = theta - f.learning_rate * f.rows.take(order[first : first + size]).gradient(theta)
    return theta


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("size", "drop_last"), [(1, False), (3, False), (3, True), (4, False)])
def test_the_mean_over_all_orders(settings, size, drop_last):
    numbers = {**SETTINGS[settings]}
    if settings in ("weights", "all"):
        numbers["weight"] = np.arange(1.0, 5.0)
    f = steepest.forecast(X[:4], Y[:4], batch_size=size, drop_last=drop_last, learning_rate=0.1, epochs=2, **numbers)
    orders = [np.array(order) for order in itertools.permutations(range(4))]
    value = f.problem.quadratic.value
    once = [walk(f, np.zeros((f.rows.U.shape[1], 1)), order) for order in orders]
    twice = [value(walk(f, theta, order))[0] for theta in once for order in orders]
    expected = [np.mean([value(theta)[0] for theta in once]), np.mean(twice)]
    np.testing.assert_allclose(f.loss()[1:], expected, rtol=1e-12)
    assert (f.standard_error() == 0).all()


def test_the_floor_of_all_orders_is_where_epochs_end():
    f = steepest.forecast(X, Y, batch_size=2, learning_rate=0.05, epochs=9_000)
    assert f.loss()[-1] - f.minimum == pytest.approx(f.floor, rel=1e-10)
    assert f.loss()[-1] == f.loss()[-2]


def test_growth_is_that_of_whole_epochs():
    limit = steepest.forecast(X, Y, batch_size=1).stability_limit
    told = {}
    for share in (0.9, 1.1, 1.5, 2.0, 3.0):
        f = steepest.forecast(X, Y, batch_size=1, learning_rate=share * limit, epochs=3_000)
        told[share] = f.grows
        assert f.grows == (not f.loss()[-1] < f.loss()[0]) == np.isinf(f.floor) == ("without bound" in str(f))
    assert not told[0.9]
    assert told[3.0]


@pytest.mark.parametrize("order", ["shuffled", "fixed", "replacement"])
def test_a_rate_that_leaves_float64_grows(order):
    for rate in (1e150, 1e308):
        f = steepest.forecast(*table(), batch_size=4, learning_rate=rate, epochs=3, order=order)
        assert f.grows
        assert np.isinf(f.floor)
        assert np.isinf(f.loss()[1:]).all()
        assert (f.standard_error() >= 0).all() or order == "shuffled"
        assert "diverge" in str(f)


def test_a_sample_of_orders_says_how_far_off_it_is():
    """The same table by other seeds: about as far apart as each says itself."""
    settings = {"batch_size": 4, "learning_rate": 0.1, "epochs": 8}
    found = [steepest.forecast(*table(), seed=seed, **settings) for seed in range(12)]
    losses = np.array([f.loss()[1:] for f in found])
    told = np.array([f.standard_error()[1:] for f in found]).mean(axis=0)
    ratio = losses.std(axis=0, ddof=1) / told
    assert ((ratio > 0.5) & (ratio < 1.4)).all(), ratio
    assert (found[0].standard_error() == steepest.forecast(*table(), **settings).standard_error()).all()
    assert found[0].standard_error()[0] == 0
    assert "the mean over 2,048 orders of the rows; its distance from the minimum has a standard error of" in str(
        found[0]
    )


def test_orders_where_they_are_nearer_and_an_approximation_elsewhere():
    short, long = steepest.forecast(*table(128, 4), batch_size=8), steepest.forecast(*table(8_000, 4), batch_size=8)
    assert OverOrders.reaches(short._moments)
    assert not OverOrders.reaches(long._moments)
    assert "is an approximation: its distance from the minimum may be off by 0.18%" in str(long)
    assert (long.standard_error() == 0).all()


def test_parts_of_a_sample_are_its_whole(monkeypatch):
    f = steepest.forecast(*table(), batch_size=7, learning_rate=0.1, epochs=4)
    monkeypatch.setattr("steepest.objectives.over_orders.TOGETHER", 100)
    again = steepest.forecast(*table(), batch_size=7, learning_rate=0.1, epochs=4)
    np.testing.assert_allclose(again.loss(), f.loss(), rtol=1e-12)


def test_many_second_moments_are_judged_by_their_largest_eigenvalue(monkeypatch):
    X, y = table(40, 2)
    limit = steepest.forecast(X, y, batch_size=4).stability_limit
    dense = [steepest.forecast(X, y, batch_size=4, learning_rate=share * limit)._expected for share in (0.8, 1.5)]
    monkeypatch.setattr("steepest.objectives.over_orders.DENSE", 0)
    for one, grows in zip(dense, (False, True), strict=True):
        assert isinstance(one, OverOrders)
        again = replace(one)
        assert again._radius == pytest.approx(np.abs(np.linalg.eigvals(one._map[:-1, :-1])).max(), rel=1e-8)
        assert again.grows == grows


@pytest.mark.slow
@pytest.mark.parametrize(("size", "share"), [(1, 0.02), (1, 0.5), (8, 0.1), (8, 0.5), (32, 0.1), (32, 0.5)])
@pytest.mark.parametrize("heavy", [False, True])
def test_the_approximation_is_as_near_as_it_says(size, share, heavy):
    """In the long run; while the start fades it may be further off."""
    X, y = table(128, 4, seed=2, heavy=heavy)
    settings = {"batch_size": size, "epochs": 40, "standardize": True}
    limit = steepest.forecast(X, y, **settings).stability_limit
    f = steepest.forecast(X, y, learning_rate=share * limit, **settings)
    sizes = (size,) * (128 // size)
    found = Reshuffled(f._moments, f.learning_rate, sizes)
    mean = literal_runs(f, 2_000).mean(axis=0)
    assert found.excess(40)[-1] == pytest.approx(mean[-1], rel=found.reach(f._moments) + 0.04)
