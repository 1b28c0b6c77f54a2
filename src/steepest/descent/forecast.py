"""Forecast: what a mini-batch run will do on average, said before a step is taken."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from steepest.data.batch import Batch
from steepest.data.sources import MissingPolicy
from steepest.descent.batch_grid import BatchGrid, BatchLimits, Best
from steepest.descent.minibatch import Batches, Order
from steepest.descent.settings import Auto, check_epochs
from steepest.errors import UsageError
from steepest.objectives.mean_square import MeanSquare
from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import ObjectiveName
from steepest.objectives.reshuffled import Reshuffled
from steepest.objectives.row_moments import RowMoments
from steepest.rules.choice import is_auto
from steepest.rules.rule import check_learning_rate
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.looks import Shown
from steepest.support.numerics import numeric
from steepest.support.words import number, percent, pluralize

MOST_EPOCHS = 1_000_000
HEAVY = 0.5  # of all fourth moments in a hundredth of the rows


@numeric
@dataclass(frozen=True, eq=False)
class Forecast(Shown):
    """What mini-batch descent on squared loss does on average over runs; `str()` is the sentence.

    Args:
        problem: what is minimized.
        rows: its rows.
        batches: what a batch is.
        learning_rate: η.
        epochs: how many.
    """

    problem: Problem = field(repr=False)
    rows: OverRows = field(repr=False)
    batches: Batches
    learning_rate: float
    epochs: int

    def _told(self) -> Iterator[str]:
        batches = f"batches of {pluralize(self.batches.size, 'row')}, {self.batches.order}"
        yield f": {pluralize(self.epochs, 'epoch')} in {batches}, learning rate {number(self.learning_rate)}"
        yield str(self)

    @cached_property
    def _moments(self) -> RowMoments:
        start = np.zeros((self.rows.U.shape[1], 1))
        return RowMoments.of(self.problem, self.rows, start, self.batches.seed)

    @property
    def minimum(self) -> float:
        """The loss that no step brings the run below."""
        return self._moments.minimum

    @cached_property
    def stability_limit(self) -> float:
        """The largest learning rate at which the mean square of the error does not grow, for rows drawn with replacement.

        Other orders have no limit of their own that is known; this one stands in.
        """
        return self._moments.stability_limit(1 / self.batches.size)

    @cached_property
    def grows(self) -> bool:
        """Whether the mean square of the error grows without bound; in fixed order, whether the run itself does."""
        if self.batches.order == "fixed":
            return bool(np.abs(np.linalg.eigvals(self._map[0])).max(initial=0.0) >= 1)
        return self.learning_rate >= self.stability_limit

    @property
    def guaranteed_rate(self) -> float:
        """A learning rate at which no direction grows in mean square, from one matrix: at most `stability_limit`."""
        return self._moments.guaranteed_rate(1 / self.batches.size)

    @cached_property
    def critical_batch(self) -> int:
        """The smallest batch that bears half of the full batch's learning rate; larger ones gain little."""
        goal, low, high = 1 / float(self._moments.eigenvalues[0]), 0, len(self.rows)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._moments.stability_limit(1 / middle) >= goal else (middle, high)
        return high

    @cached_property
    def floor(self) -> float:
        """The expected loss above the minimum's in the long run, in the objective; inf where the run grows."""
        if self.grows:
            return math.inf
        if self.batches.order == "shuffled":
            return self._reshuffled.floor
        if self.batches.order == "fixed":
            M, b = self._map
            return float(self._moments.eigenvalues @ np.linalg.solve(np.eye(len(b)) - M, b) ** 2 / 2)
        return MeanSquare(self._moments, self.learning_rate, 1 / self.batches.size).floor

    def loss(self) -> FloatArray:
        """Return the expected loss at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        if self.batches.order == "shuffled":
            excess = self._reshuffled.excess(self.epochs)
        elif self.batches.order == "fixed":
            excess = self._in_fixed_order()
        else:
            steps = np.arange(self.epochs + 1) * self.batches.steps(len(self.rows))
            excess = MeanSquare(self._moments, self.learning_rate, 1 / self.batches.size).excess(steps)
        return self.minimum + excess

    def best(self, passes: int) -> Best:
        """Return the batch size and the learning rate with the smallest expected loss after so many passes over the rows.

        Of batches of 1, 2, 4 … 128 rows drawn with replacement, and 24 rates from 0.3% to 95% of each one's limit.

        Raises:
            UsageError: passes is no whole number, 1 or larger.
        """
        return self.grid(passes).best

    def grid(self, passes: int) -> BatchGrid:
        """Return what `best` chooses from: batch sizes, learning rates, and the expected loss of each above the minimum's.

        Raises:
            UsageError: passes is no whole number, 1 or larger.
        """
        if not check_epochs(passes) >= 1:
            raise UsageError(f"passes is a whole number, 1 or larger; got {shown(passes)}.")
        return BatchGrid.of(self._moments, passes)

    def limits(self) -> BatchLimits:
        """Return the stability limit and the guaranteed rate of batches of 1, 2, 4 … rows up to the whole table."""
        return BatchLimits.of(self._moments)

    @property
    def has_heavy_tails(self) -> bool:
        """Whether a hundredth of the rows has half of all fourth moments: the mean over runs is then far above most runs."""
        moments = self._moments
        fourth = moments.share * (moments.omega * (moments.W**2).sum(axis=1)) ** 2
        order = np.argsort(-fourth / moments.share)
        among = np.cumsum(moments.share[order]) <= max(0.01, float(moments.share[order[0]]))
        return bool(fourth[order][among].sum() > HEAVY * fourth.sum())

    @cached_property
    def _reshuffled(self) -> Reshuffled:
        n, size = len(self.rows), self.batches.size
        steps = self.batches.steps(n)
        sizes = tuple(min(size, n - first) for first in range(0, steps * size, size))
        return Reshuffled(self._moments, self.learning_rate, sizes)

    @cached_property
    def _map(self) -> tuple[FloatArray, FloatArray]:
        """(M, b) of an epoch in fixed order: e ← M e + b, exactly."""
        problem = self.problem.quadratic
        V = problem.modes.directions
        minimum = problem.nearest_minimum(np.zeros((len(V), 1)))
        M, b = np.eye(V.shape[1]), np.zeros(V.shape[1])
        for chosen in self.batches.rows(len(self.rows), 0):
            batch = self.rows.take(chosen)
            bent = V.T @ batch.curvature(minimum, V @ M)
            slope = V.T @ (batch.curvature(minimum, (V @ b)[:, None]) + batch.gradient(minimum))
            M, b = M - self.learning_rate * bent, b - self.learning_rate * slope[:, 0]
        return M, b

    def _in_fixed_order(self) -> FloatArray:
        """J - J* at the ends of epochs, one after the other."""
        (M, b), e, found = self._map, self._moments.start, []
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(self.epochs + 1):
                found.append(self._moments.eigenvalues @ e**2 / 2)
                e = M @ e + b
        return np.where(np.isfinite(found), found, np.inf)

    def __str__(self) -> str:
        size, rate, limit = self.batches.size, self.learning_rate, self.stability_limit
        share = f"{percent(rate / limit)} of the mean-square stability limit {number(limit)}"
        told = [f"On average over runs, batches of {pluralize(size, 'row')} at learning rate {number(rate)} ({share})"]
        if self.grows:
            told[0] += " diverge: the error grows without bound."
        else:
            above = f" ({percent(self.floor / self.minimum)})" if self.minimum > 0 else ""
            told[0] += f" level off {number(self.floor)}{above} above the minimum loss {number(self.minimum)}."
            told.append(
                f"After {pluralize(self.epochs, 'epoch')} the loss is expected at {number(float(self.loss()[-1]))}."
            )
        told.append(
            f"Batches of {pluralize(self.critical_batch, 'row')} tolerate half of the full batch's learning rate; larger ones gain little."
        )
        if self.has_heavy_tails:
            told.append(
                "The table has heavy tails, with most of the fourth moments in 1% of its rows: a run can look fine for a long time and then jump."
            )
        if self.batches.order != "replacement":
            told.append("The stability limit assumes rows drawn with replacement.")
        if self.batches.order == "shuffled":
            told.append(
                "For shuffled rows the expected loss is an approximation, about 10% too low in the long run on short tables."
            )
        return " ".join(told)


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
    learning_rate: float | Auto = "auto",
    epochs: int = 10,
    order: Order = "shuffled",
    seed: int = 0,
    drop_last: bool = False,
    l2: float = 0.0,
    objective: ObjectiveName = "half_mse",
    standardize: bool = False,
    fit_intercept: bool = True,
) -> Forecast:
    """Say what gradient descent in batches of rows will do on average over runs, before it does it.

    Rows are looked at, and no step is taken. From 0, plain gradient at a constant rate, one target.

    Args:
        data: anything `descend` takes, but a triangle.
        y: targets, shape (n,).
        target: name of the target column of a table.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        batch_size: rows whose gradient makes a step.
        learning_rate: η > 0, or "auto": half of the guaranteed rate.
        epochs: how many.
        order: "shuffled", "replacement" or "fixed", as `descend`.
        seed: random seed for choosing the 4,096 rows that stand for a table of more than 8,192.
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
    triangle = read(opened, sample_rows=0).triangle
    problem = Problem.of(
        triangle, coordinates_name(standardize), objective=objective, l2=l2, fit_intercept=fit_intercept
    )
    batches = Batches(batch_size, order, seed, drop_last)
    return forecast_of(problem, opened.batches(), batches, learning_rate, epochs)


def forecast_of(
    problem: Problem, rows: Iterable[Batch], batches: Batches, learning_rate: float | Auto, epochs: int
) -> Forecast:
    """Return the forecast of a problem from its rows, read once; see `forecast`."""
    found = OverRows.of(problem, rows)
    if not batches.steps(len(found)):
        raise UsageError(f"{len(found):,} rows make no batch of {batches.size:,}, and the last one is to be dropped.")
    if check_epochs(epochs) > MOST_EPOCHS:
        raise UsageError(f"a forecast has up to {MOST_EPOCHS:,} epochs; got {shown(epochs)}.")
    made = Forecast(problem, found, batches, 1.0, check_epochs(epochs))
    rate = made.guaranteed_rate / 2 if is_auto(learning_rate) else check_learning_rate(learning_rate)
    return Forecast(problem, found, batches, as_float(rate), made.epochs)
