"""Loss solution path: the minimum of a loss with an l1 penalty at every penalty down to some last one."""

from dataclasses import dataclass

import numpy as np

from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.proximal_newton import SparseMinimum, minimize_penalized
from steepest.support.arrays import FloatArray
from steepest.support.values import Value


@dataclass(frozen=True, eq=False)
class LossSolutionPath(Value):
    """The minimum of a loss with a penalty, at some penalties, each found from the one before.

    Args:
        problem: what is minimized.
        knots: penalties, falling, shape (m,); the first is the largest that matters.
        minima: the minimum at each.
    """

    problem: PenalizedLoss
    knots: FloatArray
    minima: tuple[SparseMinimum, ...]

    @property
    def coefficients(self) -> FloatArray:
        """The coefficients at each knot, shape (m, d), in the coordinates of the problem."""
        return np.stack([minimum.seen.theta[self.problem.first :] for minimum in self.minima])

    @classmethod
    def of(cls, problem: PenalizedLoss, penalties: FloatArray) -> "LossSolutionPath":
        """Go from the largest penalty that matters down to the smallest of `penalties`.

        Raises:
            DataError: there is no minimum without penalized columns, or one was not found.
        """
        first = problem.largest_penalty
        knots = np.unique(np.append(penalties[penalties < first], max(first, float(penalties.min()))))[::-1]
        null = problem.unpenalized
        minima = [SparseMinimum(null, float(knots[0]), problem.optimality(null, float(knots[0])), None)]
        for knot in knots[1:]:
            minima.append(minimize_penalized(problem, float(knot), minima[-1]))
        return cls(problem, knots, tuple(minima))

    def minimum(self, penalty: float) -> SparseMinimum:
        """Return the minimum at a penalty, not below the last knot; between two knots found from the larger one."""
        wanted = min(penalty, float(self.knots[0]))
        place = int(np.searchsorted(-self.knots, -wanted, side="right")) - 1
        near = self.minima[place]
        return near if near.penalty == wanted else minimize_penalized(self.problem, wanted, near)

    def at(self, penalties: FloatArray) -> FloatArray:
        """Return theta at some penalties, none below the last knot, shape (K, p)."""
        found = np.empty((len(penalties), self.problem.first + len(self.problem.factors)))
        for place, penalty in enumerate(penalties):
            found[place] = self.minimum(float(penalty)).seen.theta
        return found
