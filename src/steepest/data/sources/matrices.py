"""Matrices: whatever claims to be a table of numbers, checked."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.inputs import by_name, columns_of, is_frame, refuse_lazy
from steepest.errors import DataError, DataTypeError, DataWarning, MissingValuesError
from steepest.support import remedies
from steepest.support.arrays import FloatArray

EXACT = 2**53  # whole numbers up to here are float64


def is_sparse(values: object) -> bool:
    """Whether this is one of SciPy's sparse matrices or arrays, told without importing them."""
    return hasattr(values, "tocsr") and hasattr(values, "toarray")


def sparse_rows(values: Any) -> Any:
    """Return a sparse matrix in rows (CSR) once its numbers have passed the checks of an array."""
    if values.ndim != 2:
        raise DataError(f"X must have two dimensions (n, d); got a sparse array of shape {values.shape}.")
    rows = values.tocsr()
    check_numbers(rows.data, "X")
    return rows


def as_matrix(values: object, name: str) -> NDArray[Any]:
    """Return `values` as an array of numbers of shape (n, columns); y of shape (n,) becomes (n, 1).

    Raises:
        DataTypeError: sparse, masked, complex, text or dates.
        DataError: another number of dimensions, or objects that are no numbers.
    """
    if hasattr(values, "toarray") and not isinstance(values, np.ndarray):
        raise DataTypeError(
            f"{name} is a sparse matrix; a dense array is needed here. Convert it with {name}.toarray()."
        )
    if isinstance(values, np.ma.MaskedArray):
        raise DataTypeError(
            f"{name} is a masked array, and masked values must not be used. Fill them, or drop their rows, and pass .data."
        )
    if isinstance(values, np.matrix):
        raise DataTypeError(f"{name} is an np.matrix, whose products mean something else. Pass np.asarray({name}).")
    refuse_lazy(values)
    if is_frame(values) and not hasattr(values, "__array__"):
        columns = columns_of(values)
        values = by_name(columns, list(columns))
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} is no rectangular table of numbers: {error}.") from error
    if name == "y" and array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise not_targets(array.shape) if name == "y" else not_a_table(array.shape)
    return check_numbers(array, name)


def not_a_table(shape: tuple[int, ...]) -> DataError:
    """Return what is said of inputs of one dimension, at every door."""
    return DataError(
        f"X must have two dimensions (n, d); got shape {shape}. Reshape your data: np.asarray(X).reshape(-1, 1) for one "
        "feature, np.asarray(X).reshape(1, -1) for one row."
    )


def not_targets(shape: tuple[int, ...]) -> DataError:
    """Return what is said of targets of no shape that there is."""
    return DataError(f"y must have the shape (n,) or (n, t); got {shape}.")


def check_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array that holds real numbers, objects as float64; say where float64 must round them.

    Raises:
        DataTypeError, MissingValuesError: it holds something else.
    """
    kind = array.dtype.kind
    if kind == "c":
        raise DataTypeError(
            f"{name} holds complex numbers; complex is not supported. Pass real and imaginary parts as two columns."
        )
    if kind in "mM":
        raise DataTypeError(
            f"{name} holds dates or durations ({array.dtype}). Turn them into numbers in a unit of your choice first."
        )
    if kind in "US":
        raise DataTypeError(
            f"{name} holds text, the first value is {str(array.flat[0])!r}.",
            "turn it into numbers first, e.g. with .astype(float)",
            *((remedies.LABELS,) if name == "y" else ()),
        )
    if kind == "O":
        return _from_objects(array, name)
    if kind not in "buif":
        raise DataTypeError(f"{name} has the type {array.dtype}, which is no number. Turn it into numbers first.")
    _tell_rounding(array, name)
    return array


def _tell_rounding(array: NDArray[Any], name: str) -> None:
    """Warn where float64 cannot hold the numbers."""
    too_large = array.dtype.kind in "ui" and array.dtype.itemsize == 8 and array.size > 0
    if too_large and max(int(array.max()), -int(array.min())) > EXACT:
        text = (
            f"{name} holds whole numbers above 2^53, and float64 rounds those. Subtract what they have in common first."
        )
        warnings.warn(text, DataWarning, stacklevel=4)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        warnings.warn(
            f"{name} is of type {array.dtype}; it is rounded to float64, in which everything is computed.",
            DataWarning,
            stacklevel=4,
        )


def _from_objects(array: NDArray[Any], name: str) -> FloatArray:
    result = np.empty(array.shape)
    for (row, column), value in np.ndenumerate(array):
        if isinstance(value, (str, bytes, complex)):
            raise DataTypeError(f"{name} holds {value!r} in row {row}, column {column}; a number is needed there.")
        try:
            result[row, column] = float(value)
        except (TypeError, ValueError):
            raise MissingValuesError(
                f"{name} holds {value!r} in row {row}, column {column}; a number is needed there. Drop the row or fill it in."
            ) from None
    return result
