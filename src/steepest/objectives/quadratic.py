"""Quadratic: squared loss as a function of the parameters alone: loss, gradient, curvature, modes, minimum."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from steepest.errors import DataError, Option, UsageError
from steepest.objectives.decomposition import SQUARE_SIZE, Decomposition
from steepest.objectives.modes import Modes
from steepest.objectives.objective import slope_at
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.qr import lengths
from steepest.summaries.triangle import Triangle
from steepest.summaries.triangularize import QR_ROWS
from steepest.support.arguments import as_float, check_word, shown
from steepest.support.arrays import FloatArray
from steepest.support.values import Value, frozen_property

ObjectiveName = Literal["half_mse", "mse", "quarter_mse"]

GRADIENT_SCALE: dict[str, float] = {"quarter_mse": 0.5, "half_mse": 1.0, "mse": 2.0}
"""s of J = s·Σ w r² / (2 Σ w): the factor before the mean gradient Σ w·r·x / Σ w."""

QR_NOISE = 4 * np.finfo(float).eps
"""Times √n, the share of a column's length that QR of n rows may leave as rounding; measured: up to 20·ε at 3,000 to 14,000 rows."""

LARGEST_PENALTY = 1e150  # its square is a number

OUTSIDE = 1e-9  # of a start's length: what rounding leaves outside of a span

REFINED_SIZE = 64  # parameters up to which long double costs less than a millisecond


