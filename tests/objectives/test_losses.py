"""Losses beside exact arithmetic and finite differences."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from steepest.errors import DataError, UsageError
from steepest.objectives.loss_choice import LOSSES, choose_loss
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.quantile import QuantileLoss

MARGINS = [-800.0, -40.0, -3.0, -1e-9, 0.0, 0.5, 2.0, 37.0, 600.0]


def exact(loss, m, y):
    """Loss, slope and curvature in decimal arithmetic."""
    m, y = Decimal(m), Decimal(y)
    if loss.name == "logistic":
        p = 1 / (1 + (-m).exp())
        return (1 + m.exp()).ln() - y * m, p - y, p * (1 - p)
    if loss.name == "poisson":
        return m.exp() - y * m + (y * y.ln() if y else 0) - y, m.exp() - y, m.exp()
    away, delta = m - y, Decimal(loss.delta)
    if abs(away) <= delta:
        return away**2 / 2, away, 1
    return delta * (abs(away) - delta / 2), delta.copy_sign(away), 0


@pytest.mark.parametrize("loss", [LogisticLoss(), PoissonLoss(), HuberLoss(), HuberLoss(0.3)], ids=repr)
@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("margin", MARGINS)
def test_value_slope_and_curvature_are_exact(loss, y, margin):
    m, targets = np.array([margin]), np.array([y])
    with localcontext() as context:
        context.prec = 760  # (1 + e^-800)² has 695 digits
        value, slope, curvature = map(float, exact(loss, margin, y))
    # half of a half: what cancels at a minimum of a count is at most the count itself
    assert loss.value(m, targets)[0] == pytest.approx(value, rel=1e-14, abs=1e-16 * (1 + abs(y * margin)))
    # what is left where the mean is near the target is a difference of the two
    assert loss.slope(m, targets)[0] == pytest.approx(slope, rel=1e-14, abs=1e-16 if loss.name == "poisson" else 1e-300)
    assert loss.curvature(m, targets)[0] == pytest.approx(curvature, rel=1e-14, abs=1e-300)
    assert loss.curvature(m, targets)[0] <= loss.largest_curvature


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"multinomial"}))
def test_slopes_are_differences(name):
    loss, h = QuantileLoss(0.3, 0.5) if name == "quantile" else choose_loss(name), 1e-6
    m, y = np.linspace(-3, 3, 41) + 0.01, np.tile([0.0, 1.0], 21)[:41]
    slopes = (loss.value(m + h, y) - loss.value(m - h, y)) / (2 * h)
    np.testing.assert_allclose(loss.slope(m, y), slopes, atol=1e-8)
    smooth = np.abs(np.abs(m - y) - 1.345) > 1e-3  # Huber's curvature jumps there
    curvatures = (loss.slope(m + h, y) - loss.slope(m - h, y)) / (2 * h)
    np.testing.assert_allclose(loss.curvature(m, y)[smooth], curvatures[smooth], atol=1e-8)


def test_means():
    assert LogisticLoss().mean(np.array([math.log(3)]))[0] == pytest.approx(0.75)
    assert PoissonLoss().mean(np.array([math.log(3)]))[0] == pytest.approx(3)
    assert HuberLoss().mean(np.array([7.0]))[0] == 7


@pytest.mark.parametrize(
    ("loss", "y", "words"),
    [
        (
            LogisticLoss(),
            [0.0, 2.0, -1.0],
            "targets 0 and 1, shares between them, or any two numbers as labels; 2 targets outside that range, the first is 2. Code",
        ),
        (PoissonLoss(), [0.0, -1.0], "counts, 0 or larger; 1 target outside that range, the first is -1. Correct"),
    ],
)
def test_targets_of_another_loss_are_refused(loss, y, words):
    with pytest.raises(DataError, match=words):
        loss.check(np.array(y))


@pytest.mark.parametrize(
    ("given", "words"),
    [("hinge", "'huber', 'poisson', 'quantile'; got 'hinge'"), (3, "a loss object; got 3"), (HuberLoss, "got <class")],
)
def test_what_is_no_loss(given, words):
    with pytest.raises(UsageError, match=words):
        choose_loss(given)
    for delta in (0, -1, math.inf, "1"):
        with pytest.raises(UsageError, match="delta must be"):
            HuberLoss(delta)
