"""Dask's data frames and arrays as data: one partition or block at a time, here or on a worker."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from steepest.data.batch import Batch, Position, check_finite
from steepest.data.sources.arrays import ArraySource
from steepest.data.sources.relations import DuckDBRelation
from steepest.data.sources.source import PlainNumbers
from steepest.errors import DataError, UsageError


def dask_kind(data: object) -> str | None:
    """Return "frame" or "array" for Dask's collections; Dask is not imported for that."""
    if not hasattr(data, "__dask_graph__"):
        return None
    if hasattr(data, "partitions") and hasattr(data, "columns"):
        return "frame"
    return "array" if hasattr(data, "blocks") and hasattr(data, "chunks") else None


@dataclass(frozen=True, eq=False)
class DaskRelation:
    """A Dask data frame; its partitions are computed one after another, each where it is read.

    Args:
        label: for messages.
        frame: the collection.
        partitions: numbers of the partitions that belong to this relation.
    """

    label: str
    frame: Any
    partitions: tuple[int, ...]

    @classmethod
    def of(cls, frame: Any) -> "DaskRelation":
        """Return the relation of all partitions."""
        return cls("the Dask data frame", frame, tuple(range(frame.npartitions)))

    def columns(self) -> dict[str, str]:
        """Names and types of the first partition that has rows."""
        return next((part.columns() for part in self._parts()), {})

    def stream(self, select: str, *, skip: int = 0) -> Iterator[Any]:
        """Yield what is selected from each partition."""
        for part in self._parts():
            rows = len(part.frame)
            if skip >= rows:
                skip -= rows
                continue
            yield from part.stream(select, skip=skip)
            skip = 0

    def query(self, select: str, rest: str = "") -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the query for each partition."""
        for part in self._parts():
            yield from part.query(select, rest)

    def row_count(self) -> int | None:
        """Unknown until the partitions are computed."""
        return None

    @property
    def is_steady(self) -> bool:
        """Partitions are computed anew from the same graph."""
        return True

    def cancel(self) -> None:
        """Nobody else is waited for."""

    def pieces(self) -> "list[DaskRelation]":
        """Each partition by itself."""
        return [replace(self, label=f"partition {i} of {self.label}", partitions=(i,)) for i in self.partitions]

    def _parts(self) -> Iterator[DuckDBRelation]:
        for i in self.partitions:
            part = self.frame.partitions[i].compute(scheduler="synchronous")
            if len(part):
                yield DuckDBRelation(f"partition {i} of the Dask data frame", "frame", frame=part)


@dataclass(frozen=True, eq=False)
class BlockSource(PlainNumbers):
    """Dask arrays X and y whose blocks of rows are computed one after another; sizes of blocks may be unknown.

    Args:
        X: Dask array (n, d), one block wide.
        y: Dask array with the same blocks of rows, (n,) or (n, t); or an array of the targets of this source's rows.
        names: features and target, as `ArraySource.open` takes them.
        blocks: numbers of the blocks that belong to this source.
        first_row: position of the first row.
    """

    X: Any
    y: Any
    names: dict[str, Any] = field(default_factory=dict)
    blocks: tuple[int, ...] = ()
    first_row: int = 0

    @classmethod
    def open(cls, X: Any, y: Any, *, weight: object, group: object, **names: Any) -> "BlockSource":
        """Check what can be checked before a block is computed.

        Raises:
            UsageError: y is missing, or weight or group are given.
            DataError: X has not two dimensions, or X and y are cut differently.
        """
        if weight is not None or group is not None:
            raise UsageError("Dask arrays take no weight and no group; put them into a Dask data frame.")
        if y is None:
            raise UsageError("an array of inputs needs its targets: give y as well.")
        if X.ndim != 2:
            raise DataError(f"X must have two dimensions (n, d); got a Dask array of shape {X.shape}.")
        whole, y = X.rechunk({1: -1}), y if dask_kind(y) else np.asarray(y)
        if dask_kind(y) and len(y.chunks[0]) != len(whole.chunks[0]):
            raise DataError(
                f"X has {len(whole.chunks[0])} blocks of rows and y has {len(y.chunks[0])}; cut them alike with rechunk."
            )
        return cls(whole, y, names, tuple(range(len(whole.chunks[0]))))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self._like.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        return self._like.targets

    @property
    def row_count(self) -> int | None:
        """The number of rows where Dask knows it."""
        sizes = [self.X.chunks[0][i] for i in self.blocks]
        return None if any(size != size for size in sizes) else int(sum(sizes))

    def describe(self) -> dict[str, Any]:
        """Say what kind of data it is."""
        return {"kind": "dask array", "blocks": len(self.blocks), "features": len(self.features)}

    def pieces(self) -> "list[BlockSource]":
        """Each block by itself; all in one where nobody knows which targets belong to a block."""
        sizes = [self.X.chunks[0][i] for i in self.blocks]
        if dask_kind(self.y) is None and any(size != size for size in sizes):
            return [self]
        parts, first = [], 0
        for i, size in zip(self.blocks, sizes, strict=True):
            rows = 0 if size != size else int(size)
            y = self.y if dask_kind(self.y) else self.y[first : first + rows]
            parts.append(replace(self, blocks=(i,), first_row=self.first_row + first, y=y))
            first += rows
        return parts

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield the rows of each block."""
        skip, first = (after.rows if after else 0), 0
        for i in self.blocks:
            X = np.asarray(self.X.blocks[i].compute(scheduler="synchronous"))
            y = self._targets_of(i, first, len(X))
            if len(X) != len(y):
                raise DataError(f"block {i} has {len(X):,} rows of X and {len(y):,} of y; cut them alike with rechunk.")
            if len(X) and first + len(X) > skip:
                source = self._checked(i, X, y)
                yield from replace(source, first_row=self.first_row + first).batches(Position(max(0, skip - first)))
            first += len(X)

    def _checked(self, i: int, X: Any, y: Any) -> ArraySource:
        """The source of block i; what is wrong with its rows is told by their numbers in the block."""
        try:
            source = ArraySource.open(X, y, **self.names)
            for numbers, names in ((source.X, source.features), (source.y, source.targets)):
                check_finite(numbers, names)
        except DataError as error:
            raise type(error)(f"block {i} of the Dask array: {error}") from None
        return source

    def _targets_of(self, i: int, first: int, count: int) -> Any:
        """The targets of block i, whose rows begin at `first` of this source."""
        if dask_kind(self.y):
            return np.asarray(self.y.blocks[i].compute(scheduler="synchronous"))
        return np.asarray(self.y)[first : first + count]

    @property
    def _like(self) -> ArraySource:
        """The source of one row of zeros, for its names."""
        t = self.y.shape[1] if self.y.ndim == 2 else 1
        return ArraySource.open(np.zeros((1, self.X.shape[1])), np.zeros((1, t)), **self.names)
