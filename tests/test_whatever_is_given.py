"""Arguments: whatever is given to a public door, the answer is a result or an error in words, never one from inside."""

import inspect
import math
import warnings
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import steepest
from steepest.errors import SteepestError, SteepestWarning

TABLE = np.array([1.0, 2.0])


def iterator():
    """An iterator that nobody has read from: each door gets one of its own."""
    return (one for one in (1.0, 2.0))


ODD: tuple[Any, ...] = (
    None, [], (), {}, "", "x", 3, -1, 0, 1.5, -1e-9, 1e308, 10**400, math.nan, math.inf, True, False, object(), b"x", 1 + 1j,
    [None], ["x"], [[1.0], [2.0]], {"a": 1}, {"a"}, TABLE, np.zeros(0), np.zeros((3, 0)), np.array(["a"]), np.float64(2),
    lambda *given: None, 2**63, -0.0, 5e-324, np.float32("nan"), "0.1", "a\0b", "x" * 5000, range(3), Decimal("0.1"), Fraction(1, 3),
    datetime(2020, 1, 1), pd.NA, pd.NaT, np.array(3.0), np.array([True, False]), np.array([1.0, None], dtype=object),
    np.ma.masked_array(TABLE, [True, False]), np.ma.masked, iterator,
)  # fmt: skip
"""None, the empty, the wrong type, the wrong range, the wrong shape, what only looks like a number or like an array."""

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(30, 3))
Y = X @ [1.0, 2.0, 3.0] + GENERATOR.normal(size=30)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=Y)
TRIANGLE = steepest.summarize(X, Y)
RUN = steepest.descend(X, Y, learning_rate=0.1, epochs=50)
LOGS = steepest.open_source(X, np.exp(Y), log_target=True)
LOG_RUN = steepest.descend(LOGS, learning_rate=0.1, epochs=50)
CLASSES = (np.median(Y) < Y).astype(float)
CLASS_RUN = steepest.descend(X, CLASSES, loss="logistic", l2=0.1, epochs=3)
FLAT_RUN = steepest.descend(X[:, :2], CLASSES, loss="logistic", l2=0.1, epochs=3)
CLASSIFIED = steepest.evaluate(CLASS_RUN, X, CLASSES)
FORECAST = steepest.forecast(X, Y, batch_size=8, epochs=3)
SWEEP = steepest.sweep(X, Y, learning_rates=[0.1], epochs=[1, 10])
PATH = steepest.path(X, Y, penalties=[0.1, 0.01])
LOSS_PATH = steepest.path(X, CLASSES, loss="logistic", penalties=[0.1, 0.01])
OF_A_PENALTY = ("aic", "bias", "bic", "coefficients", "cp", "degrees_of_freedom", "gap", "model", "rmse")
SETTINGS = {
    "rule": "gradient",
    "learning_rate": 0.1,
    "momentum": None,
    "l2": 0.0,
    "objective": "mse",
    "standardize": True,
}


def fitted(kind, y=Y):
    """A door that takes an estimator's settings, and fits with them."""

    def door(**settings):
        return kind(**settings).fit(X, y)

    own = inspect.signature(kind.__init__)
    door.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])
    return door


def held_out_run(data, y=None, patience=3):
    """A run on our rows that held-out ones end."""
    stop = steepest.HeldOut(data, y, patience=patience)
    return steepest.descend(X, Y, learning_rate=0.1, epochs=9, stop=stop)


