"""Pictures of forecasts keep the forecast's numbers, and draw what they keep."""

import io

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.views.plots import OF_FORECASTS, as_bytes, forecast

SETTINGS = {"batch_size": 8, "learning_rate": 0.2, "epochs": 5, "order": "replacement"}


def table(n=60):
    generator = np.random.default_rng(4)
    X = generator.normal(size=(n, 2)) * [1.0, 1.5] + 0.5
    return X, X @ [1.0, 2.0] + 1 + generator.normal(size=n)


@pytest.fixture
def f():
    return steepest.forecast(*table(), **SETTINGS)


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("order", ["replacement", "shuffled", "fixed"])
def test_single_runs_are_those_that_descend_makes(order):
    settings = SETTINGS | {"order": order, "objective": "mse", "standardize": True, "l2": 0.1}
    f = steepest.forecast(*table(), **settings)
    display = steepest.ForecastDisplay.from_forecast(f, runs=3).plot()
    made = [steepest.descend(*table(), **settings, seed=seed).loss() for seed in range(1 if order == "fixed" else 3)]
    np.testing.assert_allclose(display.runs + f.minimum, made, rtol=1e-12)
    np.testing.assert_array_equal(display.expected + f.minimum, f.loss())
    for line, numbers in zip(display.lines_, [display.expected, *display.runs], strict=False):
        np.testing.assert_array_equal(line.get_ydata(), numbers)
    np.testing.assert_array_equal(display.lines_[-1].get_ydata(), f.floor)
    assert "loss (mse)" in display.ax_.get_ylabel()
    assert display.ax_.get_yscale() == "log"
    assert labels(display)[1] == ("1 single run" if order == "fixed" else "3 single runs")


def test_as_many_runs_as_steps_allow_unless_said(f, monkeypatch):
    assert len(steepest.ForecastDisplay.from_forecast(f).runs) == 8
    monkeypatch.setattr(forecast, "MOST_STEPS", 130)  # an epoch has 8
    assert len(steepest.ForecastDisplay.from_forecast(f).runs) == 3
    assert len(steepest.ForecastDisplay.from_forecast(f, runs=4).runs) == 4
    alone = steepest.ForecastDisplay.from_forecast(f, runs=0).plot()
    assert labels(alone)[0] == "expected: the mean of all runs"
    assert len(labels(alone)) == 2
    for runs in (-1, 1.5, "many", 1_001):
        with pytest.raises(UsageError, match="runs is a whole number from 0 to 1,000"):
            steepest.ForecastDisplay.from_forecast(f, runs=runs)


@pytest.mark.filterwarnings("error")
def test_a_mean_that_grows_leaves_the_picture_and_the_runs_stay_in_it():
    generator = np.random.default_rng(0)
    heavy = generator.standard_t(3, size=(60, 1))
    target = heavy[:, 0] + generator.normal(size=60)
    settings = SETTINGS | {"batch_size": 1, "epochs": 60}
    limit = steepest.forecast(heavy, target, **settings).stability_limit
    f = steepest.forecast(heavy, target, **settings | {"learning_rate": 1.2 * limit})
    display = steepest.ForecastDisplay.from_forecast(f, runs=3).plot()
    assert labels(display)[0].endswith("grows without bound")
    bottom, top = display.ax_.get_ylim()
    assert display.expected[-1] > top
    assert top == 100 * max(display.expected[0], display.runs.max())
    assert bottom == min(display.expected[0], display.runs.min()) / 2
    far = steepest.forecast(heavy, target, **settings | {"learning_rate": 1e3})
    display = steepest.ForecastDisplay.from_forecast(far, runs=2)
    assert np.isnan(display.runs[:, -1]).all()
    assert as_bytes(display, "png").startswith(b"\x89PNG")


@pytest.mark.filterwarnings("error")
def test_what_is_rounding_is_drawn_at_the_bottom():
    x = np.arange(1.0, 31.0)[:, None]
    f = steepest.forecast(x, 0.5 * x[:, 0] + 2, **SETTINGS | {"learning_rate": 0.5, "epochs": 80}, standardize=True)
    display = steepest.ForecastDisplay.from_forecast(f, runs=2).plot()
    assert display.lines_[0].get_ydata().min() == 1e-16 * display.expected[0]
    assert not any("floor" in label for label in labels(display))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("y", "more"),
    [
        (np.zeros(60), {}),
        (np.full(60, 3.0), {"standardize": True}),
        (table()[1], {"epochs": 0}),
        (table()[1], {"batch_size": 400}),
        (1e140 * table()[1], {}),
        (1e-140 * table()[1], {}),
        (table()[1], {"learning_rate": 1e-300}),
        (table()[1], {"learning_rate": 50.0, "order": "fixed", "epochs": 400}),
    ],
)
@pytest.mark.parametrize("kind", OF_FORECASTS.values(), ids=OF_FORECASTS)
def test_the_least_and_the_largest_can_be_drawn(kind, y, more):
    f = steepest.forecast(table()[0], y, **SETTINGS | more)
    assert as_bytes(kind.from_forecast(f), "png").startswith(b"\x89PNG")


