"""Active factor: Q and R of the columns that a sparse model uses, as they come and go."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtrs

from steepest.support.arrays import FloatArray

MOST_OF_GRAM = 1_000  # columns whose Gram matrix is made
# a column that keeps a smaller share of its own size, and of the sizes of what it is made of, depends on the others
DEPENDENT = 16 * np.finfo(float).eps


class ActiveFactor:
    """QR of [Aₚ; √l2ₚ] for some columns P of A, in the order in which they came: RᵀR = AₚᵀAₚ + diag(l2ₚ).

    A column is made orthogonal to Q twice, so that none loses accuracy where others nearly depend on each other; one that
    the others make up (but for rounding) is refused. √l2 stands in a row of its own for each column.

    Args:
        design: A, shape (q, d).
        l2: added to each diagonal, shape (d,).

    Source: Daniel, Gragg, Kaufman, Stewart, "Reorthogonalization and stable algorithms for updating the Gram-Schmidt QR
    factorization", Math. Comput. 30 (1976).
    """

    def __init__(self, design: FloatArray, l2: FloatArray) -> None:
        self.design, self.roots = design, np.sqrt(l2)
        self.shrinks = bool(l2.any())
        self.sizes = np.sqrt((design**2).sum(axis=0) + l2)
        self.members: list[int] = []
        most = len(l2) if self.shrinks else min(design.shape) + 1
        self._most = min(most, 8)
        self._rows = len(design)  # in use: those of the design, and one for each column that came, where l2 is there
        self._Q = np.zeros((len(design) + self._most * self.shrinks, self._most), order="F")
        self._R = np.zeros((self._most, self._most), order="F")
        self._limit = most

    def __len__(self) -> int:
        return len(self.members)

    @property
    def Q(self) -> FloatArray:
        """Orthonormal columns, shape (rows, len)."""
        return self._Q[: self._rows, : len(self.members)]

    @property
    def R(self) -> FloatArray:
        """Upper triangular, shape (len, len)."""
        return self._R[: len(self.members), : len(self.members)]

    def fill(self, members: list[int]) -> None:
        """Begin with some columns, all at once; those that depend on earlier ones are left out."""
        count = len(members)
        rows = self.design[:, members]
        if self.shrinks:
            rows = np.vstack([rows, np.diag(self.roots[members])])
        if not count:
            return
        Q, R = np.linalg.qr(rows) if len(rows) >= count else (rows, np.zeros((0, 0)))
        sizes = np.sqrt((rows**2).sum(axis=0))
        if len(R) < count or (np.abs(np.diag(R)) <= DEPENDENT * sizes).any():
            for member in members:
                self.add(member)
            return
        self._reserve(count)
        self.members = list(members)
        self._rows = len(rows)
        self.Q[:], self.R[:] = Q, R

    def _reserve(self, count: int) -> None:
        """Make room for so many columns."""
        needed = self._rows + count * self.shrinks
        if count <= self._most and needed <= len(self._Q):
            return
        most = min(max(2 * self._most, count), max(self._limit, count))
        Q = np.zeros((max(needed, self._rows + 2 * most * self.shrinks), most), order="F")
        R = np.zeros((most, most), order="F")
        k = len(self.members)
        Q[: self._rows, :k], R[:k, :k] = self.Q, self.R
        self._Q, self._R, self._most = Q, R, most

    def add(self, member: int) -> bool:
        """Take a column in; return whether it is independent of those that are there."""
        count = len(self.members)
        if count >= self._limit:
            return False
        self._reserve(count + 1)
        rows = self._rows + self.shrinks
        column = np.zeros(rows)
        column[: len(self.design)] = self.design[:, member]
        if self.shrinks:
            column[-1] = self.roots[member]
        own = float(np.sqrt(column @ column))
        Q, projected = self._Q[:rows, :count], np.zeros(count)
        for _ in range(2):  # twice is enough
            part = Q.T @ column
            column = column - Q @ part
            projected += part
        left = float(np.sqrt(column @ column))
        # column = Aₚ·z + what is left, and of that nothing is known below the rounding of Aₚ·z
        z = self._solved(projected, trans=0)
        if left <= DEPENDENT * (own + float(self.sizes[self.members] @ np.abs(z))):
            return False
        self._rows = rows
        self._Q[:rows, count] = column / left
        self._R[:count, count], self._R[count, count] = projected, left
        self.members.append(member)
        return True

    def drop(self, member: int) -> None:
        """Let a column go: what is right of it moves up, and rotations make it a triangle again."""
        place, count = self.members.index(member), len(self.members)
        below = self._R[place:count, place + 1 : count].copy()
        self._R[:place, place : count - 1] = self._R[:place, place + 1 : count]
        if below.shape[1]:
            turn, R = np.linalg.qr(below)
            self._R[place : count - 1, place : count - 1] = R
            self._Q[: self._rows, place : count - 1] = self._Q[: self._rows, place:count] @ turn
        self._R[:, count - 1] = self._R[count - 1, :] = 0.0
        del self.members[place]

    def solve(self, right: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return z with (AₚᵀAₚ + diag(l2ₚ))·z = right, shape (len,), and Aₚ·z, shape (q,), without the cancellation in it."""
        inner = self._solved(right, trans=1)
        return self._solved(inner, trans=0), (self.Q @ inner)[: len(self.design)]

    def _solved(self, right: FloatArray, trans: int) -> FloatArray:
        if not self.members:
            return right
        return np.asarray(dtrtrs(self.R, right, trans=trans)[0])

    def contains(self, size: int) -> NDArray[np.bool_]:
        """Say which of the columns are in, shape (size,)."""
        inside = np.zeros(size, dtype=bool)
        inside[self.members] = True
        return inside


