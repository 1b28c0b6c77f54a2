"""Plots: display objects that keep their numbers and draw on request; matplotlib is imported only then."""

import inspect
from typing import Any, Literal

from steepest.analysis.path_result import Path
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.support.arguments import check_word
from steepest.views.plots.batch_limits import BatchLimitsDisplay
from steepest.views.plots.batch_map import BatchMapDisplay
from steepest.views.plots.boundary import BoundaryDisplay
from steepest.views.plots.canvas import Display, as_bytes, save
from steepest.views.plots.coefficient_path import CoefficientPathDisplay
from steepest.views.plots.comparison import ComparisonDisplay
from steepest.views.plots.confusion import ConfusionDisplay
from steepest.views.plots.contour import LossContourDisplay
from steepest.views.plots.forecast import ForecastDisplay
from steepest.views.plots.heat_map import HeatMapDisplay
from steepest.views.plots.held_out_path import HeldOutPathDisplay
from steepest.views.plots.loss import LossCurveDisplay
from steepest.views.plots.modes import ModeDecayDisplay
from steepest.views.plots.precision_recall import PrecisionCurveDisplay
from steepest.views.plots.predictions import PredictionErrorDisplay
from steepest.views.plots.quantiles import QuantileDisplay
from steepest.views.plots.reliability import ReliabilityDisplay
from steepest.views.plots.residuals import ResidualDisplay
from steepest.views.plots.roc import RocDisplay
from steepest.views.plots.validation import ValidationCurveDisplay

__all__ = [
    "BatchLimitsDisplay",
    "BatchMapDisplay",
    "BoundaryDisplay",
    "CoefficientPathDisplay",
    "ComparisonDisplay",
    "ConfusionDisplay",
    "Display",
    "ForecastDisplay",
    "HeatMapDisplay",
    "HeldOutPathDisplay",
    "LossContourDisplay",
    "LossCurveDisplay",
    "ModeDecayDisplay",
    "PathPlotKind",
    "PlotKind",
    "PrecisionCurveDisplay",
    "PredictionErrorDisplay",
    "QuantileDisplay",
    "ReliabilityDisplay",
    "ResidualDisplay",
    "RocDisplay",
    "ValidationCurveDisplay",
    "as_bytes",
    "plot",
    "plot_path",
    "save",
]

PlotKind = Literal[
    "loss", "modes", "contour", "predictions", "residuals", "qq", "roc", "precision_recall", "calibration", "confusion", "boundary"
]  # fmt: skip
PathPlotKind = Literal["coefficients", "held_out"]
OF_CLASSES: dict[str, Any] = {
    "roc": RocDisplay,
    "precision_recall": PrecisionCurveDisplay,
    "calibration": ReliabilityDisplay,
    "confusion": ConfusionDisplay,
    "boundary": BoundaryDisplay,
}
KINDS: dict[str, Any] = {
    "loss": LossCurveDisplay,
    "modes": ModeDecayDisplay,
    "contour": LossContourDisplay,
    "predictions": PredictionErrorDisplay,
    "residuals": ResidualDisplay,
    "qq": QuantileDisplay,
    **OF_CLASSES,
}
OF_FORECASTS: dict[str, Any] = {
    "forecast": ForecastDisplay,
    "batch_limits": BatchLimitsDisplay,
    "batch_map": BatchMapDisplay,
}
OF_PATHS: dict[str, Any] = {"coefficients": CoefficientPathDisplay, "held_out": HeldOutPathDisplay}
OF_ROWS = ("predictions", "residuals", "qq")
NEED_ROWS = (*OF_ROWS, *OF_CLASSES)


def plot(
    run: Trajectory, kind: PlotKind = "loss", X: object = None, y: object = None, *, ax: Any = None, **options: Any
) -> Display:
    """Draw a picture of a run by its name and return it, see `Trajectory.plot`."""
    check_word("kind", kind, KINDS)
    make = KINDS[kind].from_trajectory
    _check_options(kind, make, options)
    if kind in NEED_ROWS:
        if X is None or y is None:
            raise UsageError(
                f"a picture of {kind} needs rows and their targets.", f'give both: run.plot("{kind}", X, y)'
            )
        rows: tuple[object, ...] = (X, y)
    elif X is not None or y is not None:
        raise UsageError(f"a picture of kind {kind!r} is of the run alone and takes no rows.", "leave X and y out")
    else:
        rows = ()
    display: Display = make(run, *rows, **options)
    display.plot(ax)
    return display


def plot_path(path: Path, kind: PathPlotKind = "coefficients", *, ax: Any = None, **options: Any) -> Display:
    """Draw a picture of sparse models by its name and return it, see `Path.plot`."""
    check_word("kind", kind, OF_PATHS)
    make = OF_PATHS[kind].from_path
    _check_options(kind, make, options)
    display: Display = make(path, **options)
    display.plot(ax)
    return display


def _check_options(kind: str, make: Any, options: dict[str, Any]) -> None:
    """Refuse options that a picture does not have."""
    known = [name for name in inspect.signature(make).parameters if name not in ("run", "path", "X", "y")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise UsageError(f"a picture of kind {kind!r} has no {unknown[0]}. It takes {', '.join(known)}.")
