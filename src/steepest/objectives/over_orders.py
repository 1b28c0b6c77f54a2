"""Over orders: the expected loss where each epoch sees every row once, from the maps of whole epochs in many orders."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from steepest.objectives.reshuffled import Reshuffled
from steepest.objectives.row_moments import RowMoments
from steepest.support.arrays import FloatArray

FEW_ROWS = 6  # of which all 720 orders are taken
MOST_ORDERS = 2_048
FEWEST_ORDERS = 64
MOST_WORK = 200_000_000  # orders times rows times numbers of a map: some seconds
GROUPS = 8  # of orders, whose differences give the standard error
MOST_MODES = 40  # 861 second moments
DENSE = 200  # second moments up to which all eigenvalues are found
TOGETHER = 1 << 22  # numbers worked on together
STEADY = 1e-14  # of the second moments: an epoch that changes less changes nothing


@dataclass(frozen=True, eq=False)
class OverOrders:
    """The second moments of e at the ends of epochs, with the mean taken over seeded orders of the rows.

        an epoch in order π:  e ← M_π e + b_π
        E[z zᵀ] ← mean over π of L_π E[z zᵀ] L_πᵀ,   z = (e, 1),  L_π = [M_π b_π; 0 1]

    Each epoch has an order of its own, whatever came before, so one mean serves every epoch. It is exact where all orders are
    taken, up to six rows; else it has a sampling error, found from eight groups of orders.

    Args:
        moments: of all rows, in the table's order.
        learning_rate: η.
        sizes: rows of each batch of an epoch.
        seed: of the orders.
        most: how many orders are looked at, at most.

    Example:
        >>> import steepest
        >>> f = steepest.forecast([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], batch_size=1, learning_rate=0.1, epochs=2)
        >>> f.loss().round(4), f.standard_error()
        (array([1.6667, 0.3578, 0.1503]), array([0., 0., 0.]))
    """

    moments: RowMoments
    learning_rate: float
    sizes: tuple[int, ...]
    seed: int = 0
    most: int = MOST_ORDERS

    @staticmethod
    def reaches(moments: RowMoments, most: int = MOST_ORDERS) -> bool:
        """Whether so many orders can be looked at that their mean is nearer than `Reshuffled`."""
        n, modes = moments.row_count, len(moments.eigenvalues)
        if len(moments.W) < n or modes > MOST_MODES:
            return False
        return n <= FEW_ROWS or _count(n, modes, most) * Reshuffled.reach(moments) ** 2 > 1

    @property
    def count(self) -> int:
        """How many orders are looked at."""
        return _count(self.moments.row_count, len(self.moments.eigenvalues), self.most)

    def excess(self, epochs: int) -> FloatArray:
        """E[J] - J* at the ends of epochs 0 … epochs, shape (epochs + 1,); inf where it leaves float64."""
        return self._curve(self._map, epochs)

    def standard_error(self, epochs: int) -> FloatArray:
        """The standard error of `excess` from the choice of orders, shape (epochs + 1,)."""
        if self._exact:
            return np.zeros(epochs + 1)
        with np.errstate(invalid="ignore"):
            curves = np.array([self._curve(one, epochs) for one in self._groups])
            return np.asarray(curves.std(axis=0, ddof=1) / math.sqrt(GROUPS))

    @property
    def floor(self) -> float:
        """E[J] - J* in the long run; inf where it grows."""
        if self.grows:
            return math.inf
        map_ = self._map
        left = np.linalg.solve(np.eye(len(map_) - 1) - map_[:-1, :-1], map_[:-1, -1])
        return float(self._loss[:-1] @ left)

    @property
    def grows(self) -> bool:
        """Whether the mean square of e grows without bound."""
        return self._radius >= 1

    @cached_property
    def _radius(self) -> float:
        map_ = self._map[:-1, :-1]
        if not np.isfinite(map_).all():
            return math.inf
        if len(map_) <= DENSE:
            return float(np.abs(np.linalg.eigvals(map_)).max())
        return float(np.abs(scipy.sparse.linalg.eigs(map_, k=1, v0=self._loss[:-1], return_eigenvectors=False)[0]))

    def _curve(self, map_: FloatArray, epochs: int) -> FloatArray:
        z = np.append(self.moments.start, 1.0)
        first, second, _ = self._pairs
        state, losses = self._scale * np.outer(z, z)[first, second], np.empty(epochs + 1)
        with np.errstate(over="ignore", invalid="ignore"):
            for end in range(epochs + 1):
                losses[end] = self._loss @ state
                before, state = state, map_ @ state
                if np.abs(state - before).max() <= STEADY * np.abs(state).max():
                    losses[end:] = losses[end]
                    break
        return np.where(np.isfinite(losses), np.maximum(losses, 0.0), np.inf)

    @property
    def _exact(self) -> bool:
        return self.moments.row_count <= FEW_ROWS

    @property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """The entries (j, k), j ≤ k, of a symmetric matrix, the corner of the 1 last, and which are on the diagonal."""
        first, second = np.triu_indices(len(self.moments.eigenvalues) + 1)
        return first, second, first == second

    @property
    def _scale(self) -> FloatArray:
        """√2 off the diagonal: then the entries' squares sum to the matrix's."""
        return np.where(self._pairs[2], 1.0, math.sqrt(2))

    @property
    def _loss(self) -> FloatArray:
        """What each entry adds to E[J] - J*."""
        first, _, on_diagonal = self._pairs
        return np.where(on_diagonal, np.append(self.moments.eigenvalues, 0.0)[first] / 2, 0.0)

    @cached_property
    def _map(self) -> FloatArray:
        """The mean of L⊗L on entries of symmetric matrices."""
        return np.asarray(self._groups.mean(axis=0))

    @cached_property
    def _groups(self) -> FloatArray:
        """`_map` over each group of orders."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array([self._mean_map(orders) for orders in self._orders()])

    def _orders(self) -> Iterator[NDArray[np.intp]]:
        """Row numbers of orders, group by group, each (orders, n)."""
        n = self.moments.row_count
        if self._exact:
            yield np.array(list(itertools.permutations(range(n))))
            return
        generator = np.random.default_rng((self.seed, n))
        for _ in range(GROUPS):
            yield generator.permuted(np.tile(np.arange(n), (self.count // GROUPS, 1)), axis=1)

    def _mean_map(self, orders: NDArray[np.intp]) -> FloatArray:
        q = len(self.moments.eigenvalues) + 1
        L = np.zeros((len(orders), q, q))
        L[:, -1, -1] = 1.0
        part = max(1, TOGETHER // (q * max(self.sizes)))
        for first in range(0, len(orders), part):
            L[first : first + part, :-1] = self._epochs(orders[first : first + part])
        flat = L.reshape(len(orders), q * q)
        square = (flat.T @ flat / len(orders)).reshape(q, q, q, q)  # mean of L_jl·L_km at [j, l, k, m]
        j, k, _ = self._pairs
        half = self._scale / 2
        straight = square[j[:, None], j, k[:, None], k] + square[j[:, None], k, k[:, None], j]
        return np.asarray(2 * half[:, None] * half * straight)

    def _epochs(self, orders: NDArray[np.intp]) -> FloatArray:
        """[M_π b_π] of each order, shape (orders, r, r + 1)."""
        moments, eta = self.moments, self.learning_rate
        r = len(moments.eigenvalues)
        maps = np.tile(np.eye(r, r + 1), (len(orders), 1, 1))
        weight = moments.scale * moments.omega
        first = 0
        for size in self.sizes:
            rows = orders[:, first : first + size]
            first += size
            W = moments.W[rows]
            ahead = W @ maps
            ahead[:, :, -1] += moments.residual[rows]
            change = W.transpose(0, 2, 1) @ (ahead * (weight[rows] / size)[:, :, None])
            if moments.penalty.any():
                change += moments.penalty @ maps
                change[:, :, -1] += moments.pull
            maps = maps - eta * change
        return maps


def _count(rows: int, modes: int, most: int) -> int:
    """All orders, or as many as some seconds allow."""
    if rows <= FEW_ROWS:
        return math.factorial(rows)
    bounded = min(max(MOST_WORK // (rows * modes * (modes + 1)), FEWEST_ORDERS), most)
    return bounded // GROUPS * GROUPS
