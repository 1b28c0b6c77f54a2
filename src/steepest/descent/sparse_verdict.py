"""Sparse verdict: what became of a run with an l1 penalty, certified by its duality gap."""

from dataclasses import replace

import numpy as np

from steepest.descent.facts import Facts
from steepest.descent.hovering import hovering
from steepest.descent.minibatch import MiniBatchRule
from steepest.descent.verdict import Verdict, VerdictKind
from steepest.descent.walked_words import diverged_words, run_in_words
from steepest.errors import DataError
from steepest.objectives.objective import Proximal
from steepest.support.words import epochs, number, percent

SMALL = 1e-4  # shares below are no percentages that anybody reads
CONVERGED_GAP = 1e-6  # share of its loss by which a run may still be above the minimum
ROUNDING = 1e-9  # of a rate: 1/L is not above itself


def sparse_verdict(facts: Facts, objective: Proximal) -> Verdict:
    """Return what became of a run with an l1 penalty, certified by its duality gap."""
    problem, level = facts.problem, hovering(facts)
    share = gap_share(facts, objective)
    kind: VerdictKind = "converged" if share <= CONVERGED_GAP else "unfinished"
    if facts.grew:
        kind = "diverges"
    elif kind == "unfinished" and level is not None:
        kind = "hovers"
    verdict = Verdict(
        kind,
        sentence="",
        gap=share,
        learning_rate=float(getattr(facts.rule, "learning_rate", np.nan)),
        global_limit=problem.global_limit,
        condition_number=problem.condition_number,
        standardized_condition_number=problem.standardized.condition_number,
        last_finite_epoch=facts.last if facts.iterates.ended.reason == "left_float64" else None,
    )
    return replace(verdict, sentence=_sentence(verdict, facts), advice=_advice(verdict, facts))


def gap_share(facts: Facts, objective: Proximal) -> float:
    """The duality gap after the last epoch as a share of the loss there, the largest of the targets; inf where it is no number."""
    theta = facts.iterates.final
    with np.errstate(over="ignore", invalid="ignore"):
        gap, loss = objective.gap(theta), objective.value(theta)
        share = np.where(gap > 0, gap / np.where(loss > 0, loss, 1.0), np.where(np.isnan(gap), np.inf, 0.0))
    return float(np.nan_to_num(share, nan=np.inf, posinf=np.inf).max())


def _sentence(verdict: Verdict, facts: Facts) -> str:
    done, share = epochs(facts.last), verdict.gap
    if verdict.kind == "diverges" or share is None:
        return diverged_words(verdict, facts)
    if verdict.kind == "converged":
        return f"Converged: after {done} the loss is {_certainly(share)}; {_in_use(facts)}."
    word = "Hovers" if verdict.kind == "hovers" else "Unfinished"
    far = f"the loss is {_certainly(share)}" if np.isfinite(share) else "nothing is certain of the loss"
    return f"{word}: after {done} of {run_in_words(facts)} {far}; {_in_use(facts)}."


def _certainly(share: float) -> str:
    """What the duality gap says."""
    if share == 0:
        return "at its minimum (the duality gap is 0)"
    return f"at most {percent(share) if share > SMALL else f'{share:.2g}'} of itself above its minimum (by the duality gap)"


def _in_use(facts: Facts) -> str:
    """How many weights are not 0, since when the same ones, and whether these are the exact minimum's."""
    first = int(facts.problem.fit_intercept)
    paths, known = facts.iterates.parameters(facts.iterates.epochs)[:, first:], np.asarray(facts.iterates.epochs)
    used = (paths != 0).any(axis=2)
    others = np.flatnonzero((used != used[-1]).any(axis=1))
    since = int(known[others[-1] + 1]) if others.size else int(known[0])
    count = _counted(int(used[-1].sum()), used.shape[1])
    try:
        goal = (facts.problem.quadratic.minimum[first:] != 0).any(axis=1)
    except DataError:  # the exact minimum is out of reach; the gap is not
        return f"{count}, the same ones since epoch {since:,}"
    if (goal == used[-1]).all():
        return f"{count}, the same ones as at the exact minimum, since epoch {since:,}"
    return f"{count}, and at the exact minimum {int(goal.sum()):,}"


def _counted(some: int, of_all: int) -> str:
    """How many of the weights are not 0."""
    return f"{f'{some:,}' if some else 'none'} of {of_all:,} weights {'is' if some < 2 else 'are'} in use"


def _safe_rate(verdict: Verdict, facts: Facts) -> tuple[float, str]:
    """1/L and where it holds: everywhere, or where curvature has no bound near the minimum."""
    if verdict.global_limit:
        return verdict.global_limit / 2, "from any start"
    return 1 / float(facts.eigenvalues[0]), "near the minimum"


def _advice(verdict: Verdict, facts: Facts) -> str:
    """What to change; nothing where the run has arrived."""
    if verdict.kind == "converged":
        return ""
    safe, where = _safe_rate(verdict, facts)
    if isinstance(facts.rule, MiniBatchRule):
        return "A smaller learning rate, a schedule that falls to 0 or a full batch brings it nearer."
    if verdict.learning_rate > safe * (1 + ROUNDING):
        return (
            f"The learning rate is {number(verdict.learning_rate / safe, 3)} times 1/L = {number(safe)}, up to which fista converges {where}, "
            "and ista below twice that; L is the largest curvature of the loss without l1."
        )
    advice = "How many more epochs it needs is not known beforehand; the optimum, which takes no steps, is the exact minimum."
    if verdict.learning_rate < safe / 2:
        advice += f" The learning rate is {percent(verdict.learning_rate / safe)} of 1/L = {number(safe)}, which is safe {where}."
    better = verdict.standardized_condition_number <= verdict.condition_number / 2
    if facts.problem.coordinates.name != "standardized" and better:
        advice += (
            f" Standardizing the inputs reduces the condition number from {number(verdict.condition_number)} to "
            f"{number(verdict.standardized_condition_number)}, and the penalty then weighs every input alike."
        )
    return advice
