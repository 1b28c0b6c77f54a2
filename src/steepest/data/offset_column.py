"""Offset column: which column of a table is added to each row's margin, or that numbers beside the rows are."""

from dataclasses import dataclass
from typing import Any, Literal

from steepest.errors import Option, UsageError
from steepest.support import remedies

OffsetOption = Literal["offset", "exposure"]


@dataclass(frozen=True)
class OffsetColumn:
    """What a table's rows have of their own in their margins.

        margin = u·theta + offset          offset = log exposure, where that is given

    Args:
        option: what was given, "offset" or "exposure".
        column: the table's column, or None where numbers were given beside the rows.

    Example:
        >>> print(OffsetColumn("exposure", "hours"))
        hours: exposure, whose logarithm is added to each row's margin
    """

    option: OffsetOption
    column: str | None

    def __str__(self) -> str:
        """What is done with it, as a sentence without its full stop."""
        added = "exposure, whose logarithm is" if self.option == "exposure" else "offset,"
        return f"{self.column or 'beside the rows'}: {added} added to each row's margin"

    def as_json(self) -> dict[str, str | None]:
        """Return JSON types; `from_json` gives it back."""
        return {"option": self.option, "column": self.column}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "OffsetColumn":
        """Read what `as_json` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        if content["option"] not in ("offset", "exposure"):
            raise ValueError("option is offset or exposure")
        return cls(content["option"], None if content["column"] is None else str(content["column"]))


def of_squares(option: str) -> UsageError:
    """Return the error that squared loss has no offset."""
    advice = remedies.COUNTS if option == "exposure" else "subtract the offset from the target"
    return UsageError(Option(option) + " is of losses other than squares.", advice)
