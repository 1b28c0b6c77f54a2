"""Runs on a loss without a minimum: walked, said so, and nothing claimed."""

import sys

import numpy as np
import pytest

import steepest
from steepest.cli.finish import NOT_THERE, status
from steepest.errors import DataError, DataWarning, DivergenceWarning, UsageError

X = np.arange(6.0)[:, None]
y = np.array([0.0, 0, 0, 1, 1, 1])


def descend(*data, **more):
    with pytest.warns(DataWarning, match="Separable"):
        return steepest.descend(*(data or (X, y)), loss="logistic", **more)


def test_the_verdict_is_separable_and_the_loss_falls_to_0():
    run = descend(epochs=4000)
    assert run.verdict.kind == "separable"
    assert str(run.verdict) == (
        "Separable: 'x1' alone tells the classes apart: at most 2 where 'y' is 0, at least 3 where 'y' is 1, so the loss has no minimum: "
        f"weights grow forever and the loss tends to 0. After 4,000 epochs it is {steepest.support.words.number(run.last.loss)}. "
        "With a penalty there is a minimum: l2 = 0.17 will do."
    )
    loss, size = run.loss([1000, 2000, 4000]), [float(run.at(epoch).weights[0]) for epoch in (1000, 2000, 4000)]
    assert 0 < loss[2] < loss[1] < loss[0]
    assert size[0] < size[1] < size[2]


def test_the_run_is_the_literal_one_at_95_percent_of_the_global_limit():
    run = descend()
    U = np.column_stack([np.ones(6), X])
    rate = 0.95 * 2 / (np.linalg.eigvalsh(U.T @ U / 6)[-1] / 4)
    assert run.epochs == 1000
    assert run.rule.learning_rate == pytest.approx(rate, rel=1e-12)
    theta = np.zeros(2)
    for _ in range(run.epochs):
        theta -= rate * U.T @ (1 / (1 + np.exp(-U @ theta)) - y) / 6
    np.testing.assert_allclose([run.bias, run.weights[0]], theta, rtol=1e-9)
    assert run.reasons["epochs"].startswith("1,000, since no number of epochs is enough")
    assert run.reasons["learning_rate"].startswith("95% of 2/L")


def test_nothing_is_claimed_of_a_minimum():
    run = descend(epochs=20, tolerance=0.5)
    assert run.epochs == 20
    assert run.epochs_to(1e-6) is None
    for ask in (lambda: run.optimum, run.remaining, lambda: run.plot("contour"), run.summary):
        with pytest.raises((DataError, UsageError)):
            ask()
    assert run.epochs_to(0.9, measure="loss") < 20
    with pytest.raises(UsageError, match="a run on logistic loss has no closed form"):
        run.epochs_to(1e-9, measure="loss")
    assert "exact minimum" not in run._repr_html_()
    assert "Separable" in repr(run)
    assert run.plot("loss").floor == 0


@pytest.mark.parametrize("rule", ["adam", "nesterov", "heavy_ball"])
def test_other_rules_end_the_same_way(rule):
    more = {"learning_rate": 0.1} if rule == "adam" else {}
    assert descend(epochs=30, rule=rule, **more).verdict.kind == "separable"


def test_batches_end_the_same_way():
    assert descend(epochs=30, batch_size=2, learning_rate=0.1).verdict.kind == "separable"


def test_a_run_that_grows_still_diverges():
    with pytest.warns(DivergenceWarning):
        run = steepest.descend(X, y, loss="logistic", learning_rate=1e3, epochs=1)
    assert run.verdict.kind == "diverges"


def test_counts_have_a_rate_too():
    run_of = np.array([0.0, 0, 1, 2, 1, 0])
    flag = np.array([1.0, 1, 0, 0, 0, 0])[:, None]
    with pytest.warns(DataWarning, match="Separable"):
        run = steepest.descend(np.column_stack([X, flag]), run_of, loss="poisson", epochs=2000)
    assert run.verdict.kind == "separable"
    assert run.last.loss > run.problem.separation.infimum > 0
    assert run.loss([2000])[0] < run.loss([1000])[0]


def test_the_command_ends_with_4(monkeypatch):
    run = descend(epochs=20)
    monkeypatch.setattr("steepest.cli.finish.heard", lambda name: sys.stderr)
    assert status(run, {"epochs": 20, "strict": False}) == NOT_THERE
