"""Stored figures: what Bokeh makes of the empty figures, kept in a file, since making them anew takes two seconds.

`python -m steepest.views.pages.stored` writes the file again after a change of pictures.py; a test says when that is due.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from steepest.errors import UsageError
from steepest.views.pages.packing import Json
from steepest.views.pages.pictures import figures
from steepest.views.pages.scripts import text

FILE = "figures.json"
PARTS: dict[str, Callable[[str], bool]] = {
    "first": lambda name: not name.endswith("-linear") and not name.startswith("errors"),
    "errors": lambda name: name == "errors-log",
    # what has linear axes is drawn when somebody asks for it, so that the page is ready sooner
    "later": lambda name: name.endswith("-linear") and not name.startswith("errors"),
    "errors-later": lambda name: name == "errors-linear",
}

ID = re.compile(r'"(?:p\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
"""What Bokeh calls its models (a count of all that a process has made) and its documents (random)."""


def figure_parts() -> Json:
    """Return the figures' documents by part: the stored ones, or new ones where another Bokeh is installed."""
    kept: Json = json.loads(text(FILE))
    if metadata.version("bokeh").split(".")[:2] == kept["bokeh"].split(".")[:2]:
        parts: Json = kept["parts"]
        return parts
    return build()


@cache
def build() -> Json:
    """Make the figures by Bokeh and return their documents by part, with the elements they are drawn in.

    Two pages of one run are the same, byte for byte, whichever process makes them and whatever Bokeh made before.
    """
    from bokeh.document import Document  # noqa: PLC0415 - takes a second
    from bokeh.embed.util import standalone_docs_json_and_render_items  # noqa: PLC0415 - takes a second

    made: dict[str, Any] = figures()
    parts: Json = {}
    for part, belongs in PARTS.items():
        holder = Document()
        chosen = {name: figure for name, figure in made.items() if belongs(name)}
        for figure in chosen.values():
            holder.add_root(figure)
        documents, (item,) = standalone_docs_json_and_render_items(list(chosen.values()))
        places = {figure.id: f"plot-{name}" for name, figure in chosen.items()}
        parts[part] = {
            "documents": documents,
            "items": [{**item.to_json(), "roots": places, "root_ids": list(places)}],
            "names": list(chosen),
        }
    return _numbered(parts)


def _numbered(parts: Json) -> Json:
    """Call models and documents p1, p2, … in the order in which they stand there."""
    numbers: dict[str, str] = {}
    dumped = ID.sub(lambda found: numbers.setdefault(found[0], f'"p{len(numbers) + 1}"'), json.dumps(parts))
    numbered: Json = json.loads(dumped)
    return numbered


def bokeh_script() -> str:
    """Return BokehJS itself, read from the installed package without importing it."""
    found = util.find_spec("bokeh")
    if found is None or not found.submodule_search_locations:
        raise UsageError("a page needs bokeh. Install it with: pip install bokeh")
    return (Path(found.submodule_search_locations[0]) / "server/static/js/bokeh.min.js").read_text(encoding="utf-8")


if __name__ == "__main__":
    content = {"bokeh": metadata.version("bokeh"), "parts": build()}
    Path(__file__).with_name(FILE).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
