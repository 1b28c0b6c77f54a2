"""`fit --loss` and what follows it: the loss chosen by itself, measures beside scikit-learn's, predictions, refusals."""

import json

import numpy as np
import pandas
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import log_loss, roc_auc_score

from steepest.cli.loss import loss_advice
from steepest.data.sample import Sample
from tests.support.commands import steepest_command

GENERATOR = np.random.default_rng(7)
N = 300
X = GENERATOR.normal(size=(N, 2))
MARGIN = X @ [1.0, -2.0] + 0.5
KINDS = np.array(["fir", "it's", "oak"])[
    (np.column_stack([MARGIN, X[:, 0] - X[:, 1], 0 * MARGIN]) + GENERATOR.gumbel(size=(N, 3))).argmax(axis=1)
]
FRAME = pandas.DataFrame(
    {
        "a": X[:, 0],
        "b": X[:, 1],
        "left": np.where(MARGIN + GENERATOR.logistic(size=N) > 0, "yes", "no"),
        "kind": KINDS,
        "visits": GENERATOR.poisson(np.exp(MARGIN / 3 + 1)),
        "year": GENERATOR.integers(1990, 2020, N),
    }
)
FIT = ("fit", "t.csv", "--features", "a,b", "--no-out", "--target")


@pytest.fixture
def folder(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    FRAME[:80].to_csv(tmp_path / "test.csv", index=False)
    return tmp_path


def command(folder, *arguments, status=0):
    done = steepest_command(*arguments, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


def told(folder, *arguments, status=0):
    return json.loads(command(folder, *arguments, "--json", status=status).stdout)


def test_two_texts_choose_logistic_loss_and_say_so(folder):
    done = command(folder, *FIT, "left")
    assert "  loss chosen: the target holds 2 labels (--loss squared takes them for 0 and 1)" in done.stdout
    assert "left: 2 classes, 'no', 'yes'; predicted is the probability of 'yes'" in done.stdout
    assert "standardized inputs, logistic loss" in done.stdout
    assert "log-loss" in done.stdout
    assert "Converged" in done.stdout
    found = told(folder, *FIT, "left")
    sklearn = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(X, FRAME["left"])
    np.testing.assert_allclose([*found["weights"].values()], sklearn.coef_[0], rtol=1e-6)
    probabilities, y = sklearn.predict_proba(X), FRAME["left"] == "yes"
    measured = found["measures"]["train"]
    assert measured["log_loss"] == pytest.approx(log_loss(y, probabilities), rel=1e-8)
    assert measured["auc"] == pytest.approx(roc_auc_score(y, probabilities[:, 1]), rel=1e-8)
    assert measured["accuracy"] == pytest.approx((sklearn.predict(X) == FRAME["left"]).mean())
    assert np.sum(measured["confusion"]) == N
    assert (found["objective"], found["classes"], found["target"]) == ("logistic", ["no", "yes"], "left")
    assert found["measures"]["test"] is None


def test_more_texts_choose_multinomial_loss(folder):
    found = told(folder, *FIT, "kind")
    assert found["objective"] == "multinomial"
    assert found["classes"] == ["fir", "it's", "oak"]
    sklearn = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(X, KINDS)
    centred = sklearn.coef_ - sklearn.coef_.mean(axis=0)
    np.testing.assert_allclose(np.array([*found["weights"].values()]).T, centred, rtol=1e-5, atol=1e-7)
    assert found["measures"]["train"]["log_loss"] == pytest.approx(log_loss(KINDS, sklearn.predict_proba(X)), rel=1e-8)
    done = command(folder, *FIT, "kind")
    assert "kind=it's" in done.stdout
    assert "predicted oak" in done.stdout


def test_counts_are_suggested_and_not_chosen(folder):
    done = command(folder, *FIT, "visits")
    assert "visits looks like counts, whole numbers from 0 to" in done.stdout
    assert "objective half_mse" in done.stdout
    assert "looks like counts" not in command(folder, *FIT, "year").stdout
    assert "looks like counts" not in command(folder, *FIT, "visits", "--loss", "squared").stdout
    found = told(folder, *FIT, "visits", "--loss", "poisson")
    sklearn = PoissonRegressor(alpha=0, tol=1e-10, max_iter=10_000).fit(X, FRAME["visits"])
    np.testing.assert_allclose([*found["weights"].values()], sklearn.coef_, rtol=1e-5)
    assert found["measures"]["train"]["d_squared"] == pytest.approx(sklearn.score(X, FRAME["visits"]), rel=1e-8)


@pytest.mark.parametrize(
    ("y", "is_count"),
    [
        (GENERATOR.poisson(2, 500), True),
        (GENERATOR.integers(1900, 2020, 500), False),
        (GENERATOR.integers(0, 100, 500), False),  # scores: not skewed
        (GENERATOR.integers(0, 2, 500), False),
        (GENERATOR.exponential(size=500), False),
        (-GENERATOR.poisson(2, 500), False),
    ],
)
def test_what_looks_like_counts(y, is_count):
    sample = Sample(np.zeros((500, 1)), y[:, None].astype(float), np.arange(500, dtype=np.uint64))
    advice = loss_advice(sample, "y", {"loss": None, "log_target": False})
    assert ("counts" in (advice or "")) == is_count


def test_a_target_of_0_and_1_is_told_of_logistic_loss_and_is_left_as_it_is(folder):
    (folder / "coded.csv").write_text("x,y\n" + "".join(f"{i},{int(i * i % 7 > 2)}\n" for i in range(40)))
    done = command(folder, "fit", "coded.csv", "--target", "y", "--no-out")
    assert "y is 0 or 1: --loss logistic is made for two classes" in done.stdout
    assert "objective half_mse" in done.stdout
    assert (
        "is 0 or 1" not in command(folder, "fit", "coded.csv", "--target", "y", "--no-out", "--loss", "squared").stdout
    )


@pytest.mark.parametrize("target", ["left", "kind", "visits"])
def test_held_out_rows_are_measured(folder, target):
    more = ("--loss", "poisson") if target == "visits" else ()
    share = told(folder, *FIT, target, *more, "--test-size", "0.3")
    assert share["measures"]["train"]["rows"] + share["measures"]["test"]["rows"] == N
    named = told(folder, *FIT, target, *more, "--test", "test.csv")
    assert named["measures"]["train"]["rows"] == N
    assert named["measures"]["test"]["rows"] == 80
    assert "on test rows:" in command(folder, *FIT, target, *more, "--test", "test.csv").stdout
    assert share["test_rmse"] is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--engine", "modes"), "--engine modes is made for squared loss; runs on logistic loss go step by step"),
        (("--objective", "mse"), "--objective is the scale of squared loss"),
        (("--refine",), "--refine looks again for digits of the least-squares answer"),
        (("--patience", "3", "--test-size", "0.3"), "--patience looks at squared errors"),
        (("--delta", "1"), "--delta belongs to --loss huber"),
        (("--loss", "poisson", "--log-target"), "--log-target of amounts"),
        (("--batch-size", "32", "--epochs", "3"), "Give a learning rate"),
        (("--robust", "HC3"), "HC3 is of squared loss"),
    ],
)
def test_what_only_squares_have_is_refused(folder, more, words):
    done = command(folder, *FIT, "left", *more, status=2)
    assert words in done.stderr
    assert not (folder / "runs").exists()


