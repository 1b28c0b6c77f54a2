"""Recording: keeps the epochs of a run that a function of its progress asks for, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steepest.descent.stops import Progress
from steepest.errors import UsageError
from steepest.objectives.objective import Objective
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray

MOST = 5_000_000  # numbers, 40 MB


class Kept(NamedTuple):
    """Epochs that were kept.

    Args:
        epochs: ascending, shape (K,).
        thetas: parameters in force, shape (K, p, t).
        losses: the objective, shape (K, t).
    """

    epochs: NDArray[np.int64]
    thetas: FloatArray
    losses: FloatArray

    def each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Kept":
        """Return what a function makes of each array."""
        return Kept(change(self.epochs), change(self.thetas), change(self.losses))

    def up_to(self, epoch: int) -> "Kept":
        """Return the epochs up to one."""
        count = int(np.searchsorted(self.epochs, epoch, "right"))
        return self.each(lambda part: part[:count])

    def joined(self, other: "Kept") -> "Kept":
        """Return the epochs of both, each once."""
        epochs = np.concatenate([self.epochs, other.epochs])
        _, order = np.unique(epochs, return_index=True)
        thetas, losses = np.concatenate([self.thetas, other.thetas]), np.concatenate([self.losses, other.losses])
        return Kept(epochs[order], thetas[order], losses[order])


@dataclass(frozen=True)
class RecordWhen:
    """Watches a run for the epochs that are to be kept.

    Args:
        when: says of each whether it is one.
    """

    when: Callable[[Progress], bool]
    name: ClassVar[str] = "record"

    def begin(self, objective: Objective, start: FloatArray) -> "Recording":
        """Return what watches one run."""
        return Recording(self.when, max(2, MOST // (start.size + start.shape[1] + 1)))


@dataclass
class Recording:
    """The epochs kept so far; where they are as many as may be, every second one is given up.

    Args:
        when: says of an epoch whether it is to be kept.
        most: how many may be kept.
    """

    when: Callable[[Progress], bool]
    most: int
    _kept: Kept | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _asked: int = field(default=0, init=False)
    _stride: int = field(default=1, init=False)

    @property
    def memory(self) -> tuple[Kept | None, int, int]:
        """What is kept, how many epochs were asked for, and the how-manieth of them is kept."""
        return self.kept, self._asked, self._stride

    @memory.setter
    def memory(self, memory: tuple[Kept | None, int, int]) -> None:
        self._kept, self._asked, self._stride = memory
        self._count = 0 if self._kept is None else len(self._kept.epochs)

    @property
    def kept(self) -> Kept | None:
        """What is kept so far; None: nothing."""
        return None if self._kept is None else self._kept.each(lambda part: part[: self._count])

    def __call__(self, progress: Progress) -> None:
        """Keep an epoch where that is asked for."""
        answer = self.when(progress)
        if not isinstance(answer, (bool, np.bool_)):
            raise UsageError(
                f"Record(when=...) says True or False of each epoch; at epoch {progress.epoch:,} it said {shown(answer)}."
            )
        if not answer:
            return
        number, self._asked = self._asked, self._asked + 1
        if number % self._stride:
            return
        if self._count == self.most:
            self._give_up_half()
            if number % self._stride:
                return
        kept = self._kept = self._with_room(progress)
        kept.epochs[self._count], kept.thetas[self._count], kept.losses[self._count] = (
            progress.epoch,
            progress.theta,
            progress.loss,
        )
        self._count += 1

    def _give_up_half(self) -> None:
        """Keep every second epoch, in arrays of its own: those before may be on their way to a file."""
        if self.kept is not None:
            self._kept = self.kept.each(lambda part: part[::2].copy())
            self._count, self._stride = len(self._kept.epochs), 2 * self._stride

    def _with_room(self, progress: Progress) -> Kept:
        """What is kept with room for one more, in arrays twice as long where these are full."""
        if self._kept is None:
            shapes = (progress.theta.shape, progress.loss.shape)
            return Kept(np.empty(16, np.int64), *(np.empty((16, *shape)) for shape in shapes))
        if self._count < len(self._kept.epochs):
            return self._kept
        return self._kept.each(lambda part: np.concatenate([part, np.empty_like(part)]))
