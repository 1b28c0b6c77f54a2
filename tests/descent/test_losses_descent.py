"""Runs on other losses than squares: limits and epochs from the modes at the minimum, literal steps, and what is refused."""

import re

import numpy as np
import pytest

import steepest
from steepest.descent import stretch
from steepest.errors import DataError, DivergenceWarning, UsageError
from steepest.objectives.losses import HuberLoss
from steepest.objectives.quantile import QuantileLoss


def table(loss, n=300):
    generator = np.random.default_rng(7)
    X = generator.normal(size=(n, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
    margin = X @ [1.0, -0.5, 0.5] + 0.3
    if loss == "logistic":
        return X, (margin + generator.logistic(size=n) > 0).astype(float)
    if loss == "poisson":
        return X, generator.poisson(np.exp(margin / 2)).astype(float)
    return X, margin + generator.standard_t(2, size=n)


LOSSES = ["logistic", "poisson", "huber"]
SLOPES = {
    "logistic": lambda m, y: 1 / (1 + np.exp(-m)) - y,
    "poisson": lambda m, y: np.exp(m) - y,
    "huber": lambda m, y: np.clip(m - y, -1.345, 1.345),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("fewest", [0, 20_000])
def test_steps_are_literal(loss, batch_size, fewest, monkeypatch):
    monkeypatch.setattr(stretch, "FEWEST", fewest)  # what is compiled is squared loss alone
    X, y = table(loss)
    weight = 1.0 + np.arange(len(y)) % 3
    settings = {} if batch_size is None else {"batch_size": batch_size, "order": "fixed"}
    settings |= {"start": (np.zeros(3), 0.0), "epochs": 5}
    run = steepest.descend(X, y, weight=weight, loss=loss, learning_rate=0.05, l2=0.1, **settings)
    A, omega, theta = np.column_stack([np.ones(len(y)), X]), weight / weight.mean(), np.zeros(4)
    expected = [theta]
    for _ in range(5):
        for first in range(0, len(y), batch_size or len(y)):
            rows = slice(first, first + (batch_size or len(y)))
            u, slopes = A[rows], omega[rows] * SLOPES[loss](A[rows] @ theta, y[rows])
            theta = theta - 0.05 * (u.T @ slopes / len(u) + 0.1 * np.array([0, *theta[1:]]))
        expected.append(theta)
    np.testing.assert_allclose(np.column_stack(run.parameters()[::-1]), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_epochs_are_known_from_the_modes_at_the_minimum(loss):
    X, y = table(loss)
    run = steepest.descend(X, y, loss=loss, standardize=True, epochs=3_000)
    said = run.epochs_to(1e-6)
    minimum = run.problem.quadratic.minimum
    away = np.linalg.norm(run.iterates.parameters(np.arange(3_001)) - minimum, axis=(1, 2))
    literal = int(np.argmax(away <= 1e-6 * away[0]))
    assert said == pytest.approx(literal, rel=0.06)
    assert run.verdict.kind == "converged"


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_converges_below_the_local_limit_and_not_above(loss):
    X, y = table(loss)
    first = steepest.descend(X, y, loss=loss, standardize=True, epochs=1, learning_rate=0.01)
    limit, goal = first.verdict.stability_limit, first.optimum
    near = (1.001 * goal.weights, goal.bias)
    settings = {"loss": loss, "standardize": True, "start": near, "epochs": 20_000}
    below, above = (steepest.descend(X, y, learning_rate=share * limit, **settings) for share in (0.99, 1.01))
    assert below.verdict.kind == "converged"
    assert above.verdict.kind in ("hovers", "diverges")
    assert "above the stability limit" in above.verdict.advice
    assert first.problem.global_limit <= limit or loss == "poisson"


def test_steps_on_quantile_loss_are_literal():
    X, y = table("huber")
    run = steepest.descend(X, y, loss=QuantileLoss(0.8, 0.3), learning_rate=0.05, epochs=200)
    A, theta = np.column_stack([np.ones(len(y)), X]), np.zeros(4)
    for _ in range(200):
        theta -= 0.05 * A.T @ (1 / (1 + np.exp((y - A @ theta) / 0.3)) - 0.8) / len(y)
    np.testing.assert_allclose([run.bias, *run.weights], theta, rtol=1e-10)


def test_a_run_on_quantile_loss_comes_to_its_quantile():
    X, y = table("huber")
    run = steepest.descend(X, y, loss=QuantileLoss(0.8), standardize=True, epochs=2_000)
    assert run.verdict.kind == "converged"
    # rows near the line count in parts, within the width
    assert (run.predict(X) > y).mean() == pytest.approx(0.8, abs=4 / len(y))
    assert run.last.loss == pytest.approx(run.optimum.loss, rel=1e-12)
    limit, goal = run.verdict.stability_limit, run.optimum
    settings = {"standardize": True, "epochs": 20_000, "start": (1.001 * goal.weights, goal.bias)}
    for share, kinds in ((0.99, {"converged"}), (1.01, {"hovers", "diverges"})):
        again = steepest.descend(X, y, loss=QuantileLoss(0.8), learning_rate=share * limit, **settings)
        assert again.verdict.kind in kinds


def test_a_rate_that_is_found_is_safe_from_any_start():
    X, y = table("logistic")
    run = steepest.descend(X, y, loss="logistic", epochs=500, start=(np.array([30.0, -20.0, 10.0]), 40.0))
    assert run.verdict.learning_rate <= 0.95 * run.problem.global_limit * (1 + 1e-12)
    assert (np.diff(run.loss()) < 1e-15).all()


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov", "adam", "backtracking", "conjugate_gradient"])
def test_other_rules_come_to_the_same_minimum(rule):
    X, y = table("logistic")
    numbers = {"adam": {"learning_rate": 0.01, "epochs": 20_000}, "backtracking": {"epochs": 2_000}}
    numbers |= {"conjugate_gradient": {"epochs": 60}}
    numbers |= {name: {"learning_rate": 1.0, "momentum": 0.8, "epochs": 2_000} for name in ("heavy_ball", "nesterov")}
    run = steepest.descend(X, y, loss="logistic", standardize=True, rule=rule, **numbers[rule])
    assert run.last.loss == pytest.approx(run.optimum.loss, rel=1e-5)  # Adam hovers a little above


def test_predictions_are_means():
    X, y = table("logistic")
    run = steepest.descend(X, y, loss="logistic", standardize=True, epochs=300)
    margin = X @ run.weights + run.bias
    np.testing.assert_allclose(run.predict(X), 1 / (1 + np.exp(-margin)), rtol=1e-12)
    np.testing.assert_allclose(run.last.rmse, np.sqrt(((run.predict(X) - y) ** 2).mean()), rtol=1e-12)
    assert "(logistic)" in repr(run)


def test_a_loss_object_holds_numbers_of_its_own():
    X, y = table("huber")
    wide = steepest.descend(X, y, loss=HuberLoss(1e6), standardize=True, epochs=1, learning_rate=0.1).optimum
    squares = steepest.solve(X, y)
    np.testing.assert_allclose(wide.weights, squares.weights, rtol=1e-10)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda run: steepest.validation_curve(run, run.problem.triangle), "validation curve is made for squared"),
    ],
)
def test_what_is_made_for_squares_says_so(ask, words):
    X, y = table("logistic")
    run = steepest.descend(X, y, loss="logistic", standardize=True, epochs=30)
    with pytest.raises(UsageError, match=words):
        ask(run)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "hinge"}, "got 'hinge'"),
        ({"loss": "logistic", "objective": "mse"}, "objective is of squared loss"),
        ({"loss": "logistic", "engine": "modes"}, "only runs on squared loss have a closed form"),
    ],
)
def test_what_is_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        steepest.descend(*table("logistic"), epochs=3, learning_rate=0.1, **settings)


