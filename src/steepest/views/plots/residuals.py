"""Residuals over predictions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.descent.trajectory import Trajectory
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import BLUE, GREY, Display, axes, plain
from steepest.views.plots.rows import drawable, predicted

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@numeric
@dataclass(eq=False)
class ResidualDisplay(Display):
    """Residuals, target less prediction, over predictions: a bend or a funnel shows what a line cannot explain.

    Args:
        predictions: shape (n,), target units.
        residuals: shape (n,), target units.
        name: what is predicted, for the axes.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's.

    Source: Anscombe, Tukey, "The examination and analysis of residuals", Technometrics 5 (1963), 141-160.
    """

    predictions: FloatArray
    residuals: FloatArray
    name: str = "target"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(cls, run: Trajectory, X: ArrayLike, y: ArrayLike, *, title: str = "") -> "ResidualDisplay":
        """Predict X (n, d) with the last state of a run of one target and take the results from y (n,).

        Raises:
            UsageError: the run has several targets.
            DataError: X and y do not have the same rows.
        """
        targets, predictions = predicted(run, X, y)
        return cls(predictions, targets - predictions, run.targets[0], title)

    def _what(self) -> str:
        size = number(float(np.sqrt(np.mean(self.residuals**2))))
        return f"{pluralize(len(self.residuals), 'residual')} of {shorten(self.name, 24)}, root mean square {size}"

    def plot(self, ax: "Axes | None" = None) -> "ResidualDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        points = self.ax_.scatter(
            drawable(self.predictions), drawable(self.residuals), s=14, alpha=0.6, color=BLUE, edgecolors="none"
        )
        self.artists_ = [points, self.ax_.axhline(0, color=GREY, linestyle="--")]
        name = plain(self.name)
        self.ax_.set(xlabel=f"predicted {name}", ylabel=f"{name} − prediction", title=plain(self.title))
        self.ax_.grid(alpha=0.25)
        return self
