"""Penalties: the grid of them that a page offers."""

import math

import numpy as np

from steepest.objectives.quadratic import Quadratic
from steepest.summaries.triangularize import LARGEST

PENALTIES = 12  # log-spaced ones beside 0 and the run's own
LOWEST, HIGHEST = 1e-4, 1e2  # of these, in units of the mean curvature of the weights
MOST_NUMBERS = 150_000  # in the matrices of all blocks: 1.6 MB of text


def penalty_grid(own: float, base: Quadratic, classes: int = 1) -> list[float]:
    """Return 0, log-spaced penalties, and the run's own, as many as there is room for.

    Args:
        own: the run's own in these coordinates, 0 where it has none there.
        base: the objective without penalty.
        classes: K, how many margins a row has: there are K parameters for each of its own.
    """
    room = MOST_NUMBERS // (2 * (classes * base.size) ** 2) - 2
    if room < 2:
        return [own]
    first = int(base.fit_intercept)
    curvature = float((base.R[:, first:] ** 2).sum()) / base.total_weight / max(1, base.size - first)
    if not 0 < curvature < math.inf:
        return [own]
    grid = curvature * np.geomspace(LOWEST, HIGHEST, min(PENALTIES, room))
    return sorted({0.0, own, *grid[grid < LARGEST].tolist()})
