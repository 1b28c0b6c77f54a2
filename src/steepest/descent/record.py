"""Record: which epochs a loop keeps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steepest.descent.iterates import Numbers
from steepest.descent.stops import Progress
from steepest.errors import UsageError
from steepest.support.arguments import as_int, check_list, shown
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class Record:
    """Which epochs a loop keeps: memory is yours to choose.

    Args:
        every: keep every n-th epoch; 1 keeps all.
        points: keep about so many epochs, evenly spaced on a log axis, instead.
        epochs: keep exactly these, instead.
        when: keep those at which this function of a `Progress` (epoch, theta, loss, gradient) returns True, instead.

    The start and the last epoch are always kept. What `when` keeps takes 40 MB at most: where these are full, every second epoch of
    them is given up, and from then on every second one that it would keep; and so on.

    Example:
        >>> Record(every=4).choose(10)
        array([ 0,  4,  8, 10])
        >>> Record(points=6).choose(1000)
        array([   0,    1,    4,   16,   63,  251, 1000])
        >>> import steepest
        >>> steep = Record(when=lambda progress: np.linalg.norm(progress.gradient) > 0.5)
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], learning_rate=0.1, epochs=9, engine="loop", record=steep)
        >>> run.iterates.epochs
        array([0, 1, 2, 3, 9])
    """

    every: int | None = None
    points: int | None = None
    epochs: tuple[int, ...] | None = None
    when: Callable[[Progress], bool] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("every", "points", "epochs", "when") if getattr(self, name) is not None]
        if len(given) != 1:
            raise UsageError(f"Record takes one of every, points, epochs and when; got {given or 'none'}.")
        if self.when is not None and not callable(self.when):
            raise UsageError(f"Record(when=...) is a function of a run's progress; got {shown(self.when)}.")
        for name in ("every", "points"):
            value = getattr(self, name)
            if value is not None and (as_int(value) is None or value < 1):
                raise UsageError(f"Record({name}=...) is a whole number, 1 or larger; got {shown(value)}.")
        if self.epochs is not None:
            wrong = [epoch for epoch in check_list("epochs", self.epochs, "whole numbers") if as_int(epoch) is None]
            if wrong:
                raise UsageError(f"Record(epochs=...) are whole numbers; one of them is {shown(wrong[0])}.")

    def choose(self, last: int) -> Numbers:
        """Return the epochs to keep of a run of `last` epochs, ascending."""
        if self.every is not None:
            inner = np.arange(0, last + 1, self.every, dtype=np.int64)
            return inner if inner[-1] == last else np.append(inner, last)
        if self.points is not None:
            return log_spaced(last, self.points)
        inner = np.array([k for k in self.epochs or () if 0 <= k <= last], dtype=np.int64)
        return _ascending(np.concatenate([[0, last], inner]))


def log_spaced(last: int, points: int) -> Numbers:
    """Return 0 and about `points` epochs from 1 to `last`, evenly spaced on a log axis, without repetition."""
    if last < 1:
        return np.array([0], dtype=np.int64)
    steps = np.round(np.geomspace(1, last, max(2, points)))
    return _ascending(np.concatenate([[0], steps, [last]]))


def _ascending(epochs: FloatArray | Numbers) -> Numbers:
    """Each once: `np.unique` takes a microsecond for each since NumPy 2.3."""
    ordered = np.sort(epochs.astype(np.int64))
    return np.asarray(ordered[np.append(True, ordered[1:] > ordered[:-1])])
