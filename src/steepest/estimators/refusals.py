"""Refusals: what scikit-learn's own checks let through in silence, or refuse without saying where."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import check_finite
from steepest.data.inputs import by_name, columns_of, is_frame, refuse_lazy
from steepest.data.sources.matrices import is_sparse, not_a_table, not_targets
from steepest.data.sources.recognize import Kind, recognize
from steepest.errors import DataTypeError


def refuse_inputs(X: Any) -> None:
    """Raise where X is no array or data frame, masked, of one dimension, or an array of texts or dates.

    Raises:
        DataError, DataTypeError: it is. Anything else is left to scikit-learn.
    """
    _refuse_masked(X, "X")
    if isinstance(X, str) or recognize(X) in (Kind.SOURCE, Kind.TRIANGLE):
        raise DataTypeError(
            f"X is a {type(X).__name__}; an estimator takes an array or a data frame of numbers. Give its rows, or give it to "
            "steepest.descend."
        )
    shape = getattr(X, "shape", None)
    if isinstance(X, (list, tuple)) and X and np.ndim(X[0]) == 0:
        shape = (len(X),)
    elif shape is None and hasattr(X, "__array__") and not is_frame(X):  # a column of Arrow
        shape = np.asarray(X).shape
    if isinstance(shape, tuple) and len(shape) == 1:
        raise not_a_table(shape)
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OmM":
        refuse_columns({f"x{j}": column for j, column in enumerate(X.T, start=1)})


def refuse_columns(columns: Mapping[str, Any]) -> None:
    """Raise where a column holds texts or dates: with its name and the first value.

    Raises:
        DataTypeError: it does.
    """
    for name, given in columns.items():
        column = np.asarray(given)
        if column.dtype.kind in "mM":
            raise DataTypeError(
                f"column {name!r} holds dates or durations. Turn them into numbers in a unit of your choice first."
            )
        for row, value in enumerate(column.astype(object) if column.dtype.kind in "OUS" else ()):
            if isinstance(value, (str, bytes)):
                raise DataTypeError(
                    f"column {name!r} holds the text {value!r} in row {row} (counted from 0); a number is needed there. "
                    "Encode it first, with OneHotEncoder for example."
                )


def as_targets(y: Any) -> Any:
    """Return y as scikit-learn takes it: a data frame that it does not know as an array.

    Raises:
        DataTypeError: it is not computed yet, or holds no numbers.
        DataError: it is one value. Without y (None) scikit-learn says what is missing.
    """
    refuse_lazy(y)
    if not is_frame(y) or hasattr(y, "__array__"):
        if y is not None and not is_sparse(y) and np.asarray(y).ndim == 0:
            raise not_targets(())
        return y
    columns = columns_of(y)
    refuse_columns(columns)
    return by_name(columns, list(columns))


def refuse_targets(y: Any) -> None:
    """Raise where y is masked, or holds NaN or inf: with their number and the first row.

    Raises:
        DataTypeError, DataError, MissingValuesError: it does, or it is sparse. Anything else is left to scikit-learn.
    """
    _refuse_masked(y, "y")
    if is_sparse(y):
        raise DataTypeError("y is a sparse matrix; a dense array is needed here. Convert it with y.toarray().ravel().")
    values: NDArray[Any] = np.asarray(y) if hasattr(y, "__array__") or isinstance(y, (list, tuple)) else np.zeros(0)
    if values.dtype.kind == "f" and values.ndim in (1, 2):
        t = 1 if values.ndim == 1 else values.shape[1]
        names = ("y",) if t == 1 else tuple(f"y{j + 1}" for j in range(t))
        check_finite(values.reshape(len(values), t).astype(np.float64, copy=False), names)


def _refuse_masked(values: Any, name: str) -> None:
    if isinstance(values, np.ma.MaskedArray):
        raise DataTypeError(
            f"{name} is a masked array, and masked values must not be used. Fill them, or drop their rows, and pass .data."
        )
