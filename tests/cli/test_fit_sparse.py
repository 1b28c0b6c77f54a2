"""`fit --l1`: beside scikit-learn, exit statuses, what is printed and kept, and what is refused."""

import json

import numpy as np
import pandas
import pytest
from sklearn.linear_model import ElasticNet

import steepest
from steepest.models.run_reader import read
from tests.support.commands import steepest_command

GENERATOR = np.random.default_rng(9)
X = GENERATOR.normal(size=(80, 4)) * [1.0, 10.0, 0.1, 2.0] + 3
Y = X @ [2.0, 0.0, 30.0, 0.0] + 2 * GENERATOR.normal(size=80)
FIT = ("fit", "t.csv", "--target", "y")


@pytest.fixture
def folder(tmp_path):
    pandas.DataFrame(X, columns=list("abcd")).assign(y=Y).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path


def command(folder, *arguments, status=0):
    done = steepest_command(*FIT, *arguments, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


def told(folder, *arguments, status=0):
    return json.loads(command(folder, *arguments, "--no-out", "--json", status=status).stdout)


@pytest.mark.parametrize("ratio", [None, 0.5])
@pytest.mark.parametrize("standardize", [True, False])
def test_the_weights_are_scikit_learns(folder, ratio, standardize):
    given = [] if ratio is None else ["--l1-ratio", ratio]
    found = told(folder, "--l1", 0.5, *given, *([] if standardize else ["--no-standardize"]))
    scale = X.std(axis=0) if standardize else np.ones(4)
    theirs = ElasticNet(0.5 / (ratio or 1), l1_ratio=ratio or 1, tol=1e-14, max_iter=100_000)
    theirs.fit((X - X.mean(axis=0)) / scale, Y)
    # the run ends at a gap of 1e-9 of the loss
    np.testing.assert_allclose([*found["weights"].values()], theirs.coef_ / scale, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose([*found["optimum"]["weights"].values()], theirs.coef_ / scale, rtol=1e-7, atol=1e-8)
    assert (found["l1"], found["l2"]) == (0.5, 0.0 if ratio is None else 0.5)
    assert found["rule"]["name"] == "fista"
    assert found["verdict"]["kind"] == "converged"
    assert 0 <= found["verdict"]["gap"] <= 1e-9


def test_weights_of_0_are_printed_as_not_in_use(folder):
    done = command(folder, "--l1", 0.5, "--no-out")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()[:1] in (["b"], ["d"], ["a"])}
    assert lines["b"].split("not in use")[1:] == lines["d"].split("not in use")[1:] != []
    assert "not in use" not in lines["a"]
    assert "rule fista, learning rate" in done.stdout
    assert "l1 0.5" in done.stdout
    assert "2 of 4 weights are in use, the same ones as at the exact minimum, since epoch" in done.stdout


def test_a_run_that_has_not_converged_says_so_by_its_exit_status(folder):
    pandas.DataFrame(X + 1e6, columns=list("abcd")).assign(y=Y).to_csv(folder / "t.csv", index=False)
    done = command(folder, "--l1", 0.5, "--no-standardize", "--no-out", "--quiet", status=4)
    assert "Unfinished: after 20,000 epochs of rule fista" in done.stderr
    command(folder, "--l1", 0.5, "--rule", "ista", "--epochs", 3, "--no-out")
    command(folder, "--l1", 0.5, "--rule", "ista", "--epochs", 3, "--strict", "--no-out", status=4)
    command(folder, "--l1", 0.5, "--rule", "ista", "--learning-rate", 5, "--epochs", 300, "--no-out", status=4)


def test_the_run_folder_holds_the_run_and_its_model(folder):
    command(folder, "--l1", 0.5, "-o", "run", "--log-json", "log.jsonl", "--test-size", 0.2)
    run = read(folder / "run")
    assert (run.l1, run.rule.name, run.verdict.kind) == (0.5, "fista", "converged")
    assert steepest.load(folder / "run").weights[1, 0] == 0 == run.weights[1]
    assert {"loss.svg", "contour.svg", "model.json", "validation.svg"} <= {
        file.name for file in (folder / "run").iterdir()
    }
    assert not (folder / "run" / "report.html").exists()
    assert len((folder / "log.jsonl").read_text().splitlines()) == run.epochs + 1
    done = steepest_command("report", "run", cwd=folder)
    assert done.returncode == 2
    assert "computes runs without an l1 penalty" in done.stderr
    assert steepest_command("predict", "run", "t.csv", "-o", "out.csv", cwd=folder).returncode == 0
    done = steepest_command("predict", "run", "t.csv", "--interval", 0.9, cwd=folder)
    assert done.returncode == 2
    assert "chosen on these very rows" in done.stderr


def test_batches_take_ista(folder):
    found = told(folder, "--l1", 0.5, "--batch-size", 8, "--learning-rate", 0.05, "--epochs", 5)
    assert found["rule"]["rule"] == {"name": "ista", "learning_rate": 0.05}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--l1", 0.5, "--rule", "adam"], "rule adam knows nothing of --l1 0.5"),
        (["--l1", 0.5, "--rule", "gradient"], "Take a rule that knows it (--rule fista, or --rule ista)"),
        (["--l1", -1], "--l1 must be a finite number"),
        (["--l1-ratio", 0.5], "--l1-ratio says how much of the penalty is not l1, and there is none"),
        (["--l1", 0.5, "--l1-ratio", 0.5, "--l2", 1], "and so does --l2 1.0. Give one of them"),
        (["--l1", 0.5, "--loss", "quantile"], "a quantile loss has no run with l1 here"),
        (["--l1", 0.5, "--loss", "multinomial"], "a multinomial loss one for each class"),
        (["--l1", 0.5, "--summary"], "so that the usual standard errors are too small"),
        (["--l1", 0.5, "--refine"], "with --l1 there is another one"),
        (["--l1", 0.5, "--engine", "modes"], "rule fista has no closed form"),
    ],
)
def test_what_does_not_go_with_l1_is_refused_in_words(folder, arguments, words):
    done = command(folder, *arguments, "--no-out", status=2)
    assert words in done.stderr


