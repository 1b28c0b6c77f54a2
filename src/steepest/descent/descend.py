"""Descend: the one front door, from a table and a few settings to a trajectory."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from steepest.analysis.infer import Statistician
from steepest.data.sources import MissingPolicy
from steepest.descent import closed_form as modes
from steepest.descent import loop
from steepest.descent.settings import Auto, choose
from steepest.descent.trajectory import Path, Record, Trajectory
from steepest.descent.verdict import Judge
from steepest.errors import UsageError
from steepest.objectives.problem import tell_open_coefficients
from steepest.objectives.quadratic import ObjectiveName, Quadratic
from steepest.rules.rule import Rule, has_closed_form
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.summarize import summarize
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.support.words import join_names
from steepest.views.pages import Pager

LARGEST_START = 1e100
Start = tuple[ArrayLike, ArrayLike]


def descend(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    rule: str | Rule = "gradient",
    learning_rate: float | Auto = "auto",
    epochs: int | Auto = "auto",
    tolerance: float | None = None,
    momentum: float | Auto | None = None,
    l2: float = 0.0,
    objective: ObjectiveName = "half_mse",
    standardize: bool = False,
    fit_intercept: bool = True,
    start: Start | None = None,
    record: Record | None = None,
    callbacks: Sequence[loop.Callback] = (),
    engine: Literal["auto", "modes", "loop"] = "auto",
) -> Trajectory:
    """Run full-batch gradient descent on a linear model and return the whole run.

        J(w, b) = Σ weight·(X·w + b - y)² / (2 Σ weight) + l2/2·‖w‖²          objective="half_mse"

    One pass over the rows makes a triangle; every epoch of a linear rule follows from its modes at once.

    Args:
        data: inputs X, an array of shape (n, d), with y; a data frame, the path of a table or SELECT …, with target; a
            Triangle or the path of one; or a source from `open_source`, which has more options.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a file.
        features: names of the inputs; default: all other columns.
        weight: weights of the rows, shape (n,), or the name of a column.
        missing: of a table: "error", "drop" (rows with missing values) or "indicator" (0 and an indicator column).
        rule: "gradient", "heavy_ball", "nesterov", "chebyshev", or a rule with its numbers.
        learning_rate: η > 0, or "auto": the best constant rate.
        epochs: number of updates, or "auto": until every mode is within the tolerance.
        tolerance: end the run as soon as every mode stays within this share of its start error; None: 1e-12 where epochs
            is "auto", and every epoch that was asked for otherwise.
        momentum: β in [0, 1) for "heavy_ball" and "nesterov"; None or "auto": the best.
        l2: ridge penalty in the coordinates in force, never on the intercept.
        objective: "half_mse" (default), "mse" (twice that) or "quarter_mse" (half of it). A learning rate means nothing
            without it.
        standardize: descend in inputs of mean 0 and standard deviation 1. Results are in the data's own units anyway.
        fit_intercept: whether the model has a bias.
        start: (weights, bias) in the data's own units; default zeros.
        record: which epochs a loop keeps.
        callbacks: called by a loop after each epoch with (epochs done, loss before its update, theta in force after it).
        engine: "modes" (closed form), "loop" (step by step) or "auto": modes where the rule is linear.

    Returns:
        a Trajectory: weights, bias, at(k), loss(), rmse(), epochs_to(), optimum, verdict.

    Raises:
        UsageError: a setting is outside its range.
        DataError: the data cannot be used; says which column and row.

    Example:
        >>> import numpy as np
        >>> x = np.arange(1.0, 301.0).reshape(-1, 1)
        >>> run = descend(x, 0.5 * x[:, 0] + 2, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
        >>> round(float(run.weights[0]), 12), round(run.bias, 12)
        (0.500828763996, 1.833972315988)
        >>> run.epochs_to(1e-6)
        1110807
        >>> print(run.verdict.sentence)
        Unfinished: 8.3 % of the bias is still missing after 200,000 epochs; ...

    Source: Goh, "Why Momentum Really Works", Distill 2017.
    """
    triangle = summarize(data, y, target=target, features=features, weight=weight, missing=missing)
    coordinates = triangle.coordinates("standardized" if standardize else "raw", fit_intercept=fit_intercept)
    quadratic = Quadratic.of(triangle, coordinates, objective=objective, l2=l2)
    tell_open_coefficients(triangle, quadratic, stacklevel=3)
    settings = choose(rule, learning_rate, momentum, epochs, quadratic.modes, tolerance)
    theta = _start(start, triangle, coordinates)
    path, used = _path(engine, quadratic, coordinates, settings.rule, theta, settings.epochs, record, callbacks)
    judge = Judge.of(triangle, quadratic, coordinates, objective, settings.rule, theta)
    return Trajectory(
        features=triangle.features,
        targets=triangle.targets,
        objective=objective,
        coordinates=coordinates,
        rule=settings.rule,
        l2=quadratic.l2,
        epochs=int(path.epochs[-1]),
        requested_epochs=settings.epochs,
        engine=used,
        surface=quadratic,
        path=path,
        judge=judge,
        horizon=judge.horizon,
        words=judge.mode_words,
        statistician=Statistician(triangle, quadratic, coordinates),
        pager=Pager(triangle),
        reasons=settings.reasons,
        coding=triangle.coding,
    )


def _path(
    engine: str,
    quadratic: Quadratic,
    coordinates: Coordinates,
    rule: Rule,
    start: FloatArray,
    epochs: int,
    record: Record | None,
    callbacks: Sequence[loop.Callback],
) -> tuple[Path, str]:
    """Run the engine; "auto" takes the closed form where the rule has one and nobody wants to watch each step."""
    if engine not in ("auto", "modes", "loop"):
        raise UsageError(f'engine is "auto", "modes" or "loop"; given was {engine!r}.')
    if has_closed_form(rule) and (engine == "modes" or (engine == "auto" and not callbacks)):
        return modes.run(quadratic, rule, start, epochs, coordinates.to_raw), "modes"
    if engine == "modes":
        raise UsageError(f'rule {rule!r} has no closed form; use engine="loop".')
    return loop.run(quadratic, rule, start, epochs, record, callbacks), "loop"


def _start(start: Start | None, triangle: Triangle, coordinates: Coordinates) -> FloatArray:
    """Return theta_0 in the coordinates in force, from weights and bias in the data's own units."""
    d, t = len(triangle.features), len(triangle.targets)
    if start is None:
        return np.zeros((d + coordinates.fit_intercept, t))
    try:
        weights, bias = (np.asarray(part, dtype=np.float64) for part in start)
    except (TypeError, ValueError):
        raise UsageError(f"start must be (weights, bias); given was {start!r}.") from None
    if weights.size != d * t or bias.size not in (1, t):
        raise UsageError(
            f"start needs weights of shape ({d},) and one bias for {join_names(triangle.targets)}; given were shapes {weights.shape} and {bias.shape}."
        )
    largest = np.abs(np.concatenate([weights.ravel(), bias.ravel()])).max(initial=0.0)
    if not largest <= LARGEST_START:
        raise UsageError(
            f"start must be numbers up to {LARGEST_START:g}, no NaN or inf; the largest given was {largest:g}."
        )
    if not coordinates.fit_intercept and bias.any():
        raise UsageError("start has a bias, but fit_intercept=False leaves none; give a bias of 0.")
    return coordinates.from_raw(weights.reshape(d, t), np.broadcast_to(bias.reshape(-1), (t,)))
