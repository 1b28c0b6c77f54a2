"""Reprs: every public object says in a few short lines what a person would ask, and a notebook shows a table."""

import importlib.util
import re
from typing import Any

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError


def table(d, t, n):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, d))
    Y = X[:, :1] + generator.normal(size=(n, t))
    return X, Y if t > 1 else Y[:, 0]


def objects(d, t, n=60):
    """Public objects made of d features and t targets."""
    X, y = table(d, t, n)
    settings = {"learning_rate": 1e-3, "epochs": 50}
    run = steepest.descend(X, y, **settings)
    diagnosis, source = steepest.diagnose(X, y, learning_rate=0.01), steepest.open_source(X, y)
    yield from (
        run,
        run.verdict,
        run.last,
        run.optimum,
        run.problem,
        run.coordinates,
        run.iterates,
        run.ended,
        run.rule,
    )
    yield from (run.problem.triangle, run.problem.quadratic, diagnosis, diagnosis.view, diagnosis.modes[0])
    yield from (
        *diagnosis.view.rules,
        steepest.solve(X, y),
        steepest.Model.of(run),
        source,
        next(iter(source.batches())),
    )
    yield from (steepest.descend(X, y, engine="loop", **settings), steepest.descend(X, y, learning_rate=1e3, epochs=9))
    yield from (source.coding, steepest.Record(every=3), steepest.TimeLimit(1.0), steepest.SmallGradient(1e-3))
    yield steepest.DualityGap(1e-3)
    yield from (steepest.HeldOut(X, y), steepest.JsonLines("run.jsonl"), steepest.MLflow(), steepest.Record(when=len))
    yield from (steepest.LossCurveDisplay.from_trajectory(run), steepest.ModeDecayDisplay.from_trajectory(run))
    yield from (steepest.ChebyshevRule(1.0, 2.0), steepest.HeavyBallRule(0.1, 0.9), steepest.NesterovRule(0.1, 0.9))
    if t == 1:
        sweep = steepest.sweep(X, y, learning_rates=[1e-3, 1e-2], epochs=[1, 10], l2=[0.0, 0.1])
        yield from (sparse := steepest.path(X, y), sparse.best, steepest.Model.of_path(sparse))
        yield from (steepest.CoefficientPathDisplay.from_path(sparse), steepest.HeldOutPathDisplay.from_path(sparse))
        held = steepest.summarize(X + 0.1, y)
        yield from (
            sweep,
            sweep.best,
            sweep.run(),
            steepest.validation_curve(run, held),
            steepest.HeatMapDisplay.from_sweep(sweep),
        )
        yield from (
            run.plot("contour"),
            run.plot("predictions", X, y),
            run.plot("residuals", X, y),
            run.plot("qq", X, y),
        )
        yield from (
            steepest.ValidationCurveDisplay.from_trajectory(run, held),
            steepest.explain(X, y, epoch=3, learning_rate=1e-3),
            forecast := steepest.forecast(X, y, batch_size=8),
            forecast.limits(),
            forecast.grid(2),
            steepest.ForecastDisplay.from_forecast(forecast, runs=1),
            steepest.BatchLimitsDisplay.from_forecast(forecast),
            steepest.BatchMapDisplay.from_forecast(forecast),
        )
        yield from (steepest.infer(*table(d, t, d + 50)), steepest.GradientDescentRegressor().fit(X, y))
        classes = (np.median(y) < y).astype(float)
        yield steepest.GradientDescentClassifier(l2=0.1).fit(X, classes)
        yield from (
            lasso := steepest.path(X, classes, loss="logistic", penalties=[0.1, 0.01]),
            lasso.best,
            lasso.page(),
        )
        fitted = steepest.descend(X, classes, loss="logistic", l2=0.1, epochs=3)
        yield from (found := steepest.evaluate(fitted, X, classes), steepest.evaluate(run, X, y), found.confusion)
        yield from (found.ranking(), found.calibration())
        kinds = ("roc", "precision_recall", "calibration", "confusion", *(["boundary"] if d == 2 else []))
        yield from (fitted.plot(kind, X, classes) for kind in kinds)
        if d < 250:
            yield run.page(X, y)
    yield from map(steepest.example, steepest.EXAMPLES)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("d", "t"), [(2, 1), (500, 1), (3, 2), (40, 12)])
