"""The precision-recall curve: how many of those taken for the class are, over how many of the class are found."""

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
class PrecisionCurveDisplay(Display):
    """Precision over recall at every threshold, with the threshold in use.

    Args:
        groups: what is drawn, each with its name: rows, and held-out rows where there are some. Of several classes each has
            a curve against the rest, on the last of the groups.
        title: above the picture.

    The area below the steps is the average precision. The dashed line is the share of the class: what guessing reaches.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.

    Source: Davis, Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.
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
    ) -> "PrecisionCurveDisplay":
        """Evaluate the last state of a run of classes on X (n, d) with its classes y, and on held-out rows (X, y).

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run predicts no classes, or held_out is no pair.
            DataError: X and y do not have the same rows.
        """
        return cls(evaluated(run, X, y, held_out, "precision over recall", offset, exposure), title)

    def _what(self) -> str:
        found = self.groups[-1][1]
        return f"precision over recall of {shorten(found.target, 24)}, average precision {number(found.average_precision, 4)}"

    def plot(self, ax: "Axes | None" = None) -> "PrecisionCurveDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.lines_ = []
        for color, (name, found, of) in zip(CYCLE * 9, curves_of(self.groups), strict=False):
            ranking = found.ranking(of)
            drawn = thinned(len(ranking.recall))
            label = f"{plain(name)}, average precision {number(ranking.average_precision, 4)}"
            across, up = ranking.recall[drawn], ranking.precision[drawn]
            # up to each recall holds the precision at which it is reached
            self.lines_ += self.ax_.plot(across, up, color=color, drawstyle="steps-pre", label=label)
            if found.threshold is not None:
                point = found.confusion.recall[1], found.confusion.precision[1]
                text = f"at probability {percent(found.threshold)}" if len(self.lines_) == 1 else None
                self.lines_ += self.ax_.plot(*point, "o", color=color, label=text)
        found = self.groups[-1][1]
        if found.threshold is not None:
            share = found.ranking().share
            label = f"share of {plain(shorten(found.classes[1], 24))}, {percent(share)}"
            self.lines_.append(self.ax_.axhline(share, color=GREY, linestyle="--", label=label))
        self.ax_.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="recall", ylabel="precision")
        self.ax_.set_title(plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend(loc="lower left", fontsize=8)
        return self
