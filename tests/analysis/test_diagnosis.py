"""Diagnosis: what it says before a run must be what a run then does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest.analysis.diagnosis import diagnose
from steepest.errors import UsageError
from tests.strategies import problems
from tests.truths import literal_descent


@pytest.mark.slow
@given(
    problem=problems(largest_condition=8.0),
    share=st.sampled_from([0.2, 0.6, 0.9, 0.99]),
    tolerance=st.sampled_from([0.1, 1e-3, 1e-6]),
)
@settings(max_examples=200)
def test_epochs_to_names_the_first_epoch_of_a_literal_loop(problem, share, tolerance):
    X, y = problem
    d = diagnose(X, y)
    rate = share * d.stability_limit
    needed = d.epochs_to(tolerance, learning_rate=rate)
    if needed > 3000:
        return
    path = literal_descent(X, y, rule="gradient", learning_rate=rate, epochs=needed)
    # the share of its start error that each eigenvector of the Hessian has, by numpy's own eigenvectors
    A = np.column_stack([np.ones(len(X)), X])
    _, V = np.linalg.eigh(A.T @ A / len(X))
    goal = np.linalg.lstsq(A, y, rcond=None)[0]
    start = V.T @ (path[0] - goal)
    # a mode whose start error is rounding has no share to speak of
    moving = np.abs(start) > 1e-6 * np.abs(start).max()
    shares = np.abs((path[[needed - 1, needed]] - goal) @ V[:, moving] / start[moving])
    if moving.all():
        assert shares[0].max() > tolerance * (1 - 1e-6)
    assert shares[1].max() <= tolerance * (1 + 1e-6)


@pytest.mark.slow
@given(
    problem=problems(),
    rule=st.sampled_from(["gradient", "heavy_ball", "nesterov"]),
    momentum=st.sampled_from([0.1, 0.5, 0.9]),
)
@settings(max_examples=60)
def test_the_limit_separates_growing_from_shrinking(problem, rule, momentum):
    X, y = problem
    beta = None if rule == "gradient" else momentum
    limit = steepest.descend(X, y, rule=rule, momentum=beta, learning_rate=1e-9, epochs=1).verdict.stability_limit
    kinds = [
        steepest.descend(X, y, rule=rule, momentum=beta, learning_rate=limit * f, epochs=10).verdict.kind
        for f in (1 - 1e-9, 1 + 1e-9)
    ]
    assert kinds[1] == "diverges"
    assert kinds[0] != "diverges"
    last = 10**13
    below = steepest.descend(X, y, rule=rule, momentum=beta, learning_rate=limit * (1 - 1e-9), epochs=last)
    assert below.remaining([last]).max() < 1e-6
    above = steepest.descend(X, y, rule=rule, momentum=beta, learning_rate=limit * (1 + 1e-9), epochs=10**10)
    assert above.remaining([above.epochs])[0, 0] > 100


def test_the_tutorials_data(line):
    d = diagnose(*line, objective="quarter_mse", learning_rate=1e-4)
    assert d.condition_number == pytest.approx(121_212, abs=0.5)
    assert d.stability_limit == pytest.approx(1.32666e-4, rel=1e-5)
    assert d.epochs_to(1e-6, learning_rate=1e-4) == 1_110_807
    assert d.epochs_to(1e-6) == pytest.approx(0.84e6, rel=5e-3)
    assert d.standardized.epochs_to(1e-6) == 1
    assert d.standardized.condition_number == pytest.approx(1, abs=1e-12)
    assert d.centred.condition_number == pytest.approx(7499.9, rel=1e-4)
    assert [mode.words for mode in d.modes] == ["x1", "the intercept against x1"]
    text = str(d)
    for part in (
        "121,212",
        "0.000132666",
        "1,110,807 epochs",
        "the intercept against x1",
        "Standardizing the inputs would reduce the condition number to 1; then one epoch",
    ):
        assert part in text, part


def test_every_rule_needs_what_it_says():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(50, 3)) * [1.0, 3.0, 0.5]
    y = generator.normal(size=50)
    for advice in diagnose(X, y).raw.rules:
        run = steepest.descend(X, y, rule=advice.rule, learning_rate="auto" if advice.rule == "chebyshev" else advice.learning_rate,
                               momentum=advice.momentum, epochs=advice.epochs[1])  # fmt: skip
        assert run.remaining([advice.epochs[1]]).max() <= 1e-6
        assert run.remaining([advice.epochs[1] - 1]).max() > 1e-6


def test_constant_and_collinear_columns_are_named():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 2))
    X = np.column_stack([X, np.full(40, 7.0), X[:, 0] + X[:, 1]])
    d = diagnose(X, generator.normal(size=40), features=["a", "b", "seven", "sum"])
    assert d.constant == ("seven",)
    assert len(d.dependent) == 1
    assert d.dependent[0] in ("a", "b", "sum")
    assert (d.rank, d.size) == (3, 5)
    assert "Constant: seven cannot be told from the intercept; leave it out." in str(d)
    assert "; leave it out, or set l2 above 0." in str(d)
    d = diagnose(np.column_stack([X, X[:, 0]]), X[:, 1], features=["a", "b", "seven", "sum", "again"])
    assert len(d.dependent) == 2
    assert "; leave them out, or set l2 above 0." in str(d)


def test_nothing_moves_where_nothing_is():
    d = diagnose(np.zeros((5, 1)), np.arange(5.0), fit_intercept=False)
    assert d.modes == ()
    assert "nothing will move" in str(d)


def test_mode_words_know_the_sides():
    year = np.array([2007.0, 2008.0, 2009.0, 2007.0, 2008.0, 2009.0])
    mass = np.array([1.0, 2.0, 1.5, 0.5, 2.5, 2.0])
    d = diagnose(np.column_stack([year, mass]), mass * 2, features=["year", "mass"])
    assert set(d.modes[-1].words.split(" against ")) == {"year", "the intercept"}


@pytest.mark.parametrize("options", [{"learning_rate": -1}, {"l2": -1}, {"l2": "x"}, {"objective": "mae"}])
def test_settings_have_a_range(line, options):
    with pytest.raises(UsageError):
        diagnose(*line, **options)
