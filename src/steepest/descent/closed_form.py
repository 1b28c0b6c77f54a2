"""The closed form: every epoch of a linear rule on a quadratic, mode by mode, without a loop."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.descent import loop
from steepest.descent.iterates import Ending, EngineName
from steepest.descent.record import Record
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import Quadratic
from steepest.rules.rule import PolynomialRule, power_ladder_of
from steepest.support.arrays import FloatArray
from steepest.support.values import Value, frozen_property

SMALLEST_SQUARE = 1e-280  # below, the largest of a sum of squares may have lost digits
FIRST_EPOCHS = 200  # may be walked, where work allows: a loop's rounding has not grown yet
FIRST_WORK = 20_000_000  # products, some hundredths of a second
SMALL = 1e-2  # of the way gone: a parameter below it may have lost more than two digits to the others


@dataclass(frozen=True, eq=False)
class ClosedIterates(Value):
    """The iterates of a linear rule on a quadratic.

    With the start theta_0, a minimum theta*, modes (λ_i, v_i) and the rule's residual polynomial p_k:

        e_i     = v_iᵀ(theta* - theta_0)                                   way of mode i
        theta_k = theta_0 + Σ_i v_i·e_i·(1 - p_k(λ_i))
        J_k     = J* + ½ Σ_i λ_i·(e_i·p_k(λ_i))²                           no cancellation

    The sum over modes is exact to rounding of its largest term. A weight of 1 beside an intercept of 1e6 would lose digits to
    it, so the first epochs are walked step by step where a parameter is that small.

    Args:
        quadratic: the objective.
        rule: the linear rule.
        start: theta_0, shape (p, t).
        last: the last epoch.
        ended: why there are no more.

    Source: Goh, "Why Momentum Really Works", Distill 2017; Hansen, "Discrete Inverse Problems", 2010, section 6.1
    (the filter factors 1 - p_k).
    """

    quadratic: Quadratic
    rule: PolynomialRule
    start: FloatArray
    last: int
    ended: Ending
    engine: ClassVar[EngineName] = "modes"

    @property
    def epochs(self) -> range:
        """Every epoch from 0 to the last."""
        return range(self.last + 1)

    @frozen_property
    def start_errors(self) -> FloatArray:
        """e_i, the way each moving mode has to go, shape (r, t)."""
        return self.quadratic.start_errors(self.start)

    @frozen_property
    def start_losses(self) -> FloatArray:
        """λ_i·e_i², twice the loss each mode starts with, shape (r, t)."""
        # the root first: e_i alone may be so large that its square overflows
        return (np.sqrt(self.quadratic.modes.eigenvalues)[:, None] * self.start_errors) ** 2

    @frozen_property
    def limit(self) -> FloatArray:
        """Where the run heads for, shape (p, t): the minimum, and the start along directions without curvature."""
        return self.quadratic.nearest_minimum(self.start)

    @frozen_property
    def final(self) -> FloatArray:
        """Theta at the last epoch, shape (p, t)."""
        theta: FloatArray = self.parameters(np.array([self.last]))[0]
        return theta

    def parameters(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Theta at the given epochs, shape (K, p, t); not finite where a diverging run has left float64."""
        theta = self._from_modes(epochs)
        at = np.asarray(epochs)
        first = at <= min(FIRST_EPOCHS, FIRST_WORK // self.start.size**2)
        size, way = np.abs(theta[first]), np.abs(theta[first] - self.start)
        if (size.min(axis=1, initial=np.inf) < SMALL * way.max(axis=1, initial=0.0)).any():
            walked = self._walked[: at[first].max() + 1]
            first &= at < len(walked)
            theta[first] = walked[at[first]]
        return theta

    @frozen_property
    def _walked(self) -> FloatArray:
        """Theta of the first epochs as a loop has them, shape (K, p, t)."""
        epochs = min(self.last, FIRST_EPOCHS, FIRST_WORK // self.start.size**2)
        return loop.run(self.quadratic, self.rule, self.start, epochs, record=Record(every=1)).thetas

    def _from_modes(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Theta at the given epochs by the formula, shape (K, p, t)."""
        modes = self.quadratic.modes
        done = self.rule.progress(modes.eigenvalues, epochs)
        with np.errstate(over="ignore", invalid="ignore"):
            steps: FloatArray = modes.directions @ self._of_start_errors(done)
        if not self.start.any():
            return steps
        # counted from where it is nearer: a far start would leave its rounding on a run that has long arrived
        left = self.rule.residual(modes.eigenvalues, epochs)
        with np.errstate(over="ignore", invalid="ignore"):
            rest: FloatArray = modes.directions @ self._of_start_errors(left)
        nearer = np.linalg.norm(rest, axis=1) + np.linalg.norm(self.limit, axis=0) < np.linalg.norm(self.start, axis=0)
        return np.where(nearer[:, None, :], self.limit - rest, self.start + steps)

    def _of_start_errors(self, shares: FloatArray) -> FloatArray:
        """Shares (K, r) of the ways of the modes, shape (K, r, t); a mode with no way to go stays, however fast it would grow."""
        return np.where(self.start_errors == 0, 0.0, shares[:, :, None] * self.start_errors)  # 0·inf is not a number

    def loss(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """J at the given epochs, shape (K, t)."""
        eigenvalues, weights = self.quadratic.modes.eigenvalues, self.start_losses
        power_ladder = power_ladder_of(self.rule)
        if not isinstance(epochs, range) or power_ladder is None or len(epochs) <= 64 or epochs.step != 1:
            return self._loss(self.rule.residual(eigenvalues, epochs))
        with np.errstate(over="ignore", invalid="ignore"):
            # the sum over modes of products of two ladders, and J*, is one matrix product: the curve is written once
            moving = weights.any(axis=1)
            long, short, skip = power_ladder(eigenvalues[moving], epochs)
            terms = 0.5 * weights[moving].T[:, None, :] * long**2
            lowest = np.broadcast_to(0.5 * self.floor[:, None, None] ** 2, (*terms.shape[:2], 1))
            curves = np.concatenate([terms, lowest], axis=2) @ np.vstack([short**2, np.ones((1, short.shape[1]))])
        return curves.reshape(len(curves), -1)[:, skip : skip + len(epochs)].T

    def metric(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """√(Σ w r² / Σ w) at the given epochs, shape (K, t): without a penalty √(2·J/s), from a curve that costs a tenth."""
        if self.quadratic.l2:
            return self._metric(self.rule.residual(self.quadratic.modes.eigenvalues, epochs))
        squares = self.loss(epochs)
        squares *= 2 / self.quadratic.scale
        within = (squares > SMALLEST_SQUARE) & (squares < np.inf)
        metric = np.sqrt(squares, out=squares)  # in place: new memory would cost more than the roots
        if not within.all():  # squares leave float64 before their roots do
            lost = ~within.all(axis=1)
            there = np.arange(epochs.start, epochs.stop, epochs.step) if isinstance(epochs, range) else epochs
            metric[lost] = self._metric(self.rule.residual(self.quadratic.modes.eigenvalues, there[lost]))
        return metric

    def costs(self, epochs: range | NDArray[np.int64]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Loss, metric and ‖∇J‖ = √Σ (λ_i·e_i·p_k(λ_i))² at the given epochs, each of shape (K, t)."""
        eigenvalues = self.quadratic.modes.eigenvalues
        left = self.rule.residual(eigenvalues, epochs)
        with np.errstate(over="ignore", invalid="ignore"):
            gradient_norm = np.asarray(np.linalg.norm(eigenvalues[:, None] * self._of_start_errors(left), axis=1))
        return self._loss(left), self._metric(left), gradient_norm

    def _loss(self, left: FloatArray) -> FloatArray:
        """J where the modes have these shares (K, r) of their start errors left."""
        moving = self.start_losses.any(axis=1)  # 0·inf is not a number
        with np.errstate(over="ignore", invalid="ignore"):
            return (left[:, moving] ** 2) @ (0.5 * self.start_losses[moving]) + 0.5 * self.floor**2

    def _metric(self, left: FloatArray) -> FloatArray:
        """√(Σ w r² / Σ w) where the modes have these shares left: from R·(theta_k - theta*), never by subtracting predictions."""
        with np.errstate(over="ignore", invalid="ignore"):
            moved: FloatArray = self.quadratic.mode_predictions @ self._of_start_errors(left)
            return self.quadratic.root_mean_square(self.quadratic.misfit - moved)

    def effective_parameters(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Trace of the map from targets to predictions at the given epochs, shape (K,).

            Σ (1 - p_k(λ_i))·(λ_i - l2·v_iᵀDv_i)/λ_i          from 0 at the start to the rank, or less with a penalty

        Source: Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2nd edition, equation 7.32.
        """
        done = self.rule.progress(self.quadratic.modes.eigenvalues, epochs)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(done @ self.quadratic.data_shares)

    def remaining(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """|p_k(λ_i)|, the share of its start error that each mode still has, shape (K, r), steepest mode first."""
        return np.abs(self.rule.residual(self.quadratic.modes.eigenvalues, epochs))

    @frozen_property
    def floor(self) -> FloatArray:
        """√(2·J*), where J* is the loss the run heads for, shape (t,)."""
        return self.quadratic.unexplained


def run(problem: Problem, rule: PolynomialRule, start: FloatArray, epochs: int) -> ClosedIterates:
    """Return the iterates of `epochs` epochs; of fewer when the parameters leave float64 before.

    Args:
        problem: the table, the coordinates, the loss.
        rule: a linear rule with its numbers.
        start: theta_0 in the coordinates in force, shape (p, t).
        epochs: k of the last epoch.
    """
    whole = ClosedIterates(problem.quadratic, rule, start, epochs, Ending.all_epochs(epochs))
    if _is_finite(whole.final, problem):
        return whole

    def is_finite(epoch: int) -> bool:
        return _is_finite(whole.parameters(np.array([epoch]))[0], problem)

    low, high = 0, epochs
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_finite(middle) else (low, middle)
    return replace(whole, last=low, ended=Ending.left_float64(low))


def _is_finite(theta: FloatArray, problem: Problem) -> bool:
    """Whether parameters are numbers, in the coordinates in force and in the data's own units."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(theta).all()) and all(np.isfinite(part).all() for part in problem.to_raw(theta))
