"""Classification: how good predicted classes and their probabilities are, as a value that adds up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.calibration import Binning, Calibration, calibrate
from steepest.analysis.class_rows import (
    ClassRows,
    checked_margins,
    checked_probabilities,
    checked_weight,
    class_names,
    class_shares,
)
from steepest.analysis.confusion import Confusion, confuse
from steepest.analysis.ranking import Ranking, rank
from steepest.errors import DataError, Option, UsageError
from steepest.support.arguments import as_float, check_flag, check_text, shown
from steepest.support.looks import html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import join_names, number, percent, pluralize, shorten


@numeric
@dataclass(frozen=True, eq=False)
class Classification(Value):
    """How good predicted classes and probabilities are on some rows; `a + b` is that of both tables' rows.

        log-loss    = -Σ w·Σ_k y_k·log p_k / Σ w
        Brier score =  Σ w·Σ_k y_k·Σ_j (p_j - [j = k])² / Σ w          of two classes half of it, (p - y)²

    Made by `steepest.evaluate` of a run, or by `Classification.of` of what any model predicts. A row whose target is a share
    counts in part for each class.

    Args:
        target: what is predicted.
        classes: names of the K classes.
        threshold: of two classes, the probability above which the second is predicted; None of more, where the likeliest is.
        row_count: rows with a weight above 0.
        total_weight: W, the sum of their weights.
        log_losses: the sum of w·log-loss over rows.
        brier_scores: the sum of w·Brier score over rows.
        confusion: how often each class was taken for each.
        rankings: the order that the probabilities put rows in: of two classes that of the second against the first, of more
            each against the rest; empty where curves were not asked for.

    Source: Gneiting, Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007), 359-378.
    """

    target: str
    classes: tuple[str, ...]
    threshold: float | None
    row_count: int
    total_weight: float
    log_losses: float = field(repr=False)
    brier_scores: float = field(repr=False)
    confusion: Confusion = field(repr=False)
    rankings: tuple[Ranking, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        y: ArrayLike,
        probabilities: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        *,
        margins: ArrayLike | None = None,
        classes: Sequence[str] = (),
        threshold: float = 0.5,
        target: str = "target",
        curves: bool = True,
    ) -> "Classification":
        """Return how good the predictions of any model are.

        Args:
            y: of two classes 0 and 1 (or shares, or truth values), shape (n,); indicators of K classes, shape (n, K); or labels.
            probabilities: of the second of two classes, shape (n,), or of each, shape (n, K).
            weight: shape (n,), not negative; default: 1 for each row.
            margins: in place of probabilities: their log-odds, shape (n,), or scores whose softmax they are, shape (n, K).
                Log-loss from them is exact where a probability would be rounded to 0 or 1.
            classes: names of the classes in the order of the columns, as labels are written; default "0", "1" …
            threshold: of two classes, the probability above which the second is predicted.
            target: what is predicted, for the words.
            curves: whether to keep what ROC, AUC and calibration need: four numbers or so for each distinct probability.

        Raises:
            UsageError: neither probabilities nor margins are given, or both; the threshold or the names are out of range.
            DataError: shapes do not fit, or a value is out of range.

        Example:
            >>> found = Classification.of([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8], classes=["no", "yes"])
            >>> found
            Classification of 4 rows, target: classes no (2) and yes (2)
              log-loss 0.438905 (0.693147 where only the classes' shares are known); Brier score 0.1425
              above probability 0.5: accuracy 75%, balanced 75%; class yes: precision 100%, recall 50%, F1 0.6667
              AUC 0.875, average precision 0.8333; error of 10 calibration bins 0.125
                          predicted no  predicted yes
              actual no              2              0
              actual yes             1              1
        """
        check_flag("curves", curves)
        target = check_text("target", target)
        if (probabilities is None) == (margins is None):
            raise UsageError("give either " + Option("probabilities") + " or " + Option("margins") + ".")
        given = checked_margins(margins) if probabilities is None else checked_probabilities(probabilities)
        names = class_names(classes, 2 if given.ndim == 1 else given.shape[1])
        Y = class_shares(y, names)
        if len(Y) != len(given):
            raise DataError(f"y has {len(Y):,} rows and the predictions have {len(given):,}; each row needs both.")
        make = ClassRows.of_margins if probabilities is None else ClassRows.of_probabilities
        return classify(
            make(Y, given, checked_weight(weight, len(Y))), names, check_threshold(threshold), target, curves=curves
        )

    def __add__(self, other: "Classification") -> "Classification":
        if (self.classes, self.threshold) != (other.classes, other.threshold):
            raise UsageError(
                f"only results of the same classes and threshold add up; these are of {join_names(self.classes)} at {self.threshold} "
                f"and {join_names(other.classes)} at {other.threshold}."
            )
        both = zip(self.rankings, other.rankings, strict=False)
        return Classification(
            self.target,
            self.classes,
            self.threshold,
            self.row_count + other.row_count,
            self.total_weight + other.total_weight,
            self.log_losses + other.log_losses,
            self.brier_scores + other.brier_scores,
            self.confusion + other.confusion,
            tuple(a + b for a, b in both),
        )

    @property
    def log_loss(self) -> float:
        """The mean of -log(probability of the class that a row has); inf where one was said to be impossible."""
        return self.log_losses / self.total_weight if self.total_weight > 0 else np.nan

    @property
    def brier_score(self) -> float:
        """The mean squared error of the probabilities: of two classes (p - y)², of more the sum over classes."""
        return self.brier_scores / self.total_weight if self.total_weight > 0 else np.nan

    @property
    def null_log_loss(self) -> float:
        """The log-loss of predicting each class with its share in these rows, whatever the inputs."""
        shares = self.confusion.class_shares
        shares = shares[shares > 0]
        return float(-(shares @ np.log(shares))) if shares.size else np.nan

    @property
    def accuracy(self) -> float:
        """The share of the weight whose class is predicted."""
        return self.confusion.accuracy

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that occur."""
        return self.confusion.balanced_accuracy

    @property
    def auc(self) -> float:
        """The area under the ROC curve; of several classes the mean over those that occur, each against the rest."""
        return _mean([ranking.auc for ranking in self._curves()])

    @property
    def weighted_auc(self) -> float:
        """The same, each class counted by its share."""
        found = self._curves()
        return _mean([ranking.auc for ranking in found], [ranking.share for ranking in found])

    @property
    def average_precision(self) -> float:
        """The area under precision over recall; of several classes the mean over those that occur, each against the rest."""
        return _mean([ranking.average_precision for ranking in self._curves()])

    def calibration(
        self, bins: int = 10, by: Binning = "quantile", confidence: float = 0.95, of: str | None = None
    ) -> Calibration:
        """Return predicted probabilities in bins beside what happened.

        Args:
            bins: how many.
            by: "quantile", with as many rows in each, or "width", each as wide as the others.
            confidence: of the limits of each share.
            of: which class; default: the second of two. It must be named where there are more.

        Raises:
            UsageError: the class is unknown, or an argument is outside its range.
        """
        return calibrate(self.ranking(of), bins, by, confidence)

    def ranking(self, of: str | None = None) -> Ranking:
        """Return the order that the probabilities of a class put rows in: its ROC and precision-recall curves.

        Args:
            of: which class; default: the second of two. It must be named where there are more.

        Raises:
            UsageError: the class is unknown, or curves were not asked for.
        """
        curves = self._curves()
        ranked = self.classes if len(self.classes) > 2 else self.classes[1:]
        if of is None and len(ranked) == 1:
            return curves[0]
        if of is None:
            raise UsageError(
                f"a curve is of one class, and there are {len(ranked)}: {join_names(ranked)}.",
                f"name one of them, of={ranked[-1]!r} for example",
            )
        if not isinstance(of, str) or of not in ranked:
            raise UsageError(f"a curve is of one class, {join_names(ranked)}; got {shown(of)}.")
        return curves[ranked.index(of)]

    def _curves(self) -> tuple[Ranking, ...]:
        if not self.rankings:
            raise UsageError(
                "these rows were added up without curves.", "ask for them (" + Option("curves", True) + ")"
            )
        return self.rankings

    def _told(self) -> Iterator[str]:
        weights = self.confusion.matrix.sum(axis=1)
        parts = [
            f"{shorten(name, 16)} ({number(float(w), 4)})" for name, w in zip(self.classes[:4], weights, strict=False)
        ]
        more = [f"{len(self.classes) - 4} more"] if len(self.classes) > 4 else []
        yield f" of {pluralize(self.row_count, 'row')}, {shorten(self.target, 24)}: classes {join_names([*parts, *more])}"
        yield from self.lines()

    def lines(self) -> Iterator[str]:
        """What a terminal prints: the measures in words, then the confusion matrix."""
        null = f"{number(self.null_log_loss)} where only the classes' shares are known"
        yield f"log-loss {number(self.log_loss)} ({null}); Brier score {number(self.brier_score)}"
        balanced = f"accuracy {_percent(self.accuracy)}, balanced {_percent(self.balanced_accuracy)}"
        if self.threshold is None:
            yield balanced
        else:
            two = self.confusion
            precision, recall, f1 = float(two.precision[1]), float(two.recall[1]), float(two.f1[1])
            name = shorten(self.classes[1], 16)
            measures = f"class {name}: precision {_percent(precision)}, recall {_percent(recall)}, F1 {_number(f1)}"
            yield f"above probability {number(self.threshold, 4)}: {balanced}; {measures}"
        if self.rankings:
            rest = " of each class against the rest" if self.threshold is None else ""
            error = (
                ""
                if self.threshold is None
                else f"; error of 10 calibration bins {number(self.calibration().error, 4)}"
            )
            order = f"AUC{rest} {_number(self.auc)}, average precision {_number(self.average_precision)}"
            yield f"{f'no AUC, since {alone}' if (alone := self._alone) else order}{error}"
        yield from self.confusion.lines()

    @property
    def _alone(self) -> str:
        """Say that one class alone has rows, so that none is told from another; empty where more have."""
        there = np.flatnonzero(self.confusion.matrix.sum(axis=1))
        if len(there) != 1:
            return ""
        return f"all rows are of class {shorten(self.classes[there[0]], 16)} and there is no pair to put in order"

    def _repr_html_(self) -> str:
        table, notes = self.confusion, list(self.lines())[: -len(self.confusion.lines())]
        header = ("", *(f"predicted {shorten(name)}" for name in self.classes), "precision", "recall", "F1")
        rows = [
            (
                f"actual {shorten(name)}",
                *(number(float(value)) for value in row),
                *(_percent(float(x)) for x in measures),
            )
            for name, row, *measures in zip(
                self.classes, table.matrix, table.precision, table.recall, table.f1, strict=True
            )
        ]
        caption = f"{shorten(self.target)}: {pluralize(self.row_count, 'row')}"
        return html_table(caption, header, rows, notes)


def classify(
    rows: ClassRows, classes: tuple[str, ...], threshold: float, target: str, *, curves: bool = True
) -> Classification:
    """Return how good the probabilities of some rows are.

    Args:
        rows: with their weights.
        classes: names of the classes.
        threshold: of two classes; not asked of more.
        target: what is predicted.
        curves: whether to keep the rankings.
    """
    K, Y, p = len(classes), rows.Y, rows.probabilities
    predicted = (p[:, 1] > threshold).astype(np.intp) if K == 2 else p.argmax(axis=1)
    ranked = range(1, 2) if K == 2 else range(K)
    return Classification(
        target,
        classes,
        threshold if K == 2 else None,
        len(Y),
        float(rows.weight.sum()),
        float(rows.weight @ rows.log_losses()),
        float(rows.weight @ rows.brier_scores()),
        confuse(classes, Y, predicted, rows.weight),
        tuple(rank(rows.scores[:, j], Y[:, j], rows.weight, p[:, j]) for j in ranked) if curves else (),
    )


def check_threshold(threshold: object) -> float:
    """Return a threshold; raise UsageError where it is none of 0 to 1."""
    if not 0 <= as_float(threshold) <= 1:
        raise UsageError(Option("threshold") + f" is a probability from 0 to 1; got {shown(threshold)}.")
    return as_float(threshold)


def _mean(values: Sequence[float], shares: Sequence[float] | None = None) -> float:
    """The mean of those that are numbers, weighted by shares or not."""
    numbers = np.array(values)
    known = ~np.isnan(numbers)
    weights = np.ones(len(numbers)) if shares is None else np.array(shares)
    return float(np.average(numbers[known], weights=weights[known])) if known.any() else np.nan


def _number(value: float) -> str:
    """A measure, or that there is none."""
    return "none" if np.isnan(value) else number(value, 4)


def _percent(share: float) -> str:
    """A share with one more digit than `percent` has: accuracies differ in the third."""
    return "none" if np.isnan(share) else percent(share) if share < 0.01 else f"{100 * share:.3g}%"
