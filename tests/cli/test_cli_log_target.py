"""`--log-target` from fit to predict: the numbers of NumPy, and the logarithm named wherever numbers are of it."""

import json

import numpy as np
import pandas
import pytest

from tests.support.commands import steepest_command

FIT = ("fit", "homes.csv", "--target", "price", "--log-target")


def homes(seed, count):
    generator = np.random.default_rng(seed)
    area, city = generator.uniform(30, 220, count).round(1), generator.choice(["Bern", "Chur"], count)
    price = np.exp(11 + 0.008 * area + 0.3 * (city == "Bern") + generator.normal(0, 0.35, count)).round()
    return pandas.DataFrame({"area": area, "city": city, "price": price, "w": generator.uniform(0.5, 2, count)})


@pytest.fixture
def folder(tmp_path):
    homes(1, 600).to_csv(tmp_path / "homes.csv", index=False)
    homes(2, 200).to_csv(tmp_path / "test.csv", index=False)
    return tmp_path


def command(folder, *arguments, status=0):
    done = steepest_command(*arguments, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


def design(frame):
    return np.column_stack([np.ones(len(frame)), frame["area"], frame["city"] == "Chur"])


def errors(y, predicted, weight=None):
    mean = np.average(y, weights=weight)
    squares = np.average((y - predicted) ** 2, weights=weight)
    return np.sqrt(squares), 1 - squares / np.average((y - mean) ** 2, weights=weight)


@pytest.mark.parametrize("weighted", [False, True])
def test_fit_and_predict_give_numpys_numbers(folder, weighted):
    rows, others = homes(1, 600), homes(2, 200)
    more = ("--weight", "w") if weighted else ("--exclude", "w")
    told = json.loads(command(folder, *FIT, *more, "--test", "test.csv", "-o", "run", "--json").stdout)
    weight = rows["w"] if weighted else np.ones(600)
    root = np.sqrt(weight)
    theta = np.linalg.lstsq(
        design(rows) * root.to_numpy()[:, None] if weighted else design(rows), np.log(rows["price"]) * root, rcond=None
    )[0]
    fit, test_fit = design(rows) @ theta, design(others) @ theta
    factor = np.average(np.exp(np.log(rows["price"]) - fit), weights=weight)
    own = told["log_target"]
    assert own["target"] == "price"
    assert told["target"] == "log of price"
    np.testing.assert_allclose(own["smearing"], factor, rtol=1e-9)
    np.testing.assert_allclose([own["rmse"], own["r2"]], errors(rows["price"], factor * np.exp(fit), weight), rtol=1e-9)
    test_weight = others["w"] if weighted else np.ones(200)
    expected = errors(others["price"], factor * np.exp(test_fit), test_weight)
    np.testing.assert_allclose([own["test_rmse"], own["test_r2"]], expected, rtol=1e-9)
    np.testing.assert_allclose(told["test_rmse"], errors(np.log(others["price"]), test_fit, test_weight)[0], rtol=1e-9)
    said = json.loads(command(folder, "predict", "run", "test.csv", "-o", "p.csv", "--json").stdout)
    predicted = pandas.read_csv(folder / "p.csv")["prediction"]
    np.testing.assert_allclose(predicted, factor * np.exp(test_fit), rtol=1e-9)
    np.testing.assert_allclose(said["rmse"], errors(others["price"], factor * np.exp(test_fit))[0], rtol=1e-9)
    assert said["log_target"] == {"log": True, "smearing": [own["smearing"]]}
    assert json.loads((folder / "run" / "run.json").read_text())["log_target"] == own


def test_held_out_rows_are_told_in_both_units(folder):
    told = json.loads(command(folder, *FIT, "--exclude", "w", "--test-size", "0.3", "--no-out", "--json").stdout)
    from steepest.data.split import Share

    rows, out = homes(1, 600), Share(0.3).holds_out(np.arange(600, dtype=np.uint64))
    theta = np.linalg.lstsq(design(rows[~out]), np.log(rows["price"][~out]), rcond=None)[0]
    fit, y = design(rows) @ theta, rows["price"]
    factor = np.exp(np.log(y[~out]) - fit[~out]).mean()
    own = told["log_target"]
    np.testing.assert_allclose([own["rmse"], own["r2"]], errors(y[~out], factor * np.exp(fit[~out])), rtol=1e-9)
    np.testing.assert_allclose([own["test_rmse"], own["test_r2"]], errors(y[out], factor * np.exp(fit[out])), rtol=1e-9)


def test_the_logarithm_is_named_wherever_numbers_are_of_it(folder):
    said = command(folder, *FIT, "-o", "run", "--test-size", "0.2", "--summary", "--log-every", "10").stdout
    assert "target log of price" in said
    assert "price: its natural logarithm is fitted" in said
    assert "in units of log of price" in said
    assert "In units of price itself, predicted as 1.0" in said
    assert "The same on test rows: RMSE" in said
    assert "log of price" in (folder / "run" / "report.html").read_text()
    assert "log of price" in (folder / "run" / "predictions.svg").read_text()
    command(folder, "report", "run", "-o", "again.html")
    noted = command(folder, "predict", "run", "test.csv").stderr
    assert "Note: predictions are exp of the fitted log of price times the smearing factor 1.0" in noted


def test_limits_hold_their_share_of_new_rows_in_the_targets_own_unit(folder):
    command(folder, *FIT, "--exclude", "w", "-o", "run")
    homes(4, 4_000).to_csv(folder / "many.csv", index=False)
    command(folder, "predict", "run", "many.csv", "--interval", "0.9", "-o", "p.parquet")
    import duckdb

    share, ordered = duckdb.sql(
        f"SELECT avg((price BETWEEN lower AND upper)::INT), bool_and(0 < lower AND lower < upper) FROM '{folder / 'p.parquet'}'"
    ).fetchall()[0]
    assert 0.88 < share < 0.92  # of 4,000 rows the standard error is 0.005; the coefficients' own error adds as much
    assert ordered


def test_a_triangle_of_logarithms_gives_medians_and_says_so(folder):
    command(folder, "summarize", *FIT[1:], "--exclude", "w", "-o", "h.triangle")
    for more in ((), ("--target", "price"), ("--target", "price", "--log-target")):
        said = command(folder, "fit", "h.triangle", *more, "-o", "run", "--force", "--test", "test.csv").stdout
        assert "target log of price" in said
        assert "No smearing factor: the rows are gone" in said
    others, rows = homes(2, 200), homes(1, 600)
    fit = design(others) @ np.linalg.lstsq(design(rows), np.log(rows["price"]), rcond=None)[0]
    noted = command(folder, "predict", "run", "test.csv", "-o", "p.csv").stderr
    assert "a median rather than a mean" in noted
    np.testing.assert_allclose(pandas.read_csv(folder / "p.csv")["prediction"], np.exp(fit), rtol=1e-9)


def test_rows_are_added_on_the_same_scale_only(folder):
    command(folder, "summarize", *FIT[1:], "-o", "log.triangle")
    command(folder, "summarize", *FIT[1:-1], "-o", "plain.triangle")
    command(folder, "summarize", "test.csv", "-o", "log.triangle", "--add")
    told = json.loads(
        command(folder, "summarize", "test.csv", "-o", "log.triangle", "--add", "--force", "--json").stdout
    )
    assert told["targets"] == ["log of price"]
    assert told["rows"] == 1_000
    refused = command(folder, "summarize", "test.csv", "-o", "plain.triangle", "--add", "--log-target", status=3)
    assert "is a logarithm and that of the other is not" in refused.stderr
    assert (
        "different columns"
        in command(folder, "merge", "log.triangle", "plain.triangle", "-o", "m", "--force", status=3).stderr
    )
    command(folder, "fit", "plain.triangle", "--log-target", status=2)
    assert "of the other is not" in command(folder, *FIT, "--test", "plain.triangle", "--no-out", status=3).stderr


def test_a_target_of_zero_is_refused_with_its_row_and_what_to_do(folder):
    frame = homes(1, 600)
    frame.loc[[7, 30], "price"] = [0, -5]
    frame.to_csv(folder / "homes.csv", index=False)
    said = command(folder, *FIT, status=3).stderr
    assert "'price' of homes.csv holds 2 values that are zero or negative" in said
    assert "the first is 0.0 in data row 8." in said
    assert "SELECT … WHERE price > 0" in said
    assert "leave --log-target out" in said
    query = "SELECT * FROM 'homes.csv' WHERE price > 0"
    assert "598 rows to learn from" in command(folder, "fit", query, *FIT[2:], "--no-out").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("diagnose",), ("explain",), ("sweep", "--no-out", "--learning-rates", "0.5", "--epochs", "5"),
    ],
)  # fmt: skip
def test_every_command_reads_the_logarithm(folder, arguments):
    name, *more = arguments
    said = command(folder, name, *FIT[1:], *more).stdout
    assert "price: its natural logarithm is fitted" in said
    if name != "explain":
        assert "--log-target" in said.split("Next: ")[1]


def test_a_run_that_diverges_has_no_factor(folder):
    said = command(
        folder, *FIT, "--learning-rate", "3", "--epochs", "20", "-o", "run", "--keep-diverged", "--json", status=4
    )
    assert json.loads(said.stdout)["log_target"]["smearing"] is None
    assert "No smearing factor: the run diverges" in said.stderr


def test_compare_ranks_no_runs_of_different_units(folder):
    command(folder, *FIT, "-o", "log")
    command(folder, *FIT[:-1], "-o", "plain")
    assert "The targets differ" in command(folder, "compare", "log", "plain").stdout
