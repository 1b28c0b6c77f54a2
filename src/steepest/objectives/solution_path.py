"""Solution path: the minimum of a penalized problem at every penalty down to some last one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from steepest.objectives.active_newton import minimum_near
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.penalized import Penalized
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

PathMethod = Literal["homotopy", "coordinate_descent"]


@dataclass(frozen=True, eq=False)
class SolutionPath(Value):
    """The minimum of a penalized problem for every penalty from infinity to a last one.

    Of the lasso it is linear in the penalty between two knots, so the knots say it all. With l1_ratio below 1 it bends between
    them: then the knots are the penalties asked for, and another penalty goes on from the next larger one, exactly too.

    Args:
        problem: what is minimized.
        knots: penalties, falling, shape (m,).
        coefficients: the minimum at each, shape (m, d), in the coordinates of the problem.

    Example:
        >>> problem = Penalized(np.eye(2), np.array([3.0, 1.0]), 0.0, np.ones(2))
        >>> path = SolutionPath.of(problem, np.array([2.0, 0.5]))
        >>> path.knots, path.at(np.array([2.0, 0.75]))
        (array([3. , 1. , 0.5]), array([[1.  , 0.  ],
               [2.25, 0.25]]))
    """

    problem: Penalized
    knots: FloatArray
    coefficients: FloatArray

    @classmethod
    def of(cls, problem: Penalized, penalties: FloatArray) -> "SolutionPath":
        """Follow the path from the largest penalty that matters down to the smallest of `penalties`.

        Raises:
            DataError: the path does not end, as its columns are too nearly dependent for float64.
        """
        first, last = problem.largest_penalty, float(penalties.min())
        if last >= first:
            return cls(problem, np.array([last]), problem.unpenalized[None, :])
        if problem.l1_ratio == 1:
            found = list(Homotopy(problem, problem.unpenalized, (first, last)).knots())
            return cls(problem, np.array([knot for knot, _ in found]), np.stack([w for _, w in found]))
        knots = np.unique(np.append(penalties[penalties < first], first))[::-1]
        return cls(problem, knots, minima(problem, knots))

    def at(self, penalties: FloatArray) -> FloatArray:
        """Return the minimum at some penalties, none below the last knot, shape (K, d)."""
        if len(self.knots) == 1:
            return np.repeat(self.coefficients, len(penalties), axis=0)
        wanted = np.minimum(penalties, self.knots[0])
        after = np.clip(np.searchsorted(-self.knots, -wanted), 1, len(self.knots) - 1)
        high, low = self.knots[after - 1], self.knots[after]
        share = ((high - wanted) / (high - low))[:, None]
        before, behind = self.coefficients[after - 1], self.coefficients[after]
        between = np.where(share >= 1, behind, before + share * (behind - before))
        if self.problem.l1_ratio == 1:
            return np.asarray(between)
        for place in np.flatnonzero((wanted != high) & (wanted != low)):
            between[place] = _next(self.problem, before[place], float(high[place]), float(wanted[place]))
        return np.asarray(between)


def minima(problem: Penalized, penalties: FloatArray) -> FloatArray:
    """Return the minimum at each of some falling penalties, each from the one before, shape (K, d).

    Where nobody asks for the knots between penalties, this is quicker than to follow the path, and as exact.

    Raises:
        DataError: as `SolutionPath.of`.
    """
    ways, w, before = [], problem.unpenalized, problem.largest_penalty
    for penalty in penalties.tolist():
        if penalty < before:
            w, before = _next(problem, w, before, penalty), penalty
        ways.append(w)
    return np.stack(ways)


def _next(problem: Penalized, w: FloatArray, before: float, penalty: float) -> FloatArray:
    """The minimum at a penalty from w, that at a larger one."""
    found = minimum_near(problem, w, penalty)
    return Homotopy(problem, w, (before, penalty)).end() if found is None else found
