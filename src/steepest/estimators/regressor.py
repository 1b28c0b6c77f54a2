"""Regressor: scikit-learn's fit, partial_fit and predict for one run of gradient descent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from steepest.analysis.validation import ValidationCurve, validation_curve
from steepest.data.batch import Batch
from steepest.data.sources.arrays import ArraySource
from steepest.data.split import Share
from steepest.descent.descend import descend
from steepest.descent.minibatch import Order
from steepest.descent.settings import Auto
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.estimators.callbacks import CallbackSupport, FitTask, with_callbacks
from steepest.estimators.linear import LOGGER, check_verbose
from steepest.estimators.regression import LinearRegressor
from steepest.estimators.walk import Solver, at_minimum, is_newton, is_word, tolerance_of, walk
from steepest.objectives.loss_choice import LossChoice, choose_loss
from steepest.objectives.losses import Loss, PoissonLoss
from steepest.objectives.quadratic import ObjectiveName
from steepest.rules.rule import RuleChoice
from steepest.summaries.pass_state import PassState
from steepest.summaries.summarize import read, read_on
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray

Start = tuple[FloatArray, FloatArray] | None


def _has_squared_loss(estimator: "GradientDescentRegressor") -> bool:
    """Say whether rows can be added one after the other: their triangle is all that squared loss needs."""
    return is_word(estimator.loss, "squared")


class GradientDescentRegressor(CallbackSupport, LinearRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """A linear model fitted by gradient descent; on squared loss over all rows at once every epoch is known in closed form.

        J(w, b) = Σ weight·(X·w + b - y)² / (2 Σ weight) + l2/2·‖w‖²          objective="half_mse"

    With the defaults the learning rate and the number of epochs are chosen from the modes, inputs are standardized, and
    the result is the least-squares model. A run that diverges raises `steepest.DivergenceError` with the stability limit
    and the rate that would do; one that has not arrived gives a ConvergenceWarning with what is missing.

    From scikit-learn 1.9 on, `set_callbacks(...)` lets its callbacks see each epoch, and end the fit; such a fit goes step by step.

    Args:
        learning_rate: η > 0, or "auto": the best constant rate.
        epochs: number of updates, or "auto": until every mode is within `tol`.
        rule: the name of a rule ("gradient", "heavy_ball", "nesterov", "chebyshev", or a registered one), or a rule with its
            numbers; then learning_rate and momentum are left alone. "auto": plain gradient descent; on another loss than squares
            Nesterov's, where learning rate and batches are not chosen; with l1 "fista", and "ista" in batches.
        momentum: β in [0, 1), for a rule that has one; None: the best.
        batch_size: rows whose gradient makes a step, for mini-batch and stochastic gradient descent; None: all of them.
        order: how rows come to batches: "shuffled" anew each epoch, drawn with "replacement", or "fixed".
        drop_last: leave an epoch's last batch out where it has fewer rows.
        l2: ridge penalty on the weights in the coordinates in force, never on the intercept; scikit-learn's Ridge has
            alpha = n·l2 (with standardize=False and objective="half_mse").
        l1: lasso penalty likewise, which sets coefficients to exactly 0; 0: none. scikit-learn's Lasso has alpha = l1. Of every loss
            but the quantile.
        l1_ratio: in place of l2, the share of l1 in the elastic net: l2 = l1·(1 - l1_ratio)/l1_ratio; scikit-learn's
            ElasticNet has alpha = l1/l1_ratio. None: no l2 but the one given.
        tol: the run ends once every mode stays within this share of its start error, also before `epochs` are done; None or
            0: all epochs (1e-12 where epochs is "auto"). With l1 the duality gap as a share of the loss, 1e-9 where this is smaller.
        standardize: descend in inputs of mean 0 and standard deviation 1; coef_ is in the data's own units anyway.
        fit_intercept: whether the model has an intercept.
        objective: "half_mse", "mse" (twice that) or "quarter_mse" (half of it).
        validation: held-out rows for early stopping: a share of the rows in (0, 1), or (X, y); None for none. The model is
            then that of the epoch with the smallest held-out RMSE.
        warm_start: begin at the coefficients of the last fit instead of zeros; momentum begins anew.
        random_state: decides which rows `validation` as a share holds out, and the order of rows in batches.
        verbose: log the run, thinned, to the logger "steepest" at level INFO; nothing is printed.
        loss: "squared", "huber" (rows far away pull less), "poisson" (counts, with a logarithmic link), "quantile", or a loss object.
        delta: of loss="huber", δ: how far from the target a square ends and a straight line begins, in target units.
        quantile: of loss="quantile", τ: the share of the targets that lies below what is predicted.
        solver: "descent" runs; "newton" takes the exact minimum itself, also with l1.

    On another loss than squares the run is walked: `epochs="auto"` is then at most 10,000, `objective`, `validation` and
    `partial_fit` are not for it, and the minimum it is measured against is found by Newton's method.

    Attributes:
        coef_: weights, shape (d,), or (t, d) where y had several columns; target units per feature unit.
        intercept_: a float, or shape (t,).
        n_iter_: epochs of the model.
        n_features_in_, feature_names_in_: of the inputs in `fit`.
        loss_curve_, loss_curve_epochs_: the objective over the run.
        validation_curve_: a `steepest.ValidationCurve`, or None.
        trajectory_: the run up to the model's epoch: any epoch, the optimum, the modes.
        verdict_: what became of it.
        triangle_: of the rows it learned from; `partial_fit` adds to it.

    Example:
        >>> import numpy as np
        >>> x = np.arange(1.0, 301.0).reshape(-1, 1)
        >>> model = GradientDescentRegressor().fit(x, 0.5 * x[:, 0] + 2)
        >>> model.coef_.round(9), round(model.intercept_, 9), model.verdict_.kind
        (array([0.5]), 2.0, 'converged')

    Source: Goh, "Why Momentum Really Works", Distill 2017 (the closed form).
    """

    triangle_: Triangle
    validation_curve_: ValidationCurve | None
    _held: Triangle | None

    def __init__(
        self,
        *,
        learning_rate: float | Auto = "auto",
        epochs: int | Auto = "auto",
        rule: RuleChoice | Auto = "auto",
        momentum: float | Auto | None = None,
        batch_size: int | None = None,
        order: Order = "shuffled",
        drop_last: bool = False,
        l2: float = 0.0,
        l1: float = 0.0,
        l1_ratio: float | None = None,
        tol: float | None = 1e-12,
        standardize: bool = True,
        fit_intercept: bool = True,
        objective: ObjectiveName = "half_mse",
        validation: float | tuple[ArrayLike, ArrayLike] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool | int = False,
        loss: LossChoice = "squared",
        delta: float = 1.345,
        quantile: float = 0.5,
        solver: Solver = "descent",
    ) -> None:
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.rule = rule
        self.momentum = momentum
        self.batch_size = batch_size
        self.order = order
        self.drop_last = drop_last
        self.l2 = l2
        self.l1 = l1
        self.l1_ratio = l1_ratio
        self.tol = tol
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.objective = objective
        self.validation = validation
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.loss = loss
        self.delta = delta
        self.quantile = quantile
        self.solver = solver

    @with_callbacks
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to rows, in one pass over them.

        Args:
            X: inputs, dense or sparse, shape (n, d).
            y: targets, shape (n,) or (n, t).
            sample_weight: one weight a row, shape (n,), not negative: 0 is a row that is absent, 2 a row that stands twice.
            coef_init: where the run starts, shape of coef_; default zeros (of counts with the intercept at their mean), or the last
                fit with warm_start.
            intercept_init: the same for intercept_.
            X_val: held-out inputs for early stopping, instead of `validation`.
            y_val: their targets.

        Returns:
            self.

        Raises:
            ValueError: the rows or a setting cannot be used; says why.
            DivergenceError: the learning rate is above the stability limit.
        """
        task = FitTask.begun(self, X, y, sample_weight, self.epochs)
        with self._whole_or_not():
            rows = self._rows(X, y, sample_weight, reset=True)
            self._check_flags()
            self._rows_seen, self._seed = rows.row_count, int(check_random_state(self.random_state).randint(2**31))
            begun, watchers = self._start(rows, coef_init, intercept_init), task.watchers if task else ()
            loss, held = self._chosen_loss(), self._held_out(X_val, y_val)
            if loss is None:
                train, held_out = self._read(rows, held)
                self._learn(train, held_out, begun, rows, watchers)
            else:
                self._walk(rows, loss, held, begun, watchers)
        if task:
            task.ended()
        return self

    @available_if(_has_squared_loss)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Add rows to those seen so far; the model becomes what `fit` on all of them would give.

            triangle_ = triangle_ + triangle of these rows

        Args:
            X: inputs, shape (n, d).
            y: targets, shape (n,) or (n, t).
            sample_weight: one weight a row, shape (n,).

        Returns:
            self.

        Raises:
            ValueError: as `fit`; other columns than before.
            DivergenceError: as `fit`.
            UsageError: there is a batch_size.
            AttributeError: there is another loss than squares, which needs all rows at once.
        """
        if self.batch_size is not None:
            raise UsageError(
                "partial_fit keeps no rows to make batches of. Leave batch_size out, or fit all rows at once."
            )
        if not hasattr(self, "triangle_"):
            return self.fit(X, y, sample_weight)
        with self._whole_or_not():
            nothing = sample_weight is not None and np.size(sample_weight) > 1 and not np.any(sample_weight)
            rows = self._rows(X, y, None if nothing else sample_weight, reset=False)
            rows = replace(rows, first_row=self._rows_seen)
            if len(rows.targets) == len(self.triangle_.targets):  # what the first part called them
                rows = replace(rows, targets=self.triangle_.targets)
            self._rows_seen += rows.row_count
            if nothing:  # rows of weight 0 are absent
                return self
            before = replace(PassState.empty(rows.features, rows.targets, self._seed), train=self.triangle_)
            if isinstance(self.validation, float) and self._held is not None:
                before = replace(before, test=self._held)
            train, held_out = self._read(rows, self._held_out(None, None), before)
            return self._learn(train, self._held if self.validation is None else held_out, None)

    def _held_out(self, X_val: ArrayLike | None, y_val: ArrayLike | None) -> float | tuple[ArrayLike, ArrayLike] | None:
        """Return the share of rows to hold out, the held-out rows, or None; checked."""
        if (X_val is None) != (y_val is None):
            raise UsageError("X_val and y_val belong together; give both or none.")
        if X_val is not None and self.validation is not None:
            raise UsageError("held-out rows are given twice, by validation and by X_val; give one of them.")
        given = self.validation if X_val is None else (X_val, y_val)
        share = isinstance(given, (float, np.floating)) and 0 < given < 1
        if not (given is None or share or (isinstance(given, tuple) and len(given) == 2)):
            raise UsageError(f"validation is a share of the rows between 0 and 1, or (X, y); got {given!r}.")
        return given  # type: ignore[return-value]  # X_val and y_val are both given

    def _read(
        self, rows: ArraySource, held_out: float | tuple[ArrayLike, ArrayLike] | None, before: PassState | None = None
    ) -> tuple[Triangle, Triangle | None]:
        """Read the rows once: the triangle to learn from, and that of the held-out rows, added to those before."""
        share = None if held_out is None or isinstance(held_out, tuple) else Share(held_out, self._seed)
        state = read_on(rows, before or PassState.empty(rows.features, rows.targets, self._seed), share)
        if not state.train.row_count or (share and not state.test.row_count):
            raise DataError(
                f"of {self._rows_seen:,} rows, {state.train.row_count:,} are left to learn from and {state.test.row_count:,} held out. "
                "Give more rows, or another share to hold out."
            )
        if isinstance(held_out, tuple):
            return state.train, read(self._rows(*held_out, None, reset=False), sample_rows=0).triangle
        return state.train, state.test if share else None

    def _start(self, train: Triangle | ArraySource, coef: ArrayLike | None, intercept: ArrayLike | None) -> Start:
        """Where the run begins: what was given, the last fit where that is asked for, or what descend takes (None)."""
        if self.warm_start and hasattr(self, "coef_"):
            coef, intercept = self.coef_ if coef is None else coef, self.intercept_ if intercept is None else intercept
        if coef is None and intercept is None:
            return None
        d, t = len(train.features), len(train.targets)
        weights = np.zeros((d, t)) if coef is None else np.asarray(coef).T
        expected = f"({d},)" if t == 1 else f"({t}, {d})"
        if weights.shape not in (((d,), (d, 1)) if t == 1 else ((d, t),)):
            raise UsageError(f"a start needs coefficients of shape {expected}; got {weights.T.shape}.")
        return weights, np.zeros(1) if intercept is None else np.asarray(intercept)

    def _learn(
        self,
        train: Triangle,
        held_out: Triangle | None,
        start: Start,
        rows: ArraySource | None = None,
        watchers: tuple[FitTask, ...] = (),
    ) -> Self:
        """Run on the triangle, judge the run, and keep it up to its last epoch, or the best on held-out rows."""
        tolerance = tolerance_of(self)
        rule = None if is_word(self.rule, "auto") else cast("RuleChoice", self.rule)
        run = self._descend(train, start, rule, self.epochs, tolerance, rows, watchers)
        run = at_minimum(run) if is_newton(self.solver) else run
        curve = None if held_out is None else validation_curve(run, held_out)
        stopped = curve is not None and curve.best_epoch < run.epochs
        self._judge(run, tolerance=tolerance, stopped=stopped or run.ended.reason == FitTask.name)
        if curve is not None and stopped:
            last = run.epochs
            run = self._descend(train, start, run.rule, curve.best_epoch, None)
        verbose = check_verbose(self.verbose)
        if verbose:
            self._log(run)
        if verbose and curve is not None and stopped:
            LOGGER.info("stopped at epoch %s of %s: held-out RMSE %s", f"{run.epochs:,}", f"{last:,}", curve.best_rmse)
        self.triangle_, self._held, self.validation_curve_ = train, held_out, curve
        return self._take_exact(run) if is_newton(self.solver) else self._take(run)

    def _walk(self, rows: ArraySource, loss: Loss, held: object, start: Start, watchers: tuple[FitTask, ...]) -> Self:
        """Run on another loss than squares, judge the run and keep it."""
        if held is not None:
            raise UsageError("held-out rows are for squared loss so far. Leave validation out, or use GridSearchCV.")
        run = walk(self, rows, loss, start, watchers)
        self._judge(run, tolerance=tolerance_of(self), stopped=run.ended.reason == FitTask.name)
        if check_verbose(self.verbose):
            self._log(run)
        self.triangle_, self._held, self.validation_curve_ = run.problem.triangle, None, None
        return self._take_exact(run) if is_newton(self.solver) else self._take(run)

    def _chosen_loss(self) -> Loss | None:
        """The loss that the parameters ask for; None for squares."""
        if isinstance(self.loss, str) and self.loss == "squared":
            return None
        numbers = {"huber": {"delta": self.delta}, "quantile": {"tau": self.quantile}}
        if isinstance(self.loss, str) and self.loss in numbers:
            return replace(choose_loss(self.loss), **numbers[self.loss])  # type: ignore[type-var]  # losses are dataclasses
        return choose_loss(self.loss)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = is_word(self.loss, "squared")
        tags.target_tags.positive_only = is_word(self.loss, "poisson") or isinstance(self.loss, PoissonLoss)
        return tags

    def _descend(
        self,
        train: Triangle,
        start: Start,
        rule: RuleChoice | None,
        epochs: int | Auto,
        tolerance: float | None,
        rows: ArraySource | None = None,
        watchers: tuple[FitTask, ...] = (),
    ) -> Trajectory:
        own = (
            rule is None or isinstance(rule, str) or rule is self.rule
        )  # and not the rule of a run that is taken again
        return descend(
            train,
            rule=rule,
            learning_rate=self.learning_rate if own else "auto",
            momentum=self.momentum if own else None,
            batch_size=self.batch_size if own else None,
            order=self.order if own else "shuffled",
            drop_last=self.drop_last if own else False,
            seed=self._seed,
            rows=None if rows is None or self.batch_size is None else lambda: self._training_rows(rows),
            epochs=epochs,
            tolerance=tolerance,
            l2=self.l2,
            l1=self.l1,
            l1_ratio=self.l1_ratio,
            objective=self.objective,
            standardize=self.standardize,
            fit_intercept=self.fit_intercept,
            start=start,
            callbacks=watchers,
        )

    def _training_rows(self, rows: ArraySource) -> Iterator[Batch]:
        """The rows that are not held out."""
        share = Share(self.validation, self._seed) if isinstance(self.validation, float) else None
        for batch in rows.batches():
            yield batch.take(~share.holds_out(batch.positions)) if share else batch
