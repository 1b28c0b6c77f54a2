"""A sample of rows that stand for a table: which rows stay, and what they add up to."""

import numpy as np
import pytest

from steepest.data.batch import Batch
from steepest.summaries.row_sample import RowSampler


def table(n, seed=0, weighted=False):
    generator = np.random.default_rng(seed)
    X = generator.standard_t(4, size=(n, 3)) * [1.0, 5.0, 0.1] + 2
    y = X.sum(axis=1) + generator.normal(size=n) * np.abs(X[:, 0])
    weight = generator.integers(0, 3, size=n).astype(float) if weighted else None
    return Batch(X, y, ("a", "b", "c"), ("y",), weight)


def sample_of(rows, cut=10**9, seed=0, coordinates="standardized"):
    sampler = RowSampler(seed, coordinates)
    for first in range(0, len(rows), cut):
        sampler.add(rows.take(slice(first, first + cut)))
    return sampler.sample()


@pytest.mark.parametrize("n", [1, 2_047, 2_048, 8_192])
def test_a_short_table_is_kept_whole(n):
    rows = table(n)
    sample = sample_of(rows, 1_000)
    assert (sample.rows.X == rows.X).all()
    assert (sample.rows.y == rows.y).all()
    assert (sample.share == 1 / n).all()
    assert sample.row_count == n


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("coordinates", ["raw", "standardized"])
def test_the_same_rows_however_the_table_is_cut(weighted, coordinates):
    rows = table(20_000, weighted=weighted)
    whole = sample_of(rows, coordinates=coordinates)
    for cut in (311, 2_048, 7_777):
        sample = sample_of(rows, cut, coordinates=coordinates)
        assert (sample.rows.positions == whole.rows.positions).all()
        assert (sample.share == whole.share).all()
    assert len(whole) == 4_096
    assert (np.diff(whole.rows.positions.astype(np.int64)) > 0).all()
    assert (rows.X[whole.rows.positions.astype(int)] == whole.rows.X).all()
    assert whole.row_count == (20_000 if rows.weight is None else (rows.weight > 0).sum())
    assert set(sample_of(rows, seed=1).rows.positions) != set(whole.rows.positions)


def test_what_the_rows_stand_for_is_right_on_average():
    rows = table(12_000)
    fourth = ((rows.X - rows.X.mean(axis=0)) ** 2).sum(axis=1) ** 2
    found = []
    for seed in range(60):
        sample = sample_of(rows, seed=seed)
        chosen = sample.rows.positions.astype(int)
        found.append([sample.share.sum(), sample.share @ fourth[chosen], sample.share @ rows.y[chosen, 0]])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / 60**0.5
    truth = np.array([1.0, fourth.mean(), rows.y.mean()])
    assert (np.abs(mean - truth) <= 4 * error).all(), (mean / truth - 1, error / truth)


def test_large_rows_stand_for_themselves():
    rows = table(20_000)
    rows.X[[3_000, 15_000]] = 1e3
    sample = sample_of(rows)
    for position in (3_000, 15_000):
        assert sample.share[sample.rows.positions == position] == 1 / 20_000


def test_arrays_of_a_source_may_be_used_again():
    rows, sampler = table(3_000), RowSampler()
    for first in range(0, 3_000, 500):
        batch = rows.take(slice(first, first + 500))
        X = batch.X.copy()
        sampler.add(Batch(X, batch.y, batch.features, batch.targets, first_row=first))
        X[:] = np.nan
    assert (sampler.sample().rows.X == rows.X).all()


@pytest.mark.parametrize("where", [(0, 10_000), (3_000, 9_000)])
def test_values_whose_fourth_powers_leave_float64_are_sampled_all_the_same(where):
    rows = table(10_000)
    rows.X[slice(*where), 0] *= 1e140
    sample = sample_of(rows, coordinates="raw")
    assert len(sample) > 4_000
    assert np.isfinite(sample.share).all()
