"""Residual polynomials against their recurrences in exact and in 60-digit arithmetic, kinks placed by hand."""

import math
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest

from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from steepest.rules.recurrence import one_minus_powers, signed_powers

getcontext().prec = 60


def recurrence(rule, eigenvalue, epochs, number=Decimal):
    """p_0 … p_K by the definition of each rule, in the arithmetic of `number`."""
    a = number(rule.learning_rate) * number(eigenvalue)
    beta = number(getattr(rule, "momentum", 0.0))
    p = [number(1), 1 - a]
    for _ in range(epochs - 1):
        if rule.name == "gradient":
            p.append((1 - a) * p[-1])
        elif rule.name == "heavy_ball":
            p.append((1 + beta - a) * p[-1] - beta * p[-2])
        else:
            p.append((1 - a) * ((1 + beta) * p[-1] - beta * p[-2]))
    return p


def eigenvalues_for(momentum):
    """Slow, fast, exactly annihilated, at the limits, beyond them, and on both sides of critical damping."""
    placed = [1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.0000001, 1.5, 1.999, 2.0, 2.001, 3.0, 3.8]
    critical = [(1 - math.sqrt(momentum)) ** 2, (1 + math.sqrt(momentum)) ** 2]
    nesterov = [(1 - math.sqrt(momentum)) / (1 + math.sqrt(momentum))]
    limits = [2 * (1 + momentum), 2 * (1 + momentum) / (1 + 2 * momentum)]
    placed += [
        x * (1 + e) for x in critical + nesterov + limits for e in (0, 1e-15, -1e-15, 1e-10, -1e-10, 1e-5, -1e-5)
    ]
    return np.array(sorted(x for x in placed if x > 0))


RULES = [GradientRule(1.0)] + [
    kind(1.0, momentum)
    for kind in (HeavyBallRule, NesterovRule)
    for momentum in (0.0, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999)
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_residual_polynomial_is_the_recurrence(rule):
    eigenvalues, epochs = eigenvalues_for(getattr(rule, "momentum", 0.0)), 300
    ours = rule.residual(eigenvalues, np.arange(epochs + 1))
    for j, eigenvalue in enumerate(eigenvalues):
        exact = recurrence(rule, eigenvalue, epochs)
        size = Decimal(0)
        for k, p in enumerate(exact):
            size = max(size, abs(p))
            # k roundings of the factor an epoch, and a few more for the closed form: 300 · 2.2e-16 · 20
            assert abs(Decimal(ours[k, j]) - p) <= size * Decimal("1.5e-12"), (eigenvalue, k)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_progress_keeps_its_digits_where_a_mode_has_hardly_moved(rule):
    eigenvalues = np.array([1e-14, 1e-10, 1e-7])
    if getattr(rule, "momentum", 0.0) > 0.99:
        eigenvalues = eigenvalues[:2]  # at 1e-7 their roots are complex, and 1 - p is a plain difference
    ours = rule.progress(eigenvalues, np.arange(101))
    for j, eigenvalue in enumerate(eigenvalues):
        exact = recurrence(rule, eigenvalue, 100)
        for k in range(1, 101):
            assert float(abs(Decimal(ours[k, j]) - (1 - exact[k])) / (1 - exact[k])) < 1e-11, (eigenvalue, k)
    np.testing.assert_array_equal(ours[0], 0.0)


def test_a_slow_root_keeps_its_digits_for_200_000_epochs():
    # momentum's root near 1: as a plain power it loses four digits by then
    rule, eigenvalue = HeavyBallRule(2.0**-20, 0.875), 1.0
    exact = recurrence(rule, eigenvalue, 200_000)[-1]
    ours = rule.residual(np.array([eigenvalue]), np.array([200_000]))[0, 0]
    assert float(abs(Decimal(ours) - exact) / exact) < 1e-13


@pytest.mark.parametrize("rule", [HeavyBallRule(0.5, 0.25), NesterovRule(0.5, 0.25), GradientRule(0.25)], ids=repr)
def test_small_cases_are_exact(rule):
    exact = recurrence(rule, Fraction(1, 2), 12, Fraction)
    np.testing.assert_allclose(
        rule.residual(np.array([0.5]), np.arange(13))[:, 0], [float(p) for p in exact], rtol=1e-14
    )


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_stability_limit_separates_growing_from_shrinking(rule):
    limit = rule.stability_limit(1.0)
    assert rule.radius(np.array([limit * (1 - 1e-9)]))[0] < 1
    assert rule.radius(np.array([limit * (1 + 1e-9)]))[0] > 1


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_radius_is_the_long_run_factor(rule):
    eigenvalues = np.array([0.05, 0.3, 0.8, 1.3])
    for eigenvalue, radius in zip(eigenvalues, rule.radius(eigenvalues), strict=True):
        exact = recurrence(rule, eigenvalue, 4000)
        window = max(abs(p) for p in exact[3900:])
        if window > 0:
            # up to the swing's phase and a factor k for a double root: (4000·c)^(1/4000)
            assert float(window.ln() / 3950) == pytest.approx(math.log(radius), rel=0.02, abs=2e-3)


def test_ladders_give_the_powers():
    a = np.array([1e-5, 0.5, 1.0, 1.5, 1.999, 2.0, 2.0001])
    for start, stop in ((0, 1000), (1, 1000), (7, 2000), (100, 165), (64, 200)):
        ours = signed_powers(a, range(start, stop))
        assert ours.shape == (stop - start, len(a))
        # exp(x)·exp(y) and exp(x + y) differ by the rounding of an exponent up to 1400: 1400 · 2.2e-16
        np.testing.assert_allclose(ours, signed_powers(a, np.arange(start, stop)), rtol=1e-12, atol=1e-300)


def test_one_minus_powers_where_all_modes_have_arrived_and_where_one_still_moves():
    epochs = np.array([0, 3, 500, 100_001, 4])
    for a in ([0.5], [0.5, 1.0], [0.5, 1e-5], [0.5, 2.5, 1.0], [1.5, 2.0]):
        exact = [[1 - (1 - Fraction(value)) ** int(k) if k < 1000 else None for value in a] for k in epochs]
        ours = one_minus_powers(np.array(a), epochs)
        for row, expected in zip(ours, exact, strict=True):
            if None not in expected:
                np.testing.assert_allclose(row, np.array(expected, dtype=float), rtol=1e-13)  # 500 epochs' rounding
    assert one_minus_powers(np.array([0.5, 1e-5]), epochs)[3].tolist() == [
        1.0,
        -math.expm1(100_001 * math.log1p(-1e-5)),
    ]
    assert one_minus_powers(np.array([0.5, 2.0]), epochs)[3].tolist() == [1.0, 2.0]
    assert one_minus_powers(np.array([]), epochs).shape == (5, 0)


def test_one_minus_powers_has_no_cancellation():
    ours = one_minus_powers(np.array([1e-18]), np.array([0, 1, 1000]))
    np.testing.assert_allclose(ours[:, 0], [0.0, 1e-18, 1e-15], rtol=1e-15)
