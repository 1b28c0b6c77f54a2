"""Verdict words: the verdict on a run known beforehand as a sentence with numbers, and what to change."""

import numpy as np

from steepest.descent.facts import Facts
from steepest.descent.verdict import CONVERGED, Verdict
from steepest.rules.convergence import settled_epoch
from steepest.rules.rule import LinearRule
from steepest.support.words import epochs, fraction, number, percent


def sentence_for(verdict: Verdict, facts: Facts, rule: LinearRule) -> str:
    """Return one sentence that says what became of the run."""
    if verdict.kind == "converged":
        return f"Converged: after {epochs(facts.last)} {left_over(verdict.remaining)}."
    if verdict.kind == "oscillates":
        return (
            f"Oscillates: the learning rate {number(verdict.learning_rate)} is exactly the stability limit, so the steepest mode oscillates "
            "forever without shrinking."
        )
    if verdict.kind == "diverges":
        return _diverges(verdict, facts, rule)
    if facts.left <= CONVERGED:
        return _passing(facts, rule)
    part, share = most_missing(facts)
    word = "Unfinished" if verdict.kind == "unfinished" else "Crawls"
    missing = f"{word}: {percent(share)} of {part} is still missing after {epochs(facts.last)}"
    return (
        f"{missing}; shrinking every mode's error to {fraction(CONVERGED)} of its starting value takes "
        f"{epochs(verdict.epochs_needed)} at this learning rate "
        f"({number(verdict.learning_rate)}, {percent(verdict.learning_rate / verdict.stability_limit)} of the stability limit "
        f"{number(verdict.stability_limit)})."
    )


def left_over(share: float) -> str:
    """What is left of the starting errors, at most."""
    if share == 0:
        return "nothing is left of the starting error"
    return f"no mode has more than {share:.2g} of its starting error left"


def _passing(facts: Facts, rule: LinearRule) -> str:
    """Of a run whose last epoch is within its tolerance, and the next or the one before is not."""
    within = f"Unfinished: after {epochs(facts.last)} {left_over(facts.left)}"
    rest = epochs(settled_epoch(rule, facts.eigenvalues, CONVERGED))
    return f"{within}, but the run only passes through its minimum: it comes to rest there after {rest}."


def _diverges(verdict: Verdict, facts: Facts, rule: LinearRule) -> str:
    gone = f"; the parameters left float64 after epoch {facts.last:,}" if verdict.last_finite_epoch is not None else ""
    with np.errstate(over="ignore", invalid="ignore"):
        growth = float(rule.radius(facts.eigenvalues).max()) - 1
    return (
        f"Diverges: the learning rate {number(verdict.learning_rate)} is above the stability limit {number(verdict.stability_limit)}, so the "
        f"steepest mode grows {'by ' + percent(growth) if growth < 1 else number(growth + 1, 4) + '-fold'} per epoch{gone}."
    )


def advice_for(verdict: Verdict, facts: Facts) -> str:
    """Return what to change, and what that would give; nothing where the run has arrived."""
    if verdict.kind == "converged":
        return ""
    rate, needed = number(verdict.best_learning_rate), epochs(verdict.epochs_at_best)
    return f"The best constant rate here is {rate}, which needs {needed}.{standardizing(verdict, facts)}"


def standardizing(verdict: Verdict, facts: Facts) -> str:
    """Return what standardized inputs would give, with a blank before it; nothing where they would change little."""
    better = verdict.standardized_condition_number <= verdict.condition_number / 2
    if facts.problem.coordinates.name == "standardized" or not better:
        return ""
    enough = verdict.epochs_standardized
    return (
        f" Standardizing the inputs reduces the condition number from {number(verdict.condition_number)} to "
        f"{number(verdict.standardized_condition_number)}, so {'one epoch is' if enough == 1 else f'{epochs(enough)} are'} enough."
    )


def most_missing(facts: Facts) -> tuple[str, float]:
    """Name the parameter that the slowest remaining mode is mostly made of, and the share of its way still to go.

    The share is (optimum - now) / (optimum - start), in the data's own units, or else in the inputs in force: a parameter
    may first go the wrong way in the one and not in the other, or be large in the one and hide there what is missing. Where
    neither tells as much as the mode, the share is the mode's own.
    """
    left, problem = facts.shares, facts.problem
    slowest = int(left.argmax())
    row = int(np.abs(problem.quadratic.modes.directions[:, slowest]).argmax())
    points = (facts.start, facts.iterates.final, problem.quadratic.minimum)
    name = problem.parameter_in_words(row)
    first = 0 if problem.fit_intercept else 1
    raw = [
        np.vstack([bias[None, :], weights])[first:].reshape(point.shape)
        for point, (weights, bias) in zip(points, map(problem.to_raw, points), strict=True)
    ]
    inside = f" in {problem.coordinates.name} inputs"
    for (start, now, goal), where in ((raw, ""), (points, inside)):
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.abs((goal[row] - now[row]) / (goal[row] - start[row]))
        share = float(np.max(shares, where=np.isfinite(shares), initial=0.0))
        if left[slowest] / 2 < share <= 1:
            return name + where, share
    return "the slowest mode", float(left[slowest])
