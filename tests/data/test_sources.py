"""What can be read, and what must be refused with the cause and the remedy."""

import numpy as np
import pytest
import scipy.sparse

import steepest
from steepest.data.sources import open_source
from steepest.data.sources.arrays import ArraySource
from steepest.data.split import Share
from steepest.errors import DataError, DataTypeError, MissingValuesError, UsageError
from steepest.summaries.summarize import read

X = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [4.0, 50.0]])
Y = np.array([1.0, 4.0, 3.0, 8.0])


def as_numbers(table):
    triangle = steepest.summarize(*table) if isinstance(table, tuple) else table
    return triangle.row_count, triangle.means.tolist(), triangle.centred.tolist()


@pytest.mark.parametrize(
    "variant",
    [
        lambda: (X.tolist(), Y.tolist()),
        lambda: (np.asfortranarray(X), Y),
        lambda: (np.repeat(X, 2, axis=0)[::2], np.repeat(Y, 3)[::3]),
        lambda: (X.astype(object), Y.astype(object)),
        lambda: (X.astype(np.int8), Y.astype(np.int16)),
        lambda: (X.astype(np.float32), Y.astype(np.float16)),
        lambda: (X, Y[:, None]),
        lambda: (scipy.sparse.csr_matrix(X), Y),
        lambda: (scipy.sparse.coo_array(X), Y),
    ],
)
def test_all_kinds_of_arrays_are_the_same_table(variant):
    assert as_numbers(variant()) == as_numbers((X, Y))


def test_read_only_and_mapped_arrays_are_left_alone(tmp_path):
    frozen = X.copy()
    frozen.setflags(write=False)
    mapped = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=X.shape)
    mapped[:] = X
    for inputs in (frozen, mapped):
        assert as_numbers((inputs, Y)) == as_numbers((X, Y))
    np.testing.assert_array_equal(mapped, X)


def test_sparse_rows_are_dense_a_batch_at_a_time(monkeypatch):
    import steepest.data.sources.arrays as arrays

    generator = np.random.default_rng(0)
    held = generator.random((5_000, 7)) < 0.2
    wide = scipy.sparse.csc_array(held * generator.random(held.shape))
    y = generator.normal(size=5_000)
    monkeypatch.setattr(arrays, "CONVERTED", 7_000)
    assert max(len(batch) for batch in open_source(wide, y).batches()) == 1_000
    ours, dense = steepest.summarize(wide, y), steepest.summarize(wide.toarray(), y)
    np.testing.assert_allclose(ours.factor, dense.factor, rtol=0, atol=1e-12 * np.abs(dense.factor).max())


def test_a_pass_over_arrays_does_not_read_them_for_a_fingerprint(monkeypatch):
    """It takes longer than the pass itself; only a state to resume from needs it."""
    monkeypatch.setattr(ArraySource, "options", property(lambda self: 1 / 0))
    assert steepest.summarize(X, Y).row_count == 4


def test_the_fingerprint_of_arrays_is_of_their_sizes_and_ends(monkeypatch):
    monkeypatch.setattr("steepest.data.sources.arrays.FINGERPRINT_BYTES", 16)  # a row of X

    def fingerprint(X, y=Y, weight=None):
        return open_source(X, y, weight=weight).describe()["sha256_of_size_and_ends"]

    first, last = X.copy(), X.copy()
    first[0, 0] += 1e-9
    last[-1, -1] += 1e-9
    others = [first, last, X[:, :1], X.astype(np.float32)]
    assert len({fingerprint(X), fingerprint(X, weight=np.ones(4)), *map(fingerprint, others)}) == 6
    assert fingerprint(X) == fingerprint(np.asfortranarray(X))
    # 160 GB of zeros that take no memory: to read them all would take a minute, to copy them is impossible
    zeros = np.broadcast_to(0.0, (10**10, 2))
    long = ArraySource(zeros, zeros[:, :1], None, ("a", "b"), ("y",))
    assert long.describe()["rows"] == 10**10


def test_booleans_are_0_and_1():
    flags = np.array([[True], [False], [True], [True]])
    assert as_numbers((flags, Y)) == as_numbers((flags.astype(float), Y))


def poke(row, column, value, array=X, dtype=float):
    changed = array.astype(dtype)
    changed[row, column] = value
    return changed


