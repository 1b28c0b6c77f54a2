"""The expected loss of mini-batch descent over epochs, with a few runs as they go."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent import loop
from steepest.descent.forecast import Forecast
from steepest.descent.minibatch import MiniBatchRule
from steepest.descent.record import Record, log_spaced
from steepest.errors import Option, UsageError
from steepest.objectives.over_rows import OverRows
from steepest.rules.gradient import GradientRule
from steepest.support.arguments import as_int, check_kind, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, percent, pluralize
from steepest.views.plots.canvas import BLUE, CURVE_POINTS, GREY, ORANGE, SMALLEST, Display, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RUNS = 8
MOST_RUNS = 1_000
MOST_STEPS = 50_000  # of all runs together, where nobody says how many runs
LINEAR = 50  # epochs up to which they stand evenly on the axis
LOWEST = 1e-16  # of the loss at the start: below it is rounding
LARGEST = 1e100  # what diverges is drawn no further: axes end before float64 does
ABOVE = 100.0  # times the largest loss of a run: where the picture of a mean that grows ends


@numeric
@dataclass(eq=False)
class ForecastDisplay(Display):
    """The expected loss above the minimum's over epochs, the floor it heads for, and a few runs that were made.

    Args:
        epochs: shape (K,), ascending, from 0.
        expected: expected loss above the minimum's at each, shape (K,); inf where it leaves float64.
        runs: the same of each run that was made, shape (R, K); NaN from where it left float64.
        floor: expected loss above the minimum's in the long run; inf where it grows.
        minimum: the loss that no step brings the run below.
        label: what the axis says of the loss, e.g. "loss (half_mse)".
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's: the expected loss first, then the runs.
    """

    epochs: NDArray[np.int64]
    expected: FloatArray
    runs: FloatArray
    floor: float
    minimum: float
    label: str = "loss"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_forecast(
        cls, forecast: Forecast, *, runs: int | None = None, title: str | None = None
    ) -> "ForecastDisplay":
        """Take about 400 epochs of a forecast, and make some runs beside it.

        Args:
            forecast: the forecast.
            runs: how many runs to make, with the seeds 0, 1, 2 …; default: 8, or as many as take 50,000 steps together.
            title: above the picture; default: what a batch is, and the learning rate.

        Raises:
            UsageError: runs is no whole number from 0 to 1,000.
        """
        check_kind("forecast", forecast, Forecast)
        count = _most_runs(forecast) if runs is None else as_int(runs)
        if count is None or not 0 <= count <= MOST_RUNS:
            raise UsageError(Option("runs") + f" is a whole number from 0 to {MOST_RUNS:,}; got {shown(runs)}.")
        if forecast.batches.order == "fixed":
            count = min(count, 1)  # all are the same
        epochs = np.array(log_spaced(forecast.epochs, CURVE_POINTS))
        rows = forecast.all_rows() if count else forecast.rows
        losses = [_losses(forecast, rows, epochs, seed) for seed in range(count)]
        label = f"loss ({forecast.problem.objective})"
        return cls(
            epochs,
            forecast.loss()[epochs] - forecast.minimum,
            np.reshape(losses, (count, len(epochs))) - forecast.minimum,
            forecast.floor,
            forecast.minimum,
            label,
            told(forecast) if title is None else title,
        )

    def _what(self) -> str:
        count = pluralize(len(self.runs), "run")
        return f"the loss expected to epoch {int(self.epochs[-1]):,}, with {count}: floor {number(self.floor)} above the minimum"

    def plot(self, ax: "Axes | None" = None) -> "ForecastDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        least = max(LOWEST * max(float(self.expected[0]), self.minimum), SMALLEST)
        name = "expected: the mean of all runs" + (", grows without bound" if np.isinf(self.floor) else "")
        self.lines_ = self._curve(self.expected, least, color=BLUE, linewidth=2.2, zorder=3, label=name)
        for i, run in enumerate(self.runs):
            label = pluralize(len(self.runs), "single run") if i == 0 else None
            self.lines_ += self._curve(run, least, color=GREY, alpha=0.55, linewidth=0.8, label=label)
        if least < self.floor < np.inf:
            share = f", {percent(self.floor / self.minimum)} of the minimum {number(self.minimum, 4)}"
            text = f"floor: {number(self.floor, 3)}{share if self.minimum > least else ''}"
            self.lines_.append(self.ax_.axhline(self.floor, color=ORANGE, linestyle="--", linewidth=1, label=text))
        if self.epochs[-1] > LINEAR:
            self.ax_.set_xscale("symlog", linthresh=1, linscale=0.3)
        else:
            self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.set_yscale("log")
        self._limit_axes(least)
        self.ax_.set(xlabel="epoch", ylabel=f"{plain(self.label)}\nabove the minimum")
        self.ax_.set_title(plain(self.title), fontsize="medium")
        self.ax_.grid(alpha=0.25)
        legend_below(self.ax_)
        return self

    def _curve(self, excess: FloatArray, least: float, **style: Any) -> list[Any]:
        """Draw a curve down to what is rounding, and up to where it leaves every axis."""
        with np.errstate(invalid="ignore"):
            drawn = np.where(excess < LARGEST, np.maximum(excess, least), np.nan)
        curves: list[Any] = self.ax_.plot(self.epochs, drawn, **style)
        return curves

    def _limit_axes(self, least: float) -> None:
        """Let a mean that grows leave the picture at the top, so that the runs below it can be seen."""
        self.ax_.set_xlim(0, max(1, int(self.epochs[-1])))
        shown = self.runs[np.isfinite(self.runs)]
        top = ABOVE * max(float(self.expected[0]), shown.max(initial=least))
        if top < self.ax_.get_ylim()[1]:
            self.ax_.set_ylim(max(least, min(float(self.expected[0]), shown.min(initial=top)) / 2), top)


def told(forecast: Forecast) -> str:
    """Return what a batch is and at which rate, in a few words."""
    order = {"shuffled": "shuffled", "replacement": "with replacement", "fixed": "in the table's order"}
    rows = f"batches of {pluralize(forecast.batches.size, 'row')}, {order[forecast.batches.order]}"
    return f"{rows}, rate {number(forecast.learning_rate, 3)}"


def _most_runs(forecast: Forecast) -> int:
    """As many as take 50,000 steps together, 8 at most."""
    steps = forecast.epochs * forecast.batches.steps(forecast.row_count)
    return min(RUNS, MOST_STEPS // max(1, steps))


def _losses(forecast: Forecast, rows: OverRows, epochs: NDArray[np.int64], seed: int) -> FloatArray:
    """The losses of a run from 0 at some epochs, NaN from where it left float64."""
    rule = MiniBatchRule(
        forecast.rule or GradientRule(forecast.learning_rate), rows, replace(forecast.batches, seed=seed)
    )
    start = np.zeros((forecast.rows.U.shape[1], 1))
    kept = Record(epochs=tuple(epochs.tolist()))
    run = loop.run(forecast.problem.quadratic, rule, start, forecast.epochs, record=kept)
    losses = np.full(len(epochs), np.nan)
    known = np.isin(epochs, run.epochs)
    losses[known] = run.loss(epochs[known])[:, 0]
    return losses
