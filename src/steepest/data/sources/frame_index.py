"""Frame index: columns that pandas and Dask write beside a frame's own for its row labels, which are no inputs unless named."""

import contextlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from steepest.data.sources.connection import connect
from steepest.data.sources.locate import Files
from steepest.data.sources.reader_errors import telling_errors
from steepest.support.words import join_names

UNNAMED = re.compile(r"__index_level_\d+__|__null_dask_index__")


def index_columns(names: Iterable[str], files: Files | None, frame: Any) -> tuple[str, ...]:
    """Return the columns of a table that hold the row labels of a data frame.

    An index without a name is known by the name that pandas gives its column, one with a name by what pandas says beside the
    columns of Parquet files and Arrow tables.

    Args:
        names: of the table's columns.
        files: the table's files, or None.
        frame: the table as a data frame, or None.

    Example:
        >>> index_columns(["x", "__index_level_0__", "y"], None, None)
        ('__index_level_0__',)
    """
    told = _told_in_file(files) if files is not None and files.kind == "parquet" else _told_in_frame(frame)
    return tuple(name for name in names if name in told or UNNAMED.fullmatch(name))


def note_of(left_out: Sequence[str]) -> str:
    """Return what is said of columns that are left out."""
    many = len(left_out) > 1
    return (
        f"column{'s' * many} {join_names(left_out)} left out: the index of a data frame; name {'them' if many else 'it'} among "
        f"the features to use {'them' if many else 'it'}"
    )


def _told_in_file(files: Files) -> frozenset[str]:
    """What the first Parquet file says of its index."""
    with connect() as connection, telling_errors(str(files.paths[0])):
        query = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'pandas'::BLOB"
        row = connection.execute(query, [files.parameters[0][:1]]).fetchone()
    return _index_of(row[0]) if row else frozenset()


def _told_in_frame(frame: Any) -> frozenset[str]:
    """What an Arrow table says of its index."""
    metadata = getattr(getattr(frame, "schema", None), "metadata", None)
    text = metadata.get(b"pandas") if isinstance(metadata, dict) else None
    return _index_of(text) if text else frozenset()


def _index_of(text: str | bytes) -> frozenset[str]:
    """The columns of the index in what pandas writes as JSON; an index of row numbers is no column."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return frozenset(name for name in json.loads(text)["index_columns"] if isinstance(name, str))
    return frozenset()
