"""P11: paths of lasso and elastic net with 5 folds beside scikit-learn's LassoCV and ElasticNetCV, and on a file larger than memory allows.

All have the same folds, 5 stretches of consecutive rows, and the same 100 penalties. skglm and celer are timed where they are
installed: `python -m benchmarks.sparse peers` times what the environment has, without steepest where it is not installed.
"""

import importlib.util
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np

RATIOS = [0.1, 0.5, 0.9]
SIZES = ((100_000, 100), (1_000_000, 100))
OF_FILE = """
import sys, steepest
print(steepest.{call}.row_count)
"""
SUMMARIZE = OF_FILE.format(call='summarize(sys.argv[1], target="x0")')
PATH = OF_FILE.format(call='path(sys.argv[1], target="x0").triangle')


def table(rows, columns):
    """Neighbouring columns that resemble each other, means far from 0, 3 of 10 coefficients other than 0."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((rows, columns))
    X[:, 1:] += 0.5 * X[:, :-1]
    X += 3
    weights = np.where(generator.uniform(size=columns) < 0.3, generator.normal(size=columns), 0)
    return X, X @ weights + 5 * generator.standard_normal(rows)


def timed(call):
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def between(call, other):
    """The median seconds of a call, twice before and twice after another, that one's seconds, and both results."""
    call()
    before = [timed(call)[0] for _ in range(2)]
    seconds, theirs = timed(other)
    after = [timed(call) for _ in range(2)]
    return median([*before, *(each for each, _ in after)]), seconds, after[-1][1], theirs


def agreement(ours, theirs):
    paths = sorted((ours, *ours.others), key=lambda one: one.l1_ratio)
    mse = np.stack([one.fold_mse for one in paths]).reshape(theirs.mse_path_.shape)
    ratio = getattr(theirs, "l1_ratio_", 1.0)
    same = ours.l1_ratio == ratio and abs(ours.best.penalty / theirs.alpha_ - 1) < 1e-9
    off = np.abs(ours.best.coefficients - theirs.coef_).max() / np.abs(theirs.coef_).max()
    return (
        f"choice {'the same' if same else 'differs'}: penalty {ours.best.penalty:.5g} and {theirs.alpha_:.5g}, "
        f"l1_ratio {ours.l1_ratio} and {ratio}; held-out errors within {np.abs(theirs.mse_path_ / mse - 1).max():.0e}, "
        f"coefficients within {off:.0e} of the largest; duality gap {ours.gap(ours.best.penalty):.0e} of ours, {theirs.dual_gap_:.0e} of theirs"
    )


def beside(rows, columns):
    from sklearn.linear_model import ElasticNetCV, LassoCV

    import steepest

    X, y = table(rows, columns)
    product = median(timed(lambda: X.T @ X)[0] for _ in range(3))
    pairs = (
        ("lasso", {}, LassoCV(cv=5, alphas=100), 50 if rows >= 1_000_000 else 10),
        (
            "3 l1_ratios",
            {"l1_ratio": RATIOS},
            ElasticNetCV(cv=5, alphas=100, l1_ratio=RATIOS),
            50 if rows >= 1_000_000 else 10,
        ),
    )
    for name, settings, peer, goal in pairs:
        ours, theirs, path, model = between(
            lambda settings=settings: steepest.path(X, y, shuffle=False, **settings), lambda peer=peer: peer.fit(X, y)
        )
        print(
            f"P11 {rows:,} × {columns}, {name}: {ours:.2f} s, {type(peer).__name__} {theirs:.1f} s = {theirs / ours:.0f} × that "
            f"(goal {goal}); one X.T @ X {product:.2f} s\n    {agreement(path, model)}",
            flush=True,
        )


def peers(rows, columns):
    """Seconds of celer's LassoCV and of skglm's lasso on the same penalties and folds, at their default tolerance."""
    X, y = table(rows, columns)
    centred, target = X - X.mean(axis=0), y - y.mean()
    largest = np.abs(centred.T @ target).max() / rows
    penalties = np.geomspace(largest, largest * 1e-3, 100)
    folds = np.array_split(np.arange(rows), 5)
    if importlib.util.find_spec("celer"):
        import celer

        def choose():
            return celer.LassoCV(cv=5, alphas=penalties).fit(X, y)

        seconds, model = timed(choose)
        print(f"    {rows:,} × {columns}: celer LassoCV {seconds:.1f} s, penalty {model.alpha_:.5g}", flush=True)
    if importlib.util.find_spec("skglm"):
        import skglm

        skglm.Lasso(alpha=0.1).fit(X[:1000], y[:1000])  # it compiles
        model = skglm.Lasso(fit_intercept=True, warm_start=True)

        def follow():
            for fold in folds:
                train = np.setdiff1d(np.arange(rows), fold)
                inputs, targets = np.asfortranarray(X[train]), y[train]
                for penalty in penalties:
                    model.set_params(alpha=penalty).fit(inputs, targets)

        print(f"    {rows:,} × {columns}: skglm Lasso on 5 training parts {timed(follow)[0]:.1f} s", flush=True)


def of_a_file(gigabytes=2):
    from benchmarks.out_of_core import COLUMNS, generate, measured

    with tempfile.TemporaryDirectory(prefix="steepest-benchmark") as place:
        path = Path(place) / "table.parquet"
        rows = generate(path, gigabytes)
        results = {"summarize": [], "path": []}
        for _ in range(3):
            for name, code in (("summarize", SUMMARIZE), ("path", PATH)):
                seconds, peak, count = measured(code, path)
                assert count == rows
                results[name].append((seconds, peak))
    (alone, peak_alone), (ours, peak) = (min(results[name]) for name in ("summarize", "path"))
    print(
        f"P11 {rows:,} × {COLUMNS}, {gigabytes} GB of Parquet: path with 5 folds {ours:.1f} s = {ours / alone:.2f} × summarize's {alone:.1f} s; "
        f"peak memory {peak:.0f} MB beside {peak_alone:.0f} MB",
        flush=True,
    )


def main():
    warnings.simplefilter("ignore")
    for rows, columns in SIZES:
        if importlib.util.find_spec("steepest"):
            beside(rows, columns)
        peers(rows, columns)
    if importlib.util.find_spec("steepest"):
        of_a_file()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["peers"]:
        for size in SIZES:
            peers(*size)
    else:
        main()
