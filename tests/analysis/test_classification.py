"""Measures of classes against scikit-learn's, and the laws that they keep."""

import math
import warnings

import numpy as np
import pytest
import scipy.special
import sklearn.metrics as theirs

from steepest.analysis.classification import Classification
from steepest.analysis.confusion import Confusion
from steepest.errors import DataError, UsageError


def two(seed, n=200):
    """Margins of two classes with ties, classes that follow them, and weights with zeros."""
    generator = np.random.default_rng(seed)
    margins = generator.normal(0, 2, n).round(1)
    y = (generator.random(n) < scipy.special.expit(margins)).astype(float)
    return margins, y, generator.integers(0, 5, n) * 0.37


def several(seed, n=200, K=4):
    generator = np.random.default_rng(seed)
    margins = generator.normal(0, 1.5, (n, K)).round(1)
    labels = (margins + generator.gumbel(size=(n, K))).argmax(axis=1)
    return margins, labels, generator.integers(0, 5, n) * 0.37


@pytest.mark.parametrize("seed", range(8))
def test_two_classes_have_scikit_learns_measures(seed):
    margins, y, weight = two(seed)
    p, threshold = scipy.special.expit(margins), 0.5 if seed % 2 else 0.3
    found = Classification.of(y, p, weight, threshold=threshold)
    predicted, given = (p > threshold).astype(float), {"sample_weight": weight}
    truths = {
        "log_loss": theirs.log_loss(y, p, **given),
        "brier_score": theirs.brier_score_loss(y, p, **given),
        "accuracy": theirs.accuracy_score(y, predicted, **given),
        "balanced_accuracy": theirs.balanced_accuracy_score(y, predicted, **given),
        "auc": theirs.roc_auc_score(y, p, **given),
        "average_precision": theirs.average_precision_score(y, p, **given),
    }
    for name, truth in truths.items():
        assert getattr(found, name) == pytest.approx(truth, rel=1e-12), name
    np.testing.assert_allclose(
        found.confusion.matrix, theirs.confusion_matrix(y, predicted, **given), rtol=1e-12, atol=1e-12
    )
    for name, measure in (
        ("precision", theirs.precision_score),
        ("recall", theirs.recall_score),
        ("f1", theirs.f1_score),
    ):
        truth = measure(y, predicted, average=None, **given)
        np.testing.assert_allclose(getattr(found.confusion, name), truth, rtol=1e-12)
    of_margins = Classification.of(y, margins=margins, weight=weight, threshold=threshold)
    for name in truths:
        assert getattr(of_margins, name) == pytest.approx(truths[name], rel=1e-12), name


@pytest.mark.parametrize("seed", range(6))
def test_several_classes_have_scikit_learns_measures(seed):
    margins, labels, weight = several(seed)
    p = scipy.special.softmax(margins, axis=1)
    found = Classification.of(np.eye(4)[labels], p, weight)
    kept = weight > 0
    given = {"sample_weight": weight[kept]}
    labels, p, predicted = labels[kept], p[kept], p[kept].argmax(axis=1)
    truths = {
        "log_loss": theirs.log_loss(labels, p, **given),
        "brier_score": theirs.brier_score_loss(labels, p, labels=range(4), **given),
        "accuracy": theirs.accuracy_score(labels, predicted, **given),
        "balanced_accuracy": theirs.balanced_accuracy_score(labels, predicted, **given),
        "auc": theirs.roc_auc_score(labels, p, multi_class="ovr", **given),
        "weighted_auc": theirs.roc_auc_score(labels, p, multi_class="ovr", average="weighted", **given),
    }
    for name, truth in truths.items():
        assert getattr(found, name) == pytest.approx(truth, rel=1e-12), name
    np.testing.assert_allclose(found.confusion.matrix, theirs.confusion_matrix(labels, predicted, **given), rtol=1e-12)
    of_margins = Classification.of(labels, margins=margins[kept], weight=weight[kept])
    assert of_margins.log_loss == pytest.approx(truths["log_loss"], rel=1e-12)
    assert of_margins.confusion == found.confusion


def test_margins_keep_the_log_loss_where_a_probability_is_rounded():
    sure, far = np.array([800.0, -800.0]), np.array([40.0, -50.0])
    assert Classification.of([0, 1], margins=sure).log_loss == 800
    assert Classification.of([1, 0], margins=far).log_loss == pytest.approx(
        (math.exp(-40) + math.exp(-50)) / 2, rel=1e-12
    )
    assert Classification.of([1, 0], margins=far).brier_score == pytest.approx(
        (math.exp(-80) + math.exp(-100)) / 2, rel=1e-12
    )
    assert Classification.of([0, 1], [1.0, 0.0]).log_loss == math.inf
    assert Classification.of([1, 0], [1.0, 0.0]).log_loss == 0
    three = np.array([[800.0, 0.0, 0.0], [0.0, 0.0, -800.0]])
    assert Classification.of(np.eye(3)[[1, 2]], margins=three).log_loss == pytest.approx((800 + 800 + math.log(2)) / 2)


def test_results_of_parts_add_up_to_that_of_the_whole():
    margins, y, weight = two(3)
    whole = Classification.of(y, margins=margins, weight=weight)
    first, second = (
        Classification.of(y[rows], margins=margins[rows], weight=weight[rows])
        for rows in (slice(0, 77), slice(77, None))
    )
    both = first + second
    assert both.row_count == whole.row_count == np.count_nonzero(weight)
    for name in ("log_loss", "brier_score", "accuracy", "balanced_accuracy", "auc", "average_precision"):
        assert getattr(both, name) == pytest.approx(getattr(whole, name), rel=1e-13), name
    assert both.calibration().error == pytest.approx(whole.calibration().error, rel=1e-12)
    with pytest.raises(UsageError, match="same classes and threshold"):
        first + Classification.of(y, margins=margins, threshold=0.3)


