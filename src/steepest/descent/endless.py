"""Endless: runs on a loss without a minimum: how they are set up, and what is said of them."""

from dataclasses import replace

import numpy as np

from steepest.descent.facts import Facts
from steepest.descent.settings import Auto, Settings, check_epochs
from steepest.descent.verdict import Verdict
from steepest.objectives.loss_problem import LossProblem
from steepest.objectives.separation import Separation
from steepest.rules.gradient import GradientRule
from steepest.support.words import epochs, number

SAFE = 0.95  # of the global limit of a smooth loss
EPOCHS = 1000  # of a run that has no end


def endless_settings(settings: Settings, problem: LossProblem, asked: int | Auto) -> Settings:
    """Return settings that wait for no minimum: every epoch that was asked for, or 1,000, at a rate that is safe everywhere."""
    reasons, rule, count = dict(settings.reasons), settings.rule, settings.epochs
    if settings.is_shortened:
        reasons.pop("epochs")
        count = EPOCHS if isinstance(asked, str) else check_epochs(asked)
    if isinstance(asked, str):
        reasons["epochs"] = f"{EPOCHS:,}, since no number of epochs is enough: the loss has no minimum"
    if "learning_rate" in reasons and isinstance(rule, GradientRule):
        known = 0 < problem.global_limit < np.inf
        limit = problem.global_limit if known else 2 / float(problem.quadratic.modes.eigenvalues[0])
        why = (
            "the largest curvature L that the loss can have"
            if known
            else "the largest curvature L where the loss is nearly as low as it can be"
        )
        rule, reasons["learning_rate"] = GradientRule(SAFE * limit), f"95% of 2/L, with {why}"
    return replace(settings, rule=rule, epochs=count, reasons=reasons)


def endless_verdict(facts: Facts, separation: Separation) -> Verdict:
    """Return what became of a run on a loss without a minimum that does not diverge: it goes on forever."""
    loss = float(facts.iterates.loss(np.array([facts.last])).sum())
    sentence = (
        f"Separable: {separation}, so the loss has no minimum: weights grow forever and the loss tends to {number(separation.infimum)}. "
        f"After {epochs(facts.last)} it is {number(loss)}."
    )
    penalty = (
        "" if separation.l2 is None else f"With a penalty there is a minimum: l2 = {number(separation.l2)} will do."
    )
    rate = float(getattr(facts.rule, "learning_rate", np.nan))
    return Verdict("separable", sentence, penalty, learning_rate=rate, global_limit=facts.problem.global_limit)
