"""Array files: a zip of NumPy arrays and a JSON header, versioned and checksummed; never a pickle."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import ModelFileError
from steepest.support.files import write_whole

VERSION = 1
LARGEST_HEADER = 64 << 20


def write_arrays(
    path: str | os.PathLike[str], kind: str, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write a header (JSON types) and arrays to one file, whole or not at all.

    Args:
        path: of the file.
        kind: what the file is, "steepest-triangle" for example.
        header: JSON types.
        arrays: by name.
    """
    write_whole(path, pack_arrays(kind, header, arrays))


def pack_arrays(kind: str, header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of the file that `write_arrays` writes."""
    described = {**header, "format": kind, "version": VERSION}
    text = json.dumps({**described, "sha256": _checksum(described, arrays)}).encode()
    stream = io.BytesIO()
    # no allow_pickle=False here: NumPy before 2.2 writes that as one more array; numbers are never pickled
    np.savez(stream, header=np.frombuffer(text, dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def read_arrays(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_arrays` wrote.

    Raises:
        ModelFileError: the file is damaged, is something else, or has a version this steepest does not know.
        FileNotFoundError: there is no such file.
    """
    return unpack_arrays(Path(path).read_bytes(), kind, str(path))


def unpack_arrays(content: bytes, kind: str, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the header and the arrays of a file's bytes; `name` is what the bytes are called in an error.

    Raises:
        ModelFileError: they are damaged, are something else, or have a version this steepest does not know.
    """
    what = kind.removeprefix("steepest-")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            arrays = {key: held[key] for key in held.files}
        text = arrays.pop("header").tobytes()
        if len(text) > LARGEST_HEADER:
            raise ValueError("the header is too long")
        header = json.loads(text)
        if header["format"] != kind:
            raise ValueError("another format")
        version, checksum = header["version"], header.pop("sha256")
    except Exception as error:  # NumPy, zipfile and zlib have one of their own for each kind of damage
        short = ", or does not fit into memory" if isinstance(error, MemoryError) else ""
        raise ModelFileError(
            f"{name} is not a {what} that steepest wrote, or it is damaged{short}. Make it again from the data."
        ) from error
    if version != VERSION:
        raise ModelFileError(
            f"{name} has format version {version}; this steepest reads version {VERSION}. Make it again from the data."
        )
    if _checksum(header, arrays) != checksum:
        raise ModelFileError(f"{name} is damaged: its numbers do not match its checksum. Make it again from the data.")
    return header, arrays


def is_array_file(path: str | os.PathLike[str], kind: str) -> bool:
    """Whether the file is of this kind, as far as its header says; a damaged one that begins like one counts."""
    try:
        if not os.path.isfile(path):  # opening a pipe would wait for a writer
            return False
        with Path(path).open("rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as held, held.open("header.npy") as stream:
            return f'"format": "{kind}"'.encode() in stream.read(LARGEST_HEADER)
    except (OSError, ValueError, KeyError):
        return False
    except Exception:  # damage
        return True


def _checksum(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
