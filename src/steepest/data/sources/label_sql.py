"""Label SQL: what reads a target's labels in a table, as texts or as codes."""

from steepest.data.coding import UNSEEN
from steepest.data.sources.connection import quoted
from steepest.data.sources.roles import BOOLEAN, is_number


def label_text(name: str, kind: str) -> str:
    """Return SQL for the text of a column's label: of a number that is whole its digits; NULL where it is missing."""
    column = quoted(name)
    if not is_number(kind):
        return f"CAST({column} AS VARCHAR)"
    return f"CASE WHEN {column} = trunc({column}) THEN CAST(TRY_CAST({column} AS HUGEINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"


def label_code(name: str, kind: str, classes: tuple[str, ...]) -> str:
    """Return SQL for the code of a column's label: its place among the classes, UNSEEN where it is none, NULL where it is missing."""
    text = label_text(name, kind)
    known = f"CAST(TRY_CAST({text} AS BOOLEAN) AS VARCHAR)" if classes == BOOLEAN else text
    levels = ", ".join("'" + label.replace("'", "''") + "'" for label in classes)
    coded = f"coalesce(CAST(enum_code(TRY_CAST({known} AS ENUM({levels}))) AS DOUBLE), {UNSEEN})"
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE {coded} END"
