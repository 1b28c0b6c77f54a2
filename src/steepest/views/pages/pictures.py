"""Pictures: the page's empty Bokeh figures; the page's script fills them with numbers and names."""

from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.views.colors import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

LINES = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, GREY)
"""Colors of lines that a legend beside the picture names, in this order."""
HEIGHT = 300


def figures() -> "dict[str, Figure]":
    """Return the figures by name; each takes its numbers from sources called NAME:PART.

    What moves with the epoch lies in the level "overlay", which Bokeh paints without the rest: 0.6 ms instead of 9.
    """
    made = {}
    for scale in ("log", "linear"):
        made[f"loss-{scale}"] = _loss(scale)
        made[f"modes-{scale}"] = _modes(scale)
        made[f"coefficients-{scale}"] = _coefficients(scale)
        made[f"errors-{scale}"] = _errors(scale)
    return made | {"data": _data(), "contour": _contour(), "map": _map()}


def _figure(name: str, x: str, y: str, **options: Any) -> "Figure":
    from bokeh.models import Range1d  # noqa: PLC0415 - a page is asked for
    from bokeh.plotting import figure  # noqa: PLC0415 - a page is asked for

    # the script sets the ranges: it knows what they must hold, and need not ask each line
    ranges = {axis: Range1d(1, 10) for axis in ("x_range", "y_range")}
    made = figure(
        name=name, height=HEIGHT, sizing_mode="stretch_width", tools="", toolbar_location=None, **ranges, **options
    )
    made.xaxis.axis_label, made.yaxis.axis_label = x, y
    return made


def _source(figure: "Figure", part: str, **columns: Any) -> Any:
    from bokeh.models import ColumnDataSource  # noqa: PLC0415 - a page is asked for

    name = f"{figure.name}:{part}"
    return ColumnDataSource(data={key: value or [] for key, value in columns.items()}, name=name)


def _over_epochs(name: str, scale: str, y: str, y_scale: str) -> "Figure":
    made = _figure(f"{name}-{scale}", "epoch", y, x_axis_type=scale, y_axis_type=y_scale)
    from bokeh.models import NumeralTickFormatter, Span  # noqa: PLC0415 - a page is asked for

    if scale == "linear":
        made.xaxis.formatter = NumeralTickFormatter(format="0.[0]a")
    made.add_layout(
        Span(
            dimension="height", location=1, line_color=ORANGE, line_width=2, name=f"{made.name}:cursor", level="overlay"
        )
    )
    return made


def _loss(scale: str) -> "Figure":
    made = _over_epochs("loss", scale, "loss", scale)
    made.line(
        "epoch",
        "floor",
        source=_source(made, "floor", epoch=[], floor=[]),
        color=GREEN,
        line_dash="dashed",
        line_width=2,
    )
    _pins(made)
    made.line("epoch", "loss", source=_source(made, "curve", epoch=[], loss=[]), color=BLUE, line_width=2.5)
    expected = _source(made, "expected", epoch=[], loss=[])
    made.line("epoch", "loss", source=expected, color=PINK, line_width=2)
    made.scatter(
        "epoch", "loss", source=_source(made, "point", epoch=[], loss=[]), color=ORANGE, size=10, level="overlay"
    )
    return made


def _pins(made: "Figure") -> None:
    """Lines of pinned runs, under the run's own."""
    source = _source(made, "pins", xs=[], ys=[], color=[])
    made.multi_line("xs", "ys", source=source, color="color", line_width=2, line_dash="dotdash")


def _errors(scale: str) -> "Figure":
    made = _over_epochs("errors", scale, "RMSE", scale)
    _pins(made)
    source = _source(made, "curve", epoch=[], train=[], held=[])
    made.line("epoch", "train", source=source, color=BLUE, line_width=2.5)
    made.line("epoch", "held", source=source, color=PINK, line_width=2.5, line_dash="dashed")
    made.scatter("epoch", "best", source=_source(made, "best", epoch=[], best=[]), color=PINK, marker="star", size=14)
    return made


def _modes(scale: str) -> "Figure":
    made = _over_epochs("modes", scale, "share of the start error", scale)
    made.multi_line("xs", "ys", source=_source(made, "curves", xs=[], ys=[], color=[]), color="color", line_width=2.5)
    return made


