"""Columns: rows of a table left where the reader put them, column by column, and copied only where somebody asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch, Position
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Columns:
    """Rows in one or more stretches, each a tuple of columns of the same length; no number is copied.

    Args:
        stretches: the columns of each stretch of rows, each of shape (rows of the stretch,).
        width: number of columns.

    Example:
        >>> columns = Columns(((np.array([1.0, 2.0]), np.array([5.0, 6.0])), (np.array([3.0]), np.array([7.0]))), 2)
        >>> columns.array
        array([[1., 5.],
               [2., 6.],
               [3., 7.]])
        >>> columns.cut(slice(1, 3)).array
        array([[2., 6.],
               [3., 7.]])
    """

    stretches: tuple[tuple[FloatArray, ...], ...]
    width: int

    def __len__(self) -> int:
        return sum(len(stretch[0]) for stretch in self.stretches)

    @classmethod
    def of(cls, rows: FloatArray) -> "Columns":
        """Return the columns of an array (n, width)."""
        return cls((tuple(rows.T),), rows.shape[1])

    @cached_property
    def array(self) -> FloatArray:
        """All rows as one array of their own (n, width), column by column in memory."""
        rows = np.empty((self.width, len(self))).T
        for j in range(self.width):
            np.concatenate([stretch[j] for stretch in self.stretches], out=rows[:, j])
        return rows

    @property
    def is_finite(self) -> bool:
        """Whether no value is NaN or infinite; False also where a sum of finite ones overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            return all(np.isfinite(column.sum()) for stretch in self.stretches for column in stretch)

    def cut(self, rows: slice) -> "Columns":
        """Return the rows from `rows.start` to `rows.stop`."""
        return Columns(tuple(stretch for _, stretch in self._within(rows)), self.width)

    def subtract(self, rows: slice, shift: FloatArray, out: FloatArray) -> None:
        """Write rows minus `shift` (width,) into `out` (rows, width), reading them once."""
        for into, stretch in self._within(rows):
            for j, column in enumerate(stretch):
                np.subtract(column, shift[j], out=out[into, j])

    def _within(self, rows: slice) -> Iterator[tuple[slice, tuple[FloatArray, ...]]]:
        """Yield what the stretches have of these rows, and where it belongs among them."""
        begin = 0
        for stretch in self.stretches:
            length = len(stretch[0])
            first, last = max(rows.start, begin) - begin, min(rows.stop, begin + length) - begin
            if first < last:
                at = begin + first - rows.start
                yield slice(at, at + last - first), tuple(column[first:last] for column in stretch)
            begin += length


class ColumnBatch(Batch):
    """A batch of plain numbers, inputs first and then targets, whose X and y are made when somebody asks for them.

    Args:
        columns: the inputs and the targets.
        features: names of the inputs.
        targets: names of the targets.
        first_row: the position of the first row in its source.
        after: how far the pass has come with the last of these rows.
    """

    columns: Columns

    def __init__(
        self,
        columns: Columns,
        features: tuple[str, ...],
        targets: tuple[str, ...],
        first_row: int = 0,
        after: Position | None = None,
    ) -> None:
        values = {"columns": columns, "features": features, "targets": targets, "first_row": first_row, "after": after}
        self.__dict__.update(values, weight=None, group=None, kept=None)

    def __len__(self) -> int:
        return len(self.columns)

    @cached_property
    def X(self) -> FloatArray:
        """Inputs, shape (n, d)."""
        return self.columns.array[:, : len(self.features)]

    @cached_property
    def y(self) -> FloatArray:
        """Targets, shape (n, t)."""
        return self.columns.array[:, len(self.features) :]

    @property
    def by_column(self) -> bool:
        """Always."""
        return True

    def take(self, rows: NDArray[np.bool_ | np.intp] | slice) -> Batch:
        """Return the chosen rows as a batch of their own; a slice copies nothing."""
        if not isinstance(rows, slice):
            return super().take(rows)
        start, stop, _ = rows.indices(len(self))
        cut = self.columns if stop - start == len(self) else self.columns.cut(slice(start, stop))
        return ColumnBatch(cut, self.features, self.targets, self.first_row + start)

    def subtract(self, rows: slice, shift: FloatArray, out: FloatArray) -> None:
        """Write [X y] - shift of some rows into `out`, straight from where the reader put them."""
        self.columns.subtract(rows, shift, out)
