"""Values: results that cannot be changed, are equal when what they hold is, and say in a pickle who wrote it."""

import dataclasses
import functools
from collections.abc import Hashable, Mapping
from typing import Any, ClassVar, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from steepest.errors import ModelFileError
from steepest.support.arrays import read_only
from steepest.support.looks import Shown
from steepest.support.version import __version__

Result = TypeVar("Result")


class Value(Shown):
    """A base for frozen dataclasses that hold arrays; give them `@dataclass(frozen=True, eq=False)`.

    - Arrays in fields are read-only; a caller's own array is copied and stays as it was.
    - `==` compares type and fields: arrays by shape and numbers, NaN equal to NaN. Fields with `compare=False` do not count.
    - Values that are equal have the same `hash`.
    - `repr()` is a few short lines.
    - A pickle holds the fields, and the version that wrote it; one of another `PICKLE_FORMAT` is refused in words.

    Example:
        >>> @dataclasses.dataclass(frozen=True, eq=False)
        ... class Point(Value):
        ...     at: NDArray[np.float64]
        >>> Point(np.array([1.0, np.nan])) == Point(np.array([1.0, np.nan]))
        True
        >>> Point(np.zeros(2)).at[0] = 1.0
        Traceback (most recent call last):
        ValueError: assignment destination is read-only
    """

    PICKLE_FORMAT: ClassVar[int] = 1
    """Raise it in a class whose fields change their meaning: pickles from before are then refused."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __post_init__(self) -> None:
        content = self.__dict__  # a frozen dataclass is filled past its own __setattr__; this is done for every result
        for name in _names(self):
            if isinstance(content[name], np.ndarray):
                content[name] = read_only(content[name])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or all(
            are_equal(getattr(self, field.name), getattr(other, field.name))
            for field in dataclasses.fields(self)
            if field.compare
        )

    def __hash__(self) -> int:
        fields = (field.name for field in dataclasses.fields(self) if field.compare)
        return hash((type(self), *(_key(getattr(self, name)) for name in fields)))

    def __getstate__(self) -> dict[str, Any]:
        content = {name: getattr(self, name) for name in _names(self)}
        return {"steepest": __version__, "format": self.PICKLE_FORMAT, "fields": content}

    def __setstate__(self, state: Any) -> None:
        told = state if isinstance(state, dict) else {}
        content, names = told.get("fields"), _names(self)
        if told.get("format") != self.PICKLE_FORMAT or not isinstance(content, dict) or set(content) != set(names):
            raise ModelFileError(
                f"this pickle of a {type(self).__name__} was written by steepest {told.get('steepest', 'of an earlier version')} and cannot be read by "
                f"{__version__}. Make it again; to keep results from version to version, use the files of save()."
            )
        for name, value in content.items():
            object.__setattr__(self, name, value)
        self.__post_init__()


class frozen_property(functools.cached_property[Result]):
    """A property that is computed once and cannot be changed afterwards: arrays in it, or in a tuple of them, are read-only.

    Example:
        >>> class Ruler:
        ...     @frozen_property
        ...     def marks(self):
        ...         return np.arange(3.0)
        >>> Ruler().marks[0] = 9.0
        Traceback (most recent call last):
        ValueError: assignment destination is read-only
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Result: ...

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Self | Result:
        """Compute it at the first look; later ones find it in the instance."""
        value = super().__get__(instance, owner)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, np.ndarray):
                part.flags.writeable = False
        return value


def are_equal(a: object, b: object) -> bool:
    """Return whether two parts of values are equal: arrays by shape and numbers, NaN equal to NaN, the rest by `==`.

    Example:
        >>> are_equal({"x": [1.0, float("nan")]}, {"x": [1.0, float("nan")]}), are_equal(np.zeros(2), np.zeros((2, 1)))
        (True, False)
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and _same_numbers(a, b)
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, (list, tuple)) and type(a) is type(b):
        return len(a) == len(b) and all(map(are_equal, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(are_equal(value, b[key]) for key, value in a.items())
    if dataclasses.is_dataclass(a) and type(a) is type(b) and not isinstance(a, (type, Value)):
        return all(are_equal(getattr(a, field.name), getattr(b, field.name)) for field in dataclasses.fields(a))
    return bool(a == b)


def _same_numbers(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def _key(value: object) -> Hashable:
    """Return something that is equal for equal parts and has a hash; what can be changed, as a dict, has no part in it."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":  # as one kind of number, with one NaN, and -0 as 0
            value = value.astype(np.float64) + 0.0
            value[np.isnan(value)] = np.nan
        return value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(map(_key, value))
    if isinstance(value, float) and value != value:
        return "nan"
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Value)):
        return type(value), tuple(_key(getattr(value, field.name)) for field in dataclasses.fields(value))
    return value if isinstance(value, Hashable) and not isinstance(value, Mapping) else None


def _names(value: Value) -> tuple[str, ...]:
    kind: type = type(value)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in dataclasses.fields(value))
    return _NAMES[kind]


_NAMES: dict[type, tuple[str, ...]] = {}
"""Of each class its fields: asked for whenever a value is made."""
