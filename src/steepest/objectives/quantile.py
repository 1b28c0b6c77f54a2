"""Quantile loss: a line below which a share of the rows lies, with its kink smoothed."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import scipy.special

from steepest.errors import Option, UsageError
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray

SMALLEST = 1e-6  # of the targets' own size: a table that is met exactly has no residuals to tell a width by


@dataclass(frozen=True)
class QuantileLoss:
    """The share τ of rows lies below what is predicted: the pinball loss, its kink rounded over a width h.

        τ·r + h·log(1 + e^(-r/h))          r = y - m, slope p - τ, curvature p(1 - p)/h ≤ 1/(4h), p = 1/(1 + e^(r/h))

    It is max(τ·r, (τ - 1)·r) seen through a logistic kernel of width h: nowhere below it, and above it by h·log 2 at r = 0, and by
    less than h/20000 from 10·h on.

    Args:
        tau: τ, 0 < τ < 1; 0.5 is the median.
        smoothing: h, in units of the target. None: chosen where a table is fitted, see `at_scale`.

    Source: Zheng, "Gradient Descent Algorithms for Quantile Regression With Smooth Approximation", Int. J. Mach. Learn. Cybern. 2 (2011),
    191-207. Fernandes, Guerre, Horta, "Smoothing Quantile Regressions", J. Bus. Econ. Stat. 39 (2021), 338-357 (any kernel).

    Example:
        >>> loss = QuantileLoss(0.9, smoothing=0.5)
        >>> margin, y = np.array([0.0, 0.0, 0.0]), np.array([-10.0, 0.0, 10.0])
        >>> loss.value(margin, y).round(6), loss.slope(margin, y).round(6)
        (array([1.      , 0.346574, 9.      ]), array([ 0.1, -0.4, -0.9]))
    """

    tau: float = 0.5
    smoothing: float | None = None
    name: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        if not 0 < as_float(self.tau) < 1:
            raise UsageError(
                Option("tau") + f" is the share of rows below, above 0 and below 1; got {shown(self.tau)}."
            )
        if self.smoothing is not None and not 0 < as_float(self.smoothing) < math.inf:
            raise UsageError(f"smoothing must be a finite number above 0, or None; got {shown(self.smoothing)}.")

    def at_scale(self, spread: float, size: float, n: int, p: int) -> "QuantileLoss":
        """Return the loss with a width for a table; itself where it has one.

            h = s·√(τ(1 - τ))·((p + log n)/n)^(2/5)·√3/π

        A logistic kernel has the standard deviation h·π/√3. The width falls with the rows a little faster than the random error of the
        answer, and is smaller for quantiles far out, where fewer rows are near the line.

        Args:
            spread: s, the root mean square of the least-squares residuals.
            size: the root mean square of the targets, which bounds h from below where there are no residuals.
            n: rows.
            p: parameters.

        Source: He, Pan, Tan, Zhou, "Smoothed Quantile Regression with Large-Scale Inference", J. Econom. 232 (2023), 367-388 (of
        standardized residuals, and at least 0.05).
        """
        if self.smoothing is not None:
            return self
        share = ((p + math.log(n)) / n) ** 0.4 * math.sqrt(self.tau * (1 - self.tau)) * math.sqrt(3) / math.pi
        return replace(self, smoothing=max(spread * min(share, 1.0), SMALLEST * size) or 1.0)

    @property
    def width(self) -> float:
        """h.

        Raises:
            UsageError: no table has said it yet.
        """
        if self.smoothing is None:
            raise UsageError("this quantile loss has no width yet.", "give smoothing", "fit a table with it")
        return self.smoothing

    unit = width

    @property
    def largest_curvature(self) -> float:
        """1/(4h)."""
        return 1 / (4 * self.width)

    def check(self, y: FloatArray) -> None:
        """Any finite target will do."""

    def value(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """τ·r + h·log(1 + e^(-r/h)), as two terms that are not negative."""
        r = y - margin
        return np.asarray(self.pinball(margin, y) + self.width * np.log1p(np.exp(-np.abs(r) / self.width)))

    def pinball(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """The loss without smoothing: τ·r above the line, (τ - 1)·r below."""
        r = y - margin
        return np.asarray(np.where(r > 0, self.tau * r, (self.tau - 1) * r))

    def slope(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p - τ, between -τ and 1 - τ."""
        return np.asarray(scipy.special.expit((margin - y) / self.width) - self.tau)

    def curvature(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """p(1 - p)/h."""
        z = (margin - y) / self.width
        return np.asarray(scipy.special.expit(z) * scipy.special.expit(-z) / self.width)

    def majorant(self, margin: FloatArray, y: FloatArray) -> FloatArray:
        """tanh(r/2h)/(2r), which is 1/(4h) at 0.

        Source: Jaakkola, Jordan, "Bayesian Parameter Estimation via Variational Methods", Stat. Comput. 10 (2000), 25-37.
        """
        z = np.maximum(np.abs(margin - y) / (2 * self.width), 1e-8)
        return np.asarray(np.tanh(z) / (4 * self.width * z))

    def mean(self, margin: FloatArray) -> FloatArray:
        """The margin itself: the quantile."""
        return margin
