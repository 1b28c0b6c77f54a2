"""Inference: how sure one may be of the exact least-squares answer, from the triangle and a second look at the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from steepest.analysis.coefficient_table import Inference, Robust, WeightKind, check_confidence
from steepest.analysis.least_squares import LeastSquares
from steepest.analysis.residuals import POWERS, residual_pass
from steepest.data.batch import Batch
from steepest.data.sources import MissingPolicy, open_source
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, Option, UsageError
from steepest.objectives.quadratic import Quadratic
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.summarize import read, summarize, triangle_of
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names, number

APART = 0.01  # standard errors between run and table that go without saying


def infer(
    data: object,
    y: object = None,
    *,
    target: str | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    fit_intercept: bool = True,
    confidence: float = 0.95,
    robust: Robust | None = None,
    weights: WeightKind = "precision",
) -> Inference:
    """Return the coefficient table of least squares on a table: one pass over the rows, two with robust errors.

        covariance = s²·(XᵀWX)⁻¹ = s²·R⁻¹·R⁻ᵀ          s² = Σ w·r² / (n - p)

    Args:
        data: what `descend` takes: arrays with y, a data frame or the path of a table with target, a Triangle, a source.
        y: the target, shape (n,).
        target: name of the target column of a table.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" or "indicator".
        fit_intercept: whether the model has a bias.
        confidence: share of the intervals that hold the true coefficient.
        robust: "HC0" … "HC3": standard errors that hold where the errors' variance differs from row to row.
        weights: what a weight of 2 means: "precision" (half the variance) or "frequency" (the row twice).

    Raises:
        UsageError: an option is outside its range, there are several targets, or a triangle is asked for robust errors.
        DataError: the data cannot be used, columns depend on each other, or there are no more rows than coefficients.

    Example:
        >>> table = infer([[1.0], [2.0], [3.0], [4.0]], [3.0, 4.0, 6.0, 8.0])     # residuals 0.3, -0.4, -0.1, 0.2
        >>> table.coefficients.round(12), (table.standard_errors**2).round(12)    # s² = 0.3/2 = 0.15; 0.15·(1/4 + 2.5²/5), 0.15/5
        (array([1. , 1.7]), array([0.225, 0.03 ]))
        >>> round(table.r_squared, 12) == round(1 - 0.3 / 14.75, 12), table.p_values.round(4)
        (True, array([0.1695, 0.0102]))

    Source: Seber, Lee, "Linear Regression Analysis", 2nd edition, chapters 3 to 5.
    """
    held = triangle_of(data)
    if held is not None and robust is not None:
        raise UsageError("robust standard errors need the rows, and a triangle has none. Give the table itself.")
    if held is not None:
        source, triangle = None, summarize(held, y, target=target, features=features, weight=weight)
    else:
        source = open_source(data, y, target=target, features=features, weight=weight, missing=missing)
        triangle = read(source, sample_rows=0).triangle
    coordinates = triangle.coordinates("raw", fit_intercept=fit_intercept)
    statistician = Statistician(triangle, Quadratic.of(triangle, coordinates), coordinates)
    batches = source.batches() if source is not None and robust else None
    answer = coordinates.to_raw(statistician.quadratic.minimum)
    return statistician.table(answer, None, confidence, robust, batches, weights)


@dataclass(frozen=True, eq=False)
class Statistician:
    """What a coefficient table needs to know beside the run.

    Args:
        triangle: the table.
        quadratic: the objective in the coordinates in force.
        coordinates: these coordinates.
    """

    triangle: Triangle
    quadratic: Quadratic
    coordinates: Coordinates

    def __call__(
        self,
        run: Trajectory,
        target: str | None,
        confidence: float,
        robust: Robust | None,
        data: object,
        y: object,
        weights: WeightKind,
    ) -> Inference:
        """Return the coefficient table of a run's exact answer, and say where the run itself is elsewhere."""
        if data is None and y is not None:
            raise UsageError("y goes with data: give both, run.summary(data=X, y=y).")
        batches = None if data is None else self._batches(data, y)
        goal = run.optimum
        d, t = len(run.features), len(run.targets)
        answer = goal.weights.reshape(d, t), np.asarray(goal.bias).reshape(t)
        inference = self.table(answer, target, confidence, robust, batches, weights)
        return replace(inference, notes=(*inference.notes, *self._apart(run, inference)))

    def table(
        self,
        answer: tuple[FloatArray, FloatArray],
        target: str | None,
        confidence: float,
        robust: Robust | None,
        batches: Iterator[Batch] | None,
        weights: WeightKind,
    ) -> Inference:
        """Return the coefficient table of the exact answer: weights (d, t) and bias (t,) in the data's own units.

        Raises:
            UsageError, DataError: as `infer`.
        """
        self._check_settings(confidence, robust, batches, weights)
        index = self._target(target)
        slopes, bias = answer[0][:, index], float(answer[1][index])
        self._check_data(weights)
        fit = LeastSquares.of(
            self.triangle,
            slopes,
            bias,
            target=index,
            fit_intercept=self.coordinates.fit_intercept,
            weights=weights,
        )
        look = None
        if batches is not None and not fit.is_exact:
            power, copies = (POWERS[robust] if robust else None), weights == "frequency"
            look = residual_pass(batches, fit.basis, fit.level, slopes, index, power, copies=copies)
            fit.check_same_rows(look)
        kappas = self._condition_number("raw"), self._condition_number("standardized")
        return fit.inference(confidence, weights, robust, look, kappas)

    def _batches(self, data: object, y: object) -> Iterator[Batch]:
        """Open the rows for a second look, coded as they were."""
        if isinstance(data, Iterator):
            return data
        if triangle_of(data) is not None:
            raise UsageError("a second look needs the rows, and a triangle has none. Give the table itself as data.")
        triangle, coding = self.triangle, self.triangle.coding
        coding = None if y is not None else coding
        named = triangle.features if coding is None or coding.is_plain else None
        source = open_source(data, y, target=triangle.targets, features=named, coding=coding)
        if source.features != triangle.features:
            raise DataError(
                f"data has the features {join_names(source.features)}, and the run {join_names(triangle.features)}. Give the run's own table."
            )
        return source.batches()

    def _check_settings(self, confidence: float, robust: str | None, batches: object, weights: str) -> None:
        check_confidence(confidence)
        if robust is not None and robust not in get_args(Robust):
            raise UsageError(Option("robust") + f' is "HC0", "HC1", "HC2", "HC3" or None; given was {robust!r}.')
        if weights not in get_args(WeightKind):
            raise UsageError(f'weights are of "precision" or "frequency"; given was {weights!r}.')
        if robust is not None and batches is None:
            raise UsageError(
                "robust standard errors need a second look at the rows.", "give them: run.summary(data=X, y=y)"
            )
        if self.quadratic.l2:
            raise UsageError(
                "standard errors are of least squares, and "
                + Option("l2", self.quadratic.l2)
                + " pulls the coefficients towards 0: they are biased, and no variance tells by how much.",
                remedies.NO_PENALTY,
                "judge the penalized model on held-out rows (sweep)",
            )

    def _check_data(self, weights: WeightKind) -> None:
        """Refuse tables that leave standard errors undefined."""
        quadratic, features = self.quadratic, self.triangle.features
        rows = self.triangle.total_weight if weights == "frequency" else self.triangle.row_count
        if not rows > quadratic.size:
            what = "rows" if weights == "precision" else "rows (the sum of the frequencies)"
            raise DataError(
                f"{number(rows)} {what} and {quadratic.size} coefficients leave no degree of freedom, so nothing says how sure the coefficients are. "
                "Give more rows than coefficients, or fewer features."
            )
        constant = self.triangle.constant_features if quadratic.fit_intercept else ()
        dependent = tuple(name for name in quadratic.dependent(features) if name not in constant)
        if constant or dependent:
            parts = [f"{join_names(constant)} has the same value in every row"] if constant else []
            parts += [f"{join_names(dependent)} can be computed from the other columns"] if dependent else []
            raise DataError(
                f"standard errors are not defined: {'; '.join(parts)}, so many coefficients are equally good. Leave such columns out."
            )

    def _target(self, target: str | None) -> int:
        targets = self.triangle.targets
        if target is None and len(targets) == 1:
            return 0
        if target not in targets:
            given = "" if target is None else f"; given was {target!r}"
            raise UsageError(f"a coefficient table is of one target, of {join_names(targets)}{given}.", remedies.TARGET)
        return targets.index(target)

    def _condition_number(self, name: str) -> float:
        fit_intercept = self.coordinates.fit_intercept
        if self.coordinates.name == name:
            return self.quadratic.modes.condition_number
        coordinates = self.triangle.coordinates(name, fit_intercept=fit_intercept)  # type: ignore[arg-type]
        return Quadratic.of(self.triangle, coordinates).modes.condition_number

    def _apart(self, run: Trajectory, inference: Inference) -> tuple[str, ...]:
        """Say how far the run's own coefficients are from the table's, where they are."""
        kind, exact = run.verdict.kind, inference.is_exact
        index = run.targets.index(inference.target)
        weights, bias = run.last.weights.reshape(len(run.features), -1)[:, index], np.atleast_1d(run.last.bias)[index]
        own = np.concatenate([[bias], weights]) if self.coordinates.fit_intercept else weights
        about = "The table is of the exact least-squares answer, not of the run."
        if not np.isfinite(own).all():
            return (f"The run has not converged ({kind}): its own coefficients are no numbers any more. {about}",)
        apart = np.abs(own - inference.coefficients)
        scale = np.maximum(inference.standard_errors, np.finfo(float).tiny)
        worst = int((apart / scale).argmax())
        errors = float(apart[worst] / scale[worst])
        arrived = kind in ("converged", "unknown")
        if arrived and (exact or errors <= APART):
            return ()
        name = inference.names[worst]
        said = (
            f"its own {name} is {number(float(own[worst]))}, the table's {number(float(inference.coefficients[worst]))}"
        )
        far = "" if exact else f", {number(errors, 3)} standard errors away"
        begun = "The run ended short of it" if arrived else f"The run has not converged ({kind})"
        return (f"{begun}: {said}{far}. {about}",)
