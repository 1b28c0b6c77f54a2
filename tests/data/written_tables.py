"""Written tables: columns of every kind of value, what they are worth, and writers of the files and frames that hold them.

What a value is worth is told by Python's own float, never by the library that is tested.
"""

import csv
import gzip
import io
import math
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

Cells = Sequence[Any]  # texts of a text file; numbers or None of a file with types
Table = dict[str, Cells]

MISSING = ("", "NA", "N/A", "nan", "NaN", "null", "NULL", "None", "?", "-")
IN_QUERIES = ("", "nan", "NaN")  # of these, what a query over a text file takes for missing
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def worth(cell: Any) -> float | None:
    """The float64 nearest to what is written; NaN where nothing is, None where it is no number."""
    if cell is None:
        return math.nan
    if not isinstance(cell, str):
        return float(cell)
    text = cell.strip(" \t")
    if text in MISSING:
        return math.nan
    return float(text) if NUMBER.fullmatch(text) else None


def is_rounded(cell: Any) -> bool:
    """Whether this is a whole number above 2^53 that float64 does not hold."""
    if cell is None or isinstance(cell, (float, bool, np.floating)):
        return False
    if isinstance(cell, str) and not re.fullmatch(r"[+-]?\d+", cell):
        return False
    return abs(int(cell)) > 2**53 and int(float(int(cell))) != int(cell)


# texts of numbers

_small = st.integers(-1000, 1000).map(str)
_fraction = st.decimals(-1000, 1000, places=3, allow_nan=False).map(lambda value: f"{value:f}")
_any_float = st.floats(allow_nan=False, allow_infinity=False).map(repr)
_digits = st.text("0123456789", min_size=1, max_size=40)
_long = st.builds("{}{}.{}".format, st.sampled_from(["", "-"]), st.integers(0, 10**6), _digits)
_exponent = st.builds("{}e{}{}".format, st.integers(-99, 99), st.sampled_from(["", "+", "-"]), st.integers(0, 250))
_large = st.integers(-(2**70), 2**70).map(str)
_near = st.builds(lambda power, more: str(2**power + more), st.integers(53, 63), st.integers(-3, 3))
_forms = st.sampled_from(
    ["-0", "-0.0", "5.", ".5", "-.5", "1e-3", "1E5", "2.5e+10", "5e-324", "2.2250738585072011e-308", "1e-400", "0.1",
     "1.7976931348623157e308", "1.00000000000000011102230246251565404236316680908203125", "9007199254740993",
     "0.1000000000000000055511151231257827021181583404541015625", "123456789012345678901234567890.5", "1e23"]
)  # fmt: skip
PLAIN = {
    "small": _small,
    "fractions": _fraction,
    "floats": _any_float,
    "long": _long,
    "exponents": _exponent,
    "large": _large,
    "near": _near,
    "forms": _forms,
}
# what may be refused, or taken for categories, but is never another number
ODD = ("00.5", "+5", "00.5", "+.5", " 5", "5 ", "007", "0x10", "0X1F", "0b11", "1_000", "1_0", "12 kg", "1,234", "1,5", "inf", "-inf", "Infinity", "1e400",
       "-1e400", "true", "1d5", "1f", "1e", "5e", "--5", "5-", "(5)", "$5", "5%", "1/2", "1e5.5", "#5", "+", ".", "-", "1 000", "1'000",
       "１２", "½", "+-5", "5,", "1.2.3", "12:30", "2024-01-01", "yes", "\t5", "5\t", "1e+", "e5", "5L", "0o17", "5\xa0", "- 5",
       "1e 5", "٣", "−5", "0x1p3", "1e1_0", "1__0", "_1", "1_")  # fmt: skip


