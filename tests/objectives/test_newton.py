"""Exact minima beside statsmodels 0.15.0 (kept in oracles/statsmodels_glm.json) and the conditions of a minimum."""

import json
from pathlib import Path

import numpy as np
import pytest

import steepest
from steepest.objectives.loss_rows import loss_rows_of
from steepest.objectives.losses import HuberLoss, LogisticLoss, PoissonLoss
from steepest.objectives.newton import bowl_at, minimize
from steepest.objectives.problem import Problem
from tests.truths import PENGUINS

ORACLES = json.loads((Path(__file__).parent / "oracles" / "statsmodels_glm.json").read_text())


def known(name):
    """Loss, rows, weights, and what statsmodels found."""
    told = ORACLES[name]
    if "X" in told:
        loss = LogisticLoss() if name == "spector" else PoissonLoss()
        return loss, np.array(told["X"]), np.array(told["y"]), None, told
    datasets = pytest.importorskip("sklearn.datasets")
    if name == "breast_cancer_5":
        X, y = datasets.load_breast_cancer(return_X_y=True)
        return LogisticLoss(), X[:, :5], y.astype(float), None, told
    X, y = datasets.load_diabetes(return_X_y=True)
    weight = (1.0 + np.arange(len(y)) % 3) if name.endswith("weighted") else None
    return PoissonLoss(), X, y, weight, told


def found(loss, X, y, weight=None, coordinates="raw", batch_rows=None, **more):
    source = steepest.open_source(X, y, weight=weight)
    plain = Problem.of(steepest.summarize(source), coordinates)
    rows = source.batches

    def in_pieces():
        for batch in source.batches():
            for first in range(0, len(batch), batch_rows):
                yield batch.take(slice(first, first + batch_rows))

    return plain, minimize(loss, in_pieces if batch_rows else rows, plain.coordinates, **more)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("coordinates", ["raw", "standardized"])
def test_the_minimum_is_statsmodels(name, coordinates):
    loss, X, y, weight, told = known(name)
    plain, minimum = found(loss, X, y, weight, coordinates)
    assert minimum.settled
    weights, bias = plain.to_raw(minimum.bowl.theta)
    np.testing.assert_allclose(np.append(bias, weights), told["parameters"], rtol=1e-8)
    total = len(y) if weight is None else weight.sum()
    assert 2 * total * minimum.bowl.value == pytest.approx(told["deviance"], rel=1e-12)


@pytest.mark.parametrize("loss", [LogisticLoss(), PoissonLoss(), HuberLoss(0.5)], ids=repr)
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_at_the_minimum_no_slope_is_left(loss, l2):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(200, 4)) + 1
    margin = X @ [0.5, -1.0, 0.3, 0.0]
    y = {
        "logistic": (margin + generator.logistic(size=200) > 0).astype(float),
        "poisson": generator.poisson(np.exp(margin)).astype(float),
        "huber": margin + generator.standard_t(2, size=200),
    }[loss.name]
    weight = generator.uniform(0.5, 2, size=200)
    plain, minimum = found(loss, X, y, weight, l2=l2)
    problem = Problem.of(plain.triangle, l2=l2)
    rows = loss_rows_of(problem, steepest.open_source(X, y, weight=weight).batches(), loss)
    assert np.abs(rows.gradient(minimum.bowl.theta)).max() < 1e-13
    assert rows.value(minimum.bowl.theta)[0] == pytest.approx(minimum.bowl.value, rel=1e-13)
    # the quadratic there has the curvature of the rows
    directions = np.eye(5)
    hessian = np.column_stack([rows.curvature(minimum.bowl.theta, e[:, None])[:, 0] for e in directions])
    if loss.name != "huber":  # whose rows beyond δ have a curvature of 1e-10 lent to them
        np.testing.assert_allclose(
            np.linalg.eigvalsh(hessian)[::-1], minimum.bowl.quadratic.modes.eigenvalues, rtol=1e-12
        )


def test_slopes_are_those_of_the_loss_anywhere():
    loss, X, y, _, _ = known("spector")
    plain = Problem.of(steepest.summarize(X, y))
    source = steepest.open_source(X, y)
    rows = loss_rows_of(plain, source.batches(), loss)
    for theta in (np.zeros((4, 1)), np.array([[-3.0], [1.0], [0.0], [2.0]])):
        bowl = bowl_at(loss, source.batches, plain.coordinates, theta, 0.0)
        np.testing.assert_allclose(bowl.quadratic.gradient(theta), rows.gradient(theta), rtol=1e-9, atol=1e-12)
        h = 1e-6
        for j, e in enumerate(np.eye(4)):
            difference = rows.value(theta + h * e[:, None]) - rows.value(theta - h * e[:, None])
            assert difference[0] / (2 * h) == pytest.approx(rows.gradient(theta)[j, 0], abs=1e-7)


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_rows_in_pieces_give_the_same_minimum(batch_rows):
    loss, X, y, _, told = known("spector")
    plain, minimum = found(loss, X, y, batch_rows=batch_rows)
    weights, bias = plain.to_raw(minimum.bowl.theta)
    np.testing.assert_allclose(np.append(bias, weights), told["parameters"], rtol=1e-8)


