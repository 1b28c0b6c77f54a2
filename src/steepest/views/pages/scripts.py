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


def text(name: str) -> str:
    """Return a file of this package as text."""
    return resources.files("steepest.views.pages").joinpath(name).read_text(encoding="utf-8")


def pure() -> str:
    """Return the pure functions, one file after the other."""
    return "\n".join(text(f"js/{name}.js") for name in PURE)


def whole() -> str:
    """Return the page's whole script, in a scope of its own."""
    parts = "\n".join(text(f"js/{name}.js") for name in (*PURE, *PAGE))
    return f'(function () {{\n"use strict";\n{parts}\n}})();'
