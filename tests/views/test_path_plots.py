"""Pictures of sparse models show the numbers of the path, and say so where there are none."""

import io

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.views.plots import save
from steepest.views.plots.coefficient_path import spread


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(80, 9))
    return X, X @ [4.0, -3.0, 2.0, 1.0, 0, 0, 0, 0, 0] + 2 * generator.normal(size=80)


@pytest.fixture(scope="module")
def path(table):
    return steepest.path(*table, features=["a", "$b$", *"cdefghi"], standardize=True)


def test_a_lasso_is_drawn_through_its_knots_and_straight_between_them(path):
    display = steepest.CoefficientPathDisplay.from_path(path)
    assert np.isin(path.knots, display.penalties).all()
    # a straight line in the penalty between two knots, drawn by points of its own since a log axis bends it
    for j in range(9):
        line = np.interp(display.penalties, path.knots[::-1], path.solution.coefficients[::-1, j])
        np.testing.assert_allclose(display.coefficients[:, j], line, atol=1e-12)
    assert len(display.penalties) > 390


def test_coefficients_are_drawn_on_a_falling_log_axis_with_both_choices(path):
    display = path.plot("coefficients")
    left, right = display.ax_.get_xlim()
    assert display.ax_.get_xscale() == "log"
    assert (left, right) == (path.knots[0], path.knots[-1])
    upright = [line.get_xdata()[0] for line in display.ax_.lines if line.get_linestyle() in ("--", ":")]
    assert upright == [path.best.penalty, path.one_standard_error.penalty]
    used = (path.solution.coefficients != 0).any(axis=0)
    assert len(display.lines_) == used.sum()
    for line in display.lines_:  # what is drawn is a column of the numbers, cut where it lies along 0
        drawn = line.get_ydata()
        known = ~np.isnan(drawn)
        assert any(np.array_equal(drawn[known], display.coefficients[known, j]) for j in range(9))
        assert known.any()


def test_the_largest_at_the_right_edge_are_named_and_no_name_lies_over_another(path):
    display = path.plot()
    names = {text.get_text(): text.get_position()[1] for text in display.ax_.texts}
    last = np.abs(display.coefficients[-1])
    assert set(names) == {path.features[j].replace("$", r"\$") for j in np.argsort(last)[-7:]}
    assert np.diff(sorted(names.values())).min() > 0.05


def test_names_are_moved_as_little_as_keeps_them_apart():
    generator = np.random.default_rng(0)
    for _ in range(20):
        heights = np.sort(generator.uniform(size=7))
        moved = spread(heights, 0.1)
        assert (np.diff(moved) >= 0.1 - 1e-12).all()
        # the least squares of all such moves: no small change that keeps them apart comes nearer
        for _ in range(50):
            other = moved + 0.01 * generator.normal(size=7)
            if (np.diff(other) >= 0.1).all():
                assert ((other - heights) ** 2).sum() >= ((moved - heights) ** 2).sum()


def test_an_elastic_net_is_drawn_at_its_own_penalties(table):
    p = steepest.path(*table, l1_ratio=0.4, penalties=[1.0, 0.3, 0.1])
    display = steepest.CoefficientPathDisplay.from_path(p)
    np.testing.assert_array_equal(display.penalties, p.knots)
    np.testing.assert_allclose(display.coefficients, p.coefficients(p.knots), atol=1e-15)
    assert display.plot().ax_.get_ylabel() == "coefficient"


def test_a_relaxed_path_is_drawn_as_it_predicts(table):
    p = steepest.path(*table, relaxed=True, standardize=True, folds=None)
    display = steepest.CoefficientPathDisplay.from_path(p)
    scale = table[0].std(axis=0)
    np.testing.assert_allclose(display.coefficients, p.coefficients(display.penalties) * scale, rtol=1e-12)
    assert display.title == "relaxed lasso"


def test_held_out_errors_are_drawn_with_their_band(path):
    display = path.plot("held_out", title="a title")
    line, band = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), path.penalties)
    np.testing.assert_array_equal(line.get_ydata(), path.cv_rmse)
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.max() == (path.cv_rmse + path.standard_errors).max()
    assert edges.min() == (path.cv_rmse - path.standard_errors).min()
    upper = next(other for other in display.figure_.axes if other is not display.ax_)
    assert upper.get_xlim() == display.ax_.get_xlim()
    for place, text in zip(upper.get_xticks(), upper.get_xticklabels(), strict=True):
        assert int(text.get_text()) == (path.coefficients(place) != 0).sum()
    assert display.title == "a title"


def test_a_single_held_out_set_has_no_band(table):
    X, y = table
    p = steepest.path(X[:60], y[:60], validation=(X[60:], y[60:]))
    assert len(p.plot("held_out").lines_) == 1


def test_what_cannot_be_drawn_is_said(table):
    p = steepest.path(*table, folds=None)
    with pytest.raises(UsageError, match=r"no row was held out.*Hold rows out \(folds=5\)"):
        p.plot("held_out")
    assert p.plot().best is None
    with pytest.raises(UsageError, match="kind"):
        p.plot("loss")
    with pytest.raises(UsageError, match=r"has no color\. It takes title"):
        p.plot(color="red")


@pytest.mark.parametrize("penalties", [[5.0], [1e3], [2.0, 1e-9]])
def test_few_and_far_penalties_can_be_drawn(table, penalties):
    p = steepest.path(*table, penalties=penalties)
    for kind in (steepest.CoefficientPathDisplay, steepest.HeldOutPathDisplay):
        save(kind.from_path(p), io.BytesIO())
