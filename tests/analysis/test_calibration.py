"""Calibration tables against scikit-learn's curve and SciPy's intervals."""

import numpy as np
import pytest
import scipy.stats
from sklearn.calibration import calibration_curve

from steepest.analysis.calibration import calibrate
from steepest.analysis.ranking import rank
from steepest.errors import UsageError


def rows(seed, n=500):
    generator = np.random.default_rng(seed)
    p = generator.beta(0.5, 1.5, n).round(int(generator.integers(1, 6)))
    return p, (generator.random(n) < p).astype(float)


@pytest.mark.parametrize("bins", [1, 5, 10])
@pytest.mark.parametrize(("by", "theirs"), [("quantile", "quantile"), ("width", "uniform")])
@pytest.mark.parametrize("seed", range(3))
def test_bins_are_those_of_scikit_learn(seed, by, theirs, bins):
    p, y = rows(seed)
    observed, predicted = calibration_curve(y, p, n_bins=bins, strategy=theirs)
    found = calibrate(rank(p, y), bins, by)
    np.testing.assert_allclose(found.observed, observed, rtol=1e-12)
    np.testing.assert_allclose(found.predicted, predicted, rtol=1e-12)
    assert found.counts.sum() == len(y)


def test_limits_are_wilsons():
    p, y = rows(5)
    found = calibrate(rank(p, y), 7, confidence=0.9)
    for share, n, lower, upper in zip(found.observed, found.counts, found.lower, found.upper, strict=True):
        truth = scipy.stats.binomtest(round(share * n), int(n)).proportion_ci(0.9, method="wilson")
        np.testing.assert_allclose((lower, upper), truth, rtol=1e-12, atol=1e-15)


def test_the_expected_error_is_the_weighted_mean_of_gaps():
    p, y = rows(6)
    weight = np.random.default_rng(0).random(len(y))
    found = calibrate(rank(p, y, weight), 4, "width")
    place = np.clip(np.ceil(p * 4).astype(int) - 1, 0, 3)
    gaps = [abs(weight[place == b] @ (p - y)[place == b]) for b in range(4)]
    assert found.error == pytest.approx(sum(gaps) / weight.sum(), rel=1e-12)


def test_equal_weights_do_not_narrow_the_limits():
    """Twice the weight for each row is no second row: what counts is how many there are."""
    p, y = rows(7)
    once, twice = calibrate(rank(p, y)), calibrate(rank(p, y, np.full(len(y), 2.0)))
    np.testing.assert_allclose(twice.upper, once.upper, rtol=1e-13)
    np.testing.assert_array_equal(twice.weights, 2 * once.weights)


def test_what_is_out_of_range_is_said():
    ranking = rank(*rows(1))
    with pytest.raises(UsageError, match="bins is a whole number from 1 to 1,000; got 0"):
        calibrate(ranking, 0)
    with pytest.raises(UsageError, match='by is "quantile" or "width"'):
        calibrate(ranking, by="height")
    with pytest.raises(UsageError, match="confidence is between 0 and 1; got 1"):
        calibrate(ranking, confidence=1)
