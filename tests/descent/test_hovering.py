"""Runs that come no nearer to their minimum: as measured, and as a forecast of their batches says."""

import numpy as np
import pytest

import steepest
from steepest.descent.facts import Facts
from steepest.descent.hovering import FADED, hovering, noise_level


def table(n=200, kappa=400.0, noise=1.0):
    generator = np.random.default_rng(4)
    X = generator.normal(size=(n, 3)) * [1.0, 0.3, 1 / np.sqrt(kappa)]
    return X, X @ [1.0, -2.0, 3.0] + 1 + noise * generator.normal(size=n)


def facts_of(run):
    return Facts(run.problem, run.rule, run.start, run.iterates)


def excess(run, epochs):
    return run.loss(epochs) - run.optimum.loss


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"batch_size": 4, "learning_rate": 0.2, "epochs": 400}, "hovers"),
        ({"batch_size": 4, "learning_rate": 0.2, "epochs": 2}, "unfinished"),
        ({"batch_size": 4, "learning_rate": 0.2, "epochs": 400, "order": "replacement"}, "hovers"),
        ({"batch_size": 4, "learning_rate": 0.2, "epochs": 400, "order": "fixed"}, "hovers"),
        ({"batch_size": 4, "learning_rate": 30.0, "epochs": 400}, "diverges"),
        ({"batch_size": 4, "rule": "adam", "learning_rate": 0.05, "epochs": 400}, "hovers"),
        ({"rule": "adam", "learning_rate": 0.5, "epochs": 8_000}, "hovers"),
        ({"rule": "adam", "learning_rate": 1e-4, "epochs": 400}, "unfinished"),
        ({"rule": "sign", "learning_rate": 0.1, "epochs": 400}, "hovers"),
        ({"rule": "conjugate_gradient", "epochs": 3}, "unfinished"),
        ({"rule": "adagrad", "learning_rate": 0.1, "epochs": 400}, "unfinished"),
        ({"schedule": "cosine", "learning_rate": 0.2, "epochs": 400}, "unfinished"),
        ({"schedule": "cosine", "batch_size": 4, "learning_rate": 1e-4, "epochs": 400}, "unfinished"),
        ({"average": 0.5, "batch_size": 4, "learning_rate": 0.1, "epochs": 400}, "unfinished"),
    ],
)
def test_what_becomes_of_runs(settings, kind):
    assert steepest.descend(*table(), **settings).verdict.kind == kind


def test_batches_without_noise_converge():
    run = steepest.descend(*table(kappa=4.0, noise=0.0), batch_size=4, learning_rate=0.3, epochs=400)
    assert run.verdict.kind == "converged"
    assert run.verdict.advice == ""


@pytest.mark.parametrize("y", [[3.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_a_table_without_noise_has_a_verdict(y):
    run = steepest.descend(np.arange(1.0, 6)[:, None], y, batch_size=2, learning_rate=0.05, epochs=10)
    assert run.verdict.kind == "unfinished"
    assert "at the minimum is not reached" not in run.verdict.advice


def test_the_start_has_faded_from_that_epoch_on():
    run = steepest.descend(*table(), batch_size=5, learning_rate=0.1, epochs=3, order="replacement")
    noise = noise_level(facts_of(run))
    f = steepest.forecast(*table(), batch_size=5, learning_rate=0.1, epochs=3, order="replacement")
    assert (noise.stability_limit, noise.floor) == (f.stability_limit, f.floor)
    modes, start = run.problem.quadratic.modes, run.problem.quadratic.start_errors(run.start)[:, 0]
    left = [
        modes.eigenvalues @ ((1 - 0.1 * modes.eigenvalues) ** (40 * k) * start) ** 2 / 2
        for k in (noise.level_from - 1, noise.level_from)
    ]
    assert left[1] <= FADED * noise.floor < left[0]


def test_a_tenth_of_the_rate_levels_off_where_it_is_said():
    X, y = table(kappa=4.0)
    settings = {"batch_size": 5, "order": "replacement"}
    noise = noise_level(facts_of(steepest.descend(X, y, learning_rate=0.3, epochs=1, **settings)))
    best = steepest.solve(X, y)
    for rate, floor in ((0.3, noise.floor), (0.03, noise.floor_of_tenth)):
        run = steepest.descend(X, y, learning_rate=rate, epochs=1_500, start=(best.weights, best.bias), **settings)
        # the slowest mode forgets within 10 epochs at the smaller rate: 150 samples of four squares, s.e. about 6%
        assert excess(run, range(50, 1_501)).mean() == pytest.approx(floor, rel=0.15)


def first_guess():
    best = steepest.solve(*table())
    return best.weights, best.bias


@pytest.mark.parametrize("kappa", [100.0, 1_000.0])
def test_adam_hovers_a_hundredth_as_far_above_at_a_tenth_of_the_rate(kappa):
    found = []
    for rate in (30.0, 3.0):
        run = steepest.descend(*table(kappa=kappa), rule="adam", learning_rate=rate, epochs=20_000)
        found.append(hovering(facts_of(run)).excess)
    assert 10 < found[0] / found[1] < 1_000  # bursts are 35 times the mean, and a median is one of some


@pytest.mark.parametrize(
    "settings",
    [
        {"rule": "adam"},
        {"schedule": "cosine"},
        {"average": True},
    ],
)
def test_what_no_forecast_is_of(settings):
    run = steepest.descend(*table(), batch_size=5, learning_rate=0.1, epochs=3, **settings)
    assert noise_level(facts_of(run)) is None
    X, y = table()
    several = steepest.descend(X, np.column_stack([y, y]), batch_size=5, learning_rate=0.1, epochs=3)
    assert noise_level(facts_of(several)) is None
    assert (
        steepest.descend(X, np.column_stack([y, y]), batch_size=5, learning_rate=0.3, epochs=80).verdict.kind
        == "hovers"
    )


def test_a_rate_above_the_limit_is_told_though_the_run_looks_well():
    X, y = table()
    heavy = X * np.where(np.arange(200) == 7, 300.0, 1.0)[:, None]
    limit = steepest.forecast(heavy, y, batch_size=2, learning_rate=1.0).stability_limit
    run = steepest.descend(
        heavy[np.arange(200) != 7], y[np.arange(200) != 7], batch_size=2, learning_rate=limit / 2, epochs=2
    )
    assert run.verdict.kind == "unfinished"
    above = steepest.descend(heavy, y, batch_size=2, learning_rate=1.2 * limit, epochs=1, start=first_guess())
    assert "above the mean-square stability limit" in above.verdict.advice


def test_the_sentences():
    run = steepest.descend(*table(), batch_size=4, learning_rate=0.2, epochs=400)
    assert run.verdict.sentence.startswith(
        "Hovers: after 400 epochs of rule gradient in batches of 4 rows, shuffled, at learning rate 0.2 the loss is "
    )
    assert "% above its minimum " in run.verdict.sentence
    assert "; on average over runs it levels off " in run.verdict.sentence
    assert run.verdict.advice.startswith("A tenth of the learning rate levels off ")
    fixed = steepest.descend(*table(), batch_size=4, learning_rate=0.2, epochs=400, order="fixed")
    assert "; in this order of rows it levels off " in fixed.verdict.sentence
    adam = steepest.descend(*table(), rule="adam", learning_rate=0.5, epochs=8_000)
    assert "Hovers: since epoch 4,000 of 8,000 the loss has stayed about " in adam.verdict.sentence
    assert adam.verdict.advice.startswith("A tenth of the learning rate hovers about a hundredth as far above")
