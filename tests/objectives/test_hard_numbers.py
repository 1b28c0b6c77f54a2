"""Numbers that once went wrong: each a small problem with a known answer."""

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from tests.support.moments import at_most
from tests.truths import literal_descent


def path_error(run, literal, epochs):
    weights, bias = run.parameters(epochs)
    ours = np.column_stack([bias, weights])
    return (np.linalg.norm(ours - literal[epochs], axis=1) / np.linalg.norm(literal[epochs], axis=1)).max()


def test_a_condition_number_of_1e13_is_slow_and_not_oscillating():
    run = steepest.descend([[2020.0], [2021.0], [2022.0], [2023.0]], [1.0, 2.0, 4.0, 3.0])
    assert run.verdict.kind == "converged"
    assert run.epochs > 1e14
    assert run.weights[0] == pytest.approx(0.8, rel=1e-9)
    # a rate so small that 1 - ηλ rounds to 1 still gets there
    tiny = steepest.descend([[1.0], [2.0]], [1.0, 3.0], learning_rate=1e-17, epochs=1)
    assert tiny.epochs_to(0.5) > 1e16


@pytest.mark.parametrize("difference", [1e-4, 1e-6, 1e-8])
def test_nearly_equal_columns_do_not_spoil_the_steep_modes(difference):
    z, g, h = np.random.default_rng(0).normal(size=(3, 20))
    X, y = np.column_stack([z, z + difference * g]), z + 0.1 * h
    literal = literal_descent(X, y, rule="gradient", learning_rate=0.5, epochs=100)
    run = steepest.descend(X, y, learning_rate=0.5, epochs=100)
    assert path_error(run, literal, np.arange(1, 101)) < 1e-13


@pytest.mark.parametrize("mean", [1e4, 1e6, 1e8])
def test_large_means_do_not_spoil_early_epochs(mean):
    X = mean + np.random.default_rng(0).normal(size=(20, 1))
    y = np.random.default_rng(1).normal(size=20) + 3
    rate = 0.3 / mean**2
    literal = literal_descent(X, y, rule="gradient", learning_rate=rate, epochs=50)
    run = steepest.descend(X, y, learning_rate=rate, epochs=50)
    assert path_error(run, literal, np.arange(1, 51)) < 1e-12
    assert run.loss([0])[0] == pytest.approx(np.mean(y**2) / 2, rel=1e-12)


@pytest.mark.parametrize("distance", [1e3, 1e8, 1e12])
def test_a_far_start_is_forgotten(distance):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(20, 3)), generator.normal(size=20)
    run = steepest.descend(X, y, learning_rate=0.5, epochs=2000, start=(np.full(3, distance), 0.0))
    np.testing.assert_allclose(run.weights, run.optimum.weights, rtol=1e-13)
    np.testing.assert_array_equal(run.at(0).weights, np.full(3, distance))


def test_a_huge_penalty_leaves_small_but_right_weights():
    X, y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([1.0, 2.0, 4.0])
    for l2 in (1e8, 1e16, 1e32):
        run = steepest.descend(X, y, l2=l2, fit_intercept=False)
        # the penalty makes these normal equations perfectly conditioned
        exact = np.linalg.solve(X.T @ X / 3 + l2 * np.eye(2), X.T @ y / 3)
        np.testing.assert_allclose(run.optimum.weights, exact, rtol=1e-13)


@pytest.mark.parametrize(
    "settings",
    [
        {"rule": "heavy_ball"},
        {"rule": "nesterov"},
        {"rule": "chebyshev"},
        {"rule": "heavy_ball", "learning_rate": 0.5e-12, "momentum": 1 - 1e-6},
        {"rule": "heavy_ball", "learning_rate": 0.5e-12, "momentum": 1 - 1e-8},
    ],
)
def test_momentum_on_badly_scaled_columns_answers_at_once(settings):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(20, 3)) * [1, 1, 1e6], generator.normal(size=20)
    # a hang is what this is about: it took minutes; now some 100,000 calls, and 1,700,000 where modules are imported
    with at_most(10_000_000):
        run = steepest.descend(X, y, **settings)
        assert run.verdict.kind in ("converged", "crawls")
        run.epochs_to(1e-9, measure="loss")


def test_momentum_in_mid_swing_has_not_converged():
    # p_1 = 0 and p_2 = -β: the run passes through the minimum and goes on
    run = steepest.descend([[1.0], [-1.0]], [1.0, -1.0], rule="heavy_ball", momentum=0.9, learning_rate=1.0, epochs=1)
    assert run.weights[0] == pytest.approx(1.0)
    assert run.verdict.kind != "converged"


def test_a_mode_with_no_way_to_go_stays_however_unstable():
    run = steepest.descend([[1.0], [2.0]], [0.0, 0.0], learning_rate=50.0, epochs=1000)
    assert run.epochs == 1000
    assert (run.weights[0], run.bias) == (0.0, 0.0)
    assert run.loss().max() == 0
    two = steepest.descend([[1.0], [2.0]], [[0.0, 1.0], [0.0, 3.0]], learning_rate=50.0, epochs=20)
    assert not np.isnan(two.loss()).any()
    assert two.weights[0, 0] == 0


def test_absurd_rates_get_a_sentence():
    verdict = steepest.descend([[1.0], [2.0]], [1.0, 2.0], learning_rate=1e308, epochs=1).verdict
    assert verdict.kind == "diverges"
    assert len(str(verdict)) < 400


def test_what_cannot_be_computed_is_refused():
    with pytest.raises(DataError, match="no columns"):
        steepest.descend(np.zeros((5, 0)), np.arange(5.0))
    with pytest.raises(DataError, match="between 1e-100 and 1e100"):
        steepest.descend([[1.0], [3.0]], [1.0, 2.0], weight=[1e300, 1e300])
    with pytest.raises(UsageError, match="no NaN or inf"):
        steepest.descend([[1.0], [3.0]], [1.0, 2.0], start=([1e308], 0.0))
    run = steepest.descend([[1.0], [3.0]], [1.0, 2.0], learning_rate=0.1, epochs=10**9)
    with pytest.raises(UsageError, match="Name those you want"):
        run.loss()
    assert run.loss([10**9])[0] >= 0
