"""Notices: warnings that point at the line of the user's own code, however deep in this package they arise."""

import sys
import warnings

PACKAGE = __name__.partition(".")[0]


def warn(warning: Warning) -> None:
    """Warn at the first line outside of this package on the way out of here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(warning, stacklevel=level)
