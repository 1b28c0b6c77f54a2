"""Objective: what is minimized, and what it may know of itself beside its value and gradient."""

from typing import Protocol, TypeGuard, runtime_checkable

from steepest.objectives.modes import Modes
from steepest.support.arrays import FloatArray


@runtime_checkable
class Objective(Protocol):
    """A function of the parameters theta, shape (p, t): a column for each of t targets, each minimized on its own.

    This is all that the loop asks for; any object with these four is an objective. What more one can do is a protocol
    of its own, such as `Spectral`, and who needs it asks for it.

    `metric_name` says what `metric` is: "rmse" is the root mean squared error in the target's units.
    """

    @property
    def metric_name(self) -> str:
        """What `metric` is called."""
        ...

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta, shape (t,)."""
        ...

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J, shape (t,), and ∇J, shape (p, t), at theta: what a step needs."""
        ...

    def metric(self, theta: FloatArray) -> FloatArray:
        """What a reader judges by at theta, shape (t,), called `metric_name`."""
        ...


@runtime_checkable
class Spectral(Objective, Protocol):
    """An objective of constant curvature, which knows its modes and its minimum: every step on it is known beforehand."""

    @property
    def modes(self) -> Modes:
        """The directions that move, with their curvatures λ."""
        ...

    @property
    def minimum(self) -> FloatArray:
        """The exact minimum, shape (p, t); of minimum norm where many are equally good."""
        ...

    def start_errors(self, start: FloatArray) -> FloatArray:
        """v_iᵀ(minimum - start) for every mode, shape (r, t), start of shape (p, t)."""
        ...


@runtime_checkable
class Curved(Objective, Protocol):
    """An objective that knows how its gradient changes along a direction."""

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J at theta times a direction, shape (p, t): each target's by itself."""
        ...


@runtime_checkable
class Proximal(Objective, Protocol):
    """An objective f + g of a smooth part f and one with a kink, g, such as an l1 penalty: the gradient is that of f alone.

    `value` is that of f + g.
    """

    def prox(self, point: FloatArray, rate: float) -> FloatArray:
        """argmin_z ½·‖z - point‖² + rate·g(z), shape (p, t)."""
        ...

    def least_slope(self, theta: FloatArray) -> FloatArray:
        """The shortest subgradient of f + g at theta, shape (p, t): 0 at the minimum and nowhere else."""
        ...

    def gap(self, theta: FloatArray) -> FloatArray:
        """The duality gap, shape (t,): f + g at theta is at most this much above its minimum."""
        ...


def has_prox(objective: object) -> TypeGuard[Proximal]:
    """Say whether the objective has a part with a kink, which takes a proximal step."""
    return hasattr(type(objective), "prox")


def slope_at(objective: Objective, theta: FloatArray) -> FloatArray:
    """Return the gradient at theta, shape (p, t), or the shortest subgradient where the objective has a kink."""
    return objective.least_slope(theta) if has_prox(objective) else objective.value_and_gradient(theta)[1]


def has_curvature(objective: Objective) -> TypeGuard[Curved]:
    """Say whether the objective knows its curvature along a direction."""
    return hasattr(type(objective), "curvature")


def is_spectral(objective: Objective) -> TypeGuard[Spectral]:
    """Say whether the objective knows its modes; one that does not is walked, and judged by its gradient alone."""
    # a kink couples the modes of the smooth part: no step shrinks each by itself
    return hasattr(type(objective), "modes") and hasattr(type(objective), "start_errors") and not has_prox(objective)
