"""Solution: the exact least-squares answer, refined beyond float64 by further looks at the rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from steepest.batch import Batch, FloatArray
from steepest.coding import Coding
from steepest.coordinates import Coordinates
from steepest.double_double import Pair, add, scaled, total, two_product
from steepest.errors import UsageError
from steepest.inputs import in_order
from steepest.quadratic import Quadratic
from steepest.sources import MissingPolicy, open_source
from steepest.summarize import read, triangle_of
from steepest.trajectory import Scalar
from steepest.triangle import Triangle

MOST_LOOKS = 8
CHUNK = 1 << 18  # numbers worked on together, a few temporary arrays of 2 MB each
Look = Callable[[], Iterator[Batch]]
CONTRACTS = 0.1  # a correction is taken where it leaves at most this share of the error it corrects


@dataclass(frozen=True, eq=False)
class Solution:
    """The least-squares answer of a table, in the data's own units. Made by `steepest.solve`.

    Args:
        features: names of the d inputs.
        targets: names of the t targets.
        weights: shape (d,), or (d, t) for several targets; target units per feature unit.
        bias: a float, or shape (t,); target units.
        rmse: √(Σ w r² / Σ w), target units.
        corrections: relative size of each of them, in standardized inputs; the last one says how exact the answer is.
        triangle: of the rows.
        coding: how the features were made from a table's columns.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    weights: FloatArray
    bias: Scalar
    rmse: Scalar
    corrections: tuple[float, ...]
    triangle: Triangle
    coding: Coding | None = None

    @property
    def passes(self) -> int:
        """How many looks at the rows after the first changed the answer."""
        return len(self.corrections)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Return X @ weights + bias for X (n, d), an array or a data frame of the features: shape (n,), or (n, t)."""
        return np.asarray(in_order(X, self.features) @ self.weights + self.bias)


def solve(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    fit_intercept: bool = True,
) -> Solution:
    """Return the least-squares answer to the last digits that float64 data allow.

        theta ← theta + (RᵀR)⁻¹·Aᵀ(y - A·theta)         residuals and sums with 32 digits, R from the first pass

    The first pass makes the triangle and its answer, whose relative error is about ε·κ to ε·κ². Each further one looks
    at the rows again and leaves about ε·κ² of the error, until nothing changes: one that
    corrects and one that finds nothing more, as a rule. κ is the condition
    number of the standardized inputs; where ε·κ² is above 0.1, or `data` is a triangle, the first answer stays.

    Args:
        data: as `descend`; rows are read several times.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a table.
        features: names of the inputs.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        fit_intercept: whether the model has a bias.

    Returns:
        a Solution: weights, bias, rmse, corrections.

    Raises:
        DataError: the data cannot be used; says which column and row.
        UsageError: the arguments do not go together.

    Example:
        >>> x = np.arange(21.0)
        >>> powers = np.column_stack([x**k for k in range(1, 6)])          # NIST's Wampler 1
        >>> answer = solve(powers, 1 + powers.sum(axis=1))
        >>> float(answer.bias), answer.weights.tolist(), answer.passes
        (1.0, [1.0, 1.0, 1.0, 1.0, 1.0], 1)

    Source: Björck, "Numerical Methods for Least Squares Problems", SIAM 1996, sections 2.9.2 and 6.6.5.
    """
    held = triangle_of(data)
    if held is not None:
        if y is not None or target is not None or features is not None or weight is not None:
            raise UsageError("a Triangle holds its columns already: y, target, features and weight belong to tables.")
        return refine(held, None, fit_intercept=fit_intercept)
    source = open_source(data, y, target=target, features=features, weight=weight, missing=missing)
    return refine(read(source, sample_rows=0).triangle, source.batches, fit_intercept=fit_intercept)


def refine(triangle: Triangle, look: Look | None, *, fit_intercept: bool = True) -> Solution:
    """Return the least-squares answer of a triangle, corrected by further looks at its rows.

    Args:
        triangle: of the rows.
        look: yields the same rows in batches each time it is called; None where they are gone.
        fit_intercept: whether the model has a bias.
    """
    answer = _Answer.of(triangle, fit_intercept)
    corrections: list[float] = []
    while look is not None and answer.contraction < CONTRACTS and len(corrections) < MOST_LOOKS:
        step = answer.correction(look())
        moved, size = answer.moved(step), answer.relative(step)
        stalls = bool(corrections) and size > CONTRACTS * corrections[-1]
        if stalls or np.array_equal(moved.theta, answer.theta):
            break
        answer, corrections = moved, [*corrections, size]
    return _solution(triangle, answer, tuple(corrections))


@dataclass(frozen=True, eq=False)
class _Answer:
    """An answer, and what it takes to correct it.

    Args:
        coordinates: the standardized inputs, in which corrections are computed.
        quadratic: the squared loss there.
        theta: parameters in the data's own units, [bias; weights], shape (p, t).
    """

    coordinates: Coordinates
    quadratic: Quadratic
    theta: FloatArray

    @classmethod
    def of(cls, triangle: Triangle, fit_intercept: bool) -> "_Answer":
        """Return the triangle's own answer."""
        coordinates = triangle.coordinates("standardized", fit_intercept=fit_intercept)
        quadratic = Quadratic.of(triangle, coordinates)
        weights, bias = coordinates.to_raw(quadratic.minimum)
        return cls(coordinates, quadratic, np.vstack([bias, weights]) if fit_intercept else weights)

    @property
    def contraction(self) -> float:
        """ε·κ²: what a correction leaves of the error, about."""
        return float(np.finfo(np.float64).eps * self.quadratic.modes.condition_number)

    def correction(self, batches: Iterator[Batch]) -> FloatArray:
        """(RᵀR)⁻¹·Aᵀ(y - A·theta) in standardized inputs, shape (p, t), from one look at the rows."""
        gradient = self._gradient(batches)
        if self.coordinates.fit_intercept:
            first = (gradient[0][:1], gradient[1][:1])
            shifted = add((gradient[0][1:], gradient[1][1:]), scaled(first, -self.coordinates.shift[:, None]))
            standard = np.vstack([first[0], shifted[0] / self.coordinates.scale[:, None]])
        else:
            standard = gradient[0] / self.coordinates.scale[:, None]
        V, eigenvalues = self.quadratic.modes.directions, self.quadratic.modes.eigenvalues
        return np.asarray(V @ ((V.T @ standard) / (self.quadratic.total_weight * eigenvalues[:, None])))

    def _gradient(self, batches: Iterator[Batch]) -> Pair:
        """Aᵀ(y - A·theta) over all rows with 32 digits, each shape (p, t)."""
        gradient = (np.zeros_like(self.theta), np.zeros_like(self.theta))
        for batch in batches:
            size = max(1, CHUNK // self.quadratic.size)
            for start in range(0, len(batch), size):
                rows = batch.take(slice(start, start + size))
                rows = rows if rows.weight is None else rows.take(rows.weight > 0)
                for t in range(len(batch.targets)):
                    high, low = self._gradient_of(rows, t)
                    column = add((gradient[0][:, t], gradient[1][:, t]), (high, low))
                    gradient[0][:, t], gradient[1][:, t] = column
        return gradient

    def _gradient_of(self, rows: Batch, t: int) -> Pair:
        """The same over some rows and for one target, each shape (p,)."""
        ones = np.ones((len(rows), 1))
        A = np.hstack([ones, rows.X]) if self.coordinates.fit_intercept else rows.X
        high, low = two_product(A, -self.theta[:, t])
        predicted = total((high.T, low.T))
        residual = add((rows.y[:, t], np.zeros(len(rows))), predicted)
        if rows.weight is not None:
            residual = scaled(residual, rows.weight)
        return total(scaled((residual[0][:, None], residual[1][:, None]), A))

    def relative(self, step: FloatArray) -> float:
        """The size of a correction beside the answer, both in standardized inputs."""
        size = np.linalg.norm(self.quadratic.minimum, axis=0)
        return float(np.max(np.linalg.norm(step, axis=0) / np.where(size > 0, size, 1.0)))

    def moved(self, step: FloatArray) -> "_Answer":
        """Return the answer after a correction."""
        weights, bias = self.coordinates.to_raw(step)
        raw = np.vstack([bias, weights]) if self.coordinates.fit_intercept else weights
        return replace(self, theta=self.theta + raw)


def _solution(triangle: Triangle, answer: _Answer, corrections: tuple[float, ...]) -> Solution:
    """Round an answer to float64."""
    theta, one = answer.theta, len(triangle.targets) == 1
    weights = theta[1:] if answer.coordinates.fit_intercept else theta
    bias = theta[0] if answer.coordinates.fit_intercept else np.zeros(len(triangle.targets))
    rmse = answer.quadratic.rmse(answer.quadratic.minimum)
    return Solution(
        triangle.features,
        triangle.targets,
        weights[:, 0] if one else weights,
        float(bias[0]) if one else bias,
        float(rmse[0]) if one else rmse,
        corrections,
        triangle,
        triangle.coding,
    )
