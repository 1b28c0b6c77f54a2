"""Path notes: what a reader is told of a path's columns and penalties, and numbers that are refused rather than lost."""

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.analysis.path_notes import path_notes
from steepest.errors import DataError, UsageError


def table(rows=60):
    generator = np.random.default_rng(8)
    frame = pd.DataFrame(generator.normal(size=(rows, 3)), columns=list("abc"))
    frame["kind"] = generator.choice(["fir", "oak", "yew"], size=rows)
    return frame.assign(y=2 * frame["a"] + (frame["kind"] == "oak") + generator.normal(size=rows))


def test_constant_columns_and_those_that_vary_together_are_named():
    frame = table().assign(flat=3.0, twice=lambda f: 5 - 2 * f["b"], near=lambda f: f["b"] * (1 + 1e-6 * f["a"]))
    notes = path_notes(steepest.path(frame, target="y"))
    assert "flat is constant, so its coefficient is always 0." in notes
    assert "b and twice vary exactly together: which of them is in use says nothing about either." in notes
    assert not any("near" in note for note in notes)
    assert path_notes(steepest.path(table(), target="y", penalties=[0.5, 0.2, 0.1, 1e-4])) == ()


def test_a_best_penalty_at_the_end_is_said_by_notes_and_by_the_path_itself():
    frame = table()
    p = steepest.path(frame, target="y", penalties=[1.0, 0.5])
    assert "The best penalty is the smallest that was tried" in path_notes(p)[0]
    assert "the best is the smallest penalty that was tried" in repr(p)
    assert "smallest penalty that was tried" not in repr(steepest.path(frame, target="y", penalties=[0.5]))


def test_also_adds_penalties_to_those_that_are_judged():
    frame = table()
    p = steepest.path(frame, target="y", also=[0.123, 1e-5])
    np.testing.assert_array_equal(np.setdiff1d(p.penalties, steepest.path(frame, target="y").penalties), [1e-5, 0.123])
    # a fold's model at a penalty is that of the penalty alone, to rounding
    alone = steepest.path(frame, target="y", penalties=[0.123])
    assert p.model(0.123).cv_rmse == pytest.approx(alone.best.cv_rmse, rel=1e-9)
    with pytest.raises(UsageError, match=r"also must be finite numbers above 0; got 0\."):
        steepest.path(frame, target="y", also=[0.0])


def test_a_factor_of_a_column_of_texts_is_that_of_all_its_levels():
    frame = table()
    by_column = steepest.path(frame, target="y", penalty_factors={"kind": 0.0, "b": 3.0}).solution.problem.factors
    np.testing.assert_array_equal(by_column, [1, 3, 1, 0, 0])
    one = steepest.path(frame, target="y", penalty_factors={"kind=yew": 2.0, "kind": 0.0}).solution.problem.factors
    np.testing.assert_array_equal(one, [1, 1, 1, 0, 2])
    with pytest.raises(UsageError, match=r"unknown input, .kinds.\. The inputs are a, b, c and kind"):
        steepest.path(frame, target="y", penalty_factors={"kinds": 0.0})


@pytest.mark.parametrize("scale", [1e-200, 1e-150])
def test_targets_whose_squares_leave_the_floats_are_refused(scale):
    frame = table()
    with pytest.raises(DataError, match="squares of such numbers leave float64"):
        steepest.path(frame.assign(y=frame["y"] * scale), target="y")


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_targets_within_reach_are_only_scaled(scale):
    frame = table()
    p, scaled = (steepest.path(frame.assign(y=frame["y"] * s), target="y") for s in (1.0, scale))
    np.testing.assert_allclose(scaled.cv_rmse / scale, p.cv_rmse, rtol=1e-9)
    np.testing.assert_allclose(scaled.best.coefficients / scale, p.best.coefficients, rtol=1e-8, atol=1e-12)


def test_there_is_no_penalty_of_0():
    p = steepest.path(table(), target="y", folds=None)
    with pytest.raises(UsageError, match="without one no input is left out; got 0"):
        p.coefficients(0)
