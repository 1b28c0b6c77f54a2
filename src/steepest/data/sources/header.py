"""Header: what a file's first lines get wrong, told by name, where the reader would mend it in silence."""

import csv
import gzip
import itertools
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from steepest.data.sources.connection import connect
from steepest.data.sources.locate import Files
from steepest.data.sources.reader_errors import short, telling_errors
from steepest.data.sources.roles import Roles
from steepest.errors import DataError
from steepest.support import remedies
from steepest.support.words import pluralize

LOOKED_AT = 20_480  # lines looked at for a ragged one, as many as DuckDB samples
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def check_header(files: Files, names: dict[str, str], roles: Roles | None = None) -> tuple[int | None, tuple[str, ...]]:
    """Refuse files whose first lines do not say what the columns are; return the lines before them, and notes on those.

    A column without a name is refused only where it would be used, or where nobody has said yet which are.

    Raises:
        DataError: ragged lines, no header, a column without a name, two of the same name, or a part with other columns.
    """
    path = str(files.paths[0])
    if files.kind == "json":
        return None, ()
    with connect() as connection, telling_errors(path):
        if files.kind == "parquet":
            _refuse_odd_names(_parquet_names(connection, files, names), path)
            return None, ()
        plain = not files.packed and files.text.encoding == "utf-8"
        if plain:
            _refuse_ragged(path, names, files.skip or 0)
        sniffed = f"SELECT Delimiter, Quote, SkipRows, HasHeader FROM sniff_csv(?, {files.dialect})"
        delimiter, quote, skip, has_header = connection.execute(sniffed, [path]).fetchone()
        if skip > (files.skip or 0):
            _refuse_table_before(files, delimiter, skip)
        if not has_header:
            _refuse_no_header(path, delimiter, len(names), plain)
        header = _header(connection, files, delimiter, "" if quote == "(empty)" else quote, skip)
        for other in map(str, files.paths[1:] if skip else ()):
            if (lines := connection.execute(sniffed, [other]).fetchone()[2]) != skip:
                raise DataError(
                    f"{other} has {lines} lines before its header, and {path} has {skip}. Give files that begin alike."
                )
    # pandas writes its index as a first column without a name, which the reader gives one
    given = list(names) if len(names) >= len(header) else header
    named = [
        (name, read)
        for name, read in zip(header, given, strict=False)
        if name.strip() or roles is None or roles.uses(read)
    ]
    nameless = [read for name, read in named if not name.strip()]
    if nameless:
        raise DataError(
            f"{path} has no name for column {given.index(nameless[0]) + 1} in its header.",
            "give every column a name",
            remedies.leave_out(nameless[0]),
        )
    _refuse_odd_names([name for name, _ in named], path)
    if plain and not skip:
        _refuse_other_columns(files.paths, delimiter)
    return skip, _notes(files, skip)


def _notes(files: Files, skip: int) -> tuple[str, ...]:
    """Which lines of the files are no rows."""
    notes = []
    if skip:
        each = " of each file" if len(files.paths) > 1 else ""
        before = f"{pluralize(skip, 'line')} before it {'is' if skip == 1 else 'are'} left out"
        notes.append(f"the header is line {skip + 1}{each}; {before}")
    mark = files.text.comment
    if mark:
        whole, ends = (
            sum(counts) for counts in zip(*(_comments(files, path, mark) for path in files.paths), strict=True)
        )
        notes.append(f"lines that begin with {mark} are left out: {whole:,}")
        notes += [f"the ends of lines from {mark} on are left out: {ends:,}"] if ends else []
    return tuple(notes)


def _comments(files: Files, path: Path, mark: str) -> tuple[int, int]:
    """How many lines of a text file begin with the mark of comments, and how many end with a comment."""
    with _text_of(files, path) as stream:
        found = [line.lstrip("\ufeff").startswith(mark) for line in stream if mark in line]
    return sum(found), len(found) - sum(found)


def _text_of(files: Files, path: Path) -> Any:
    """Open a text file that Python can unpack."""
    encoding = {"utf-8": "utf-8-sig", "utf-16": "utf-16-le"}.get(files.text.encoding, files.text.encoding)
    return (gzip.open if files.packed else open)(path, "rt", encoding=encoding, errors="replace", newline="")


def _refuse_table_before(files: Files, delimiter: str, skip: int) -> None:
    """Raise DataError where the lines before the header are a table themselves, which the reader would leave out."""
    path = files.paths[0]
    if files.packed == "zstd":
        return
    with _text_of(files, path) as stream:
        counts = [
            len(_fields(line.rstrip("\r\n"), delimiter)) if line.strip() else 0
            for line in itertools.islice(stream, skip + 1)
        ]
    for line, (one, other) in enumerate(itertools.pairwise(counts[:skip]), start=1):
        if one == other > 1:
            raise DataError(
                f"line {skip + 1} of {path} has {counts[skip]} fields where {'its first line' if line == 1 else f'line {line}'} has {one}.",
                "correct that line",
                "give each table a file of its own",
                "delete what stands before the header",
                remedies.fields_separated(),
            )


