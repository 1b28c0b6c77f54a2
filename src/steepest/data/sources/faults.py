"""Faults: what is wrong with the columns of a table, all told at once, each with what would help."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from steepest.errors import DataError, Phrase
from steepest.support.words import pluralize

MARK = "\n• "
"""What stands before each fault where there are several; doors that print lines begin one there."""
MOST_TOLD = 10


@contextmanager
def faulty(faults: dict[str, DataError], name: str) -> Iterator[None]:
    """Keep a fault of a column, the first one, instead of raising it."""
    try:
        yield
    except DataError as error:
        faults.setdefault(name, error)


def together(label: str, faults: Mapping[str, DataError]) -> DataError:
    """Return one error for all faults of a table: of one, itself; of several, a line for each with its remedies.

    Example:
        >>> print(together("t.csv", {"a": DataError("column 'a' is text.", "drop it"), "b": DataError("column 'b' is none.", "look")}))
        2 columns of t.csv cannot be used as they are:
        • column 'a' is text. Drop it.
        • column 'b' is none. Look.
    """
    first, *others = faults.values()
    if not others:
        return first
    whole = Phrase((f"{pluralize(len(faults), 'column')} of {label} cannot be used as they are:",))
    for error in (first, *others[: MOST_TOLD - 1]):
        whole = whole + MARK + _whole(error, label)
    if len(faults) > MOST_TOLD:
        whole = whole + f"{MARK}and {len(faults) - MOST_TOLD:,} more"
    return DataError(whole)


def _whole(error: DataError, label: str) -> Phrase:
    """The sentence of a fault, without the table's name, and its remedies."""
    whole = Phrase(()) + error.sentence
    whole = Phrase(
        tuple(part.replace(f" of {label}", "", 1) if isinstance(part, str) else part for part in whole.parts)
    )
    for j, remedy in enumerate(error.remedies):
        before = " " if j == 0 else ", or " if j == len(error.remedies) - 1 else ", "
        head, *rest = (Phrase(()) + remedy).parts
        if j == 0 and isinstance(head, str):
            head = head[:1].upper() + head[1:]
        whole = whole + before + Phrase((head, *rest))
    return whole + "." if error.remedies else whole
