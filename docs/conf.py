"""How Sphinx builds the site from docs/ and the docstrings of the package: `make docs`."""

import importlib.metadata
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff")
sys.path.insert(0, str(DOCS))
import markup  # noqa: E402 - they lie beside this file
import reference  # noqa: E402

project = "steepest"
author = "the contributors to steepest"
project_copyright = author
release = version = importlib.metadata.version("steepest")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
default_role = "code"  # a docstring quotes code as Markdown does
nitpicky = False  # types in signatures are often private
myst_heading_anchors = 4

html_theme = "furo"
html_title = "steepest"
html_extra_path = ["lab.html"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False

autodoc_typehints = "none"  # the shapes and units stand under the arguments
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False


def write_pages(_app: object) -> None:
    """Write what is made anew at each build: a page for each room of public names, and copies of the files beside docs/."""
    for folder in ("python", "project"):
        shutil.rmtree(DOCS / folder, ignore_errors=True)
        (DOCS / folder).mkdir()
    for name, text in reference.python_pages().items():
        (DOCS / "python" / name).write_text(text, encoding="utf-8")
    for name in BESIDE:
        text = (DOCS.parent / name).read_text(encoding="utf-8")
        (DOCS / "project" / name).write_text(text.replace("](docs/", "](../"), encoding="utf-8")


def rewrite_docstring(_app: object, _what: str, _name: str, _value: object, _options: object, lines: list[str]) -> None:
    """Rewrite a docstring in place, before its sections are read."""
    lines[:] = markup.restructured(lines)


def skip(_app: object, _what: str, name: str, value: object, _skip: bool, _options: object) -> bool | None:
    """Return True for what scikit-learn's base classes add, which its own site explains, and for the number of a pickle's format."""
    return True if name == "PICKLE_FORMAT" or str(getattr(value, "__module__", "")).startswith("sklearn.") else None


def link_to_copies(_app: object, name: str, text: list[str]) -> None:
    """Let links to files beside docs/ lead to their copies in the site."""
    for beside in () if name.startswith("project/") else BESIDE:
        text[0] = text[0].replace(f"](../{beside})", f"](project/{beside})")


def setup(app: Sphinx) -> None:
    """Connect what is done while the site is built."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", rewrite_docstring, priority=400)
    app.connect("autodoc-skip-member", skip)
    app.connect("source-read", link_to_copies)
