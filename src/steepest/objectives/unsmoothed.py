"""Unsmoothed: the exact quantile line, by linear programming, and how far the smoothed answer is from it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from steepest.errors import DataError
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.quantile import QuantileLoss
from steepest.support.arrays import FloatArray
from steepest.support.looks import weight_lines
from steepest.support.values import Value
from steepest.support.words import number, percent

RANK = 1e-12  # of the largest singular value


@dataclass(frozen=True, eq=False)
class Unsmoothed(Value):
    """The minimum of a quantile loss without smoothing, in the data's own units; where several lines are as good, one of them.

    Args:
        weights: shape (d,).
        bias: of the intercept.
        loss: the mean pinball loss there.
        bound: no line has a smaller one, by the program's multipliers; equal to `loss` but for rounding.
        smoothed_loss: the mean pinball loss at the minimum of the smoothed loss.
    """

    weights: FloatArray
    bias: float
    loss: float
    bound: float
    smoothed_loss: float

    @property
    def excess(self) -> float:
        """By what share of the smallest loss the smoothed answer is above it; 0 where both are 0."""
        return (self.smoothed_loss - self.loss) / self.loss if self.loss > 0 else 0.0

    def _told(self) -> Iterator[str]:
        yield f": mean pinball loss {number(self.loss)}; that of the smoothed answer is {percent(max(self.excess, 0.0))} above"
        yield from weight_lines([f"x{j + 1}" for j in range(len(self.weights))], ["y"], self.weights, self.bias)


def solve_unsmoothed(loss: QuantileLoss, rows: LossOverRows) -> tuple[FloatArray, float, float]:
    """Return the minimum of the mean pinball loss of rows in memory, shape (p, 1), its value, and a lower bound of it.

        maximize Σ d·y   subject to   Uᵀd = (1 - τ)·Uᵀω   and   0 ≤ d ≤ ω

    is the dual of min Σ ω·max(τ·r, (τ - 1)·r); the multipliers of its conditions are the parameters. It is solved in the directions
    of the inputs' singular values, so that units do not matter; where rows leave parameters open they are of minimum norm.

    Raises:
        DataError: the program fails.

    Source: Koenker, "Quantile Regression", 2005, section 6.2.
    """
    from scipy.optimize import linprog  # noqa: PLC0415 - half of what importing steepest would take

    n, tau = len(rows), loss.tau
    y = (rows.y if rows.offset is None else rows.y - rows.offset)[:, 0]
    omega = np.ones(n) if rows.omega is None else rows.omega
    left, sizes, right = np.linalg.svd(rows.U, full_matrices=False)
    kept = sizes > RANK * sizes.max(initial=0.0)
    Q, back = left[:, kept], right[kept].T / sizes[kept]
    unit = float(np.abs(y).max(initial=0.0)) or 1.0
    found = linprog(
        -y / unit,
        A_eq=Q.T,
        b_eq=(1 - tau) * (Q.T @ omega),
        bounds=np.column_stack([np.zeros(n), omega]),
        method="highs-ipm",  # 13 s against 29 s of the simplex at 100,000 rows × 10
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise DataError(f"the linear program of the exact quantile line was not solved: {found.message}")
    inner = -found.eqlin.marginals * unit
    pinball = (omega * loss.pinball(Q @ inner, y)).sum() / n
    bound = (found.x * y).sum() - (1 - tau) * (omega * y).sum()
    return (back @ inner)[:, None], float(pinball), float(bound) / n
