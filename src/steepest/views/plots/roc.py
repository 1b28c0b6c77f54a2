"""The ROC curve: how many of the class are found, over how many of the rest are taken for it."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from steepest.analysis.classification import Classification
from steepest.descent.trajectory import Trajectory
from steepest.support.numerics import numeric
from steepest.support.words import number, percent, shorten
from steepest.views.plots.canvas import CYCLE, GREY, Display, axes, plain
from steepest.views.plots.class_rows import curves_of, evaluated, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@numeric
@dataclass(eq=False)
class RocDisplay(Display):
    """True-positive rate over false-positive rate at every threshold, with the threshold in use.

    Args:
        groups: what is drawn, each with its name: rows, and held-out rows where there are some. Of several classes each has
            a curve against the rest, on the last of the groups.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.

    Source: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), 861-874.
    """

    groups: tuple[tuple[str, Classification], ...]
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        held_out: Any = None,
        offset: Any = None,
        exposure: Any = None,
        title: str = "",
    ) -> "RocDisplay":
        """Evaluate the last state of a run of classes on X (n, d) with its classes y, and on held-out rows (X, y).

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run predicts no classes, or held_out is no pair.
            DataError: X and y do not have the same rows.
        """
        return cls(evaluated(run, X, y, held_out, "a ROC curve", offset, exposure), title)

    def _what(self) -> str:
        found = self.groups[-1][1]
        auc = "no AUC" if math.isnan(found.auc) else f"AUC {number(found.auc, 4)}"
        return f"the ROC curve of {shorten(found.target, 24)}, {auc}"

    def plot(self, ax: "Axes | None" = None) -> "RocDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.lines_ = []
        for color, (name, found, of) in zip(CYCLE * 9, curves_of(self.groups), strict=False):
            ranking = found.ranking(of)
            across, up = ranking.false_positive_rate, ranking.true_positive_rate
            drawn = thinned(len(across))
            label = f"{plain(name)}, AUC {number(ranking.auc, 4)}"
            self.lines_ += self.ax_.plot(across[drawn], up[drawn], color=color, label=label)
            if found.threshold is not None:
                point = 1 - found.confusion.recall[0], found.confusion.recall[1]
                text = f"at probability {percent(found.threshold)}" if len(self.lines_) == 1 else None
                self.lines_ += self.ax_.plot(*point, "o", color=color, label=text)
        self.lines_ += self.ax_.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="no better than chance")
        self.ax_.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title=plain(self.title))
        self.ax_.set(xlabel="false-positive rate", ylabel="true-positive rate")
        self.ax_.grid(alpha=0.25)
        self.ax_.legend(loc="lower right", fontsize=8)
        return self
