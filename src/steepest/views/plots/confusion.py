"""The confusion matrix as a picture."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.confusion import Confusion
from steepest.descent.trajectory import Trajectory
from steepest.support.numerics import numeric
from steepest.support.words import number, percent, shorten
from steepest.views.plots.canvas import BLUE, Display, axes, plain
from steepest.views.plots.class_rows import evaluated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TEXTS = 12  # classes whose cells have room for numbers
DARK = 0.55  # share from which on a cell has white text


@numeric
@dataclass(eq=False)
class ConfusionDisplay(Display):
    """How often each class was taken for each other one: the darker, the larger the share of the actual class.

    Args:
        confusion: the table.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `image_`, matplotlib's.
    """

    confusion: Confusion
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    image_: Any = field(default=None, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        offset: Any = None,
        exposure: Any = None,
        title: str = "",
    ) -> "ConfusionDisplay":
        """Evaluate the last state of a run of classes on X (n, d) with its classes y.

        A run with an offset needs that of X as offset or exposure.

        Raises:
            UsageError: the run predicts no classes.
            DataError: X and y do not have the same rows.
        """
        return cls(evaluated(run, X, y, None, "a confusion matrix", offset, exposure)[0][1].confusion, title)

    def _what(self) -> str:
        return f"{len(self.confusion.classes)} classes, accuracy {percent(self.confusion.accuracy)}"

    def plot(self, ax: "Axes | None" = None) -> "ConfusionDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415 - a picture is asked for

        self.figure_, self.ax_ = axes(ax)
        matrix, K = self.confusion.matrix, len(self.confusion.classes)
        whole = matrix.sum(axis=1, keepdims=True)
        shares = matrix / np.where(whole > 0, whole, 1.0)
        colors = LinearSegmentedColormap.from_list("", ["#FFFFFF", BLUE])
        self.image_ = self.ax_.imshow(shares, cmap=colors, vmin=0, vmax=1)
        bar = self.figure_.colorbar(self.image_, ax=self.ax_)
        bar.set_label("share of the actual class")
        if K <= MOST_TEXTS:
            for (j, k), value in np.ndenumerate(matrix):
                text = f"{number(float(value), 4)}\n{percent(float(shares[j, k]))}"
                color = "white" if shares[j, k] > DARK else "black"
                self.ax_.text(k, j, text, ha="center", va="center", color=color, fontsize=10 if K < 6 else 7)
        names = [plain(shorten(name, 16)) for name in self.confusion.classes]
        turned = {"rotation": 45, "ha": "right"} if max(map(len, names)) * K > 40 else {}
        self.ax_.set_xticks(range(K), names, **turned)
        self.ax_.set_yticks(range(K), names)
        self.ax_.set(xlabel="predicted", ylabel="actual", title=plain(self.title))
        return self
