"""Rankings against counted pairs in exact fractions, and against scikit-learn's curves."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sklearn.metrics as theirs

from steepest.analysis.ranking import rank


def rows(seed, n=300, levels=None):
    """Scores, some of them tied, with classes and weights."""
    generator = np.random.default_rng(seed)
    scores = generator.random(n) if levels is None else generator.integers(0, levels, n) / levels
    y = (generator.random(n) < 0.2 + 0.6 * scores).astype(float)
    return scores, y, generator.integers(0, 4, n) / 2


@pytest.mark.parametrize("seed", range(20))
def test_auc_is_the_share_of_pairs_in_the_right_order(seed):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 9))
    scores, y, weight = (generator.integers(low, high, n) for low, high in ((0, 4), (0, 2), (0, 4)))
    pairs = [
        (weight[i] * weight[j], Fraction(2 * int(scores[i] > scores[j]) + int(scores[i] == scores[j]), 2))
        for i, j in product(range(n), range(n))
        if y[i] == 1 and y[j] == 0
    ]
    whole = sum(int(w) for w, _ in pairs)
    found = rank(scores / 4, y.astype(float), weight.astype(float))
    if not whole:
        assert np.isnan(found.auc)
    else:
        assert found.auc == float(sum(Fraction(int(w)) * part for w, part in pairs) / whole)


@pytest.mark.parametrize("levels", [None, 2, 7])
@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_scikit_learn(seed, levels):
    scores, y, weight = rows(seed, levels=levels)
    found = rank(scores, y, weight)
    kept = weight > 0  # theirs keeps thresholds at which only rows of weight 0 lie
    given = y[kept], scores[kept]
    fpr, tpr, thresholds = theirs.roc_curve(*given, sample_weight=weight[kept], drop_intermediate=False)
    for ours, truth in (
        (found.false_positive_rate, fpr),
        (found.true_positive_rate, tpr),
        (found.thresholds, thresholds),
    ):
        np.testing.assert_allclose(ours, truth, rtol=1e-12)
    precision, recall, _ = theirs.precision_recall_curve(*given, sample_weight=weight[kept])
    np.testing.assert_allclose(found.precision[::-1], precision, rtol=1e-12)
    np.testing.assert_allclose(found.recall[::-1], recall, rtol=1e-12)
    assert found.auc == pytest.approx(theirs.roc_auc_score(*given, sample_weight=weight[kept]), rel=1e-12)
    truth = theirs.average_precision_score(*given, sample_weight=weight[kept])
    assert found.average_precision == pytest.approx(truth, rel=1e-12)


def test_rankings_add_up_whatever_the_parts():
    scores, y, weight = rows(1, levels=30)
    whole, empty = rank(scores, y, weight), rank(np.zeros(0), np.zeros(0))
    parts = [rank(scores[i : i + 70], y[i : i + 70], weight[i : i + 70]) for i in range(0, 300, 70)]
    joined = sum(parts, empty)
    assert joined == whole  # weights are halves: their sums are exact
    assert whole + empty == whole


def test_a_share_counts_in_part_for_both_sides():
    """Seven of ten trials at one score are seven rows of the class there and three of the rest."""
    shares = rank(np.array([0.3, 0.8]), np.array([0.5, 0.7]), np.array([4.0, 10.0]))
    single = rank(np.repeat([0.3, 0.8], [4, 10]), np.repeat([0.0, 1.0, 0.0, 1.0], [2, 2, 3, 7]))
    np.testing.assert_allclose(shares.true_positives, single.true_positives, rtol=1e-15)
    np.testing.assert_allclose(shares.auc, single.auc, rtol=1e-15)


def test_without_one_of_the_classes_there_is_no_area():
    found = rank(np.array([0.1, 0.2]), np.ones(2))
    assert np.isnan(found.auc)
    assert np.isnan(found.false_positive_rate).all()
    assert found.average_precision == 1
    assert np.isnan(rank(np.array([0.1]), np.zeros(1)).average_precision)
