"""Arguments: whatever is given to a public door, the answer is a result or an error in words, never one from inside."""

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.errors import SteepestError, SteepestWarning

ODD = (
    None, [], (), {}, "", "x", 3, -1, 0, 1.5, -1e-9, 1e308, 10**400, math.nan, math.inf, True, False, object(), b"x", 1 + 1j,
    [None], ["x"], [[1.0], [2.0]], {"a": 1}, {"a"}, np.array([1.0, 2.0]), np.zeros(0), np.zeros((3, 0)), np.array(["a"]), np.float64(2),
    lambda *given: None,
)  # fmt: skip
"""None, the empty, the wrong type, the wrong range, the wrong shape."""

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(30, 3))
Y = X @ [1.0, 2.0, 3.0] + GENERATOR.normal(size=30)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=Y)
TRIANGLE = steepest.summarize(X, Y)
RUN = steepest.descend(X, Y, learning_rate=0.1, epochs=50)
SWEEP = steepest.sweep(X, Y, learning_rates=[0.1], epochs=[1, 10])
SETTINGS = {
    "rule": "gradient",
    "learning_rate": 0.1,
    "momentum": None,
    "l2": 0.0,
    "objective": "mse",
    "standardize": True,
}


def fitted(kind):
    """A door that takes an estimator's settings, and fits with them."""

    def door(**settings):
        return kind(**settings).fit(X, Y)

    own = inspect.signature(kind.__init__)
    door.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])  # type: ignore[attr-defined]
    return door


ESTIMATOR = steepest.GradientDescentRegressor(learning_rate=1.0).fit(X, Y)
MODEL = steepest.Model.of(RUN)
DOORS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "descend": (steepest.descend, (X, Y), {}),
    "descend frame": (steepest.descend, (FRAME,), {"target": "y"}),
    "solve": (steepest.solve, (X, Y), {}),
    "diagnose": (steepest.diagnose, (X, Y), {}),
    "summarize": (steepest.summarize, (X, Y), {}),
    "sweep": (steepest.sweep, (X, Y), {}),
    "sweep frame": (steepest.sweep, (FRAME,), {"target": "y"}),
    "infer": (steepest.infer, (X, Y), {}),
    "explain": (steepest.explain, (X, Y), {"epoch": 3}),
    "open_source": (steepest.open_source, (FRAME,), {"target": "y"}),
    "validation_curve": (steepest.validation_curve, (RUN, TRIANGLE), {}),
    "Record": (steepest.Record, (), {}),
    "TimeLimit": (steepest.TimeLimit, (1.0,), {}),
    "SmallGradient": (steepest.SmallGradient, (1.0,), {}),
    "Problem.of": (steepest.Problem.of, (TRIANGLE,), {}),
    "Triangle.scaled": (TRIANGLE.scaled, (0.5,), {}),
    "Triangle.select": (TRIANGLE.select, (), {}),
    "Triangle.sum": (steepest.Triangle.sum, ([TRIANGLE],), {}),
    "Triangle.from_bytes": (steepest.Triangle.from_bytes, (TRIANGLE.to_bytes(),), {}),
    "Trajectory.at": (RUN.at, (3,), {}),
    "Trajectory.loss": (RUN.loss, ([1, 2],), {}),
    "Trajectory.rmse": (RUN.rmse, ([1, 2],), {}),
    "Trajectory.parameters": (RUN.parameters, ([1, 2],), {}),
    "Trajectory.epochs_to": (RUN.epochs_to, (0.1,), {}),
    "Trajectory.predict": (RUN.predict, (X,), {}),
    "Trajectory.summary": (RUN.summary, (), {}),
    "Trajectory.states": (RUN.states, ([1, 2],), {}),
    "Trajectory.extend": (RUN.extend, (10,), {}),
    "State.predict": (RUN.last.predict, (X,), {}),
    "Sweep.run": (SWEEP.run, (), {}),
    "GradientRule": (steepest.GradientRule, (0.1,), {}),
    "HeavyBallRule": (steepest.HeavyBallRule, (0.1,), {"momentum": 0.5}),
    "NesterovRule": (steepest.NesterovRule, (0.1,), {"momentum": 0.5}),
    "ChebyshevRule": (steepest.ChebyshevRule, (1.0, 2.0), {}),
    "Batch": (steepest.Batch, (X, Y[:, None], ("a", "b", "c"), ("y",)), {}),
    "Triangle.load": (steepest.Triangle.load, ("nothing",), {}),
    "Triangle.coordinates": (TRIANGLE.coordinates, ("raw",), {}),
    "load": (steepest.load, ("nothing",), {}),
    "export": (steepest.export, (MODEL, "python"), {}),
    "Model.predict": (MODEL.predict, (X,), {}),
    "page": (steepest.page, (RUN, X, Y), {}),
    "LossCurveDisplay": (steepest.LossCurveDisplay.from_trajectory, (RUN,), {}),
    "LossContourDisplay": (steepest.LossContourDisplay.from_trajectory, (RUN,), {}),
    "ModeDecayDisplay": (steepest.ModeDecayDisplay.from_trajectory, (RUN,), {}),
    "PredictionErrorDisplay": (steepest.PredictionErrorDisplay.from_trajectory, (RUN, X, Y), {}),
    "ResidualDisplay": (steepest.ResidualDisplay.from_trajectory, (RUN, X, Y), {}),
    "Trajectory.plot": (RUN.plot, ("residuals", X, Y), {}),
    "Trajectory.history": (RUN.history, ([1, 2],), {}),
    "ValidationCurveDisplay": (steepest.ValidationCurveDisplay.from_trajectory, (RUN, TRIANGLE), {}),
    "HeatMapDisplay": (steepest.HeatMapDisplay.from_sweep, (SWEEP,), {}),
    "estimator": (fitted(steepest.GradientDescentRegressor), (), {}),
    "estimator.fit": (steepest.GradientDescentRegressor(learning_rate=1.0).fit, (X, Y), {}),
    "estimator.partial_fit": (steepest.GradientDescentRegressor(learning_rate=1.0).partial_fit, (X, Y), {}),
    "estimator.predict": (ESTIMATOR.predict, (X,), {}),
    "estimator.score": (ESTIMATOR.score, (X, Y), {}),
    "estimator CV": (fitted(steepest.GradientDescentRegressorCV), (), {}),
    "estimator CV.fit": (steepest.GradientDescentRegressorCV().fit, (X, Y), {}),
    "example": (steepest.example, ("penguins",), {}),
}
LEFT_OUT = {"cluster", "checkpoint", "settings"}  # what starts processes, or writes files


