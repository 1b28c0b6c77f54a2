"""Step by step: a fit that is kept while it runs goes on where it was cut off, ends by held-out rows, and writes a log."""

import json
import re
import signal
import subprocess

import pytest

import steepest
from tests.support.commands import steepest_command
from tests.support.moments import ROOT, struck_command

PENGUINS = ROOT / "examples" / "penguins.csv"
FIT = ("fit", PENGUINS, "--target", "body_mass_g")
ADAM = (*FIT, "--rule", "adam", "--learning-rate", "5")


def model(folder):
    return json.loads((folder / "model.json").read_text()), json.loads((folder / "run.json").read_text())["verdict"]


@pytest.mark.process
@pytest.mark.parametrize(("sign", "more"), [(signal.SIGINT, ()), (signal.SIGKILL, ("--batch-size", "50"))])
def test_an_interrupted_run_goes_on_where_it_was_cut_off(sign, more, tmp_path):
    state, log, folder = (tmp_path / name for name in ("run.ckpt", "log", "run"))
    adam = (*ADAM, *more, "--epochs", "400")
    how = (*adam, "--checkpoint", state, "--log-json", log, "-o", folder)
    done = subprocess.run(
        struck_command(sign, "step", 300, *how), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if sign == signal.SIGINT:
        assert done.returncode == 130
        assert f"Interrupted; {state} holds the run" in done.stderr
        assert "Go on with --resume." in done.stderr
    assert (state.exists(), folder.exists()) == (True, False)
    refused = steepest_command(*how[:-4], "-o", folder)
    assert refused.returncode == 2
    assert "holds an unfinished run. Go on with --resume, or start over with --force." in refused.stderr
    other = steepest_command(*how, "--resume", "--learning-rate", "6")
    assert other.returncode == 2
    assert "state of another run, with learning_rate 5.0 and not 6.0" in other.stderr
    done = steepest_command(*how, "--resume")
    assert done.returncode == 0, done.stderr
    assert not state.exists()
    steepest_command(*adam, "--log-json", tmp_path / "whole", "-o", tmp_path / "other")
    assert model(folder) == model(tmp_path / "other")
    assert log.read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_state_is_forced_away(tmp_path):
    state = tmp_path / "run.ckpt"
    steepest.descend([[1.0], [2.0]], [1.0, 2.0], l2=0.1, epochs=3, checkpoint=state)
    how = (*ADAM, "--epochs", "20", "--checkpoint", state)
    assert steepest_command(*how, "--resume", cwd=tmp_path).returncode == 2  # of another run
    assert steepest_command(*how, "--resume", "--force", cwd=tmp_path).returncode == 2
    done = steepest_command(*how, "--force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not state.exists()
    state.write_text("mine")
    refused = steepest_command(*how, "--force", "-o", tmp_path / "run", cwd=tmp_path)
    assert "is no unfinished run; it would be replaced" in refused.stderr
    assert state.read_text() == "mine"


def test_held_out_rows_end_a_run(tmp_path):
    frame = "\n".join(f"{i % 7},{(i * i) % 11},{(i * 5) % 13},{(i * i * i) % 17}" for i in range(40))
    (tmp_path / "t.csv").write_text(f"a,b,c,y\n{frame}\n")
    how = ("fit", "t.csv", "--target", "y", "--rule", "adam", "--lr", "0.05", "--test-size", "0.5", "--seed", "3")
    done = steepest_command(*how, "--epochs", "900", "--patience", "5", "-o", "run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["epochs"] == said["best_epoch"] < 900
    assert (
        f"has not been below {said['test_rmse']:.6g} for 5 epochs, up to epoch {said['epochs'] + 5}; the run ends at epoch {said['epochs']}"
        in done.stderr
    )
    whole = steepest_command(*how, "--epochs", str(said["epochs"]), "--no-out", "--json", cwd=tmp_path)
    assert json.loads(whole.stdout)["weights"] == said["weights"]
    known = steepest_command(
        "fit", "t.csv", "--target", "y", "--test-size", "0.5", "--patience", "1", "--no-out", cwd=tmp_path
    )
    assert known.returncode == 0, known.stderr  # the epochs are auto, and where they end was asked for


def test_a_log_has_each_nth_epoch(tmp_path):
    for number, more in enumerate(((), ("--log-every", "8"))):
        done = steepest_command(*FIT, "--epochs", "20", "--log-json", f"{number}.log", "--no-out", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        epochs = [json.loads(line)["epoch"] for line in (tmp_path / f"{number}.log").read_text().splitlines()]
        assert epochs == ([0, 8, 16, 20] if more else list(range(21)))
    again = steepest_command(*FIT, "--epochs", "20", "--log-json", "0.log", "--no-out", cwd=tmp_path)
    assert (again.returncode, "0.log exists already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--patience", "3"), r"looks at held-out rows\. Hold some out \(--test-size 0.2\)"),
        (("--patience", "3", "--engine", "modes", "--test-size", "0.2"), "takes no steps, so nothing would come of --patience"),
        (("--checkpoint", "c", "--log-json", "l", "--engine", "modes"), "nothing would come of --log-json and --checkpoint"),
        (("--checkpoint", "c", "--summary", "t.triangle"), "Make the summary first"), (("--checkpoint", "no/c"), "cannot write into no"),
        (("--patience", "0"), "0 is not in the range"), (("--resume",), "--resume goes on"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused_before_the_pass(given, words, tmp_path):
    done = steepest_command(*FIT, "--no-out", *given, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(words, done.stderr), done.stderr
    assert not list(tmp_path.iterdir())
