"""Conventions of sparse models: what other libraries call the same penalty, each line of the table in docs/sparse.md."""

import numpy as np
import pytest

import steepest

GENERATOR = np.random.default_rng(12)
N, D = 150, 5
X = GENERATOR.normal(size=(N, D)) * [1.0, 2.0, 0.5, 1.0, 3.0] + [0.0, 1.0, -2.0, 5.0, 0.0]
X[:, 3] += X[:, 0]
Y = 4 * (X @ [0.8, -0.4, 0.6, 0.0, 0.0] + 1.2 + GENERATOR.normal(size=N))
WEIGHT = GENERATOR.integers(1, 4, N).astype(float)


def ours(penalty, l1_ratio=1.0, **more):
    """The bias and the coefficients of our path at a penalty."""
    one = steepest.path(X, Y, l1_ratio=l1_ratio, penalties=[penalty], folds=None, **more)
    return np.append(one.bias(penalty), one.coefficients(penalty))


def by_coordinates(A, b, l1, l2, weight=None):
    """Minimize Σ w(b - A·v)²/(2Σw) + l1·|v| + l2/2·v² one coefficient after the other, many times over."""
    share = np.full(len(b), 1 / len(b)) if weight is None else weight / weight.sum()
    v, l1, l2 = np.zeros(A.shape[1]), np.broadcast_to(l1, A.shape[1]), np.broadcast_to(l2, A.shape[1])
    for _ in range(3000):
        for j in range(A.shape[1]):
            c = (share * A[:, j]) @ (b - A @ v + A[:, j] * v[j])
            v[j] = np.sign(c) * max(abs(c) - l1[j], 0) / ((share * A[:, j]) @ A[:, j] + l2[j])
    return v


def of_scaled(lam, alpha, *, standardize, factors=1.0, ddof=0):
    """What glmnet and Spark minimize: a target of standard deviation 1, λ divided by that of the target as it was.

    Spark standardizes the inputs in any case, and takes that back in the penalty where nobody asked for it.
    """
    s, sd = Y.std(ddof=ddof), X.std(axis=0, ddof=ddof)
    Z, v = (X - X.mean(axis=0)) / sd, (Y - Y.mean()) / s
    back = np.ones(D) if standardize else sd
    gamma = by_coordinates(Z, v, lam / s * alpha * factors / back, lam / s * (1 - alpha) * factors / back**2)
    weights = gamma * s / sd
    return np.append(Y.mean() - X.mean(axis=0) @ weights, weights)


def scaled(lam, alpha, s):
    """The line of the table: penalty and l1_ratio of a λ and α whose l2 part is of a target divided by s."""
    penalty = lam * (alpha + (1 - alpha) / s)
    return penalty, lam * alpha / penalty


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_scikit_learn_calls_the_penalty_alpha(l1_ratio, weight):
    linear_model = pytest.importorskip("sklearn.linear_model")
    settings = {"alpha": 0.7, "tol": 1e-14, "max_iter": 100_000}
    for model in (
        linear_model.ElasticNet(l1_ratio=l1_ratio, **settings),
        *([linear_model.Lasso(**settings)] if l1_ratio == 1 else []),
    ):
        model.fit(X, Y, sample_weight=weight)
        theirs = np.append(model.intercept_, model.coef_)
        np.testing.assert_allclose(ours(0.7, l1_ratio, weight=weight), theirs, rtol=1e-6, atol=1e-9)


def test_its_least_angle_regression_calls_it_alpha_too():
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LassoLars(alpha=0.7).fit(X, Y)
    np.testing.assert_allclose(ours(0.7), np.append(model.intercept_, model.coef_), rtol=1e-10, atol=1e-12)
    path = steepest.path(X, Y, folds=None)
    kept = model.alphas_ > 0.7 * (1 + 1e-9)
    np.testing.assert_allclose(path.knots[: kept.sum()], model.alphas_[kept], rtol=1e-10)


def test_lasso_cv_has_our_penalties_and_folds_of_consecutive_rows():
    linear_model = pytest.importorskip("sklearn.linear_model")
    model = linear_model.LassoCV(alphas=100, tol=1e-12, max_iter=100_000).fit(X, Y)
    path = steepest.path(X, Y, shuffle=False)
    np.testing.assert_allclose(path.penalties, model.alphas_, rtol=1e-12)
    np.testing.assert_allclose(path.fold_mse, model.mse_path_, rtol=1e-6)
    assert path.best.penalty == pytest.approx(model.alpha_, rel=1e-12)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_statsmodels_calls_it_alpha_and_penalizes_the_constant_unless_its_alpha_is_0(l1_ratio):
    """By default a coefficient that its second or a later sweep finds at 0 stays there, even where the minimum is elsewhere."""
    api = pytest.importorskip("statsmodels.api")
    model = api.OLS(Y, np.column_stack([np.ones(N), X]))
    settings = {"L1_wt": l1_ratio, "zero_tol": 0, "cnvrg_tol": 1e-12, "maxiter": 5000}
    theirs = model.fit_regularized(alpha=np.array([0] + D * [0.7]), **settings).params
    np.testing.assert_allclose(ours(0.7, l1_ratio), theirs, rtol=1e-8, atol=1e-9)
    theirs = model.fit_regularized(alpha=0.7, **settings).params
    one = steepest.path(
        np.column_stack([np.ones(N), X]), Y, l1_ratio=l1_ratio, penalties=[0.7], folds=None, fit_intercept=False
    )
    np.testing.assert_allclose(one.coefficients(0.7), theirs, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("alpha", [1.0, 0.6])
@pytest.mark.parametrize("standardize", [True, False])
def test_glmnet_and_spark_divide_the_l2_part_by_the_deviation_of_the_target(alpha, standardize):
    penalty, ratio = scaled(0.9, alpha, Y.std())
    assert alpha < 1 or (penalty, ratio) == (0.9, 1.0)  # of the lasso nothing changes
    theirs = of_scaled(0.9, alpha, standardize=standardize)
    np.testing.assert_allclose(ours(penalty, ratio, standardize=standardize), theirs, rtol=1e-9, atol=1e-12)


def test_spark_by_lbfgs_divides_by_n_minus_1():
    root = np.sqrt(N / (N - 1))  # its standard deviations beside ours
    l1, l2 = 0.9 * 0.6 * root, 0.9 * 0.4 * root**2 / Y.std(ddof=1)
    theirs = of_scaled(0.9, 0.6, standardize=True, ddof=1)
    np.testing.assert_allclose(ours(l1 + l2, l1 / (l1 + l2), standardize=True), theirs, rtol=1e-9, atol=1e-12)


def test_glmnet_rescales_its_factors_to_sum_to_the_number_of_inputs():
    given = np.array([0.0, 1.0, 2.0, 3.0, 1.0])
    factors = given * D / given.sum()
    theirs = of_scaled(0.9, 1.0, standardize=True, factors=factors)
    np.testing.assert_allclose(ours(0.9, penalty_factors=factors, standardize=True), theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("l1", "l2"), [(0.7, 0.0), (0.5, 0.2)])
def test_a_descent_weighs_both_penalties_apart(l1, l2, standardize):
    run = steepest.descend(X, Y, l1=l1, l2=l2, standardize=standardize, epochs=1)
    found = np.append(run.optimum.bias, run.optimum.weights)
    np.testing.assert_allclose(found, ours(l1 + l2, l1 / (l1 + l2), standardize=standardize), rtol=1e-10, atol=1e-12)
