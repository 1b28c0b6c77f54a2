"""Shapes: what the docstring of every public answer says of its axes, for any targets, features, rows and epochs."""

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import steepest

COLUMNS = {"y (n,)": None, "y (n, 1)": 1, "y (n, 2)": 2}
CASES = list(itertools.product(COLUMNS, (0, 1, 3), (True, False), (1, 40), (0, 1, 50)))
TABLES = list(itertools.product(COLUMNS, (1, 3), (True, False), (1, 40)))
Answers = dict[str, tuple[Any, tuple[int, ...]]]


def table(kind, d, n):
    generator = np.random.default_rng(d + 10 * n)
    t = COLUMNS[kind]
    return generator.normal(size=(n, d)), generator.normal(size=n if t is None else (n, t))


def triangle_of(X, y):
    """The triangle of a table; an array without columns is refused, so they are left out of its triangle."""
    if X.shape[1]:
        return steepest.summarize(X, y)
    return steepest.summarize(np.ones((len(X), 1)), y).select(features=())


def of_run(X, y, run) -> Answers:
    (n, d), t, last = X.shape, len(run.targets), run.epochs
    behind = () if t == 1 else (t,)
    p, K, r = len(run.start), 2, len(run.problem.quadratic.modes.eigenvalues)
    asked = [0, last]
    weights, biases = run.parameters(asked)
    triangle, model = run.problem.triangle, steepest.Model.of(run)
    known = np.array(asked)
    answers: Answers = {
        "start": (run.start, (p, t)),
        "loss": (run.loss(asked), (K, *behind)),
        "loss of every epoch": (run.loss(), (last + 1, *behind)),
        "rmse": (run.rmse(asked), (K, *behind)),
        "parameters, weights": (weights, (K, d, *behind)),
        "parameters, biases": (biases, (K, *behind)),
        "effective_parameters": (run.effective_parameters(asked), (K,)),
        "remaining": (run.remaining(asked), (K, r)),
        "mode_words": (run.mode_words, (r,)),
        "predict": (run.predict(X), (n, *behind)),
        "State.predict": (run.last.predict(X), (n, *behind)),
        "weights": (run.weights, (d, *behind)),
        "bias": (run.bias, behind),
        "Model.weights": (model.weights, (d, t)),
        "Model.bias": (model.bias, (t,)),
        "Iterates.final": (run.iterates.final, (p, t)),
        "Iterates.parameters": (run.iterates.parameters(known), (K, p, t)),
        "Iterates.loss": (run.iterates.loss(known), (K, t)),
        "Iterates.metric": (run.iterates.metric(known), (K, t)),
        "Problem.to_raw, weights": (run.problem.to_raw(run.start)[0], (d, t)),
        "Problem.to_raw, bias": (run.problem.to_raw(run.start)[1], (t,)),
        "Triangle.means": (triangle.means, (d + t,)),
        "Triangle.tails": (triangle.tails, (d + t,)),
        "Triangle.deviations": (triangle.deviations, (d + t,)),
        "Triangle.factor": (triangle.factor, (min(n, 1 + d + t), 1 + d + t)),
        "Triangle.input_sizes": (triangle.input_sizes(run.coordinates), (p,)),
        "Triangle.rmse": (triangle.rmse(model.weights, model.bias), (t,)),
        "Triangle.design, r_y": (triangle.design(run.coordinates)[1][:1], (1, t)),
        "Triangle.design, rho": (triangle.design(run.coordinates)[2], (t,)),
        "Coordinates.shift": (run.coordinates.shift, (d,)),
        "Coordinates.scale": (run.coordinates.scale, (d,)),
    }
    for name, state in {"at": run.at(0), "last": run.last, "optimum": run.optimum}.items():
        answers[f"{name}, weights"] = (state.weights, (d, *behind))
        for part in ("bias", "loss", "rmse", "gradient_norm"):
            answers[f"{name}, {part}"] = (getattr(state, part), behind)
    if t == 1:
        curve = steepest.validation_curve(run, triangle)
        for part in ("epochs", "rmse", "held_out", "effective_parameters"):
            answers[f"ValidationCurve.{part}"] = (getattr(curve, part), (len(curve.epochs),))
    return answers


