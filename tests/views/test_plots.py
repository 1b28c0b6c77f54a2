"""Displays keep their numbers, and draw what they keep."""

import subprocess
import sys

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.views.plots import save
from steepest.views.plots.quantiles import normal_quantiles, quartile_line


@pytest.fixture
def run():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    return steepest.descend(
        X, X @ [1.0, 2.0, 3.0] + generator.normal(size=40), learning_rate=0.3, epochs=500, features=["a", "b", "$c$"]
    )


def test_loss_curve_shows_the_losses(run):
    display = steepest.LossCurveDisplay.from_trajectory(run)
    np.testing.assert_array_equal(display.loss, run.loss(display.epochs))
    assert display.floor == run.optimum.loss
    display.plot()
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), display.loss)
    assert display.ax_.get_yscale() == "log"
    chosen = steepest.LossCurveDisplay.from_trajectory(run, epochs=[0, 7, 9])
    np.testing.assert_array_equal(chosen.epochs, [0, 7, 9])


def test_mode_decay_shows_what_is_left(run):
    display = steepest.ModeDecayDisplay.from_trajectory(run).plot()
    np.testing.assert_array_equal(display.remaining, run.remaining(display.epochs))
    assert len(display.lines_) == 4
    np.testing.assert_allclose(display.lines_[-1].get_ydata(), np.maximum(display.remaining[:, -1], 1e-18))
    settings = {"learning_rate": 0.1, "epochs": 5}
    known, walked = (steepest.descend([[1.0], [2.0]], [1.0, 2.0], engine=e, **settings) for e in ("modes", "loop"))
    displays = [steepest.ModeDecayDisplay.from_trajectory(one) for one in (known, walked)]
    np.testing.assert_allclose(displays[0].remaining, displays[1].remaining, rtol=1e-12)


def test_contour_shows_the_loss_of_the_bowl(run):
    display = steepest.LossContourDisplay.from_trajectory(run, "a", "$c$").plot()
    theta = run.problem.quadratic.minimum.copy()
    theta[1, 0], theta[3, 0] = display.x[5], display.y[9]
    assert display.loss[9, 5] == pytest.approx(run.problem.quadratic.value(theta)[0])
    np.testing.assert_allclose(display.path[0], [0, 0])
    np.testing.assert_allclose(display.minimum, run.optimum.weights[[0, 2]])
    for names in (("a", "a"), ("a", "z")):
        with pytest.raises(UsageError):
            steepest.LossContourDisplay.from_trajectory(run, *names)


def test_heat_map_shows_the_sweep():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    s = steepest.sweep(
        X, X @ [1.0, 2.0, 3.0] + generator.normal(size=40), learning_rates=[1.9, 0.01, 0.1], epochs=[1, 10, 100]
    )
    display = steepest.HeatMapDisplay.from_sweep(s).plot()
    np.testing.assert_array_equal(display.learning_rates, [0.01, 0.1, 1.9])
    np.testing.assert_array_equal(display.rmse, s.rmse[[1, 2, 0], :, 0])
    assert display.stability_limit == s.stability_limits[0, 0]
    assert display.best == (s.best.learning_rate, s.best.epochs)
    assert display.ax_.get_xscale() == "log"
    single = steepest.sweep(X, X[:, 0], learning_rates=[0.1], epochs=[1, 2])
    with pytest.raises(UsageError, match="at least two"):
        steepest.HeatMapDisplay.from_sweep(single)


def test_validation_curve_shows_both_errors(run):
    generator = np.random.default_rng(1)
    held = steepest.summarize(generator.normal(size=(20, 3)), generator.normal(size=20), features=["a", "b", "$c$"])
    display = steepest.ValidationCurveDisplay.from_trajectory(run, held).plot()
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), display.curve.held_out)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), run.rmse(display.curve.epochs))


def test_residuals_stand_over_the_quantiles_of_a_normal_distribution():
    from scipy import stats

    residuals = np.random.default_rng(5).normal(3, 2, size=501)
    display = steepest.QuantileDisplay(residuals).plot()
    across, up = display.artists_[0].get_offsets().T
    np.testing.assert_array_equal(up, np.sort(residuals))
    np.testing.assert_allclose(across, stats.probplot(residuals)[0][0], atol=0.04)  # other plotting positions
    # the mean smallest of 2 standard normal values is -1/√π; Blom's positions come within 5% of it
    assert normal_quantiles(2)[0] == pytest.approx(-(np.pi**-0.5), rel=0.05)


