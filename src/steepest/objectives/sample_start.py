"""Sample start: where Newton's method begins on many rows: the minimum of some of them."""

import numpy as np

from steepest.data.batch import Batch
from steepest.objectives.losses import Loss
from steepest.objectives.newton import RowReader, minimize
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray

SAMPLE = 8_192  # rows
A_PARAMETER = 64  # rows for each parameter, where these are more
FEWEST = 8  # times the sample: where there are fewer rows, all of them are as fast


def sample_start(
    loss: Loss, rows: RowReader, coordinates: Coordinates, shape: tuple[int, int], *, l2: float = 0.0
) -> FloatArray | None:
    """Return the minimum over rows drawn without replacement, which is near that over all; None where it is not worth its pass.

    By Newton's method an error of 1/√(rows drawn) is one of 1e-12 after three passes over all rows.

    Args:
        loss: ℓ.
        rows: gives all rows each time it is called.
        coordinates: the inputs in force.
        shape: how many rows of a weight above 0 there are, and how many parameters.
        l2: the ridge penalty.
    """
    n, parameters = shape
    size = max(SAMPLE, A_PARAMETER * parameters)
    if n < FEWEST * size:
        return None
    chosen = np.sort(np.random.default_rng(0).choice(n, size, replace=False, shuffle=False))
    drawn = list(_drawn(rows, chosen))
    found = minimize(loss, lambda: drawn, coordinates, l2=l2)
    return found.bowl.theta if found.settled else None


def _drawn(rows: RowReader, chosen: np.ndarray) -> "list[Batch]":
    """The chosen rows among those of a weight above 0."""
    row, drawn = 0, []
    for batch in rows():
        used = batch if batch.weight is None else batch.take(batch.weight > 0)
        low, high = np.searchsorted(chosen, [row, row + len(used)])
        if high > low:
            drawn.append(used.take(chosen[low:high] - row))
        row += len(used)
    return drawn
