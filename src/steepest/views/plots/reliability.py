"""The reliability diagram: what happened over what was predicted."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.calibration import Binning
from steepest.analysis.classification import Classification
from steepest.descent.trajectory import Trajectory
from steepest.support.numerics import numeric
from steepest.support.words import number, shorten
from steepest.views.plots.canvas import CYCLE, GREY, Display, axes, plain
from steepest.views.plots.class_rows import curves_of, evaluated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = 20


@numeric
@dataclass(eq=False)
class ReliabilityDisplay(Display):
    """The observed share of the class over the mean probability predicted for it, in bins, with Wilson's 95% limits.

    Args:
        groups: what is drawn, each with its name: rows, and held-out rows where there are some. Of several classes each has
            points of its own, on the last of the groups.
        bins: how many.
        by: "quantile", with as many rows in each, or "width", each as wide as the others.
        title: above the picture.

    On a figure of its own the picture shows below how many rows have which probability.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's; `share_ax_` of the rows below.

    Source: Niculescu-Mizil, Caruana, "Predicting good probabilities with supervised learning", ICML 2005.
    """

    groups: tuple[tuple[str, Classification], ...]
    bins: int = 10
    by: Binning = "quantile"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    share_ax_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        bins: int = 10,
        by: Binning = "quantile",
        held_out: Any = None,
        offset: Any = None,
        exposure: Any = None,
        title: str = "",
    ) -> "ReliabilityDisplay":
        """Evaluate the last state of a run of classes on X (n, d) with its classes y, and on held-out rows (X, y).

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run predicts no classes, held_out is no pair, or the bins are out of their range.
            DataError: X and y do not have the same rows.
        """
        display = cls(evaluated(run, X, y, held_out, "calibration", offset, exposure), bins, by, title)
        display.groups[0][1].calibration(bins, by, of=display.groups[0][1].classes[-1])  # says what is out of range
        return display

    def _what(self) -> str:
        found = self.groups[-1][1]
        error = found.calibration(self.bins, self.by, of=found.classes[-1]).error
        return f"the calibration of {shorten(found.classes[-1], 24)} in {self.bins} bins, expected error {number(error, 4)}"

    def plot(self, ax: "Axes | None" = None) -> "ReliabilityDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.artists_, self.share_ax_ = [], None
        if ax is None:
            grid = self.figure_.add_gridspec(2, 1, height_ratios=(3, 1))
            self.ax_.set_subplotspec(grid[0])
            self.share_ax_ = self.figure_.add_subplot(grid[1], sharex=self.ax_)
        self.artists_ += self.ax_.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="what was predicted happens")
        for color, (name, found, of) in zip(CYCLE * 9, curves_of(self.groups), strict=False):
            table = found.calibration(self.bins, self.by, of=of)
            limits = np.vstack([table.observed - table.lower, table.upper - table.observed])
            label = f"{plain(name)}, expected error {number(table.error, 3)}"
            style = {"color": color, "marker": "o", "markersize": 4, "capsize": 2, "linewidth": 1, "label": label}
            self.artists_.append(self.ax_.errorbar(table.predicted, table.observed, limits, **style))
            if self.share_ax_ is not None:
                self._plot_shares(found, of, color)
        found = self.groups[-1][1]
        name = f" of {plain(shorten(found.classes[1], 24))}" if len(found.classes) == 2 else ""
        self.ax_.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="observed share", title=plain(self.title))
        (self.share_ax_ or self.ax_).set_xlabel(f"predicted probability{name}")
        self.ax_.grid(alpha=0.25)
        self.ax_.legend(loc="upper left", fontsize=8)
        return self

    def _plot_shares(self, found: Classification, of: str | None, color: str) -> None:
        """How much of the weight has which probability."""
        ranking = found.ranking(of)
        weights = ranking.positives + ranking.negatives
        bars, edges = np.histogram(ranking.probabilities, BARS, (0, 1), weights=weights / max(weights.sum(), 1e-300))
        self.artists_.append(self.share_ax_.stairs(bars, edges, color=color, linewidth=1.2))
        self.share_ax_.set_ylabel("share\nof rows")
        self.share_ax_.grid(alpha=0.25)