def test_a_start_far_away_is_come_back_from():
    loss, X, y, _, told = known("stackloss")
    plain, minimum = found(loss, X, y, start=np.array([[8.0], [0.0], [0.0], [0.0]]))
    assert minimum.settled
    weights, bias = plain.to_raw(minimum.bowl.theta)
    np.testing.assert_allclose(np.append(bias, weights), told["parameters"], rtol=1e-7)


def test_classes_that_can_be_told_apart_have_no_minimum():
    x = np.arange(10.0)
    source = steepest.open_source(x[:, None], (x > 4).astype(float))
    plain = Problem.of(steepest.summarize(source))
    assert not minimize(LogisticLoss(), source.batches, plain.coordinates, most_passes=30).settled
    assert minimize(LogisticLoss(), source.batches, plain.coordinates, l2=0.01).settled


@pytest.mark.parametrize("level", [2.0, 7.0, 10.0])
def test_large_counts_are_found_from_their_mean(level):
    generator = np.random.default_rng(int(level))
    X = generator.normal(size=(100, 2))
    y = generator.poisson(np.exp(level + X @ [0.3, 0.2])).astype(float)
    plain, minimum = found(PoissonLoss(), X, y)
    assert minimum.settled
    assert minimum.passes < 12
    weights, bias = plain.to_raw(minimum.bowl.theta)
    slopes = np.exp(X @ weights[:, 0] + bias) - y
    assert np.abs(np.column_stack([np.ones(100), X]).T @ slopes).max() < 1e-9 * y.sum()


def test_counts_that_are_met_exactly_have_a_loss_of_0():
    X = np.random.default_rng(0).normal(size=(50, 2))
    for y in (np.exp(X @ [1.0, 2.0]), np.full(50, 5.0)):
        _, minimum = found(PoissonLoss(), X, y)
        assert minimum.settled
        assert minimum.bowl.value < 1e-14


@pytest.mark.parametrize("delta", [10.0, 50.0, 400.0])
def test_hubers_loss_is_found_where_most_rows_are_far_away(delta):
    rows = np.loadtxt(PENGUINS, delimiter=",", skiprows=1)
    X, y = rows[:, :-1], rows[:, -1]
    plain, minimum = found(HuberLoss(delta), X, y, coordinates="standardized")
    assert minimum.settled
    weights, bias = plain.to_raw(minimum.bowl.theta)
    slopes = np.clip(X @ weights[:, 0] + bias - y, -delta, delta)
    standard = np.column_stack([np.ones(len(y)), (X - X.mean(axis=0)) / X.std(axis=0)])
    assert np.abs(standard.T @ slopes).max() < 1e-8 * delta


def test_a_table_is_as_good_as_arrays(tmp_path):
    _, X, y, _, told = known("spector")
    lines = [",".join(map(repr, [*row, target])) for row, target in zip(X.tolist(), y.tolist(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines]))
    run = steepest.descend(tmp_path / "t.csv", target="y", loss="logistic", standardize=True, epochs=1)
    np.testing.assert_allclose(np.append(run.optimum.bias, run.optimum.weights), told["parameters"], rtol=1e-8)


@pytest.mark.parametrize("scale", [1e-50, 1e-20, 1e-13, 1e-11, 1e-6, 1e20])
def test_counts_in_other_units_have_the_same_weights(scale):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(500, 2))
    y = generator.poisson(np.exp(1 + X[:, 0])).astype(float)
    (plain, one), (_, other) = (found(PoissonLoss(), X, y * by) for by in (1.0, scale))
    assert other.settled
    (weights, bias), (again, level) = plain.to_raw(one.bowl.theta), plain.to_raw(other.bowl.theta)
    np.testing.assert_allclose(again, weights, rtol=1e-9, atol=1e-12)
    assert level[0] - np.log(scale) == pytest.approx(bias[0], rel=1e-9)


@pytest.mark.parametrize("far", [1e4, 1e6, 1e9])
def test_a_row_far_away_that_is_predicted_well_bends_nothing(far):
    generator = np.random.default_rng(0)
    x = generator.normal(size=200)
    y = (x + generator.logistic(size=200) > 0).astype(float)
    _, near = found(LogisticLoss(), x[:, None], y)
    _, with_far = found(LogisticLoss(), np.append(x, far)[:, None], np.append(y, 1.0))
    # one row of 201 whose slope and curvature are 0 there
    np.testing.assert_allclose(
        with_far.bowl.quadratic.modes.eigenvalues * 201, near.bowl.quadratic.modes.eigenvalues * 200, rtol=1e-9
    )


def test_a_row_of_weight_0_may_have_any_target():
    X = np.random.default_rng(0).normal(size=(50, 2))
    y = np.random.default_rng(1).poisson(np.exp(X[:, 0])).astype(float)
    weight = np.ones(50)
    weight[3] = 0.0
    _, expected = found(PoissonLoss(), np.delete(X, 3, axis=0), np.delete(y, 3))
    y[3] = -5.0
    _, minimum = found(PoissonLoss(), X, y, weight)
    np.testing.assert_allclose(minimum.bowl.theta, expected.bowl.theta, rtol=1e-9)
