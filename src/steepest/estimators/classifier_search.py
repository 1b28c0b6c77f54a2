"""Classifier search: a classifier's penalty chosen by cross-validation, each training part's minimum found by Newton's method."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import check_cv

from steepest.analysis.loss_path_result import LossPath
from steepest.data.sources.arrays import ArraySource
from steepest.descent.descend import descend
from steepest.errors import DataError, UsageError
from steepest.estimators.classification import LinearClassifier
from steepest.estimators.linear import LOGGER, check_verbose
from steepest.estimators.sparse_search import choose_loss_path, in_order, ratios_of, run_of
from steepest.estimators.splits import Indices, positions_of
from steepest.estimators.walk import at_minimum
from steepest.objectives.loss_choice import choose_loss
from steepest.objectives.losses import Loss
from steepest.objectives.newton import minimize
from steepest.summaries.coordinates import coordinates_name
from steepest.summaries.summarize import read
from steepest.support.arguments import as_float, check_word, shown
from steepest.support.arrays import FloatArray

PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)


class GradientDescentClassifierCV(LinearClassifier):
    """A linear model of two or more classes with its penalty chosen by cross-validation.

        mean log-loss(l2) = Σ weight·ℓ(held-out row | minimum of its split's training rows at l2) / Σ weight

    The minimum of each training part is found by Newton's method, from the largest penalty to the smallest, each from where the one
    before ended. Inputs are standardized inside each training part: nothing leaks from held-out rows. The model is the exact
    minimum on all rows with the chosen penalty.

    With l1 the whole path of sparse models is followed in each training part, by proximal Newton: `LogisticRegressionCV` with an l1
    penalty or an elastic net, of two classes.

    Args:
        l2: grid of penalties; None or "auto": 8 from 1e-6 to 10, one a decade.
        l1: None; or "auto", 100 penalties from the largest that matters to a thousandth of it; or a grid of weights of Σ|w|, in the
            coordinates in force. scikit-learn's have C = 1/(Σ weight·l1), with standardize=False.
        l1_ratio: with l1, its share in the penalty, or several of them; 1 is the lasso.
        cv: number of folds, each with about the same shares of the classes, a scikit-learn splitter, or an iterable of (train, test)
            positions; None: 5 folds.
        choose: "best", the smallest mean log-loss; "one_standard_error", the largest penalty within one standard error of it.
        standardize: the penalty is on weights of inputs of mean 0 and standard deviation 1.
        fit_intercept: whether the model has an intercept.
        class_weight: a dict from class to weight, or "balanced", see `GradientDescentClassifier`; held-out rows are weighted as well.
        verbose: log the choice to the logger "steepest" at level INFO.

    Attributes:
        classes_, coef_, intercept_, n_iter_, n_features_in_, feature_names_in_, trajectory_, verdict_: as
            `GradientDescentClassifier` with solver="newton".
        l2_: the chosen penalty.
        path_: with l1 the whole `steepest.Path` of the chosen l1_ratio.
        penalty_, l1_ratio_, l1_, l2_: with l1 those of the model; l1_ = penalty_·l1_ratio_, l2_ the rest.
        penalties_: the grid, ascending, shape (G,); with l1 falling, and of several l1_ratios (ratios, G).
        log_loss_: the mean log-loss of held-out rows at each, shape (G,); inf where there is no minimum.
        fold_log_loss_: that of each split, shape (S, G), or (ratios, S, G).
        best_log_loss_: at the chosen penalty.

    Example:
        >>> import numpy as np
        >>> generator = np.random.default_rng(0)
        >>> X = generator.normal(size=(120, 4))
        >>> y = np.where(X[:, 0] - X[:, 1] + generator.logistic(size=120) > 0, "yes", "no")
        >>> model = GradientDescentClassifierCV().fit(X, y)
        >>> model.l2_, round(model.best_log_loss_, 4), model.fold_log_loss_.shape
        (0.01, 0.535, (5, 8))
        >>> sparse = GradientDescentClassifierCV(l1="auto").fit(X, y)
        >>> round(sparse.penalty_, 4), sparse.coef_.round(2)
        (0.0086, array([[ 1.07, -1.22,  0.13,  0.2 ]]))

    Source: Stone, "Cross-validatory choice and assessment of statistical predictions", J. R. Stat. Soc. B 36 (1974).
    """

    l2_: float
    penalties_: FloatArray
    log_loss_: FloatArray
    fold_log_loss_: FloatArray
    best_log_loss_: float
    path_: LossPath
    penalty_: float
    l1_: float
    l1_ratio_: float

    def __init__(
        self,
        *,
        l2: Sequence[float] | float | Literal["auto"] | None = None,
        l1: Sequence[float] | float | Literal["auto"] | None = None,
        l1_ratio: float | Sequence[float] = 1.0,
        cv: Any = None,
        choose: Literal["best", "one_standard_error"] = "best",
        standardize: bool = True,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.l2 = l2
        self.l1 = l1
        self.l1_ratio = l1_ratio
        self.cv = cv
        self.choose = choose
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.verbose = verbose

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Self:
        """Choose the penalty by cross-validation and fit the model with it to all rows.

        Args:
            X: inputs, dense or sparse, shape (n, d).
            y: labels of any kind, shape (n,).
            sample_weight: one weight a row, shape (n,); also of held-out rows.
            groups: labels for a splitter that keeps groups together, shape (n,).

        Returns:
            self.

        Raises:
            ValueError: the rows, the grid or the splits cannot be used; says why.
        """
        check_word("choose", self.choose, ("best", "one_standard_error"))
        self._check_flags()
        penalties = _penalties(self.l2)
        with self._whole_or_not():
            rows = self._rows(X, y, sample_weight, reset=True)
            read(rows, sample_rows=0)  # which refuses what is not finite, in held-out rows too
            of_class = rows.y.argmax(axis=1) if len(self.classes_) > 2 else rows.y[:, 0].astype(np.intp)
            labels, loss = self.classes_[of_class], choose_loss(self._loss())
            splits = list(check_cv(self.cv, labels, classifier=True).split(np.zeros((len(labels), 1)), labels, groups))
            if not splits:
                raise DataError("the splitter gave no splits. Give cv= a number of folds or another splitter.")
            if self.l1 is not None:
                self._check_two_classes()
                return self._choose_sparse(rows, choose_loss_path(self, rows, splits, loss), loss)
            parts = [self._judge_split(rows, loss, split, penalties) for split in splits]
            losses, masses = np.array([part[0] for part in parts]), np.array([part[1] for part in parts])
            return self._choose(rows, penalties, losses, masses)

    def _judge_split(
        self, rows: ArraySource, loss: Loss, split: tuple[Indices, Indices], penalties: FloatArray
    ) -> tuple[FloatArray, float]:
        """Return the mean log-loss of a split's held-out rows at each penalty, and their weight."""
        train, held = (_part(rows, positions_of(positions, rows.row_count)) for positions in split)
        coordinates = read(train, sample_rows=0).triangle.coordinates(
            coordinates_name(self.standardize), fit_intercept=self.fit_intercept
        )
        self._check_classes(train)
        inputs, targets = held.X, np.asarray(held.y, dtype=np.float64)
        own = np.ones(len(targets)) if held.weight is None else held.weight
        losses, theta = np.full(len(penalties), np.inf), None
        for j in np.argsort(penalties)[::-1]:
            found = minimize(loss, train.batches, coordinates, l2=float(penalties[j]), start=theta)
            if found.settled:
                theta = found.bowl.theta
                weights, bias = coordinates.to_raw(theta.reshape(-1, targets.shape[1]))
                of_rows = loss.value(np.asarray(inputs @ weights + bias), targets)[:, 0]
                losses[j] = own @ of_rows / own.sum()
        return losses, float(own.sum())

    def _check_classes(self, train: ArraySource) -> None:
        """Raise DataError where a class has no row to learn from."""
        own = np.ones(train.row_count) if train.weight is None else train.weight
        masses = own @ np.column_stack([1 - train.y[:, 0], train.y[:, 0]] if len(self.classes_) == 2 else [train.y])
        if not masses.all():
            missing = self.classes_[np.flatnonzero(masses == 0)[0]]
            raise DataError(
                f"the training rows of a split have no row of class {shown(missing.item())}. Give fewer folds, or leave the class out."
            )

    def _choose(self, rows: ArraySource, penalties: FloatArray, losses: FloatArray, masses: FloatArray) -> Self:
        """Choose a penalty, and keep the minimum on all rows."""
        means = masses @ losses / masses.sum()
        best = int(np.argmin(means))
        if not np.isfinite(means[best]):
            raise DataError("no penalty of the grid has a minimum in every split. Give a larger l2.")
        chosen = best
        if self.choose == "one_standard_error" and len(losses) > 1:
            error = losses[:, best].std(ddof=1) / np.sqrt(len(losses))
            chosen = int(np.flatnonzero(means <= means[best] + error).max())
        self.penalties_, self.log_loss_, self.fold_log_loss_ = penalties, means, losses
        self.l2_, self.best_log_loss_ = float(penalties[chosen]), float(means[chosen])
        run = descend(
            rows,
            loss=self._loss(),
            epochs=0,
            l2=self.l2_,
            standardize=self.standardize,
            fit_intercept=self.fit_intercept,
        )
        if check_verbose(self.verbose):
            LOGGER.info(
                "chosen of %s penalties: l2 %s, mean log-loss %s", len(penalties), self.l2_, self.best_log_loss_
            )
        self._judge(run := at_minimum(run), tolerance=None, stopped=False)
        return self._take_exact(run)

    def _choose_sparse(self, rows: ArraySource, path: LossPath, loss: Loss) -> Self:
        """Keep the model of the chosen penalty."""
        model = path.best if self.choose == "best" else path.one_standard_error
        self.path_ = path
        self.penalties_, losses = in_order(path, ratios_of(self))
        self.fold_log_loss_ = np.swapaxes(losses, -1, -2)
        self.log_loss_ = losses @ path.fold_weights / path.fold_weights.sum()
        self.penalty_, self.l1_ratio_ = model.penalty, path.l1_ratio
        self.l1_ = model.penalty * path.l1_ratio
        self.l2_, self.best_log_loss_ = model.penalty - self.l1_, model.cv_loss  # type: ignore[attr-defined]  # of a loss
        if check_verbose(self.verbose):
            LOGGER.info("chosen of %s penalties: %s", f"{self.penalties_.size:,}", model)
        return self._take_exact(run_of(path, model, rows, loss))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.l1 is None
        return tags


def _penalties(given: Any) -> FloatArray:
    """Return a grid of penalties, ascending, each once.

    Raises:
        UsageError: it is empty, or one of them is no finite number, 0 or larger.
    """
    if given is None or (isinstance(given, str) and given == "auto"):
        return np.array(PENALTIES)
    values = [given] if np.ndim(given) == 0 else list(given)
    if not values:
        raise UsageError("l2 is empty. Give at least one penalty.")
    wrong = [value for value in values if not 0 <= as_float(value) < np.inf]
    if wrong:
        raise UsageError(f"l2 holds finite penalties, 0 or larger; got {shown(wrong[0])}.")
    return np.unique(np.array([as_float(value) for value in values]))


def _part(rows: ArraySource, positions: Indices) -> ArraySource:
    """Return some rows of a table in memory.

    Raises:
        DataError: there are none.
    """
    if not len(positions):
        raise DataError("a split has no rows to learn from, or none to judge by. Give fewer folds or more rows.")
    weight = None if rows.weight is None else rows.weight[positions]
    if weight is not None and not weight.any():
        raise DataError("the rows of a split have weight 0 throughout. Give fewer folds, or other weights.")
    return replace(rows, X=rows.X[positions], y=rows.y[positions], weight=weight)
