"""How large a learning rate batches of each size bear."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from steepest.descent.batch_grid import BatchLimits
from steepest.descent.forecast import Forecast
from steepest.support.arguments import check_kind
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize
from steepest.views.colors import PINK
from steepest.views.plots.canvas import BLUE, GREEN, GREY, ORANGE, Display, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LINEAR = 0.02  # of the highest rate: where the lowest is above it, half of a limit looks like half


@numeric
@dataclass(eq=False)
class BatchLimitsDisplay(Display):
    """The stability limit and the guaranteed rate over batch sizes, the critical batch, and the rate in use.

    Args:
        limits: the numbers.
        critical_batch: the smallest batch that bears half of the full batch's learning rate.
        batch_size: the one in use.
        learning_rate: the one in use.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.
    """

    limits: BatchLimits
    critical_batch: int
    batch_size: int
    learning_rate: float
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_forecast(cls, forecast: Forecast, *, title: str = "") -> "BatchLimitsDisplay":
        """Take the numbers from a forecast."""
        check_kind("forecast", forecast, Forecast)
        return cls(forecast.limits(), forecast.critical_batch, forecast.batches.size, forecast.learning_rate, title)

    def _what(self) -> str:
        sizes = self.limits.batch_sizes
        return f"the stability limit for batches of 1 to {pluralize(int(sizes[-1]), 'row')}; critical batch {self.critical_batch:,}"

    def plot(self, ax: "Axes | None" = None) -> "BatchLimitsDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        sizes, stable, safe = self.limits.batch_sizes, self.limits.stability, self.limits.guaranteed
        self.lines_ = self.ax_.plot(sizes, stable, "-o", markersize=3.5, color=BLUE, label="stability limit")
        self.lines_ += self.ax_.plot(sizes, safe, "--", color=GREEN, label="guaranteed rate")
        full, critical = number(self.limits.full_batch, 3), pluralize(self.critical_batch, "row")
        self.lines_.append(
            self.ax_.axhline(
                self.limits.full_batch, color=GREY, linestyle=":", label=f"limit of the full batch: {full}"
            )
        )
        self.lines_.append(
            self.ax_.axvline(self.critical_batch, color=PINK, linestyle="-.", label=f"critical batch: {critical}")
        )
        text = f"in use: {pluralize(self.batch_size, 'row')}, {number(self.learning_rate, 3)}"
        self.lines_ += self.ax_.plot(
            self.batch_size, self.learning_rate, "*", markersize=14, color=ORANGE, zorder=4, label=text
        )
        self.ax_.set_xscale("log", base=2)
        lowest, highest = (end(*stable, self.limits.full_batch, self.learning_rate) for end in (min, max))
        if lowest > LINEAR * highest:
            self.ax_.set_ylim(0, 1.08 * highest)
        else:
            self.ax_.set_yscale("log")
        self.ax_.xaxis.set_major_formatter(lambda size, _: f"{size:,.0f}")
        self.ax_.set(xlabel="batch size (rows)", ylabel="learning rate", title=plain(self.title))
        self.ax_.grid(alpha=0.25)
        legend_below(self.ax_, columns=2)
        return self
