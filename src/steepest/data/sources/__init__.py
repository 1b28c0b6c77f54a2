"""Sources: the only place that knows where data lives; each kind of data is turned into batches."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from steepest.data.batch import Batch, Position
from steepest.data.coding import Coding
from steepest.data.sources.arrays import ArraySource, open_numpy_file
from steepest.data.sources.dask_collections import BlockSource, DaskRelation, dask_kind
from steepest.data.sources.databases import (
    address_relation,
    database_of,
    database_relation,
    is_address,
    is_sql,
    query_relation,
)
from steepest.data.sources.databases import shown as without_password
from steepest.data.sources.frames import frame_relation, frame_with_targets, is_frame
from steepest.data.sources.header import check_header
from steepest.data.sources.locate import Files, TextOptions, locate
from steepest.data.sources.missing import check_policy
from steepest.data.sources.relations import DuckDBRelation, Relation
from steepest.data.sources.roles import MissingPolicy, Roles, code
from steepest.data.sources.tables import TableSource, Unseen, check_known, refuse_y
from steepest.errors import DataTypeError, UsageError

__all__ = ["MissingPolicy", "Source", "Unseen", "Watch", "files_relation", "open_source", "watched"]


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

    @property
    def coding(self) -> Coding:
        """How the table's columns become inputs."""
        ...

    @property
    def row_count(self) -> int | None:
        """The number of rows where it is known beforehand."""
        ...

    @property
    def has_group(self) -> bool:
        """Whether batches say which rows belong together."""
        ...

    @property
    def options(self) -> dict[str, Any]:
        """What else decides the numbers of a pass (JSON types)."""
        ...

    @property
    def notes(self) -> list[str]:
        """What was done to the table on the way in, a sentence each."""
        ...

    @property
    def position(self) -> Position | None:
        """How far the last pass came, where rows may be left out; None where each is in a batch."""
        ...

    def went(self, position: Position) -> None:
        """Take note of a pass that was made elsewhere."""
        ...

    def pieces(self) -> "Sequence[Source]":
        """Parts that can be read side by side, in the order of the rows; they depend on the table alone."""
        ...

    def batches(self, after: Position | None = None) -> Iterator[Batch]:
        """Yield all rows in order, or those after the end of an earlier pass's batch; every call starts anew."""
        ...

    def describe(self) -> dict[str, Any]:
        """Say where the data is from, for the run's record (JSON types only)."""
        ...


Watch = Callable[[int, int | None], None]
"""Called after each batch with the rows done and their expected number, or None where that is unknown."""


def watched(source: Source, watch: Watch | None, after: Position | None = None) -> Iterator[Batch]:
    """Yield a source's batches, and tell `watch` of each once it has been worked on."""
    for batch in source.batches(after):
        yield batch
        if watch:
            watch(batch.end.rows, source.row_count)


