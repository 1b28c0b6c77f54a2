"""The four functions of the tutorial this project grew out of, under the same names: change one import line and go on.

from steepest.tutorial import generate_data, linear_regression, plot_test, rmse
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from steepest.data.batch import check_finite
from steepest.data.sources.matrices import as_matrix
from steepest.data.split import check_seed
from steepest.descent import loop
from steepest.descent.descend import descend
from steepest.descent.settings import check_epochs
from steepest.errors import DataError, DivergenceError, UsageError
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import check_learning_rate
from steepest.support.arrays import FloatArray
from steepest.support.words import number
from steepest.views.plots import PredictionErrorDisplay


def generate_data(
    m: int, n: int, a: float, b: float, seed: int | None = None
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the tutorial's data: a line without noise.

        train: x = 1, 2, … m                              y = a·x + b
        test:  x = n whole numbers from 1000 to 100000    y = a·x + b

    The test inputs lie far outside the training range: predicting them is extrapolation.

    Args:
        m: number of training rows, at least 1.
        n: number of test rows, 0 or more.
        a: slope of the line.
        b: intercept of the line.
        seed: of the test inputs; None draws others every time, as the tutorial does.

    Returns:
        train inputs (m, 1), train targets (m, 1), test inputs (n, 1), test targets (n, 1), all float64.

    Raises:
        UsageError: m or n is no such number, or seed is no whole number.

    Example:
        >>> inputs, targets, test_inputs, test_targets = generate_data(300, 50, 0.5, 2, seed=0)
        >>> inputs[:3].ravel(), targets[:3].ravel(), test_inputs.shape
        (array([1., 2., 3.]), array([2.5, 3. , 3.5]), (50, 1))
    """
    for name, value, least in (("m", m, 1), ("n", n, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise UsageError(f"{name} must be a whole number, {least} or larger; got {value!r}.")
    generator = np.random.default_rng(None if seed is None else check_seed(seed))
    train = np.arange(1, m + 1, dtype=np.float64)[:, None]
    test = generator.integers(1000, 100_000, size=(n, 1), endpoint=True).astype(np.float64)
    return train, a * train + b, test, a * test + b


@dataclass(frozen=True, eq=False)
class TutorialObjective:
    """The tutorial's cost and gradient, computed from the rows at every epoch, operation for operation.

        r = inputs @ weights + bias - targets        cost = √(Σ r² / (2n))
        dW = inputsᵀ @ r / (2n)                      db = Σ r / (2n)

    The gradient is that of Σ r² / (4n), the objective "quarter_mse"; the cost is what the tutorial shows.

    Args:
        inputs: shape (n, d).
        targets: shape (n, 1).
    """

    inputs: FloatArray
    targets: FloatArray
    metric_name: ClassVar[str] = "rmse"

    def value(self, theta: FloatArray) -> FloatArray:
        """The cost, shape (1,)."""
        return self.value_and_gradient(theta)[0]

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Cost (1,) and gradient (1 + d, 1) at theta = [bias; weights]."""
        n = len(self.inputs)
        r = self.inputs @ theta[1:] + theta[0] - self.targets
        dW = self.inputs.T @ r / (2 * n)
        db = np.sum(r) / (2 * n)
        cost = np.sqrt(np.sum(r**2) / (2 * n))
        gradient = np.empty_like(theta)
        gradient[0], gradient[1:] = db, dW
        return cost.reshape(1), gradient

    def metric(self, theta: FloatArray) -> FloatArray:
        """The usual √(Σ r² / n), shape (1,)."""
        return math.sqrt(2.0) * self.value_and_gradient(theta)[0]


def linear_regression(
    inputs: ArrayLike,
    targets: ArrayLike,
    epochs: int,
    learning_rate: float,
    *,
    log_every: int = 0,
    engine: Literal["loop", "modes"] = "loop",
) -> tuple[FloatArray, float, list[float]]:
    """Fit a line by full-batch gradient descent from zero, as the tutorial does.

        weights ← weights - learning_rate · inputsᵀ @ r / (2n)
        bias    ← bias    - learning_rate · Σ r / (2n)

    Args:
        inputs: shape (n, d), or (n,) for one feature.
        targets: shape (n, 1) or (n,); never broadcast.
        epochs: number of updates.
        learning_rate: η; half of what it would be for the gradient of ½·mean(r²).
        log_every: print the tutorial's line every so many epochs; 0 prints none, 1 all.
        engine: "loop" goes step by step and gives the tutorial's figures to the last digit; "modes" gives them from
            the closed form, at once, to about 1e-14.

    Returns:
        weights (d, 1), bias, and the costs √(Σ r² / (2n)), one for each epoch, from BEFORE its update.

    Raises:
        DivergenceError: the parameters left float64; says the limit for the learning rate.
        DataError: the shapes do not belong together.
        UsageError: a setting is outside its range.

    Example:
        >>> inputs, targets, _, _ = generate_data(300, 0, 0.5, 2)
        >>> weights, bias, costs = linear_regression(inputs, targets, 200_000, 0.0001, engine="modes")
        >>> round(float(weights[0, 0]), 13), round(bias, 12), round(costs[199_987 - 1], 12)
        (0.5008287639956, 1.833972315988, 0.058563158702)
    """
    X = as_matrix(np.reshape(inputs, (-1, 1)) if np.ndim(inputs) == 1 else inputs, "X")
    y = as_matrix(targets, "y")
    if y.shape != (len(X), 1):
        raise DataError(
            f"targets must have the shape ({len(X)}, 1) or ({len(X)},), one for each row of inputs; got {np.shape(targets)}."
        )
    check_finite(X, tuple(f"x{j + 1}" for j in range(X.shape[1])))
    check_finite(y, ("y",))
    rate, count = check_learning_rate(learning_rate), check_epochs(epochs)
    if engine == "modes":
        return _by_modes(X, y, count, rate)
    if engine != "loop":
        raise UsageError(f'engine is "loop" or "modes"; got {engine!r}.')
    log = [_Log(log_every)] if log_every else []
    path = loop.run(TutorialObjective(X, y), GradientRule(rate), np.zeros((1 + X.shape[1], 1)), count, callbacks=log)
    if path.epochs[-1] < count:
        raise _diverged(X, y, rate, int(path.epochs[-1]))
    theta = path.thetas[-1]
    return theta[1:], float(theta[0, 0]), path.losses[:-1, 0].tolist()


def rmse(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> float:
    """Return the tutorial's "RMSE", √(Σ r² / (2n)); the usual root mean squared error is √2 times it.

    Args:
        inputs: shape (n, d), or (n,) for one feature.
        targets: shape (n, 1) or (n,).
        weights: shape (d, 1) or (d,).
        bias: a number.

    Raises:
        DataError: the shapes do not belong together.

    Example:
        >>> rmse([[1.0], [2.0]], [1.0, 4.0], [[1.0]], 1.0)        # r = 1 and -1, Σr²/(2·2) = 1/2
        0.7071067811865476
    """
    r = _predictions(inputs, weights, bias, targets) - as_matrix(targets, "y")
    return float(np.sqrt(np.sum(r**2) / (2 * len(r))))


def plot_test(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> PredictionErrorDisplay:
    """Draw predictions (crosses) over targets (circles) against the row's index, unrounded.

    Args:
        inputs: shape (n, d), or (n,) for one feature.
        targets: shape (n, 1) or (n,).
        weights: shape (d, 1) or (d,).
        bias: a number.

    Returns:
        a PredictionErrorDisplay, drawn; `.figure_.savefig("name.png")` keeps it.

    Raises:
        DataError: the shapes do not belong together.
    """
    predictions = _predictions(inputs, weights, bias, targets)
    display = PredictionErrorDisplay(as_matrix(targets, "y")[:, 0], predictions[:, 0], kind="index")
    return display.plot()


class _Log:
    """Prints the tutorial's line: the cost from before an epoch's update beside its number."""

    def __init__(self, every: int) -> None:
        self.every = every

    def __call__(self, epoch: int, cost: FloatArray, theta: FloatArray) -> None:
        if epoch % self.every == 0:
            print(log_line(epoch, float(cost[0]), theta[1:], float(theta[0, 0])))


def log_line(epoch: int, cost: float, weights: FloatArray, bias: float) -> str:
    """Return the tutorial's line of an epoch: its cost before the update, its weights and bias after it."""
    return f"Iteration: {epoch}  Cost/Loss: {cost}  Weight: {weights}  Bias: {bias}"


def _predictions(inputs: ArrayLike, weights: ArrayLike, bias: float, targets: ArrayLike) -> FloatArray:
    X = as_matrix(np.reshape(inputs, (-1, 1)) if np.ndim(inputs) == 1 else inputs, "X")
    w, y = np.reshape(np.asarray(weights, dtype=np.float64), (-1, 1)), as_matrix(targets, "y")
    if len(w) != X.shape[1] or y.shape != (len(X), 1):
        raise DataError(
            f"inputs of shape {X.shape} need {X.shape[1]} weights and targets of shape ({len(X)}, 1); got {len(w)} weights and {y.shape}."
        )
    return X @ w + bias


def _by_modes(X: FloatArray, y: FloatArray, epochs: int, rate: float) -> tuple[FloatArray, float, list[float]]:
    run = descend(X, y, learning_rate=rate, epochs=epochs, objective="quarter_mse")
    if run.epochs < epochs:
        raise _diverged(X, y, rate, run.epochs)
    # J = Σ r² / (4n), so the cost √(Σ r² / (2n)) is √(2J)
    return run.weights[:, None], float(run.bias), np.sqrt(2 * run.loss(range(epochs))).tolist()


def _diverged(X: FloatArray, y: FloatArray, rate: float, epoch: int) -> DivergenceError:
    verdict = descend(X, y, learning_rate=rate, epochs=1, objective="quarter_mse").verdict
    return DivergenceError(
        f"diverged: with learning rate {number(rate)} the parameters left float64 after epoch {epoch:,}. The limit for this data is "
        f"{number(verdict.stability_limit)}; the best rate is {number(verdict.best_learning_rate)}."
    )
