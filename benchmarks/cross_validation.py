"""P3: 5 folds × 100 learning rates × 100 epoch counts on 1,000,000 × 100, beside one fit and scikit-learn's grid search.

scikit-learn is timed on a small part of the grid and of the rows, and extrapolated: it would take hours.
"""

import time

import numpy as np

import steepest
from benchmarks.timing import in_turns


def peer(X, y, rows, rates, counts):
    """Seconds of GridSearchCV over SGDRegressor for the whole grid, extrapolated from a small part; None without it."""
    try:
        from sklearn.linear_model import SGDRegressor
        from sklearn.model_selection import GridSearchCV
    except ImportError:
        return None
    grid = {"eta0": [1e-4, 1e-3], "max_iter": [1, 2]}
    model = SGDRegressor(learning_rate="constant", penalty=None, tol=None)
    part = slice(0, rows)
    began = time.perf_counter()
    GridSearchCV(model, grid, cv=5, refit=False).fit(X[part], y[part])
    # cost grows with rows and with epochs; 2 rates × (1 + 2) epochs were done
    return (time.perf_counter() - began) * (len(X) / rows) * len(rates) * sum(counts) / 6


def main(rows=1_000_000, columns=100):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, columns))
    y = X @ generator.normal(size=columns) + generator.normal(size=rows)
    rates = np.geomspace(1e-3, 1.9, 100)
    counts = [int(k) for k in np.geomspace(1, 1e6, 120).round()]
    counts = sorted(set(counts))[:100]
    grid = {"learning_rates": rates, "epochs": counts, "folds": 5}
    product, single, *sweeps = in_turns(
        lambda: X.T @ X,
        lambda: steepest.descend(X, y, learning_rate=0.1, epochs=200_000).weights,
        lambda: steepest.sweep(X, y, shuffle=False, **grid),
        lambda: steepest.sweep(X, y, **grid),
    )
    fits = 5 * len(rates) * len(counts)
    for sweep, kind in zip(sweeps, ("consecutive rows, as the peer's KFold", "rows in random order"), strict=True):
        print(
            f"P3  {fits:,} fits on {rows:,} × {columns}, folds of {kind}: {sweep:.2f} s = {sweep / single:.2f} × the single fit's "
            f"{single:.2f} s (goal 1.5), {sweep / product:.2f} × one X.T @ X of {product:.2f} s"
        )
    other = peer(X, y, rows // 50, rates, counts)
    if other is None:
        print("    scikit-learn is not installed: no peer")
    else:
        print(
            f"    GridSearchCV over SGDRegressor, EXTRAPOLATED from 1/50 of the rows and 4 settings: {other / 3600:,.0f} hours"
        )
