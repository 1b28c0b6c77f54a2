"""Schedules and averages beside torch's schedulers, scikit-learn's formula and literal loops."""

import math

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.rules import registry
from steepest.rules.adam import AdamRule
from steepest.rules.averaged import AveragedRule
from steepest.rules.gradient import GradientRule
from steepest.rules.scheduled import ScheduledRule
from steepest.rules.schedules import (
    BUILT_IN,
    CosineSchedule,
    ExponentialSchedule,
    InverseScalingSchedule,
    OneCycleSchedule,
    StepSchedule,
    WarmUpSchedule,
    choose_schedule,
)

STEPS = 40
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


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
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
        *(ScheduledRule(GradientRule(0.1), kind(), 40) for kind in BUILT_IN),
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
        ({"schedule": "cosine", "engine": "modes"}, "has no closed form"),
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
