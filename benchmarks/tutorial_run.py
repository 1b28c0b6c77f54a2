"""P1: the tutorial's run with all 200,000 costs as the tutorial keeps them, RMSE, beside the plain NumPy loop without printing."""

import time

import numpy as np

import steepest
from benchmarks.timing import seconds


def plain_loop(x, y, epochs, rate):
    n, weights, bias, costs = len(x), np.zeros((1, 1)), 0.0, []
    for _ in range(epochs):
        r = x @ weights + bias - y
        weights = weights - rate * (x.T @ r / (2 * n))
        bias = bias - rate * (np.sum(r) / (2 * n))
        costs.append(np.sqrt(np.sum(r**2) / (2 * n)))
    return weights, bias, costs


def closed_form(x, y, epochs, rate):
    run = steepest.descend(x, y, learning_rate=rate, epochs=epochs, objective="quarter_mse")
    return run.weights, run.bias, run.rmse()


def main():
    x = np.arange(1.0, 301.0)[:, None]
    y = 0.5 * x + 2
    began = time.perf_counter()
    plain_loop(x, y, 200_000, 1e-4)
    loop = time.perf_counter() - began
    ours = seconds(lambda: closed_form(x, y, 200_000, 1e-4), repeat=51)
    print(
        f"P1  tutorial's run, 200,000 costs: plain loop {loop:.2f} s, steepest {1000 * ours:.2f} ms, {loop / ours:,.0f} times faster (goal 2,000)"
    )
