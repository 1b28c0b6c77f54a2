"""Summarize: one pass over a source, every row into a triangle, some rows kept to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.batch import Batch, FloatArray
from steepest.errors import DataError, UsageError
from steepest.sources import Source, open_source
from steepest.split import check_seed, hash_positions, held_out
from steepest.triangle import Triangle

SAMPLE_ROWS = 1_000  # rows kept for plots of predictions against targets


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of a table, chosen by the smallest hashes of their positions: the same however the table is cut.

    Args:
        X: inputs, shape (m, d).
        y: targets, shape (m, t).
        positions: row numbers in the source, from 0, ascending, shape (m,).
        seed: of the choice.
    """

    X: FloatArray
    y: FloatArray
    positions: NDArray[np.uint64]
    seed: int = 0

    @classmethod
    def empty(cls, source: Source, seed: int) -> "Sample":
        """Return the sample of no rows."""
        shape = np.zeros((0, len(source.features))), np.zeros((0, len(source.targets)))
        return cls(*shape, np.zeros(0, dtype=np.uint64), seed)

    def add(self, batch: Batch, most: int) -> "Sample":
        """Return the sample of the rows so far and a batch's, at most `most` rows."""
        new = np.arange(batch.first_row, batch.first_row + len(batch), dtype=np.uint64)
        positions = np.concatenate([self.positions, new])
        order = np.argsort(hash_positions(positions, self.seed), kind="stable")[:most]
        order.sort()
        earlier = order[order < len(self.positions)]
        later = order[len(earlier) :] - len(self.positions)
        X = np.concatenate([self.X[earlier], batch.X[later]])
        y = np.concatenate([self.y[earlier], batch.y[later]])
        return Sample(X, y, positions[order], self.seed)


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass over a table leaves.

    Args:
        triangle: of all rows, or of the training rows where some are held out.
        test: triangle of the held-out rows, or None.
        sample: some of the rows, in order, for pictures.
        source: where the rows came from.
    """

    triangle: Triangle
    test: Triangle | None
    sample: Sample
    source: Source


def summarize(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
) -> Triangle:
    """Return the triangle of a table: all that squared loss will ever ask of it, from one pass.

    Args:
        data: inputs X, an array of shape (n, d), with y; the path of a CSV or Parquet file, with target; or a Triangle.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a file.
        features: names of the inputs; default: all columns but target and weight.
        weight: weights of the rows, shape (n,), not negative; of a file the name of a column.

    Returns:
        a Triangle; triangles of the same columns add with `+`.

    Raises:
        DataError: the data cannot be used; says which column and row.
        UsageError: the arguments do not go together.

    Example:
        >>> import numpy as np
        >>> triangle = summarize(np.array([[1.0], [2.0], [3.0]]), np.array([2.5, 3.0, 3.5]))
        >>> triangle.row_count, triangle.features, triangle.targets
        (3, ('x1',), ('y',))
    """
    if isinstance(data, Triangle):
        return _select(data, y, target, features, weight)
    return read(open_source(data, y, target=target, features=features, weight=weight), sample_rows=0).triangle


def read(source: Source, *, test_size: float = 0.0, seed: int = 0, sample_rows: int = SAMPLE_ROWS) -> Summary:
    """Read a source once: training triangle, triangle of held-out rows, and a sample of rows.

    Args:
        source: where the rows are.
        test_size: expected share of rows to hold out, 0 for none; chosen by a seeded hash of the row's position.
        seed: of that choice and of the sample.
        sample_rows: rows kept at most.

    Raises:
        DataError: no row has a weight above 0, or every row was held out.
    """
    check_seed(seed)
    train = Triangle.empty(source.features, source.targets)
    test = Triangle.empty(source.features, source.targets)
    sample = Sample.empty(source, seed)
    for batch in source.batches():
        if test_size:
            out = held_out(batch.first_row, len(batch), test_size, seed)
            test = test + Triangle.of(batch.take(out))
            train = train + Triangle.of(batch.take(~out))
        else:
            train = train + Triangle.of(batch)
        if sample_rows:
            sample = sample.add(batch, sample_rows)
    if not train.row_count:
        raise DataError("0 samples: no row is left to learn from. Give more rows, or hold fewer out.")
    if test_size and not test.row_count:
        raise DataError(
            f"a test share of {test_size:g} of so few rows holds out none. Give more rows or a larger share."
        )
    return Summary(train, test if test_size else None, sample, source)


def _select(
    data: Triangle, y: object, target: str | Sequence[str] | None, features: Sequence[str] | None, weight: object
) -> Triangle:
    if y is not None or weight is not None:
        raise UsageError("a Triangle holds its targets and weights already; y and weight belong to arrays and files.")
    targets = (target,) if isinstance(target, str) else (tuple(target) if target is not None else data.targets)
    names = tuple(features) if features is not None else tuple(f for f in data.features if f not in targets)
    if (names, targets) == (data.features, data.targets):
        return data
    return data.select(names, targets)