def test_limits_are_those_of_each_batch_size(f):
    display = steepest.BatchLimitsDisplay.from_forecast(f).plot()
    limits = display.limits
    assert limits.batch_sizes.tolist() == [1, 2, 4, 8, 16, 32, 60]
    for i in (0, 3, 6):
        one = steepest.forecast(*table(), **SETTINGS | {"batch_size": int(limits.batch_sizes[i])})
        assert (limits.stability[i], limits.guaranteed[i]) == (one.stability_limit, one.guaranteed_rate)
    assert limits.full_batch == pytest.approx(steepest.diagnose(*table()).stability_limit, rel=1e-12)
    assert (limits.guaranteed <= limits.stability).all()
    stable, safe, full, critical, in_use = (line.get_xydata() for line in display.lines_)
    np.testing.assert_array_equal(stable, np.column_stack([limits.batch_sizes, limits.stability]))
    np.testing.assert_array_equal(safe[:, 1], limits.guaranteed)
    assert (full[0, 1], critical[0, 0], in_use.tolist()) == (limits.full_batch, f.critical_batch, [[8, 0.2]])
    assert display.ax_.get_ylim()[0] == 0
    tiny = steepest.forecast(*table(), **SETTINGS | {"learning_rate": 1e-6})
    assert steepest.BatchLimitsDisplay.from_forecast(tiny).plot().ax_.get_yscale() == "log"


def test_the_map_shows_the_grid_the_best_and_what_grows(f):
    display = steepest.BatchMapDisplay.from_forecast(f).plot()
    grid = display.grid
    assert (grid.passes, grid.best) == (5, f.best(5))
    assert grid.excess.shape == grid.learning_rates.shape == (6, 24)
    for mesh, limit, rates, excess in zip(
        display.meshes_, grid.stability_limits, grid.learning_rates, grid.excess, strict=True
    ):
        edges = mesh.get_coordinates()[0, :, 0]
        assert ((edges[:-1] < rates) & (rates < edges[1:])).all()
        assert edges[-1] == limit
        drawn = mesh.get_array().ravel()
        shown = excess < 1e4 * grid.excess.min()
        np.testing.assert_array_equal(drawn[shown], excess[shown])
    best, in_use = (line.get_xydata().ravel().tolist() for line in display.ax_.get_lines())
    assert best == [grid.best.learning_rate, np.log2(grid.best.batch_size)]
    assert in_use == [0.2, 3]
    assert labels(display)[0] == "grows without bound"
    for more in ({"batch_size": 60}, {"learning_rate": 1e-9}, {"learning_rate": 1e9}):
        other = steepest.forecast(*table(), **SETTINGS | more)
        assert labels(steepest.BatchMapDisplay.from_forecast(other).plot())[-1].endswith("(not in the picture)")
    assert labels(display)[-1] == "in use: batches of 8 rows, 0.2"
    with pytest.raises(UsageError, match="passes is a whole number"):
        steepest.BatchMapDisplay.from_forecast(f, passes=0)


@pytest.mark.parametrize("kind", OF_FORECASTS.values(), ids=OF_FORECASTS)
def test_nothing_overlaps_however_small_the_picture(f, kind):
    from matplotlib.figure import Figure

    for size in ((7, 4.3), (4, 3)):
        figure = Figure(figsize=size, layout="constrained")
        display = kind.from_forecast(f).plot(figure.add_subplot())
        figure.savefig(io.BytesIO(), format="png")
        legend, label = (part.get_window_extent() for part in (display.ax_.get_legend(), display.ax_.xaxis.label))
        assert legend.y1 < label.y0
        assert legend.y0 >= 0
        assert display.ax_.yaxis.label.get_window_extent().x0 >= 0
    with pytest.raises(UsageError, match="forecast"):
        kind.from_forecast(3)
