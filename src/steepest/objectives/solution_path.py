"""Solution path: the minimum of a penalized problem at every penalty down to some last one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from steepest.objectives.active_newton import minimum_near
from steepest.objectives.coordinate_descent import coordinate_descent
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.penalized import Penalized
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

ROUNDING = 1e-12
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
        method: how it was found: "homotopy", exactly, or "coordinate_descent", to a duality gap of rounding.

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
    method: PathMethod = "homotopy"

    @classmethod
    def of(cls, problem: Penalized, penalties: FloatArray, method: PathMethod = "homotopy") -> "SolutionPath":
        """Follow the path from the largest penalty that matters down to the smallest of `penalties`.

        Raises:
            DataError: the path is lost, or coordinate descent does not arrive: columns are too nearly dependent for float64.
        """
        first, last = problem.largest_penalty, float(penalties.min())
        if last >= first:
            return cls(problem, np.array([last]), problem.unpenalized[None, :], method)
        if problem.l1_ratio == 1 and method == "homotopy":
            found = list(Homotopy(problem, problem.unpenalized, (first, last)).knots())
            return cls(problem, np.array([knot for knot, _ in found]), np.stack([w for _, w in found]))
        knots = np.unique(np.append(penalties[penalties < first], first))[::-1]
        return cls(problem, knots, minima(problem, knots, method), method)

    def at(self, penalties: FloatArray) -> FloatArray:
        """Return the minimum at some penalties, none below the last knot, shape (K, d)."""
        if len(self.knots) == 1:
            return np.repeat(self.coefficients, len(penalties), axis=0)
        wanted = np.minimum(penalties, self.knots[0])
        after = np.clip(np.searchsorted(-self.knots, -wanted), 1, len(self.knots) - 1)
        high, low = self.knots[after - 1], self.knots[after]
        # a penalty that is a knot but for rounding is that knot, where a coefficient may be exactly 0
        wanted = np.where(wanted - low <= ROUNDING * low, low, np.where(high - wanted <= ROUNDING * high, high, wanted))
        share = ((high - wanted) / (high - low))[:, None]
        before, behind = self.coefficients[after - 1], self.coefficients[after]
        between = np.where(share >= 1, behind, before + share * (behind - before))
        if self.problem.l1_ratio < 1 or self.method != "homotopy":
            for place in np.flatnonzero((wanted != high) & (wanted != low)):
                penalty = float(wanted[place])
                between[place] = _next(self.problem, before[place], float(high[place]), penalty, self.method)
        return np.asarray(between)


def minima(problem: Penalized, penalties: FloatArray, method: PathMethod = "homotopy") -> FloatArray:
    """Return the minimum at each of some falling penalties, each from the one before, shape (K, d).

    Where nobody asks for the knots between penalties, this is quicker than to follow the path, and as exact.

    Raises:
        DataError: as `SolutionPath.of`.
    """
    ways, w, before = [], problem.unpenalized, problem.largest_penalty
    for penalty in penalties.tolist():
        if penalty < before:
            w, before = _next(problem, w, before, penalty, method), penalty
        ways.append(w)
    return np.stack(ways)


def _next(problem: Penalized, start: FloatArray, before: float, penalty: float, method: PathMethod) -> FloatArray:
    """Return the minimum at a penalty from that at a larger one, shape (d,)."""
    if method == "coordinate_descent":
        return coordinate_descent(problem, start, penalty)
    found = minimum_near(problem, start, penalty)
    return Homotopy(problem, start, (before, penalty)).end() if found is None else found


def refit(problem: Penalized, ways: FloatArray) -> FloatArray:
    """Return least squares on the columns that each model uses, the others 0, shape (K, d): the relaxed lasso.

    Columns of factor 0 are always among them; of columns that depend on each other, the answer of minimum norm.

    Source: Meinshausen, "Relaxed lasso", Comput. Stat. Data Anal. 52 (2007), with φ = 0.

    Example:
        >>> problem = Penalized(np.eye(2), np.array([3.0, 1.0]), 0.0, np.ones(2))
        >>> refit(problem, np.array([[0.5, 0.0], [2.0, 0.25]]))
        array([[3., 0.],
               [3., 1.]])
    """
    used = (ways != 0) | (problem.factors == 0)
    supports, which = np.unique(used, axis=0, return_inverse=True)
    answers = np.zeros(supports.shape)
    for answer, support in zip(answers, supports, strict=True):
        if support.any():
            answer[support] = np.linalg.lstsq(problem.design[:, support], problem.response, rcond=None)[0]
    return np.asarray(answers[which.ravel()])


def adaptive_factors(problem: Penalized, power: float) -> FloatArray:
    """Return each factor divided by |least-squares coefficient|^power, shape (d,): the adaptive lasso.

    A column that does not vary keeps its factor.

    Source: Zou, "The adaptive lasso and its oracle properties", J. Am. Stat. Assoc. 101 (2006), equation 4.
    """
    w = np.linalg.lstsq(problem.design, problem.response, rcond=None)[0]
    sizes = np.abs(w) ** power
    return np.asarray(np.divide(problem.factors, sizes, out=problem.factors.copy(), where=sizes > 0))
