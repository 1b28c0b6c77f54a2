"""Every value: what each reader returns is what is written, bit for bit, or the reading is refused by name."""

import csv
import os
import re
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import Phase, given, settings

import steepest
from steepest.errors import DataError, DataWarning, UsageError
from tests.data import written_tables as written

pytestmark = pytest.mark.slow

COMPARED: Counter[str] = Counter()
ROWS: Counter[str] = Counter()
LEFT_OUT: Counter[str] = Counter()
AT_LEAST = 100  # values of each reader
EXAMPLES = int(os.environ.get("STEEPEST_TABLES", "8"))  # for each reader
WORDS = {"query of CSV": written.IN_QUERIES}


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def of_decimal_comma(table):
    return {name: [cell.replace(".", ",") for cell in cells] for name, cells in table.items()}


def grouped(table):
    """With commas between the thousands of whole numbers and of what stands before a point."""

    def with_commas(cell):
        found = re.fullmatch(r"(-?)(\d+)((?:\.\d*)?)", cell)
        return f"{found[1]}{int(found[2]):,}{found[3]}" if found and str(int(found[2])) == found[2] else cell

    return {name: [with_commas(cell) for cell in cells] for name, cells in table.items()}


def commented(text):
    """With comments before, between and after the rows."""
    first, *rest = text.splitlines(keepends=True)
    return "".join(["# made by hand\n", first, *(f"# row {i}\n{line}" for i, line in enumerate(rest)), "# end\n"])


def csv_parts(table, folder):
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    (first, second) = written.pieces(table)
    put(parts / "a.csv", written.lines(first))
    text = written.lines(second).splitlines(keepends=True)
    count = len(next(iter(first.values())))
    moved = [line.rpartition(",")[0] + f",{count + i}\n" for i, line in enumerate(text[1:])]
    put(parts / "b.csv", "".join([text[0], *moved]))
    return parts, {}


TEXT = {
    "CSV": lambda t, d: (put(d / "t.csv", written.lines(t)), {}),
    "CSV, CRLF and BOM": lambda t, d: (put(d / "t.csv", "\ufeff" + written.lines(t, end="\r\n")), {}),
    "CSV, all quoted": lambda t, d: (put(d / "t.csv", written.lines(t, quoting=csv.QUOTE_ALL)), {}),
    "CSV, gzip": lambda t, d: (put(d / "t.csv.gz", written.packed(written.lines(t))), {}),
    "CSV, semicolons": lambda t, d: (put(d / "t.csv", written.lines(t, ";")), {"delimiter": ";"}),
    "CSV, decimal comma": lambda t, d: (
        put(d / "t.csv", written.lines(of_decimal_comma(t), ";")),
        {"delimiter": ";", "decimal": ","},
    ),
    "CSV, UTF-16": lambda t, d: (put(d / "t.csv", written.lines(t).encode("utf-16")), {"encoding": "utf-16"}),
    "CSV, thousands": lambda t, d: (
        put(d / "t.csv", written.lines(grouped(t), ";")),
        {"delimiter": ";", "thousands": ","},
    ),
    "CSV, comments": lambda t, d: (put(d / "t.csv", commented(written.lines(t))), {"comment": "#"}),
    "TSV": lambda t, d: (put(d / "t.tsv", written.lines(t, "\t")), {}),
    "CSV parts": csv_parts,
    "query of CSV": lambda t, d: (f"SELECT * FROM '{put(d / 't.csv', written.lines(t))}'", {}),
}


def tell(reader):
    """Say how many values of a reader were compared; a test that compares few sees nothing."""
    print(
        f"{reader:<22}{COMPARED[reader]:>8,} values compared, 0 differ; rows in {ROWS[reader]:,} = "
        f"used {ROWS[reader] - LEFT_OUT[reader]:,} + left out {LEFT_OUT[reader]:,}"
    )
    assert COMPARED[reader] >= AT_LEAST


