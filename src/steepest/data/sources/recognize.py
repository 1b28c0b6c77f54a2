"""Recognize: what kind of data somebody has given, asked once, of values by what they can do and of files by their first bytes."""

import enum
import os
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from steepest.data.inputs import is_frame, refuse_lazy
from steepest.data.sources.dask_collections import dask_kind
from steepest.data.sources.databases import database_of, is_address, is_sql
from steepest.data.sources.source import is_source
from steepest.errors import DataTypeError
from steepest.support.array_file import is_array_file

NUMPY = (".npy", ".npz")


class Kind(enum.Enum):
    """What data can be. Each kind has one opener: `openers.OPENERS` for rows, `open_data` for a triangle."""

    SOURCE = "a source"
    TRIANGLE = "a triangle, or the file of one"
    CHECKPOINT = "the file of an unfinished pass"
    RUN = "the file of an unfinished run"
    ARRAY = "an array of inputs"
    NUMPY_FILE = "a .npy or .npz file"
    DASK_ARRAY = "a Dask array"
    DASK_FRAME = "a Dask data frame"
    FRAME = "a data frame"
    QUERY = "SELECT over files"
    ADDRESS = "the address of a file"
    DATABASE = "a table or a query of a database"
    DATABASE_FILE = "a file that is a database"
    FILES = "a file, a pattern or a folder"


OWN_FILES = {"steepest-triangle": Kind.TRIANGLE, "steepest-partial": Kind.CHECKPOINT, "steepest-run": Kind.RUN}


@runtime_checkable
class Summed(Protocol):
    """What a summary can do, and rows cannot: all that is known of a triangle down here."""

    def select(self, *names: Any) -> Any:
        """Return the summary of some columns."""
        ...

    def design(self, coordinates: Any) -> Any:
        """Return the least-squares problem."""
        ...


def recognize(data: object, database: object = None) -> Kind:
    """Return what kind of data this is; nothing is read but first bytes.

    Args:
        data: whatever was given.
        database: that `data` is a table or a query of, or None.

    Raises:
        DataTypeError: it is of no kind that is known.

    Example:
        >>> recognize([[1.0], [2.0]]), recognize("SELECT * FROM 'trees.csv'")
        (<Kind.ARRAY: 'an array of inputs'>, <Kind.QUERY: 'SELECT over files'>)
    """
    if database is not None:
        return Kind.DATABASE
    if isinstance(data, (str, os.PathLike)):
        return _kind_of_text(data)
    in_dask = dask_kind(data)
    if in_dask is not None:
        return Kind.DASK_FRAME if in_dask == "frame" else Kind.DASK_ARRAY
    # frames come first: pandas answers to the name of any column
    if is_frame(data):
        return Kind.FRAME
    if is_source(data):
        return Kind.SOURCE
    if isinstance(data, Summed):
        return Kind.TRIANGLE
    if hasattr(data, "__array__") or isinstance(data, (list, tuple)) or hasattr(data, "toarray"):
        return Kind.ARRAY
    refuse_lazy(data)
    raise DataTypeError(
        f"data of type {type(data).__name__} is not known. Give arrays X and y, a data frame, a path, SELECT …, or a Triangle."
    )


def _kind_of_text(data: str | os.PathLike[str]) -> Kind:
    """What a path, an address or a query names."""
    if Path(data).suffix in NUMPY:
        return Kind.NUMPY_FILE
    if is_sql(data) and not Path(str(data)[:200]).exists():
        return Kind.QUERY
    if is_address(data):
        return Kind.ADDRESS
    own = (kind for name, kind in OWN_FILES.items() if is_array_file(data, name))
    return next(own, Kind.DATABASE_FILE if database_of(data) else Kind.FILES)
