"""Mode words: what a mode is made of, in the names of the columns."""

from collections.abc import Sequence

import numpy as np

from steepest.support.arrays import FloatArray
from steepest.support.words import join_names


def mode_in_words(direction: FloatArray, sizes: FloatArray, names: Sequence[str]) -> str:
    """Say what a mode is made of: the parameters that push predictions one way against those that push the other.

    Args:
        direction: the mode's unit vector v, shape (p,), in the coordinates in force.
        sizes: signed typical size of each input in these coordinates, shape (p,): its root mean square with the
            sign of its mean (1 for the intercept). v_j·size_j is then what parameter j does to predictions.
        names: the p parameter names.

    Example:
        >>> mode_in_words(np.array([1.0, -0.005]), np.array([1.0, 174.0]), ["intercept", "x"])
        'the intercept against x'
    """
    effect = direction * sizes
    main = np.flatnonzero(np.abs(effect) >= 0.3 * np.abs(effect).max(initial=0.0))
    main = main[np.argsort(-np.abs(effect[main]), kind="stable")]
    if not main.size:
        return "nothing"
    said = [f"the {name}" if name == "intercept" else name for name in names]
    sign = np.sign(effect[main[0]])
    one, other = ([said[j] for j in main if np.sign(effect[j]) == side] for side in (sign, -sign))
    return f"{join_names(one)} against {join_names(other)}" if other else join_names(one)
