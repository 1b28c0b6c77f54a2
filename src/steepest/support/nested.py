"""Nested: tuples of arrays, numbers and texts as JSON types and named arrays, and back bit for bit; never a pickle."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import UsageError
from steepest.support.arguments import shown

Arrays = dict[str, NDArray[Any]]
PLAIN = (bool, int, float, str, type(None))
NUMBERS = "biufc"  # kinds of arrays that hold their numbers themselves
ARRAY, SCALAR, TUPLE, NAMED, LIST, DICT = "array", "scalar", "tuple", "named", "list", "dict"


def pack(value: object, what: str = "a value") -> tuple[Any, Arrays]:
    """Return a nested value as JSON types and the arrays that they name.

    Args:
        value: an array or a scalar of NumPy's, a number, a text, None, or tuples, named tuples, lists and dicts of these.
        what: what it is called where it is of another kind.

    Raises:
        UsageError: something in it is of another kind.

    Example:
        >>> tree, arrays = pack((np.array([1.0, 2.0]), None, 3))
        >>> tree
        {'tuple': [{'array': '0'}, None, 3]}
        >>> unpack(tree, arrays)
        (array([1., 2.]), None, 3)
    """
    arrays: Arrays = {}
    return _packed(value, arrays, what), arrays


def _packed(value: Any, arrays: Arrays, what: str) -> Any:
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in NUMBERS:
        return {ARRAY: _put(value, arrays)}
    if (
        isinstance(value, np.generic) and value.dtype.kind in NUMBERS
    ):  # not Python's float: they have powers of their own
        return {SCALAR: _put(np.asarray(value), arrays)}
    if kind in PLAIN:
        return value
    if kind is tuple or kind is list:
        return {TUPLE if kind is tuple else LIST: [_packed(part, arrays, what) for part in value]}
    if kind is dict and all(type(key) is str for key in value):
        return {DICT: {key: _packed(part, arrays, what) for key, part in value.items()}}
    path = [kind.__module__, kind.__qualname__]
    if _named_tuple(path) is kind:
        return {NAMED: path, TUPLE: [_packed(part, arrays, what) for part in value]}
    raise UsageError(
        f"{what} holds something that no file can: it may be made of arrays of numbers, numbers, texts, None, and tuples, "
        f"lists and dicts of these, and NamedTuples of a module; got {shown(value)}."
    )


def _put(array: NDArray[Any], arrays: Arrays) -> str:
    name = str(len(arrays))
    arrays[name] = array
    return name


def unpack(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return the value that `pack` wrote down.

    Raises:
        UsageError: a NamedTuple in it is of a module that is not imported, or of a class that is not there any more.
    """
    if not isinstance(tree, dict):
        return tree
    if ARRAY in tree:
        return arrays[tree[ARRAY]]
    if SCALAR in tree:
        return arrays[tree[SCALAR]][()]
    if DICT in tree:
        return {key: unpack(part, arrays) for key, part in tree[DICT].items()}
    parts = [unpack(part, arrays) for part in tree[LIST if LIST in tree else TUPLE]]
    if NAMED not in tree:
        return parts if LIST in tree else tuple(parts)
    kind = _named_tuple(tree[NAMED])
    if kind is None or len(kind._fields) != len(parts):
        raise UsageError(f"{'.'.join(tree[NAMED])}, of which the file holds one, is not the class it was.")
    return kind._make(parts)


def _named_tuple(path: list[str]) -> Any:
    """The class of named tuples of a module that is imported already; None where there is none."""
    found: Any = sys.modules.get(path[0])
    for name in path[1].split("."):
        found = getattr(found, name, None)
    is_one = isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")
    return found if is_one else None
