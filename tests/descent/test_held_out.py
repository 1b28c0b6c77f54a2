"""Held out: a run ends where rows that it does not learn from are met best, and is there in every respect."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.descent import checkpoint, loop
from steepest.errors import DataError, UsageError
from tests.descent.test_checkpoint import CutOff, assert_same_run, cut_at

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(60, 20)) * np.linspace(1, 3, 20) + 1
Y = X[:, 0] + 3 * GENERATOR.normal(size=60)
LEARNED, REST = (X[:30], Y[:30]), (X[30:], Y[30:])
HOW = {"rule": "adam", "learning_rate": 0.01, "epochs": 3000, "standardize": True}


def held_out(**settings):
    return steepest.HeldOut(*REST, **settings)


@pytest.fixture(scope="module")
def whole():
    """The run that nothing ends, and its error on the rows themselves at every epoch."""
    run = steepest.descend(*LEARNED, **HOW)
    weights, bias = run.parameters()
    return run, np.sqrt(((weights @ REST[0].T + bias[:, None] - REST[1]) ** 2).mean(axis=1))


def by_hand(errors, patience):
    best, last = 0, 0
    for last, error in enumerate(errors):
        if error < errors[best]:
            best = last
        elif last - best >= patience:
            break
    return best, last


@pytest.mark.parametrize("patience", [1, 4, 30])
def test_a_run_ends_at_the_epoch_that_a_person_would_find(whole, patience):
    full, errors = whole
    best, last = by_hand(errors, patience)
    assert 0 < best < last < 3000
    run = steepest.descend(*LEARNED, stop=held_out(patience=patience), **HOW)
    assert (run.epochs, run.requested_epochs, run.ended.reason) == (best, 3000, "held_out")
    for words in (
        f"{errors[best]:.6g}"[:7],
        f"for {patience} epoch",
        f"up to epoch {last:,}",
        f"ends at epoch {best:,}",
    ):
        assert words in str(run.ended)
    assert run.loss().tobytes() == full.loss(range(best + 1)).tobytes()
    assert run.weights.tobytes() == full.at(best).weights.tobytes()
    assert run.bias == full.at(best).bias
    short = steepest.descend(*LEARNED, **HOW | {"epochs": best})
    assert str(run.verdict) == str(short.verdict)
    assert run.verdict.remaining == short.verdict.remaining
    assert steepest.validation_curve(run, steepest.summarize(*REST)).best_epoch == best


def test_the_last_epoch_stays_where_that_is_asked_for(whole):
    _, last = by_hand(whole[1], 4)
    run = steepest.descend(*LEARNED, stop=held_out(patience=4, restore_best=False), **HOW)
    assert (run.epochs, run.ended.reason) == (last, "held_out")
    assert str(run.ended).endswith(f"for 4 epochs, up to epoch {last:,}.")


@pytest.mark.parametrize("record", [steepest.Record(points=3), steepest.Record(every=7), steepest.Record(epochs=(1,))])
def test_the_best_epoch_is_there_whether_it_was_to_be_kept_or_not(whole, record):
    best, _ = by_hand(whole[1], 30)
    run = steepest.descend(*LEARNED, stop=held_out(patience=30), record=record, **HOW)
    assert run.epochs == run.iterates.epochs[-1] == best
    before: Any = run.iterates
    assert before.before_last.tobytes() == whole[0].iterates.parameters([best - 1]).tobytes()


def test_a_run_that_something_else_ends_goes_back_as_well(whole):
    best, last = by_hand(whole[1], 30)
    few = HOW | {"epochs": last - 5}
    run = steepest.descend(*LEARNED, stop=held_out(patience=30), **few)
    assert (run.epochs, run.ended.reason) == (best, "held_out")
    assert str(run.ended).startswith(
        f"All {last - 5} epochs were done; the run ends at epoch {best}, where the held-out"
    )
    asked = lambda epoch, *_: epoch == last - 5  # noqa: E731
    run = steepest.descend(*LEARNED, stop=held_out(patience=30), callbacks=asked, **HOW)
    assert (run.epochs, run.ended.reason) == (best, "callback")
    assert f"after epoch {last - 5}; the run ends at epoch {best}" in str(run.ended)
    run = steepest.descend(*LEARNED, stop=held_out(patience=30), **HOW | {"epochs": best - 1})
    assert (run.epochs, str(run.ended)) == (best - 1, f"All {best - 1} epochs were done.")


def test_the_last_epoch_counts(whole):
    best, _ = by_hand(whole[1], 30)
    run = steepest.descend(*LEARNED, stop=held_out(patience=30), **HOW | {"epochs": best})
    assert (run.epochs, run.ended.reason) == (best, "epochs")


def test_a_run_that_leaves_float64_stays_where_it_went():
    run = steepest.descend(*LEARNED, learning_rate=1e9, epochs=500, stop=held_out(patience=400))
    assert run.ended.reason == "left_float64"
    assert run.verdict.kind == "diverges"
    assert len(run.loss()) == run.epochs + 1 > 2


def test_an_error_that_stays_the_same_has_not_fallen():
    still = steepest.descend(*LEARNED).optimum
    how = HOW | {"rule": "gradient", "start": (still.weights, still.bias), "learning_rate": 1e-300}
    run = steepest.descend(*LEARNED, stop=held_out(patience=3), **how)
    assert run.epochs == 0
    assert "for 3 epochs, up to epoch 3; the run ends at epoch 0" in str(run.ended)


def test_a_rule_that_is_known_beforehand_is_walked():
    run = steepest.descend(*LEARNED, epochs=2000, stop=held_out(patience=3))
    assert (run.engine, run.ended.reason) == ("loop", "held_out")
    known = steepest.descend(*LEARNED, epochs=run.epochs)
    np.testing.assert_allclose(run.weights, known.weights, rtol=1e-9)


def test_a_run_that_was_cut_off_remembers_its_best_epoch(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 0)
    best, last = by_hand(whole[1], 30)
    how = HOW | {"stop": held_out(patience=30), "checkpoint": tmp_path / "run.ckpt"}
    for cut in (3, best + 2, last - 1):
        with pytest.raises(CutOff):
            steepest.descend(*LEARNED, callbacks=[cut_at(cut)], **how)
    assert_same_run(steepest.descend(*LEARNED, **how), steepest.descend(*LEARNED, **how | {"checkpoint": None}))
    assert steepest.descend(*LEARNED, **how).epochs == best  # and once more, from where it ended
    for other in (held_out(patience=31), steepest.HeldOut(REST[0], REST[1] + 1, patience=30)):
        with pytest.raises(UsageError, match="had no stop 'held_out' like this one"):
            steepest.descend(*LEARNED, **how | {"stop": other})


def test_rows_are_taken_however_they_are_given(tmp_path):
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"]).assign(y=Y, kind=["u", "v", "w"] * 20)
    frame[30:].to_csv(tmp_path / "rest.csv", index=False)
    learned = {"data": frame[:30], "target": "y", "rule": "adam", "learning_rate": 0.05, "epochs": 500}
    rest = frame[30:][["kind", "y", "b", "a"]]
    triangle = steepest.summarize(frame[30:], target="y")
    several = (rest, str(tmp_path / "rest.csv"), triangle, triangle.select(("kind=v", "b", "kind=w", "a")))
    runs = [steepest.descend(**learned, stop=steepest.HeldOut(data, patience=3)) for data in several]
    assert runs[0].ended.reason == "held_out"
    assert len({str(run.ended) for run in runs}) == 1
    for wrong in (steepest.summarize(frame[30:][["a", "y"]], target="y"), frame[30:][["a", "y"]], X[:, :1]):
        with pytest.raises((UsageError, DataError)):
            steepest.descend(**learned, stop=steepest.HeldOut(wrong, Y if wrong is X else None))


def test_several_targets_have_no_one_best_epoch():
    with pytest.raises(UsageError, match="each of 2 targets has a best epoch of its own"):
        steepest.descend(X, np.column_stack([Y, Y]), learning_rate=0.01, epochs=5, stop=held_out())


def test_an_objective_without_a_table_has_no_held_out_rows(whole):
    quadratic = whole[0].problem.quadratic
    with pytest.raises(UsageError, match=r"an objective alone has none\. Give it to descend"):
        loop.run(quadratic, steepest.GradientRule(0.1), np.zeros((21, 1)), 5, stop=held_out())


@pytest.mark.parametrize("patience", [0, -1, 2.0, True, "3", None])
def test_patience_is_a_whole_number(patience):
    with pytest.raises(UsageError, match=r"patience=\.\.\.\) is a whole number of epochs, 1 or larger"):
        held_out(patience=patience)
