"""Confusion: how often each class was taken for each other one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.support.arrays import FloatArray
from steepest.support.looks import html_table
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import join_names, number, shorten, table

MOST_CLASSES = 6  # that a table of text shows


@numeric
@dataclass(frozen=True, eq=False)
class Confusion(Value):
    """How much weight of each class was predicted as each class; `str()` is the table, and `a + b` that of both tables.

        matrix[j, k] = Σ w·y_j·[predicted class = k]

    Args:
        classes: names of the K classes.
        matrix: shape (K, K), a row for each actual class, a column for each predicted one.

    What has nothing to be computed from is NaN: the precision of a class that is never predicted, the recall of one that never
    occurs.

    Example:
        >>> found = Confusion(("no", "yes"), np.array([[50.0, 10.0], [5.0, 35.0]]))
        >>> print(found)
                    predicted no  predicted yes
        actual no             50             10
        actual yes             5             35
        >>> found.accuracy, round(found.balanced_accuracy, 4), found.precision.round(4), found.recall.round(4)
        (0.85, 0.8542, array([0.9091, 0.7778]), array([0.8333, 0.875 ]))

    Source: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), 861-874, section 2.
    """

    classes: tuple[str, ...]
    matrix: FloatArray

    def __add__(self, other: "Confusion") -> "Confusion":
        if self.classes != other.classes:
            raise UsageError(
                f"only tables of the same classes add up; these have {join_names(self.classes)} and {join_names(other.classes)}."
            )
        return Confusion(self.classes, self.matrix + other.matrix)

    @property
    def total(self) -> float:
        """The weight of all rows."""
        return float(self.matrix.sum())

    @property
    def accuracy(self) -> float:
        """The share of the weight whose class is predicted."""
        return _share(float(np.trace(self.matrix)), self.total)

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that occur: each class counts the same, however rare."""
        recall = self.recall[self.matrix.sum(axis=1) > 0]
        return float(recall.mean()) if recall.size else np.nan

    @property
    def precision(self) -> FloatArray:
        """Of what is predicted as a class, the share that is, shape (K,)."""
        return _shares(np.diag(self.matrix), self.matrix.sum(axis=0))

    @property
    def recall(self) -> FloatArray:
        """Of a class, the share that is predicted as it, shape (K,)."""
        return _shares(np.diag(self.matrix), self.matrix.sum(axis=1))

    @property
    def f1(self) -> FloatArray:
        """The harmonic mean of precision and recall of each class, 2·TP / (2·TP + FP + FN), shape (K,)."""
        return _shares(2 * np.diag(self.matrix), self.matrix.sum(axis=0) + self.matrix.sum(axis=1))

    @property
    def class_shares(self) -> FloatArray:
        """The share of each class in the weight of all rows, shape (K,)."""
        return _shares(self.matrix.sum(axis=1), np.full(len(self.classes), self.total))

    def _told(self) -> Iterator[str]:
        yield f" of {len(self.classes)} classes, weight {number(self.total)}"
        yield from self.lines()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The table in lines of text, of many classes the first."""
        shown = [shorten(name, 16) for name in self.classes[:MOST_CLASSES]]
        rows = [
            [f"actual {name}", *(number(float(value)) for value in row[: len(shown)])]
            for name, row in zip(shown, self.matrix, strict=False)
        ]
        return [line[2:] for line in table(["", *(f"predicted {name}" for name in shown)], rows).split("\n")]

    def _repr_html_(self) -> str:
        header = ("", *(f"predicted {shorten(name)}" for name in self.classes))
        rows = [
            (f"actual {shorten(name)}", *(number(float(value)) for value in row))
            for name, row in zip(self.classes, self.matrix, strict=True)
        ]
        return html_table("Confusion matrix", header, rows)


def confuse(classes: Sequence[str], Y: FloatArray, predicted: NDArray[np.intp], weight: FloatArray) -> Confusion:
    """Return the table of some rows.

    Args:
        classes: names of the K classes.
        Y: the share of each class in a row, shape (n, K): 1 for its class, 0 for the others.
        predicted: the number of the class that is predicted, shape (n,).
        weight: shape (n,).
    """
    K = len(classes)
    rows = [np.bincount(predicted, weights=weight * Y[:, j], minlength=K).astype(np.float64) for j in range(K)]
    return Confusion(tuple(classes), np.stack(rows))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan


def _shares(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """Parts over wholes, NaN where there is no whole."""
    return np.where(wholes > 0, parts / np.where(wholes > 0, wholes, 1.0), np.nan)
