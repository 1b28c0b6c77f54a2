"""Inputs: an array or a data frame of numbers brought into the order of a model's features."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.errors import DataError, DataTypeError
from steepest.support.arrays import FloatArray


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
        return _by_name(X, features)
    inputs = _numbers(X, f"X of type {type(X).__name__}")
    if inputs.ndim != 2 or inputs.shape[1] != len(features):
        raise DataError(
            f"the model has {len(features)} features, so X must have the shape (n, {len(features)}); given was {inputs.shape}."
        )
    return inputs


def _by_name(frame: Any, features: Sequence[str]) -> FloatArray:
    """The columns of a data frame in the order of the features."""
    names = dict(zip(names_of(frame), getattr(frame, "column_names", None) or frame.columns, strict=True))
    absent = [name for name in features if name not in names]
    if absent:
        raise DataError(
            f"the data frame has no column {absent[0]!r}, which the model needs; it has {', '.join(map(repr, list(names)[:20]))}. "
            "Where columns are coded (texts, powers), use steepest.Model.of(run).predict(table); a model of arrays takes X.to_numpy()."
        )
    return np.column_stack([_numbers(frame[names[name]], f"column {name!r}") for name in features])


def _numbers(values: Any, label: str) -> FloatArray:
    """Return numbers as float64; texts that look like numbers, and dates, are none."""
    array = np.asarray(values)
    mixed = array.dtype.kind == "O" and any(isinstance(value, (str, bytes)) for value in array.flat)
    try:
        if mixed or array.dtype.kind not in "buifO":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataTypeError(
            f"{label} holds no numbers alone. Where texts are coded, use steepest.Model.of(run).predict(table)."
        ) from None


def names_of(frame: Any) -> list[str]:
    """Return the names of a data frame's columns, as texts: pandas, Polars or Arrow."""
    return [str(name) for name in getattr(frame, "column_names", None) or frame.columns]
