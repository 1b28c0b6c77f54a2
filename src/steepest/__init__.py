"""Gradient descent for linear models that you can see, predict and trust.

import steepest
run = steepest.descend(X, y, learning_rate=1e-4, epochs=200_000)
print(run.verdict)
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from steepest.version import __version__

if TYPE_CHECKING:
    from steepest.coefficient_table import Inference
    from steepest.descend import descend
    from steepest.diagnosis import Diagnosis, diagnose
    from steepest.errors import (
        ClusterError,
        DataError,
        DataTypeError,
        DataWarning,
        DivergenceError,
        MissingValuesError,
        ModelFileError,
        SteepestError,
        SteepestWarning,
        UsageError,
    )
    from steepest.estimators import GradientDescentRegressor, GradientDescentRegressorCV
    from steepest.example_data import EXAMPLES, ExampleData, example
    from steepest.explain import Explanation, explain
    from steepest.export import export
    from steepest.inference import infer
    from steepest.model_file import Model, load
    from steepest.plots import (
        HeatMapDisplay,
        LossContourDisplay,
        LossCurveDisplay,
        ModeDecayDisplay,
        PredictionErrorDisplay,
        ValidationCurveDisplay,
    )
    from steepest.rules import ChebyshevRule, GradientRule, HeavyBallRule, NesterovRule
    from steepest.solution import Solution, solve
    from steepest.sources import open_source
    from steepest.summarize import summarize
    from steepest.sweep import Sweep, sweep
    from steepest.trajectory import Record, State, Trajectory, Verdict
    from steepest.triangle import Triangle
    from steepest.validation import ValidationCurve, validation_curve

_HOMES = {
    "ChebyshevRule": "rules",
    "ClusterError": "errors",
    "Coding": "coding",
    "DataError": "errors",
    "DataTypeError": "errors",
    "DataWarning": "errors",
    "Diagnosis": "diagnosis",
    "DivergenceError": "errors",
    "EXAMPLES": "example_data",
    "ExampleData": "example_data",
    "Explanation": "explain",
    "GradientDescentRegressor": "estimators",
    "GradientDescentRegressorCV": "estimators",
    "GradientRule": "rules",
    "HeatMapDisplay": "plots",
    "HeavyBallRule": "rules",
    "Inference": "coefficient_table",
    "LossContourDisplay": "plots",
    "LossCurveDisplay": "plots",
    "MissingValuesError": "errors",
    "ModeDecayDisplay": "plots",
    "Model": "model_file",
    "ModelFileError": "errors",
    "NesterovRule": "rules",
    "PredictionErrorDisplay": "plots",
    "Record": "trajectory",
    "Solution": "solution",
    "State": "trajectory",
    "SteepestError": "errors",
    "SteepestWarning": "errors",
    "Sweep": "sweep",
    "Trajectory": "trajectory",
    "Triangle": "triangle",
    "UsageError": "errors",
    "ValidationCurve": "validation",
    "ValidationCurveDisplay": "plots",
    "Verdict": "trajectory",
    "descend": "descend",
    "diagnose": "diagnosis",
    "example": "example_data",
    "explain": "explain",
    "export": "export",
    "infer": "inference",
    "load": "model_file",
    "open_source": "sources",
    "solve": "solution",
    "summarize": "summarize",
    "sweep": "sweep",
    "validation_curve": "validation",
}

__all__ = [
    "ChebyshevRule",
    "ClusterError",
    "Coding",
    "DataError",
    "DataTypeError",
    "DataWarning",
    "Diagnosis",
    "DivergenceError",
    "EXAMPLES",
    "ExampleData",
    "Explanation",
    "GradientDescentRegressor",
    "GradientDescentRegressorCV",
    "GradientRule",
    "HeatMapDisplay",
    "HeavyBallRule",
    "Inference",
    "LossContourDisplay",
    "LossCurveDisplay",
    "MissingValuesError",
    "ModeDecayDisplay",
    "Model",
    "ModelFileError",
    "NesterovRule",
    "PredictionErrorDisplay",
    "Record",
    "Solution",
    "State",
    "SteepestError",
    "SteepestWarning",
    "Sweep",
    "Trajectory",
    "Triangle",
    "UsageError",
    "ValidationCurve",
    "ValidationCurveDisplay",
    "Verdict",
    "__version__",
    "descend",
    "diagnose",
    "example",
    "explain",
    "export",
    "infer",
    "load",
    "open_source",
    "solve",
    "summarize",
    "sweep",
    "validation_curve",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import steepest` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'steepest' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"steepest.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """This package: `steepest.descend` is the function, also after the module of that name has been imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
