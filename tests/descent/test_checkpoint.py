"""Checkpoint: a run that was cut off goes on with the same bits, and only from a state of its own."""

import itertools
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.descent import checkpoint
from steepest.errors import ModelFileError, UsageError
from steepest.rules.adam import AdamRule
from steepest.rules.registry import RULES

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(40, 3)) * [1.0, 5.0, 0.2] + [0.0, 3.0, 0.0]
Y = X @ [1.0, -2.0, 3.0] + GENERATOR.normal(size=40)
EPOCHS = 60


class CutOff(Exception):
    """What ends a run in these tests."""


def cut_at(epoch):
    def callback(done, loss, theta):
        if done == epoch:
            raise CutOff

    return callback


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    monkeypatch.setattr(os, "fsync", lambda file: None)  # the disk itself takes longer than all else


def assert_same_run(one, other):
    for name in ("epochs", "thetas", "losses", "before_last"):
        mine, theirs = getattr(one.iterates, name), getattr(other.iterates, name)
        assert (mine.shape, mine.tobytes()) == (theirs.shape, theirs.tobytes()), name
    assert one.ended == other.ended
    assert str(one.verdict) == str(other.verdict)


def cut_and_resumed(path, cuts, data=X, y=Y, **settings):
    for cut in cuts:
        with pytest.raises(CutOff):
            steepest.descend(data, y, checkpoint=path, callbacks=[cut_at(cut)], **settings)
    return steepest.descend(data, y, checkpoint=path, **settings)


def settings_of(rule):
    takes = {"epochs": EPOCHS, "standardize": True}
    if rule in ("heavy_ball", "nesterov"):
        return takes | {"learning_rate": 0.02, "momentum": 0.5}
    return takes | ({} if rule in ("chebyshev", "conjugate_gradient", "exact_line_search") else {"learning_rate": 0.02})


@pytest.mark.parametrize("rule", RULES)
def test_a_run_that_was_cut_off_goes_on_with_the_same_bits(rule, tmp_path):
    settings = {"rule": rule} | settings_of(rule)
    whole = steepest.descend(X, Y, engine="loop", **settings)
    assert_same_run(cut_and_resumed(tmp_path / "run.ckpt", (7, 31), **settings), whole)


@pytest.mark.parametrize(
    "more",
    [
        {"schedule": "cosine"}, {"schedule": "adaptive", "batch_size": 7},
        {"average": 0.25}, {"schedule": "one_cycle", "average": True}, {"tolerance": 0.2, "rule": "adam"},
        {"batch_size": 7}, {"batch_size": 7, "order": "replacement", "seed": 5}, {"batch_size": 7, "order": "fixed", "drop_last": True},
        {"batch_size": 7, "rule": "adam", "schedule": lambda step: 1 / (1 + step), "average": 0.5}, {"y": np.column_stack([Y, Y**2])},
        {"record": steepest.Record(every=7)}, {"record": steepest.Record(epochs=(3, 8))}, {"start": ([1.0, 2.0, 3.0], 4.0)},
        {"l2": 0.3, "objective": "mse", "fit_intercept": False},
    ],
)  # fmt: skip
def test_whatever_is_around_the_rule_goes_on_as_well(more, tmp_path):
    settings = settings_of("gradient") | {"rule": "gradient"} | more
    settings |= {"engine": "loop"}
    whole = steepest.descend(X, settings.pop("y", Y), **settings)
    again = cut_and_resumed(tmp_path / "run.ckpt", (2, 5, 20), y=more.get("y", Y), **settings)
    assert_same_run(again, whole)


@given(cuts=st.lists(st.integers(1, 12), max_size=4).map(sorted), rule=st.sampled_from(["adam", "barzilai_borwein"]))
def test_wherever_it_was_cut_off(cuts, rule, tmp_path_factory):
    how = {"rule": rule, "batch_size": 11, "learning_rate": 0.02, "epochs": 12}
    again = cut_and_resumed(tmp_path_factory.mktemp("run") / "run.ckpt", sorted(set(cuts)), **how)
    assert_same_run(again, steepest.descend(X, Y, **how))


