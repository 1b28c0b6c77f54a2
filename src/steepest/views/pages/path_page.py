"""Path page: a path of sparse models as an interactive page in one HTML file; its pictures are drawn by its own script."""

from dataclasses import dataclass
from functools import cached_property

from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.errors import DataError, UsageError
from steepest.support.arguments import check_kind, check_text
from steepest.views.colors import BLUE, GREEN, PINK, SKY, YELLOW
from steepest.views.pages import Page
from steepest.views.pages.filling import as_json, filled, policy_of
from steepest.views.pages.path_payload import path_payload
from steepest.views.pages.scripts import path_script, text

LINES = (BLUE, GREEN, PINK, YELLOW, SKY)
"""Colors of inputs; orange is what moves, and grey the other inputs."""


@dataclass(frozen=True, eq=False, repr=False)
class PathPage(Page):
    """A path's interactive page; a notebook shows it, `save` writes it."""

    @cached_property
    def html(self) -> str:
        """The page as one HTML document that asks the network for nothing."""
        script = path_script()
        return filled(
            text("path.html"),
            policy=policy_of(script, connect="'none'"),
            style=text("page.css") + text("path.css"),
            payload=as_json({**self.payload, "colors": LINES}),
            script=script,
        )


def path_page(path: Path, choose: PathChoice | float | None = None, *, title: str = "") -> PathPage:
    """Return a path as an interactive page: a slider along the penalty, and the model at each.

    Args:
        path: what `steepest.path` gave.
        choose: which model is marked as chosen, as `Model.of_path`; default: the best on held-out rows, or without any the one of BIC
            where there is one, else the last of the path.
        title: what the page is called.

    Raises:
        UsageError: an unknown choice, or one that this path does not have.

    Example:
        >>> import numpy as np
        >>> import steepest
        >>> x = np.arange(20.0)[:, None]
        >>> page = path_page(steepest.path(x, x[:, 0] + np.cos(9 * x[:, 0])))
        >>> page.html[:15], len(page.html) < 60_000
        ('<!DOCTYPE html>', True)
    """
    check_kind("path", path, Path), check_text("title", title)
    return PathPage(path_payload(path, _default(path) if choose is None else choose, title=title))


def _default(path: Path) -> PathChoice | float:
    """The choice where nobody made one."""
    if path.fold_mse.shape[1]:
        return "best"
    try:
        path.bic(path.penalties[:1])
    except (DataError, UsageError):
        return float(path.penalties[-1])
    return "bic"
