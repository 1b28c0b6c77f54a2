"""NumPy arrays, and whatever turns into one, as a source of batches."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch, Position
from steepest.data.inputs import target_names
from steepest.data.sources.matrices import as_matrix, check_numbers, is_sparse, sparse_rows
from steepest.data.sources.source import PlainNumbers
from steepest.errors import DataError, Option, UsageError
from steepest.support import remedies
from steepest.support.arrays import FloatArray

BATCH_ROWS = 1_048_576  # views of the arrays: they take no memory of their own
PIECE_ROWS = 262_144  # of a part that one worker of a cluster takes
CONVERTED = 1 << 23  # numbers of another type, such as a memory map of float32, that are converted at once: 64 MB
FINGERPRINT_BYTES = 1 << 20  # at each end of an array


@dataclass(frozen=True, eq=False)
class ArraySource(PlainNumbers):
    """Arrays X (n, d) and y (n, t) of numbers and weight (n,) that have passed every check; float64 batch by batch.

    X may be sparse, in rows (CSR): each batch of it is dense.
    """

    X: Any
    y: NDArray[Any]
    weight: FloatArray | None
    features: tuple[str, ...]
    targets: tuple[str, ...]
    group: NDArray[np.uint64] | None = None
    first_row: int = 0

    @classmethod
    def open(
        cls,
        data: object,
        y: object,
        *,
        target: str | Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        weight: object = None,
        group: object = None,
    ) -> "ArraySource":
        """Check arrays and return their source.

        The names are "x1" … "xd" and "y" (or "y1" … "yt") unless `features` and `target` give others, or `y` is a series
        or a data frame and has its own. Features and targets are named apart: both may have a "y".

        Raises:
            DataError, DataTypeError, MissingValuesError: with the column, the row and the remedy.
            UsageError: y is missing, or the names do not fit the columns.
        """
        if y is None:
            raise UsageError(
                "an array of inputs needs its targets.", "give both: descend(X, y)", remedies.TABLE_WITH_TARGET
            )
        X = sparse_rows(data) if is_sparse(data) else as_matrix(data, "X")
        # a column of shape (n, 1) and a row of n numbers are the same target; they are never broadcast
        Y = as_matrix(y, "y")
        n = X.shape[0]
        if n != len(Y):
            raise DataError(
                f"X has {n:,} rows and y has {len(Y):,}; each row needs its target. Check how they were cut."
            )
        if not X.shape[1]:
            raise DataError("X has no columns: there is nothing to predict from. Give at least one feature.")
        if not n:
            raise DataError("0 samples: X and y have no rows. Give a table with at least one row.")
        feature_names = _names(features, X.shape[1], "x", "features", "X")
        named = target_names(y) if target is None else (target,) if isinstance(target, str) else target
        targets = _names(named, Y.shape[1], "y", "target", "y")
        return cls(X, Y, _weights(weight, n), feature_names, targets, _groups(group, n))

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return len(self.y)

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        return self.group is not None

    def pieces(self) -> "list[ArraySource]":
        """Parts of PIECE_ROWS rows."""
        parts = []
        for start in range(0, len(self.y), PIECE_ROWS):
            rows = slice(start, start + PIECE_ROWS)
            weight = None if self.weight is None else self.weight[rows]
            parts.append(
                replace(
                    self, X=self.X[rows], y=self.y[rows], weight=weight, group=None, first_row=self.first_row + start
                )
            )
        return parts

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield the rows in order, those after a position, as views of the arrays where those are float64."""
        as_is = self.X.dtype == self.y.dtype == np.float64 and not is_sparse(self.X)
        length = BATCH_ROWS if as_is else max(1, CONVERTED // self.X.shape[1])
        for start in range(after.rows if after else 0, len(self.y), length):
            rows = slice(start, start + length)
            weight = None if self.weight is None else self.weight[rows]
            group = None if self.group is None else self.group[rows]
            part = self.X[rows].toarray() if is_sparse(self.X) else self.X[rows]
            X, y = np.asarray(part, dtype=np.float64), np.asarray(self.y[rows], dtype=np.float64)
            yield Batch(X, y, self.features, self.targets, weight, self.first_row + start, group)

    @property
    def options(self) -> dict[str, Any]:
        """The numbers themselves, as their fingerprint: reading them all takes longer than a pass, so only on demand."""
        digest = hashlib.sha256()
        for batch in self.batches():
            for array in (batch.X, batch.y, batch.weight):
                if array is not None:
                    digest.update(np.ascontiguousarray(array).data)
        return {"sha256": digest.hexdigest()}

    def describe(self) -> dict[str, Any]:
        """Say shapes and a fingerprint: as of a file, the sizes and the first and last megabyte of each array."""
        X = self.X.data if is_sparse(self.X) else self.X
        arrays = [array for array in (X, self.y, self.weight) if array is not None]
        digest = hashlib.sha256(repr([(array.shape, array.dtype.str) for array in arrays]).encode())
        for array in arrays:
            # to look at every number would take ten times as long as to multiply them
            rows = max(1, FINGERPRINT_BYTES * len(array) // max(1, array.nbytes))
            digest.update(np.ascontiguousarray(array[:rows]).data)
            digest.update(np.ascontiguousarray(array[max(rows, len(array) - rows) :]).data)
        fingerprint = {"sha256_of_size_and_ends": digest.hexdigest()}
        return {"kind": "arrays", "rows": self.row_count, "features": len(self.features), **fingerprint}


def _names(given: Sequence[str] | None, count: int, letter: str, parameter: str, array: str) -> tuple[str, ...]:
    if given is None:
        return (letter,) if count == 1 and letter == "y" else tuple(f"{letter}{j + 1}" for j in range(count))
    names = tuple(given)
    if len(names) != count:
        raise UsageError(f"{parameter} names {len(names)} columns, but {array} has {count}.")
    if len(set(names)) != count:
        raise UsageError(f"{parameter} has a name twice: {names}. Every column needs its own.")
    return names


def _weights(weight: object, n: int) -> FloatArray | None:
    if weight is None:
        return None
    if isinstance(weight, str):
        raise UsageError(
            Option("weight", weight) + f" names a column, but arrays have none. Give an array of {n:,} weights."
        )
    array = np.asarray(weight)
    if array.shape != (n,):
        raise DataError(f"weight needs one number a row, shape ({n},); got {array.shape}.")
    values = np.asarray(check_numbers(array[:, None], "weight")[:, 0], dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any():
        wrong = values[~(np.isfinite(values) & (values >= 0))]
        raise DataError(f"weights must be finite and not negative; {wrong.size:,} are not, the first is {wrong[0]}.")
    if (values > 1e100).any() or ((values > 0) & (values < 1e-100)).any():
        raise DataError(
            "weights must be 0 or between 1e-100 and 1e100; only their proportions matter: divide all by the largest."
        )
    if not (values > 0).any():
        raise DataError("all weights are 0, so no row counts. Give at least one row a weight above 0.")
    return values


def _groups(group: object, n: int) -> NDArray[np.uint64] | None:
    """Number the labels of shape (n,) in sorted order, from 0; None where there are none."""
    if group is None:
        return None
    labels = np.asarray(group)
    if labels.shape != (n,):
        raise DataError(f"group needs one label a row, shape ({n},); got {labels.shape}.")
    return np.unique(labels.astype(str), return_inverse=True)[1].astype(np.uint64)
