"""Document: one HTML file that holds a run's page whole: numbers, scripts, styles; it asks the network for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from steepest.views.pages.filling import as_json, filled, policy_of
from steepest.views.pages.packing import Json
from steepest.views.pages.pictures import LINES
from steepest.views.pages.scripts import text, whole
from steepest.views.pages.stored import bokeh_script, figure_parts

LABELS = {
    "loss": "Chart: loss over epochs",
    "errors": "Chart: training and held-out error over epochs",
    "modes": "Chart: what is left of each mode over epochs",
    "coefficients": "Chart: coefficients over epochs",
    "data": "Chart: the data and the model's predictions",
    "contour": "Chart: the loss over two parameters and the path across it",
    "map": "Chart: what is left of the slowest mode, by learning rate and epochs",
}
ERRORS = """<figure id="errors-card" class="picture" data-picture="errors"><h2>Error on training and held-out rows</h2>{plots}<ul class="legend">
<li><i class="blue"></i><span id="errors-train">training RMSE</span></li>
<li><i class="pink"></i><span id="errors-held">held-out RMSE</span></li><li><i class="star">★</i>smallest</li></ul>
<figcaption>Where the held-out error is smallest, stopping early would have helped.</figcaption></figure>"""


@dataclass(frozen=True)
class Document:
    """A page as it is kept or served.

    Args:
        html: the whole file.
        policy: its content security policy, which stands in it too.
    """

    html: str
    policy: str


def document(sets: Sequence[Json], served: Json | None = None) -> Document:
    """Return the page of one data set or several as HTML.

    Args:
        sets: payloads; the first is shown first.
        served: what the page must know of the lab that serves it; None for a file that asks nobody for anything.
    """
    held_out = served is not None or any(given["held_out_count"] for given in sets)
    parts = {name: part for name, part in figure_parts().items() if held_out or not name.startswith("errors")}
    bokeh, script = bokeh_script(), whole()
    plots = {name: _places(name, parts) for name in LABELS}
    policy = policy_of(bokeh, script, connect="'self'" if served is not None else "'none'")
    html = filled(
        text("page.html"),
        policy=policy,
        style=text("page.css") + text("screen.css"),
        payload=as_json({"sets": sets, "colors": LINES, "served": served}),
        figures=as_json(parts),
        bokeh=bokeh,
        script=script,
        **plots | {"errors": filled(ERRORS, plots=plots["errors"]) if held_out else ""},
    )
    return Document(html, policy)


def _places(name: str, parts: Json) -> str:
    """The elements a picture is drawn in: one, or one for each kind of axes."""
    kinds = [key for part in parts.values() for key in part["names"] if key == name or key.startswith(f"{name}-")]
    return "".join(
        f'<div class="plot" id="plot-{key}" role="img" aria-label="{LABELS[name]}"'
        + (f' data-scale="{key.rpartition("-")[2]}"' if key != name else "")
        + "></div>"
        for key in kinds
    )
