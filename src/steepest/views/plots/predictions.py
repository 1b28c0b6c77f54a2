"""Predictions against targets."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.support.arguments import check_word
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import pluralize, shorten
from steepest.views.plots.canvas import BLUE, GREY, ORANGE, Display, axes, plain
from steepest.views.plots.rows import among_them, check_held_out, drawable, groups, predict_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@numeric
@dataclass(eq=False)
class PredictionErrorDisplay(Display):
    """Predictions against targets.

    Args:
        targets: shape (n,).
        predictions: shape (n,), never rounded.
        kind: "actual" (prediction over target, with the diagonal) or "index" (both over the row's index, as the
            tutorial draws it: circles and crosses).
        name: what is predicted, for the axes.
        title: above the picture.
        held_out: which of the rows are held out, shape (n,): they are drawn apart; None where nobody says.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's; `error_ax_` where "index" has a figure of its own: the
    differences below, which the size of the targets would hide.
    """

    targets: FloatArray
    predictions: FloatArray
    kind: Literal["actual", "index"] = "actual"
    name: str = "target"
    title: str = ""
    held_out: NDArray[np.bool_] | None = None
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    error_ax_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if np.shape(self.targets) != np.shape(self.predictions) or np.ndim(self.targets) != 1:
            raise DataError(
                f"targets and predictions must both have the shape (n,); got {np.shape(self.targets)} and {np.shape(self.predictions)}."
            )
        check_word("kind", self.kind, ("actual", "index"))
        self.held_out = check_held_out(self.held_out, len(self.targets))
        if self.kind == "index" and self.held_out is not None:
            raise UsageError(
                'a picture of kind "index" draws all rows alike.', 'leave held_out out, or give kind="actual"'
            )

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        kind: Literal["actual", "index"] = "actual",
        held_out: Any = None,
        offset: Any = None,
        exposure: Any = None,
        title: str = "",
    ) -> "PredictionErrorDisplay":
        """Predict X (n, d), and held-out rows (X, y), with the last state of a run of one target and set the results beside y.

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run has several targets or predicts classes, held_out is no pair, or an offset is not given.
            DataError: X and y do not have the same rows.
        """
        rows = predict_rows(run, X, y, held_out, offset, exposure)
        return cls(rows.targets, rows.predictions, kind, run.targets[0], title, rows.held_out)

    def _what(self) -> str:
        count = pluralize(len(self.targets), "prediction")
        return f"{count} of {shorten(self.name, 24)}{among_them(self.held_out)}"

    def plot(self, ax: "Axes | None" = None) -> "PredictionErrorDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        if self.kind == "index":
            self._plot_over_index(ax)
        else:
            self._plot_over_targets(ax)
        self.ax_.set_title(plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend()
        return self

    def _plot_over_index(self, ax: "Axes | None") -> None:
        """Circles and crosses over the row's index, unrounded, and what lies between them on an axis of its own."""
        self.figure_, self.ax_ = axes(ax)
        index = np.arange(len(self.targets))
        targets, predictions = drawable(self.targets), drawable(self.predictions)
        circles = self.ax_.plot(index, targets, "o", color=BLUE, markerfacecolor="none", markersize=8, label="target")
        crosses = self.ax_.plot(index, predictions, "x", color=ORANGE, markersize=6, label="prediction")
        self.artists_ = [*circles, *crosses]
        self.ax_.set_ylabel(plain(self.name))
        if ax is not None:
            self.ax_.set_xlabel("row")
            return
        grid = self.figure_.add_gridspec(2, 1, height_ratios=(2, 1))
        self.ax_.set_subplotspec(grid[0])
        self.error_ax_ = self.figure_.add_subplot(grid[1], sharex=self.ax_)
        errors = predictions - targets
        self.artists_ += [
            self.error_ax_.vlines(index, 0, errors, color=ORANGE),
            self.error_ax_.axhline(0, color=GREY, lw=0.8),
        ]
        self.error_ax_.set(xlabel="row", ylabel="prediction −\ntarget")
        self.error_ax_.grid(alpha=0.25)

    def _plot_over_targets(self, ax: "Axes | None") -> None:
        """Predictions over targets, with the diagonal on which they would be equal."""
        self.figure_, self.ax_ = axes(ax)
        targets, predictions = drawable(self.targets), drawable(self.predictions)
        self.artists_ = [
            self.ax_.scatter(targets[mask], predictions[mask], **style)
            for mask, style in groups(self.held_out, len(targets))
        ]
        both = np.concatenate([targets, predictions])
        ends = [np.fmin.reduce(both), np.fmax.reduce(both)]
        line = self.ax_.plot(ends, ends, color=GREY, linestyle="--", label="prediction = target")
        self.artists_ += line
        self.ax_.set(xlabel=plain(self.name), ylabel=f"predicted {plain(self.name)}")
