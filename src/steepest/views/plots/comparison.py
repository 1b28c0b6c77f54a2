"""The errors of several runs over their epochs, in one picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Trajectory
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import pluralize, shorten
from steepest.views.plots.canvas import CURVE_POINTS, CYCLE, Display, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = ("-", "--", "-.", ":")


@numeric
@dataclass(eq=False)
class ComparisonDisplay(Display):
    """RMSE over epochs of several runs on log axes, of all objectives and coordinates in the units of the target; or their loss.

    Args:
        names: of the runs.
        epochs: of each run, shape (K,), ascending, from 0.
        rmse: of each run at these epochs, shape (K,); of runs on one loss that loss, which the label says.
        label: what the axis says.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.
    """

    names: tuple[str, ...]
    epochs: tuple[NDArray[np.int64], ...]
    rmse: tuple[FloatArray, ...]
    label: str = "RMSE"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectories(
        cls, runs: Sequence[Trajectory], names: Sequence[str], *, label: str = "RMSE", title: str = ""
    ) -> "ComparisonDisplay":
        """Take about 400 epochs of each run of one target, evenly spaced on a log axis."""
        epochs = tuple(run.some_epochs(CURVE_POINTS) for run in runs)
        rmse = tuple(np.asarray(run.rmse(chosen)) for run, chosen in zip(runs, epochs, strict=True))
        return cls(tuple(names), epochs, rmse, label, title)

    def _what(self) -> str:
        return (
            f"the {self.label.split(' of ')[0].split(',')[0]} of {pluralize(len(self.names), 'run')} over their epochs"
        )

    def plot(self, ax: "Axes | None" = None) -> "ComparisonDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.lines_ = []
        for i, (name, epochs, rmse) in enumerate(zip(self.names, self.epochs, self.rmse, strict=True)):
            finite = np.isfinite(rmse) & (rmse > 0)
            # dashes as well as colours, for grey paper and for eyes that see fewer of them
            style = {"color": CYCLE[i % len(CYCLE)], "linestyle": DASHES[i % len(DASHES)]}
            self.lines_ += self.ax_.plot(epochs[finite], rmse[finite], label=plain(shorten(name, 30)), **style)
            self.ax_.plot(epochs[finite][-1:], rmse[finite][-1:], marker="o", markersize=4, color=style["color"])
        self.ax_.set_xscale("symlog", linthresh=1, linscale=0.3)
        self.ax_.set_yscale("log")
        self.ax_.set_xlim(0, max(1, *(int(epochs[-1]) for epochs in self.epochs)) * 1.3)
        self.ax_.set(xlabel="epoch", ylabel=plain(self.label), title=plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend()
        return self
