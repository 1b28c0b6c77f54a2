"""The held-out error of sparse models over their penalty."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.path_result import Path
from steepest.errors import UsageError
from steepest.support import remedies
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number, pluralize, shorten
from steepest.views.plots.canvas import BLUE, Display, axes, legend_below, plain
from steepest.views.plots.penalty_axis import mark_choices, penalty_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUNTS = 9  # numbers of inputs on the upper axis


@numeric
@dataclass(eq=False)
class HeldOutPathDisplay(Display):
    """Held-out RMSE over the penalty with a band of one standard error, both choices, and above it the inputs in use.

    Args:
        penalties: falling, shape (K,).
        rmse: held-out RMSE at each, shape (K,), target units; with another loss its mean.
        standard_errors: of each, shape (K,); NaN with a single held-out set, which gives no band.
        in_use: number of inputs in use at each, shape (K,).
        best: penalty of the smallest held-out error.
        one_standard_error: the largest penalty within one standard error of it.
        target: name of what is predicted.
        title: above the picture.
        measure: what the held-out errors are: "RMSE", or "logistic loss" for example.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's: the line of the error, then the band where there is one.
    """

    penalties: FloatArray
    rmse: FloatArray
    standard_errors: FloatArray
    in_use: NDArray[np.int64]
    best: float
    one_standard_error: float
    target: str = "target"
    title: str = ""
    measure: str = "RMSE"
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_path(cls, path: Path, *, title: str | None = None) -> "HeldOutPathDisplay":
        """Take the numbers from `steepest.path`.

        Raises:
            UsageError: no row was held out.
        """
        check_kind("path", path, Path)
        if not path.fold_mse.shape[1]:
            raise UsageError("no row was held out, so there is no held-out error to draw.", remedies.HOLD_OUT)
        in_use = (path.coefficients(path.penalties) != 0).sum(axis=1)
        return cls(
            path.penalties,
            path.cv_errors,
            path.standard_errors,
            in_use,
            path.best.penalty,
            path.one_standard_error.penalty,
            path.triangle.targets[0],
            path.kind if title is None else title,
            path.measure,
        )

    def _what(self) -> str:
        return (
            f"the held-out {self.measure} of {shorten(self.target, 24)} at {len(self.penalties):,} penalties: "
            f"{number(float(self.rmse.min()))} at best, at {number(self.best)}"
        )

    def plot(self, ax: "Axes | None" = None) -> "HeldOutPathDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        lowest, used = float(self.rmse.min()), int(self.in_use[np.argmin(self.rmse)])
        text = f"held-out {self.measure}: {number(lowest, 5)} at best, with {pluralize(used, 'input')}"
        self.lines_ = self.ax_.plot(
            self.penalties, self.rmse, color=BLUE, marker=".", markersize=4, label=text, zorder=3
        )
        if np.isfinite(self.standard_errors).any():
            low, high = self.rmse - self.standard_errors, self.rmse + self.standard_errors
            band = self.ax_.fill_between(
                self.penalties, low, high, color=BLUE, alpha=0.18, linewidth=0, label="± one standard error"
            )
            self.lines_.append(band)
        penalty_axis(self.ax_, self.penalties)
        mark_choices(self.ax_, self.best, self.one_standard_error)
        self.ax_.set_ylabel(f"held-out {self.measure} of {plain(shorten(self.target, 40))}")
        self.ax_.set_title(plain(self.title))
        self.ax_.grid(alpha=0.25)
        self._count()
        legend_below(self.ax_, columns=2)
        return self

    def _count(self) -> None:
        """Write at some penalties how many inputs are in use, on an axis above."""
        upper = self.ax_.twiny()
        upper.set_xscale("log")
        upper.set_xlim(self.ax_.get_xlim())
        evenly = np.geomspace(self.penalties[0], self.penalties[-1], COUNTS)
        places = np.unique([int(np.abs(np.log(self.penalties / value)).argmin()) for value in evenly])
        upper.set_xticks(self.penalties[places], labels=[f"{count:,}" for count in self.in_use[places]])
        upper.minorticks_off()
        upper.set_xlabel("inputs in use")
