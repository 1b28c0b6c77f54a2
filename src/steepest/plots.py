"""Plots: display objects that keep their numbers and draw on request; matplotlib is imported only then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.batch import FloatArray
from steepest.errors import DataError, UsageError
from steepest.trajectory import Trajectory, log_spaced
from steepest.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart with any kind of colour vision
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
CURVE_POINTS = 400


@dataclass(eq=False)
class LossCurveDisplay:
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
        known = run.path.epochs
        chosen = np.asarray(log_spaced(run.epochs, CURVE_POINTS) if epochs is None else epochs, dtype=np.int64)
        if not isinstance(known, range):
            chosen = (
                np.intersect1d(chosen, known) if epochs is not None else known[log_spaced(len(known) - 1, CURVE_POINTS)]
            )
        loss = np.asarray(run.loss(chosen))
        floor = np.atleast_1d(run.optimum.loss)[target]
        curve = loss if loss.ndim == 1 else loss[:, target]
        return cls(chosen, curve, float(floor), f"loss ({run.objective})", title=title)

    def plot(self, ax: "Axes | None" = None) -> "LossCurveDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = _axes(ax)
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


@dataclass(eq=False)
class PredictionErrorDisplay:
    """Predictions against targets.

    Args:
        targets: shape (n,).
        predictions: shape (n,), never rounded.
        kind: "actual" (prediction over target, with the diagonal) or "index" (both over the row's index, as the
            tutorial draws it: circles and crosses).
        name: what is predicted, for the axes.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `artists_`, matplotlib's; `error_ax_` where "index" has a figure of its own: the
    differences below, which the size of the targets would hide.
    """

    targets: FloatArray
    predictions: FloatArray
    kind: Literal["actual", "index"] = "actual"
    name: str = "target"
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    error_ax_: Any = field(default=None, init=False, repr=False)
    artists_: list[Any] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if np.shape(self.targets) != np.shape(self.predictions) or np.ndim(self.targets) != 1:
            raise DataError(
                f"targets and predictions must both have the shape (n,); given were {np.shape(self.targets)} and {np.shape(self.predictions)}."
            )
        if self.kind not in ("actual", "index"):
            raise UsageError(f'kind is "actual" or "index"; given was {self.kind!r}.')

    @classmethod
    def from_trajectory(
        cls,
        run: Trajectory,
        X: ArrayLike,
        y: ArrayLike,
        *,
        kind: Literal["actual", "index"] = "actual",
        title: str = "",
    ) -> "PredictionErrorDisplay":
        """Predict X (n, d) with the last state of a run of one target and set the results beside y (n,)."""
        return cls(np.asarray(y, dtype=np.float64).reshape(-1), run.predict(X), kind, run.targets[0], title)

    def plot(self, ax: "Axes | None" = None) -> "PredictionErrorDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        if self.kind == "index":
            self._plot_over_index(ax)
        else:
            self._plot_over_targets(ax)
        self.ax_.set_title(_plain(self.title))
        self.ax_.grid(alpha=0.25)
        self.ax_.legend()
        return self

    def _plot_over_index(self, ax: "Axes | None") -> None:
        """Circles and crosses over the row's index, unrounded, and what lies between them on an axis of its own."""
        self.figure_, self.ax_ = _axes(ax)
        index = np.arange(len(self.targets))
        circles = self.ax_.plot(
            index, self.targets, "o", color=BLUE, markerfacecolor="none", markersize=8, label="target"
        )
        crosses = self.ax_.plot(index, self.predictions, "x", color=ORANGE, markersize=6, label="prediction")
        self.artists_ = [*circles, *crosses]
        self.ax_.set_ylabel(_plain(self.name))
        if ax is not None:
            self.ax_.set_xlabel("row")
            return
        grid = self.figure_.add_gridspec(2, 1, height_ratios=(2, 1))
        self.ax_.set_subplotspec(grid[0])
        self.error_ax_ = self.figure_.add_subplot(grid[1], sharex=self.ax_)
        errors = self.predictions - self.targets
        self.artists_ += [
            self.error_ax_.vlines(index, 0, errors, color=ORANGE),
            self.error_ax_.axhline(0, color=GREY, lw=0.8),
        ]
        self.error_ax_.set(xlabel="row", ylabel="prediction −\ntarget")
        self.error_ax_.grid(alpha=0.25)

    def _plot_over_targets(self, ax: "Axes | None") -> None:
        """Predictions over targets, with the diagonal on which they would be equal."""
        self.figure_, self.ax_ = _axes(ax)
        points = self.ax_.scatter(
            self.targets, self.predictions, s=14, alpha=0.6, color=BLUE, edgecolors="none", label="rows"
        )
        ends = [min(self.targets.min(), self.predictions.min()), max(self.targets.max(), self.predictions.max())]
        line = self.ax_.plot(ends, ends, color=GREY, linestyle="--", label="prediction = target")
        self.artists_ = [points, *line]
        self.ax_.set(xlabel=_plain(self.name), ylabel=f"predicted {_plain(self.name)}")


def _plain(text: str) -> str:
    """Return a column's name so that matplotlib shows it as it is, dollars and all."""
    return text.replace("$", r"\$")


def _axes(ax: "Axes | None") -> "tuple[Figure, Axes]":
    if ax is not None:
        return ax.figure, ax  # type: ignore[return-value]
    from matplotlib.figure import Figure  # noqa: PLC0415 - a picture is asked for

    figure = Figure(figsize=(7, 4.3), layout="constrained")
    return figure, figure.add_subplot()


def save(display: LossCurveDisplay | PredictionErrorDisplay, path: Any, format: str = "svg") -> None:
    """Draw a display and write it as "svg" or "png"; the same numbers give the same bytes of SVG."""
    import matplotlib  # noqa: PLC0415 - a picture is asked for

    with matplotlib.rc_context({"svg.hashsalt": "steepest", "svg.fonttype": "path"}):
        display.plot()
        metadata = {"Date": None} if format == "svg" else None
        display.figure_.savefig(path, format=format, dpi=120, metadata=metadata)
