"""Numerics: what computes a result gives the same bits whatever runs beside it and whatever alarms its caller has set."""

import functools
import threading
import types
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from steepest.support.threads import HOLDERS

Thing = TypeVar("Thing", bound=Callable[..., Any])
OPERATORS = {"__add__", "__call__", "__repr__", "__str__", "_repr_html_", "_repr_png_"}
_here = threading.local()


class numerics:
    """Compute in the block with one BLAS thread and without floating-point alarms.

    The rounding of a large product depends on how many threads BLAS cuts it for, and `numpy.errstate(all="raise")` or
    `-W error` of a caller would end a computation that is right: that p_k(λ) falls below 1e-308 means that the mode is
    done. What overflows is judged by the code that computes it, which says so in words.

    Example:
        >>> with np.errstate(all="raise"), numerics():
        ...     print(np.array([1e-200]) * 1e-200)
        [0.]
    """

    def __enter__(self) -> None:
        _here.depth = getattr(_here, "depth", 0) + 1
        HOLDERS.enter()
        self._alarms = np.errstate(all="ignore")
        self._alarms.__enter__()

    def __exit__(self, *error: object) -> None:
        self._alarms.__exit__(None, None, None)
        HOLDERS.leave()
        _here.depth -= 1


def numeric(thing: Thing) -> Thing:
    """Return a function that computes in `numerics()`, or a class all of whose public methods and properties do.

    Example:
        >>> @numeric
        ... def square(x):
        ...     return x * x
        >>> with np.errstate(all="raise"):
        ...     print(square(np.array([1e-200])))
        [0.]
    """
    if not isinstance(thing, type):
        return cast(Thing, _inside(thing))
    for name, member in list(vars(thing).items()):
        if name.startswith("_") and name not in OPERATORS:
            continue
        if isinstance(member, (classmethod, staticmethod)):
            setattr(thing, name, type(member)(_inside(member.__func__)))
        elif isinstance(member, property) and member.fget is not None:
            setattr(thing, name, property(_inside(member.fget), doc=member.__doc__))
        elif isinstance(member, functools.cached_property):
            cached = type(member)(_inside(member.func))
            cached.__set_name__(thing, name)
            setattr(thing, name, cached)
        elif isinstance(member, types.FunctionType):
            setattr(thing, name, _inside(member))
    return thing


def _inside(function: Any) -> Any:
    block, here = numerics, _here

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if getattr(here, "depth", 0):  # inside another door of this thread everything is set
            return function(*args, **kwargs)
        with block():
            return function(*args, **kwargs)

    # with the globals of its function: doctest takes a function for its module's by them
    own = types.FunctionType(wrapper.__code__, function.__globals__, function.__name__, None, wrapper.__closure__)
    return functools.update_wrapper(own, function)
