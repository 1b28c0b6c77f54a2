"""Settings: learning rate, momentum and epochs chosen from the modes, each with the reason for it."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from steepest.errors import UsageError
from steepest.objectives.modes import Modes
from steepest.rules.convergence import AT_LIMIT, settled_epoch
from steepest.rules.rule import (
    RULES,
    ChebyshevRule,
    GradientRule,
    HeavyBallRule,
    LinearRule,
    NesterovRule,
    Rule,
    check_learning_rate,
    check_momentum,
    is_linear,
)

Auto = Literal["auto"]
# "auto" goes on until every mode is within this share of its start error: rounding is all that is left then.
AUTO_TOLERANCE = 1e-12
MOST_EPOCHS = 2**53  # whole numbers above are not exact in float64, and neither would be the epoch


@dataclass(frozen=True)
class Settings:
    """A rule and a number of epochs, ready to run.

    Args:
        rule: the rule with its numbers.
        epochs: number of epochs.
        reasons: for each setting that was "auto", why it got its value.
    """

    rule: Rule
    epochs: int
    reasons: dict[str, str] = field(default_factory=dict)


def best_learning_rate(rule: str, modes: Modes, momentum: float = 0.0) -> float:
    """Return the constant learning rate with the smallest error factor an epoch in the long run.

        gradient, heavy ball with given β:   η = 2(1 + β) / (λ_max + λ_min)
        Nesterov with given β:               the η at which λ_max and λ_min shrink alike

    Args:
        rule: "gradient", "heavy_ball" or "nesterov".
        modes: the modes of the objective.
        momentum: β, ignored by "gradient".

    Source: Nesterov, "Introductory Lectures on Convex Optimization", 2004, theorem 2.1.15 (gradient);
    Polyak 1964, theorem 9 (heavy ball).
    """
    if not modes.eigenvalues.size:
        return 1.0
    largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
    if rule == "gradient" or momentum == 0:
        return _below(GradientRule(1.0).stability_limit(largest), 2 / (largest + smallest))
    if rule == "heavy_ball":
        limit = HeavyBallRule(1.0, momentum).stability_limit(largest)
        return _below(limit, 2 * (1 + momentum) / (largest + smallest))
    ends = np.array([largest, smallest])

    def difference(rate: float) -> float:
        of_largest, of_smallest = NesterovRule(rate, momentum).radius(ends)
        return float(of_smallest - of_largest)

    # at 1/λ_max the steepest mode is gone in one epoch; at the limit it does not shrink: the balance lies between
    low, high = 1 / largest, NesterovRule(1.0, momentum).stability_limit(largest)
    if difference(low) <= 0:
        return low
    return _below(high, brentq(difference, low, high, xtol=1e-16 * low, rtol=1e-15) if difference(high) < 0 else high)


def _below(limit: float, rate: float) -> float:
    """A rate, or what is just below the stability limit: modes 1e15 apart leave nothing between the two in float64."""
    return min(float(rate), limit * (1 - 10 * AT_LIMIT))


def best_chebyshev(modes: Modes) -> ChebyshevRule:
    """Return Chebyshev's rule for the interval of the modes' eigenvalues, which holds what rounding leaves open of λ_max.

    Just above the interval its polynomial grows: with λ_min 1e15 times smaller, a λ_max off by its rounding would.
    """
    if not modes.eigenvalues.size:
        return ChebyshevRule(0.5, 1.0)
    largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
    # an interval of no width has no polynomial; one as narrow as this is passed in one step
    return ChebyshevRule(min(smallest, largest * (1 - 1e-9)), largest * (1 + 10 * AT_LIMIT))


def best_rule(name: str, modes: Modes, momentum: float | None = None) -> LinearRule:
    """Return a rule at its best constant rate: with the given momentum, or with the best where it has one.

    Args:
        name: "gradient", "heavy_ball", "nesterov" or "chebyshev".
        modes: the modes of the objective.
        momentum: β to keep, or None for the best.
    """
    if name == GradientRule.name:
        return GradientRule(best_learning_rate(name, modes))
    if name == ChebyshevRule.name:
        return best_chebyshev(modes)
    rate, beta = (
        best_momentum(name, modes) if momentum is None else (best_learning_rate(name, modes, momentum), momentum)
    )
    return HeavyBallRule(rate, beta) if name == HeavyBallRule.name else NesterovRule(rate, beta)


def best_momentum(rule: str, modes: Modes, learning_rate: float | None = None) -> tuple[float, float]:
    """Return (learning rate, momentum) with the smallest error factor an epoch in the long run.

        heavy ball:   β = ((√κ - 1)/(√κ + 1))²          η = (2/(√λ_max + √λ_min))²
        Nesterov:     β = (√(3κ+1) - 2)/(√(3κ+1) + 2)   η = 4/(3λ_max + λ_min)

    With a learning rate given, heavy ball takes β = max (1 - √(ηλ))² over the modes: the smallest momentum at which
    no mode is left with a slow real root.

    Source: Polyak 1964, theorem 9; Lessard, Recht, Packard, "Analysis and design of optimization algorithms via
    integral quadratic constraints", SIAM J. Optim. 26 (2016), proposition 1.
    """
    if not modes.eigenvalues.size:
        return learning_rate or 1.0, 0.0
    largest, smallest = float(modes.eigenvalues[0]), float(modes.eigenvalues[-1])
    if learning_rate is not None:
        ends = learning_rate * np.array([largest, smallest])
        # Nesterov: critical damping of the slowest mode, β = (1 - √a)/(1 + √a)
        beta = (
            ((1 - np.sqrt(ends)) ** 2).max()
            if rule == "heavy_ball"
            else (1 - math.sqrt(ends[1])) / (1 + math.sqrt(ends[1]))
        )
        return learning_rate, float(min(max(beta, 0.0), 1 - 1e-12))
    if rule == "heavy_ball":
        steep, flat = math.sqrt(largest), math.sqrt(smallest)  # and not κ, which may leave float64
        rate, beta = (2 / (steep + flat)) ** 2, min(((steep - flat) / (steep + flat)) ** 2, 1 - 1e-12)
        return _below(HeavyBallRule(1.0, beta).stability_limit(largest), rate), beta
    root, twice = math.sqrt(3 * largest + smallest), 2 * math.sqrt(smallest)
    return 4 / (3 * largest + smallest), min((root - twice) / (root + twice), 1 - 1e-12)


def choose(
    rule: str | Rule,
    learning_rate: float | Auto,
    momentum: float | Auto | None,
    epochs: int | Auto,
    modes: Modes,
    tolerance: float | None = None,
) -> Settings:
    """Return the rule and the epochs to run, with the reason for everything that was "auto".

    Args:
        rule: "gradient", "heavy_ball", "nesterov", or a rule with its numbers (then the next two must be left alone).
        learning_rate: η or "auto", the best constant rate for these modes.
        momentum: β, or None or "auto": the best for these modes; None for "gradient".
        epochs: a whole number, or "auto": until every mode is within the tolerance.
        modes: the modes of the objective.
        tolerance: end the run as soon as every mode stays within this share of its start error; None: 1e-12 where epochs
            is "auto", and every epoch that was asked for otherwise.

    Raises:
        UsageError: a setting is outside its range, or does not belong to the rule.
    """
    reasons: dict[str, str] = {}
    chosen = (
        rule
        if hasattr(rule, "step") and not isinstance(rule, (str, type))
        else _rule(rule, learning_rate, momentum, modes, reasons)
    )
    share = None if tolerance is None else _check_tolerance(tolerance)
    if isinstance(epochs, str) and epochs == "auto":
        return Settings(chosen, _auto_epochs(chosen, modes, share or AUTO_TOLERANCE, reasons), reasons)
    return Settings(chosen, _enough(chosen, modes, check_epochs(epochs), share, reasons), reasons)


def _check_tolerance(tolerance: object) -> float:
    """Return a tolerance as a float; raise UsageError unless it is between 0 and 1."""
    if isinstance(tolerance, (bool, str)) or not 0 < tolerance < 1:  # type: ignore[operator]
        raise UsageError(f"a tolerance is a share of the start error, above 0 and below 1; given was {tolerance!r}.")
    return float(tolerance)  # type: ignore[arg-type]


def _enough(rule: Rule, modes: Modes, epochs: int, tolerance: float | None, reasons: dict[str, str]) -> int:
    """As many of the epochs asked for as it takes to bring every mode within the tolerance."""
    needed = settled_epoch(rule, modes.eigenvalues, tolerance) if tolerance and is_linear(rule) else None
    if needed is None or needed >= epochs:
        return epochs
    reasons["epochs"] = f"of {epochs:,}; from there on every mode is within {tolerance:g} of its start error"
    return needed


def check_epochs(epochs: object) -> int:
    """Return the number of epochs as an int; raise UsageError unless it is a whole number from 0 to 2**53."""
    whole = isinstance(epochs, (int, np.integer)) and not isinstance(epochs, bool)
    count = int(epochs) if whole else -1  # type: ignore[call-overload]
    if not 0 <= count <= MOST_EPOCHS:
        raise UsageError(f'epochs must be "auto" or a whole number from 0 to 2**53; given was {epochs!r}.')
    return count


def _rule(
    name: object, learning_rate: float | Auto, momentum: float | Auto | None, modes: Modes, reasons: dict[str, str]
) -> Rule:
    if not isinstance(name, str) or name not in RULES:
        raise UsageError(f"rule is one of {', '.join(map(repr, RULES))}, or a rule object; given was {name!r}.")
    automatic = isinstance(learning_rate, str) and learning_rate == "auto"
    rate = None if automatic else check_learning_rate(learning_rate)
    if name == GradientRule.name:
        if momentum not in (None, 0) or isinstance(momentum, (bool, str)):
            raise UsageError(
                f'momentum belongs to "heavy_ball" and "nesterov"; rule "gradient" has none, given was {momentum!r}.'
            )
        if rate is None:
            rate = best_learning_rate(name, modes)
            reasons["learning_rate"] = "2/(λ_max + λ_min), the constant rate with the smallest error factor an epoch"
        return GradientRule(rate)
    if name == ChebyshevRule.name:
        if rate is not None or momentum not in (None, "auto"):
            raise UsageError(
                'rule "chebyshev" takes its steps from the modes: learning_rate must be "auto" and momentum None.'
            )
        reasons["learning_rate"] = (
            "Chebyshev's steps for the interval from λ_min to λ_max; the rate shown is that of the first"
        )
        return best_chebyshev(modes)
    if momentum is None or momentum == "auto":
        rate, beta = best_momentum(name, modes, rate)
        reasons["momentum"] = (
            f"the momentum with the smallest error factor an epoch for κ = {modes.condition_number:.6g}"
        )
        if automatic:
            reasons["learning_rate"] = "the rate that belongs to the best momentum"
    else:
        beta = check_momentum(momentum)
        if rate is None:
            rate = best_learning_rate(name, modes, beta)
            reasons["learning_rate"] = f"the constant rate with the smallest error factor an epoch at momentum {beta:g}"
    return HeavyBallRule(rate, beta) if name == HeavyBallRule.name else NesterovRule(rate, beta)


def _auto_epochs(rule: Rule, modes: Modes, tolerance: float, reasons: dict[str, str]) -> int:
    """Epochs until every mode is within the tolerance; what a person would still see where it never is."""
    if not is_linear(rule):
        raise UsageError(
            f'epochs="auto" needs a rule whose run is known beforehand; {rule!r} is none. Give a number of epochs.'
        )
    needed = settled_epoch(rule, modes.eigenvalues, tolerance)
    if needed is None:
        reasons["epochs"] = "1000, since at this learning rate no number of epochs is enough"
        return 1000
    if needed > MOST_EPOCHS:
        reasons["epochs"] = f"2**53, the most that can be counted exactly; every mode would need {needed:.3g}"
        return MOST_EPOCHS
    reasons["epochs"] = f"from there on every mode is within {tolerance:g} of its start error"
    return needed
