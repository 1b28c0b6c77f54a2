"""Callbacks of scikit-learn: each epoch is a task that begins and ends, with the model of that moment."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import steepest

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")

GENERATOR = np.random.default_rng(4)
X = GENERATOR.normal(size=(40, 3))
Y = X @ [1.0, 2.0, -1.0] + 3 + GENERATOR.normal(size=40)
HOW = {"learning_rate": 0.3, "epochs": 6, "tol": 1e-1}


class Recorder:
    """Keeps what it is told; ends a fit at the end of a task of this number."""

    def __init__(self, last=None):
        self.last, self.told = last, []

    def setup(self, estimator, context):
        self.told.append(("setup", context.task_name, None, None))

    def teardown(self, estimator, context):
        self.told.append(("teardown", context.task_name, None, None))

    def on_fit_task_begin(self, estimator, context, *, X=None, metadata=None, fitted_estimator=None):
        self.told.append(("begin", context.task_name, context.task_id, fitted_estimator))
        self.given = X, metadata

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.told.append(("end", context.task_name, context.task_id, fitted_estimator))
        return context.task_name == "epoch" and context.task_id == self.last


def fitted(recorder, *rows, **settings):
    model = steepest.GradientDescentRegressor(**HOW | settings).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*rows)


def test_each_epoch_begins_and_ends_with_the_model_of_that_moment():
    recorder, weight = Recorder(), np.ones(40)
    model = fitted(recorder, X, Y, weight)
    assert model.trajectory_.engine == "loop"
    assert [told[:3] for told in recorder.told] == [
        ("setup", "fit", None), ("begin", "fit", 0),
        *(event for k in range(6) for event in (("begin", "epoch", k), ("end", "epoch", k))),
        ("end", "fit", 0), ("teardown", "fit", None),
    ]  # fmt: skip
    assert recorder.given[0] is X
    assert recorder.given[1]["sample_weight"] is weight
    for event, task, number, then in recorder.told:
        if task == "epoch":
            state = model.trajectory_.at(number + (event == "end"))
            assert (then.coef_.tolist(), then.intercept_) == (state.weights.tolist(), state.bias)
            np.testing.assert_allclose(then.predict(X), X @ state.weights + state.bias)
            assert then.n_iter_ == state.epoch
    assert recorder.told[-2][3].coef_.tolist() == model.coef_.tolist()


def test_a_callback_ends_the_fit_and_nobody_is_warned():
    recorder = Recorder(last=2)
    model = steepest.GradientDescentRegressor(**HOW).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y)
    assert model.n_iter_ == 3
    assert str(model.trajectory_.ended) == "A callback ended the run after epoch 3."
    assert [told[0] for told in recorder.told].count("begin") == [told[0] for told in recorder.told].count("end") == 4


def test_each_task_that_begins_ends_however_the_run_ends():
    recorder = Recorder()
    model = fitted(recorder, X, Y, rule="barzilai_borwein", epochs=500, tol=1e-6)
    assert model.trajectory_.ended.reason == "tolerance"
    tasks = [told[0] for told in recorder.told if told[1] == "epoch"]
    assert tasks == ["begin", "end"] * (model.n_iter_ + 1)  # the last of them without a step
    recorder = Recorder()
    two = fitted(recorder, X, np.column_stack([Y, -Y]))
    assert recorder.told[-3][3].coef_.tolist() == two.coef_.tolist()
    assert recorder.told[-3][3].predict(X).shape == (40, 2)


def test_a_fit_that_fails_is_torn_down_and_leaves_the_model_as_it_was():
    recorder = Recorder()
    model = fitted(recorder, X, Y)
    before = set(vars(model)), model.coef_
    with pytest.raises(steepest.DivergenceError):
        model.set_params(learning_rate=100.0).fit(X, Y)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, Y)
    assert [told[0] for told in recorder.told].count("teardown") == 3
    assert (set(vars(model)), model.coef_) == before
    assert np.isfinite(model.set_params(learning_rate=0.3, epochs=60).set_callbacks().fit(X, Y).coef_).all()
    assert model.trajectory_.engine == "modes"  # nobody listens any more


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learns_own_go_through_a_search():
    monitor = callback.ScoringMonitor(scoring="r2")
    model = steepest.GradientDescentRegressor(epochs=4, tol=0.1).set_callbacks(monitor)
    search = GridSearchCV(model, {"learning_rate": [0.1, 0.3]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, Y)
    frame = monitor.get_logs().data_as_pandas
    epochs = frame[frame.task_name == "epoch"]
    assert np.isclose(epochs.r2, search.best_estimator_.score(X, Y)).sum() == 1
    assert len(epochs) == 4 * (2 * 2 + 1)


def test_held_out_rows_still_choose_the_epoch():
    recorder = Recorder()
    model = fitted(recorder, X, Y, validation=(X + 0.3, Y), epochs=40)
    plain = steepest.GradientDescentRegressor(**HOW | {"epochs": 40, "validation": (X + 0.3, Y)}).fit(X, Y)
    assert model.n_iter_ == plain.n_iter_
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    assert max(told[2] for told in recorder.told if told[1] == "epoch") == 39 or model.trajectory_.epochs < 40


@pytest.mark.process
def test_before_version_1_9_there_are_none():
    code = (
        "import sys, sklearn.model_selection; sys.modules['sklearn.callback'] = None; del sklearn.callback\n"
        "import numpy, steepest\nx = numpy.arange(9.0)[:, None]\n"
        "model = steepest.GradientDescentRegressor().fit(x, 2 * x[:, 0] + 1)\n"
        "print(hasattr(model, 'set_callbacks'), model.coef_.round(9), model.trajectory_.engine)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False [2.] modes", done.stderr


def test_a_warning_points_at_the_line_that_fits():
    model = steepest.GradientDescentRegressor(learning_rate=1e-3, epochs=2)
    with pytest.warns(ConvergenceWarning) as told:
        model.fit(X, Y)
    assert told[0].filename == __file__
