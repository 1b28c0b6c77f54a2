"""Columns left where the reader put them are the same rows as an array of them, however the reader cut them."""

import gc

import nanoarrow
import numpy as np
import pyarrow
import pytest

import steepest
from steepest.data.batch import Batch
from steepest.data.columns import ColumnBatch, Columns
from steepest.data.sources import arrow_blocks, open_source
from steepest.errors import DataError, MissingValuesError
from steepest.summaries.triangle import Triangle

CUTS = [[], [1], [1, 2, 7], [8_192, 20_000, 20_001], list(range(0, 30_000, 500))]


def rows(n=30_000, width=4):
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, width)) * [1.0, 10.0, 0.1, 5.0][:width] + 3


def stretches(array, cuts):
    return tuple(tuple(part.T) for part in np.split(array, cuts))


@pytest.mark.parametrize("cuts", CUTS)
def test_columns_in_stretches_are_the_rows(cuts):
    array = rows()
    columns = Columns(stretches(array, cuts), 4)
    assert len(columns) == len(array)
    assert columns.is_finite
    np.testing.assert_array_equal(columns.array, array)
    for part in (slice(0, 1), slice(0, 8_000), slice(499, 501), slice(7_999, 29_999), slice(20_000, 30_000)):
        np.testing.assert_array_equal(columns.cut(part).array, array[part])
        out = np.full((part.stop - part.start, 4), np.nan)
        columns.subtract(part, np.arange(4.0), out)
        np.testing.assert_array_equal(out, array[part] - np.arange(4.0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (20_000, 3), (29_999, 1)])
def test_one_bad_value_anywhere_is_seen(value, place):
    array = rows()
    array[place] = value
    assert not Columns(stretches(array, [8_192, 20_001]), 4).is_finite


@pytest.mark.parametrize("cuts", CUTS)
def test_a_batch_of_columns_has_the_triangle_of_the_array_to_the_bit(cuts):
    array = rows()
    names = ("a", "b", "c"), ("y",)
    by_column = np.asfortranarray(array)
    whole = Batch(by_column[:, :3], by_column[:, 3:], *names, first_row=10)
    batch = ColumnBatch(Columns(stretches(array, cuts), 4), *names, 10)
    assert Triangle.of(batch).checksum == Triangle.of(whole).checksum
    assert "array" not in vars(batch.columns)  # nothing was copied for it
    labels = np.random.default_rng(1).integers(0, 3, size=len(array))
    for one, other in zip(Triangle.of_parts(batch, labels, 3), Triangle.of_parts(whole, labels, 3), strict=True):
        assert one.checksum == other.checksum
    for part in (slice(5, 9_000), slice(29_000, None), labels == 1):
        one, other = batch.take(part), whole.take(part)
        assert len(one) == len(other)
        assert one.end == other.end
        np.testing.assert_array_equal(one.X, other.X)
        np.testing.assert_array_equal(one.y, other.y)
        np.testing.assert_array_equal(one.positions, other.positions)


@pytest.mark.parametrize("cuts", CUTS)
def test_a_readers_pieces_leave_no_trace(cuts):
    array = rows()
    array[::997, 1] = np.nan  # NULL below
    table = pyarrow.record_batch(
        [pyarrow.array(column, mask=np.isnan(column)) for column in array.T], names=["a", "b", "c", "y"]
    )

    def pieces():
        for start, stop in zip([0, *cuts], [*cuts, len(array)], strict=True):
            # its own memory, which is gone with the piece unless a block holds it
            yield nanoarrow.Array(
                pyarrow.record_batch(table.slice(start, stop - start).to_pydict(), schema=table.schema)
            )
            yield nanoarrow.Array(table.slice(stop, 0))

    blocks = list(arrow_blocks.blocks(pieces(), 7_000, 4))
    gc.collect()
    assert [len(block) for block in blocks] == [7_000] * 4 + [2_000]
    np.testing.assert_array_equal(np.concatenate([block.array for block in blocks]), array)
    sliced = arrow_blocks.blocks(
        (nanoarrow.Array(table.slice(at, 9_001)) for at in range(0, len(array), 9_001)), 7_000, 4
    )
    np.testing.assert_array_equal(np.concatenate([block.array for block in sliced]), array)


def test_a_file_is_summed_without_a_copy_and_bad_values_are_told_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 7_000)
    array = rows()
    path = tmp_path / "t.parquet"

    def write(values):
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table(dict(zip("abcy", values.T, strict=True))), path)

    write(array)
    assert {type(batch) for batch in open_source(path, target="y").batches()} == {ColumnBatch}
    expected = Triangle.of(Batch(array[:, :3], array[:, 3:], ("a", "b", "c"), ("y",)))
    np.testing.assert_allclose(steepest.summarize(path, target="y").centred, expected.centred, rtol=1e-12, atol=1e-9)
    array[20_000, 1] = np.nan
    write(array)
    with pytest.raises(
        MissingValuesError, match=r"1 value is missing \(b 1\); the first is column 'b' in data row 20,001"
    ):
        steepest.summarize(path, target="y")
    assert steepest.summarize(path, target="y", missing="drop").row_count == 29_999
    array[20_000, 1] = np.inf
    write(array)
    with pytest.raises(DataError, match="column 'b' holds inf in data row 20,001"):
        steepest.summarize(path, target="y")
