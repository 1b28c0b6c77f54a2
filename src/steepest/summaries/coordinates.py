"""Coordinates: the columns as they are, centred or standardized, and the way back to the data's own units."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from steepest.support.arguments import check_flag
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map
from steepest.support.values import Value

PIECE = 1 << 18  # numbers of rows that one thread works through, 2 MB

CoordinatesName = Literal["raw", "centred", "standardized"]


def coordinates_name(standardize: object) -> CoordinatesName:
    """Return "standardized" or "raw"; raise UsageError where the answer is neither True nor False."""
    return "standardized" if check_flag("standardize", standardize) else "raw"


@dataclass(frozen=True, eq=False)
class Coordinates(Value):
    """The affine change of inputs u = (x - shift) / scale in which the descent is done.

    A model b + x·w of the data is the model b' + u·w' of the coordinates, with

        w' = scale * w            b' = b + shift · w
        w  = w' / scale           b  = b' - shift · w

    Parameters are stacked with the intercept first: theta = [b; w], shape (1 + d, t), or (d, t) without intercept.

    Args:
        name: "raw", "centred" or "standardized".
        shift: what is taken from each column, shape (d,), in the column's units.
        scale: what each column is divided by, shape (d,), in the column's units, never 0.
        fit_intercept: whether the first row of theta is an intercept.
    """

    name: CoordinatesName
    shift: FloatArray
    scale: FloatArray
    fit_intercept: bool = True

    def of_rows(self, X: FloatArray) -> FloatArray:
        """Return inputs X (n, d) in these coordinates, a column of ones first where there is an intercept, shape (n, p)."""
        first = int(self.fit_intercept)
        U = np.empty((len(X), first + X.shape[1]))

        def fill(rows: slice) -> None:
            U[rows, :first] = 1.0
            if self.name == "raw":
                U[rows, first:] = X[rows]
            else:
                np.subtract(X[rows], self.shift, out=U[rows, first:])
                U[rows, first:] /= self.scale

        size = max(1, PIECE // U.shape[1])
        if len(X) <= size:
            fill(slice(None))
        else:
            parallel_map(fill, [slice(start, start + size) for start in range(0, len(X), size)])
        return U

    def to_raw(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (weights, bias) in the data's own units: shapes (..., d, t) and (..., t) for theta (..., p, t)."""
        if not self.fit_intercept:
            weights = theta / self.scale[:, None]
            return weights, np.zeros_like(weights[..., 0, :])
        weights = theta[..., 1:, :] / self.scale[:, None]
        bias = theta[..., 0, :] - (self.shift[:, None] * weights).sum(axis=-2)
        return weights, bias

    def from_raw(self, weights: FloatArray, bias: FloatArray) -> FloatArray:
        """Return theta, shape (p, t), for weights (d, t) and bias (t,) given in the data's own units."""
        inner = weights * self.scale[:, None]
        if not self.fit_intercept:
            return inner
        return np.vstack([bias + (self.shift[:, None] * weights).sum(axis=0), inner])

    def moved(self, theta: FloatArray, other: "Coordinates") -> FloatArray:
        """Return parameters of these coordinates, shape (..., p), as those of others, without a detour over the data's own units.

        The bias changes by the difference of two shifts, which is exact for numbers that lie close together.
        """
        first = int(self.fit_intercept)
        slopes = theta[..., first:] / self.scale
        bias = theta[..., :first] + (slopes * (other.shift - self.shift)).sum(axis=-1, keepdims=True)[..., :first]
        return np.concatenate([bias, slopes * other.scale], axis=-1)

    def parameter_names(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """Return the p names of theta's rows."""
        return ("intercept", *features) if self.fit_intercept else features