def read(data, names, missing="drop", **options):
    """Return each row's position and values as the reader gives them, the warnings, and the source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source = steepest.open_source(data, target="y", missing=missing, **options)
        if tuple(source.features) != tuple(names):
            return None, None, [], source
        batches = list(source.batches())
    empty = np.empty((0, len(names) + 1))
    values = np.concatenate([empty, *(np.column_stack([batch.X, batch.y]) for batch in batches)])
    positions = np.concatenate([np.empty(0, np.uint64), *(batch.positions for batch in batches)]).astype(int)
    told = [str(warning.message) for warning in caught if issubclass(warning.category, DataWarning)]
    return positions, values, told, source


def check(reader, table, data, options):
    """Hold every value against what is written."""
    truth = np.column_stack([[written.worth(cell) for cell in cells] for cells in table.values()]).astype(float)
    whole = ~np.isnan(truth).any(axis=1)
    error = None
    try:
        positions, values, told, source = read(data, table, **options)
    except DataError as refused:
        error = str(refused)
    if error is not None:
        # a column in which nothing is written has no kind
        assert np.isnan(truth).all(axis=0).any(), (table, error)
        return
    if positions is None:
        raise AssertionError(f"read as {source.features}: {table}")
    assert positions.tolist() == np.flatnonzero(whole).tolist(), table
    expected = np.column_stack([truth[whole], np.flatnonzero(whole)])
    different = values.view(np.uint64) != np.ascontiguousarray(expected).view(np.uint64) if values.size else np.array(0)
    assert not different.any(), (table, values[different], expected[different])
    left_out = int((~whole).sum())
    assert source.describe().get("rows_left_out", 0) == left_out
    assert not left_out or any(f"{left_out} of {len(whole)} rows left out" in note for note in source.notes), (
        source.notes
    )
    rounded = sum(written.is_rounded(cell) for cells in table.values() for cell in cells)
    assert not rounded or any("float64" in text for text in told), (table, told)
    assert len(positions) + left_out == len(whole)
    COMPARED[reader] += values.size
    ROWS[reader] += len(whole)
    LEFT_OUT[reader] += left_out


@pytest.mark.parametrize("reader", TEXT)
def test_numbers_in_text_are_read_as_they_are_written(tmp_path, reader):
    @settings(max_examples=EXAMPLES, phases=[Phase.generate])
    @given(written.tables(WORDS.get(reader, written.MISSING)))
    def holds(table):
        data, options = TEXT[reader](table, tmp_path)
        check(reader, table, data, options)

    holds()
    tell(reader)


# numbers with types


def parquet(table, kinds, folder):
    from pyarrow import parquet as files

    files.write_table(written.arrow(table, kinds), folder / "t.parquet")
    return folder / "t.parquet"


TYPED = {
    "Arrow": lambda t, k, d: (written.arrow(t, k), {}),
    "Parquet": lambda t, k, d: (parquet(t, k, d), {}),
    "query of Parquet": lambda t, k, d: (f"SELECT * FROM '{parquet(t, k, d)}'", {}),
    "DuckDB": lambda t, k, d: ("t", {"database": written.duckdb_file(written.arrow(t, k), d / "t.duckdb")}),
    "pandas": lambda t, k, d: (pandas(t, k), {}),
    "SQLite": lambda t, k, d: ("t", {"database": written.sqlite_file(plain(t), d / "t.sqlite")}),
    "JSON lines": lambda t, k, d: (put(d / "t.jsonl", written.json_lines(t)), {}),
    "Parquet parts": lambda t, k, d: (parquet_parts(t, k, d), {}),
    "Polars": lambda t, k, d: (polars(t, k), {}),
}


def pandas(table, kinds):
    import pandas as library

    return written.arrow(table, kinds).to_pandas(types_mapper=library.ArrowDtype)


def plain(table):
    """Without what SQLite has no type for."""
    return {
        name: [cell if cell is None or (abs(cell) < 2**63 and isinstance(cell, int)) else float(cell) for cell in cells]
        for name, cells in table.items()
    }


def parquet_parts(table, kinds, folder):
    from pyarrow import parquet as files

    whole, parts = written.arrow(table, kinds), folder / "parts"
    parts.mkdir(exist_ok=True)
    half = len(whole) // 2
    files.write_table(whole.slice(0, half), parts / "a.parquet")
    files.write_table(whole.slice(half), parts / "b.parquet")
    return parts


def polars(table, kinds):
    import polars as library

    return library.from_arrow(written.arrow(table, kinds))


@pytest.mark.parametrize("reader", TYPED)
def test_numbers_with_types_are_read_as_they_are_held(tmp_path, reader):
    @settings(max_examples=EXAMPLES, phases=[Phase.generate])
    @given(written.typed_tables())
    def holds(given_table):
        table, kinds = given_table
        data, options = TYPED[reader](table, kinds, tmp_path)
        if reader == "SQLite":
            table = plain(table)
        check(reader, table, data, options)

    holds()
    tell(reader)


@pytest.mark.parametrize("reader", ["array", "npy", "npz"])
def test_arrays_are_read_as_they_are(tmp_path, reader):
    generator = np.random.default_rng(5)
    for kind in (np.float64, np.float32, np.int64, np.uint8, np.bool_):
        bits = generator.integers(0, 256, size=(40, 3 * np.dtype(kind).itemsize), dtype=np.uint8)
        X = bits % 2 == 1 if kind is np.bool_ else bits.view(kind)
        X = np.where(np.isfinite(X), X, kind(1)) if np.dtype(kind).kind == "f" else X
        X, y = X % 2**53 if kind is np.int64 else X, np.arange(40).astype(kind)
        if reader == "npz":
            np.savez(tmp_path / "t.npz", X=X, y=y)
        elif reader == "npy":
            np.save(tmp_path / "t.npy", np.column_stack([X, y]))
        given = {"array": (X, y), "npy": (tmp_path / "t.npy",), "npz": (tmp_path / "t.npz",)}[reader]
        batches = list(steepest.open_source(*given).batches())
        values = np.concatenate([np.column_stack([batch.X, batch.y]) for batch in batches])
        truth = np.array([[float(value) for value in row] for row in np.column_stack([X, y]).tolist()])
        assert values.tobytes() == truth.tobytes()
        COMPARED[reader] += values.size
        ROWS[reader] += len(values)
    tell(reader)


# what is no number, or perhaps none


@pytest.mark.parametrize("reader", ["CSV", "CSV, all quoted", "TSV", "query of CSV"])
def test_what_is_no_number_is_never_read_as_one(tmp_path, reader):
    for odd in written.ODD[:: 1 if EXAMPLES > 8 else 3]:
        table = {"x0": ["1.5", odd, "2.5"]}
        data, options = TEXT[reader](table, tmp_path)
        truth = [written.worth(cell) for cell in table["x0"]]
        error, positions = "x0", None
        try:
            positions, values, _, _ = read(data, table, **options)
        except (DataError, UsageError) as refused:
            error = str(refused)
        if positions is None:  # or taken for categories
            assert "x0" in error, (table, error)
            continue
        assert None not in truth, (table, values)
        whole = ~np.isnan(np.array(truth, dtype=float))
        assert positions.tolist() == np.flatnonzero(whole).tolist(), table
        assert values[:, 0].tolist() == np.array(truth)[whole].tolist(), table
        COMPARED[reader] += values.size


def test_large_numbers_are_read_without_a_warning(tmp_path):
    put(tmp_path / "t.csv", "x,y\n1.7e308,0\n1.7e308,1\n")
    (batch,) = steepest.open_source(tmp_path / "t.csv", target="y").batches()
    assert batch.X.tolist() == [[1.7e308], [1.7e308]]


def test_queries_tell_of_whole_numbers_that_are_rounded_beside_fractions(tmp_path):
    put(tmp_path / "t.csv", "x,y\n0.5,0\n9007199254740993,1\n")
    source = steepest.open_source(f"SELECT 2 * x AS x, y FROM '{tmp_path}/t.csv'", target="y")
    with pytest.warns(DataWarning, match=r"t\.csv holds whole numbers above 2\^53.*'x' 1\)"):
        list(source.batches())
