"""Ranking: how well a score puts one class before the rest: ROC, precision and recall at every threshold at once."""

from dataclasses import dataclass

import numpy as np

from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.values import Value, frozen_property


@numeric
@dataclass(frozen=True, eq=False)
class Ranking(Value):
    """Every distinct score with the weight of the class and of the rest there; `a + b` is the ranking of both tables' rows.

        AUC = (Σ over pairs of a row of the class and one of the rest: 1 where its score is larger, ½ where it is equal)
              / how many pairs there are; a pair counts the product of its weights

    Whatever asks for an order or a threshold follows from these numbers, without the rows.

    Args:
        scores: distinct, the largest first, shape (m,); margins where they are known, else probabilities.
        probabilities: predicted for the class at each of them, shape (m,).
        positives: the weight of the class at each, shape (m,).
        negatives: the weight of the rest, shape (m,).
        squares: the sum of the rows' squared weights, shape (m,).
        counts: how many rows there are, shape (m,).

    Example:
        >>> found = rank(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
        >>> found.auc, round(found.average_precision, 4)                # 3½ of 4 pairs
        (0.875, 0.8333)
        >>> found.false_positive_rate, found.true_positive_rate
        (array([0. , 0. , 0.5, 1. ]), array([0. , 0.5, 1. , 1. ]))

    Source: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), 861-874, algorithms 1 and 2;
    Hanley, McNeil, Radiology 143 (1982), 29-36.
    """

    scores: FloatArray
    probabilities: FloatArray
    positives: FloatArray
    negatives: FloatArray
    squares: FloatArray
    counts: FloatArray

    def __add__(self, other: "Ranking") -> "Ranking":
        parts = (
            np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("scores", "probabilities", "positives", "negatives", "squares", "counts")
        )
        return _merged(*parts)

    @property
    def thresholds(self) -> FloatArray:
        """Scores from which on a row is taken for the class: inf, where none is, then each distinct one, shape (m + 1,)."""
        return np.concatenate([[np.inf], self.scores])

    @frozen_property
    def true_positives(self) -> FloatArray:
        """The weight of the class at or above each threshold, shape (m + 1,)."""
        return _from_nothing(self.positives)

    @frozen_property
    def false_positives(self) -> FloatArray:
        """The weight of the rest at or above each threshold, shape (m + 1,)."""
        return _from_nothing(self.negatives)

    @property
    def true_positive_rate(self) -> FloatArray:
        """The share of the class at or above each threshold, its recall, shape (m + 1,); NaN where there is none of it."""
        return _of_last(self.true_positives)

    @property
    def false_positive_rate(self) -> FloatArray:
        """The share of the rest at or above each threshold, shape (m + 1,); NaN where there is no rest."""
        return _of_last(self.false_positives)

    @property
    def precision(self) -> FloatArray:
        """Of the weight at or above each threshold, the share of the class, shape (m + 1,); 1 where nothing is."""
        both = self.true_positives + self.false_positives
        return np.where(both > 0, self.true_positives / np.where(both > 0, both, 1.0), 1.0)

    recall = true_positive_rate

    @property
    def auc(self) -> float:
        """The area under the ROC curve: the share of pairs in the right order, ties half; NaN where a class is missing."""
        below = self.false_positives[-1] - self.false_positives[1:]
        pairs = self.true_positives[-1] * self.false_positives[-1]
        return float(self.positives @ (below + self.negatives / 2)) / float(pairs) if pairs > 0 else np.nan

    @property
    def average_precision(self) -> float:
        """Σ (recall_i - recall_{i-1})·precision_i, the area under the steps of precision over recall."""
        whole = self.true_positives[-1]
        return float(self.positives @ self.precision[1:]) / float(whole) if whole > 0 else np.nan

    @property
    def share(self) -> float:
        """The share of the class in the weight of all rows."""
        whole = self.true_positives[-1] + self.false_positives[-1]
        return float(self.true_positives[-1] / whole) if whole > 0 else np.nan


def rank(
    scores: FloatArray, y: FloatArray, weight: FloatArray | None = None, probabilities: FloatArray | None = None
) -> Ranking:
    """Return the ranking of some rows; those of weight 0 are absent.

    Args:
        scores: larger where the class is more likely, shape (n,).
        y: 1 for the class, 0 for the rest, or a share between them, shape (n,).
        weight: shape (n,), or None: 1 for each.
        probabilities: of the class, shape (n,); None where the scores are them.
    """
    w = np.ones(len(scores)) if weight is None else weight
    kept = w > 0
    p = scores if probabilities is None else probabilities
    s, p, y, w = scores[kept], p[kept], y[kept], w[kept]
    return _merged(s, p, w * y, w * (1 - y), w**2, np.ones(len(s)))


def _merged(
    scores: FloatArray,
    probabilities: FloatArray,
    positives: FloatArray,
    negatives: FloatArray,
    squares: FloatArray,
    counts: FloatArray,
) -> Ranking:
    """One entry for each distinct score, the largest first."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(ranked) else order
    if not len(ranked):
        return Ranking(scores, probabilities, positives, negatives, squares, counts)
    sums = (np.add.reduceat(values[order], first) for values in (positives, negatives, squares, counts))
    return Ranking(ranked[first], probabilities[order][first], *sums)


def _from_nothing(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(values)])


def _of_last(sums: FloatArray) -> FloatArray:
    return sums / sums[-1] if sums[-1] > 0 else np.full(len(sums), np.nan)
