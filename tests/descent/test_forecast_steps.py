"""Forecasts with momentum, schedules and means of the path, beside all sequences of batches, Kronecker products and runs."""

import itertools

import numpy as np
import pytest

import steepest
from steepest.descent.expected import Path
from steepest.errors import UsageError
from steepest.objectives.step_moments import StepMoments
from steepest.rules.heavy_ball import HeavyBallRule
from tests.descent.test_forecast import SETTINGS, table

X = np.array([[1.0, 0.5], [2.0, -1.0], [-1.0, 3.0], [0.5, 0.0]])
Y = np.array([1.0, 3.0, -2.0, 4.0])
STEPS = {
    "heavy ball": {"rule": "heavy_ball", "momentum": 0.7},
    "nesterov": {"rule": "nesterov", "momentum": 0.7},
    "cosine": {"schedule": "cosine"},
    "own schedule": {"schedule": lambda step: 1 / (step + 1)},
    "mean": {"average": True},
    "mean of the tail": {"average": 0.5},
    "all": {"rule": "nesterov", "momentum": 0.5, "schedule": "inverse_scaling", "average": 0.25},
}


def literal_losses(f, sequence):
    """Losses behind each step, by the rule itself."""
    theta = np.zeros((f.rows.U.shape[1], 1))
    memory, losses = f.rule.init(theta), []
    for batch in sequence:
        theta, memory = f.rule.step(batch.gradient, theta, memory)
        losses.append(f.problem.quadratic.value(theta)[0])
    return np.array(losses)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_mean_over_all_sequences_of_rows(steps, settings):
    numbers = {"batch_size": 1, "learning_rate": 0.2, "epochs": 1, "order": "replacement"}
    f = steepest.forecast(X, Y, **numbers, **STEPS[steps], **SETTINGS[settings])
    rows = [f.rows.take(np.array([i])) for i in range(4)]
    mean = np.mean([literal_losses(f, chosen) for chosen in itertools.product(rows, repeat=4)], axis=0)
    path = f._expected
    assert isinstance(path, Path)
    behind_each = f.minimum + path._moments.excess(path._rates(1), 1, path.skip)
    np.testing.assert_allclose(behind_each[1:], mean, rtol=1e-11)
    assert f.loss()[-1] == pytest.approx(mean[-1], rel=1e-11)
    start = f.problem.quadratic.value(np.zeros((f.rows.U.shape[1], 1)))[0]
    assert f.loss()[0] == pytest.approx(start, rel=1e-12)


@pytest.mark.parametrize("size", [2, 3])
def test_the_mean_over_all_batches(size):
    f = steepest.forecast(
        X[:3], Y[:3], batch_size=size, learning_rate=0.1, epochs=2, order="replacement", **STEPS["all"]
    )
    batches = [f.rows.take(np.array(chosen)) for chosen in itertools.product(range(3), repeat=size)]
    steps = f.batches.steps(3) * 2
    mean = np.mean([literal_losses(f, chosen)[-1] for chosen in itertools.product(batches, repeat=steps)])
    assert f.loss()[-1] == pytest.approx(mean, rel=1e-11)


def test_plain_steps_are_those_of_the_other_way():
    f = steepest.forecast(*table(), batch_size=4, learning_rate=0.05, epochs=20, order="replacement")
    steps = StepMoments(f._moments, 1 / 4)
    np.testing.assert_allclose(steps.excess([0.05] * 300, 15), f.loss() - f.minimum, rtol=1e-11)
    assert steps.stability_limit == pytest.approx(f.stability_limit, rel=1e-10)
    assert steps.floor(0.05) == pytest.approx(f.floor, rel=1e-10)


def radius(f, rate):
    """Spectral radius of E[(step)⊗(step)] of single rows on (e, v), in the parameters themselves."""
    rows, p, beta, s = f.rows, f.rows.U.shape[1], f.rule.momentum, f.rule.look_ahead
    square = 0.0
    for i in range(len(rows)):
        row = rows.take(np.array([i]))
        A = np.column_stack([row.curvature(np.zeros((p, 1)), e[:, None])[:, 0] for e in np.eye(p)])
        v = np.hstack([-rate * A, beta * np.eye(p) - rate * s * beta * A])
        step = np.vstack([v + np.hstack([np.eye(p), np.zeros((p, p))]), v])
        square = square + np.kron(step, step) / len(rows)
    return np.abs(np.linalg.eigvals(square)).max()


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov"])
@pytest.mark.parametrize("momentum", [0.3, 0.9])
def test_the_limit_with_momentum_by_kronecker_products(rule, momentum):
    settings = {"batch_size": 1, "rule": rule, "momentum": momentum, "order": "replacement", "l2": 0.1}
    f = steepest.forecast(*table(30, 2), **settings)
    assert radius(f, f.stability_limit) == pytest.approx(1, rel=1e-9)
    assert radius(f, 0.98 * f.stability_limit) < 1 < radius(f, 1.02 * f.stability_limit)
    assert f.learning_rate < f.stability_limit


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov"])
def test_the_floor_is_where_a_long_run_levels_off(rule):
    settings = {"rule": rule, "momentum": 0.8, "learning_rate": 0.01, "order": "replacement", "standardize": True}
    f = steepest.forecast(*table(), batch_size=3, epochs=300, **settings)
    assert f.loss()[-1] - f.minimum == pytest.approx(f.floor, rel=1e-9)
    assert not f.grows
    above = steepest.forecast(*table(), batch_size=3, **settings | {"learning_rate": 1.05 * f.stability_limit})
    assert above.grows
    assert np.isinf(above.floor)
    assert "diverge" in str(above)


