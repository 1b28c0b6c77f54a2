"""Some rows of DATA as a source of their own: those learned from, or those held out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from steepest.cli.table import Table, watching
from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.sources import FullSource, watched
from steepest.data.sources.log_target import is_log_target
from steepest.data.sources.source import PlainNumbers
from steepest.data.split import Share
from steepest.summaries.triangle import Triangle


@dataclass(frozen=True, eq=False)
class SomeRows(PlainNumbers):
    """The rows of a source that a share holds out, or the others.

    Args:
        source: all rows.
        share: which are held out; None for none.
        held_out: whether it is those.
        name: of the table, for the progress bar.
    """

    source: FullSource
    share: Share | None
    held_out: bool
    name: str

    @classmethod
    def of(cls, table: Table, share: Share | None, *, held_out: bool = False) -> "SomeRows":
        """Return rows of DATA that is no triangle."""
        assert not isinstance(table.opened, Triangle)
        return cls(table.opened, share, held_out, table.name)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.source.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        return self.source.targets

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs, and labels become targets."""
        return self.source.coding

    @property
    def log_target(self) -> bool:
        """Whether the targets are logarithms."""
        return is_log_target(self.source)

    @property
    def row_count(self) -> None:
        """Unknown beforehand."""
        return None

    def pieces(self) -> "list[SomeRows]":
        """All in one."""
        return [self]

    def describe(self) -> dict[str, Any]:
        """Say where the rows are from."""
        return self.source.describe()

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield the rows in order, with a progress bar."""
        with watching(self.name) as watch:
            for batch in watched(self.source, watch, after):
                if self.share is None:
                    yield batch
                else:
                    holds = self.share.holds_out(batch.positions)
                    yield batch.take(holds if self.held_out else ~holds)