def test_a_repr_is_a_few_short_lines_of_what_a_person_would_ask(d, t):
    for thing in objects(d, t):
        name, text = type(thing).__name__, repr(thing)
        lines = text.split("\n")
        assert text.startswith(name), text
        assert len(lines) <= 10, text
        assert max(map(len, lines)) <= 120, text
        assert not re.search(r"0x[0-9a-f]{4}|\b_[a-z]|\barray\(", text), text
        if name in ("LossCurveDisplay", "HeatMapDisplay", "Page"):
            assert len(lines) == 1


def test_a_run_says_weights_bias_loss_and_verdict():
    run = steepest.descend([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5], learning_rate=0.1, epochs=9)
    for part in (
        "y on x1",
        f"x1 {run.weights[0]:.6g}"[:8],
        f"bias {run.bias:.6g}"[:9],
        "loss",
        run.verdict.sentence[:20],
    ):
        assert part in repr(run)


def test_a_repr_never_raises():
    for kind in (steepest.Trajectory, steepest.Inference, steepest.Sweep, steepest.Model, steepest.LossCurveDisplay):
        assert repr(object.__new__(kind)).startswith(kind.__name__)


@pytest.mark.filterwarnings("ignore")
def test_tables_in_a_notebook_are_short_and_take_names_for_text():
    X, y = table(500, 1, 60)
    names = ["<b>bold</b>", *(f"x{j}" for j in range(499))]
    run = steepest.descend(X, y, learning_rate=1e-3, epochs=5, features=names)
    things = (run, run.verdict, steepest.Model.of(run), steepest.diagnose(X, y), steepest.solve(X, y))
    for thing in things:
        html = thing._repr_html_()
        assert html.count("<tr>") <= 33
        assert "<b>" not in html
        assert html.count(";padding:") == len(re.findall("<t[dh] style", html)) > 0  # some notebooks let cells touch
    assert "&lt;b&gt;bold" in run._repr_html_()
    X, y = table(3, 12, 60)
    assert "y10" in steepest.descend(X, y)._repr_html_()


def test_a_display_shows_its_picture_and_keeps_what_is_drawn():
    run = steepest.descend(*table(2, 1, 30), learning_rate=0.1, epochs=9)
    display = steepest.LossCurveDisplay.from_trajectory(run)
    assert display._repr_png_().startswith(b"\x89PNG")
    assert display.ax_ is None
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    assert run.plot("loss", ax=axes)._repr_png_() is None  # pyplot shows its own figure
    pyplot.close(figure)


def test_pictures_by_name():
    X, y = table(2, 1, 30)
    run = steepest.descend(X, y, learning_rate=0.1, epochs=9)
    assert isinstance(run.plot(), steepest.LossCurveDisplay)
    assert isinstance(run.plot("modes", title="m"), steepest.ModeDecayDisplay)
    residuals: Any = run.plot("residuals", X, y)
    np.testing.assert_allclose(residuals.residuals, y - X @ run.weights - run.bias)
    np.testing.assert_array_equal(residuals.artists_[0].get_offsets()[:, 1], residuals.residuals)
    quantiles: Any = run.plot("qq", X, y)
    np.testing.assert_array_equal(quantiles.residuals, residuals.residuals)
    refused = [(("pie",), 'kind is "loss"'), (("residuals",), "needs rows"), (("loss", X, y), "takes no rows")]
    for arguments, message in refused:
        with pytest.raises(UsageError, match=message):
            run.plot(*arguments)
    with pytest.raises(UsageError, match="has no colour"):
        run.plot("loss", colour="red")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_results_as_data_frames(library):
    pytest.importorskip(library)
    X, y = table(2, 1, 60)
    run = steepest.descend(X, y, learning_rate=0.1, epochs=9, features=["a", "loss"])
    history = run.history([0, 4, 9], library)
    assert type(history).__module__.startswith(library)
    columns = history.column_names if library == "pyarrow" else list(history.columns)
    assert columns == ["epoch", "loss", "rmse", "bias", "a", "weight of loss"]
    np.testing.assert_array_equal(np.asarray(history["weight of loss"]), run.parameters([0, 4, 9])[0][:, 1])
    inference = steepest.infer(X, y)
    np.testing.assert_array_equal(np.asarray(inference.to_frame(library)["p"]), inference.p_values)
    sweep = steepest.sweep(X, y, learning_rates=[0.1, 1.0], epochs=[1, 10], l2=[0.0, 0.1])
    frame = sweep.to_frame(library)
    assert np.asarray(frame["rmse"]).tolist() == [setting.rmse for setting in sweep.table]


def test_without_a_library_the_error_says_what_to_install(monkeypatch):
    run = steepest.descend([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install pandas"):
        run.history()
    with pytest.raises(UsageError, match="pip install polars"):
        run.history(library="polars")
