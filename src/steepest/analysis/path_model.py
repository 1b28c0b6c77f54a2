"""Path model: one sparse model of a path as a value."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from steepest.support.arrays import FloatArray
from steepest.support.values import Value
from steepest.support.words import number, pluralize, shorten


@dataclass(frozen=True, eq=False)
class SparseModel(Value):
    """One model of a path.

    Args:
        penalty: in scikit-learn's convention, see `steepest.path`.
        features: names of the d inputs.
        coefficients: shape (d,), target units per feature unit.
        bias: target units.
        degrees_of_freedom: columns in use, the bias not counted; with l2 the trace of the map from targets to predictions.
        rmse: √(Σ w r² / Σ w) of the rows learned from.
        cv_rmse: held-out √(Σ w r² / Σ w) over all folds; nan where no row was held out.
        standard_error: of the folds' mean squared errors, turned into units of cv_rmse; nan with one held-out set.
    """

    penalty: float
    features: tuple[str, ...]
    coefficients: FloatArray
    bias: float
    degrees_of_freedom: float
    rmse: float
    cv_rmse: float
    standard_error: float

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the inputs whose coefficient is not 0."""
        return tuple(name for name, value in zip(self.features, self.coefficients, strict=True) if value != 0)

    def _told(self) -> Iterator[str]:
        yield f": penalty {number(self.penalty)}, {pluralize(len(self.active), 'input')} of {len(self.features)}"
        held = "" if math.isnan(self.cv_rmse) else f", held-out RMSE {number(self.cv_rmse)}"
        yield f"RMSE {number(self.rmse)}{held}"
        yield f"in use: {shorten(', '.join(self.active))}" if self.active else "no input is in use"

    @property
    def line(self) -> str:
        """The model on one line."""
        first, second, _ = self._told()
        return f"{first.removeprefix(': ')}; {second}"
