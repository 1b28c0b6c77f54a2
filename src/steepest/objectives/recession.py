"""Recession: directions in which a loss falls forever, found by a linear program that meets few of the rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.objectives.losses import Separable
from steepest.objectives.newton import RowReader
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray

FEASIBLE = 1e-9  # of a row of length 1: by how much a margin may be below 0, as exact as the program is
POSITIVE = 1e-6  # and from where on one is above 0
FIRST_ROWS = 500  # conditions that the program starts with, and gets after each pass, and per unknown
ROWS_PER_UNKNOWN = 10
MOST_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class Conditions:
    """Some of the conditions a direction has to meet, each of the rows' inputs at length 1.

    Args:
        rows: what times the direction is a margin, shape (m, p·(K - 1)).
        is_tie: where the margin has to be 0, and not just no less, shape (m,).
    """

    rows: FloatArray
    is_tie: NDArray[np.bool_]

    def joined(self, more: "Conditions") -> "Conditions":
        """Return these and more."""
        return Conditions(np.vstack([self.rows, more.rows]), np.append(self.is_tie, more.is_tie))


@dataclass(frozen=True, eq=False)
class Seen:
    """What a pass over all rows told of a direction.

    Args:
        worst: by how much the worst condition is missed.
        missed: the conditions it misses most.
        open_sum: the sum of the conditions whose margin it leaves at 0: what is to be raised next.
        open_count: how many these are.
        ties: how many conditions ask for 0.
    """

    worst: float
    missed: Conditions
    open_sum: FloatArray
    open_count: int
    ties: int


@dataclass(frozen=True, eq=False)
class Recession:
    """A direction in which no row's loss rises, and that of as many rows falls forever as in any.

    Args:
        direction: in the coordinates given, shape (p, K - 1): class 0 has 0.
        is_complete: whether every row's loss falls towards 0.
        conditions: the conditions that were needed.
        total: the sum of all conditions.
    """

    direction: FloatArray
    is_complete: bool
    conditions: Conditions
    total: FloatArray


@dataclass(frozen=True)
class OneAgainstOthers:
    """The classes of a loss as two: one of them, and all others.

    Args:
        loss: whose.
        label: its position.
    """

    loss: Separable
    label: int

    def presence(self, y: FloatArray) -> NDArray[np.bool_]:
        """Whether a row has another class, and whether it has this one, shape (n, 2)."""
        has = self.loss.presence(y)
        return np.column_stack([np.delete(has, self.label, axis=1).any(axis=1), has[:, self.label]])


@dataclass(frozen=True)
class Rows:
    """The rows of a table as conditions: u·(β_a - β_k) ≥ 0 for the class a that a row has and each that it has not.

    A row that has shares of several classes asks for 0 between them. β of class 0 is 0: only differences count.

    Args:
        loss: says which classes a row has.
        reader: gives all rows each time it is called.
        coordinates: the inputs that the direction is in; best where all are of one size.
    """

    loss: Separable
    reader: RowReader
    coordinates: Coordinates

    def pieces(self) -> Iterator[tuple[FloatArray, NDArray[np.bool_]]]:
        """Yield inputs at length 1, shape (n, p), and the classes that each row has, shape (n, K); of rows with weight."""
        for batch in self.reader():
            yield self._conditions(batch if batch.weight is None else batch.take(batch.weight > 0))

    def _conditions(self, batch: Batch) -> tuple[FloatArray, NDArray[np.bool_]]:
        u = (batch.X - self.coordinates.shift) / self.coordinates.scale
        u = np.column_stack([np.ones(len(u)), u]) if self.coordinates.fit_intercept else u
        length = np.linalg.norm(u, axis=1, keepdims=True)
        return u / np.where(length > 0, length, 1.0), self.loss.presence(batch.y)

    def look(self, direction: FloatArray | None, most: int, least: float = 0.0) -> Seen:
        """Look at a direction (p, K - 1) with all rows; without one every condition is open.

        Args:
            direction: which.
            most: how many of the conditions that it misses are kept.
            least: what margins are to be at least.
        """
        kept, worst, count, ties = None, 0.0, 0, 0
        total: FloatArray | float = 0.0
        for u, has in self.pieces():
            n, classes = has.shape
            first = has.argmax(axis=1)
            values = (
                np.zeros((n, classes))
                if direction is None
                else u @ np.column_stack([np.zeros(len(direction)), direction])
            )
            margin = values[np.arange(n), first][:, None] - values
            asked = np.arange(classes) != first[:, None]
            tied = has & asked
            miss = np.where(asked, np.where(tied, np.abs(margin), least - margin), 0.0)
            opened = asked & ~has & (margin <= POSITIVE)
            count, ties = count + int(opened.sum()), ties + int(tied.sum())
            sums = np.zeros((classes, n))  # how often a class's β has a row, with its sign
            sums -= opened.T
            sums[first, np.arange(n)] += opened.sum(axis=1)
            total = total + (sums[1:] @ u).T
            worst = max(worst, float(miss.max(initial=0.0)))
            kept = _most_missed(kept, u, first, miss, tied, most)
        assert kept is not None
        return Seen(worst, kept[0], np.asarray(total), count, ties)

    def open_rows(self, direction: FloatArray) -> Iterator[Batch]:
        """Yield the rows whose loss does not fall to 0 along a direction: one of their margins stays."""
        for batch in self.reader():
            counts = np.ones(len(batch), bool) if batch.weight is None else batch.weight > 0
            u, has = self._conditions(batch.take(counts))
            first = has.argmax(axis=1)
            values = u @ np.column_stack([np.zeros(len(direction)), direction])
            own = np.take_along_axis(values, first[:, None], axis=1)
            others = np.arange(has.shape[1]) != first[:, None]
            stay = (others & (has | (own - values <= POSITIVE))).any(axis=1)
            yield batch.take(np.flatnonzero(counts)[stay])


def _most_missed(
    kept: tuple[Conditions, FloatArray] | None,
    u: FloatArray,
    first: NDArray[np.intp],
    miss: FloatArray,
    tied: NDArray[np.bool_],
    most: int,
) -> tuple[Conditions, FloatArray]:
    """The conditions that are missed most, of those kept so far and of a piece, and by how much."""
    classes = miss.shape[1]
    found = np.flatnonzero(miss.ravel() > FEASIBLE / 2)
    found = found[np.argsort(-miss.ravel()[found], kind="stable")[:most]]
    row, other = np.divmod(found, classes)
    rows = conditions_of(u[row], first[row], other, classes)
    new = Conditions(rows, tied.ravel()[found]), miss.ravel()[found]
    if kept is None:
        return new
    both, sizes = kept[0].joined(new[0]), np.append(kept[1], new[1])
    best = np.argsort(-sizes, kind="stable")[:most]
    return Conditions(both.rows[best], both.is_tie[best]), sizes[best]


def conditions_of(u: FloatArray, own: NDArray[np.intp], other: NDArray[np.intp], classes: int) -> FloatArray:
    """Return u·(β_own - β_other) as rows over (p, K - 1) unknowns, class 0 left out, shape (m, p·(K - 1))."""
    m, p = u.shape
    full = np.zeros((m, p, classes))
    full[np.arange(m), :, own] += u
    full[np.arange(m), :, other] -= u
    return full[:, :, 1:].reshape(m, p * (classes - 1))


def find_recession(rows: Rows, hint: FloatArray) -> Recession | None:
    """Return a direction of recession that lets as many rows' losses fall forever as any, or None where there is none.

        maximize Σ u·(β_a - β_k)   subject to   u·(β_a - β_k) ≥ 0   and   -1 ≤ β ≤ 1

    over all rows and the classes k that a row has not. The program starts with the conditions that `hint` misses and
    gets more after each pass over the rows: those that its answer misses. Its optimum is then no smaller than that of all
    conditions, so that 0 shows that there is no such direction, and an answer that misses none is one.

    Args:
        rows: the table.
        hint: parameters in its coordinates, shape (p, K - 1), which tell the classes apart as well as any that are known.

    Source: Albert, Anderson, "On the Existence of Maximum Likelihood Estimates in Logistic Regression Models", Biometrika 71
    (1984), 1-10. Konis, "Linear Programming Algorithms for Detecting Separated Data", Oxford 2007, chapter 4.
    """
    size = float(np.abs(hint).max(initial=0.0))
    most = FIRST_ROWS + ROWS_PER_UNKNOWN * hint.size
    everything = rows.look(None, 0)
    seen = rows.look(hint / size if size else hint, most)
    conditions, best, left = seen.missed, None, everything
    if size and seen.worst <= FEASIBLE and seen.open_count < everything.open_count:  # found without a program
        best, left = hint / size, seen
    for _ in range(MOST_ROUNDS):
        if not left.open_count:
            break
        answer = maximize(left.open_sum.ravel(), conditions)
        if answer is None:
            return None
        direction = answer.reshape(hint.shape)
        seen = rows.look(direction, most)
        if seen.worst > FEASIBLE:
            conditions = conditions.joined(seen.missed)
            continue
        if best is not None:  # what either raises the sum of both raises
            direction = best + direction
            seen = rows.look(direction, most)
        if seen.open_count >= left.open_count:
            break
        best, left = direction, seen
    else:
        return None
    if best is None:
        return None
    is_complete = not left.open_count and not everything.ties
    return Recession(best / np.abs(best).max(), is_complete, conditions, everything.open_sum)


def maximize(goal: FloatArray, conditions: Conditions, *, bound: float = 1.0) -> FloatArray | None:
    """Return β with -1 ≤ β ≤ 1 that meets the conditions and has the largest goal·β; None where the program fails."""
    from scipy.optimize import linprog  # noqa: PLC0415 - half of what importing steepest would take

    rows, ties = conditions.rows, conditions.is_tie
    found = linprog(
        -goal / max(float(np.abs(goal).max(initial=0.0)), 1e-300),
        A_ub=-rows[~ties] if (~ties).any() else None,
        b_ub=np.zeros(int((~ties).sum())) if (~ties).any() else None,
        A_eq=rows[ties] if ties.any() else None,
        b_eq=np.zeros(int(ties.sum())) if ties.any() else None,
        bounds=(-bound, bound),
        method="highs",
        options={"primal_feasibility_tolerance": FEASIBLE / 10, "dual_feasibility_tolerance": 1e-10},
    )
    return np.asarray(found.x) if found.status == 0 else None