def _refuse_ragged(path: str, names: dict[str, str], skip: int) -> None:
    """Where lines differ in their number of fields the reader falls back to one column: name the line instead."""
    (only, *others) = names
    delimiter = next((mark for mark in ",;\t|: " if mark in only), None)
    if others or delimiter is None:
        return
    expected = only.count(delimiter) + 1
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line, text in enumerate(itertools.islice(stream, skip, None), start=skip + 1):
            found = text.count(delimiter) + 1
            if text.count('"') % 2:
                raise DataError(
                    f"line {line} of {path} has a quote that is not closed. Close it, or double it in a field."
                )
            if text.strip() and found != expected:
                raise DataError(
                    f"line {line} of {path} has {found} fields where {f'line {skip + 1}' if skip else 'its first line'} has {expected}.",
                    "correct that line",
                    remedies.COMMENT if text.startswith("#") else remedies.fields_separated(),
                )
            if line > LOOKED_AT:
                break
    raise DataError(
        f"{path} was read as one column called {short(only)}.",
        remedies.fields_separated(delimiter),
        "correct quotes that stand inside a field",
    )


def _header(connection: Any, files: Files, delimiter: str, quote: str, skip: int) -> list[str]:
    """The names as the file has them; read here, as the reader would need room for thousands of rows."""
    path = files.paths[0]
    if files.packed == "zstd":
        options = f"{replace(files, delimiter=delimiter).dialect}, header=false, all_varchar=true, skip=$s"
        row = connection.execute(
            f"SELECT * FROM read_csv($p, {options}) LIMIT 1", {"p": str(path), "s": skip}
        ).fetchone()
        return [str(name or "") for name in row or ()]
    with _text_of(files, path) as stream:
        for _ in range(skip):
            stream.readline()
        quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
        try:
            mark = files.text.comment
            lines = (line for line in stream if not (mark and line.startswith(mark)))
            return next((row for row in csv.reader(lines, delimiter=delimiter, **quoting) if row), [])
        except csv.Error as error:
            raise DataError(f"the header of {path} cannot be read: {error}. Give the columns short names.") from None


def _refuse_no_header(path: str, delimiter: str, count: int, plain: bool) -> None:
    """Raise DataError where no line holds names: because there is none, or because it has too few."""
    if plain:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            expected = len(_fields(stream.readline().rstrip("\n"), delimiter))
            for line, text in enumerate(itertools.islice(stream, LOOKED_AT), start=2):
                found = len(_fields(text, delimiter))
                if text.strip() and found != expected:
                    raise DataError(
                        f"line {line} of {path} has {found} fields where its first line has {expected}.",
                        "correct that line",
                        "name every column in the first one",
                        remedies.fields_separated(),
                    )
    names = ", ".join([*(f"x{j + 1}" for j in range(min(count - 1, 9))), *(["…"] if count > 10 else []), "y"])
    raise DataError(
        f"{path} has no header line: its first line looks like data.",
        f"write a first line with the columns' names, such as {names.replace(', ', delimiter)}",
        remedies.fields_separated(),
    )


def _refuse_odd_names(header: Sequence[str], path: str) -> None:
    """DuckDB renames the second `a` to `a_1`, `A` beside `a` too, and invents names where there is none: tell it instead."""
    clean = [unicodedata.normalize("NFKC", name).translate(INVISIBLE).strip() for name in header]
    if "" in clean:
        raise DataError(f"{path} has no name for column {clean.index('') + 1} in its header. Give every column a name.")
    double = sorted(name for name, count in Counter(clean).items() if count > 1)
    if double:
        raise DataError(
            f"{path} has columns of the same name: {', '.join(map(short, double[:10]))}. Give every column its own name."
        )
    folded = Counter(name.casefold() for name in clean)
    alike = [name for name in clean if folded[name.casefold()] > 1]
    if alike:
        raise DataError(
            f"{path} has columns whose names differ only in capital letters: {', '.join(map(short, alike[:10]))}. Rename one of them."
        )


def _parquet_names(connection: Any, files: Files, names: dict[str, str]) -> list[str]:
    """The columns' names as the first file has them.

    Raises:
        DataError: a later file has a column that the first one has not.
    """
    schema = "SELECT name, num_children FROM parquet_schema(?)"
    (_, *fields) = connection.execute(schema, [files.parameters[0][:1]]).fetchall()
    top, inside = [], 0  # a nested column is followed by its parts
    for name, children in fields:
        if not inside:
            top.append(str(name))
        inside += (children or 0) - (1 if inside else 0)
    if len(files.paths) > 1:
        united = "SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet(?, union_by_name=true, hive_partitioning=false))"
        extra = [row[0] for row in connection.execute(united, files.parameters).fetchall() if row[0] not in names]
        if extra:
            holder = "SELECT file_name FROM parquet_schema(?) WHERE name = ? LIMIT 1"
            found = connection.execute(holder, [*files.parameters, extra[0]]).fetchone()
            raise DataError(
                f"{found[0] if found else 'one of the files'} has a column {short(extra[0])} that {files.paths[0]} has not. Give files of the same columns."
            )
    return top


def _refuse_other_columns(paths: Sequence[Path], delimiter: str) -> None:
    """Raise DataError where the first line of a later file names other columns than that of the first file."""
    lines = (_first_line(path) for path in paths)
    line = next(lines)
    names = set(_fields(line, delimiter))
    for path, other in zip(paths[1:], lines, strict=False):
        fields = _fields(other, delimiter) if other != line and delimiter in other else ()
        new, gone = sorted(set(fields) - names), sorted(names - set(fields))
        if fields and (new or gone):
            what = (
                f"a column {short(new[0])} that {paths[0]} has not"
                if new
                else f"no column {short(gone[0])}, which {paths[0]} has"
            )
            raise DataError(f"{path} has {what}. Give files of the same columns, each with a header line.")


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        return stream.readline().rstrip("\r\n")


def _fields(line: str, delimiter: str) -> list[str]:
    fields = next(csv.reader([line], delimiter=delimiter), []) if '"' in line else line.split(delimiter)
    return [name.strip() for name in fields]
