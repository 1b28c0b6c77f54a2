"""Openers: from data of any kind to its source, by one table with an opener for each kind."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from steepest.data.coding import Coding
from steepest.data.inputs import target_names
from steepest.data.sources.arrays import ArraySource
from steepest.data.sources.dask_collections import BlockSource, DaskRelation
from steepest.data.sources.databases import DatabaseRelation, address_relation, database_relation, query_relation
from steepest.data.sources.dates import Dates, is_date, refuse_other_dates
from steepest.data.sources.file_types import file_columns, typed
from steepest.data.sources.find_labels import code_labels, target_labels
from steepest.data.sources.frame_index import index_columns, note_of
from steepest.data.sources.frames import frame_relation, frame_with_targets
from steepest.data.sources.grouped import check_groups
from steepest.data.sources.header import check_header
from steepest.data.sources.labels import OF_CLASSES, LabelTarget
from steepest.data.sources.locate import Files, locate
from steepest.data.sources.log_target import LogTarget
from steepest.data.sources.numpy_files import open_numpy_file
from steepest.data.sources.odd_inputs import odd_inputs
from steepest.data.sources.offset_rows import OffsetRows
from steepest.data.sources.postgresql import shown as shown_address
from steepest.data.sources.query_files import typed_query
from steepest.data.sources.recognize import Kind, recognize
from steepest.data.sources.relations import DuckDBRelation, Relation, files_relation
from steepest.data.sources.request import Request
from steepest.data.sources.roles import BOOLEAN, MissingPolicy, Roles, code, is_number
from steepest.data.sources.signs import NUMBER, percent_columns, refuse_plain_percents, sign_notes, signed_columns
from steepest.data.sources.source import FullSource, complete
from steepest.data.sources.table_source import TableSource, Unseen, check_known, refuse_y
from steepest.errors import DataError, Option, UsageError, without_secrets
from steepest.support import remedies


def open_source(
    data: object,
    y: object = None,
    *,
    target: str | Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    weight: object = None,
    offset: object = None,
    exposure: object = None,
    group: object = None,
    missing: MissingPolicy = "error",
    degree: int = 1,
    interactions: Sequence[tuple[str, str]] = (),
    categorical: Sequence[str] = (),
    delimiter: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8",
    thousands: str | None = None,
    comment: str | None = None,
    percent: bool = False,
    currency: bool = False,
    dates: Dates | None = None,
    log_target: bool = False,
    loss: str = "auto",
    database: str | os.PathLike[str] | None = None,
    coding: Coding | None = None,
    unseen: Unseen = "error",
) -> FullSource:
    """Recognize what kind of data this is, check what can be checked before reading, and return its source.

    A source can be given to `descend`, `summarize`, `diagnose`, `sweep` and `explain` in place of data.

    Args:
        data: an array of inputs X (n, d), or a data frame of numbers, with y; the path of a CSV, TSV, JSON lines, Parquet, .npy or .npz file, plain or
            packed by gzip or zstd; a pattern (data/*.parquet) or a folder of such files; SELECT … over files; a table or
            query of `database`; any data frame with `__arrow_c_stream__` (pandas, Polars, Arrow, DuckDB).
        y: targets of shape (n,) or (n, t); only with arrays and data frames of numbers.
        target: name or names of the target columns; only with tables.
        features: names of the inputs; default: all columns of a table that have no other role.
        exclude: columns that are no inputs.
        weight: one weight a row, shape (n,), with arrays; the name of a column with tables.
        offset: of another loss than squares, what is added to each row's margin as it is: an array of shape (n,), or the name of
            a column of numbers, which is then no input.
        exposure: e^offset instead, above 0: the time or the area that a row's count is of.
        group: what says which rows belong together: labels of shape (n,) with arrays; the name of a column with tables.
        missing: "error" refuses missing values and counts them; "drop" leaves such rows out; "indicator" makes them 0 and
            adds an indicator column.
        degree: powers of each column of numbers, 1 for none.
        interactions: pairs of columns whose products are features.
        categorical: columns to take for categories although they hold numbers or dates.
        delimiter: between the fields of a text file; default: found.
        decimal: decimal mark of a text file, "." or ",".
        encoding: of a text file: "utf-8", "utf-16" or "latin-1".
        thousands: what a text file has between groups of three digits: ",", ".", " ", "'" or "_"; default: nothing.
        comment: the character with which lines of a text file begin that are no rows; default: none, every line is one.
        percent: read percent signs in columns of texts where every value has one: "5%" is 0.05.
        currency: leave currency signs out in columns of texts where every value is a number: "$1,234" with thousands=",".
        dates: "days" makes columns of dates days since 1970-01-01; "parts" makes them year, month, day, weekday (1 is
            Monday) and, with times, hour. Times of a zone are taken in UTC. Default: dates are refused.
        log_target: fit the natural logarithm of the target, which is then called "log of" its column; a kept model predicts
            in the target's own unit. Zero and negative targets are refused.
        loss: "logistic" or "multinomial" take a target of texts, booleans, yes and no for labels: of two one column of 0 and 1, the
            second label in sorted order being 1; of more, and for "multinomial", a column of 0 and 1 for each. "auto" does so where the
            target is no number; "squared" takes booleans, yes and no for 0 and 1, and refuses other texts. For "multinomial" whole
            numbers are labels too, for "logistic" two numbers that are not both from 0 to 1. Other losses take numbers.
        database: a DuckDB or SQLite file, or postgresql://…, that `data` is a table or a query of.
        coding: of an earlier table, to be used again; instead of features, degree and interactions.
        unseen: "error" or "reference": what is done about categories that a given coding does not know.

    Raises:
        DataError: the data cannot be used; the message says which column or row, and the remedy.
        UsageError: the arguments do not go together.
    """
    request = Request(
        y=y,
        target=target,
        features=features,
        exclude=exclude,
        weight=weight,
        offset=offset,
        exposure=exposure,
        group=group,
        missing=missing,
        degree=degree,
        interactions=interactions,
        categorical=categorical,
        delimiter=delimiter,
        decimal=decimal,
        encoding=encoding,
        thousands=thousands,
        comment=comment,
        percent=percent,
        currency=currency,
        dates=dates,
        log_target=log_target,
        loss=loss,
        database=database,
        coding=coding,
        unseen=unseen,
    )
    return open_as(recognize(data, database), data, request)


OF_ARRAYS = (Kind.ARRAY, Kind.NUMPY_FILE, Kind.DASK_ARRAY)


def open_as(kind: Kind, data: Any, request: Request) -> FullSource:
    """Return the source of data of a kind that has rows.

    Raises:
        DataError, UsageError: as `open_source`.
    """
    if kind not in OF_ARRAYS:  # whose features name all columns, that of the offset among them
        request.check_roles()
    source = _with_offset(OPENERS[kind](data, request.for_inputs()), request)
    return LogTarget.of(source) if request.log_target else source


def _with_offset(source: FullSource, request: Request) -> FullSource:
    """A source with the offset that is asked for; one that has it already as it is.

    Raises:
        UsageError, DataError: the source has another one already, or as `OffsetRows.of`.
    """
    beside, own = request.beside, source.coding.offset
    if beside is None or (own is not None and request.offset is None and request.exposure is None):
        return source
    if own is not None:
        raise UsageError(
            f"the rows of this source have an {own.option} already.", "leave " + Option(beside.option) + " out"
        )
    return OffsetRows.of(source, beside)


def _source(data: Any, request: Request) -> FullSource:
    """A source as it is.

    Raises:
        UsageError: something is asked for that only whoever made the source could give.
    """
    source = complete(data)
    given = {
        "y": request.y is not None,
        "target": request.target is not None and request.targets != tuple(source.targets),
        "features": request.features is not None and tuple(request.features) != tuple(source.features),
        "exclude": bool(request.exclude),
        "weight": request.weight is not None,
        "group": request.group is not None,
        "missing": request.missing != "error",
        "degree": request.degree != 1,
        "interactions": bool(request.interactions),
        "categorical": bool(request.categorical),
        "dates": request.dates is not None,
    }
    for name in (name for name, is_given in given.items() if is_given):
        raise UsageError(
            "a source says itself what its columns are; " + Option(name) + " beside it would change nothing.",
            "make the source with it",
        )
    return source


def _array(data: Any, request: Request) -> FullSource:
    return _beside(data, request, ArraySource.open)


def _beside(data: Any, request: Request, opener: Callable[..., ArraySource]) -> FullSource:
    """Open inputs with targets beside them, which may be labels."""
    labels = code_labels(request.y, request.loss, request.coding.classes if request.coding is not None else ())
    if labels is None:
        return opener(data, request.y, **request.of_numbers())
    codes, loss, classes = labels
    named = replace(request, target=target_names(request.y) if request.target is None else request.target)
    return LabelTarget(opener(data, codes, **named.of_numbers()), classes, loss)


def _numpy_file(data: Any, request: Request) -> FullSource:
    X, y = open_numpy_file(data, request.y)
    return _array(X, replace(request, y=y))


def _dask_array(data: Any, request: Request) -> FullSource:
    source = BlockSource.open(data, request.y, **request.of_numbers())
    booleans = str(getattr(request.y, "dtype", "")) == "bool" and len(source.targets) == 1
    return LabelTarget(source, BOOLEAN, "logistic") if booleans and request.loss == "auto" else source


def _frame(data: Any, request: Request) -> FullSource:
    if request.y is not None:
        return _beside(data, request, frame_with_targets)
    kind = type(data)
    name = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    return _table(frame_relation(data), request, {"kind": "frame", "type": name})


def _dask_frame(data: Any, request: Request) -> FullSource:
    return _table(DaskRelation.of(data), request, {"kind": "frame", "type": "dask.DataFrame"})


def _query(data: Any, request: Request) -> FullSource:
    sql, notes, texts = typed_query(str(data).strip().rstrip(";"), request.text)
    return _table(query_relation(sql, texts), request, {"kind": "query", "query": without_secrets(data)}, notes=notes)


def _address(data: Any, request: Request) -> FullSource:
    return _table(
        address_relation(str(data)), request, {"kind": "address", "name": without_secrets(str(data).partition("?")[0])}
    )


def _database(data: Any, request: Request) -> FullSource:
    database = request.database
    if not isinstance(data, (str, type(None))) or not isinstance(database, (str, os.PathLike)):
        raise UsageError("with database, data is a table's name or SELECT …, and database a path or an address.")
    origin = {"kind": "database", "name": shown_address(str(database)), "query": without_secrets(data or "")}
    return _table(database_relation(database, data), request, origin)


def _database_file(data: Any, request: Request) -> FullSource:
    return _table(database_relation(data, None), request, {"kind": "database", "name": Path(data).name})


def _files(data: Any, request: Request) -> FullSource:
    if isinstance(data, str) and "://" in data and not os.path.exists(data):
        raise UsageError(f"{shown_address(data)} is no file.", remedies.TABLE_OF_ADDRESS, "copy the file here")
    files = locate(data, request.text, request.named | frozenset(request.exclude))
    relation = files_relation(files, str(data))
    # of the folders' names only those that no column of the files has
    return _table(relation, request, files.describe(), replace(files, partitions=relation.partitions))


def _triangle(data: Any, request: Request) -> FullSource:
    raise UsageError("a Triangle holds what was summed, and its rows are gone; they are needed here. Give the table.")


def _checkpoint(data: Any, request: Request) -> FullSource:
    raise DataError(f"{data} is the state of an unfinished pass.", remedies.unfinished(str(data)))


def _run(data: Any, request: Request) -> FullSource:
    raise DataError(f"{data} is the state of an unfinished run, and no table.", remedies.unfinished(str(data)))


OPENERS: dict[Kind, Callable[[Any, Request], FullSource]] = {
    Kind.SOURCE: _source,
    Kind.TRIANGLE: _triangle,
    Kind.CHECKPOINT: _checkpoint,
    Kind.RUN: _run,
    Kind.ARRAY: _array,
    Kind.NUMPY_FILE: _numpy_file,
    Kind.DASK_ARRAY: _dask_array,
    Kind.DASK_FRAME: _dask_frame,
    Kind.FRAME: _frame,
    Kind.QUERY: _query,
    Kind.ADDRESS: _address,
    Kind.DATABASE: _database,
    Kind.DATABASE_FILE: _database_file,
    Kind.FILES: _files,
}
"""How each kind of data is opened."""


def _table(
    relation: Relation,
    request: Request,
    origin: dict[str, Any],
    files: Files | None = None,
    notes: tuple[str, ...] = (),
) -> FullSource:
    """Give each column of a relation its role, and the inputs their coding.

    Args:
        relation: where the rows are.
        request: what is asked for.
        origin: what is said of the data in the run's record.
        files: the relation's files, whose first lines are checked.
        notes: what was done on the way to the relation, a sentence each.
    """
    weight, group = refuse_y(request.y, request.weight, request.group)
    features = tuple(request.features) if request.features is not None else None
    types, coding = relation.columns(), request.coding
    index = [
        name for name in index_columns(types, files, getattr(relation, "frame", None)) if name not in request.named
    ]
    roles = Roles(features, request.targets, (*request.exclude, *index), weight, group)
    told = list(notes)
    if isinstance(relation, DatabaseRelation):
        inputs = coding.raw_names if coding else roles.inputs(relation.label, types)
        used = {*inputs, *request.targets, *filter(None, (weight, group))}
        relation = relation.only([name for name in types if name in used])
    if files is not None:
        skip, before = check_header(files, types, roles)
        told += before
        coded = coding.columns if coding else ()
        names = {
            *request.categorical,
            *filter(None, [group]),
            *(column.name for column in coded if column.levels is not None),
        }
        written = request.targets if request.loss in OF_CLASSES else ()
        files, types = typed(replace(files, skip=skip), types, names, written)
        relation = files_relation(files, relation.label)
    named = coding.raw_names if coding else roles.inputs(relation.label, types)
    in_use = (*named, *request.targets, *filter(None, (weight,)))
    text = [name for name in in_use if types.get(name, "").startswith("VARCHAR") and name not in request.categorical]
    faults: dict[str, DataError] = {}
    signed = signed_columns(relation, text, request.text, faults)
    kinds = {**types, **dict.fromkeys(signed, NUMBER)}
    told += sign_notes(signed)
    percents = percent_columns(signed)
    loss, classes = target_labels(relation, kinds, request)
    if coding is not None:
        learned = [name for name in in_use if name in coding.percent and name not in percents]
        refuse_plain_percents(relation, [name for name in learned if is_number(kinds.get(name, ""))], faults)
        check_known(relation, kinds, coding, () if classes else request.targets, faults)
    else:
        if index and features is None:
            told.append(note_of(index))
        coding = code(
            relation,
            kinds,
            roles,
            missing=request.missing,
            degree=request.degree,
            interactions=request.interactions,
            categorical=request.categorical,
            dates=request.dates,
            faults=faults,
            labels=request.targets if classes else (),
        )
        coding = replace(coding, percent=percents)
    coding = replace(coding, classes=classes)
    if files is not None:
        dated = [name for name in coding.raw_names if is_date(types[name]) and name in coding.dated]
        refuse_other_dates(files_relation(files, relation.label), [n for n in dated if n in file_columns(files, types)])
        numbers = [c.name for c in coding.columns if c.levels is None and c.part is None and c.name not in signed]
        check_groups(
            files_relation(files, relation.label),
            [
                *numbers,
                *(name for name in (*(() if classes else roles.targets), weight) if name and name not in signed),
            ],
            request.text,
        )
    if request.coding is None:
        told += odd_inputs(relation, coding)
    partitions = relation.partitions if isinstance(relation, DuckDBRelation) else ()
    told += [partition.note for partition in partitions if partition.name in coding.raw_names]
    source = TableSource(
        relation,
        roles,
        coding,
        types,
        request.missing,
        request.unseen,
        origin,
        relation.row_count(),
        header_notes=tuple(told),
        own_coding=request.coding is None,
        text=request.text,
        signed=signed,
    )
    return LabelTarget(source, classes, loss) if classes else source
