"""Loss spaces: what the page of another loss than squares is made of: its rows, and its minimum for each penalty."""

import math
import sys

import numpy as np

from steepest.data.batch import Batch
from steepest.data.sample import Sample
from steepest.descent.record import log_spaced
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.loss_choice import numbers_of
from steepest.objectives.loss_over_rows import LossOverRows
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.mode_words import mode_in_words
from steepest.objectives.newton import Minimum, minimize
from steepest.objectives.quadratic import Quadratic
from steepest.rules.rule import polynomial_of
from steepest.summaries.coordinates import Coordinates
from steepest.support.arrays import FloatArray
from steepest.views.pages.packing import Json, packed
from steepest.views.pages.penalties import penalty_grid
from steepest.views.pages.rule_table import WALKED, WALKED_EPOCHS, WALKED_NUMBERS, best_settings

SAFE = 0.95  # of the global limit: what a run takes that is given no learning rate
KNOWN = ("logistic", "multinomial", "poisson", "huber", "quantile")
"""Losses that the page computes."""
WALKABLE = ("power", "two_term")
"""Kinds of rules that the page walks."""
MOST_ROWS, MOST_NUMBERS = 5_000, 60_000  # rows that differ, and numbers in them: 0.6 MB of text
MANY_ROWS = (
    20 * MOST_ROWS
)  # so many to sort, or to fit for each penalty of a slider, would take longer than they are worth
A_ROW_MORE = 20  # what an epoch costs beside its rows, in rows
OF_CLASSES = 2  # what a number costs where a row has several margins, in numbers
AT_OPENING, AT_A_MOVE = 100_000_000, 30_000_000  # numbers looked at: half a second in a browser, and 0.15 s
MOST_EPOCHS = 100_000


def loss_parts(run: Trajectory, problem: LossProblem) -> Json:
    """Return the parts of a payload that are other than those of squares.

    `spaces` has the minimum and the modes there for each penalty, `over` the rows: those that are equal as one, with their
    share of the weight. A run that is too long to be walked in a browser, has too many rows or a rule that the page does not
    walk is shown as it went: some epochs of it, with their loss.
    """
    rows = _grouped(_in_memory(problem))
    most = _most_epochs(run, rows)
    spaces = [
        _space(run, problem, rows, problem.triangle.coordinates(name, fit_intercept=problem.fit_intercept))
        for name in ("raw", "standardized")
        if name == problem.coordinates.name or most
    ]
    verdict = {"kind": run.verdict.kind, "sentence": str(run.verdict)}
    settings = {"epochs": run.epochs, "verdict": verdict, "walk": None if most else _walk(run)}
    over = {
        "loss": problem.loss.name,
        "numbers": numbers_of(problem.loss),
        "classes": problem.classes,
        "most_epochs": most,
        "space": problem.coordinates.name,
        "rows": _rows(rows, problem.fit_intercept) if most else None,
    }
    return {"spaces": {space["name"]: space for space in spaces}, "over": over, "run": settings}


def walked_entry(entry: Json) -> Json:
    """Return a rule's entry as that of one that the page does not compute."""
    return entry | {"kind": WALKED, "takes_rate": False, "takes_momentum": False}


def own_rows(problem: LossProblem) -> Sample:
    """Return a problem's rows in the data's own units."""
    return Sample(
        _own_units(_in_memory(problem).U, problem.coordinates, problem.fit_intercept),
        _in_memory(problem).y,
        np.arange(len(problem.rows), dtype=np.uint64),
    )


def _in_memory(problem: LossProblem) -> LossOverRows:
    """A problem's rows; raise UsageError where they are too many."""
    if isinstance(problem.rows, LossOverRows):
        return problem.rows
    raise UsageError("a page holds a run's rows in memory, and these are more than 1 GB. Show a run on some of them.")