@st.composite
def columns(draw: Any, rows: int, words: Sequence[str] = MISSING) -> list[str]:
    """A column of texts: one kind of number first, another late, and some rows without a value."""
    first, late = draw(st.sampled_from(sorted(PLAIN))), draw(st.sampled_from(sorted(PLAIN)))
    turn = draw(st.integers(0, rows))
    cells = [draw(PLAIN[first if i < turn else late]) for i in range(rows)]
    if words and draw(st.booleans()):
        missing, until = draw(st.sampled_from(words)), draw(st.integers(0, rows // 2))
        cells[:until] = [missing] * until
    return cells


@st.composite
def tables(draw: Any, words: Sequence[str] = MISSING) -> Table:
    """One to three columns of texts of the same length."""
    rows = draw(st.integers(2, 24))
    return {f"x{j}": draw(columns(rows, words)) for j in range(draw(st.integers(1, 3)))}


# typed values

KINDS: dict[str, st.SearchStrategy[Any]] = {
    "int8": st.integers(-128, 127),
    "int16": st.integers(-(2**15), 2**15 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float32": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "decimal128(12, 3)": st.decimals(-(10**8), 10**8, places=3, allow_nan=False),
    "decimal128(38, 18)": st.decimals(-(10**18), 10**18, places=18, allow_nan=False),
}


@st.composite
def typed_tables(draw: Any, kinds: Sequence[str] = tuple(KINDS)) -> tuple[Table, dict[str, str]]:
    """Columns of numbers with types, and the names of those."""
    rows, chosen = draw(st.integers(2, 24)), draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    table: Table = {}
    for j, kind in enumerate(chosen):
        values = draw(st.lists(KINDS[kind], min_size=rows, max_size=rows))
        until = draw(st.integers(0, rows // 2)) if draw(st.booleans()) else 0
        table[f"x{j}"] = [*[None] * until, *values[until:]]
    return table, {f"x{j}": kind for j, kind in enumerate(chosen)}


# writers


def lines(table: Table, delimiter: str = ",", end: str = "\n", quoting: Any = csv.QUOTE_MINIMAL) -> str:
    """A table as text, with the row's number as y."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow([*table, "y"])
    for i, cells in enumerate(zip(*table.values(), strict=True)):
        writer.writerow([*cells, i])
    return text.getvalue()


def json_lines(table: Table) -> str:
    """A table of numbers as JSON lines; what is missing is null."""
    rows = []
    for i, cells in enumerate(zip(*table.values(), strict=True)):
        pairs = [f'"{name}": {"null" if cell is None else cell}' for name, cell in zip(table, cells, strict=True)]
        rows.append("{" + ", ".join([*pairs, f'"y": {i}']) + "}\n")
    return "".join(rows)


def arrow(table: Table, kinds: dict[str, str]) -> Any:
    """A pyarrow table with the row's number as y."""
    import pyarrow

    def type_of(kind: str) -> Any:
        if kind.startswith("decimal"):
            digits, places = re.findall(r"\d+", kind)[1:]
            return pyarrow.decimal128(int(digits), int(places))
        return getattr(pyarrow, kind)()

    arrays = {name: pyarrow.array(cells, type_of(kinds[name])) for name, cells in table.items()}
    rows = len(next(iter(table.values())))
    return pyarrow.table({**arrays, "y": pyarrow.array(range(rows), pyarrow.int32())})


def pieces(table: Table) -> list[Table]:
    """The same table in two parts, cut where its first half ends."""
    half = max(1, len(next(iter(table.values()))) // 2)
    return [{name: cells[part] for name, cells in table.items()} for part in (slice(half), slice(half, None))]


def sqlite_file(table: Table, path: Path) -> Path:
    """A SQLite file with a table `t` of columns that have no type."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(table)}, y)")
        rows = [(*cells, i) for i, cells in enumerate(zip(*table.values(), strict=True))]
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * (len(table) + 1))})", rows)
    connection.close()
    return path


def duckdb_file(frame: Any, path: Path) -> Path:
    """A DuckDB file with a table `t`."""
    import duckdb

    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE t AS FROM frame")
    return path


def packed(text: str) -> bytes:
    """A text as gzip packs it."""
    return gzip.compress(text.encode(), 1)
