"""Notices: warnings that point at the line of the user's own code, however deep in this package they arise."""

import sys
import warnings

from steepest.support.numerics import numeric

PACKAGE = __name__.partition(".")[0]
WRAPPER = "sklearn.callback._callback_support"
"""What stands between a method of an estimator and who called it."""


def warn(warning: Warning) -> None:
    """Warn at the first line outside of this package on the way out of here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)


def _is_inside(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE or module == WRAPPER


def asked_from_outside() -> bool:
    """Say whether the function that asks was called from outside of this package, and not by another door of it."""
    frame = sys._getframe(1)
    own = {frame.f_globals.get("__name__"), numeric.__module__}
    while frame.f_back is not None and frame.f_globals.get("__name__") in own:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] != PACKAGE
