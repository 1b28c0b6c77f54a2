"""Modes: the directions in which descent on a quadratic is a product of scalars."""

from dataclasses import dataclass

from steepest.support.arrays import FloatArray
from steepest.support.values import Value


@dataclass(frozen=True, eq=False)
class Modes(Value):
    """The directions in which descent on a quadratic is a product of scalars, steepest first.

    Along mode i the distance from the minimum after k epochs of a linear rule is p_k(λ_i) times that of the start.

    Args:
        eigenvalues: λ of the Hessian for every direction that moves, shape (r,), descending, all > 0, in units of
            loss per squared parameter.
        directions: orthonormal columns V, shape (p, r). Directions outside their span have no curvature: they stay
            where they start.
    """

    eigenvalues: FloatArray
    directions: FloatArray

    @property
    def condition_number(self) -> float:
        """κ = λ_max / λ_min over the moving modes; 1 where there is none, inf where it leaves float64."""
        return float(self.eigenvalues[0]) / float(self.eigenvalues[-1]) if self.eigenvalues.size else 1.0
