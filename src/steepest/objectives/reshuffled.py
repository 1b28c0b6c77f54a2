"""Reshuffled: about the expected loss where each epoch sees every row once, in an order of its own."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Reshuffled:
    """The squares of modes' errors at the ends of epochs of batches without replacement, an approximation.

        Cov(d_t) = c_t·C(t, t),  Cov(d_s, d_t) = -C(s, t)/(n - 1)          c_t = (n - b)/(b(n - 1)), b rows in batch t

    d_t is how a batch's gradient deviates from the mean at what has become of the epoch's start, C the covariance of single rows.
    So deviations sum to nothing over an epoch. What they have made themselves is taken to feed back as with replacement, and modes
    to be coupled by their squares alone: in the long run the excess is found 5 to 12% low on tables of 128 rows, at up to half
    of the limit; the first epochs, while the start still fades, are found too high there.

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

    def excess(self, epochs: int) -> FloatArray:
        """E[J] - J* at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        values, start = self.moments.eigenvalues, self.moments.start
        of_squares, of_means, made, kept = self._epoch
        squares, mean, losses = start**2, start, [values @ start**2 / 2]
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(epochs):
                squares, mean = of_squares @ squares + of_means @ mean + made, kept * mean
                losses.append(values @ squares / 2)
        found = np.array(losses)
        return np.where(np.isfinite(found), np.maximum(found, 0.0), np.inf)

    @property
    def floor(self) -> float:
        """E[J] - J* in the long run; inf where it grows."""
        of_squares, _, made, _ = self._epoch
        if np.abs(np.linalg.eigvals(of_squares)).max(initial=0.0) >= 1:
            return float("inf")
        return float(self.moments.eigenvalues @ np.linalg.solve(np.eye(len(made)) - of_squares, made) / 2)

    @cached_property
    def _epoch(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The map of one epoch: E[e²] ← F·E[e²] + G·E[e] + h, E[e] ← kept·E[e]; as (F, G, h, kept).

        Columns stand for what the epoch begins with: r squares, r means, and 1.
        """
        moments, eta, n = self.moments, self.learning_rate, self.moments.row_count
        r = len(moments.eigenvalues)
        K, G, S = moments.couplings
        left = 1 - eta * moments.eigenvalues
        squares, means, one = np.eye(r, 2 * r + 1), np.eye(r, 2 * r + 1, r), np.zeros(2 * r + 1)
        one[-1] = 1.0
        variance = np.zeros((r, 2 * r + 1))
        sums, products, power = np.zeros(r), np.zeros((r, r)), np.ones(r)
        for size in self.sizes:
            moved, ahead = power[:, None] * squares, power[:, None] * means
            drive = K @ (power[:, None] * moved) + G @ ahead + np.outer(S, one)
            cross = np.outer(S * sums, one) + (K * products) @ moved
            cross += (sums[:, None] * (G @ ahead) + (G * products) @ means) / 2
            c = (n - size) / (size * max(n - 1, 1))
            change = c * (K @ variance + drive) - 2 * left[:, None] * cross / max(n - 1, 1)
            variance = (left**2)[:, None] * variance + eta**2 * change
            sums, products = left * sums + 1, left[:, None] * products + power
            power = power * left
        variance[:, :r] += np.diag(power**2)
        return variance[:, :r], variance[:, r : 2 * r], variance[:, -1], power
