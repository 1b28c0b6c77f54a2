"""Document: one HTML file that holds a run's page whole: numbers, scripts, styles; it asks the network for nothing."""

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from steepest.pages.payload import Json
from steepest.pages.pictures import LINES, figures
from steepest.pages.scripts import text, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

LABELS = {
    "loss": "Chart: loss over epochs",
    "errors": "Chart: training and held-out error over epochs",
    "modes": "Chart: what is left of each mode over epochs",
    "coefficients": "Chart: coefficients over epochs",
    "data": "Chart: the data and the model's predictions",
    "contour": "Chart: the loss over two parameters and the path across it",
    "map": "Chart: what is left of the slowest mode, by learning rate and epochs",
}
ERRORS = """<figure><h2>Error on training and held-out rows</h2>{plots}<ul class="legend"><li><i class="blue"></i>training RMSE</li>
<li><i class="pink"></i>held-out RMSE</li><li><i class="star">★</i>smallest</li></ul>
<figcaption>Where the held-out error is smallest, stopping early would have helped.</figcaption></figure>"""


def document(payload: Json) -> str:
    """Return the page of a payload as HTML."""
    from bokeh.resources import Resources  # noqa: PLC0415 - a page is asked for

    held_out = payload["spaces"]["raw"]["held_out"] is not None
    made = figures(held_out)
    # what has linear axes is drawn when somebody asks for it, so that the page is ready sooner
    later = {name: figure for name, figure in made.items() if name.endswith("-linear")}
    roots = {"first": _roots({name: made[name] for name in made.keys() - later}), "later": _roots(later)}
    bokeh, script = Resources(mode="inline", components=["bokeh"]).js_raw[0], whole()
    plots = {name: _places(name, made) for name in LABELS}
    return _filled(
        text("page.html"),
        policy=_policy(bokeh, script),
        style=text("page.css"),
        payload=_as_json({**payload, "colors": LINES}),
        figures=_as_json(roots),
        bokeh=bokeh,
        script=script,
        **plots | {"errors": _filled(ERRORS, plots=plots["errors"]) if held_out else ""},
    )


def _roots(made: "dict[str, Figure]") -> Json:
    """What Bokeh's script must be given to draw figures in the elements that are there for them."""
    from bokeh.document import Document  # noqa: PLC0415 - a page is asked for
    from bokeh.embed.util import standalone_docs_json_and_render_items  # noqa: PLC0415 - a page is asked for

    holder = Document()
    for figure in made.values():
        holder.add_root(figure)
    documents, (item,) = standalone_docs_json_and_render_items(list(made.values()))
    places = {figure.id: f"plot-{name}" for name, figure in made.items()}
    return {"documents": documents, "items": [{**item.to_json(), "roots": places, "root_ids": list(places)}]}


def _places(name: str, made: "dict[str, Figure]") -> str:
    """The elements a picture is drawn in: one, or one for each kind of axes."""
    kinds = [key for key in made if key == name or key.startswith(f"{name}-")]
    return "".join(
        f'<div class="plot" id="plot-{key}" role="img" aria-label="{LABELS[name]}"'
        + (f' data-scale="{key.rpartition("-")[2]}"' if key != name else "")
        + "></div>"
        for key in kinds
    )


def _filled(template: str, **parts: str) -> str:
    """Put each part in the place of its {name}; other braces stay."""
    return re.sub(r"\{(" + "|".join(parts) + r")\}", lambda match: parts[match[1]], template)


def _as_json(content: Any) -> str:
    """JSON that ends no script element and starts no comment, whatever names are in it."""
    dumped = json.dumps(content, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return re.sub("[<>&\u2028\u2029]", lambda match: escapes[match[0]], dumped)


def _policy(*scripts: str) -> str:
    """The content security policy: these very scripts and no other, no address to load from or send to.

    Bokeh writes style attributes and style elements, so styles must be let in; images are those it draws itself.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
