"""Which rows are held out, and in which fold: decided by a seeded hash of the row's position, so it can be streamed."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.errors import Option, UsageError
from steepest.support.arguments import as_float, as_int, check_flag, shown
from steepest.support.threads import parallel_map

SECTION_ROWS = 131_072  # rows whose folds are drawn together, by one thread
COMPARED = 10  # up to so many folds each hash of a run is compared with each other one


def hash_positions(positions: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits for each row position: splitmix64 of the position, offset by the seed.

        z = position + seed·γ' ;  z ^= z >> 30; z *= c1;  z ^= z >> 27; z *= c2;  z ^= z >> 31

    The same position and seed give the same bits on every machine, in any order of reading.

    Args:
        positions: row numbers counted from 0, shape (n,), uint64.
        seed: any integer from 0 to 2**63 - 1.

    Returns:
        hashes, shape (n,), uint64, uniform over all 64-bit numbers.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 16.

    Example:
        >>> hash_positions(np.arange(2, dtype=np.uint64), seed=0)
        array([16294208416658607535,  7960286522194355700], dtype=uint64)
    """
    gamma = 0x9E3779B97F4A7C15
    z = (positions + np.uint64(1)) * np.uint64(gamma) + np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def check_seed(seed: int) -> int:
    """Return `seed` when it is a whole number from 0 to 2**63 - 1; raise UsageError otherwise."""
    given = as_int(seed)
    if given is None or not 0 <= given < 2**63:
        raise UsageError(Option("seed") + f" must be a whole number from 0 to 2**63 - 1; got {shown(seed)}.")
    return given


