"""The loss over epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.support.arguments import as_int, check_kind, check_list, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.words import number
from steepest.views.plots.canvas import BLUE, CURVE_POINTS, GREY, ORANGE, Display, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@numeric
@dataclass(eq=False)
class LossCurveDisplay(Display):
    """The loss over epochs on log axes, with the floor it heads for.

    Args:
        epochs: shape (K,), ascending, from 0.
        loss: shape (K,).
        floor: the loss at the exact minimum.
        label: what the axis says, e.g. "loss (half_mse)".
        validation: loss of held-out rows at the same epochs, shape (K,), or None.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `lines_`, matplotlib's.
    """

    epochs: NDArray[np.int64]
    loss: FloatArray
    floor: float
    label: str = "loss"
    validation: FloatArray | None = None
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    lines_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls, run: Trajectory, *, epochs: Sequence[int] | None = None, target: int = 0, title: str = ""
    ) -> "LossCurveDisplay":
        """Take the numbers from a run: by default about 400 epochs evenly spaced on a log axis.

        Args:
            run: the run.
            epochs: other epochs to show.
            target: which target, for a run with several.
            title: above the picture.
        """
        check_kind("run", run, Trajectory)
        if as_int(target) not in range(len(run.targets)):
            raise UsageError(
                f"of {len(run.targets)} targets, one is chosen by its number, counted from 0; got {shown(target)}."
            )
        chosen = run.some_epochs(CURVE_POINTS) if epochs is None else np.asarray(check_list("epochs", epochs, "epochs"))
        if epochs is not None and not isinstance(run.iterates.epochs, range):
            chosen = np.intersect1d(chosen, run.iterates.epochs)
        loss = np.asarray(run.loss(chosen))
        endless = run.problem.separation
        floor = np.atleast_1d(run.optimum.loss)[target] if endless is None else endless.infimum
        curve = loss if loss.ndim == 1 else loss[:, target]
        return cls(chosen, curve, float(floor), f"loss ({run.objective})", title=title)

    def _what(self) -> str:
        return f"the loss to epoch {int(self.epochs[-1]):,}: {number(float(self.loss[0]))} to {number(float(self.loss[-1]))}"

    def plot(self, ax: "Axes | None" = None) -> "LossCurveDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        finite = np.isfinite(self.loss) & (self.loss > 0)
        self.lines_ = self.ax_.plot(self.epochs[finite], self.loss[finite], color=BLUE, label="loss", zorder=3)
        if self.validation is not None:
            self.lines_ += self.ax_.plot(
                self.epochs, self.validation, color=ORANGE, linestyle="--", label="held-out loss"
            )
        # a floor that is rounding would stretch the axis by twenty decades
        if self.floor > 1e-12 * self.loss[0]:
            text = f"exact minimum {number(self.floor)}"
            self.lines_.append(self.ax_.axhline(self.floor, color=GREY, linestyle=":", label=text))
        # a symmetric log axis keeps epoch 0, which a log axis cannot show
        self.ax_.set_xscale("symlog", linthresh=1, linscale=0.3)
        if finite.any():
            self.ax_.set_yscale("log")
        self.ax_.set_xlim(0, max(1, int(self.epochs[-1])))
        self.ax_.set(xlabel="epoch", ylabel=self.label, title=self.title)
        self.ax_.grid(alpha=0.25)
        self.ax_.legend()
        return self
