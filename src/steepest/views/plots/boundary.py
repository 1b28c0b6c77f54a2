"""The decision boundary: which class is predicted where, for two features."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.analysis.classification import check_threshold
from steepest.analysis.evaluate import classes_of, rows_of, shares_of
from steepest.descent.state import State
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.support.arguments import check_list
from steepest.support.arrays import FloatArray
from steepest.support.looks import names
from steepest.support.numerics import numeric
from steepest.support.words import join_names, percent, pluralize, shorten
from steepest.views.plots.canvas import BLUE, CYCLE, ORANGE, Display, axes, legend_below, plain
from steepest.views.plots.class_rows import check_classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 201
PALE = 0.5  # of the colours of areas, under the rows in full colours
MARKS = "o^sDvPX"
GREYS = (0.7, 0.3)  # of the boundaries of the first and the last epoch asked for: the later, the darker


@numeric
@dataclass(eq=False)
class BoundaryDisplay(Display):
    """Probabilities over two features, the boundary where the prediction changes, and the rows.

    Args:
        x: values of the first feature, shape (G,).
        y: values of the second, shape (H,).
        probabilities: of each class there, shape (H, G, K).
        rows: the two features of rows, shape (n, 2).
        row_classes: which class each has, shape (n,).
        classes: names of the K classes.
        names: of the two features.
        threshold: of two classes, the probability at which the second is predicted.
        earlier: probabilities at earlier epochs of the run, each with its epoch: their boundaries are drawn as thin lines.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's.
    """

    x: FloatArray
    y: FloatArray
    probabilities: FloatArray
    rows: FloatArray
    row_classes: NDArray[np.intp]
    classes: tuple[str, ...]
    names: tuple[str, str]
    threshold: float = 0.5
    earlier: tuple[tuple[int, FloatArray], ...] = ()
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epochs: Sequence[int] | None = None,
        threshold: float = 0.5,
        title: str = "",
    ) -> "BoundaryDisplay":
        """Take the probabilities from a run of classes with two features, and the rows X (n, 2) with their classes y.

        Args:
            run: the run.
            X: rows to show.
            y: their classes.
            epochs: earlier epochs of the run whose boundary is shown too: how it moves.
            threshold: of two classes, the probability at which the second is predicted.
            title: above the picture.

        Raises:
            UsageError: the run predicts no classes, has other than two features or an offset, or an epoch was not run.
            DataError: there are no rows, or they do not fit the run.
        """
        check_classes(run, "a decision boundary")
        if len(run.features) != 2:
            raise UsageError(f"a decision boundary is drawn over two features; this run has {len(run.features)}.")
        run.problem.check_no_offset("a decision boundary")
        threshold = check_threshold(threshold)
        batches = list(rows_of(run, X, y))
        if not sum(map(len, batches)):
            raise DataError("0 samples: there is no row to show. Give at least one.")
        rows = np.concatenate([batch.X for batch in batches])
        own = np.concatenate([shares_of(batch).argmax(axis=1) for batch in batches])
        across, up = (_span(rows[:, j]) for j in (0, 1))
        at = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        chosen = [] if epochs is None else [run.at(one) for one in check_list("epochs", epochs, "epochs")]
        earlier = tuple((state.epoch, _probabilities(state, at, len(up))) for state in chosen)
        last = _probabilities(run.last, at, len(up))
        return cls(across, up, last, rows, own, classes_of(run), run.features, threshold, earlier, title)

    def _what(self) -> str:
        before = f", and at {pluralize(len(self.earlier), 'earlier epoch')}" if self.earlier else ""
        return f"{join_names([shorten(name, 16) for name in self.classes[:4]])} over {names(self.names)}{before}"

    def plot(self, ax: "Axes | None" = None) -> "BoundaryDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        self.artists_ = []
        K = len(self.classes)
        colors = (ORANGE, BLUE) if K == 2 else CYCLE * (K // len(CYCLE) + 1)
        self._plot_two() if K == 2 else self._plot_areas(colors)
        for j, name in enumerate(self.classes):
            mine = self.rows[self.row_classes == j]
            style = {"s": 16, "color": colors[j], "edgecolors": "white", "linewidths": 0.4, "zorder": 3}
            label = plain(shorten(name, 24))
            self.artists_.append(self.ax_.scatter(mine[:, 0], mine[:, 1], marker=MARKS[j % 7], label=label, **style))
        for i, (epoch, probabilities) in enumerate(self.earlier):
            first, last = GREYS
            shade = first + (last - first) * (i + 1) / len(self.earlier)
            self._plot_line(probabilities, f"epoch {epoch:,}", str(shade), linestyles="--", linewidths=1.2)
        text = f"probability {percent(self.threshold)}" if K == 2 else "boundary"
        self._plot_line(self.probabilities, f"{text}, last epoch" if self.earlier else text, "black", linewidths=1.6)
        self.ax_.set(xlim=self.x[[0, -1]], ylim=self.y[[0, -1]], title=plain(self.title))
        self.ax_.set(xlabel=plain(self.names[0]), ylabel=plain(self.names[1]))
        legend_below(self.ax_, 4)
        return self

    def _plot_two(self) -> None:
        """The probability of the second of two classes as a colour."""
        from matplotlib.colors import LinearSegmentedColormap, to_rgb  # noqa: PLC0415 - a picture is asked for

        pale = [tuple(1 - PALE * (1 - np.array(to_rgb(color)))) for color in (ORANGE, BLUE)]
        shades = LinearSegmentedColormap.from_list("", [pale[0], (1.0, 1.0, 1.0), pale[1]])
        area = self.ax_.contourf(self.x, self.y, self.probabilities[..., 1], levels=np.linspace(0, 1, 21), cmap=shades)
        bar = self.figure_.colorbar(area, ax=self.ax_, ticks=np.linspace(0, 1, 6))
        bar.set_label(f"probability of {plain(shorten(self.classes[1], 24))}")
        self.artists_.append(area)

    def _plot_areas(self, colors: Sequence[str]) -> None:
        """The likeliest of several classes as a colour, the stronger, the likelier."""
        from matplotlib.colors import to_rgb  # noqa: PLC0415 - a picture is asked for

        shades = np.array([to_rgb(color) for color in colors[: len(self.classes)]])
        likeliest = self.probabilities.argmax(axis=-1)
        strength = PALE * self.probabilities.max(axis=-1)[..., None]
        ends = (*self.x[[0, -1]], *self.y[[0, -1]])
        picture = 1 - strength * (1 - shades[likeliest])
        self.artists_.append(self.ax_.imshow(picture, extent=ends, origin="lower", aspect="auto"))

    def _plot_line(self, probabilities: FloatArray, label: str, color: str, **style: Any) -> None:
        """Where the prediction changes; nothing where one class is predicted everywhere in the picture."""
        K = len(self.classes)
        drawn = False
        for j in range(1, K):  # the first has no border that is not one of another, too
            rest = np.delete(probabilities, j, axis=-1).max(axis=-1)
            level = probabilities[..., j] - (self.threshold if K == 2 else rest)
            if level.min() < 0 < level.max():
                lines = self.ax_.contour(self.x, self.y, level, levels=[0.0], colors=color, zorder=2, **style)
                self.artists_.append(lines)
                drawn = True
        if drawn:
            known = {"linestyle": style.get("linestyles", "-"), "linewidth": style.get("linewidths", 1.0)}
            self.ax_.plot([], [], color=color, label=label, **known)


def _probabilities(state: State, at: FloatArray, height: int) -> FloatArray:
    """Probabilities of all classes at points of a grid, shape (height, width, K)."""
    found = state.predict(at)
    both = np.column_stack([1 - found, found]) if found.ndim == 1 else found
    return both.reshape(height, -1, both.shape[1])


def _span(values: FloatArray) -> FloatArray:
    """Values around those of rows, with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.5 * max(abs(low), 1.0)
    return np.linspace(low - margin, high + margin, GRID)
