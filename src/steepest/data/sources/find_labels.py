"""Find labels: which labels a target holds, in a table's column or beside an array, before any pass over the rows."""

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.coding import UNSEEN
from steepest.data.inputs import is_frame
from steepest.data.sources.connection import quoted
from steepest.data.sources.label_sql import label_text
from steepest.data.sources.labels import (
    MOST_BY_ITSELF,
    MOST_LABELS,
    MOST_NUMBERS,
    OF_CLASSES,
    check_count,
    ordered,
)
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import Relation
from steepest.data.sources.request import Request
from steepest.data.sources.roles import BOOLEAN, CATEGORIES, LIKE_A_NUMBER, is_number, refuse_odd_levels
from steepest.errors import DataError, DataTypeError, MissingValuesError
from steepest.support.arrays import FloatArray
from steepest.support.words import there_are


def target_labels(relation: Relation, types: dict[str, str], request: Request) -> tuple[str, tuple[str, ...]]:
    """Return the loss of classes for a table's only target, and its labels; none where it holds numbers.

    Args:
        relation: the table.
        types: DuckDB's types of its columns; a number's for texts that are read as numbers.
        request: with the loss, and a coding that may know the labels.

    Raises:
        DataError, UsageError: as `labels_of`.
    """
    loss, targets = request.loss, request.targets
    if loss == "logistic" and len(targets) == 1 and is_number(types.get(targets[0], "")):
        known = request.coding.classes if request.coding is not None else ()
        return loss, known if _are_numbers(known) else two_numbers(relation, targets[0], types[targets[0]])
    if len(targets) != 1 or targets[0] not in types or not are_labels(types[targets[0]], loss):
        return loss, ()
    if request.coding is not None and request.coding.classes:
        return check_count(request.coding.classes, f"column {short(targets[0])}", loss), request.coding.classes
    return labels_of(relation, targets[0], types[targets[0]], loss) or (loss, ())


def two_numbers(relation: Relation, name: str, kind: str) -> tuple[str, ...]:
    """Return the labels of a column of numbers for logistic loss: its two numbers in order, where they are other than shares.

    Args:
        relation: the table.
        name: of the target.
        kind: DuckDB's type of it.

    Returns:
        none where all numbers are from 0 to 1, shares of the second class, or there are not two.
    """
    column = quoted(name)
    found = relation.query(f"min({column}), max({column})")
    ends = [float(value) for pair in found for value in pair if value is not None]
    if not ends or (min(ends) >= 0 and max(ends) <= 1) or min(ends) == max(ends):
        return ()
    text = label_text(name, kind)
    rest = f"WHERE {column} IS NOT NULL LIMIT 3"
    labels = {row[0] for row in relation.query(f"DISTINCT {text}", rest)}
    return tuple(sorted(labels, key=float)) if len(labels) == 2 else ()


def _are_numbers(labels: tuple[str, ...]) -> bool:
    """Whether labels that are known are those of a column of numbers."""
    try:
        return len(labels) == 2 and all(np.isfinite(float(label)) for label in labels)
    except ValueError:
        return False


def are_labels(kind: str, loss: str) -> bool:
    """Whether a target of one of DuckDB's types is taken for labels by a loss.

    Example:
        >>> are_labels("VARCHAR", "logistic"), are_labels("DOUBLE", "logistic"), are_labels("DOUBLE", "multinomial")
        (True, False, True)
    """
    if loss not in OF_CLASSES or kind.endswith("]"):
        return False
    return kind.startswith(CATEGORIES) or (loss == "multinomial" and is_number(kind))


