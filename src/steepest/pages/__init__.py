"""Pages: a run as an interactive page in one HTML file, for the browser, a report or a notebook."""

import html
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from steepest.errors import UsageError
from steepest.files import write_whole
from steepest.pages.payload import Json, Rows, payload
from steepest.trajectory import Trajectory
from steepest.triangle import Triangle

__all__ = ["Page", "Rows", "page"]

FRAME_HEIGHT = 900


@dataclass(frozen=True, eq=False)
class Page:
    """A run's interactive page; a notebook shows it, `save` writes it.

    Args:
        payload: the numbers and names it is made of (JSON types).
    """

    payload: Json = field(repr=False)

    @cached_property
    def html(self) -> str:
        """The page as one HTML document that asks the network for nothing."""
        from steepest.pages.document import document  # noqa: PLC0415 - a page is asked for

        return document(self.payload)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the page to one file, whole or not at all.

        Args:
            path: the file to make.
            force: replace a file that is there.

        Raises:
            UsageError: the file exists, or its folder does not.
        """
        target = Path(path)
        if target.is_dir() or (target.exists() and not force):
            raise UsageError(f"{target} exists already. Give another name, or replace it with force.")
        if not target.parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write {target.name} into. Make it first.")
        write_whole(target, self.html.encode())
        return target

    def _repr_html_(self) -> str:
        """What Jupyter and marimo show: the page in a frame of its own, so that neither disturbs the other."""
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" width="100%" height="{FRAME_HEIGHT}" style="border:0" '
            'title="A run of gradient descent"></iframe>'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """The same for those who ask for all kinds at once."""
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def page(run: Trajectory, triangle: Triangle, rows: Rows | None = None, *, title: str = "") -> Page:
    """Return the interactive page of a run.

    Args:
        run: a run of one target.
        triangle: of the rows it learned from.
        rows: rows to show and held-out ones, or None.
        title: what the page is called.

    Raises:
        UsageError: several targets, a rule without closed form, or too many parameters for a page.
    """
    return Page(payload(run, triangle, rows, title=title))