def test_labels_are_fitted_with_l1_and_the_folder_predicts(folder):
    odds = X @ [1.0, 0, -2.0, 0]
    labels = np.where(odds + np.random.default_rng(3).logistic(size=len(X)) > odds.mean(), "yes", "no")
    pandas.DataFrame(X, columns=list("abcd")).assign(y=labels).to_csv(folder / "t.csv", index=False)
    command(folder, "--l1", 0.05, "--standardize", "-o", "run")
    record = json.loads((folder / "run" / "run.json").read_text())
    model = steepest.descend((X - X.mean(axis=0)) / X.std(axis=0), labels == "yes", loss="logistic", l1=0.05)
    assert (record["objective"], record["l1"], record["verdict"]["kind"]) == ("logistic", 0.05, "converged")
    found = np.array([*record["optimum"]["weights"].values()])
    np.testing.assert_allclose(found * X.std(axis=0), model.optimum.weights, atol=1e-9)
    assert 0 <= record["verdict"]["gap"] <= 1e-9
    done = steepest_command("report", "run", cwd=folder)
    assert done.returncode == 2
    assert "a page computes runs without an l1 penalty" in done.stderr
    assert steepest_command("predict", "run", "t.csv", "-o", "out.csv", cwd=folder).returncode == 0
    odds = X @ steepest.load(folder / "run").weights[:, 0] + steepest.load(folder / "run").bias[0]
    written = pandas.read_csv(folder / "out.csv")["probability of yes"]
    np.testing.assert_allclose(written, 1 / (1 + np.exp(-odds)), rtol=1e-12)


@pytest.mark.parametrize("loss", ["huber", "poisson"])
def test_other_losses_are_fitted_with_l1(folder, loss):
    y = np.round(np.abs(Y))
    pandas.DataFrame(X, columns=list("abcd")).assign(y=y).to_csv(folder / "t.csv", index=False)
    found = told(folder, "--loss", loss, "--l1", 0.1, "--l1-ratio", 0.5, "--standardize")
    run = steepest.descend(X, y, loss=loss, l1=0.1, l2=0.1, standardize=True)
    np.testing.assert_allclose([*found["weights"].values()], run.weights, rtol=1e-12)
    assert (found["objective"], found["rule"]["name"], found["verdict"]["kind"]) == (loss, "fista", "converged")
