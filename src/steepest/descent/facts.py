"""Facts: what a run is judged from."""

from dataclasses import dataclass

import numpy as np

from steepest.descent.iterates import Iterates, shares_left
from steepest.objectives.problem import Problem
from steepest.rules.rule import Rule
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Facts:
    """What a run is judged from, and what follows from it at once.

    Args:
        problem: what was minimized.
        rule: the rule with its numbers.
        start: theta_0 in force, shape (p, t).
        iterates: where the parameters were.
    """

    problem: Problem
    rule: Rule
    start: FloatArray
    iterates: Iterates

    @property
    def last(self) -> int:
        """The last epoch."""
        return int(self.iterates.epochs[-1])

    @property
    def eigenvalues(self) -> FloatArray:
        """λ of the moving modes, shape (r,), the steepest first."""
        return self.problem.quadratic.modes.eigenvalues

    @property
    def shares(self) -> FloatArray:
        """The share of its start error that each mode has after the last epoch, shape (r,)."""
        return np.asarray(self.iterates.remaining(np.array([self.last]))[0])

    @property
    def left(self) -> float:
        """The largest of these shares; 0 where no mode moves."""
        return float(self.shares.max(initial=0.0))

    @property
    def starts_at_minimum(self) -> bool:
        """Whether no mode has an error at the start, but for rounding."""
        return not shares_left(self.problem.quadratic, self.start, self.start[None]).any()

    @property
    def grew(self) -> bool:
        """Whether the run ends farther from its minimum, by the loss, than it began, and than steps about it would bring it.

        A thousandth of what the default start loses is taken for such steps, of squares only of what it loses more than the minimum:
        a run that begins at its minimum leaves it.
        """
        if self.iterates.ended.reason == "left_float64":
            return True
        quadratic = self.problem.quadratic
        first, last = self.iterates.loss(np.array([0, self.last]))
        if (last <= first).all():
            return False  # without a look at the default start, which may be a pass over the rows
        default, least = quadratic.value(self.problem.default_start), quadratic.unexplained**2 / 2
        steps = default - least if self.problem.is_quadratic else default
        return bool((last - first > 1e-9 * (first - least) + 1e-3 * steps + 1e-12 * least).any())