def test_a_share_is_that_part_of_each_class():
    share = Classification.of([0.7, 0.25], [0.6, 0.1], [10.0, 4.0])
    single = Classification.of(
        np.repeat([1.0, 0.0, 1.0, 0.0], [7, 3, 1, 3]), np.repeat([0.6, 0.6, 0.1, 0.1], [7, 3, 1, 3])
    )
    for name in ("log_loss", "brier_score", "accuracy", "auc", "average_precision", "null_log_loss"):
        assert getattr(share, name) == pytest.approx(getattr(single, name), rel=1e-14), name


def test_shares_of_several_classes_are_rows_of_each():
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    share = Classification.of([[0.1, 0.4, 0.5], [0.5, 0.5, 0.0]], p, [10.0, 2.0])
    single = Classification.of(np.repeat([0, 1, 2, 0, 1], [1, 4, 5, 1, 1]), np.repeat(p, [10, 2], axis=0))
    for name in ("log_loss", "brier_score", "accuracy", "auc", "average_precision", "null_log_loss"):
        assert getattr(share, name) == pytest.approx(getattr(single, name), rel=1e-14), name


def test_labels_are_found_by_their_names():
    p = np.array([0.2, 0.7, 0.9])
    found = Classification.of(["no", "yes", "yes"], p, classes=("no", "yes"))
    assert found == Classification.of([0, 1, 1], np.column_stack([1 - p, p]), classes=("no", "yes"))
    of_three = Classification.of([2.0, 0.0], [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    assert of_three.accuracy == 1
    with pytest.raises(DataError, match="y holds 'maybe', which is none of the classes no and yes"):
        Classification.of(["maybe"], [0.5], classes=("no", "yes"))
    with pytest.raises(DataError, match="y of two classes is 0 or 1"):
        Classification.of([1, 2], [0.5, 0.5])


def test_a_class_that_never_occurs_or_is_never_predicted_has_no_measure():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Classification.of([0, 0], [0.1, 0.2])
        assert np.isnan(found.confusion.precision[1])
        assert np.isnan(found.confusion.recall[1])
        assert np.isnan(found.auc)
        assert (found.accuracy, found.balanced_accuracy, found.null_log_loss) == (1, 1, 0)
        assert "precision none" in repr(found)
        empty = Classification.of([], [])
        assert empty.row_count == 0
        assert np.isnan(empty.log_loss)
        assert np.isnan(empty.accuracy)
        assert (found + empty).log_loss == found.log_loss


def test_a_class_that_does_not_occur_has_no_part_in_a_mean():
    margins, labels, _ = several(2)
    there = labels < 3
    found = Classification.of(np.eye(4)[labels[there]], margins=margins[there])
    p = scipy.special.softmax(margins[there], axis=1)
    each = [theirs.roc_auc_score(labels[there] == k, p[:, k]) for k in range(3)]
    assert found.auc == pytest.approx(np.mean(each), rel=1e-12)
    assert found.weighted_auc == pytest.approx(np.average(each, weights=np.bincount(labels[there])), rel=1e-12)
    assert np.isnan(found.ranking("3").auc)


def test_curves_of_several_classes_are_asked_for_by_name():
    margins, labels, _ = several(0)
    found = Classification.of(np.eye(4)[labels], margins=margins, classes=("a", "b", "c", "d"), threshold=0.9)
    assert found.threshold is None
    one = theirs.roc_auc_score(labels == 2, scipy.special.softmax(margins, axis=1)[:, 2])
    assert found.ranking("c").auc == pytest.approx(one, rel=1e-12)
    assert len(found.calibration(5, of="c").observed) == 5
    with pytest.raises(
        UsageError, match=r"a curve is of one class, and there are 4: a, b, c and d\. Name one of them, of='d'"
    ):
        found.ranking()
    without = Classification.of(labels, margins=margins, curves=False)
    with pytest.raises(UsageError, match="added up without curves"):
        _ = without.auc
    assert "AUC" not in repr(without)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"probabilities": None}, "give either probabilities or margins"),
        ({"margins": [0.0, 1.0]}, "give either probabilities or margins"),
        ({"probabilities": [0.5, 1.5]}, "between 0 and 1; row 1"),
        ({"probabilities": [0.5]}, "y has 2 rows and the predictions have 1"),
        ({"probabilities": [[0.2, 0.2, 0.2]] * 2}, "of a row sum to 1"),
        ({"threshold": 2}, "threshold is a probability from 0 to 1; got 2"),
        ({"weight": [1.0, -1.0]}, "weight holds a number, 0 or larger"),
        ({"classes": ("a", "a")}, "classes are 2 different names"),
    ],
)
def test_what_is_wrong_is_said(changed, message):
    given = {"y": [0, 1], "probabilities": [0.2, 0.7], **changed}
    with pytest.raises((UsageError, DataError), match=message):
        Classification.of(**given)


def test_the_confusion_matrix_is_shown_with_its_classes():
    found = Confusion(("<b>", "no"), np.array([[1.0, 2.0], [3.5, 4.0]]))
    lines = [
        "            predicted <b>  predicted no",
        "actual <b>              1             2",
        "actual no             3.5             4",
    ]
    assert str(found).split("\n") == lines
    assert repr(found).split("\n  ") == ["Confusion of 2 classes, weight 10.5", *lines]
    assert "&lt;b&gt;" in found._repr_html_()
    with pytest.raises(UsageError, match="same classes"):
        found + Confusion(("a", "b"), np.zeros((2, 2)))
