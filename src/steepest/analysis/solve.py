"""Solution: the exact least-squares answer, refined beyond float64 by further looks at the rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from steepest.data.batch import Batch
from steepest.data.coding import Coding
from steepest.data.inputs import in_order
from steepest.data.sources import MissingPolicy
from steepest.descent.state import Scalar
from steepest.errors import DataError
from steepest.objectives.problem import Problem
from steepest.summaries.double_double import Pair, add, scaled, total, two_product
from steepest.summaries.open_data import open_data
from steepest.summaries.summarize import read
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.looks import html_weights, numbers, on, weight_lines
from steepest.support.numerics import numeric, numerics
from steepest.support.values import Value
from steepest.support.words import pluralize

MOST_LOOKS = 8
CHUNK = 1 << 18  # numbers worked on together, a few temporary arrays of 2 MB each
Look = Callable[[], Iterator[Batch]]
SETTLED = 1e-30  # a correction below this share is the rounding of 32 digits
CONTRACTS = 0.1  # a correction is taken where it leaves at most this share of the error it corrects


@numeric
@dataclass(frozen=True, eq=False)
class Solution(Value):
    """The least-squares answer of a table, in the data's own units. Made by `steepest.solve`.

    Args:
        features: names of the d inputs.
        targets: names of the t targets.
        weights: shape (d,), or (d, t) for several targets; target units per feature unit.
        bias: a float, or shape (t,); target units.
        rmse: √(Σ w r² / Σ w), target units.
        corrections: relative size of each correction that was made, in standardized inputs; each leaves about ε·κ² of itself.
        looks: looks at the rows after the first; 0 where the condition number let no correction through, or rows were gone.
        triangle: of the rows.
        coding: how the features were made from a table's columns.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    weights: FloatArray
    bias: Scalar
    rmse: Scalar
    corrections: tuple[float, ...]
    looks: int
    triangle: Triangle
    coding: Coding | None = None

    def _told(self) -> Iterator[str]:
        yield f" by least squares: {on(self.targets, self.features)}, {pluralize(self.triangle.row_count, 'row')}"
        yield from weight_lines(self.features, self.targets, self.weights, self.bias)
        yield f"RMSE {numbers(self.rmse)}; {pluralize(self.looks, 'look')} at the rows after the first"

    def _repr_html_(self) -> str:
        """What a notebook shows: bias and weights."""
        caption, *_, note = self._told()
        return html_weights(f"Solution{caption}", self.features, self.targets, self.weights, self.bias, [note])

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
        >>> float(answer.bias), answer.weights.tolist(), answer.looks
        (1.0, [1.0, 1.0, 1.0, 1.0, 1.0], 2)

    Source: Björck, "Numerical Methods for Least Squares Problems", SIAM 1996, sections 2.9.2 and 6.6.5.
    """
    table = open_data(data, y, target=target, features=features, weight=weight, missing=missing)
    look = None if isinstance(table, Triangle) else table.batches
    return refine(read(table, sample_rows=0).triangle, look, fit_intercept=fit_intercept)


def refine(triangle: Triangle, look: Look | None, *, fit_intercept: bool = True) -> Solution:
    """Return the least-squares answer of a triangle, corrected by further looks at its rows.

    Args:
        triangle: of the rows.
        look: yields the same rows in batches each time it is called; None where they are gone.
        fit_intercept: whether the model has a bias.
    """
    with numerics():
        answer = _Answer.of(triangle, fit_intercept)
        answer.problem.warn_undetermined()
        rmse, looks = answer.problem.quadratic.rmse(answer.problem.quadratic.minimum), 0
        corrections: list[float] = []
        while look is not None and answer.contraction < CONTRACTS and looks < MOST_LOOKS:
            seen, looks = answer.look(look()), looks + 1
            seen.check(triangle)
            step, rmse = answer.correction(seen), seen.rmse
            moved, size = answer.moved(step), answer.relative(step)
            stalls = bool(corrections) and size > CONTRACTS * corrections[-1]
            if stalls or size < SETTLED or np.array_equal(moved.theta, answer.theta):
                break
            answer, corrections = moved, [*corrections, size]
        return _solution(triangle, answer, rmse, tuple(corrections), looks)


@dataclass(eq=False)
class _Seen:
    """What a look at the rows sums up, with 32 digits: Aᵀr (p, t), Σ w r² (t,), and the rows' number and weight."""

    gradient: Pair
    squares: Pair
    rows: int = 0
    weight: float = 0.0

    @property
    def rmse(self) -> FloatArray:
        """√(Σ w r² / Σ w), shape (t,)."""
        return np.asarray(np.sqrt(self.squares[0] / self.weight))

    def check(self, triangle: Triangle) -> None:
        """Raise DataError where these were other rows than the triangle's: a query may give others each time."""
        if self.rows != triangle.row_count or not np.isclose(self.weight, triangle.total_weight, rtol=1e-9):
            raise DataError(
                f"a further look at the rows found {self.rows:,} of weight {self.weight:g}, and the first one {triangle.row_count:,} of weight "
                f"{triangle.total_weight:g}. Give a table whose rows stay the same; a query needs an ORDER BY."
            )


