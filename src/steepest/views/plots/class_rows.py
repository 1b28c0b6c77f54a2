"""Class rows: what a run of classes says of some rows, and of held-out ones, for the pictures of classes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from steepest.analysis.classification import Classification
from steepest.analysis.evaluate import CLASSES, evaluate
from steepest.descent.trajectory import Trajectory
from steepest.errors import Option, UsageError
from steepest.support.arguments import check_kind, shown
from steepest.support.words import shorten

MOST_POINTS = 2000  # of a curve: more cannot be told apart on a screen


def check_classes(run: object, what: str) -> Trajectory:
    """Return a run of classes.

    Raises:
        UsageError: it predicts no classes.
    """
    checked = check_kind("run", run, Trajectory)
    if checked.objective not in CLASSES:
        raise UsageError(
            f"a picture of {what} is of classes, and this run predicts numbers.",
            "descend on the loss of classes (" + Option("loss", "logistic") + ")",
        )
    return checked


def evaluated(
    run: Trajectory, X: ArrayLike, y: ArrayLike, held_out: Any, what: str, offset: Any = None, exposure: Any = None
) -> tuple[tuple[str, Classification], ...]:
    """Return how good a run is on rows, and on held-out ones where they are given, each with its name.

    Args:
        run: a run of classes.
        X: rows.
        y: their targets.
        held_out: (X, y) of held-out rows, or with their offset (X, y, offset); None for none.
        what: is drawn, for the words.
        offset, exposure: of a run with an offset, that of the rows X.

    Raises:
        UsageError: the run predicts no classes, or held_out is no pair.
        DataError: X and y do not have the same rows.
    """
    beside = {"offset": offset} if exposure is None else {"offset": offset, "exposure": exposure}
    found = _evaluated(check_classes(run, what), X, y, **beside)
    if held_out is None:
        return (("rows", found),)
    X, y, *held = check_held_rows(run, held_out)
    return (
        ("training rows", found),
        ("held-out rows", _evaluated(run, X, y, **dict(zip([*beside][-1:], held, strict=False)))),
    )


def check_held_rows(run: Trajectory, held_out: Any) -> Any:
    """Return held-out rows (X, y), and of a run with an offset theirs.

    Raises:
        UsageError: they are something else.
    """
    if not isinstance(held_out, (tuple, list)) or not 2 <= len(held_out) <= 2 + run.problem.has_offset:
        raise UsageError(Option("held_out") + f" is a pair (X, y) of held-out rows; got {shown(held_out)}.")
    return held_out


def _evaluated(run: Trajectory, X: Any, y: Any, **beside: Any) -> Classification:
    found = evaluate(run, X, y, **beside)
    assert isinstance(found, Classification)
    return found


def curves_of(groups: tuple[tuple[str, Classification], ...]) -> list[tuple[str, Classification, str | None]]:
    """Return what has a curve of its own: rows and held-out rows of two classes, each class of several on the last rows given."""
    _, found = groups[-1]
    if len(found.classes) > 2:
        return [(shorten(each, 24), found, each) for each in found.classes]
    return [(name, found, None) for name, found in groups]


def thinned(count: int) -> NDArray[np.intp]:
    """Return which points of a curve are drawn, the first and the last among them."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, MOST_POINTS)).astype(np.intp))
