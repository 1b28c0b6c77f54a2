"""Path models: the sparse models of every penalty: coefficients, errors, degrees of freedom and criteria at any of them."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.path_degrees import ranks, shrunk_columns
from steepest.errors import DataError, UsageError
from steepest.objectives.solution_path import ROUNDING, SolutionPath, refit
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.numerics import numeric
from steepest.support.values import Value, frozen_property
from steepest.support.words import number, pluralize


@numeric
@dataclass(frozen=True, eq=False)
class PathModels(Value):
    """What the models of a path are, at any penalty; `Path` adds which of them to choose.

    Args:
        triangle: of the rows learned from.
        solution: the path in the coordinates in force.
        standardize: whether inputs were standardized, inside each training fold.
        fit_intercept: whether the model has a bias.
        relaxed: whether the inputs in use were fitted anew by least squares.
        adaptive: the power of the adaptive lasso, or None.
    """

    triangle: Triangle = field(repr=False)
    solution: SolutionPath = field(repr=False)
    standardize: bool
    fit_intercept: bool
    relaxed: bool
    adaptive: float | None

    @property
    def kind(self) -> str:
        """ "lasso", or "elastic net, l1_ratio …", with "positive", "adaptive" or "relaxed" in front."""
        problem = self.solution.problem
        name = "lasso" if problem.l1_ratio == 1 else f"elastic net, l1_ratio {number(problem.l1_ratio)}"
        words = {"positive": problem.positive, "adaptive": self.adaptive is not None, "relaxed": self.relaxed}
        return " ".join([*(word for word, is_so in words.items() if is_so), name])

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the d inputs."""
        return self.triangle.features

    @property
    def l1_ratio(self) -> float:
        """Share of the penalty that is l1."""
        return self.solution.problem.l1_ratio

    @property
    def knots(self) -> FloatArray:
        """Penalties, falling, between which every coefficient of a lasso is linear; of an elastic net those computed, shape (m,)."""
        return self.solution.knots

    @property
    def is_linear_between_knots(self) -> bool:
        """Whether the knots say all of the path: of a lasso that was followed exactly."""
        return self.l1_ratio == 1 and self.solution.method == "homotopy"

    @property
    def largest_penalty(self) -> float:
        """From here on every penalized coefficient is 0."""
        return self.solution.problem.largest_penalty

    @property
    def coordinates(self) -> Coordinates:
        """The inputs whose coefficients are penalized."""
        name = "standardized" if self.standardize else "raw"
        return self.triangle.coordinates(name, fit_intercept=self.fit_intercept)  # type: ignore[arg-type]

    def coefficients(self, penalty: ArrayLike) -> FloatArray:
        """Return the coefficients at a penalty in the data's own units, shape (d,); at K penalties shape (K, d).

        Raises:
            UsageError: a penalty is no number, or lies below the path's last.
        """
        return self._models(penalty)[0]

    def bias(self, penalty: ArrayLike) -> FloatArray:
        """Return the bias at a penalty, in the target's units: a number, or shape (K,).

        Raises:
            UsageError: as `coefficients`.
        """
        return self._models(penalty)[1]

    def _models(self, penalty: ArrayLike) -> tuple[FloatArray, FloatArray]:
        wanted = self._checked(penalty)
        ways = self.solution.at(wanted)
        ways = refit(self.solution.problem, ways) if self.relaxed else ways
        weights, biases = in_own_units(self.triangle, self.coordinates, ways)
        return (weights, biases) if np.ndim(penalty) else (weights[0], biases[0])

    def _checked(self, penalty: ArrayLike) -> FloatArray:
        values = [as_float(value) for value in np.ravel(np.asarray(penalty, dtype=object))]
        last = float(self.knots[-1])
        if not all(0 <= value < math.inf for value in values):
            raise UsageError(f"penalty must be a finite number above 0; got {shown(penalty)}.")
        if 0 in values:
            raise UsageError(
                f"penalty must be above 0: without one no input is left out; got {shown(penalty)}.",
                "fit all inputs, without a penalty",
            )
        if any(value < last * (1 - ROUNDING) for value in values):
            raise UsageError(
                f"the path was followed down to {number(last)}; got {shown(penalty)}.", remedies.SMALLER_PENALTIES
            )
        return np.maximum(values, last)

    def degrees_of_freedom(self, penalty: ArrayLike) -> FloatArray:
        """Return the effective number of coefficients, the bias not counted: a number, or shape (K,).

            tr(Aₚ·(AₚᵀAₚ + diag(l2ₚ))⁻¹·Aₚᵀ),  P the columns in use: of a lasso their number

        Source: Zou, Hastie, Tibshirani, "On the degrees of freedom of the lasso", Ann. Stat. 35 (2007); with l2: Tibshirani, Taylor,
        "Degrees of freedom in lasso problems", Ann. Stat. 40 (2012), section 3.
        """
        wanted, problem = self._checked(penalty), self.solution.problem
        used = (self.solution.at(wanted) != 0) | (problem.factors == 0)
        if problem.l1_ratio == 1:
            numbers = ranks(problem.design, used)
        else:
            numbers = np.empty(len(wanted))
            for place, value in enumerate(wanted):
                columns, l2 = problem.design[:, used[place]], problem.l2(value)[used[place]]
                numbers[place] = shrunk_columns(columns, l2)
        return numbers if np.ndim(penalty) else numbers[0]

    def rmse(self, penalty: ArrayLike) -> FloatArray:
        """Return √(Σ w r² / Σ w) of the rows learned from, in the target's units: a number, or shape (K,)."""
        weights, biases = self._models(np.atleast_1d(penalty))
        found = self.triangle.rmse_of(weights.T, biases)
        return found if np.ndim(penalty) else found[0]

    @frozen_property
    def noise_variance(self) -> float:
        """σ² of least squares on all inputs: Σ w r² / Σ w · n / (n - rank), in squared units of the target.

        Raises:
            DataError: there are no more rows than coefficients.
        """
        problem, n = self.solution.problem, self.triangle.row_count
        w, _, rank, _ = np.linalg.lstsq(problem.design, problem.response, rcond=None)
        left = n - int(rank) - self.fit_intercept
        if left <= 0:
            raise DataError(
                f"{pluralize(n, 'row')} leave nothing to tell the noise from, beside {pluralize(int(rank), 'coefficient')}.",
                "choose by held-out rows",
            )
        return float((((problem.design @ w - problem.response) ** 2).sum() + problem.rest) * n / left)

    def aic(self, penalty: ArrayLike) -> FloatArray:
        """Return Akaike's criterion: n·log(2πσ²) + SSE/σ² + 2·degrees of freedom, as scikit-learn's LassoLarsIC."""
        return self._criterion(penalty, 2.0)

    def bic(self, penalty: ArrayLike) -> FloatArray:
        """Return the Bayesian criterion: n·log(2πσ²) + SSE/σ² + log(n)·degrees of freedom, as scikit-learn's LassoLarsIC."""
        return self._criterion(penalty, math.log(self.triangle.row_count))

    def cp(self, penalty: ArrayLike) -> FloatArray:
        """Return Mallows' Cp: SSE/σ² - n + 2·degrees of freedom."""
        n = self.triangle.row_count
        return self.aic(penalty) - n * math.log(2 * math.pi * self.noise_variance) - n

    def _criterion(self, penalty: ArrayLike, price: float) -> FloatArray:
        if self.relaxed:
            raise UsageError(
                "inputs that were chosen and then fitted anew cost more degrees of freedom than their number, and nobody knows how many.",
                "choose by held-out rows",
            )
        n, variance = self.triangle.row_count, self.noise_variance
        errors = n * self.rmse(penalty) ** 2 / variance
        return np.asarray(n * math.log(2 * math.pi * variance) + errors + price * self.degrees_of_freedom(penalty))

    def gap(self, penalty: float) -> float:
        """Return the duality gap of the path at a penalty: no model is better by more, in squared units of the target."""
        at = self._one(penalty)
        return self.solution.problem.gap(self.solution.at(np.array([at]))[0], at)

    def _one(self, penalty: object) -> float:
        if np.ndim(penalty):  # type: ignore[arg-type]
            raise UsageError(f"penalty must be one number; got {shown(penalty)}.")
        return float(self._checked(penalty)[0])  # type: ignore[arg-type]


def in_own_units(triangle: Triangle, coordinates: Coordinates, ways: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights (K, d) and biases (K,) in the data's own units of K models in some coordinates, (K, d).

    The bias is the best one for the weights: mean of y - means of x · weights.
    """
    weights = ways / coordinates.scale
    d = len(triangle.features)
    if not coordinates.fit_intercept:
        return weights, np.zeros(len(weights))
    return weights, triangle.means[d] - weights @ triangle.means[:d]
