"""Walked words: the verdict on a run that went step by step, and what to change."""

import numpy as np

from steepest.descent.facts import Facts
from steepest.descent.hovering import FARTHEST, Hovering, NoiseLevel
from steepest.descent.verdict import CONVERGED, Verdict
from steepest.descent.verdict_words import left_over, most_missing, standardizing
from steepest.rules.adam import AdamRule
from steepest.rules.gradient import GradientRule
from steepest.rules.rule import has_closed_form, knows_its_run, words_of
from steepest.support.words import epochs, number, percent


def walked_words(verdict: Verdict, facts: Facts, noise: NoiseLevel | None, level: Hovering | None) -> tuple[str, str]:
    """Return a sentence that says what became of the run, and advice; none where it has arrived.

    Args:
        verdict: its kind and numbers.
        facts: what it was judged from.
        noise: what its batches do on average, where a forecast says it.
        level: how far above the minimum it stayed, as measured, where it did.
    """
    if verdict.kind == "converged":
        return f"Converged: after {epochs(facts.last)} {left_over(verdict.remaining)}.", ""
    if verdict.kind == "diverges":
        return diverged_words(verdict, facts), _above_limit(verdict, noise) or _other_rates(verdict, facts)
    if verdict.kind == "hovers":
        return _hovers(facts, noise, level), _above_limit(verdict, noise) or _nearer(facts, noise)
    advice = _above_limit(verdict, noise) or _levels_off(facts, noise) or _other_rates(verdict, facts)
    if facts.left <= CONVERGED:
        missing = (
            f"Unfinished: after {epochs(facts.last)} {left_over(facts.left)}, but it was not one epoch before, so the run may be "
            "passing through its minimum."
        )
        return missing, advice
    part, share = most_missing(facts)
    return (
        f"Unfinished: {percent(share)} of {part} is still missing after {epochs(facts.last)} of {run_in_words(facts)}.",
        advice,
    )


def run_in_words(facts: Facts) -> str:
    """Return the rule with its learning rate."""
    rate = float(getattr(facts.rule, "learning_rate", np.nan))
    words = f"rule {words_of(facts.rule)}"
    if not np.isfinite(rate):
        return words
    return f"{words}{',' if ',' in words else ''} at learning rate {number(rate)}"


def diverged_words(verdict: Verdict, facts: Facts) -> str:
    """Return a sentence on a run that grows."""
    gone = f"; the parameters left float64 after epoch {facts.last:,}" if verdict.last_finite_epoch is not None else ""
    first, last = (float(np.max(loss)) for loss in facts.iterates.loss(np.array([0, facts.last])))
    now = number(last) if np.isfinite(last) else "beyond float64"
    return f"Diverges: after {epochs(facts.last)} of {run_in_words(facts)} the loss is {now}, and it began at {number(first)}{gone}."


def _hovers(facts: Facts, noise: NoiseLevel | None, level: Hovering | None) -> str:
    least = f"its minimum {number(_least(facts))}"
    if noise is None and level is not None:
        stays = f"since epoch {level.since:,} of {facts.last:,} the loss has stayed about {_above(facts, level.excess)} above {least}"
        return f"Hovers: {stays}, without coming nearer, by {run_in_words(facts)}."
    now = float(facts.iterates.loss(np.array([facts.last])).sum()) - _least(facts)
    floor = "" if noise is None else f"; {_levels(facts, noise)}"
    return f"Hovers: after {epochs(facts.last)} of {run_in_words(facts)} the loss is {_above(facts, now)} above {least}{floor}."


def _levels(facts: Facts, noise: NoiseLevel) -> str:
    """Where the loss of batches ends."""
    runs = "on average over runs" if noise.is_random else "in this order of rows"
    return f"{runs} it levels off {_above(facts, noise.floor)} above"


def _nearer(facts: Facts, noise: NoiseLevel | None) -> str:
    """What brings a run nearer that hovers."""
    if noise is not None:
        tenth = f"A tenth of the learning rate levels off {_above(facts, noise.floor_of_tenth)} above, in about ten times as many epochs"
        return f"{tenth}; averaging the iterates or a learning rate schedule also brings it nearer."
    if type(facts.rule) is AdamRule:  # of its kin nothing was measured
        return "A tenth of the learning rate hovers about a hundredth as far above; a schedule that falls to 0 comes to rest."
    return "A smaller learning rate, a schedule that falls to 0 or averaging the iterates brings it nearer."


def _least(facts: Facts) -> float:
    """The loss at the minimum, the sum over targets."""
    return float((facts.problem.quadratic.unexplained**2 / 2).sum())


def _above(facts: Facts, excess: float) -> str:
    """How far above the minimum: in percent of the loss there, or in numbers where that is next to nothing."""
    least = _least(facts)
    return percent(excess / least) if 0 < excess <= 100 * least else number(excess)


def _above_limit(verdict: Verdict, noise: NoiseLevel | None) -> str:
    """What a learning rate above the limit means; nothing where it is below, or no limit is known."""
    if noise is None and verdict.learning_rate > verdict.stability_limit:
        limit = number(verdict.stability_limit)
        return f"The learning rate is above the stability limit {limit} at the minimum, so that no run comes to rest there. Stay below it."
    if noise is None or not verdict.learning_rate >= noise.stability_limit:
        return ""
    return (
        f"The learning rate is above the mean-square stability limit {number(noise.stability_limit)}: on average over runs the error grows, "
        "and a single run can look fine for a long time and then jump. Stay below it."
    )


def _levels_off(facts: Facts, noise: NoiseLevel | None) -> str:
    """Where and when batches of rows level off; nothing where no forecast says it."""
    if noise is None or noise.level_from is None:
        return ""
    return (
        f"At this learning rate the loss of {number(_least(facts))} at the minimum is not reached: {_levels(facts, noise)}, from "
        f"{_about(noise.level_from)} on."
    )


def _about(epoch: int) -> str:
    return f"about epoch {epoch:,}" if epoch < FARTHEST else f"beyond epoch {FARTHEST:,}"


def _other_rates(verdict: Verdict, facts: Facts) -> str:
    """What is known of a run without a forecast: plain gradient descent over all rows at its best constant rate."""
    rate, needed = number(verdict.best_learning_rate), epochs(verdict.epochs_at_best)
    unknown = "" if knows_its_run(facts.rule) else "What more epochs would give is not known beforehand for this rule; "
    known = has_closed_form(facts.rule) and not isinstance(
        facts.rule, GradientRule
    )  # then these are the rule's own numbers
    which = f"rule {facts.rule.name}" if known else "full-batch gradient descent"
    best = f"{unknown}{which} at its best constant rate, {rate}, needs {needed}"
    return f"{best[0].upper()}{best[1:]}.{standardizing(verdict, facts)}"
