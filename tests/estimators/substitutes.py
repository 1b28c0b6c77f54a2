"""Substitutes: scikit-learn's LogisticRegression and SGDClassifier made of ours, for its own tests; a plugin of pytest."""

import numpy as np
import pytest
import sklearn.linear_model
from sklearn.utils import compute_sample_weight

from steepest import GradientDescentClassifier

INNER = "asks scikit-learn's own inner functions"
DOES_NOT_APPLY = {
    "test_callback_support": INNER,
    "test_check_solver_option": "the solvers are others here",
    "test_dtype_match": "all is computed and kept in float64",
    "test_large_sparse_matrix": "64-bit indices are taken; LogisticRegression refuses them for two of its solvers",
    "test_logistic_regression_callback_fitted_estimator": "is about steps of lbfgs; tests/estimators/test_callbacks.py has ours",
    "test_logistic_regression_callback_support": "is about steps of lbfgs; tests/estimators/test_callbacks.py has ours",
    "test_logistic_regression_callback_support_warning": "is about steps of lbfgs",
    "test_logisticregression_warns_with_n_jobs": "a parameter that LogisticRegression gives up",
    "test_l1_ratio_None_deprecated": "a parameter that LogisticRegression gives up",
    "test_penalty_deprecated": "a parameter that LogisticRegression gives up",
    "test_logreg_predict_proba_multinomial": "calls a private method of LogisticRegression",
    "test_max_iter": "Newton's passes have no limit to give here",
    "test_multinomial_logistic_regression_string_inputs": "gives a class weight 0; here its rows are to be left out",
    "test_n_iter": "n_iter_ is a number here, not an array of one",
    "test_nan": "the error says in which row and column",
    "test_newton_cholesky_fallback_to_lbfgs": "is about a solver of LogisticRegression",
    "test_penalty_none": "a warning about a parameter that LogisticRegression gives up",
    "test_sparsify": "there are no sparse coefficients",
    "test_warm_start": "the exact minimum is the same from any start",
    "test_class_weights": "holds for the hinge loss; SGDClassifier(loss='log_loss') fails it as well",
    "test_sample_weights": "holds for the hinge loss; SGDClassifier(loss='log_loss') fails it as well",
    "test_partial_fit_equal_fit_classif": "there is no partial_fit: the rows are needed",
    "test_sgd_dtype_match": "all is computed and kept in float64",
    "test_sgd_random_state": "counts the steps of SGDClassifier",
    "test_balanced_weight": "asks that a fit without class weights be bad; the exact minimum is not",
    "test_power_t_limits": "asks for a warning about a parameter of SGDClassifier",
    "test_provide_coef": "the error tells the shapes that are needed",
    "test_set_intercept_offset": "the error tells the shapes that are needed",
    "test_sgd_predict_proba_method_access": "probabilities are there for every loss of a classifier",
    "test_warm_start_multiclass": "counts the steps of SGDClassifier",
    "test_SGDClassifier_fit_for_all_backends": "is about threads and processes of one against the rest",
    "test_warm_start_newton_solver[inf": "iris has no minimum without a penalty: setosa can be told apart",
    "test_zero_max_iter": "Newton's passes have no limit to give here",
}
"""Tests of scikit-learn's that ask for something else than how a fitted model behaves, each with the reason."""


def refuse(**asked):
    """Skip a test that asks for something that does not exist here."""
    names = [name for name, is_asked in asked.items() if is_asked]
    if names:
        pytest.skip(f"there is no {', '.join(names)} here")


class Translated(GradientDescentClassifier):
    """A classifier with parameters of scikit-learn's names, told to ours when it is fitted."""

    def fit(self, X, y, sample_weight=None, **start):
        own = {name: vars(self)[name] for name in self._get_param_names()}
        vars(self).update({**vars(GradientDescentClassifier()), **own, **self.translated(y, sample_weight)})
        try:
            return super().fit(X, y, sample_weight, **start)
        finally:
            vars(self).update(own)


class LogisticRegression(Translated):
    def __init__(
        self, *, C=1.0, tol=1e-4, fit_intercept=True, class_weight=None, random_state=None, solver="lbfgs", max_iter=100, verbose=0,
        warm_start=False, penalty="l2", l1_ratio=0.0, dual=False, n_jobs=None, intercept_scaling=1,
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])

    def translated(self, y, sample_weight):
        refuse(l1_ratio=bool(self.l1_ratio), penalty=self.penalty not in ("l2", None), dual=self.dual)
        refuse(liblinear=self.solver == "liblinear")
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        total = (weight * compute_sample_weight(self.class_weight, y)).sum()
        penalty = 0.0 if np.isinf(self.C) or self.penalty is None else 1 / (self.C * total)
        return {"l2": penalty, "l1_ratio": None, "standardize": False, "solver": "newton"}


class SGDClassifier(Translated):
    def __init__(
        self, loss="log_loss", *, penalty="l2", alpha=0.0001, l1_ratio=0.15, fit_intercept=True, max_iter=1000, tol=1e-3, shuffle=True,
        verbose=0, epsilon=0.1, n_jobs=None, random_state=None, learning_rate="optimal", eta0=0.01, power_t=0.5, early_stopping=False,
        validation_fraction=0.1, n_iter_no_change=5, class_weight=None, warm_start=False, average=False,
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])

    def translated(self, y, sample_weight):
        refuse(loss=self.loss != "log_loss", penalty=self.penalty != "l2", early_stopping=self.early_stopping)
        refuse(learning_rate=self.learning_rate not in ("optimal", "constant"), average=bool(self.average))
        constant = self.learning_rate == "constant"
        return {
            "l2": self.alpha,
            "l1_ratio": None,
            "standardize": False,
            "solver": "descent" if constant else "newton",
            "learning_rate": self.eta0 if constant else "auto",
            "epochs": self.max_iter if constant else "auto",
            "batch_size": 1 if constant else None,
            "order": "shuffled" if self.shuffle else "fixed",
        }


def pytest_configure():
    """Put ours in the place of theirs, where this is a plugin: to collect this file must change nothing."""
    sklearn.linear_model.LogisticRegression = LogisticRegression
    sklearn.linear_model.SGDClassifier = SGDClassifier


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    name = pyfuncitem.function.__name__
    for key in (name, pyfuncitem.name[: len(name) + 4]):
        if key in DOES_NOT_APPLY:
            pytest.skip(DOES_NOT_APPLY[key])
    try:
        return (yield)
    except TypeError as error:
        if "__init__() got an unexpected keyword argument" in str(error):
            pytest.skip(f"there is no such parameter: {error}")
        raise
    except AttributeError as error:
        if "partial_fit" in str(error):
            pytest.skip("there is no partial_fit: the rows are needed")
        raise
