"""Sparse model: how the model of a path becomes a model as any other, and what its file says of the way it was made."""

from dataclasses import replace
from typing import Any

import numpy as np

from steepest.analysis.path_choice import choose_model
from steepest.analysis.path_model import SparseModel
from steepest.analysis.path_result import Path
from steepest.analysis.path_settings import PathChoice
from steepest.data.coding import Coding
from steepest.support.arrays import FloatArray
from steepest.support.version import __version__
from steepest.support.words import number


def chosen_model(path: Path, choose: PathChoice | float) -> tuple[SparseModel, dict[str, Any]]:
    """Return the model that is chosen, and what a file says of its making (JSON types)."""
    model, reason = choose_model(path, choose)
    coordinates, problem = path.coordinates, path.solution.problem
    factors = {name: f for name, f in zip(path.features, problem.factors.tolist(), strict=True) if f != 1}
    selection = {
        "method": path.kind,
        "penalty": model.penalty,
        "l1_ratio": path.l1_ratio,
        "choice": choose if isinstance(choose, str) else "penalty",
        "reason": reason,
        "inputs": len(path.features),
        "in_use": len(model.active),
        "positive": problem.positive,
        "relaxed": path.relaxed,
        "penalty_factors": factors,
    }
    training = {
        "selection": selection,
        "coordinates": {
            "name": coordinates.name,
            "shift": coordinates.shift.tolist(),
            "scale": coordinates.scale.tolist(),
            "fit_intercept": path.fit_intercept,
        },
        "steepest": __version__,
    }
    return model, training


def columns_in_use(path: Path, model: SparseModel) -> tuple[tuple[str, ...], Coding | None]:
    """Return the features and the coding of the columns without which the model could not predict.

    Where no input is in use a model has its first column all the same: a file without any says nothing of its table.
    """
    active = model.active or path.features[:1]
    coding = path.triangle.coding
    if coding is None:
        return active, None
    needed = replace(coding, classes=()).needed_for(active)
    return needed.features, needed


def weights_of(path: Path, model: SparseModel, features: tuple[str, ...]) -> FloatArray:
    """Return the coefficients of some of the path's features, shape (d, 1)."""
    by_name = dict(zip(path.features, model.coefficients.tolist(), strict=True))
    return np.array([[by_name[name]] for name in features])


def selection_words(training: dict[str, Any]) -> str | None:
    """Return how a sparse model was chosen, as its file says; None where it is none. Nothing in a file is believed, only shown.

    Example:
        >>> selection_words({"selection": {"method": "lasso", "penalty": 0.5, "reason": "smallest BIC", "inputs": 9, "in_use": 2}})
        'lasso, penalty 0.5 (smallest BIC); 2 of 9 inputs in use'
    """
    said = training.get("selection")
    if not isinstance(said, dict):
        return None
    penalty = said.get("penalty")
    worth = number(penalty) if isinstance(penalty, float) else "unknown"
    counts = f"{said.get('in_use', 'unknown')} of {said.get('inputs', 'unknown')} inputs in use"
    return f"{said.get('method', 'sparse')}, penalty {worth} ({said.get('reason', 'unknown')}); {counts}"
