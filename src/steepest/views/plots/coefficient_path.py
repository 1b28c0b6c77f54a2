"""The coefficients of sparse models over their penalty."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.analysis.path_result import Path
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import CURVE_POINTS, CYCLE, GREY, SMALLEST, Display, axes, legend_below, plain
from steepest.views.plots.penalty_axis import mark_choices, penalty_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 7  # inputs that are named at the right edge
APART = 0.055  # of the height, at least, between two names


@numeric
@dataclass(eq=False)
class CoefficientPathDisplay(Display):
    """Coefficients over the penalty, on a log axis that falls to the right: where each input comes in and how it grows.

    Args:
        penalties: falling, shape (m,): every knot of a lasso and points between, as a line in the penalty bends on a log axis.
        coefficients: of the inputs that are penalized, standardized or as they are, at each penalty, shape (m, d).
        features: names of the d inputs.
        best: penalty of the smallest held-out error, or None where no row was held out.
        one_standard_error: the largest penalty within one standard error of it, or None.
        target: name of what is predicted.
        standardized: whether coefficients are of inputs of standard deviation 1.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's: a line for each input that is ever in use, the largest last.
    """

    penalties: FloatArray
    coefficients: FloatArray
    features: tuple[str, ...]
    best: float | None = None
    one_standard_error: float | None = None
    target: str = "target"
    standardized: bool = False
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_path(cls, path: Path, *, title: str | None = None) -> "CoefficientPathDisplay":
        """Take the numbers from `steepest.path`: its knots, and of a lasso points between them."""
        check_kind("path", path, Path)
        penalties = path.knots
        if path.is_linear_between_knots and len(penalties) > 1 and penalties[-1] > 0:
            penalties = np.union1d(penalties, np.geomspace(penalties[0], penalties[-1], CURVE_POINTS)[1:-1])[::-1]
        held_out = path.fold_mse.shape[1] > 0
        return cls(
            penalties,
            path.coefficients(penalties) * path.coordinates.scale,
            path.features,
            path.best.penalty if held_out else None,
            path.one_standard_error.penalty if held_out else None,
            path.triangle.targets[0],
            path.standardize,
            path.kind if title is None else title,
        )

    def _what(self) -> str:
        used = int((self.coefficients != 0).any(axis=0).sum())
        span = f"penalties {number(float(self.penalties[0]), 4)} to {number(float(self.penalties[-1]), 4)}"
        return f"{pluralize(len(self.features), 'coefficient')}, {used:,} of them ever in use: {span}"

    def plot(self, ax: "Axes | None" = None) -> "CoefficientPathDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        used = np.flatnonzero((self.coefficients != 0).any(axis=0))
        # the largest at the right edge last, so that they lie above the others
        order = used[np.argsort(np.abs(self.coefficients[-1, used]), kind="stable")]
        named = order[-NAMED:][::-1]
        colours = {int(j): CYCLE[i % len(CYCLE)] for i, j in enumerate(named)}
        self.lines_ = []
        for j in order:
            style = {"color": colours.get(int(j), GREY), "linewidth": 1.6 if int(j) in colours else 0.6}
            line = _where_in_use(self.coefficients[:, j])
            self.lines_ += self.ax_.plot(np.maximum(self.penalties, SMALLEST), line, **style, zorder=2)
        self.ax_.axhline(0, color="#000000", linewidth=0.6, zorder=1)
        penalty_axis(self.ax_, self.penalties)
        mark_choices(self.ax_, self.best, self.one_standard_error)
        what = (
            f"change of {plain(shorten(self.target, 30))} per standard deviation"
            if self.standardized
            else "coefficient"
        )
        self.ax_.set(ylabel=what, title=plain(self.title))
        self._name([int(j) for j in named], colours)
        if self.best is not None:
            legend_below(self.ax_, columns=2)
        return self

    def _name(self, named: list[int], colours: dict[int, str]) -> None:
        """Write names at the right edge, each beside its line's end and none over another."""
        low, high = self.ax_.get_ylim()
        named = sorted(named, key=lambda j: float(self.coefficients[-1, j]))
        ends = np.array([(self.coefficients[-1, j] - low) / (high - low) for j in named])
        for j, height in zip(named, spread(ends, APART), strict=True):
            self.ax_.annotate(
                plain(shorten(self.features[j], 22)),
                xy=(1, (self.coefficients[-1, j] - low) / (high - low)),
                xytext=(1.02, height),
                xycoords="axes fraction",
                textcoords="axes fraction",
                color=colours[j],
                fontsize=8,
                va="center",
                arrowprops={"arrowstyle": "-", "color": colours[j], "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
            )
        self.ax_.set_ylim(low, high)


def _where_in_use(values: FloatArray) -> FloatArray:
    """A line without the stretches along 0, which would cover the axis; it still starts and ends at 0."""
    zero = values == 0
    beside = np.append(zero[1:], True) & np.append(True, zero[:-1])
    return np.where(zero & beside, np.nan, values)


def spread(heights: FloatArray, apart: float) -> FloatArray:
    """Return ascending heights moved as little as keeps each `apart` from the next: runs that touch share their middle.

    Example:
        >>> spread(np.array([0.5, 0.5, 0.9]), 0.1)
        array([0.45, 0.55, 0.9 ])
    """
    # heights less their places must not fall: pool those that do, as in isotonic regression
    shifted = heights - apart * np.arange(len(heights))
    groups: list[tuple[float, int]] = []
    for value in shifted.tolist():
        mean, count = value, 1
        while groups and groups[-1][0] > mean:
            before, size = groups.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        groups.append((mean, count))
    levels = np.repeat([mean for mean, _ in groups], [count for _, count in groups])
    return np.asarray(levels + apart * np.arange(len(heights)))