NAMED = np.where(CLASSES == 1, "yes", "no")
CLASSIFIER = steepest.GradientDescentClassifier(l2=0.1).fit(X, NAMED)
ESTIMATOR = steepest.GradientDescentRegressor(learning_rate=1.0).fit(X, Y)
MODEL = steepest.Model.of(RUN)
BATCH = steepest.Batch(X, Y[:, None], ("a", "b", "c"), ("y",))
CODING = steepest.Coding.plain(("a", "b", "c"))
PROBLEM = steepest.Problem.of(TRIANGLE)
DOORS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "descend": (steepest.descend, (X, Y), {}),
    "descend in batches": (steepest.descend, (X, Y), {"batch_size": 4, "learning_rate": 0.01, "epochs": 3}),
    "descend on a loss": (
        steepest.descend,
        (X, (np.median(Y) < Y).astype(float)),
        {"loss": "logistic", "l2": 0.1, "epochs": 3},
    ),
    "evaluate": (steepest.evaluate, (CLASS_RUN, X, CLASSES), {}),
    "evaluate squares": (steepest.evaluate, (RUN, X, Y), {}),
    "Classification.of": (steepest.Classification.of, (CLASSES, CLASS_RUN.predict(X)), {}),
    "Classification.of margins": (steepest.Classification.of, (CLASSES,), {"margins": X[:, 0]}),
    "Classification.calibration": (CLASSIFIED.calibration, (), {}),
    "Classification.ranking": (CLASSIFIED.ranking, (), {}),
    "forecast": (steepest.forecast, (X, Y), {"batch_size": 4}),
    "descend frame": (steepest.descend, (FRAME,), {"target": "y"}),
    "solve": (steepest.solve, (X, Y), {}),
    "diagnose": (steepest.diagnose, (X, Y), {}),
    "summarize": (steepest.summarize, (X, Y), {}),
    "sweep": (steepest.sweep, (X, Y), {"learning_rates": [0.1], "epochs": [1, 10], "l2": [0.0]}),
    "sweep frame": (steepest.sweep, (FRAME,), {"target": "y", "learning_rates": [0.1], "epochs": [1, 10]}),
    "path": (steepest.path, (X, Y), {"penalties": [0.1, 0.01]}),
    "path frame": (steepest.path, (FRAME,), {"target": "y"}),
    **{f"Path.{name}": (getattr(PATH, name), (0.1,), {}) for name in OF_A_PENALTY},
    "Path.to_frame": (PATH.to_frame, (), {}),
    "path of a loss": (steepest.path, (X, CLASSES), {"loss": "logistic", "penalties": [0.1, 0.01]}),
    **{
        f"LossPath.{name}": (getattr(LOSS_PATH, name), (0.1,), {})
        for name in (*OF_A_PENALTY, "mean_loss", "optimality")
    },
    "LossPath.to_frame": (LOSS_PATH.to_frame, (), {}),
    "infer": (steepest.infer, (X, Y), {}),
    "explain": (steepest.explain, (X, Y), {"epoch": 3}),
    "open_source": (steepest.open_source, (FRAME,), {"target": "y"}),
    "smearing": (steepest.smearing, (LOG_RUN, X, np.exp(Y)), {}),
    "Model.of log": (steepest.Model.of, (LOG_RUN,), {}),
    "validation_curve": (steepest.validation_curve, (RUN, TRIANGLE), {}),
    "Record": (steepest.Record, (), {}),
    "HeldOut": (steepest.HeldOut, (X, Y), {}),
    "descend held out": (held_out_run, (X, Y), {}),
    "JsonLines": (steepest.JsonLines, ("log",), {}),
    "MLflow": (steepest.MLflow, (), {}),
    "TimeLimit": (steepest.TimeLimit, (1.0,), {}),
    "SmallGradient": (steepest.SmallGradient, (1.0,), {}),
    "DualityGap": (steepest.DualityGap, (0.1,), {}),
    "descend with l1": (steepest.descend, (X, Y), {"l1": 0.1, "epochs": 3}),
    "Problem.of": (steepest.Problem.of, (TRIANGLE,), {}),
    "Problem.in_coordinates": (PROBLEM.in_coordinates, ("raw",), {}),
    "Triangle.scaled": (TRIANGLE.scaled, (0.5,), {}),
    "Triangle.select": (TRIANGLE.select, (), {}),
    "Triangle.sum": (steepest.Triangle.sum, ([TRIANGLE],), {}),
    "Triangle.from_bytes": (steepest.Triangle.from_bytes, (TRIANGLE.to_bytes(),), {}),
    "Triangle.design": (TRIANGLE.design, (TRIANGLE.coordinates("raw"),), {}),
    "Triangle.input_sizes": (TRIANGLE.input_sizes, (TRIANGLE.coordinates("raw"),), {}),
    "Triangle.empty": (steepest.Triangle.empty, (("a",), ("y",)), {}),
    "Triangle.of": (steepest.Triangle.of, (BATCH,), {}),
    "Triangle.save": (TRIANGLE.save, ("t.triangle",), {}),
    "Trajectory.at": (RUN.at, (3,), {}),
    "Trajectory.loss": (RUN.loss, ([1, 2],), {}),
    "Trajectory.rmse": (RUN.rmse, ([1, 2],), {}),
    "Trajectory.parameters": (RUN.parameters, ([1, 2],), {}),
    "Trajectory.epochs_to": (RUN.epochs_to, (0.1,), {}),
    "Trajectory.predict": (RUN.predict, (X,), {}),
    "Trajectory.summary": (RUN.summary, (), {}),
    "Trajectory.states": (RUN.states, ([1, 2],), {}),
    "Trajectory.extend": (RUN.extend, (10,), {}),
    "Trajectory.effective_parameters": (RUN.effective_parameters, ([1, 2],), {}),
    "Trajectory.remaining": (RUN.remaining, ([1, 2],), {}),
    "Trajectory.some_epochs": (RUN.some_epochs, (3,), {}),
    "Trajectory.page": (RUN.page, (X, Y), {}),
    "State.predict": (RUN.last.predict, (X,), {}),
    "Solution.predict": (steepest.solve(X, Y).predict, (X,), {}),
    "Inference.to_frame": (steepest.infer(X, Y).to_frame, (), {}),
    "Sweep.to_frame": (SWEEP.to_frame, (), {}),
    "Inference.predict": (steepest.infer(X, Y).predict, (X,), {}),
    "Diagnosis.epochs_to": (steepest.diagnose(X, Y).epochs_to, (0.1,), {}),
    "Sweep.setting": (SWEEP.setting, ((0, 0, 0),), {}),
    "Sweep.run": (SWEEP.run, (), {}),
    "GradientRule": (steepest.GradientRule, (0.1,), {}),
    "HeavyBallRule": (steepest.HeavyBallRule, (0.1,), {"momentum": 0.5}),
    "NesterovRule": (steepest.NesterovRule, (0.1,), {"momentum": 0.5}),
    "ChebyshevRule": (steepest.ChebyshevRule, (1.0, 2.0), {}),
    "Batch": (steepest.Batch, (X, Y[:, None], ("a", "b", "c"), ("y",)), {}),
    "Coding.plain": (steepest.Coding.plain, (("a",),), {}),
    "Triangle.load": (steepest.Triangle.load, ("nothing",), {}),
    "Triangle.coordinates": (TRIANGLE.coordinates, ("raw",), {}),
    "load": (steepest.load, ("nothing",), {}),
    "export": (steepest.export, (MODEL, "python"), {}),
    "Model.predict": (MODEL.predict, (X,), {}),
    "Model.classify": (steepest.Model.of(CLASS_RUN).classify, (X,), {}),
    "HuberLoss": (steepest.HuberLoss, (), {"delta": 2.0}),
    "QuantileLoss": (steepest.QuantileLoss, (), {"tau": 0.25}),
    "Model.of": (steepest.Model.of, (RUN,), {}),
    "Model.of_path": (steepest.Model.of_path, (PATH,), {}),
    "Model.from_bytes": (steepest.Model.from_bytes, (MODEL.to_bytes(),), {}),
    "Model.save": (MODEL.save, ("model.json",), {}),
    "page": (steepest.page, (RUN, X, Y), {}),
    "LossCurveDisplay": (steepest.LossCurveDisplay.from_trajectory, (RUN,), {}),
    "LossContourDisplay": (steepest.LossContourDisplay.from_trajectory, (RUN,), {}),
    "ModeDecayDisplay": (steepest.ModeDecayDisplay.from_trajectory, (RUN,), {}),
    "PredictionErrorDisplay": (steepest.PredictionErrorDisplay.from_trajectory, (RUN, X, Y), {}),
    "ResidualDisplay": (steepest.ResidualDisplay.from_trajectory, (RUN, X, Y), {}),
    "QuantileDisplay": (steepest.QuantileDisplay.from_trajectory, (RUN, X, Y), {}),
    "RocDisplay": (steepest.RocDisplay.from_trajectory, (CLASS_RUN, X, CLASSES), {}),
    "PrecisionCurveDisplay": (steepest.PrecisionCurveDisplay.from_trajectory, (CLASS_RUN, X, CLASSES), {}),
    "ReliabilityDisplay": (steepest.ReliabilityDisplay.from_trajectory, (CLASS_RUN, X, CLASSES), {}),
    "ConfusionDisplay": (steepest.ConfusionDisplay.from_trajectory, (CLASS_RUN, X, CLASSES), {}),
    "BoundaryDisplay": (steepest.BoundaryDisplay.from_trajectory, (FLAT_RUN, X[:, :2], CLASSES), {}),
    "Trajectory.plot": (RUN.plot, ("residuals", X, Y), {}),
    "Trajectory.history": (RUN.history, ([1, 2],), {}),
    "ValidationCurveDisplay": (steepest.ValidationCurveDisplay.from_trajectory, (RUN, TRIANGLE), {}),
    "CoefficientPathDisplay": (steepest.CoefficientPathDisplay.from_path, (PATH,), {}),
    "HeldOutPathDisplay": (steepest.HeldOutPathDisplay.from_path, (PATH,), {}),
    "Path.plot": (PATH.plot, (), {}),
    "LossPath.plot": (LOSS_PATH.plot, (), {}),
    "Path.page": (PATH.page, (), {}),
    "LossPath.page": (LOSS_PATH.page, (), {}),
    "HeatMapDisplay": (steepest.HeatMapDisplay.from_sweep, (SWEEP,), {}),
    "Forecast.grid": (FORECAST.grid, (2,), {}),
    "ForecastDisplay": (steepest.ForecastDisplay.from_forecast, (FORECAST,), {"runs": 1}),
    "BatchLimitsDisplay": (steepest.BatchLimitsDisplay.from_forecast, (FORECAST,), {}),
    "BatchMapDisplay": (steepest.BatchMapDisplay.from_forecast, (FORECAST,), {}),
    "estimator": (fitted(steepest.GradientDescentRegressor), (), {}),
    "estimator.fit": (steepest.GradientDescentRegressor(learning_rate=1.0).fit, (X, Y), {}),
    "estimator.partial_fit": (steepest.GradientDescentRegressor(learning_rate=1.0).partial_fit, (X, Y), {}),
    "estimator.predict": (ESTIMATOR.predict, (X,), {}),
    "estimator.score": (ESTIMATOR.score, (X, Y), {}),
    "estimator CV": (
        fitted(steepest.GradientDescentRegressorCV),
        (),
        {"learning_rates": [0.1], "epochs": [1, 10], "l2": [0.0]},
    ),
    "estimator CV.fit": (steepest.GradientDescentRegressorCV().fit, (X, Y), {}),
    "estimator of classes": (fitted(steepest.GradientDescentClassifier, NAMED), (), {"l2": 0.1, "epochs": 5}),
    "estimator of classes.fit": (steepest.GradientDescentClassifier(l2=0.1).fit, (X, NAMED), {}),
    "estimator of classes.predict": (CLASSIFIER.predict, (X,), {}),
    "estimator of classes.predict_proba": (CLASSIFIER.predict_proba, (X,), {}),
    "estimator of classes.predict_log_proba": (CLASSIFIER.predict_log_proba, (X,), {}),
    "estimator of classes.decision_function": (CLASSIFIER.decision_function, (X,), {}),
    "estimator of classes.score": (CLASSIFIER.score, (X, NAMED), {}),
    "estimator of classes CV": (fitted(steepest.GradientDescentClassifierCV, NAMED), (), {"l2": [0.1], "cv": 2}),
    "estimator of classes CV.fit": (steepest.GradientDescentClassifierCV(l2=[0.1], cv=2).fit, (X, NAMED), {}),
    "example": (steepest.example, ("penguins",), {}),
}
OF_TABLES = {"y", "target", "features", "weight", "missing"}  # what a frame's door does otherwise than that of arrays
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
def test_whatever_is_given_the_answer_is_a_result_or_an_error_in_words(door, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some doors write files
    function, positional, named = DOORS[door]
    names = parameters(function)
    wrong = []
    for name in names:
        if name in LEFT_OUT or (door.endswith(" frame") and name not in OF_TABLES):
            continue
        for odd in (one() if one is iterator else one for one in ODD):
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
    "EXAMPLES", "ExampleData", "tutorial", "register", "RuleName",  # no numbers are given
    "Coding", "Diagnosis", "Explanation", "Forecast", "GoodnessOfFit", "Inference",
    "Smearing", "Solution", "SparseLossModel", "SparseModel", "Source", "State", "Sweep", "ValidationCurve", "Verdict",  # results
    "LinearRule", "Objective", "Rule", "Stop", "Model", "Problem", "Trajectory", "Triangle",  # made by doors that are listed, or by heirs
}  # fmt: skip