class GramFactor(ActiveFactor):
    """R alone, by Cholesky from the Gram matrix: several times faster, where l2 bounds the condition number.

    Args:
        design: A, shape (q, d).
        l2: added to each diagonal, shape (d,).
        gram: AᵀA, shape (d, d).

    Source: Golub, Van Loan, "Matrix Computations", 4th edition, section 4.2.
    """

    def __init__(self, design: FloatArray, l2: FloatArray, gram: FloatArray) -> None:
        super().__init__(design[:0], np.zeros(len(l2)))  # no row, so that Q is empty
        self.design, self.l2, self.gram, self._limit = design, l2, gram, len(l2)

    @staticmethod
    def is_safe(l2: FloatArray, sizes: FloatArray) -> bool:
        """Whether the condition number of AᵀA + diag(l2) is surely below 1e8, so that one correction makes a solution exact."""
        return bool(l2.min(initial=np.inf) * 1e8 >= (sizes**2).sum()) and len(l2) <= MOST_OF_GRAM

    def fill(self, members: list[int]) -> None:
        """Begin with some columns, all at once."""
        count = len(members)
        self._reserve(count)
        self.members = list(members)
        if count:
            self.R[:] = np.linalg.cholesky(self._gram_of(members)).T

    def _gram_of(self, members: list[int]) -> FloatArray:
        part = self.gram[np.ix_(members, members)]
        part[np.diag_indices(len(members))] += self.l2[members]
        return np.asarray(part)

    def add(self, member: int) -> bool:
        """Take a column in; it is never made up of the others, as each has its own l2."""
        count = len(self.members)
        self._reserve(count + 1)
        projected = self._solved(self.gram[self.members, member], trans=1)
        left = self.gram[member, member] + self.l2[member] - projected @ projected
        self._R[:count, count], self._R[count, count] = projected, np.sqrt(max(left, self.l2[member]))
        self.members.append(member)
        return True

    def drop(self, member: int) -> None:
        """Let a column go, and what is right of it moves up."""
        place, count = self.members.index(member), len(self.members)
        below = self._R[place:count, place + 1 : count].copy()
        self._R[:place, place : count - 1] = self._R[:place, place + 1 : count]
        if below.shape[1]:
            self._R[place : count - 1, place : count - 1] = np.linalg.qr(below, mode="r")
        del self.members[place]

    def solve(self, right: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return z with (AₚᵀAₚ + diag(l2ₚ))·z = right, shape (len,), corrected once, and Aₚ·z, shape (q,)."""
        columns, l2 = self.design[:, self.members], self.l2[self.members]
        z = self._solved(self._solved(right, trans=1), trans=0)
        left = right - columns.T @ (columns @ z) - l2 * z
        z = z + self._solved(self._solved(left, trans=1), trans=0)
        return z, columns @ z
