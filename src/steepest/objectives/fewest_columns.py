"""Fewest columns: which columns are enough to tell classes apart, by linear programs over sums of absolute values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.recession import (
    FEASIBLE,
    FIRST_ROWS,
    MOST_ROUNDS,
    ROWS_PER_UNKNOWN,
    Conditions,
    Recession,
    Rows,
)
from steepest.support.arrays import FloatArray

SMALL = 1e-7  # of the largest coefficient: below it one is rounding
MOST_TRIES = 40  # columns that are tried to do without


@dataclass(frozen=True)
class Threshold:
    """One column that tells classes apart: no row of class 0 is on the upper side of a gap, and none of class 1 on the lower.

    Args:
        column: its position.
        low: the largest value on the lower side.
        high: the smallest on the upper; low where rows of both classes are there.
        rises: whether class 1 is on the upper side; else it is on the lower.
        has_above: whether there are rows above `high` itself, or at it where it is not `low`.
        has_below: whether there are rows below `low`, or at it where it is not `high`.
    """

    column: int
    low: float
    high: float
    rises: bool
    has_above: bool
    has_below: bool

    @property
    def sign(self) -> float:
        """1 where class 1 is on the upper side, else -1."""
        return 1.0 if self.rises else -1.0

    @property
    def is_complete(self) -> bool:
        """Whether no row is at the boundary."""
        return self.low < self.high


def find_threshold(rows: Rows) -> Threshold | None:
    """Return the column that tells two classes apart by itself, with the widest gap; None where none does, or classes are more.

    Rows that have something of both classes have to be at the boundary. A boundary needs an intercept.
    """
    ranges = _ranges(rows) if rows.coordinates.fit_intercept else None
    if ranges is None:
        return None
    (low0, high0), (low1, high1), (low_both, high_both) = ranges
    found = []
    for rises in (True, False):
        under, over = ((low0, high0), (low1, high1)) if rises else ((low1, high1), (low0, high0))
        low, high = np.maximum(under[1], high_both), np.minimum(over[0], low_both)
        for j in np.flatnonzero((low <= high) & ((over[1] > low) | (under[0] < high))):
            above, below = bool(over[1][j] > low[j]), bool(under[0][j] < high[j])
            found.append(Threshold(int(j), float(low[j]), float(high[j]), rises, above, below))
    gap = [(one.high - one.low) / rows.coordinates.scale[one.column] for one in found]
    return found[int(np.argmax(gap))] if found else None


def _ranges(rows: Rows) -> list[tuple[FloatArray, FloatArray]] | None:
    """The smallest and largest value of each column, of rows of class 0, of class 1 and of both."""
    d = len(rows.coordinates.shift)
    ranges = [(np.full(d, np.inf), np.full(d, -np.inf)) for _ in range(3)]
    for batch in rows.reader():
        kept = batch if batch.weight is None else batch.take(batch.weight > 0)
        has = rows.loss.presence(kept.y)
        if has.shape[1] != 2:
            return None
        groups = (has[:, 0] & ~has[:, 1], has[:, 1] & ~has[:, 0], has.all(axis=1))
        for i, group in enumerate(groups):
            if group.any():
                X = kept.X[group]
                ranges[i] = np.minimum(ranges[i][0], X.min(axis=0)), np.maximum(ranges[i][1], X.max(axis=0))
    return ranges


def fewest_columns(rows: Rows, recession: Recession) -> FloatArray:
    """Return a direction that tells as much apart with few columns, shape (p, K - 1); none of them can be left out.

        minimize Σ |β_j|   subject to   u·(β_a - β_k) ≥ 1          or, where not every row can be told, ≥ 0 with Σ = 1

    The columns with the smallest coefficients are then left out one by one, as long as the others do. It is a small set and
    need not be the smallest.
    """
    allowed = np.ones(len(recession.direction), bool)
    best, conditions = _sparse(rows, recession, recession.conditions, allowed)
    if best is None:
        return recession.direction
    size = np.abs(best).max(axis=1)
    intercept = int(rows.coordinates.fit_intercept)
    used = [int(j) for j in np.argsort(size, kind="stable") if j >= intercept and size[j] > SMALL * size.max()]
    allowed[intercept:] = False
    allowed[used] = True
    for j in used[:MOST_TRIES]:
        if allowed[intercept:].sum() <= 1:
            break
        allowed[j] = False
        without, conditions = _sparse(rows, recession, conditions, allowed)
        if without is None:
            allowed[j] = True
        else:
            best = without
    return best


def _sparse(
    rows: Rows, recession: Recession, conditions: Conditions, allowed: NDArray[np.bool_]
) -> tuple[FloatArray | None, Conditions]:
    """The direction of the smallest sum of absolute values within some columns, or None; and the conditions met so far."""
    shape = recession.direction.shape
    most = FIRST_ROWS + ROWS_PER_UNKNOWN * recession.direction.size
    for _ in range(MOST_ROUNDS):
        answer = _smallest(conditions, recession, np.repeat(allowed, shape[1]), rows.coordinates.fit_intercept)
        if answer is None:
            return None, conditions
        size = float(np.abs(answer).max(initial=0.0)) or 1.0
        direction = (answer / size).reshape(shape)
        seen = rows.look(direction, most, least=1 / size if recession.is_complete else 0.0)
        told = seen.open_count == 0 if recession.is_complete else seen.worst <= FEASIBLE
        if told:
            return direction, conditions
        if not len(seen.missed.rows):
            return None, conditions
        conditions = conditions.joined(seen.missed)
    return None, conditions


def _smallest(
    conditions: Conditions, recession: Recession, allowed: NDArray[np.bool_], fit_intercept: bool
) -> FloatArray | None:
    from scipy.optimize import linprog  # noqa: PLC0415 - half of what importing steepest would take

    A, ties, total = conditions.rows[:, allowed], conditions.is_tie, recession.total.ravel()[allowed]
    cost = np.ones(len(allowed))
    cost[: recession.direction.shape[1] * fit_intercept] = 0.0
    cost, asked = cost[allowed], float(recession.is_complete)
    above, equal, goal = A[~ties], A[ties], np.zeros(int(ties.sum()))
    if not recession.is_complete:
        equal, goal = np.vstack([equal, total / np.abs(total).max(initial=1e-300)]), np.append(goal, 1.0)
    found = linprog(
        np.concatenate([cost, cost]),
        A_ub=np.hstack([-above, above]) if len(above) else None,
        b_ub=np.full(len(above), -asked) if len(above) else None,
        A_eq=np.hstack([equal, -equal]) if len(equal) else None,
        b_eq=goal if len(equal) else None,
        bounds=(0, None),
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBLE / 10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        return None
    answer = np.zeros(len(allowed))
    half = len(found.x) // 2
    answer[allowed] = found.x[:half] - found.x[half:]
    return answer