def test_every_public_name_is_a_door_or_takes_nothing():
    named = {part for door in DOORS for part in door.replace(".", " ").split()}
    named |= set(ESTIMATORS.values())
    errors = {name for name in steepest.__all__ if name.endswith(("Error", "Warning"))}
    assert set(steepest.__all__) - named - errors - NO_DOORS == {"__version__"}


ESTIMATORS = {
    "estimator": "GradientDescentRegressor",
    "estimator CV": "GradientDescentRegressorCV",
    "estimator of classes": "GradientDescentClassifier",
    "estimator of classes CV": "GradientDescentClassifierCV",
}
"""The classes of doors whose names say what they are."""

OF_SCIKIT_LEARN = {
    "get_metadata_routing",
    "get_params",
    "set_params",
    "set_callbacks",
    "set_fit_request",
    "set_partial_fit_request",
    "set_score_request",
}
OF_THE_LOOP = {
    "arithmetic", "at_best_rate", "begin", "best", "best_momentum", "choose", "envelope", "for_run", "init", "memory_after", "metric", "power_ladder",
    "numbers", "progress", "radius", "recurrence", "residual", "stability_limit", "step", "unimodal_until", "update", "value", "value_and_gradient",
}  # fmt: skip
"""What a rule, an objective, a record and a stop answer to the loop, every epoch: nobody else calls it, nothing is checked there."""

