"""`fit --exposure` and `--offset`, and what follows: statsmodels' numbers, held-out rows, predictions, refusals."""

import json

import numpy as np
import pandas
import pytest
import statsmodels.api as sm

from steepest.data.split import Share
from tests.support.commands import steepest_command

GENERATOR = np.random.default_rng(11)
N = 400
FRAME = pandas.DataFrame(
    {
        "hours": GENERATOR.uniform(1, 99, size=N),
        "age": GENERATOR.normal(size=N),
        "kind": GENERATOR.choice(["a", "b"], size=N),
    }
)
FRAME["calls"] = GENERATOR.poisson(FRAME.hours * np.exp(0.3 * FRAME.age - 1 + 0.5 * (FRAME.kind == "b")))
FRAME["base"] = np.log(FRAME.hours)
DESIGN = sm.add_constant(np.column_stack([FRAME.age, FRAME.kind == "b"]).astype(float))
FIT = ("fit", "t.csv", "--target", "calls", "--loss", "poisson")


@pytest.fixture
def folder(tmp_path):
    FRAME.drop(columns="base").to_csv(tmp_path / "t.csv", index=False)
    FRAME.to_csv(tmp_path / "wide.csv", index=False)
    return tmp_path


def command(folder, *arguments, status=0):
    done = steepest_command(*arguments, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


def told(folder, *arguments):
    return json.loads(command(folder, *arguments, "--json").stdout)


def glm(rows, exposure, cov_type="nonrobust"):
    model = sm.GLM(FRAME.calls[rows], DESIGN[rows], family=sm.families.Poisson(), exposure=exposure)
    return model.fit(tol=1e-14, cov_type=cov_type)


def deviance(fitted, rows):
    """Twice the mean loss less its least, of other rows."""
    mean = fitted.predict(DESIGN[rows], exposure=FRAME.hours[rows])
    return sm.families.Poisson().deviance(FRAME.calls[rows], mean) / np.count_nonzero(rows)


@pytest.mark.parametrize(
    "source", [("t.csv", "--exposure", "hours"), ("wide.csv", "--offset", "base", "--exclude", "hours")]
)
def test_coefficients_errors_and_measures_are_statsmodels(folder, source):
    every = np.full(N, True)
    theirs = glm(every, exposure=FRAME.hours)
    found = told(
        folder, "fit", *source, "--target", "calls", "--loss", "poisson", "--no-out", "--summary", "--robust", "HC0"
    )
    assert found["features"] == ["age", "kind=b"]
    assert found["offset"] == {"option": source[1][2:], "column": source[2]}
    ours = [found["bias"], *found["weights"].values()]
    np.testing.assert_allclose(ours, theirs.params, rtol=1e-8)
    best = [found["optimum"]["bias"], *found["optimum"]["weights"].values()]
    np.testing.assert_allclose(best, theirs.params, rtol=1e-9)
    measured = found["measures"]["train"]
    assert measured["deviance"] == pytest.approx(theirs.deviance / N, rel=1e-8)
    assert measured["null_deviance"] == pytest.approx(theirs.null_deviance / N, rel=1e-8)
    assert measured["rmse"] == pytest.approx(np.sqrt(np.mean(theirs.resid_response**2)), rel=1e-8)
    robust = [row["standard_error"] for row in found["summary"]["coefficients"]]
    np.testing.assert_allclose(robust, glm(every, exposure=FRAME.hours, cov_type="HC0").bse, rtol=1e-8)


def test_held_out_rows_have_their_own_exposure(folder):
    found = told(folder, *FIT, "--exposure", "hours", "--test-size", "0.25", "--out", "run")
    out = Share(0.25, 0).holds_out(np.arange(N, dtype=np.uint64))
    theirs = glm(~out, exposure=FRAME.hours[~out])
    np.testing.assert_allclose([found["bias"], *found["weights"].values()], theirs.params, rtol=1e-8)
    assert found["measures"]["test"]["rows"] == np.count_nonzero(out)
    assert found["measures"]["test"]["deviance"] == pytest.approx(deviance(theirs, out), rel=1e-8)
    assert (folder / "run" / "predictions.svg").exists()
    FRAME[out].to_csv(folder / "test.csv", index=False)
    FRAME[~out].to_csv(folder / "train.csv", index=False)
    same = ("--target", "calls", "--loss", "poisson", "--exposure", "hours", "--exclude", "base", "--no-out")
    beside = told(folder, "fit", "train.csv", *same, "--test", "test.csv")
    assert beside["measures"]["test"]["deviance"] == pytest.approx(deviance(theirs, out), rel=1e-8)


def test_predictions_use_the_column_or_say_that_it_is_not_there(folder):
    done = command(folder, *FIT, "--exposure", "hours", "--out", "run")
    assert "hours: exposure, whose logarithm is added to each row's margin" in done.stdout
    theirs = glm(np.full(N, True), exposure=FRAME.hours)
    command(folder, "predict", "run", "t.csv", "-o", "p.csv")
    found = pandas.read_csv(folder / "p.csv")
    assert list(found) == ["hours", "age", "kind", "calls", "prediction"]
    np.testing.assert_allclose(found.prediction, theirs.predict(DESIGN, exposure=FRAME.hours), rtol=1e-8)
    said = command(folder, "predict", "run", "SELECT * FROM 't.csv'", "-o", "q.parquet").stdout
    assert "RMSE against calls" in said
    np.testing.assert_allclose(pandas.read_parquet(folder / "q.parquet").prediction, found.prediction, rtol=1e-12)
    FRAME[["age", "kind", "calls"]].to_csv(folder / "new.csv", index=False)
    wrong = command(folder, "predict", "run", "new.csv", status=2).stderr
    assert "no column 'hours'" in wrong
    assert "predict per unit of exposure (--exposure 1)" in wrong
    said = command(folder, "predict", "run", "new.csv", "--exposure", "24", "-o", "day.csv").stdout
    assert "RMSE" not in said  # counts of other hours are no truth of a day's
    day = pandas.read_csv(folder / "day.csv").prediction
    np.testing.assert_allclose(day, 24 * theirs.predict(DESIGN, exposure=np.ones(N)), rtol=1e-8)
    command(folder, *FIT, "--exclude", "hours", "--out", "plain")
    assert (
        "fitted without an exposure" in command(folder, "predict", "plain", "t.csv", "--exposure", "1", status=2).stderr
    )


REFUSED = {
    "squares": (("--exposure", "hours"), None, "--exposure is of losses other than squares. Take the loss of counts (--loss poisson)."),
    "squares, offset": (("--offset", "hours", "--loss", "squared"), None, "Subtract the offset from the target."),
    "both": (("--offset", "age", "--exposure", "hours"), "poisson", "--offset and --exposure are two ways to say the same"),
    "unknown": (("--exposure", "hour"), "poisson", "--exposure names a column of numbers, of hours, age and kind; got 'hour'."),
    "text": (("--exposure", "kind"), "poisson", "got 'kind', which holds none."),
    "product": (("--exposure", "hours", "--interactions", "age:hours"), "poisson", "no input that has interactions"),
    "alone": (("--exposure", "hours", "--exclude", "age,kind"), "poisson", "no column left to predict from"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_exposure_is_refused_in_words(folder, name):
    options, loss, text = REFUSED[name]
    loss = () if loss is None else ("--loss", loss)
    done = steepest_command("fit", "t.csv", "--target", "calls", "--no-out", *loss, *options, cwd=folder)
    assert done.returncode == 2, done.stdout
    assert text in done.stderr


@pytest.mark.parametrize("wrong", ["0", "-3"])
def test_an_exposure_that_is_not_above_0_is_named_with_its_row(folder, wrong):
    lines = (folder / "t.csv").read_text().splitlines()
    lines[5] = ",".join([wrong, *lines[5].split(",")[1:]])
    (folder / "t.csv").write_text("\n".join(lines))
    error = command(folder, *FIT, "--exposure", "hours", "--no-out", status=3).stderr
    assert f"--exposure (column 'hours') must be above 0 and finite in every row; data row 5 has {wrong}." in error


def test_predictions_of_a_run_that_diverges_say_so(folder):
    fit = (*FIT, "--exposure", "hours", "--learning-rate", "9", "--epochs", "20", "--keep-diverged", "-o", "bad")
    squares = ("fit", "t.csv", "--target", "calls", "--learning-rate", "9", "--epochs", "20", "--keep-diverged")
    note = "Note: the run that this model is of diverges, so its predictions mean nothing."
    command(folder, *fit, status=4)
    command(folder, *squares, "-o", "bad_squares", status=4)
    assert json.loads((folder / "bad" / "model.json").read_text())["training"]["verdict"]["kind"] == "diverges"
    assert note in command(folder, "predict", "bad", "t.csv", status=3).stderr  # exp of it is beyond float64
    assert note in command(folder, "predict", "bad_squares", "t.csv", "-o", "p.csv").stderr


def test_predict_takes_the_name_of_another_column(folder):
    command(folder, *FIT, "--exposure", "hours", "-o", "run")
    FRAME.drop(columns="base").rename(columns={"hours": "time"}).to_csv(folder / "renamed.csv", index=False)
    plain = told(folder, "predict", "run", "t.csv", "-o", "plain.csv")
    named = told(folder, "predict", "run", "renamed.csv", "--exposure", "time", "-o", "named.csv")
    assert {key: named[key] for key in ("rmse", "mae", "rows", "compared")} == {
        key: plain[key] for key in ("rmse", "mae", "rows", "compared")
    }
    first, second = (pandas.read_csv(folder / name) for name in ("plain.csv", "named.csv"))
    np.testing.assert_array_equal(first.prediction, second.prediction)
    assert list(second.columns) == ["time", *first.columns[1:]]
    margin = told(folder, "predict", "run", "wide.csv", "--offset", "base", "-o", "margin.csv")
    assert margin["rmse"] == pytest.approx(plain["rmse"], rel=1e-12)


@pytest.mark.parametrize(
    ("exposure", "status", "words"),
    [
        ("tim", 2, "no column 'tim'"),
        ("kind", 2, "'kind' is an input of the model, and no exposure"),
        ("age", 2, "'age' is an input of the model, and no exposure"),
        ("calls", 0, ""),
        ("-1", 3, "exposure must be above 0 and finite; got -1"),
        ("nan", 2, "no column 'nan'"),
    ],
)
def test_predict_says_what_is_no_exposure(folder, exposure, status, words):
    command(folder, *FIT, "--exposure", "hours", "-o", "run")
    FRAME.assign(calls=FRAME.calls + 1).to_csv(folder / "more.csv", index=False)
    assert words in command(folder, "predict", "run", "more.csv", "--exposure", exposure, status=status).stderr
