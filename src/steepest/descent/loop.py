"""The loop: one step after the other, for any objective and any rule. The only loop over epochs there is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Record
from steepest.errors import UsageError
from steepest.rules.rule import Rule
from steepest.support.arrays import FloatArray

Callback = Callable[[int, FloatArray, FloatArray], object]
"""Called after every epoch with (epochs done, loss (t,) before its update, theta (p, t) in force after it)."""
MOST_RECORDED = 50_000_000  # numbers, 400 MB
RECORD_ALL = 5_000_000  # numbers up to which every epoch is kept when nobody says otherwise
RECORD_POINTS = 10_000


class Objective(Protocol):
    """What a loop asks of an objective: loss (t,) and gradient (p, t) at parameters (p, t)."""

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Loss (t,) and gradient (p, t)."""
        ...

    def rmse(self, theta: FloatArray) -> FloatArray:
        """Root mean squared error (t,)."""
        ...


@dataclass(frozen=True, eq=False)
class RecordedPath:
    """Epochs that a loop kept.

    Args:
        epochs: the epochs kept, ascending, shape (K,).
        thetas: parameters in force at each, shape (K, p, t).
        losses: objective at each, shape (K, t).
        objective: what was descended.
    """

    epochs: NDArray[np.int64]
    thetas: FloatArray
    losses: FloatArray
    objective: Objective

    def parameters(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Theta at kept epochs, shape (K, p, t)."""
        return self.thetas[np.searchsorted(self.epochs, epochs)]

    def loss(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """J at kept epochs, shape (K, t)."""
        return self.losses[np.searchsorted(self.epochs, epochs)]

    def rmse(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Root mean squared error at kept epochs, shape (K, t)."""
        return np.stack([self.objective.rmse(theta) for theta in self.parameters(epochs)])

    def gradient_norm(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """‖∇J‖ at kept epochs, shape (K, t)."""
        with np.errstate(over="ignore", invalid="ignore"):
            gradients = [self.objective.value_and_gradient(theta)[1] for theta in self.parameters(epochs)]
            return np.asarray(np.linalg.norm(np.stack(gradients), axis=1))


def run(
    objective: Objective,
    rule: Rule,
    start: FloatArray,
    epochs: int,
    record: Record | None = None,
    callbacks: Sequence[Callback] = (),
) -> RecordedPath:
    """Take `epochs` steps and return what was kept; stop at the last finite state when parameters leave float64.

    Args:
        objective: anything with `value_and_gradient`.
        rule: any rule with its numbers.
        start: theta_0, shape (p, t).
        epochs: number of steps.
        record: which epochs to keep; None keeps all up to 40 MB, and 10,000 log-spaced ones beyond.
        callbacks: called after every epoch, see `Callback`.

    Raises:
        UsageError: the record would take more than 400 MB.
    """
    kept = _epochs_to_keep(record, epochs, start.size)
    thetas, losses = np.empty((len(kept), *start.shape)), np.empty((len(kept), start.shape[1]))
    theta, memory, position = start, rule.init(start), 0
    last_finite = theta, 0
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(epochs + 1):
            value, slope = objective.value_and_gradient(theta)
            # parameters that left float64 take the loss with them, and a look at one number is cheap
            if not all(map(math.isfinite, value.tolist())) and not np.isfinite(theta).all():
                break
            last_finite = theta, epoch
            if kept[position] == epoch:
                thetas[position], losses[position] = theta, value
                position += 1
            if epoch == epochs:
                break
            theta, memory = rule.step(_remember(objective, theta, slope), theta, memory)
            for callback in callbacks:
                callback(epoch + 1, value, theta)
    return _with_last_finite(objective, last_finite, kept[:position], thetas[:position], losses[:position])


def _remember(objective: Objective, theta: FloatArray, slope: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return the gradient function of one step: what is known at theta already is not computed again."""
    return lambda point: slope if point is theta else objective.value_and_gradient(point)[1]


def _epochs_to_keep(record: Record | None, epochs: int, size: int) -> NDArray[np.int64]:
    if record is None:
        record = Record(every=1) if (epochs + 1) * (size + 1) <= RECORD_ALL else Record(points=RECORD_POINTS)
    if record.every is not None and (epochs // record.every + 1) * (size + 1) > MOST_RECORDED:
        raise UsageError(
            f"keeping every {record.every}. of {epochs:,} epochs with {size} parameters needs more than 400 MB. "
            f"Keep fewer: record=Record(points={RECORD_POINTS})."
        )
    return record.choose(epochs)


def _with_last_finite(
    objective: Objective,
    last: tuple[FloatArray, int],
    kept: NDArray[np.int64],
    thetas: FloatArray,
    losses: FloatArray,
) -> RecordedPath:
    """Add the last finite state of a run that ended early, unless it was kept anyway."""
    theta, epoch = last
    if kept.size and kept[-1] == epoch:
        return RecordedPath(kept, thetas, losses, objective)
    with np.errstate(over="ignore", invalid="ignore"):
        value, _ = objective.value_and_gradient(theta)
    epochs = np.append(kept, epoch)
    return RecordedPath(epochs, np.concatenate([thetas, theta[None]]), np.concatenate([losses, value[None]]), objective)
