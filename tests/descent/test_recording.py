"""Recording: what is kept is what a function of the state asks for, and no more than memory may hold."""

from typing import Any

import numpy as np
import pytest

import steepest
from steepest.descent import checkpoint, recording
from steepest.descent.stops import Progress
from steepest.errors import UsageError
from tests.descent.test_checkpoint import X, Y, assert_same_run, cut_and_resumed

HOW = {"rule": "adam", "learning_rate": 0.02, "epochs": 100}


def kept(when, **settings):
    return steepest.descend(X, Y, record=steepest.Record(when=when), **HOW | settings)


@pytest.mark.parametrize(
    "when",
    [
        lambda progress: progress.epoch % 7 == 3, lambda progress: progress.loss[0] < 20, lambda progress: False, lambda progress: True,
        lambda progress: np.linalg.norm(progress.gradient) > 1, lambda progress: progress.theta[1, 0] > 0.1,
    ],
)  # fmt: skip
def test_the_epochs_that_are_asked_for_are_kept(when):
    whole, run = steepest.descend(X, Y, **HOW), kept(when)
    walked: Any = whole.iterates
    gradients = [whole.problem.quadratic.gradient(theta) for theta in walked.thetas]
    told = [
        Progress(k, theta, loss, slope)
        for k, (theta, loss, slope) in enumerate(zip(walked.thetas, walked.losses, gradients, strict=True))
    ]
    expected = [0, *(k for k in range(1, 100) if when(told[k])), 100]
    assert run.iterates.epochs.tolist() == expected
    assert run.loss().tobytes() == whole.loss(expected).tobytes()
    assert run.iterates.parameters(run.iterates.epochs).tobytes() == walked.thetas[expected].tobytes()
    assert run.weights.tobytes() == whole.weights.tobytes()


def test_memory_is_bounded_by_giving_up_every_second_epoch(monkeypatch):
    monkeypatch.setattr(recording, "MOST", 6 * 10)  # ten epochs of four parameters, a loss and a number
    assert kept(lambda progress: True).iterates.epochs.tolist() == [*range(0, 100, 16), 100]
    assert kept(lambda progress: progress.epoch % 3 == 1).iterates.epochs.tolist() == [0, *range(1, 100, 12), 100]
    assert kept(lambda progress: progress.epoch < 10).iterates.epochs.tolist() == [*range(10), 100]
    assert kept(lambda progress: progress.epoch < 11).iterates.epochs.tolist() == [*range(0, 11, 2), 100]


@pytest.mark.parametrize("most", [recording.MOST, 60])
def test_a_run_that_was_cut_off_keeps_the_same_epochs(most, tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "MOST", most)
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    how = HOW | {"record": steepest.Record(when=lambda progress: progress.epoch % 3 == 1)}
    again = cut_and_resumed(tmp_path / "run.ckpt", (5, 28, 29, 30, 31, 77), **how)
    assert_same_run(again, steepest.descend(X, Y, **how))


def test_a_run_that_goes_back_keeps_nothing_behind_its_end():
    held_out = steepest.HeldOut(X[::-1] + 0.5, Y, patience=30)
    run = kept(lambda progress: True, stop=held_out, epochs=5000)
    assert run.ended.reason == "held_out"
    assert run.iterates.epochs.tolist() == list(range(run.epochs + 1))


def test_what_it_says_is_true_or_false():
    with pytest.raises(UsageError, match="says True or False of each epoch; at epoch 3 it said 'yes'"):
        kept(lambda progress: "yes" if progress.epoch == 3 else False)
    with pytest.raises(UsageError, match="is a function of a run's progress; got 3"):
        steepest.Record(when=3)
