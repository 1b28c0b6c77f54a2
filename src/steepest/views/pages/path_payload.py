"""Path payload: all that the page of a path of sparse models must know, as plain numbers."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.analysis.path_choice import choose_model
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_order import order_of_inputs
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.errors import DataError, UsageError
from steepest.support.arrays import FloatArray
from steepest.views.pages.packing import Json, packed

MOST_NUMBERS = 150_000  # coefficients in a page: 1.6 MB of text
MOST_INPUTS = 1_500  # of those that are ever in use; then 100 penalties have room
MOST_PENALTIES = 600
CURVE_POINTS = 60  # of a lasso between its knots, as a line in the penalty bends on a log axis
FEW = 20  # penalties asked for; of fewer the slider stops at all that are drawn
MOST_NAMES = 200  # of inputs that are never in use


def path_payload(path: Path, choose: PathChoice | float, *, title: str = "") -> Json:
    """Return what the page of a path must know, as JSON types; arrays are packed, and what is not known is NaN.

    Coefficients are in the data's own units, at the penalties that were asked for, at the knots and, of a lasso, between them. The
    page is bounded: at most 150,000 coefficients, of the 1,500 inputs that say most where more are ever in use.

    Args:
        path: what `steepest.path` gave.
        choose: which model is marked as chosen, as `Model.of_path`.
        title: what the page is called.

    Raises:
        UsageError: an unknown choice, or one that this path does not have.
    """
    model, reason = choose_model(path, choose)
    marks = _marks(path, model, reason)
    asked = np.array([penalty for _, penalty, _ in marks])
    scale = path.triangle.deviations[: len(path.features)]
    penalties, weights, kept = _curves(path, asked, scale)
    stops = _stops(path, penalties, asked)
    ever = {path.features[j] for j in kept}
    entries = dict(order_of_inputs(path))
    never = [name for name in path.features if name not in entries]
    return {
        "title": title or "A path of sparse models",
        "kind": path.kind,
        "target": path.triangle.targets[0],
        "log_target": path.triangle.log_target,
        "measure": path.measure,
        "rows": path.triangle.row_count,
        "folds": path.fold_mse.shape[1],
        "inputs": len(path.features),
        "features": [path.features[j] for j in kept],
        "left_out": len(entries) - len(ever),
        "never": never[:MOST_NAMES],
        "never_count": len(never),
        "entries": [_finite(entries[path.features[j]]) for j in kept],
        "exact": path.is_linear_between_knots,
        "fit_intercept": path.fit_intercept,
        "standardize": path.standardize,
        "ratios": [[one.l1_ratio, float(one.cv_errors.min())] for one in (path, *path.others)] if path.others else [],
        "deviations": packed(scale[kept]),
        "penalties": packed(penalties),
        "coefficients": packed(weights[:, kept]),
        "chosen": int(np.flatnonzero(penalties[stops] == model.penalty)[0]),
        "marks": [
            {"name": name, "stop": int(np.flatnonzero(penalties[stops] == penalty)[0]), "why": why}
            for name, penalty, why in marks
        ],
        "stops": _of_stops(path, penalties[stops], stops),
    }


def _marks(path: Path, model: SparseModel, reason: str) -> list[tuple[str, float, str]]:
    """The penalties that are chosen in some way: name, penalty, and why."""
    marks = []
    if path.fold_mse.shape[1]:
        marks = [
            ("best", path.best.penalty, f"smallest held-out {path.measure}"),
            (
                "one standard error",
                path.one_standard_error.penalty,
                "largest penalty within one standard error of the best",
            ),
        ]
    if model.penalty not in [penalty for _, penalty, _ in marks]:
        marks.append(("chosen", model.penalty, reason))
    return marks


def _curves(path: Path, asked: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.intp]]:
    """Falling penalties, the coefficients there (m, d), and which inputs the page has: those ever in use that say most."""
    every = np.concatenate([path.penalties, path.knots[path.knots > 0], asked])
    if path.is_linear_between_knots and len(path.knots) > 1 and path.knots[-1] > 0:
        every = np.append(every, np.geomspace(path.knots[0], path.knots[-1], CURVE_POINTS)[1:-1])
    penalties = np.unique(every)[::-1]
    weights = path.coefficients(penalties)
    used = np.flatnonzero((weights != 0).any(axis=0))
    largest = np.abs(weights[:, used] * scale[used]).max(axis=0, initial=0.0)
    kept = np.sort(used[np.argsort(-largest, kind="stable")[:MOST_INPUTS]])
    most = min(MOST_PENALTIES, MOST_NUMBERS // max(1, len(kept)))
    if len(penalties) <= most:
        return penalties, weights, kept
    must = np.isin(penalties, asked)
    evenly = np.linspace(0, len(penalties) - 1, most - len(asked)).round().astype(int)
    must[evenly] = True
    return penalties[must], weights[must], kept


def _stops(path: Path, penalties: FloatArray, asked: FloatArray) -> NDArray[np.intp]:
    """Where the slider stops, as places among the penalties: where errors are known, or everywhere if those are few."""
    if len(path.penalties) < FEW:
        return np.arange(len(penalties))
    return np.flatnonzero(np.isin(penalties, np.concatenate([path.penalties, asked])))


def _of_stops(path: Path, penalties: FloatArray, places: NDArray[np.intp]) -> Json:
    """What is known of the models where the slider stops."""
    own, held = path.error_names
    columns: dict[str, Any] = {
        "bias": path.bias(penalties),
        "error": getattr(path, own)(penalties),
        "degrees": path.degrees_of_freedom(penalties),
        "held": _where_known(path, penalties, getattr(path, held)),
        "spread": _where_known(path, penalties, path.standard_errors),
    }
    refused = None
    if not path.fold_mse.shape[1]:
        try:
            columns |= {"aic": path.aic(penalties), "bic": path.bic(penalties)}
        except (DataError, UsageError) as error:
            refused = str(error)
    found = {name: packed(np.asarray(values, dtype=np.float64)) for name, values in columns.items()}
    in_use = (path.coefficients(penalties) != 0).sum(axis=1).tolist()
    return {"places": places.tolist(), "in_use": in_use, "no_criterion": refused, **found}


def _where_known(path: Path, penalties: FloatArray, values: FloatArray) -> FloatArray:
    """Values at the penalties that were asked for; NaN at others."""
    known = dict(zip(path.penalties.tolist(), values.tolist(), strict=True))
    return np.array([known.get(penalty, math.nan) for penalty in penalties.tolist()])


def _finite(penalty: float) -> float | None:
    return penalty if math.isfinite(penalty) else None
