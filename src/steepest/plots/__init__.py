"""Plots: display objects that keep their numbers and draw on request; matplotlib is imported only then."""

from steepest.plots.canvas import Display, save
from steepest.plots.contour import LossContourDisplay
from steepest.plots.heat_map import HeatMapDisplay
from steepest.plots.loss import LossCurveDisplay
from steepest.plots.modes import ModeDecayDisplay
from steepest.plots.predictions import PredictionErrorDisplay
from steepest.plots.validation import ValidationCurveDisplay

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
