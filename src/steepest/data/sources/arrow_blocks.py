"""Arrow blocks: pieces of Arrow of any length as blocks of a fixed number of rows, in columns that are copied as little as can be."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from steepest.data.columns import Columns
from steepest.support.arrays import FloatArray

STRETCH_ROWS = 8_192  # shorter pieces of a reader are copied together


def blocks(pieces: Iterator[Any], rows: int, width: int) -> Iterator[Columns]:
    """Put Arrow pieces of any length together to blocks of `rows` rows, the last one shorter; NULL becomes NaN."""
    waiting: list[Columns] = []
    count = 0
    for stretch in _stretches(pieces, width):
        rest = stretch
        while count + len(rest) >= rows:
            need = rows - count
            yield _together([*waiting, rest.cut(slice(0, need))])
            rest, waiting, count = rest.cut(slice(need, len(rest))), [], 0
        if len(rest):
            waiting, count = [*waiting, rest], count + len(rest)
    if waiting:
        yield _together(waiting)


def _stretches(pieces: Iterator[Any], width: int) -> Iterator[Columns]:
    """Leave long pieces where they are and copy short ones together: each stretch costs a call for each column."""
    waiting: list[Columns] = []
    for piece in pieces:
        if len(piece):
            waiting.append(Columns((tuple(_column(piece.child(j)) for j in range(width)),), width))
        if sum(map(len, waiting)) >= STRETCH_ROWS:
            yield waiting[0] if len(waiting) == 1 else Columns.of(_together(waiting).array)
            waiting = []
    if waiting:
        yield Columns.of(_together(waiting).array)


def _together(parts: list[Columns]) -> Columns:
    """Put columns one below the other."""
    return Columns(tuple(stretch for part in parts for stretch in part.stretches), parts[0].width)


def _column(child: Any) -> FloatArray:
    """Return an Arrow column of doubles as NumPy's view of it; where there are NULLs a copy with NaN."""
    import nanoarrow  # noqa: PLC0415

    view = nanoarrow.c_array(child).view()
    values = np.asarray(view.buffer(1))[view.offset : view.offset + view.length]
    if not view.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(view.buffer(0), dtype=np.uint8), bitorder="little")
    return np.where(bits[view.offset : view.offset + view.length] == 0, np.nan, values)