def _most_epochs(run: Trajectory, rows: LossOverRows) -> int:
    """Up to which epoch the page walks; 0 where it does not walk at all."""
    n, p = len(rows), rows.width
    cost = (n + A_ROW_MORE) * p * (OF_CLASSES if rows.classes > 1 else 1)
    if n > MOST_ROWS or n * p > MOST_NUMBERS or run.epochs * cost > AT_OPENING or run.epochs > MOST_EPOCHS:
        return 0
    if polynomial_of(run.rule) not in WALKABLE:
        return 0
    return max(run.epochs, min(MOST_EPOCHS, AT_A_MOVE // cost), 1)


def _grouped(rows: LossOverRows) -> LossOverRows:
    """Equal rows as one, whose weight ω is the sum of theirs."""
    if len(rows) > MANY_ROWS:
        return rows
    distinct, place = np.unique(np.hstack([rows.U, rows.y]), axis=0, return_inverse=True)
    omega = np.ones(len(rows)) if rows.omega is None else rows.omega
    if len(distinct) == len(rows):
        return LossOverRows(rows.loss, rows.U, rows.y, omega / len(rows), rows.l2, rows.penalized)
    share = np.bincount(place.ravel(), omega) / len(rows)
    p = rows.width
    return LossOverRows(rows.loss, distinct[:, :p], distinct[:, p:], share, rows.l2, rows.penalized)


def _rows(rows: LossOverRows, fit_intercept: bool) -> Json:
    """The rows that the page walks over: inputs in force without the ones, targets, and their shares of the weight."""
    assert rows.omega is not None
    return {
        "U": packed(rows.U[:, int(fit_intercept) :]),
        "y": packed(rows.y),
        "share": packed(rows.omega),
        "count": len(rows),
    }


def _own_units(U: FloatArray, coordinates: Coordinates, fit_intercept: bool) -> FloatArray:
    return np.asarray(U[:, int(fit_intercept) :] * coordinates.scale + coordinates.shift)


def _space(run: Trajectory, problem: LossProblem, rows: LossOverRows, coordinates: Coordinates) -> Json:
    """One kind of inputs: the way back to the data's units, and the minimum with its modes for each penalty."""
    is_own = coordinates.name == problem.coordinates.name
    base = Quadratic.of(problem.triangle, coordinates)
    weights, bias = problem.to_raw(run.start)
    start = run.start if is_own else coordinates.from_raw(weights, bias).reshape(-1, 1)
    own = problem.l2 if is_own else 0.0
    batch = Batch(
        _own_units(rows.U, problem.coordinates, problem.fit_intercept),
        rows.y,
        problem.features,
        problem.targets,
        rows.omega,
    )
    penalties = penalty_grid(own, base, problem.classes) if len(rows) <= MANY_ROWS else [own]
    if problem.separation is not None and problem.separation.l2 is not None and len(penalties) > 1:
        penalties = sorted({*penalties, problem.separation.l2})
    blocks: list[Json] = []
    near: FloatArray | None = None
    for l2 in sorted(penalties, reverse=True):  # from the minimum of one penalty the next is not far
        if l2 == problem.l2 and (is_own or problem.separation is not None):
            found = problem.found
        else:
            found = minimize(problem.loss, lambda: [batch], coordinates, l2=l2, start=near)
        near = found.bowl.theta if found.settled else near
        blocks.insert(0, _block(problem, coordinates, found, l2, start, base))
    return {
        "name": coordinates.name,
        "size": base.size * problem.classes,
        "shift": packed(coordinates.shift),
        "scale": packed(coordinates.scale),
        "start": packed(start[:, 0]),
        "held_out": None,
        "blocks": blocks,
    }


def _block(
    problem: LossProblem, coordinates: Coordinates, found: Minimum, l2: float, start: FloatArray, base: Quadratic
) -> Json:
    """One penalty: the minimum, the modes there and the limits; without modes where there is no minimum."""
    steepest = problem.loss.largest_curvature * (base.modes.eigenvalues[0] if base.modes.eigenvalues.size else 0.0) + l2
    safe = 2 / float(steepest) if 0 < steepest < math.inf else None
    if not found.settled:
        empty = packed(np.zeros(0))
        block = {"eigenvalues": empty, "directions": empty, "ways": empty, "limit": packed(start[:, 0]), "floor": None}
        return block | {"l2": l2, "settled": False, "condition_number": None, "words": [], "best": {}, "safe": safe}
    quadratic = found.bowl.quadratic
    modes, best = quadratic.modes, best_settings(quadratic)
    if safe is not None and "gradient" in best:
        best["gradient"]["learning_rate"] = min(best["gradient"]["learning_rate"], SAFE * safe)
    sizes, names = problem.of_classes(problem.triangle.input_sizes(coordinates))
    return {
        "l2": l2,
        "settled": True,
        "eigenvalues": packed(modes.eigenvalues),
        "directions": packed(modes.directions),
        "ways": packed(quadratic.start_errors(start)[:, 0]),
        "limit": packed(quadratic.nearest_minimum(start)[:, 0]),
        "floor": found.bowl.value,
        "condition_number": min(modes.condition_number, sys.float_info.max),  # JSON has no infinity
        "words": [mode_in_words(v, sizes, names) for v in modes.directions.T],
        "best": best,
        "safe": safe,
    }


def _walk(run: Trajectory) -> Json:
    """Some epochs of a run as it went: parameters in force, loss and RMSE."""
    known = run.iterates.epochs
    places = log_spaced(len(known) - 1, max(2, min(WALKED_EPOCHS, WALKED_NUMBERS // max(1, run.start.size))))
    epochs = np.array([known[int(place)] for place in places])
    theta = run.iterates.parameters(epochs)
    return {
        "epochs": [int(epoch) for epoch in epochs],
        "theta": packed(theta[..., 0]),
        "loss": packed(run.loss(epochs)),
        "rmse": packed(run.rmse(epochs)),
        "expected": None,
    }