BAD_ARRAYS = {
    "nan in X": (
        lambda: (poke(2, 1, np.nan), Y),
        MissingValuesError,
        r"1 values are NaN; the first is in row 2 .* column 'x2'. Drop",
    ),
    "inf in X": (lambda: (poke(1, 0, -np.inf), Y), DataError, r"inf; the first is in row 1 .* column 'x1'"),
    "nan in y": (lambda: (X, poke(3, 0, np.nan, Y[:, None])), MissingValuesError, r"NaN; .* row 3 .* column 'y'"),
    "text in objects": (lambda: (poke(0, 1, "abc", dtype=object), Y), DataTypeError, "'abc' in row 0, column 1"),
    "None in objects": (lambda: (poke(0, 1, None, dtype=object), Y), MissingValuesError, "None in row 0, column 1"),
    "complex": (lambda: (X + 1j, Y), DataTypeError, "complex is not supported"),
    "text": (lambda: (X.astype(str), Y), DataTypeError, "holds text"),
    "dates": (lambda: (X.astype("datetime64[s]"), Y), DataTypeError, "dates or durations"),
    "no rows": (lambda: (X[:0], Y[:0]), DataError, "0 samples"),
    "one dimension": (lambda: (X[:, 0], Y), DataError, r"reshape\(-1, 1\)"),
    "three dimensions": (lambda: (X[None], Y), DataError, r"\(1, 4, 2\)"),
    "lengths": (lambda: (X, Y[:3]), DataError, "X has 4 rows and y has 3"),
    "y of shape (1, n)": (lambda: (X, Y[None]), DataError, "X has 4 rows and y has 1"),
    "sparse y": (
        lambda: (X, scipy.sparse.csr_matrix(Y[:, None])),
        DataTypeError,
        "sparse matrix; a dense array is needed",
    ),
    "sparse vector": (lambda: (scipy.sparse.coo_array(Y), Y), DataError, "must have two dimensions"),
    "sparse complex": (lambda: (scipy.sparse.csr_array(X * 1j), Y), DataTypeError, "complex"),
    "matrix": (lambda: (np.asmatrix(X), Y), DataTypeError, "np.matrix"),
    "masked": (lambda: (np.ma.masked_greater(X, 40), Y), DataTypeError, "masked values must not be used"),
    "squares overflow": (lambda: (poke(0, 0, 1e200), Y), DataError, "squares overflow: column 'x1'"),
    "ragged": (lambda: ([[1.0, 2.0], [3.0]], [1.0, 2.0]), DataError, "no rectangular table"),
    "unknown": (lambda: ({1: 2}, Y), DataTypeError, "type dict is not known"),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_refused(name):
    make, error, text = BAD_ARRAYS[name]
    data, target = make()
    with pytest.raises(error, match=text):
        steepest.descend(data, target)


@pytest.mark.parametrize("weight", [[1, 1, 1], [[1], [1], [1], [1]], [1, -1, 1, 1], [1, np.nan, 1, 1], [0, 0, 0, 0]])
def test_bad_weights_are_refused(weight):
    with pytest.raises(DataError, match="weight"):
        steepest.descend(X, Y, weight=weight)


def test_missing_targets_and_wrong_names_are_usage_errors():
    with pytest.raises(UsageError, match="needs its targets"):
        steepest.descend(X)
    with pytest.raises(UsageError, match="names 1 columns, but X has 2"):
        steepest.descend(X, Y, features=["a"])
    with pytest.raises(UsageError, match="name twice"):
        steepest.descend(X, Y, features=["a", "a"])
    with pytest.raises(UsageError, match="belongs to the table it was made from"):
        steepest.descend(steepest.summarize(X, Y), Y)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


GOOD = "a,b,y\n1,10,1\n2,30,4\n3,20,3\n4,50,8\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.rstrip("\n"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        '"a","b","y"\n' + GOOD[6:],
    ],
    ids=["plain", "crlf", "bom", "no final newline", "semicolons", "tabs", "quotes"],
)
def test_csv_of_every_dialect_is_the_same_table(tmp_path, text):
    file = write(tmp_path / "t.csv", text)
    assert as_numbers(steepest.summarize(file, target="y")) == as_numbers((X, Y))


