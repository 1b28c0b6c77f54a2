"""Forecasts beside all sequences of batches there are, Kronecker products, literal runs and other tables."""

import itertools
from typing import Any

import numpy as np
import pytest

import steepest
from steepest.descent.minibatch import Batches
from steepest.errors import DataError, UsageError
from steepest.objectives.mean_square import MeanSquare
from steepest.objectives.over_rows import OverRows
from steepest.objectives.row_moments import RowMoments


def table(n=60, d=3, seed=0, heavy=False):
    generator = np.random.default_rng(seed)
    X = generator.standard_t(5, size=(n, d)) if heavy else generator.normal(size=(n, d))
    X = X * np.geomspace(1, 2, d) + 0.5
    return X, X @ np.arange(1.0, d + 1) + 1 + generator.normal(size=n)


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"weight": np.array([0.5, 2.0, 1.0, 1.5])},
    "penalty": {"l2": 0.4},
    "all": {"weight": np.array([0.5, 2.0, 1.0, 1.5]), "l2": 0.4, "objective": "mse", "standardize": True},
    "no intercept": {"fit_intercept": False, "objective": "quarter_mse"},
}


def literal_mean(f, steps):
    """The mean loss after some steps over all sequences of batches drawn with replacement, each as likely."""
    rows, size, n = f.rows, f.batches.size, len(f.rows)
    batches = [rows.take(np.array(chosen)) for chosen in itertools.product(range(n), repeat=size)]
    total = 0.0
    for sequence in itertools.product(batches, repeat=steps):
        theta = np.zeros((rows.U.shape[1], 1))
        for batch in sequence:
            theta = theta - f.learning_rate * batch.gradient(theta)
        total += f.problem.quadratic.value(theta)[0]
    return total / len(batches) ** steps


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("size", "steps"), [(1, 1), (1, 2), (1, 4), (2, 2)])
def test_the_mean_over_all_sequences_of_batches(settings, size, steps):
    X = np.array([[1.0, 0.5], [2.0, -1.0], [-1.0, 3.0], [0.5, 0.0]])
    y = np.array([1.0, 3.0, -2.0, 4.0])
    f = steepest.forecast(X, y, batch_size=size, learning_rate=0.2, order="replacement", **SETTINGS[settings])
    excess = MeanSquare(f._moments, 0.2, 1 / size).excess(np.array([0, steps]))
    start = f.problem.quadratic.value(np.zeros((f.rows.U.shape[1], 1)))[0]
    assert f.minimum + excess[0] == pytest.approx(start, rel=1e-12)
    assert f.minimum + excess[1] == pytest.approx(literal_mean(f, steps), rel=1e-11)


def kronecker(f, rate):
    """E[(I - ηA)⊗(I - ηA)] over single rows, and the noise, in the parameters themselves."""
    rows, p = f.rows, f.rows.U.shape[1]
    minimum = f.problem.quadratic.minimum
    square, noise = np.zeros((p * p, p * p)), np.zeros(p * p)
    for i in range(len(rows)):
        row = rows.take(np.array([i]))
        left = np.eye(p) - rate * np.column_stack([row.curvature(minimum, e[:, None])[:, 0] for e in np.eye(p)])
        g = row.gradient(minimum)[:, 0]
        square += np.kron(left, left) / len(rows)
        noise += rate**2 * np.kron(g, g) / len(rows)
    return square, noise


@pytest.mark.parametrize("numbers", [{}, {"l2": 0.4, "standardize": True, "objective": "mse"}])
def test_the_limit_and_the_floor_of_single_rows_by_kronecker_products(numbers):
    X, y = table()
    f = steepest.forecast(X, y, batch_size=1, learning_rate=0.05, order="replacement", **numbers)
    square, noise = kronecker(f, f.stability_limit)
    assert np.abs(np.linalg.eigvals(square)).max() == pytest.approx(1, rel=1e-9)
    square, noise = kronecker(f, 0.05)
    P = np.linalg.solve(np.eye(len(square)) - square, noise).reshape(f.rows.U.shape[1], -1)
    H = np.column_stack([f.problem.quadratic.curvature(None, e[:, None])[:, 0] for e in np.eye(len(P))])
    assert f.floor == pytest.approx(np.trace(H @ P) / 2, rel=1e-9)
    assert f.loss()[0] == pytest.approx(f.problem.quadratic.value(np.zeros((len(P), 1)))[0], rel=1e-12)


