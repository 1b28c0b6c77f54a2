"""Smearing: what a fit of logarithms predicts in the target's own unit, and how well, from one more pass over the rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from steepest.analysis.residuals import second_look
from steepest.data.batch import Batch
from steepest.data.sources.log_target import own_names
from steepest.data.split import Share
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, Option, UsageError
from steepest.support.arguments import check_kind
from steepest.support.arrays import FloatArray
from steepest.support.looks import names, numbers
from steepest.support.numerics import numeric
from steepest.support.values import Value


@numeric
@dataclass(frozen=True, eq=False)
class Smearing(Value):
    """The factor that makes a mean of exp(fit), and the errors of those predictions in the targets' own units.

    Args:
        targets: names of the t target columns.
        factor: Duan's smearing factor, shape (t,): the weighted mean of exp(residual).
        rmse: √(Σ w·(y - factor·exp(fit))² / Σ w) on the rows learned from, shape (t,).
        r_squared: 1 - rmse²/variance of y, shape (t,); NaN where y does not vary.
        test_rmse: the same on held-out rows; None where there are none.
        test_r_squared: the same on held-out rows; None where there are none.
    """

    targets: tuple[str, ...]
    factor: FloatArray
    rmse: FloatArray
    r_squared: FloatArray
    test_rmse: FloatArray | None = None
    test_r_squared: FloatArray | None = None

    def _told(self) -> Iterator[str]:
        yield f" of {names(self.targets)}: exp(fit) times {numbers(self.factor)}"
        yield f"in the target's own unit: RMSE {numbers(self.rmse)}, R² {numbers(self.r_squared)}"


@numeric
def smearing(run: Trajectory, data: object, y: object = None) -> Smearing:
    """Return the smearing factor of a run on logarithms, from one more pass over the rows it learned from.

        factor = Σ w·exp(r) / Σ w          r = log y - (X·weights + bias), at the last epoch

    exp(fit) is a median where the errors are symmetric, and too small for a mean; times the factor it is one, whatever the
    errors' distribution. It has to be the same for all rows: where it grows with X, the mean is biased.

    Args:
        run: of a source or a triangle with `log_target`.
        data: the run's own rows: what `open_source` gave, a data frame or a table; X with y.
        y: targets themselves (not their logarithms), with an array.

    Raises:
        UsageError: the run's targets are no logarithms, or data is a triangle, which has no rows.
        DataError: these are other rows than the run's, or the factor is beyond float64.

    Example:
        >>> import steepest                                   # residuals log 2 · (-0.2, 0.6, -0.6, 0.2)
        >>> source = steepest.open_source([[1.0], [2.0], [3.0], [4.0]], [2.0, 8.0, 8.0, 32.0], log_target=True)
        >>> found = smearing(steepest.descend(source, standardize=True), source)
        >>> found.factor.round(6), found.rmse.round(6)
        (array([1.04868]), array([3.010314]))

    Source: Duan, "Smearing estimate: a nonparametric retransformation method", JASA 78 (1983), 605-610.
    """
    triangle = check_kind("run", run, Trajectory).problem.triangle
    if not triangle.log_target:
        raise UsageError(
            "the run's target is no logarithm, so its predictions need no smearing.",
            "read the data with " + Option("log_target", True),
        )
    return smear(run, second_look(triangle, data, y))


@numeric
def smear(
    run: Trajectory, rows: Iterable[Batch], share: Share | None = None, held_out: Iterable[Batch] | None = None
) -> Smearing:
    """Return the factor and the errors from batches of a run's rows, whose targets are logarithms.

    Args:
        run: of logarithms.
        rows: all rows of its table.
        share: those of them that were held out.
        held_out: held-out rows of another table.

    Raises:
        DataError: these are other rows than the run's, or the factor is beyond float64.
    """
    train, test = _Sums.empty(run), _Sums.empty(run)
    for batch in rows:
        out = share.holds_out(batch.positions) if share else None
        train.add(batch if out is None else batch.take(~out))
        if out is not None:
            test.add(batch.take(out))
    for batch in held_out or ():
        test.add(batch)
    if train.count != run.problem.triangle.row_count:
        raise DataError(
            f"smearing needs the {run.problem.triangle.row_count:,} rows that the run learned from; got {train.count:,}."
        )
    factor = train.factor
    if not np.isfinite(factor).all():
        raise DataError("the residuals of this run are so large that their smearing factor is beyond float64.")
    tested = (test.rmse(factor), test.r_squared(factor)) if test.count else (None, None)
    return Smearing(own_names(run.problem.triangle), factor, train.rmse(factor), train.r_squared(factor), *tested)


@dataclass(eq=False)
class _Sums:
    """Sums over rows, one of each a target, in units that nothing overflows in: exp(top) of residuals, exp(unit) of targets.

    With p = exp(fit - unit) and y in the same unit, and W the sum of weights:

        smeared = Σ w·exp(r - top)      apart = Σ w·(p - y)²      cross = Σ w·(p - y)·p      square = Σ w·p²
        mean = Σ w·y / W                spread = Σ w·(y - mean)²
    """

    weights: FloatArray
    bias: FloatArray
    count: int
    total: float
    top: FloatArray
    unit: FloatArray
    smeared: FloatArray
    apart: FloatArray
    cross: FloatArray
    square: FloatArray
    mean: FloatArray
    spread: FloatArray

    @classmethod
    def empty(cls, run: Trajectory) -> "_Sums":
        """Return the sums of no rows."""
        d, t = len(run.features), len(run.targets)
        lowest, zeros = np.full(t, -np.inf), (np.zeros(t) for _ in range(6))
        return cls(run.weights.reshape(d, t), np.reshape(run.bias, (t,)), 0, 0.0, lowest, lowest.copy(), *zeros)

    def add(self, batch: Batch) -> None:
        """Add rows; those of weight 0 are absent."""
        batch = batch if batch.weight is None else batch.take(batch.weight > 0)
        if not len(batch):
            return
        w = np.ones(len(batch)) if batch.weight is None else batch.weight
        fit = batch.X @ self.weights + self.bias
        residual = batch.y - fit
        top = np.maximum(self.top, residual.max(axis=0))
        self.smeared = self.smeared * np.exp(self.top - top) + w @ np.exp(residual - top)
        self.top = top
        self._take_unit(np.maximum(fit.max(axis=0), batch.y.max(axis=0)))
        p, y = np.exp(fit - self.unit), np.exp(batch.y - self.unit)
        self.apart += w @ (p - y) ** 2
        self.cross += w @ ((p - y) * p)
        self.square += w @ p**2
        self._add_spread(y, w)
        self.count += len(batch)

    def _take_unit(self, largest: FloatArray) -> None:
        """Go over to a larger unit where one is needed."""
        unit = np.maximum(self.unit, largest)
        ratio, self.unit = np.exp(self.unit - unit), unit
        self.mean *= ratio
        for sums in (self.apart, self.cross, self.square, self.spread):
            sums *= ratio**2

    def _add_spread(self, y: FloatArray, w: FloatArray) -> None:
        """Chan's update of mean and spread."""
        own = float(w.sum())
        mean = w @ y / own
        step, total = mean - self.mean, self.total + own
        self.spread += w @ (y - mean) ** 2 + step**2 * (self.total * own / total)
        self.mean += step * (own / total)
        self.total = total

    @property
    def factor(self) -> FloatArray:
        """Σ w·exp(r) / Σ w, shape (t,); inf where that is beyond float64."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.top + np.log(self.smeared / self.total)))

    def _squares(self, factor: FloatArray) -> FloatArray:
        """Σ w·(factor·p - y)²: as p - y and what the factor adds to it, so that digits do not cancel."""
        more = factor - 1
        return np.asarray(self.apart + 2 * more * self.cross + more**2 * self.square)

    def rmse(self, factor: FloatArray) -> FloatArray:
        """√(Σ w·(factor·exp(fit) - exp(y))² / Σ w), shape (t,); inf where that is beyond float64."""
        with np.errstate(over="ignore", divide="ignore"):
            return np.asarray(np.exp(self.unit + 0.5 * np.log(np.maximum(self._squares(factor), 0) / self.total)))

    def r_squared(self, factor: FloatArray) -> FloatArray:
        """1 - Σ w·(factor·exp(fit) - exp(y))² / Σ w·(exp(y) - mean)², shape (t,); NaN where the targets do not vary."""
        varies = self.spread > 0
        return np.where(varies, 1 - self._squares(factor) / np.where(varies, self.spread, 1.0), np.nan)
