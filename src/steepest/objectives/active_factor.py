"""Active factor: R of the columns that a sparse model uses, as they come and go."""

import numpy as np
from scipy.linalg.lapack import dtrtrs

from steepest.support.arrays import FloatArray

DEPENDENT = 64 * np.finfo(float).eps  # a column with a smaller share of its own depends on the others
IMPROVES = 1e-8  # a solution that misses by less than this share is corrected


class ActiveFactor:
    """R with RᵀR = AₚᵀAₚ + diag(l2ₚ) of some columns P of A, in the order in which they came.

    A column is added by the corrected seminormal equations, so that no accuracy is lost to squaring the condition number; one
    that the others make up (but for rounding) is refused.

    Args:
        design: A, shape (q, d).
        l2: added to each diagonal, shape (d,).

    Source: Björck, "Stability analysis of the method of seminormal equations", Linear Algebra Appl. 88 (1987);
    Golub, Van Loan, "Matrix Computations", 4th edition, section 6.5 (deleting a column).
    """

    def __init__(self, design: FloatArray, l2: FloatArray) -> None:
        most = len(l2) if l2.any() else min(design.shape) + 1
        self.design, self.l2 = design, l2
        self.members: list[int] = []
        self.columns = np.empty((len(design), most), order="F")
        self.factor = np.zeros((most, most), order="F")

    def __len__(self) -> int:
        return len(self.members)

    def fill(self, members: list[int]) -> None:
        """Begin with some columns, all at once; those that depend on earlier ones are left out."""
        self.members = []
        count = len(members)
        if not count:
            return
        chosen = self.design[:, members]
        shrunk = np.diag(np.sqrt(self.l2[members]))
        rows = np.vstack([chosen, shrunk]) if self.l2.any() else chosen
        R = np.linalg.qr(rows, mode="r") if len(rows) >= count else np.zeros((0, 0))
        sizes = np.sqrt((rows**2).sum(axis=0))
        if len(R) < count or (np.abs(np.diag(R)) <= DEPENDENT * sizes).any():
            for member in members:
                self.add(member)
            return
        self.members = list(members)
        self.columns[:, :count] = chosen
        self.factor[:count, :count] = R

    def add(self, member: int) -> bool:
        """Take a column in; return whether it is independent of those that are there."""
        count = len(self.members)
        column, l2 = self.design[:, member], self.l2[member]
        own = float(column @ column) + l2
        if own == 0 or count >= self.columns.shape[1]:
            return False
        residual, shrunk = column, np.zeros(count)
        projected = np.zeros(count)
        for _ in range(2 * bool(count)):  # the second time corrects what rounding left in the first
            rest = self.columns[:, :count].T @ residual + shrunk * -self.l2[self.members]
            step = self._solve_transposed(rest)
            projected += step
            back = self._solve(step)
            residual = residual - self.columns[:, :count] @ back
            shrunk = shrunk + back
        left = float(residual @ residual) + float(self.l2[self.members] @ shrunk**2) + l2
        if left <= DEPENDENT**2 * own:
            return False
        self.columns[:, count] = column
        self.factor[:count, count] = projected
        self.factor[count, count] = np.sqrt(left)
        self.members.append(member)
        return True

    def drop(self, member: int) -> None:
        """Let a column go."""
        place, count = self.members.index(member), len(self.members)
        del self.members[place]
        self.columns[:, place : count - 1] = self.columns[:, place + 1 : count]
        below = np.delete(self.factor[place:count, place:count], 0, axis=1)
        self.factor[:place, place : count - 1] = self.factor[:place, place + 1 : count]
        if below.shape[1]:
            self.factor[place : count - 1, place : count - 1] = np.linalg.qr(below, mode="r")
        self.factor[count - 1] = 0.0

    def solve(self, right: FloatArray) -> FloatArray:
        """Return z with (AₚᵀAₚ + diag(l2ₚ))·z = right, shape (len,), corrected once where that makes it better.

        Each of the two triangular solves costs κ(R) in accuracy; what is left of `right`, on the other hand, is computed
        from z itself, whose size may be κ(R)²: where it is mostly rounding, a correction would be nothing else.
        """
        z = self._solve(self._solve_transposed(right))
        columns = self.columns[:, : len(self.members)]
        left = right - columns.T @ (columns @ z) - self.l2[self.members] * z
        if np.abs(left).max(initial=0.0) > IMPROVES * np.abs(right).max(initial=0.0):
            return z
        return z + self._solve(self._solve_transposed(left))

    def product(self, z: FloatArray) -> FloatArray:
        """Return Aₚ·z, shape (q,)."""
        return np.asarray(self.columns[:, : len(self.members)] @ z)

    def _solve(self, right: FloatArray) -> FloatArray:
        count = len(self.members)
        return np.asarray(dtrtrs(self.factor[:count, :count], right)[0])

    def _solve_transposed(self, right: FloatArray) -> FloatArray:
        count = len(self.members)
        return np.asarray(dtrtrs(self.factor[:count, :count], right, trans=1)[0])
