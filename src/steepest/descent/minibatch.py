"""Mini-batch: an epoch as many steps, each by the gradient of a few rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from steepest.data.split import check_seed
from steepest.errors import Option, UsageError
from steepest.objectives.over_rows import OverRows
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.support.arguments import as_int, check_flag, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import pluralize

Order = Literal["shuffled", "replacement", "fixed"]
"""In which order rows come: each epoch anew, drawn one by one whatever came before, or as they stand in the table."""
GATHERED = (
    1 << 16
)  # numbers of rows that are brought into an epoch's order at a time: half a megabyte, which the cache holds


@dataclass(frozen=True)
class Batches:
    """Which rows each step of an epoch sees.

    Args:
        size: rows of a batch.
        order: "shuffled", "replacement" or "fixed".
        seed: of the order; the same seed gives the same batches in every run.
        drop_last: leave the last batch out where it has fewer rows; with replacement every batch has as many.

    Raises:
        UsageError: a value outside its range.

    Example:
        >>> [rows.tolist() for rows in Batches(2, "fixed").rows(5, epoch=0)]
        [[0, 1], [2, 3], [4]]
        >>> Batches(2, "replacement").steps(5), Batches(2, drop_last=True).steps(5)
        (3, 2)
    """

    size: int
    order: Order = "shuffled"
    seed: int = 0
    drop_last: bool = False

    def __post_init__(self) -> None:
        size = as_int(self.size)
        if size is None or size < 1:
            raise UsageError(Option("batch_size") + f" is a whole number of rows, 1 or larger; got {shown(self.size)}.")
        check_word("order", self.order, ("shuffled", "replacement", "fixed"))
        check_seed(self.seed)
        check_flag("drop_last", self.drop_last)

    def steps(self, n: int) -> int:
        """Return how many steps an epoch over n rows has."""
        if self.drop_last and self.order != "replacement":
            return n // self.size
        return -(-n // self.size)

    def rows(self, n: int, epoch: int) -> Iterator[NDArray[np.intp]]:
        """Yield the row numbers of each batch of an epoch, counted from 0."""
        order = self.places(n, epoch)
        for first in range(0, len(order), self.size):
            yield order[first : first + self.size]

    def places(self, n: int, epoch: int) -> NDArray[np.intp]:
        """Return the row numbers of all batches of an epoch, one batch after the other."""
        generator, count = np.random.default_rng((self.seed, epoch)), self.steps(n) * self.size
        if self.order == "replacement":
            return generator.integers(n, size=count)
        return (generator.permutation(n) if self.order == "shuffled" else np.arange(n))[:count]


@dataclass(frozen=True, eq=False)
class MiniBatchRule:
    """A rule that takes a step for each batch of rows; an epoch is as many steps as there are batches.

        theta ← the rule's step by the gradient over the rows of a batch, for each batch of the epoch

    The loop above it sees whole epochs: losses at their ends are those of the whole table.

    Args:
        rule: the rule with its numbers.
        rows: the rows.
        batches: which of them each step sees.

    Source: Robbins, Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22 (1951), 400-407.
    """

    rule: Rule
    rows: OverRows
    batches: Batches
    name: ClassVar[str] = "mini_batch"

    @property
    def learning_rate(self) -> float:
        """η of the rule."""
        return float(getattr(self.rule, "learning_rate", float("nan")))

    @property
    def words(self) -> str:
        """The rule, and what a batch is."""
        order = {"shuffled": "shuffled", "replacement": "drawn with replacement", "fixed": "in the table's order"}
        return f"{words_of(self.rule)} in batches of {pluralize(self.batches.size, 'row')}, {order[self.batches.order]}"

    @property
    def formula(self) -> str:
        """The rule's step."""
        return f"for each batch: {formula_of(self.rule)}"

    def __repr__(self) -> str:
        return f"MiniBatchRule({self.rule!r}, {self.batches!r})"

    def as_json(self) -> dict[str, Any]:
        """Return what a batch is; the rows stay where they are."""
        batches = self.batches
        return {
            "batch_size": batches.size,
            "order": batches.order,
            "seed": batches.seed,
            "drop_last": batches.drop_last,
        }

    def init(self, theta: FloatArray) -> tuple[Any, int]:
        """What the rule remembers, and no epoch."""
        return self.rule.init(theta), 0

    def step(
        self, gradient: Gradient, theta: FloatArray, memory: tuple[Any, int]
    ) -> tuple[FloatArray, tuple[Any, int]]:
        """Take the steps of one epoch."""
        return self.epoch(theta, memory, self._steps)

    def epoch(
        self,
        theta: FloatArray,
        memory: tuple[Any, int],
        steps: Callable[[OverRows, FloatArray, Any], tuple[FloatArray, Any]],
    ) -> tuple[FloatArray, tuple[Any, int]]:
        """Take the steps of one epoch: many small batches are brought together out of memory at a time.

        Args:
            theta: parameters, shape (p, t).
            memory: what the rule remembers, and epochs done.
            steps: takes the steps over some rows, whole batches of them: from theta and what the rule remembers to both after.
        """
        own, epoch = memory
        for rows in self._pieces(epoch):
            theta, own = steps(rows, theta, own)
        return theta, (own, epoch + 1)

    def _steps(self, rows: OverRows, theta: FloatArray, own: Any) -> tuple[FloatArray, Any]:
        for first in range(0, len(rows), self.batches.size):
            theta, own = self.rule.step(rows.take(slice(first, first + self.batches.size)), theta, own)
        return theta, own

    def _pieces(self, epoch: int) -> Iterator[OverRows]:
        """The rows of an epoch in the order of its batches, some whole batches at a time."""
        n, p = self.rows.U.shape
        together = self.batches.size * max(1, GATHERED // max(1, p * self.batches.size))
        if self.batches.order == "fixed":
            count = min(n, self.batches.steps(n) * self.batches.size)
            for first in range(0, count, together):
                yield self.rows.take(slice(first, min(count, first + together)))
            return
        places = self.batches.places(n, epoch)
        for first in range(0, len(places), together):
            yield self.rows.take(places[first : first + together])
