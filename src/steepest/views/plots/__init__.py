"""Plots: display objects that keep their numbers and draw on request; matplotlib is imported only then."""

from steepest.views.plots.canvas import Display, save
from steepest.views.plots.contour import LossContourDisplay
from steepest.views.plots.heat_map import HeatMapDisplay
from steepest.views.plots.loss import LossCurveDisplay
from steepest.views.plots.modes import ModeDecayDisplay
from steepest.views.plots.predictions import PredictionErrorDisplay
from steepest.views.plots.validation import ValidationCurveDisplay

__all__ = [
    "Display",
    "HeatMapDisplay",
    "LossContourDisplay",
    "LossCurveDisplay",
    "ModeDecayDisplay",
    "PredictionErrorDisplay",
    "ValidationCurveDisplay",
    "save",
]
