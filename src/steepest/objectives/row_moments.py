"""Row moments: what single rows add to the gradient, seen in the modes: all that the mean of a stochastic run needs."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from steepest.data.batch import Batch
from steepest.errors import DataError, UsageError
from steepest.objectives.over_rows import OverRows
from steepest.objectives.problem import Problem
from steepest.objectives.quadratic import GRADIENT_SCALE
from steepest.summaries.row_sample import RowSample, RowSampler
from steepest.support import remedies
from steepest.support.arrays import FloatArray

DENSE = 12  # modes up to which an operator on matrices is written out: 78 numbers
PIECE = 1 << 20  # numbers worked on together


@dataclass(frozen=True, eq=False)
class RowMoments:
    """The rows of a table with one target in the modes of its squared loss.

    A row's gradient is g_i(e) = A_i e + g_i with e = Vᵀ(theta - theta*), and its mean over the rows is Λe:

        A_i = s ω_i w_i w_iᵀ + N          w_i = Vᵀu_i, N = l2 VᵀDV
        g_i = s ω_i r_i w_i + q           r_i = u_i·theta* - y_i, q = l2 VᵀDtheta*

    Args:
        eigenvalues: Λ, shape (r,), the largest first.
        W: w_i, shape (m, r).
        residual: r_i, shape (m,).
        omega: ω_i, shape (m,).
        share: h_i, what part of the table a row stands for, shape (m,); about 1 in all.
        scale: s.
        penalty: N, shape (r, r).
        pull: q, shape (r,).
        start: e at the start, shape (r,).
        row_count: rows of the table, n.
        minimum: J at theta*.
    """

    eigenvalues: FloatArray
    W: FloatArray
    residual: FloatArray
    omega: FloatArray
    share: FloatArray
    scale: float
    penalty: FloatArray
    pull: FloatArray
    start: FloatArray
    row_count: int
    minimum: float

    @classmethod
    def of(
        cls, problem: Problem, rows: OverRows, start: FloatArray, seed: int = 0, share: FloatArray | None = None
    ) -> "RowMoments":
        """Return the moments of a problem's rows; of more than 8,192 those of a sample, see `RowSampler`.

        Args:
            problem: what is minimized.
            rows: its rows, or those that stand for them.
            start: where runs begin, shape (p, 1).
            seed: of the sample.
            share: what part of the table each row stands for, shape (m,); None: as much as any other.

        Raises:
            UsageError: several targets.
            DataError: no parameter changes the loss.
        """
        if len(problem.targets) != 1:
            raise UsageError(f"a forecast is of one target; this table has {len(problem.targets)}.", "give one target")
        quadratic, V = problem.quadratic, problem.quadratic.modes.directions
        if not V.shape[1]:
            raise DataError("there is nothing to forecast: no parameter changes the loss.", remedies.INTERCEPT)
        if share is None:
            rows, share = _sampled(rows, seed)
        minimum = quadratic.nearest_minimum(start)
        penalized = quadratic.l2 * quadratic.penalized
        return cls(
            quadratic.modes.eigenvalues,
            rows.U @ V,
            (rows.U @ minimum - rows.y)[:, 0],
            np.ones(len(rows)) if rows.omega is None else rows.omega,
            share,
            rows.scale,
            V.T @ (penalized[:, None] * V),
            V.T @ (penalized * minimum[:, 0]),
            -quadratic.start_errors(start)[:, 0],
            problem.triangle.row_count,
            float(quadratic.unexplained[0] ** 2 / 2),
        )

    @property
    def data_curvature(self) -> FloatArray:
        """Λ - N, the mean of s ω w wᵀ, shape (r, r)."""
        return np.asarray(np.diag(self.eigenvalues) - self.penalty)

    def variance(self, P: FloatArray) -> FloatArray:
        """E[A_i P A_i] - ΛPΛ for symmetric P, shape (r, r)."""
        forms = np.einsum("ij,ij->i", self.W @ P, self.W)
        mean = self.data_curvature
        return self._outer(self.omega**2 * forms) - mean @ P @ mean

    @property
    def noise(self) -> FloatArray:
        """E[g_i g_iᵀ], shape (r, r)."""
        return self._outer((self.omega * self.residual) ** 2) - np.outer(self.pull, self.pull)

    def cross_slope(self, B: FloatArray) -> FloatArray:
        """The vector x with x·m = <B, E[A_i m g_iᵀ + g_i mᵀA_i]> for symmetric B, shape (r,)."""
        forms = np.einsum("ij,ij->i", self.W @ B, self.W)
        weight = 2 * self.scale**2 * self.share * self.omega**2 * self.residual * forms
        return np.asarray(self.W.T @ weight + 2 * self.data_curvature @ (B @ self.pull))

    @property
    def square(self) -> FloatArray:
        """E[A_i²], shape (r, r)."""
        mean, N = self.data_curvature, self.penalty
        return self._outer(self.omega**2 * (self.W**2).sum(axis=1)) + mean @ N + N @ mean + N @ N

    def _outer(self, weight: FloatArray) -> FloatArray:
        """s² Σ h·weight·w wᵀ."""
        factor = self.scale**2 * self.share * weight
        return np.asarray((self.W * factor[:, None]).T @ self.W)

    @property
    def couplings(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """How squares of modes' errors feed squares (r, r), how their means do (r, r), and what noise does (r,)."""
        weight = self.scale**2 * self.share * self.omega**2
        squares, mean = self.W**2, self.data_curvature
        of_squares = (squares * weight[:, None]).T @ squares - mean**2
        of_means = 2 * ((squares * (weight * self.residual)[:, None]).T @ self.W + self.pull[:, None] * mean)
        return of_squares, of_means, np.diag(self.noise)

    def stability_limit(self, c: float) -> float:
        """The largest η at which the mean square of e does not grow, for batches of variance c.

            η* = 2 / λ_max(C^-½ D C^-½)        C_ij = (λ_i + λ_j)/2, D[P] = ΛPΛ + c·(E[A_i P A_i] - ΛPΛ)

        Source: Mulayoff, Michaeli, "Exact Mean Square Linear Stability Analysis for SGD", arXiv 2306.07850.
        """
        r, values = len(self.eigenvalues), self.eigenvalues
        root = 1 / np.sqrt((values[:, None] + values) / 2)

        def curved(flat: FloatArray) -> FloatArray:
            P = flat.reshape(r, r)
            P = root * (P + P.T) / 2
            return np.asarray((root * (values[:, None] * P * values + c * self.variance(P))).ravel())

        if r <= DENSE:
            columns = np.stack([curved(one) for one in np.eye(r * r)], axis=1)
            return float(2 / np.linalg.eigvalsh((columns + columns.T) / 2)[-1])
        operator = scipy.sparse.linalg.LinearOperator((r * r, r * r), matvec=curved, dtype=np.float64)
        begin = np.diag(values).ravel() + 1e-3 * values[0]
        largest = scipy.sparse.linalg.eigsh(operator, k=1, which="LA", tol=1e-6, v0=begin, return_eigenvectors=False)
        return float(2 / largest[0])

    def guaranteed_rate(self, c: float) -> float:
        """A rate up to which no direction grows in mean square, from one matrix: 2/((1-c)λ_1 + cρ), E[A_i²] ⪯ ρΛ."""
        largest = scipy.linalg.eigh(self.square, np.diag(self.eigenvalues), eigvals_only=True)[-1]
        return float(2 / ((1 - c) * self.eigenvalues[0] + c * largest))


def _sampled(rows: OverRows, seed: int) -> tuple[OverRows, FloatArray]:
    """Rows that stand for these, and what part of them each stands for."""
    names = tuple(f"u{j}" for j in range(rows.width))
    sampler = RowSampler(seed, fit_intercept=False)
    sampler.add(Batch(rows.U, rows.y, names, ("y",), rows.omega))
    sample = sampler.sample()
    return rows.take(sample.rows.positions.astype(np.intp)), sample.share


def over_sample(problem: Problem, sample: RowSample) -> OverRows:
    """Return the loss over rows that stand for a table, in the problem's coordinates."""
    rows, coordinates, first = sample.rows, problem.coordinates, int(problem.fit_intercept)
    U = np.ones((len(rows), first + len(problem.features)))
    U[:, first:] = (rows.X - coordinates.shift) / coordinates.scale
    mean = problem.triangle.total_weight / sample.row_count
    omega = None if rows.weight is None or (rows.weight == mean).all() else rows.weight / mean
    quadratic = problem.quadratic
    return OverRows(U, rows.y, omega, GRADIENT_SCALE[problem.objective], quadratic.l2, quadratic.penalized)
