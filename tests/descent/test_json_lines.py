"""JSON lines: the log says what the run says, can be read at any moment, and goes on with a run that goes on."""

import json

import numpy as np
import pytest

import steepest
from steepest.descent import checkpoint
from steepest.errors import DataError, UsageError
from tests.descent.test_checkpoint import CutOff, X, Y, cut_at

HOW = {"rule": "adam", "learning_rate": 0.02, "epochs": 60}


def lines(path):
    text = path.read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("y", [Y, np.column_stack([Y, Y**2])])
def test_the_log_says_what_the_run_says(y, tmp_path):
    run = steepest.descend(X, y, callbacks=steepest.JsonLines(tmp_path / "log"), **HOW)
    logged = lines(tmp_path / "log")
    assert [line["epoch"] for line in logged] == list(range(61))
    assert [line["loss"] for line in logged] == run.loss().tolist()
    assert [line["rmse"] for line in logged] == run.rmse().tolist()
    norms = [np.asarray(state.gradient_norm).tolist() for state in run.states()]
    assert np.allclose([line["gradient_norm"] for line in logged], norms, rtol=1e-12)
    assert set(logged[0]) == {"epoch", "loss", "rmse", "gradient_norm"}


def test_a_reader_sees_whole_lines_while_the_run_goes(tmp_path):
    path, seen = tmp_path / "log", []
    steepest.descend(X, Y, callbacks=[steepest.JsonLines(path), lambda *_: seen.append(len(lines(path)))], **HOW)
    assert seen == list(range(1, 61))


@pytest.mark.parametrize("every", [7, 60, 1000])
def test_every_so_many_epochs_and_the_last(every, tmp_path):
    steepest.descend(X, Y, callbacks=[steepest.JsonLines(str(tmp_path / "log"), every)], **HOW)
    assert [line["epoch"] for line in lines(tmp_path / "log")] == sorted({*range(0, 61, every), 60})


def test_however_the_run_ends_its_last_epoch_is_there(tmp_path):
    with pytest.raises(CutOff):
        steepest.descend(X, Y, callbacks=[steepest.JsonLines(tmp_path / "a", 50), cut_at(10)], **HOW)
    assert [line["epoch"] for line in lines(tmp_path / "a")] == [0, 9]
    stop = steepest.SmallGradient(1e300)
    steepest.descend(X, Y, callbacks=[steepest.JsonLines(tmp_path / "b", 50)], stop=stop, **HOW)
    assert [line["epoch"] for line in lines(tmp_path / "b")] == [0]
    log = steepest.JsonLines(tmp_path / "c")
    run = steepest.descend(X, Y, learning_rate=1e30, epochs=60, callbacks=[log])
    assert run.ended.reason == "left_float64"
    last = lines(tmp_path / "c")[-1]
    assert (last["epoch"], last["gradient_norm"]) == (run.epochs, None)
    asked = [steepest.JsonLines(tmp_path / "d", 50), lambda epoch, *_: epoch == 12]
    steepest.descend(X, Y, callbacks=asked, **HOW)
    assert [line["epoch"] for line in lines(tmp_path / "d")] == [0, 12]


@pytest.mark.parametrize("seconds", [0.0, 1e6])
@pytest.mark.parametrize("every", [1, 7])
def test_a_run_that_goes_on_goes_on_with_its_log(seconds, every, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", seconds)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    log = steepest.JsonLines(tmp_path / "log", every)
    for cut in (4, 33):
        with pytest.raises(CutOff):
            steepest.descend(X, Y, checkpoint=tmp_path / "ckpt", callbacks=[log, cut_at(cut)], **HOW)
    steepest.descend(X, Y, checkpoint=tmp_path / "ckpt", callbacks=[log], **HOW)
    steepest.descend(X, Y, callbacks=steepest.JsonLines(tmp_path / "whole", every), **HOW)
    assert (tmp_path / "log").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_run_that_is_cut_off_earlier_than_before_leaves_no_later_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 1e6)  # so that the state is that of the first epoch
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    log = steepest.JsonLines(tmp_path / "log")
    for cut in (40, 6):
        with pytest.raises(CutOff):
            steepest.descend(X, Y, checkpoint=tmp_path / "ckpt", callbacks=[log, cut_at(cut)], **HOW)
        if cut == 40:
            first = (tmp_path / "log").read_bytes()
    assert first.startswith((tmp_path / "log").read_bytes())
    assert [line["epoch"] for line in lines(tmp_path / "log")] == list(range(6))


def test_a_log_that_was_damaged_or_is_new_goes_on_with_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    how = HOW | {"checkpoint": tmp_path / "ckpt"}
    with pytest.raises(CutOff):
        steepest.descend(X, Y, callbacks=[steepest.JsonLines(tmp_path / "log"), cut_at(30)], **how)
    whole = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(whole[: len(whole) // 2])  # as after the system went down
    kept = whole[: len(whole) // 2].count(b"\n")
    log = steepest.JsonLines(tmp_path / "log")
    with pytest.raises(CutOff):
        steepest.descend(X, Y, callbacks=[log, cut_at(40)], **how)
    assert [line["epoch"] for line in lines(tmp_path / "log")] == [*range(kept), *range(29, 40)]
    steepest.descend(X, Y, callbacks=[steepest.JsonLines(tmp_path / "new"), cut_at(0)], **how)
    assert [line["epoch"] for line in lines(tmp_path / "new")] == list(range(39, 61))


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / "log").write_text("mine\n")
    with pytest.raises(UsageError, match="log exists already"):
        steepest.descend(X, Y, callbacks=steepest.JsonLines(tmp_path / "log"), **HOW)
    how = HOW | {"callbacks": steepest.JsonLines(tmp_path / "log"), "checkpoint": tmp_path / "ckpt"}
    for _ in range(2):
        with pytest.raises(UsageError, match="log exists already"):
            steepest.descend(X, Y, **how)
    assert (tmp_path / "log").read_text() == "mine\n"
    for path in (tmp_path / "nowhere" / "log", "/dev/full"):
        with pytest.raises((DataError, UsageError), match=r"cannot write .*: no such file|exists already"):
            steepest.descend(X, Y, callbacks=steepest.JsonLines(path), **HOW)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, None, "3"])
def test_every_is_a_whole_number(every):
    with pytest.raises(UsageError, match=r"every=.* is a whole number of epochs, 1 or larger"):
        steepest.JsonLines("log", every)


def test_the_closed_form_has_no_log(tmp_path):
    with pytest.raises(UsageError, match="nothing would come of callbacks"):
        steepest.descend(X, Y, engine="modes", callbacks=steepest.JsonLines(tmp_path / "log"))
