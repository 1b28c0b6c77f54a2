"""Memory: a row group that DuckDB cannot hold within its first bound is read with more, from where it stopped."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import steepest
from steepest.cli import _run as run
from steepest.data.sources import connection
from steepest.data.sources.connection import connect
from steepest.errors import DataError

COLUMNS = 40


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(40 * 2_048 + 60_000, COLUMNS))


@pytest.fixture
def file(tmp_path, values):
    """Forty small row groups and a large one after them."""
    path, names = tmp_path / "t.parquet", [f"x{j}" for j in range(COLUMNS)]
    with pq.ParquetWriter(path, pa.schema([(name, pa.float64()) for name in names])) as writer:
        for rows in np.split(values, [k * 2_048 for k in range(1, 41)]):
            writer.write_table(pa.table(dict(zip(names, rows.T, strict=True))), row_group_size=len(rows))
    return path


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(connection, "MEMORY_LIMIT", "14MB")


@pytest.mark.slow
def test_the_first_bound_is_too_small_for_the_last_row_group(file, small):
    """What the tests below rest on."""
    import duckdb

    with connect() as database, pytest.raises(duckdb.OutOfMemoryException):
        database.execute("SELECT * FROM read_parquet(?)", [str(file)]).fetchall()


@pytest.mark.slow
def test_every_row_comes_once_and_in_order(file, values, small):
    source = steepest.open_source(file, target="x0")
    batches = list(source.batches())
    assert [batch.first_row for batch in batches] == [0, 131_072]
    np.testing.assert_array_equal(np.concatenate([batch.y[:, 0] for batch in batches]), values[:, 0])
    np.testing.assert_array_equal(np.concatenate([batch.X for batch in batches]), values[:, 1:])


@pytest.mark.slow
def test_a_pass_gives_the_same_bits_as_with_memory_enough(file, monkeypatch):
    with_enough = steepest.summarize(file, target="x0")
    monkeypatch.setattr(connection, "MEMORY_LIMIT", "14MB")
    assert steepest.summarize(file, target="x0").checksum == with_enough.checksum


@pytest.mark.slow
def test_what_no_bound_allows_is_told_with_the_remedy(file, monkeypatch, small):
    from steepest.data.sources import relations

    for module in (connection, relations):
        monkeypatch.setattr(module, "MORE_MEMORY", ("SET memory_limit = '15MB'",))
    with pytest.raises(DataError, match=r"not enough memory for a part of it .* shorter row groups"):
        steepest.summarize(file, target="x0")


@pytest.mark.slow
def test_another_error_is_not_tried_again(file, tmp_path, small, monkeypatch):
    from steepest.data.sources import relations

    monkeypatch.setattr(relations, "MORE_MEMORY", ("no SQL at all",))
    with pytest.raises(DataError, match="Parser Error"):  # this step was taken ...
        steepest.summarize(file, target="x0")
    (tmp_path / "t.csv").write_text("a,y\n" + "1,2\n" * 30_000 + "x,2\n")
    with pytest.raises(DataError, match="column 'a' holds 'x'"):  # ... and here none
        steepest.summarize(tmp_path / "t.csv", target="y")


@pytest.mark.slow
def test_the_data_beside_predictions_is_written_with_memory_enough(file, values, tmp_path, small):
    options = ["--target", "x0", "--features", "x1,x2"]
    assert run(["fit", str(file), *options, "--out", str(tmp_path / "run")]) == 0
    assert run(["predict", str(tmp_path / "run"), str(file), "-o", str(tmp_path / "p.parquet")]) == 0
    written = pq.read_table(tmp_path / "p.parquet")
    np.testing.assert_array_equal(written["x7"].to_numpy(), values[:, 7])
    A = np.column_stack([np.ones(len(values)), values[:, 1:3]])
    exact = A @ np.linalg.lstsq(A, values[:, 0], rcond=None)[0]
    np.testing.assert_allclose(written["prediction"].to_numpy(), exact, atol=1e-9)
