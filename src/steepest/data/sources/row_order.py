"""Row order: whether a table gives the same rows in the same order each time it is read, where nothing promises that."""

import hashlib

import numpy as np

from steepest.data.columns import Columns
from steepest.errors import DataError

SAME_ROWS = (
    "end the query with ORDER BY a column whose values all differ",
    "write its rows to a file and give that",
)


class RowOrder:
    """What one pass has seen of the rows, compared with what earlier passes saw.

    A query may answer with other rows, or with the same ones in another order, each time it is asked; rows that are held
    out, left out or summed already are known by their position only. So each pass hashes what it reads, a hash a column,
    so that it doesn't matter how the reader cuts the rows into pieces.

    Args:
        label: of the table, for messages.
        width: number of columns that are read.
        seen: the digest after each block of the longest pass so far; it grows with this pass.

    Example:
        >>> seen, rows = [], np.array([[1.0, 2.0], [3.0, 4.0]])
        >>> RowOrder("the query", 2, seen).add(Columns.of(rows))
        >>> RowOrder("the query", 2, seen).add(Columns.of(rows[::-1]))
        Traceback (most recent call last):
            ...
        steepest.errors.DataError: the query gives other rows, or the same rows in another order, each time it is read. ...
    """

    def __init__(self, label: str, width: int, seen: list[str]) -> None:
        self.label, self.seen, self._blocks = label, seen, 0
        self._columns = [hashlib.sha256() for _ in range(width)]

    @property
    def digest(self) -> str:
        """What tells these rows in this order from others."""
        return hashlib.sha256(b"".join(column.digest() for column in self._columns)).hexdigest()[:32]

    def add(self, block: Columns) -> None:
        """Take the next rows.

        Raises:
            DataError: an earlier pass saw others here.
        """
        for stretch in block.stretches:
            for column, values in zip(self._columns, stretch, strict=True):
                column.update(np.ascontiguousarray(values).data)
        self._blocks += 1
        if self._blocks > len(self.seen):
            self.seen.append(self.digest)
        self.compare(self.seen[self._blocks - 1])

    def compare(self, digest: str) -> None:
        """Compare the rows so far with those of an earlier pass.

        Raises:
            DataError: they are others.
        """
        if digest != self.digest:
            raise DataError(
                f"{self.label} gives other rows, or the same rows in another order, each time it is read.",
                *SAME_ROWS,
            )

    def end(self, whole: bool) -> None:
        """Check that no rows are missing at the end; `whole`: all that an earlier pass had, this one has as well."""
        if not whole or self._blocks < len(self.seen):
            self.compare("")
