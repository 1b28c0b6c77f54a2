"""Refusals: what scikit-learn's own checks let through in silence, or refuse without saying where."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import check_finite
from steepest.data.sources.matrices import is_sparse
from steepest.errors import DataTypeError


def refuse_inputs(X: Any) -> None:
    """Raise where X is masked, or holds texts or dates: with the column and the first value.

    Raises:
        DataTypeError: it does. Anything else is left to scikit-learn.
    """
    _refuse_masked(X, "X")
    for name, column in _columns(X):
        if column.dtype.kind in "mM":
            raise DataTypeError(
                f"column {name!r} holds dates or durations. Turn them into numbers in a unit of your choice first."
            )
        for row, value in enumerate(column if column.dtype.kind == "O" else ()):
            if isinstance(value, (str, bytes)):
                raise DataTypeError(
                    f"column {name!r} holds the text {value!r} in row {row} (counted from 0); a number is needed there. "
                    "Encode it first, with OneHotEncoder for example."
                )


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


def _columns(X: Any) -> Iterator[tuple[object, NDArray[Any]]]:
    """The columns that might hold something else than numbers, with their names."""
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        names = list(X.columns)
        for name in names if len(set(names)) == len(names) else ():
            column = np.asarray(X[name])
            if column.dtype.kind in "OmMUS":
                yield name, column if column.dtype.kind in "mM" else column.astype(object)
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OmM":
        yield from ((f"x{j}", column) for j, column in enumerate(X.T, start=1))
