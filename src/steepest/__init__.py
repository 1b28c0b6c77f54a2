"""Gradient descent for linear models that you can see, predict and trust.

import steepest
run = steepest.descend(X, y, learning_rate=1e-4, epochs=200_000)
print(run.verdict)
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from steepest.support.version import __version__

if TYPE_CHECKING:
    from steepest.analysis.coefficient_table import Inference
    from steepest.analysis.diagnosis import Diagnosis, diagnose
    from steepest.analysis.explain import Explanation, explain
    from steepest.analysis.infer import infer
    from steepest.analysis.solve import Solution, solve
    from steepest.analysis.sweep import sweep
    from steepest.analysis.sweep_result import Sweep
    from steepest.analysis.validation import ValidationCurve, validation_curve
    from steepest.data.examples import EXAMPLES, ExampleData, example
    from steepest.data.sources import open_source
    from steepest.descent.descend import descend
    from steepest.descent.record import Record
    from steepest.descent.state import State
    from steepest.descent.stops import SmallGradient, TimeLimit
    from steepest.descent.trajectory import Trajectory
    from steepest.descent.verdict import Verdict
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
    from steepest.models.export import export
    from steepest.models.model import Model, load
    from steepest.objectives.problem import Problem
    from steepest.rules.chebyshev import ChebyshevRule
    from steepest.rules.gradient import GradientRule
    from steepest.rules.heavy_ball import HeavyBallRule
    from steepest.rules.nesterov import NesterovRule
    from steepest.summaries.summarize import summarize
    from steepest.summaries.triangle import Triangle
    from steepest.views.pages import page
    from steepest.views.plots import (
        HeatMapDisplay,
        LossContourDisplay,
        LossCurveDisplay,
        ModeDecayDisplay,
        PredictionErrorDisplay,
        ValidationCurveDisplay,
    )

_HOMES = {
    "ChebyshevRule": "rules.chebyshev",
    "ClusterError": "errors",
    "Coding": "data.coding",
    "DataError": "errors",
    "DataTypeError": "errors",
    "DataWarning": "errors",
    "Diagnosis": "analysis.diagnosis",
    "DivergenceError": "errors",
    "EXAMPLES": "data.examples",
    "ExampleData": "data.examples",
    "Explanation": "analysis.explain",
    "GradientDescentRegressor": "estimators",
    "GradientDescentRegressorCV": "estimators",
    "GradientRule": "rules.gradient",
    "HeatMapDisplay": "views.plots",
    "HeavyBallRule": "rules.heavy_ball",
    "Inference": "analysis.coefficient_table",
    "LossContourDisplay": "views.plots",
    "LossCurveDisplay": "views.plots",
    "MissingValuesError": "errors",
    "ModeDecayDisplay": "views.plots",
    "Model": "models.model",
    "ModelFileError": "errors",
    "NesterovRule": "rules.nesterov",
    "PredictionErrorDisplay": "views.plots",
    "Problem": "objectives.problem",
    "Record": "descent.record",
    "SmallGradient": "descent.stops",
    "TimeLimit": "descent.stops",
    "page": "views.pages",
    "Solution": "analysis.solve",
    "State": "descent.state",
    "SteepestError": "errors",
    "SteepestWarning": "errors",
    "Sweep": "analysis.sweep_result",
    "Trajectory": "descent.trajectory",
    "Triangle": "summaries.triangle",
    "UsageError": "errors",
    "ValidationCurve": "analysis.validation",
    "ValidationCurveDisplay": "views.plots",
    "Verdict": "descent.verdict",
    "descend": "descent.descend",
    "diagnose": "analysis.diagnosis",
    "example": "data.examples",
    "explain": "analysis.explain",
    "export": "models.export",
    "infer": "analysis.infer",
    "load": "models.model",
    "open_source": "data.sources",
    "solve": "analysis.solve",
    "summarize": "summaries.summarize",
    "sweep": "analysis.sweep",
    "validation_curve": "analysis.validation",
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
    "Problem",
    "Record",
    "SmallGradient",
    "Solution",
    "State",
    "SteepestError",
    "SteepestWarning",
    "Sweep",
    "TimeLimit",
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
    "page",
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
