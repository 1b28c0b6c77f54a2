"""Row file: rows of numbers in a temporary file, for tables too large for memory."""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError
from steepest.support.arrays import FloatArray

IN_MEMORY = 1 << 27  # numbers, 1 GB: rows of more are stored
BLOCK = 1 << 14  # numbers that stand together in the file and are read together, 128 KB
MIXED = 1 << 24  # numbers of blocks whose rows are mixed with each other, 128 MB
MAPS = 64  # parts in which rows are read; a system may map 2 MB of the file for each row of one


def fits_memory(row_count: int, numbers: int) -> bool:
    """Whether rows of so many numbers are kept in memory."""
    return row_count * numbers <= IN_MEMORY


@dataclass(frozen=True, eq=False)
class RowFile:
    """Rows in a file without a name, which is gone as soon as nobody holds it.

    They are shuffled in two steps: blocks of rows that stand together come in a random order, and the rows of 1,024 blocks at a time
    are mixed. So an epoch reads the file once, in pieces, and memory stays the same however long the file is.

    Args:
        file: float64, row by row.
        row_count: n.
        numbers: of a row.

    Source: Xu, Qiu, Yi, Li, Tang, Zhang, Liu, Wu, "Stochastic Gradient Descent without Full Data Shuffle", SIGMOD 2022.
    """

    file: IO[bytes]
    row_count: int
    numbers: int

    @classmethod
    def of(cls, pieces: Iterator[FloatArray], row_count: int, numbers: int) -> "RowFile":
        """Write rows, shape (m, numbers) a piece, to a temporary file.

        Raises:
            DataError: there is no room for the file.
        """
        with contextlib.ExitStack() as until_done:
            file = until_done.enter_context(_temporary())
            for values in pieces:
                _write(file, values)
            until_done.pop_all()
        rows = cls(file, row_count, numbers)
        weakref.finalize(rows, file.close)
        return rows

    def __len__(self) -> int:
        return self.row_count

    def shuffled(self, generator: np.random.Generator) -> Iterator[NDArray[np.intp]]:
        """Yield all row numbers, each once: blocks in a random order, the rows of as many as fit into memory mixed."""
        rows = max(1, BLOCK // self.numbers)
        together = max(1, MIXED // (rows * self.numbers))
        blocks = generator.permutation(-(-len(self) // rows))
        for first in range(0, len(blocks), together):
            mixed = (blocks[first : first + together, None] * rows + np.arange(rows)).ravel()
            yield generator.permutation(mixed[mixed < len(self)])

    def take(self, rows: NDArray[np.intp] | slice) -> FloatArray:
        """Return some rows, read in the file's order, shape (m, numbers)."""
        chosen = np.arange(len(self))[rows] if isinstance(rows, slice) else rows
        values = np.empty((len(chosen), self.numbers))
        for part in np.array_split(np.argsort(chosen), MAPS):
            # mapped anew each time: what was read before leaves memory with its map
            table = np.memmap(self.file, np.float64, "r", shape=(len(self), self.numbers))
            values[part] = table[chosen[part]]
        return values


def _temporary() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_room(error) from error


def _write(file: IO[bytes], values: FloatArray) -> None:
    try:
        file.write(np.ascontiguousarray(values).data)
        file.flush()
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> DataError:
    folder = tempfile.gettempdir()
    return DataError(
        f"rows of more than 1 GB are kept in a temporary file, and {folder} cannot hold it: {os.strerror(error.errno or 0).lower()}.",
        "make room there",
        "name another folder in the environment variable TMPDIR",
    )