def test_parquet_is_the_same_table_whatever_its_name(tmp_path):
    import duckdb

    csv = write(tmp_path / "t.csv", GOOD)
    for name in ("t.parquet", "t.dat", "looks_like.csv"):
        duckdb.sql(f"COPY (SELECT * FROM '{csv}') TO '{tmp_path / name}' (FORMAT parquet)")
        assert as_numbers(steepest.summarize(tmp_path / name, target="y")) == as_numbers((X, Y))


def test_a_long_file_is_read_in_pieces_and_in_order(tmp_path):
    n = 300_000
    rows = np.column_stack([np.arange(n), np.sin(np.arange(n)), np.arange(n) % 7]).astype(float)
    import duckdb

    duckdb.sql(
        f"COPY (SELECT i::DOUBLE a, sin(i) b, (i % 7)::INT y FROM range({n}) t(i)) TO '{tmp_path / 'l.parquet'}' (FORMAT parquet)"
    )
    batches = list(open_source(tmp_path / "l.parquet", target="y").batches())
    assert max(map(len, batches)) <= 131_072
    assert [batch.first_row for batch in batches] == list(np.cumsum([0, *map(len, batches)])[:-1])
    np.testing.assert_array_equal(np.concatenate([batch.X[:, 0] for batch in batches]), rows[:, 0])
    triangle = steepest.summarize(tmp_path / "l.parquet", target="y")
    direct = steepest.summarize(rows[:, :2], rows[:, 2])
    np.testing.assert_allclose(triangle.centred, direct.centred, rtol=1e-10, atol=1e-9)


def test_features_and_weights_by_name(tmp_path):
    file = write(tmp_path / "t.csv", "id,a,b,w,y\nx,1,10,1,1\ny,2,30,2,4\nz,3,20,1,3\nu,4,50,3,8\n")
    triangle = steepest.summarize(file, target="y", features=["b", "a"], weight="w")
    assert triangle.features == ("b", "a")
    assert (triangle.row_count, triangle.total_weight) == (4, 7.0)
    np.testing.assert_allclose(
        triangle.means, np.average(np.column_stack([X[:, ::-1], Y]), axis=0, weights=[1, 2, 1, 3])
    )


