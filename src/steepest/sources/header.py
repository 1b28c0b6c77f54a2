"""Header: what a CSV file's first lines get wrong, told by name, where the reader would mend it in silence."""

from collections import Counter
from typing import Any

from steepest.errors import DataError
from steepest.sources.locate import Files
from steepest.sources.relations import connect, telling_errors

LOOKED_AT = 20_480  # lines looked at for a ragged one, as many as DuckDB samples
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def check_header(files: Files, names: dict[str, str]) -> None:
    """Refuse a CSV file whose first lines do not say what the columns are.

    Raises:
        DataError: ragged lines, no header, a column without a name, or two of the same name.
    """
    if files.kind != "csv":
        return
    path = files.paths[0]
    if not files.packed and files.text.encoding == "utf-8":
        _refuse_ragged(str(path), names)
    with connect() as connection, telling_errors(str(path)):
        _refuse_odd_names(connection, files, names)


def _refuse_ragged(path: str, names: dict[str, str]) -> None:
    """Where lines differ in their number of fields the reader falls back to one column: name the line instead."""
    (only, *others) = names
    delimiter = next((mark for mark in ",;\t|" if mark in only), None)
    if others or delimiter is None:
        return
    expected = only.count(delimiter) + 1
    with open(path, encoding="utf-8", errors="replace") as stream:
        for line, text in enumerate(stream, start=1):
            found = text.count(delimiter) + 1
            if text.strip() and found != expected:
                raise DataError(
                    f"line {line} of {path} has {found} fields where its first line has {expected}. Correct that line."
                )
            if line > LOOKED_AT:
                break
    raise DataError(
        f"{path} was read as one column called {only!r}. Say what stands between the fields: --delimiter {delimiter!r}."
    )


def _refuse_odd_names(connection: Any, files: Files, names: dict[str, str]) -> None:
    """DuckDB renames the second `a` to `a_1` and invents names where there is no header: both are told instead."""
    path = str(files.paths[0])
    text = files.text
    packed = f", compression='{files.packed}'" if files.packed else ""
    told = f", encoding='{text.encoding}'" + (f", delim='{text.delimiter}'" if text.delimiter else "")
    sniffed = f"SELECT Delimiter, Quote, SkipRows, HasHeader FROM sniff_csv(?{packed}{told})"
    delimiter, quote, skip, has_header = connection.execute(sniffed, [path]).fetchone()
    if not has_header:
        raise DataError(
            f"{path} has no header line: its first line looks like data. Write a first line with the columns' names, such as "
            f"{delimiter.join(f'x{j + 1}' for j in range(len(names) - 1))}{delimiter}y."
        )
    options = f"header=false, all_varchar=true, delim=$d, skip=$s, encoding='{text.encoding}'{packed}"
    values = {"p": path, "d": delimiter, "s": skip}
    if quote != "(empty)":
        options, values = options + ", quote=$q", values | {"q": quote}
    header = connection.execute(f"SELECT * FROM read_csv($p, {options}) LIMIT 1", values).fetchone() or ()
    clean = [str(name).translate(INVISIBLE).strip() if name is not None else "" for name in header]
    if "" in clean:
        raise DataError(f"{path} has no name for column {clean.index('') + 1} in its header. Give every column a name.")
    double = sorted(name for name, count in Counter(clean).items() if count > 1)
    if double:
        raise DataError(
            f"{path} has columns of the same name: {', '.join(map(repr, double))}. Give every column its own name."
        )
