"""Offset rows: a source whose rows have an offset beside them, from one of its columns or from an array."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.offset import Offset
from steepest.data.sources.source import FullSource
from steepest.support.looks import Shown, table_line


@dataclass(frozen=True, eq=False)
class OffsetRows(Shown):
    """The rows of a source, each with its offset; a column that holds it is no input.

    Args:
        source: the rows, the column of the offset among their inputs.
        offset: the numbers, or the column.
        is_part: whether these are a part of a table's rows, which have a part of the numbers.

    Example:
        >>> from steepest.data.sources.arrays import ArraySource
        >>> plain = ArraySource.open([[1.0, 2.0], [3.0, 4.0]], [0.0, 5.0], features=("x", "hours"))
        >>> rows = OffsetRows.of(plain, Offset.of(None, "hours"))
        >>> rows.features, [batch.offset.round(3).tolist() for batch in rows.batches()]
        (('x',), [[0.693, 1.386]])
    """

    source: FullSource
    offset: Offset
    is_part: bool = False

    @classmethod
    def of(cls, source: FullSource, offset: Offset) -> "OffsetRows":
        """Return a source with an offset.

        Raises:
            UsageError, DataError: there is no such column, or it holds other than numbers.
        """
        return cls(source, offset.within(source.coding))

    def _told(self) -> Iterator[str]:
        yield table_line(self)
        yield from self.notes

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.offset.without(self.source.features)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        return self.source.targets

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs, and which one is the offset."""
        coding, column = self.source.coding, self.offset.column
        return replace(coding if column is None else coding.without(column), offset=self.offset.known)

    @property
    def log_target(self) -> bool:
        """Whether the targets are logarithms."""
        return bool(getattr(self.source, "log_target", False))

    @property
    def row_count(self) -> int | None:
        """The number of rows where it is known beforehand."""
        return self.source.row_count

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        return self.source.has_group

    @property
    def options(self) -> dict[str, Any]:
        """What else decides the numbers of a pass (JSON types)."""
        return self.source.options

    @property
    def notes(self) -> list[str]:
        """What was done to the table on the way in, a sentence each."""
        return [*self.source.notes, str(self.offset.known)]

    @property
    def position(self) -> Position | None:
        """How far the last pass came, where rows may be left out."""
        return self.source.position

    def record_pass(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        self.source.record_pass(position)

    def pieces(self) -> "list[OffsetRows]":
        """Parts that can be read side by side, in the order of the rows."""
        return [replace(self, source=piece, is_part=True) for piece in self.source.pieces()]

    def describe(self) -> dict[str, Any]:
        """Say where the data is from."""
        return self.source.describe()

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those after the end of an earlier pass's batch.

        Raises:
            DataError: an offset is no number that may be, or there is not one a row; says which row.
        """
        done, place = 0, getattr(self._table, "place_of", None)
        for batch in self.source.batches(after):
            done = batch.end.rows
            yield self.offset.beside(batch, place)
        if not self.is_part:
            position = self.source.position  # the last rows may have been left out
            self.offset.check_length(done if position is None else position.rows)

    @property
    def _table(self) -> FullSource:
        """The source below all others, which knows where a row stands."""
        table = self.source
        while not hasattr(table, "place_of") and hasattr(table, "source"):
            table = table.source
        return table


def without_offset(source: FullSource) -> FullSource:
    """Return the source of the same rows before they had an offset."""
    return source.source if isinstance(source, OffsetRows) else source
