"""Search: settings chosen by cross-validation from one pass over the rows, as a scikit-learn estimator."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv

from steepest.analysis.sweep import judge_folds
from steepest.analysis.sweep_result import Setting, Sweep
from steepest.errors import UsageError
from steepest.estimators.linear import LOGGER, check_verbose
from steepest.estimators.regression import LinearRegressor
from steepest.estimators.splits import read_splits
from steepest.objectives.quadratic import ObjectiveName
from steepest.rules.rule import Rule, RuleChoice
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_word


class GradientDescentRegressorCV(LinearRegressor):
    """Gradient descent with learning rate, number of epochs and penalty chosen by cross-validation, exactly, in one pass.

    Every combination is judged by the RMSE of held-out rows over all splits; a fit costs no data, so ten thousand of them
    cost about as much as one. The model is the best setting's run on all rows. Inputs are standardized inside each
    training part: nothing leaks from held-out rows.

    Args:
        learning_rates: grid of η; None or "auto": 25 from a thousandth of the stability limit to just above it.
        epochs: grid of k; None or "auto": 25 log-spaced ones.
        l2: grid of penalties.
        rule: the name of a rule that has a learning rate, a rule object, or several of them.
        momentum: β or several, for the last two; None: 0.9.
        cv: number of folds, a scikit-learn splitter, or an iterable of (train, test) positions; None: 5 folds.
        choose: "best", the smallest RMSE; "one_standard_error", the fewest effective parameters within one standard error
            of it.
        standardize: descend in inputs of mean 0 and standard deviation 1.
        fit_intercept: whether the model has an intercept.
        objective: "half_mse", "mse" (twice that) or "quarter_mse" (half of it).
        verbose: log to the logger "steepest" at level INFO.

    Attributes:
        coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, trajectory_, verdict_, loss_curve_, triangle_: as
            `GradientDescentRegressor`.
        learning_rate_, epochs_, l2_, rule_, momentum_: of the chosen setting.
        best_rmse_: its RMSE on held-out rows, in target units.
        sweep_: the whole `steepest.Sweep`: every setting's RMSE, the table, the heat map's numbers.

    Example:
        >>> import numpy as np
        >>> generator = np.random.default_rng(0)
        >>> X = generator.normal(size=(60, 3))
        >>> y = X @ [1.0, 2.0, 0.0] + generator.normal(size=60)
        >>> model = GradientDescentRegressorCV(learning_rates=[0.01, 0.1, 1.0], epochs=[1, 10, 100]).fit(X, y)
        >>> model.learning_rate_, model.epochs_, model.sweep_.rmse.shape
        (0.1, 100, (3, 3, 1))

    Source: Stone, "Cross-validatory choice and assessment of statistical predictions", J. R. Stat. Soc. B 36 (1974).
    """

    triangle_: Triangle
    sweep_: Sweep
    learning_rate_: float
    epochs_: int
    l2_: float
    rule_: str | Rule
    momentum_: float | None
    best_rmse_: float

    def __init__(
        self,
        *,
        learning_rates: Sequence[float] | None = None,
        epochs: Sequence[int] | None = None,
        l2: Sequence[float] = (0.0,),
        rule: RuleChoice | Sequence[RuleChoice] = "gradient",
        momentum: float | Sequence[float] | None = None,
        cv: Any = None,
        choose: Literal["best", "one_standard_error"] = "best",
        standardize: bool = True,
        fit_intercept: bool = True,
        objective: ObjectiveName = "half_mse",
        verbose: bool | int = False,
    ) -> None:
        self.learning_rates = learning_rates
        self.epochs = epochs
        self.l2 = l2
        self.rule = rule
        self.momentum = momentum
        self.cv = cv
        self.choose = choose
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.objective = objective
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Choose the setting by cross-validation and fit it to all rows.

        Args:
            X: inputs, dense or sparse, shape (n, d).
            y: targets, shape (n,).
            sample_weight: one weight a row, shape (n,); also of held-out rows.
            groups: labels for a splitter that keeps groups together, shape (n,).

        Returns:
            self.

        Raises:
            ValueError: the rows, a grid or the splits cannot be used; says why.
        """
        check_word("choose", self.choose, ("best", "one_standard_error"))
        self._check_flags()
        with self._whole_or_not():
            rows = self._rows(X, y, sample_weight, reset=True)
            if len(rows.targets) > 1:
                raise UsageError(f"settings are chosen for one target; y has {len(rows.targets)}. Fit them one by one.")
            given = np.asarray(rows.y)[:, 0]
            splits = list(check_cv(self.cv, given).split(np.zeros((len(given), 1)), given, groups))
            self.sweep_ = judge_folds(
                read_splits(rows, splits),
                learning_rates=_grid(self.learning_rates),
                epochs=_grid(self.epochs),
                l2=_grid(self.l2) or (0.0,),
                rule=self.rule,
                momentum=self.momentum,
                objective=self.objective,
                standardize=self.standardize,
                fit_intercept=self.fit_intercept,
            )
            self.triangle_ = self.sweep_.triangle
            return self._choose(getattr(self.sweep_, self.choose))

    def _choose(self, setting: Setting) -> Self:
        """Run a setting on all rows and keep it."""
        run = self.sweep_.run(setting)
        if check_verbose(self.verbose):
            LOGGER.info("chosen of %s settings: %s", f"{self.sweep_.scores.size:,}", setting)
            self._log(run)
        if run.verdict.kind == "diverges":
            warnings.warn(
                f"the setting that predicts held-out rows best lies above the stability limit. {run.verdict}",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.learning_rate_, self.epochs_, self.l2_ = setting.learning_rate, setting.epochs, setting.l2
        self.rule_ = setting.rule if setting.rule_object is None else setting.rule_object
        self.momentum_, self.best_rmse_ = setting.momentum, setting.rmse
        return self._take(run)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _grid(given: Any) -> Any:
    """Return a grid as it is, a single number as a grid of one, and None for "auto"."""
    if given is None or (isinstance(given, str) and given == "auto"):
        return None
    return given if isinstance(given, Sequence) else np.atleast_1d(given).tolist()
