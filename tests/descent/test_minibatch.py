"""Mini-batch runs beside literal loops, scikit-learn's SGDRegressor and the full batch."""

import numpy as np
import pytest

import steepest
from steepest.descent.minibatch import Batches
from steepest.errors import UsageError
from steepest.rules import registry

N, D, EPOCHS = 53, 3, 4


def table(n=N):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n, D)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
    return X, X @ [1.0, -2.0, 0.5] + 3 + generator.normal(size=n)


def path(run):
    return np.column_stack(run.parameters()[::-1])


def by_hand(U, y, batches, *, rate, epochs=EPOCHS, weight=None, l2=0.0, scale=1.0):
    """The parameters at the ends of epochs 0 … epochs, from zero, the intercept first; batches, or those of each epoch."""
    omega = np.ones(len(y)) if weight is None else weight / weight.mean()
    theta = np.zeros(U.shape[1])
    ends = [theta]
    for epoch in range(epochs):
        for rows in batches.rows(len(y), epoch) if isinstance(batches, Batches) else batches[epoch]:
            u, left = U[rows], omega[rows] * (U[rows] @ theta - y[rows])
            g = scale * u.T @ left / len(rows)
            g[1:] += l2 * theta[1:]
            theta = theta - rate * g
        ends.append(theta)
    return np.array(ends)


@pytest.mark.filterwarnings("ignore:a batch of 106 rows")
@pytest.mark.parametrize("order", ["shuffled", "replacement", "fixed"])
@pytest.mark.parametrize("size", [1, 8, N, 2 * N])
@pytest.mark.parametrize("drop_last", [False, True])
def test_a_run_is_the_literal_loop(order, size, drop_last):
    if drop_last and size > N:
        return  # no batch at all, see below
    X, y = table()
    U = np.column_stack([np.ones(N), X])
    settings = {"batch_size": size, "order": order, "seed": 3, "drop_last": drop_last, "epochs": EPOCHS}
    run = steepest.descend(X, y, learning_rate=0.02, **settings)
    expected = by_hand(U, y, Batches(min(size, N), order, 3, drop_last), rate=0.02)
    np.testing.assert_allclose(path(run), expected, rtol=1e-11, atol=1e-12)


