"""Summarize: one pass over a source, every row into a triangle, some rows kept to look at."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from steepest.data.batch import Batch
from steepest.data.sample import Sample
from steepest.data.sources import FullSource, MissingPolicy, Watch, watched
from steepest.data.sources.log_target import is_log_target, log_note, own_names
from steepest.data.split import Folds, Share, check_seed
from steepest.errors import DataError, UsageError
from steepest.summaries.checkpoint import SECONDS, Checkpoint
from steepest.summaries.folds import read_folds
from steepest.summaries.open_data import open_data
from steepest.summaries.partition import Partition, Split, Validation
from steepest.summaries.pass_state import PassState
from steepest.summaries.triangle import Triangle
from steepest.support.arguments import shown
from steepest.support.words import pluralize

COPIES = 6  # of a triangle, in memory at a time while it is made and decomposed
See = Callable[[Batch], None]
"""Something that looks at each batch of a pass."""
SAMPLE_ROWS = 1_000  # rows kept for plots of predictions against targets


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass over a table leaves.

    Args:
        partition: the triangle of the rows to learn from, and those with rows held out.
        sample: some of the rows to learn from, in order, for pictures; with folds none.
        test_sample: some of the held-out rows.
        notes: what was done to the table on the way in, a sentence each.
        data: where the rows came from (JSON types).
    """

    partition: Partition
    sample: Sample
    test_sample: Sample
    notes: tuple[str, ...]
    data: dict[str, Any]

    @property
    def triangle(self) -> Triangle:
        """The triangle of the rows to learn from: all, or those that are not held out; with folds all."""
        return self.partition.whole

    @property
    def test(self) -> Triangle | None:
        """The triangle of the held-out rows where there is one."""
        return self.partition.test[0] if len(self.partition.test) == 1 else None


def summarize(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
    watch: Watch | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    cluster: object = None,
) -> Triangle:
    """Return the triangle of a table: all that squared loss will ever ask of it, from one pass.

    Args:
        data: inputs X, an array of shape (n, d), with y; a data frame, a file, a folder or SELECT …, with target; the path
            of a triangle; a Triangle; or a source from `open_source`, which has more options.
        y: targets, shape (n,) or (n, t).
        target: name or names of the target columns of a table.
        features: names of the inputs; default: all columns but target and weight.
        weight: weights of the rows, shape (n,), not negative; of a table the name of a column.
        missing: "error", "drop" (rows with missing values) or "indicator" (0 and an indicator column).
        watch: called after each batch with the rows done and their expected number, None where that is unknown.
        checkpoint: a file for the state of the pass, written about once a second: where there is one the pass goes on from it, with the same
            bits as a pass that was never cut off. Remove it once the triangle is kept. None: a pass that is cut off begins anew.
        cluster: "local:N" (N processes), "tcp://…" (a Dask scheduler) or a `distributed.Client`, to share the pass.

    Returns:
        a Triangle; triangles of the same columns add with `+`.

    Raises:
        DataError: the data cannot be used; says which column and row.
        UsageError: the arguments do not go together, or the checkpoint is of another table or of other options.

    Example:
        >>> import numpy as np
        >>> triangle = summarize(np.array([[1.0], [2.0], [3.0]]), np.array([2.5, 3.0, 3.5]))
        >>> triangle.row_count, triangle.features, triangle.targets
        (3, ('x1',), ('y',))
        >>> summarize(np.ones((5, 2)), np.ones(5), watch=lambda done, expected: print(done, "of", expected)).row_count
        5 of 5
        5
    """
    opened = open_data(data, y, keeps_labels=True, target=target, features=features, weight=weight, missing=missing)
    return read(opened, sample_rows=0, checkpoint=checkpoint, watch=watch, cluster=cluster).triangle


