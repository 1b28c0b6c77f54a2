"""Sources: the only place that knows where data lives; each kind of data is turned into batches."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from steepest.batch import Batch
from steepest.errors import DataTypeError
from steepest.sources.arrays import ArraySource
from steepest.sources.tables import TableSource


class Source(Protocol):
    """A table that can be read from its first row to its last, in batches of bounded size."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Yield all rows in order; every call starts at the first row again."""
        ...

    def describe(self) -> dict[str, Any]:
        """Say where the data is from, for the run's record (JSON types only)."""
        ...


def open_source(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    group: object = None,
) -> Source:
    """Recognize what kind of data this is, check what can be checked before reading, and return its source.

    Args:
        data: inputs as an array of shape (n, d) together with y; or the path of a CSV or Parquet file.
        y: targets of shape (n,) or (n, t); only with arrays.
        target: name or names of the target columns; only with files.
        features: names of the inputs; default: all columns of a file but target and weight.
        weight: one weight a row, shape (n,), with arrays; the name of a column with files.
        group: what says which rows belong together: labels of shape (n,) with arrays; the name of a column with files.

    Raises:
        DataError: the data cannot be used; the message says which column or row, and the remedy.
        UsageError: the arguments do not go together.
    """
    if isinstance(data, (str, os.PathLike)):
        return TableSource.open(data, y=y, target=target, features=features, weight=weight, group=group)
    if hasattr(data, "__array__") or isinstance(data, (list, tuple)) or hasattr(data, "toarray"):
        return ArraySource.open(data, y, target=target, features=features, weight=weight, group=group)
    raise DataTypeError(
        f"data of type {type(data).__name__} is not known. Give arrays X and y, the path of a CSV or Parquet file, or a Triangle."
    )