def parameters(function):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind not in kinds]


def numbers_in(result):
    """The numbers of what a door gave, as far as a reader would take them for an answer."""
    if isinstance(result, (float, np.floating, np.ndarray)):
        yield np.asarray(result)
    elif isinstance(result, tuple):
        for part in result:
            yield from numbers_in(part)
    elif isinstance(result, (steepest.Trajectory, steepest.Solution, steepest.State)):
        last = result.last if isinstance(result, steepest.Trajectory) else result
        if not (isinstance(result, steepest.Trajectory) and result.verdict.kind == "diverges"):
            yield from (np.asarray(last.weights), np.asarray(last.bias))


@pytest.mark.parametrize("door", DOORS)
def test_whatever_is_given_the_answer_is_a_result_or_an_error_in_words(door):
    function, positional, named = DOORS[door]
    names = parameters(function)
    wrong = []
    for name in names:
        if name in LEFT_OUT:
            continue
        for odd in ODD:
            given = dict(zip(names, positional, strict=False)) | named | {name: odd}
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                try:
                    result = function(**given)
                    if not all(np.isfinite(part).all() for part in numbers_in(result) if part.dtype.kind == "f"):
                        wrong.append((name, odd, "not a number in the answer"))
                except (SteepestError, FileNotFoundError):
                    pass
                except (TypeError, ValueError) as error:  # scikit-learn's own checks, in its words
                    if not door.startswith("estimator") or "ambiguous" in str(error):
                        wrong.append((name, odd, repr(error)))
                except Exception as error:
                    wrong.append((name, odd, repr(error)))
            known = (UserWarning,) if door.startswith("estimator") else (SteepestWarning,)
            stray = [one for one in told if not issubclass(one.category, known)]
            if stray:
                wrong.append((name, odd, str(stray[0].message)))
    assert not wrong, "\n".join(map(str, wrong))


NO_DOORS = {
    "EXAMPLES", "ExampleData", "tutorial", "register",  # no numbers are given
    "Coding", "Diagnosis", "Explanation", "Inference", "Solution", "Source", "State", "Sweep", "ValidationCurve", "Verdict",  # results
    "LinearRule", "Objective", "Rule", "Stop", "Model", "Problem", "Trajectory", "Triangle",  # made by doors that are listed, or by heirs
}  # fmt: skip


def test_every_public_name_is_a_door_or_takes_nothing():
    named = {part for door in DOORS for part in door.replace(".", " ").split()}
    named |= {"GradientDescentRegressor", "GradientDescentRegressorCV"}
    errors = {name for name in steepest.__all__ if name.endswith(("Error", "Warning"))}
    assert set(steepest.__all__) - named - errors - NO_DOORS == {"__version__"}
