"""Triangle file: a triangle as bytes and back, bit for bit, and as the parts that other files hold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.data.coding import Coding
from steepest.errors import ModelFileError
from steepest.support.array_file import pack_arrays, unpack_arrays
from steepest.support.arrays import FloatArray

FORMAT = "steepest-triangle"


def to_bytes(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file of a triangle with these fields: no pickle, with a checksum."""
    return pack_arrays(FORMAT, *to_parts(fields))


def from_bytes(content: bytes, name: str) -> dict[str, Any]:
    """Return the fields of the triangle in a file's bytes.

    Args:
        content: the bytes.
        name: what they are called in an error.

    Raises:
        ModelFileError: they are damaged, hold no triangle, or have a version this steepest does not know.
    """
    header, arrays = unpack_arrays(content, FORMAT, name)
    try:
        return from_parts(header, arrays)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{name} is not a triangle that steepest wrote. Make it again from the data.") from error


def to_parts(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Return the fields of a triangle as JSON types and arrays; `from_parts` gives them back, bit for bit."""
    header = {
        "features": list(fields["features"]),
        "targets": list(fields["targets"]),
        "row_count": fields["row_count"],
        "total_weight": fields["total_weight"].hex(),
        "log_weights": fields["log_weights"].hex(),
        "coding": None if fields["coding"] is None else fields["coding"].as_json(),
        "origins": list(fields["origins"]),
    }
    if fields["log_target"]:
        header["log_target"] = True
    return header, {"means": fields["means"], "tails": fields["tails"], "centred": fields["centred"]}


def from_parts(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the fields of the triangle that `to_parts` was given.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    features, targets = tuple(map(str, header["features"])), tuple(map(str, header["targets"]))
    m = len(features) + len(targets)
    means, tails, centred = (np.asarray(arrays[name], dtype=np.float64) for name in ("means", "tails", "centred"))
    if means.shape != (m,) or tails.shape != (m,) or centred.shape[1:] != (m,) or len(centred) > m:
        raise ValueError("the arrays do not fit the names")
    return {
        "features": features,
        "targets": targets,
        "row_count": int(header["row_count"]),
        "total_weight": float.fromhex(header["total_weight"]),
        "means": means,
        "tails": tails,
        "centred": centred,
        "coding": None if header["coding"] is None else Coding.from_json(header["coding"]),
        "origins": tuple(header["origins"]),
        "log_weights": float.fromhex(header.get("log_weights", "nan")),
        "log_target": bool(header.get("log_target", False)),
    }
