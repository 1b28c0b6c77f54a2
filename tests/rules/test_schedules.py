"""Schedules and averages beside torch's schedulers, scikit-learn's formula and literal loops."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest

import steepest
from steepest.descent.minibatch import from_json
from steepest.errors import UsageError
from steepest.rules import registry, scheduled
from steepest.rules.adam import AdamRule
from steepest.rules.averaged import AveragedRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.plateau import PlateauRule
from steepest.rules.rule import has_closed_form, knows_its_run
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.schedules import (
    BUILT_IN,
    AdaptiveSchedule,
    CosineSchedule,
    ExponentialSchedule,
    InverseScalingSchedule,
    OneCycleSchedule,
    OptimalSchedule,
    StepSchedule,
    WarmUpSchedule,
    choose_schedule,
)

STEPS = 40
KNOWN = [kind for kind in BUILT_IN if kind is not AdaptiveSchedule]
# torch 2.14.1, float64: OneCycleLR(SGD(lr=1), max_lr=1, total_steps=40).get_last_lr() at steps 0, 5, 11, 12, 25 and 39
ONE_CYCLE = {0: 0.04, 5: 0.4516888776, 11: 1.0, 12: 0.9968561175, 25: 0.500002, 39: 4e-06}


def table(n=30, d=3):
    generator = np.random.default_rng(3)
    X = generator.normal(size=(n, d)) + 1
    return X, X @ np.arange(1.0, d + 1) + generator.normal(size=n)


def path(run):
    return np.column_stack(run.parameters()[::-1])


LITERAL = {
    "constant": lambda k: 1.0,
    "step": lambda k: 0.1 ** (k // 14),
    "exponential": lambda k: 0.01 ** (k / 40),
    "inverse_scaling": lambda k: 1 / (k + 1) ** 0.25,  # scikit-learn: eta0 / pow(t, power_t), t from 1
    "cosine": lambda k: (1 + math.cos(math.pi * k / 40)) / 2,
    "warm_up": lambda k: min(1, (k + 1) / 4),
    "optimal": lambda k: 1000 / (1000 + k),
}


@pytest.mark.parametrize("name", LITERAL)
@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "adam"])
def test_a_scheduled_run_is_the_literal_loop(name, rule):
    X, y = table()
    A = np.column_stack([np.ones(len(X)), X])
    theta, m, v, expected = np.zeros(4), np.zeros(4), np.zeros(4), [np.zeros(4)]
    for k in range(STEPS):
        g, rate = A.T @ (A @ theta - y) / len(y), 0.05 * LITERAL[name](k)
        if rule == "gradient":
            theta = theta - rate * g
        elif rule == "heavy_ball":
            m = 0.5 * m - rate * g
            theta = theta + m
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            theta = theta - rate * (m / (1 - 0.9 ** (k + 1))) / (np.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8)
        expected.append(theta)
    momentum = {"momentum": 0.5} if rule == "heavy_ball" else {}
    run = steepest.descend(X, y, rule=rule, learning_rate=0.05, epochs=STEPS, schedule=name, **momentum)
    np.testing.assert_allclose(path(run), expected, rtol=1e-10, atol=1e-12)
    by_function = steepest.descend(
        X, y, rule=rule, learning_rate=0.05, epochs=STEPS, schedule=LITERAL[name], **momentum
    )
    np.testing.assert_allclose(path(by_function), expected, rtol=1e-10, atol=1e-12)


def test_one_cycle_is_torchs():
    factors = {step: OneCycleSchedule().factor(step, STEPS) for step in ONE_CYCLE}
    assert factors == pytest.approx(ONE_CYCLE, rel=1e-9)


@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.name)
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 10, 1000])
def test_every_factor_is_above_zero_and_at_most_one(kind, steps):
    factors = [kind().factor(step, steps) for step in range(max(steps, 1) + 5)]  # a run may be extended
    assert all(0 < factor <= 1 for factor in factors)


@pytest.mark.parametrize("share", [True, 0.0, 0.5, 0.9])
@pytest.mark.parametrize("rule", ["gradient", "adam"])
def test_an_average_is_the_mean_of_the_path(rule, share):
    X, y = table()
    settings = {"rule": rule, "learning_rate": 0.05, "epochs": STEPS}
    walked = path(steepest.descend(X, y, engine="loop", **settings))
    averaged = path(steepest.descend(X, y, average=share, **settings))
    skip = int((0 if share is True else share) * STEPS)
    np.testing.assert_allclose(averaged[: skip + 1], walked[: skip + 1], rtol=1e-12)
    for k in range(skip + 1, STEPS + 1):
        np.testing.assert_allclose(averaged[k], walked[skip + 1 : k + 1].mean(axis=0), rtol=1e-11, atol=1e-13)


def test_a_mean_rests_where_the_path_swings():
    X, y = table()
    limit = steepest.descend(X, y, learning_rate=0.1, epochs=1).verdict.stability_limit
    swings, rests = (steepest.descend(X, y, learning_rate=limit, epochs=2_000, average=at) for at in (False, 0.5))
    above = [run.loss([2_000])[0] - run.optimum.loss for run in (swings, rests)]
    assert 0 <= above[1] < 1e-5 * above[0]


@pytest.mark.parametrize(
    "rule",
    [
        ScheduledRule(GradientRule(0.1), StepSchedule(0.5, 7), 40),
        AveragedRule(ScheduledRule(AdamRule(0.1, epsilon=1e-3), CosineSchedule(0.1), 40), 20),
        *(ScheduledRule(GradientRule(0.1), kind(), 40) for kind in KNOWN),
    ],
    ids=str,
)
def test_a_file_holds_it(rule):
    assert registry.from_json(registry.as_json(rule)) == rule


def test_a_function_no_file_holds():
    content = registry.as_json(steepest.descend(*table(), epochs=2, schedule=lambda step: 1.0).rule)
    with pytest.raises(UsageError, match=r"one of your own, which no file holds"):
        registry.from_json(content)


def test_the_words_name_schedule_and_mean():
    run = steepest.descend(*table(), rule="adam", learning_rate=0.1, epochs=20, schedule="cosine", average=0.5)
    words = "rule adam with cosine schedule, the mean of its path but for its first 10 steps, learning rate 0.1"
    assert words in repr(run)
    assert "of rule adam with cosine schedule, the mean" in run.verdict.sentence


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"schedule": "cosin"}, r"'cosin'. Did you mean \"cosine\"\?"),
        ({"schedule": CosineSchedule}, r"is a class. Make one: CosineSchedule\(...\)"),
        ({"schedule": 3}, "is a name, a function of the step, or a schedule; got 3"),
        ({"schedule": lambda step: 0.0}, "the factor of a schedule is a finite number above 0; .* gave 0.0 at step 0"),
        ({"schedule": lambda step: None}, "gave None at step 0"),
        ({"average": 1.0}, "0 ≤ share < 1; got 1.0"),
        ({"average": "tail"}, "0 ≤ share < 1; got 'tail'"),
        ({"average": True, "epochs": "auto"}, "Give a number of epochs"),
        ({"schedule": "cosine", "epochs": "auto"}, "Give a number of epochs"),
        ({"schedule": "cosine", "engine": "modes", "rule": "sign"}, "has no closed form"),
    ],
)
def test_what_is_no_schedule_and_no_average_is_refused(numbers, words):
    with pytest.raises(UsageError, match=words):
        steepest.descend(*table(), **{"learning_rate": 0.1, "epochs": 20, **numbers})


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (StepSchedule, {"decay": 0.0}),
        (StepSchedule, {"every": 0}),
        (ExponentialSchedule, {"final": 2.0}),
        (InverseScalingSchedule, {"power": 0.0}),
        (CosineSchedule, {"final": 1.0}),
        (WarmUpSchedule, {"warm_up": 0.0}),
        (OneCycleSchedule, {"rise": 1.1}),
    ],
)
def test_numbers_out_of_range_are_refused(kind, numbers):
    with pytest.raises(UsageError, match=next(iter(numbers))):
        kind(**numbers)


def test_other_spellings():
    assert choose_schedule("invscaling") == choose_schedule("Inverse-Scaling") == InverseScalingSchedule()


@pytest.mark.parametrize(
    "schedule", [CosineSchedule(), InverseScalingSchedule(0.5), OneCycleSchedule(), StepSchedule()]
)
@pytest.mark.parametrize("piece", [1, 7, 1 << 18])
def test_under_a_schedule_what_is_left_is_an_exact_product(monkeypatch, schedule, piece):
    monkeypatch.setattr(scheduled, "PIECE", piece)
    rule, epochs = ScheduledRule(GradientRule(0.7), schedule, 30), np.array([30, 0, 7, 7, 1])
    eigenvalues = np.array([2.5, 1.0, 1e-9])
    left, done = rule.residual(eigenvalues, epochs), rule.progress(eigenvalues, epochs)
    for row, k in enumerate(epochs.tolist()):
        for column, value in enumerate(eigenvalues.tolist()):
            product = math.prod(1 - Fraction(0.7 * schedule.factor(t, 30)) * Fraction(value) for t in range(k))
            assert left[row, column] == pytest.approx(float(product), rel=1e-13, abs=1e-17)
            # near nothing done there is no cancellation
            assert done[row, column] == pytest.approx(float(1 - product), rel=1e-13)


@pytest.mark.parametrize("name", [*LITERAL, "one_cycle"])
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_a_schedule_of_plain_gradient_descent_is_known_before_the_run(name, rate):
    X, y = table()
    settings = {"learning_rate": rate, "epochs": STEPS, "schedule": name, "l2": 0.1}
    known, walked = (steepest.descend(X, y, engine=engine, **settings) for engine in ("auto", "loop"))
    assert (known.engine, walked.engine) == ("modes", "loop")
    np.testing.assert_allclose(path(known), path(walked), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(known.loss(), walked.loss(), rtol=1e-10)
    assert known.verdict.kind == walked.verdict.kind
    assert known.extend(5).engine == "modes"


def test_only_plain_gradient_descent_keeps_its_closed_form_under_a_schedule():
    rule = ScheduledRule(GradientRule(0.1), CosineSchedule(), 9)
    assert knows_its_run(rule)
    assert not has_closed_form(rule)  # it has no limit, and no best constant rate
    assert not knows_its_run(ScheduledRule(HeavyBallRule(0.1, 0.5), CosineSchedule(), 9))

    class Clipped(ScheduledRule):
        def step(self, gradient, theta, memory):
            return super().step(lambda point: np.clip(gradient(point), -1, 1), theta, memory)

    assert not knows_its_run(Clipped(GradientRule(0.1), CosineSchedule(), 9))


def test_optimal_is_scikit_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = table()
    theirs = linear_model.SGDRegressor(learning_rate="optimal", alpha=0.5, shuffle=False, max_iter=3, tol=None).fit(
        X, y
    )
    settings = {"learning_rate": 0.5**-0.25, "l2": 0.5, "schedule": OptimalSchedule(0.5)}
    ours = steepest.descend(X, y, batch_size=1, order="fixed", epochs=3, **settings)
    np.testing.assert_allclose(ours.weights, theirs.coef_, rtol=1e-11)


@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_rate_falls_after_each_plateau(batch_size):
    X, y = table()
    A = np.column_stack([np.ones(len(X)), X])
    schedule = AdaptiveSchedule(0.5, patience=3, tolerance=0.01)
    settings = {"batch_size": batch_size, "order": "fixed"} if batch_size else {}
    run = steepest.descend(X, y, rule="sign", learning_rate=0.4, epochs=60, schedule=schedule, **settings)
    theta, rate, smallest, waited, rates = np.zeros(4), 0.4, np.inf, 0, []
    expected = [theta]
    for _ in range(60):
        loss = ((A @ theta - y) ** 2).mean() / 2
        waited = waited + 1 if loss > 0.99 * smallest else 0
        smallest = min(smallest, loss)
        if waited == 3:
            rate, waited = rate / 2, 0
        for first in range(0, len(y), batch_size or len(y)):
            u, left = A[first : first + (batch_size or len(y))], y[first : first + (batch_size or len(y))]
            theta = theta - rate * np.sign(u.T @ (u @ theta - left))
        expected.append(theta)
        rates.append(rate)
    np.testing.assert_allclose(path(run), expected, rtol=1e-11, atol=1e-12)
    assert rates[-1] < 0.1
    kept = from_json(json.loads(json.dumps(registry.as_json(run.rule))))
    assert repr(kept) == repr(run.rule)
    assert "with adaptive schedule" in repr(run)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"factor_at_plateau": 1.0}, "factor_at_plateau < 1; got 1.0"),
        ({"patience": 0}, "1 or larger; got 0"),
        ({"tolerance": -0.1}, "tolerance < 1; got -0.1"),
    ],
)
def test_what_makes_no_adaptive_schedule(numbers, words):
    with pytest.raises(UsageError, match=words):
        AdaptiveSchedule(**numbers)


def test_a_plateau_of_a_closed_rule_is_found():
    X, y = table()
    constant, adaptive = (
        steepest.descend(X, y, batch_size=1, learning_rate=0.05, epochs=60, schedule=schedule, seed=1)
        for schedule in ("constant", "adaptive")
    )
    assert isinstance(adaptive.rule, PlateauRule)
    assert adaptive.last.loss - adaptive.optimum.loss < 0.1 * (constant.last.loss - constant.optimum.loss)


def test_a_rate_that_falls_for_long_stays_above_zero():
    X, y = table()
    run = steepest.descend(X, y, learning_rate=0.05, epochs=4_000, schedule="adaptive")
    assert run.epochs == 4_000