def open_source(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weight: object = None,
    group: object = None,
    missing: MissingPolicy = "error",
    degree: int = 1,
    interactions: Sequence[tuple[str, str]] = (),
    categorical: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8",
    database: str | os.PathLike[str] | None = None,
    coding: Coding | None = None,
    unseen: Unseen = "error",
) -> Source:
    """Recognize what kind of data this is, check what can be checked before reading, and return its source.

    A source can be given to `descend`, `summarize`, `diagnose`, `sweep` and `explain` in place of data.

    Args:
        data: an array of inputs X (n, d), or a data frame of numbers, with y; the path of a CSV, TSV, JSON lines, Parquet, .npy or .npz file, plain or
            packed by gzip or zstd; a pattern (data/*.parquet) or a folder of such files; SELECT … over files; a table or
            query of `database`; any data frame with `__arrow_c_stream__` (pandas, Polars, Arrow, DuckDB).
        y: targets of shape (n,) or (n, t); only with arrays and data frames of numbers.
        target: name or names of the target columns; only with tables.
        features: names of the inputs; default: all columns of a table that have no other role.
        exclude: columns that are no inputs.
        weight: one weight a row, shape (n,), with arrays; the name of a column with tables.
        group: what says which rows belong together: labels of shape (n,) with arrays; the name of a column with tables.
        missing: "error" refuses missing values and counts them; "drop" leaves such rows out; "indicator" makes them 0 and
            adds an indicator column.
        degree: powers of each column of numbers, 1 for none.
        interactions: pairs of columns whose products are features.
        categorical: columns to take for categories although they hold numbers or dates.
        delimiter: between the fields of a text file; default: found.
        decimal: decimal mark of a text file, "." or ",".
        encoding: of a text file: "utf-8", "utf-16" or "latin-1".
        database: a DuckDB or SQLite file, or postgresql://…, that `data` is a table or a query of.
        coding: of an earlier table, to be used again; instead of features, degree and interactions.
        unseen: "error" or "reference": what is done about categories that a given coding does not know.

    Raises:
        DataError: the data cannot be used; the message says which column or row, and the remedy.
        UsageError: the arguments do not go together.
    """
    check_policy(missing)
    if _is_source(data):
        return data  # type: ignore[return-value]  # it has all that a source has
    if isinstance(data, (str, os.PathLike)) and Path(data).suffix in (".npy", ".npz") and database is None:
        data, y = open_numpy_file(data, y)
    if dask_kind(data) == "array":
        _refuse_table_options(exclude, missing, degree, (*interactions, *categorical))
        return BlockSource.open(data, y, weight=weight, group=group, target=target, features=features)
    if is_frame(data) and y is not None and database is None:
        _refuse_table_options(exclude, missing, degree, (*interactions, *categorical))
        return frame_with_targets(data, y, target=target, features=features, weight=weight, group=group)
    text = TextOptions(delimiter, decimal, encoding)
    relation, origin = _relation(data, text, database)
    if relation is None:
        _refuse_table_options(exclude, missing, degree, (*interactions, *categorical))
        return ArraySource.open(data, y, target=target, features=features, weight=weight, group=group)
    refuse_y(y, weight, group)
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    named = tuple(features) if features is not None else None
    roles = Roles(named, targets, tuple(exclude), weight, group)  # type: ignore[arg-type]  # refuse_y has looked
    types = relation.columns()
    said: tuple[str, ...] = ()
    if coding is None:
        if isinstance(data, (str, os.PathLike)) and origin.get("kind") == "file":
            said = check_header(locate(data, text), types)
        coding = code(
            relation, types, roles, missing=missing, degree=degree, interactions=interactions, categorical=categorical
        )
    else:
        check_known(relation, types, coding, targets)
    return TableSource(relation, roles, coding, types, missing, unseen, origin, relation.row_count(), said=said)


def _relation(data: object, text: TextOptions, database: object) -> tuple[Relation | None, dict[str, Any]]:
    """Return the relation of a table and what is said of it; None for arrays.

    Raises:
        DataTypeError: the data is of no kind that is known.
    """
    if database is not None:
        if not isinstance(data, (str, type(None))) or not isinstance(database, (str, os.PathLike)):
            raise UsageError("with database, data is a table's name or SELECT …, and database a path or an address.")
        relation = database_relation(database, data)
        return relation, {"kind": "database", "name": without_password(str(database)), "query": data}
    if is_sql(data) and not Path(str(data)[:200]).exists():
        return query_relation(str(data)), {"kind": "query", "query": data}
    if is_address(data):
        return address_relation(str(data)), {"kind": "address", "name": str(data).partition("?")[0]}
    if isinstance(data, (str, os.PathLike)):
        if database_of(data):
            return database_relation(data, None), {"kind": "database", "name": Path(data).name}
        files = locate(data, text)
        return files_relation(files, str(data)), files.describe()
    if dask_kind(data) == "frame":
        return DaskRelation.of(data), {"kind": "frame", "type": "dask.DataFrame"}
    if is_frame(data):
        kind = type(data)
        return frame_relation(data), {"kind": "frame", "type": f"{kind.__module__.partition('.')[0]}.{kind.__name__}"}
    if hasattr(data, "__array__") or isinstance(data, (list, tuple)) or hasattr(data, "toarray"):
        return None, {}
    if hasattr(data, "collect"):
        raise DataTypeError(f"a {type(data).__name__} holds no rows yet. Give what its collect() returns.")
    raise DataTypeError(
        f"data of type {type(data).__name__} is not known. Give arrays X and y, a data frame, a path, SELECT …, or a Triangle."
    )


def files_relation(files: Files, label: str) -> DuckDBRelation:
    """Return the relation of files."""
    counted = "SELECT sum(num_rows) FROM parquet_file_metadata(?)" if files.kind == "parquet" else None
    return DuckDBRelation(label, files.clause, files.parameters, counted=counted, files=True)


def _is_source(data: object) -> bool:
    return isinstance(data, (ArraySource, BlockSource, TableSource))


def _refuse_table_options(exclude: Sequence[str], missing: str, degree: int, interactions: Sequence[object]) -> None:
    """Raise UsageError where arrays are given options that code columns of a table."""
    if exclude or missing != "error" or degree != 1 or interactions:
        raise UsageError(
            "exclude, missing, degree, interactions and categorical belong to tables with named columns. Give a data frame or a file, or code the array."
        )
