"""Step moments: the expected loss of a stochastic run whose steps differ or remember: schedules, momentum, means of the path."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray

DENSE = 200  # second moments up to which all eigenvalues are found
HALVINGS = 40  # of an interval, to the last digits that are printed


@dataclass(frozen=True, eq=False)
class StepMoments:
    """The second moments of z = (e, v, a, 1) step by step, with rows drawn with replacement.

        x = e + sβv                                     where the gradient is taken
        v' = βv - η(Λx + d),  e' = e + v',  a' = a + e'  d: how a batch's gradient deviates from the mean
        Cov d = c·(E[(A_i x + g_i)(A_i x + g_i)ᵀ] - ΛE[x xᵀ]Λ)

    All of it is linear in z, so E[z zᵀ] obeys an exact recursion, whatever the rates are. Beyond one step it is that of
    `MeanSquare`; a is the sum of the path behind `skip` steps.

    Args:
        moments: of the rows.
        c: variance of a batch's mean in that of a row: 1/B.
        momentum: β.
        look_ahead: s: 0 for heavy ball, 1 for Nesterov.

    Source: Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control Optim. 30 (1992);
    Feuer, Weinstein, "Convergence Analysis of LMS Filters with Uncorrelated Gaussian Data", IEEE Trans. ASSP 33 (1985).
    """

    moments: RowMoments
    c: float
    momentum: float = 0.0
    look_ahead: float = 0.0

    def excess(self, rates: Iterable[float], every: int, skip: int | None = None) -> FloatArray:
        """Return E[J] - J* at the start and behind every so many steps.

        Args:
            rates: η of each step.
            every: steps between two losses.
            skip: how many steps are left out of the mean of the path; None: no mean is taken.
        """
        r = len(self.moments.eigenvalues)
        z = np.concatenate([self.moments.start, np.zeros(2 * r), [1.0]])
        Z, losses = np.outer(z, z), [self._loss(np.outer(z[:r], z[:r]))]
        e, a = slice(0, r), slice(2 * r, 3 * r)
        still, along, kick, at = self._linear(counted=False)
        with np.errstate(over="ignore", invalid="ignore"):
            for step, eta in enumerate(rates, start=1):
                if skip is not None and step == skip + 1:
                    still, along, kick, at = self._linear(counted=True)
                move, noise = still + eta * along, eta**2 * self.c * self.spread(at @ Z @ at.T)
                Z = move @ Z @ move.T + kick @ noise @ kick.T
                if step % every == 0:
                    mean = skip is not None and step > skip
                    losses.append(self._loss(Z[a, a]) / (step - (skip or 0)) ** 2 if mean else self._loss(Z[e, e]))
        found = np.array(losses)
        return np.where(np.isfinite(found), np.maximum(found, 0.0), np.inf)

    def _linear(self, counted: bool) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """A step as z' = (still + η·along) z + η·kick d, and at, with (x, 1) = at z."""
        r, beta = len(self.moments.eigenvalues), self.momentum
        one = np.eye(r)
        e, v, a = slice(0, r), slice(r, 2 * r), slice(2 * r, 3 * r)
        at = np.zeros((r + 1, 3 * r + 1))
        at[:r, e], at[:r, v], at[-1, -1] = one, self.look_ahead * beta * one, 1.0
        still, along, kick = np.eye(3 * r + 1), np.zeros((3 * r + 1, 3 * r + 1)), np.zeros((3 * r + 1, r))
        still[v, v] = still[e, v] = beta * one
        for block in (e, v, a) if counted else (e, v):
            along[block], kick[block] = -self.moments.eigenvalues[:, None] * at[:r], -one
        if counted:
            still[a, e], still[a, v] = one, beta * one
        return still, along, kick, at

    def _loss(self, P: FloatArray) -> float:
        return float(self.moments.eigenvalues @ np.diag(P) / 2)

    def spread(self, X: FloatArray) -> FloatArray:
        """The covariance of single rows' gradients at x, from the second moments of (x, 1), shape (r, r)."""
        entries, places = self._places
        return np.asarray((self._tensor @ X.ravel()[entries])[places])

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where the upper triangle of `spread`'s argument stands, and where the entries of its value go, shape (r, r)."""
        r = len(self.moments.eigenvalues)
        first, second = np.triu_indices(r + 1)
        places = np.zeros((r, r), dtype=np.intp)
        places[np.triu_indices(r)] = places.T[np.triu_indices(r)] = np.arange(r * (r + 1) // 2)
        return first * (r + 1) + second, places

    @cached_property
    def _tensor(self) -> FloatArray:
        """`spread` as a matrix from the upper triangle of its argument to that of its value."""
        moments = self.moments
        r = len(moments.eigenvalues)
        rows = np.column_stack([moments.W, moments.residual])
        j, k = np.triu_indices(r)
        p, q = np.triu_indices(r + 1)
        twice = np.where(p == q, 1.0, 2.0)
        weight = moments.scale**2 * moments.share * moments.omega**2
        found = np.zeros((len(j), len(p)))
        part = max(1, 1_000_000 // len(p))
        for first in range(0, len(rows), part):
            some = rows[first : first + part]
            seen = (some[:, p] * some[:, q] * twice * weight[first : first + part, None]).T
            found += (seen @ (some[:, j] * some[:, k])).T
        mean = np.column_stack([moments.data_curvature, -moments.pull])
        straight = mean[j][:, p] * mean[k][:, q] + mean[j][:, q] * mean[k][:, p]
        return np.asarray(found - straight * np.where(p == q, 0.5, 1.0))

    @cached_property
    def stability_limit(self) -> float:
        """The largest constant η at which the mean square of e does not grow."""
        beta, s = self.momentum, self.look_ahead
        low, high = 0.0, 2 * (1 + beta) / (1 + 2 * s * beta) / float(self.moments.eigenvalues[0])
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._gain(middle) < 1 else (low, middle)
        return low

    def floor(self, learning_rate: float) -> float:
        """E[J] - J* of the path in the long run at a constant rate below the limit."""
        r = len(self.moments.eigenvalues)
        corner = np.zeros((r + 1, r + 1))
        corner[-1, -1] = 1.0
        here, ahead = self._lasting(learning_rate)
        first, second = np.triu_indices(r)
        noise = self.c * self.spread(corner)[first, second]
        made = np.linalg.solve(np.eye(len(noise)) - self.c * self._of_squares * ahead[first, second], noise)
        P = np.zeros((r, r))
        P[first, second] = here[first, second] * made
        return self._loss(P)

    @property
    def _of_squares(self) -> FloatArray:
        """The part of `_tensor` that acts on E[x xᵀ]."""
        r = len(self.moments.eigenvalues)
        second = np.triu_indices(r + 1)[1]
        return np.asarray(self._tensor[:, second < r])

    def _gain(self, learning_rate: float) -> float:
        """By how much noise feeds itself: below 1 it dies out."""
        first, second = np.triu_indices(len(self.moments.eigenvalues))
        made = self.c * self._of_squares * self._lasting(learning_rate)[1][first, second]
        if len(made) <= DENSE:
            return float(np.abs(np.linalg.eigvals(made)).max())
        begin = (first == second).astype(float)
        return float(np.abs(scipy.sparse.linalg.eigs(made, k=1, v0=begin, tol=1e-8, return_eigenvectors=False))[0])

    def _lasting(self, learning_rate: float) -> tuple[FloatArray, FloatArray]:
        """What noise of unit covariance in modes (j, k) adds up to in E[e_j e_k] and in E[x_j x_k], each (r, r).

        Σ = M_j Σ M_kᵀ + η²·(1, 1)(1, 1)ᵀ for the 2 × 2 moments of (e, v), M the step of one mode.
        """
        values, beta, ahead = self.moments.eigenvalues, self.momentum, self.look_ahead * self.momentum
        M = np.empty((len(values), 2, 2))
        M[:, 1, 0], M[:, 1, 1] = -learning_rate * values, beta - learning_rate * values * ahead
        M[:, 0] = M[:, 1]
        M[:, 0, 0] += 1
        pairs = np.einsum("jab,kcd->jkacbd", M, M).reshape(len(values), len(values), 4, 4)
        noise = np.full((len(values), len(values), 4, 1), learning_rate**2)
        found = np.linalg.solve(np.eye(4) - pairs, noise)[..., 0]
        weights: NDArray[np.float64] = np.array([1.0, ahead, ahead, ahead**2])
        return np.asarray(found[..., 0]), np.asarray(found @ weights)
