"""Partitions: columns that stand in the names of folders (year=2013/), below the folder or the pattern that was given."""

import contextlib
import datetime
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from steepest.data.sources.connection import quoted

FILE = "steepest: the file"  # the column that the reader gives a row's file in; no name that a table would have
NO_VALUE = ("", "__HIVE_DEFAULT_PARTITION__")  # what Hive and Spark write where a value is missing
WHOLE, NUMBER = re.compile(r"[+-]?\d{1,18}"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")


@dataclass(frozen=True)
class Partition:
    """A column whose value is in the name of a folder above each file.

    Args:
        name: what stands before the =.
        kind: DuckDB's type that all its values have.
        above: characters of each path that belong to the folder or pattern given, and are not looked at.
    """

    name: str
    kind: str
    above: int

    @property
    def sql(self) -> str:
        """The value of a row whose file is in the column FILE."""
        pattern = f"(?:^|[/\\\\]){re.escape(self.name)}=([^/\\\\]*)[/\\\\]".replace("'", "''")
        value = f"url_decode(regexp_extract(substr({quoted(FILE)}, {self.above + 1}), '{pattern}', 1))"
        for text in NO_VALUE:
            value = f"nullif({value}, '{text}')"
        return f"CAST({value} AS {self.kind}) AS {quoted(self.name)}"

    @property
    def note(self) -> str:
        """What was done, for people."""
        return f"column {self.name!r} is from the names of the folders ({self.name}=…)"


def partitions_of(
    data: str | os.PathLike[str], paths: Sequence[Path], named: Collection[str] = ()
) -> tuple[Partition, ...]:
    """Return the columns that the folders of files are named after: those that differ between files, or are asked for.

    A file that is given by its own name has none, and what stands above the folder or pattern given adds none.

    Args:
        data: the folder or the pattern.
        paths: the files it names.
        named: columns that are asked for by name; they count also where all files have the same value.
    """
    root = _root(Path(data))
    if root is None:
        return ()
    below = [path.relative_to(root) for path in paths]
    found: dict[str, list[str]] = {}
    for j, path in enumerate(below):
        for part in path.parts[:-1]:
            name, is_partition, value = part.partition("=")
            if name and is_partition and not found.setdefault(name, [""] * len(paths))[j]:
                found[name][j] = unquote(value)
    above = len(str(paths[0])) - len(str(below[0]))
    chosen = {name: set(values) for name, values in found.items() if len(set(values)) > 1 or name in named}
    return tuple(Partition(name, _kind(values.difference(NO_VALUE)), above) for name, values in chosen.items())


def _root(data: Path) -> Path | None:
    """The folder given, or what stands before the first mark of a pattern; None of a file."""
    if data.is_dir():
        return data
    if data.exists():
        return None
    fixed = next((j for j, part in enumerate(data.parts) if any(mark in part for mark in "*?[")), len(data.parts))
    return Path(*data.parts[:fixed])


def _kind(values: Collection[str]) -> str:
    """DuckDB's type of all the values: whole numbers, numbers, dates, or texts."""
    if all(map(WHOLE.fullmatch, values)):
        return "BIGINT"
    if all(map(NUMBER.fullmatch, values)):
        return "DOUBLE"
    with contextlib.suppress(ValueError):
        for value in values:
            datetime.date.fromisoformat(value)
        return "DATE"
    return "VARCHAR"
