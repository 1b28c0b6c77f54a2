"""Proximal: how a rule steps where the objective has a kink, such as an l1 penalty has at 0.

A proximal rule takes the gradient of the smooth part of the objective alone, and the rest by its proximal step:

    prox(v, η) = argmin_z ½·‖z - v‖² + η·g(z)            objective: f + g, f smooth

It says so by `is_proximal = True`.
"""

from typing import Any

from steepest.rules.rule import Gradient
from steepest.support.arrays import FloatArray


def prox_of(gradient: Gradient, point: FloatArray, rate: float) -> FloatArray:
    """Return the proximal step of what has no gradient in the objective; the point itself where all of it has one."""
    own: Any = getattr(gradient, "prox", None)
    return point if own is None else own(point, rate)


def is_proximal(rule: object) -> bool:
    """Say whether a rule, or a class of rules, takes a proximal step; of a rule around another one, whether that one does.

    Example:
        >>> from steepest.rules.gradient import GradientRule
        >>> from steepest.rules.ista import IstaRule
        >>> is_proximal(IstaRule), is_proximal(IstaRule(0.1)), is_proximal(GradientRule(0.1))
        (True, True, False)
    """
    inner = None if isinstance(rule, type) else getattr(rule, "rule", None)
    return bool(getattr(rule, "is_proximal", False)) if inner is None else is_proximal(inner)