def test_targets_and_tables_that_a_loss_cannot_take():
    X, y = table("huber")
    with pytest.raises(DataError, match="targets 0 and 1"):
        steepest.descend(X, y, loss="logistic", epochs=3)
    with pytest.raises(UsageError, match="is of one target"):
        steepest.descend(X, np.column_stack([y, y]), loss="huber", epochs=3)
    with pytest.raises(UsageError, match="a triangle has no rows, which a huber loss needs"):
        steepest.descend(steepest.summarize(X, y), loss="huber", epochs=3)


def test_epochs_that_nobody_asked_for_are_at_most_ten_thousand():
    X, y = table("logistic")
    X = X * [1.0, 1_000.0, 1.0]  # in raw units, hundreds of millions of epochs
    run = steepest.descend(X, y, loss="logistic")
    assert run.epochs == 10_000
    assert re.match(r"10,000, where a run .* stops by itself; about [\d,]{9,} would be needed", run.reasons["epochs"])
    assert run.verdict.kind == "unfinished"
    assert steepest.descend(X, y, loss="logistic", epochs=10_001).epochs == 10_001


def test_the_verdict_holds_both_limits():
    X, y = table("logistic")
    verdict = steepest.descend(X, y, loss="logistic", standardize=True, epochs=5).verdict
    U = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / X.std(axis=0)])
    assert verdict.global_limit == pytest.approx(8 / np.linalg.eigvalsh(U.T @ U / len(X))[-1], rel=1e-12)
    assert verdict.global_limit < verdict.stability_limit
    assert "safe from any start below" in verdict._repr_html_()
    squares = steepest.descend(X, y, epochs=5).verdict
    assert squares.global_limit == pytest.approx(squares.stability_limit)
    assert steepest.descend(*table("poisson"), loss="poisson", standardize=True, epochs=5).verdict.global_limit == 0


def test_an_epoch_that_the_run_has_passed_is_never_promised():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(80, 3)) * [1.0, 0.3, 2.0]
    y = (generator.random(80) < 1 / (1 + np.exp(-X @ [1.0, -1.0, 0.5]))).astype(float)
    with pytest.warns(DivergenceWarning, match="Hovers: "):  # at the rate that is the best one at the minimum
        run = steepest.descend(X, y, loss="logistic", rule="heavy_ball", epochs=2_000)
    assert run.verdict.kind == "hovers"
    assert run.epochs_to(1e-6) is None
    assert run.verdict.epochs_needed is None
    with pytest.warns(DivergenceWarning):
        grown = steepest.descend(*table("poisson"), loss="poisson", learning_rate=50.0, epochs=40)
    assert grown.epochs_to(1e-6) is None
