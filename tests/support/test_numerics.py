"""Numerics: neither alarms of the caller nor what runs beside it changes a result."""

import functools
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import steepest
from steepest.support.numerics import numeric, numerics
from steepest.support.values import are_equal
from steepest.views.plots import LossContourDisplay, LossCurveDisplay, ModeDecayDisplay
from tests.support.test_threads import blas_threads
from tests.truths import known_problem

x = np.arange(1.0, 301.0)[:, None]
y = 0.5 * x[:, 0] + 2 + np.sin(x[:, 0])
# a column whose square leaves float64, and targets as small
X, small = np.hstack([x, 1e-160 * np.cos(x), 1e3 * np.sin(9 * x)]), 1e-170 * np.column_stack([y, y])
tiny = 1e-300 * X


@functools.cache
def run(**settings):
    return steepest.descend(x, y, **settings)


LONG = {"learning_rate": 5e-5, "epochs": 2_000_000}
GROWING = {"learning_rate": 1.0, "epochs": 3000}
CALLS = {
    "summarize": lambda: steepest.summarize(X, y),
    "+": lambda: steepest.summarize(X, y) + steepest.summarize(tiny, y),
    "scaled": lambda: steepest.summarize(X, y).scaled(1e-200),
    "select": lambda: steepest.summarize(X, y).select(("x2",), ("y",)),
    "triangle's rmse": lambda: steepest.summarize(X, y).rmse(np.full((3, 1), 1e-170), 0.0),
    "standardized": lambda: steepest.summarize(X, y).standardized(),
    "descend": lambda: steepest.descend(X, y, standardize=True),
    "descend, long": lambda: steepest.descend(x, y, **LONG),
    "descend, growing": lambda: steepest.descend(x, y, **GROWING),
    "descend, growing from a start": lambda: steepest.descend(x, y, start=([1.0], 0.0), **GROWING).verdict,
    "descend, loop": lambda: steepest.descend(x, y, epochs=3000, engine="loop"),
    "descend, growing loop": lambda: steepest.descend(x, y, engine="loop", **GROWING).weights,
    "descend, nesterov": lambda: steepest.descend(x, y, rule="nesterov").verdict,
    "descend, chebyshev": lambda: steepest.descend(x, y, rule="chebyshev", epochs=3000).loss(),
    "descend, heavy ball": lambda: steepest.descend(x, y, rule="heavy_ball", epochs=30_000).loss(),
    "descend, small targets": lambda: steepest.descend(X, small, standardize=True, epochs=1000).loss(),
    "loss": lambda: run(**LONG).loss([0, 10, 2_000_000]),
    "rmse": lambda: run(**GROWING).rmse(),
    "remaining": lambda: run(**LONG).remaining([1_999_999]),
    "effective parameters": lambda: run(**LONG).effective_parameters([1_999_999]),
    "at": lambda: run(**GROWING).at(50),
    "optimum": lambda: run(**LONG).optimum,
    "verdict": lambda: steepest.descend(x, y, **LONG).verdict,
    "epochs_to": lambda: (run(**LONG).epochs_to(1e-9), run(**LONG).epochs_to(1e-3, "loss")),
    "predict": lambda: run(**LONG).predict(tiny[:, :1]),
    "summary": lambda: str(steepest.descend(x, y, epochs=3).summary()),
    "page": lambda: run(**LONG).page(x, y).html,
    "diagnose": lambda: str(steepest.diagnose(X, y, learning_rate=1e-9)),
    "modes": lambda: steepest.diagnose(X, y).modes,
    "sweep": lambda: steepest.sweep(x, y, rule=["gradient", "nesterov"], l2=[0, 1e-200], epochs=[1, 10**7]),
    "sweep's table": lambda: steepest.sweep(X, y, epochs=[1, 10]).table,
    "explain": lambda: str(steepest.explain(X, y, epoch=3, learning_rate=1e-9)),
    "infer": lambda: str(steepest.infer(X[:, [0, 2]], y, robust="HC3")),
    "interval": lambda: steepest.infer(X[:, [0, 2]], y).predict(tiny[:, [0, 2]]),
    "solve": lambda: steepest.solve(X, y),
    "validation curve": lambda: steepest.validation_curve(run(**GROWING), steepest.summarize(x, y)),
    "model": lambda: steepest.Model.of(run(**LONG)).predict(tiny[:, :1]),
    "estimator": lambda: steepest.GradientDescentRegressor().fit(X, y).predict(tiny),
    "estimator with folds": lambda: steepest.GradientDescentRegressorCV().fit(x, y).predict(x),
    "loss curve": lambda: LossCurveDisplay.from_trajectory(run(**GROWING)).plot().loss,
    "modes' decay": lambda: ModeDecayDisplay.from_trajectory(run(**LONG)).plot().remaining,
    "contour": lambda: LossContourDisplay.from_trajectory(run(**GROWING)).plot().loss,
}