def test_many_modes_go_by_an_iteration(monkeypatch):
    settings = {"batch_size": 2, "rule": "heavy_ball", "momentum": 0.9, "order": "replacement"}
    dense = steepest.forecast(*table(), **settings).stability_limit
    monkeypatch.setattr("steepest.objectives.step_moments.DENSE", 0)
    assert steepest.forecast(*table(), **settings).stability_limit == pytest.approx(dense, rel=1e-6)


def test_momentum_makes_small_batches_less_stable_and_large_ones_more():
    rows = table(4_096)

    def ratio(size):
        with_momentum = steepest.forecast(*rows, batch_size=size, rule="heavy_ball", momentum=0.9, order="replacement")
        return with_momentum.stability_limit / steepest.forecast(*rows, batch_size=size).stability_limit

    assert ratio(1) < 0.3
    assert ratio(4_096) == pytest.approx(1.9, rel=0.02)  # the full batch's, but for a row's variance/4,096


def test_a_rule_with_its_numbers_is_the_one_of_that_name():
    named = steepest.forecast(*table(), batch_size=4, learning_rate=0.01, order="replacement", **STEPS["heavy ball"])
    given = steepest.forecast(*table(), batch_size=4, rule=HeavyBallRule(0.01, 0.7), order="replacement")
    assert (named.loss() == given.loss()).all()
    assert given.learning_rate == 0.01


def test_words():
    settings = {"batch_size": 4, "learning_rate": 0.05, "order": "replacement"}
    told = str(steepest.forecast(*table(), average=0.5, schedule="cosine", **settings))
    assert ", gradient with cosine schedule, the mean of its path but for its first 75 steps, level off" in told
    assert "above the minimum loss" in told
    assert "at the last step's rate" in told
    assert "for the mean of the path, and at" in told
    f = steepest.forecast(*table(), average=True, **settings)
    path = steepest.forecast(*table(), **settings)
    assert f"for the mean of the path, and at {path.loss()[-1]:.6g} for the path itself" in str(f)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rule": "adam"}, 'of rule "gradient", "heavy_ball" or "nesterov"'),
        ({"momentum": 0.9}, "momentum belongs to rules"),
        ({"schedule": "cosine", "order": "shuffled"}, "is of order \"replacement\"; got 'shuffled'"),
        ({"average": 2.0}, "average"),
        ({"schedule": "cosin"}, 'Did you mean "cosine"'),
    ],
)
def test_what_has_no_forecast_is_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        steepest.forecast(*table(), **{"batch_size": 4, "order": "replacement"} | settings)


def test_too_many_steps_and_directions_are_refused():
    settings = {"batch_size": 1, "order": "replacement", "average": True}
    with pytest.raises(UsageError, match="are 6,000,000 steps"):
        steepest.forecast(*table(), epochs=100_000, **settings).loss()
    with pytest.raises(UsageError, match="up to 64 directions; this table has 71"):
        steepest.forecast(*table(100, 70), **settings)


@pytest.mark.slow
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("size", [1, 16])
def test_the_curve_is_the_mean_of_literal_runs(steps, size):
    X, y = table(128, 4, seed=2)
    settings = {"batch_size": size, "epochs": 6, "order": "replacement", "standardize": True, **STEPS[steps]}
    limit = steepest.forecast(X, y, **settings).stability_limit
    f = steepest.forecast(X, y, learning_rate=0.3 * limit, **settings)
    U, n, runs = f.rows.U, len(f.rows), 2_000
    generator, theta = np.random.default_rng(1), np.zeros((5, 2_000))
    memory, losses = f.rule.init(theta), []
    for step in range(6 * f.batches.steps(n)):
        rows = generator.integers(n, size=(runs, size))

        def gradient(at, rows=rows):
            left = np.einsum("kbp,pk->kb", U[rows], at) - y[rows]
            return np.einsum("kb,kbp->pk", left, U[rows]) / size

        theta, memory = f.rule.step(gradient, theta, memory)
        if (step + 1) % f.batches.steps(n) == 0:
            losses.append(f.problem.quadratic.value(theta))
    excess = np.array(losses) - f.minimum
    error = excess.std(axis=1) / runs**0.5
    assert (np.abs(f.loss()[1:] - f.minimum - excess.mean(axis=1)) <= 4 * error).all()
