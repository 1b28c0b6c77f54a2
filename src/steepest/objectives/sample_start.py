"""Sample start: where Newton's method begins on many rows: near their minimum, which some of them and a few gradients tell."""

from typing import NamedTuple

import numpy as np

from steepest.data.batch import Batch
from steepest.objectives.chord import approach
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows
from steepest.objectives.newton import ARRIVED, Bowl, bowl_at, minimize
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray

SAMPLE = 8_192  # rows
A_PARAMETER = 64  # rows for each parameter, where these are more
MOST_PASSES = 20  # over them; where there is no minimum, more lead nowhere
FEWEST = 8  # times the sample: where there are fewer rows, all of them are as fast
PART = 10  # of so many rows the larger sample takes one
WORTH = 4  # times the sample: a larger one of fewer rows says little more
MOST_NUMBERS = 1 << 24  # of the larger sample, 128 MB
# of what is left where Newton's method has arrived: what is foretold may be some times less than what comes
SURELY = 0.1
CLOSE = 1e-6  # of the loss: as near as the minimum of the larger sample needs to be known
ROUGH = 1e-5  # of the loss, before a last step: the minimum of the first sample is a hundred times farther from that of all rows


class Start(NamedTuple):
    """Where Newton's method begins.

    Args:
        theta: a point near the minimum.
        passes: over all rows that it took.
    """

    theta: FloatArray
    passes: int


def sample_start(rows: LossOverRows | StoredLossRows, coordinates: Coordinates) -> Start | None:
    """Return a start near the minimum over all rows; None where it is not worth the work, or a sample has no minimum.

    Newton's method finds the minimum over some rows, drawn without replacement; its curvature leads on to that over a tenth of the rows, and
    the curvature there to that over all, by gradients: each of these passes costs a fraction of one that makes a triangle.

    Args:
        rows: all of them, of a weight above 0.
        coordinates: the inputs in force, which the rows are in.
    """
    n, p = len(rows), len(coordinates.shift) + coordinates.fit_intercept
    size = max(SAMPLE, A_PARAMETER * rows.width)
    if n < FEWEST * size:
        return None
    generator = np.random.default_rng(0)
    drawn = rows.take(_chosen(generator, n, size))
    found = minimize(
        rows.loss,
        lambda: [_batch(drawn, coordinates)],
        _of_rows(coordinates),
        l2=rows.l2,
        most_passes=MOST_PASSES,
        enough=ROUGH,
    )
    if not found.settled:
        return None
    bowl = found.bowl
    larger = min(n // PART, MOST_NUMBERS // (p + rows.classes))
    if larger >= WORTH * size:
        bowl = _on_more(rows.take(_chosen(generator, n, larger)), coordinates, bowl)
    return Start(*approach(rows.gradient, bowl.quadratic, bowl.theta, enough=SURELY * ARRIVED * bowl.value))


def _on_more(rows: LossOverRows, coordinates: Coordinates, bowl: Bowl) -> Bowl:
    """The loss of more rows, seen from near its minimum; where it has no triangle there, the bowl itself."""
    theta, _ = approach(rows.gradient, bowl.quadratic, bowl.theta, enough=CLOSE * bowl.value)
    return bowl_at(rows.loss, lambda: [_batch(rows, coordinates)], _of_rows(coordinates), theta, rows.l2) or bowl


def _chosen(generator: np.random.Generator, n: int, size: int) -> np.ndarray:
    return np.sort(generator.choice(n, size, replace=False, shuffle=False))


def _batch(rows: LossOverRows, coordinates: Coordinates) -> Batch:
    """The rows as a table whose inputs are those in force."""
    X, y = rows.U[:, int(coordinates.fit_intercept) :], rows.y
    offset = None if rows.offset is None else rows.offset[:, 0]
    names = tuple(f"u{j}" for j in range(X.shape[1])), tuple(f"y{k}" for k in range(y.shape[1]))
    return Batch(X, y, *names, rows.omega, offset=offset)


def _of_rows(coordinates: Coordinates) -> Coordinates:
    """The coordinates of that table: its inputs as they are."""
    d = len(coordinates.shift)
    return Coordinates("raw", np.zeros(d), np.ones(d), coordinates.fit_intercept)
