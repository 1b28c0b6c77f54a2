"""Batch: some rows of a table as NumPy arrays, with the names of their columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError, DataTypeError, MissingValuesError
from steepest.support.arguments import check_names
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, on
from steepest.support.words import pluralize, there_are


@dataclass(frozen=True)
class Position:
    """How far a pass over a table has come: where another one can go on.

    Args:
        rows: rows of the table that are done, also those left out.
        left_out: rows left out for missing values.
        missing: missing values so far in each column that was looked at.
        order: what tells these rows in this order from others, where a table may give others the next time.
        large: whether a number so far was so large that float64 may have rounded it.
    """

    rows: int
    left_out: int = 0
    missing: tuple[int, ...] = ()
    order: str = ""
    large: bool = False


@dataclass(frozen=True, eq=False)
class Batch(Shown):
    """Rows of inputs X, targets y and weights, all float64 and finite; what every source yields.

    A source of your own gives the first four arguments, and weight and group where rows have them; the others are for
    sources that leave rows out.

    Args:
        X: inputs, shape (n, d).
        y: targets, shape (n, t), or (n,) of one target.
        features: the d names of the columns of X.
        targets: the t names of the columns of y.
        weight: one weight a row, shape (n,), not negative; None means 1 for each.
        first_row: the position of the first row in its source, counted from 0.
        group: a whole number a row that says which rows belong together, shape (n,), or None.
        after: how far the pass has come with the last of these rows; None: just behind them.
        kept: where rows of the source were left out: the positions of those that stayed, shape (n,), ascending.
        offset: what is added to each row's margin as it is, shape (n,), or None; squared loss has no use for it.

    Raises:
        DataError: the shapes do not belong together.

    Example:
        >>> batch = Batch(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), np.array([5.0, 6.0, 7.0]), ("a", "b"), ("y",))
        >>> len(batch), batch.y.shape, batch.positions
        (3, (3, 1), array([0, 1, 2], dtype=uint64))
        >>> batch.take(slice(1, 3)).X
        array([[ 2., 20.],
               [ 3., 30.]])
    """

    X: FloatArray
    y: FloatArray
    features: tuple[str, ...]
    targets: tuple[str, ...]
    weight: FloatArray | None = None
    first_row: int = 0
    group: NDArray[np.uint64] | None = None
    after: Position | None = None
    kept: NDArray[np.uint64] | None = None
    offset: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("X", "y"):
            if not isinstance(getattr(self, name), np.ndarray):
                raise DataTypeError(f"{name} of a batch is a NumPy array; got a {type(getattr(self, name)).__name__}.")
        for name in ("features", "targets"):
            object.__setattr__(self, name, check_names(name, getattr(self, name)))
        for name in ("weight", "group", "offset"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, np.ndarray):
                raise DataTypeError(f"{name} of a batch is a NumPy array; got a {type(given).__name__}.")
        n = self.X.size if self.X.ndim == 0 else len(self.X)
        if self.y.ndim == 1:
            object.__setattr__(self, "y", self.y[:, None])
        if self.X.shape != (n, len(self.features)) or self.y.shape != (n, len(self.targets)):
            raise DataError(
                f"a batch of {len(self.features)} features and {len(self.targets)} targets needs X of shape "
                f"(n, {len(self.features)}) and y of shape (n, {len(self.targets)}); got {self.X.shape} and {self.y.shape}."
            )
        if self.weight is not None and self.weight.shape != (n,):
            raise DataError(f"weight needs one number a row, shape ({n},); got {self.weight.shape}.")
        if self.offset is not None and self.offset.shape != (n,):
            raise DataError(f"offset needs one number a row, shape ({n},); got {self.offset.shape}.")

    def _told(self) -> Iterator[str]:
        yield f": {pluralize(len(self), 'row')}, {on(self.targets, self.features)}"

    def __len__(self) -> int:
        return len(self.X)

    @property
    def end(self) -> Position:
        """How far the pass has come with this batch."""
        return self.after or Position(self.first_row + len(self))

    @property
    def positions(self) -> NDArray[np.uint64]:
        """The position of each row in its source, shape (n,)."""
        if self.kept is not None:
            return self.kept
        return np.arange(self.first_row, self.first_row + len(self), dtype=np.uint64)

    @property
    def by_column(self) -> bool:
        """Whether the inputs lie column by column in memory."""
        return self.X.strides[0] < self.X.strides[-1]

    def subtract(self, rows: slice, shift: FloatArray, out: FloatArray) -> None:
        """Write [X y] - shift of the rows from `rows.start` to `rows.stop` into `out`, shape (rows, d + t)."""
        d = len(self.features)
        np.subtract(self.X[rows], shift[:d], out=out[:, :d])
        np.subtract(self.y[rows], shift[d:], out=out[:, d:])

    def take(self, rows: NDArray[np.bool_ | np.intp] | slice) -> "Batch":
        """Return the chosen rows as a batch of their own: a boolean mask of shape (n,), row numbers, or a slice."""
        weight = None if self.weight is None else self.weight[rows]
        group = None if self.group is None else self.group[rows]
        first = self.first_row + (rows.start or 0) if isinstance(rows, slice) else self.first_row
        positions = None if self.kept is None and isinstance(rows, slice) else self.positions[rows]
        offset = None if self.offset is None else self.offset[rows]
        return Batch(
            self.X[rows], self.y[rows], self.features, self.targets, weight, first, group, kept=positions, offset=offset
        )


def check_finite(values: FloatArray, names: tuple[str, ...], first_row: int = 0) -> None:
    """Raise when values (n, columns) hold NaN or infinity: with the count, the first row and the column's name.

    Raises:
        MissingValuesError: there is a NaN.
        DataError: there is an infinity.
    """
    if np.isfinite(values.sum()) or np.isfinite(values).all():
        return
    missing = np.isnan(values)
    bad, what = (missing, "NaN") if missing.any() else (np.isinf(values), "inf")
    row, column = np.argwhere(bad)[0]
    text = (
        f"{there_are(int(bad.sum()), 'value')} {what}; the first is in row {first_row + row:,} (counted from 0) of "
        f"column {names[column]!r}. Drop those rows or impute the values."
    )
    raise MissingValuesError(text) if what == "NaN" else DataError(text)
