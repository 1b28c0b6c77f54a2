"""Reshuffled: about the expected loss where each epoch sees every row once, in an order of its own."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from steepest.objectives.mean_square import MeanSquare
from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray

Epoch = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""The map of an epoch, see `Reshuffled._map`."""


@dataclass(frozen=True, eq=False)
class Reshuffled:
    """The squares of modes' errors at the ends of epochs of batches without replacement, an approximation.

        Cov(d_t) = c_t·C(t, t),  Cov(d_s, d_t) = -C(s, t)/(n - 1)          c_t = (n - b)/(b(n - 1)), b rows in batch t

    d_t is how a batch's gradient deviates from the mean at what has become of the epoch's start, C the covariance of single rows.
    So deviations sum to nothing over an epoch. What they have made themselves is taken to feed back as with replacement: what is
    neglected is of the order of what one row weighs among all, see `reach`. Modes are coupled by their squares alone here; so the ratio to what the
    same approximation finds with replacement is multiplied by what is exact there.

    Args:
        moments: of the rows.
        learning_rate: η.
        sizes: rows of each batch of an epoch.

    Source: Ying, Yuan, Vlaski, Sayed, "Stochastic Learning under Random Reshuffling with Constant Step-Sizes", IEEE Trans.
    Signal Process. 67 (2019), arXiv 1803.07964.
    """

    moments: RowMoments
    learning_rate: float
    sizes: tuple[int, ...]

    @staticmethod
    def reach(moments: RowMoments) -> float:
        """By what share of the excess it may be off: about twice what a row weighs among all, in the direction where that is most.

        2·λ_max(E[h w wᵀ] against E[w wᵀ]),   h = wᵀΛ⁻¹w/n
        """
        weight = (moments.W**2 / moments.eigenvalues).sum(axis=1) / moments.row_count * moments.share
        leaned = (moments.W * weight[:, None]).T @ moments.W
        return float(2 * scipy.linalg.eigh(leaned, np.diag(moments.eigenvalues), eigvals_only=True)[-1])

    def excess(self, epochs: int) -> FloatArray:
        """E[J] - J* at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        steps = np.arange(epochs + 1) * len(self.sizes)
        exact = MeanSquare(self.moments, self.learning_rate, 1 / max(self.sizes)).excess(steps)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = exact * self._curve(self._epoch, epochs) / self._curve(self._with_replacement, epochs)
        return np.where(np.isfinite(found), np.maximum(found, 0.0), np.inf)

    @property
    def floor(self) -> float:
        """E[J] - J* in the long run; inf where it grows."""
        exact = MeanSquare(self.moments, self.learning_rate, 1 / max(self.sizes)).floor
        return exact * self._level(self._epoch) / self._level(self._with_replacement) if exact else 0.0

    def _curve(self, epoch: Epoch, epochs: int) -> FloatArray:
        values, start = self.moments.eigenvalues, self.moments.start
        of_squares, of_means, made, kept = epoch
        squares, mean, losses = start**2, start, [values @ start**2 / 2]
        for _ in range(epochs):
            squares, mean = of_squares @ squares + of_means @ mean + made, kept * mean
            losses.append(values @ squares / 2)
        return np.array(losses)

    def _level(self, epoch: Epoch) -> float:
        of_squares, _, made, _ = epoch
        if np.abs(np.linalg.eigvals(of_squares)).max(initial=0.0) >= 1:
            return float("inf")
        return float(self.moments.eigenvalues @ np.linalg.solve(np.eye(len(made)) - of_squares, made) / 2)

    @cached_property
    def _epoch(self) -> Epoch:
        n = self.moments.row_count
        variances = [(n - size) / (size * max(n - 1, 1)) for size in self.sizes]
        return self._map(variances, 1 / max(n - 1, 1))

    @cached_property
    def _with_replacement(self) -> Epoch:
        return self._map([1 / max(self.sizes)] * len(self.sizes), 0.0)

    def _map(self, variances: list[float], exchange: float) -> Epoch:
        """The map of one epoch: E[e²] ← F·E[e²] + G·E[e] + h, E[e] ← kept·E[e]; as (F, G, h, kept).

        Columns stand for what the epoch begins with: r squares, r means, and 1.

        Args:
            variances: of each batch's mean, in that of a row.
            exchange: minus the covariance of two batches' means, in the variance of a row.
        """
        moments, eta = self.moments, self.learning_rate
        r = len(moments.eigenvalues)
        K, G, S = moments.couplings
        left = 1 - eta * moments.eigenvalues
        squares, means, one = np.eye(r, 2 * r + 1), np.eye(r, 2 * r + 1, r), np.zeros(2 * r + 1)
        one[-1] = 1.0
        variance = np.zeros((r, 2 * r + 1))
        sums, products, power = np.zeros(r), np.zeros((r, r)), np.ones(r)
        for c in variances:
            moved, ahead = power[:, None] * squares, power[:, None] * means
            drive = K @ (power[:, None] * moved) + G @ ahead + np.outer(S, one)
            cross = np.outer(S * sums, one) + (K * products) @ moved
            cross += (sums[:, None] * (G @ ahead) + (G * products) @ means) / 2
            change = c * (K @ variance + drive) - 2 * exchange * left[:, None] * cross
            variance = (left**2)[:, None] * variance + eta**2 * change
            sums, products = left * sums + 1, left[:, None] * products + power
            power = power * left
        variance[:, :r] += np.diag(power**2)
        return variance[:, :r], variance[:, r : 2 * r], variance[:, -1], power
