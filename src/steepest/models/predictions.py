"""Predictions: a linear model applied to any table, a batch of rows at a time, coded as it was when the model learned."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from steepest.data.batch import Batch, check_finite
from steepest.data.coding import Coding
from steepest.data.offset import Offset
from steepest.data.offset_column import OffsetColumn
from steepest.data.sources import FullSource, Unseen, Watch, open_source, watched
from steepest.data.sources.arrays import ArraySource
from steepest.data.sources.matrices import as_matrix, is_sparse
from steepest.data.sources.numpy_files import read_numpy_file
from steepest.data.sources.recognize import Kind, recognize
from steepest.errors import DataError, Option, UsageError
from steepest.support import remedies
from steepest.support.arguments import check_word
from steepest.support.arrays import FloatArray

MissingInput = Literal["error", "drop", "empty"]
"""What becomes of a row with missing inputs: refuse, leave the row out, or leave its prediction empty (NaN)."""


def open_inputs(
    data: object,
    features: Sequence[str],
    coding: Coding | None,
    *,
    offset: object = None,
    exposure: object = None,
    missing: MissingInput = "error",
    unseen: Unseen = "error",
    **text: Any,
) -> FullSource:
    """Return a source of a model's inputs; its batches have no targets.

    Args:
        data: an array of shape (n, d), dense or sparse; a data frame, a file, a folder, SELECT …, as `open_source`.
        features: the model's d features, in order.
        coding: how they are made from a table's columns; None: they are columns of numbers.
        offset, exposure: of a model that has one: of a table the name of a column, or numbers.
        missing: "error", "drop" or "empty".
        unseen: "error" or "reference": categories that the model does not know.
        text: delimiter, decimal, encoding, thousands, comment, percent, currency and database of `open_source`.

    Raises:
        DataError: the data cannot be used, or has other columns than the model; says which.
        UsageError: an option is outside its range.
    """
    check_missing(missing)
    if is_matrix(data):
        return _of_array(data, tuple(features))
    known = coding or Coding.plain(features)
    how: dict[str, Any] = {"missing": "error" if missing == "error" else "drop", "unseen": unseen, **text}
    try:
        return open_source(data, target=(), coding=known, offset=offset, exposure=exposure, **how)
    except UsageError as error:
        option, column = ("offset", offset) if exposure is None else ("exposure", exposure)
        if not isinstance(column, str) or f"no column {column!r}" not in str(error):
            raise
        raise UsageError(error.sentence, "give a table that has it", remedies.per_unit(option)) from None


def asked_offset(known: OffsetColumn | None, data: object, offset: object, exposure: object) -> dict[str, object]:
    """Return the offset of rows that are to be predicted, as an argument of `open_inputs`: the one given, or its column.

    Args:
        known: a model's, None where it has none.
        data: the rows.
        offset, exposure: what was given for them.

    Raises:
        UsageError: it is not known, or the model has none.
    """
    given = {name: value for name, value in {"offset": offset, "exposure": exposure}.items() if value is not None}
    if known is None:
        if given:
            what = f"the model was fitted without an {next(iter(given))}, and predicts without one."
            raise UsageError(what, "leave it out")
        return {}
    if not given and (known.column is None or is_matrix(data)):
        raise UsageError(
            f"the model was fitted with an {known.option}, and these rows have none.",
            "give one for each (" + Option(known.option, ...) + ")",
            remedies.per_unit(known.option),
        )
    return given or {known.option: known.column}


def predict_batches(
    source: FullSource, weights: FloatArray, bias: FloatArray, watch: Watch | None = None
) -> Iterator[tuple[Batch, FloatArray]]:
    """Yield each batch of inputs with its predictions X @ weights + bias, and its offset where it has one, shape (n, t)."""
    for batch in watched(source, watch):
        check_finite(batch.X, batch.features, batch.first_row)
        margins = batch.X @ weights + bias
        yield batch, margins if batch.offset is None else margins + batch.offset[:, None]


def predict_rows(
    data: object,
    features: Sequence[str],
    coding: Coding | None,
    weights: FloatArray,
    bias: FloatArray,
    **options: Any,
) -> FloatArray:
    """Return all predictions, shape (n, t): a row for each row of `data`, NaN where missing is "empty" and inputs are.

    Args:
        data, features, coding: as `open_inputs`.
        weights: shape (d, t).
        bias: shape (t,).
        options: offset, exposure, missing, unseen and those of the text, as `open_inputs`.

    Raises:
        DataError, UsageError: as `open_inputs`.
    """
    if is_matrix(data):
        return _predict_array(data, tuple(features), weights, bias, **options)
    source = open_inputs(data, features, coding, **options)
    parts = [(batch.positions, values) for batch, values in predict_batches(source, weights, bias)]
    values = np.concatenate([part for _, part in parts]) if parts else np.zeros((0, weights.shape[1]))
    if options.get("missing") != "empty" or source.position is None:
        return values
    whole = np.full((source.position.rows, weights.shape[1]), np.nan)
    if parts:
        whole[np.concatenate([positions for positions, _ in parts]).astype(np.intp)] = values
    return whole


def _predict_array(
    data: Any,
    features: tuple[str, ...],
    weights: FloatArray,
    bias: FloatArray,
    missing: str = "error",
    offset: object = None,
    exposure: object = None,
    **_: Any,
) -> FloatArray:
    """Return the predictions of an array; rows with NaN are refused, left out, or NaN themselves."""
    check_missing(missing)
    beside = Offset.of(offset, exposure)
    if beside is None:
        return _margins_of_array(data, features, weights, bias, missing)
    # a row that is left out takes its offset with it
    whole = _margins_of_array(data, features, weights, bias, "empty" if missing == "drop" else missing)
    whole = whole + beside.for_rows(len(whole), has_link=True).reshape(-1, 1)
    return whole[~np.isnan(whole).any(axis=1)] if missing == "drop" else whole


def _margins_of_array(
    data: Any, features: tuple[str, ...], weights: FloatArray, bias: FloatArray, missing: str
) -> FloatArray:
    """The predictions of an array without an offset."""
    inputs = read_numpy_file(data, ("X",))["X"] if isinstance(data, (str, os.PathLike)) else data
    if is_sparse(inputs) or missing == "error":
        if not is_sparse(inputs) and np.shape(inputs)[:1] == (0,):
            return np.zeros((0, weights.shape[1]))
        parts = [values for _, values in predict_batches(_of_array(inputs, features), weights, bias)]
        return np.concatenate(parts)
    rows = np.asarray(as_matrix(inputs, "X"), dtype=np.float64)
    absent = np.isnan(rows).any(axis=1)
    present = (
        [values for _, values in predict_batches(_of_array(rows[~absent], features), weights, bias)]
        if not absent.all()
        else []
    )
    if missing == "drop":
        return np.concatenate(present) if present else np.zeros((0, weights.shape[1]))
    whole = np.full((len(rows), weights.shape[1]), np.nan)
    if present:
        whole[~absent] = np.concatenate(present)
    return whole


def check_missing(missing: object) -> None:
    """Raise UsageError where this is no policy for rows with missing inputs."""
    check_word("missing", missing, ("error", "drop", "empty"))


def is_matrix(data: object) -> bool:
    """Return whether this is an array of inputs, or the file of one."""
    if isinstance(data, (str, os.PathLike)):
        return str(data).endswith((".npy", ".npz")) and os.path.isfile(data)
    return recognize(data) is Kind.ARRAY


def _of_array(data: Any, features: tuple[str, ...]) -> FullSource:
    """Return the source of an array of inputs (n, d)."""
    if isinstance(data, (str, os.PathLike)):
        data = read_numpy_file(data, ("X",))["X"]
    shape = np.shape(data) if not is_sparse(data) else data.shape
    if len(shape) != 2 or shape[1] != len(features):
        raise DataError(
            f"the model has the {len(features)} features {', '.join(features[:20])}, so X must have the shape "
            f"(n, {len(features)}); got {shape}."
        )
    X = data if is_sparse(data) else as_matrix(data, "X")
    return ArraySource.open(X, np.zeros(shape[0]), features=features)
