"""Notices: what the reader should know of a table although the answer is defined."""

import warnings

from steepest.errors import DataWarning
from steepest.objectives.quadratic import Quadratic
from steepest.summaries.triangle import Triangle
from steepest.support.words import join_names


def tell_open_coefficients(triangle: Triangle, quadratic: Quadratic, stacklevel: int) -> None:
    """Warn of columns that leave their coefficients open; the answer is then the one of minimum norm."""
    constant = triangle.constant_features if quadratic.fit_intercept else ()
    if constant:
        warnings.warn(
            f"constant: {join_names(constant)} {'does' if len(constant) == 1 else 'do'} not vary "
            "between rows, as far as float64 can tell, and cannot be told from the intercept. A coefficient there has no "
            "meaning of its own; leave it out.",
            DataWarning,
            stacklevel=stacklevel + 1,
        )
    dependent = [name for name in quadratic.dependent(triangle.features) if name not in constant]
    if dependent and "intercept" not in dependent:
        warnings.warn(
            f"collinear: {join_names(dependent)} can be computed from the other columns, so many coefficients are equally good. "
            "The run goes to those nearest its start (minimum norm); leave a column out, or set l2 above 0.",
            DataWarning,
            stacklevel=stacklevel + 1,
        )
