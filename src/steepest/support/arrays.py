"""Arrays: names for the types of signatures, and arrays that nobody can write into."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Array = TypeVar("Array", bound=NDArray[Any])


def read_only(array: Array) -> Array:
    """Return an array of the same numbers that nobody can write into: itself where nobody can, a copy otherwise.

    An array that is given is never changed, nor seen through: who wrote it may go on writing. Where a large array is made
    and handed over at once, `array.flags.writeable = False` beforehand saves the copy.

    Example:
        >>> mine = np.array([1.0, 2.0])
        >>> kept = read_only(mine)
        >>> mine[0] = 99.0
        >>> kept, kept.flags.writeable, read_only(kept) is kept
        (array([1., 2.]), False, True)
    """
    if not _can_be_written(array):
        return array
    copy = array.copy(order="K")
    copy.flags.writeable = False
    return copy


def _can_be_written(array: NDArray[Any]) -> bool:
    """Whether the numbers can be written through this array or through the one that it is a view of."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            return True
        owner = owner.base
    return False
