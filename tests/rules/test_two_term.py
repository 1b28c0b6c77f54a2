"""A two-term rule of one's own: its polynomial in exact arithmetic, and its closed form against walking."""

from fractions import Fraction

import numpy as np
import pytest

import steepest
from steepest.rules.two_term import TwoTermRule
from tests.rules.own import HalfwayRule


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("look_ahead", [0.0, 0.25, 0.5, 1.0])
def test_the_polynomial_is_what_the_step_does_to_an_error(momentum, look_ahead):
    class Mine(TwoTermRule):
        name = "mine"

    Mine.look_ahead = look_ahead
    rule, values = Mine(0.5, momentum), np.array([0.01, 0.3, 1.0, 2.0, 3.0, 3.9])
    ours = rule.residual(values, np.arange(40))
    for j, value in enumerate(values):
        error, velocity = Fraction(1), Fraction(0)
        eta, beta, s, curvature = map(Fraction, (0.5, momentum, look_ahead, value))
        for k in range(40):
            assert ours[k, j] == pytest.approx(
                float(error), rel=1e-11, abs=1e-11 * max(1, np.abs(ours[: k + 1, j]).max())
            )
            velocity = beta * velocity - eta * curvature * (error + s * beta * velocity)
            error += velocity


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
def test_the_radius_and_the_progress_are_those_of_the_step(momentum):
    rule, values = HalfwayRule(0.5, momentum), np.array([1e-9, 0.01, 0.3, 1.0, 2.0, 3.0, 3.9])
    for value, radius in zip(values, rule.radius(values), strict=True):
        a, s = 0.5 * value, 0.5
        once = np.array([[1 - a, momentum * (1 - s * a)], [-a, momentum * (1 - s * a)]])  # of (error, velocity)
        assert radius == pytest.approx(np.abs(np.linalg.eigvals(once)).max(), rel=1e-7)
    progress = rule.progress(values, np.arange(1, 50))
    np.testing.assert_allclose(progress, 1 - rule.residual(values, np.arange(1, 50)), rtol=1e-12, atol=1e-12)
    error, velocity = Fraction(0), Fraction(0)  # the way of the slowest mode, counted from the start
    eta, beta, curvature = map(Fraction, (0.5, momentum, 1e-9))
    for k in range(49):
        velocity = beta * velocity + eta * curvature * (1 - error - beta * velocity / 2)
        error += velocity
        assert progress[k, 0] == pytest.approx(float(error), rel=1e-12)


@pytest.mark.parametrize("momentum", [0.2, 0.9])
def test_it_grows_above_its_limit_and_not_below(momentum):
    for rate, grows in ((0.999, False), (1.001, True)):
        rule = HalfwayRule(rate * HalfwayRule(1.0, momentum).stability_limit(2.0), momentum)
        assert (rule.radius(np.array([2.0]))[0] > 1) == grows


def test_closed_form_and_loop_agree_and_the_verdict_counts_right():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(50, 3))
    y = X @ [1.0, 2.0, 3.0] + generator.normal(size=50)
    rule = HalfwayRule(0.1, 0.7)
    free, walked = (steepest.descend(X, y, rule=rule, epochs=200, engine=engine) for engine in ("modes", "loop"))
    np.testing.assert_allclose(free.parameters()[0], walked.parameters()[0], rtol=1e-9, atol=1e-12)
    needed = free.epochs_to(1e-3)
    left = free.remaining(range(needed + 1)).max(axis=1)
    assert left[needed] <= 1e-3 < left[:needed].min()
