"""Path order: in which order inputs come into the models of a path."""

import math

import numpy as np

from steepest.analysis.path_result import Path


def order_of_inputs(path: Path) -> tuple[tuple[str, float], ...]:
    """Return (input, penalty) of every input that is ever in use, the first to come in first.

    Of a lasso an input is in use just below its penalty, and exactly so; of an elastic net at its penalty, the largest of those
    computed where it is. An input that is not penalized is always in use: inf.

    Example:
        >>> import steepest
        >>> X = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> [(name, round(penalty, 9)) for name, penalty in order_of_inputs(steepest.path(X, [1.0, -1.0, 3.0, -3.0], folds=None))]
        [('x2', 1.5), ('x1', 0.5)]
    """
    used = path.solution.coefficients != 0
    found = []
    for j in np.flatnonzero(used.any(axis=0)):
        place = int(used[:, j].argmax())
        knot = place - 1 if path.is_linear_between_knots else place
        found.append((path.features[j], float(path.knots[knot]) if place else math.inf))
    return tuple(sorted(found, key=lambda entry: -entry[1]))
