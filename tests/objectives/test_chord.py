"""Steps by gradients and a curvature that is nearly right, beside the exact minimum."""

import numpy as np
import pytest

import steepest
from steepest.objectives.chord import MOST_PASSES, approach
from steepest.objectives.problem import Problem


def quadratic(seed=0, bent=0.0, n=400):
    """The squares of a table; `bent` makes its columns another one's, by that share."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 5)) * [1, 10, 0.1, 1, 1] + [0, 3, 0, 0, 0]
    y = X @ [1.0, 0.2, 3.0, 0.0, -1.0] + generator.normal(size=n)
    X = X * (1 + bent * generator.uniform(-1, 1, size=X.shape[1]))
    return Problem.of(steepest.summarize(X, y)).quadratic


def excess(loss, theta):
    """By how much the loss is above its minimum, without cancellation."""
    return float((loss.modes.eigenvalues * loss.start_errors(theta)[:, 0] ** 2).sum()) / 2


def test_with_the_right_curvature_it_arrives_at_once():
    loss = quadratic()
    theta, passes = approach(loss.gradient, loss, np.zeros((6, 1)), enough=1e-20)
    np.testing.assert_allclose(theta, loss.minimum, rtol=1e-10)
    assert passes == 2


@pytest.mark.parametrize("enough", [1e-6, 1e-12, 1e-20])
def test_what_is_left_is_as_foretold(enough):
    loss, near = quadratic(), quadratic(bent=0.1)
    points = []

    def gradient(theta):
        points.append(theta)
        return loss.gradient(theta)

    theta, passes = approach(gradient, near, np.zeros((6, 1)), enough=enough)
    assert excess(loss, theta) <= 3 * enough  # curvatures differ, and shares from step to step
    assert passes == len(points) <= MOST_PASSES
    assert excess(loss, points[-2]) > enough  # not one more than it takes


def test_corrections_save_gradients():
    """Without them each step of a curvature 10% wrong leaves about 1% of the loss, so 1e-20 takes ten."""
    loss, near = quadratic(), quadratic(bent=0.1)
    _, passes = approach(loss.gradient, near, np.zeros((6, 1)), enough=1e-20)
    unit = near.modes.directions / np.sqrt(near.modes.eigenvalues)
    theta, plain = np.zeros((6, 1)), 1
    while (slope := unit.T @ loss.gradient(theta)).T @ slope / 2 > 1e-20:
        theta, plain = theta - unit @ slope, plain + 1
    assert passes < plain - 2


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_curvature_that_is_wrong_ends_it_and_never_leads_away(factor):
    loss = quadratic()
    start = np.zeros((6, 1))
    wrong = Problem.of(steepest.summarize(*_scaled(factor))).quadratic
    theta, passes = approach(loss.gradient, wrong, start, enough=1e-20)
    assert passes == 2
    assert loss.value(theta) <= loss.value(start)


def _scaled(factor):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 5)) * [1, 10, 0.1, 1, 1] + [0, 3, 0, 0, 0]
    return X * np.sqrt(factor), np.zeros(400)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_leaves_the_start(value):
    start = np.ones((6, 1))
    theta, passes = approach(lambda theta: np.full((6, 1), value), quadratic(), start, enough=1e-20)
    np.testing.assert_array_equal(theta, start)
    assert passes == 1
