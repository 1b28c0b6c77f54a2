"""Two paths to the same run must agree at every epoch: the closed form, and a literal loop over the rows."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.descent.facts import Facts
from steepest.errors import UsageError
from steepest.rules.sign import SignRule
from tests.rules.own import OwnAdamRule, adam_by_hand
from tests.strategies import problems
from tests.truths import literal_descent

SCALES = {"quarter_mse": 0.5, "half_mse": 1.0, "mse": 2.0}


def limit_of(X, y, rule, momentum, l2, objective):
    probe = steepest.descend(
        X, y, rule=rule, momentum=momentum, learning_rate=1e-9, epochs=1, l2=l2, objective=objective
    )
    return probe.verdict.stability_limit


@pytest.mark.slow
@given(
    problem=problems(),
    rule=st.sampled_from(["gradient", "heavy_ball", "nesterov"]),
    momentum=st.sampled_from([0.0, 0.3, 0.5, 0.9, 0.97]),
    l2=st.sampled_from([0.0, 0.01, 1.0]),
    objective=st.sampled_from(sorted(SCALES)),
    of_limit=st.sampled_from([1e-3, 0.1, 0.5, 0.9, 1.0, 1.01, 1.5]),
    start=st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_modes_agree_with_a_literal_loop_at_every_epoch(problem, rule, momentum, l2, objective, of_limit, start):
    X, y = problem
    beta = momentum if rule != "gradient" else None
    rate = of_limit * limit_of(X, y, rule, beta, l2, objective)
    theta = None if start is None else np.random.default_rng(start).normal(size=X.shape[1] + 1)
    chosen = None if theta is None else (theta[1:], theta[0])
    epochs = 120
    run = steepest.descend(
        X, y, rule=rule, momentum=beta, learning_rate=rate, l2=l2, objective=objective, start=chosen, epochs=epochs
    )
    literal = literal_descent(
        X,
        y,
        rule=rule,
        learning_rate=rate,
        momentum=momentum,
        l2=l2,
        scale=SCALES[objective],
        start=theta,
        epochs=epochs,
    )
    weights, bias = run.parameters()
    ours = np.column_stack([bias, weights])
    # relative to the largest state so far and to the goal: both paths round at that size
    size = np.maximum.accumulate(np.linalg.norm(literal, axis=1)) + np.hypot(
        np.linalg.norm(run.optimum.weights), run.optimum.bias
    )
    assert (np.linalg.norm(ours - literal, axis=1) <= 1e-12 * size).all()
    loop = steepest.descend(
        X,
        y,
        rule=rule,
        momentum=beta,
        learning_rate=rate,
        l2=l2,
        objective=objective,
        start=chosen,
        epochs=epochs,
        engine="loop",
    )
    stepped, stepped_bias = loop.parameters()
    assert (np.linalg.norm(np.column_stack([stepped_bias, stepped]) - literal, axis=1) <= 1e-12 * size).all()
    np.testing.assert_allclose(run.loss(), loop.loss(), rtol=1e-9, atol=1e-12 * loop.loss()[0])


@given(problem=problems(), l2=st.sampled_from([0.0, 0.1]), standardize=st.booleans())
def test_standardizing_is_a_change_of_inputs_and_nothing_else(problem, l2, standardize):
    X, y = problem
    scaled = (X - X.mean(axis=0)) / X.std(axis=0) if standardize else X
    run = steepest.descend(X, y, learning_rate=0.1, epochs=40, l2=l2, standardize=standardize)
    literal = literal_descent(scaled, y, rule="gradient", learning_rate=0.1, l2=l2, epochs=40)
    weights = literal[:, 1:] / (X.std(axis=0) if standardize else 1.0)
    bias = literal[:, 0] - (weights @ X.mean(axis=0) if standardize else 0.0)
    ours, our_bias = run.parameters()
    size = np.abs(literal).max() + np.abs(y).max()
    np.testing.assert_allclose(ours, weights, rtol=1e-10, atol=1e-11 * size)
    np.testing.assert_allclose(our_bias, bias, rtol=1e-10, atol=1e-11 * size)


def test_loss_rmse_and_gradient_are_those_of_the_rows(line):
    X, y = line
    run = steepest.descend(X, y + np.sin(X[:, 0]), learning_rate=3e-5, epochs=50, l2=0.5)
    y = y + np.sin(X[:, 0])
    for epoch in (0, 1, 17, 50):
        state = run.at(epoch)
        r = X[:, 0] * state.weights[0] + state.bias - y
        assert state.rmse == pytest.approx(np.sqrt(np.mean(r**2)), rel=1e-12)
        assert state.loss == pytest.approx(np.mean(r**2) / 2 + 0.25 * state.weights[0] ** 2, rel=1e-12)
        gradient = np.array([np.mean(r), np.mean(r * X[:, 0]) + 0.5 * state.weights[0]])
        # near the valley's floor the gradient is a difference of numbers of this size
        assert state.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9, abs=1e-9)


def test_whole_curves_and_single_epochs_are_the_same_numbers(line):
    X, y = line
    for rule in ("gradient", "heavy_ball", "nesterov"):
        momentum = None if rule == "gradient" else 0.5
        run = steepest.descend(X, y, rule=rule, momentum=momentum, learning_rate=5e-5, epochs=1000)
        single = [run.at(k).loss for k in (0, 1, 2, 63, 64, 65, 500, 999, 1000)]
        np.testing.assert_allclose(run.loss()[[0, 1, 2, 63, 64, 65, 500, 999, 1000]], single, rtol=1e-12)
        np.testing.assert_allclose(run.loss(range(7, 900)), run.loss(np.arange(7, 900)), rtol=1e-12)
        np.testing.assert_allclose(run.rmse(), np.sqrt(2 * run.loss()), rtol=1e-12)


def test_several_targets_are_several_runs(line):
    X, y = line
    both = np.column_stack([y, np.cos(X[:, 0])])
    run = steepest.descend(X, both, learning_rate=3e-5, epochs=300)
    for j in range(2):
        one = steepest.descend(X, both[:, j], learning_rate=3e-5, epochs=300)
        np.testing.assert_allclose(run.weights[:, j], one.weights, rtol=1e-12)
        np.testing.assert_allclose(np.asarray(run.bias)[j], one.bias, rtol=1e-12)
        np.testing.assert_allclose(run.loss()[:, j], one.loss(), rtol=1e-11)
        np.testing.assert_allclose(run.rmse([5, 9])[:, j], one.rmse([5, 9]), rtol=1e-12)


def test_weights_count_rows():
    X, y = np.array([[1.0], [2.0], [4.0], [7.0]]), np.array([1.0, 3.0, 2.0, 5.0])
    weight = np.array([1.0, 2.0, 0.0, 3.0])
    twice = np.repeat(np.arange(4), weight.astype(int))
    one = steepest.descend(X, y, weight=weight, learning_rate=0.01, epochs=100)
    other = steepest.descend(X[twice], y[twice], learning_rate=0.01, epochs=100)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-13)
    np.testing.assert_allclose(one.loss(), other.loss(), rtol=1e-12)


def test_a_diverging_run_ends_on_its_last_finite_state(line):
    X, y = line
    for engine in ("modes", "loop"):
        run = steepest.descend(X[:20], y[:20], learning_rate=1.0, epochs=10_000, engine=engine)
        assert run.epochs < run.requested_epochs == 10_000
        assert np.isfinite(run.weights).all()
        assert np.isfinite(run.bias)
        assert run.verdict.kind == "diverges"
        assert run.verdict.last_finite_epoch == run.epochs


def test_zero_epochs_are_the_start(line):
    X, y = line
    run = steepest.descend(X, y, learning_rate=1e-5, epochs=0, start=([3.0], -1.0))
    assert (run.weights[0], run.bias, run.epochs) == (3.0, -1.0, 0)
    assert run.loss().shape == (1,)


def test_a_trillion_epochs_cost_nothing_and_the_loop_keeps_a_bounded_record(line):
    X, y = line
    run = steepest.descend(X, y, learning_rate=5e-5, epochs=10**12)
    assert run.bias == pytest.approx(2, abs=1e-10)
    record = steepest.Record(points=50)
    loop = steepest.descend(X, y, learning_rate=1e-5, epochs=2000, engine="loop", record=record)
    assert len(loop.iterates.epochs) <= 52
    assert loop.at(2000).bias == loop.bias
    with pytest.raises(UsageError, match="was not recorded"):
        loop.at(1999)
    with pytest.raises(UsageError, match="400 MB"):
        steepest.descend(X, y, learning_rate=1e-5, epochs=10**12, engine="loop", record=steepest.Record(every=1))


def test_callbacks_see_every_epoch(line):
    X, y = line
    seen = []
    run = steepest.descend(
        X,
        y,
        learning_rate=1e-5,
        epochs=5,
        callbacks=[lambda epoch, loss, theta: seen.append((epoch, loss, theta[1, 0]))],
    )
    assert run.engine == "loop"
    assert [entry[0] for entry in seen] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose([entry[1] for entry in seen], run.loss()[:-1], rtol=1e-12)
    assert seen[-1][2] == run.weights[0]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"learning_rate": 0}, "above 0"),
        ({"learning_rate": -1e-3}, "above 0"),
        ({"learning_rate": float("nan")}, "above 0"),
        ({"learning_rate": float("inf")}, "above 0"),
        ({"learning_rate": "fast"}, "learning_rate must be"),
        ({"learning_rate": None}, "learning_rate must be"),
        ({"learning_rate": True}, "learning_rate must be"),
        ({"epochs": -1}, "whole number"),
        ({"epochs": 1.5}, "whole number"),
        ({"epochs": float("nan")}, "whole number"),
        ({"epochs": True}, "whole number"),
        ({"epochs": "10"}, "whole number"),
        ({"rule": "heavy_ball", "momentum": -0.1}, "0 ≤ momentum < 1"),
        ({"rule": "heavy_ball", "momentum": 1.0}, "0 ≤ momentum < 1"),
        ({"rule": "nesterov", "momentum": float("nan")}, "0 ≤ momentum < 1"),
        ({"momentum": 0.9}, "has none"),
        ({"rule": "newton"}, "rule is one of"),
        ({"l2": -1.0}, "l2 must be"),
        ({"l2": float("nan")}, "l2 must be"),
        ({"l2": 1e308}, "l2 must be"),
        ({"objective": "mae"}, "objective is"),
        ({"engine": "magic"}, "engine is"),
        ({"start": ([1.0, 2.0], 0.0)}, "start needs weights"),
        ({"start": ([float("nan")], 0.0)}, "NaN"),
        ({"start": 3}, "must be"),
    ],
)
def test_settings_outside_their_range_are_refused_with_the_range(line, settings, text):
    with pytest.raises(UsageError, match=text):
        steepest.descend(*line, **settings)


@pytest.mark.parametrize("epochs", [[-1], [11], [1.5], [[1]]])
def test_epochs_outside_the_run_are_refused(line, epochs):
    run = steepest.descend(*line, learning_rate=1e-5, epochs=10)
    with pytest.raises(UsageError, match="whole numbers from 0 to 10"):
        run.loss(epochs)


def test_a_tolerance_ends_a_run(line):
    x, y = line
    settings = {"learning_rate": 0.3, "standardize": True}
    known = steepest.descend(x, y, epochs=1000, **settings)
    ended = steepest.descend(x, y, epochs=1000, tolerance=1e-6, **settings)
    assert ended.epochs == ended.requested_epochs == known.epochs_to(1e-6) == 39  # 0.7^39 is the first below 1e-6
    assert "from there on no mode has more than a millionth of its starting error left" in ended.reasons["epochs"]
    assert steepest.descend(x, y, tolerance=1e-6, **settings).epochs == 39
    short = steepest.descend(x, y, epochs=20, tolerance=1e-6, **settings)
    assert (short.epochs, short.reasons) == (20, {})
    swinging = {"rule": "heavy_ball", "momentum": 0.9, "learning_rate": 0.3, "standardize": True}
    rested = steepest.descend(x, y, epochs=1000, tolerance=1e-3, **swinging)
    assert rested.remaining(range(rested.epochs, rested.epochs + 1)).max() <= 1e-3
    later = steepest.descend(x, y, epochs=rested.epochs + 200, **swinging)
    assert later.remaining(range(rested.epochs, later.epochs + 1)).max() <= 1e-3  # it has come to rest, not passed by
    assert rested.epochs_to(1e-3) < rested.epochs


def test_a_mode_with_no_way_to_go_spoils_no_number_however_fast_it_would_grow():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    for target in (0.0, 5.0):
        run = steepest.descend(
            X, np.full(40, target), rule="heavy_ball", momentum=0.9, learning_rate=5.0, epochs=3_000, standardize=True
        )
        assert run.verdict.kind == "diverges"
        for epoch in (1, run.epochs // 2, run.epochs):
            state = run.at(epoch)
            numbers = [state.loss, state.rmse, state.gradient_norm, state.bias, *state.weights]
            assert not np.isnan(numbers).any(), (target, epoch)
        if not target:
            # nothing is to be learned, and nothing is
            assert (state.loss, state.rmse, state.gradient_norm) == (0, 0, 0)


@pytest.mark.parametrize("targets", [1, 2])
def test_a_whole_curve_is_its_epochs_one_by_one_also_where_nothing_moves(targets):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    Y = X @ generator.normal(size=(3, targets)) + generator.normal(size=(40, targets)) * [1.0, 0.0][:targets]
    for start in (None, (np.zeros((3, targets)), np.ones(targets))):
        run = steepest.descend(X, Y, learning_rate=0.01, epochs=300, start=start)
        # a product of two ladders and a power of its own differ by some roundings
        np.testing.assert_allclose(run.loss(), run.loss(list(range(301))), rtol=1e-13)
    still = steepest.descend(X, np.zeros((40, targets)), learning_rate=0.01, epochs=300)
    assert not still.loss().any()


@pytest.mark.parametrize("l2", [0.0, 0.5])
@pytest.mark.parametrize(("rate", "scale"), [(1e-4, 1.0), (0.02, 1.0), (0.02, 1e140), (1e-4, 1e-149), (1e-4, 1e147)])
def test_the_curve_of_rmse_is_that_of_the_residuals(rate, scale, l2):
    x = np.arange(1.0, 31.0)[:, None]
    y = scale * (0.5 * x[:, 0] + 2 + np.sin(x[:, 0]))
    run = steepest.descend(x, y, learning_rate=rate, epochs=600, l2=l2)
    epochs = np.arange(run.epochs + 1)  # one that diverges ends where float64 does
    weights, biases = run.parameters(epochs)
    with np.errstate(over="ignore", invalid="ignore"):
        residuals = x @ weights.T + biases - y[:, None]
        size = np.abs(residuals).max(axis=0)
        literal = size * np.sqrt(((residuals / size) ** 2).mean(axis=0))
    for curve in (run.rmse(), run.rmse(epochs)):
        finite = np.isfinite(literal) & np.isfinite(curve)
        # of squares beyond 1e308 the roots are numbers still; a prediction may leave float64 one epoch earlier
        assert (np.isfinite(curve) != np.isfinite(literal)).sum() <= 1
        assert finite.sum() > 80
        # rounding of a prediction that is a difference of large numbers
        np.testing.assert_allclose(curve[finite], literal[finite], rtol=1e-11)


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov"])
@pytest.mark.parametrize("engine", ["modes", "loop"])
@pytest.mark.parametrize("rate", [3.0, 1e100, 1e300])
def test_a_run_that_diverges_from_a_start_says_so_by_its_verdict_alone(rule, engine, rate):
    # a warning of NumPy's is an error here
    X = np.column_stack([np.arange(12.0), np.arange(12.0) ** 2])
    for size in (1.0, 1e50, 1e99):
        start = (np.array([size, -size]), size)
        run = steepest.descend(
            X, X @ [1.0, 2.0] + 3, rule=rule, engine=engine, learning_rate=rate, epochs=500, start=start
        )
        assert run.verdict.kind == "diverges"
        assert run.ended.reason == "left_float64"
        epochs = run.some_epochs(10)
        for numbers in (*run.parameters(epochs), run.weights, run.bias, run.optimum.weights):
            assert np.isfinite(numbers).all()
        (
            run.loss(epochs),
            run.rmse(epochs),
            run.remaining(epochs),
            run.predict(X),
            run.extend(5),
            run.at(0),
            list(run.states(epochs)),
        )


def test_a_run_that_grows_next_to_its_minimum_is_told_where_inputs_explain_nothing():
    x = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    y = np.array(
        [1.0, 1.0, -1.0, -1.0]
    )  # the best weight is 0 and explains nothing: the loss is 0.5 wherever w is small
    run = steepest.descend(x, y, learning_rate=3.0, epochs=3, fit_intercept=False, start=([4e-6], 0.0))
    assert 1e-12 < run.loss([3])[0] - run.loss([0])[0] < 1e-9  # λ = 1: 1 - 3 = -2, the error is 8 times as large
    assert Facts(run.problem, run.rule, run.start, run.iterates).grew
    assert run.verdict.kind == "diverges"


def test_the_loss_of_a_walked_run_is_measured_from_the_least_there_is():
    X = np.random.default_rng(2).normal(size=(30, 2))
    y = X @ [1.0, 2.0] + 3 + np.random.default_rng(3).normal(size=30)
    run = steepest.descend(X, y, rule=OwnAdamRule(0.05), epochs=300)
    A, theta = np.column_stack([np.ones(30), X]), adam_by_hand(X, y, 0.05, 300)
    losses = ((A @ theta.T - y[:, None]) ** 2).mean(axis=0) / 2
    least = ((A @ np.linalg.lstsq(A, y, rcond=None)[0] - y) ** 2).mean() / 2
    for share in (0.5, 0.1, 0.01):
        assert run.epochs_to(share, "loss") == np.flatnonzero(losses - least <= share * (losses[0] - least))[0]


def test_a_walked_run_that_starts_at_its_minimum_is_there():
    run = steepest.descend([[-1.0], [1.0]], [0.0, 0.0], rule=OwnAdamRule(0.05), epochs=3)
    assert run.epochs_to(0.5, "loss") == run.epochs_to(0.5) == 0


def test_a_run_that_diverges_warns_its_caller_once(line):
    with pytest.warns(steepest.DivergenceWarning, match=r"Diverges: .*stability limit") as caught:
        run = steepest.descend(*line, learning_rate=1e-3, epochs=10)
    assert [warning.filename for warning in caught] == [__file__]
    assert str(caught[0].message) == str(run.verdict)
    with warnings.catch_warnings():  # at the limit itself, and below
        warnings.simplefilter("error")
        for rate in (1e-5, run.verdict.stability_limit):
            steepest.descend(*line, learning_rate=rate, epochs=10)


def test_a_walked_run_that_grows_warns(line):
    with pytest.warns(steepest.DivergenceWarning, match="Diverges: after"):
        steepest.descend(*line, rule=SignRule(1e3), epochs=5)


def test_other_doors_tell_of_divergence_in_their_own_way(line):
    with warnings.catch_warnings():
        warnings.simplefilter("error", steepest.DivergenceWarning)
        with pytest.raises(steepest.DivergenceError):
            steepest.GradientDescentRegressor(learning_rate=1.0, epochs=10, standardize=False).fit(*line)
        assert "step from epoch 2" in str(steepest.explain(*line, epoch=3, learning_rate=1.0))


def test_what_is_missing_is_not_hidden_by_a_large_bias():
    """Far from 0 the bias is mostly what the inputs' means cost, and hardly anything of it is missing at any time."""
    generator = np.random.default_rng(0)
    x = 2000 + generator.normal(size=100)
    y = 204_000 - 100 * x + generator.normal(size=100)
    run = steepest.descend(x[:, None], y, standardize=True, rule="adam", learning_rate=5, epochs=500)
    raw = abs(1 - run.bias / run.optimum.bias)
    assert raw < run.verdict.remaining / 2
    told = float(re.search(r"([\d.]+)% of", run.verdict.sentence)[1]) / 100
    assert told == pytest.approx(run.verdict.remaining, rel=0.2)
