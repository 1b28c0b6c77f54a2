"""Data frames of any library, through the Arrow PyCapsule interface; none of them is imported."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from steepest.data.inputs import by_name, columns_of, target_names
from steepest.data.sources.arrays import ArraySource
from steepest.data.sources.reader_errors import short
from steepest.data.sources.relations import DuckDBRelation, Relation, StreamRelation
from steepest.errors import DataError, DataTypeError, UsageError
from steepest.support import remedies


def frame_relation(frame: Any) -> Relation:
    """Return the relation of a frame; a reader that can be read once is read as a stream."""
    label = f"the {type(frame).__module__.partition('.')[0].strip('_')} {type(frame).__name__}"
    _refuse_alike(target_names(frame) or (), label)
    if hasattr(frame, "read_next_batch") or hasattr(frame, "read_next"):
        return StreamRelation(label, _once(frame, label))
    if label.startswith("the duckdb"):
        # a relation belongs to a connection of its own; its stream starts anew each time it is asked for
        return StreamRelation(label, lambda: contextlib.nullcontext(frame))
    return DuckDBRelation(label, "frame", frame=_named_categories(_forwards(frame)))


def _refuse_alike(names: Sequence[str], label: str) -> None:
    """Raise DataError where the reader would rename a column: it takes no empty name, nor two that differ in case only."""
    folded = Counter(name.casefold() for name in names)
    alike = [name for name in names if folded[name.casefold()] > 1]
    if "" in names:
        raise DataError(f"{label} has no name for column {names.index('') + 1}. Give every column a name.")
    if len(set(alike)) < len(alike):
        double = next(name for name in alike if names.count(name) > 1)
        raise DataError(f"{label} has two columns called {short(double)}. Give every column its own name.")
    if alike:
        raise DataError(
            f"{label} has columns whose names differ only in capital letters: {', '.join(map(short, alike[:10]))}. Rename one of "
            "them."
        )


def frame_with_targets(
    frame: Any,
    y: object,
    *,
    target: str | Sequence[str] | None,
    features: Sequence[str] | None,
    weight: object,
    group: object,
) -> ArraySource:
    """Return the source of a data frame of numbers whose targets stand beside it, as scikit-learn has them.

    Raises:
        DataTypeError: a column holds no numbers; texts are coded where the frame has its target as well.
    """
    columns = columns_of(frame)
    names = list(features) if features is not None else list(columns)
    try:
        inputs = by_name(columns, names)
    except DataTypeError as error:
        what = str(error).partition(". ")[0]
        raise DataTypeError(f"{what}.", remedies.TARGET_INSIDE, "turn dates into numbers first") from None
    return ArraySource.open(inputs, y, target=target, features=names, weight=weight, group=group)


def _named_categories(frame: Any) -> Any:
    """Return a pandas frame whose categories are texts: DuckDB takes categories that are numbers for the numbers."""
    if not hasattr(frame, "dtypes") or not hasattr(frame, "iloc"):
        return frame
    kinds = [getattr(kind, "categories", None) for kind in frame.dtypes]
    numbers = [j for j, kind in enumerate(kinds) if kind is not None and getattr(kind.dtype, "kind", "O") in "biuf"]
    if not numbers:
        return frame
    changed = frame.copy(deep=False)
    for j in numbers:
        changed.isetitem(j, changed.iloc[:, j].cat.rename_categories(str))
    return changed


def _forwards(frame: Any) -> Any:
    """Return a pandas frame whose columns run forwards in memory: DuckDB does not read reversed views."""
    if not hasattr(frame, "dtypes") or not hasattr(frame, "iloc"):
        return frame
    columns = [
        np.asarray(frame.iloc[:, j]) for j in range(frame.shape[1]) if isinstance(frame.dtypes.iloc[j], np.dtype)
    ]
    return frame.copy() if any(stride < 0 for column in columns for stride in column.strides) else frame


def _once(reader: Any, label: str) -> Any:
    """Open a reader's stream; the schema is looked at before, the rows can be read one time."""
    state = {"read": False}

    class Schema:
        def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
            import nanoarrow  # noqa: PLC0415

            return nanoarrow.Array.from_chunks([], reader.schema).__arrow_c_stream__()

    @contextlib.contextmanager
    def start() -> Iterator[Any]:
        # the first call asks for columns alone
        if not state["read"]:
            state["read"] = True
            yield Schema()
            return
        if state.get("gone"):
            raise UsageError(f"{label} can be read once only. Give a table or a file, or its rows as numbers.")
        state["gone"] = True
        yield reader

    return start
