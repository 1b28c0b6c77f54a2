"""The tutorial's four functions: its published figures to the last digit, and what it gets wrong."""

import numpy as np
import pytest

import steepest
from steepest import tutorial
from steepest.descent import loop
from steepest.errors import DataError, DivergenceError, UsageError

# figures as published, see docs/tutorial.md
EPOCHS, RATE = 200_000, 0.0001
LAST_WEIGHT, LAST_BIAS = 0.5008287639956263, 1.8339723159878247
COST_199_987, COST_199_994 = 0.05856315870190882, 0.05855806032154768
BIAS_199_987 = 1.8339454694938624
RMSE_TRAINING = 0.05855296238504223


@pytest.fixture(scope="module")
def stepped():
    """The whole run, step by step, with every thirteenth line kept."""
    inputs, targets, _, _ = tutorial.generate_data(300, 50, 0.5, 2, seed=0)
    seen = {}

    class Keep:
        def __call__(self, epoch, cost, theta):
            if epoch in (199_987, 199_994):
                seen[epoch] = float(cost[0]), float(theta[1, 0]), float(theta[0, 0])

    objective = tutorial.TutorialObjective(inputs, targets)
    path = loop.run(objective, steepest.GradientRule(RATE), np.zeros((2, 1)), EPOCHS, callbacks=[Keep()])
    return path, seen


def literal(inputs, targets, epochs, rate):
    """The tutorial's loop, written out."""
    n = len(inputs)
    weights, bias, costs = np.zeros((inputs.shape[1], 1)), 0.0, []
    for _ in range(epochs):
        r = inputs @ weights + bias - targets
        dW = inputs.T @ r / (2 * n)
        db = np.sum(r) / (2 * n)
        weights = weights - rate * dW
        bias = bias - rate * db
        costs.append(float(np.sqrt(np.sum(r**2) / (2 * n))))
    return weights, float(bias), costs


@pytest.mark.slow
def test_the_published_figures_come_out_of_the_loop(stepped):
    path, seen = stepped
    (bias,), (weight,) = path.thetas[-1]
    inputs, targets, _, _ = tutorial.generate_data(300, 0, 0.5, 2)
    ours = [weight, bias, seen[199_987][0], seen[199_987][2], seen[199_994][0]]
    ours.append(tutorial.rmse(inputs, targets, [[weight]], bias))
    published = [LAST_WEIGHT, LAST_BIAS, COST_199_987, BIAS_199_987, COST_199_994, RMSE_TRAINING]
    assert [repr(float(v)) for v in ours] == [repr(v) for v in published]


def test_the_loop_is_the_literal_loop_to_the_bit():
    inputs, targets, _, _ = tutorial.generate_data(40, 0, 0.5, 2)
    X = np.column_stack([inputs[:, 0], np.sin(inputs[:, 0])])
    weights, bias, costs = tutorial.linear_regression(X, targets, 500, 1e-4)
    expected = literal(X, targets, 500, 1e-4)
    assert weights.tobytes() == expected[0].tobytes()
    assert (bias, costs) == expected[1:]


@pytest.mark.slow
def test_modes_give_the_same_costs(stepped):
    inputs, targets, _, _ = tutorial.generate_data(300, 0, 0.5, 2)
    weights, bias, costs = tutorial.linear_regression(inputs, targets, EPOCHS, RATE, engine="modes")
    assert weights.shape == (1, 1)
    assert len(costs) == EPOCHS
    assert float(weights[0, 0]) == pytest.approx(LAST_WEIGHT, rel=1e-14)
    assert bias == pytest.approx(LAST_BIAS, rel=1e-13)
    # the plain loop's own rounding is 1e-14 of the parameters, 5e-13 of a cost that is 1/30 of the first
    np.testing.assert_allclose(costs, stepped[0].losses[:-1, 0], rtol=2e-12)


