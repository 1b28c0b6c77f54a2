"""Path notes: what a reader of a path ought to know before believing it, a sentence each."""

import numpy as np

from steepest.analysis.path_result import Path
from steepest.support.words import join_names, number, shorten

MOST_COMPARED = 1_000  # inputs of which each pair is compared
SAME = 1e-14  # how far from 1 the correlation of columns that are the same is, by rounding
MOST_NAMES = 8


def path_notes(path: Path) -> tuple[str, ...]:
    """Return sentences on penalties at which nothing is in use, on a best penalty at the end, and on columns that say nothing new.

    Example:
        >>> import steepest
        >>> x = np.arange(9.0)
        >>> X = np.column_stack([x, 2 * x, np.ones(9)])
        >>> for note in path_notes(steepest.path(X, x, folds=None, standardize=True)):
        ...     print(note)
        x3 is constant, so its coefficient is always 0.
        x1 and x2 vary exactly together: which of them is in use says nothing about either.
    """
    notes = [_nothing_in_use(path), _best_at_the_end(path), _constant(path)]
    return tuple([note for note in notes if note] + _together(path))


def _nothing_in_use(path: Path) -> str:
    if path.penalties[-1] < path.largest_penalty:
        return ""
    least = number(path.largest_penalty)
    return f"No penalized input is in use at any penalty asked for: the first comes in below {least}."


def _best_at_the_end(path: Path) -> str:
    """What to do where the best penalty is the smallest that was tried."""
    if len(path.penalties) == 1 or not path.fold_mse.shape[1] or path.best.penalty != path.penalties[-1]:
        return ""
    return "The best penalty is the smallest that was tried: a smaller one, or none, may predict as well."


def _constant(path: Path) -> str:
    if not path.fit_intercept or not path.triangle.constant_features:
        return ""
    names = path.triangle.constant_features
    ends = "is constant, so its coefficient is" if len(names) == 1 else "are constant, so their coefficients are"
    return f"{_listed(names)} {ends} always 0."


def _together(path: Path) -> list[str]:
    """Of inputs that are the same up to a factor and a shift: a choice among them is arbitrary."""
    d = len(path.features)
    if d > MOST_COMPARED or not path.fit_intercept:
        return []
    centred, spread = path.triangle.centred[:, :d], path.triangle.deviations[:d]
    varying = np.flatnonzero(spread > 0)
    columns = centred[:, varying] / np.abs(centred[:, varying]).max(axis=0, initial=0.0)
    columns = columns / np.linalg.norm(columns, axis=0)
    same = np.abs(columns.T @ columns) >= 1 - SAME
    firsts = same.argmax(axis=0)  # the first column that each is the same as
    groups = [varying[firsts == first] for first in np.unique(firsts)]
    found = [tuple(path.features[j] for j in group) for group in groups if len(group) > 1]
    return [
        f"{_listed(names)} vary exactly together: which of them is in use says nothing about "
        + ("either." if len(names) == 2 else "the others.")
        for names in found[:MOST_NAMES]
    ]


def _listed(names: tuple[str, ...]) -> str:
    cut = [shorten(name, 24) for name in names[:MOST_NAMES]]
    return join_names(cut) if len(names) <= MOST_NAMES else f"{', '.join(cut)} and {len(names) - MOST_NAMES:,} more"
