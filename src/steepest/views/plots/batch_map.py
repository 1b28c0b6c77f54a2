"""The expected loss over batch sizes and learning rates after some passes over the rows."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.descent.batch_grid import BatchGrid
from steepest.descent.forecast import Forecast
from steepest.support.arguments import check_kind
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize
from steepest.views.plots.canvas import ORANGE, SMALLEST, Display, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUNDING = 1e-16  # of the highest loss: what is below it is as good as 0
SPAN = 1e4  # colours end at so many times the best: beyond it, all is equally bad
GROWS = "#DDDDDD"


@numeric
@dataclass(eq=False)
class BatchMapDisplay(Display):
    """Expected loss above the minimum's after some passes as colour over batch size and learning rate, with the best.

    Args:
        grid: the numbers.
        label: what the axis says of the loss, e.g. "loss (half_mse)".
        in_use: (batch size, learning rate) of the forecast, or None.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `meshes_`, matplotlib's, one for each batch size.
    """

    grid: BatchGrid
    label: str = "loss"
    in_use: tuple[int, float] | None = None
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    meshes_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_forecast(
        cls, forecast: Forecast, *, passes: int | None = None, title: str | None = None
    ) -> "BatchMapDisplay":
        """Take the numbers from a forecast.

        Args:
            forecast: the forecast.
            passes: over the rows; default: the forecast's epochs.
            title: above the picture; default: after how many epochs.

        Raises:
            UsageError: passes is no whole number, 1 or larger.
        """
        check_kind("forecast", forecast, Forecast)
        grid = forecast.grid(max(1, forecast.epochs) if passes is None else passes)
        label = f"loss ({forecast.problem.objective})"
        in_use = forecast.batches.size, forecast.learning_rate
        return cls(grid, label, in_use, f"after {pluralize(grid.passes, 'epoch')}" if title is None else title)

    def _what(self) -> str:
        sizes, rates = self.grid.excess.shape
        best = self.grid.best
        return (
            f"{pluralize(sizes, 'batch size')} by {rates} learning rates: "
            f"best {number(best.excess)} above the minimum, in batches of {pluralize(best.batch_size, 'row')}"
        )

    def plot(self, ax: "Axes | None" = None) -> "BatchMapDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        from matplotlib.colors import LogNorm  # noqa: PLC0415 - a picture is asked for

        self.figure_, self.ax_ = axes(ax)
        grid, (lowest, highest) = self.grid, self._ends()
        highest_loss = float(np.max(grid.excess, where=np.isfinite(grid.excess), initial=0.0))
        least = max(float(np.nanmin(grid.excess)), ROUNDING * highest_loss, SMALLEST)
        norm = LogNorm(least, max(min(highest_loss, SPAN * least), 1.01 * least))
        self.meshes_ = []
        for i, limit in enumerate(grid.stability_limits):
            step = np.sqrt(grid.learning_rates[i, 1] / grid.learning_rates[i, 0])
            edges = np.append(grid.learning_rates[i] / step, limit)
            cells = np.clip(grid.excess[i : i + 1], least, norm.vmax)
            self.meshes_.append(self.ax_.pcolormesh(edges, [i - 0.5, i + 0.5], cells, norm=norm, cmap="viridis_r"))
            self.ax_.fill_betweenx(
                [i - 0.5, i + 0.5], limit, highest, facecolor=GROWS, edgecolor="#999999", hatch="///", linewidth=0,
                label="grows without bound" if i == 0 else None,
            )  # fmt: skip
        bar = self.figure_.colorbar(self.meshes_[0], ax=self.ax_)
        worse = f"\n(darkest: {SPAN:,.0f} × the best, or worse)" if np.nanmax(grid.excess) > SPAN * least else ""
        bar.set_label(f"expected {plain(self.label)}\nabove the minimum{worse}", fontsize=8)
        self._mark()
        self.ax_.set(xscale="log", xlim=(lowest, highest), xlabel="learning rate", ylabel="batch size (rows)")
        self.ax_.set(yticks=range(len(grid.batch_sizes)), yticklabels=[f"{size:,}" for size in grid.batch_sizes])
        self.ax_.set(ylim=(-0.5, len(grid.batch_sizes) - 0.5), title=plain(self.title))
        legend_below(self.ax_)
        return self

    def _ends(self) -> tuple[float, float]:
        """Ends of the rates' axis: from the lowest rate to somewhat beyond the highest limit, and to the rate in use."""
        low, high = float(self.grid.learning_rates.min()), 2 * float(self.grid.stability_limits.max())
        return low / 1.2, high if self.in_use is None else max(high, 1.2 * min(self.in_use[1], 10 * high))

    def _mark(self) -> None:
        """Mark the best setting, and the one in use where it has a place."""
        best, sizes = self.grid.best, self.grid.batch_sizes.tolist()
        text = f"best: batches of {pluralize(best.batch_size, 'row')}, {number(best.learning_rate, 3)}"
        style = {"color": "white", "markeredgecolor": "black", "linestyle": "none"}
        place = sizes.index(best.batch_size)
        self.ax_.plot(best.learning_rate, place, marker="*", markersize=15, label=text, **style)
        if self.in_use is not None:
            size, rate = self.in_use
            place = float(np.log2(size))
            text = f"in use: batches of {pluralize(size, 'row')}, {number(rate, 3)}"
            lowest, highest = self._ends()
            if place > len(sizes) - 0.5 or not lowest <= rate <= highest:
                text += " (not in the picture)"
            style |= {"color": ORANGE}
            self.ax_.plot(rate, place, marker="o", markersize=8, label=text, **style)