@dataclass(frozen=True, eq=False)
class Quadratic(Value):
    """The objective of a table in given coordinates, everything that the rows could say already summed up.

        J(theta) = s/(2W)·(‖R·theta - r‖² + ρ²) + l2/2·‖w‖²                        for each target
        ∇J       = s/W·Rᵀ(R·theta - r) + l2·D·theta       D = identity, 0 at the intercept
        ∇²J      = s/W·RᵀR + l2·D

    Args:
        R: triangle of the inputs in force, shape (q, p), q = p, or fewer where there are fewer rows.
        r: right-hand sides, shape (q, t).
        rho: ρ, length of what no parameters can explain, shape (t,).
        total_weight: W = Σ w.
        scale: s, 1/2 for quarter_mse, 1 for half_mse, 2 for mse.
        l2: the ridge penalty, in the coordinates in force, never on the intercept.
        noise: how much of each column of R may be rounding, shape (p,).
        fit_intercept: whether the first parameter is the intercept.
        unpenalized: how many first parameters have no penalty; None: the intercept, where there is one.

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, section 5.3 (least squares by QR).
    """

    R: FloatArray
    r: FloatArray
    rho: FloatArray
    noise: FloatArray
    total_weight: float
    scale: float = 1.0
    l2: float = 0.0
    fit_intercept: bool = True
    unpenalized: int | None = None
    metric_name: ClassVar[str] = "rmse"

    @classmethod
    def of(
        cls, triangle: Triangle, coordinates: Coordinates, *, objective: ObjectiveName = "half_mse", l2: float = 0.0
    ) -> "Quadratic":
        """Return the objective of a table's triangle.

        Args:
            triangle: the table.
            coordinates: the inputs in force, from `triangle.coordinates(...)`.
            objective: "half_mse" (Σ w r²/(2W)), "mse" (twice that) or "quarter_mse" (half of it, the tutorial's).
            l2: λ of the penalty l2/2·‖w‖², finite and not negative.

        Raises:
            UsageError: the objective is unknown or l2 is out of its range.
            DataError: there are no rows.

        Example:
            >>> from steepest.data.batch import Batch
            >>> line = Batch(np.array([[1.0], [2.0], [3.0]]), np.array([[2.5], [3.0], [3.5]]), ("x",), ("y",))
            >>> triangle = Triangle.of(line)
            >>> quadratic = Quadratic.of(triangle, triangle.coordinates("raw"))
            >>> quadratic.minimum.ravel().round(12)
            array([2. , 0.5])
            >>> quadratic.value(np.zeros((2, 1))).round(12)      # (2.5² + 3² + 3.5²) / 6
            array([4.58333333])
        """
        check_word("objective", objective, ("half_mse", "mse", "quarter_mse"))
        checked_penalty("l2", l2)
        if not triangle.row_count:
            raise DataError("0 samples: there is no row to learn from. Give a table with at least one row.")
        R, r, rho = triangle.design(coordinates)
        noise = _noise(triangle, coordinates)
        return cls(
            R, r, rho, noise, triangle.total_weight, GRADIENT_SCALE[objective], float(l2), coordinates.fit_intercept
        )

    @property
    def size(self) -> int:
        """p, the number of parameters of each target."""
        return int(self.R.shape[1])

    @frozen_property
    def penalized(self) -> FloatArray:
        """The diagonal of D: 1 for weights, 0 for the intercept, shape (p,)."""
        mask = np.ones(self.size)
        mask[: int(self.fit_intercept) if self.unpenalized is None else self.unpenalized] = 0.0
        return mask

    def residual(self, theta: FloatArray) -> FloatArray:
        """R·theta - r, shape (..., q, t): the part of the residuals that parameters can change."""
        return self.R @ theta - self.r

    def value(self, theta: FloatArray) -> FloatArray:
        """J at theta (..., p, t), one number a target: shape (..., t)."""
        data = (self.residual(theta) ** 2).sum(axis=-2) + self.rho**2
        loss = self.scale / (2 * self.total_weight) * data
        if self.l2:
            loss = loss + self.l2 / 2 * (self.penalized[:, None] * theta**2).sum(axis=-2)
        return np.asarray(loss)

    def gradient(self, theta: FloatArray) -> FloatArray:
        """∇J at theta (..., p, t), of the same shape."""
        fit = self.scale / self.total_weight * (self.R.T @ self.residual(theta))
        return fit + self.l2 * self.penalized[:, None] * theta if self.l2 else fit

    def curvature(self, theta: FloatArray, direction: FloatArray) -> FloatArray:
        """∇²J·direction, direction of shape (..., p, t); the same at every theta."""
        fit = self.scale / self.total_weight * (self.R.T @ (self.R @ direction))
        return fit + self.l2 * self.penalized[:, None] * direction if self.l2 else fit

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """J and ∇J at theta, what a loop asks for at every epoch."""
        return self.value(theta), self.gradient(theta)

    def rmse(self, theta: FloatArray) -> FloatArray:
        """√(Σ w r² / Σ w) at theta (..., p, t), without any penalty: shape (..., t), in the target's units."""
        return self.root_mean_square(self.residual(theta))

    metric = rmse

    def root_mean_square(self, residual: FloatArray) -> FloatArray:
        """√((‖residual‖² + ρ²)/W) for residuals R·theta - r (..., q, t): shape (..., t)."""
        # by the largest entry, so that a diverging run is told as long as its residuals are numbers
        largest = np.maximum(np.abs(residual).max(axis=-2), self.rho)
        unit = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = ((residual / unit[..., None, :]) ** 2).sum(axis=-2) + (self.rho / unit) ** 2
            return np.asarray(unit * np.sqrt(squares / self.total_weight))

    @property
    def _root(self) -> float:
        """√(s/W), which makes residuals of the rows those of J."""
        return math.sqrt(self.scale / self.total_weight)

    @frozen_property
    def data(self) -> Decomposition:
        """√(s/W)·(R, r), what the rows alone say: where columns depend on each other, without the rounding of that."""
        return Decomposition(self._root * self.R, self._root * self.r, self._root * self.noise, self.fit_intercept)

    @frozen_property
    def span(self) -> FloatArray | None:
        """Z (p, q), orthonormal: where a penalized run from 0 stays where columns are many and rows few; None for all of theta.

        ∇J lies in the span of A's rows and the intercept, and so does every step. What lies outside only shrinks, with the
        curvature l2; leaving it out makes p³ of work p·n².
        """
        A, _ = self.data.reached
        first = int(self.fit_intercept)
        if not self.l2 or self.unpenalized is not None or self.size <= max(SQUARE_SIZE, 2 * (len(A) + first)):
            return None
        Z = np.zeros((self.size, first + len(A)))
        Z[:first, :first] = 1.0
        Z[first:, first:] = np.linalg.qr(A[:, first:].T)[0]
        return Z

    @frozen_property
    def augmented(self) -> tuple[FloatArray, FloatArray]:
        """(M, Q) of the QR decomposition of A on top of √l2·D: M upper triangular (p, p), Q (r, p) its rows at A.

            J = ½‖M·theta - Qᵀc‖² + what no theta changes           A, c: what theta reaches of the data, (r, p), (r, t)

        Where there is a `span` Z, that of A·Z, as M·Zᵀ (q, p).
        A penalty may be far below the rounding of R, which would take the place of a column that depends on others.
        """
        A, _ = self.data.reached
        Z, penalized = self.span, self.penalized
        if Z is not None:
            A, penalized = A @ Z, penalized[: Z.shape[1]]
        penalty = np.diag(math.sqrt(self.l2) * penalized)
        # large rows first: below, they would take the digits of the small ones above them
        if math.sqrt(self.l2) > np.abs(A).max(initial=0.0):
            Q, M = np.linalg.qr(np.vstack([penalty, A]))
            Q = Q[len(penalty) :]
        else:
            Q, M = np.linalg.qr(np.vstack([A, penalty]))
            Q = Q[: len(A)]
        return M if Z is None else M @ Z.T, Q

    @frozen_property
    def decomposition(self) -> Decomposition:
        """What theta can move in M·theta - m, and what is rounding; without penalty that of the data."""
        if not self.l2:
            return self.data
        M, Q = self.augmented
        return Decomposition(
            M, Q.T @ self.data.reached[1], QR_NOISE * math.sqrt(self.size) * lengths(M), self.fit_intercept
        )

    @property
    def rank(self) -> int:
        """Number of directions with curvature; p unless columns depend on each other."""
        return self.decomposition.rank if self.span is None else self.size

    def dependent(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """Names of parameters whose columns can be computed from the others', as many as the rank falls short."""
        if self.span is not None:
            return ()
        names = ("intercept", *features) if self.fit_intercept else features
        return tuple(names[j] for j in self.decomposition.dependent)

    @frozen_property
    def modes(self) -> Modes:
        """Eigenvalues and eigenvectors of ∇²J = MᵀM, as squared singular values and right vectors of M.

        Where columns depend on each other, the directions without curvature are left out.
        """
        _, singular, directions = self.decomposition.factors
        return Modes(self._refined(singular**2, directions), directions)

    def _refined(self, eigenvalues: FloatArray, directions: FloatArray) -> FloatArray:
        """Replace large eigenvalues by vᵀ∇²J·v / vᵀv in long double: k epochs multiply their relative error by k.

        The error of a direction enters squared, but by way of λ_max; so the smallest ones are left alone.
        """
        if self.size > REFINED_SIZE:
            return eigenvalues
        large = eigenvalues > 1e-10 * eigenvalues.max(initial=0.0)
        V = directions[:, large].astype(np.longdouble)
        bent = self.scale / self.total_weight * ((self.R @ V) ** 2).sum(axis=0)
        bent += self.l2 * (self.penalized[:, None] * V**2).sum(axis=0)
        refined = eigenvalues.copy()
        refined[large] = bent / (V**2).sum(axis=0)
        return refined

    def start_errors(self, start: FloatArray) -> FloatArray:
        """v_iᵀ(minimum - start) for every moving mode, shape (r, t), start of shape (p, t).

        Raises:
            UsageError: there is a `span`, and start lies outside.
        """
        if self.span is not None:
            outside = start - self.span @ (self.span.T @ start)
            if np.linalg.norm(outside) > OUTSIDE * np.linalg.norm(start):
                raise UsageError(
                    f"with a penalty, {self.size:,} parameters and {len(self.R)} rows that differ, what a run does is known from a "
                    "start of 0 on, under a rule that goes along gradients. Start at 0, leave the penalty out, or give "
                    f"at most {SQUARE_SIZE:,} columns."
                )
        return self.decomposition.start_errors(start, np.sqrt(self.modes.eigenvalues))

    @property
    def data_shares(self) -> FloatArray:
        """(λ_i - l2·v_iᵀDv_i)/λ_i, shape (r,): how much of each mode's curvature comes from the data, not the penalty."""
        modes = self.modes
        penalty = self.l2 * (self.penalized[:, None] * modes.directions**2).sum(axis=0)
        return np.asarray(1 - penalty / modes.eigenvalues)

    @property
    def minimum(self) -> FloatArray:
        """The exact least-squares or ridge parameters, shape (p, t); of minimum norm where many are equally good."""
        return self.decomposition.solution

    @property
    def costs_at_minimum(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """J, the root mean squared error, both of shape (t,), and its slope, shape (p, t), at the minimum."""
        theta = self.minimum
        return self.value(theta), self.rmse(theta), slope_at(self, theta)

    def nearest_minimum(self, start: FloatArray) -> FloatArray:
        """The minimum that a run from start (p, t) heads for, shape (p, t): of equally good ones the nearest."""
        return self.decomposition.nearest(start)

    @frozen_property
    def misfit(self) -> FloatArray:
        """R·theta - r at the minimum, shape (q, t): exactly 0 where the parameters can reach every part of r."""
        misfit = -self.data.unreached
        if self.l2:
            fitted = self.augmented[1] @ (self.decomposition.m - self.decomposition.unreached)
            misfit = misfit + self.data.restored(fitted - self.data.reached[1])
        return misfit / self._root

    @frozen_property
    def mode_predictions(self) -> FloatArray:
        """R·V, shape (q, r): what a step of length 1 along each mode changes in the residuals R·theta - r."""
        predictions = self.decomposition.mode_predictions
        return (self.data.restored(self.augmented[1] @ predictions) if self.l2 else predictions) / self._root

    @frozen_property
    def unexplained(self) -> FloatArray:
        """√(2·J) at the minimum, split off so that it is never found by subtraction: shape (t,)."""
        data = self._root * np.hypot(self.rho, np.linalg.norm(self.misfit, axis=0))
        if not self.l2:
            return np.asarray(data)
        penalty = math.sqrt(self.l2) * np.linalg.norm(self.penalized[:, None] * self.minimum, axis=0)
        return np.asarray(np.hypot(data, penalty))


def checked_penalty(name: str, value: object) -> float:
    """Return a penalty as a float; raise UsageError naming the valid range when it is not one."""
    if not 0 <= as_float(value) < LARGEST_PENALTY:
        raise UsageError(Option(name) + f" must be a finite number, 0 or larger (and below 1e150); got {shown(value)}.")
    return as_float(value)


def _noise(triangle: Triangle, coordinates: Coordinates) -> FloatArray:
    """How much of each column of the design may be rounding, shape (p,): that of QR, and half a last digit of each value.

    Values of 1e9 with a spread of 1e3 are known to 1e-10 of the spread: a column computed from others agrees no better.
    """
    d, root = len(triangle.features), math.sqrt(triangle.total_weight)
    means, spread = root * np.abs(triangle.means[:d]), root * triangle.deviations[:d]
    length = spread if coordinates.fit_intercept else np.hypot(means, spread)
    rows = min(triangle.row_count, QR_ROWS)  # more are triangularized in pieces
    noise = (QR_NOISE * math.sqrt(rows) * length + np.finfo(float).eps / 2 * means) / coordinates.scale
    return np.concatenate([[0.0], noise]) if coordinates.fit_intercept else noise