def test_a_run_that_leaves_float64_does_so_again(tmp_path):
    settings = {"rule": "heavy_ball", "learning_rate": 1e10, "momentum": 0.5, "epochs": EPOCHS}
    whole = steepest.descend(X, Y, engine="loop", **settings)
    assert whole.ended.reason == "left_float64"
    again = cut_and_resumed(tmp_path / "run.ckpt", (3, whole.epochs), **settings)
    assert_same_run(again, whole)
    assert_same_run(steepest.descend(X, Y, checkpoint=tmp_path / "run.ckpt", **settings), whole)


def test_a_run_that_was_done_is_there_at_once(tmp_path):
    settings = {"rule": "adam", "learning_rate": 0.02, "epochs": EPOCHS, "checkpoint": tmp_path / "run.ckpt"}
    seen = []
    whole = steepest.descend(X, Y, **settings)
    assert_same_run(steepest.descend(X, Y, callbacks=[lambda epoch, *_: seen.append(epoch)], **settings), whole)
    assert not seen


def test_a_run_that_time_ended_goes_on_later(tmp_path, monkeypatch):
    settings = {"rule": "adam", "learning_rate": 0.02, "epochs": EPOCHS, "tolerance": 1e-9}
    monkeypatch.setattr(checkpoint, "SECONDS", 1000.0)
    part, reasons = None, []
    for _ in range(20):
        clock = itertools.count()
        with monkeypatch.context() as patch:
            patch.setattr("steepest.descent.stops.time", SimpleNamespace(monotonic=lambda clock=clock: next(clock)))
            part = steepest.descend(X, Y, checkpoint=tmp_path / "run.ckpt", stop=steepest.TimeLimit(9.0), **settings)
        reasons.append(part.ended.reason)
        if reasons[-1] == "epochs":
            break
    assert reasons == ["seconds"] * 7 + ["epochs"]
    assert_same_run(part, steepest.descend(X, Y, **settings))


TABLE = {"data": X, "y": Y, "rule": "adam", "learning_rate": 0.02, "epochs": 9, "batch_size": 7}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"y": Y + 1}, "another table"), ({"data": X[::-1], "y": Y[::-1]}, "another order of rows"), ({"rule": "nadam"}, "another rule"),
        ({"learning_rate": 0.03}, "learning_rate 0.02 and not 0.03"), ({"seed": 3}, "seed 0 and not 3"), ({"epochs": 10}, "epochs 9 and not 10"),
        ({"l2": 0.5}, "l2 0.0 and not 0.5"), ({"standardize": True}, "another coordinates"), ({"fit_intercept": False}, "intercept True and not False"),
        ({"start": ([1.0, 2.0, 3.0], 0.0)}, "another start"), ({"record": steepest.Record(every=2)}, "another record"),
        ({"schedule": "cosine"}, "another rule"), ({"batch_size": 8}, "batch_size 7 and not 8"), ({"objective": "mse"}, "another objective"),
        ({"rule": AdamRule(0.02, beta_2=0.9), "learning_rate": "auto"}, "beta_2 0.999 and not 0.9"),
    ],
)  # fmt: skip
def test_the_state_of_another_run_is_refused_with_what_differs(other, words, tmp_path):
    path = tmp_path / "run.ckpt"
    steepest.descend(**TABLE, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=f"run.ckpt is the state of another run, with .*{words}"):
        steepest.descend(**TABLE | other, checkpoint=path)
    assert path.read_bytes() == before


