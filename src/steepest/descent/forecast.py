"""Forecast: what a mini-batch run will do on average, said before a step is taken."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from steepest.data.batch import Batch
from steepest.data.sources import MissingPolicy
from steepest.descent.batch_grid import BATCH_SIZES, BatchGrid, BatchLimits, Best
from steepest.descent.expected import PLAIN, Expected, Path, Steps, WithReplacement, check_forecastable
from steepest.descent.forecast_words import sentence
from steepest.descent.minibatch import Batches, Order
from steepest.descent.settings import Auto, Average, check_epochs
from steepest.errors import UsageError
from steepest.objectives.fixed_order import FixedOrder
from steepest.objectives.over_orders import MOST_ORDERS, OverOrders
from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import ObjectiveName
from steepest.objectives.reshuffled import Reshuffled
from steepest.objectives.row_moments import RowMoments, over_sample
from steepest.rules.choice import is_auto
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import Rule, RuleChoice
from steepest.rules.schedules import ScheduleChoice
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.open_data import open_data
from steepest.summaries.row_sample import RowSample, RowSampler
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_list, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize

MOST_EPOCHS = 1_000_000
LARGEST = 1e100  # η λ_max, whose square float64 holds
HEAVY = 0.5  # of all fourth moments in a hundredth of the rows


@numeric
@dataclass(frozen=True, eq=False)
class Forecast(Shown):
    """What mini-batch descent on squared loss does on average over runs; `str()` is the sentence.

    Args:
        problem: what is minimized.
        rows: its rows; of more than 8,192, unless in fixed order, 4,096 that stand for them.
        batches: what a batch is.
        learning_rate: η.
        epochs: how many.
        rule: how a step is made; None: plain gradient at a constant rate.
        share: what part of the table each of the rows stands for; None: as much as any other.
        most_orders: how many orders of shuffled rows are looked at, at most.
        again: reads the table once more, where rows stand for others.
    """

    problem: Problem = field(repr=False)
    rows: OverRows = field(repr=False)
    batches: Batches
    learning_rate: float
    epochs: int
    rule: Rule | None = None
    share: FloatArray | None = field(default=None, repr=False)
    most_orders: int = field(default=MOST_ORDERS, repr=False)
    again: Callable[[], Iterable[Batch]] | None = field(default=None, repr=False)

    @property
    def row_count(self) -> int:
        """Rows of the table, n."""
        return self.problem.triangle.row_count

    def all_rows(self) -> OverRows:
        """Return all rows of the table; where others stand for them it is read once more.

        Raises:
            DataError: the rows are more than 4 GB.
        """
        if self.again is None or len(self.rows) == self.row_count:
            return self.rows
        return OverRows.of(self.problem, self.again())

    def _told(self) -> Iterator[str]:
        batches = f"batches of {pluralize(self.batches.size, 'row')}, {self.batches.order}"
        yield f": {pluralize(self.epochs, 'epoch')} in {batches}, learning rate {number(self.learning_rate)}"
        yield str(self)

    @cached_property
    def _moments(self) -> RowMoments:
        start = np.zeros((self.rows.width, 1))
        return RowMoments.of(self.problem, self.rows, start, self.batches.seed, self.share)

    @cached_property
    def _expected(self) -> "Expected":
        """What says the expected loss, for the order and the rule."""
        n, moments, rate = self.row_count, self._moments, self.learning_rate
        steps = self.batches.steps(n)
        if self._path is not None:
            return self._path
        if self.batches.order == "replacement":
            return WithReplacement(moments, rate, self.batches.size, steps)
        if self.batches.order == "fixed":
            return FixedOrder(self.problem, self.rows, tuple(self.batches.rows(n, 0)), rate, moments.start)
        sizes = tuple(
            min(self.batches.size, n - first) for first in range(0, steps * self.batches.size, self.batches.size)
        )
        if OverOrders.reaches(moments, self.most_orders):
            return OverOrders(moments, rate, sizes, self.batches.seed, self.most_orders)
        return Reshuffled(moments, rate, sizes)

    @cached_property
    def _path(self) -> Path | None:
        """The steps of a rule that is not plain gradient at a constant rate."""
        if self.rule is None or isinstance(self.rule, GradientRule):
            return None
        return Path(self._moments, self.batches.size, self.batches.steps(self.row_count), self.rule)

    @property
    def minimum(self) -> float:
        """The loss that no step brings the run below."""
        return self._moments.minimum

    @cached_property
    def stability_limit(self) -> float:
        """The largest learning rate at which the mean square of the error does not grow, for rows drawn with replacement.

        Other orders have no limit of their own that is known; this one stands in. With momentum it is that of the momentum.
        """
        return self._plain_limit if self._path is None else self._path.stability_limit

    @cached_property
    def _plain_limit(self) -> float:
        return self._moments.stability_limit(1 / self.batches.size)

    @cached_property
    def grows(self) -> bool:
        """Whether the mean square of the error grows without bound; in fixed order, whether the run itself does.

        For shuffled rows it is that of whole epochs where their maps are looked at, else that of rows drawn with replacement.
        With a schedule it is so at the last step's rate.
        """
        if isinstance(self._expected, (OverOrders, FixedOrder, Path)):
            return self._expected.grows
        return self.learning_rate >= self.stability_limit

    @property
    def guaranteed_rate(self) -> float:
        """A learning rate at which no direction of plain gradient grows in mean square, from one matrix."""
        return self._moments.guaranteed_rate(1 / self.batches.size)

    @cached_property
    def critical_batch(self) -> int:
        """The smallest batch with which plain gradient bears half of the full batch's learning rate; larger ones gain little."""
        goal, low, high = 1 / float(self._moments.eigenvalues[0]), 0, self.row_count
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._moments.stability_limit(1 / middle) >= goal else (middle, high)
        return high

    @cached_property
    def floor(self) -> float:
        """The expected loss above the minimum's in the long run, in the objective; inf where the run grows.

        With a schedule it is that at the last step's rate, and with a mean of the path it is that of the path.
        """
        return math.inf if self.grows else self._expected.floor

    def loss(self) -> FloatArray:
        """Return the expected loss at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        return self.minimum + self._excess

    @cached_property
    def _excess(self) -> FloatArray:
        values, start = self._moments.eigenvalues, self._moments.start
        if self.learning_rate * values[0] > LARGEST:
            return np.append(values @ start**2 / 2, np.full(self.epochs, np.inf))
        return self._expected.excess(self.epochs)

    def standard_error(self) -> FloatArray:
        """Return how far `loss()` may be off by the choice of orders it is the mean over, as a standard error, shape (epochs + 1,).

        Of shuffled rows in a table of some thousand; 0 elsewhere.
        """
        if isinstance(self._expected, OverOrders):
            return self._expected.standard_error(self.epochs)
        return np.zeros(self.epochs + 1)

    def best(self, passes: int) -> Best:
        """Return the batch size and the learning rate with the smallest expected loss after so many passes over the rows.

        Of batches of 1, 2, 4 … 128 rows drawn with replacement, and 24 rates from 0.3% to 95% of each one's limit.

        Raises:
            UsageError: passes is no whole number, 1 or larger.
        """
        return self.grid(passes).best

    def grid(self, passes: int, batch_sizes: Sequence[int] = BATCH_SIZES) -> BatchGrid:
        """Return what `best` chooses from: batch sizes, learning rates, and the expected loss of each above the minimum's.

        Args:
            passes: over the rows.
            batch_sizes: those to look at; larger ones than the table are left out.

        Raises:
            UsageError: passes is no whole number, 1 or larger, or no batch size is one that the table has rows for.
        """
        if not check_epochs(passes) >= 1:
            raise UsageError(f"passes is a whole number, 1 or larger; got {shown(passes)}.")
        sizes = [Batches(size).size for size in check_list("batch_sizes", batch_sizes, "whole numbers")]
        if not any(size <= self.row_count for size in sizes):
            raise UsageError(f"batch_sizes needs one of up to {self.row_count:,} rows; got {shown(batch_sizes)}.")
        return BatchGrid.of(self._moments, passes, sizes)

    def limits(self) -> BatchLimits:
        """Return the stability limit and the guaranteed rate of batches of 1, 2, 4 … rows up to the whole table."""
        return BatchLimits.of(self._moments)

    @property
    def has_heavy_tails(self) -> bool:
        """Whether a hundredth of the rows has half of all fourth moments: the mean over runs is then far above most runs."""
        moments = self._moments
        fourth = moments.share * (moments.omega * (moments.W**2).sum(axis=1)) ** 2
        order = np.argsort(-fourth / moments.share)
        among = np.cumsum(moments.share[order]) <= 0.01
        return bool(fourth[order][among].sum() > HEAVY * fourth.sum())

    def __str__(self) -> str:
        return sentence(self)


@numeric
def forecast(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    batch_size: int,
    rule: RuleChoice = "gradient",
    learning_rate: float | Auto = "auto",
    epochs: int = 10,
    momentum: float | Auto | None = None,
    schedule: ScheduleChoice | None = None,
    average: Average = False,
    order: Order = "shuffled",
    seed: int = 0,
    drop_last: bool = False,
    l2: float = 0.0,
    objective: ObjectiveName = "half_mse",
    standardize: bool = False,
    fit_intercept: bool = True,
) -> Forecast:
    """Say what gradient descent in batches of rows will do on average over runs, before it does it.

    Rows are looked at, and no step is taken. From 0, one target. Momentum, a schedule and a mean of the path are forecast for rows
    drawn with replacement.

    Args:
        data: anything `descend` takes, but a triangle.
        y: targets, shape (n,).
        target: name of the target column of a table.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        batch_size: rows whose gradient makes a step.
        rule: "gradient", "heavy_ball" or "nesterov", or one of these with its numbers.
        learning_rate: η > 0, or "auto": half of the guaranteed rate, times 1 - momentum.
        epochs: how many.
        momentum: β in [0, 1), as `descend`.
        schedule: by what the learning rate is multiplied at each step, as `descend`.
        average: whether the parameters are the mean of the path, or the share of it that is left out, as `descend`.
        order: "shuffled", "replacement" or "fixed", as `descend`.
        seed: random seed for choosing the 4,096 rows that stand for a table of more than 8,192, and of the orders of shuffled rows.
        drop_last: leave an epoch's last batch out where it has fewer rows.
        l2: ridge penalty in the coordinates in force.
        objective: "half_mse", "mse" or "quarter_mse".
        standardize: descend in inputs of mean 0 and standard deviation 1.
        fit_intercept: whether the model has a bias.

    Returns:
        a Forecast: stability_limit, guaranteed_rate, critical_batch, floor, loss(), best(passes).

    Raises:
        UsageError: a setting is outside its range, or there are several targets.
        DataError: the data cannot be used.

    Example:
        >>> import numpy as np, steepest
        >>> x = np.arange(1.0, 301.0).reshape(-1, 1)
        >>> y = 0.5 * x[:, 0] + 2 + np.sin(x[:, 0])
        >>> f = steepest.forecast(x, y, batch_size=8, learning_rate=0.1, epochs=5, standardize=True)
        >>> round(f.stability_limit, 3), round(f.guaranteed_rate, 3), f.critical_batch
        (1.688, 1.633, 2)
        >>> f.loss()[1:3].round(2)
        array([1.56, 0.25])

    Source: see `RowMoments`, `MeanSquare` and `Reshuffled`.
    """
    opened = open_data(data, y, target=target, features=features, weight=weight, missing=missing)
    if isinstance(opened, Triangle):
        raise UsageError("a triangle has no rows to make batches of.", "give the table itself")
    sampler = RowSampler(seed, coordinates_name(standardize), fit_intercept=fit_intercept)
    triangle = read(opened, sample_rows=0, see=sampler.add).triangle
    problem = Problem.of(
        triangle, coordinates_name(standardize), objective=objective, l2=l2, fit_intercept=fit_intercept
    )
    batches = Batches(batch_size, order, seed, drop_last)
    steps = Steps(rule, momentum, schedule, average)
    return forecast_of(problem, sampler.sample(), opened.batches, batches, learning_rate, epochs, steps)


def forecast_of(
    problem: Problem,
    sample: RowSample,
    again: Callable[[], Iterable[Batch]],
    batches: Batches,
    learning_rate: float | Auto,
    epochs: int,
    steps: Steps = PLAIN,
) -> Forecast:
    """Return the forecast of a problem from a sample of its rows; all rows are read for a fixed order alone. See `forecast`."""
    n = problem.triangle.row_count
    if batches.size > n and not batches.drop_last:  # as `descend` takes it
        batches = replace(batches, size=n)
    if not batches.steps(n):
        raise UsageError(f"{n:,} rows make no batch of {batches.size:,}, and the last one is to be dropped.")
    if check_epochs(epochs) > MOST_EPOCHS:
        raise UsageError(f"a forecast has up to {MOST_EPOCHS:,} epochs; got {shown(epochs)}.")
    whole = batches.order == "fixed" and len(sample) < n
    found, share = (OverRows.of(problem, again()), None) if whole else (over_sample(problem, sample), sample.share)
    made = Forecast(problem, found, batches, 1.0, check_epochs(epochs), share=share, again=again)
    modes, count = problem.quadratic.modes, batches.steps(n)
    guaranteed = made.guaranteed_rate if is_auto(learning_rate) else math.nan
    rule = steps.rule_of(modes, guaranteed, learning_rate, made.epochs, count)
    if batches.order != "replacement" and not isinstance(rule, GradientRule):
        raise UsageError(
            f'with momentum, a schedule or a mean of the path a forecast is of order "replacement"; got {shown(batches.order)}.'
        )
    if not isinstance(rule, GradientRule):
        check_forecastable(rule, len(modes.eigenvalues))
    return replace(made, learning_rate=float(getattr(rule, "learning_rate", math.nan)), rule=rule)
