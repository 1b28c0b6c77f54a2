"""Row sample: rows of a table that stand for all of them where fourth moments count, kept while a pass goes by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch
from steepest.data.split import hash_positions
from steepest.summaries.coordinates import CoordinatesName
from steepest.summaries.triangle import Triangle
from steepest.summaries.triangularize import rows_that_count
from steepest.support.arrays import FloatArray

MOST_ROWS = 8_192  # up to which every row is kept
SAMPLED = 4_096  # rows of a larger table
PILOT = 2_048  # first rows, which say how large rows are
EVEN = 0.2  # of a row's mean size, that every row has
LARGEST = 1e200  # size: its key is finite


@dataclass(frozen=True, eq=False)
class RowSample:
    """Rows that stand for a table.

    Args:
        rows: they, in their order.
        share: what part of the table each stands for, shape (m,); about 1 in all.
        row_count: rows of the table with a weight above 0.
    """

    rows: Batch
    share: FloatArray
    row_count: int

    def __len__(self) -> int:
        return len(self.rows)


class RowSampler:
    """Keeps rows of a pass: all of up to 8,192, or 4,096 by priority sampling, those with large fourth moments or errors first.

        size = 0.2 + q²/mean q² + ωq·r²/mean ωq·r²         q = ω‖u‖²; means and errors r of least squares: the first 2,048 rows
        key  = size/uniform, from a hash of the row's position; the largest keys stay
        a row stands for max(1, threshold/size) rows, threshold: the largest key that is left out

    Means over the sample are unbiased. Which rows stay depends on the table and the seed alone, however the table is cut.

    Args:
        seed: of the hash.
        coordinates: the inputs in force.
        fit_intercept: whether u has a 1 in front.

    Example:
        >>> import numpy as np
        >>> X = np.arange(20_000.0)[:, None]
        >>> sampler = RowSampler()
        >>> for first in range(0, 20_000, 5_000):
        ...     rows = X[first : first + 5_000]
        ...     sampler.add(Batch(rows, rows[:, 0] % 7, ("x",), ("y",), first_row=first))
        >>> sample = sampler.sample()
        >>> len(sample), sample.row_count
        (4096, 20000)
        >>> (sample.share * 20_000).round(1)[[0, -1]]                        # the first row stands for more rows than the last
        array([756.,   1.])

    Source: Duffield, Lund, Thorup, "Priority Sampling for Estimation of Arbitrary Subset Sums", J. ACM 54 (2007).
    """

    def __init__(self, seed: int = 0, coordinates: CoordinatesName = "raw", *, fit_intercept: bool = True) -> None:
        self.seed, self.coordinates, self.fit_intercept = seed, coordinates, fit_intercept
        self.row_count = 0
        self._waiting: list[Batch] = []  # until the pilot is there
        self._sizes: _Sizes | None = None
        self._kept: Batch | None = None
        self._size = self._key = np.zeros(0)

    def add(self, batch: Batch) -> None:
        """Look at the rows that come next."""
        rows = rows_that_count(batch)
        self.row_count += len(rows)
        if self._sizes is None:
            self._waiting.append(rows.take(np.arange(len(rows))))  # a source may use its arrays again
            if self.row_count < PILOT:
                return
            rows, self._waiting = _joined(self._waiting), []
            self._sizes = _Sizes.of(rows.take(slice(0, PILOT)), self.coordinates, self.fit_intercept)
        self._offer(rows, self._sizes)

    def _offer(self, rows: Batch, sizes: "_Sizes") -> None:
        """Keep the rows with the largest keys, as many as a whole short table has."""
        uniform = (hash_positions(rows.positions, self.seed) >> np.uint64(11)) * 2.0**-53
        size = sizes(rows)
        key = size / (1 - uniform)
        if len(self._key) == MOST_ROWS:
            near = np.flatnonzero(key > self._key.min())
            rows, size, key = rows.take(near), size[near], key[near]
        self._kept = rows if self._kept is None else _joined([self._kept, rows])
        self._size, self._key = np.concatenate([self._size, size]), np.concatenate([self._key, key])
        self._keep(_largest(self._key, MOST_ROWS))

    def _keep(self, chosen: NDArray[np.intp]) -> None:
        assert self._kept is not None
        self._kept, self._size, self._key = self._kept.take(chosen), self._size[chosen], self._key[chosen]

    def sample(self) -> RowSample:
        """Return what is kept of the rows so far."""
        n = self.row_count
        kept = _joined([*([] if self._kept is None else [self._kept]), *self._waiting])
        if n <= MOST_ROWS:
            return RowSample(kept, np.full(n, 1 / max(n, 1)), n)
        threshold = np.sort(self._key)[-SAMPLED - 1]
        chosen = np.flatnonzero(self._key > threshold)
        return RowSample(kept.take(chosen), np.maximum(1.0, threshold / self._size[chosen]) / n, n)


@dataclass(frozen=True, eq=False)
class _Sizes:
    """How much a row counts, from the first rows of the table.

    Args:
        shift: of the inputs, shape (d,).
        scale: of the inputs, shape (d,).
        constant: 1 where there is an intercept, else 0.
        theta: least squares over the first rows, shape (constant + d, t).
        weight: their mean weight.
        fourth: mean of q².
        noise: mean of ωq·r², 0 where all errors are 0.
    """

    shift: FloatArray
    scale: FloatArray
    constant: int
    theta: FloatArray
    weight: float
    fourth: float
    noise: float

    @classmethod
    def of(cls, rows: Batch, coordinates: CoordinatesName, fit_intercept: bool) -> "_Sizes":
        found = Triangle.of(rows).coordinates(coordinates, fit_intercept=fit_intercept)
        shift, scale = (np.broadcast_to(one, rows.X.shape[1:]) for one in (found.shift, found.scale))
        weight = 1.0 if rows.weight is None else float(rows.weight.mean())
        bare = cls(shift, scale, int(fit_intercept), np.zeros((1, 1)), weight, 1.0, 1.0)
        U = bare._inputs(rows.X)
        root = np.sqrt(bare._omega(rows))[:, None]
        theta: FloatArray = np.asarray(np.linalg.lstsq(root * U, root * rows.y, rcond=None)[0], dtype=np.float64)
        start = cls(shift, scale, int(fit_intercept), theta, weight, 1.0, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            fourth, noise = start._parts(rows)
        return cls(shift, scale, int(fit_intercept), theta, weight, float(fourth.mean()), float(noise.mean()))

    def __call__(self, rows: Batch) -> FloatArray:
        """The size of each row, shape (n,)."""
        size = np.full(len(rows), EVEN)
        with np.errstate(over="ignore", invalid="ignore"):
            for part, mean in zip(self._parts(rows), (self.fourth, self.noise), strict=True):
                if 0 < mean < np.inf:
                    size += part / mean
        return np.asarray(np.minimum(size, LARGEST))

    def _parts(self, rows: Batch) -> tuple[FloatArray, FloatArray]:
        """q² and ωq·r², each (n,)."""
        U, omega = self._inputs(rows.X), self._omega(rows)
        q = omega * np.einsum("ij,ij->i", U, U)
        left = U @ self.theta - rows.y
        return q**2, omega * q * np.einsum("ij,ij->i", left, left)

    def _inputs(self, X: FloatArray) -> FloatArray:
        U = np.ones((len(X), self.constant + X.shape[1]))
        U[:, self.constant :] = (X - self.shift) / self.scale
        return U

    def _omega(self, rows: Batch) -> FloatArray:
        return np.ones(len(rows)) if rows.weight is None else rows.weight / self.weight


def _largest(key: FloatArray, most: int) -> NDArray[np.intp]:
    """Where the largest keys are, in order; of equal ones the first."""
    if len(key) <= most:
        return np.arange(len(key))
    return np.sort(np.argsort(-key, kind="stable")[:most])


def _joined(batches: list[Batch]) -> Batch:
    """The rows of batches one behind the other."""
    first = batches[0]
    weight = None if first.weight is None else np.concatenate([one.weight for one in batches if one.weight is not None])
    X, y, positions = (np.concatenate([getattr(one, name) for one in batches]) for name in ("X", "y", "positions"))
    return Batch(X, y, first.features, first.targets, weight, kept=positions)
