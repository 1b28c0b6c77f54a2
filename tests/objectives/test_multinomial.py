"""Several classes beside exact arithmetic, two classes, finite differences, and statsmodels (oracles/statsmodels_mnlogit.json)."""

import json
import re
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.objectives.multinomial import MultinomialLoss

MARGINS = [[0.0, 0.0, 0.0], [3.0, -1.0, 0.5], [700.0, -700.0, 0.0], [-1e-9, 0.0, 1e-9], [40.0, 0.0, 0.0]]


def table(n=400, K=4, d=3, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) + 2
    margin = X @ generator.normal(size=(d, K)) / 2 + generator.gumbel(size=(n, K))
    return X, np.eye(K)[margin.argmax(axis=1)]


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("y", [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.25, 0.25, 0.5]])
def test_value_slope_and_curvature_are_exact(margin, y):
    loss, m, targets = MultinomialLoss(), np.array([margin]), np.array([y])
    change = np.array([[1.0, -2.0, 0.5]])
    with localcontext() as context:
        context.prec = 1300  # e^-1400 beside 1, twice
        powers = [Decimal(one).exp() for one in margin]
        p = [power / sum(powers) for power in powers]
        value = sum(Decimal(a) * -b.ln() for a, b in zip(y, p, strict=True))
        slopes = [float(b - Decimal(a)) for a, b in zip(y, p, strict=True)]
        mean = sum(b * Decimal(c) for b, c in zip(p, change[0], strict=True))
        bent = [float(b * (Decimal(c) - mean)) for b, c in zip(p, change[0], strict=True)]
    assert loss.value(m, targets)[0, 0] == pytest.approx(float(value), rel=1e-14, abs=1e-300)
    np.testing.assert_allclose(loss.bent(m, targets, change)[0], bent, rtol=1e-13, atol=1e-16)
    exact = max(y) == 1  # of shares, what is left is a difference of the two
    np.testing.assert_allclose(loss.slope(m, targets)[0], slopes, rtol=1e-13, atol=1e-300 if exact else 1e-16)


def test_slopes_are_differences_of_the_loss_of_rows():
    X, Y = table()
    weight = 1.0 + np.arange(400) % 3
    rows = steepest.descend(X, Y, weight=weight, loss="multinomial", l2=0.1, epochs=1).problem.rows
    generator, h = np.random.default_rng(1), 1e-6
    theta, change = generator.normal(size=(16, 1)), generator.normal(size=(16, 1))
    gradient = rows.gradient(theta)
    for j, e in enumerate(np.eye(16)):
        difference = rows.value(theta + h * e[:, None]) - rows.value(theta - h * e[:, None])
        assert difference[0] / (2 * h) == pytest.approx(gradient[j, 0], abs=1e-8)
    bent = (rows.gradient(theta + h * change) - rows.gradient(theta - h * change)) / (2 * h)
    np.testing.assert_allclose(rows.curvature(theta, change), bent, atol=1e-8)


@pytest.mark.parametrize("standardize", [False, True])
def test_the_minimum_is_statsmodels(standardize):
    X, y = pytest.importorskip("sklearn.datasets").load_wine(return_X_y=True)
    told = json.loads((Path(__file__).parent / "oracles" / "statsmodels_mnlogit.json").read_text())
    run = steepest.descend(X[:, :3], np.eye(3)[y], loss="multinomial", standardize=standardize, epochs=1)
    best = run.optimum
    np.testing.assert_allclose(best.weights - best.weights[:, :1], told["weights"], rtol=1e-8)
    np.testing.assert_allclose(best.bias - best.bias[0], told["bias"], rtol=1e-8)
    assert best.loss * len(y) == pytest.approx(-told["log_likelihood"], rel=1e-13)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_two_classes_are_logistic_with_half_the_weights_each(standardize, l2, fit_intercept):
    X, Y = table(n=300, K=2)
    settings = {
        "standardize": standardize and fit_intercept,
        "fit_intercept": fit_intercept,
        "learning_rate": 0.1,
        "epochs": 5,
    }
    joint = steepest.descend(X, Y, loss="multinomial", l2=2 * l2, **settings)
    alone = steepest.descend(X, Y[:, 1], loss="logistic", l2=l2, **(settings | {"learning_rate": 0.2}))
    for one, other in ((joint.optimum, alone.optimum), (joint.last, alone.last)):
        np.testing.assert_allclose(one.weights[:, 1] - one.weights[:, 0], other.weights, rtol=1e-9)
        np.testing.assert_allclose(one.bias[1] - one.bias[0], other.bias, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.weights.sum(axis=1), 0, atol=1e-12)
        assert one.loss == pytest.approx(other.loss, rel=1e-12)
    np.testing.assert_allclose(joint.predict(X)[:, 1], alone.predict(X), rtol=1e-12)
    of_both = [2 * l2] * 3 if l2 else []  # the sum of both classes' weights has only a penalty
    expected = np.sort([*2 * alone.problem.quadratic.modes.eigenvalues, *of_both])[::-1]
    np.testing.assert_allclose(joint.problem.quadratic.modes.eigenvalues, expected, rtol=1e-8)
    assert joint.problem.global_limit == pytest.approx(alone.problem.global_limit / 2, rel=1e-12)


