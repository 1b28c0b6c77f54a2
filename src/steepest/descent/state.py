"""State: a run at one epoch, in the data's own units."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.data.inputs import in_order
from steepest.data.offset import Offset
from steepest.errors import DataTypeError
from steepest.objectives.losses import Loss
from steepest.support.arrays import FloatArray
from steepest.support.looks import numbers, weight_lines
from steepest.support.numerics import numeric
from steepest.support.values import Value

Scalar = float | Any
"""A float of a run with one target, an array of shape (t,) of one with several, which no type of the arguments tells: a
type checker takes it for a float, and `np.asarray` makes an array of either."""


@numeric
@dataclass(frozen=True, eq=False)
class State(Value):
    """The run at one epoch, in the data's own units.

    Args:
        epoch: number of updates done.
        weights: shape (d,), or (d, t) for several targets; target units per feature unit.
        bias: a float, or shape (t,); target units.
        loss: the objective including the penalty.
        rmse: √(Σ w r² / Σ w), target units.
        gradient_norm: ‖∇J‖ in the coordinates in force; under an l1 penalty that of the shortest subgradient.
        loss_kind: of another loss than squares, which.
    """

    epoch: int
    weights: FloatArray
    bias: Scalar
    loss: Scalar
    rmse: Scalar
    gradient_norm: Scalar
    loss_kind: Loss | None = None

    def _told(self) -> Iterator[str]:
        place = " of the exact minimum" if self.epoch < 0 else f" at epoch {self.epoch:,}"
        yield f"{place}: loss {numbers(self.loss, 3)}; RMSE {numbers(self.rmse, 3)}"
        count = np.size(self.bias)
        targets = [f"target {j + 1}" for j in range(count)]
        yield from weight_lines([f"x{j + 1}" for j in range(len(self.weights))], targets, self.weights, self.bias)

    def predict(
        self, X: ArrayLike, *, offset: ArrayLike | None = None, exposure: ArrayLike | None = None
    ) -> FloatArray:
        """Return X @ weights + bias for X of shape (n, d): shape (n,), or (n, t) for several targets; the mean there of other losses.

        Args:
            X: inputs, shape (n, d).
            offset: what is added to each margin, shape (n,); default: 0, as is an exposure of 1.
            exposure: e^offset instead, above 0, shape (n,).

        Raises:
            DataError: X has another number of columns, or holds NaN or inf; there is not one offset a row.
            UsageError: both offset and exposure are given.
        """
        if hasattr(X, "columns"):
            raise DataTypeError(
                "a state does not know the columns' names. Give X.to_numpy(), or ask the run: run.predict."
            )
        inputs = in_order(X, [f"x{j + 1}" for j in range(len(self.weights))])
        margin = np.asarray(inputs @ self.weights + self.bias)
        beside = Offset.of(offset, exposure)
        if beside is not None:
            margin = margin + beside.for_rows(len(margin), self.loss_kind is not None)
        return margin if self.loss_kind is None else self.loss_kind.mean(margin)
