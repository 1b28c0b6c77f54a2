"""Classifier: scikit-learn's fit and predict for one run of gradient descent on labels."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from steepest.data.sources.arrays import ArraySource
from steepest.descent.minibatch import Order
from steepest.descent.settings import Auto, Average
from steepest.errors import UsageError
from steepest.estimators.callbacks import CallbackSupport, FitTask, with_callbacks
from steepest.estimators.classification import LinearClassifier
from steepest.estimators.linear import check_verbose
from steepest.estimators.walk import Solver, has_l1, is_newton, tolerance_of, walk
from steepest.rules.rule import RuleChoice
from steepest.rules.schedules import ScheduleChoice
from steepest.support.arrays import FloatArray

Start = tuple[FloatArray, FloatArray] | None


class GradientDescentClassifier(CallbackSupport, LinearClassifier):  # type: ignore[misc]  # scikit-learn has no types
    """A linear model of two or more classes fitted by gradient descent: logistic or multinomial regression.

        J(w, b) = Σ weight·log(1 + e^-(±m)) / Σ weight + l2/2·‖w‖² + l1·Σ|w|     two classes, m = X·w + b
        J(W, b) = Σ weight·(log Σ_j e^m_j - m_y) / Σ weight + l2/2·‖W‖²      three or more, m = X·W + b

    The exact minimum is found first, by Newton's method; the run is walked and measured against it. With the defaults learning
    rate and end of the run are chosen from it and inputs are standardized. A run that diverges raises `steepest.DivergenceError`; one
    that has not arrived, or of classes that can be told apart without error, so that there is no minimum, gives a ConvergenceWarning.

    A decision threshold other than 1/2 is scikit-learn's `FixedThresholdClassifier` or `TunedThresholdClassifierCV` around it.

    Args:
        learning_rate: η > 0, or "auto": the best constant rate at the minimum; of plain gradient descent at most 95% of what is
            safe from any start.
        epochs: number of updates, or "auto": until every mode is within `tol`, at most 10,000.
        rule: the name of a rule, or a rule with its numbers; then learning_rate and momentum are left alone. "auto": Nesterov's
            where learning rate, schedule, mean and batches are not chosen, else plain gradient descent; with l1 "fista", and "ista"
            in batches.
        momentum: β in [0, 1), for a rule that has one; None: the best at the minimum.
        schedule: by what the learning rate is multiplied at each step; None: 1.
        average: True gives the mean of the path; a share in [0, 1) leaves so much of its beginning out of the mean.
        batch_size: rows whose gradient makes a step; None: all of them.
        order: how rows come to batches: "shuffled" anew each epoch, drawn with "replacement", or "fixed".
        drop_last: leave an epoch's last batch out where it has fewer rows.
        l2: ridge penalty on the weights in the coordinates in force, never on the intercept; scikit-learn's LogisticRegression
            has C = 1/(Σ weight·l2), class weights included (with standardize=False).
        l1: lasso penalty likewise, which sets coefficients to exactly 0; of two classes. scikit-learn's has C = 1/(Σ weight·l1) then.
        l1_ratio: in place of l2, the share of l1 in the elastic net: l2 = l1·(1 - l1_ratio)/l1_ratio; scikit-learn's
            C = l1_ratio/(Σ weight·l1). None: no l2 but the one given.
        tol: the run ends once every mode is within this share of its start error, as measured; None or 0: all epochs. With l1 the
            duality gap as a share of the loss, 1e-9 where this is smaller.
        solver: "descent" walks; "newton" takes the exact minimum itself.
        standardize: descend in inputs of mean 0 and standard deviation 1; coef_ is in the data's own units anyway.
        fit_intercept: whether the model has an intercept.
        class_weight: a dict from class to weight, or "balanced": Σ weight / (K·Σ weight of the class's rows); None: 1 each.
        warm_start: begin at the coefficients of the last fit instead of zeros.
        random_state: decides the order of rows in batches.
        verbose: log the run, thinned, to the logger "steepest" at level INFO; nothing is printed.

    Attributes:
        classes_: the labels, sorted, shape (K,).
        coef_: weights, shape (1, d) for two classes, else (K, d); per feature unit.
        intercept_: shape (1,) or (K,).
        n_iter_: epochs of the model; with solver="newton" passes over the rows, or steps of proximal Newton.
        n_features_in_, feature_names_in_: of the inputs in `fit`.
        loss_curve_, loss_curve_epochs_: the objective over the run.
        trajectory_: the run: any epoch, the optimum, the modes there.
        verdict_: what became of it.

    Example:
        >>> import numpy as np
        >>> x = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
        >>> model = GradientDescentClassifier().fit(x, ["no", "no", "yes", "no", "yes", "yes"])
        >>> model.coef_.round(4), model.intercept_.round(4), model.verdict_.kind
        (array([[1.214]]), array([-3.0351]), 'converged')
        >>> model.predict([[2.4], [2.6]]).tolist(), model.predict_proba([[2.5]]).round(4).tolist()
        (['no', 'yes'], [[0.5, 0.5]])

    Source: Cox, "The Regression Analysis of Binary Sequences", J. R. Stat. Soc. B 20 (1958), 215-242.
    """

    def __init__(
        self,
        *,
        learning_rate: float | Auto = "auto",
        epochs: int | Auto = "auto",
        rule: RuleChoice | Auto = "auto",
        momentum: float | Auto | None = None,
        schedule: ScheduleChoice | None = None,
        average: Average = False,
        batch_size: int | None = None,
        order: Order = "shuffled",
        drop_last: bool = False,
        l2: float = 0.0,
        l1: float = 0.0,
        l1_ratio: float | None = None,
        tol: float | None = 1e-6,
        solver: Solver = "descent",
        standardize: bool = True,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.rule = rule
        self.momentum = momentum
        self.schedule = schedule
        self.average = average
        self.batch_size = batch_size
        self.order = order
        self.drop_last = drop_last
        self.l2 = l2
        self.l1 = l1
        self.l1_ratio = l1_ratio
        self.tol = tol
        self.solver = solver
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to rows.

        Args:
            X: inputs, dense or sparse, shape (n, d).
            y: labels of any kind: texts, booleans, whole numbers, shape (n,).
            sample_weight: one weight a row, shape (n,), not negative: 0 is a row that is absent, 2 a row that stands twice.
            coef_init: where the run starts, shape of coef_; default zeros, or the last fit with warm_start.
            intercept_init: the same for intercept_.

        Returns:
            self.

        Raises:
            ValueError: the rows or a setting cannot be used; says why.
            DivergenceError: the run grows.
        """
        task = FitTask.begun(self, X, y, sample_weight, self.epochs)
        with self._whole_or_not():
            self._check_flags()
            before = self._last_fit() if self.warm_start else None
            rows = self._rows(X, y, sample_weight, reset=True)
            self._seed = int(check_random_state(self.random_state).randint(2**31))
            self._learn(rows, self._start(before, coef_init, intercept_init), task.watchers if task else ())
        if task:
            task.ended()
        return self

    def _last_fit(self) -> tuple[Any, FloatArray, Any] | None:
        """The classes, coefficients and intercepts of the last fit, or None."""
        return (self.classes_, self.coef_, np.asarray(self.intercept_)) if hasattr(self, "coef_") else None

    def _start(self, before: Any, coef: ArrayLike | None, intercept: ArrayLike | None) -> Start:
        """Where the run begins: what was given, the last fit of the same classes, or zeros (None)."""
        d, t = self.n_features_in_, 1 if len(self.classes_) == 2 else len(self.classes_)
        if before is not None and np.array_equal(before[0], self.classes_) and before[1].shape == (t, d):
            coef, intercept = before[1] if coef is None else coef, before[2] if intercept is None else intercept
        if coef is None and intercept is None:
            return None
        weights = np.zeros((t, d)) if coef is None else np.asarray(coef)
        bias = np.zeros(t) if intercept is None else np.asarray(intercept).reshape(-1)
        weights = weights[None] if t == 1 and weights.ndim == 1 else weights
        if weights.shape != (t, d) or bias.shape != (t,):
            raise UsageError(
                f"a start needs coefficients of shape ({t}, {d}) and intercepts of shape ({t},); got {weights.shape} and {bias.shape}."
            )
        return weights.T, bias

    def _learn(self, rows: ArraySource, start: Start, watchers: tuple[FitTask, ...] = ()) -> Self:
        """Run on the rows, judge the run and keep it."""
        if has_l1(self):
            self._check_two_classes()
        run = walk(self, rows, self._loss(), start, watchers)
        self._judge(run, tolerance=tolerance_of(self), stopped=run.ended.reason == FitTask.name)
        if check_verbose(self.verbose):
            self._log(run)
        return self._take_exact(run) if is_newton(self.solver) else self._take(run)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = not has_l1(self)
        return tags
