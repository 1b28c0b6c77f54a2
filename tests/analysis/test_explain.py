"""The arithmetic of one step must be that of the rows, and its numbers must add up."""

import re

import numpy as np
import pytest

import steepest
from steepest.analysis.explain import explain
from steepest.errors import UsageError
from tests.truths import literal_descent

X = np.array([[1.0, 5.0], [2.0, 3.0], [4.0, 4.0], [7.0, 1.0]])
Y = np.array([3.0, 1.0, 4.0, 1.5])


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize(("rule", "momentum"), [("gradient", None), ("heavy_ball", 0.7), ("nesterov", 0.7)])
@pytest.mark.parametrize("epoch", [1, 2, 5])
def test_every_number_is_that_of_the_rows(rule, momentum, standardize, epoch):
    l2, rate = 0.2, 0.03
    u = (X - X.mean(axis=0)) / X.std(axis=0) if standardize else X
    literal = literal_descent(u, Y, rule=rule, learning_rate=rate, momentum=momentum or 0.0, l2=l2, epochs=epoch + 1)
    e = explain(
        X, Y, epoch=epoch, rows=3, rule=rule, momentum=momentum, learning_rate=rate, l2=l2, standardize=standardize
    )
    A = np.column_stack([np.ones(4), u])
    np.testing.assert_allclose(e.before, literal[epoch - 1], atol=1e-13)
    np.testing.assert_allclose(e.after, literal[epoch], atol=1e-13)
    np.testing.assert_allclose(e.following, literal[epoch + 1], atol=1e-13)
    np.testing.assert_allclose(e.predictions, (A @ literal[epoch - 1])[:3], atol=1e-13)
    np.testing.assert_allclose(e.residuals, (A @ literal[epoch - 1] - Y)[:3], atol=1e-13)
    velocity = literal[epoch - 1] - literal[epoch - 2] if epoch > 1 else np.zeros(3)
    point = literal[epoch - 1] + (momentum * velocity if rule == "nesterov" else 0.0)
    np.testing.assert_allclose(e.sums, A.T @ (A @ point - Y), atol=1e-12)
    np.testing.assert_allclose(e.gradient, A.T @ (A @ point - Y) / 4 + l2 * np.array([0, 1, 1]) * point, atol=1e-13)
    np.testing.assert_allclose(e.after, e.before + (momentum or 0.0) * e.velocity - rate * e.gradient, atol=1e-13)


def test_the_text_shows_the_arithmetic():
    text = str(explain([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], epoch=1, learning_rate=0.1, features=["x"]))
    for part in (
        "the step from epoch 0 to epoch 1",
        "intercept: 1/3 · -9 = -3",
        "intercept: 0 − 0.1 · -3 = 0.3",
        "Next, epoch 2",
    ):
        assert part in text, part


def test_mistakes_are_told():
    for epoch in (0, -1, 1.5, True):
        with pytest.raises(UsageError, match="1 or larger"):
            explain(X, Y, epoch=epoch)
    with pytest.raises(UsageError, match="rule is one of"):
        explain(X, Y, epoch=1, rule="newton")
    with pytest.raises(UsageError, match="no rows to show"):
        explain(steepest.summarize(X, Y), epoch=1)
    with pytest.raises(UsageError, match="leaves float64"):
        explain(X, Y, epoch=10_000, learning_rate=50.0)


@pytest.mark.parametrize("epoch", [1, 2, 9])
def test_chebyshevs_two_shares_give_its_step(epoch):
    told = explain(X, Y, epoch=epoch, rule="chebyshev")
    for j, name in enumerate(told.names):
        line = next(line for line in str(told).split("\n") if line.startswith(f"   {name}: step "))
        kept, change, rate, gradient, moved = map(
            float, re.findall(r"-?\d[\d.]*(?:e[-+]?\d+)?", line.split(": ", 1)[1])
        )
        assert change == pytest.approx(told.velocity[j], rel=1e-8)
        assert gradient == pytest.approx(told.gradient[j], rel=1e-8)
        assert moved == pytest.approx(told.after[j] - told.before[j], rel=1e-8)
        size = abs(kept * change) + abs(rate * gradient)  # shares are told in six digits
        assert kept * change - rate * gradient == pytest.approx(moved, abs=1e-5 * size)
