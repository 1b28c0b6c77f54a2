"""Loss problem: a table with a loss other than squares, with its exact minimum."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from steepest.errors import DataError, Phrase, UsageError
from steepest.objectives.at_minimum import AtMinimum
from steepest.objectives.log_rate import log_rate
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_rows import StoredLossRows, loss_rows_of
from steepest.objectives.losses import Loss, PoissonLoss, Scaled, Separable, is_joint
from steepest.objectives.mode_words import mode_in_words
from steepest.objectives.newton import ARRIVED, MOST_PASSES, SETTLED, STUCK, Minimum, RowReader, bowl_at, minimize
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import Quadratic
from steepest.objectives.quantile import QuantileLoss
from steepest.objectives.sample_start import sample_start
from steepest.objectives.separation import FIRST_PASSES, Separation, find_separation, refuse_one_class
from steepest.objectives.sparse_loss import SparseLoss, check_sparse, find_sparse_minimum
from steepest.objectives.unsmoothed import Unsmoothed, solve_unsmoothed
from steepest.summaries.coordinates import CoordinatesName
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray

REMEDIES: dict[str, tuple[str | Phrase, ...]] = {
    "logistic": (remedies.PENALTY, "standardize the inputs"),
    "multinomial": (remedies.PENALTY, "standardize the inputs"),
    "poisson": ("standardize the inputs",),
    "quantile": ("give a larger smoothing", "give a tau nearer to 0.5"),
    "huber": ("give a delta nearer to the size of the residuals",),
}
"""What may help where no minimum was found."""


@dataclass(frozen=True, eq=False)
class LossProblem(Problem):
    """What a run minimizes: a mean loss on a table.

        J(w, b) = Σ weight·ℓ(u·w + b, y) / Σ weight + l2/2·‖w‖² + l1·Σ|w|      u = (x - shift) / scale

    Args:
        loss: ℓ.
        rows: the rows in the inputs in force.
        found: the minimum; where there is none, how far Newton's method came.
        separation: why there is none.
    """

    loss: Loss = None  # type: ignore[assignment]  # fields after those with defaults need one
    rows: LossOverRows | StoredLossRows = None  # type: ignore[assignment]
    found: Minimum = None  # type: ignore[assignment]
    separation: Separation | None = None

    @classmethod
    def over(
        cls,
        triangle: Triangle,
        reader: RowReader,
        loss: Loss,
        coordinates: CoordinatesName = "raw",
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        fit_intercept: bool = True,
    ) -> Self:
        """Return the problem of a table, its minimum found by some passes over the rows.

        Args:
            triangle: the table's, which says the coordinates.
            reader: gives its rows each time it is called.
            loss: ℓ.
            coordinates: "raw", "centred" or "standardized".
            l2: the ridge penalty, finite and not negative.
            l1: the lasso penalty, likewise.
            fit_intercept: whether the model has a bias.

        Raises:
            UsageError: there are several targets, a penalty is out of its range, or this loss has no l1 here.
            DataError: a target does not fit this loss, no minimum was found and no reason for it, or a class has no row.
        """
        if len(triangle.targets) != 1 and not is_joint(loss):
            raise UsageError(f"a {loss.name} loss is of one target; this table has {len(triangle.targets)}.")
        plain = Problem.of(triangle, coordinates, l2=l2, l1=l1, fit_intercept=fit_intercept)
        if plain.l1:
            check_sparse(loss, "run with l1")
        if isinstance(loss, Scaled):
            loss = _at_scale(loss, plain)
        may_separate = isinstance(loss, Separable) and not plain.l2
        rows = loss_rows_of(plain, reader(), loss)
        if plain.l1:
            refuse_one_class(loss, reader, triangle)
            lowest = find_sparse_minimum(rows, reader, plain)
            return cls(triangle, plain.coordinates, "half_mse", plain.l2, loss, rows, lowest, l1=plain.l1)
        most = FIRST_PASSES if may_separate else MOST_PASSES
        near = sample_start(rows, plain.coordinates)
        start, passes, enough = (None, 0, SETTLED) if near is None else (near.theta, near.passes, ARRIVED)
        found = minimize(loss, reader, plain.coordinates, l2=plain.l2, start=start, most_passes=most, enough=enough)
        found = replace(found, passes=passes + found.passes)
        problem = cls(triangle, plain.coordinates, "half_mse", plain.l2, loss, rows, found)
        return problem if found.settled else problem._without_minimum(reader)

    def _without_minimum(self, reader: RowReader) -> Self:
        """The same with what tells its classes apart, or with a minimum that took more passes.

        Raises:
            DataError: neither was found.
        """
        loss, found = self.loss, self.found
        if self.fit_intercept:
            refuse_one_class(loss, reader, self.triangle)
        if self.l2 == 0:
            separation = find_separation(loss, reader, self.triangle, self.coordinates, self.to_raw(found.bowl.theta))
            if separation is not None:
                return replace(self, found=self._seen_from_0(reader), separation=separation)
            more = minimize(loss, reader, self.coordinates, start=found.bowl.theta)
            # what a hundred more passes have not taken away, and is below what rounding may hide, is rounding
            hidden = more.bowl.decrement <= STUCK * more.bowl.value
            found = replace(more, passes=found.passes + more.passes, settled=more.settled or hidden)
        if not found.settled:
            raise _no_minimum(loss, found)
        return replace(self, found=found)

    def _seen_from_0(self, reader: RowReader) -> Minimum:
        """Where there is no minimum: the loss where all parameters are 0 and it is as curved as anywhere, or else the last of Newton's."""
        start = np.zeros_like(self.found.bowl.theta)
        bowl = (
            bowl_at(self.loss, reader, self.coordinates, start, 0.0)
            if np.isfinite(self.loss.largest_curvature)
            else None
        )
        return self.found if bowl is None else replace(self.found, bowl=bowl)

    @cached_property
    def quadratic(self) -> Quadratic:
        """J as a function of the parameters in force, with its modes at the minimum; where there is none, those where all is 0."""
        if self.separation is None:
            return (SparseLoss if self.l1 else AtMinimum).at(self.found.bowl, self.rows)
        return AtMinimum.at(replace(self.found.bowl, value=self.separation.infimum), self.rows)

    @property
    def is_quadratic(self) -> bool:
        """No: without l1 near its minimum only."""
        return False

    @property
    def loss_name(self) -> str:
        """The loss, "logistic" for example."""
        return self.loss.name

    def mean(self, margin: FloatArray) -> FloatArray:
        """What is predicted where u·theta is `margin`: a probability, an expected count."""
        return self.loss.mean(margin)

    def check_minimum(self) -> None:
        """Raise DataError where columns tell the classes apart."""
        if self.separation is not None:
            l2 = self.separation.l2
            raise DataError(
                f"{self.separation}, so the {self.loss.name} loss has no minimum.",
                remedies.PENALTY if l2 is None else remedies.penalty(l2),
            )

    @cached_property
    def unsmoothed(self) -> Unsmoothed:
        """The exact minimum of a quantile loss without smoothing, by a linear program over the rows in memory.

        Raises:
            UsageError: the loss is another, or there is a penalty.
        """
        if not isinstance(self.loss, QuantileLoss) or self.l2:
            raise UsageError("only a quantile loss without a penalty has an exact answer by linear programming.")
        rows = self.rows
        if not isinstance(rows, LossOverRows):
            raise UsageError("the linear program is over rows in memory, and these are more than 1 GB. Take fewer.")
        theta, least, bound = solve_unsmoothed(self.loss, rows)
        weights, bias = self.to_raw(theta)
        smoothed = self.loss.pinball(rows.margin(self.found.bowl.theta), rows.y)
        if rows.omega is not None:
            smoothed = rows.omega[:, None] * smoothed
        return Unsmoothed(weights[:, 0], float(bias[0]), least, bound, float(smoothed.mean()))

    def check_squares(self, what: str) -> None:
        """Raise UsageError: this is another loss."""
        raise UsageError(f"{what} is made for squared loss; this run is on {self.loss.name} loss.")

    @property
    def has_offset(self) -> bool:
        """Whether rows have something of their own that is added to their margins."""
        return self.rows.has_offset

    @cached_property
    def squares(self) -> Quadratic:
        """The squares of the same table, without a penalty: what its inputs are like."""
        return Quadratic.of(self.triangle, self.coordinates)

    @property
    def dependent_features(self) -> tuple[str, ...]:
        """Features that can be computed from the other columns, which no penalty tells apart."""
        dependent, constant = self.squares.dependent(self.features) if not self.l2 else (), self.constant_features
        return tuple(name for name in dependent if name not in constant)

    @property
    def global_limit(self) -> float:
        """The largest learning rate that is safe from any start, 2/L; 0 where curvature has no bound."""
        largest, plain = self.loss.largest_curvature, self.squares.modes.eigenvalues
        steepest = largest * float(plain[0]) + self.l2 if plain.size else 0.0
        return 2 / steepest if steepest else np.inf

    @property
    def classes(self) -> int:
        """K, how many margins a row has; 1 but for several classes."""
        return len(self.targets) if is_joint(self.loss) else 1

    def to_raw(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (weights, bias) in the data's own units, of K margins (..., d, K) and (..., K) for theta (..., p·K, 1)."""
        return self.coordinates.to_raw(theta.reshape(*theta.shape[:-2], -1, self.classes))

    def from_raw(self, weights: FloatArray, bias: FloatArray) -> FloatArray:
        """Return the parameters in force, (p, 1) or (p·K, 1), for weights (d, K) and bias (K,) in the data's own units."""
        return self.coordinates.from_raw(weights, bias).reshape(-1, 1)

    @cached_property
    def default_start(self) -> FloatArray:
        """Where a run begins that is given no start, shape (p, 1) or (p·K, 1): all zeros, but of counts the bias of all rows alike."""
        start = np.zeros((len(self.parameter_names) * self.classes, 1))
        if self.fit_intercept and isinstance(self.loss, PoissonLoss):
            start[0] = log_rate(self.rows)
        return start

    def parameter_in_words(self, row: int) -> str:
        """Say which parameter a row of theta is, and of which class."""
        if self.classes == 1:
            return super().parameter_in_words(row)
        of_input, of_class = divmod(row, self.classes)
        return f"{super().parameter_in_words(of_input)} for {self.targets[of_class]!r}"

    def mode_words(self, chosen: NDArray[np.intp] | slice = slice(None)) -> tuple[str, ...]:
        """Return what each moving mode is made of, the steepest first, or only the chosen ones."""
        sizes, names = self.of_classes(self.triangle.input_sizes(self.coordinates))
        return tuple(mode_in_words(v, sizes, names) for v in self.quadratic.modes.directions.T[chosen])

    def of_classes(self, sizes: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
        """Return the sizes of inputs, shape (p,), and the parameters' names, each once for every margin, shape (p·K,)."""
        if self.classes == 1:
            return sizes, self.parameter_names
        spoken = ["the intercept" if name == "intercept" else name for name in self.parameter_names]
        names = tuple(f"{name} for {target}" for name in spoken for target in self.targets)
        return np.repeat(sizes, self.classes), names

    def in_coordinates(self, name: CoordinatesName) -> "Problem":
        """Return the squares that touch the loss at its minimum, in other coordinates, up to a factor: for their modes."""
        if self.coordinates.name == name:
            return self
        if self.classes > 1:
            return self._joint_in(name)
        bowl, coordinates = self.found.bowl, self.triangle.coordinates(name, fit_intercept=self.fit_intercept)
        return Problem(bowl.triangle, coordinates, "half_mse", self.l2 / bowl.quadratic.scale)

    def _joint_in(self, name: CoordinatesName) -> "LossProblem":
        """The same with the inputs of all margins changed by hand: u' = a·u + c, in columns of R."""
        old, new = self.coordinates, self.triangle.coordinates(name, fit_intercept=self.fit_intercept)
        change = np.diag(np.append(np.ones(int(self.fit_intercept)), old.scale / new.scale))
        if self.fit_intercept:
            change[0, 1:] = (old.shift - new.shift) / new.scale
        wide, bowl = np.kron(change, np.eye(self.classes)), self.found.bowl
        R, r = np.linalg.qr(bowl.quadratic.R @ wide)[1], bowl.quadratic.r
        noise = np.abs(wide).T @ bowl.quadratic.noise
        quadratic = replace(bowl.quadratic, R=R, r=np.zeros_like(r[: len(R)]), noise=noise)
        found = replace(self.found, bowl=replace(bowl, quadratic=quadratic))
        return replace(self, coordinates=new, found=found)


def _at_scale(loss: Scaled, plain: Problem) -> Loss:
    """A loss for a table, by the residuals of its least-squares answer."""
    triangle, squares = plain.triangle, Quadratic.of(plain.triangle, plain.coordinates)
    spread, size = float(squares.unexplained[0]), float(np.hypot(triangle.means[-1], triangle.deviations[-1]))
    return loss.at_scale(spread, size, triangle.row_count, len(plain.parameter_names))


def _no_minimum(loss: Loss, found: Minimum) -> DataError:
    return DataError(
        f"no minimum of the {loss.name} loss was found in {found.passes} passes over the rows; the loss fell to {found.bowl.value:.3g}.",
        *REMEDIES.get(loss.name, ()),
    )
