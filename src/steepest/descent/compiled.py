"""Compiled: a run's parameters, memory and rows as kernels take them, and back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent import kernels
from steepest.objectives.over_rows import OverRows
from steepest.objectives.quadratic import Quadratic
from steepest.objectives.stored_rows import StoredRows
from steepest.rules.elementwise import ElementWise, Remembered
from steepest.support.arrays import FloatArray

MOST_EPOCHS = 32_768  # at once; the numbers of each step are written down before
MOST_WORK = 100_000_000  # multiplications at once, a tenth of a second: Ctrl-C is heard in between


@dataclass(frozen=True)
class Walked:
    """What many steps come to.

    Args:
        thetas: parameters at the last epoch and at the two before, the latest first, (p, t) each.
        memory: the rule's.
        epoch: the last epoch; nothing was looked at there.
        loss: J at the epoch before, shape (t,).
        position: how many epochs are kept.
    """

    thetas: tuple[FloatArray, FloatArray, FloatArray]
    memory: Any
    epoch: int
    loss: FloatArray
    position: int


class FullBatch:
    """Steps by the gradient of a quadratic.

    Args:
        quadratic: what is minimized.
        rule: what the rule does to one parameter.
        kept: the epochs to keep, shape (K,).
        thetas: places for the parameters there, shape (K, p, t).
        losses: places for J, shape (K, t).
    """

    def __init__(
        self, quadratic: Quadratic, rule: ElementWise, kept: NDArray[np.int64], thetas: FloatArray, losses: FloatArray
    ) -> None:
        R, r = quadratic.R, quadratic.r
        ends = len(R) - (R[::-1] != 0).argmax(axis=0)
        factor = quadratic.scale / quadratic.total_weight
        self.design = kernels.Design(
            _rows_of(R.T),
            ends,
            _rows_of(r.T),
            _rows_of(quadratic.rho),
            factor,
            float(quadratic.l2),
            quadratic.penalized,
        )
        self.kept = kernels.Kept(kept, thetas, losses)
        self.rule, self.at_once = rule, max(1, min(MOST_EPOCHS, MOST_WORK // max(1, 2 * R.size * r.shape[1])))
        self.code = kernel(kernels.full_batch, rule)

    @classmethod
    def of(
        cls,
        quadratic: Quadratic,
        rule: ElementWise,
        start: FloatArray,
        memory: Any,
        kept: NDArray[np.int64],
        thetas: FloatArray,
        losses: FloatArray,
    ) -> "FullBatch | None":
        """Return the same once it is compiled; None where the compiler does not know what the rule's functions use."""
        made = cls(quadratic, rule, kept, thetas, losses)
        return made if _compiles(lambda: made(start, start, memory, 0, 0, 0)) else None

    def __call__(
        self, theta: FloatArray, before: FloatArray, memory: Any, epoch: int, goal: int, position: int
    ) -> Walked:
        """Take steps from an epoch that was looked at, up to a goal or as far as is quick.

        Args:
            theta: parameters at the epoch, shape (p, t).
            before: those of the epoch before.
            memory: what the rule remembers.
            epoch: done so far.
            goal: the next epoch at which something is to be looked at.
            position: how many epochs are kept.
        """
        last = min(goal, epoch - epoch % self.at_once + self.at_once)  # the same ends for a run that goes on
        remembered = self.rule.pack(memory)
        slots = _packed(remembered, theta)
        numbers = _numbers(self.rule, remembered.steps, last - epoch)
        state, path, loss = _rows_of(theta.T), _rows_of(np.stack([before.T, before.T])), np.empty(theta.shape[1])
        reached, position = self.code(self.design, state, slots, numbers, epoch, last, path, loss, self.kept, position)
        memory = self.rule.unpack(_unpacked(slots, remembered.steps + reached - epoch, theta))
        return Walked((state.T.copy(), path[0].T.copy(), path[1].T.copy()), memory, int(reached), loss, int(position))


class MiniBatch:
    """Steps by the gradients of batches of rows.

    Args:
        rule: what the rule does to one parameter.
        size: rows of a batch.
    """

    def __init__(self, rule: ElementWise, size: int) -> None:
        self.rule, self.size = rule, size
        self.code = kernel(kernels.mini_batch, rule)

    @classmethod
    def of(
        cls, rule: ElementWise, size: int, rows: OverRows | StoredRows, start: FloatArray, memory: Any
    ) -> "MiniBatch | None":
        """Return the same once it is compiled; None where the compiler does not know what the rule's functions use."""
        made = cls(rule, size)
        return made if _compiles(lambda: made(rows.take(np.empty(0, np.intp)), start, memory)) else None

    def __call__(self, rows: OverRows, theta: FloatArray, memory: Any) -> tuple[FloatArray, Any]:
        """Take a step for each batch of the rows; return theta and what the rule remembers."""
        remembered = self.rule.pack(memory)
        slots, state, steps = _packed(remembered, theta), _rows_of(theta.T), -(-len(rows) // self.size)
        omega = np.empty(0) if rows.omega is None else rows.omega
        given = kernels.Rows(rows.U, rows.y, omega, float(rows.scale), float(rows.l2), rows.penalized)
        self.code(given, self.size, state, slots, _numbers(self.rule, remembered.steps, steps))
        return state.T.copy(), self.rule.unpack(_unpacked(slots, remembered.steps + steps, theta))


def kernel(make: kernels.Maker, rule: ElementWise) -> Callable[..., Any]:
    """Return a kernel for a rule: compiled, or plain where there is no compiler."""
    code = kernels.compiled if kernels.is_there() else kernels.plain
    return code(make, rule, len(rule.numbers(np.array([1]), 1.0)))


def _compiles(nothing: Callable[[], object]) -> bool:
    """Whether a call that takes no steps can be compiled."""
    try:
        nothing()
    except kernels.NumbaError:
        return False
    return True


def _numbers(rule: ElementWise, done: int, steps: int) -> FloatArray:
    """What the update of each step takes, shape (steps, count), or (1, count) where all take the same."""
    steps = max(1, steps)
    columns = rule.numbers(np.arange(done + 1, done + steps + 1), 1.0)
    table = np.empty((steps if any(np.ndim(column) for column in columns) else 1, len(columns)))
    for place, column in enumerate(columns):
        table[:, place] = column
    return table


def _packed(remembered: Remembered, theta: FloatArray) -> FloatArray:
    """The slots as rows, a target after the other, shape (slots, t·p)."""
    slots = np.empty((len(remembered.slots), theta.size))
    for place, slot in enumerate(remembered.slots):
        slots[place] = slot.T.ravel()
    return slots


def _unpacked(slots: FloatArray, steps: int, theta: FloatArray) -> Remembered:
    return Remembered([slot.reshape(theta.shape[::-1]).T.copy() for slot in slots], steps)


def _rows_of(array: FloatArray) -> FloatArray:
    """A copy in the order of its rows, which can be written."""
    return np.array(array, order="C")
