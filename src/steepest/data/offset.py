"""Offset: what is added to each row's margin as it is, an input whose coefficient is 1."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.errors import DataError, Option, UsageError
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names


@dataclass(frozen=True, eq=False)
class Offset:
    """An offset of a table's rows: numbers beside them, or one of its columns.

        margin = u·theta + offset          offset = log exposure, where that is given

    Args:
        values: one number a row, shape (n,), or None.
        column: the column of the table that holds them, or None.
        option: what was given, "offset" or "exposure".
    """

    values: FloatArray | None
    column: str | None
    option: str

    @classmethod
    def of(cls, offset: object, exposure: object) -> Self | None:
        """Return the offset that was given, if any: an array of shape (n,), or the name of a column.

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
        option, given = ("offset", offset) if exposure is None else ("exposure", exposure)
        if given is None:
            return None
        if isinstance(given, str):
            return cls(None, given, option)
        return cls(as_offset(given, option), None, option)

    def among(self, features: Sequence[str] | None) -> Sequence[str] | None:
        """Return the inputs that a table has to be opened with, the column of the offset among them."""
        if features is None or self.column is None or isinstance(features, str) or self.column in features:
            return features
        return [*features, self.column]

    def without(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """Return the inputs of the model: all but the column of the offset.

        Raises:
            UsageError: there is no such input.
        """
        if self.column is None:
            return features
        if self.column not in features:
            raise UsageError(
                Option(self.option)
                + f" names a column of numbers, of {join_names(features)}; got {shown(self.column)}."
            )
        return tuple(name for name in features if name != self.column)

    def reader(self, rows: Callable[[], Iterable[Batch]]) -> Callable[[], Iterator[Batch]]:
        """Return what gives the same rows, each with its offset."""

        def beside() -> Iterator[Batch]:
            done = 0
            for batch in rows():
                done = batch.end.rows
                yield self._beside(batch)
            if self.values is not None and done != len(self.values):
                raise self._other_length(done)

        return beside

    def for_rows(self, count: int, has_link: bool) -> FloatArray:
        """Return the numbers beside so many rows that are to be predicted.

        Raises:
            UsageError: there are none, but the name of a column; the loss is squared loss.
            DataError: there are more or fewer.
        """
        if not has_link:
            raise self.of_squares()
        if self.values is None:
            raise UsageError(Option(self.option) + f" of a prediction is one number a row; got {shown(self.column)}.")
        if len(self.values) != count:
            raise self._other_length(count)
        return self.values

    def of_squares(self) -> UsageError:
        """Return the error that squared loss has no offset."""
        return UsageError(
            Option(self.option) + " is of losses other than squares.", "subtract the offset from the target"
        )

    def _beside(self, batch: Batch) -> Batch:
        if self.values is not None:
            positions = batch.positions.astype(np.intp)
            if len(positions) and positions.max() >= len(self.values):
                raise self._other_length(int(positions.max()) + 1)
            return _with_offset(batch, batch.X, batch.features, self.values[positions])
        features = self.without(batch.features)
        kept = np.array([name != self.column for name in batch.features])
        offset = as_offset(batch.X[:, ~kept][:, 0], self.option, batch.positions)
        return _with_offset(batch, batch.X[:, kept], features, offset)

    def _other_length(self, rows: int) -> DataError:
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


def as_offset(given: object, option: str = "offset", positions: NDArray[np.uint64] | None = None) -> FloatArray:
    """Return offsets as float64, shape (n,); of exposures their logarithms.

    Args:
        given: numbers, finite; exposures are above 0.
        option: "offset" or "exposure".
        positions: of the rows in their source, for errors.

    Raises:
        DataError: they are no such numbers; says which row.
    """
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise DataError(Option(option) + f" is one number a row; got {shown(given)}.") from None
    if values.ndim != 1:
        raise DataError(Option(option) + f" is one number a row, shape (n,); got an array of shape {values.shape}.")
    wrong = ~np.isfinite(values)
    if option == "exposure":
        wrong |= ~(values > 0)
    if wrong.any():
        at = int(np.argmax(wrong))
        row = at if positions is None else int(positions[at])
        what = "above 0 and finite" if option == "exposure" else "finite"
        raise DataError(
            Option(option) + f" must be {what} in every row; row {row:,} (counted from 0) has {values[at]:g}."
        )
    return np.log(values) if option == "exposure" else values
