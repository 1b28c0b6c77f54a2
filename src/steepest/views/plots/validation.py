"""Training and held-out error along one run."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from steepest.analysis.validation import ValidationCurve, validation_curve
from steepest.descent.trajectory import Trajectory
from steepest.summaries.triangle import Triangle
from steepest.support.numerics import numeric
from steepest.support.words import number, shorten
from steepest.views.plots.canvas import BLUE, GREY, ORANGE, Display, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@numeric
@dataclass(eq=False)
class ValidationCurveDisplay(Display):
    """Training and held-out RMSE over epochs, with the best epoch to stop at.

    Args:
        curve: the numbers.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.
    """

    curve: ValidationCurve
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(cls, run: Trajectory, held: Triangle, *, title: str = "") -> "ValidationCurveDisplay":
        """Take the numbers from a run and the triangle of held-out rows."""
        return cls(validation_curve(run, held), title)

    def _what(self) -> str:
        return f"the RMSE of {shorten(self.curve.target, 24)}: held out {number(self.curve.best_rmse)} at best, at epoch {self.curve.best_epoch:,}"

    def plot(self, ax: "Axes | None" = None) -> "ValidationCurveDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        c = self.curve
        self.lines_ = self.ax_.plot(c.epochs, c.rmse, color=BLUE, label="training")
        self.lines_ += self.ax_.plot(c.epochs, c.held_out, color=ORANGE, linestyle="--", label="held out")
        label = f"best epoch {c.best_epoch:,}: {number(c.best_rmse)}"
        self.lines_.append(self.ax_.axvline(c.best_epoch, color=GREY, linestyle=":", label=label))
        self.ax_.set_xscale("symlog", linthresh=1, linscale=0.3)
        self.ax_.set_yscale("log")
        self.ax_.set_xlim(0, max(1, int(c.epochs[-1])))
        self.ax_.set(xlabel="epoch", ylabel=f"RMSE of {plain(c.target)}", title=plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend()
        return self
