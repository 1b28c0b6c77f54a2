"""Residuals over predictions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.descent.trajectory import Trajectory
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import GREY, Display, axes, plain
from steepest.views.plots.rows import check_held_out, drawable, groups, predict_rows

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
        held_out: which of the rows are held out, shape (n,): they are drawn apart; None where nobody says.
        residual_name: what the residuals are, for the axis; "" for target less prediction.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's.

    Source: Anscombe, Tukey, "The examination and analysis of residuals", Technometrics 5 (1963), 141-160.
    """

    predictions: FloatArray
    residuals: FloatArray
    name: str = "target"
    title: str = ""
    held_out: NDArray[np.bool_] | None = None
    residual_name: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        self.held_out = check_held_out(self.held_out, len(self.residuals))

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
    ) -> "ResidualDisplay":
        """Predict X (n, d), and held-out rows (X, y), with the last state of a run of one target and take the results from y;
        of counts deviance residuals are drawn, whose spread does not grow with the prediction.

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run has several targets or predicts classes, held_out is no pair, or an offset is not given.
            DataError: X and y do not have the same rows.
        """
        rows = predict_rows(run, X, y, held_out, offset, exposure)
        return cls(rows.predictions, rows.residuals, run.targets[0], title, rows.held_out, rows.residual_name)

    def _what(self) -> str:
        learned, *held_out = (self.residuals[mask] for mask, _ in groups(self.held_out, len(self.residuals)))
        text = f"{pluralize(len(learned), 'residual')} of {shorten(self.name, 24)}, root mean square {_size(learned)}"
        return text + "".join(f"; {len(part):,} held out: {_size(part)}" for part in held_out)

    def plot(self, ax: "Axes | None" = None) -> "ResidualDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        across, up = drawable(self.predictions), drawable(self.residuals)
        self.artists_ = [
            self.ax_.scatter(across[mask], up[mask], **style) for mask, style in groups(self.held_out, len(up))
        ]
        self.artists_.append(self.ax_.axhline(0, color=GREY, linestyle="--"))
        if self.held_out is not None:
            self.ax_.legend()
        name = plain(self.name)
        self.ax_.set(
            xlabel=f"predicted {name}",
            ylabel=plain(self.residual_name) or f"{name} − prediction",
            title=plain(self.title),
        )
        self.ax_.grid(alpha=0.25)
        return self


def _size(residuals: FloatArray) -> str:
    """Their root mean square, in words."""
    return number(float(np.sqrt(np.sum(residuals**2) / max(1, len(residuals)))))