def test_rows_in_a_temporary_file_count_in_their_order_too(tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.objectives.row_file.IN_MEMORY", 0)
    monkeypatch.setattr(checkpoint, "PIECE", 1 << 16)  # maps begin where the system's pages do
    GENERATOR.shuffle(rows := np.arange(9000))
    data, y = np.cos(np.outer(rows, [1.0, 2.0, 3.0])), np.sin(rows)
    how = {"batch_size": 700, "learning_rate": 0.02, "epochs": 6}
    whole = steepest.descend(data, y, **how)
    assert_same_run(cut_and_resumed(tmp_path / "run.ckpt", (2, 4), data, y, **how), whole)


@pytest.mark.parametrize("in_memory", [1 << 27, 0])
def test_the_same_rows_in_another_order_are_another_run(in_memory, tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.objectives.row_file.IN_MEMORY", in_memory)
    how = {"batch_size": 7, "learning_rate": 0.02, "epochs": 6, "checkpoint": tmp_path / "run.ckpt"}
    triangle, swapped = steepest.summarize(X, Y), [1, 0, *range(2, 40)]
    steepest.descend(triangle, rows=steepest.open_source(X, Y).batches, **how)
    with pytest.raises(UsageError, match="with another order of rows"):
        steepest.descend(triangle, rows=steepest.open_source(X[swapped], Y[swapped]).batches, **how)


def test_a_stop_that_remembers_was_there_before(tmp_path):
    settings = {"rule": "adam", "learning_rate": 0.02, "epochs": 9, "checkpoint": tmp_path / "run.ckpt"}
    steepest.descend(X, Y, tolerance=1e-3, **settings)
    with pytest.raises(UsageError, match="had no stop 'tolerance' like this one"):
        steepest.descend(X, Y, tolerance=1e-4, **settings)
    steepest.descend(X, Y, stop=[steepest.TimeLimit(100.0)], **settings)  # which remembers nothing


class Forgetful:
    """A rule with a memory that no file can hold."""

    name = "forgetful"

    def init(self, theta):
        return object()

    def step(self, gradient, theta, memory):
        return theta - 0.01 * gradient(theta), memory


def test_a_memory_that_no_file_can_hold_is_refused(tmp_path):
    with pytest.raises(UsageError, match="what the rule remembers holds something that no file can"):
        steepest.descend(X, Y, rule=Forgetful(), epochs=3, checkpoint=tmp_path / "run.ckpt")


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(ModelFileError, match=r"notes\.txt is not a run that steepest wrote"):
        steepest.descend(**TABLE, checkpoint=path)
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match="cannot write into"):
        steepest.descend(**TABLE, checkpoint=tmp_path / "nowhere" / "run.ckpt")
    with pytest.raises(UsageError, match="nothing would come of checkpoint"):
        steepest.descend(X, Y, engine="modes", checkpoint=tmp_path / "run.ckpt")


KILLED = """
import numpy as np, steepest, sys
from steepest.descent import checkpoint
checkpoint.SECONDS, checkpoint.SHARE = 0.05, 1
generator = np.random.default_rng(0)
X = generator.normal(size=(500, 4)); y = X @ [1.0, 2.0, 3.0, 4.0] + generator.normal(size=500)
how = dict(batch_size=10, schedule="cosine", average=0.5) if sys.argv[2] == "batches" else {}
run = steepest.descend(X, y, rule="adam", learning_rate=0.001, epochs=int(sys.argv[3]), checkpoint=sys.argv[1] or None,
                       callbacks=steepest.JsonLines(sys.argv[4]), **how)
print(run.iterates.thetas.tobytes().hex()[-4096:], run.iterates.losses.sum().hex(), run.ended)
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(("how", "epochs"), [("full", "30000"), ("batches", "600")])
def test_a_process_that_is_killed_goes_on_with_the_same_bits(how, epochs, tmp_path):
    def start(path, log="run.jsonl"):
        command = [sys.executable, "-c", KILLED, path, how, epochs, str(tmp_path / log)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    path, kills = tmp_path / "run.ckpt", 0
    for _ in range(2):
        process = start(str(path))
        written = path.stat().st_mtime_ns if path.exists() else 0
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == written):
            time.sleep(0.005)
        time.sleep(0.1)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate()
    assert kills
    answers = [start(*names).communicate(timeout=120)[0] for names in ((str(path),), ("", "whole.jsonl"))]
    assert answers[0]
    assert answers[0] == answers[1]
    assert (tmp_path / "run.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["run.ckpt", "run.jsonl", "whole.jsonl"]


def test_a_stop_of_ones_own_says_what_it_remembers(tmp_path):
    class Counting:
        """Ends a run at the tenth epoch that it has seen."""

        name = "counting"

        def __repr__(self):
            return "Counting()"

        def begin(self, objective, start):
            def check(progress):
                vars(check)["memory"] += 1
                return "ten" if vars(check)["memory"] == 10 else None

            vars(check)["memory"] = 0
            return check

    how = {"rule": "adam", "learning_rate": 0.02, "epochs": 60, "stop": Counting()}
    again = cut_and_resumed(tmp_path / "run.ckpt", (3, 7), **how)
    assert (again.epochs, again.ended.reason) == (9, "counting")
    assert_same_run(again, steepest.descend(X, Y, **how))