def test_the_other_commands_say_that_they_know_squares_only(folder):
    for name in ("diagnose", "sweep", "explain"):
        done = command(folder, name, "t.csv", "--features", "a,b", "--target", "left", "--loss", "logistic", status=2)
        assert "squared loss only; got --loss logistic" in done.stderr
    command(folder, "summarize", "t.csv", "--target", "visits", "--features", "a,b", "-o", "t.triangle")
    done = command(folder, "fit", "t.triangle", "--loss", "poisson", status=2)
    assert "a triangle has no rows, which a poisson loss needs" in done.stderr
    done = command(folder, *FIT, "kind", "--loss", "squared", status=3)
    assert "(--loss multinomial)" in done.stderr
    done = command(folder, *FIT, "kind", "--loss", "logistic", status=2)
    assert "3 labels ('fir', \"it's\", 'oak'), and the logistic loss is of two" in done.stderr


def test_a_table_whose_classes_columns_tell_apart_has_status_4(folder):
    FRAME.assign(left=np.where(X[:, 0] > 0.1, "yes", "no")).to_csv(folder / "t.csv", index=False)
    done = command(folder, *FIT, "left", status=4)
    assert "Separable" in done.stdout
    assert "exact minimum" not in done.stdout
    command(folder, *FIT, "left", "--l2", "0.1")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_predict_writes_probabilities_and_classes(folder, suffix):
    FRAME.to_parquet(folder / "t.parquet")
    FRAME.to_json(folder / "t.jsonl", orient="records", lines=True)
    for target in ("left", "kind"):
        command(folder, "fit", "t.csv", "--features", "a,b", "--target", target, "-o", target, "-q")
        found = told(folder, "predict", target, f"t.{suffix}", "-o", f"{target}.csv")
        written = pandas.read_csv(folder / f"{target}.csv")
        assert found["accuracy"] == pytest.approx((written["class"] == FRAME[target]).mean())
        assert found["compared"] == N
        columns = [name for name in written if name.startswith("probability of ")]
        if target == "left":
            assert columns == ["probability of yes"]
            assert (written["class"] == np.where(written[columns[0]] > 0.5, "yes", "no")).all()
        else:
            assert columns == ["probability of fir", "probability of it's", "probability of oak"]
            np.testing.assert_allclose(written[columns].sum(axis=1), 1, rtol=1e-12)
            likeliest = written[columns].to_numpy().argmax(axis=1)
            assert (written["class"] == np.array(["fir", "it's", "oak"])[likeliest]).all()


