"""Hovering: whether a run that was walked has come as near to its minimum as its steps let it."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from steepest.descent.facts import Facts
from steepest.descent.forecast import Forecast
from steepest.descent.iterates import ROUNDING
from steepest.descent.loop import RecordedIterates
from steepest.descent.minibatch import MiniBatchRule
from steepest.objectives.stored_rows import StoredRows, standing_for
from steepest.rules.averaged import AveragedRule
from steepest.rules.gradient import GradientRule
from steepest.rules.plateau import PlateauRule
from steepest.rules.scheduled import ScheduledRule

PARTS = 4  # of the window that is looked at
FEWEST = 2  # epochs in each
FALLS = 0.8  # of the excess in the first of them: what falls farther, from each to the next, is on its way
RISES = 0.25  # of the steps in the window: what rises less often crawls
FADED = 0.1  # of the floor: what is left of the start is no longer seen then
MOST_MODES = 60  # a floor takes a second there
ORDERS = 256  # of shuffled rows: a floor to 5% or so is enough here
ILL_CONDITIONED = 1e12  # rounding takes the place of the noise in the flattest modes
EXACT = 1e-24  # of the loss of all parameters at 0
FARTHEST = 1 << 40  # epochs looked ahead


@dataclass(frozen=True)
class Hovering:
    """How far above its minimum a run stays, and for how long.

    Args:
        excess: J - J* over the last epochs, their median; the sum over targets.
        since: the first of these epochs.
    """

    excess: float
    since: int


@dataclass(frozen=True)
class NoiseLevel:
    """What the batches of a run of plain gradient descent do on average over runs, from their forecast.

    Args:
        stability_limit: the largest learning rate at which the mean square of the error does not grow.
        floor: E[J] - J* in the long run; inf where the error grows.
        floor_of_tenth: the same at a tenth of the learning rate.
        level_from: the epoch from which on the start is no longer seen; None where the error grows.
        is_random: whether runs of other seeds differ.
    """

    stability_limit: float
    floor: float
    floor_of_tenth: float
    level_from: int | None
    is_random: bool


def hovering(facts: Facts) -> Hovering | None:
    """Return how far above the minimum a walked run stays where it no longer comes nearer, as measured; None where it does.

    Looked at is the second half of its epochs, in four parts: the loss rises in at least a quarter of the steps between them, and the
    median excess does not fall from each part to the next by more than a fifth in all.
    """
    rule = facts.rule.rule if isinstance(facts.rule, MiniBatchRule) else facts.rule
    if not isinstance(facts.iterates, RecordedIterates) or isinstance(rule, (ScheduledRule, AveragedRule, PlateauRule)):
        return None  # a rate that falls, or a mean, goes on coming nearer
    if isinstance(rule, GradientRule) and facts.problem.is_quadratic and _fits_exactly(facts):
        return None  # nothing holds it off: what looks like rest is slow
    epochs = facts.iterates.epochs
    window = epochs[epochs >= facts.last / 2]
    if len(window) < PARTS * FEWEST:
        return None
    least = facts.problem.quadratic.unexplained**2 / 2
    losses = facts.iterates.loss(window)
    excess = (losses - least).sum(axis=1)
    levels = [float(np.median(part)) for part in np.array_split(excess, PARTS)]
    if not levels[-1] > ROUNDING * max(float(least.sum()), float(losses[0].sum())):
        return None
    falls = levels[-1] < FALLS * levels[0] and all(after < before for before, after in pairwise(levels))
    if falls or (np.diff(excess) > 0).mean() < RISES:
        return None
    return Hovering(float(np.median(excess)), int(window[0]))


def noise_level(facts: Facts) -> NoiseLevel | None:
    """Return what batches do on average; None where no forecast is made: other rules, schedules, several targets, a fixed order of rows on a disk."""
    rule = facts.rule
    if not (
        facts.problem.is_quadratic
        and isinstance(rule, MiniBatchRule)
        and isinstance(rule.rule, GradientRule)
        and rule.rows is not None
        and not (isinstance(rule.rows, StoredRows) and rule.batches.order == "fixed")
        and len(facts.problem.targets) == 1
        and 0 < len(facts.eigenvalues) <= MOST_MODES
        and facts.problem.condition_number < ILL_CONDITIONED
        and not _fits_exactly(facts)
    ):
        return None
    rate, (rows, share) = rule.learning_rate, standing_for(facts.problem, rule.rows)
    forecast = Forecast(facts.problem, rows, rule.batches, rate, facts.last, share=share, most_orders=ORDERS)
    floor, limit = forecast.floor, forecast.stability_limit
    tenth = replace(forecast, learning_rate=rate / 10).floor
    level = None if forecast.grows else _level_from(facts, rate, rule.batches.steps(len(rule.rows)), floor)
    return NoiseLevel(limit, floor, tenth, level, rule.batches.order != "fixed")


def _fits_exactly(facts: Facts) -> bool:
    """Whether the minimum is 0, but for rounding: there is no noise then."""
    quadratic = facts.problem.quadratic
    return bool((quadratic.unexplained**2 / 2 <= EXACT * quadratic.value(np.zeros_like(facts.start))).all())


def _level_from(facts: Facts, rate: float, steps: int, floor: float) -> int:
    """The first epoch at which what the mean run has left is a tenth of the floor.

    ½ Σ λ_i (1 - ηλ_i)^2k e_i²
    """
    values = facts.eigenvalues
    start = facts.problem.quadratic.start_errors(facts.start)[:, 0]

    def left(epoch: int) -> float:
        return float(values @ ((1 - rate * values) ** (epoch * steps) * start) ** 2 / 2)

    low, high = 0, 1
    while left(high) > FADED * floor and high < FARTHEST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if left(middle) > FADED * floor else (low, middle)
    return high
