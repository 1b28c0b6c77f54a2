"""What every picture shares: colours, axes, names shown as they are, files."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from steepest.errors import Option, UsageError
from steepest.support.arguments import shown
from steepest.support.looks import Shown
from steepest.support.words import shorten
from steepest.views.colors import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CYCLE = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, "#000000")
CURVE_POINTS = 400
SMALLEST = 1e-280  # that matplotlib takes for more than 0, with room below it

__all__ = [
    "BLUE",
    "CURVE_POINTS",
    "CYCLE",
    "GREEN",
    "GREY",
    "ORANGE",
    "Display",
    "as_bytes",
    "axes",
    "legend_below",
    "plain",
    "save",
]


class Display(Shown):
    """A picture that keeps its numbers and draws on request; a notebook shows it by itself."""

    if TYPE_CHECKING:  # fields of those that inherit
        ax_: Any
        figure_: Any
        title: str

    def plot(self, ax: "Axes | None" = None) -> Any:
        """Draw and return self."""
        raise NotImplementedError

    def _told(self) -> Iterator[str]:
        title = f" {shorten(self.title)!r}" if self.title else ""
        yield f"{title} of {self._what()}"

    def _what(self) -> str:
        """What is in the picture, in a few words."""
        raise NotImplementedError

    def _repr_png_(self) -> bytes | None:
        """The picture for a notebook; None where it was drawn on axes of pyplot, which shows them itself."""
        if self.figure_ is not None and self.figure_.canvas.manager is not None:
            return None
        return as_bytes(replace(self), "png")  # type: ignore[type-var]  # what is drawn already stays as it is


def plain(text: str) -> str:
    """Return a column's name so that matplotlib shows it as it is, dollars and all."""
    return text.replace("$", r"\$")


def axes(ax: "Axes | None") -> "tuple[Figure, Axes]":
    """Return figure and axes to draw on: those given, or new ones that belong to no window."""
    if ax is not None:
        if not hasattr(ax, "figure") or not hasattr(ax, "plot"):
            raise UsageError(Option("ax") + f" is one of matplotlib's axes; got {shown(ax)}.")
        return ax.figure, ax  # type: ignore[return-value]
    from matplotlib.figure import Figure  # noqa: PLC0415 - a picture is asked for

    figure = Figure(figsize=(7, 4.3), layout="constrained")
    return figure, figure.add_subplot()


def legend_below(ax: "Axes", columns: int = 1) -> None:
    """Put the legend below the axis and its label, however small the picture."""
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415 - a picture is asked for

    inches = ax.figure.dpi_scale_trans
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, -0.45, inches),
        fontsize=8,
        ncols=columns,
    )


def as_bytes(display: Display, format: str) -> bytes:
    """Draw a display and return it as "svg" or "png"."""
    picture = io.BytesIO()
    save(display, picture, format)
    return picture.getvalue()


def save(display: Display, path: Any, format: str = "svg") -> None:
    """Draw a display and write it as "svg" or "png"; the same numbers give the same bytes of SVG."""
    import matplotlib  # noqa: PLC0415 - a picture is asked for

    with matplotlib.rc_context({"svg.hashsalt": "steepest", "svg.fonttype": "path"}):
        display.plot()
        metadata = {"Date": None} if format == "svg" else None
        display.figure_.savefig(path, format=format, dpi=120, metadata=metadata)
