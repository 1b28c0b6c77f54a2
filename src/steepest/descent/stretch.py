"""Stretch: which runs are walked many steps at once, compiled, where numba is installed."""

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.minibatch import MiniBatchRule
from steepest.objectives.objective import Objective
from steepest.objectives.over_rows import OverRows
from steepest.objectives.quadratic import Quadratic
from steepest.objectives.stored_rows import StoredRows
from steepest.rules.elementwise import elementwise_of
from steepest.rules.rule import Rule
from steepest.support.arrays import FloatArray

if TYPE_CHECKING:
    from steepest.descent.compiled import FullBatch

FEWEST = 20_000  # steps of a run that are worth a compiler: half a second of NumPy
LARGEST_BATCH = 32_768  # numbers; products of more are as fast in NumPy


def stretch_of(
    objective: Objective,
    rule: Rule,
    start: FloatArray,
    epochs: int,
    kept: NDArray[np.int64],
    thetas: FloatArray,
    losses: FloatArray,
) -> "FullBatch | None":
    """Return what takes many epochs of a run at once, None where they are to be taken one by one."""
    if type(objective) is not Quadratic or epochs < FEWEST or not has_compiler():
        return None
    element_wise = elementwise_of(rule)
    if element_wise is None:
        return None
    from steepest.descent import compiled  # noqa: PLC0415 - takes a third of a second

    return compiled.FullBatch.of(objective, element_wise, start, rule.init(start), kept, thetas, losses)


def epoch_of(rule: Rule, start: FloatArray, epochs: int) -> Callable[..., tuple[FloatArray, Any]]:
    """Return what takes one epoch of a run: the rule's step, or many steps over batches at once."""
    rows = rule.rows if isinstance(rule, MiniBatchRule) else None
    if not isinstance(rule, MiniBatchRule) or not isinstance(rows, (OverRows, StoredRows)):
        return rule.step
    size, element_wise = rule.batches.size, elementwise_of(rule.rule)
    if element_wise is None or min(size, len(rows)) * rows.width > LARGEST_BATCH:
        return rule.step
    if epochs * rule.batches.steps(len(rows)) < FEWEST or not has_compiler():
        return rule.step
    from steepest.descent import compiled  # noqa: PLC0415 - takes a third of a second

    steps = compiled.MiniBatch.of(element_wise, size, rows, start, rule.rule.init(start))
    return rule.step if steps is None else lambda gradient, theta, memory: rule.epoch(theta, memory, steps)


def has_compiler() -> bool:
    """Whether numba is installed, and switched on."""
    if importlib.util.find_spec("numba") is None:
        return False
    from steepest.descent import kernels  # noqa: PLC0415 - takes a third of a second

    return kernels.is_there()
