"""P2: 1,000,000 × 100 float64 in memory, 200,000 epochs at any rate, beside one X.T @ X and numpy's lstsq on a tenth."""

import numpy as np

import steepest
from benchmarks.timing import seconds


def main(rows=1_000_000, columns=100):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, columns))
    y = X @ generator.normal(size=columns) + generator.normal(size=rows)
    product = seconds(lambda: X.T @ X, repeat=3)
    ours = seconds(lambda: steepest.descend(X, y, learning_rate=0.1, epochs=200_000).weights, repeat=3)
    peer = 10 * seconds(lambda: np.linalg.lstsq(X[: rows // 10], y[: rows // 10], rcond=None), repeat=1)
    print(
        f"P2  {rows:,} × {columns}: X.T @ X {product:.2f} s, steepest {ours:.2f} s = {ours / product:.1f} × that (goal 2); "
        f"numpy lstsq {peer:.1f} s (a tenth, times ten), {ours / peer:.2f} × that"
    )
