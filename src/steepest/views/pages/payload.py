"""Payload: all that a page must know of a run, as plain numbers; no eigenvalue problem is left to the browser."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.analysis.evaluate import classes_of, column_of
from steepest.data.sample import Sample
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE, Quadratic
from steepest.rules.rule import polynomial_of
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray
from steepest.views.pages.expected import expected_losses
from steepest.views.pages.loss_spaces import KNOWN, MOST_NUMBERS, WALKABLE, loss_parts, own_rows, walked_entry
from steepest.views.pages.measured import coefficient_part, measure_part
from steepest.views.pages.packing import Json, packed
from steepest.views.pages.penalties import penalty_grid
from steepest.views.pages.rule_table import WALKED, best_settings, rule_table, walk

MOST_PARAMETERS = 250
MOST_ROWS, MOST_CELLS = 300, 9_000  # rows shown, and numbers in them

EXACT = 1e-13  # of the way a mode moves the residuals: a product of matrices is no better


@dataclass(frozen=True, eq=False)
class Rows:
    """What a page shows beside the triangle.

    Args:
        sample: some rows of the table, or None.
        held_out: triangle of held-out rows, or None.
        test_sample: of another loss than squares some of the held-out rows themselves, or None.
        measures: of another loss than squares what was measured of the run, as run.json has it, or None.
    """

    sample: Sample | None = None
    held_out: Triangle | None = None
    test_sample: Sample | None = None
    measures: Mapping[str, Any] | None = None


def payload(run: Trajectory, triangle: Triangle, rows: Rows | None = None, *, title: str = "") -> Json:
    """Return what the page of a run must know, as JSON types.

    For raw and standardized inputs, and in each for a grid of penalties, the modes of the objective half_mse. Those of
    another objective with factor s follow without a computation of their own: ∇²J = s·(RᵀR/W + (l2/s)·D), so its modes at
    the penalty s·l2 are these, and its eigenvalues, losses and penalties s times these.

    The page is bounded: matrices hold at most 150,000 numbers, twice that where columns nearly depend on each other. With
    more features the grid of penalties gets shorter, from 14 to only the run's own; rows are shown up to 300, and up to
    9,000 numbers.

    Args:
        run: a run of one target.
        triangle: of the rows it learned from.
        rows: rows to show, and held-out ones.
        title: what the page is called.

    Raises:
        UsageError: several targets that are no classes, or more than 250 parameters.
    """
    wrong = problem_with(run)
    if wrong:
        raise UsageError(wrong)
    rows = rows or Rows()
    weights, bias = run.problem.to_raw(run.iterates.parameters(np.array([0]))[0])
    rules, own = rule_table(run.rule)
    made = {
        "title": title or "A run of gradient descent",
        "features": list(run.features),
        "target": run.targets[0],
        "fit_intercept": run.coordinates.fit_intercept,
        "row_count": triangle.row_count,
        "held_out_count": 0,
        "total_weight": triangle.total_weight,
        "start": {"weights": packed(weights), "bias": bias.tolist() if len(bias) > 1 else float(bias[0])},
        "rows": _rows(rows.sample),
        "inputs": {"range": _range(triangle)},
        "rules": rules,
        "run": _settings(run, own["name"]),
    }
    return made | (_of_loss if isinstance(run.problem, LossProblem) else _of_squares)(run, triangle, rows, made)


def _of_squares(run: Trajectory, triangle: Triangle, rows: Rows, made: Json) -> Json:
    """What the page of squared loss has beside."""
    spaces = [
        _space(run, triangle, rows.held_out, triangle.coordinates(name, fit_intercept=run.coordinates.fit_intercept))
        for name in ("raw", "standardized")
    ]
    settings = made["run"]
    if next(entry["kind"] for entry in made["rules"] if entry["name"] == settings["rule"]) == WALKED:
        settings |= _as_walked(
            run, triangle, next(space for space in spaces if space["name"] == settings["coordinates"])
        )
    return {
        "held_out_count": 0 if rows.held_out is None else rows.held_out.row_count,
        "spaces": {space["name"]: space for space in spaces},
        "run": settings,
    }


def _of_loss(run: Trajectory, triangle: Triangle, rows: Rows, made: Json) -> Json:
    """What the page of another loss has beside; the run's own rows where none were given to show."""
    assert isinstance(run.problem, LossProblem)
    parts = loss_parts(run, run.problem)
    rules, settings = made["rules"], made["run"] | parts["run"]
    if parts["run"]["walk"] is None:
        rules = [entry for entry in rules if entry["kind"] in WALKABLE]
    else:
        rules = [walked_entry(entry) for entry in rules if entry["name"] == settings["rule"]]
    shown = made["rows"] or (None if parts["over"]["rows"] is None else _rows(own_rows(run.problem)))
    classes = list(classes_of(run)) if run.problem.classes > 1 else list(getattr(triangle.coding, "classes", ()))
    target = column_of(run) if run.problem.classes > 1 else made["target"]
    parts |= _held_rows(rows)
    tables = {"inference": coefficient_part(run), "measures": measure_part(rows.measures)}
    return parts | tables | {"rules": rules, "run": settings, "rows": shown, "classes": classes, "target": target}


