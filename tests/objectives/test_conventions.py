"""Conventions: what other libraries call the same penalty and scale, each line of the table in docs/losses.md."""

import json
from pathlib import Path

import numpy as np
import pytest

import steepest
from steepest.objectives.losses import HuberLoss

linear_model = pytest.importorskip("sklearn.linear_model")
ORACLES = json.loads((Path(__file__).parent / "oracles" / "statsmodels_conventions.json").read_text())


def table(n=200):
    """Inputs, classes, counts, numbers and weights: the oracles' own table."""
    generator = np.random.default_rng(12)
    X = generator.normal(size=(n, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, -2.0]
    eta = X @ [0.8, -0.4, 0.6] + 1.2
    y = (generator.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    counts = generator.poisson(np.exp(0.5 * eta)).astype(float)
    values = eta + generator.standard_t(2, n)
    return X, y, counts, values, generator.integers(1, 4, n).astype(float)


X, Y, COUNTS, VALUES, WEIGHT = table()
N = len(X)


def minimum(y, loss, l2=0.0, weight=None, inputs=X, **more):
    """The intercept and the weights at our exact minimum, and the run."""
    run = steepest.descend(steepest.open_source(inputs, y, weight=weight), loss=loss, l2=l2, epochs=2, **more)
    return np.append(run.optimum.bias, run.optimum.weights), run


def theirs(model):
    return np.append(model.intercept_, model.coef_)


@pytest.mark.parametrize("C", [0.02, 1.0])
def test_logistic_regression_sums_its_loss_and_divides_by_c(C):
    model = linear_model.LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12).fit(X, Y)
    np.testing.assert_allclose(minimum(Y, "logistic", 1 / (C * N))[0], theirs(model), rtol=1e-8)
    model.fit(X, Y, sample_weight=WEIGHT)
    ours, _ = minimum(Y, "logistic", 1 / (C * WEIGHT.sum()), WEIGHT)
    np.testing.assert_allclose(ours, theirs(model), rtol=1e-8)


def test_liblinear_penalizes_the_intercept_too():
    model = linear_model.LogisticRegression(C=0.05, solver="liblinear", tol=1e-10, max_iter=10_000).fit(X, Y)
    with_ones = np.column_stack([np.ones(N), X])
    _, run = minimum(Y, "logistic", 1 / (0.05 * N), inputs=with_ones, fit_intercept=False)
    np.testing.assert_allclose(run.optimum.weights, theirs(model), rtol=1e-5)  # liblinear stops early
    assert abs(minimum(Y, "logistic", 1 / (0.05 * N))[0][0] - model.intercept_[0]) > 0.01


def test_several_classes_have_the_same_c():
    labels = np.digitize(VALUES, np.quantile(VALUES, [0.3, 0.6]))
    model = linear_model.LogisticRegression(C=0.1, solver="newton-cg", tol=1e-12, max_iter=1000).fit(X, labels)
    run = steepest.descend(X, np.eye(3)[labels], loss="multinomial", l2=1 / (0.1 * N), epochs=2)
    np.testing.assert_allclose(run.optimum.weights, model.coef_.T, rtol=1e-6, atol=1e-8)
    bias = run.optimum.bias - np.mean(run.optimum.bias)  # the level of all of them is free
    np.testing.assert_allclose(bias, model.intercept_ - model.intercept_.mean(), rtol=1e-6, atol=1e-8)


def test_sgd_classifier_has_our_l2():
    """Stochastic steps come near only: as near to this penalty as leaves no doubt of which it is."""
    alpha = 0.05
    settings = {"learning_rate": "constant", "eta0": 0.01, "max_iter": 2000, "tol": None, "average": True}
    model = linear_model.SGDClassifier(loss="log_loss", alpha=alpha, random_state=0, **settings).fit(X, Y)
    near = {
        factor: np.abs(minimum(Y, "logistic", factor * alpha)[0] - theirs(model)).max() for factor in (0.9, 1.0, 1.1)
    }
    assert near[1.0] < 0.005
    assert near[1.0] < 0.1 * min(near[0.9], near[1.1])


@pytest.mark.parametrize("alpha", [0.0, 0.1, 2.0])
def test_poisson_regressor_has_our_l2(alpha):
    for model in (
        linear_model.PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-10),
        linear_model.TweedieRegressor(power=1, link="log", alpha=alpha, solver="newton-cholesky", tol=1e-10),
    ):
        np.testing.assert_allclose(
            minimum(COUNTS, "poisson", alpha)[0], theirs(model.fit(X, COUNTS)), rtol=1e-7, atol=1e-10
        )
        model.fit(X, COUNTS, sample_weight=WEIGHT)
        ours, _ = minimum(COUNTS, "poisson", alpha, WEIGHT)
        np.testing.assert_allclose(ours, theirs(model), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_huber_regressor_estimates_the_scale_that_delta_holds(alpha):
    model = linear_model.HuberRegressor(epsilon=1.5, alpha=alpha, tol=1e-10, max_iter=10_000).fit(X, VALUES)
    delta, l2 = model.epsilon * model.scale_, alpha * model.scale_ / N
    np.testing.assert_allclose(
        minimum(VALUES, HuberLoss(delta), l2)[0], theirs(model), rtol=1e-4
    )  # its L-BFGS stops there


def test_statsmodels_sums_what_we_average():
    told = ORACLES["Logit"]
    ours, run = minimum(Y, "logistic")
    np.testing.assert_allclose(ours, told["params"], rtol=1e-8)
    assert -N * run.optimum.loss == pytest.approx(told["llf"], rel=1e-12)
    told = ORACLES["GLM poisson"]
    ours, run = minimum(COUNTS, "poisson")
    np.testing.assert_allclose(ours, told["params"], rtol=1e-8)
    assert 2 * N * run.optimum.loss == pytest.approx(told["deviance"], rel=1e-12)
    told = ORACLES["GLM binomial weighted"]  # freq_weights
    ours, run = minimum(Y, "logistic", weight=WEIGHT)
    np.testing.assert_allclose(ours, told["params"], rtol=1e-8)
    assert 2 * WEIGHT.sum() * run.optimum.loss == pytest.approx(told["deviance"], rel=1e-12)


@pytest.mark.parametrize(("name", "loss", "target"), [("binomial", "logistic", Y), ("poisson", "poisson", COUNTS)])
def test_statsmodels_regularized_penalizes_the_constant_unless_its_alpha_is_0(name, loss, target):
    """Its coordinate descent stops after some six digits."""
    told = ORACLES[f"GLM {name} regularized"]["params"]
    np.testing.assert_allclose(minimum(target, loss, 0.1)[0], told, rtol=1e-3)
    told = ORACLES[f"GLM {name} regularized with its intercept"]["params"]
    with_ones = np.column_stack([np.ones(N), X])
    _, run = minimum(target, loss, 0.1, inputs=with_ones, fit_intercept=False)
    np.testing.assert_allclose(run.optimum.weights, told, rtol=1e-3)


def test_a_robust_fit_of_statsmodels_has_delta_in_units_of_its_scale():
    told = ORACLES["RLM"]
    ours, _ = minimum(VALUES, HuberLoss(1.345 * told["scale"]))
    np.testing.assert_allclose(ours, told["params"], rtol=1e-7)


def test_the_objective_of_glmnet_and_spark_as_they_write_it_down():
    """Not run: their documented objective is minimized where ours is, at the penalty that the table gives."""
    regularization = 0.1
    for sd, l2 in ((X.std(axis=0), regularization), (X.std(axis=0, ddof=1), regularization * N / (N - 1))):
        weights, _ = minimum(Y, "logistic", l2, standardize=True)
        A = np.column_stack([np.ones(N), X])
        p = 1 / (1 + np.exp(-A @ weights))
        gradient = A.T @ (p - Y) / N + regularization * np.append(0, sd**2) * weights
        np.testing.assert_allclose(gradient, 0, atol=1e-14)