def fold_of_rows(rows: NDArray[np.uint64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, 0 … folds - 1, for ascending positions in the source, shape (n,).

    Every run of `folds` consecutive rows, counted from row 0, has each fold once, in an order drawn by the seeded hash:
    folds are of equal size to one row, and a row's fold does not depend on how the table is cut into batches.

    Raises:
        UsageError: folds is no whole number above 1, or seed no whole number.
    """
    check_folds(folds), check_seed(seed)
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    first_run, last_run = int(rows[0]) // folds, int(rows[-1]) // folds + 1
    found = np.empty((last_run - first_run, folds), dtype=np.int64)

    def deal(start: int) -> None:
        runs = found[start : start + max(1, SECTION_ROWS // folds)]
        begin = (first_run + start) * folds
        positions = np.arange(begin, begin + runs.size, dtype=np.uint64)
        runs[:] = _ranks(hash_positions(positions, seed).reshape(-1, folds))

    parallel_map(deal, range(0, len(found), max(1, SECTION_ROWS // folds)))
    labels = found.ravel()
    start = int(rows[0]) - first_run * folds
    if int(rows[-1]) - int(rows[0]) + 1 == len(rows):
        return labels[start : start + len(rows)]
    return np.asarray(labels[(rows - np.uint64(first_run * folds)).astype(np.int64)])


def consecutive_fold_of_rows(rows: NDArray[np.uint64], count: int, folds: int) -> NDArray[np.int64]:
    """Return the fold of each row where folds are K stretches of consecutive rows, 0 … K - 1, shape (n,).

    The first `count % folds` stretches have a row more than the others, as in scikit-learn's `KFold`.

    Args:
        rows: positions, from 0, shape (n,).
        count: number of rows of the whole table.
        folds: K.
    """
    short, longer = divmod(count, folds)
    ends = np.arange(1, folds) * short + np.minimum(np.arange(1, folds), longer)
    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(
        rows
    ):  # a stretch of the table itself: no row is looked at
        here = np.concatenate([[0], (ends - int(rows[0])).clip(0, len(rows)), [len(rows)]])
        return np.repeat(np.arange(folds), np.diff(here))
    return np.searchsorted(ends, rows.astype(np.int64), side="right").astype(np.int64)


def _ranks(values: NDArray[np.uint64]) -> NDArray[np.integer[Any]]:
    """Return the place of each value in its row's ascending order, 0 … K - 1, shape (runs, K); of equal ones the first
    comes first.
    """
    count = values.shape[1]
    if count > COMPARED:
        order = np.argsort(values, axis=1, kind="stable")
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.broadcast_to(np.arange(count), order.shape), axis=1)
        return ranks
    # each with each: few comparisons of long columns are three times as fast as many sorts of a few numbers
    columns = np.ascontiguousarray(values.T)
    places = np.repeat(np.arange(count, dtype=np.int8)[:, None], len(values), axis=1)
    for i, j in itertools.combinations(range(count), 2):
        overtakes = (columns[j] < columns[i]).view(np.int8)
        places[i] += overtakes
        places[j] -= overtakes
    return places.T


def check_folds(folds: int) -> int:
    """Return the number of folds when it is a whole number from 2 to 1,000; raise UsageError otherwise."""
    given = as_int(folds)
    if given is None or not 2 <= given <= 1000:
        raise UsageError(Option("folds") + f" must be a whole number from 2 to 1,000; got {shown(folds)}.")
    return given


def held_out(rows: NDArray[np.uint64], share: float, seed: int) -> NDArray[np.bool_]:
    """Say which rows, given by their positions in the source, belong to the test set.

    A row is held out when its hash, read as a number in [0, 1), is below `share`.

    Args:
        rows: positions, from 0, shape (n,).
        share: expected share of held-out rows, 0 < share < 1.
        seed: another seed gives another, independent choice.

    Returns:
        mask, shape (n,), True where the row is held out.

    Raises:
        UsageError: share is not between 0 and 1, or seed is not a whole number.
    """
    if not 0 < as_float(share) < 1:
        raise UsageError(f"the share of test rows must lie between 0 and 1, both excluded; got {shown(share)}.")
    return hash_positions(rows, check_seed(seed)) < np.uint64(int(share * 2.0**64))


@dataclass(frozen=True)
class Share:
    """A share of the rows, held out by a seeded hash of each row's position.

    Args:
        share: expected share of held-out rows, 0 < share < 1.
        seed: another seed gives another, independent choice.

    Raises:
        UsageError: share is not between 0 and 1, or seed is not a whole number.

    Example:
        >>> Share(0.25, seed=3).holds_out(np.arange(8, dtype=np.uint64)).astype(int)
        array([0, 0, 0, 1, 0, 0, 0, 1])
    """

    share: float
    seed: int = 0

    def __post_init__(self) -> None:
        held_out(np.zeros(0, dtype=np.uint64), self.share, self.seed)

    @classmethod
    def of(cls, share: float, seed: int = 0) -> "Share | None":
        """Return the share; None where it is 0, so that no row is held out."""
        return cls(share, seed) if share else None

    def holds_out(self, positions: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Say which rows, given by their positions in the source, are held out, shape (n,)."""
        return held_out(positions, self.share, self.seed)


@dataclass(frozen=True)
class Folds:
    """K folds: each row is held out in one of them, and learned from in the others (in time order: in the later ones).

    Args:
        count: K.
        seed: of the random order of rows.
        shuffle: whether rows are dealt out in a random order; False: K stretches of consecutive rows, as equal as the rows
            allow where their number is known beforehand, else as some hundred pieces allow.
        by_group: keep rows of one group together (the source's group column); folds are made as equal as groups allow.
        in_time: the rows are in time order: K + 1 stretches of equal length, each but the first predicted from all
            rows before it.

    Raises:
        UsageError: a value outside its range, or options that contradict each other.
    """

    count: int
    seed: int = 0
    shuffle: bool = True
    by_group: bool = False
    in_time: bool = False

    def __post_init__(self) -> None:
        check_folds(self.count), check_seed(self.seed)
        for name, flag in (("shuffle", self.shuffle), ("group", self.by_group), ("time", self.in_time)):
            check_flag(name, flag)
        if self.by_group + self.in_time + (not self.shuffle) > 1:
            raise UsageError(
                "folds are by group, in time order or of consecutive rows (" + Option("shuffle", False) + ").",
                "give one of them",
            )
