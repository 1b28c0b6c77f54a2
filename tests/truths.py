"""Independent truths that the tests compare with: literal loops over the rows, and problems with known answers."""

import json
from pathlib import Path

import numpy as np

ORACLES = Path(__file__).parent / "descent" / "oracles"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
PENGUINS = Path(__file__).parents[1] / "examples" / "penguins.csv"


def literal_descent(
    X, y, *, rule, learning_rate, momentum=0.0, l2=0.0, scale=1.0, start=None, epochs=0, weight=None, fit_intercept=True
):
    """Take every step over the rows, as a textbook would: returns parameters [b; w] after 0 … epochs updates, (K, p)."""
    n = len(X)
    weight = np.ones(n) if weight is None else weight
    A = np.column_stack([np.ones(n), X]) if fit_intercept else X
    penalized = np.ones(A.shape[1])
    if fit_intercept:
        penalized[0] = 0

    def gradient(theta):
        return scale * (A.T @ (weight * (A @ theta - y))) / weight.sum() + l2 * penalized * theta

    theta = np.zeros(A.shape[1]) if start is None else np.array(start, dtype=float)
    velocity, path = np.zeros_like(theta), [theta.copy()]
    for _ in range(epochs):
        if rule == "gradient":
            theta = theta - learning_rate * gradient(theta)
        else:
            point = theta + momentum * velocity if rule == "nesterov" else theta
            velocity = momentum * velocity - learning_rate * gradient(point)
            theta = theta + velocity
        path.append(theta.copy())
    return np.array(path)


def known_problem(seed, n, d, condition):
    """Build X from singular values 1 … 1/condition and y with a known least-squares answer; returns X, y, weights, bias."""
    generator = np.random.default_rng(seed)
    U, _ = np.linalg.qr(generator.normal(size=(n, d + 2)) - 0.0)
    U -= U.mean(axis=0)
    U, _ = np.linalg.qr(U)
    V, _ = np.linalg.qr(generator.normal(size=(d, d)))
    X = U[:, :d] * np.geomspace(1, 1 / condition, d) @ V.T * np.sqrt(n)
    weights, bias = generator.normal(size=d), generator.normal()
    # the last column of U is orthogonal to X and to ones, so it moves y without moving the answer
    y = X @ weights + bias + 0.3 * np.sqrt(n) * U[:, d]
    return X, y, weights, bias


def oracle(name):
    """Read one exact trajectory, floats from their hexadecimal form."""
    content = json.loads((ORACLES / f"{name}.json").read_text())
    hyper = content["hyper"]
    momentum = float.fromhex(hyper["momentum_hex"])
    return content, {
        "X": np.array([[float.fromhex(v) for v in row] for row in content["inputs"]["X_hex"]]),
        "y": np.array([float.fromhex(v) for v in content["inputs"]["y_hex"]]),
        "rule": "nesterov" if hyper["nesterov"] else "heavy_ball" if momentum else "gradient",
        "momentum": momentum or None,
        "learning_rate": float.fromhex(hyper["learning_rate_hex"]),
        "l2": float.fromhex(hyper["alpha_hex"]),
        "objective": {"1/2": "quarter_mse", "1": "half_mse"}[hyper["s"]],
        "start": ([float.fromhex(v) for v in hyper["w0_hex"]], float.fromhex(hyper["b0_hex"])),
        "fit_intercept": content["fit_intercept"],
    }
