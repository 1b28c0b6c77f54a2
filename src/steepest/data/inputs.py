"""Inputs: an array or a data frame of numbers brought into the order of a model's features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import check_finite
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
        MissingValuesError, DataError: it holds NaN or inf; says where.

    Example:
        >>> in_order([[1.0, 2.0]], ["a", "b"])
        array([[1., 2.]])
    """
    if is_frame(X) or all(hasattr(type(X), word) for word in ("iloc", "columns")):
        inputs = by_name(columns_of(X), features)
        check_finite(inputs, tuple(features))
        return inputs
    refuse_lazy(X)
    inputs = _numbers(X, f"X of type {type(X).__name__}")
    if inputs.ndim != 2 or inputs.shape[1] != len(features):
        raise DataError(
            f"the model has {len(features)} features, so X must have the shape (n, {len(features)}); got {inputs.shape}."
        )
    check_finite(inputs, tuple(features))
    return inputs


def is_frame(data: object) -> bool:
    """Whether `data` is a data frame: pandas', or what gives an Arrow stream of columns with names; a series is none.

    It is asked of the class, since pandas answers to the name of any column or label.
    """
    kind = type(data)
    if kind.__module__.partition(".")[0] == "pandas":
        return kind.__name__ == "DataFrame"
    named = any(hasattr(kind, word) for word in ("columns", "column_names", "schema"))
    one_column = any(hasattr(kind, word) for word in ("dtype", "type"))
    return hasattr(kind, "__arrow_c_stream__") and (named or not one_column)


def refuse_lazy(data: object) -> None:
    """Raise DataTypeError where rows are still to be computed."""
    if hasattr(data, "collect") and not hasattr(data, "__array__"):
        raise DataTypeError(f"a {type(data).__name__} holds no rows yet. Give what its collect() returns.")


def columns_of(frame: Any) -> dict[str, Any]:
    """Return the columns of a data frame by name, as its own library gives them, or as NumPy arrays; nothing is copied twice.

    Raises:
        DataError: two columns have the same name.
    """
    if hasattr(type(frame), "iloc"):  # pandas and its like
        names, columns = frame.columns, [column for _, column in frame.items()]
    elif hasattr(type(frame), "get_columns"):  # Polars
        names, columns = frame.columns, frame.get_columns()
    elif hasattr(type(frame), "column_names"):  # Arrow
        names, columns = frame.column_names, frame.columns
    else:
        names, columns = _from_stream(frame)
    found = {str(name): column for name, column in zip(names, columns, strict=True)}
    if len(found) < len(columns):
        texts = [str(name) for name in names]
        double = next(name for name in texts if texts.count(name) > 1)
        raise DataError(f"the data frame has two columns called {double!r}. Give every column its own name.")
    return found


def by_name(columns: Mapping[str, Any], features: Sequence[str]) -> FloatArray:
    """Return some columns, in the order of the features, as float64 of shape (n, d).

    Raises:
        DataError: a feature is not there.
        DataTypeError: a column holds no numbers.
    """
    absent = [name for name in features if name not in columns]
    if absent:
        raise DataError(
            f"the data frame has no column {absent[0]!r}, which the model needs; it has {', '.join(map(repr, list(columns)[:20]))}. "
            "Where columns are coded (texts, powers), use steepest.Model.of(run).predict(table); a model of arrays takes X.to_numpy()."
        )
    return np.column_stack([_numbers(columns[name], f"column {name!r}") for name in features])


def _from_stream(frame: Any) -> tuple[list[str], list[Any]]:
    """Read whatever gives an Arrow stream, once; missing numbers are NaN, other missing values None."""
    import nanoarrow  # noqa: PLC0415 - a frame of a library that is not known

    from steepest.data.sources.connection import connect  # noqa: PLC0415
    from steepest.data.sources.reader_errors import telling_errors  # noqa: PLC0415

    with telling_errors(f"the {type(frame).__name__}"), connect() as connection:
        # a relation of DuckDB belongs to another connection: its rows are taken, not its name
        relation = connection.register("rows", nanoarrow.Array(frame)).table("rows")
        names, found = list(relation.columns), relation.fetchnumpy()
    return names, [_filled(column) for column in found.values()]


def _filled(column: NDArray[Any]) -> NDArray[Any]:
    """A column of DuckDB's as an array without a mask."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    values: NDArray[Any] = column.data.astype(np.float64 if column.dtype.kind in "biuf" else object)
    values[np.ma.getmaskarray(column)] = np.nan if values.dtype.kind == "f" else None
    return values


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


def target_names(y: Any) -> tuple[str, ...] | None:
    """Return what targets are called by themselves: the name of a series, those of a data frame's columns; or None.

    Example:
        >>> target_names([1.0, 2.0]) is None
        True
    """
    if is_frame(y):
        names = getattr(y, "column_names", None) or getattr(y, "columns", None)
        return None if names is None else tuple(str(name) for name in names)
    name = getattr(y, "name", None) if hasattr(y, "to_frame") else None  # a Dask array's name is a key of its graph
    return (name,) if isinstance(name, str) and name else None
