"""What is left of each mode over epochs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Trajectory
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import fraction, pluralize, shorten
from steepest.views.plots.canvas import CURVE_POINTS, CYCLE, GREY, Display, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_MODES = 7  # as many as there are colours that can be told apart
LARGEST = 1e100  # a diverging mode is drawn no further: axes end before float64 does


@numeric
@dataclass(eq=False)
class ModeDecayDisplay(Display):
    """The share of its start error that each mode still has, |p_k(λ_i)|, over epochs on log axes.

    Args:
        epochs: shape (K,), ascending.
        remaining: shape (K, r), the steepest mode first.
        labels: what each mode is made of.
        tolerance: a line to reach, 1e-6 by default.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.
    """

    epochs: NDArray[np.int64]
    remaining: FloatArray
    labels: tuple[str, ...]
    tolerance: float = 1e-6
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(cls, run: Trajectory, *, title: str = "") -> "ModeDecayDisplay":
        """Take the numbers from a run: from its formula, or as measured where it was walked step by step."""
        check_kind("run", run, Trajectory)
        epochs = run.some_epochs(CURVE_POINTS)
        return cls(epochs, run.remaining(epochs), run.mode_words, title=title)

    def _what(self) -> str:
        return f"{pluralize(self.remaining.shape[1], 'mode')} to epoch {int(self.epochs[-1]):,}"

    def plot(self, ax: "Axes | None" = None) -> "ModeDecayDisplay":
        """Draw on `ax`, or on a figure of its own, and return self; of many modes the steepest and the slowest."""
        self.figure_, self.ax_ = axes(ax)
        r = self.remaining.shape[1]
        self.lines_ = []
        chosen = list(range(r)) if r <= MOST_MODES else [*range(3), *range(r - MOST_MODES + 3, r)]
        for colour, i in zip(CYCLE, chosen, strict=False):
            curve = np.clip(self.remaining[:, i], 1e-18, LARGEST)
            self.lines_ += self.ax_.plot(self.epochs, curve, color=colour, label=plain(shorten(self.labels[i], 60)))
        self.ax_.axhline(
            self.tolerance, color=GREY, linestyle=":", label=f"{fraction(self.tolerance)} of the starting error"
        )
        self.ax_.set_xscale("symlog", linthresh=1, linscale=0.3)
        self.ax_.set_yscale("log")
        self.ax_.set_ylim(1e-10, max(2.0, 2 * float(np.clip(self.remaining, 0, LARGEST).max(initial=0.0))))
        self.ax_.set_xlim(0, max(1, int(self.epochs[-1])))
        self.ax_.set(xlabel="epoch", ylabel="share of the starting error left", title=plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend(fontsize=8)
        return self
