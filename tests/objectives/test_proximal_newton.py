"""Sparse minima of a loss: beside a literal proximal-gradient loop, by the conditions of a minimum and by the duality gap."""

import numpy as np
import pytest

from steepest.errors import DataError
from steepest.objectives import proximal_newton
from steepest.objectives.conjugates import duality_gap
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_solution_path import LossSolutionPath
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.proximal_newton import minimize_penalized
from steepest.objectives.touching_quadratic import TouchingQuadratic

LOSSES = (LogisticLoss(), PoissonLoss(), HuberLoss(0.7))


def table(loss, n=60, d=5, seed=0):
    """Rows with an intercept, weights and an offset, as a mean loss."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d))
    margin = X[:, 0] - 0.7 * X[:, 1] + 0.3
    y = {
        "logistic": (margin + generator.logistic(size=n) > 0).astype(float),
        "poisson": generator.poisson(np.exp(margin)).astype(float),
        "huber": margin + generator.standard_t(1.5, size=n),
    }[loss.name]
    omega, offset = generator.uniform(0.5, 2, size=n), generator.normal(scale=0.1, size=(n, 1))
    U = np.column_stack([np.ones(n), X])
    return LossOverRows(loss, U, y[:, None], omega / omega.mean(), 0.0, np.append(0.0, np.ones(d)), offset)


def by_proximal_gradient(loss, penalty, steps=200_000):
    """theta ← prox(theta - slope/L), one after the other, until it stands still."""
    theta = np.zeros(1 + len(loss.factors))
    rate = 1.0
    for _ in range(steps):
        seen = loss.seen(theta)
        while True:
            moved = theta - rate * seen.slope
            w = moved[1:] / (1 + rate * loss.l2(penalty))
            w = np.sign(w) * np.maximum(np.abs(w) - rate * loss.l1(penalty) / (1 + rate * loss.l2(penalty)), 0)
            moved[1:] = np.maximum(w, 0) if loss.positive else w
            step = moved - theta
            if loss.seen(moved).value <= seen.value + seen.slope @ step + step @ step / (2 * rate) + 1e-15:
                break
            rate /= 2
        theta = moved
        if np.abs(step).max() < 1e-13:
            break
    return theta


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize(("ratio", "positive"), [(1.0, False), (0.4, False), (1.0, True)])
def test_the_minimum_is_that_of_a_literal_loop(loss, ratio, positive):
    problem = PenalizedLoss(table(loss), np.array([1.0, 2.0, 1.0, 0.5, 1.0]), ratio, positive)
    penalty = problem.largest_penalty / 8
    found = LossSolutionPath.of(problem, np.array([penalty])).minimum(penalty)
    expected = by_proximal_gradient(problem, penalty)
    np.testing.assert_allclose(
        found.seen.theta, expected, atol=1e-9
    )  # a loop that stands still at 1e-13 is within κ of it
    assert 0 < (found.seen.theta[1:] != 0).sum() < 5
    assert problem.value(found.seen, penalty) <= problem.value(problem.seen(expected), penalty) + 1e-15


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("shape", [(60, 5), (30, 90)], ids=["tall", "wide"])
@pytest.mark.parametrize("ratio", [1.0, 0.3])
def test_along_a_path_the_conditions_hold(loss, shape, ratio):
    problem = PenalizedLoss(table(loss, *shape), np.ones(shape[1]), ratio)
    largest = problem.largest_penalty
    path = LossSolutionPath.of(problem, np.geomspace(largest, largest / 50, 12))
    for minimum in path.minima:
        c, w = -problem.rows.gradient(minimum.seen.theta[:, None])[:, 0], minimum.seen.theta[1:]
        l1, l2 = minimum.penalty * ratio, minimum.penalty * (1 - ratio)
        away = np.where(w != 0, np.abs(c[1:] - l2 * w - l1 * np.sign(w)), np.maximum(np.abs(c[1:]) - l1, 0))
        assert max(np.abs(c[0]), away.max()) < 1e-10 * largest  # it stops at 1e-11
        assert 0 <= duality_gap(problem, minimum.seen, minimum.penalty) < 1e-8 * minimum.seen.value


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_gap_bounds_what_is_left_anywhere(loss, ratio):
    problem = PenalizedLoss(table(loss), np.ones(5), ratio)
    penalty = problem.largest_penalty / 5
    least = problem.value(LossSolutionPath.of(problem, np.array([penalty])).minimum(penalty).seen, penalty)
    null = problem.unpenalized
    assert duality_gap(problem, null, penalty) >= problem.value(null, penalty) - least > 1e-4
    away = problem.seen(null.theta + 0.1)
    assert duality_gap(problem, away, penalty) == np.inf  # the intercept's slope is not 0


def test_a_loss_of_ones_own_has_no_known_gap():
    class Own(LogisticLoss):
        pass

    problem = PenalizedLoss(table(Own()), np.ones(5))
    assert duality_gap(problem, problem.unpenalized, problem.largest_penalty) == np.inf


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_below_the_largest_penalty_something_moves_and_not_above(loss):
    problem = PenalizedLoss(table(loss), np.array([1.0, 3.0, 0.0, 1.0, 1.0]), 0.5)
    largest = problem.largest_penalty
    assert problem.optimality(problem.unpenalized, largest * (1 + 1e-9)) < 1e-12
    assert problem.optimality(problem.unpenalized, largest * 0.999) > 1e-5
    assert problem.unpenalized.theta[3] != 0  # the column of factor 0


def test_a_penalty_between_two_knots_is_as_exact():
    problem = PenalizedLoss(table(LogisticLoss()), np.ones(5))
    grid = problem.largest_penalty * np.array([0.5, 0.1])
    path = LossSolutionPath.of(problem, grid)
    between = float(grid.mean())
    alone = LossSolutionPath.of(problem, np.array([between])).at(np.array([between]))
    np.testing.assert_allclose(path.at(np.array([between])), alone, atol=1e-10)
    assert path.minimum(float(grid[1])) is path.minima[-1]
    assert path.minimum(10.0) is path.minima[0]


def test_columns_left_out_at_first_come_in_by_their_slope(monkeypatch):
    problem = PenalizedLoss(table(LogisticLoss(), 40, 100), np.ones(100))
    penalty = problem.largest_penalty / 10
    wanted = LossSolutionPath.of(problem, np.array([penalty])).minimum(penalty).seen.theta
    monkeypatch.setattr(proximal_newton, "_promising", lambda *_: np.zeros(0, dtype=np.intp))
    found = LossSolutionPath.of(problem, np.array([penalty])).minimum(penalty).seen.theta
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert (found != 0).sum() > 10


def test_squares_with_more_columns_than_rows_are_minimized_from_any_start():
    problem = PenalizedLoss(table(HuberLoss(0.7), 12, 60), np.ones(60))
    penalty = problem.largest_penalty / 30
    columns = np.arange(60)
    quadratic = TouchingQuadratic.at(problem, problem.unpenalized.theta, columns, share=0.01)
    for seed in range(5):
        start = np.random.default_rng(seed).normal(size=61)
        w = quadratic.minimum(start, penalty)[1:]
        assert quadratic.problem.optimality(w, penalty) < 1e-9 * problem.largest_penalty


def test_steps_that_end_too_early_are_told(monkeypatch):
    problem = PenalizedLoss(table(LogisticLoss()), np.ones(5))
    null = LossSolutionPath.of(problem, np.array([problem.largest_penalty])).minima[0]
    monkeypatch.setattr(proximal_newton, "MOST_STEPS", 1)
    with pytest.raises(
        DataError, match=r"no minimum of the logistic loss was found at penalty .*Standardize the inputs"
    ):
        minimize_penalized(problem, problem.largest_penalty / 100, null)
