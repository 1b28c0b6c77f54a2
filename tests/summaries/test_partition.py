"""One way to hold rows out: a share, folds or another table, each by the same function."""

import numpy as np
import pytest

from steepest.data.split import Folds, Share, held_out
from steepest.errors import DataError, UsageError
from steepest.summaries.open_data import open_data
from steepest.summaries.partition import Validation
from steepest.summaries.summarize import read

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(211, 2))
Y = X @ [1.0, 2.0] + GENERATOR.normal(size=211)
GROUP = GENERATOR.integers(0, 17, size=211)


def of_rows(rows):
    return read(open_data(X[rows], Y[rows])).triangle


def assert_same_rows(triangle, rows):
    expected = of_rows(rows)
    assert triangle.row_count == expected.row_count
    np.testing.assert_allclose(triangle.means, expected.means, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        triangle.centred.T @ triangle.centred, expected.centred.T @ expected.centred, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize(("share", "seed"), [(0.1, 0), (0.25, 7), (0.9, 2**62)])
def test_a_share_goes_where_the_hash_of_each_position_says(share, seed):
    out = held_out(np.arange(211, dtype=np.uint64), share, seed)
    summary = read(open_data(X, Y), Share(share, seed))
    assert_same_rows(summary.triangle, ~out)
    assert_same_rows(summary.test, out)
    assert summary.partition.whole is summary.triangle
    assert summary.sample.seed == seed
    assert read(open_data(X, Y), Share(share, seed), seed=1).sample.seed == 1  # which rows are kept is another question


@pytest.mark.parametrize(
    "split", [Folds(5), Folds(5, seed=4), Folds(4, shuffle=False), Folds(3, in_time=True), Folds(4, by_group=True)]
)
def test_folds_are_the_rows_of_their_labels(split):
    summary = read(open_data(X, Y, group=GROUP if split.by_group else None), split)
    parts = summary.partition
    assert len(parts.train) == len(parts.test) == split.count
    assert_same_rows(summary.triangle, np.full(211, True))
    assert summary.triangle.origins[0]["rows"] == 211
    assert summary.test is None
    for fold, (train, test) in enumerate(zip(parts.train, parts.test, strict=True)):
        assert_same_rows(test, parts.labels == fold)
        assert_same_rows(train, parts.labels < fold if split.in_time else parts.labels != fold)


def test_some_rows_of_either_kind_are_kept_spread_over_the_whole_table():
    n = 20_000
    table = open_data(np.arange(n)[:, None].astype(float), np.arange(n).astype(float))
    for split, seed in ((Share(0.2), None), (Share(0.01, 3), 3), (Share(0.8), 1)):
        summary = read(table, split, seed=seed, sample_rows=400)
        for sample, triangle in ((summary.sample, summary.triangle), (summary.test_sample, summary.test)):
            assert len(sample.X) == min(400, triangle.row_count)
            assert sample.X[:, 0].mean() == pytest.approx(n / 2, rel=0.15)  # 4 standard errors are 12% of it, or 8%
        assert not split.holds_out(summary.sample.positions).any()
        assert split.holds_out(summary.test_sample.positions).all()
    nothing = read(table, Share(0.2), sample_rows=0)
    assert len(nothing.sample.X) == len(nothing.test_sample.X) == 0


def test_rows_of_another_table_are_held_out_as_they_are():
    summary = read(open_data(X[:150], Y[:150]), Validation(open_data(X[150:], Y[150:])))
    assert summary.triangle.checksum == of_rows(slice(150)).checksum
    assert summary.test.checksum == of_rows(slice(150, None)).checksum
    np.testing.assert_array_equal(summary.sample.X, X[:150])
    np.testing.assert_array_equal(summary.test_sample.X, X[150:])
    own = Validation(summary.test, summary.test_sample)  # read already
    assert read(open_data(X[:150], Y[:150]), own).test_sample is summary.test_sample
    assert len(read(open_data(X[:150], Y[:150]), Validation(summary.test)).test_sample.X) == 0
    whole = read(summary.triangle, Validation(summary.test))  # triangles are read in no time
    assert (whole.triangle, whole.test) == (summary.triangle, summary.test)
    assert read(summary.triangle).test is None
    with pytest.raises(UsageError, match="has 1 features, the data 2"):
        read(open_data(X, Y), Validation(open_data(X[:, :1], Y)))


def test_what_cannot_be_held_out():
    triangle = of_rows(slice(None))
    for split in (Share(0.2), Folds(5)):
        with pytest.raises(UsageError, match="a triangle has no rows to hold out"):
            read(triangle, split)
    with pytest.raises(DataError, match="holds out none"):
        read(open_data(X[:2], Y[:2]), Share(1e-9))
    with pytest.raises(UsageError, match="folds must be a whole number"):
        Folds(1)
    with pytest.raises(UsageError, match="Give one of them"):
        Folds(5, by_group=True, in_time=True)
    assert Share.of(0.0) is None