def test_generate_data_is_the_tutorials():
    train, train_targets, test, test_targets = tutorial.generate_data(300, 50, 0.5, 2, seed=7)
    np.testing.assert_array_equal(train[:, 0], np.arange(1, 301))
    np.testing.assert_array_equal(train_targets, 0.5 * train + 2)
    np.testing.assert_array_equal(test_targets, 0.5 * test + 2)
    assert test.shape == test_targets.shape == (50, 1)
    assert test.min() >= 1000
    assert test.max() <= 100_000
    np.testing.assert_array_equal(test, np.round(test))
    np.testing.assert_array_equal(test, tutorial.generate_data(300, 50, 0.5, 2, seed=7)[2])
    assert (test != tutorial.generate_data(300, 50, 0.5, 2, seed=8)[2]).any()
    many = tutorial.generate_data(1, 400_000, 1, 0, seed=0)[2]
    assert (many.min(), many.max()) == (1000, 100_000)  # both ends are included


def test_flat_targets_are_a_column_never_broadcast():
    inputs, targets, _, _ = tutorial.generate_data(30, 0, 0.5, 2)
    column = tutorial.linear_regression(inputs, targets, 50, RATE)
    flat = tutorial.linear_regression(inputs[:, 0], targets[:, 0], 50, RATE)
    assert column[0].tobytes() == flat[0].tobytes()
    assert column[1:] == flat[1:]
    assert tutorial.rmse(inputs, targets[:, 0], column[0], column[1]) == tutorial.rmse(
        inputs, targets, column[0], column[1]
    )
    with pytest.raises(DataError, match=r"must have the shape \(30, 1\)"):
        tutorial.linear_regression(inputs, targets.T, 50, RATE)
    with pytest.raises(DataError, match="weights"):
        tutorial.rmse(inputs, targets, [1.0, 2.0], 0.0)


@pytest.mark.parametrize("engine", ["loop", "modes"])
def test_a_diverging_run_is_an_error_with_the_limit(engine):
    inputs, targets, _, _ = tutorial.generate_data(300, 0, 0.5, 2)
    rate, epochs = (1.33e-4, 200_000) if engine == "modes" else (1e-3, 2_000)
    with pytest.raises(DivergenceError, match=r"diverged: .* after epoch .* The limit for this data is 0.000132666"):
        tutorial.linear_regression(inputs, targets, epochs, rate, engine=engine)


def test_logging_prints_the_tutorials_line(capsys):
    inputs, targets, _, _ = tutorial.generate_data(300, 0, 0.5, 2)
    tutorial.linear_regression(inputs, targets, 4, RATE, log_every=2)
    lines = capsys.readouterr().out.splitlines()
    weights, bias, costs = literal(inputs, targets, 4, RATE)
    assert len(lines) == 2
    assert lines[-1] == f"Iteration: 4  Cost/Loss: {costs[3]}  Weight: {weights}  Bias: {bias}"


def test_plot_test_keeps_the_numbers_unrounded():
    inputs, targets = np.array([[1.0], [2.0], [3.0]]), np.array([2.5, 3.0, 3.5])
    display = tutorial.plot_test(inputs, targets, [[0.4]], 2.2)
    np.testing.assert_allclose(display.predictions, [2.6, 3.0, 3.4])
    circles, crosses = display.artists_[:2]
    np.testing.assert_array_equal(circles.get_ydata(), targets)
    np.testing.assert_array_equal(crosses.get_ydata(), display.predictions)
    np.testing.assert_array_equal(crosses.get_xdata(), [0, 1, 2])


@pytest.mark.parametrize("wrong", [{"m": 0}, {"m": 2.5}, {"n": -1}, {"seed": -1}, {"seed": 1.5}, {"m": True}])
def test_generate_data_names_the_valid_range(wrong):
    with pytest.raises(UsageError, match="whole number"):
        tutorial.generate_data(**{"m": 3, "n": 2, "a": 1.0, "b": 0.0, **wrong})


def test_engine_must_be_known():
    with pytest.raises(UsageError, match='"loop" or "modes"'):
        tutorial.linear_regression([[1.0]], [1.0], 1, 0.1, engine="fast")