def of_table(X, y, kind, fit_intercept) -> Answers:
    (n, d), p = X.shape, X.shape[1] + fit_intercept
    t = COLUMNS[kind] or 1
    behind = () if t == 1 else (t,)
    solution = steepest.solve(X, y, fit_intercept=fit_intercept)
    estimator = steepest.GradientDescentRegressor(learning_rate=0.01, epochs=3, fit_intercept=fit_intercept).fit(X, y)
    model = steepest.Model.of(steepest.descend(X, y, learning_rate=0.01, epochs=3, fit_intercept=fit_intercept))
    diagnosis = steepest.diagnose(X, y, fit_intercept=fit_intercept)
    answers: Answers = {
        "Solution.predict": (solution.predict(X), (n, *behind)),
        "Solution.weights": (solution.weights, (d, *behind)),
        "Solution.bias": (solution.bias, behind),
        "Solution.rmse": (solution.rmse, behind),
        "Model.predict": (model.predict(X), (n, *behind)),
        "coef_": (estimator.coef_, (*behind, d)),
        "loss_curve_": (estimator.loss_curve_, (len(estimator.loss_curve_epochs_), *behind)),
        "estimator.predict": (estimator.predict(X), (n, *behind)),
        "View.sizes": (diagnosis.raw.sizes, (p,)),
    }
    answers |= {f"Mode.direction {i}": (mode.direction, (p,)) for i, mode in enumerate(diagnosis.modes)}
    if t == 1 and n > p:
        answers |= of_one_target(X, y, fit_intercept)
    return answers


def of_one_target(X, y, fit_intercept) -> Answers:
    (n, d), p, m = X.shape, X.shape[1] + fit_intercept, 2
    inference = steepest.infer(X, y, fit_intercept=fit_intercept)
    found = steepest.sweep(
        X, y, learning_rates=[0.1, 0.2], epochs=[1, 2, 3], l2=[0.0], folds=4, fit_intercept=fit_intercept
    )
    step = steepest.explain(X, y, epoch=1, learning_rate=0.1, rows=m, fit_intercept=fit_intercept)
    per_parameter = ("coefficients", "standard_errors", "t_values", "p_values", "lower", "upper")
    answers: Answers = {f"Inference.{part}": (getattr(inference, part), (p,)) for part in per_parameter}
    answers |= {
        f"Explanation.{part}": (getattr(step, part), (p,))
        for part in ("before", "velocity", "point", "sums", "gradient", "after")
    }
    shown = len(step.positions)
    answers |= {
        f"Explanation.{part}": (getattr(step, part), (shown,)) for part in ("predictions", "targets", "residuals")
    }
    for name, part in zip(("fit", "lower", "upper"), inference.predict(X), strict=True):
        answers[f"Inference.predict, {name}"] = (part, (n,))
    return answers | {
        "Inference.covariance": (inference.covariance, (p, p)),
        "Explanation.inputs": (step.inputs, (shown, d)),
        "Sweep.scores": (found.scores, (1, 2, 3, 1)),
        "Sweep.fold_mse": (found.fold_mse, (1, 2, 3, 1, 4)),
        "Sweep.rmse": (found.rmse, (2, 3, 1)),
        "Sweep.folds": (found.folds, (n,)),
        "Sweep.stability_limits": (found.stability_limits, (1, 1)),
    }


def wrong(answers: Answers) -> dict[str, object]:
    return {name: (np.shape(value), shape) for name, (value, shape) in answers.items() if np.shape(value) != shape}


@pytest.mark.parametrize(("kind", "d", "fit_intercept", "n", "epochs"), CASES)
def test_every_answer_of_a_run_has_the_shape_that_its_docstring_tells(kind, d, fit_intercept, n, epochs):
    X, y = table(kind, d, n)
    settings = {"learning_rate": 0.01, "epochs": epochs, "fit_intercept": fit_intercept}
    if not d and not fit_intercept:
        with pytest.raises(steepest.DataError, match="no features and no intercept"):
            steepest.descend(triangle_of(X, y), **settings)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", steepest.SteepestWarning)
        answers = of_run(X, y, steepest.descend(triangle_of(X, y), **settings))
    assert not wrong(answers)


@pytest.mark.parametrize(("kind", "d", "fit_intercept", "n"), TABLES)
def test_every_answer_of_a_table_has_the_shape_that_its_docstring_tells(kind, d, fit_intercept, n):
    X, y = table(kind, d, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one row, and scikit-learn's of a column
        answers = of_table(X, y, kind, fit_intercept)
    assert not wrong(answers)
