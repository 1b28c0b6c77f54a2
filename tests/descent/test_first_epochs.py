"""The first epochs of a run, parameter by parameter, beside 50 digits; the truth is the literal recurrence on the rows.

`STEEPEST_PROBLEMS=1000 pytest -s tests/descent/test_first_epochs.py` tries more problems and prints the worst errors.
"""

import os
from decimal import Decimal, localcontext

import numpy as np
import pytest

import steepest
from steepest.objectives.problem import Problem

PROBLEMS = int(os.environ.get("STEEPEST_PROBLEMS", "50"))
FIRST_SEED = 150  # seed 183 is the hardest of the first thousand
EPOCHS = (1, 2, 3, 10, 11, 50, 51, 200)
SHARES = (0.001, 0.1, 0.5, 0.9, 1.0001, 1.1)  # of the limit


def table(seed):
    """Rows whose columns, weights and bias differ in size by powers of ten."""
    generator = np.random.default_rng(seed)
    n, d = int(generator.integers(3, 30)), int(generator.integers(1, 5))
    size = 10.0 ** generator.uniform(-4, 4, d)
    offset = generator.choice([0, 0, 1e-3, 1, 10, 1e3], d)
    X = size * (generator.normal(size=(n, d)) + offset)
    bias = generator.choice([0, 1, 1e3, 1e6, 1e9]) * generator.normal()
    weights = generator.normal(size=d) * 10.0 ** generator.uniform(-4, 4, d)
    return X, X @ weights + bias + 0.1 * generator.normal(size=n)


def exact(X, y, learning_rate, momentum):
    """Bias and weights at EPOCHS in 50 digits, by heavy ball; without momentum that is plain descent."""
    with localcontext() as context:
        context.prec = 50
        A = [[Decimal(1), *map(Decimal, row)] for row in X.tolist()]
        b = [Decimal(value) for value in y.tolist()]
        columns, rate, beta = list(zip(*A, strict=True)), Decimal(learning_rate), Decimal(momentum)
        theta = before = [Decimal(0)] * len(columns)
        states = []
        for epoch in range(1, EPOCHS[-1] + 1):
            residual = [sum(map(Decimal.__mul__, row, theta), Decimal(0)) - one for row, one in zip(A, b, strict=True)]
            slope = [sum(map(Decimal.__mul__, column, residual), Decimal(0)) / len(A) for column in columns]
            steps = zip(theta, slope, before, strict=True)
            theta, before = [now - rate * down + beta * (now - last) for now, down, last in steps], theta
            if epoch in EPOCHS:
                states.append([float(value) for value in theta])
    return np.array(states)


def literal(X, y, learning_rate, momentum):
    """The same in float64, as one would write it."""
    A = np.column_stack([np.ones(len(X)), X])
    theta = before = np.zeros(A.shape[1])
    states = []
    for epoch in range(1, EPOCHS[-1] + 1):
        slope = A.T @ (A @ theta - y) / len(A)
        theta, before = theta - learning_rate * slope + momentum * (theta - before), theta
        if epoch in EPOCHS:
            states.append(theta)
    return np.array(states)


def worst(states, truth):
    """Largest error of a parameter: relative to itself, to the largest it has been by then, and that of all parameters.

    At the limit a parameter swings from far out back to its start: what it has been is the measure there.
    """
    error, size = np.abs(states - truth), np.maximum.accumulate(np.abs(truth))
    shares = error / np.abs(truth), error / size, error / np.linalg.norm(size, axis=1, keepdims=True)
    return [float(share.max()) for share in shares]


@pytest.mark.filterwarnings("ignore::steepest.errors.DataWarning")  # few rows of many columns
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_each_parameter_of_the_first_epochs_is_as_exact_as_in_a_loop(momentum):
    ours, loop = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + PROBLEMS):
        X, y = table(seed)
        limit = 2 * (1 + momentum) / Problem.of(steepest.summarize(X, y)).quadratic.modes.eigenvalues[0]
        rate = SHARES[seed % len(SHARES)] * limit
        rule = steepest.HeavyBallRule(rate, momentum) if momentum else steepest.GradientRule(rate)
        run = steepest.descend(X, y, rule=rule, epochs=EPOCHS[-1])
        states = np.array([[state.bias, *state.weights] for state in map(run.at, EPOCHS)])
        truth = exact(X, y, rate, momentum)
        ours.append(worst(states, truth))
        loop.append(worst(literal(X, y, rate, momentum), truth))
    for name, errors in (("closed form", ours), ("loop", loop)):
        of_itself, of_its_path, of_all = np.max(errors, axis=0)
        print(f"\nmomentum {momentum:g}, {PROBLEMS} problems, {name}, worst error of a parameter: of itself {of_itself:.1e}, "
              f"of its path {of_its_path:.1e}, of all {of_all:.1e}")  # fmt: skip
    assert np.max(ours, axis=0)[1] <= 1e-12  # 200 epochs at 1.1 of the limit multiply 1e-15 in λ by about 400
