"""Arguments: what callers may give, checked at the door, with an error in words instead of one from inside."""

import math
import os
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import numpy as np

from steepest.errors import Option, UsageError

Kind = TypeVar("Kind")
LONGEST_NAME = 255  # bytes of one part of a path, on Linux, macOS and Windows
_short = reprlib.Repr()
_short.maxother = _short.maxstring = 60


def shown(value: object) -> str:
    """Return how a value that was given looks, in at most a line.

    Example:
        >>> shown(None), shown([1.5, "x"])
        ('None', "[1.5, 'x']")
    """
    return " ".join(_short.repr(value).split())


def as_float(value: object) -> float:
    """Return one number as a float; NaN, which no range holds, for what is none: a truth value, a text, an array, None.

    Example:
        >>> as_float(3), as_float(np.float64(0.5)), as_float("3"), as_float(True), as_float([1.0])
        (3.0, 0.5, nan, nan, nan)
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number beyond float64
        return math.inf if value > 0 else -math.inf


def as_int(value: object) -> int | None:
    """Return a whole number as an int, None for what is none.

    Example:
        >>> as_int(3), as_int(np.int8(3)), as_int(3.0), as_int(True)
        (3, 3, None, None)
    """
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return int(value) if is_whole else None  # type: ignore[call-overload]


def is_many(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether a value holds several: an array without axes is one number, though its class has `__iter__`.

    Example:
        >>> is_many([1.0]), is_many(range(3)), is_many(np.array(3.0))
        (True, True, False)
    """
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) != 0


def check_flag(name: str, value: object) -> bool:
    """Return a truth value.

    Args:
        name: of the argument.
        value: what was given.

    Raises:
        UsageError: it is something else.

    Example:
        >>> check_flag("shuffle", "yes")
        Traceback (most recent call last):
        steepest.errors.UsageError: shuffle is True or False; got 'yes'.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise UsageError(Option(name) + f" is True or False; got {shown(value)}.")
    return bool(value)


def check_word(name: str, value: object, words: Iterable[str]) -> None:
    """Raise UsageError where a value is none of the words."""
    known = list(words)
    if not (isinstance(value, str) and value in known):
        listed = ", ".join(f'"{word}"' for word in known[:-1]) + f' or "{known[-1]}"'
        raise UsageError(Option(name) + f" is {listed}; got {shown(value)}.")


def check_text(name: str, value: object) -> str:
    """Return a text; raise UsageError where it is none."""
    if not isinstance(value, str):
        raise UsageError(Option(name) + f" is a text; got {shown(value)}.")
    return value


def check_path(name: str, value: object) -> Path:
    """Return the name of a file or folder as a path.

    Raises:
        UsageError: it is something else.

    Example:
        >>> check_path("path", 3)
        Traceback (most recent call last):
        steepest.errors.UsageError: path is the name of a file or folder; got 3.
    """
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str) or not os.fspath(value):
        raise UsageError(Option(name) + f" is the name of a file or folder; got {shown(value)}.")
    return Path(value)


def check_file_name(name: str, value: object) -> Path:
    """Return the path of a file, whose name is one that a file can have.

    Raises:
        UsageError: it is no name that a file can have.
    """
    path = check_path(name, value)
    if "\0" in str(path) or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise UsageError(
            Option(name)
            + f" is no name that a file can have: it holds a NUL, or a part of it is longer than {LONGEST_NAME} bytes; got {shown(value)}."
        )
    return path


def check_kind(name: str, value: object, kind: type[Kind]) -> Kind:
    """Return a value of a class of ours; raise UsageError where it is of another."""
    if not isinstance(value, kind):
        raise UsageError(Option(name) + f" is a {kind.__name__}; got {shown(value)}.")
    return value


def check_names(name: str, value: object) -> tuple[str, ...]:
    """Return one name or several as a tuple.

    Raises:
        UsageError: it is something else.

    Example:
        >>> check_names("target", "y"), check_names("target", ["y", "z"])
        (('y',), ('y', 'z'))
        >>> check_names("target", 3)
        Traceback (most recent call last):
        steepest.errors.UsageError: target takes a column's name, or a list of names; got 3.
    """
    names = (value,) if isinstance(value, str) else tuple(value) if is_many(value) else (value,)
    if not all(isinstance(one, str) for one in names):
        raise UsageError(Option(name) + f" takes a column's name, or a list of names; got {shown(value)}.")
    return names


def check_list(name: str, value: object, what: str) -> list[Any]:
    """Return the values of a grid as a list.

    Args:
        name: of the argument.
        value: what was given: a list, a tuple, a range, a one-dimensional array.
        what: what it is a list of, in words.

    Raises:
        UsageError: it is something else, or empty.
    """
    if (
        not is_many(value)
        or isinstance(value, (str, bytes, dict, set, frozenset))
        or (isinstance(value, np.ndarray) and value.ndim != 1)
    ):
        raise UsageError(Option(name) + f" is a list of {what}; got {shown(value)}.")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise UsageError(Option(name) + f" is a list of {what}, without masked ones; got {shown(value)}.")
    values: list[Any] = list(value)
    if not values:
        raise UsageError(Option(name) + " is empty.", "give at least one")
    return values
