"""Scores: what every learning rate and epoch count of a sweep leaves on held-out rows, from triangles alone."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.quadratic import Quadratic
from steepest.rules.recurrence import wide
from steepest.rules.rule import GradientRule, HeavyBallRule, LinearRule, NesterovRule
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray

KINDS: dict[str, Any] = {rule.name: rule for rule in (GradientRule, HeavyBallRule, NesterovRule)}
CACHED = 1 << 16  # numbers worked on together: 512 kB


def make_rule(kind: str, rate: float, momentum: float | None) -> LinearRule:
    """Return the rule of a name, a learning rate and, where it has one, a momentum."""
    rule: LinearRule = KINDS[kind](rate) if momentum is None else KINDS[kind](rate, momentum)
    return rule


def held_out_mse(
    held: Triangle,
    coordinates: Coordinates,
    rates: Sequence[float],
    counts: Sequence[int],
    quadratic: Quadratic,
    kind: str,
    momentum: float | None,
) -> FloatArray:
    """Mean squared error of held-out rows for every rate and epoch, shape (rates, epochs).

        ‖R_held·theta_k - r_held‖² + ρ²,   R_held·theta_k = R_held·V·(e·(1 - p_k(λ)))        from zero

    Args:
        held: triangle of the held-out rows.
        coordinates: those of the quadratic.
        rates: learning rates.
        counts: epochs.
        quadratic: the objective of the rows learned from.
        kind: name of the rule.
        momentum: β, or None.
    """
    R, r, rho = held.design(coordinates)
    modes = quadratic.modes
    start_errors = quadratic.start_errors(np.zeros_like(quadratic.minimum))[:, 0]
    G = (R @ modes.directions) * start_errors
    at_minimum = ((G.sum(axis=1) - r[:, 0]) ** 2).sum()
    result = np.empty((len(rates), len(counts)))
    with np.errstate(over="ignore", invalid="ignore"):
        for some, done in _progress(rates, counts, modes.eigenvalues, kind, momentum):
            squares = np.full(done.shape[:2], at_minimum)
            # most epochs of a grid come after every mode has arrived: a run stays there
            moving = (done != 1).any(axis=(1, 2))
            left = done[moving]
            misses = left.reshape(left.shape[0] * left.shape[1], len(start_errors)) @ G.T
            misses -= r[:, 0]
            squares[moving] = np.einsum("ij,ij->i", misses, misses).reshape(left.shape[:2])
            result[some] = ((squares + rho[0] ** 2) / held.total_weight).T
    return np.nan_to_num(result, nan=math.inf, posinf=math.inf)


def effective_parameters(
    rates: Sequence[float], counts: Sequence[int], quadratic: Quadratic, kind: str, momentum: float | None
) -> FloatArray:
    """Σ (1 - p_k(λ_i))·(λ_i - l2·v_iᵀDv_i)/λ_i for every rate and epoch: the share of mode i that comes from the data."""
    shares, result = quadratic.data_shares, np.empty((len(rates), len(counts)))
    with np.errstate(over="ignore", invalid="ignore"):
        for some, done in _progress(rates, counts, quadratic.modes.eigenvalues, kind, momentum):
            result[some] = (done @ shares).T
    return np.nan_to_num(result, nan=math.inf, posinf=math.inf, neginf=math.inf)


def _progress(
    rates: Sequence[float], counts: Sequence[int], eigenvalues: FloatArray, kind: str, momentum: float | None
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield 1 - p_k(λ), shape (epochs, some rates, modes), and which rates these are.

    p_k depends on the product ηλ alone, so the modes of several rates are those of one rule of rate 1: few calls with
    many numbers, during which another thread can work, instead of many calls with few.
    """
    rule, epochs = make_rule(kind, 1.0, momentum), np.array(counts)
    # the product in long double, as a rule makes it, so that it is the same to the last bit
    products = wide(np.array(rates))[:, None] * wide(eigenvalues)
    together = max(1, CACHED // max(1, len(counts) * len(eigenvalues)))
    for start in range(0, len(rates), together):
        some = products[start : start + together]
        done = rule.progress(some.ravel(), epochs).reshape(len(epochs), *some.shape)
        yield slice(start, start + together), done
