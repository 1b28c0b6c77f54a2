"""Inputs: an array or a data frame of numbers brought into the order of a model's features."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.batch import FloatArray
from steepest.errors import DataError, DataTypeError


def in_order(X: Any, features: Sequence[str]) -> FloatArray:
    """Return inputs as float64 of shape (n, d): the columns of a data frame by name, those of an array as they stand.

    Args:
        X: an array of shape (n, d), or a data frame with columns of numbers named as the features, and maybe others.
        features: the d names.

    Raises:
        DataError: an array has another number of columns, or a data frame lacks a feature.
        DataTypeError: it holds no numbers.

    Example:
        >>> in_order([[1.0, 2.0]], ["a", "b"])
        array([[1., 2.]])
    """
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        X = _by_name(X, features)
    try:
        inputs = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataTypeError(
            f"X of type {type(X).__name__} holds no numbers alone. Where texts are coded, use steepest.Model.of(run).predict(table)."
        ) from None
    if inputs.ndim != 2 or inputs.shape[1] != len(features):
        raise DataError(
            f"the model has {len(features)} features, so X must have the shape (n, {len(features)}); given was {inputs.shape}."
        )
    return inputs


def _by_name(frame: Any, features: Sequence[str]) -> FloatArray:
    """The columns of a data frame in the order of the features."""
    names = {str(name): name for name in frame.columns}
    absent = [name for name in features if name not in names]
    if absent:
        raise DataError(
            f"the data frame has no column {absent[0]!r}, which the model needs; it has {', '.join(map(repr, list(names)[:20]))}. "
            "Where columns are coded (texts, powers), use steepest.Model.of(run).predict(table); a model of arrays takes X.to_numpy()."
        )
    try:
        return np.column_stack([np.asarray(frame[names[name]], dtype=np.float64) for name in features])
    except (TypeError, ValueError):
        raise DataTypeError(
            "a column of the data frame holds no numbers. Where texts are coded, use steepest.Model.of(run).predict(table)."
        ) from None
