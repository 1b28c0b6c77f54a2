"""Run words: what a run says of itself, at a prompt and in a notebook, and its course as a table."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from steepest.rules.rule import words_of
from steepest.support.looks import MOST_TARGETS, html_table, html_weights, numbers, on, weight_lines
from steepest.support.words import number, percent, pluralize, shorten

HISTORY = 100  # epochs that a history has unless told otherwise


def lines(run: Any) -> Iterator[str]:
    """Yield a run's lines: of what it is, where it ended, and what became of it."""
    yield f" of {pluralize(run.epochs, 'epoch')}: {on(run.targets, run.features)}"
    last = run.last
    yield from weight_lines(run.features, run.targets, last.weights, last.bias)
    yield f"loss {numbers(last.loss, MOST_TARGETS)} ({run.objective}); RMSE {numbers(last.rmse, MOST_TARGETS)}"
    yield settings(run)
    yield run.verdict.sentence


def settings(run: Any) -> str:
    """Return rule, learning rate, coordinates and penalty in words."""
    parts = [f"rule {words_of(run.rule)}"]
    for name in ("learning_rate", "momentum"):
        value = getattr(run.rule, name, None)
        if isinstance(value, (int, float)):
            parts.append(f"{name.replace('_', ' ')} {number(value)}")
    parts.append(f"{run.coordinates.name} inputs")
    if run.l2:
        parts.append(f"l2 {number(run.l2)}")
    if run.l1:
        parts.append(f"l1 {number(run.l1)}")
    return ", ".join(parts)


def table(run: Any) -> str:
    """Return a run as HTML: each parameter beside the exact minimum, the settings, and the verdict."""
    caption = f"{on(run.targets, run.features)}: {pluralize(run.epochs, 'epoch')}, {run.verdict.kind}"
    last, goal = run.last, None if run.problem.separation else run.optimum
    least = "" if goal is None else f", at the minimum {numbers(goal.loss, MOST_TARGETS)}"
    notes = [
        f"loss {numbers(last.loss, MOST_TARGETS)} ({run.objective}){least}; RMSE {numbers(last.rmse, MOST_TARGETS)}",
        settings(run),
        str(run.verdict),
    ]
    if len(run.targets) > 1 or goal is None:
        return html_weights(caption, run.features, run.targets, last.weights, last.bias, notes)
    names = [*(["bias"] if run.coordinates.fit_intercept else []), *run.features]
    now, end, start = (
        np.vstack([np.reshape(state.bias, (1, -1)), np.reshape(state.weights, (len(run.features), -1))])[-len(names) :]
        for state in (last, goal, run.at(0))
    )
    missing = np.abs(np.divide(end - now, end - start, out=np.zeros_like(end), where=end != start))
    rows = [
        (shorten(name), number(float(a[0])), number(float(b[0])), percent(float(c[0])))
        for name, a, b, c in zip(names, now, end, missing, strict=True)
    ]
    return html_table(caption, ("", "this run", "exact minimum", "still missing"), rows, notes)


def history(run: Any, epochs: Any = None) -> dict[str, Any]:
    """Return a run's course by column: epoch, loss, rmse, bias and a weight a feature, for each target."""
    chosen = np.asarray(run.some_epochs(HISTORY) if epochs is None else run._check_epochs(epochs))
    weights, bias = run.parameters(chosen)
    curves = {"loss": run.loss(chosen), "rmse": run.rmse(chosen)}
    if run.coordinates.fit_intercept:
        curves["bias"] = bias
    taken = {"epoch", *curves}
    labels = [f"weight of {name}" if name in taken else name for name in run.features]
    curves |= {label: weights[:, j] for j, label in enumerate(labels)}
    columns = {"epoch": chosen}
    for label, curve in curves.items():
        if curve.ndim == 1:
            columns[label] = curve
        else:
            columns |= {f"{label} of {target}": values for target, values in zip(run.targets, curve.T, strict=True)}
    return columns
