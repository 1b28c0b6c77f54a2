"""Sparse: how runs with an l1 penalty are set up."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from steepest.descent.settings import Auto, Settings
from steepest.errors import Option, UsageError
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import checked_penalty
from steepest.objectives.sparse_loss import SparseLoss
from steepest.rules.proximal import is_proximal
from steepest.rules.registry import rule_named
from steepest.rules.rule import RuleChoice, words_of
from steepest.support import remedies
from steepest.support.arguments import as_float, shown
from steepest.support.arrays import FloatArray
from steepest.support.words import fraction

AUTO_GAP = 1e-9  # where "auto" ends a run: with this gap, weights are right to some six digits
MOST_AUTO = 20_000  # epochs that "auto" takes at most: seconds on a triangle


def elastic_net(l1: object, l2: object, l1_ratio: object) -> tuple[float, float]:
    """Return the weights of Σ|w| and of ½·‖w‖², from l1 with l2, or l1 with its share of the penalty.

        l1_ratio = l1/(l1 + l2)

    Raises:
        UsageError: one is out of its range, l1_ratio is given without l1, or beside l2.

    Example:
        >>> elastic_net(0.25, 0.0, 0.5), elastic_net(0.25, 0.1, None)
        ((0.25, 0.25), (0.25, 0.1))
    """
    lasso, ridge = checked_penalty("l1", l1), checked_penalty("l2", l2)
    if l1_ratio is None:
        return lasso, ridge
    if not 0 < as_float(l1_ratio) <= 1:
        raise UsageError(
            Option("l1_ratio") + f" must lie above 0 and be at most 1, the lasso; got {shown(l1_ratio)}.",
            remedies.RIDGE_ALONE,
        )
    if not lasso or ridge:
        beside = "and there is none" if not lasso else "and so does " + Option("l2", ridge)
        raise UsageError(
            Option("l1_ratio") + " says how much of the penalty is not l1, " + beside + ".",
            remedies.LASSO if not lasso else "give one of them",
        )
    ratio = as_float(l1_ratio)
    return lasso, checked_penalty("l2", lasso * (1 - ratio) / ratio)


def sparse_rule(rule: RuleChoice | None, l1: float, batch_size: int | None) -> RuleChoice:
    """Return the rule that was named; where none was, gradient, and under l1 a rule that knows it.

    Raises:
        UsageError: l1 is above 0 and the rule knows none.
    """
    if rule is None:
        return "gradient" if not l1 else "fista" if batch_size is None else "ista"
    kind = rule_named(rule) if isinstance(rule, str) else rule
    if l1 and not isinstance(kind, type) and not hasattr(kind, "step"):
        return rule  # no rule at all, which is told where rules are chosen
    if l1 and not is_proximal(kind):
        raise UsageError(
            f"rule {words_of(kind)} knows nothing of "
            + Option("l1", l1)
            + ": it follows a gradient, and |w| has none at 0.",
            remedies.FISTA,
        )
    return rule


def safe_settings(
    settings: Settings, problem: Problem, start: FloatArray, chosen: Callable[[float], Settings]
) -> Settings:
    """Take an automatic rate on a loss whose curvature changes from the largest that it can have, and not from that at the minimum.

    Where curvature has no bound, as that of counts, it is the larger one of those at the start and at the minimum.
    """
    loss = problem.quadratic
    if not isinstance(loss, SparseLoss) or "learning_rate" not in settings.reasons:
        return settings
    rate = problem.global_limit / 2
    reason = (
        "1/L, with the largest curvature L that the loss without l1 can have: from any start it comes to the minimum"
    )
    if not rate:
        rate = 1 / max(loss.steepest_at(start), loss.steepest_at(loss.minimum))
        reason = (
            "1/L, with the larger one of the curvatures of the loss without l1 at the start and at the minimum; it has no bound, so no rate "
            "is known to be safe from any start"
        )
    if not 0 < rate < np.inf:
        return settings
    safe = chosen(rate)
    return replace(safe, reasons={"learning_rate": reason, **safe.reasons})


def sparse_settings(
    settings: Settings, named: RuleChoice | None, asked: int | Auto, tolerance: float, longest: int
) -> Settings:
    """Add the reasons for what was not asked for: the rule, and when the run ends."""
    reasons = dict(settings.reasons)
    if named is None:
        reasons = {"rule": "it knows l1, whose slope jumps at 0", **reasons}
    if isinstance(asked, str):
        reasons["epochs"] = (
            f"as many as it takes until the duality gap is within {fraction(tolerance)} of the loss, at most {longest:,}"
        )
    return replace(settings, reasons=reasons)
