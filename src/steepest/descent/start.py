"""Start: where a run begins, in the coordinates in force."""

import numpy as np
from numpy.typing import ArrayLike

from steepest.errors import Option, UsageError
from steepest.objectives.problem import Problem
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names, number

LARGEST_START = 1e100
Start = tuple[ArrayLike, ArrayLike]


def first_theta(start: Start | None, problem: Problem) -> FloatArray:
    """Return theta_0 in the coordinates in force, from weights and bias in the data's own units.

    Args:
        start: weights of shape (d,) or (d, t), and a bias, one for all targets or one each; None: the problem's own default.
        problem: what is minimized.

    Raises:
        UsageError: they are no such numbers.
    """
    if start is None:
        return problem.default_start.copy()
    d, t = len(problem.features), len(problem.targets)
    try:
        weights, bias = map(np.asarray, start)
    except (TypeError, ValueError):
        raise UsageError(f"start must be (weights, bias); got {shown(start)}.") from None
    if not {weights.dtype.kind, bias.dtype.kind} <= set("biuf"):
        raise UsageError(f"start must be (weights, bias) of numbers up to {LARGEST_START:g}; got {shown(start)}.")
    weights, bias = weights.astype(np.float64), bias.astype(np.float64)
    if weights.size != d * t or bias.size not in (1, t):
        raise UsageError(
            f"start needs weights of shape ({d},) and one bias for {join_names(problem.targets)}; got shapes {weights.shape} and {bias.shape}."
        )
    largest = np.abs(np.concatenate([weights.ravel(), bias.ravel()])).max(initial=0.0)
    if not largest <= LARGEST_START:
        raise UsageError(f"start must be numbers up to {LARGEST_START:g}, no NaN or inf; the largest was {largest:g}.")
    if not problem.fit_intercept and bias.any():
        raise UsageError(
            "start has a bias, but " + Option("fit_intercept", False) + " leaves none.", "give a bias of 0"
        )
    return problem.from_raw(weights.reshape(d, t), np.broadcast_to(bias.reshape(-1), (t,)))


def start_reason(problem: Problem) -> str | None:
    """Return why a run that is given no start begins where it does; None where it begins at zeros."""
    if not problem.default_start.any():
        return None
    beside = None if problem.triangle.coding is None else problem.triangle.coding.offset
    exposure = "" if beside is None else " / total exposure" if beside.option == "exposure" else " / total e^offset"
    rate = f"log(total count{exposure})" if exposure else "the log of the mean count"
    return f"bias {number(float(problem.default_start[0, 0]))}, {rate}, and weights 0"