def _coefficients(scale: str) -> "Figure":
    made = _over_epochs("coefficients", scale, "coefficient", "linear")
    source = _source(made, "goals", xs=[], ys=[], color=[])
    made.multi_line("xs", "ys", source=source, color="color", line_dash="dashed", line_width=1.5, alpha=0.8)
    made.multi_line("xs", "ys", source=_source(made, "curves", xs=[], ys=[], color=[]), color="color", line_width=2.5)
    return made


def _data() -> "Figure":
    from bokeh.models import LinearColorMapper  # noqa: PLC0415 - a page is asked for

    made = _figure("data", "x", "y")
    empty = np.full((1, 1), np.nan, dtype=np.float32)
    regions = _source(made, "regions", image=[empty], x=[0], y=[0], dw=[1], dh=[1])
    colors = LinearColorMapper(palette=list(LINES), low=-0.5, high=len(LINES) - 0.5, nan_color="rgba(0, 0, 0, 0)")
    options = {"color_mapper": colors, "level": "image", "global_alpha": 0.3}
    made.image("image", x="x", y="y", dw="dw", dh="dh", source=regions, **options)
    made.line("x", "y", source=_source(made, "exact", x=[], y=[]), color=GREEN, line_dash="dashed", line_width=2)
    made.scatter("x", "y", source=_source(made, "rows", x=[], y=[]), color=BLUE, size=6, alpha=0.85, line_color=None)
    others = _source(made, "others", x=[], y=[])
    made.scatter("x", "y", source=others, color=PINK, marker="triangle", size=8, alpha=0.85, line_color=None)
    made.line("x", "y", source=_source(made, "line", x=[], y=[]), color=ORANGE, line_width=3, level="overlay")
    curves = _source(made, "curves", xs=[], ys=[], color=[])
    made.multi_line("xs", "ys", source=curves, color="color", line_width=2.5, level="overlay")
    classes = _source(made, "classes", x=[], y=[], color=[], marker=[])
    made.scatter("x", "y", source=classes, color="color", marker="marker", size=7, line_color="white", level="overlay")
    sides = _source(made, "sides", xs=[], ys=[])
    made.multi_line("xs", "ys", source=sides, color=ORANGE, line_dash="dotted", line_width=2, level="overlay")
    return made


def _contour() -> "Figure":
    made = _figure("contour", "first", "second")
    made.multi_line("xs", "ys", source=_source(made, "rings", xs=[], ys=[]), color=GREY, line_width=1, alpha=0.8)
    _pins(made)
    made.line("x", "y", source=_source(made, "path", x=[], y=[]), color=BLUE, line_width=2)
    made.scatter("x", "y", source=_source(made, "steps", x=[], y=[]), color=BLUE, size=4)
    made.scatter("x", "y", source=_source(made, "goal", x=[], y=[]), color=GREEN, marker="star", size=18)
    made.scatter("x", "y", source=_source(made, "now", x=[], y=[]), color=ORANGE, size=11, level="overlay")
    return made


def _map() -> "Figure":
    from bokeh.models import ColorBar, FixedTicker, LinearColorMapper, Span  # noqa: PLC0415 - a page is asked for

    made = _figure("map", "learning rate", "epochs")
    colors = LinearColorMapper(palette="Cividis256", low=-8, high=1, nan_color=GREY)
    empty = np.full((2, 2), np.nan, dtype=np.float32)
    source = _source(made, "image", image=[empty], x=[1], y=[1], dw=[1], dh=[1])
    made.image("image", x="x", y="y", dw="dw", dh="dh", source=source, color_mapper=colors, level="image")
    for part, dash in (("limit", "solid"), ("best", "dashed")):
        line = Span(
            dimension="height", location=0, line_color="white", line_dash=dash, line_width=2, name=f"map:{part}"
        )
        made.add_layout(line)
    now = _source(made, "now", x=[], y=[])
    made.scatter("x", "y", source=now, color=ORANGE, line_color="white", line_width=2, size=13, level="overlay")
    powers = {-8: "1e-8", -6: "1e-6", -4: "1e-4", -2: "1%", 0: "100%", 1: "×10"}
    bar = ColorBar(
        color_mapper=colors,
        ticker=FixedTicker(ticks=list(powers)),
        major_label_overrides=powers,
        width=10,
        background_fill_color=None,
    )
    made.add_layout(bar, "right")
    for axis in (*made.xaxis, *made.yaxis):
        axis.ticker = FixedTicker(ticks=[], name=f"map:{axis.axis_label}")
    made.grid.visible = False
    return made
