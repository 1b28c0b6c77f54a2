"""Search: settings chosen by cross-validation from one pass over the rows, as a scikit-learn estimator."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv

from steepest.analysis.path_result import Path
from steepest.analysis.sweep import judge_folds
from steepest.analysis.sweep_result import Setting, Sweep
from steepest.descent.settings import Auto
from steepest.errors import UsageError
from steepest.estimators.linear import LOGGER, check_verbose
from steepest.estimators.regression import LinearRegressor
from steepest.estimators.sparse_search import choose_path, in_order, ratios_of, run_of
from steepest.estimators.splits import read_splits
from steepest.objectives.quadratic import ObjectiveName
from steepest.rules.rule import Rule, RuleChoice
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import check_word
from steepest.support.arrays import FloatArray


class GradientDescentRegressorCV(LinearRegressor):
    """Gradient descent with learning rate, number of epochs and penalty chosen by cross-validation, exactly, in one pass.

    Every combination is judged by the RMSE of held-out rows over all splits; a fit costs no data, so ten thousand of them
    cost about as much as one. The model is the best setting's run on all rows. Inputs are standardized inside each
    training part: nothing leaks from held-out rows.

    With l1 the exact lasso or elastic net of each penalty is judged instead, and there is no learning rate and no epoch to
    choose: LassoCV and ElasticNetCV from one pass.

    Args:
        learning_rates: grid of η; None or "auto": 25 from a thousandth of the stability limit to just above it.
        epochs: grid of k; None or "auto": 25 log-spaced ones.
        l2: grid of penalties.
        l1: None; or "auto", 100 penalties from the largest that matters to a thousandth of it; or a grid of weights of Σ|w|, in the
            coordinates in force. scikit-learn's LassoCV has alpha = l1, with standardize=False.
        l1_ratio: with l1, its share in the penalty, or several of them; 1 is the lasso.
        rule: the name of a rule that has a learning rate, a rule object, or several of them.
        momentum: β or several, for the last two; None: 0.9.
        cv: number of folds, a scikit-learn splitter, or an iterable of (train, test) positions; None: 5 folds.
        choose: "best", the smallest RMSE; "one_standard_error", the fewest effective parameters within one standard error
            of it; with l1 the largest penalty within one.
        standardize: descend in inputs of mean 0 and standard deviation 1.
        fit_intercept: whether the model has an intercept.
        objective: "half_mse", "mse" (twice that) or "quarter_mse" (half of it).
        verbose: log to the logger "steepest" at level INFO.

    Attributes:
        coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, trajectory_, verdict_, loss_curve_, triangle_: as
            `GradientDescentRegressor`.
        learning_rate_, epochs_, l2_, rule_, momentum_: of the chosen setting.
        best_rmse_: its RMSE on held-out rows, in target units.
        sweep_: the whole `steepest.Sweep`: every setting's RMSE, the table, the heat map's numbers; without l1.
        path_: with l1 the whole `steepest.Path` of the chosen l1_ratio.
        penalty_, l1_ratio_, l1_, l2_: with l1 those of the model; l1_ = penalty_·l1_ratio_, l2_ the rest.
        penalties_, mse_path_: with l1 the penalties judged, falling, shape (K,), and the mean squared error of each fold, shape
            (K, folds); of several l1_ratios (ratios, K) and (ratios, K, folds).

    Example:
        >>> import numpy as np
        >>> generator = np.random.default_rng(0)
        >>> X = generator.normal(size=(60, 3))
        >>> y = X @ [1.0, 2.0, 0.0] + generator.normal(size=60)
        >>> model = GradientDescentRegressorCV(learning_rates=[0.01, 0.1, 1.0], epochs=[1, 10, 100]).fit(X, y)
        >>> model.learning_rate_, model.epochs_, model.sweep_.rmse.shape
        (0.1, 100, (3, 3, 1))
        >>> sparse = GradientDescentRegressorCV(l1="auto", l1_ratio=[0.5, 1.0]).fit(X, y)
        >>> sparse.l1_ratio_, sparse.mse_path_.shape, sparse.coef_.round(2)
        (0.5, (2, 100, 5), array([0.86, 2.15, 0.4 ]))

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
    path_: Path
    penalty_: float
    l1_: float
    l1_ratio_: float
    penalties_: FloatArray
    mse_path_: FloatArray

    def __init__(
        self,
        *,
        learning_rates: Sequence[float] | None = None,
        epochs: Sequence[int] | None = None,
        l2: Sequence[float] = (0.0,),
        l1: Sequence[float] | Auto | None = None,
        l1_ratio: float | Sequence[float] = 1.0,
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
        self.l1 = l1
        self.l1_ratio = l1_ratio
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
            parts = read_splits(rows, splits)
            if self.l1 is not None:
                return self._choose_sparse(choose_path(self, parts))
            self.sweep_ = judge_folds(
                parts,
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

    def _choose_sparse(self, path: Path) -> Self:
        """Keep the model of the chosen penalty."""
        model = path.best if self.choose == "best" else path.one_standard_error
        self.path_, self.triangle_ = path, path.triangle
        self.penalties_, self.mse_path_ = in_order(path, ratios_of(self))
        self.penalty_, self.l1_ratio_, self.best_rmse_ = model.penalty, path.l1_ratio, model.cv_rmse
        self.l1_ = model.penalty * path.l1_ratio
        self.l2_ = model.penalty - self.l1_
        if check_verbose(self.verbose):
            LOGGER.info("chosen of %s penalties: %s", f"{self.penalties_.size:,}", model)
        return self._take_exact(run_of(path, model))

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
