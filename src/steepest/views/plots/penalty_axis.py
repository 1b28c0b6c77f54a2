"""The axis that pictures of sparse models share: the penalty, falling to the right, with the penalties that are chosen."""

from typing import TYPE_CHECKING

from steepest.support.arrays import FloatArray
from steepest.support.words import number
from steepest.views.plots.canvas import GREY, SMALLEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK = "#000000"  # no line of an input is dashed
ALONE = 1.25  # how wide the axis is, as a ratio, where there is a single penalty


def penalty_axis(ax: "Axes", penalties: FloatArray) -> None:
    """Let the axis across be the penalty on a log scale, from the largest at the left to the smallest at the right."""
    first, last = max(float(penalties[0]), SMALLEST), max(float(penalties[-1]), SMALLEST)
    if first == last:
        first, last = first * ALONE, last / ALONE
    ax.set_xscale("log")
    ax.set_xlim(first, last)
    ax.set_xlabel("penalty (falling)")


def mark_choices(ax: "Axes", best: float | None, one_standard_error: float | None) -> None:
    """Draw a line at each penalty that held-out rows chose; one line where both are the same."""
    if best is None:
        return
    same = one_standard_error is None or one_standard_error == best
    ax.axvline(best, color=BLACK, linestyle="--", linewidth=1.2, label=f"best: {number(best, 4)}", zorder=1)
    if not same and one_standard_error is not None:
        text = f"one standard error: {number(one_standard_error, 4)}"
        ax.axvline(one_standard_error, color=GREY, linestyle=":", linewidth=1.4, label=text, zorder=1)
