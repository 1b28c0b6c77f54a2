"""Several l1_ratios: the same paths as one by one, the best of them in front, and scikit-learn's choice."""

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError

RATIOS = [0.1, 0.5, 0.9]


def table(seed=3, n=120, d=12):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d))
    X[:, 1:] += 0.7 * X[:, :-1]
    return X, X[:, :4] @ [1.0, -2.0, 0.5, 1.0] + 2 * generator.normal(size=n)


def test_each_ratio_has_the_path_it_has_alone():
    X, y = table()
    together = steepest.path(X, y, l1_ratio=RATIOS)
    assert sorted(one.l1_ratio for one in (together, *together.others)) == RATIOS
    for one in (together, *together.others):
        alone = steepest.path(X, y, l1_ratio=one.l1_ratio)
        np.testing.assert_array_equal(one.cv_rmse, alone.cv_rmse)
        np.testing.assert_array_equal(one.solution.coefficients, alone.solution.coefficients)
    assert together.best.cv_rmse == min(one.best.cv_rmse for one in (together, *together.others))
    assert "less good: l1_ratio" in repr(together)


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_the_choice_is_that_of_scikit_learn(seed):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = table(seed)
    theirs = linear_model.ElasticNetCV(l1_ratio=RATIOS, alphas=100, tol=1e-10, max_iter=100_000).fit(X, y)
    ours = steepest.path(X, y, l1_ratio=RATIOS, shuffle=False)
    assert ours.l1_ratio == theirs.l1_ratio_
    assert ours.best.penalty == pytest.approx(theirs.alpha_, rel=1e-12)
    # their tolerance, 1e-10 of the duality gap, leaves some 1e-5 of a coefficient
    np.testing.assert_allclose(ours.best.coefficients, theirs.coef_, rtol=1e-4, atol=1e-5)
    for ratio, mse in zip(RATIOS, theirs.mse_path_, strict=True):
        (one,) = (one for one in (ours, *ours.others) if one.l1_ratio == ratio)
        np.testing.assert_allclose(one.fold_mse, mse, rtol=1e-5)


def test_ratios_need_held_out_rows():
    X, y = table()
    with pytest.raises(UsageError, match="no row is held out"):
        steepest.path(X, y, l1_ratio=RATIOS, folds=None)
    with pytest.raises(UsageError, match="l1_ratio is empty"):
        steepest.path(X, y, l1_ratio=[])
    assert steepest.path(X, y, l1_ratio=[0.5, 0.5], folds=None).l1_ratio == 0.5