def test_the_quadratic_at_the_minimum_has_the_curvature_of_the_rows():
    X, Y = table()
    for l2, rank in ((0.0, 12), (0.1, 15)):  # what is added to all classes changes nothing but a penalty
        problem = steepest.descend(X, Y, loss="multinomial", standardize=True, l2=l2, epochs=1).problem
        quadratic, rows = problem.quadratic, problem.rows
        assert quadratic.rank == rank
        assert np.abs(rows.gradient(quadratic.minimum)).max() < 1e-14
        hessian = np.column_stack([rows.curvature(quadratic.minimum, e[:, None])[:, 0] for e in np.eye(16)])
        np.testing.assert_allclose(np.linalg.eigvalsh(hessian)[::-1][:rank], quadratic.modes.eigenvalues, rtol=1e-11)


def test_steps_are_literal_and_epochs_known():
    X, Y = table()
    run = steepest.descend(
        X, Y, loss="multinomial", standardize=True, learning_rate=0.3, epochs=40_000, record=steepest.Record(every=1)
    )
    A, theta = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / X.std(axis=0)]), np.zeros((4, 4))
    for _ in range(5):
        powers = np.exp(A @ theta)
        theta = theta - 0.3 * A.T @ (powers / powers.sum(axis=1, keepdims=True) - Y) / len(X)
    np.testing.assert_allclose(run.iterates.parameters(np.array([5]))[0].reshape(4, 4), theta, rtol=1e-12)
    away = np.linalg.norm(run.iterates.thetas - run.problem.quadratic.minimum, axis=(1, 2))
    literal = int(np.argmax(away <= 1e-6 * away[0]))
    assert run.epochs_to(1e-6) == pytest.approx(literal, rel=0.10)


def test_it_converges_below_the_local_limit_and_not_above():
    X, Y = table()
    first = steepest.descend(X, Y, loss="multinomial", standardize=True, epochs=1, learning_rate=0.01)
    near, limit = (1.001 * first.optimum.weights, first.optimum.bias), first.verdict.stability_limit
    settings = {"loss": "multinomial", "standardize": True, "start": near, "epochs": 20_000}
    below = steepest.descend(X, Y, learning_rate=0.99 * limit, **settings)
    above = steepest.descend(X, Y, learning_rate=1.01 * limit, **settings)
    assert below.verdict.kind == "converged"
    assert above.verdict.kind in ("hovers", "diverges")
    assert first.problem.global_limit <= limit


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov", "adam", "backtracking", "conjugate_gradient"])
def test_other_rules_and_batches_come_to_the_same_minimum(rule):
    X, Y = table()
    numbers = {"adam": {"learning_rate": 0.01, "epochs": 5_000}}.get(rule, {"epochs": 3_000})
    if rule in ("heavy_ball", "nesterov"):
        numbers = {"learning_rate": 0.5, "momentum": 0.9, "epochs": 3_000}
    run = steepest.descend(X, Y, loss="multinomial", standardize=True, rule=rule, **numbers)
    assert run.last.loss == pytest.approx(run.optimum.loss, rel=1e-3)
    batches = steepest.descend(
        X, Y, loss="multinomial", standardize=True, batch_size=20, learning_rate=0.02, epochs=100
    )
    assert batches.last.loss == pytest.approx(batches.optimum.loss, rel=0.02)


def test_what_a_run_says():
    X, Y = table(n=100, K=3)
    run = steepest.descend(X, Y, loss="multinomial", epochs=50)
    assert run.weights.shape == (3, 3)
    assert run.bias.shape == (3,)
    assert isinstance(run.last.loss, float)
    assert run.loss().shape == (51,)
    np.testing.assert_allclose(run.predict(X).sum(axis=1), 1)
    assert re.search("weights of y1: x1", str(run))
    assert re.search("(the bias|the weight of .x.*) for .y|the slowest mode", str(run.verdict))
    assert {"loss", "bias of y1", "x3 of y3"} <= set(run.history(library="pandas").columns)
    assert all(" for y" in words for words in run.mode_words)
    assert run.problem.standardized.condition_number < run.problem.condition_number


@pytest.mark.parametrize(
    ("Y", "words"),
    [
        (np.eye(3)[[0, 1, 2, 0]] * 2, "shares that sum to 1; 4 rows are not so, the first is"),
        (np.array([[1.0, 0.0], [-0.5, 1.5], [1.0, 0.0], [0.0, 1.0]]), "1 rows are not so"),
    ],
)
def test_targets_that_are_no_classes(Y, words):
    with pytest.raises((DataError, UsageError), match=words):
        steepest.descend(np.arange(4.0)[:, None], Y, loss="multinomial", epochs=1)


@pytest.mark.parametrize("far", [0.0, 1e5, 1e6])
def test_weights_add_up_to_0_wherever_the_columns_lie(far):
    X, Y = table()
    best = steepest.descend(X + far, Y, loss="multinomial", epochs=1).optimum
    np.testing.assert_allclose(best.weights.sum(axis=1), 0, atol=1e-14 * max(1.0, far))
    near = steepest.descend(X, Y, loss="multinomial", epochs=1).optimum
    # inputs of 1e6 with a spread of 1 have ten digits left, and their squares four
    np.testing.assert_allclose(best.weights, near.weights, rtol=1e-4, atol=1e-9)


def test_what_all_classes_have_in_common_at_the_start_stays():
    X, Y = table()
    start = (np.ones((3, 4)), np.full(4, 2.0))
    run = steepest.descend(X, Y, loss="multinomial", standardize=True, start=start, epochs=6_000)
    assert run.verdict.kind == "converged"
    np.testing.assert_allclose(run.weights.sum(axis=1), 4, rtol=1e-9)
    assert run.epochs_to(1e-6) <= 6_000
