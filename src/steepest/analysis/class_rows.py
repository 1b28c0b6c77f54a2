"""Class rows: classes and their predicted probabilities, whatever form they come in, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from steepest.data.inputs import is_frame
from steepest.data.sources.matrices import as_matrix, is_sparse
from steepest.errors import DataError, UsageError
from steepest.support.arguments import check_names, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names

SUM = 1e-6  # by which the probabilities of a row may miss 1: those of float32 do


@dataclass(frozen=True, eq=False)
class ClassRows:
    """Rows of K classes, those of weight 0 left out.

    Args:
        Y: the share of each class in a row, shape (n, K): 1 for its class, 0 for the others.
        probabilities: predicted for each class, shape (n, K).
        log_probabilities: their logarithms, shape (n, K); -inf where a probability is 0.
        scores: what the rows are ranked by for each class, shape (n, K): margins of two classes, else probabilities.
        weight: shape (n,).
    """

    Y: FloatArray
    probabilities: FloatArray
    log_probabilities: FloatArray
    scores: FloatArray
    weight: FloatArray

    @classmethod
    def of_margins(cls, Y: FloatArray, margins: FloatArray, weight: FloatArray) -> "ClassRows":
        """Return the rows from their margins, shape (n,) of two classes or (n, K): no logarithm of 0 is ever taken.

        two classes:  p = 1/(1 + e^-m)                log p = -log(1 + e^-m)
        K classes:    p_k = e^m_k / Σ_j e^m_j         log p_k = m_k - log Σ_j e^m_j
        """
        if margins.ndim == 1:
            both = np.column_stack([-margins, margins])
            return cls._kept(Y, scipy.special.expit(both), -np.logaddexp(0, -both), both, weight)
        logs = margins - scipy.special.logsumexp(margins, axis=1, keepdims=True)
        p = np.exp(logs)
        return cls._kept(Y, p, logs, p, weight)

    @classmethod
    def of_probabilities(cls, Y: FloatArray, p: FloatArray, weight: FloatArray) -> "ClassRows":
        """Return the rows from probabilities, shape (n,) of class 1 of two, or (n, K)."""
        if p.ndim == 1:
            both = np.column_stack([1 - p, p])
            logs = np.column_stack([np.log1p(-p), np.log(p)])
            return cls._kept(Y, both, logs, np.column_stack([-p, p]), weight)
        return cls._kept(Y, p, np.log(p), p, weight)

    def log_losses(self) -> FloatArray:
        """-Σ_k y_k·log p_k of each row, where 0·log 0 is 0, shape (n,)."""
        there = self.Y > 0
        return np.asarray(-(self.Y * np.where(there, self.log_probabilities, 0.0)).sum(axis=1))

    def brier_scores(self) -> FloatArray:
        """Σ_k y_k·Σ_j (p_j - [j = k])² of each row, half of it for two classes, without digits that cancel, shape (n,)."""
        Y, p = self.Y, self.probabilities
        if p.shape[1] == 2:
            return np.asarray((Y * p[:, ::-1] ** 2).sum(axis=1))
        return np.asarray(((p - Y) ** 2).sum(axis=1) + (Y * (1 - Y)).sum(axis=1))

    @classmethod
    def _kept(cls, *parts: FloatArray) -> "ClassRows":
        kept = parts[-1] > 0
        return cls(*parts) if kept.all() else cls(*(part[kept] for part in parts))


def checked_probabilities(given: Any) -> FloatArray:
    """Return probabilities of two classes as those of class 1, shape (n,), of more as (n, K).

    Raises:
        DataError: one is outside 0 to 1, or those of a row do not sum to 1.
    """
    p = columns(given, "probabilities")
    if ((p < 0) | (p > 1)).any():
        row = int(np.argmax(((p < 0) | (p > 1)).any(axis=1)))
        raise DataError(f"probabilities are between 0 and 1; row {row:,} (counted from 0) has {p[row].tolist()[:6]}.")
    if p.shape[1] == 1:
        return p[:, 0]
    sums = p.sum(axis=1)
    if (np.abs(sums - 1) > SUM).any():
        row = int(np.argmax(np.abs(sums - 1) > SUM))
        raise DataError(
            f"probabilities of a row sum to 1; those of row {row:,} (counted from 0) sum to {sums[row]:.6g}. "
            "Give one column for two classes, the probability of the second, or one for each class."
        )
    return p[:, 1] if p.shape[1] == 2 else p


def checked_margins(given: Any) -> FloatArray:
    """Return margins, shape (n,) of two classes or (n, K)."""
    margins = columns(given, "margins")
    return margins[:, 0] if margins.shape[1] == 1 else margins


def checked_weight(given: Any, n: int) -> FloatArray:
    """Return weights, shape (n,); 1 for each row where none are given.

    Raises:
        DataError: there are others than n, or one is negative.
    """
    if given is None:
        return np.ones(n)
    weight = columns(given, "weight")
    if weight.shape != (n, 1) or (weight < 0).any():
        raise DataError(f"weight holds a number, 0 or larger, for each of the {n:,} rows; got {shown(given)}.")
    return weight[:, 0]


def columns(given: Any, name: str) -> FloatArray:
    """Return numbers as columns, shape (n, columns): one of shape (n,) as (n, 1)."""
    if not isinstance(given, (np.ma.MaskedArray, np.matrix)) and not is_frame(given) and not is_sparse(given):
        try:
            array = np.asarray(given)
        except ValueError:  # said below in words
            array = np.zeros(())
        given = array[:, None] if array.ndim == 1 else given
    return as_matrix(given, name).astype(np.float64)


def class_names(classes: Any, K: int) -> tuple[str, ...]:
    """Return the names of K classes, "0", "1" … where nobody gave any.

    Raises:
        UsageError: there are other than K names, or two are the same.
    """
    names = check_names("classes", classes)
    if not names:
        return tuple(map(str, range(K)))
    if len(names) != K or len(set(names)) != K:
        raise UsageError(f"classes are {K} different names, one for each class; got {shown(classes)}.")
    return names


def class_shares(y: Any, classes: Sequence[str]) -> FloatArray:
    """Return the share of each class in every row, shape (n, K).

    Args:
        y: of two classes 0 and 1 or shares between them, shape (n,); shares of K classes, shape (n, K); or labels.
        classes: the names of the K classes, as the labels are written.

    Raises:
        DataError: a value is none of these.
    """
    K, values = len(classes), as_matrix(y, "y") if isinstance(y, np.ma.MaskedArray) else np.asarray(y)
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if flat.ndim == 1 and (flat.dtype.kind in "OUST" or K > 2):
        return _of_labels(flat, classes)
    shares = as_matrix(y, "y").astype(np.float64)
    if shares.shape[1] == 1 and K == 2:
        if ((shares < 0) | (shares > 1)).any():
            raise DataError(
                "y of two classes is 0 or 1, a share between them, or the classes' names; "
                f"got {float(shares[(shares < 0) | (shares > 1)][0]):g}."
            )
        return np.column_stack([1 - shares[:, 0], shares[:, 0]])
    if shares.shape[1] != K:
        raise DataError(f"y has a column for each of {K} classes, or one of labels; got the shape {shares.shape}.")
    if (shares < 0).any() or (np.abs(shares.sum(axis=1) - 1) > SUM).any():
        raise DataError("y of several columns holds 0 and 1, or shares, that sum to 1 in every row; these do not.")
    return shares


def _of_labels(values: np.ndarray, classes: Sequence[str]) -> FloatArray:
    place = {name: j for j, name in enumerate(classes)}
    names = [_label(value) for value in values.tolist()]
    unknown = next((name for name in names if name not in place), None)
    if unknown is not None:
        raise DataError(f"y holds {shown(unknown)}, which is none of the classes {join_names(list(classes))}.")
    return np.eye(len(classes))[[place[name] for name in names]] if names else np.zeros((0, len(classes)))


def _label(value: object) -> str:
    """A label as text: a whole number without its point, whatever type holds it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else str(value)
