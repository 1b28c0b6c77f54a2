"""Nested: what was put in comes out bit for bit, of the same kinds, and what no file can hold is refused in words."""

import json
from collections import namedtuple
from typing import NamedTuple

import numpy as np
import pytest

from steepest.errors import UsageError
from steepest.rules.elementwise import Remembered
from steepest.support.nested import pack, unpack


class Pair(NamedTuple):
    """Two things."""

    first: object
    second: object


def there_and_back(value):
    tree, arrays = pack(value)
    return unpack(json.loads(json.dumps(tree)), {name: array.copy(order="K") for name, array in arrays.items()})


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
        assert one.flags.c_contiguous == other.flags.c_contiguous
    elif isinstance(one, (tuple, list)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        same(list(one.values()), list(other.values()))
    else:
        assert np.array_equal(one, other, equal_nan=isinstance(one, float))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 2**80, 0.1, float("nan"), float("-inf"), -0.0, "text", (), [], {}, np.float64(0.1), np.int32(3),
        np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.zeros((0, 2)), np.array(1 + 2j),
        (np.array([np.nan, -0.0]), (None, [1, (2.5,)]), {"m": np.array([True])}), Remembered([np.zeros((2, 1))], 1),
        Pair(np.ones(2), Pair(1, None)), {"tuple": (1,), "array": "0"},
    ],
)  # fmt: skip
def test_what_was_put_in_comes_out(value):
    same(there_and_back(value), value)


class Local(tuple):
    """No named tuple."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value", [object(), np.array([None]), np.array(["a"]), {1: 2}, {1}, lambda: 0, Local((1,)), namedtuple("Nowhere", "a")(1)]
)  # fmt: skip
def test_what_no_file_can_hold_is_refused(value):
    with pytest.raises(UsageError, match="the memory holds something that no file can"):
        pack((1, [value]), "the memory")


def test_a_class_that_is_gone_is_named(monkeypatch):
    tree, arrays = pack(Pair(1, 2))
    monkeypatch.delattr("tests.support.test_nested.Pair")
    with pytest.raises(UsageError, match=r"tests\.support\.test_nested\.Pair, of which the file holds one"):
        unpack(tree, arrays)
