"""Slope: an objective as a rule sees it while it makes one step."""

from steepest.errors import UsageError
from steepest.objectives.objective import Objective, has_curvature, has_prox
from steepest.support import remedies
from steepest.support.arrays import FloatArray


class Slope:
    """An objective's gradient; called at a point it is ∇J there, and it knows the value and the curvature besides.

    Args:
        objective: what is minimized.
        theta: where the step begins, shape (p, t), where ∇J is known there.
        gradient: ∇J at theta: given away once, since who gets it may change it.
    """

    def __init__(
        self, objective: Objective, theta: FloatArray | None = None, gradient: FloatArray | None = None
    ) -> None:
        self.objective, self.theta, self.known = objective, theta, gradient

    def __call__(self, point: FloatArray) -> FloatArray:
        """∇J at a point, shape (p, t)."""
        if self.known is not None and point is self.theta:
            known, self.known = self.known, None
            return known
        return self.objective.value_and_gradient(point)[1]

    def value(self, point: FloatArray) -> FloatArray:
        """J at a point, shape (t,)."""
        return self.objective.value(point)

    def prox(self, point: FloatArray, rate: float) -> FloatArray:
        """The proximal step of what has no gradient in J, shape (p, t); the point itself where all of it has one."""
        return self.objective.prox(point, rate) if has_prox(self.objective) else point

    def curvature(self, point: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J at a point times a direction, both of shape (p, t).

        Raises:
            UsageError: the objective does not know it.
        """
        if not has_curvature(self.objective):
            raise UsageError(
                f"a {type(self.objective).__name__} does not know its curvature, which this rule asks for.",
                remedies.BACKTRACKING,
            )
        return self.objective.curvature(point, direction)