def test_residuals_that_are_normal_lie_along_the_line_and_far_ones_do_not_move_it():
    exact = 3 + 2 * normal_quantiles(401)
    level, slope = quartile_line(exact)
    assert (level, slope) == pytest.approx((3, 2), rel=1e-5)
    exact[np.argmax(exact)] = 1e6
    assert quartile_line(exact) == (level, slope)
    line = steepest.QuantileDisplay(exact).plot().artists_[1]
    assert (line.get_xy1(), line.get_slope()) == ((0, level), slope)
    assert steepest.QuantileDisplay(np.ones(1)).plot().artists_[0].get_offsets().tolist() == [[0, 1]]
    for wrong in (np.zeros(0), np.zeros((3, 1))):
        with pytest.raises(DataError, match="n at least 1"):
            steepest.QuantileDisplay(wrong)


def test_held_out_rows_are_drawn_apart(run):
    generator = np.random.default_rng(2)
    X, y = generator.normal(size=(30, 3)), generator.normal(size=30)
    learned, held_out = (X[:20], y[:20]), (X[20:], y[20:])
    predictions, residuals = run.predict(X), y - run.predict(X)
    for kind, across, up in (("predictions", y, predictions), ("residuals", predictions, residuals)):
        display = run.plot(kind, *learned, held_out=held_out)
        points = [artist.get_offsets() for artist in display.artists_[:2]]
        np.testing.assert_allclose(points[0], np.column_stack([across, up])[:20])
        np.testing.assert_allclose(points[1], np.column_stack([across, up])[20:])
        assert_told_apart(display)
    display = run.plot("qq", *learned, held_out=held_out)
    assert_told_apart(display)
    for artist, part in zip(display.artists_, (residuals[:20], residuals[20:]), strict=False):
        np.testing.assert_allclose(artist.get_offsets(), np.column_stack([normal_quantiles(len(part)), np.sort(part)]))
    alone = run.plot("qq", *learned)
    assert display.artists_[2].get_slope() == alone.artists_[1].get_slope()  # the line is of the rows learned from
    assert "training rows" not in [text.get_text() for text in alone.ax_.get_legend().get_texts()]
    assert run.plot("residuals", *learned, held_out=(X[:0], y[:0])).held_out is None
    assert "20 residuals" in repr(run.plot("residuals", *learned, held_out=held_out))
    assert "; 10 held out" in repr(run.plot("residuals", *learned, held_out=held_out))


def assert_told_apart(display):
    shown = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert shown[:2] == ["training rows", "held-out rows"]
    colors = [artist.get_facecolor()[0, :3].tolist() for artist in display.artists_[:2]]
    assert colors[0] != colors[1]


def test_held_out_rows_must_be_rows(run):
    X, y = np.zeros((4, 3)), np.zeros(4)
    for held_out, error, words in (
        (X, UsageError, r"a pair \(X, y\)"),
        ((X, y[:3]), DataError, "4 rows and y has 3 values"),
    ):
        with pytest.raises(error, match=words):
            run.plot("qq", X, y, held_out=held_out)
    for mask in ([True], [0, 1, 0, 1], "held"):
        with pytest.raises(DataError, match="True or False for each of the 4 rows"):
            steepest.ResidualDisplay(y, y, held_out=mask)
    with pytest.raises(UsageError, match='"index" draws all rows alike'):
        steepest.PredictionErrorDisplay.from_trajectory(run, X, y, held_out=(X, y), kind="index")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e301, 1e308, np.inf])
def test_what_a_diverging_run_predicts_is_left_out_where_no_axis_holds_it(size, tmp_path):
    far = np.array([-size, 1.0, 2.0, 3.0, size])
    for display in (
        steepest.ResidualDisplay(far, far),
        steepest.QuantileDisplay(far),
        steepest.QuantileDisplay(far[[0, 4]]),
        steepest.PredictionErrorDisplay(np.arange(5.0), far),
        steepest.PredictionErrorDisplay(far[[0, 4]], far[[4, 0]]),
        steepest.PredictionErrorDisplay(np.arange(5.0), far, kind="index"),
    ):
        save(display, tmp_path / "p.png", "png")
        assert max(map(abs, display.ax_.get_ylim())) < 10


def test_predictions_must_fit_their_targets():
    with pytest.raises(DataError, match=r"shape \(n,\)"):
        steepest.PredictionErrorDisplay(np.zeros(3), np.zeros(4))
    with pytest.raises(UsageError, match="kind is"):
        steepest.PredictionErrorDisplay(np.zeros(3), np.zeros(3), kind="pie")


def test_any_display_draws_on_given_axes_and_saves(run, tmp_path):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert steepest.LossCurveDisplay.from_trajectory(run).plot(axes).ax_ is axes
    save(steepest.ModeDecayDisplay.from_trajectory(run), tmp_path / "modes.png", "png")
    assert (tmp_path / "modes.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.process
def test_numbers_can_be_had_without_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None; import steepest; "
        "run = steepest.descend([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0], learning_rate=0.1, epochs=9); "
        "print(len(steepest.LossCurveDisplay.from_trajectory(run).loss), len(steepest.ModeDecayDisplay.from_trajectory(run).remaining))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == [
        "10",
        "10",
    ]
