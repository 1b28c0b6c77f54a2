"""Log target: a source whose targets are the natural logarithms of another one's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.columns import ColumnBatch, Columns
from steepest.data.sources.labels import label_column
from steepest.data.sources.reader_errors import short
from steepest.data.sources.source import FullSource
from steepest.errors import DataError
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, table_line
from steepest.support.words import join_names, pluralize

PREFIX = "log of "


class HasTargets(Protocol):
    """What has targets that may be logarithms: a source, or a triangle."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        ...


def log_name(column: str) -> str:
    """Return what the logarithm of a column is called.

    Example:
        >>> log_name("price")
        'log of price'
    """
    return PREFIX + column


def is_log_target(like: object) -> bool:
    """Whether the targets of a source or a triangle are logarithms."""
    return bool(getattr(like, "log_target", False))


def own_names(like: HasTargets) -> tuple[str, ...]:
    """Return the names of the target columns themselves, of a source or a triangle."""
    classes = getattr(getattr(like, "coding", None), "classes", ())
    if classes:
        return (label_column(like.targets, classes),)
    return tuple(name.removeprefix(PREFIX) for name in like.targets) if is_log_target(like) else tuple(like.targets)


def log_note(names: Sequence[str]) -> str:
    """Return what is said of target columns whose logarithms are fitted.

    Example:
        >>> log_note(["price"])
        'price: its natural logarithm is fitted'
    """
    return f"{join_names(names)}: {'its natural logarithm is' if len(names) == 1 else 'their natural logarithms are'} fitted"


@dataclass(frozen=True, eq=False)
class LogTarget(Shown):
    """The rows of a source with log(y) in place of y; each target is called "log of" its column.

    Args:
        source: the rows as they are.

    Example:
        >>> from steepest.data.sources.arrays import ArraySource
        >>> plain = ArraySource.open([[1.0], [2.0]], [1.0, np.e])
        >>> logs = LogTarget(plain)
        >>> logs.targets, [batch.y.tolist() for batch in logs.batches()]
        (('log of y',), [[[0.0], [1.0]]])
        >>> list(LogTarget(ArraySource.open([[1.0], [2.0]], [3.0, 0.0])).batches())
        Traceback (most recent call last):
            ...
        steepest.errors.DataError: column 'y' holds 1 value that is zero or negative and has no logarithm; the first is 0.0 in row 2 ...
    """

    source: FullSource
    log_target: ClassVar[bool] = True

    def _told(self) -> Iterator[str]:
        yield table_line(self)
        yield from self.notes

    @classmethod
    def of(cls, source: FullSource) -> FullSource:
        """Return a source with logarithms as targets: itself where it is one."""
        return source if is_log_target(source) else cls(source)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.source.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the logarithms."""
        return tuple(map(log_name, self.source.targets))

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs."""
        return self.source.coding

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
        return {**self.source.options, "log_target": True}

    @property
    def notes(self) -> list[str]:
        """What was done to the table on the way in, a sentence each."""
        return [*self.source.notes, log_note(self.source.targets)]

    @property
    def position(self) -> Position | None:
        """How far the last pass came, where rows may be left out."""
        return self.source.position

    def record_pass(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        self.source.record_pass(position)

    def pieces(self) -> "list[LogTarget]":
        """Parts that can be read side by side, in the order of the rows."""
        return [LogTarget(piece) for piece in self.source.pieces()]

    def describe(self) -> dict[str, Any]:
        """Say where the data is from."""
        return self.source.describe()

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those after the end of an earlier pass's batch.

        From the first value without a logarithm on rows are counted and no longer yielded: a pass that is cut off then
        goes on before that row.

        Raises:
            DataError: targets are zero or negative; with their number and the first, after the last row.
        """
        refused = _Refused(self.source)
        for batch in self.source.batches(after):
            rows = batch if _smallest(batch) > 0 else refused.look(batch)
            if not refused.first and len(rows):
                yield _logarithms(rows, self.targets)
        refused.tell()


class _Refused:
    """Counts of targets without a logarithm, and the first of them; rows of weight 0 are absent and do not count."""

    def __init__(self, source: FullSource) -> None:
        self.source, self.counts = source, np.zeros(len(source.targets), dtype=np.int64)
        self.first: tuple[int, int, float] | None = None

    def look(self, batch: Batch) -> Batch:
        """Count a batch's targets without a logarithm, and return the batch without such rows."""
        wrong = batch.y <= 0  # NaN of a source of somebody's own is told as such later on
        counting = wrong if batch.weight is None else wrong & (batch.weight > 0)[:, None]
        self.counts += counting.sum(axis=0)
        if self.first is None and counting.any():
            row, column = np.argwhere(counting)[0]
            self.first = int(column), int(batch.positions[row]), float(batch.y[row, column])
        stay = np.logical_not(wrong.any(axis=1))
        return batch if stay.all() else replace(batch.take(stay), after=batch.end)

    def tell(self) -> None:
        """Raise DataError where a target has no logarithm."""
        if self.first is None:
            return
        column, row, value = self.first
        name, count = self.source.targets[column], int(self.counts[column])
        label, place = getattr(self.source, "label", None), getattr(self.source, "place_of", _place)
        of, have = f" of {label}" if label else "", "have" if count > 1 else "has"
        raise DataError(
            f"column {short(name)}{of} holds {pluralize(count, 'value')} that {'are' if count > 1 else 'is'} zero or negative and {have} no logarithm; "
            f"the first is {value!r} in {place(row)}.",
            f"leave such rows out (SELECT … WHERE {name} > 0)" if name.isidentifier() else "leave such rows out",
            "correct them",
            remedies.NO_LOG,
        )


def _place(row: int) -> str:
    """A row of an array."""
    return f"row {row + 1:,} (counted from 1)"


def _smallest(batch: Batch) -> float:
    """The smallest target of a batch, NaN where there is one; no column is copied for it."""
    if isinstance(batch, ColumnBatch):
        targets = (column for stretch in batch.columns.stretches for column in stretch[len(batch.features) :])
        return float(np.min([column.min(initial=np.inf) for column in targets]))
    return float(batch.y.min(initial=np.inf))


def _logarithms(batch: Batch, names: tuple[str, ...]) -> Batch:
    """A batch with the logarithms of its targets; the inputs stay where they are."""
    if not isinstance(batch, ColumnBatch):
        return replace(batch, y=_log(batch.y), targets=names)
    d, columns = len(batch.features), batch.columns
    stretches = tuple((*stretch[:d], *map(_log, stretch[d:])) for stretch in columns.stretches)
    return ColumnBatch(Columns(stretches, columns.width), batch.features, names, batch.first_row, batch.after)


def _log(values: FloatArray) -> FloatArray:
    """Natural logarithms; of numbers side by side, since NumPy may round those with gaps between them otherwise."""
    return np.log(np.ascontiguousarray(values))
