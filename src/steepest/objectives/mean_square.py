"""Mean square: the expected loss of a stochastic run after any number of steps, before one is taken."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray

MOST_STEPS = 80  # applications of the operator; twenty give a curve to 1e-4
GONE = 1e-12  # of the first direction: what is left of a new one by rounding


@dataclass(frozen=True, eq=False)
class MeanSquare:
    """The first two moments of e = Vᵀ(theta - theta*) where each step sees rows of its own.

        m' = (I - ηΛ) m
        P' = T[P] + η²c·(S + X[m]),  T[P] = (I - ηΛ) P (I - ηΛ) + η²c·(E[A_i P A_i] - ΛPΛ)
        E[J_k] - J* = ½ tr(Λ P_k)

    T is symmetric, and only what it makes of Λ is asked for: Lanczos' method from there gives every k from some applications.

    Args:
        moments: of the rows.
        learning_rate: η.
        c: variance of a batch's mean in that of a row: 1/B for B rows drawn with replacement.

    Source: Bordelon, Pehlevan, "Learning Curves for SGD on Structured Features", ICLR 2022; Golub, Meurant, "Matrices,
    Moments and Quadrature", 2010, chapter 4.
    """

    moments: RowMoments
    learning_rate: float
    c: float

    def operator(self, P: FloatArray) -> FloatArray:
        """T[P]."""
        left = 1 - self.learning_rate * self.moments.eigenvalues
        return np.asarray(left[:, None] * P * left + self.learning_rate**2 * self.c * self.moments.variance(P))

    @cached_property
    def _ritz(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values w (k,), weights (k,) and matrices B (k, r, r): T^j[Λ/2] ≈ Σ weight·w^j·B."""
        first = np.diag(self.moments.eigenvalues) / 2
        size = float(np.linalg.norm(first))
        basis, diagonal, beside = [first / size], [], []
        while True:
            image = self.operator(basis[-1])
            diagonal.append(float((image * basis[-1]).sum()))
            for _ in range(2):  # once more against rounding
                for earlier in basis:
                    image = image - (image * earlier).sum() * earlier
            length = float(np.linalg.norm(image))
            if len(diagonal) == MOST_STEPS or length < GONE:
                break
            beside.append(length)
            basis.append(image / length)
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        return values, size * vectors[0], np.tensordot(vectors.T, np.array(basis), 1)

    def excess(self, steps: NDArray[np.int64]) -> FloatArray:
        """E[J] - J* after so many steps, shape (K,); inf where it leaves float64."""
        moments, eta = self.moments, self.learning_rate
        values, weights, B = self._ritz
        start = weights * np.einsum("kij,i,j->k", B, moments.start, moments.start)
        noise = weights * eta**2 * self.c * np.einsum("kij,ij->k", B, moments.noise)
        cross = eta**2 * self.c * weights[:, None] * np.array([moments.cross_slope(one) for one in B]) * moments.start
        left = 1 - eta * moments.eigenvalues
        gap = values[:, None] - left
        near = np.abs(gap) < 1e-13
        k = np.asarray(steps, dtype=np.int64)
        with np.errstate(over="ignore", invalid="ignore"):
            result = np.empty(len(k))
            for place, count in enumerate(k.tolist()):
                power = values**count
                mixed = np.where(
                    near, count * left ** max(count - 1, 0), (power[:, None] - left**count) / np.where(near, 1, gap)
                )
                result[place] = start @ power + noise @ _sum_of_powers(values, count) + (cross * mixed).sum()
        return np.where(np.isfinite(result), np.maximum(result, 0.0), np.inf)

    @property
    def floor(self) -> float:
        """E[J] - J* in the long run; inf at and above the stability limit."""
        values, weights, B = self._ritz
        if values.max() >= 1:
            return float("inf")
        noise = self.learning_rate**2 * self.c * np.einsum("kij,ij->k", B, self.moments.noise)
        return float((weights * noise / (1 - values)).sum())


def _sum_of_powers(values: FloatArray, count: int) -> FloatArray:
    """1 + w + … + w^(count-1)."""
    near = np.abs(1 - values) < 1e-13
    return np.asarray(np.where(near, float(count), (1 - values**count) / np.where(near, 1, 1 - values)))


def excess_by_squares(moments: RowMoments, learning_rate: float, c: float, steps: int) -> float:
    """Return about E[J] - J* after some steps, modes coupled by their squares alone: an r × r matrix in place of Lanczos' method."""
    coupling, _, noise = moments.couplings
    T = np.diag((1 - learning_rate * moments.eigenvalues) ** 2) + learning_rate**2 * c * coupling
    values, vectors = np.linalg.eigh((T + T.T) / 2)
    with np.errstate(over="ignore", invalid="ignore"):
        powers = values**steps * (vectors.T @ moments.start**2)
        sums = _sum_of_powers(values, steps) * (vectors.T @ (learning_rate**2 * c * noise))
        return float(moments.eigenvalues @ vectors @ (powers + sums) / 2)