@dataclass(frozen=True, eq=False)
class _Answer:
    """An answer, and what it takes to correct it.

    Args:
        problem: squared loss in standardized inputs, in which corrections are computed.
        theta: parameters in the data's own units, [bias; weights], shape (p, t).
    """

    problem: Problem
    theta: FloatArray

    @classmethod
    def of(cls, triangle: Triangle, fit_intercept: bool) -> "_Answer":
        """Return the triangle's own answer."""
        problem = Problem.of(triangle, "standardized", fit_intercept=fit_intercept)
        weights, bias = problem.to_raw(problem.quadratic.minimum)
        return cls(problem, np.vstack([bias, weights]) if fit_intercept else weights)

    @property
    def contraction(self) -> float:
        """ε·κ²: what a correction leaves of the error, about."""
        return float(np.finfo(np.float64).eps * self.problem.quadratic.modes.condition_number)

    def look(self, batches: Iterator[Batch]) -> _Seen:
        """Look at all rows once."""
        p, t = self.theta.shape
        seen = _Seen((np.zeros((p, t)), np.zeros((p, t))), (np.zeros(t), np.zeros(t)))
        size = max(1, CHUNK // p)
        for batch in batches:
            for start in range(0, len(batch), size):
                rows = batch.take(slice(start, start + size))
                rows = rows if rows.weight is None else rows.take(rows.weight > 0)
                gradient, squares = self._sums(rows)
                seen.gradient, seen.squares = add(seen.gradient, gradient), add(seen.squares, squares)
                seen.rows += len(rows)
                seen.weight += len(rows) if rows.weight is None else float(rows.weight.sum())
        return seen

    def _sums(self, rows: Batch) -> tuple[Pair, Pair]:
        """Aᵀ·diag(w)·r, shape (p, t), and rᵀ·diag(w)·r, shape (t,), for r = y - A·theta."""
        A = np.hstack([np.ones((len(rows), 1)), rows.X]) if self.problem.coordinates.fit_intercept else rows.X
        sums = []
        for t in range(rows.y.shape[1]):
            high, low = two_product(A, -self.theta[:, t])
            residual = add((rows.y[:, t], np.zeros(len(rows))), total((high.T, low.T)))
            weighted = residual if rows.weight is None else scaled(residual, rows.weight)
            gradient = total(scaled((weighted[0][:, None], weighted[1][:, None]), A))
            sums.append((gradient, total(scaled(weighted, residual[0]))))
        gradients, squares = zip(*sums, strict=True)
        return _stacked(gradients), _stacked(squares)

    def correction(self, seen: _Seen) -> FloatArray:
        """(RᵀR)⁻¹·Aᵀr in standardized inputs, shape (p, t)."""
        gradient, scale = seen.gradient, self.problem.coordinates.scale[:, None]
        if self.problem.coordinates.fit_intercept:
            first = (gradient[0][:1], gradient[1][:1])
            shifted = add((gradient[0][1:], gradient[1][1:]), scaled(first, -self.problem.coordinates.shift[:, None]))
            standard = np.vstack([first[0], shifted[0] / scale])
        else:
            standard = gradient[0] / scale
        V, eigenvalues = self.problem.quadratic.modes.directions, self.problem.quadratic.modes.eigenvalues
        return np.asarray(V @ ((V.T @ standard) / (self.problem.quadratic.total_weight * eigenvalues[:, None])))

    def relative(self, step: FloatArray) -> float:
        """The size of a correction beside the answer, both in standardized inputs."""
        size = np.linalg.norm(self.problem.quadratic.minimum, axis=0)
        return float(np.max(np.linalg.norm(step, axis=0) / np.where(size > 0, size, 1.0)))

    def moved(self, step: FloatArray) -> "_Answer":
        """Return the answer after a correction."""
        weights, bias = self.problem.coordinates.to_raw(step)
        raw = np.vstack([bias, weights]) if self.problem.coordinates.fit_intercept else weights
        return replace(self, theta=self.theta + raw)


def _stacked(pairs: Sequence[Pair]) -> Pair:
    """Put the pairs of all targets side by side."""
    return np.stack([high for high, _ in pairs], axis=-1), np.stack([low for _, low in pairs], axis=-1)


def _solution(
    triangle: Triangle, answer: _Answer, rmse: FloatArray, corrections: tuple[float, ...], looks: int
) -> Solution:
    """Return an answer; what 32 digits cannot tell from 0 beside the others is 0."""
    theta, one = answer.theta, len(triangle.targets) == 1
    weights = theta[1:] if answer.problem.coordinates.fit_intercept else theta
    standard = np.abs(weights * answer.problem.coordinates.scale[:, None])
    nothing = standard < SETTLED * np.linalg.norm(answer.problem.quadratic.minimum, axis=0)
    weights = np.where(nothing & (looks > 0), 0.0, weights)
    bias = theta[0] if answer.problem.coordinates.fit_intercept else np.zeros(len(triangle.targets))
    return Solution(
        triangle.features,
        triangle.targets,
        weights[:, 0] if one else weights,
        float(bias[0]) if one else bias,
        float(rmse[0]) if one else rmse,
        corrections,
        looks,
        triangle,
        triangle.coding,
    )
