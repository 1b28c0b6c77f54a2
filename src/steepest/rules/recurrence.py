"""Recurrence: powers and two-term recurrences at any epoch, closed form, for many modes at once."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.support.arrays import FloatArray

WideArray = NDArray[Any]
"""Numbers of each mode, computed in long double where the machine has a wider one: an epoch count multiplies their error."""
Epochs = range | NDArray[np.int64]
"""Epochs to look at: a range (fast: powers by two short ladders) or any array of whole numbers."""


@dataclass(frozen=True, eq=False)
class Recurrence:
    """p_{k+1} = B p_k - C p_{k-1} with p_0 = 1, p_1 = 1 - a, solved by the roots r of r² - B r + C = 0.

    Written in the distance δ = 1 - r of a root from 1, the equation is δ² - 2u δ + a = 0 with u = 1 - B/2; its small
    root a / δ_large keeps its digits however slow the mode. With h = √(u² - a), r = 1 - u ± h and g = p_1 - B/2 = u - a:

        p_k = (r₁^k + r₂^k)/2 + g·(r₁^k - r₂^k)/(r₁ - r₂)

    where the roots are complex, r = ρ·exp(±iφ), powers become ρ^k cos kφ and ρ^k sin kφ; where they are equal, the
    quotient becomes k·r^(k-1).

    Args:
        a: ηλ, shape (r,), above 0.
        middle: 2u - (1 - β): a for heavy ball, a(1 + β) for Nesterov, shape (r,).
        product: C, the product of the roots: β for heavy ball, β(1 - a) for Nesterov, shape (r,).
        log_product: log |C|, shape (r,).
        margin: 1 + B + C = (1 + r₁)(1 + r₂), shape (r,): 2(1 + β) - a for heavy ball, 2(1 + β) - a(1 + 2β) for
            Nesterov; 0 at the stability limit, where a root passes -1.
        momentum: β.

    Source: Goh, "Why Momentum Really Works", Distill 2017, section "The Dynamics of Momentum" (the roots).
    """

    a: WideArray
    middle: WideArray
    product: WideArray
    log_product: WideArray
    margin: WideArray
    momentum: float

    @property
    def u(self) -> WideArray:
        """(1 - β + middle)/2, shape (r,)."""
        return (1 - self.momentum + self.middle) / 2

    @property
    def discriminant(self) -> WideArray:
        """h² = u² - a, shape (r,), factored so that it keeps its digits near critical damping, where it is 0."""
        m, root = 1 - self.momentum, 2 * np.sqrt(self.a)
        return ((m - root) * (m + root) + self.middle * (2 * m + self.middle)) / 4

    def radius(self) -> FloatArray:
        """max(|r₁|, |r₂|), shape (r,): the factor an epoch in the long run."""
        h = np.sqrt(np.maximum(self.discriminant, 0))
        real = np.abs(1 - self.u) + h
        return np.where(self.discriminant < 0, np.sqrt(np.abs(self.product)), real).astype(np.float64)

    def unimodal_until(self) -> FloatArray:
        """An epoch up to which |p_k| is one hump, shape (r,): inf forever, 0 where nothing is known.

        It may rise at first; once it falls it does not come back. With g (or -g where the roots are on the side of -1)
        not negative, real roots of one sign give one hump, since A₁|r₁|^k + A₂|r₂|^k has A₂ ≤ 0; complex ones
        until cos kφ + |g| sin kφ/(ρ sin φ) passes 0, at k·φ = π - arctan(ρ sin φ / |g|).
        """
        waves = self.discriminant < 0
        inward = np.where(self.u <= 1, self.u - self.a, self.a - self.u)
        sine = np.sqrt(np.where(waves, -self.discriminant, 1))
        angle = np.arctan2(sine, np.where(waves, np.abs(1 - self.u), 0))
        zero = (math.pi - np.arctan2(sine, inward)) / angle
        real = np.where(self.product >= 0, np.inf, 0.0)
        return np.where(inward >= 0, np.where(waves, zero, real), 0.0).astype(np.float64)

    def envelope(self, epochs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Bounds of |p_k| from below and above, each of shape (K, r).

        real roots:     A₁|r₁|^k·(1 ± |A₂/A₁|·|q|^k),   q = r₂/r₁
        complex roots:  0 and ρ^k·√(1 + (g/(ρ sin φ))²)
        """
        k, waves = epochs[:, None].astype(np.float64), self.discriminant < 0
        low, high = np.zeros((len(epochs), len(self.a))), np.empty((len(epochs), len(self.a)))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            some = self._where(waves)
            factor = ((some.u - some.a) / np.sqrt(-some.discriminant)).astype(np.float64)
            high[:, waves] = np.exp(k * (some.log_product / 2).astype(np.float64)) * np.hypot(1.0, factor)
            some = self._where(~waves)
            h = np.sqrt(some.discriminant)
            inward = np.where(some.u <= 1, some.u - some.a, some.a - some.u)
            larger = np.abs(1 - some.u) + h
            distance = np.where(some.u <= 1, some.a / (some.u + h), some.margin / (2 - some.u + h))
            power = np.exp(k * np.log1p(-distance).astype(np.float64))
            first, second = ((h + inward) / (2 * h)).astype(np.float64), ((h - inward) / (2 * h)).astype(np.float64)
            ratio = np.abs(np.abs(1 - some.u) - h) / larger
            swing = np.abs(second) * np.exp(k * np.log(ratio).astype(np.float64))
            low[:, ~waves] = np.nan_to_num(power * np.maximum(np.abs(first) - swing, 0.0), nan=0.0, posinf=0.0)
            # equal roots: |p_k| ≤ |r|^k (1 + |g| k/|r|)
            linear = power * (1 + np.abs(inward / larger).astype(np.float64) * k)
            high[:, ~waves] = np.fmin(power * (np.abs(first) + swing), linear)
        gone = (self.a == 1) & (self.product == 0)  # p_1 = 0 and both roots are: above, 0·inf
        low[:, gone], high[:, gone] = (k == 0), (k == 0)
        return low, high

    def residual(self, epochs: NDArray[np.int64]) -> FloatArray:
        """p_k for each epoch and mode, shape (K, r); overflows to inf without a word."""
        result = np.empty((len(epochs), len(self.a)))
        waves = self.discriminant < 0
        k = epochs[:, None].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            result[:, waves] = self._where(waves)._waves(k)
            result[:, ~waves] = self._where(~waves)._real(k)
        result[epochs == 0] = 1.0
        return result

    def progress(self, epochs: NDArray[np.int64]) -> FloatArray:
        """1 - p_k for each epoch and mode, shape (K, r).

        Where both roots are positive and well apart, each power is taken from 1 by itself:
        A₁(1 - r₁^k) + A₂(1 - r₂^k) with A₁ + A₂ = 1.
        """
        result = 1 - self.residual(epochs)
        apart = self.discriminant > (self.u / 4) ** 2
        slow = apart & (self.product >= 0) & (self.u > self.a) & (self.u < 1)
        if slow.any():
            result[:, slow] = self._where(slow)._slow_progress(epochs)
        return result

    def _where(self, chosen: NDArray[np.bool_]) -> "Recurrence":
        parts = (self.a, self.middle, self.product, self.log_product, self.margin)
        a, middle, product, log_product, margin = (part[chosen] for part in parts)
        return Recurrence(a, middle, product, log_product, margin, self.momentum)

    def _waves(self, k: FloatArray) -> FloatArray:
        """Complex roots: ρ^k (cos kφ + g sin kφ / (ρ sin φ)), the angle counted from -1 where the roots are on that side."""
        sine, left = np.sqrt(-self.discriminant), self.u > 1  # ρ sin φ
        angle = np.arctan2(sine, np.abs(1 - self.u)).astype(np.float64)
        log_rho = (self.log_product / 2).astype(np.float64)
        factor = (np.where(left, -1, 1) * (self.u - self.a) / sine).astype(np.float64)
        sign = np.where(left & (k % 2 == 1), -1.0, 1.0)
        return np.asarray(sign * np.exp(k * log_rho) * (np.cos(k * angle) + factor * np.sin(k * angle)))

    def _real(self, k: FloatArray) -> FloatArray:
        """Real roots: by the root of larger magnitude and the ratio q = smaller / larger, -1 ≤ q ≤ 1."""
        u, h = self.u, np.sqrt(self.discriminant)
        positive = u <= 1
        # the distance of the larger root from 1, or from -1 where it is negative: product of both over the other's
        larger = np.where(positive, 1 - u + h, 1 - u - h)
        distance = np.where(positive, self.a / (u + h), self.margin / (2 - u + h))
        gap = 2 * h / np.abs(larger)  # 1 - q
        log_larger, log_ratio = np.log1p(-distance).astype(np.float64), log_distance(gap).astype(np.float64)
        power = np.exp(k * log_larger) * np.where((larger < 0) & (k % 2 == 1), -1.0, 1.0)
        ratio_power = np.exp(k * log_ratio) * np.where((gap > 1) & (k % 2 == 1), -1.0, 1.0)
        one_minus = np.where(gap < 1, -np.expm1(k * log_ratio), 1 - ratio_power)
        # g·(1 - q^k)/(gap·larger), and its limit g·k/larger for equal roots
        over_gap = ((u - self.a) / (np.where(h > 0, gap, 1) * larger)).astype(np.float64)
        swing = over_gap * np.where(h > 0, one_minus, k)
        return np.where(larger == 0, 0.0, power * ((1 + ratio_power) / 2 + swing))

    def _slow_progress(self, epochs: NDArray[np.int64]) -> FloatArray:
        h, g, far = np.sqrt(self.discriminant), self.u - self.a, self.u + np.sqrt(self.discriminant)
        second = -self.a * self.product / ((h + g) * 2 * h)  # A₂ = (h - g)/(2h), and h² - g² = -a·C
        first, second = (1 - second).astype(np.float64), second.astype(np.float64)
        return np.asarray(first * one_minus_powers(self.a / far, epochs) + second * one_minus_powers(far, epochs))


