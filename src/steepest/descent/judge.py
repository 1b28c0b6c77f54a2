"""Judge: what became of a run, decided from its modes and not from its loss."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from steepest.descent.endless import endless_verdict
from steepest.descent.facts import Facts
from steepest.descent.hovering import hovering, noise_level
from steepest.descent.loop import RecordedIterates
from steepest.descent.sparse_verdict import sparse_verdict
from steepest.descent.verdict import CONVERGED, Verdict, VerdictKind
from steepest.descent.verdict_words import advice_for, sentence_for
from steepest.descent.walked_words import walked_words
from steepest.errors import UsageError
from steepest.objectives.objective import has_prox
from steepest.objectives.problem import Problem
from steepest.rules.best_rate import at_best_rate
from steepest.rules.convergence import AT_LIMIT, first_epoch, remaining
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import LinearRule, has_closed_form, words_of
from steepest.support.arguments import as_float, check_word, shown

Measure = Literal["modes", "loss"]
SHOWN_MODES = 5
CRAWLS = 100  # a run that needs more than so many times its epochs crawls


def judge(facts: Facts) -> Verdict:
    """Return what became of a run.

    A rule that knows its residual polynomial is judged by it, beyond the end of the run as well. Of any other rule, what
    is left of each mode is measured on the path that was walked; of a run with an l1 penalty, the duality gap.
    """
    problem = facts.problem
    if problem.separation is not None and not facts.grew:
        return endless_verdict(facts, problem.separation)
    if has_prox(problem.quadratic):
        return sparse_verdict(facts, problem.quadratic)
    best = _best(facts)
    verdict = Verdict(
        "converged",
        sentence="",
        remaining=_left(facts),
        learning_rate=float(getattr(facts.rule, "learning_rate", math.nan)),
        best_learning_rate=best.learning_rate,
        epochs_at_best=first_epoch(best, facts.eigenvalues, CONVERGED),
        global_limit=problem.global_limit,
        condition_number=problem.condition_number,
        standardized_condition_number=problem.standardized.condition_number,
        epochs_standardized=epochs_standardized(problem),
        last_finite_epoch=facts.last if facts.iterates.ended.reason == "left_float64" else None,
        slowest=_slowest(facts),
    )
    if not (has_closed_form(facts.rule) and problem.is_quadratic):
        return _judge_walked(verdict, facts)
    verdict = _with_forecast(verdict, facts, facts.rule)
    verdict = replace(verdict, kind=_kind(verdict, facts))
    return replace(verdict, sentence=sentence_for(verdict, facts, facts.rule), advice=advice_for(verdict, facts))


def _judge_walked(verdict: Verdict, facts: Facts) -> Verdict:
    """Judge a run by its path, and batches by what they do on average where a forecast says it."""
    noise, level = noise_level(facts), hovering(facts)
    if has_closed_form(facts.rule):  # of a loss whose modes are those of its minimum
        verdict = replace(
            verdict, epochs_needed=_by_distance(facts, facts.rule, CONVERGED), stability_limit=_limit(facts.rule, facts)
        )
    if noise is not None:
        verdict = replace(verdict, stability_limit=noise.stability_limit)
    arrived = level is not None if noise is None else noise.level_from is not None and facts.last >= noise.level_from
    if diverges(facts):
        verdict = replace(verdict, kind="diverges")
    elif verdict.remaining > CONVERGED:
        verdict = replace(verdict, kind="hovers" if arrived else "unfinished")
    words = walked_words(verdict, facts, noise, level)
    return replace(verdict, sentence=words[0], advice=words[1])


def _with_forecast(verdict: Verdict, facts: Facts, rule: LinearRule) -> Verdict:
    """Add what a residual polynomial knows: the limit and the epochs needed."""
    return replace(
        verdict,
        epochs_needed=first_epoch(rule, facts.eigenvalues, CONVERGED),
        stability_limit=_limit(rule, facts),
    )


def _best(facts: Facts) -> LinearRule:
    """The rule at its best constant rate; plain gradient at its own where the rule's is not known beforehand."""
    rule = facts.rule if has_closed_form(facts.rule) else GradientRule(1.0)
    return at_best_rate(rule, facts.problem.quadratic.modes)


def _left(facts: Facts) -> float:
    """The largest share left, at two epochs in a row, since a run that passes through its minimum has not arrived: of a rule
    known beforehand the last and the one after, and of a path that was walked the last and the one before.
    """
    if has_closed_form(facts.rule) and facts.problem.is_quadratic:
        left = max(remaining(facts.rule, facts.eigenvalues, facts.last + ahead) for ahead in (0, 1))
        left = left if facts.iterates.engine == "modes" else max(left, facts.left)
        return 0.0 if left > CONVERGED and facts.starts_at_minimum else left
    walked = facts.iterates
    return float(walked.settled.max(initial=0.0)) if isinstance(walked, RecordedIterates) else facts.left


def diverges(facts: Facts) -> bool:
    """Say whether the run grows without bound: by its rate where the limit is known, else as measured."""
    if not (has_closed_form(facts.rule) and facts.problem.is_quadratic):
        return facts.grew
    return facts.rule.learning_rate > _limit(facts.rule, facts) * (1 + AT_LIMIT)


