"""Scripts: the page's own JavaScript files, in the order in which they use each other."""

from importlib import resources

PURE = (
    "double",
    "recurrence",
    "rules",
    "problem",
    "over_rows",
    "over_classes",
    "levels",
    "words",
    "verdict",
    "loss_verdict",
    "short_verdict",
    "curves",
    "arithmetic",
    "state",
    "beginning",
    "tour",
)
"""Files of pure functions: numbers in, numbers and texts out."""
PAGE = (
    "painting",
    "coloring",
    "pictures",
    "controls",
    "view",
    "panels",
    "choices",
    "only",
    "draw",
    "pins",
    "tell",
    "server",
    "sets",
    "files",
    "points",
    "guide",
    "main",
)
"""Files that touch the page and its pictures."""
PATH = ("words", "path_scales", "path_charts", "path_table", "path_main")
"""Files of the page of a path, the last three of which touch it."""


def text(name: str) -> str:
    """Return a file of this package as text."""
    return resources.files("steepest.views.pages").joinpath(name).read_text(encoding="utf-8")


def pure() -> str:
    """Return the pure functions, one file after the other."""
    return "\n".join(text(f"js/{name}.js") for name in PURE)


def whole() -> str:
    """Return the page's whole script, in a scope of its own."""
    return _in_scope((*PURE, *PAGE))


def path_script() -> str:
    """Return the whole script of a path's page, in a scope of its own."""
    return _in_scope(PATH)


def _in_scope(names: tuple[str, ...]) -> str:
    parts = "\n".join(text(f"js/{name}.js") for name in names)
    return f'(function () {{\n"use strict";\n{parts}\n}})();'
