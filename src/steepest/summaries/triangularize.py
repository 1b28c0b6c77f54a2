"""Triangularize: the numbers of a triangle from rows, by a Gram matrix where that loses no digits, by QR otherwise."""

from collections.abc import Iterable, Iterator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from steepest.data.batch import Batch, check_finite
from steepest.errors import DataError
from steepest.summaries import gram
from steepest.summaries.double_double import two_sum
from steepest.summaries.gram import Reduced
from steepest.summaries.qr import EXTENDED_WORK, triangularize, working_type
from steepest.support.arrays import FloatArray
from steepest.support.threads import parallel_map

BLOCK_ROWS = 1_048_576  # rows of one Gram matrix
QR_ROWS = 16_384  # rows of one QR decomposition
GRAM_ROWS = 8  # a Gram matrix is worth its Cholesky factor from so many times the columns on
LARGEST = 1e150  # above, the sum of the squares of 10^7 rows leaves float64


def of_rows(batch: Batch) -> Reduced | None:
    """Return (W, means, tails, centred) of a batch whose weights are all above 0; None where it has no row.

    Raises:
        DataError: a value is not finite, or so large that its square overflows.
    """
    try:
        return _joined(_of_block(rows) for rows, _ in blocks(batch))
    except DataError:
        # what a section of the rows has refused is counted over all of them
        check_finite(np.concatenate([batch.X, batch.y], axis=1), (*batch.features, *batch.targets), batch.first_row)
        raise


def blocks(batch: Batch, parts: int = 1) -> Iterator[tuple[Batch, slice]]:
    """Yield the rows of a batch in pieces that one Gram matrix for each of its parts takes up, and where they are."""
    for start in range(0, len(batch), BLOCK_ROWS * parts):
        piece = slice(start, start + BLOCK_ROWS * parts)
        yield batch.take(piece), piece


def of_parts_by_gram(rows: Batch, labels: NDArray[np.int64], count: int) -> list[Reduced | None]:
    """Return (W, means, tails, centred) of `count` parts of the rows by Gram matrices, None where these are not for it."""
    d = len(rows.features)
    if len(rows) >= GRAM_ROWS * count * d and len(rows) * d**2 > EXTENDED_WORK and rows.weight is None:
        return gram.triangularize_parts(rows, labels, count)
    return [None] * count


def merge(a: Reduced, b: Reduced) -> Reduced:
    """Return (W, means, tails, centred) of the rows of both.

        means   = means_a + (W_b / W)·(means_b - means_a)
        centred = R of [centred_a; centred_b; √(W_a·W_b/W)·(means_b - means_a)]

    Source: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", Am. Stat. 37 (1983), equation 1.5.
    """
    (a_weight, a_means, a_tails, a_centred), (b_weight, b_means, b_tails, b_centred) = a, b
    total = a_weight + b_weight
    work = working_type(np.vstack([a_centred, b_centred]))
    between = (b_means.astype(work) - a_means) + (b_tails - a_tails)
    row = np.sqrt(work(a_weight) * (b_weight / work(total))) * between
    step = (between * (b_weight / work(total))).astype(np.float64)
    means, tails = two_sum(a_means, a_tails + step)
    return total, means, tails, triangularize(np.vstack([a_centred, b_centred, row])).astype(np.float64)


def rows_that_count(batch: Batch) -> Batch:
    """Return the rows of weight above 0.

    Raises:
        DataError: a weight is negative or not finite.
    """
    if batch.weight is None:
        return batch
    if not np.isfinite(batch.weight).all() or (batch.weight < 0).any():
        wrong = batch.weight[~(np.isfinite(batch.weight) & (batch.weight >= 0))]
        raise DataError(f"weights must be finite and not negative; {wrong.size} are not, the first is {wrong[0]}.")
    counts = batch.weight > 0
    return batch if counts.all() else batch.take(counts)


def _joined(pieces: Iterable[Reduced]) -> Reduced | None:
    """Merge all pieces, from the first to the last."""
    whole: Reduced | None = None
    for piece in pieces:
        whole = piece if whole is None else merge(whole, piece)
    return whole


def _of_block(batch: Batch) -> Reduced:
    """Triangularize one block: by a Gram matrix where it is large and well-conditioned, by QR otherwise."""
    columns = len(batch.features) + len(batch.targets)
    if len(batch) >= GRAM_ROWS * columns and len(batch) * columns**2 > EXTENDED_WORK:
        by_gram = gram.triangularize(batch)
        if by_gram is not None:
            return by_gram
    pieces = [batch.take(slice(start, start + QR_ROWS)) for start in range(0, len(batch), QR_ROWS)]
    return reduce(merge, parallel_map(by_qr, pieces))


def by_qr(batch: Batch) -> Reduced:
    """Triangularize one block: shift by its mean first, so that QR works on numbers of the size of the spread."""
    rows = np.concatenate([batch.X, batch.y], axis=1)
    check_finite(rows, (*batch.features, *batch.targets), first_row=batch.first_row)
    weight = np.ones(len(rows)) if batch.weight is None else batch.weight
    heavy = rows if batch.weight is None else rows * np.sqrt(np.maximum(weight, 1.0))[:, None]
    if np.abs(heavy).max(initial=0.0) > LARGEST:
        raise DataError(_too_large((*batch.features, *batch.targets), rows, heavy))
    total = float(weight.sum())
    shift = weight @ rows / total
    wide = rows.astype(working_type(rows))
    root = np.sqrt(weight.astype(wide.dtype))[:, None]
    factor = triangularize(np.concatenate([root, root * (wide - shift)], axis=1))
    # the first row of R holds √W·(mean - shift): what rounding left of the mean
    means, tails = two_sum(shift, (factor[0, 1:] / factor[0, 0]).astype(np.float64))
    return total, means, tails, factor[1:, 1:].astype(np.float64)


def _too_large(names: tuple[str, ...], rows: FloatArray, heavy: FloatArray) -> str:
    """Say which column has values whose squares, times the rows' weights, leave float64."""
    largest = np.abs(heavy).max(axis=0)
    column = int(largest.argmax())
    value = np.abs(rows[:, column]).max()
    weighed = "" if value == largest[column] else f" ({largest[column]:.3g} with the root of its row's weight)"
    return (
        f"squares overflow: column {names[column]!r} holds {value:.3g}{weighed}, and squared loss needs squares and "
        f"their sum below 1.8e308. Rescale the column (choose another unit){', or divide all weights by the largest' if weighed else ''}."
    )
