"""Summarize: one pass over a source, every row into a triangle, some rows kept to look at."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from steepest.data.sample import Sample
from steepest.data.sources import MissingPolicy, Source, Watch, open_source, watched
from steepest.data.split import check_seed
from steepest.errors import DataError, UsageError
from steepest.summaries import checkpoint
from steepest.summaries.partial import PassState
from steepest.summaries.triangle import Triangle
from steepest.summaries.triangle_file import FORMAT
from steepest.support.array_file import is_array_file

SAMPLE_ROWS = 1_000  # rows kept for plots of predictions against targets


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass over a table leaves.

    Args:
        triangle: of all rows, or of the training rows where some are held out.
        test: triangle of the held-out rows, or None.
        sample: some of the rows, in order, for pictures.
        notes: what was done to the table on the way in, a sentence each.
        data: where the rows came from (JSON types).
    """

    triangle: Triangle
    test: Triangle | None
    sample: Sample
    notes: tuple[str, ...]
    data: dict[str, Any]


def summarize(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    weight: object = None,
    missing: MissingPolicy = "error",
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
        cluster: "local:N" (N processes), "tcp://…" (a Dask scheduler) or a `distributed.Client`, to share the pass.

    Returns:
        a Triangle; triangles of the same columns add with `+`.

    Raises:
        DataError: the data cannot be used; says which column and row.
        UsageError: the arguments do not go together.

    Example:
        >>> import numpy as np
        >>> triangle = summarize(np.array([[1.0], [2.0], [3.0]]), np.array([2.5, 3.0, 3.5]))
        >>> triangle.row_count, triangle.features, triangle.targets
        (3, ('x1',), ('y',))
    """
    held = triangle_of(data)
    if held is not None:
        return _select(held, y, target, features, weight)
    source = open_source(data, y, target=target, features=features, weight=weight, missing=missing)
    return read(source, sample_rows=0, cluster=cluster).triangle


def triangle_of(data: object) -> Triangle | None:
    """Return the triangle that `data` is, or that the file of this path holds; None where it is something else."""
    if isinstance(data, Triangle):
        return data
    if not isinstance(data, (str, os.PathLike)) or Path(data).suffix == ".npz":
        return None
    if is_array_file(data, FORMAT):
        return Triangle.load(data)
    if is_array_file(data, checkpoint.FORMAT):
        raise DataError(f"{data} is the state of an unfinished pass. Go on with --resume, and use what that makes.")
    return None


def read(
    source: Source,
    *,
    test_size: float = 0.0,
    seed: int = 0,
    sample_rows: int = SAMPLE_ROWS,
    state: str | os.PathLike[str] | None = None,
    state_seconds: float = 1.0,
    watch: Watch | None = None,
    cluster: object = None,
) -> Summary:
    """Read a source once: training triangle, triangle of held-out rows, and a sample of rows.

    Args:
        source: where the rows are.
        test_size: expected share of rows to hold out, 0 for none; chosen by a seeded hash of the row's position.
        seed: of that choice and of the sample.
        sample_rows: rows kept at most.
        state: a file for the state of an unfinished pass: where there is one the pass goes on from it, with the same bits
            as a pass that was never cut off. Remove it once the result is kept.
        state_seconds: between two writings of the state.
        watch: called after each batch with the rows done and their expected number.
        cluster: "local:N", "tcp://…" or a `distributed.Client`, whose workers share the pass.

    Raises:
        DataError: no row has a weight above 0, or every row was held out.
        UsageError: the state belongs to another table or other options.
    """
    check_seed(seed)
    kept = None
    if state is not None:
        kept = checkpoint.Checkpoint(Path(state), _about(source, test_size, seed, sample_rows), state_seconds)
    if cluster is not None:
        if kept:
            raise UsageError("a pass on a cluster leaves no state to resume from; leave the state or the cluster out.")
        partial = _on_cluster(source, cluster, test_size, seed, sample_rows, watch)
    else:
        partial = (kept.load() if kept else None) or PassState.empty(source.features, source.targets, seed)
        partial = _pass(source, partial, kept, test_size, sample_rows, watch)
    train, test = partial.train, partial.test
    if not train.row_count:
        raise DataError("0 samples: no row is left to learn from. Give more rows, or hold fewer out.")
    if test_size and not test.row_count:
        raise DataError(
            f"a test share of {test_size:g} of so few rows holds out none. Give more rows or a larger share."
        )
    data = {**source.describe(), "sha256_of_triangle": train.checksum}
    train, test = (
        replace(part, coding=source.coding, origins=({**data, "rows": part.row_count},)) for part in (train, test)
    )
    return Summary(train, test if test_size else None, partial.sample, tuple(source.notes), data)


def _pass(
    source: Source,
    partial: PassState,
    kept: checkpoint.Checkpoint | None,
    test_size: float,
    sample_rows: int,
    watch: Watch | None,
) -> PassState:
    """Go over the rows that are not done yet; an interruption leaves the state at the last whole batch."""
    try:
        for batch in watched(source, watch, partial.position):
            partial = partial.with_batch(batch, test_size, sample_rows)
            if kept:
                kept.keep(partial)
    except KeyboardInterrupt:
        if kept:
            kept.keep(partial, now=True)
        raise
    return partial


def _on_cluster(
    source: Source, cluster: object, test_size: float, seed: int, sample_rows: int, watch: Watch | None
) -> PassState:
    """Let a cluster go over the rows, and tell the source what was left out."""
    from steepest.summaries.cluster import summarize_pieces  # noqa: PLC0415 - few passes need it

    pieces = source.pieces()
    if test_size and any(piece.row_count is None for piece in pieces[:-1]):
        raise UsageError(
            "on a cluster rows can be held out of Parquet files and arrays only; others do not say where a piece begins."
        )
    partial = summarize_pieces(pieces, cluster, test_size=test_size, seed=seed, sample_rows=sample_rows, watch=watch)
    source.went(partial.position)
    return partial


def _about(source: Source, test_size: float, seed: int, sample_rows: int) -> dict[str, Any]:
    """What a state must agree in with the pass that goes on from it."""
    data = {key: value for key, value in source.describe().items() if key != "rows_left_out"}
    columns = {"targets": list(source.targets), "coding": source.coding.as_json(), **source.options}
    return {"data": data, **columns, "test_size": test_size, "seed": seed, "sample_rows": sample_rows}


def _select(
    data: Triangle, y: object, target: str | Sequence[str] | None, features: Sequence[str] | None, weight: object
) -> Triangle:
    if y is not None or weight is not None:
        raise UsageError("a Triangle holds its targets and weights already; y and weight belong to arrays and files.")
    targets = (target,) if isinstance(target, str) else (tuple(target) if target is not None else data.targets)
    names = tuple(features) if features is not None else tuple(f for f in data.features if f not in targets)
    if (names, targets) == (data.features, data.targets):
        return data
    return data.select(names, targets)
