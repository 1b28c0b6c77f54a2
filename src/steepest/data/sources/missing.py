"""Missing: counts of missing values while a table goes by, and what is done about them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Position
from steepest.data.sources.reader_errors import LONGEST_SHOWN, short
from steepest.data.sources.roles import MissingPolicy
from steepest.errors import DataError, MissingValuesError, Phrase
from steepest.support import remedies
from steepest.support.arguments import check_word
from steepest.support.arrays import FloatArray
from steepest.support.words import pluralize, there_are

MOST_LISTED = 20  # columns named in a message


def check_policy(policy: str) -> None:
    """Raise UsageError when `policy` is none that is known."""
    check_word("missing", policy, ("error", "drop", "indicator"))


def _firsts(names: Sequence[str]) -> NDArray[np.bool_]:
    """Which names stand there for the first time: the parts of a date have one between them."""
    seen: set[str] = set()
    first = np.zeros(len(names), dtype=np.bool_)
    for j, name in enumerate(names):
        first[j] = name not in seen
        seen.add(name)
    return first


class Tally:
    """Missing values of each column in one pass, and how many rows were left out for them.

    Args:
        names: of the columns looked at.
        policy: "error": refuse after the last row, with all counts; "drop": leave such rows out; "indicator": only in
            columns that have an indicator column.
        allowed: for each column, whether the coding has an indicator for it.
        start: where the pass begins.
        only_inputs: whether the rows are for predictions.
        part: what messages call a part of a table, which is told by itself; empty for a whole one.
        before: rows that come before those of the part in what it is called by.
    """

    def __init__(
        self,
        names: Sequence[str],
        policy: MissingPolicy,
        allowed: Sequence[bool],
        start: Position,
        only_inputs: bool = False,
        part: str = "",
        before: int = 0,
    ) -> None:
        self.of, self.before = f"{part}: " if part else "", before
        self.only_inputs, self.replaced = only_inputs, 0
        self.once = _firsts(names)
        self.names, self.policy, self.allowed = tuple(names), policy, np.array(allowed, dtype=bool)
        self.counts = np.array(start.missing or [0] * len(names), dtype=np.int64)
        self.rows, self.dropped, self.large = start.rows, start.left_out, start.large
        self.refused: tuple[int, str] | None = None

    @property
    def position(self) -> Position:
        """How far the pass has come."""
        return Position(self.rows, self.dropped, tuple(self.counts.tolist()), large=self.large)

    def pass_by(self, count: int) -> NDArray[np.bool_] | None:
        """Count rows in which nothing is missing, and say which stay: None for all, none once one was refused."""
        self.rows += count
        return np.zeros(count, dtype=np.bool_) if self.refused else None

    def look(self, rows: FloatArray) -> NDArray[np.bool_] | None:
        """Count what is missing in rows (n, columns), and say which rows stay: None for all, none once one is refused.

        Raises:
            DataError: a value is infinite.
        """
        first = self.rows
        self.rows += len(rows)
        checked = rows[:, : len(self.names)]
        # a sum that is finite says that every value is; one that overflows says nothing
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near 1.8e308 the sum alone overflows
            looks_whole = bool(np.isfinite(checked.sum()))
        if not looks_whole:
            self._refuse_infinite(checked, first)
            missing = np.isnan(checked)
            if missing.any():
                self.counts += missing.sum(axis=0)
                return self._staying(missing, first)
        return np.zeros(len(rows), dtype=np.bool_) if self.refused else None

    def _staying(self, missing: NDArray[np.bool_], first: int) -> NDArray[np.bool_] | None:
        """Say which rows stay although values are missing in some."""
        wrong = missing & ~self.allowed
        if self.policy == "drop":
            stay = ~wrong.any(axis=1)
            self.dropped += int((~stay).sum())
            return np.asarray(stay)
        if wrong.any() and self.refused is None:
            row, column = np.argwhere(wrong)[0]
            self.refused = first + int(row), self.names[column]
        return np.zeros(len(missing), dtype=np.bool_) if self.refused else None

    def _refuse_infinite(self, rows: FloatArray, first: int) -> None:
        infinite = np.isinf(rows)
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            raise DataError(
                f"{self.of}column {short(self.names[column])} holds {rows[row, column]} in data row {self._numbered(first + row)}; a finite "
                "number is needed there, and 1.8e308 is the largest. Drop the row or correct the value."
            )

    def _numbered(self, row: int) -> str:
        """A row of this pass, counted from 0, as people count."""
        return f"{self.before + int(row) + 1:,}"

    def refuse(self) -> None:
        """Raise MissingValuesError when values were missing where none may be: called after the last row."""
        if self.refused is None:
            return
        row, column = self.refused
        advice: tuple[Phrase, ...]
        count = int(self.counts[self.once].sum())
        where = f"the first is column {short(column)} in data row {self._numbered(row)}"
        what = f"{self.of}{there_are(count, 'value')} missing ({self.listed}); {where}."
        if self.only_inputs:
            advice = remedies.DROP_ROWS, remedies.NO_PREDICTION
        elif self.policy == "indicator":
            what += " A target or weight has no indicator column."
            advice = (remedies.DROP_ROWS,)
        else:
            advice = remedies.DROP_ROWS, remedies.INDICATOR
        raise MissingValuesError(what, "fill them in", *advice)

    @property
    def listed(self) -> str:
        """ "a 2, b 11": the columns with missing values and how many."""
        found = [
            (name, count)
            for name, count, once in zip(self.names, self.counts, self.once, strict=True)
            if count and once
        ]
        shown = [
            f"{name if len(name) <= LONGEST_SHOWN else short(name)} {count:,}" for name, count in found[:MOST_LISTED]
        ]
        return ", ".join(
            [
                *shown,
                *([f"and {pluralize(len(found) - MOST_LISTED, 'more column')}"] if len(found) > MOST_LISTED else []),
            ]
        )

    @property
    def sentence(self) -> str:
        """What was done about missing values, or an empty text."""
        if self.dropped:
            return f"{self.dropped:,} of {pluralize(self.rows, 'row')} left out for missing values ({self.listed})"
        return (
            f"missing values have indicator columns ({self.listed})" if self.counts.any() and not self.refused else ""
        )