def test_a_batch_of_many_rows_nears_the_full_batch():
    X, y = table()
    limit = steepest.descend(X, y, learning_rate=0.1, epochs=1).verdict.stability_limit
    limits = [steepest.forecast(X, y, batch_size=size).stability_limit for size in (1, 4, 16, 64)]
    assert (np.diff(limits) > 0).all()
    assert 0.97 * limit < limits[-1] < limit  # a 64th of a row's variance is left
    f = steepest.forecast(X, y, batch_size=1)
    assert 0.3 * f.stability_limit < f.guaranteed_rate <= f.stability_limit
    half = [
        steepest.forecast(X, y, batch_size=size).stability_limit for size in (f.critical_batch - 1, f.critical_batch)
    ]
    assert half[0] < limit / 2 <= half[1]


def test_many_modes_go_by_an_iteration():
    X, y = table(400, 16)
    f = steepest.forecast(X, y, batch_size=2)
    values = f._moments.eigenvalues
    root = 1 / np.sqrt((values[:, None] + values) / 2)
    P = np.random.default_rng(0).normal(size=(17, 17))
    P = P + P.T
    for _ in range(300):  # power iteration
        image = root * (values[:, None] * (root * P) * values + f._moments.variance(root * P) / 2)
        largest, P = (image * P).sum() / (P * P).sum(), image / np.linalg.norm(image)
    assert f.stability_limit == pytest.approx(2 / largest, rel=1e-5)


@pytest.mark.parametrize("size", [1, 7, 60])
@pytest.mark.parametrize("numbers", [{}, {"l2": 0.3, "standardize": True, "weight": np.linspace(0.5, 2, 60)}])
def test_a_fixed_order_is_known_exactly(size, numbers):
    X, y = table()
    settings = {"batch_size": size, "learning_rate": 0.02, "order": "fixed", "epochs": 6, **numbers}
    f, run = steepest.forecast(X, y, **settings), steepest.descend(X, y, **settings)
    np.testing.assert_allclose(f.loss(), run.loss(), rtol=1e-11)
    assert not f.grows
    long = steepest.descend(X, y, **settings | {"epochs": 5_000})
    assert f.minimum + f.floor == pytest.approx(long.loss([5_000])[0], rel=1e-11)


def test_a_fixed_order_grows_where_its_own_map_does():
    """Between its own limit and that of rows drawn at random, either way."""
    X, y = table(8, 2)
    limit = steepest.forecast(X, y, batch_size=1).stability_limit
    told = set()
    for share in (0.5, 0.8, 0.95, 1.05, 1.3, 1.6, 2.0, 3.0):
        settings = {"batch_size": 1, "learning_rate": share * limit, "order": "fixed", "epochs": 400}
        f, run = steepest.forecast(X, y, **settings), steepest.descend(X, y, **settings)
        grew = not run.loss([run.epochs])[0] < 1e6 * run.loss([0])[0]
        assert (f.grows, np.isinf(f.floor), "grows without bound" in str(f)) == (grew,) * 3
        told.add((share > 1, grew))
    assert {(True, True), (True, False)} <= told or {(False, True), (False, False)} <= told