def _limit(rule: LinearRule, facts: Facts) -> float:
    """The largest learning rate that does not grow; none where nothing moves."""
    return rule.stability_limit(float(facts.eigenvalues[0])) if facts.eigenvalues.size else math.inf


def _kind(verdict: Verdict, facts: Facts) -> VerdictKind:
    if diverges(facts):
        return "diverges"
    if verdict.learning_rate >= verdict.stability_limit * (1 - AT_LIMIT):
        return "oscillates"
    if verdict.remaining <= CONVERGED:
        return "converged"
    needed = verdict.epochs_needed
    return "crawls" if needed is None or needed > CRAWLS * max(facts.last, 1) else "unfinished"


def _slowest(facts: Facts) -> tuple[tuple[str, float], ...]:
    """The modes with the largest shares left, in words."""
    if not facts.eigenvalues.size:
        return ()
    left = facts.shares
    slowest = np.argsort(-left, kind="stable")[:SHOWN_MODES]
    return tuple(zip(facts.problem.mode_words(slowest), left[slowest].tolist(), strict=True))


def epochs_standardized(problem: Problem) -> int | None:
    """Return the epochs to convergence in standardized coordinates, by plain gradient at the best rate there."""
    modes = problem.standardized.quadratic.modes
    return first_epoch(GradientRule(1.0).at_best_rate(modes), modes.eigenvalues, CONVERGED)


def epochs_to(facts: Facts, tolerance: float, measure: Measure = "modes") -> int | None:
    """Return the first epoch within a tolerance, see `Trajectory.epochs_to`."""
    check_word("measure", measure, ("modes", "loss"))
    if not 0 < as_float(tolerance) < math.inf:
        raise UsageError(f"a tolerance must be a finite number above 0; got {shown(tolerance)}.")
    quadratic, separation = facts.problem.quadratic, facts.problem.separation
    if separation is not None and measure == "modes":
        return None
    if has_closed_form(facts.rule) and measure == "modes" and not facts.problem.is_quadratic:
        return _by_distance(facts, facts.rule, tolerance)
    if has_closed_form(facts.rule) and facts.problem.is_quadratic:
        if measure == "modes":
            return first_epoch(facts.rule, facts.eigenvalues, tolerance)
        start_losses = (np.sqrt(facts.eigenvalues)[:, None] * quadratic.start_errors(facts.start)) ** 2
        return first_epoch(facts.rule, facts.eigenvalues, tolerance, np.asarray(start_losses.sum(axis=1)))
    known = np.asarray(facts.iterates.epochs)
    if measure == "modes" and facts.problem.l1:
        away = np.linalg.norm(facts.iterates.parameters(known) - quadratic.minimum, axis=(1, 2))
        left = away / away[0] if away[0] > 0 else np.zeros(len(known))
    elif measure == "modes":
        left = facts.iterates.remaining(known).max(axis=1, initial=0.0)
    else:
        above = (facts.iterates.loss(known) - quadratic.unexplained**2 / 2).sum(axis=1)
        left = above / above[0] if above[0] > 0 else np.zeros(len(known))
    within = np.flatnonzero(left <= tolerance)
    if not within.size:
        raise UsageError(
            f"the run of {facts.last:,} epochs does not come within {tolerance:g}, and {_without_closed_form(facts)} has no closed form that "
            "would tell how many more it needs. Run more epochs."
        )
    return int(known[within[0]])


def _without_closed_form(facts: Facts) -> str:
    """What it is that has none: the rule, or the loss."""
    if has_closed_form(facts.rule):
        return f"a run on {facts.problem.loss_name} loss"
    return f"the rule {words_of(facts.rule)}"


def _by_distance(facts: Facts, rule: LinearRule, tolerance: float) -> int | None:
    """Return the first epoch whose distance to the minimum is within a tolerance of that at the start, on a smooth loss.

        ‖theta_k - minimum‖ ≤ tolerance·‖theta_0 - minimum‖                measured, as far as the run was walked
        Σ e_i²·p_j(λ_i)² ≤ tolerance²·Σ e_i(0)²,  k = last + j             by the modes at the minimum, beyond its last epoch

    Near its minimum the loss is that of these modes, and at the start it need not be. A rule with a memory is not at rest after its
    last epoch, so it is asked from the start. None where the run grows, or was not there at the epoch that the modes say.
    """
    quadratic, known = facts.problem.quadratic, np.asarray(facts.iterates.epochs)
    away = np.linalg.norm(facts.iterates.parameters(known) - quadratic.nearest_minimum(facts.start), axis=(1, 2))
    within = np.flatnonzero(away <= tolerance * away[0])
    if within.size:
        return int(known[within[0]])
    if facts.iterates.ended.reason == "left_float64" or facts.grew:
        return None
    last = len(known) - 1 if isinstance(rule, GradientRule) else 0
    errors = quadratic.start_errors(facts.iterates.parameters(known[last:][:1])[0])[:, 0]
    if not errors.any():  # it stands there, and only rounding kept it from being seen
        return int(known[last])
    more = first_epoch(rule, facts.eigenvalues, (tolerance * away[0] / np.linalg.norm(errors)) ** 2, errors**2)
    found = None if more is None else int(known[last]) + more
    # the path went by that epoch and was not there: the modes at the minimum do not hold where this run is
    return None if found is not None and found <= facts.last else found
