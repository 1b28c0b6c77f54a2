"""Fixed order: the run itself where every epoch sees the same batches in the same order."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class FixedOrder:
    """An epoch as an affine map of e = Vᵀ(theta - theta*), exactly: e ← M e + b.

    Args:
        problem: what is minimized.
        rows: its rows.
        batches: row numbers of each batch.
        learning_rate: η.
        start: e at the start, shape (r,).
    """

    problem: Problem
    rows: OverRows
    batches: tuple[NDArray[np.intp], ...]
    learning_rate: float
    start: FloatArray

    @cached_property
    def _map(self) -> tuple[FloatArray, FloatArray]:
        """(M, b)."""
        quadratic = self.problem.quadratic
        V = quadratic.modes.directions
        minimum = quadratic.nearest_minimum(np.zeros((len(V), 1)))
        M, b = np.eye(V.shape[1]), np.zeros(V.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):
            for chosen in self.batches:
                batch = self.rows.take(chosen)
                bent = V.T @ batch.curvature(minimum, V @ M)
                slope = V.T @ (batch.curvature(minimum, (V @ b)[:, None]) + batch.gradient(minimum))
                M, b = M - self.learning_rate * bent, b - self.learning_rate * slope[:, 0]
        return M, b

    @cached_property
    def grows(self) -> bool:
        """Whether the run grows without bound."""
        M, _ = self._map
        return not np.isfinite(M).all() or bool(np.abs(np.linalg.eigvals(M)).max(initial=0.0) >= 1)

    @property
    def floor(self) -> float:
        """J - J* in the long run; inf where it grows."""
        if self.grows:
            return float("inf")
        M, b = self._map
        return float(self.problem.quadratic.modes.eigenvalues @ np.linalg.solve(np.eye(len(b)) - M, b) ** 2 / 2)

    def excess(self, epochs: int) -> FloatArray:
        """J - J* at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        (M, b), e, found = self._map, self.start, []
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(epochs + 1):
                found.append(self.problem.quadratic.modes.eigenvalues @ e**2 / 2)
                e = M @ e + b
        return np.where(np.isfinite(found), found, np.inf)
