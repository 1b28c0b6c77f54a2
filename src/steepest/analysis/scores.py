"""Scores: what every learning rate and epoch count of a sweep leaves on held-out rows, from triangles alone.

Of a rule with a closed form, every epoch of every rate at once; any other rule is walked, rate by rate.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from steepest.descent import loop
from steepest.descent.record import Record
from steepest.objectives.quadratic import Quadratic
from steepest.rules.best_rate import with_learning_rate
from steepest.rules.recurrence import wide
from steepest.rules.rule import LinearRule, Rule, belongs_to, has_closed_form
from steepest.summaries.coordinates import Coordinates
from steepest.summaries.triangle import Triangle
from steepest.support.arrays import FloatArray

CACHED = 1 << 16  # numbers worked on together: 512 kB


def held_out_mse(
    held: Triangle,
    coordinates: Coordinates,
    rates: Sequence[float],
    counts: Sequence[int],
    quadratic: Quadratic,
    rule: Rule,
) -> FloatArray:
    """Mean squared error of held-out rows for every rate and epoch, shape (rates, epochs).

        ‖R_held·theta_k - r_held‖² + ρ²,   R_held·theta_k = R_held·V·(e·(1 - p_k(λ)))        from zero

    Args:
        held: triangle of the held-out rows.
        coordinates: those of the quadratic.
        rates: learning rates.
        counts: epochs.
        quadratic: the objective of the rows learned from.
        rule: the rule, at any learning rate.
    """
    R, r, rho = held.design(coordinates)
    if not has_closed_form(rule):
        with np.errstate(over="ignore", invalid="ignore"):
            misses = _walked(rates, counts, quadratic, rule) @ R.T - r[:, 0]
            mse: FloatArray = ((misses**2).sum(axis=-1) + rho[0] ** 2) / held.total_weight
        return np.nan_to_num(mse, nan=math.inf, posinf=math.inf)
    modes = quadratic.modes
    start_errors = quadratic.start_errors(np.zeros_like(quadratic.minimum))[:, 0]
    G = (R @ modes.directions) * start_errors
    at_minimum = ((G.sum(axis=1) - r[:, 0]) ** 2).sum()
    result = np.empty((len(rates), len(counts)))
    with np.errstate(over="ignore", invalid="ignore"):
        for some, done in _progress(rates, counts, modes.eigenvalues, rule):
            squares = np.full(done.shape[:2], at_minimum)
            # most epochs of a grid come after every mode has arrived: a run stays there
            moving = (done != 1).any(axis=(1, 2))
            left = done[moving]
            misses = left.reshape(left.shape[0] * left.shape[1], len(start_errors)) @ G.T
            misses -= r[:, 0]
            squares[moving] = np.einsum("ij,ij->i", misses, misses).reshape(left.shape[:2])
            result[some] = ((squares + rho[0] ** 2) / held.total_weight).T
    return np.nan_to_num(result, nan=math.inf, posinf=math.inf)


def effective_parameters(rates: Sequence[float], counts: Sequence[int], quadratic: Quadratic, rule: Rule) -> FloatArray:
    """Σ (1 - p_k(λ_i))·(λ_i - l2·v_iᵀDv_i)/λ_i for every rate and epoch: the share of mode i that comes from the data.

    Of a rule without closed form nothing is known but that there are no more than moving modes: that number, for all.
    """
    shares, result = quadratic.data_shares, np.empty((len(rates), len(counts)))
    if not has_closed_form(rule):
        return np.full(result.shape, shares.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        for some, done in _progress(rates, counts, quadratic.modes.eigenvalues, rule):
            result[some] = (done @ shares).T
    return np.nan_to_num(result, nan=math.inf, posinf=math.inf, neginf=math.inf)


def _progress(
    rates: Sequence[float], counts: Sequence[int], eigenvalues: FloatArray, rule: LinearRule
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield 1 - p_k(λ), shape (epochs, some rates, modes), and which rates these are.

    Where p_k depends on the product ηλ alone, the modes of several rates are those of one rule of rate 1: few calls with
    many numbers, during which another thread can work, instead of many calls with few.
    """
    epochs = np.array(counts)
    if not (getattr(rule, "of_product", False) and belongs_to(rule, "of_product", "residual")):
        for at, rate in enumerate(rates):
            yield slice(at, at + 1), with_learning_rate(rule, rate).progress(eigenvalues, epochs)[:, None, :]
        return
    unit = with_learning_rate(rule, 1.0)
    # the product in long double, as a rule makes it, so that it is the same to the last bit
    products = wide(np.array(rates))[:, None] * wide(eigenvalues)
    together = max(1, CACHED // max(1, len(counts) * len(eigenvalues)))
    for start in range(0, len(rates), together):
        some = products[start : start + together]
        done = unit.progress(some.ravel(), epochs).reshape(len(epochs), *some.shape)
        yield slice(start, start + together), done


def _walked(rates: Sequence[float], counts: Sequence[int], quadratic: Quadratic, rule: Rule) -> FloatArray:
    """Parameters from zero for every rate and epoch, step by step, shape (rates, epochs, p); NaN where a run left float64."""
    thetas = np.full((len(rates), len(counts), quadratic.size), np.nan)
    record, last = Record(epochs=tuple(counts)), max(counts)
    for at, rate in enumerate(rates):
        path = loop.run(quadratic, with_learning_rate(rule, rate), np.zeros((quadratic.size, 1)), last, record=record)
        there = np.isin(counts, path.epochs)
        thetas[at, there] = path.parameters(np.array(counts)[there])[:, :, 0]
    return thetas
