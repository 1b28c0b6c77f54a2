"""`steepest path`: the table is the library's, scikit-learn's numbers are met, and what is advised runs."""

import csv
import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest

import steepest
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

TARGET = ("--target", "body_mass_g", "--missing", "drop")


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A table with a column of categories, groups and a column that does nothing."""
    generator = np.random.default_rng(11)
    frame = pd.DataFrame(generator.normal(size=(120, 6)), columns=list("abcdef"))
    frame["kind"] = generator.choice(["fir", "oak", "yew"], size=120)
    frame["plot"] = np.repeat(np.arange(12), 10)
    frame["flat"] = 1.0
    frame["y"] = 3 * frame["a"] - 2 * frame["c"] + frame["d"] + (frame["kind"] == "yew") + generator.normal(size=120)
    path = tmp_path_factory.mktemp("trees") / "trees.csv"
    frame.to_csv(path, index=False)
    return path


def command(*arguments, code=0, cwd="."):
    done = steepest_command("path", *arguments, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done


def answer(*arguments, cwd="."):
    return json.loads(command(*arguments, "--json", "--no-out", cwd=cwd).stdout)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), {}),
        (("--l1-ratio", "0.3"), {"l1_ratio": 0.3}),
        (("--no-standardize", "--no-intercept"), {"standardize": False, "fit_intercept": False}),
        (("--positive", "--folds", "3", "--seed", "7"), {"positive": True, "folds": 3, "seed": 7}),
        (("--relaxed",), {"relaxed": True}),
        (("--adaptive", "1", "--method", "coordinate_descent"), {"adaptive": 1.0, "method": "coordinate_descent"}),
        (("--time",), {"time": True}),
        (("--no-shuffle",), {"shuffle": False}),
        (("--penalties", "0.01:1:7"), {"penalties": list(np.geomspace(0.01, 1, 7))}),
    ],
)
def test_it_is_what_the_library_says(trees, options, named):
    found = answer(trees, "--target", "y", *options)
    p = steepest.path(trees, target="y", **{"standardize": True} | named)
    np.testing.assert_allclose([row["penalty"] for row in found["table"]], p.penalties, rtol=1e-12)
    np.testing.assert_allclose([row["cv_rmse"] for row in found["table"]], p.cv_rmse, rtol=1e-12)
    np.testing.assert_allclose([row["standard_error"] for row in found["table"]], p.standard_errors, rtol=1e-9)
    assert found["best"]["penalty"] == pytest.approx(p.best.penalty, rel=1e-12)
    assert found["one_standard_error"]["penalty"] == pytest.approx(p.one_standard_error.penalty, rel=1e-12)
    weights = dict(zip(p.features, p.best.coefficients, strict=True))
    assert found["chosen"]["weights"] == pytest.approx({name: weights[name] for name in p.best.active}, rel=1e-9)
    assert (found["knots"], found["rows"], found["folds"]) == (len(p.knots), 120, p.fold_mse.shape[1])


def test_of_several_ratios_the_best_on_held_out_rows_is_taken(trees):
    found = answer(trees, "--target", "y", "--l1-ratio", "0.2,0.6,1")
    each = {r: steepest.path(trees, target="y", standardize=True, l1_ratio=r).cv_rmse.min() for r in (0.2, 0.6, 1.0)}
    assert found["l1_ratio"] == min(each, key=each.get)
    assert found["best"]["cv_rmse"] == pytest.approx(min(each.values()), rel=1e-9)
    rest = {one["l1_ratio"]: one["cv_rmse"] for one in found["other_l1_ratios"]}
    assert rest == pytest.approx({r: e for r, e in each.items() if r != found["l1_ratio"]}, rel=1e-9)
    told = command(trees, "--target", "y", "--l1-ratio", "0.2,1", "--no-out").stdout
    assert "less well: 0.2 (" in told
    assert "no row is held out" in command(trees, "--target", "y", "--l1-ratio", "0.2,1", "--no-folds", code=2).stderr


def test_groups_stay_together(trees):
    found = answer(trees, "--target", "y", "--group", "plot")
    p = steepest.path(trees, target="y", group="plot", standardize=True)
    assert "plot" not in found["features"]
    assert [row["cv_rmse"] for row in found["table"]] == pytest.approx(p.cv_rmse.tolist(), rel=1e-12)


def test_a_validation_file_is_held_out_instead_of_folds(trees, tmp_path):
    rows = pd.read_csv(trees)
    rows[:80].to_csv(tmp_path / "learn.csv", index=False)
    rows[80:].to_csv(tmp_path / "held.csv", index=False)
    found = answer("learn.csv", "--target", "y", "--validation", "held.csv", cwd=tmp_path)
    for row in found["table"][::25]:
        model = steepest.Model.of_path(
            steepest.path(rows[:80], target="y", folds=None, standardize=True), row["penalty"]
        )
        residuals = rows["y"][80:] - model.predict(rows[80:])
        assert row["cv_rmse"] == pytest.approx(np.sqrt((residuals**2).mean()), rel=1e-9)
        assert row["standard_error"] is None
    assert found["folds"] == 1
    # and the triangle of such rows needs no rows
    steepest_command("summarize", "learn.csv", "--target", "y", "-o", "l.triangle", cwd=tmp_path)
    again = answer("l.triangle", "--validation", "held.csv", cwd=tmp_path)
    assert [row["cv_rmse"] for row in again["table"]] == pytest.approx([row["cv_rmse"] for row in found["table"]])


def test_the_chosen_penguins_are_scikit_learns():
    from sklearn.linear_model import Lasso

    found = answer(PENGUINS, *TARGET)["one_standard_error"]
    frame = pd.read_csv(PENGUINS).dropna().select_dtypes("number")
    inputs = frame.drop(columns="body_mass_g")
    scaled = (inputs - inputs.mean()) / inputs.std(ddof=0)
    fitted = Lasso(alpha=found["penalty"], tol=1e-14).fit(scaled, frame["body_mass_g"])
    weights = {n: w for n, w in zip(inputs.columns, fitted.coef_ / inputs.std(ddof=0), strict=True) if w != 0}
    assert found["weights"] == pytest.approx(weights, rel=1e-7)


def test_the_table_has_about_ten_penalties_and_marks_both_choices():
    told = command(PENGUINS, *TARGET, "--no-out").stdout
    lines = told.split("\n\n")[1].splitlines()
    assert 10 <= len(lines) - 2 <= 12
    marked = [line for line in lines if line.endswith("best") or "one standard error" in line]
    assert len(marked) == 2
    p = steepest.path(PENGUINS, target="body_mass_g", missing="drop", standardize=True)
    for line, model in zip(marked, (p.one_standard_error, p.best), strict=True):
        assert line.split()[:2] == [f"{model.penalty:.6g}", str(len(model.active))]
        assert f"{model.cv_rmse:.6g} ± {model.standard_error:.3g}" in line
    assert "smallest that was tried" in lines[-1]


def test_inputs_are_told_in_their_order_with_the_chosen_coefficients(trees):
    told = command(trees, "--target", "y", "--choose", "one-standard-error", "--no-out").stdout
    p = steepest.path(trees, target="y", standardize=True)
    model = p.one_standard_error
    assert "Chosen: penalty" in told
    assert "largest penalty within one standard error of the best" in told
    listed = re.findall(r"^  (\S+) +(-?[\d.e-]+) +([\d.e-]+)$", told.split("Chosen")[1], re.MULTILINE)
    entered = [float(penalty) for _, _, penalty in listed]
    assert entered == sorted(entered, reverse=True)
    weights = dict(zip(p.features, model.coefficients, strict=True))
    assert {name: float(w) for name, w, _ in listed} == pytest.approx(
        {name: weights[name] for name in model.active}, rel=1e-9
    )
    for name, _, penalty in listed:  # 0 just above, in use just below
        j = p.features.index(name)
        assert p.coefficients(float(penalty) * 1.0001)[j] == 0
        assert p.coefficients(float(penalty) * 0.9999)[j] != 0
    assert "0 here, in use at other penalties: " in told
    assert "flat is constant, so its coefficient is always 0." in told


@pytest.mark.parametrize("choose", ["bic", "aic", "cp", "0.25"])
def test_a_model_may_be_chosen_otherwise(trees, choose):
    found = answer(trees, "--target", "y", "--choose", choose)["chosen"]
    p = steepest.path(trees, target="y", standardize=True)
    model = steepest.Model.of_path(p, float(choose) if choose == "0.25" else choose)
    assert found["penalty"] == model.training["selection"]["penalty"]
    assert found["reason"] == model.training["selection"]["reason"]


def test_without_folds_bic_chooses(trees):
    found = answer(trees, "--target", "y", "--no-folds")
    assert found["chosen"]["reason"] == "smallest BIC of the whole path"
    assert (found["best"], found["one_standard_error"], found["folds"]) == (None, None, 0)
    assert all(row["cv_rmse"] is None for row in found["table"])
    assert "held-out" not in command(trees, "--target", "y", "--no-folds", "--no-out").stdout


def test_unpenalized_columns_are_always_in_use(trees):
    found = answer(trees, "--target", "y", "--unpenalized", "kind,f", "--choose", "1e9")
    assert set(found["chosen"]["weights"]) == {"kind=oak", "kind=yew", "f"}
    p = steepest.path(trees, target="y", standardize=True, penalty_factors={"kind=oak": 0, "kind=yew": 0, "f": 0})
    assert found["chosen"]["weights"] == pytest.approx(
        {name: w for name, w in zip(p.features, p.coefficients(1e9), strict=True) if w != 0}, rel=1e-9
    )
    assert [entry["penalty"] for entry in found["order"]][:3] == [None, None, None]
    told = command(trees, "--target", "y", "--unpenalized", "kind", "--no-out").stdout
    assert re.search(r"kind=oak .* not penalized", told)


def test_the_folder_holds_a_model_that_predicts_and_exports(trees, tmp_path):
    told = command(trees, "--target", "y", "--out", "run", "--choose", "one-standard-error", cwd=tmp_path).stdout
    model = steepest.load(tmp_path / "run")
    p = steepest.path(trees, target="y", standardize=True)
    rows = pd.read_csv(trees)
    np.testing.assert_allclose(
        model.predict(rows), steepest.Model.of_path(p, "one_standard_error").predict(rows), rtol=1e-12
    )
    assert not {"flat", "b"} & set(model.coding.raw_names)
    # the commands that are advised, on a table without the columns that are not in use
    rows[[*model.coding.raw_names, "y"]].to_csv(tmp_path / "NEW.csv", index=False)
    words = [shlex.split(line) for line in re.findall(r"(steepest (?:predict|export) .+)", told)]
    assert [line[1] for line in words] == ["predict", "export"]
    for line in words:
        done = steepest_command(*line[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "predicted.csv").open(newline="", encoding="utf-8") as stream:
        predicted = [float(row["prediction"]) for row in csv.DictReader(stream)]
    np.testing.assert_allclose(predicted, model.predict(rows), rtol=1e-12)
    assert "lasso, penalty" in done.stdout
    for language in ("python", "excel"):
        assert steepest_command("export", "run", "--to", language, cwd=tmp_path).returncode == 0
    assert steepest_command("export", "run", "--to", "onnx", "-o", "m.onnx", cwd=tmp_path).returncode == 0
    assert model.training["data"]["name"] == "trees.csv"


def test_limits_and_comparisons_of_a_path_are_refused_in_words(trees, tmp_path):
    command(trees, "--target", "y", "--out", "run", cwd=tmp_path)
    done = steepest_command("predict", "run", trees, "--interval", "0.9", cwd=tmp_path)
    assert done.returncode == 2
    assert "chosen on these very rows" in done.stderr
    assert "with these inputs alone (--features)" in done.stderr
    done = steepest_command("compare", "run", "run", cwd=tmp_path)
    assert (done.returncode, "a path is no run" in done.stderr) == (2, True)


def test_report_writes_the_page_of_a_path(trees, tmp_path):
    done = command(trees, "--target", "y", "--out", "run", cwd=tmp_path)
    assert "Look: run/report.html in the browser" in done.stdout
    assert steepest_command("report", "run", "-o", "page.html", cwd=tmp_path).returncode == 0
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "run" / "report.html").read_bytes()


def test_folder_and_picture_are_written_whole_and_replaced_only_when_asked(trees, tmp_path):
    given = (trees, "--target", "y", "--plot", "p.png")
    command(*given, cwd=tmp_path)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "runs" / "path-trees" / "held_out_error.svg").is_file()
    assert "p.png exists already" in command(*given, code=2, cwd=tmp_path).stderr
    command(*given, "--force", cwd=tmp_path)
    assert (tmp_path / "runs" / "path-trees-2" / "path.json").is_file()
    command(trees, "--target", "y", "--out", "runs/path-trees", "--force", "--plot-format", "png", cwd=tmp_path)
    assert (tmp_path / "runs" / "path-trees" / "coefficients.png").is_file()
    assert "exists already" in command(trees, "--target", "y", "--out", "runs/path-trees", code=2, cwd=tmp_path).stderr


def test_a_triangle_is_followed_without_folds(trees, tmp_path):
    steepest_command("summarize", trees, "--target", "y", "-o", "t.triangle", cwd=tmp_path)
    found = answer("t.triangle", "--no-folds", cwd=tmp_path)
    assert found["chosen"] == answer(trees, "--target", "y", "--no-folds")["chosen"]
    said = command("t.triangle", code=2, cwd=tmp_path).stderr
    assert "t.triangle is a triangle, whose rows are gone" in said
    assert "--no-folds" in said
    assert steepest_command("path", "t.triangle", "--no-folds", cwd=tmp_path).returncode == 0


def test_a_wide_table_is_followed(tmp_path):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(40, 200))
    frame = pd.DataFrame(X, columns=[f"v{j}" for j in range(200)]).assign(y=X[:, 0] * 5 + generator.normal(size=40))
    frame.to_csv(tmp_path / "wide.csv", index=False)
    told = command("wide.csv", "--target", "y", cwd=tmp_path).stdout
    assert "of 200 inputs in use" in told
    assert "more" in told.split("0 at every penalty down to")[1]
    said = command("wide.csv", "--target", "y", "--no-folds", code=3, cwd=tmp_path).stderr
    assert "leave nothing to tell the noise from" in said


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--l1-ratio", "0"), 2, "--l1-ratio must lie between 0.000001 and 1"),
        (("--penalties", "0.1,-1"), 2, "--penalties must be finite numbers above 0"),
        (("--choose", "smallest"), 2, "'smallest' is no penalty, and none of best, one-standard-error, bic, aic, cp"),
        (("--choose", "-1"), 2, "a penalty is a finite number above 0; got -1"),
        (("--no-folds", "--choose", "best"), 2, "Hold rows out (--folds 5), or choose by a criterion (--choose bic)"),
        (("--no-folds", "--relaxed"), 2, "cost more degrees of freedom than their number"),
        (("--relaxed", "--positive"), 2, "give relaxed or positive, not both"),
        (("--adaptive", "-1"), 2, "--adaptive must be a number above 0"),
        (("--no-folds", "--time"), 2, "--no-folds holds no rows out, and --time says which"),
        (("--validation", "x.csv", "--time"), 2, "--validation names held-out rows"),
        (("--unpenalized", "z"), 2, "--unpenalized names an unknown input, 'z'"),
        (("--unpenalized", "a,b,c,d,e,f,kind,plot,flat"), 2, "--unpenalized names every input"),
        (("--plot", "p.jpg"), 2, "a picture is .svg or .png; got --plot p.jpg"),
        (("--folds", "1"), 2, "--folds must be"),
        (("--folds", "1000"), 3, "rows"),
        (("--loss", "multinomial"), 2, "is not one of"),
        (("--features", "flat"), 3, "no such input has anything to do with the target"),
        (("--no-out", "--out", "x"), 2, "--no-out writes nothing"),
    ],
)
def test_what_cannot_be_followed_is_said_in_the_commands_words(trees, tmp_path, options, code, words):
    said = command(trees, "--target", "y", *options, code=code, cwd=tmp_path)
    assert words in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """A table whose target is one of two texts, and counts beside it."""
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(generator.normal(size=(90, 4)), columns=list("abcd"))
    chance = 1 / (1 + np.exp(frame["b"] - 2 * frame["a"]))
    frame["churn"] = np.where(generator.uniform(size=90) < chance, "yes", "no")
    frame["visits"] = generator.poisson(np.exp(0.5 * frame["a"]))
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("target", "options", "loss"),
    [("churn", (), "logistic"), ("visits", ("--loss", "poisson"), "poisson"), ("visits", ("--loss", "huber"), "huber")],
)
def test_another_loss_is_what_the_library_says(labels, target, options, loss):
    asked = (labels, "--target", target, "--features", "a,b,c,d", "--penalties", "0.1,0.03", *options)
    found = answer(*asked)
    p = steepest.path(labels, target=target, features=list("abcd"), loss=loss, standardize=True, penalties=[0.1, 0.03])
    assert found["loss"] == loss
    np.testing.assert_allclose([row["cv_loss"] for row in found["table"]], p.cv_loss, rtol=1e-9)
    np.testing.assert_allclose([row["mean_loss"] for row in found["table"]], p.mean_loss(p.penalties), rtol=1e-9)
    weights = dict(zip(p.features, p.best.coefficients, strict=True))
    assert found["chosen"]["weights"] == pytest.approx({name: weights[name] for name in p.best.active}, rel=1e-7)
    assert set(found["chosen"]) >= {"mean_loss", "cv_loss"}
    assert f"held-out {loss} loss" in command(*asked, "--no-out").stdout


def test_labels_choose_their_loss_and_can_be_held_out_in_a_file(labels, tmp_path):
    told = command(labels, "--target", "churn", "--validation", labels, "--penalties", "0.1", cwd=tmp_path).stdout
    assert "loss chosen: logistic, the target holds 2 labels (--loss squared takes them for 0 and 1)" in told
    own, held = re.search(r"0\.1 +\d +([\d.]+) +([\d.]+)", told).groups()
    assert own == held  # the same rows
    done = steepest_command("predict", "runs/path-labels", labels, cwd=tmp_path)
    assert "probability of yes" in done.stdout.splitlines()[0]


def test_a_loss_says_what_its_path_has_not(labels, trees):
    asked = (labels, "--target", "churn", "--no-out")
    assert "is of squared loss; this path is of logistic loss" in command(*asked, "--relaxed", code=2).stderr
    several = command(trees, "--target", "kind", "--no-out", code=2).stderr
    assert "one for each class" in several


def test_the_penalty_that_is_chosen_is_judged_too(trees):
    found = answer(trees, "--target", "y", "--choose", "0.25")
    p = steepest.path(trees, target="y", standardize=True, penalties=[0.25])
    assert found["chosen"]["cv_rmse"] == pytest.approx(float(p.cv_rmse[0]), rel=1e-9)
    assert len(found["table"]) == 101


def test_penalties_above_the_largest_that_matters_are_said_to_be(trees):
    told = command(trees, "--target", "y", "--penalties", "100,50", "--no-out").stdout
    assert re.search(r"No penalized input is in use at any penalty asked for: the first comes in below \d", told)
    assert "0 at every penalty down to 50: a, b" in told
    one = command(trees, "--target", "y", "--penalties", "0.3", "--no-out").stdout
    assert "of 1 penalty;" in one
    assert "got 0." in command(trees, "--target", "y", "--penalties", "0", code=2).stderr
    assert "Fit all of them (steepest fit)" in command(trees, "--target", "y", "--choose", "0", code=2).stderr


def test_folds_beside_held_out_rows_are_refused(trees):
    said = command(trees, "--target", "y", "--validation", trees, "--folds", "3", code=2).stderr
    assert "Give one of them" in said
    with pytest.raises(steepest.UsageError, match="beside no folds; got folds=3"):
        steepest.path(trees, target="y", validation=str(trees), folds=3)
