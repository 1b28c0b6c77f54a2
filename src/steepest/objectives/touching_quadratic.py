"""Touching quadratic: squares with an l1 and l2 penalty whose slope and curvature are those of a loss at one theta."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError
from steepest.objectives.homotopy import Homotopy
from steepest.objectives.losses import Kinked, Loss
from steepest.objectives.penalized import Penalized
from steepest.objectives.penalized_loss import PenalizedLoss
from steepest.objectives.working_response import working
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

EVENTS = 20  # and twice the columns: a way with more changes of direction leads astray
LEFT = 1e-3  # of the distance from a minimum before: where no more is left, a way has led there
ROUNDING = 1e-9  # or where this share of the penalty is left


class _Raised:
    """A loss whose curvature jumps, with some of the curvature of a quadratic above it where it has none itself.

    With all of it each step lowers the loss, but may be short; with none a step is right where no row passes its jump.
    """

    def __init__(self, loss: Loss, share: float) -> None:
        self._loss, self._share = loss, share

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loss, name)

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """The larger one of the loss's own curvature and the share of the other."""
        raised = self._share * self._loss.majorant(margin, y)  # type: ignore[attr-defined]
        return np.asarray(np.maximum(self._loss.curvature(margin, y), raised))


@dataclass(frozen=True, eq=False)
class TouchingQuadratic(Value):
    """The squares of a working response over some columns, with the penalty of the loss.

        Σ ω·ℓ''·(b + u·w - z)² / (2 Σ ω) + penalty·Σ factor·(l1_ratio·|w| + (1 - l1_ratio)/2·w²)        z = m - ℓ'/ℓ''

    Args:
        problem: the same with the intercept taken out.
        columns: their numbers, shape (k,).
        means: of [u, z] with weights ω·ℓ'', shape (k + 1,).
        fit_intercept: whether there is an intercept.
    """

    problem: Penalized
    columns: NDArray[np.intp]
    means: FloatArray
    fit_intercept: bool

    @classmethod
    def at(
        cls, loss: PenalizedLoss, theta: FloatArray, columns: NDArray[np.intp], *, share: float = 0.0
    ) -> "TouchingQuadratic":
        """Return what touches a loss at theta, shape (p,), by one pass over its rows.

        Args:
            loss: with its penalty.
            theta: where; coefficients of other columns are 0.
            columns: that may get a coefficient.
            share: of a loss whose curvature jumps: no row is flatter than this share of a quadratic above the loss.

        Raises:
            DataError: squares leave float64 there.
        """
        count = len(columns)
        inner = Coordinates("raw", np.zeros(count), np.ones(count), loss.fit_intercept)
        used = np.concatenate([theta[: loss.first], theta[loss.first + columns]])[:, None]
        plain = loss.rows.loss
        seen = cast(Loss, _Raised(plain, share)) if share and isinstance(plain, Kinked) else plain
        triangle, total = None, 0.0
        for batch in loss.batches(columns):
            for part in working(seen, batch, used, inner):
                if part.rows is None:
                    raise DataError(
                        f"the squares that touch the {plain.name} loss leave float64.",
                        "standardize the inputs",
                    )
                more, total = Triangle.of(part.rows), total + part.total
                triangle = more if triangle is None else triangle + more
        assert triangle is not None  # rows without any are refused before
        squares = Penalized.of(triangle, inner, loss.factors[columns], loss.l1_ratio, loss.positive)
        part_of_weight = triangle.total_weight / total
        root = np.sqrt(part_of_weight)
        problem = replace(
            squares, design=squares.design * root, response=squares.response * root, rest=squares.rest * part_of_weight
        )
        return cls(problem, columns, triangle.means, loss.fit_intercept)

    def covers(self, columns: NDArray[np.intp]) -> bool:
        """Whether all these columns are among its own."""
        return bool(np.isin(columns, self.columns).all())

    def minimum(self, theta: FloatArray, penalty: float) -> FloatArray:
        """Return where it is smallest with a penalty, exactly, on the way from a theta that is near; both of shape (p,)."""
        first = int(self.fit_intercept)
        w = self._near(theta[first + self.columns], penalty)
        found = np.zeros(len(theta))
        found[first + self.columns] = w
        if self.fit_intercept:
            found[0] = self.means[-1] - self.means[:-1] @ w
        return found

    def _near(self, start: FloatArray, penalty: float) -> FloatArray:
        """The coefficients, by the way from a start; by that from the largest penalty where the other one leads astray.

        With more columns than the rows tell apart, squares whose slopes are shifted need not have a minimum at all.
        """
        problem = self.problem
        wanted = LEFT * problem.optimality(start, penalty) + ROUNDING * penalty
        *_, w = [start, *islice(_ways(problem, start, (penalty, penalty)), EVENTS + 2 * len(start))]
        if problem.optimality(w, penalty) <= wanted:
            return w
        return Homotopy(problem, problem.unpenalized, (max(penalty, problem.largest_penalty), penalty)).end()


def _ways(problem: Penalized, start: FloatArray, penalties: tuple[float, float]) -> Iterator[FloatArray]:
    """The coefficients at each change of direction, as far as they go."""
    with suppress(DataError):
        yield from (w for _, w in Homotopy(problem, start, penalties).knots())
