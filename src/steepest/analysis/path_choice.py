"""Path choice: which model of a path is taken: by held-out rows, by a criterion, or by its penalty."""

from typing import get_args

import numpy as np

from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.errors import Option, UsageError
from steepest.support.arguments import as_float, shown

CRITERIA = {"bic": "BIC", "aic": "AIC", "cp": "Mallows' Cp"}


def choose_model(path: Path, choose: PathChoice | float = "best") -> tuple[SparseModel, str]:
    """Return a model of a path, and why it was taken.

    A criterion is compared at every knot of a lasso, which is exact: between two knots the fit gets better and no coefficient
    comes in, so none is smaller there. Of an elastic net it is compared at the penalties of the path.

    Args:
        path: the path.
        choose: "best" (smallest held-out RMSE), "one_standard_error" (largest penalty within a standard error of it), "bic",
            "aic", "cp", or a penalty.

    Raises:
        UsageError: an unknown word, no row was held out, or the path was not followed so far down.
        DataError: a criterion needs more rows than coefficients.

    Example:
        >>> import steepest
        >>> x = np.arange(20.0)[:, None]
        >>> model, why = choose_model(steepest.path(x, x[:, 0] + np.cos(9 * x[:, 0])), "bic")
        >>> round(model.penalty, 3), why
        (0.033, 'smallest BIC of the whole path')
    """
    if not isinstance(choose, str) and as_float(choose) >= 0:
        return path.model(as_float(choose)), "the penalty that was given"
    word = _check_word(choose)
    if word == "best":
        return path.best, f"smallest held-out {path.measure} of {_count(len(path.penalties))}"
    if word == "one_standard_error":
        return path.one_standard_error, "largest penalty within one standard error of the best"
    penalties = path.knots if path.is_linear_between_knots else path.penalties
    values = getattr(path, word)(penalties)
    where = "the whole path" if path.is_linear_between_knots else _count(len(penalties))
    return path.model(float(penalties[np.argmin(values)])), f"smallest {CRITERIA[word]} of {where}"


def _count(penalties: int) -> str:
    return "1 penalty" if penalties == 1 else f"{penalties:,} penalties"


def _check_word(choose: object) -> str:
    """Return a word that chooses.

    Raises:
        UsageError: it is none.
    """
    words = get_args(PathChoice)
    if not (isinstance(choose, str) and choose in words):
        listed = ", ".join(f'"{word}"' for word in words)
        raise UsageError(Option("choose") + f" is one of {listed}, or a penalty, 0 or larger; got {shown(choose)}.")
    return choose
