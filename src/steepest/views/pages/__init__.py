"""Pages: a run as an interactive page in one HTML file, for the browser, a report or a notebook."""

import html
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from steepest.analysis.evaluate import CLASSES, rows_of
from steepest.analysis.path_result import Path
from steepest.data.sample import Sample
from steepest.data.sources.matrices import as_matrix
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, Option, UsageError
from steepest.summaries.summarize import summarize
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import check_kind, check_text
from steepest.support.files import write_whole
from steepest.support.looks import Shown
from steepest.views.pages.packing import Json
from steepest.views.pages.payload import Rows, payload, problem_with, thinned

__all__ = ["Page", "Rows", "StoredPage", "page", "page_of_rows", "problem_with", "thinned"]

FRAME_HEIGHT = 900


@dataclass(frozen=True, eq=False)
class Page(Shown):
    """A run's interactive page; a notebook shows it, `save` writes it.

    Args:
        payload: the numbers and names it is made of (JSON types).
        others: payloads of further data sets to choose from.
    """

    payload: Json = field(repr=False)
    others: Sequence[Json] = field(repr=False, default=())

    def _told(self) -> Iterator[str]:
        yield f" of {self.payload.get('title') or 'a run'}; a notebook shows it, save() writes it to a file"

    @cached_property
    def html(self) -> str:
        """The page as one HTML document that asks the network for nothing."""
        from steepest.views.pages.document import document  # noqa: PLC0415 - a page is asked for

        return document([self.payload, *self.others]).html

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> FilePath:
        """Write the page to one file, whole or not at all.

        Args:
            path: the file to make.
            force: replace a file that is there.

        Raises:
            UsageError: the file exists, or its folder does not.
        """
        target = FilePath(path)
        if target.is_dir() or (target.exists() and not force):
            raise UsageError(f"{target} exists already.", "give another name", remedies.REPLACE)
        if not target.parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write {target.name} into. Make it first.")
        write_whole(target, self.html.encode(), force=force)
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


@dataclass(frozen=True, eq=False, repr=False)
class StoredPage(Page):
    """A page as it was written to a file.

    Args:
        content: the file.
    """

    content: str = field(repr=False, default="")

    @cached_property
    def html(self) -> str:
        """The page as one HTML document that asks the network for nothing."""
        return self.content


def page(
    run: Trajectory | Path, X: object = None, y: object = None, *, held_out: object = None, title: str = ""
) -> Page:
    """Return a run as an interactive page: sliders for every setting, pictures that follow them.

    A notebook shows it by itself; `.save("report.html")` writes one file that works from disk without a network. A path of sparse
    models has a page too, with a slider along the penalty; it takes no rows.

    Args:
        run: a run of one target, or of several classes; or what `steepest.path` gave.
        X: rows to show, shape (n, d), as the run learned from them; a picture of them needs some.
        y: their targets, shape (n,), or labels of classes.
        held_out: held-out rows, a Triangle or (X, y), for their error along the run; of another loss than squares (X, y), for their loss.
        title: what the page is called.

    Raises:
        UsageError: several targets, or more than 250 parameters; rows beside a path; a triangle of held-out rows of another loss than squares.
        DataError: the rows have other columns.

    Example:
        >>> import steepest
        >>> run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5])
        >>> page(run, [[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]).html[:15]
        '<!DOCTYPE html>'
    """
    if isinstance(run, Path):
        return _of_path(run, (X, y, held_out), title)
    check_kind("run", run, Trajectory), check_text("title", title)
    sample = None if X is None else thinned(_sample(run, X, y))
    if held_out is not None and not run.problem.is_quadratic:
        return page_of_rows(run, Rows(sample, test_sample=_rows_held_out(run, held_out)), title=title)
    held = held_out if held_out is None or isinstance(held_out, Triangle) else _summarized(held_out)
    if held is not None and len(held.features) != len(run.features):
        raise DataError(f"the held-out rows have {len(held.features)} features and the run has {len(run.features)}.")
    if held is not None and held.log_target != run.problem.triangle.log_target:
        raise DataError(
            "of the run and the held-out rows, only one has a logarithm for its target.",
            "summarize those rows from a source like the run's (" + Option("log_target", ...) + ")",
        )
    return page_of_rows(run, Rows(sample, held), title=title)


def _of_path(path: Path, rows: tuple[object, ...], title: str) -> Page:
    if any(given is not None for given in rows):
        raise UsageError("the page of a path shows no rows.", "leave X, y and held_out out")
    return path.page(title=title)


def page_of_rows(run: Trajectory, rows: Rows | None = None, *, title: str = "") -> Page:
    """Return the page of a run with rows that were kept of its pass, see `page`."""
    return Page(payload(run, run.problem.triangle, rows, title=title))


def _sample(run: Trajectory, X: object, y: object) -> Sample:
    if run.objective in CLASSES:
        batches = list(rows_of(run, X, y))
        inputs, targets = (np.concatenate([getattr(batch, name) for batch in batches]) for name in ("X", "y"))
    else:
        inputs, targets = as_matrix(X, "X"), as_matrix(y, "y")
    if inputs.shape[1] != len(run.features) or len(inputs) != len(targets):
        raise DataError(
            f"rows to show need {len(run.features)} features and a target each; got X {inputs.shape} and y {targets.shape}."
        )
    return Sample(inputs, targets, np.arange(len(inputs), dtype=np.uint64))


def _rows_held_out(run: Trajectory, held_out: Any) -> Sample:
    """The rows themselves, which another loss than squares needs."""
    if isinstance(held_out, Triangle):
        raise UsageError(f"a triangle has no rows, which a {run.objective} loss needs. Give held_out=(X, y).")
    try:
        X, y = held_out
    except (TypeError, ValueError):
        raise UsageError(f"held_out is (X, y); got {type(held_out).__name__}.") from None
    return _sample(run, X, y)


def _summarized(held_out: Any) -> Triangle:
    try:
        X, y = held_out
    except (TypeError, ValueError):
        raise UsageError(f"held_out is a Triangle or (X, y); got {type(held_out).__name__}.") from None
    return summarize(X, y)
