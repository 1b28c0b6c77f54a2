"""Expected: what a mini-batch run was expected to do, for its page."""

from collections.abc import Sequence

from steepest.descent.forecast import Forecast
from steepest.descent.minibatch import MiniBatchRule
from steepest.descent.trajectory import Trajectory
from steepest.objectives.over_rows import OverRows
from steepest.rules.gradient import GradientRule
from steepest.support.arrays import FloatArray

MOST_EPOCHS = 10_000


def expected_losses(run: Trajectory, epochs: Sequence[int]) -> FloatArray | None:
    """Return the loss that was expected at some epochs, on average over runs, shape (K,); None where no forecast is of it.

    A forecast is of plain gradient at a constant rate from 0, over rows that are held in memory.
    """
    rule = run.rule
    if not isinstance(rule, MiniBatchRule) or type(rule.rule) is not GradientRule:
        return None
    if not isinstance(rule.rows, OverRows) or run.start.any() or run.epochs > MOST_EPOCHS:
        return None
    if not len(run.problem.quadratic.modes.eigenvalues):
        return None
    forecast = Forecast(run.problem, rule.rows, rule.batches, rule.learning_rate, run.epochs)
    return forecast.loss()[list(epochs)]
