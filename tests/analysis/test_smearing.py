"""Smearing: Duan's factor and the errors in the target's own unit, against NumPy on all rows at once."""

import numpy as np
import pytest

import steepest
from steepest.analysis.smearing import smear
from steepest.data.split import Share
from steepest.errors import DataError, UsageError

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(3_000, 3))
LOGS = 2 + X @ [0.5, -0.3, 0.1] + GENERATOR.normal(scale=0.6, size=3_000)
WEIGHT = GENERATOR.uniform(0, 2, 3_000) * (GENERATOR.random(3_000) > 0.1)


def truth(run, X, y, weight, factor=None):
    """Factor, RMSE and R² as their formulas say."""
    fit = X @ run.weights + run.bias
    factor = np.average(np.exp(np.log(y) - fit), weights=weight) if factor is None else factor
    rmse = np.sqrt(np.average((y - factor * np.exp(fit)) ** 2, weights=weight))
    variance = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    return factor, rmse, 1 - rmse**2 / variance


def numbers(found):
    return float(found.factor[0]), float(found.rmse[0]), float(found.r_squared[0])


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
@pytest.mark.parametrize("block", [7, 1_000, 100_000])
@pytest.mark.parametrize("shift", [0.0, -300.0, 300.0])
def test_the_numbers_are_those_of_their_formulas(monkeypatch, weight, block, shift):
    monkeypatch.setattr("steepest.data.sources.arrays.BATCH_ROWS", block)
    count = 200 if block == 7 else 3_000
    rows, y = X[:count], np.exp(LOGS[:count] + shift)
    weight = None if weight is None else weight[:count]
    source = steepest.open_source(rows, y, weight=weight, log_target=True)
    run = steepest.descend(source, epochs=20, learning_rate=0.3, l2=0.01)  # residuals of the run's own state
    found = steepest.smearing(run, source)
    scaled = np.exp(LOGS[:count])  # NumPy's squares overflow where y does not
    scaled_run = steepest.Model(run.features, ("y",), run.weights[:, None], np.array([run.bias - shift]))
    expected = truth(
        type("Fit", (), {"weights": scaled_run.weights[:, 0], "bias": scaled_run.bias[0]}), rows, scaled, weight
    )
    np.testing.assert_allclose(
        numbers(found), [expected[0], expected[1] * np.exp(shift), expected[2]], rtol=1e-9 if shift else 1e-12
    )
    assert found.targets == ("y",)
    assert found.test_rmse is None
    if weight is None:
        again = steepest.smearing(run, rows, y)
        assert numbers(again) == numbers(found)


def test_held_out_rows_are_judged_with_the_factor_of_the_others():
    source, share = steepest.open_source(X, np.exp(LOGS), weight=WEIGHT, log_target=True), Share(0.3, 5)
    out = share.holds_out(np.arange(3_000, dtype=np.uint64))
    train = steepest.open_source(X[~out], np.exp(LOGS[~out]), weight=WEIGHT[~out], log_target=True)
    run = steepest.descend(train, standardize=True)
    other = steepest.open_source(X[out], np.exp(LOGS[out]), weight=WEIGHT[out], log_target=True)
    for found in (smear(run, source.batches(), share), smear(run, train.batches(), held_out=other.batches())):
        expected = truth(run, X[~out], np.exp(LOGS[~out]), WEIGHT[~out])
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-12)
        _, *tested = truth(run, X[out], np.exp(LOGS[out]), WEIGHT[out], expected[0])
        np.testing.assert_allclose([found.test_rmse[0], found.test_r_squared[0]], tested, rtol=1e-12)


def test_an_exact_fit_has_the_factor_one_and_no_error():
    source = steepest.open_source(X, np.exp(X @ [1.0, 2.0, 3.0]), log_target=True)
    found = steepest.smearing(steepest.descend(source, standardize=True), source)
    np.testing.assert_allclose(found.factor, 1, rtol=1e-11)
    assert found.rmse[0] < 1e-9 * np.exp(X @ [1.0, 2.0, 3.0]).max()


def test_each_target_has_its_own_factor():
    y = np.exp(np.column_stack([LOGS, 3 * LOGS]))
    source = steepest.open_source(X, y, log_target=True)
    run = steepest.descend(source, standardize=True)
    found = steepest.smearing(run, source)
    expected = np.exp(np.log(y) - X @ run.weights - run.bias).mean(axis=0)
    np.testing.assert_allclose(found.factor, expected, rtol=1e-12)
    assert "exp(fit) times" in repr(found)


def test_constant_targets_have_no_share():
    source = steepest.open_source(X, np.full(3_000, 5.0), log_target=True)
    found = steepest.smearing(steepest.descend(source, standardize=True), source)
    assert np.isnan(found.r_squared[0])


def test_what_is_not_the_runs_own_is_refused():
    source = steepest.open_source(X, np.exp(LOGS), log_target=True)
    run = steepest.descend(source, standardize=True)
    with pytest.raises(DataError, match=r"needs the 3,000 rows .*; got 10"):
        steepest.smearing(run, X[:10], np.exp(LOGS[:10]))
    with pytest.raises(UsageError, match="a triangle has none"):
        steepest.smearing(run, run.problem.triangle)
    plain = steepest.descend(X, LOGS)
    with pytest.raises(UsageError, match=r"is no logarithm.*log_target=True"):
        steepest.smearing(plain, X, LOGS)
    with pytest.raises(UsageError, match="belongs to a run on logarithms"):
        steepest.Model.of(plain, smearing=steepest.smearing(run, source))


def test_a_factor_beyond_float64_is_refused():
    source = steepest.open_source(X, np.exp(LOGS), log_target=True)
    run = steepest.descend(source, epochs=0, learning_rate=0.1, start=([0.0, 0.0, 0.0], -800.0))
    with pytest.raises(DataError, match="beyond float64"):
        steepest.smearing(run, source)