def read(
    data: FullSource | Triangle,
    split: Split | None = None,
    *,
    seed: int | None = None,
    sample_rows: int = SAMPLE_ROWS,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = SECONDS,
    watch: Watch | None = None,
    cluster: object = None,
    see: See | None = None,
) -> Summary:
    """Read a table once: triangles of the rows to learn from and of those held out, and a sample of each.

    Args:
        data: what `open_data` gave; a triangle needs no reading.
        split: which rows are held out: a `Share` of them, each in one of K `Folds`, or those of another table
            (`Validation`). None: none.
        seed: of the sample; None: that of the share, or 0.
        sample_rows: rows of either kind kept at most.
        checkpoint: a file for the state of an unfinished pass: where there is one the pass goes on from it, with the same
            bits as a pass that was never cut off. Remove it once the result is kept.
        checkpoint_seconds: between two writings of the state.
        watch: called after each batch with the rows done and their expected number.
        cluster: "local:N", "tcp://…" or a `distributed.Client`, whose workers share the pass.
        see: called with each batch once it is summed; not on a cluster, nor with rows that a checkpoint has done.

    Raises:
        DataError: no row has a weight above 0, or every row was held out.
        UsageError: the checkpoint belongs to another table or other options; rows of a triangle are to be held out.
    """
    if isinstance(data, Triangle):
        return _read_triangle(data, split, sample_rows, seed)
    if isinstance(split, Folds):
        return _read_folds(data, split, watch)
    share = split if isinstance(split, Share) else None
    seed = check_seed(seed if seed is not None else share.seed if share else 0)
    file = None
    if checkpoint is not None:
        file = Checkpoint(Path(checkpoint), _identity(data, share, seed, sample_rows), checkpoint_seconds)
    if cluster is not None:
        if file:
            raise UsageError(
                "a pass on a cluster leaves no state to resume from; leave the checkpoint or the cluster out."
            )
        state = _on_cluster(data, cluster, share, seed, sample_rows, watch)
    else:
        state = (file.load() if file else None) or PassState.empty(data.features, data.targets, seed)
        state = read_on(data, state, share, sample_rows, watch, file, see)
    _refuse_empty(state, share)
    origin = {**data.describe(), "sha256_of_triangle": state.train.checksum}
    train = _signed(state.train, data, origin)
    if share:
        partition, test_sample = Partition.of(train, _signed(state.test, data, origin)), state.test_sample
    else:
        partition, test_sample = _validation(train, split, sample_rows, seed)
    looked_at = state.sample.join(state.test_sample, 2 * sample_rows)
    notes = (*data.notes, *_absent(state, data), *_row_numbers(looked_at, data))
    return Summary(partition, state.sample, test_sample, notes, origin)


def _absent(state: PassState, source: FullSource) -> tuple[str, ...]:
    """What is said of rows of weight 0, which count as absent: how many a pass has read."""
    end = source.position or state.position  # the last rows may have been left out
    count = end.rows - end.left_out - state.train.row_count - state.test.row_count
    return (f"weight: {pluralize(count, 'more row')} of weight 0, counted as absent",) if count > 0 else ()


def read_on(
    source: FullSource,
    state: PassState,
    share: Share | None = None,
    sample_rows: int = 0,
    watch: Watch | None = None,
    file: Checkpoint | None = None,
    see: See | None = None,
) -> PassState:
    """Go on with a pass over rows that are not done yet; an interruption leaves the file's state at the last whole batch."""
    _refuse_too_large(source)
    try:
        for batch in watched(source, watch, state.position):
            state = state.with_batch(batch, share, sample_rows)
            if see:
                see(batch)
            if file:
                file.keep(state)
    except KeyboardInterrupt:
        if file:
            file.keep(state, now=True)
        raise
    return state


def _row_numbers(sample: Sample, source: FullSource) -> list[str]:
    """Tell of inputs that count the rows; of an only input that is its task."""
    if len(source.features) < 2:
        return []
    return [
        f"column {shown(source.features[j])} counts the rows: most often no input, unless it is time"
        for j in sample.row_numbers
    ]


def _read_triangle(triangle: Triangle, split: Split | None, sample_rows: int, seed: int | None) -> Summary:
    """What a pass would leave of rows that were summed before."""
    if split is not None and not isinstance(split, Validation):
        raise UsageError(
            "a triangle has no rows to hold out or to make folds of. Give the table itself, or held-out rows of their own."
        )
    origin = {"kind": "triangle", "sha256": triangle.checksum, "origins": list(triangle.origins)}
    partition, test_sample = _validation(triangle, split, sample_rows, seed)
    sample = Sample.empty(triangle.features, triangle.targets)
    return Summary(partition, sample, test_sample, notes_of(triangle), origin)


