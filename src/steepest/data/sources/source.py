"""Source: what a table has to offer so that everything here can read it, yours or ours."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.sources.matrices import as_matrix, check_numbers
from steepest.errors import DataError, UsageError
from steepest.support.arguments import shown
from steepest.support.looks import Shown, table_line


class Source(Protocol):
    """A table that can be read from its first row to its last, as often as asked, in batches of bounded size.

    Any object with these three members is one, without inheriting anything. It is given in place of data to `descend`,
    `summarize`, `diagnose`, `sweep`, `explain`, `solve` and `infer`. It may have more, each with a default:

        row_count     the number of rows where it is known beforehand, for progress bars and folds of consecutive rows; None
        has_group     whether batches say which rows belong together; False
        describe()    where the rows are from (JSON types), kept with what is made of them; the name of its class

    Example:
        >>> import numpy as np
        >>> import steepest
        >>> class Thermometer:
        ...     features, targets = ("hour",), ("degrees",)
        ...     def batches(self):
        ...         for day in range(3):
        ...             hour = np.arange(24.0)[:, None]
        ...             yield steepest.Batch(hour, 15 + day + hour / 4, ("hour",), ("degrees",))
        >>> steepest.summarize(Thermometer()).row_count
        72
        >>> run = steepest.descend(Thermometer())
        >>> round(float(run.weights[0]), 9), round(run.bias, 9)
        (0.25, 16.0)
    """

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs, the columns of every batch's X."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets, the columns of every batch's y."""
        ...

    def batches(self) -> Iterable[Batch]:
        """Yield all rows in order; every call starts anew and gives the same rows."""
        ...


class FullSource(Source, Protocol):
    """A source that answers everything that a pass asks: what `open_source` returns."""

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs."""
        ...

    @property
    def row_count(self) -> int | None:
        """The number of rows where it is known beforehand."""
        ...

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """What else decides the numbers of a pass (JSON types)."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was done to the table on the way in, a sentence each."""
        ...

    @property
    def position(self) -> Position | None:
        """How far the last pass came, where rows may be left out; None where each is in a batch."""
        ...

    def record_pass(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        ...

    def pieces(self) -> "Sequence[FullSource]":
        """Parts that can be read side by side, in the order of the rows; they depend on the table alone."""
        ...

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those after the end of an earlier pass's batch; every call starts anew."""
        ...

    def describe(self) -> dict[str, Any]:
        """Say where the data is from, for the run's record (JSON types only)."""
        ...


class PlainNumbers(Shown):
    """What holds of every source of numbers that are used as they are: nothing is coded, left out or replaced."""

    if TYPE_CHECKING:  # a real one would be taken for the default value of a field

        @property
        def features(self) -> tuple[str, ...]:
            """Names of the inputs."""
            ...

    def _told(self) -> Iterator[str]:
        yield table_line(self)

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        return False

    @property
    def position(self) -> None:
        """Each row is in a batch."""
        return None

    @property
    def coding(self) -> Coding:
        """Numbers as they are."""
        return Coding.plain(self.features)

    @property
    def options(self) -> dict[str, Any]:
        """Nothing else decides the numbers of a pass."""
        return {}

    @property
    def notes(self) -> list[str]:
        """Nothing is done to the numbers on the way in."""
        return []

    def record_pass(self, position: Position) -> None:
        """Nothing is left out."""


@dataclass(frozen=True, eq=False)
class CompletedSource(PlainNumbers):
    """A source with the three members alone, completed to what a pass asks: the only place that knows the defaults.

    Args:
        source: somebody's own.
    """

    source: Source

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(self.source.features)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        return tuple(self.source.targets)

    @property
    def row_count(self) -> int | None:
        """The number of rows where the source knows it."""
        count = getattr(self.source, "row_count", None)
        return None if count is None else int(count)

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together, where the source says so."""
        return bool(getattr(self.source, "has_group", False))

    def pieces(self) -> "list[CompletedSource]":
        """The source itself: nobody knows where it may be cut."""
        return [self]

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield the source's rows as float64, counted from 0 in the order they come.

        Raises:
            DataError: it yields something else than batches of its own columns.
        """
        skip, first, expected = after.rows if after else 0, 0, self.row_count
        for given in self.source.batches():
            batch = self._checked(given, first)
            first += len(batch)
            if first > skip and len(batch):
                yield batch.take(slice(max(0, skip - batch.first_row), None))
        if expected is not None and first != expected:
            raise DataError(
                f"{type(self.source).__name__} says that it has {expected:,} rows, and its batches hold {first:,}. "
                "Correct row_count, or leave it out where it is not known; batches() begins anew at every call."
            )

    def describe(self) -> dict[str, Any]:
        """Say what the source says of itself; the name of its class where it says nothing."""
        describe = getattr(self.source, "describe", None)
        return {"kind": "source", "type": type(self.source).__name__} if describe is None else dict(describe())

    def _checked(self, given: object, first: int) -> Batch:
        """Return a batch of float64 whose rows begin at `first`."""
        name = type(self.source).__name__
        if not isinstance(given, Batch):
            raise DataError(f"the batches of {name} must be steepest.Batch; it yields {type(given).__name__}.")
        if (tuple(given.features), tuple(given.targets)) != (self.features, self.targets):
            raise DataError(
                f"a batch of {name} has the columns {given.features} and {given.targets}, and the source says {self.features} "
                f"and {self.targets}. Give every batch the columns of its source."
            )
        X, y = (
            np.asarray(as_matrix(part, label), dtype=np.float64) for part, label in ((given.X, "X"), (given.y, "y"))
        )
        weight = None if given.weight is None else np.asarray(check_numbers(given.weight, "weight"), dtype=np.float64)
        return Batch(X, y, self.features, self.targets, weight, first, given.group, offset=given.offset)


def is_source(data: object) -> bool:
    """Whether this is a source, ours or somebody's own: it has features, targets and batches()."""
    return callable(getattr(data, "batches", None)) and hasattr(data, "features") and hasattr(data, "targets")


def complete(source: Any) -> FullSource:
    """Return a source that answers everything: itself where it does, with the defaults where it has three members."""
    # asked of its class: an answer itself may be long in the making
    if hasattr(type(source), "record_pass"):
        full: FullSource = source
        return full
    for what in ("features", "targets"):
        names = getattr(source, what)
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise DataError(f"the {what} of {type(source).__name__} are a tuple of names; got {names!r}.")
    twice = any(len(set(names)) < len(names) for names in (source.features, source.targets))
    if not source.targets or twice:
        raise DataError(
            f"{type(source).__name__} needs a target, and features (and targets) whose names differ; it has the features "
            f"{tuple(source.features)!r} and the targets {tuple(source.targets)!r}."
        )
    return CompletedSource(source)


Watch = Callable[[int, int | None], None]
"""Called after each batch with the rows done and their expected number, or None where that is unknown."""


def watched(source: FullSource, watch: Watch | None, after: Position | None = None) -> Iterator[Batch]:
    """Yield a source's batches, and tell `watch` of each once it has been worked on."""
    if watch is not None and not callable(watch):
        raise UsageError(f"watch is a function of the rows done and their expected number; got {shown(watch)}.")
    for batch in source.batches(after):
        yield batch
        if watch:
            watch(batch.end.rows, source.row_count)
