"""Labels: the classes that a target column names, and a source whose targets are numbers for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.sources.reader_errors import short
from steepest.data.sources.source import FullSource
from steepest.errors import DataError, Option, UsageError
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown, table_line

OF_CLASSES = ("logistic", "multinomial", "auto")
"""Losses whose target may be labels; "auto" takes labels where the target is no number."""
MOST_LABELS = 1_000
MOST_BY_ITSELF = 20  # labels of a target for which nobody named a loss
MOST_NUMBERS = 100  # whole numbers that are taken for labels
LISTED = 10
TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")


def ordered(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels in their order: sorted as texts, and no before yes, however they are written.

    Example:
        >>> ordered(["TRUE", "false"]), ordered(["b", "a", "c"])
        (('false', 'TRUE'), ('a', 'b', 'c'))
    """
    found = tuple(sorted(labels))
    turned = len(found) == 2 and found[0].casefold() in TRUE and found[1].casefold() in FALSE
    return found[::-1] if turned else found


def label_targets(column: str, classes: Sequence[str], loss: str) -> tuple[str, ...]:
    """Return the names of a label column's targets: itself for two classes, an indicator column a class for more.

    Example:
        >>> label_targets("churn", ("no", "yes"), "logistic"), label_targets("kind", ("a", "b", "c"), "multinomial")
        (('churn',), ('kind=a', 'kind=b', 'kind=c'))
    """
    return (column,) if loss == "logistic" else tuple(f"{column}={label}" for label in classes)


def label_column(targets: Sequence[str], classes: Sequence[str]) -> str:
    """Return the column whose labels these targets are made of.

    Example:
        >>> label_column(("kind=a", "kind=b", "kind=c"), ("a", "b", "c"))
        'kind'
    """
    return targets[0] if len(targets) == 1 else targets[0].removesuffix(f"={classes[0]}")


def loss_of_labels(targets: Sequence[str], classes: Sequence[str]) -> str:
    """Return the loss that labels were coded for: "squared" where there are none."""
    if not classes:
        return "squared"
    return "logistic" if len(targets) == 1 else "multinomial"


def listed(labels: Sequence[str]) -> str:
    """Return labels with commas, cut after LISTED.

    Example:
        >>> listed(["no", "yes"])
        "'no', 'yes'"
    """
    more = f" and {len(labels) - LISTED:,} more" if len(labels) > LISTED else ""
    return ", ".join(map(short, labels[:LISTED])) + more


def check_count(labels: Sequence[str], label: str, loss: str) -> str:
    """Return the loss of classes for so many labels.

    Args:
        labels: all that there are.
        label: what messages call the column.
        loss: "logistic", "multinomial", or "auto" for either.

    Raises:
        DataError: there is one label only, or so many that they are names of the rows.
        UsageError: there are more than two and the loss is of two.
    """
    if len(labels) < 2:
        raise DataError(
            f"{label} holds {f'one label only, {short(labels[0])}' if labels else 'no label'}: there is nothing to tell apart. Give rows of two "
            "classes at least."
        )
    if len(labels) > MOST_LABELS:
        raise DataError(
            f"{label} holds more than {MOST_LABELS:,} different labels, such as {short(labels[0])}: more a name of the row than a class.",
            "name another target",
            "group its values",
        )
    if loss == "auto":
        return "logistic" if len(labels) == 2 else "multinomial"
    if loss == "logistic" and len(labels) > 2:
        raise UsageError(
            f"{label} holds {len(labels):,} labels ({listed(labels)}), and the logistic loss is of two.",
            "take the loss of several classes (" + Option("loss", "multinomial") + ")",
            "join labels until there are two",
        )
    return loss


@dataclass(frozen=True, eq=False)
class LabelTarget(Shown):
    """The rows of a source whose only target is a code 0, 1, … of a label.

        two classes      the code itself, 0 or 1, under the column's name
        more             K columns "column=label", 1 in the row's class and 0 in the others

    Args:
        source: the rows with codes; below 0 where the label is not known.
        classes: the labels, in the order of their codes.
        loss: "logistic" or "multinomial".

    Example:
        >>> from steepest.data.sources.arrays import ArraySource
        >>> codes = ArraySource.open([[1.0], [2.0], [3.0]], [0.0, 2.0, 1.0])
        >>> source = LabelTarget(codes, ("a", "b", "c"), "multinomial")
        >>> source.targets, [batch.y.tolist() for batch in source.batches()]
        (('y=a', 'y=b', 'y=c'), [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    """

    source: FullSource
    classes: tuple[str, ...]
    loss: str
    log_target: ClassVar[bool] = False

    def _told(self) -> Iterator[str]:
        yield table_line(self)
        yield from self.notes

    @property
    def column(self) -> str:
        """The column of labels."""
        return self.source.targets[0]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return self.source.features

    @property
    def targets(self) -> tuple[str, ...]:
        """The column of labels, or its indicator columns."""
        return label_targets(self.column, self.classes, self.loss)

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs, and the labels become targets."""
        return replace(self.source.coding, classes=self.classes)

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
        predicted = (
            f"the probability of {short(self.classes[1])}" if self.loss == "logistic" else "one probability each"
        )
        what = f"{self.column}: {len(self.classes):,} classes, {listed(self.classes)}; predicted is {predicted}"
        return [*self.source.notes, what]

    @property
    def position(self) -> Position | None:
        """How far the last pass came, where rows may be left out."""
        return self.source.position

    def record_pass(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        self.source.record_pass(position)

    def pieces(self) -> "list[LabelTarget]":
        """Parts that can be read side by side, in the order of the rows."""
        return [replace(self, source=piece) for piece in self.source.pieces()]

    def describe(self) -> dict[str, Any]:
        """Say where the data is from."""
        return self.source.describe()

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those after the end of an earlier pass's batch.

        Raises:
            DataError: a row has a label that is not among the classes.
        """
        for batch in self.source.batches(after):
            codes = batch.y[:, 0]
            if (codes < 0).any():
                raise self._unknown(batch, codes)
            if self.loss == "logistic":
                yield batch
            else:
                y = (codes[:, None] == np.arange(len(self.classes))).astype(np.float64)
                where = batch.weight, batch.first_row, batch.group, batch.after, batch.kept
                yield Batch(batch.X, y, batch.features, self.targets, *where)

    def _unknown(self, batch: Batch, codes: FloatArray) -> DataError:
        row = int(batch.positions[int(np.argmax(codes < 0))])
        place = getattr(self.source, "place_of", "row {:,}".format)(row)
        label = getattr(self.source, "label", None)
        return DataError(
            f"column {short(self.column)}{f' of {label}' if label else ''} holds a label in {place} that is none of {listed(self.classes)}.",
            "correct it",
            "learn from a table that has it",
        )
