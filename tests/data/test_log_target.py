"""Log target: NumPy's logarithms of the targets, rows without one refused, and triangles that know what they are of."""

import numpy as np
import pandas
import pytest

import steepest
from steepest.data.batch import Position
from steepest.data.sources.log_target import LogTarget
from steepest.errors import DataError, UsageError
from steepest.summaries.open_data import open_alike, open_data
from steepest.summaries.summarize import read

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(500, 2))
Y = np.exp(1 + X @ [0.5, -0.3] + GENERATOR.normal(scale=0.4, size=500))
WEIGHT = GENERATOR.uniform(0.5, 2, 500)
FRAME = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "price": Y, "w": WEIGHT})


def files(frame, folder):
    """The same rows as a data frame, a CSV file and a Parquet file."""
    pytest.importorskip("pyarrow")
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_parquet(folder / "t.parquet")
    return [frame, folder / "t.csv", folder / "t.parquet"]


def logs(data, **options):
    return steepest.open_source(data, target="price", log_target=True, **options)


def targets(source):
    return np.concatenate([batch.y for batch in source.batches()])


@pytest.mark.parametrize("weight", [None, "w"])
def test_targets_are_the_logarithms_of_every_kind_of_table(tmp_path, weight):
    for data in files(FRAME, tmp_path):
        source = logs(data, features=["a", "b"], weight=weight)
        assert source.targets == ("log of price",)
        assert targets(source)[:, 0].tolist() == np.log(Y).tolist()
        triangle = steepest.summarize(source)
        by_hand = steepest.summarize(FRAME.assign(price=np.log(Y)), target="price", features=["a", "b"], weight=weight)
        assert triangle.means.tolist() == by_hand.means.tolist()
        assert triangle.centred.tolist() == by_hand.centred.tolist()
        assert triangle.log_target
        assert not by_hand.log_target
    arrays = steepest.open_source(X, np.column_stack([Y, 2 * Y]), log_target=True)
    assert targets(arrays).tolist() == np.log(np.column_stack([Y, 2 * Y])).tolist()


def test_the_answer_is_that_of_least_squares_on_the_logarithms():
    run = steepest.descend(logs(FRAME, features=["a", "b"], weight="w"), standardize=True)
    root, A = np.sqrt(WEIGHT), np.column_stack([np.ones(500), X])
    expected = np.linalg.lstsq(root[:, None] * A, root * np.log(Y), rcond=None)[0]
    np.testing.assert_allclose([run.bias, *run.weights], expected, rtol=1e-10)


def test_a_log_target_twice_is_one():
    source = logs(FRAME)
    assert steepest.open_source(source, log_target=True) is source
    assert source.options["log_target"] is True
    assert source.notes[-1] == "price: its natural logarithm is fitted"


@pytest.mark.parametrize("block", [64, 100_000])
@pytest.mark.parametrize("values", [(-2.5,), (0.0, -1e-300, -0.0)])
def test_zero_and_negative_targets_are_counted_over_the_pass(tmp_path, monkeypatch, block, values):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", block)
    monkeypatch.setattr("steepest.data.sources.arrays.BATCH_ROWS", block)
    wrong = FRAME.copy()
    rows = [3 + 150 * j for j in range(len(values))]
    wrong.loc[rows, "price"] = values
    count = "1 value that is" if len(values) == 1 else "3 values that are"
    said = (
        rf"'price' of .* holds {count} zero or negative.*the first is {values[0]!r} in data row 4\. .*WHERE price > 0"
    )
    for data in files(wrong, tmp_path):
        with pytest.raises(DataError, match=said):
            steepest.summarize(logs(data))
    source = steepest.open_source(X, wrong["price"].to_numpy(), log_target=True)
    with pytest.raises(DataError, match=r"the first is .* in row 4 \(counted from 1\)"):
        steepest.summarize(source)


def test_rows_left_out_or_of_no_weight_do_not_count(tmp_path):
    wrong = FRAME.copy()
    wrong.loc[[3, 9], "price"] = -1.0
    dropped = wrong.assign(a=wrong["a"].where(~wrong.index.isin([3, 9])))
    for data in files(dropped, tmp_path):
        assert targets(logs(data, missing="drop"))[:, 0].tolist() == np.log(np.delete(Y, [3, 9])).tolist()
    weightless = wrong.assign(w=wrong["w"].where(~wrong.index.isin([3, 9]), 0.0))
    for data in files(weightless, tmp_path):
        source = logs(data, weight="w")
        (batch,) = source.batches()
        assert batch.positions.tolist() == np.delete(np.arange(500), [3, 9]).tolist()
        assert batch.end == Position(500, 0, (0, 0, 0, 0))
        np.testing.assert_array_equal(batch.y[:, 0], np.log(np.delete(Y, [3, 9])))


