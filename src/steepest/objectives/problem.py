"""Problem: a table's summary, the coordinates in force, the loss and the penalty: what a run minimizes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError, DataWarning, Option, UsageError
from steepest.objectives.mode_words import mode_in_words
from steepest.objectives.quadratic import ObjectiveName, Quadratic, checked_penalty
from steepest.objectives.sparse_quadratic import SparseQuadratic
from steepest.summaries.coordinates import Coordinates, CoordinatesName
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arguments import check_kind, check_word
from steepest.support.arrays import FloatArray
from steepest.support.looks import on
from steepest.support.notices import warn
from steepest.support.numerics import numeric
from steepest.support.values import Value
from steepest.support.words import join_names, number, pluralize

if TYPE_CHECKING:
    from steepest.objectives.separation import Separation


@numeric
@dataclass(frozen=True, eq=False)
class Problem(Value):
    """What a run minimizes: squared loss on a table, in chosen coordinates, with or without a penalty.

        J(w, b) = s·Σ weight·(u·w + b - y)² / (2 Σ weight) + l2/2·‖w‖² + l1·Σ|w|      u = (x - shift) / scale

    Args:
        triangle: the table.
        coordinates: the inputs in force.
        objective: the loss: "half_mse" (s = 1), "mse" (s = 2) or "quarter_mse" (s = 1/2).
        l2: the ridge penalty, in the coordinates in force, never on the intercept.
        l1: the lasso penalty, likewise; 0: none.

    Example:
        >>> from steepest.summaries.summarize import summarize
        >>> problem = Problem.of(summarize([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]))
        >>> problem.quadratic.minimum.ravel().round(12), round(problem.condition_number, 3)
        (array([2. , 0.5]), 46.145)
        >>> round(problem.standardized.condition_number, 12)
        1.0
    """

    triangle: Triangle
    coordinates: Coordinates
    objective: ObjectiveName = "half_mse"
    l2: float = 0.0
    l1: float = field(default=0.0, kw_only=True)

    def _told(self) -> Iterator[str]:
        penalty = f", l2 {number(self.l2)}" if self.l2 else ""
        penalty += f", l1 {number(self.l1)}" if self.l1 else ""
        yield f": {on(self.targets, self.features)}; {pluralize(self.triangle.row_count, 'row')}, {self.objective}, {self.coordinates.name} inputs{penalty}"
        yield f"condition number {number(self.condition_number)}"

    @classmethod
    def of(
        cls,
        triangle: Triangle,
        coordinates: CoordinatesName = "raw",
        *,
        objective: ObjectiveName = "half_mse",
        l2: float = 0.0,
        l1: float = 0.0,
        fit_intercept: bool = True,
    ) -> "Problem":
        """Return the problem of a table.

        Args:
            triangle: the table.
            coordinates: "raw", "centred" or "standardized".
            objective: "half_mse", "mse" or "quarter_mse".
            l2: the ridge penalty, finite and not negative.
            l1: the lasso penalty, likewise.
            fit_intercept: whether the model has a bias.

        Raises:
            UsageError: the objective or the coordinates are unknown, or a penalty is out of its range.
            DataError: there are no rows, or no parameters: no features and no intercept.
        """
        check_kind("triangle", triangle, Triangle)
        if not triangle.features and fit_intercept is False:
            raise DataError("there is nothing to learn: no features and no intercept.", remedies.INTERCEPT)
        within = triangle.coordinates(coordinates, fit_intercept=fit_intercept)
        problem = cls(triangle, within, objective, l2, l1=checked_penalty("l1", l1))
        checked = problem.quadratic.l2
        return problem if problem.l2 is checked else replace(problem, l2=checked)

    @cached_property
    def quadratic(self) -> Quadratic:
        """J as a function of the parameters in force: value, gradient, modes, minimum."""
        smooth = Quadratic.of(self.triangle, self.coordinates, objective=self.objective, l2=self.l2)
        return SparseQuadratic.on(smooth, self.l1) if self.l1 else smooth

    @property
    def is_quadratic(self) -> bool:
        """Whether J is a quadratic, up to an l1 penalty, so that linear rules on it are known beforehand where there is none."""
        return True

    @property
    def global_limit(self) -> float:
        """The largest learning rate of plain gradient descent that is safe from any start: 2/λ_max."""
        eigenvalues = self.quadratic.modes.eigenvalues
        return 2 / float(eigenvalues[0]) if eigenvalues.size else math.inf

    @property
    def loss_name(self) -> str:
        """What the loss is called: of squares by its scale, "half_mse" for example."""
        return self.objective

    def mean(self, margin: FloatArray) -> FloatArray:
        """What is predicted where u·theta is `margin`: of squared loss that itself."""
        return margin

    @property
    def separation(self) -> "Separation | None":
        """Why J has no minimum; None where it has one, as squares have."""
        return None

    def check_minimum(self) -> None:
        """Raise DataError where J has no minimum."""

    def check_squares(self, what: str) -> None:
        """Raise UsageError where J is no squared loss, which `what` is made for."""

    @property
    def has_offset(self) -> bool:
        """Whether rows have something of their own that is added to their margins."""
        return False

    def check_no_offset(self, what: str) -> None:
        """Raise UsageError where rows have an offset, which `what` does not know."""
        if self.has_offset:
            raise UsageError(
                f"{what} knows no offset, and this run has one.",
                "look at predictions of rows (" + Option("offset", ...) + ")",
            )

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the d inputs."""
        return self.triangle.features

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the t targets."""
        return self.triangle.targets

    @property
    def fit_intercept(self) -> bool:
        """Whether the model has a bias."""
        return self.coordinates.fit_intercept

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the p parameters, the intercept first."""
        return self.coordinates.parameter_names(self.features)

    def parameter_in_words(self, row: int) -> str:
        """Say which parameter a row of theta is."""
        return "the bias" if self.fit_intercept and row == 0 else f"the weight of {self.parameter_names[row]!r}"

    @property
    def condition_number(self) -> float:
        """κ = λ_max / λ_min over the moving modes."""
        return self.quadratic.modes.condition_number

    def in_coordinates(self, name: CoordinatesName) -> "Problem":
        """Return the problem of the same table, loss and penalty in other coordinates; itself where it is in them."""
        check_word("name", name, get_args(CoordinatesName))
        if self.coordinates.name == name:
            return self
        return replace(self, coordinates=self.triangle.coordinates(name, fit_intercept=self.fit_intercept))

    @cached_property
    def standardized(self) -> "Problem":
        """The problem with every input at mean 0 and standard deviation 1."""
        return self.in_coordinates("standardized")

    def mode_words(self, chosen: NDArray[np.intp] | slice = slice(None)) -> tuple[str, ...]:
        """Return what each moving mode is made of, the steepest first, or only the chosen ones."""
        sizes, names = self.triangle.input_sizes(self.coordinates), self.parameter_names
        return tuple(mode_in_words(v, sizes, names) for v in self.quadratic.modes.directions.T[chosen])

    def to_raw(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (weights, bias) in the data's own units, see `Coordinates.to_raw`."""
        return self.coordinates.to_raw(theta)

    def from_raw(self, weights: FloatArray, bias: FloatArray) -> FloatArray:
        """Return the parameters in force for weights (d, t) and bias (t,) in the data's own units."""
        return self.coordinates.from_raw(weights, bias)

    @cached_property
    def default_start(self) -> FloatArray:
        """Where a run begins that is given no start, in the coordinates in force, shape (p, t): all zeros."""
        return np.zeros((len(self.parameter_names), len(self.targets)))

    @property
    def constant_features(self) -> tuple[str, ...]:
        """Features that the intercept can stand for: they have the same value in every row."""
        return self.triangle.constant_features if self.fit_intercept else ()

    @property
    def dependent_features(self) -> tuple[str, ...]:
        """Features that can be computed from the other columns, as many as the rank falls short."""
        dependent, constant = self.quadratic.dependent(self.features), set(self.constant_features)
        return tuple(name for name in dependent if name not in constant)

    def warn_undetermined(self) -> None:
        """Warn of columns that leave their coefficients open; the answer is then the one of minimum norm, but with l1 the one it chooses."""
        constant, dependent, rounded = self.constant_features, self.dependent_features, self.triangle.rounded_features
        if constant:
            warn(
                DataWarning(
                    f"constant: {join_names(constant)} {'does' if len(constant) == 1 else 'do'} not vary "
                    "between rows, as far as float64 can tell, and cannot be told from the intercept. A coefficient there has no "
                    "meaning of its own; leave it out."
                )
            )
        if rounded:
            warn(
                DataWarning(
                    f"last digits: {join_names(rounded)} {'differs' if len(rounded) == 1 else 'differ'} between rows in the last digits of "
                    "float64 only. The answer takes them as they are; where they are rounding, a coefficient there has no meaning.",
                    "leave it out if it is a constant",
                    "subtract its smallest value before it is written or computed",
                )
            )
        if dependent and "intercept" not in dependent and not self.l1:
            warn(
                DataWarning(
                    f"collinear: {join_names(dependent)} can be computed from the other columns, so many coefficients are equally good. "
                    "The run goes to those nearest its start (minimum norm).",
                    "leave a column out",
                    remedies.PENALTY,
                ),
            )
