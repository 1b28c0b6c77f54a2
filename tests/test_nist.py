"""NIST StRD linear regression: the exact fit from the triangle alone reaches at least the digits of R."""

import json

import numpy as np
import pytest

from steepest.batch import Batch
from steepest.quadratic import Quadratic
from steepest.triangle import Triangle

from .conftest import SHARED_DATA

FOLDER = SHARED_DATA / "nist_strd"
# digits of R's lm, worst coefficient (for Filip with tol=1e-17). Wampler2's 13.6 lie above 13.2, the digits of the
# exact solution of its float64 data: R's last ones are luck, so 13.2 is what is asked there.
R_DIGITS = {
    "Norris": 12.5, "Pontius": 12.7, "NoInt1": 14.7, "NoInt2": 15.0, "Filip": 7.2, "Longley": 13.0,
    "Wampler1": 9.8, "Wampler2": 13.2, "Wampler3": 9.3, "Wampler4": 7.5, "Wampler5": 5.5,
}  # fmt: skip


def read(name):
    content = json.loads((FOLDER / f"{name}.json").read_text())
    rows = np.loadtxt(FOLDER / f"{name}.csv", delimiter=",", skiprows=1)
    X, degrees = rows[:, 1:], [int(column[2:]) for column in content["design_columns"] if column.startswith("x^")]
    if degrees:
        X = np.column_stack([X[:, 0] ** k for k in degrees if k > 0])
    names = tuple(f"x{j}" for j in range(X.shape[1]))
    certified = np.array([float(p["estimate"]) for p in content["certified"]["parameters"]])
    return Batch(X, rows[:, :1], names, ("y",)), certified, content["intercept"]


@pytest.mark.skipif(not FOLDER.exists(), reason="the NIST sets are not part of the project; they lie in ../shared/data")
@pytest.mark.parametrize("name", R_DIGITS)
def test_digits(name, capsys):
    batch, certified, intercept = read(name)
    triangle = Triangle.of(batch)
    quadratic = Quadratic.of(triangle, triangle.coordinates("raw", fit_intercept=intercept))
    ours = quadratic.minimum[:, 0]
    with np.errstate(divide="ignore"):
        digits = float(np.minimum(15, -np.log10(np.abs(ours - certified) / np.abs(certified))).min())
    with capsys.disabled():
        print(f"  NIST {name:9s} {digits:5.2f} digits (R: {R_DIGITS[name]})")
    assert round(digits, 1) >= R_DIGITS[name]
