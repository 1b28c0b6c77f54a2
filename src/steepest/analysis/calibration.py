"""Calibration: whether what is predicted with probability p happens in a share p of cases."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy.special

from steepest.analysis.ranking import Ranking
from steepest.errors import Option, UsageError
from steepest.support.arguments import as_float, as_int, check_kind, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import number, pluralize

Binning = Literal["quantile", "width"]
MOST_BINS = 1000


@numeric
@dataclass(frozen=True, eq=False)
class Calibration(Value):
    """Bins of predicted probabilities beside what happened in them; empty bins are left out.

        expected calibration error = Σ_b W_b/W·|predicted_b - observed_b|

    Args:
        edges: of all bins, shape (bins + 1,); a bin holds its upper edge, the first one both.
        predicted: the mean probability in each bin, shape (b,).
        observed: the share of the class in it, shape (b,).
        lower: lower limits of that share by Wilson's interval, shape (b,).
        upper: upper limits, shape (b,).
        counts: rows in each bin, shape (b,).
        weights: their weight, shape (b,).
        confidence: of the limits.

    Of rows with unequal weights the limits are those of (Σ w)²/Σ w² rows, Kish's effective number.

    Source: Niculescu-Mizil, Caruana, "Predicting good probabilities with supervised learning", ICML 2005; Wilson, JASA 22
    (1927), 209-212; Naeini, Cooper, Hauskrecht, AAAI 2015 (the error); Kish, "Survey Sampling", 1965, section 11.7.
    """

    edges: FloatArray
    predicted: FloatArray
    observed: FloatArray
    lower: FloatArray
    upper: FloatArray
    counts: FloatArray
    weights: FloatArray
    confidence: float = 0.95

    @property
    def error(self) -> float:
        """The expected calibration error."""
        whole = float(self.weights.sum())
        return float(self.weights @ np.abs(self.predicted - self.observed)) / whole if whole > 0 else np.nan

    def _told(self) -> Iterator[str]:
        yield f" in {pluralize(len(self.predicted), 'bin')}: expected error {number(self.error, 4)}"
        pairs = zip(self.predicted[:8], self.observed, strict=False)
        yield "predicted: observed  " + ", ".join(f"{p:.3f}: {y:.3f}" for p, y in pairs)

    def _repr_html_(self) -> str:
        header = ("predicted", "observed", "lower", "upper", "rows")
        columns = (self.predicted, self.observed, self.lower, self.upper)
        rows = [
            (*(f"{value:.4f}" for value in values), f"{int(count):,}")
            for *values, count in zip(*columns, self.counts, strict=True)
        ]
        return html_table(f"Calibration, expected error {number(self.error, 4)}", header, rows, left=0)


@numeric
def calibrate(ranking: Ranking, bins: int = 10, by: Binning = "quantile", confidence: float = 0.95) -> Calibration:
    """Return the calibration of a ranking's probabilities.

    Args:
        ranking: the probabilities with what happened at each.
        bins: how many.
        by: "quantile", with as many rows in each bin, or "width", each as wide as the others.
        confidence: of the limits of each share, between 0 and 1.

    Raises:
        UsageError: an argument is outside its range.

    Example:
        >>> from steepest.analysis.ranking import rank
        >>> p = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
        >>> found = calibrate(rank(p, np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])), bins=2)
        >>> found.predicted.round(12), found.observed.round(4), round(found.error, 12)
        (array([0.2, 0.8]), array([0.3333, 1.    ]), 0.166666666667)
    """
    check_kind("ranking", ranking, Ranking)
    check_word("by", by, get_args(Binning))
    if not 1 <= (as_int(bins) or 0) <= MOST_BINS:
        raise UsageError(Option("bins") + f" is a whole number from 1 to {MOST_BINS:,}; got {shown(bins)}.")
    if not 0 < as_float(confidence) < 1:
        raise UsageError(Option("confidence") + f" is between 0 and 1; got {shown(confidence)}.")
    edges = _edges(ranking, int(bins), by)
    place = np.searchsorted(edges[1:-1], ranking.probabilities)
    sums = (
        np.bincount(place, weights=values, minlength=int(bins))
        for values in (
            ranking.positives + ranking.negatives,
            (ranking.positives + ranking.negatives) * ranking.probabilities,
            ranking.positives,
            ranking.squares,
            ranking.counts,
        )
    )
    weights, predicted, positives, squares, counts = (values[_filled(place, int(bins))] for values in sums)
    observed = np.minimum(positives / weights, 1.0)
    lower, upper = wilson(observed, weights**2 / squares, confidence)
    return Calibration(edges, predicted / weights, observed, lower, upper, counts, weights, float(confidence))


def wilson(share: FloatArray, n: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's limits of shares that n rows each have: where (share - limit)² = z²·limit·(1 - limit)/n.

    Example:
        >>> lower, upper = wilson(np.array([0.0, 0.5]), np.array([10.0, 10.0]), 0.95)
        >>> lower.round(4), upper.round(4)
        (array([0.    , 0.2366]), array([0.2775, 0.7634]))
    """
    z = float(scipy.special.ndtri((1 + confidence) / 2))
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    whole = 1 + z**2 / n
    lower = np.where(share > 0, (middle - half) / whole, 0.0)
    upper = np.where(share < 1, (middle + half) / whole, 1.0)
    return np.clip(lower, 0.0, share), np.clip(upper, share, 1.0)


def _edges(ranking: Ranking, bins: int, by: Binning) -> FloatArray:
    if by == "width" or not len(ranking.scores):
        return np.linspace(0.0, 1.0, bins + 1)
    rows = np.repeat(ranking.probabilities, ranking.counts.astype(np.int64))
    return np.quantile(rows, np.linspace(0.0, 1.0, bins + 1))


def _filled(place: np.ndarray, bins: int) -> np.ndarray:
    """Which bins hold a row."""
    return np.bincount(place, minlength=bins) > 0
