"""Classification: what the classifiers share: labels in, margins, probabilities and classes out."""

from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin

from steepest.data.inputs import target_names
from steepest.data.sources.arrays import ArraySource
from steepest.errors import UsageError
from steepest.estimators.classes import Labels, as_labels, as_targets_of, number_classes, weigh_classes
from steepest.estimators.linear import LinearEstimator
from steepest.objectives.loss_choice import LossName
from steepest.objectives.problem import Problem
from steepest.support.arrays import FloatArray


class LinearClassifier(ClassifierMixin, LinearEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A linear model of classes, fitted by a run of gradient descent."""

    classes_: Labels
    class_weight: Any

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Return the margins X @ coef_.T + intercept_: the logarithm of the odds of `classes_[1]`, or one margin a class.

        Args:
            X: inputs, dense or sparse, shape (n, d).

        Returns:
            shape (n,) for two classes, (n, K) for K ≥ 3.

        Raises:
            NotFittedError: `fit` has not been called.
            ValueError: X has other columns than in `fit`, NaN or inf.
        """
        margin = self._margin(X)
        return margin[:, 0] if len(self.classes_) == 2 else margin

    def predict(self, X: ArrayLike) -> Labels:
        """Return the class with the largest probability of each row, shape (n,); a tie of two is `classes_[0]`."""
        margin = self.decision_function(X)
        chosen: NDArray[np.intp] = (margin > 0).astype(np.intp) if margin.ndim == 1 else margin.argmax(axis=1)
        return self.classes_[chosen]

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the probability of each class, columns as `classes_`, shape (n, K).

        1/(1 + e^-m) of two classes, e^m_k / Σ_j e^m_j of more; small ones keep all their digits
        """
        margin = self.decision_function(X)
        if margin.ndim == 1:
            return np.asarray(scipy.special.expit(np.column_stack([-margin, margin])))
        return np.asarray(scipy.special.softmax(margin, axis=1))

    def predict_log_proba(self, X: ArrayLike) -> FloatArray:
        """Return the logarithm of each class's probability, shape (n, K), from the margins: exact where a probability is 1 or 0 to rounding.

        -log(1 + e^-m) of two classes, m_k - log Σ_j e^m_j of more
        """
        margin = self.decision_function(X)
        if margin.ndim == 1:
            return np.asarray(scipy.special.log_expit(np.column_stack([-margin, margin])))
        return np.asarray(scipy.special.log_softmax(margin, axis=1))

    def _rows(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool, classes: Labels | None = None
    ) -> ArraySource:
        """Check X, labels and weights as scikit-learn does, and return them as a source; sets `classes_`."""
        named, y = target_names(y), as_labels(y)
        inputs, labels = self._checked(X, y, reset=reset)
        self.classes_, numbers = number_classes(labels, classes)
        targets, names = as_targets_of(numbers, self.classes_, named[0] if named else "y")
        weight = weigh_classes(self.class_weight, numbers, self.classes_, self._weights(sample_weight, inputs))
        return ArraySource.open(inputs, targets, weight=weight, features=self._names(inputs.shape[1]), target=names)

    def _loss(self) -> LossName:
        """The loss of as many classes as there are."""
        return "logistic" if len(self.classes_) == 2 else "multinomial"

    def _check_two_classes(self) -> None:
        """Raise UsageError where there are more: a penalty l1 is on one coefficient for each input."""
        if len(self.classes_) > 2:
            raise UsageError(
                "Only binary classification is supported with l1. The type of the target is multiclass: "
                f"{len(self.classes_):,} classes.",
                "take l2",
                "put OneVsRestClassifier of scikit-learn around it",
            )

    def _in_shape(self, problem: Problem, weights: FloatArray, bias: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return coef_ and intercept_ in scikit-learn's shapes: (1, d) and (1,), or (K, d) and (K,)."""
        coef = np.array(weights.reshape(len(problem.features), -1).T, order="C")  # a copy, to write to
        return coef, np.array(bias, dtype=np.float64).reshape(-1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