@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
@pytest.mark.parametrize("name", CALLS)
def test_results_do_not_depend_on_alarms_that_the_caller_has_set(name):
    run.cache_clear()
    with np.errstate(all="ignore"):
        quiet = CALLS[name]()
    run.cache_clear()
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert are_equal(CALLS[name](), quiet)
    run.cache_clear()
    with np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert are_equal(CALLS[name](), quiet)


def test_a_class_computes_inside_in_whatever_way_it_is_asked_and_stays_as_it_was_otherwise():
    def below(array):
        return float(array * array)

    @numeric
    class Numbers:
        """What it says."""

        number = np.float64(1e-200)

        def method(self, more: int = 3) -> float:
            """Say this."""
            return below(self.number) + len(set(blas_threads()) - {1})

        @property
        def plain(self):
            """Say that."""
            return self.method()

        @functools.cached_property
        def once(self):
            return self.method()

        @classmethod
        def of_class(cls):
            return below(cls.number)

        @staticmethod
        def of_none():
            return below(np.float64(1e-200))

        def __call__(self):
            return self.method()

        def _own(self):
            return self.number * self.number

    one = Numbers()
    with np.errstate(all="raise"):
        assert one.method() == one.plain == one.once == one.of_class() == one.of_none() == one() == 0.0
        with pytest.raises(FloatingPointError):
            one._own()
    assert Numbers.method.__doc__ == "Say this."
    assert Numbers.plain.__doc__ == "Say that."
    assert vars(one)["once"] == 0.0


def test_what_the_caller_has_set_is_there_again_afterwards():
    before = np.geterr()
    with np.errstate(all="raise"):
        with pytest.raises(ZeroDivisionError), numerics():
            raise ZeroDivisionError
        assert set(np.geterr().values()) == {"raise"}
    assert np.geterr() == before


@pytest.mark.slow
def test_sixteen_fits_on_four_threads_at_200_features_give_one_model_bit_for_bit():
    X, y, _, _ = known_problem(0, 400, 200, 30.0)
    triangle = steepest.summarize(X, y)

    def fit(_):
        run = steepest.descend(triangle, standardize=True, epochs=200, l2=0.1)
        return steepest.Model.of(run).to_bytes()

    alone = fit(0)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(fit, range(16))) == {alone}


BITS = """
import hashlib, sys
import numpy as np, steepest
def digest(*values):
    parts = [v.tobytes() if isinstance(v, np.ndarray) else repr(v).encode() for v in values]
    print(hashlib.sha256(b"|".join(parts)).hexdigest())
for size in (5, 100, 200):
    generator = np.random.default_rng(size)
    X = generator.normal(size=(3 * size, size)) * np.geomspace(1, 30, size)
    y = X.sum(axis=1) + generator.normal(size=len(X))      # no product of matrices: that is what is asked about
    triangle = steepest.summarize(X, y)
    digest(triangle.checksum, steepest.summarize(X[: size + 9], y[: size + 9]).checksum)
    for settings in ({}, {"standardize": True, "l2": 0.1}):
        run = steepest.descend(triangle, epochs=300, **settings)
        digest(run.loss(), run.rmse(), *run.parameters([0, 1, 299]), run.optimum.weights, str(run.verdict))
        digest(steepest.Model.of(run).to_bytes(), run.predict(X), run.at(7).loss, run.remaining([9]))
    digest(*steepest.descend(triangle, epochs=20, engine="loop", standardize=True).parameters())
    diagnosis = steepest.diagnose(triangle)
    digest(str(diagnosis), *[mode.direction for mode in diagnosis.modes], *[mode.eigenvalue for mode in diagnosis.modes])
    digest(str(steepest.infer(X, y, robust="HC3").as_json()))
    if size < 200:
        digest(steepest.solve(X, y).weights)
    sweep = steepest.sweep(X, y, learning_rates=[0.01, 0.1], epochs=[1, 100], l2=[0.0, 1.0], folds=3)
    digest(sweep.scores, sweep.effective_parameters)
    curve = steepest.validation_curve(steepest.descend(triangle, epochs=50), triangle)
    digest(curve.rmse, curve.held_out, curve.effective_parameters)
"""


@pytest.mark.process
@pytest.mark.slow
def test_one_two_and_four_blas_threads_give_the_same_bits():
    answers = []
    for count in ("1", "2", "4"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}
        done = subprocess.run([sys.executable, "-c", BITS], env=environment, capture_output=True, text=True, check=True)
        answers.append(done.stdout)
    assert len(answers[0].splitlines()) == 32
    assert len(set(answers)) == 1
