"""Formats: files that earlier versions wrote are read to the last bit, and what is computed from them stays the same.

`formats/` was written before the modules moved into their rooms: run folders of penguins.csv (`penguins` with held-out rows,
`heavy_ball`, `nesterov`, `chebyshev`) and of the tutorial (`demo`), without their pictures and pages; `trees.triangle` and
`trees.json` of nine trees with categories, missing values and weights; `sum.triangle` of a table twice; and `numbers.json`,
what was read from them and computed then, as hexadecimal floats. Nothing in it may be written anew.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import steepest
from steepest.models.model import Model
from steepest.models.run_reader import read, read_rows
from steepest.summaries.triangle import Triangle
from steepest.support.array_file import read_arrays

FORMATS = Path(__file__).parent / "formats"
PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"
NUMBERS = json.loads((FORMATS / "numbers.json").read_text(encoding="utf-8"))
RUNS = sorted(NUMBERS["runs"])
TOLERANCE = 1e-12  # another machine's BLAS adds in another order


def numbers(told, like):
    """Hexadecimal floats as an array of the shape of another."""
    return np.array([float.fromhex(text) for text in told]).reshape(np.shape(like))


def check_triangle(triangle, told):
    assert triangle.checksum == told["checksum"]
    assert triangle.row_count == told["row_count"]
    assert triangle.total_weight.hex() == told["total_weight"]
    assert triangle.log_weights.hex() == told["log_weights"]
    for name in ("means", "tails", "centred"):
        np.testing.assert_array_equal(getattr(triangle, name), numbers(told[name], getattr(triangle, name)))
    assert list(triangle.origins) == told["origins"]
    assert (None if triangle.coding is None else triangle.coding.as_json()) == told["coding"]


def check_model(path, told):
    model = steepest.load(path)
    assert list(model.features) == told["features"]
    np.testing.assert_array_equal(model.weights, numbers(told["weights"], model.weights))
    np.testing.assert_array_equal(model.bias, numbers(told["bias"], model.bias))
    file = path / "model.json" if path.is_dir() else path
    assert model.to_bytes() == file.read_bytes()
    assert Model.from_bytes(file.read_bytes()) == model


@pytest.mark.parametrize("name", NUMBERS["triangles"])
def test_triangles_are_read_to_the_last_bit_and_written_as_they_were(name, tmp_path):
    triangle = Triangle.load(FORMATS / name)
    check_triangle(triangle, NUMBERS["triangles"][name])
    triangle.save(tmp_path / "again")
    old_header, old_arrays = read_arrays(FORMATS / name, "steepest-triangle")
    header, arrays = read_arrays(tmp_path / "again", "steepest-triangle")
    assert list(header.items()) == list(old_header.items())
    assert arrays.keys() == old_arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, old_arrays[key], strict=True)


def test_a_model_with_categories_is_read_to_the_last_bit_and_predicts_the_same():
    told = NUMBERS["models"]["trees.json"]
    check_model(FORMATS / "trees.json", told)
    pandas = pytest.importorskip("pandas")
    trees = pandas.DataFrame(
        {
            "kind": ["oak", "fir", "oak", "yew", "fir", "yew", "yew", "fir", "oak"],
            "age": [30.0, 41.0, 25.0, 80.0, 52.0, 45.0, 40.0, 70.0, 33.0],
        }
    )
    predictions = steepest.load(FORMATS / "trees.json").predict(trees)
    np.testing.assert_allclose(predictions, numbers(told["predictions"], predictions), rtol=TOLERANCE)


@pytest.mark.parametrize("name", RUNS)
def test_run_folders_are_read_to_the_last_bit_and_their_runs_go_as_they_went(name):
    told = NUMBERS["runs"][name]
    check_triangle(Triangle.load(FORMATS / name / "triangle"), told["triangle"])
    check_model(FORMATS / name, told["model"])
    run = read(FORMATS / name)
    weights, bias = run.parameters(told["epochs"])
    for now, then in (
        (run.loss(told["epochs"]), told["loss"]),
        (run.rmse(told["epochs"]), told["rmse"]),
        (weights, told["weights"]),
        (bias, told["bias"]),
        (run.optimum.weights, told["optimum"]),
    ):
        then = numbers(then, now)
        # the version that wrote them took the rounding of a mean for none: up to 4e-12 of the largest weight, beside a literal loop
        np.testing.assert_allclose(now, then, rtol=TOLERANCE, atol=5e-12 * np.abs(then).max())
    then = json.loads((FORMATS / name / "run.json").read_text(encoding="utf-8"))["verdict"]
    for field in ("kind", "epochs_needed", "epochs_at_best", "epochs_standardized", "last_finite_epoch"):
        assert getattr(run.verdict, field) == then[field]
    for field in ("stability_limit", "best_learning_rate", "condition_number", "standardized_condition_number"):
        assert getattr(run.verdict, field) == pytest.approx(then[field], rel=TOLERANCE)


def test_the_rows_of_a_run_folder_are_read():
    rows = read_rows(FORMATS / "penguins")
    assert rows.sample is not None
    assert rows.held_out is not None
    assert len(rows.sample.X) + rows.held_out.row_count >= 300
    assert rows.held_out.features == Triangle.load(FORMATS / "penguins" / "triangle").features


def test_a_diagnosis_an_inference_table_and_a_sweep_are_what_they_were():
    triangle = Triangle.load(FORMATS / "penguins" / "triangle")
    diagnosis = steepest.diagnose(triangle)
    for name, told in NUMBERS["diagnosis"].items():
        view = getattr(diagnosis, name)
        eigenvalues = [mode.eigenvalue for mode in view.modes]
        np.testing.assert_allclose(eigenvalues, numbers(told["eigenvalues"], eigenvalues), rtol=TOLERANCE)
        assert view.condition_number == pytest.approx(float.fromhex(told["condition_number"]), rel=TOLERANCE)
        assert view.best_learning_rate == pytest.approx(float.fromhex(told["best_learning_rate"]), rel=TOLERANCE)
        assert [mode.words for mode in view.modes] == told["words"]
    table = steepest.infer(triangle)
    for name, then in NUMBERS["inference"].items():
        now = getattr(table, name)
        np.testing.assert_allclose(now, numbers(then, now), rtol=1e-9 if name == "p_values" else 1e-11)
    sweep = steepest.sweep(
        PENGUINS, target="body_mass_g", learning_rates=[0.01, 0.1, 0.5], epochs=[1, 10, 100], l2=[0.0, 0.1]
    )
    for name, then in NUMBERS["sweep"].items():
        now = getattr(sweep, name)
        np.testing.assert_allclose(now, numbers(then, now), rtol=TOLERANCE)
