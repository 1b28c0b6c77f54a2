"""Path settings: what a path may be asked for, checked: its l1 share, its penalties and a factor for each input."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from steepest.data.coding import Coding
from steepest.errors import DataError, Option, UsageError
from steepest.summaries.qr import lengths
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import as_float, check_list, is_many, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names, number

PathChoice = Literal["best", "one_standard_error", "bic", "aic", "cp"]
SMALLEST_RATIO = 1e-6  # below, the largest penalty says nothing about a path any more
GRID = 100  # penalties of a path where none are given, as in scikit-learn
SMALLEST_SHARE = 1e-3  # the last of them beside the first
SMALLEST_SPREAD, LARGEST_SPREAD = (
    1e-145,
    1e145,
)  # of a target: squares of a millionth of it, and sums of squares, are floats


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
    named = _by_feature(given, triangle) if isinstance(given, Mapping) else None
    factors = [named.get(name, 1.0) for name in triangle.features] if named is not None else list(given)
    if len(factors) != len(triangle.features):
        raise UsageError(
            Option("penalty_factors") + f" are as many as inputs, {len(triangle.features)}; got {len(factors)}."
        )
    for factor in factors:
        if not 0 <= as_float(factor) < np.inf:
            raise UsageError(Option("penalty_factors") + f" must be finite numbers, 0 or larger; got {shown(factor)}.")
    return np.array([as_float(factor) for factor in factors])


def _by_feature(given: Mapping[str, float], triangle: Triangle) -> dict[str, float]:
    """The factor of each feature that is named, or whose column is: a feature's own name counts before its column's."""
    by_feature: dict[str, float] = {}
    for name, factor in given.items():
        made = features_of(name, triangle.features, triangle.coding)
        if not made:
            known = triangle.features if triangle.coding is None else triangle.coding.raw_names
            raise UsageError(
                Option("penalty_factors")
                + f" name an unknown input, {shown(name)}. The inputs are {join_names(known)}."
            )
        by_feature |= {one: factor for one in made if one == name or one not in given}
    return by_feature


def features_of(name: str, features: tuple[str, ...], coding: Coding | None) -> set[str]:
    """Return the feature of this name, or else the features that there would not be without the column of this name; empty for none."""
    if name in features:
        return {name}
    if coding is None or name not in coding.raw_names:
        return set()
    gone = {column.name for column in coding.columns if column.raw == name}
    columns = tuple(column for column in coding.columns if column.name not in gone)
    pairs = tuple(pair for pair in coding.interactions if not gone.intersection(pair))
    return set(features) - set(replace(coding, columns=columns, interactions=pairs).features)


def check_size(triangle: Triangle) -> None:
    """Raise DataError where the squares of what the target varies by are too small or too large for float64."""
    # not `deviations`, which take so small a spread for none
    spread = float(lengths(triangle.centred)[-1] / math.sqrt(triangle.total_weight)) if triangle.row_count else 0.0
    if spread and not SMALLEST_SPREAD < spread < LARGEST_SPREAD:
        raise DataError(
            f"the target's standard deviation is {spread:.3g}, and squares of such numbers leave float64.",
            "give the target in other units",
        )


def penalty_grid(given: Sequence[float] | None, largest: float, also: Sequence[float] = ()) -> FloatArray:
    """Return the penalties of a path, falling: those given, or 100 from the largest that matters on; and those beside them.

    Raises:
        UsageError: a penalty is out of its range.
        DataError: none is given, and none matters.
    """
    beside = tuple(also) if is_many(also) else also  # an iterator has no length
    more = [] if isinstance(beside, tuple) and not beside else _checked("also", beside)
    if given is None:
        if largest == 0:
            raise DataError(
                "every penalized coefficient is 0 at every penalty: no such input has anything to do with the target.",
                "give a target and inputs that vary",
                "penalize at least one of them, and leave its sign free",
            )
        grid = np.asarray(np.geomspace(largest, largest * SMALLEST_SHARE, GRID))
        return np.unique(np.append(grid, more))[::-1] if more else grid
    return np.unique(_checked("penalties", given) + more)[::-1]


def _checked(name: str, given: Sequence[float]) -> list[float]:
    """Penalties as floats."""
    listed = check_list(name, given, "penalties")
    for value in listed:
        if not 0 < as_float(value) < np.inf:
            said = shown(value) if math.isnan(as_float(value)) else number(as_float(value))
            raise UsageError(Option(name) + f" must be finite numbers above 0; got {said}.")
    return [as_float(value) for value in listed]
