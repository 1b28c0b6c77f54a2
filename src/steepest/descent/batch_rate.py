"""Batch rate: the learning rate of batches of rows where nobody gives one."""

import numpy as np

from steepest.descent.batch_grid import RATES
from steepest.descent.minibatch import Batches
from steepest.errors import Option, UsageError
from steepest.objectives.mean_square import excess_by_squares
from steepest.objectives.problem import Problem
from steepest.objectives.row_moments import RowMoments
from steepest.objectives.stored_rows import Rows, standing_for
from steepest.support.words import pluralize


def batch_rate(problem: Problem, rows: Rows, batches: Batches, epochs: int, *, is_constant: bool) -> tuple[float, str]:
    """Return a learning rate for plain gradient descent in batches, and the reason for it.

    At a constant rate it is the one with the smallest expected loss after the last epoch, of 24 from 0.3% to 95% of the
    mean-square stability limit; under a schedule or for an average of the path half of what is guaranteed to be stable.

    Args:
        problem: what is minimized.
        rows: its rows.
        batches: what a batch is.
        epochs: how many.
        is_constant: whether the rate stays and the last parameters count.

    Raises:
        UsageError: there are several targets.
    """
    if len(problem.targets) != 1:
        raise UsageError(
            Option("learning_rate", "auto") + " is found for batches of tables of one target only.",
            "give a learning rate",
        )
    standing, share = standing_for(problem, rows)
    moments = RowMoments.of(problem, standing, np.zeros((rows.width, 1)), batches.seed, share)
    c, size = 1 / batches.size, pluralize(batches.size, "row")
    if not is_constant:
        return moments.guaranteed_rate(c) / 2, f"half of what batches of {size} are guaranteed to bear"
    steps = epochs * batches.steps(len(rows))
    rates = (RATES * moments.stability_limit(c)).tolist()
    best = min(rates, key=lambda rate: excess_by_squares(moments, rate, c, steps))
    return float(best), f"the smallest expected loss after {pluralize(epochs, 'epoch')} in batches of {size}"