def literal_runs(f, runs, seed=0):
    """The loss above the minimum at the ends of epochs of literal runs, shape (runs, epochs + 1)."""
    U, y, n = f.rows.U, f.rows.y[:, 0], len(f.rows)
    theta = np.zeros((runs, U.shape[1]))
    generator, size = np.random.default_rng(seed), f.batches.size
    losses = [f.problem.quadratic.value(theta.T)]
    for _ in range(f.epochs):
        if f.batches.order == "shuffled":
            order = generator.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
        else:
            order = generator.integers(n, size=(runs, size * f.batches.steps(n)))
        for first in range(0, order.shape[1], size):
            rows = order[:, first : first + size]
            left = np.einsum("kbp,kp->kb", U[rows], theta) - y[rows]
            theta = theta - f.learning_rate * np.einsum("kb,kbp->kp", left, U[rows]) / rows.shape[1]
        losses.append(f.problem.quadratic.value(theta.T))
    return np.array(losses).T - f.minimum


@pytest.mark.slow
@pytest.mark.parametrize("order", ["replacement", "shuffled"])
@pytest.mark.parametrize(("size", "share"), [(1, 0.1), (1, 0.5), (8, 0.1), (8, 0.5), (32, 0.5)])
@pytest.mark.parametrize("heavy", [False, True])
def test_the_curve_is_the_mean_of_literal_runs(order, size, share, heavy):
    X, y = table(128, 4, seed=2, heavy=heavy)
    limit = steepest.forecast(X, y, batch_size=size, standardize=True).stability_limit
    settings = {"batch_size": size, "learning_rate": share * limit, "epochs": 10, "order": order, "standardize": True}
    f = steepest.forecast(X, y, **settings)
    runs = literal_runs(f, 2_000)
    mean, error = runs.mean(axis=0), runs.std(axis=0) / np.sqrt(len(runs))
    expected = f.loss() - f.minimum
    error = np.hypot(error, f.standard_error())
    assert (np.abs(expected - mean)[1:] <= 4 * error[1:]).all(), (expected / mean - 1, error / mean)


def test_above_the_limit_runs_explode_and_below_they_do_not():
    X, y = table(256, 4, seed=2)
    limit = steepest.forecast(X, y, batch_size=64, standardize=True).stability_limit
    for share, explodes in ((0.9, False), (1.1, True)):
        settings = {"batch_size": 64, "learning_rate": share * limit, "epochs": 60, "order": "replacement"}
        f = steepest.forecast(X, y, standardize=True, **settings)
        runs = literal_runs(f, 200)
        assert ((runs[:, -1] > 100 * runs[:, 0]).mean() > 0.95) == explodes
        assert ((runs[:, -1] < runs[:, 0]).mean() > 0.95) != explodes
        assert np.isfinite(f.floor) == (not explodes)
        assert ("grows without bound" in str(f)) == explodes


@pytest.mark.slow
def test_a_sample_of_a_large_table_is_enough():
    X, y = table(40_000, 4, seed=1, heavy=True)
    f = steepest.forecast(X, y, batch_size=1, learning_rate=0.001, standardize=True, order="replacement")
    assert f._moments.W.shape == (4_096, 5)
    assert f._moments.share.sum() == pytest.approx(1, rel=0.05)
    assert len(f.rows) == 4_096
    standard = np.column_stack([np.ones(40_000), (X - X.mean(axis=0)) / X.std(axis=0)])
    rows = OverRows(standard, y[:, None], None, 1.0, 0.0, f.rows.penalized)
    every = RowMoments.of(f.problem, rows, np.zeros((5, 1)))
    assert f.stability_limit == pytest.approx(every.stability_limit(1.0), rel=0.02)
    assert f.floor == pytest.approx(MeanSquare(every, 0.001, 1.0).floor, rel=0.03)


