"""Mini-batch: an epoch as many steps, each by the gradient of a few rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from steepest.data.split import check_seed
from steepest.errors import Option, UsageError
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.over_rows import OverRows
from steepest.objectives.stored_rows import Rows
from steepest.rules import registry
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.plateau import PlateauRule
from steepest.rules.rule import Gradient, Rule, formula_of, words_of
from steepest.rules.schedules import AdaptiveSchedule
from steepest.support.arguments import as_int, check_flag, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import pluralize

Order = Literal["shuffled", "replacement", "fixed"]
"""In which order rows come: each epoch anew, drawn one by one whatever came before, or as they stand in the table."""
Shuffle = Callable[[np.random.Generator], Iterable[NDArray[np.intp]]]
"""Yields all row numbers, each once, in a random order, in pieces."""
GATHERED = 1 << 16  # numbers of rows that are brought into an epoch's order at a time: half a megabyte, for the cache
READ = 1 << 22  # the same of rows in a file, or in their own order: 32 MB


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

    def rows(
        self, n: int, epoch: int, shuffled: Shuffle | None = None, together: int = 1
    ) -> Iterator[NDArray[np.intp]]:
        """Yield the row numbers of each batch of an epoch, counted from 0, or of some batches at a time.

        Args:
            n: how many rows there are.
            epoch: which epoch it is, from 0.
            shuffled: how all of them are brought into a random order, in pieces; None: any order as likely as any other.
            together: how many batches at a time.
        """
        generator, size, count = np.random.default_rng((self.seed, epoch)), together * self.size, self.steps(n)
        if self.order == "shuffled":
            pieces = [generator.permutation(n)] if shuffled is None else shuffled(generator)
            yield from self._cut(pieces, size)
            return
        rows = count * self.size if self.order == "replacement" else min(n, count * self.size)
        for first in range(0, rows, size):
            last = min(first + size, rows)
            yield generator.integers(n, size=last - first) if self.order == "replacement" else np.arange(first, last)

    def _cut(self, pieces: Iterable[NDArray[np.intp]], size: int) -> Iterator[NDArray[np.intp]]:
        """Cut rows into whole batches, across the pieces in which they come."""
        rest = np.empty(0, np.intp)
        for piece in pieces:
            rows = np.concatenate([rest, piece]) if rest.size else piece
            whole = len(rows) // size * size
            yield from (rows[first : first + size] for first in range(0, whole, size))
            rest = rows[whole:]
        if self.drop_last:
            rest = rest[: len(rest) // self.size * self.size]
        if rest.size:
            yield rest


@dataclass(frozen=True, eq=False)
class MiniBatchRule:
    """A rule that takes a step for each batch of rows; an epoch is as many steps as there are batches.

        theta ← the rule's step by the gradient over the rows of a batch, for each batch of the epoch

    The loop above it sees whole epochs: losses at their ends are those of the whole table.

    Args:
        rule: the rule with its numbers.
        rows: the rows; None of a run that was kept without them.
        batches: which of them each step sees.

    Source: Robbins, Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22 (1951), 400-407.
    """

    rule: Rule
    rows: Rows | None
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

    def with_learning_rate(self, rate: float) -> "MiniBatchRule":
        """Return the same at another η."""
        return MiniBatchRule(with_learning_rate(self.rule, rate), self.rows, self.batches)

    def init(self, theta: FloatArray) -> tuple[Any, int]:
        """What the rule remembers, and no epoch."""
        return self.rule.init(theta), 0

    def step(
        self, gradient: Gradient, theta: FloatArray, memory: tuple[Any, int]
    ) -> tuple[FloatArray, tuple[Any, int]]:
        """Take the steps of one epoch.

        Raises:
            UsageError: the rows are not there.
        """
        return self.epoch(theta, memory, self._steps)

    def epoch(
        self,
        theta: FloatArray,
        memory: tuple[Any, int],
        steps: Callable[[Any, FloatArray, Any], tuple[FloatArray, Any]],
    ) -> tuple[FloatArray, tuple[Any, int]]:
        """Take the steps of one epoch: many small batches are brought together out of memory at a time.

        Args:
            theta: parameters, shape (p, t).
            memory: what the rule remembers, and epochs done.
            steps: takes the steps over some rows, whole batches of them: from theta and what the rule remembers to both after.

        Raises:
            UsageError: the rows are not there.
        """
        own, epoch = memory
        if self.rows is None:
            raise UsageError(
                "this run was kept without its rows, which more epochs need. Descend again from the table."
            )
        for rows in self._pieces(self.rows, epoch):
            theta, own = steps(rows, theta, own)
        return theta, (own, epoch + 1)

    def _steps(self, rows: OverRows | LossOverRows, theta: FloatArray, own: Any) -> tuple[FloatArray, Any]:
        for first in range(0, len(rows), self.batches.size):
            theta, own = self.rule.step(rows.take(slice(first, first + self.batches.size)), theta, own)
        return theta, own

    def _pieces(self, rows: Rows, epoch: int) -> Iterator[OverRows | LossOverRows]:
        """The rows of an epoch in the order of its batches, some whole batches at a time."""
        # rows that stand in order are seen where they are, and a file is read in large pieces
        in_memory = isinstance(rows, (OverRows, LossOverRows))
        most = GATHERED if in_memory and self.batches.order != "fixed" else READ
        together = max(1, most // max(1, rows.width * self.batches.size))
        for chosen in self.batches.rows(len(rows), epoch, rows.shuffled, together):
            if self.batches.order == "fixed" and in_memory:
                yield rows.take(slice(int(chosen[0]), int(chosen[-1]) + 1))
            else:
                yield rows.take(chosen)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the rows out of a copy in a file: they may be many, or be in a file themselves."""
        return {**self.__dict__, "rows": None}


def from_json(content: dict[str, Any]) -> Rule:
    """Return the rule that `registry.as_json` wrote down, that of a mini-batch run without its rows.

    Raises:
        UsageError, TypeError: as `registry.from_json`.
    """
    if content.get("name") == PlateauRule.name and "schedule" in content:
        return PlateauRule(from_json(content["rule"]), AdaptiveSchedule(**_without_name(content["schedule"])))
    if content.get("name") != MiniBatchRule.name or "batch_size" not in content:
        return registry.from_json(content)
    batches = Batches(content["batch_size"], content["order"], content["seed"], content["drop_last"])
    return MiniBatchRule(registry.from_json(content["rule"]), None, batches)


def _without_name(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != "name"}