INSIDE = {
    "Batch.subtract", "Batch.take", "Coding.expand", "Coding.features_of", "Coding.from_json", "Coding.needed_for", "Coding.select", "Coding.without",
    "Problem.check_no_offset", "Problem.check_squares", "Problem.mean", "Problem.mode_words", "Problem.to_raw",
    "Triangle.from_parts", "Triangle.of_parts", "Triangle.rmse", "Triangle.rmse_of",
    "Problem.from_raw", "Problem.parameter_in_words", "Problem.check_minimum",
    *(f"{loss}.{name}" for loss in ("HuberLoss", "QuantileLoss") for name in ("at_scale", "check", "curvature", "majorant", "mean", "pinball", "slope")),
}  # fmt: skip
"""What one room asks of another, with arrays it has made; nothing is checked there."""


def methods_with_parameters():
    """Every public method of a public class that is given something, under the name of its class."""
    for name in steepest.__all__:
        kind = getattr(steepest, name)
        if not inspect.isclass(kind) or issubclass(kind, (Exception, Warning)):
            continue
        for method, function in inspect.getmembers(kind, callable):
            if not method.startswith("_") and set(parameters(function)) - {"self"}:
                yield name, method


def test_every_public_method_is_a_door_or_takes_nothing():
    named = {f"{ESTIMATORS.get(door.split('.')[0], door.split('.')[0])}.{door.split('.')[-1]}" for door in DOORS} | set(
        DOORS
    )
    for name, method in methods_with_parameters():
        heirs = {
            f"{name}.{method}",
            f"{name.removesuffix('CV')}.{method}",
        }  # predict and score are the same with and without CV
        if name.endswith("Display") and (method == "plot" or name in named):
            continue
        assert method in OF_SCIKIT_LEARN | OF_THE_LOOP or heirs & (named | INSIDE), f"{name}.{method}"


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.endswith(".predict") and not door.startswith("estimator")]
)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nothing_is_predicted_for_what_is_no_number(door, bad):
    rows = X.copy()
    rows[4, 1] = bad
    with pytest.raises(steepest.DataError, match="row 4"):
        DOORS[door][0](rows)