@pytest.mark.parametrize(
    ("order", "n", "readings"),
    [("shuffled", 9_000, 1), ("replacement", 9_000, 1), ("fixed", 9_000, 2), ("fixed", 8_000, 1)],
)
def test_a_table_is_read_once_but_for_a_fixed_order(order, n, readings, monkeypatch):
    X, y = table(n, 2)
    source, read = steepest.open_source(X, y), []
    kind, batches = type(source), type(source).batches
    monkeypatch.setattr(kind, "batches", lambda *given: (read.append(given), (yield from batches(*given)))[1])
    f = steepest.forecast(source, batch_size=100, order=order, learning_rate=0.01)
    assert np.isfinite(f.loss()).all()
    assert len(read) == readings
    assert len(f.rows) == (n if order == "fixed" else 4_096)
    assert f.row_count == n
    np.testing.assert_allclose(f.all_rows().U[:, 1:], X)  # for runs beside the forecast
    assert len(read) == readings + (order != "fixed")


def test_the_best_setting_beats_the_grid_about_it():
    X, y = table(128, 4, seed=2)
    f = steepest.forecast(X, y, batch_size=8, standardize=True)
    best = f.best(passes=10)
    assert best.batch_size in (1, 2, 4, 8, 16, 32, 64, 128)
    for size in (1, 8, 64):
        limit = steepest.forecast(X, y, batch_size=size, standardize=True).stability_limit
        for share in (0.01, 0.1, 0.5):
            steps = np.array([10 * -(-128 // size)])
            assert best.excess <= MeanSquare(f._moments, share * limit, 1 / size).excess(steps)[0] * 1.05


def test_words_and_tables(tmp_path):
    X, y = table(128, 4, seed=2)
    settings = {"batch_size": 8, "learning_rate": 0.05, "epochs": 5, "standardize": True}
    f = steepest.forecast(X, y, **settings)
    assert str(f).startswith("On average over runs, batches of 8 rows at learning rate 0.05 (")
    assert "level off" in str(f)
    assert "The stability limit assumes rows drawn with replacement." in str(f)
    lines = [",".join(map(repr, [*row, target])) for row, target in zip(X.tolist(), y.tolist(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,d,y", *lines]))
    of_file = steepest.forecast(tmp_path / "t.csv", target="y", **settings)
    assert (of_file.loss() == f.loss()).all()
    assert len(repr(f).splitlines()) <= 10


def test_heavy_tails_are_named():
    generator = np.random.default_rng(0)
    X = np.exp(2 * generator.normal(size=(2_000, 2)))
    f = steepest.forecast(X, X.sum(axis=1) + generator.normal(size=2_000), batch_size=1, standardize=True)
    assert f.has_heavy_tails
    assert "and then jump" in str(f)
    assert not steepest.forecast(*table(2_000), batch_size=1, standardize=True).has_heavy_tails
    assert not steepest.forecast([[1.0], [2.0], [50.0]], [1.0, 0.0, 5.0], batch_size=1).has_heavy_tails


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"batch_size": 0}, "1 or larger"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"epochs": "auto"}, "epochs"),
        ({"batch_size": 100, "drop_last": True}, "make no batch"),
    ],
)
def test_what_is_out_of_range_is_refused(numbers, words):
    with pytest.raises(UsageError, match=words):
        steepest.forecast(*table(), **{"batch_size": 4, **numbers})


def test_several_targets_and_triangles_are_refused():
    X, y = table()
    with pytest.raises(UsageError, match="one target; this table has 2"):
        _ = steepest.forecast(X, np.column_stack([y, y]), batch_size=4).floor
    with pytest.raises(UsageError, match="a triangle has no rows"):
        steepest.forecast(steepest.summarize(X, y), batch_size=4)
    with pytest.raises(UsageError, match="passes is a whole number"):
        steepest.forecast(X, y, batch_size=4).best(0)


def test_the_batches_are_those_of_a_run():
    assert steepest.forecast(*table(), batch_size=7).batches == Batches(7)


def test_a_table_that_moves_nothing_is_refused():
    with pytest.raises(DataError, match="no parameter changes the loss"):
        steepest.forecast([[0.0], [0.0]], [1.0, 2.0], batch_size=1, fit_intercept=False)
