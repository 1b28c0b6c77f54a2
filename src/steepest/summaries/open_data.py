"""Open data: the one door for whatever somebody gives: a triangle, or a table whose rows can be read as often as needed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from steepest.data.coding import Coding
from steepest.data.offset import Offset, names_with
from steepest.data.offset_column import OffsetColumn, of_squares
from steepest.data.sources import FullSource
from steepest.data.sources.find_labels import are_yes_or_no
from steepest.data.sources.labels import listed, loss_of_labels
from steepest.data.sources.log_target import is_log_target, own_names
from steepest.data.sources.openers import OF_ARRAYS, open_as
from steepest.data.sources.recognize import Kind, recognize
from steepest.data.sources.request import Request
from steepest.data.sources.source import complete
from steepest.errors import DataError, Option, UsageError
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.words import join_names


class Coded(Protocol):
    """What tells how another table has to be read: a triangle, or a source."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        ...

    @property
    def coding(self) -> Coding | None:
        """How the inputs are made from a table's columns, where somebody said."""
        ...


def open_data(data: object, y: object = None, *, keeps_labels: bool = False, **options: Any) -> Triangle | FullSource:
    """Return what `data` is, recognized once and opened once: every function that takes data calls this one.

    Args:
        data: anything `open_source` takes, a Triangle, or the path of one.
        y: targets, with arrays.
        keeps_labels: whether a table that was opened with labels for its target may be asked for squared loss.
        options: those of `open_source`. Of a triangle `target`, `features` and `exclude` select columns.

    Raises:
        DataError: the data cannot be used; says which column or row.
        UsageError: the options do not go together, or ask a triangle for what only its table could give.

    Example:
        >>> import numpy as np
        >>> source = open_data(np.array([[1.0], [2.0], [3.0]]), np.array([2.5, 3.0, 3.5]))
        >>> source.row_count, open_data("SELECT i AS x, 2 * i AS y FROM range(5) t(i)", target="y").features
        (3, ('x',))
    """
    request = Request(y=y, **options)
    kind = recognize(data, request.database)
    opened = _select(_triangle(data), request) if kind is Kind.TRIANGLE else open_as(kind, data, request)
    beside = None if opened.coding is None else opened.coding.offset
    if request.loss == "squared" and beside is not None:
        raise of_squares(beside.option)
    if request.loss == "squared" and not keeps_labels:
        refuse_labels(opened)
    return opened


def refuse_labels(opened: Coded) -> None:
    """Raise DataError where the target of a table that was opened before holds labels, and what is asked takes numbers."""
    classes = opened.coding.classes if opened.coding is not None else ()
    if classes and not are_yes_or_no(classes):
        advice = remedies.LOGISTIC if len(classes) == 2 else remedies.MULTINOMIAL
        raise DataError(
            f"the target holds labels, {listed(classes)}, and squared loss takes numbers.",
            advice,
            "name another target",
        )


def open_alike(data: object, like: Coded, y: object = None, **options: Any) -> Triangle | FullSource:
    """Return other rows, opened and coded as those of `like` were; a triangle as it is.

    Args:
        data: anything `open_data` takes.
        like: a triangle or a source of the columns.
        y: targets, with arrays.
        options: those of `open_source`, in place of what `like` says.

    Raises:
        DataError, UsageError: as `open_data`.
    """
    kind = recognize(data, options.get("database"))
    if options.get("log_target") and not is_log_target(like):
        raise _other_scale(like.targets)
    if kind is Kind.TRIANGLE:
        opened: Triangle | FullSource = _triangle(data)
    else:
        if (
            y is None and kind is not Kind.SOURCE
        ):  # a source is opened already, and its columns are looked at by who asks
            named = like.features if like.coding is None or like.coding.is_plain else None
            options = {"target": own_names(like), "coding": like.coding, "features": named, **options}
        classes = like.coding.classes if like.coding is not None else ()
        if classes:
            options |= {"loss": loss_of_labels(like.targets, classes), "coding": like.coding}
        options |= _same_offset(data, kind, like, options)
        opened = open_as(kind, data, Request(y=y, **{**options, "log_target": is_log_target(like)}))
    if is_log_target(opened) != is_log_target(like):
        raise _other_scale(like.targets)
    return opened


def _same_offset(data: Any, kind: Kind, like: Coded, options: dict[str, Any]) -> dict[str, str]:
    """The offset of rows like those of a table that had one, where nobody gives it: the same column.

    Raises:
        UsageError: rows of an array have no such column, or the first table's offset was none.
    """
    known = None if like.coding is None else like.coding.offset
    given = options.get("offset") is not None or options.get("exposure") is not None
    if known is None or given or (kind is Kind.SOURCE and complete(data).coding.offset is not None):
        return {}
    if kind in OF_ARRAYS:
        known = OffsetColumn(known.option, None)
    beside = Offset.again(known)
    return {} if beside is None or beside.column is None else {beside.option: beside.column}


def _other_scale(targets: Sequence[str]) -> DataError:
    return DataError(
        f"the target of one table is a logarithm and that of the other is not; the first one's is {join_names(targets)}.",
        "read both with " + Option("log_target") + ", or neither",
    )


def _triangle(data: Any) -> Triangle:
    return data if isinstance(data, Triangle) else Triangle.load(data)


def _select(triangle: Triangle, request: Request) -> Triangle:
    """Return the triangle of the columns that are asked for."""
    given = {
        "y": request.y is not None,
        "weight": request.weight is not None,
        "group": request.group is not None,
        "degree": request.degree != 1,
        "interactions": request.interactions,
        "categorical": request.categorical,
        "dates": request.dates is not None,
        "log_target": request.log_target and not triangle.log_target,
    }
    for name in (name for name, is_given in given.items() if is_given):
        raise UsageError(
            "a Triangle holds what was summed; " + Option(name) + " belongs to the table it was made from."
        )
    request.check_roles()
    targets = _targets(triangle, request) if request.target is not None else triangle.targets
    named: Sequence[str] = names_with(request.features, request.beside) or triangle.features
    if request.features is None:
        moved = set(targets).difference(triangle.targets)  # a feature may be called as a target is, and stays
        named = [name for name in named if name not in moved]
    features = tuple(name for name in named if name not in request.exclude)
    same = (features, targets) == (triangle.features, triangle.targets)
    chosen = triangle if same else triangle.select(features, targets)
    beside = request.beside
    return chosen if beside is None else _with_offset(chosen, beside)


def _with_offset(triangle: Triangle, beside: Offset) -> Triangle:
    """The triangle of rows that have an offset beside them, without its column."""
    coding = triangle.coding or Coding.plain(triangle.features)
    chosen = triangle.select(beside.within(coding).without(triangle.features))
    coding = chosen.coding or Coding.plain(chosen.features)
    return replace(chosen, coding=replace(coding, offset=beside.known))


def _targets(triangle: Triangle, request: Request) -> tuple[str, ...]:
    """The targets that are asked for; a logarithm may be called by its column."""
    logs = {
        own: log for own, log in zip(own_names(triangle), triangle.targets, strict=True) if own not in triangle.targets
    }
    return tuple(logs.get(name, name) for name in request.targets)