def test_weights_a_penalty_a_loss_and_standardized_inputs():
    X, y = table()
    weight = np.random.default_rng(6).uniform(0.5, 2, N)
    weight[[3, 9]] = 0  # such rows are no rows
    kept = weight > 0
    mean = np.average(X[kept], axis=0, weights=weight[kept])
    deviation = np.sqrt(np.average((X[kept] - mean) ** 2, axis=0, weights=weight[kept]))
    U = np.column_stack([np.ones(kept.sum()), (X[kept] - mean) / deviation])
    numbers = {"rate": 0.02, "weight": weight[kept], "l2": 0.3, "scale": 2.0}
    expected = by_hand(U, y[kept], Batches(8, seed=1), **numbers)
    settings = {"batch_size": 8, "seed": 1, "epochs": EPOCHS, "l2": 0.3, "objective": "mse", "standardize": True}
    run = steepest.descend(X, y, weight=weight, learning_rate=0.02, **settings)
    np.testing.assert_allclose(run.weights, expected[-1, 1:] / deviation, rtol=1e-11)
    np.testing.assert_allclose(run.bias, expected[-1, 0] - (mean / deviation) @ expected[-1, 1:], rtol=1e-11)


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov", "adam", "rmsprop", "conjugate_gradient"])
def test_a_batch_of_all_rows_is_the_loop_and_the_closed_form(rule):
    X, y = table()
    numbers = {"rule": rule, "epochs": 6}
    numbers |= {"learning_rate": 0.02} if rule != "conjugate_gradient" else {}
    numbers |= {"momentum": 0.5} if rule in ("heavy_ball", "nesterov") else {}
    if rule == "conjugate_gradient":  # 4 parameters: after that rounding is all that is left
        numbers["epochs"] = 3
    whole = steepest.descend(X, y, **numbers)
    for order in ("fixed", "shuffled"):
        batched = steepest.descend(X, y, batch_size=N, order=order, **numbers)
        np.testing.assert_allclose(path(batched), path(whole), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(batched.loss(), whole.loss(), rtol=1e-9)


@pytest.mark.parametrize(
    ("schedule", "ours"),
    [("constant", None), ("invscaling", "invscaling")],
)
@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("average", [False, True])
def test_one_row_at_a_time_is_scikit_learns(schedule, ours, alpha, average):
    sklearn = pytest.importorskip("sklearn.linear_model")
    X, y = table()
    theirs = sklearn.SGDRegressor(
        penalty="l2" if alpha else None, alpha=alpha, eta0=0.01, learning_rate=schedule, shuffle=False,
        max_iter=EPOCHS, tol=None, average=average,
    ).fit(X, y)  # fmt: skip
    settings = {"schedule": ours, "average": average, "l2": alpha, "order": "fixed", "epochs": EPOCHS}
    run = steepest.descend(X, y, batch_size=1, learning_rate=0.01, **settings)
    np.testing.assert_allclose(run.weights, theirs.coef_, rtol=1e-12)
    np.testing.assert_allclose(run.bias, theirs.intercept_[0], rtol=1e-12)


def test_losses_at_the_ends_of_epochs_are_those_of_the_whole_table():
    X, y = table()
    run = steepest.descend(X, y, batch_size=4, learning_rate=0.02, epochs=EPOCHS)
    weights, biases = run.parameters()
    for k in range(EPOCHS + 1):
        loss = ((X @ weights[k] + biases[k] - y) ** 2).mean() / 2
        assert run.loss([k])[0] == pytest.approx(loss, rel=1e-13)


def test_the_seed_is_the_order_and_a_longer_run_begins_the_same():
    X, y = table()
    settings = {"batch_size": 4, "learning_rate": 0.02}
    run = steepest.descend(X, y, epochs=3, seed=1, **settings)
    again, other, longer = (
        steepest.descend(X, y, epochs=epochs, seed=seed, **settings) for epochs, seed in ((3, 1), (3, 2), (9, 1))
    )
    assert (path(again) == path(run)).all()
    assert (path(longer)[:4] == path(run)).all()
    assert (path(run.extend(6)) == path(longer)).all()
    assert not np.allclose(path(other)[1:], path(run)[1:])


def test_each_epoch_has_each_row_once_unless_rows_are_drawn_again():
    for epoch in (0, 1):
        shuffled = np.concatenate(list(Batches(8).rows(N, epoch)))
        assert sorted(shuffled) == list(range(N))
    assert not np.array_equal(np.concatenate(list(Batches(8).rows(N, 0))), shuffled)
    drawn = [rows for epoch in range(200) for rows in Batches(8, "replacement").rows(N, epoch)]
    assert {len(rows) for rows in drawn} == {8}
    counts = np.bincount(np.concatenate(drawn), minlength=N)
    expected = 200 * 7 * 8 / N
    assert ((counts - expected) ** 2 / expected).sum() < 90  # chi-square of 52 degrees of freedom: 1 in 1,000


@pytest.mark.parametrize("kind", ["csv", "frame", "select"])
def test_a_table_gives_the_same_bits_as_its_arrays(tmp_path, kind):
    X, y = table()
    lines = [",".join(map(repr, [*row, target])) for row, target in zip(X.tolist(), y.tolist(), strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines]))
    data = {"csv": tmp_path / "t.csv", "select": f"SELECT * FROM '{tmp_path / 't.csv'}'"}.get(kind)
    if kind == "frame":
        data = pytest.importorskip("pandas").DataFrame(np.column_stack([X, y]), columns=["a", "b", "c", "y"])
    settings = {"batch_size": 8, "learning_rate": 0.02, "epochs": EPOCHS}
    assert (path(steepest.descend(data, target="y", **settings)) == path(steepest.descend(X, y, **settings))).all()


def test_many_batches_are_gathered_in_pieces(monkeypatch):
    from steepest.descent import minibatch

    X, y = table()
    settings = {"batch_size": 2, "learning_rate": 0.02, "epochs": 2}
    whole = path(steepest.descend(X, y, **settings))
    monkeypatch.setattr(minibatch, "GATHERED", 30)  # three batches of two rows at a time
    assert (path(steepest.descend(X, y, **settings)) == whole).all()


def test_several_targets_go_through_the_same_batches():
    X, y = table()
    both = steepest.descend(X, np.column_stack([y, -y]), batch_size=8, learning_rate=0.02, epochs=3)
    one = steepest.descend(X, y, batch_size=8, learning_rate=0.02, epochs=3)
    np.testing.assert_allclose(both.weights, np.column_stack([one.weights, -one.weights]), rtol=1e-12)


