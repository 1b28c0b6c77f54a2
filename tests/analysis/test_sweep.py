"""Cross-validation from one pass must equal the literal thing: a plain loop trained on each fold's rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

import steepest
from steepest.analysis.sweep import sweep
from steepest.analysis.validation import validation_curve
from steepest.data.sources import open_source
from steepest.data.split import Folds, consecutive_fold_of_rows, fold_of_rows, hash_positions
from steepest.errors import DataError, UsageError
from steepest.summaries.folds import read_folds
from steepest.summaries.gram import triangularize_parts
from steepest.summaries.triangle import Triangle
from tests.rules.own import OwnAdamRule, adam_by_hand
from tests.truths import literal_descent


def table(seed=0, n=83, d=4):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * [1.0, 10.0, 0.1, 1.0][:d] + [0.0, 50.0, 3.0, -1.0][:d]
    y = X @ np.arange(1.0, d + 1) + 5 * generator.normal(size=n) + 2
    return X, y


def literal_scores(
    X, y, labels, rates, counts, penalties, standardize, rule="gradient", momentum=0.0, weight=None, train_on=None
):
    """Held-out RMSE and fold errors by training a plain loop on the rows of each training part."""
    folds = labels.max() + 1
    mse = np.empty((len(rates), len(counts), len(penalties), folds))
    weight = np.ones(len(y)) if weight is None else weight
    for f in range(folds):
        held = labels == f
        train = ~held if train_on is None else train_on(f)
        mean, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
        if standardize:
            # of the training rows alone: nothing of the held-out ones leaks in
            mean = np.average(X[train], axis=0, weights=weight[train])
            scale = np.sqrt(np.average((X[train] - mean) ** 2, axis=0, weights=weight[train]))
        for j, rate in enumerate(rates):
            for m, l2 in enumerate(penalties):
                path = literal_descent(
                    (X[train] - mean) / scale,
                    y[train],
                    rule=rule,
                    learning_rate=rate,
                    momentum=momentum,
                    l2=l2,
                    epochs=max(counts),
                    weight=weight[train],
                )
                for k, count in enumerate(counts):
                    r = ((X[held] - mean) / scale) @ path[count, 1:] + path[count, 0] - y[held]
                    mse[j, k, m, f] = np.average(r**2, weights=weight[held])
    mass = np.array([weight[labels == f].sum() for f in range(folds)])
    return np.sqrt(mse @ (mass / mass.sum())), mse


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("rule", "momentum"), [("gradient", None), ("heavy_ball", 0.8), ("nesterov", 0.8)])
def test_five_folds_and_twenty_settings_equal_a_plain_loop(standardize, rule, momentum):
    X, y = table()
    rates = [0.02, 0.05, 0.1, 0.2, 0.4] if standardize else [1e-5, 3e-5, 1e-4, 2e-4, 3e-4]
    counts, penalties = [7, 40], [0.0, 0.5]
    s = sweep(
        X,
        y,
        learning_rates=rates,
        epochs=counts,
        l2=penalties,
        rule=rule,
        momentum=momentum,
        standardize=standardize,
        seed=4,
    )
    scores, mse = literal_scores(X, y, s.folds, rates, counts, penalties, standardize, rule, momentum or 0.0)
    assert s.rmse.shape == (5, 2, 2)  # 20 settings
    np.testing.assert_allclose(s.rmse, scores, rtol=1e-9)
    np.testing.assert_allclose(s.fold_mse[0], mse, rtol=1e-9)
    best = np.unravel_index(scores.argmin(), scores.shape)
    assert (s.best.learning_rate, s.best.epochs, s.best.l2) == (rates[best[0]], counts[best[1]], penalties[best[2]])
    assert s.best.rmse == pytest.approx(scores.min(), rel=1e-9)
    error = mse[best].std(ddof=1) / np.sqrt(5) / (2 * scores.min())
    assert s.best.standard_error == pytest.approx(error, rel=1e-9)
    assert [setting.rmse for setting in s.table] == sorted(s.rmse.ravel())


@pytest.mark.slow
def test_a_large_grid_in_any_order_equals_powers_of_the_step_matrix():
    """Grids worked on in several parts, with epochs after every mode has arrived, and rates that swing or grow."""
    generator = np.random.default_rng(5)
    n, d = 240, 40
    X = generator.normal(size=(n, d))
    y = X @ generator.normal(size=d) + generator.normal(size=n)
    rates = generator.permutation([*np.geomspace(1e-3, 0.7, 60), 40.0])
    counts = generator.permutation(np.unique(np.geomspace(1, 1e6, 60).astype(int)))
    s = sweep(X, y, learning_rates=rates, epochs=counts, folds=2, standardize=False, fit_intercept=False)
    assert len(rates) * len(counts) * d > 65_536  # numbers that are worked on together
    for fold in range(2):
        train, held = s.folds != fold, s.folds == fold
        H, b = X[train].T @ X[train] / train.sum(), X[train].T @ y[train] / train.sum()
        minimum = np.linalg.solve(H, b)
        for j, rate in enumerate(rates):
            for k, count in enumerate(counts):
                with np.errstate(over="ignore", invalid="ignore"):
                    theta = minimum - np.linalg.matrix_power(np.eye(d) - rate * H, count) @ minimum
                    mse = np.mean((X[held] @ theta - y[held]) ** 2)
                # a matrix to the power of a million has rounding of its own; what grows is far beyond anything else
                if np.isfinite(mse) and mse < 1e6:
                    assert s.fold_mse[0, j, k, 0, fold] == pytest.approx(mse, rel=1e-9)
                else:
                    assert s.fold_mse[0, j, k, 0, fold] >= 1e5


def test_a_rule_that_is_walked_is_scored_as_by_hand():
    X, y = table()[:2]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    s = sweep(X, y, learning_rates=[0.1], epochs=[5, 30], rule=OwnAdamRule(0.1), standardize=False, folds=3)
    for fold in range(3):
        train, held = s.folds != fold, s.folds == fold
        path = adam_by_hand(X[train], y[train], 0.1, 30)
        for k, count in enumerate((5, 30)):
            mse = np.mean((X[held] @ path[count, 1:] + path[count, 0] - y[held]) ** 2)
            assert s.fold_mse[0, 0, k, 0, fold] == pytest.approx(mse, rel=1e-9)


def test_a_file_gives_the_same_as_arrays_and_weights_count(tmp_path):
    X, y = table()
    weight = np.random.default_rng(1).integers(1, 4, size=len(y)).astype(float)
    rows = np.column_stack([X, weight, y])
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c,d,w,y", comments="", fmt="%.17g")
    settings = {"learning_rates": [0.1], "epochs": [3, 30], "seed": 2}
    arrays = sweep(X, y, weight=weight, **settings)
    file = sweep(tmp_path / "t.csv", target="y", weight="w", **settings)
    np.testing.assert_array_equal(file.folds, arrays.folds)
    np.testing.assert_allclose(file.rmse, arrays.rmse, rtol=1e-12)
    scores, _ = literal_scores(X, y, arrays.folds, [0.1], [3, 30], [0.0], True, weight=weight)
    np.testing.assert_allclose(arrays.rmse, scores, rtol=1e-9)


def test_groups_stay_together(tmp_path):
    X, y = table()
    group = np.array(["red", "green", "blue", "gold", "pink", "grey", "teal"])[
        np.random.default_rng(0).integers(0, 7, size=len(y))
    ]
    s = sweep(X, y, group=group, folds=3, learning_rates=[0.1], epochs=[10])
    for name in set(group):
        assert len(set(s.folds[group == name])) == 1
    assert set(s.folds) == {0, 1, 2}
    np.testing.assert_allclose(s.rmse, literal_scores(X, y, s.folds, [0.1], [10], [0.0], True)[0], rtol=1e-9)
    lines = [
        "a,b,c,d,colour,y",
        *(",".join([*(f"{v:.17g}" for v in row), name, f"{t:.17g}"]) for row, name, t in zip(X, group, y, strict=True)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    file = sweep(tmp_path / "t.csv", target="y", group="colour", folds=3, learning_rates=[0.1], epochs=[10])
    for name in set(group):
        assert len(set(file.folds[group == name])) == 1
    with pytest.raises(DataError, match="7 groups cannot fill 9 folds"):
        sweep(X, y, group=group, folds=9)


@pytest.mark.slow
def test_many_groups_are_never_split():
    n = 5000
    group = np.arange(n) // 2
    folds = read_folds(
        open_source(np.arange(n)[:, None].astype(float), np.arange(n), group=group), Folds(4, by_group=True)
    )
    assert (folds.labels[::2] == folds.labels[1::2]).all()
    sizes = np.bincount(folds.labels)
    assert sizes.max() - sizes.min() < n / 50
    assert sum(part.row_count for part in folds.test) == n


def test_time_predicts_from_the_past_alone():
    X, y = table(n=120)
    s = sweep(X, y, time=True, folds=4, learning_rates=[0.1], epochs=[5, 20])
    assert (np.diff(s.folds) >= 0).all()
    assert s.folds[0] == -1
    assert np.bincount(s.folds + 1).tolist() == [24] * 5
    scores, _ = literal_scores(X, y, s.folds, [0.1], [5, 20], [0.0], True, train_on=lambda f: s.folds < f)
    np.testing.assert_allclose(s.rmse, scores, rtol=1e-9)
    long = np.arange(70_000.0)
    folds = read_folds(open_source(long[:, None], long), Folds(3, in_time=True))
    # cut between pieces of 256 rows, the nearest to where it should be
    assert np.flatnonzero(np.diff(folds.labels)) + 1 == pytest.approx([17_500, 35_000, 52_500], abs=128)
    assert folds.test[1].means[0] == pytest.approx(long[folds.labels == 1].mean(), rel=1e-12)


@given(count=st.integers(2, 400), folds=st.integers(2, 30), cut=st.integers(0, 400))
def test_consecutive_folds_are_those_of_scikit_learn(count, folds, cut):
    folds = min(folds, count)
    rows = np.arange(count, dtype=np.uint64)
    labels = consecutive_fold_of_rows(rows, count, folds)
    parts = [consecutive_fold_of_rows(part, count, folds) for part in (rows[:cut], rows[cut:])]
    assert np.concatenate(parts).tolist() == labels.tolist()
    assert consecutive_fold_of_rows(rows[::3], count, folds).tolist() == labels[::3].tolist()  # others were left out
    for fold, (_, held) in enumerate(KFold(folds).split(np.zeros((count, 1)))):
        assert np.flatnonzero(labels == fold).tolist() == held.tolist()


def test_consecutive_folds_of_arrays_and_of_a_file_of_unknown_length(tmp_path):
    X, y = table()
    settings = {"learning_rates": [0.1], "epochs": [3, 30], "shuffle": False}
    arrays = sweep(X, y, **settings)
    assert np.bincount(arrays.folds).tolist() == [17, 17, 17, 16, 16]
    assert (np.diff(arrays.folds) >= 0).all()
    np.testing.assert_allclose(
        arrays.rmse, literal_scores(X, y, arrays.folds, [0.1], [3, 30], [0.0], True)[0], rtol=1e-9
    )
    rows = np.column_stack([X, y])
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", header="a,b,c,d,y", comments="", fmt="%.17g")
    file = sweep(tmp_path / "t.csv", target="y", **settings)
    assert open_source(tmp_path / "t.csv", target="y").row_count is None
    np.testing.assert_array_equal(file.folds, arrays.folds)
    np.testing.assert_allclose(file.rmse, arrays.rmse, rtol=1e-12)


def test_consecutive_folds_of_many_rows_need_no_gathering(monkeypatch):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(80_000, 30))
    y = X[:, 0] + generator.normal(size=80_000)
    taken, take = [], np.take
    monkeypatch.setattr(np, "take", lambda *a, **k: taken.append(len(a[1])) or take(*a, **k))
    folds = read_folds(open_source(X, y), Folds(5, shuffle=False))
    assert np.bincount(folds.labels).tolist() == [16_000] * 5
    assert len(taken) <= 4  # chunks that a boundary cuts, of ten or more
    for k, held in enumerate(folds.test):
        rows = np.column_stack([X, y])[folds.labels == k]
        np.testing.assert_allclose(held.means, rows.mean(axis=0), rtol=1e-10, atol=1e-13)
        rows = rows - rows.mean(axis=0)
        np.testing.assert_allclose(held.centred.T @ held.centred, rows.T @ rows, rtol=1e-10, atol=1e-7)
    read_folds(open_source(X, y), Folds(5))
    assert len(taken) > 10


def test_a_given_validation_set():
    X, y = table()
    s = sweep(X[:60], y[:60], validation=(X[60:], y[60:]), learning_rates=[0.1], epochs=[1, 10])
    labels = np.where(np.arange(83) < 60, -1, 0)
    scores, _ = literal_scores(X, y, labels, [0.1], [1, 10], [0.0], True)
    np.testing.assert_allclose(s.rmse, scores, rtol=1e-9)
    assert s.folds is None
    assert np.isnan(s.best.standard_error)
    assert s.one_standard_error == s.best or s.one_standard_error.rmse == s.best.rmse


def test_the_best_setting_runs():
    X, y = table()
    s = sweep(X, y)
    run = s.run()
    assert run.rule == steepest.GradientRule(s.best.learning_rate)
    assert run.epochs == s.best.epochs
    again = steepest.descend(X, y, standardize=True, **s.best.settings)
    np.testing.assert_allclose(run.weights, again.weights, rtol=1e-10)
    simple = s.one_standard_error
    assert simple.rmse <= s.best.rmse + s.best.standard_error
    assert simple.effective_parameters <= s.best.effective_parameters
    assert s.stability_limits[0, 0] == pytest.approx(run.verdict.stability_limit, rel=1e-12)


def test_diverging_settings_are_infinite_and_never_best():
    X, y = table()
    s = sweep(X, y, learning_rates=[0.1, 50.0], epochs=[100_000])
    assert s.rmse[1, 0, 0] == np.inf
    assert s.best.learning_rate == 0.1
    assert not np.isnan(s.rmse).any()


def test_effective_parameters_are_the_trace_of_the_hat_matrix():
    X, y = table(n=30)
    l2, rate, epochs = 0.3, 0.05, 9
    s = sweep(X, y, learning_rates=[rate], epochs=[epochs], l2=[l2])
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    columns = [
        literal_descent(standard, unit, rule="gradient", learning_rate=rate, l2=l2, epochs=epochs)[-1]
        for unit in np.eye(30)
    ]
    hat = np.column_stack([np.ones(30), standard]) @ np.array(columns).T
    assert s.effective_parameters[0, 0, 0, 0] == pytest.approx(np.trace(hat), rel=1e-10)
    run = steepest.descend(X, y, learning_rate=rate, epochs=epochs, l2=l2, standardize=True)
    assert run.effective_parameters([epochs])[0] == pytest.approx(np.trace(hat), rel=1e-10)


@given(first=st.integers(0, 1000), count=st.integers(1, 200), folds=st.integers(2, 9), seed=st.integers(0, 5))
@settings(max_examples=50)
def test_folds_of_rows_do_not_depend_on_the_cut_and_are_equal(first, count, folds, seed):
    rows = np.arange(first + count, dtype=np.uint64)
    whole = fold_of_rows(rows, folds, seed)
    np.testing.assert_array_equal(fold_of_rows(rows[first:], folds, seed), whole[first:])
    np.testing.assert_array_equal(fold_of_rows(rows[first::3], folds, seed), whole[first::3])
    sizes = np.bincount(whole, minlength=folds)
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("folds", [2, 5, 10, 11, 40])  # up to ten by comparisons, beyond by sorting
def test_a_rows_fold_is_the_place_of_its_hash_in_its_run(monkeypatch, folds):
    monkeypatch.setattr("steepest.data.split.SECTION_ROWS", 3 * folds + 1)
    rows = np.arange(20 * folds, dtype=np.uint64)
    hashes = [int(value) for value in hash_positions(rows, 7)]
    runs = [hashes[start : start + folds] for start in range(0, len(hashes), folds)]
    assert fold_of_rows(rows, folds, 7).tolist() == [sum(other < own for other in run) for run in runs for own in run]


def test_of_equal_hashes_the_first_comes_first():
    from steepest.data.split import _ranks

    for count in (3, 12):
        values = np.full((2, count), 5, dtype=np.uint64)
        values[1, 0] = 6
        in_order = list(range(count))
        assert _ranks(values).tolist() == [in_order, [count - 1, *in_order[:-1]]]


@pytest.mark.parametrize("count", [3, 200])  # labels of one byte and of two
def test_parts_of_a_large_batch_are_the_triangles_of_their_rows(count):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(40_000, 5)), generator.normal(size=(40_000, 1))
    labels = generator.choice([-1, *range(count + 1), 65_536], size=40_000)  # rows of parts 0 … count - 1 count
    from steepest.data.batch import Batch

    for offset in (0.0, 1e5):
        batch = Batch(X + offset, y, tuple("abcde"), ("y",))
        assert None not in [reduced and reduced[0] for reduced in triangularize_parts(batch, labels, count)]
        for part, triangle in enumerate(Triangle.of_parts(batch, labels, count)):
            direct = Triangle.of(batch.take(labels == part))
            assert triangle.row_count == direct.row_count
            np.testing.assert_allclose(triangle.centred, direct.centred, atol=1e-10)
            np.testing.assert_allclose(triangle.means, direct.means, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"folds": 1}, UsageError, "from 2 to 1,000"),
        ({"folds": 2.5}, UsageError, "from 2 to 1,000"),
        ({"folds": 100}, DataError, "83 rows cannot fill 100 folds"),
        ({"time": True, "group": np.arange(83)}, UsageError, "one of them"),
        ({"time": True, "shuffle": False}, UsageError, "one of them"),
        ({"group": np.arange(83), "shuffle": False}, UsageError, "one of them"),
        ({"validation": table(), "shuffle": False}, UsageError, "one of them"),
        ({"learning_rates": []}, UsageError, "empty"),
        ({"learning_rates": [0.1, -1]}, UsageError, "above 0"),
        ({"epochs": [1.5]}, UsageError, "whole number"),
        ({"epochs": []}, UsageError, "empty"),
        ({"l2": [-1]}, UsageError, "l2"),
        ({"rule": "chebyshev"}, UsageError, "sweep takes the rules"),
        ({"momentum": 0.9}, UsageError, "has none"),
        ({"rule": "nesterov", "momentum": 1.0}, UsageError, "momentum"),
        ({"group": [1, 2]}, DataError, "one label a row"),
    ],
)
def test_mistakes_are_told(options, error, text):
    with pytest.raises(error, match=text):
        sweep(*table(), **options)


@pytest.mark.parametrize("grid", [{}, {"learning_rates": [0.1], "epochs": [3]}])
def test_features_that_are_all_0_are_told(grid):
    with pytest.raises(DataError, match="every feature is 0"):
        sweep(np.zeros((30, 2)), np.arange(30.0), fit_intercept=False, **grid)


def test_two_targets_are_refused():
    X, y = table()
    with pytest.raises(UsageError, match="one target"):
        sweep(X, np.column_stack([y, y]))


@pytest.mark.parametrize("engine", ["modes", "loop"])
def test_the_validation_curve_is_that_of_the_rows_and_its_best_epoch_the_best(engine):
    generator = np.random.default_rng(3)
    X = generator.normal(size=(25, 12))
    y = X[:, 0] + 2 * generator.normal(size=25)
    held_X = generator.normal(size=(40, 12))
    held_y = held_X[:, 0] + 2 * generator.normal(size=40)
    run = steepest.descend(X, y, learning_rate=0.05, epochs=3000, engine=engine)
    curve = validation_curve(run, steepest.summarize(held_X, held_y))
    path = literal_descent(X, y, rule="gradient", learning_rate=0.05, epochs=3000)
    errors = np.sqrt(np.mean((path[:, 1:] @ held_X.T + path[:, :1] - held_y) ** 2, axis=1))
    np.testing.assert_allclose(curve.held_out, errors[curve.epochs], rtol=1e-9)
    assert curve.best_epoch == errors.argmin()
    assert 0 < curve.best_epoch < 3000
    assert curve.best_rmse == pytest.approx(errors.min(), rel=1e-10)


def test_the_best_epoch_of_a_long_run_is_found_by_zooming():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(25, 12))
    y = X[:, 0] + 2 * generator.normal(size=25)
    held = steepest.summarize(generator.normal(size=(40, 12)), generator.normal(size=40))
    short = validation_curve(steepest.descend(X, y, learning_rate=1e-4, epochs=150_000), held)
    long = validation_curve(steepest.descend(X, y, learning_rate=1e-4, epochs=10**9), held)
    assert long.best_epoch == short.best_epoch


def test_a_growing_run_is_chosen_only_where_there_is_no_other():
    """The signal lies along the slow mode, so that a rate above the limit does best for a while."""
    generator = np.random.default_rng(0)
    columns = generator.normal(size=(400, 2))
    z, slow = np.linalg.qr(columns - columns.mean(axis=0))[0].T  # orthogonal, so that the steep mode has no way to go
    X = np.column_stack([z + 0.1 * slow, z - 0.1 * slow])
    y = 5 * slow
    limit = steepest.diagnose(X, y).standardized.stability_limit
    rates = [0.5 * limit, 0.95 * limit, 1.05 * limit]
    s = steepest.sweep(X, y, learning_rates=rates, epochs=[3], validation=(X, y))
    assert s.scores.argmin() == 2
    assert s.best.learning_rate == rates[1]
    assert s.one_standard_error.learning_rate == rates[1]
    alone = steepest.sweep(X, y, learning_rates=[1.05 * limit, 1.2 * limit], epochs=[3], validation=(X, y))
    assert alone.best.learning_rate == 1.2 * limit


def test_the_table_is_every_setting_in_order_made_once():
    X, y = table()
    s = sweep(X, y, learning_rates=[1e-3, 0.01, 0.1], epochs=[1, 10, 100], l2=[0.0, 1.0], rule=["gradient", "nesterov"])
    assert s.table == sorted((s.setting(k) for k in range(s.scores.size)), key=lambda one: one.rmse)
    assert s.table[0].rmse == s.scores.min()
    assert all(a is b for a, b in zip(s.table, s.table, strict=True))
    assert s.standard_errors is s.standard_errors  # asked for by each setting
    s.table.clear()  # a list of the caller's own
    assert len(s.table) == s.scores.size


def test_rows_of_weight_0_have_a_fold_in_time_too():
    X = np.arange(12.0)[:, None]
    weight = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1])
    s = sweep(X, X[:, 0] ** 2, weight=weight, time=True, folds=3, learning_rates=[0.001], epochs=[5])
    assert s.folds.shape == (12,)
    counted = sweep(X[weight > 0], X[weight > 0, 0] ** 2, time=True, folds=3, learning_rates=[0.001], epochs=[5])
    np.testing.assert_array_equal(s.folds[weight > 0], counted.folds)
