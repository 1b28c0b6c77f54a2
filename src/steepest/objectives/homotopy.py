"""Homotopy: the exact way of a sparse minimum as its penalty falls, from one change of the active columns to the next."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError, Option
from steepest.objectives.active_factor import ActiveFactor, GramFactor
from steepest.objectives.penalized import Penalized
from steepest.support.arrays import FloatArray

EPS = float(np.finfo(float).eps)
LOST = 1e6  # times the rounding of a correlation: so far from the conditions of a minimum no path goes on
MOST_EVENTS = 50  # times columns: a path with more changes than this has lost its way


@dataclass(frozen=True)
class Direction:
    """Where the minimum goes next.

    Args:
        w: change of the coefficients, shape (d,).
        c: change of the correlations, shape (d,).
        speed: ‖A·w‖, how fast the fit moves.
    """

    w: FloatArray
    c: FloatArray
    speed: float


class Homotopy:
    """The minimum of a penalized problem while the penalty and a shift of its correlations go from a start to an end.

        minimize ½·wᵀHw - q_t·w + Σ l1_t·|w|         H = AᵀA + diag(l2),  q_t = Aᵀb + (1 - t)·shift,  t from 0 to 1

    H is that of the end. The shift makes any start w exact at t = 0, so that one engine serves the whole lasso path (start 0,
    no shift), the next penalty of an elastic net, whose H changes, and a warm start from another table's answer. Where H is singular, as
    with more columns than rows and no l2, a shift may have no place in it: the minimum then jumps, and the way is lost, in words.
    Between two changes of the active columns w is linear in t. At a change, the direction is the answer of a small
    quadratic program on the columns that are tied at their bound: so equal columns, columns that other columns make up
    and several that come at once need no case of their own.

    Args:
        problem: what is minimized.
        start: w at t = 0, shape (d,).
        penalties: at t = 0 and at t = 1.

    Source: Osborne, Presnell, Turlach, "A new approach to variable selection in least squares problems", IMA J. Numer. Anal. 20
    (2000); Efron, Hastie, Johnstone, Tibshirani, "Least angle regression", Ann. Stat. 32 (2004); the program of ties:
    Lawson, Hanson, "Solving Least Squares Problems", 1974, algorithm 23.10.
    """

    def __init__(self, problem: Penalized, start: FloatArray, penalties: tuple[float, float]) -> None:
        self.problem, self.penalties = problem, penalties
        self.l2 = problem.l2(penalties[1])
        self.bounds = problem.l1(penalties[0]), problem.l1(penalties[1])
        self.penalized = problem.factors > 0
        self.factor = (
            GramFactor(problem.design, self.l2, problem.gram)
            if GramFactor.is_safe(self.l2, problem.sizes)
            else ActiveFactor(problem.design, self.l2)
        )
        self.factor.fill([int(j) for j in np.flatnonzero((start != 0) | (~self.penalized & (problem.sizes > 0)))])
        self.w = np.zeros(len(start))
        self.w[self.factor.members] = start[self.factor.members]
        self.t = 0.0
        self.gone: list[int] = []  # columns that have just reached 0
        actual = problem.correlations(self.w, penalties[1])
        exact = np.clip(actual, -self.bounds[0], self.bounds[0])
        if problem.positive:
            exact = np.where(self.penalized, np.minimum(actual, self.bounds[0]), exact)
        exact = np.where(self.w != 0, self.bounds[0] * np.sign(self.w), exact)
        shift = exact - actual
        self.shift = np.where(np.abs(shift) > 4 * problem.noise, shift, 0.0)
        self.c = actual + self.shift

    @property
    def penalty(self) -> float:
        """The penalty at t."""
        first, last = self.penalties
        return last if self.t == 1 else first + self.t * (last - first)

    def knots(self) -> Iterator[tuple[float, FloatArray]]:
        """Yield (penalty, w) at the start, at every change of direction and at the end.

        Raises:
            DataError: the path is lost, as its columns are too nearly dependent for float64.
        """
        yield self.penalty, self.w.copy()
        for _ in range(MOST_EVENTS * (len(self.w) + 2)):
            if self.t == 1:
                return
            before = self.t
            self._advance(self._direction())
            if self._miss() > LOST:
                break
            if self.t > before:
                yield self.penalty, self.w.copy()
        raise DataError(
            "the exact path is lost: some columns are too nearly made up of others for float64.",
            "leave such a column out",
            Option("method", "coordinate_descent"),
        )

    def end(self) -> FloatArray:
        """Return w at the end, shape (d,)."""
        *_, (_, w) = self.knots()
        return w

    def _bound(self) -> FloatArray:
        first, last = self.bounds
        return last if self.t == 1 else first + self.t * (last - first)

    def _signs(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The sign at which each column is or would be active, and which columns are tied: at their bound with w = 0."""
        bound, slack = self._bound(), 4 * self.problem.noise
        size = self.c if self.problem.positive else np.abs(self.c)
        tied = self.penalized & (self.w == 0) & (size >= bound - slack)
        return np.where(self.w != 0, np.sign(self.w), np.sign(self.c)), tied

    def _direction(self) -> Direction:
        """Solve for the change of w per t: minimize ½·dᵀHd - r·d where tied columns may only leave 0 by their own sign."""
        signs, tied = self._signs()
        right = -self.shift - (self.bounds[1] - self.bounds[0]) * signs
        right = np.where(self.penalized, right, -self.shift)
        self._settle_members(tied, self.factor.members)
        # the first guess: all that are tied come in, but those that have just left; right nearly always
        coming = [j for j in np.flatnonzero(tied).tolist() if j not in self.factor.members and j not in self.gone]
        refused = {j for j in coming if not self.factor.add(j)}
        direction = self._solved(right)
        if not self._is_right(direction, signs, tied, right, refused):
            direction = self._by_ties(signs, tied, right)
        return direction

    def _settle_members(self, tied: NDArray[np.bool_], members: list[int]) -> None:
        """Let columns go that are neither in use nor tied."""
        for j in list(members):
            if self.w[j] == 0 and self.penalized[j] and not tied[j]:
                self.factor.drop(j)

    def _solved(self, right: FloatArray) -> Direction:
        """The direction of the columns in the factor, (AₚᵀAₚ + l2)·d = right; c follows where it is not in the equations."""
        members = self.factor.members
        d = np.zeros(len(self.w))
        d[members], moved = self.factor.solve(right[members])
        c = -self.shift - self.problem.design.T @ moved - self.l2 * d
        c[members] = -self.shift[members] - right[members]
        return Direction(d, c, float(np.linalg.norm(moved)))

    def _outward(self, direction: Direction, signs: FloatArray) -> FloatArray:
        """How fast each tied column's correlation leaves its bound."""
        return np.asarray(signs * direction.c - (self.bounds[1] - self.bounds[0]))

    def _is_right(
        self,
        direction: Direction,
        signs: FloatArray,
        tied: NDArray[np.bool_],
        right: FloatArray,
        refused: set[int],
    ) -> bool:
        if not tied.any():
            return True
        inside = self.factor.contains(len(signs))
        wrong = tied & inside & (signs * direction.w < 0)
        outside = tied & ~inside
        outside[list(refused)] = False
        return not wrong.any() and not (outside & (self._outward(direction, signs) > self._slack(direction))).any()

    def _slack(self, direction: Direction) -> FloatArray:
        """A rate below this is rounding, shape (d,)."""
        slope = np.abs(self.bounds[1] - self.bounds[0])
        return np.asarray(64 * EPS * (self.problem.sizes * direction.speed + np.abs(self.shift) + slope))

    def _by_ties(self, signs: FloatArray, tied: NDArray[np.bool_], right: FloatArray) -> Direction:
        """The active-set method: columns come in one by one, the most wanted first, and leave where their sign turns."""
        for j in [j for j in self.factor.members if tied[j]]:
            self.factor.drop(j)
        direction, refused = self._solved(right), np.zeros(len(signs), dtype=bool)
        for _ in range(3 * int(tied.sum()) + 3):
            inside = self.factor.contains(len(signs))
            wanted = np.where(tied & ~inside & ~refused, self._outward(direction, signs) - self._slack(direction), 0.0)
            best = int(wanted.argmax())
            if wanted[best] <= 0:
                break
            if not self.factor.add(best):
                refused[best] = True
                continue
            direction = self._without_turned(direction, signs, tied, right)
        return direction

    def _without_turned(
        self, before: Direction, signs: FloatArray, tied: NDArray[np.bool_], right: FloatArray
    ) -> Direction:
        """Go from a direction as far towards that of the columns now in the factor as signs allow, until all agree."""
        at = before.w
        while True:
            direction = self._solved(right)
            inside = [j for j in self.factor.members if tied[j]]
            turned = [j for j in inside if signs[j] * direction.w[j] < 0]
            if not turned:
                return direction
            shares = {j: self._share(at[j], direction.w[j]) for j in turned}
            least = min(shares.values())
            at = at + least * (direction.w - at)
            for j in turned:
                if shares[j] <= least:
                    at[j] = 0.0
                    self.factor.drop(j)

    @staticmethod
    def _share(before: float, after: float) -> float:
        return 0.0 if before == after else before / (before - after)

    def _advance(self, direction: Direction) -> None:
        """Go to the next change: a coefficient reaches 0, or a correlation its bound; or to the end."""
        step, left = 1 - self.t, self._leave_times(direction)
        step = min(step, float(left.min(initial=np.inf)), float(self._join_times(direction).min(initial=np.inf)))
        self.t = 1.0 if step >= 1 - self.t else self.t + step
        gone = left <= step * (1 + 1e-12)
        signs = np.sign(np.where(self.w != 0, self.w, direction.w))
        self.w = self.w + step * direction.w
        self.w[gone] = 0.0
        self.gone = [j for j in self.factor.members if gone[j]]
        for j in self.gone:
            self.factor.drop(j)
        self._correct(signs)

    def _leave_times(self, direction: Direction) -> FloatArray:
        towards = self.penalized & (self.w * direction.w < 0)
        return np.asarray(np.divide(-self.w, direction.w, out=np.full(len(self.w), np.inf), where=towards))

    def _join_times(self, direction: Direction) -> FloatArray:
        """After how much of t each inactive correlation reaches its bound, at either sign."""
        slope, bound = self.bounds[1] - self.bounds[0], self._bound()
        inactive = self.penalized & (self.w == 0)
        inactive[self.factor.members] = False
        times = np.full(len(self.w), np.inf)
        for sign in (1,) if self.problem.positive else (1, -1):
            distance, speed = bound - sign * self.c, sign * direction.c - slope
            coming = inactive & (speed > 0) & (distance > 4 * self.problem.noise)
            times = np.minimum(times, np.divide(distance, speed, out=np.full(len(times), np.inf), where=coming))
        return times

    def _correct(self, signs: FloatArray) -> None:
        """Take away what the step has left between w and the conditions of a minimum, where it is more than rounding."""
        self.c = self._correlations()
        members = np.array(self.factor.members, dtype=np.intp)
        wanted = np.where(self.penalized, self._bound() * signs, 0.0)[members]
        error = self.c[members] - wanted
        if not (np.abs(error) > self.problem.noise[members]).any():
            return
        corrected = self.w.copy()
        corrected[members] += self.factor.solve(error)[0]
        if (self.penalized & (corrected * signs < 0)).any():
            return  # columns so nearly dependent that rounding alone moves a coefficient across 0
        self.w = corrected
        self.c = self._correlations()

    def _miss(self) -> float:
        """How far w is from the conditions of a minimum, in units of the rounding of each correlation."""
        bound = self._bound()
        size = self.c if self.problem.positive else np.abs(self.c)
        excess = np.where(self.penalized, size - bound, np.abs(self.c))
        off = np.where(self.penalized & (self.w != 0), np.abs(self.c - bound * np.sign(self.w)), excess)
        noise = self.problem.noise
        return float(np.divide(off, noise, out=np.zeros(len(off)), where=noise > 0).max(initial=0.0))

    def _correlations(self) -> FloatArray:
        members = self.factor.members
        residual = self.problem.response - self.problem.design[:, members] @ self.w[members]
        smooth = self.problem.design.T @ residual
        return np.asarray(smooth + (1 - self.t) * self.shift - self.l2 * self.w)