def _held_rows(rows: Rows) -> Json:
    """Held-out rows, in the data's own units: their loss is the mean over them; none of rows with weights, which samples do not have."""
    sample, whole = rows.test_sample, rows.held_out
    if sample is None or not len(sample.X) or (whole is not None and whole.total_weight != whole.row_count):
        return {"held_rows": None}
    most = max(1, MOST_NUMBERS // max(1, sample.X.shape[1]))
    chosen = np.unique(np.linspace(0, len(sample.X) - 1, min(most, len(sample.X))).round().astype(np.int64))
    held = {"X": packed(sample.X[chosen]), "y": packed(sample.y[chosen]), "count": len(chosen)}
    return {"held_rows": held, "held_out_count": len(sample.X) if whole is None else whole.row_count}


def problem_with(run: Trajectory) -> str | None:
    """Say why a run has no page, or None where it has one."""
    classes = len(run.targets) if run.objective == "multinomial" else 1
    size = (len(run.features) + run.coordinates.fit_intercept) * classes
    if not run.problem.is_quadratic and run.objective not in KNOWN:
        return (
            f"a page shows squared, {', '.join(KNOWN)} loss; this run is on {run.objective} loss. Look at its pictures."
        )
    if run.problem.has_offset:
        return "a page knows no offset, and this run has one. Look at its pictures."
    if run.l1:
        return "a page computes runs without an l1 penalty, and this run has one. Look at its pictures."
    if len(run.targets) != classes:
        return f"a page shows a run of one target; this one has {len(run.targets)}. Select one of them."
    if size > MOST_PARAMETERS:
        return f"a page holds up to {MOST_PARAMETERS} parameters; this run has {size}. Select fewer features, or look at its verdict."
    return None


def thinned(sample: Sample) -> Sample:
    """Return some of a sample's rows, evenly chosen: as many as a page shows."""
    most = max(1, min(MOST_ROWS, MOST_CELLS // max(1, sample.X.shape[1]), len(sample.X)))
    chosen = np.unique(np.linspace(0, max(0, len(sample.X) - 1), most).round().astype(np.int64))[: len(sample.X)]
    return Sample(sample.X[chosen], sample.y[chosen], sample.positions[chosen], sample.seed)


def _settings(run: Trajectory, name: str) -> Json:
    """The run's own settings, where the page starts."""
    rule: Any = run.rule
    return {
        "rule": name,
        "learning_rate": getattr(rule, "learning_rate", None),
        "momentum": getattr(rule, "momentum", None),
        "interval": [rule.lower, rule.upper] if polynomial_of(rule) == "chebyshev" else None,
        "l2": run.l2,
        "objective": run.objective,
        "coordinates": "standardized" if run.coordinates.name == "standardized" else "raw",
        "epochs": run.requested_epochs,
    }


def _as_walked(run: Trajectory, triangle: Triangle, space: Json) -> Json:
    """The run as it was walked, and what was said of it; the ways in its own block become those the shares are of."""
    l2 = run.l2 / GRADIENT_SCALE[run.problem.objective]
    coordinates = triangle.coordinates(space["name"], fit_intercept=run.coordinates.fit_intercept)
    epochs, left, ways = walk(run, Quadratic.of(triangle, coordinates, l2=l2))
    next(block for block in space["blocks"] if block["l2"] == l2)["ways"] = packed(ways)
    expected = expected_losses(run, epochs)
    return {
        "epochs": epochs[-1],
        "walk": {
            "epochs": epochs,
            "left": packed(left),
            "modes": len(ways),
            "expected": None if expected is None else packed(expected),
        },
        "verdict": {"kind": run.verdict.kind, "sentence": str(run.verdict)},
    }


def _space(run: Trajectory, triangle: Triangle, held_out: Triangle | None, coordinates: Coordinates) -> Json:
    """One kind of inputs: its design, the way back to the data's units, and its modes for each penalty."""
    base = Quadratic.of(triangle, coordinates)
    weights, bias = run.coordinates.to_raw(run.iterates.parameters(np.array([0]))[0])
    start = coordinates.from_raw(weights, bias)
    own = run.l2 / GRADIENT_SCALE[run.problem.objective]
    penalties = penalty_grid(own if coordinates.name == run.coordinates.name else 0.0, base)
    held = None if held_out is None or not held_out.row_count else Quadratic.of(held_out, coordinates)
    return {
        "name": coordinates.name,
        "size": base.size,
        "shift": packed(coordinates.shift),
        "scale": packed(coordinates.scale),
        "start": packed(start[:, 0]),
        "R": packed(base.R),
        "r": packed(base.r[:, 0]),
        "rho": float(base.rho[0]),
        "held_out": None if held is None else _held(held),
        "blocks": [_block(triangle, coordinates, l2, start, held) for l2 in penalties],
    }


def _held(held: Quadratic) -> Json:
    return {
        "R": packed(held.R),
        "r": packed(held.r[:, 0]),
        "rho": float(held.rho[0]),
        "total_weight": held.total_weight,
    }


def _block(triangle: Triangle, coordinates: Coordinates, l2: float, start: FloatArray, held: Quadratic | None) -> Json:
    """One penalty: modes, ways, minimum, and what cannot be explained there."""
    problem = Problem(triangle, coordinates, l2=l2)
    quadratic = problem.quadratic
    modes, start_errors = quadratic.modes, quadratic.start_errors(start)
    limit = quadratic.nearest_minimum(start)
    return {
        "l2": l2,
        "eigenvalues": packed(modes.eigenvalues),
        "directions": packed(modes.directions),
        "ways": packed(start_errors[:, 0]),
        "limit": packed(limit[:, 0]),
        "misfit": packed(quadratic.misfit[:, 0]),
        "floor": float(quadratic.unexplained[0] ** 2 / 2),
        "predicted": _predicted(quadratic),
        "held_misfit": None if held is None else packed(held.residual(limit)[:, 0]),
        "condition_number": min(modes.condition_number, sys.float_info.max),  # JSON has no infinity
        "words": list(problem.mode_words()),
        "best": best_settings(quadratic),
    }


def _predicted(quadratic: Quadratic) -> str | None:
    """R·V, or None where the page's own product is as good: of dependent columns it is the rounding of the largest."""
    own = quadratic.R @ quadratic.modes.directions
    apart = np.linalg.norm(own - quadratic.mode_predictions, axis=0) * math.sqrt(1 / quadratic.total_weight)
    return packed(quadratic.mode_predictions) if (apart > EXACT * np.sqrt(quadratic.modes.eigenvalues)).any() else None


def _range(triangle: Triangle) -> list[float]:
    """Where a line over the only feature is drawn when no rows are shown: two standard deviations around the mean."""
    mean, deviation = float(triangle.means[0]), float(triangle.deviations[0])
    return [mean - 2 * deviation, mean + 2 * deviation]


def _rows(sample: Sample | None) -> Json | None:
    """Rows to show, as many as there is room for."""
    if sample is None or not len(sample.X):
        return None
    shown = thinned(sample)
    return {
        "X": packed(shown.X),
        "y": packed(shown.y[:, 0] if shown.y.shape[1] == 1 else shown.y.argmax(axis=1)),
        "positions": shown.positions.tolist(),
        "count": len(shown.X),
    }
