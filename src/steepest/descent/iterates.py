"""Iterates: where the parameters of a run were, and how the run ended."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.objective import Spectral
from steepest.support.arrays import FloatArray
from steepest.support.words import fraction

Numbers = NDArray[np.int64]
EngineName = Literal["modes", "loop"]
ROUNDING = 1e-14  # of the size of what a mode predicts, twice: how much of it may be rounding


@dataclass(frozen=True)
class Ending:
    """Why a run has no more epochs; `str()` is the sentence.

    Args:
        reason: "epochs" (all that were asked for), "tolerance", "left_float64", "callback", or the name of a stop.
        sentence: the same for a reader, with numbers.
    """

    reason: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    @classmethod
    def all_epochs(cls, epochs: int) -> "Ending":
        """Return the ending of a run that did what it was asked to."""
        few = {0: "No epoch was asked for.", 1: "The one epoch was done."}
        return cls("epochs", few.get(epochs, f"All {epochs:,} epochs were done."))

    @classmethod
    def within(cls, tolerance: float, epoch: int) -> "Ending":
        """Return the ending of a run whose modes have come to rest within a tolerance."""
        sentence = f"From epoch {epoch:,} on no mode has more than {fraction(tolerance)} of its starting error left."
        return cls("tolerance", sentence)

    @classmethod
    def left_float64(cls, epoch: int) -> "Ending":
        """Return the ending of a run whose parameters grew out of float64 after an epoch."""
        return cls(
            "left_float64", f"The parameters left float64 after epoch {epoch:,}; that epoch is the last one kept."
        )


class Iterates(Protocol):
    """Where the parameters were: known at every epoch from a formula, or recorded at some from a loop."""

    engine: ClassVar[EngineName]

    @property
    def epochs(self) -> range | Numbers:
        """The epochs that can be asked for, ascending."""
        ...

    @property
    def ended(self) -> Ending:
        """Why there are no more."""
        ...

    @property
    def final(self) -> FloatArray:
        """Theta at the last epoch, shape (p, t)."""
        ...

    def parameters(self, epochs: range | Numbers) -> FloatArray:
        """Theta at the given epochs, shape (K, p, t)."""
        ...

    def loss(self, epochs: range | Numbers) -> FloatArray:
        """The objective at the given epochs, shape (K, t)."""
        ...

    def metric(self, epochs: range | Numbers) -> FloatArray:
        """The objective's metric at the given epochs, shape (K, t)."""
        ...

    def costs(self, epochs: range | Numbers) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Loss, metric and ‖∇J‖ in the coordinates in force at the given epochs, each of shape (K, t)."""
        ...

    def remaining(self, epochs: range | Numbers) -> FloatArray:
        """The share of its start error that each mode still has at the given epochs, shape (K, r)."""
        ...


def shares_left(objective: Spectral, start: FloatArray, thetas: FloatArray) -> FloatArray:
    """Return the share of its start error that each mode still has, measured by projection on it.

        e_i(theta) = v_iᵀ(minimum - theta)          share_i = |e_i(theta)| / |e_i(start)|

    A mode that starts at its minimum has no error to take a share of: its error is measured against the whole start error,
    both in what they change of the loss, √λ_i·e_i. Errors that are rounding of the predictions count as 0.

    Args:
        objective: knows its modes and its minimum.
        start: theta_0, shape (p, t).
        thetas: parameters at K epochs, shape (K, p, t).

    Returns:
        shape (K, r), the steepest mode first; of several targets the largest share.
    """
    root = np.sqrt(objective.modes.eigenvalues)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.abs(root * objective.start_errors(start))
        whole = np.linalg.norm(first, axis=0)
        size = np.linalg.norm(root * (objective.modes.directions.T @ objective.minimum), axis=0)
        rounding = ROUNDING * (size + whole)
        unit = np.where(first > rounding, first, np.where(whole > rounding, whole, np.inf))
        shares = [
            np.where(left <= rounding, 0.0, np.where(np.isinf(unit), np.inf, left / unit)).max(axis=1, initial=0.0)
            for left in (np.abs(root * objective.start_errors(theta)) for theta in thetas)
        ]
    return np.nan_to_num(np.stack(shares), nan=np.inf, posinf=np.inf) if len(shares) else np.zeros((0, len(root)))