BAD_FILES = {
    "text among numbers": ("a,y\n2,1\nlow,4\n6,5\n", {}, DataError, r"column 'a' .* a value that is none is 'low'"),
    "unnamed column": ("x,,y\n1,2,3\n4,5,6\n", {}, DataError, "no name for column 2"),
    "dates": (
        "a,b,y\n1,2020-01-01,1\n2,2020-01-02,4\n",
        {},
        DataError,
        r"column 'b' .* DATE.* Make dates days since",
    ),
    "text target": ("a,y\n1,low\n2,high\n", {}, DataError, r"column 'y' .* for example '(low|high)'"),
    "missing": (
        "a,b,y\n1,,1\n2,30,4\n,,3\n",
        {},
        MissingValuesError,
        r"3 values are missing \(a 1, b 2\); the first is column 'b' in data row 1",
    ),
    "nan": (
        "a,b,y\n1,2.5,1\n2,nan,4\n",
        {},
        MissingValuesError,
        r"1 values are missing \(b 1\); the first is column 'b' in data row 2",
    ),
    "inf": ("a,b,y\n1,2.5,1\n2,inf,4\n", {}, DataError, r"column 'b' holds inf in data row 2"),
    "short row": (
        "a,b,y\n1,2,1\n2,4\n3,4,5\n",
        {},
        DataError,
        r"line 3 of .* has 2 fields where its first line has 3",
    ),
    "header only": ("a,b,y\n", {}, DataError, "no data rows"),
    "empty": ("", {}, DataError, "is empty: no data rows"),
    "duplicate names": ("a,a,y\n1,2,3\n4,5,6\n", {}, DataError, "columns of the same name: 'a'"),
    "no header": ("1,2,3\n4,5,6\n", {}, DataError, "has no header line"),
    "no such target": (
        GOOD,
        {"target": "yy"},
        UsageError,
        r"no column 'yy'. Did you mean 'y'\? Its columns are 'a', 'b', 'y'",
    ),
    "target twice": (GOOD, {"features": ["a", "y"]}, UsageError, "'y' is named twice"),
    "nothing left": ("y\n1\n2\n", {}, UsageError, "no column left"),
    "no target": (GOOD, {"target": None}, UsageError, "which column is the target"),
    "bad later value": ("a,y\n" + "1,2\n" * 30_000 + "1,x\n", {}, DataError, "Line: 30002"),
    "broken parquet": (b"PAR1" + b"\0" * 50, {}, DataError, "cannot read"),
    "NUL bytes": (b"\0" * 100, {}, DataError, "NUL bytes"),
    "utf-16": ("a,y\n1,2\n".encode("utf-16"), {}, DataError, 'UTF-16 text. Give its encoding .encoding="utf-16".'),
    "blank lines": ("\n\n\n", {}, DataError, "no data rows"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused(tmp_path, name):
    text, options, error, sentence = BAD_FILES[name]
    file = write(tmp_path / "t.csv", text)
    with pytest.raises(error, match=sentence):
        steepest.summarize(file, **{"target": "y", **options})


def test_a_missing_file_is_told_with_its_neighbours(tmp_path):
    (tmp_path.parent / "empty").mkdir(exist_ok=True)
    write(tmp_path / "penguins.csv", GOOD)
    with pytest.raises(DataError, match=r"not found: .*pengins.csv. Did you mean penguins.csv\?"):
        steepest.summarize(tmp_path / "pengins.csv", target="y")
    with pytest.raises(DataError, match="holds no CSV, Parquet or JSON lines file"):
        steepest.summarize(tmp_path.parent / "empty", target="y")
    with pytest.raises(DataError, match="device or pipe"):
        steepest.summarize("/dev/zero", target="y")


def test_odd_column_names_work(tmp_path):
    import duckdb

    names = ["a b", "π.2", "<b>", 'say "x"', "select", "ä,ö", "'; DROP TABLE t; --", "🐧"]
    columns = ", ".join(
        f"{j}.5 + i * {j + 1} + sin(i * {j + 3}) AS " + '"' + name.replace('"', '""') + '"'
        for j, name in enumerate(names)
    )
    duckdb.sql(f"COPY (SELECT {columns}, i AS y FROM range(30) t(i)) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)")
    duckdb.sql(f"COPY (SELECT {columns}, i AS y FROM range(30) t(i)) TO '{tmp_path / 't.csv'}' (HEADER)")
    for file in ("t.parquet", "t.csv"):
        triangle = steepest.summarize(tmp_path / file, target="y")
        assert triangle.features == tuple(names)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_held_out_rows_do_not_depend_on_how_the_file_is_cut(tmp_path, share):
    n = 5_000
    table = np.column_stack([np.arange(n), np.cos(np.arange(n))])
    source = open_source(table[:, :1], table[:, 1])
    summary = read(source, Share(share, 3))
    assert summary.triangle.row_count + summary.test.row_count == n
    assert summary.test.origins[0]["rows"] == summary.test.row_count
    assert summary.test.row_count == pytest.approx(share * n, abs=4 * np.sqrt(share * (1 - share) * n))
    assert isinstance(source, ArraySource)

    class Cut(ArraySource):
        def batches(self, after=None):
            batch = next(iter(source.batches()))
            for start in range(0, n, 333):
                yield batch.take(slice(start, start + 333))

    again = read(Cut(source.X, source.y, None, source.features, source.targets), Share(share, 3))
    assert again.test.row_count == summary.test.row_count
    np.testing.assert_allclose(again.test.means, summary.test.means, rtol=1e-12)
    out = Share(share, 3).holds_out(np.arange(n, dtype=np.uint64))
    for cut, kept, rows in (
        (again.sample, summary.sample, ~out),
        (again.test_sample, summary.test_sample, out),
    ):
        np.testing.assert_array_equal(cut.positions, kept.positions)
        np.testing.assert_array_equal(cut.X[:, 0], kept.positions)
        assert rows[kept.positions.astype(int)].all()
        assert len(kept.positions) == min(1_000, rows.sum())
    assert read(source, Share(share, 4)).test.means[0] != summary.test.means[0]


@pytest.mark.parametrize(("share", "seed"), [(-0.1, 0), (1.0, 0), (1.5, 0), (0.5, -1), (0.5, 1.5), (0.5, True)])
def test_shares_and_seeds_have_a_range(share, seed):
    with pytest.raises(UsageError, match=r"share of test rows|seed must be"):
        read(open_source(X, Y), Share(share, seed))