def wide(values: FloatArray | float) -> WideArray:
    """Return values in long double."""
    return np.asarray(values, dtype=np.longdouble)


def log_distance(a: WideArray) -> WideArray:
    """log |1 - a| without cancellation on either side of 1, shape as a."""
    # a - 2 is exact for 1 ≤ a ≤ 4, and with it the growth or decay next to the stability limit a = 2
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(np.where(a < 1, -a, a - 2)))


def signed_powers(a: WideArray, epochs: Epochs) -> FloatArray:
    """(1 - a)^k for each epoch and mode, shape (K, r), also where 1 - a is 0 or negative; may overflow to inf."""
    log = log_distance(a).astype(np.float64)
    if isinstance(epochs, range) and epochs.step == 1 and len(epochs) > 64:
        return _unrolled(a, epochs)
    k = np.asarray(epochs, dtype=np.float64)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        power = np.exp(k * log)
    power[(k == 0)[:, 0]] = 1.0  # 0 · log 0
    return np.where((a > 1) & (k % 2 == 1), -power, power)


def ladder(a: WideArray, epochs: range) -> tuple[FloatArray, FloatArray, int]:
    """Return two short ladders whose products are all powers of consecutive epochs.

        (1 - a)^(start + i·L + j) = long[i]·short[j],   0 ≤ j < L

    Two ladders of about √K exponentials each stand for K of them.

    Args:
        a: ηλ, shape (r,).
        epochs: consecutive epochs.

    Returns:
        long (I, r), short (r, L) and how many powers to skip: the first product is that of an even epoch, so that the
        sign of an odd one stays in the short ladder.
    """
    log = log_distance(a).astype(np.float64)
    length = 2 * math.isqrt(len(epochs) // 4) + 2
    start = epochs.start - epochs.start % 2
    short_steps = np.arange(length, dtype=np.float64)
    long_steps = np.arange(start, epochs.stop, length, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        short = np.exp(np.multiply.outer(log, short_steps))
        long = np.exp(np.multiply.outer(long_steps, log))
    short[:, 0] = 1.0  # 0 · log 0
    long[long_steps == 0] = 1.0
    short[a > 1, 1::2] *= -1
    return long, short, epochs.start - start


def _unrolled(a: WideArray, epochs: range) -> FloatArray:
    """(1 - a)^k of consecutive epochs, shape (K, r), as products of two ladders."""
    long, short, skip = ladder(a, epochs)
    with np.errstate(over="ignore", invalid="ignore"):
        powers: FloatArray = (long[:, None, :] * short.T).reshape(-1, len(a))
    return powers[skip : skip + len(epochs)]


def one_minus_powers(a: WideArray, epochs: Epochs) -> FloatArray:
    """1 - (1 - a)^k, shape (K, r): by expm1 wherever the power is positive."""
    log, k = log_distance(a).astype(np.float64), np.asarray(epochs, dtype=np.float64)[:, None]
    result = np.ones((len(k), len(log)))
    with np.errstate(over="ignore", invalid="ignore"):
        # beyond e^-40 every mode rounds to 1: a sweep asks mostly for such epochs
        moving = ~(k[:, 0] * log.max(initial=-np.inf) < -40)
        steps = k[moving] * log
        result[moving] = np.negative(np.expm1(steps, out=steps), out=steps)
    if (a > 1).any():
        swinging = np.ix_((k % 2 == 1)[:, 0], a > 1)
        result[swinging] = 2 - result[swinging]  # 1 + |1 - a|^k
    result[(k == 0)[:, 0]] = 0.0
    return result
