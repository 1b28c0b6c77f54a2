"""NumPy's files: the arrays of .npy and .npz, never unpickled; a damaged one is told in a sentence."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from steepest.data.sources.first_bytes import check_file
from steepest.errors import DataError


def open_numpy_file(path: str | os.PathLike[str], y: object) -> tuple[Any, Any]:
    """Return X and y of a .npy file, as a memory map, or of a .npz file with arrays called X and y.

    A .npy file without `y` holds the target in its last column.

    Raises:
        DataError: no such file, damaged, or it holds Python objects, which are never unpickled.
    """
    arrays = read_numpy_file(path, ("X", "y"))
    if "y" in arrays:
        return arrays["X"], arrays["y"]
    content = arrays["X"]
    if y is not None:
        return content, y
    if content.ndim != 2 or content.shape[1] < 2:
        raise DataError(
            f"{path} has the shape {content.shape}; without y its last column is the target, so (n, d + 1) is needed."
        )
    return content[:, :-1], content[:, -1]


def read_numpy_file(path: str | os.PathLike[str], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the arrays of these names of a .npz file, or that of a .npy file, as a memory map, under the first name.

    Raises:
        DataError: no such file, damaged, it lacks one of the arrays, or holds Python objects, which are never unpickled.
    """
    check_file(path)
    try:
        with Path(path).open("rb") as stream:  # NumPy does not close an archive that it cannot open
            if stream.read(2) != b"PK":
                return {names[0]: np.load(path, mmap_mode="r", allow_pickle=False)}
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as held:
                there = list(held.files)
                arrays = {name: held[name] for name in names if name in there}
    except Exception as error:  # NumPy, zipfile, zlib and tokenize have one of their own for each kind of damage
        raise DataError(
            f"cannot read {path}: {_why(error)}. Write it with np.save or np.savez, numbers only."
        ) from None
    if len(arrays) < len(names):
        needed = f"arrays called {' and '.join(names)} are" if len(names) > 1 else f"an array called {names[0]} is"
        raise DataError(f"{path} holds {', '.join(there) or 'nothing'}; {needed} needed.")
    return arrays


def _why(error: Exception) -> str:
    """What may be the matter with a file that NumPy cannot read."""
    if isinstance(error, (OSError, MemoryError)) and str(error):
        return str(error)
    return "it is damaged, no file of NumPy's, or holds Python objects, which are never unpickled"