def test_a_pass_that_is_cut_off_goes_on_to_the_same_bits_or_the_same_refusal(tmp_path, monkeypatch):
    monkeypatch.setattr("steepest.data.sources.table_source.BLOCK_ROWS", 1_024)
    pytest.importorskip("pyarrow")
    frame = pandas.concat([FRAME] * 20, ignore_index=True)
    frame.to_parquet(tmp_path / "t.parquet")
    frame.assign(price=frame["price"].where(~frame.index.isin([5_000, 9_000]), -7.0)).to_parquet(tmp_path / "w.parquet")

    def stop(rows, expected):
        if rows >= 4_000:
            raise KeyboardInterrupt

    for name in ("t", "w"):
        source, state = logs(tmp_path / f"{name}.parquet"), tmp_path / f"{name}.partial"
        with pytest.raises(KeyboardInterrupt):
            read(source, checkpoint=state, watch=stop)
        with pytest.raises(UsageError, match="of other options"):
            read(steepest.open_source(tmp_path / f"{name}.parquet", target="price"), checkpoint=state)
        if name == "t":
            resumed, straight = read(source, checkpoint=state), read(source)
            assert resumed.triangle.checksum == straight.triangle.checksum
            assert resumed.triangle.log_target
            continue
        for _ in range(2):  # the state stays before the first row that is refused
            with pytest.raises(DataError, match=r"2 values that are .* -7\.0 in data row 5,001"):
                read(source, checkpoint=state, checkpoint_seconds=0)


def test_triangles_of_logarithms_know_it_and_join_no_others(tmp_path):
    whole = steepest.summarize(logs(FRAME))
    whole.save(tmp_path / "t.triangle")
    loaded = steepest.Triangle.load(tmp_path / "t.triangle")
    assert loaded == whole
    assert loaded.log_target
    assert (loaded + steepest.summarize(logs(FRAME[:50]))).log_target
    assert (steepest.Triangle.empty(whole.features, whole.targets) + whole) == whole
    plain = steepest.summarize(FRAME.rename(columns={"price": "log of price"}), target="log of price")
    assert "log_target" not in plain.parts()[0]
    with pytest.raises(DataError, match="of one only, the targets are logarithms"):
        _ = plain + whole
    with pytest.raises(DataError, match="different columns"):
        _ = steepest.summarize(FRAME, target="price") + whole
    with pytest.raises(UsageError, match="a logarithm stays a target"):
        whole.select(("a", "log of price"), ("b",))
    assert whole.select(("b", "a")).log_target


def test_a_triangle_of_logarithms_is_asked_for_by_its_column_too(tmp_path):
    whole, plain = steepest.summarize(logs(FRAME)), steepest.summarize(FRAME, target="price")
    assert open_data(whole, target="price", log_target=True) == whole
    assert open_data(whole, target="price") == whole
    with pytest.raises(UsageError, match="log_target belongs to the table"):
        open_data(plain, log_target=True)


def test_other_rows_are_read_on_the_same_scale():
    source, triangle = logs(FRAME), steepest.summarize(logs(FRAME))
    other = FRAME.assign(price=3 * Y)
    for like in (source, triangle):
        assert targets(open_alike(other, like))[:, 0].tolist() == np.log(3 * Y).tolist()
        assert isinstance(open_alike(steepest.open_source(other, target="price"), like), LogTarget)
        with pytest.raises(DataError, match="that of the other is not"):
            open_alike(steepest.summarize(FRAME, target="price"), like)
    plain = steepest.open_source(FRAME, target="price")
    assert not isinstance(open_alike(other, plain), LogTarget)
    for data, options in ((triangle, {}), (source, {}), (other, {"log_target": True})):
        with pytest.raises(DataError, match="that of the other is not"):
            open_alike(data, plain, **options)


def test_the_option_is_a_flag():
    with pytest.raises(UsageError, match="log_target"):
        steepest.open_source(FRAME, target="price", log_target="yes")


def test_sweeps_judge_on_the_logarithms():
    settings = {"learning_rates": [0.1, 0.5], "epochs": [5, 50]}
    found = steepest.sweep(logs(FRAME), **settings)
    expected = steepest.sweep(FRAME.assign(price=np.log(Y)), target="price", **settings)
    np.testing.assert_array_equal(found.rmse, expected.rmse)


@pytest.mark.parametrize("target", ["SELECT", "total price", "prix"])
def test_the_remedy_writes_a_condition_only_where_the_name_needs_no_quotes(target):
    frame = FRAME.rename(columns={"price": target}).assign(**{target: -Y})
    with pytest.raises(DataError) as caught:
        steepest.summarize(steepest.open_source(frame, target=target, log_target=True))
    assert ("WHERE" in str(caught.value)) == (target != "total price")