def labels_of(relation: Relation, name: str, kind: str, loss: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the loss of classes for a column and all its labels in order, read once beforehand; None where it holds none.

    Args:
        relation: the table.
        name: of the target.
        kind: DuckDB's type of it.
        loss: "logistic", "multinomial", or "auto": then only texts that are no numbers are labels, and few of them.

    Raises:
        DataError: there are too few or too many labels, or two that look the same.
        UsageError: the logistic loss is asked for and there are more than two.
    """
    label = f"column {short(name)} of {relation.label}"
    most = MOST_NUMBERS if is_number(kind) else MOST_LABELS
    text = label_text(name, kind)
    rest = f"WHERE {text} IS NOT NULL LIMIT {2 * most}"
    found = {row[0] for row in relation.query(f"DISTINCT {text}", rest)}
    if is_number(kind):
        return check_count(_whole(found, label), label, loss), _whole(found, label)
    if found and _are_yes_and_no(found):
        found = set(BOOLEAN)
    if loss == "auto" and _are_no_labels(found):
        return None
    labels = ordered(list(found))
    loss = check_count(labels, label, loss)
    refuse_odd_levels(labels, name, relation.label)
    return loss, labels


def _are_no_labels(found: set[str]) -> bool:
    """Whether texts for which nobody named a loss are none of classes: there are many, or half of them look like numbers."""
    likely = [value for value in found if LIKE_A_NUMBER.fullmatch(value.strip())]
    return not found or len(found) > MOST_BY_ITSELF or 2 * len(likely) >= len(found)


def _are_yes_and_no(found: set[str]) -> bool:
    """Whether more than two texts are all yes or no, written in more ways than one, as a column of booleans may be."""
    return len(found) > 2 and are_yes_or_no(found)


def are_yes_or_no(labels: Iterable[str]) -> bool:
    """Return whether labels are all words for yes and no, which squared loss takes for 1 and 0.

    Example:
        >>> are_yes_or_no(("No", "yes")), are_yes_or_no(("high", "low"))
        (True, False)
    """
    return {label.casefold() for label in labels} <= {"true", "t", "yes", "y", "false", "f", "no", "n"}


def _whole(found: set[str], label: str) -> tuple[str, ...]:
    """Numbers that are labels, in their order.

    Raises:
        DataError: one is no whole number, or there are too many.
    """
    try:
        whole = sorted(map(int, found))
    except ValueError:
        wrong = next(value for value in sorted(found) if not value.lstrip("-").isdigit())
        raise DataError(
            f"{label} holds {wrong}, and numbers that name a class are whole.",
            "name a column of labels",
            "take a loss of numbers",
        ) from None
    if len(whole) > MOST_NUMBERS:
        raise DataError(
            f"{label} holds more than {MOST_NUMBERS} different whole numbers, such as {whole[0]}: more a quantity than a class.",
            "name a column of labels",
            "take a loss of numbers",
        )
    return tuple(map(str, whole))


def code_labels(y: object, loss: str, known: tuple[str, ...] = ()) -> tuple[FloatArray, str, tuple[str, ...]] | None:
    """Return the codes of labels beside an array of inputs, shape (n,), the loss of classes and the labels in order.

    Args:
        y: labels of shape (n,): texts, booleans, for "multinomial" whole numbers, or for "logistic" two numbers that are not
            both shares from 0 to 1; the larger one is then the second class.
        loss: "logistic", "multinomial" or "auto": then only few texts, and such that are no numbers; any other takes y for numbers.
        known: the labels of an earlier table, to be used again; then another label has the code UNSEEN.

    Returns:
        None where y holds numbers.

    Raises:
        DataError: there are too few or too many labels, or they are of several kinds.
        MissingValuesError: one is missing.
        UsageError: the logistic loss is asked for and there are more than two.

    Example:
        >>> code_labels(["no", "yes", "no"], "logistic")
        (array([0., 1., 0.]), 'logistic', ('no', 'yes'))
        >>> code_labels([2, 0, 1, 0], "multinomial")
        (array([2., 0., 1., 0.]), 'multinomial', ('0', '1', '2'))
        >>> code_labels([0.0, 1.0], "logistic") is None, code_labels([2, 1, 2], "logistic")
        (True, (array([1., 0., 1.]), 'logistic', ('1', '2')))
    """
    if loss not in OF_CLASSES or y is None:
        return None
    values = _column(y)
    if values is None or not values.size:
        return None
    kind: str = values.dtype.kind
    if kind == "O":
        try:
            values, kind = _objects(values)
        except DataTypeError:
            if loss == "auto":
                return None  # a text among numbers is told where it stands
            raise
    if kind in "US":
        texts: NDArray[Any] = values.astype(str)
        if loss == "auto" and _are_no_labels(set(np.unique(texts).tolist())):
            return None
    elif kind == "b":
        texts = np.where(values.astype(bool), "true", "false")
    elif kind in "iuf" and loss == "multinomial":
        return _code_numbers(values, loss, known)
    elif kind in "iuf" and loss == "logistic":
        return _code_two_numbers(values.astype(np.float64), known)
    else:
        return None
    labels = known or ordered(np.unique(texts).tolist())
    return _codes(texts, labels), check_count(labels, "y", loss), labels


def _codes(texts: NDArray[Any], labels: tuple[str, ...]) -> FloatArray:
    """The place of each text among the labels, UNSEEN where it is none of them."""
    places = np.argsort(labels)
    found = np.searchsorted(labels, texts, sorter=places)
    codes = places[np.minimum(found, len(labels) - 1)]
    return np.where(np.asarray(labels)[codes] == texts, codes, UNSEEN).astype(np.float64)


def _column(y: Any) -> NDArray[Any] | None:
    """The only column of what stands beside an array; None where it is no column."""
    if hasattr(y, "toarray") or isinstance(y, np.ma.MaskedArray) or (is_frame(y) and not hasattr(y, "__array__")):
        return None
    try:
        values = np.asarray(y)
    except ValueError:
        return None
    if values.dtype.kind in "US" and isinstance(y, (list, tuple)):
        values = np.asarray(y, dtype=object)  # NumPy would make a text of None and of a number
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return values if values.ndim == 1 else None


def _objects(values: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Objects as texts, booleans or numbers, and which of them.

    Raises:
        MissingValuesError: one is missing, beside texts or booleans.
        DataTypeError: they are of several kinds.
    """
    missing = np.array(
        [value is None or type(value).__name__ in ("NAType", "NaTType") or value != value for value in values]
    )
    kinds = {_kind(value) for value in values[~missing]}
    if "other" in kinds or not kinds:
        return values, "O"
    if kinds == {"number"}:
        return (values, "O") if missing.any() else (values.astype(np.float64), "f")
    if len(kinds) > 1:
        raise DataTypeError("y holds labels of several kinds: texts, booleans or numbers. Make all of them texts.")
    if missing.any():
        first = int(np.argmax(missing))
        raise MissingValuesError(
            f"{there_are(int(missing.sum()), 'label')} missing in y; the first is in row {first:,} (counted from 0). Drop such rows, or "
            "fill them in."
        )
    return (values.astype(str), "U") if kinds == {"text"} else (values.astype(bool), "b")


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    return "number" if isinstance(value, numbers.Real) else "other"


def _code_two_numbers(values: FloatArray, known: tuple[str, ...]) -> tuple[FloatArray, str, tuple[str, ...]] | None:
    """Codes of two numbers that name classes; None of shares from 0 to 1, and of more than two."""
    distinct = np.unique(values)
    if not _are_numbers(known) and (
        len(distinct) != 2 or not np.isfinite(distinct).all() or (distinct[0] >= 0 and distinct[1] <= 1)
    ):
        return None
    labels = known if _are_numbers(known) else tuple(map(_text_of, distinct.tolist()))
    return _codes(np.array([_text_of(value) for value in values.tolist()]), labels), "logistic", labels


def _text_of(value: float) -> str:
    """A number as a label: of a whole one its digits."""
    return f"{value:.0f}" if np.isfinite(value) and value == round(value) else repr(value)


def _code_numbers(values: NDArray[Any], loss: str, known: tuple[str, ...]) -> tuple[FloatArray, str, tuple[str, ...]]:
    """Codes of whole numbers that name classes."""
    numbers_ = values.astype(np.float64)
    if not np.isfinite(numbers_).all():
        first = int(np.argmin(np.isfinite(numbers_)))
        raise MissingValuesError(f"y holds {numbers_[first]} in row {first:,} (counted from 0). Drop such rows.")
    texts = np.array([_text_of(value) for value in numbers_.tolist()])
    labels = known or _whole(set(texts.tolist()), "y")
    return _codes(texts, labels), check_count(labels, "y", loss), labels
