"""Held-out error over learning rates and epochs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.analysis.sweep_result import Sweep
from steepest.errors import UsageError
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import ORANGE, Display, axes, legend_below, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPAN = 10.0  # colours end at so many times the best error: beyond it, all is equally bad


@numeric
@dataclass(eq=False)
class HeatMapDisplay(Display):
    """Held-out RMSE as colour over learning rate and epochs, with the stability limit and the best setting.

    Args:
        learning_rates: shape (R,), ascending.
        epochs: shape (E,), ascending.
        rmse: shape (R, E), target units; inf where a run left float64.
        stability_limit: the largest learning rate that does not grow.
        best: (learning rate, epochs) of the smallest error.
        one_standard_error: (learning rate, epochs) of the simplest setting within one standard error, or None.
        target: name of what is predicted.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `mesh_`, matplotlib's.
    """

    learning_rates: FloatArray
    epochs: FloatArray
    rmse: FloatArray
    stability_limit: float
    best: tuple[float, int]
    one_standard_error: tuple[float, int] | None = None
    target: str = "target"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    mesh_: Any = field(default=None, init=False, repr=False)

    @classmethod
    def from_sweep(cls, sweep: Sweep, *, rule: int = 0, l2: int | None = None) -> "HeatMapDisplay":
        """Take the numbers of one rule and one penalty (default: that of the best setting) from a sweep.

        Raises:
            UsageError: the sweep has a single learning rate or a single number of epochs: there is no map to draw.
        """
        check_kind("sweep", sweep, Sweep)
        if len(sweep.learning_rates) < 2 or len(sweep.epochs) < 2:
            raise UsageError("a heat map needs at least two learning rates and two numbers of epochs.")
        scores = sweep.scores[rule]
        chosen = int(np.unravel_index(scores.argmin(), scores.shape)[2]) if l2 is None else l2
        rates, counts = np.argsort(sweep.learning_rates), np.argsort(sweep.epochs)
        rmse = scores[:, :, chosen][np.ix_(rates, counts)]
        i, j = np.unravel_index(rmse.argmin(), rmse.shape)
        learning_rates = np.array(sweep.learning_rates)[rates]
        epochs = np.array(sweep.epochs, dtype=np.float64)[counts]
        simple = sweep.one_standard_error
        name, momentum = sweep.rules[rule]
        here = simple.rule == name and simple.momentum == momentum and simple.l2 == sweep.l2[chosen]
        title = f"{name}{'' if momentum is None else f', momentum {momentum:g}'}, l2 = {sweep.l2[chosen]:g}"
        return cls(
            learning_rates,
            epochs,
            rmse,
            float(sweep.stability_limits[rule, chosen]),
            (float(learning_rates[i]), int(epochs[j])),
            (simple.learning_rate, simple.epochs) if here else None,
            sweep.triangle.targets[0],
            title,
        )

    def _what(self) -> str:
        sizes = f"{len(self.learning_rates)} learning rates by {len(self.epochs)} numbers of epochs"
        return f"held-out RMSE of {shorten(self.target, 24)}: {sizes}, best {number(float(self.rmse.min()))}"

    def plot(self, ax: "Axes | None" = None) -> "HeatMapDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        from matplotlib.colors import LogNorm  # noqa: PLC0415 - a picture is asked for

        self.figure_, self.ax_ = axes(ax)
        best = float(self.rmse.min())
        colours = np.clip(np.where(np.isfinite(self.rmse), self.rmse, np.inf), None, SPAN * best)
        norm = LogNorm(best, max(float(colours.max()), best * 1.01))
        self.mesh_ = self.ax_.pcolormesh(
            self.learning_rates, self.epochs, colours.T, norm=norm, cmap="viridis_r", shading="nearest"
        )
        bar = self.figure_.colorbar(self.mesh_, ax=self.ax_)
        worse = f"\n(darkest: {SPAN:g} × the best, or worse)" if colours.max() >= SPAN * best else ""
        bar.set_label(f"held-out RMSE of {plain(self.target)}{worse}", fontsize=9)
        label = f"stability limit {number(self.stability_limit)}"
        if self.learning_rates[0] <= self.stability_limit <= self.learning_rates[-1]:
            self.ax_.axvline(self.stability_limit, color=ORANGE, linestyle="--", label=label)
        else:
            self.ax_.plot([], [], color=ORANGE, linestyle="--", label=f"{label} (not in the picture)")
        rate, count = self.best
        self.ax_.plot(
            rate,
            count,
            "*",
            color="white",
            markeredgecolor="black",
            markersize=15,
            label=f"best: {number(rate, 4)}, {pluralize(count, 'epoch')}",
        )
        if self.one_standard_error is not None:
            rate, count = self.one_standard_error
            text = f"simplest within one standard error: {number(rate, 4)}, {pluralize(count, 'epoch')}"
            self.ax_.plot(rate, count, "o", color="white", markeredgecolor="black", markersize=8, label=text)
        self.ax_.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="epochs", title=plain(self.title))
        legend_below(self.ax_)
        return self
