"""Residuals against the quantiles of a normal distribution."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import GREY, Display, axes, plain
from steepest.views.plots.rows import LARGEST, among_them, check_held_out, drawable, groups, predict_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUARTILES = (0.25, 0.75)


@numeric
@dataclass(eq=False)
class QuantileDisplay(Display):
    """Residuals, target less prediction, in order, over the quantiles of a normal distribution (a Q-Q plot).

        the i-th smallest of n residuals stands over Φ⁻¹((i - 3/8) / (n + 1/4))

    Normal residuals lie along a line; ends that bend away from it are tails heavier or lighter than those of a normal
    distribution, which t tests and intervals of a fit assume. The dashed line goes through the quartiles (of the
    rows that are not held out), which a few far values do not move. Held-out rows have quantiles of their own.

    Args:
        residuals: shape (n,), target units, in any order.
        name: what is predicted, for the axes.
        title: above the picture.
        held_out: which of the rows are held out, shape (n,): they are drawn apart; None where nobody says.
        residual_name: what the residuals are, for the axis; "" for target less prediction.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's.

    Source: Wilk, Gnanadesikan, "Probability plotting methods for the analysis of data", Biometrika 55 (1968), 1-17; the
    quantiles: Blom, "Statistical estimates and transformed beta-variables", Wiley 1958, chapter 6.
    """

    residuals: FloatArray
    name: str = "target"
    title: str = ""
    held_out: NDArray[np.bool_] | None = None
    residual_name: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if np.ndim(self.residuals) != 1 or not len(self.residuals):
            raise DataError(f"residuals must have the shape (n,) with n at least 1; got {np.shape(self.residuals)}.")
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
    ) -> "QuantileDisplay":
        """Predict X (n, d), and held-out rows (X, y), with the last state of a run of one target and take the results from y;
        of counts deviance residuals are drawn, whose spread does not grow with the prediction.

        A run with an offset needs that of X as offset or exposure, and that of held-out rows as (X, y, offset).

        Raises:
            UsageError: the run has several targets or predicts classes, held_out is no pair, or an offset is not given.
            DataError: X and y do not have the same rows.
        """
        rows = predict_rows(run, X, y, held_out, offset, exposure)
        return cls(rows.residuals, run.targets[0], title, rows.held_out, rows.residual_name)

    def _what(self) -> str:
        low, high = (number(float(end)) for end in (self.residuals.min(), self.residuals.max()))
        count = pluralize(len(self.residuals), "residual")
        return f"{count} of {shorten(self.name, 24)}, {low} to {high}{among_them(self.held_out)}"

    @property
    def _learned(self) -> FloatArray:
        """Residuals of the rows that are not held out; where there are none, all."""
        learned = self.residuals if self.held_out is None else self.residuals[~self.held_out]
        return learned if len(learned) else self.residuals

    def plot(self, ax: "Axes | None" = None) -> "QuantileDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.artists_ = []
        for mask, style in groups(self.held_out, len(self.residuals)):
            residuals = np.sort(self.residuals[mask])
            self.artists_.append(self.ax_.scatter(normal_quantiles(len(residuals)), drawable(residuals), **style))
        level, slope = quartile_line(self._learned)
        if max(abs(level), slope) < LARGEST:
            line = self.ax_.axline((0, level), slope=slope, color=GREY, linestyle="--", label="normal distribution")
            self.artists_.append(line)
            self.ax_.legend()
        name = plain(self.name)
        self.ax_.set(
            xlabel="quantile of the standard normal distribution",
            ylabel=plain(self.residual_name) or f"{name} − prediction",
            title=plain(self.title),
        )
        self.ax_.grid(alpha=0.25)
        return self


def normal_quantiles(count: int) -> FloatArray:
    """Return about where the values of a standard normal sample lie on average, ascending, shape (count,).

    Example:
        >>> normal_quantiles(3).round(3)
        array([-0.869,  0.   ,  0.869])
    """
    from scipy import special  # noqa: PLC0415 - a picture is asked for

    return np.asarray(special.ndtri((np.arange(1, count + 1) - 0.375) / (count + 0.25)))


def quartile_line(residuals: FloatArray) -> tuple[float, float]:
    """Return level at 0 and slope of the line through the quartiles of residuals over those of a standard normal.

    Example:
        >>> level, slope = quartile_line(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
        >>> round(level, 3), round(slope, 3)
        (0.0, 1.946)
    """
    from scipy import special  # noqa: PLC0415 - a picture is asked for

    low, high = np.quantile(residuals, QUARTILES, method="normal_unbiased")
    left, right = special.ndtri(QUARTILES)
    return float((low + high) / 2), float((high - low) / (right - left))