def test_stops_callbacks_and_a_run_that_grows():
    X, y = table()
    seen = []
    run = steepest.descend(
        X, y, batch_size=4, learning_rate=0.02, epochs=50, callbacks=lambda k, loss, theta: seen.append(k) or k == 7
    )
    assert (seen, run.epochs, run.ended.reason) == (list(range(1, 8)), 7, "callback")
    with pytest.warns(steepest.DivergenceWarning, match="batches of 4 rows"):
        grown = steepest.descend(X, y, batch_size=4, learning_rate=3.0, epochs=200)
    assert grown.ended.reason == "left_float64"
    assert np.isfinite(path(grown)).all()


def test_what_a_run_says():
    X, y = table()
    run = steepest.descend(X, y, batch_size=4, learning_rate=0.02, epochs=2, schedule="cosine")
    assert "rule gradient with cosine schedule in batches of 4 rows, shuffled, learning rate 0.02" in repr(run)
    told = registry.as_json(run.rule)
    assert (told["name"], told["batch_size"], told["rule"]["steps"]) == ("mini_batch", 4, 28)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"batch_size": 0}, "1 or larger; got 0"),
        ({"batch_size": 2.5}, "1 or larger; got 2.5"),
        ({"batch_size": True}, "1 or larger; got True"),
        ({"order": "random"}, "order"),
        ({"seed": -1}, "seed"),
        ({"drop_last": 1}, "drop_last"),
        ({"batch_size": 2 * N, "drop_last": True}, "53 rows make no batch of 106"),
        (
            {"learning_rate": "auto", "rule": "heavy_ball"},
            "batches of rule gradient only; this is heavy_ball. Give a learning rate",
        ),
        ({"learning_rate": "auto", "epochs": "auto"}, "Give a number of epochs"),
        ({"epochs": "auto"}, "Give a number of epochs"),
        ({"engine": "modes"}, "has no closed form"),
    ],
)
def test_what_makes_no_batches_is_refused(numbers, words):
    with pytest.raises(UsageError, match=words):
        steepest.descend(*table(), **{"batch_size": 4, "learning_rate": 0.02, "epochs": 2, **numbers})


def test_a_triangle_has_no_rows():
    with pytest.raises(UsageError, match="a triangle has no rows"):
        steepest.descend(steepest.summarize(*table()), batch_size=4, learning_rate=0.02, epochs=2)


def test_a_triangle_with_its_rows_at_hand_is_the_table():
    X, y = table()
    settings = {"batch_size": 4, "learning_rate": 0.02, "epochs": 2}
    source = steepest.open_source(X, y)
    run = steepest.descend(steepest.summarize(source), rows=source.batches, **settings)
    assert (path(run) == path(steepest.descend(X, y, **settings))).all()
    with pytest.raises(UsageError, match="Leave rows out"):
        steepest.descend(X, y, rows=source.batches, **settings)


@pytest.mark.parametrize("size", [1, 8, 30])
def test_a_learning_rate_that_is_found_ends_nearer_than_others(size):
    X, y = table()
    settings = {"batch_size": size, "epochs": 3, "order": "replacement"}
    run = steepest.descend(X, y, **settings)
    best = run.verdict.learning_rate
    expected = [
        steepest.forecast(X, y, learning_rate=rate, **settings).loss()[-1]
        for rate in (best / 3, best, min(3 * best, 0.9))
    ]
    # what it goes by leaves out how modes mix: near the best rate the loss is flat
    assert expected[1] <= 1.05 * min(expected)
    assert run.reasons == {
        "learning_rate": f"the smallest expected loss after 3 epochs in batches of {size} row" + "s" * (size > 1)
    }


def test_under_a_schedule_the_rate_is_half_of_the_guaranteed_one():
    X, y = table()
    guaranteed = steepest.forecast(X, y, batch_size=8, epochs=3).guaranteed_rate
    for more in ({"schedule": "cosine"}, {"average": True}):
        run = steepest.descend(X, y, batch_size=8, epochs=3, **more)
        assert run.verdict.learning_rate == pytest.approx(guaranteed / 2, rel=1e-12)
        assert "half of what batches of 8 rows are guaranteed to bear" in run.reasons["learning_rate"]


def test_no_learning_rate_is_found_for_several_targets():
    X, y = table()
    with pytest.raises(UsageError, match="one target"):
        steepest.descend(X, np.column_stack([y, y]), batch_size=8, epochs=3)
