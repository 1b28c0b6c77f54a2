"""What every picture shares: colours, axes, names shown as they are, files."""

from typing import TYPE_CHECKING, Any, Protocol

from steepest.views.colors import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CYCLE = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, "#000000")
CURVE_POINTS = 400

__all__ = ["BLUE", "CURVE_POINTS", "CYCLE", "GREEN", "GREY", "ORANGE", "Display", "axes", "plain", "save"]


class Display(Protocol):
    """A picture that keeps its numbers and draws on request."""

    figure_: Any

    def plot(self) -> Any:
        """Draw and return self."""
        ...


def plain(text: str) -> str:
    """Return a column's name so that matplotlib shows it as it is, dollars and all."""
    return text.replace("$", r"\$")


def axes(ax: "Axes | None") -> "tuple[Figure, Axes]":
    """Return figure and axes to draw on: those given, or new ones that belong to no window."""
    if ax is not None:
        return ax.figure, ax  # type: ignore[return-value]
    from matplotlib.figure import Figure  # noqa: PLC0415 - a picture is asked for

    figure = Figure(figsize=(7, 4.3), layout="constrained")
    return figure, figure.add_subplot()


def save(display: Display, path: Any, format: str = "svg") -> None:
    """Draw a display and write it as "svg" or "png"; the same numbers give the same bytes of SVG."""
    import matplotlib  # noqa: PLC0415 - a picture is asked for

    with matplotlib.rc_context({"svg.hashsalt": "steepest", "svg.fonttype": "path"}):
        display.plot()
        metadata = {"Date": None} if format == "svg" else None
        display.figure_.savefig(path, format=format, dpi=120, metadata=metadata)
