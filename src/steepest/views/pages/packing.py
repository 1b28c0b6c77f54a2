"""Packing: numbers as a page's JSON holds them."""

import base64
from typing import Any

import numpy as np

from steepest.support.arrays import FloatArray

Json = dict[str, Any]


def packed(values: FloatArray) -> str:
    """Return numbers as base64 of little-endian float64, row by row: every bit, and half the size of digits."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode()
