"""Validation: the error of held-out rows along one trajectory, and the epoch at which it is smallest."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.descent.record import log_spaced
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import number, shorten

SHOWN = 400
EVERY_EPOCH = 200_000  # runs up to this long are looked at epoch by epoch


@dataclass(frozen=True, eq=False)
class ValidationCurve(Value):
    """Training and held-out RMSE along a run.

    Args:
        epochs: epochs shown, shape (K,), ascending.
        rmse: training RMSE at them, shape (K,), target units.
        held_out: held-out RMSE at them, shape (K,), target units.
        effective_parameters: at them, shape (K,), or None where the run has no closed form.
        best_epoch: the epoch with the smallest held-out RMSE: early stopping.
        best_rmse: that RMSE.
        target: the target's name.
    """

    epochs: NDArray[np.int64]
    rmse: FloatArray
    held_out: FloatArray
    effective_parameters: FloatArray | None
    best_epoch: int
    best_rmse: float
    target: str

    def _told(self) -> Iterator[str]:
        yield f" of {shorten(self.target)} to epoch {int(self.epochs[-1]):,}"
        yield f"held-out RMSE: smallest {number(self.best_rmse)} at epoch {self.best_epoch:,}, at the end {number(float(self.held_out[-1]))}"
        yield f"training RMSE: {number(float(self.rmse[0]))} at the start, {number(float(self.rmse[-1]))} at the end"


@numeric
def validation_curve(run: Trajectory, held: Triangle) -> ValidationCurve:
    """Return the error of held-out rows along a run, from their triangle alone, and the exact best epoch.

    Runs of up to 200,000 epochs are looked at epoch by epoch. Longer ones at 20,000 log-spaced epochs, and then at
    every epoch around the best of these.

    Args:
        run: a run of one target.
        held: triangle of the held-out rows, with the same columns.

    Raises:
        UsageError: the columns differ, or there are several targets.

    Example:
        >>> import steepest
        >>> x = np.arange(10.0)[:, None]
        >>> run = steepest.descend(x, 2 * x[:, 0] + np.cos(9 * x[:, 0]), learning_rate=0.01, epochs=500)
        >>> curve = validation_curve(run, steepest.summarize(x + 0.5, 2 * x[:, 0] + 1))
        >>> curve.best_epoch == run.epochs or curve.held_out.min() >= curve.best_rmse
        True

    Source: Ali, Kolter, Tibshirani, "A continuous-time view of early stopping for least squares", AISTATS 2019.
    """
    check_kind("run", run, Trajectory)
    check_kind("held", held, Triangle)
    run.problem.check_squares("a validation curve")
    if len(run.targets) != 1 or held.features != run.features or held.targets != run.targets:
        raise UsageError("a validation curve needs one target, and held-out rows with the run's own columns.")
    known = run.iterates.epochs
    if isinstance(known, range) and run.epochs > EVERY_EPOCH:
        coarse = log_spaced(run.epochs, 20_000)
        best = int(coarse[_rmse(run, held, coarse).argmin()])
        near = coarse[max(0, int(np.searchsorted(coarse, best)) - 1) :][:3]
        candidates = np.arange(near[0], min(near[-1], near[0] + EVERY_EPOCH) + 1)
    else:
        candidates = np.asarray(known)
    errors = _rmse(run, held, candidates)
    best_epoch = int(candidates[errors.argmin()])
    shown = np.union1d(run.some_epochs(SHOWN), [best_epoch])
    effective = run.effective_parameters(shown) if run.engine == "modes" else None
    return ValidationCurve(
        shown, run.rmse(shown), _rmse(run, held, shown), effective, best_epoch, float(errors.min()), run.targets[0]
    )


def _rmse(run: Trajectory, held: Triangle, epochs: NDArray[np.int64]) -> FloatArray:
    """Held-out RMSE at the given epochs, shape (K,), a piece at a time; inf where a run left float64."""
    result = []
    for part in np.array_split(epochs, max(1, len(epochs) // 4096)):
        weights, bias = run.parameters(part)
        with np.errstate(over="ignore", invalid="ignore"):
            result.append(held.rmse_of(weights.T, np.atleast_1d(bias)))
    return np.nan_to_num(np.concatenate(result), nan=np.inf, posinf=np.inf)
