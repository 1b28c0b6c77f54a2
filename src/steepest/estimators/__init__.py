"""Estimators: scikit-learn's way of saying fit and predict, a thin dress over `descend` and `sweep`."""

try:
    import sklearn  # noqa: F401 - asked for once, here, so that its absence is said in words
except ImportError as error:
    raise ImportError(
        "GradientDescentClassifier and GradientDescentRegressor, with and without CV, need scikit-learn 1.6 or newer. Install it with "
        "pip install 'steepest[sklearn]', or use steepest.descend, which needs nothing more."
    ) from error

from steepest.estimators.classifier import GradientDescentClassifier
from steepest.estimators.classifier_search import GradientDescentClassifierCV
from steepest.estimators.regressor import GradientDescentRegressor
from steepest.estimators.search import GradientDescentRegressorCV

__all__ = [
    "GradientDescentClassifier",
    "GradientDescentClassifierCV",
    "GradientDescentRegressor",
    "GradientDescentRegressorCV",
]
