"""Path settings: what a path may be asked for, checked: its l1 share, its penalties and a factor for each input."""

from collections.abc import Mapping, Sequence

import numpy as np

from steepest.errors import DataError, Option, UsageError
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_float, check_list, is_many, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names

SMALLEST_RATIO = 1e-6  # below, the largest penalty says nothing about a path any more
GRID = 100  # penalties of a path where none are given, as in scikit-learn
SMALLEST_SHARE = 1e-3  # the last of them beside the first


def check_ratio(ratio: object) -> float:
    """Return the share of a penalty that is l1; raise UsageError where it is out of its range."""
    if not SMALLEST_RATIO <= as_float(ratio) <= 1:
        raise UsageError(
            Option("l1_ratio") + f" must lie between 0.000001 and 1, the lasso; got {shown(ratio)}. "
            "Without an l1 part no coefficient becomes 0: descend with l2."
        )
    return as_float(ratio)


def check_ratios(given: float | Sequence[float], is_judged: bool) -> list[float]:
    """Return the ratios, each once, in the order given."""
    listed = check_list("l1_ratio", given, "shares") if is_many(given) else [given]
    ratios = list(dict.fromkeys(check_ratio(ratio) for ratio in listed))
    if len(ratios) > 1 and not is_judged:
        raise UsageError(
            "of several l1_ratios the one that predicts held-out rows best is taken, and no row is held out.",
            "give path() folds or a validation set",
            "give one l1_ratio",
        )
    return ratios


def check_factors(given: Mapping[str, float] | Sequence[float] | None, triangle: Triangle) -> FloatArray:
    """Return the penalty factor of each input, in the triangle's order.

    Raises:
        UsageError: a name is unknown, or a factor is out of its range.
    """
    if given is None:
        return np.ones(len(triangle.features))
    if not is_many(given):
        raise UsageError(Option("penalty_factors") + f" are numbers, by name or in order; got {shown(given)}.")
    named = dict(given) if isinstance(given, Mapping) else None
    if named is not None and (unknown := [name for name in named if name not in triangle.features]):
        raise UsageError(
            Option("penalty_factors")
            + f" name an unknown input, {shown(unknown[0])}. The inputs are {join_names(triangle.features)}."
        )
    factors = [named.get(name, 1.0) for name in triangle.features] if named is not None else list(given)
    if len(factors) != len(triangle.features):
        raise UsageError(
            Option("penalty_factors") + f" are as many as inputs, {len(triangle.features)}; got {len(factors)}."
        )
    for factor in factors:
        if not 0 <= as_float(factor) < np.inf:
            raise UsageError(Option("penalty_factors") + f" must be finite numbers, 0 or larger; got {shown(factor)}.")
    return np.array([as_float(factor) for factor in factors])


def penalty_grid(given: Sequence[float] | None, largest: float) -> FloatArray:
    """Return the penalties of a path, falling: those given, or 100 from the largest that matters on.

    Raises:
        UsageError: a penalty is out of its range.
        DataError: none is given, and none matters.
    """
    if given is None:
        if largest == 0:
            raise DataError(
                "every penalized coefficient is 0 at every penalty: no such input has anything to do with the target.",
                "give a target and inputs that vary",
                "penalize at least one of them, and leave its sign free",
            )
        return np.asarray(np.geomspace(largest, largest * SMALLEST_SHARE, GRID))
    listed = check_list("penalties", given, "penalties")
    for value in listed:
        if not 0 < as_float(value) < np.inf:
            raise UsageError(Option("penalties") + f" must be finite numbers above 0; got {shown(value)}.")
    return np.unique([as_float(value) for value in listed])[::-1]
