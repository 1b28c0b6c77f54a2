"""Hold out: a table and which of its rows are held out, from the words of a door."""

from collections.abc import Sequence

from steepest.data.sources import FullSource, MissingPolicy
from steepest.data.split import Folds
from steepest.errors import Option, UsageError
from steepest.summaries.open_data import open_alike, open_data
from steepest.summaries.partition import Split, Validation
from steepest.summaries.triangle import Triangle

FOLDS = 5  # where nobody says how many


def open_with_split(
    data: object,
    y: object,
    *,
    target: str | None,
    features: Sequence[str] | None,
    weight: object,
    missing: MissingPolicy,
    folds: int | None,
    validation: object,
    group: object,
    time: bool,
    shuffle: bool,
    seed: int,
    loss: str = "squared",
) -> tuple[FullSource | Triangle, Split | None]:
    """Open a table, and say which rows are held out: those of K folds, a validation set, or none where folds is None.

    Raises:
        UsageError: options contradict each other.
        DataError: the data cannot be used.
    """
    if validation is not None and folds not in (None, FOLDS):
        raise UsageError(
            "a validation set is held out as it is, beside no folds; got " + Option("folds", folds) + " as well.",
            "give one of them",
        )
    if validation is not None and not shuffle:
        raise UsageError(
            "a validation set is held out as it is; " + Option("shuffle", False) + " belongs to folds.",
            "give one of them",
        )
    if validation is not None and (group is not None or time):
        raise UsageError(
            "a validation set is held out as it is; "
            + Option("group")
            + " and "
            + Option("time")
            + " belong to folds.",
            "give one of them",
        )
    table = open_data(data, y, target=target, features=features, weight=weight, group=group, missing=missing, loss=loss)
    if validation is not None:
        rows, labels = validation if isinstance(validation, tuple) and len(validation) == 2 else (validation, None)
        return table, Validation(open_alike(rows, table, labels))
    if folds is None:
        if group is not None or time or not shuffle:
            raise UsageError(
                Option("group")
                + ", "
                + Option("time")
                + " and "
                + Option("shuffle")
                + " say which rows a fold holds out, and there are no folds.",
                "give folds",
                "leave them out",
            )
        return table, None
    by_group = group is not None or (not isinstance(table, Triangle) and table.has_group)
    return table, Folds(folds, seed, shuffle=shuffle, by_group=by_group, in_time=time)
