"""Rule table: what a page must know of the rules it can compute, and the run itself of a rule that it cannot."""

from typing import Any

import numpy as np

from steepest.descent.record import log_spaced
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.quadratic import Quadratic
from steepest.rules.best_rate import arguments_of
from steepest.rules.registry import RULES, best_rules
from steepest.rules.rule import Rule, formula_of, label_of, polynomial_of
from steepest.support.arrays import FloatArray

WALKED = "walked"
WALKED_EPOCHS, WALKED_NUMBERS = 600, 60_000  # kept of a run without formula
AWAY = 1e-12  # of the longest way: a mode with less has none to speak of


def rule_table(own: Rule) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return an entry for every rule that a page computes, and the one of the run's own rule, which is among them.

    Each entry has JSON types: `name`, `label`, `formula`, `kind` of residual polynomial ("power", "two_term",
    "chebyshev", or "walked": none, the run as it went), `look_ahead` of a two-term rule, whether it takes a learning rate
    and a momentum, and `python`: None where its name is known everywhere, else its class, or the very object.
    """
    table = [_entry(kind, name) for name, kind in RULES.items() if polynomial_of(kind) is not None]
    kind = type(own)
    known = RULES.get(own.name) is kind
    mine = next((entry for entry in table if known and entry["name"] == own.name), None)
    if mine is not None:
        return table, mine
    taken = {entry["name"] for entry in table}
    mine = _entry(own, own.name if own.name not in taken else kind.__name__)
    if mine["kind"] == WALKED:
        mine |= {"takes_rate": False, "takes_momentum": False}
    if mine["kind"] == WALKED or not known:
        mine["python"] = repr(own) if mine["kind"] in (WALKED, "chebyshev") else kind.__name__
    return [*table, mine], mine


def _entry(rule: Any, name: str) -> dict[str, Any]:
    """What is known of a rule, or of a class of rules."""
    arguments = dict(arguments_of(rule if isinstance(rule, type) else type(rule)))
    return {
        "name": name,
        "label": label_of(rule),
        "formula": formula_of(rule),
        "kind": polynomial_of(rule) or WALKED,
        "look_ahead": float(getattr(rule, "look_ahead", 0.0)),
        "takes_rate": "learning_rate" in arguments,
        "takes_momentum": "momentum" in arguments,
        "python": None,
    }


def best_settings(quadratic: Quadratic) -> dict[str, dict[str, float]]:
    """Return the best learning rate and momentum of every rule that takes a rate and knows them, by name."""
    return {
        rule.name: {"learning_rate": rule.learning_rate, "momentum": getattr(rule, "momentum", 0.0)}
        for rule in best_rules(quadratic.modes)
        if "learning_rate" in dict(arguments_of(type(rule)))
    }


def walk(run: Trajectory, quadratic: Quadratic) -> tuple[list[int], FloatArray, FloatArray]:
    """Return some epochs of a run as they were walked: the epochs, the share each mode then had left, and the ways.

    Args:
        run: a run of one target.
        quadratic: its objective, or that times a factor, in the coordinates in force.

    Returns:
        epochs, ascending from 0, a list of K; shares (K, r); ways (r,), of which they are shares: those of the start, and
        where a mode starts where it ends, the farthest it was away.

    Raises:
        UsageError: not even the start and the end are known.
    """
    known = run.iterates.epochs
    most = max(2, min(WALKED_EPOCHS, WALKED_NUMBERS // max(1, len(quadratic.modes.eigenvalues))))
    places = log_spaced(len(known) - 1, most)
    epochs = np.asarray(known)[places] if not isinstance(known, range) else np.array([known[int(k)] for k in places])
    if not len(epochs):
        raise UsageError("the run kept no epoch to show. Run it again with record=Record(points=1000).")
    left = np.stack([quadratic.start_errors(theta)[:, 0] for theta in run.iterates.parameters(epochs)])
    far = np.abs(left).max(axis=0)
    ways = np.where(np.abs(left[0]) > AWAY * np.abs(left[0]).max(initial=0.0), left[0], np.where(far > 0, far, 1.0))
    return [int(k) for k in epochs], left / ways, ways
