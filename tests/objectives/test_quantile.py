"""Quantile loss beside finite differences, the share of rows below, and the exact line beside statsmodels and R."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate

import steepest
from steepest.errors import UsageError
from steepest.objectives.loss_choice import choose_loss
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.quantile import QuantileLoss

ENGEL = json.loads((Path(__file__).parent / "oracles" / "quantreg_engel.json").read_text())
INCOME, FOOD = np.array(ENGEL["income"])[:, None], np.array(ENGEL["foodexp"])


def problem(X, y, tau=0.5, smoothing=None, weight=None, **more):
    source = steepest.open_source(X, y, weight=weight)
    return LossProblem.over(steepest.summarize(source), source.batches, QuantileLoss(tau, smoothing), **more)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.95])
def test_slope_curvature_and_majorant_are_those_of_the_value(tau):
    loss, y = QuantileLoss(tau, 0.7), np.zeros(41)
    margin, step = np.linspace(-4, 4, 41), 1e-5
    ahead, behind = loss.value(margin + step, y), loss.value(margin - step, y)
    np.testing.assert_allclose(loss.slope(margin, y), (ahead - behind) / (2 * step), atol=1e-9)
    slopes = loss.slope(margin + step, y) - loss.slope(margin - step, y)
    np.testing.assert_allclose(loss.curvature(margin, y), slopes / (2 * step), atol=1e-9)
    assert loss.curvature(np.zeros(1), np.zeros(1)) == pytest.approx(loss.largest_curvature)
    # a quadratic that touches at each margin is nowhere below
    away = margin[:, None] - margin
    above = (
        loss.value(margin, y)[:, None]
        - loss.slope(margin, y)[:, None] * away
        + loss.majorant(margin, y)[:, None] * away**2 / 2
    )
    assert (above - loss.value(margin, y)[None, :]).min() > -1e-12


def test_the_value_is_the_pinball_loss_seen_through_a_logistic_kernel():
    tau, h = 0.3, 0.5
    for r in (-3.0, -0.2, 0.0, 1.0):

        def seen(v, r=r):
            kernel = np.exp(-v / h) / (h * (1 + np.exp(-v / h)) ** 2)
            return max(tau * (r - v), (tau - 1) * (r - v)) * kernel

        whole = scipy.integrate.quad(seen, -20, r)[0] + scipy.integrate.quad(seen, r, 20)[0]
        assert QuantileLoss(tau, h).value(np.zeros(1), np.array([r]))[0] == pytest.approx(whole, rel=1e-8)


def test_margins_far_away_lose_no_digits():
    loss = QuantileLoss(0.25, 1e-3)
    assert loss.value(np.array([1e6, -1e6]), np.zeros(2)).tolist() == [0.75e6, 0.25e6]
    assert loss.slope(np.array([1e6, -1e6]), np.zeros(2)).tolist() == [0.75, -0.25]


@pytest.mark.parametrize("tau", [float(tau) for tau in ENGEL["quantiles"]])
@pytest.mark.parametrize("coordinates", ["raw", "standardized"])
def test_the_exact_line_is_statsmodels(tau, coordinates):
    found = problem(INCOME, FOOD, tau, coordinates=coordinates)
    exact, told = found.unsmoothed, ENGEL["quantiles"][str(tau)]
    # statsmodels iterates reweighted least squares, and says that it cycles at some; its loss is within 1e-10 of the smallest
    np.testing.assert_allclose([exact.bias, exact.weights[0]], told, rtol=1e-7)
    theirs = found.loss.pinball(told[0] + INCOME[:, 0] * told[1], FOOD).mean()
    assert exact.loss <= theirs <= exact.loss * (1 + 1e-9)
    # no line can be better: the multipliers say so
    assert abs(exact.loss - exact.bound) < 1e-12 * exact.loss
    # and the smoothed answer is near
    assert found.found.settled
    assert 0 < exact.excess < 1e-3


@pytest.mark.parametrize("tau", ["0.1", "0.25", "0.5", "0.75", "0.9"])
def test_the_exact_line_is_what_r_prints(tau):
    exact = problem(INCOME, FOOD, float(tau)).unsmoothed
    digits = [7, 7] if tau == "0.5" else [3, 3]
    assert [round(exact.bias, digits[0]), round(float(exact.weights[0]), digits[1])] == ENGEL["r_quantreg"][tau]


def test_multipliers_certify_the_line_in_fractions():
    found = problem(INCOME, FOOD, 0.3, coordinates="standardized")
    exact = found.unsmoothed
    residuals = [
        Fraction(y) - Fraction(x) * Fraction(float(exact.weights[0])) - Fraction(exact.bias)
        for x, y in zip(INCOME[:, 0].tolist(), FOOD.tolist(), strict=True)
    ]
    on_line = sum(abs(r) < Fraction(1, 10**11) for r in residuals)
    below = sum(r < 0 for r in residuals if abs(r) >= Fraction(1, 10**11))
    assert on_line == 2
    assert below <= 0.3 * 235 <= below + on_line  # a share tau of the rows is below, but for those on the line


def test_the_smoothed_answer_tends_to_the_exact_one():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4000, 2))
    y = X @ [1.0, -2.0] + generator.normal(size=4000)
    wide, half, quarter = (problem(X, y, 0.7, smoothing).unsmoothed.excess for smoothing in (0.8, 0.4, 0.2))
    # it is off by h², and the loss by the square of that: 16-fold for half the width, less what is left of the kinks
    assert wide > 8 * half > 64 * quarter > 0


def test_weights_are_rows_repeated():
    generator = np.random.default_rng(1)
    X, y, times = generator.normal(size=(50, 2)), generator.normal(size=50), generator.integers(0, 4, size=50)
    once, repeated = (
        problem(X, y, 0.2, 0.1, weight=times.astype(float)),
        problem(np.repeat(X, times, 0), np.repeat(y, times), 0.2, 0.1),
    )
    np.testing.assert_allclose(once.found.bowl.theta, repeated.found.bowl.theta, rtol=1e-9)
    assert once.unsmoothed.loss == pytest.approx(repeated.unsmoothed.loss, rel=1e-12)


def test_the_width_follows_the_units_of_the_target():
    small, large = problem(INCOME, FOOD).loss, problem(INCOME, FOOD * 1000).loss
    assert large.smoothing == pytest.approx(1000 * small.smoothing, rel=1e-9)
    assert problem(INCOME, FOOD, 0.1).loss.smoothing < small.smoothing
    # with more rows of the same kind it is smaller
    assert problem(np.tile(INCOME, (9, 1)), np.tile(FOOD, 9)).loss.smoothing < small.smoothing


def test_a_table_that_is_met_exactly_has_a_line_and_no_loss():
    x = np.arange(12.0)
    found = problem(x[:, None], 2 * x + 1, 0.8)
    exact = found.unsmoothed
    assert found.loss.smoothing == pytest.approx(1e-6 * np.sqrt(((2 * x + 1) ** 2).mean()))
    assert exact.loss == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose([exact.bias, exact.weights[0]], [1, 2], rtol=1e-9)


def test_columns_that_are_a_sum_of_others_are_of_no_harm():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(60, 3))
    X[:, 2] = X[:, 0] + X[:, 1]
    y = X[:, 0] + generator.normal(size=60)
    exact, without = problem(X, y, 0.5).unsmoothed, problem(X[:, :2], y, 0.5).unsmoothed
    assert exact.loss == pytest.approx(without.loss, rel=1e-12)


@pytest.mark.parametrize("wrong", [{"tau": 0.0}, {"tau": 1.0}, {"tau": "x"}, {"smoothing": 0.0}, {"smoothing": np.inf}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=r"tau is the share|smoothing must be"):
        QuantileLoss(**wrong)


def test_what_only_a_quantile_loss_has_is_refused_elsewhere():
    assert choose_loss("quantile") == QuantileLoss(0.5)
    with pytest.raises(UsageError, match="no width yet"):
        QuantileLoss(0.5).value(np.zeros(1), np.zeros(1))
    run = steepest.descend(INCOME, FOOD, loss="huber", standardize=True, epochs=1)
    with pytest.raises(UsageError, match="only a quantile loss without a penalty"):
        run.problem.unsmoothed  # noqa: B018
