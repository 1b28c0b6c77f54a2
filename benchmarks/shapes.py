"""P2b, P2c, P2d: tables of few rows, of many columns, and of more columns than rows, beside LinearRegression."""

import warnings

import numpy as np
from sklearn.linear_model import LinearRegression

import steepest
from benchmarks.timing import in_turns

SHAPES = (
    ("P2b", 300, 3, 1.5, 51),
    ("P2b", 10_000, 10, 1.5, 51),
    ("P2c", 20_000, 500, 1.0, 3),
    ("P2c", 20_000, 1_000, 1.0, 3),
    ("P2d", 50, 10_000, 2.0, 7),
)


def main():
    for name, rows, columns, goal, repeat in SHAPES:
        generator = np.random.default_rng(0)
        X = generator.normal(size=(rows, columns))
        y = X[:, :3].sum(axis=1) + generator.normal(size=rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of more columns than rows many answers are equally good
            ours, peer = in_turns(
                lambda X=X, y=y: steepest.GradientDescentRegressor().fit(X, y),
                lambda X=X, y=y: LinearRegression().fit(X, y),
                repeat=repeat,
            )
        print(
            f"{name}  {rows:,} × {columns:,}: LinearRegression {1000 * peer:,.1f} ms, GradientDescentRegressor {1000 * ours:,.1f} ms = "
            f"{ours / peer:.2f} × that (goal {goal:g})"
        )