def _read_folds(source: FullSource, split: Folds, watch: Watch | None) -> Summary:
    """The triangles of folds; all of them are coded as the source is."""
    _refuse_too_large(source)
    parts = read_folds(source, split, watch)
    origin = {**source.describe(), "sha256_of_triangle": parts.whole.checksum}
    parts = replace(parts, whole=_signed(parts.whole, source, origin))
    sample = Sample.empty(source.features, source.targets)
    return Summary(parts, sample, sample, tuple(source.notes), origin)


def _validation(train: Triangle, split: Split | None, sample_rows: int, seed: int | None) -> tuple[Partition, Sample]:
    """One training triangle, and that of another table's rows with some of them, where there is one."""
    if not isinstance(split, Validation):
        return Partition.of(train), Sample.empty(train.features, train.targets)
    held_out = read(split.rows, seed=seed, sample_rows=sample_rows)
    test = held_out.triangle
    if len(test.features) != len(train.features):
        raise UsageError(f"the validation set has {len(test.features)} features, the data {len(train.features)}.")
    return Partition.of(train, test), held_out.sample if split.sample is None else split.sample


def _signed(triangle: Triangle, source: FullSource, origin: dict[str, Any]) -> Triangle:
    """Return a triangle that says how it was coded and where its rows came from."""
    origins = ({**origin, "rows": triangle.row_count},)
    return replace(triangle, coding=source.coding, origins=origins, log_target=is_log_target(source))


def notes_of(triangle: Triangle) -> tuple[str, ...]:
    """Return what was done to a triangle's table on the way in, a sentence each."""
    logs = [log_note(own_names(triangle))] if triangle.log_target else []
    return (*str(triangle.coding or "").splitlines(), *logs)


def _refuse_too_large(source: FullSource) -> None:
    """Raise DataError where the sums of a table would not fit into the machine's memory, before the work begins."""
    rows, features = source.row_count, len(source.features)
    if rows is None or not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    columns = features + len(source.targets)
    needed = COPIES * 8 * columns * min(rows, columns)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise DataError(
            f"{features:,} columns of {rows:,} rows are too large: their sums take {needed / 1e9:,.0f} GB, and this machine has "
            f"{memory / 1e9:,.0f} GB of memory. Give fewer columns{', or fewer rows' if rows < columns else ''}."
        )


def _refuse_empty(state: PassState, share: Share | None) -> None:
    if not state.train.row_count:
        raise DataError("0 samples: no row is left to learn from. Give more rows, or hold fewer out.")
    if share and not state.test.row_count:
        raise DataError(
            f"a test share of {share.share:g} of so few rows holds out none. Give more rows or a larger share."
        )


def _on_cluster(
    source: FullSource, cluster: object, share: Share | None, seed: int, sample_rows: int, watch: Watch | None
) -> PassState:
    """Let a cluster go over the rows, and tell the source what was left out."""
    from steepest.summaries.cluster import summarize_pieces  # noqa: PLC0415 - few passes need it

    pieces = source.pieces()
    if share and any(piece.row_count is None for piece in pieces[:-1]):
        raise UsageError(
            "on a cluster rows can be held out of Parquet files and arrays only; others do not say where a piece begins."
        )
    state = summarize_pieces(pieces, cluster, split=share, seed=seed, sample_rows=sample_rows, watch=watch)
    source.record_pass(state.position)
    return state


def _identity(source: FullSource, share: Share | None, seed: int, sample_rows: int) -> dict[str, Any]:
    """What a checkpoint must agree in with the pass that goes on from it."""
    data = {key: value for key, value in source.describe().items() if key != "rows_left_out"}
    columns = {"targets": list(source.targets), "coding": source.coding.as_json(), **source.options}
    test_size = share.share if share else 0.0
    return {"data": data, **columns, "test_size": test_size, "seed": seed, "sample_rows": sample_rows}
