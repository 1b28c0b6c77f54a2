"""Decomposition: what parameters can move in M·theta - m, mode by mode, and what is rounding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from steepest.objectives.singular_values import decompose
from steepest.summaries.qr import lengths
from steepest.support.arrays import FloatArray
from steepest.support.values import frozen_property

# a column of whose length more than this is its own is beyond doubt: Σ|t| is about the number of columns
DOUBTFUL = 1e-8
SQUARE_SIZE = 1_000  # parameters up to which work of order p³ is a matter of seconds
PASSES = 2  # of taking out what changes nothing: each reaches columns another 1e16 apart in size


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The least-squares problem ‖M·theta - m‖, split into what theta can reach and what it cannot.

        M = Q·[F; rounding]·Pᵀ·diag(length)      pivoted QR of M with columns of length 1
        A = F·Pᵀ·diag(length) = U·diag(σ)·Vᵀ     c = first rows of Qᵀ·m
        ‖M·theta - m‖² = ‖A·theta - c‖² + ‖unreached‖²

    Where no column depends on others, A = M and c = m.

    Args:
        M: upper triangular, shape (q, p), q <= p: as many rows as say something.
        m: right-hand sides, shape (q, t).
        noise: how much of each column of M may be rounding, in the column's units, shape (p,).
        fit_intercept: whether the first column is that of ones. Then the others are measured by what they are beside it, their
            spread: of 1e15 + i the ones explain nearly all, and nothing of what makes a slope.

    A column r = R₁₁·t + own, made of the columns before it and a part of its own, counts as dependent on them where that part
    is no longer than rounding may have made it: noise + Σ|t|·noise of theirs.

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, section 5.4.2 (QR with column pivoting).
    """

    M: FloatArray
    m: FloatArray
    noise: FloatArray
    fit_intercept: bool

    @property
    def size(self) -> int:
        """p, the number of parameters of each target."""
        return int(self.M.shape[1])

    @frozen_property
    def _pivoted(self) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.int64], int]:
        """Column lengths, Q and F as LAPACK packs them, the order of columns, and the numerical rank."""
        first = int(self.fit_intercept)  # the column of ones has no entry below its first, and stays where it is
        length = np.ones(self.size)
        length[first:] = lengths(self.M[first:, first:])
        length[length == 0] = 1.0
        packed, order, reflectors = self.M / length, np.arange(self.size), np.zeros(len(self.M))
        if first < len(self.M):
            inner, places, reflectors[first:], _, _ = lapack.dgeqp3(packed[first:, first:])
            order[first:] = places - 1 + first
            packed = packed[:, order]
            packed[first:, first:] = inner
        return length, packed, reflectors, order, _rank(packed, (self.noise / length)[order], first)

    @property
    def rank(self) -> int:
        """Number of directions with curvature; p unless columns depend on each other."""
        return self._pivoted[4]

    @property
    def complete(self) -> bool:
        """Whether every direction has curvature."""
        return self.rank == self.size

    @property
    def dependent(self) -> list[int]:
        """Columns that can be computed from the others, as many as the rank falls short."""
        return sorted(int(j) for j in self._pivoted[3][self.rank :])

    def _rotated(self, columns: FloatArray, transposed: bool) -> FloatArray:
        """Q·columns or Qᵀ·columns, shape (q, any)."""
        _, packed, reflectors, _, _ = self._pivoted
        room = max(1, 32 * columns.shape[1])
        vectors = packed[:, : len(self.M)]
        return np.asarray(lapack.dormqr("L", "T" if transposed else "N", vectors, reflectors, columns, room)[0])

    @frozen_property
    def reached(self) -> tuple[FloatArray, FloatArray]:
        """(A, c): the rows that theta can change, shapes (r, p) and (r, t)."""
        if self.complete:
            return self.M, self.m
        length, packed, _, order, rank = self._pivoted
        A = np.zeros((rank, self.size))
        A[:, order] = np.triu(packed)[:rank]
        return A * length, self._rotated(self.m, transposed=True)[:rank]

    def restored(self, rows: FloatArray) -> FloatArray:
        """Q·[rows; 0], shape (q, any): what rows of A (r, any) are among those of M."""
        if self.complete:
            return rows
        return self._rotated(np.vstack([rows, np.zeros((len(self.M) - self.rank, rows.shape[1]))]), transposed=False)

    @frozen_property
    def unreached(self) -> FloatArray:
        """What of m no theta reaches, shape (q, t): exactly 0 where no column depends on others."""
        if self.complete:
            return np.zeros_like(self.m)
        rest = self._rotated(self.m, transposed=True)
        rest[: self.rank] = 0.0
        return self._rotated(rest, transposed=False)

    @frozen_property
    def factors(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """U (r, r), σ (r,) and V (p, r) of A, σ descending, all > 0.

        Raises:
            DataError: LAPACK could not compute them.
        """
        A, _ = self.reached
        if not self.rank:
            return np.zeros((0, 0)), np.zeros(0), np.zeros((self.size, 0))
        if self.complete:
            return decompose(A)
        V, singular, U = decompose(A.T, rows_differ=True)  # the rows of F differ in size as the columns do
        return U, singular, V

    @frozen_property
    def mode_predictions(self) -> FloatArray:
        """M·V, shape (q, r): what a step of length 1 along each mode changes.

        As Q·U·diag(σ): where columns nearly depend on each other, M·v would be the rounding of M's largest columns.
        """
        U, singular, _ = self.factors
        return self.restored(U * singular)

    @frozen_property
    def solution(self) -> FloatArray:
        """The theta that makes ‖M·theta - m‖ smallest, shape (p, t); of minimum norm where many are equally good."""
        return self.nearest(np.zeros((self.size, self.m.shape[1])))

    def nearest(self, start: FloatArray) -> FloatArray:
        """Of all theta that make ‖M·theta - m‖ smallest that which is nearest to start, shapes (p, t).

        Solved for theta·length, whose equations do not know the units of the columns.
        """
        length, packed, _, order, rank = self._pivoted
        if self.complete:
            solved, _ = lapack.dtrtrs(self.M / length, self.m)
            return np.asarray(solved) / length[:, None]
        if self.size > max(SQUARE_SIZE, 2 * rank):
            return self._nearest_by_rows(start)
        scaled = np.zeros_like(start)
        if rank:
            scaled[:rank], _ = lapack.dtrtrs(packed[:rank, :rank], self.reached[1])
        lengths, begin = length[order, None], start[order]
        # each time ε of what went before is left, which may be far more than a small column's share
        for _ in range(PASSES):
            scaled -= self._open(scaled / lengths - begin)
        theta = np.empty_like(scaled)
        theta[order] = scaled / lengths
        return theta

    def _nearest_by_rows(self, start: FloatArray) -> FloatArray:
        """start + Aᵀ·z with A·(start + Aᵀ·z) = c, by the QR of Aᵀ: work of order p·r², for many more columns than rows.

        Beside `_open` it loses digits of columns whose share of the answer is far below that of others.
        """
        A, c = self.reached
        theta = start.copy()
        if not self.rank:
            return theta
        rows = np.argsort(-np.abs(A).max(axis=0), kind="stable")  # each row of Aᵀ keeps its own digits, as in `_null`
        factor, columns, reflectors, _, _ = lapack.dgeqp3(A.T[rows])
        for _ in range(PASSES):
            gap = lapack.dtrtrs(factor[: self.rank], (c - A @ theta)[columns - 1], trans=1)[0]
            gap = np.vstack([gap, np.zeros((self.size - self.rank, gap.shape[1]))])
            theta[rows] += lapack.dormqr("L", "N", factor, reflectors, gap, max(1, 32 * gap.shape[1]))[0]
        return theta

    def _open(self, gap: FloatArray) -> FloatArray:
        """N·t, where F·N = 0 and t makes ‖gap - N·t/length‖ smallest, rows in pivoted order, shape (p, t)."""
        N, rows, factor, columns, reflectors = self._null
        goal = lapack.dormqr("L", "T", factor, reflectors, gap[rows], 32 * gap.shape[1])[0]
        t = np.empty((N.shape[1], gap.shape[1]))
        t[columns] = lapack.dtrtrs(factor[: len(t)], goal[: len(t)])[0]
        return np.asarray(N @ t)

    @frozen_property
    def _null(self) -> tuple[FloatArray, NDArray[np.int64], FloatArray, NDArray[np.int64], FloatArray]:
        """N (p, p - r), whose columns change nothing, and the QR of N/length: order of rows, factor, order of columns, reflectors.

        Rows of N/length may differ by any power of ten; sorted by size and with pivoted columns, each row keeps its own
        digits.

        Source: Cox, Higham, "Stability of Householder QR factorization for weighted least squares problems", 1998.
        """
        length, packed, _, order, rank = self._pivoted
        others = lapack.dtrtrs(packed[:rank, :rank], packed[:rank, rank:])[0] if rank else packed[:0, rank:]
        # an entry that changes no more than rounding may be a way to shrink a coefficient in far smaller units, or the intercept
        first = int(self.fit_intercept)
        terms = np.abs(others[first:])
        level = np.tile(1 + terms.sum(axis=0), (rank, 1))
        if self.fit_intercept:
            level[0] = (np.abs(packed[0, rank:]) + np.abs(packed[0, 1:rank]) @ terms) / abs(packed[0, 0])
        others = np.where(np.abs(others) < self.size * np.finfo(float).eps * level, 0.0, others)
        N = np.vstack([-others, np.eye(self.size - rank)])
        weighted = N / length[order, None]
        rows = np.argsort(-np.abs(weighted).max(axis=1), kind="stable")
        factor, columns, reflectors, _, _ = lapack.dgeqp3(weighted[rows])
        return N, rows, factor, columns - 1, reflectors

    def start_errors(self, start: FloatArray, singular: FloatArray) -> FloatArray:
        """v_iᵀ(solution - start) for every mode, shape (r, t), start of shape (p, t).

        For steep modes as u_iᵀ(c - A·start)/σ_i, since a solution that lies far out along a flat mode would leave its
        rounding on them; for flat ones from the solution itself, since dividing by σ_i multiplies rounding there.

        Args:
            start: theta_0, shape (p, t).
            singular: σ, shape (r,), as exact as they are known.
        """
        if not self.rank:
            return np.zeros((0, start.shape[1]))
        A, c = self.reached
        U, _, V = self.factors
        sigma = singular[:, None]
        gap, far = c - A @ start, self.solution - start
        steep = (self.M @ V).T @ gap / sigma**2 if self.complete else U.T @ gap / sigma
        # rounding of the one is ε·|gap|/σ_i, of the other ε·|solution - start|
        by_gap = np.linalg.norm(gap, axis=0) < sigma * np.linalg.norm(far, axis=0)
        return np.where(by_gap, steep, V.T @ far)


def _rank(R: FloatArray, noise: FloatArray, fixed: int) -> int:
    """Return how many columns of a pivoted triangle, of length 1 but for the first fixed ones, have a part of their own.

    Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, theorem 19.4 (the noise of each column).
    """
    own = np.abs(np.diag(R))
    for column in range(fixed + int((own[fixed:] > DOUBTFUL).sum()), len(own)):
        before = slice(fixed, column)
        share = np.zeros(0)
        if column > fixed:
            share = np.abs(lapack.dtrtrs(R[before, before], R[before, column : column + 1])[0][:, 0])
        if not own[column] > noise[column] + share @ noise[before]:
            return column
    return len(own)
