"""Where a run begins: of counts at the rate of all rows alike, so that neither exposure nor rare counts wreck the first epoch."""

from fractions import Fraction

import numpy as np
import pytest

import steepest
from steepest.descent.start import first_theta
from steepest.objectives import loss_rows
from tests.support.commands import steepest_command

N = 2_000


def counts(rate, seed=5):
    generator = np.random.default_rng(seed)
    X, hours = generator.normal(size=(N, 2)), generator.uniform(0.5, 2.0, size=N)
    return X, hours, generator.poisson(hours * rate * np.exp(0.5 * X[:, 0])).astype(float)


def run_on(X, y, **settings):
    return steepest.descend(X, y, loss="poisson", **settings)


@pytest.mark.parametrize("exposure", [1e-5, 1.0, 1e5, 1e12])
@pytest.mark.parametrize("standardize", [False, True])
def test_the_unit_of_exposure_changes_the_bias_alone(exposure, standardize):
    X, hours, y = counts(3.0)
    plain = run_on(X, y, exposure=hours, standardize=standardize)
    run = run_on(X, y, exposure=hours * exposure, standardize=standardize)
    assert run.verdict.kind == "converged"
    assert (run.epochs, run.epochs_to(1e-6)) == (plain.epochs, plain.epochs_to(1e-6))
    epochs = np.arange(run.epochs + 1)
    there, here = plain.parameters(epochs), run.parameters(epochs)
    # log exposure is of order 30, and its rounding, 4e-15, is multiplied by the inverse curvature on the way
    np.testing.assert_allclose(here[0], there[0], atol=1e-12)
    np.testing.assert_allclose(here[1] + np.log(exposure), there[1], atol=1e-12)
    np.testing.assert_allclose(run.predict(X, exposure=hours * exposure), plain.predict(X, exposure=hours), rtol=1e-12)


@pytest.mark.parametrize("rate", [0.005, 0.1, 10.0, 1e4, 1e9])
def test_rare_and_many_counts_converge_by_default(rate):
    X, _, y = counts(rate)
    run = run_on(X, y)
    assert run.verdict.kind == "converged"
    assert run.bias == pytest.approx(run.optimum.bias, rel=1e-9)


def test_the_start_is_the_best_bias_alone():
    X, hours, y = counts(0.3)
    weight = 1.0 + np.arange(N) % 3
    run = run_on(X, y, exposure=hours, weight=weight, epochs=0)
    total, exposure = (sum(Fraction(w) * Fraction(v) for w, v in zip(weight, each, strict=True)) for each in (y, hours))
    assert run.bias == pytest.approx(np.log(float(total / exposure)), rel=1e-14)  # some roundings of a sum of 2,000
    assert not run.weights.any()
    assert run.reasons["start"].startswith("bias -")


def test_offsets_beyond_the_exponential_are_no_trouble():
    X, _, y = counts(0.3)
    offset = np.full(N, 800.0)
    assert run_on(X, y, offset=offset, epochs=0).bias == pytest.approx(np.log(y.mean()) - 800, rel=1e-14)


def test_a_start_that_is_given_wins():
    X, hours, y = counts(0.3)
    run = run_on(X, y, exposure=hours, epochs=0, start=([0.0, 0.0], 0.0))
    assert run.bias == 0
    assert "start" not in run.reasons


def test_runs_without_a_bias_and_on_other_losses_begin_at_zeros():
    X, hours, y = counts(0.3)
    without = run_on(X, y, exposure=hours, epochs=0, fit_intercept=False)
    logistic = steepest.descend(X, y > 0, loss="logistic", epochs=0)
    for run in (without, logistic):
        assert not run.start.any()
        assert "start" not in run.reasons


def test_rows_in_a_file_begin_at_the_same_place(monkeypatch):
    X, hours, y = counts(0.3)
    weight = 1.0 + np.arange(N) % 3
    settings = {"exposure": hours, "weight": weight, "epochs": 3, "learning_rate": 0.5}
    in_memory = run_on(X, y, **settings)
    monkeypatch.setattr(loss_rows, "fits_memory", lambda n, columns: False)
    monkeypatch.setattr(loss_rows, "PIECE", 1 << 10)
    stored = run_on(X, y, **settings)
    assert isinstance(stored.problem.rows, loss_rows.StoredLossRows)
    assert stored.start[0, 0] == pytest.approx(in_memory.start[0, 0], rel=1e-14)
    np.testing.assert_allclose(stored.weights, in_memory.weights, rtol=1e-12)


def test_the_command_says_where_it_begins(tmp_path):
    X, hours, y = counts(0.3)
    rows = np.column_stack([X, hours * 1e5, y])
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,hours,calls", comments="", fmt="%.17g")
    given = ("fit", "t.csv", "--target", "calls", "--loss", "poisson", "--exposure", "hours", "--no-out")
    done = steepest_command(*given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bias = f"{np.log(y.sum() / (hours * 1e5).sum()):.5g}"
    assert f"start chosen: bias {bias}" in done.stdout
    assert "log(total count / total exposure), and weights 0\n" in done.stdout
    assert "Converged" in done.stdout


def test_the_default_start_is_not_shared():
    X, _, y = counts(0.3)
    problem = run_on(X, y, epochs=0).problem
    first_theta(None, problem)[:] = 7
    assert problem.default_start[0, 0] != 7


def test_a_run_that_leaves_a_good_start_diverges_whatever_the_unit_of_exposure():
    X, hours, y = counts(3.0)
    for exposure in (1.0, 1e6):
        with pytest.warns(steepest.DivergenceWarning):
            run = run_on(X, y, exposure=hours * exposure, learning_rate=1.0, epochs=30)
        assert run.verdict.kind == "diverges"
