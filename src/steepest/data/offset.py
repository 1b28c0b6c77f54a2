"""Offset: what is added to each row's margin as it is, an input whose coefficient is 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.coding import Coding, Column
from steepest.data.offset_column import OffsetColumn, OffsetOption, of_squares
from steepest.errors import DataError, Option, UsageError
from steepest.support import remedies
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names, printable


@dataclass(frozen=True, eq=False)
class Offset:
    """An offset of a table's rows: numbers beside them, or one of its columns.

        margin = u·theta + offset          offset = log exposure, where that is given

    Args:
        values: one number a row, shape (n,), or one for all, shape (); None where a column holds them.
        column: the column of the table that holds them, or None.
        option: what was given, "offset" or "exposure".
        features: names of the features that are made of that column, itself the first, and are none of the model's.
    """

    values: FloatArray | None
    column: str | None
    option: OffsetOption
    features: tuple[str, ...] = ()

    @classmethod
    def of(cls, offset: object, exposure: object) -> Self | None:
        """Return the offset that was given, if any: numbers of shape (n,), one number, or the name of a column.

        Raises:
            UsageError: both were given.
            DataError: they are no numbers.

        Example:
            >>> Offset.of(None, [1.0, np.e]).values
            array([0., 1.])
        """
        if offset is not None and exposure is not None:
            raise UsageError(
                Option("offset") + " and " + Option("exposure") + " are two ways to say the same. Give one."
            )
        given, option = (offset, "offset") if exposure is None else (exposure, "exposure")
        if given is None:
            return None
        if isinstance(given, str):
            return cls(None, given, option, (given,))  # type: ignore[arg-type]  # one of the two words
        return cls(as_offset(given, option), None, option)  # type: ignore[arg-type]

    @classmethod
    def again(cls, known: OffsetColumn | None) -> Self | None:
        """Return the offset of other rows of a table whose offset is known.

        Raises:
            UsageError: it was given beside the rows, so that nobody knows that of others.
        """
        if known is None:
            return None
        if known.column is None:
            raise UsageError(
                f"rows like these had an {known.option} beside them, and these have none.",
                "give it (" + Option(known.option, ...) + ")",
            )
        return cls(None, known.column, known.option, (known.column,))

    @property
    def known(self) -> OffsetColumn:
        """What is kept of it: which column it is."""
        return OffsetColumn(self.option, self.column)

    def among(self, coding: Coding) -> Coding:
        """Return the coding with the column of the offset behind the others."""
        if self.column is None or self.column in coding.raw_names:
            return coding
        return replace(coding, columns=(*coding.columns, Column(self.column)))

    def within(self, coding: Coding) -> Self:
        """Return the offset with all features that a coding makes of its column.

        Raises:
            UsageError: there is no such column, it is no column of numbers alone, or no other one is left.
            DataError: its values may be missing.
        """
        if self.column is None:
            return self
        columns = [column for column in coding.columns if column.raw == self.column]
        what = Option(self.option) + f" names a column of numbers, of {join_names(coding.raw_names)}; got "
        if not columns:
            raise UsageError(what + f"{shown(self.column)}.")
        if any(column.levels is not None or column.part is not None for column in columns):
            raise UsageError(what + f"{shown(self.column)}, which holds none.")
        if columns[0].missing:
            raise DataError(
                f"column {shown(self.column)} is the {self.option} of the rows, and its values are missing in some.",
                remedies.DROP_ROWS,
                "fill them in",
            )
        if any(self.column in pair for pair in coding.interactions):
            raise UsageError(
                f"column {shown(self.column)} is the {self.option} of the rows, and no input that has interactions. Leave them out."
            )
        if len(coding.raw_names) == 1:
            raise UsageError(f"there is no column left to predict from beside the {self.option} {shown(self.column)}.")
        return replace(self, features=coding.features_of(self.column))

    def without(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """Return the inputs of the model: all but those of the column of the offset.

        Raises:
            UsageError: there is no such input.
        """
        if self.column is not None and self.column not in features:
            raise UsageError(
                Option(self.option)
                + f" names a column of numbers, of {join_names(features)}; got {shown(self.column)}."
            )
        return tuple(name for name in features if name not in self.features)

    def beside(self, batch: Batch, place: Callable[[int], str] | None = None) -> Batch:
        """Return rows with their offset, and without its column.

        Args:
            batch: the rows.
            place: says where a row stands, for errors; default: counted from 0.

        Raises:
            DataError: an offset is no number that may be; says which row.
        """
        if self.column is not None:
            kept = np.array([name not in self.features for name in batch.features])
            values = batch.X[:, batch.features.index(self.column)]
            offset = as_offset(values, self.option, batch.positions, self.column, place)
            return _with_offset(batch, batch.X[:, kept], self.without(batch.features), offset)
        assert self.values is not None
        positions = batch.positions.astype(np.intp)
        if self.values.ndim and len(positions) and positions.max() >= len(self.values):
            raise self.other_length(int(positions.max()) + 1)
        values = self.values[positions] if self.values.ndim else np.full(len(batch), self.values)
        return _with_offset(batch, batch.X, batch.features, values)

    def check_length(self, rows: int) -> None:
        """Raise DataError where there is not one number for each of so many rows."""
        if self.values is not None and self.values.ndim and len(self.values) != rows:
            raise self.other_length(rows)

    def for_rows(self, count: int, has_link: bool) -> FloatArray:
        """Return the numbers beside so many rows that are to be predicted, shape (n,), or () of one for all.

        Raises:
            UsageError: there are none, but the name of a column; the loss is squared loss.
            DataError: there are more or fewer.
        """
        if not has_link:
            raise of_squares(self.option)
        if self.values is None:
            raise UsageError(Option(self.option) + f" of a prediction is one number a row; got {shown(self.column)}.")
        self.check_length(count)
        return self.values

    def other_length(self, rows: int) -> DataError:
        """Return the error that there are more or fewer than so many."""
        count = 0 if self.values is None else len(self.values)
        return DataError(Option(self.option) + f" needs one number a row, and there are {count:,} for {rows:,} rows.")


def _with_offset(batch: Batch, X: FloatArray, features: tuple[str, ...], offset: FloatArray) -> Batch:
    """A batch of plain arrays with an offset; one whose columns are made when somebody asks for them has no room for it."""
    return Batch(
        X,
        batch.y,
        features,
        batch.targets,
        batch.weight,
        batch.first_row,
        batch.group,
        batch.after,
        kept=batch.kept,
        offset=offset,
    )


def as_offset(
    given: object,
    option: str = "offset",
    positions: NDArray[np.uint64] | None = None,
    column: str | None = None,
    place: Callable[[int], str] | None = None,
) -> FloatArray:
    """Return offsets as float64, shape (n,), or () of one number; of exposures their logarithms.

    Args:
        given: numbers, finite; exposures are above 0.
        option: "offset" or "exposure".
        positions: of the rows in their source, for errors.
        column: that holds them, for errors.
        place: says where the row at a position stands, for errors; default: counted from 0.

    Raises:
        DataError: they are no such numbers; says which row.
    """
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(Option(option) + f" is one number a row; got {shown(given)}.") from None
    if values.ndim > 1:
        raise DataError(Option(option) + f" is one number a row, shape (n,); got an array of shape {values.shape}.")
    wrong = ~np.isfinite(values)
    if option == "exposure":
        wrong |= ~(values > 0)
    if wrong.any():
        raise _wrong(values, wrong, option, positions, column, place)
    return np.log(values) if option == "exposure" else values


def _wrong(
    values: FloatArray,
    wrong: NDArray[np.bool_],
    option: str,
    positions: NDArray[np.uint64] | None,
    column: str | None,
    place: Callable[[int], str] | None,
) -> DataError:
    """Say which number is none that may be, and where."""
    needed = " must be " + ("above 0 and finite" if option == "exposure" else "finite")
    if not values.ndim:
        return DataError(Option(option) + f"{needed}; got {values:g}.")
    at = int(np.argmax(wrong))
    row = at if positions is None else int(positions[at])
    where = f"row {row:,} (counted from 0)" if place is None else place(row)
    named = "" if column is None else f" (column {printable(shown(column))})"
    return DataError(
        Option(option) + f"{named}{needed} in every row; {where} has {values[at]:g}.",
        *(() if column is None else ("leave such rows out", "correct them")),
    )


def names_with(features: Sequence[str] | None, offset: Offset | None) -> Sequence[str] | None:
    """Return the inputs that a table has to be opened with, the column of the offset among them.

    Example:
        >>> names_with(["x"], Offset.of(None, "hours")), names_with(None, Offset.of(None, "hours"))
        (['x', 'hours'], None)
    """
    if features is None or offset is None or offset.column is None or isinstance(features, str):
        return features
    return features if offset.column in features else [*features, offset.column]