def test_predict_takes_a_threshold_and_a_name_and_leaves_rows_empty(folder):
    command(folder, "fit", "t.csv", "--features", "a,b", "--target", "left", "-o", "run", "-q")
    FRAME.assign(a=FRAME["a"].where(FRAME.index != 2)).to_csv(folder / "new.csv", index=False)
    options = ("--threshold", "0.8", "--name", "guess", "--missing", "empty", "-o", "p.csv")
    done = command(folder, "predict", "run", "new.csv", *options)
    assert "accuracy" in done.stdout
    written = pandas.read_csv(folder / "p.csv")
    assert pandas.isna(written["guess"][2])
    rest = written.drop(index=2)
    assert (rest["guess"] == np.where(rest["probability of yes"] > 0.8, "yes", "no")).all()
    for more, words in (
        (("--threshold", "1.5"), "threshold"),
        (("--interval", "0.9"), "intervals are for models of squared"),
    ):
        assert words in command(folder, "predict", "run", "t.csv", *more, status=2).stderr


def test_a_run_folder_holds_the_run_and_says_what_it_cannot(folder):
    for _ in range(2):  # and may be replaced
        command(folder, "fit", "t.csv", "--features", "a,b", "--target", "left", "-o", "run", "--force", "-q")
    record = json.loads((folder / "run" / "run.json").read_text())
    assert record["objective"] == "logistic"
    assert record["classes"] == ["no", "yes"]
    assert record["measures"]["train"]["rows"] == N
    assert record["automatic"]["loss"].startswith("the target holds 2 labels")
    curve = pandas.read_parquet(folder / "run" / "trajectory.parquet")
    assert curve["loss"].iloc[-1] == record["loss"]
    command(folder, "report", "run", "-o", "r.html")
    assert (folder / "r.html").read_bytes() == (folder / "run" / "report.html").read_bytes()
    (folder / "run" / "report.html").unlink()
    done = command(folder, "report", "run", "-o", "r.html", "--force", status=2)
    assert "has no report.html, and a run on logistic loss has no page without the table's rows" in done.stderr


@pytest.mark.parametrize(
    "more", [("--log-json", "log.jsonl"), ("--checkpoint", "state"), ("--batch-size", "32", "--lr", "0.1")]
)
def test_a_run_on_a_loss_may_be_watched_and_go_in_batches(folder, more):
    epochs = ("--epochs", "4") if "--batch-size" in more else ()
    found = told(folder, *FIT, "left", *more, *epochs)
    if "log.jsonl" in more:
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        assert len(lines) >= found["epochs"]
    assert not (folder / "state").exists()


def test_two_numbers_are_labels_where_logistic_loss_is_named_and_rows_of_others_are_counted(folder):
    table = FRAME[["a", "b"]].assign(group=np.where(FRAME["left"] == "yes", 2, 1))
    table.to_csv(folder / "groups.csv", index=False)
    fit = ("fit", "groups.csv", "--target", "group", "--loss", "logistic", "--out", "run")
    done = command(folder, *fit)
    assert "group: 2 classes, '1', '2'; predicted is the probability of '2'" in done.stdout
    assert (folder / "run" / "boundary.svg").exists()
    table.loc[:2, "group"] = 3
    table.to_csv(folder / "new.csv", index=False)
    said = command(folder, "predict", "run", "new.csv", "-o", "p.csv").stdout
    assert f"({N - 3} rows), not compared, with labels that the model does not know: '3' (3)" in said
    told = command(folder, "predict", "run", "groups.csv", "-o", "q.csv").stdout
    assert "not compared" not in told


def test_a_table_of_unknown_labels_alone_is_said_to_have_no_accuracy(folder):
    command(folder, "fit", "t.csv", "--features", "a,b", "--target", "left", "--out", "run")
    FRAME.assign(left=["maybe", "never"] * (N // 2)).to_csv(folder / "new.csv", index=False)
    said = command(folder, "predict", "run", "new.csv", "-o", "p.csv").stdout
    assert "accuracy" not in said
    assert "labels that the model does not know: 'maybe' (150), 'never' (150)" in said
