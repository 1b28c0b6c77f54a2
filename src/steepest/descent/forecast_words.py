"""Forecast words: what a forecast says, as sentences."""

import math
from typing import Protocol

from steepest.descent.expected import Expected, Path
from steepest.descent.minibatch import Batches
from steepest.objectives.over_orders import OverOrders
from steepest.objectives.reshuffled import Reshuffled
from steepest.objectives.row_moments import RowMoments
from steepest.rules.rule import words_of
from steepest.support.arrays import FloatArray
from steepest.support.words import number, percent, pluralize

MANY = 10  # times a limit: percents would have too many digits


class _Forecast(Protocol):
    """What of a `Forecast` is put into words."""

    @property
    def batches(self) -> Batches: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def minimum(self) -> float: ...
    @property
    def stability_limit(self) -> float: ...
    @property
    def grows(self) -> bool: ...
    @property
    def floor(self) -> float: ...
    @property
    def critical_batch(self) -> int: ...
    @property
    def has_heavy_tails(self) -> bool: ...
    @property
    def _expected(self) -> Expected: ...
    @property
    def _moments(self) -> RowMoments: ...
    def loss(self) -> FloatArray: ...
    def standard_error(self) -> FloatArray: ...


def sentence(f: _Forecast) -> str:
    """Return what a forecast says."""
    told = [_level(f), _end(f), _batches(f)]
    if f.has_heavy_tails:
        told.append(
            "The table has heavy tails, with most of the fourth moments in 1% of its rows: a run can look fine for a long time and then jump."
        )
    if f.batches.order != "replacement":
        told.append("The stability limit assumes rows drawn with replacement.")
    return " ".join(one for one in (*told, _reach(f)) if one)


def _level(f: _Forecast) -> str:
    """Where runs go in the long run."""
    rate, limit, path = f.learning_rate, f.stability_limit, f._expected
    times = f"{rate / limit:,.0f} times" if rate >= MANY * limit else f"{percent(rate / limit)} of"
    share = f"{times} the mean-square stability limit {number(limit)}"
    told = (
        f"On average over runs, batches of {pluralize(f.batches.size, 'row')} at learning rate {number(rate)} ({share})"
    )
    if isinstance(path, Path):
        told += f", {words_of(path.rule)},"
    if f.grows:
        return f"{told} diverge: the error grows without bound."
    above = f" ({percent(f.floor / f.minimum)})" if f.minimum > 0 else ""
    last = " at the last step's rate" if isinstance(path, Path) and path.is_scheduled else ""
    return f"{told} level off {number(f.floor)}{above} above the minimum loss {number(f.minimum)}{last}."


def _end(f: _Forecast) -> str:
    """The loss behind the last epoch."""
    if f.grows:
        return ""
    after, loss = f"After {pluralize(f.epochs, 'epoch')}", number(float(f.loss()[-1]))
    if not isinstance(f._expected, Path) or f._expected.skip is None:
        return f"{after} the loss is expected at {loss}."
    path = number(f.minimum + f._expected.last_of_path(f.epochs))
    return f"{after} the loss is expected at {loss} for the mean of the path, and at {path} for the path itself."


def _batches(f: _Forecast) -> str:
    """Up to which size larger batches are worth it."""
    batch = pluralize(f.critical_batch, "row")
    return f"Batches of {batch} tolerate half of the full batch's learning rate; larger ones gain little."


def _reach(f: _Forecast) -> str:
    """How far the expected loss of shuffled rows may be off."""
    if isinstance(f._expected, Reshuffled):
        reach = percent(Reshuffled.reach(f._moments))
        return f"For shuffled rows the expected loss is an approximation: its distance from the minimum may be off by {reach}."
    if not isinstance(f._expected, OverOrders):
        return ""
    told = f"The expected loss is the mean over {pluralize(f._expected.count, 'order')} of the rows"
    excess, error = float(f.loss()[-1]) - f.minimum, float(f.standard_error()[-1])
    if not error or not 0 < excess < math.inf:
        return f"{told}."
    return f"{told}; its distance from the minimum has a standard error of {percent(error / excess)}."
