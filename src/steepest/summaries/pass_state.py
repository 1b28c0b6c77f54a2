"""PassState: what a pass over a table has so far; pieces of a table are joined in their order."""

from dataclasses import dataclass, replace

from steepest.data.batch import Batch, Position
from steepest.data.sample import Sample
from steepest.data.split import Share
from steepest.summaries.triangle import Triangle


@dataclass(frozen=True, eq=False)
class PassState:
    """What a pass has so far.

    Args:
        train: triangle of the rows to learn from.
        test: triangle of the held-out rows.
        sample: some of the rows to learn from.
        test_sample: some of the held-out rows.
        position: how far the pass has come.
    """

    train: Triangle
    test: Triangle
    sample: Sample
    test_sample: Sample
    position: Position

    @classmethod
    def empty(cls, features: tuple[str, ...], targets: tuple[str, ...], seed: int) -> "PassState":
        """Return what a pass has before its first row."""
        none, no_rows = Triangle.empty(features, targets), Sample.empty(features, targets, seed)
        return cls(none, none, no_rows, no_rows, Position(0))

    def with_batch(self, batch: Batch, split: Share | None, sample_rows: int) -> "PassState":
        """Return what the pass has after one more batch."""
        learned, test, test_sample = batch, self.test, self.test_sample
        if split is not None:
            out = split.holds_out(batch.positions)
            learned, held_out = batch.take(~out), batch.take(out)
            test = test + Triangle.of(held_out)
            test_sample = test_sample.add(held_out, sample_rows) if sample_rows else test_sample
        sample = self.sample.add(learned, sample_rows) if sample_rows else self.sample
        return PassState(self.train + Triangle.of(learned), test, sample, test_sample, batch.end)

    def at(self, position: Position) -> "PassState":
        """Return the same at another position."""
        return replace(self, position=position)

    def join(self, other: "PassState", sample_rows: int) -> "PassState":
        """Return what two neighbouring pieces have together."""
        a, b = self.position, other.position
        counts = (
            tuple(map(sum, zip(a.missing, b.missing, strict=True)))
            if a.missing and b.missing
            else a.missing or b.missing
        )
        position = Position(a.rows + b.rows, a.left_out + b.left_out, counts, large=a.large or b.large)
        sample = self.sample.join(other.sample, sample_rows)
        test_sample = self.test_sample.join(other.test_sample, sample_rows)
        return PassState(self.train + other.train, self.test + other.test, sample, test_sample, position)
