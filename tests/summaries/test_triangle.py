"""Laws of the triangle: it is the QR factor of the rows, and it adds."""

import dataclasses
import io
import itertools
import math
from fractions import Fraction
from functools import reduce

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.data.batch import Batch
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.summaries import gram
from steepest.summaries.triangle import Triangle
from steepest.summaries.triangularize import by_qr, merge
from steepest.support.array_file import is_array_file


def table(seed, n, d=3, t=1, offset=0.0, weighted=False):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) + offset
    y = generator.normal(size=(n, t)) + offset
    weight = generator.integers(0, 4, size=n).astype(float) if weighted else None
    names = tuple(f"x{j}" for j in range(d)), tuple(f"y{j}" for j in range(t))
    return Batch(X, y, *names, weight)


def assert_same(a, b, tolerance=1e-12):
    """Equal triangles up to `tolerance` of each column's length."""
    assert (a.features, a.targets, a.row_count) == (b.features, b.targets, b.row_count)
    assert a.total_weight == pytest.approx(b.total_weight, rel=1e-14)
    np.testing.assert_allclose(a.means, b.means, rtol=tolerance, atol=tolerance)
    length = np.linalg.norm(a.centred, axis=0)
    assert (np.abs(a.centred - b.centred) <= tolerance * np.maximum(length, 1e-300)).all()


def gram_exact(batch):
    """AᵀA for A = √w·[1 X y] in rational arithmetic."""
    rows = np.column_stack([np.ones(len(batch)), batch.X, batch.y])
    weight = np.ones(len(batch)) if batch.weight is None else batch.weight
    m = rows.shape[1]
    total = [[Fraction(0)] * m for _ in range(m)]
    for row, w in zip(rows.tolist(), weight.tolist(), strict=True):
        exact = [Fraction(v) for v in row]
        for i in range(m):
            for j in range(m):
                total[i][j] += Fraction(w) * exact[i] * exact[j]
    return np.array([[float(v) for v in row] for row in total])


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
    offset=st.sampled_from([0.0, 5.0, -1000.0]),
    weighted=st.booleans(),
)
def test_factor_is_the_cholesky_root_of_the_exact_gram_matrix(seed, n, offset, weighted):
    batch = table(seed, n, offset=offset, weighted=weighted)
    if weighted and not batch.weight.any():
        return
    triangle = Triangle.of(batch)
    gram = gram_exact(batch)
    np.testing.assert_allclose(triangle.factor.T @ triangle.factor, gram, rtol=1e-13, atol=1e-12 * np.abs(gram).max())
    np.testing.assert_array_equal(np.tril(triangle.factor, -1), 0)
    assert (np.diag(triangle.factor) >= 0).all()


@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    order=st.randoms(use_true_random=False),
    weighted=st.booleans(),
)
def test_any_split_and_any_order_of_merging_give_the_same_triangle(seed, cuts, order, weighted):
    batch = table(seed, 60, offset=100.0, weighted=weighted)
    edges = [0, *sorted(cuts), 60]
    parts = [Triangle.of(batch.take(slice(a, b))) for a, b in itertools.pairwise(edges)]
    while len(parts) > 1:
        i = order.randrange(len(parts) - 1)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    assert_same(parts[0], Triangle.of(batch))


def test_the_empty_triangle_is_neutral_to_the_bit():
    triangle = Triangle.of(table(0, 10))
    empty = Triangle.empty(triangle.features, triangle.targets)
    assert (empty + empty).row_count == 0
    for merged in (triangle + empty, empty + triangle):
        assert merged.checksum == triangle.checksum


def test_merging_changes_neither_side():
    a, b = Triangle.of(table(1, 10)), Triangle.of(table(2, 10))
    before = a.checksum, b.checksum
    _ = a + b
    assert (a.checksum, b.checksum) == before


def test_doubled_rows_are_weight_two_and_weight_zero_is_absence():
    batch = table(3, 12)
    twice = Batch(np.vstack([batch.X, batch.X]), np.vstack([batch.y, batch.y]), batch.features, batch.targets)
    heavy = Batch(batch.X, batch.y, batch.features, batch.targets, np.full(12, 2.0))
    assert_same(Triangle.of(twice), Triangle(**{**vars(Triangle.of(heavy)), "row_count": 24}))
    some = np.array([0.0, 1.0] * 6)
    absent = Triangle.of(Batch(batch.X, batch.y, batch.features, batch.targets, some))
    assert_same(absent, Triangle.of(batch.take(some > 0)))


def test_large_means_cost_no_digits():
    # a raw Gram matrix of x ~ N(1e4, 1) in float32 gives an intercept of -2.8 million where 3 is true
    generator = np.random.default_rng(4)
    x = generator.normal(1e8, 1.0, size=(1000, 1))
    run = steepest.descend(x, 2 * (x - 1e8) + 3, standardize=True)
    assert run.optimum.weights[0] == pytest.approx(2, rel=1e-12)
    assert run.optimum.bias == pytest.approx(3 - 2e8, rel=1e-12)


@given(seed=st.integers(0, 10**6), chosen=st.permutations(["x0", "x1", "x2", "y0"]), features=st.integers(1, 3))
def test_selecting_columns_is_the_triangle_of_those_columns(seed, chosen, features):
    batch = table(seed, 20, offset=3.0)
    columns = {"x0": batch.X[:, 0], "x1": batch.X[:, 1], "x2": batch.X[:, 2], "y0": batch.y[:, 0]}
    inputs, target = chosen[:features], chosen[features]
    direct = Batch(np.column_stack([columns[c] for c in inputs]), columns[target][:, None], tuple(inputs), (target,))
    assert_same(Triangle.of(batch).select(tuple(inputs), (target,)), Triangle.of(direct))


@pytest.mark.parametrize("names", [("x0", "x9"), ("x0", "x0")])
def test_selecting_what_is_not_there_is_refused(names):
    with pytest.raises(UsageError, match=r"unknown column 'x9'|a column stands twice"):
        Triangle.of(table(0, 5)).select(names)


def test_standardized_columns_have_mean_0_and_deviation_1():
    batch = table(5, 50, offset=7.0)
    standard = Triangle.of(batch).standardized()
    scaled = (batch.X - batch.X.mean(axis=0)) / batch.X.std(axis=0)
    assert_same(standard, Triangle.of(Batch(scaled, batch.y, batch.features, batch.targets)), 1e-12)
    np.testing.assert_allclose(standard.deviations[:3], 1, rtol=1e-14)


def test_triangles_of_other_columns_do_not_add():
    with pytest.raises(DataError, match="different columns"):
        Triangle.of(table(0, 5)) + Triangle.of(table(0, 5, d=2))


def test_many_blocks_and_few_rows():
    batch = table(6, 40_000, d=2, offset=50.0)
    rows = np.column_stack([batch.X, batch.y])
    triangle = Triangle.of(batch)
    np.testing.assert_allclose(triangle.means, rows.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(triangle.deviations, rows.std(axis=0), rtol=1e-12)
    one = Triangle.of(table(7, 1))
    assert one.row_count == 1
    np.testing.assert_array_equal(one.centred, 0)


def test_rmse_of_a_model_from_the_triangle_alone():
    batch = table(8, 30, d=2, t=2, offset=4.0, weighted=True)
    weights, bias = np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([0.3, -9.0])
    r = batch.X @ weights + bias - batch.y
    expected = np.sqrt((batch.weight[:, None] * r**2).sum(axis=0) / batch.weight.sum())
    np.testing.assert_allclose(Triangle.of(batch).rmse(weights, bias), expected, rtol=1e-12)


def test_files_give_the_same_bits_back(tmp_path):
    triangle = Triangle.of(table(9, 25, t=2, weighted=True))
    triangle.save(tmp_path / "s.triangle")
    loaded = Triangle.load(tmp_path / "s.triangle")
    assert loaded.checksum == triangle.checksum
    assert vars(loaded).keys() == vars(triangle).keys()
    assert [p.name for p in tmp_path.iterdir()] == ["s.triangle"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "pickle"])
def test_damaged_files_are_refused(tmp_path, damage):
    path = tmp_path / "s.triangle"
    Triangle.of(table(9, 25)).save(path)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        position = content.find(np.float64(Triangle.load(path).means[0]).tobytes())
        content[position] ^= 1
    changed = {
        "truncated": content[:200],
        "flipped": content,
        "empty": b"",
        "text": b"a,b\n1,2\n",
        "pickle": b"\x80\x04K\x01.",
    }
    path.write_bytes(bytes(changed[damage]))
    with pytest.raises(ModelFileError, match="Make it again"):
        Triangle.load(path)


def test_weights_must_be_numbers_not_below_zero():
    batch = table(0, 3)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(DataError, match="finite and not negative"):
            Triangle.of(Batch(batch.X, batch.y, batch.features, batch.targets, np.array([1.0, wrong, 1.0])))


def test_squares_that_overflow_by_their_weights_are_refused():
    X, weight = np.array([[1.0, 1e120], [2.0, -1e120], [4.0, 1e119]]), np.array([1.0, 1e80, 1.0])
    with pytest.raises(
        DataError, match=r"'x2' holds 1e\+120 \(1e\+160 with the root of its row's weight\).*divide all weights"
    ):
        steepest.summarize(X, [1.0, 2.0, 4.0], weight=weight)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_small_columns_of_light_rows_are_those_of_heavy_ones(fit_intercept, standardize):
    generator = np.random.default_rng(0)
    X, y, weight = generator.normal(size=(12, 2)) * 1e-140, generator.normal(size=12), generator.uniform(1, 2, 12)
    options = {"epochs": 20, "standardize": standardize, "fit_intercept": fit_intercept}
    light = steepest.descend(X, y, weight=weight * 2.0**-330, **options)
    heavy = steepest.descend(X, y, weight=weight, **options)
    np.testing.assert_allclose(light.loss(), heavy.loss(), rtol=1e-12)
    np.testing.assert_allclose(light.optimum.weights, heavy.optimum.weights, rtol=1e-12)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("size", [1e-152, 1e-158, 1e-161, 1e-200, 5e-324])
def test_columns_whose_squares_vanish_are_told_and_left_alone(size, fit_intercept):
    generator = np.random.default_rng(0)
    X, y = np.column_stack([generator.normal(size=12) * size, generator.normal(size=12)]), generator.normal(size=12)
    with pytest.warns(steepest.DataWarning, match="x1"):
        run = steepest.descend(X, y, epochs=20, fit_intercept=fit_intercept)
    assert run.problem.quadratic.rank == 1 + fit_intercept
    assert run.at(0).loss == pytest.approx(y @ y / 24, rel=1e-12)


def test_squares_that_overflow_are_refused_with_the_column():
    batch = table(0, 3)
    batch.X[1, 2] = 1e200
    with pytest.raises(DataError, match=r"squares overflow: column 'x2' holds 1e\+200"):
        Triangle.of(batch)


@given(
    seed=st.integers(0, 10**6),
    log_condition=st.floats(0, 1.2),
    offset=st.sampled_from([0.0, 1e3, -1e7]),
    weighted=st.booleans(),
    units=st.sampled_from([1.0, 1e-9, 1e12]),
)
@hypothesis.settings(max_examples=40)
def test_the_gram_path_gives_the_triangle_of_the_qr_path(seed, log_condition, offset, weighted, units):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(5000, 4))
    X[:, 3] = X[:, 0] + X[:, 3] / 10**log_condition
    y = X @ [[1.0], [2.0], [-1.0], [0.5]] + generator.normal(size=(5000, 1))
    X = (X + offset) * [units, 1.0, 1.0, 1.0]
    weight = generator.integers(1, 4, size=5000).astype(float) if weighted else None
    batch = Batch(X, y, ("a", "b", "c", "d"), ("y",), weight)
    by_gram = gram.triangularize(batch)
    assert by_gram is not None
    # ε·κ² at κ of 30 or so, and a few roundings
    qr = reduce(merge, [by_qr(batch.take(slice(a, a + 1000))) for a in range(0, 5000, 1000)])
    names = batch.features, batch.targets, 5000
    assert_same(Triangle(*names, *by_gram), Triangle(*names, *qr), 1e-12)


def test_the_gram_path_leaves_hard_blocks_to_qr():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(5000, 2))
    y = generator.normal(size=(5000, 1))

    def path(X, y=y):
        return gram.triangularize(Batch(X, y, tuple(f"x{j}" for j in range(X.shape[1])), ("y",)))

    assert path(X) is not None
    assert path(np.column_stack([X, X[:, 0] + 1e-3 * X[:, 1]])) is None  # nearly dependent
    assert path(np.column_stack([X, np.ones(5000)])) is None  # constant
    assert path(X, X[:, :1] + 2) is None  # an exact fit: what is left of y would be noise
    # a first chunk that says nothing of the others: its mean is 1e6 spreads from theirs
    n = 200_000
    late = generator.normal(size=(n, 1))
    late[30_000:] += 1e6
    late[:30_000] *= 1e-3
    drifting = gram.triangularize(Batch(late, generator.normal(size=(n, 1)), ("x",), ("y",)))
    assert drifting is None or drifting[1][0] == pytest.approx(late.mean(), rel=1e-12)
    overflowing = X.copy()
    overflowing[7, 0] = 1e200
    assert path(overflowing) is None
    nan = X.copy()
    nan[7, 0] = np.nan
    assert path(nan) is None


def parts_of(seed, count=4, weighted=True, d=3):
    return [Triangle.of(table(seed + i, 12 + i, d=d, offset=10.0 * i, weighted=weighted)) for i in range(count)]


@given(seed=st.integers(0, 10**6), factor=st.floats(1e-6, 1e6), weighted=st.booleans())
def test_scaled_is_the_triangle_of_the_same_rows_with_weights_times_the_factor(seed, factor, weighted):
    batch = table(seed, 30, offset=7.0, weighted=weighted)
    weight = np.ones(30) if batch.weight is None else batch.weight
    if not weight.any():
        return
    rows = Batch(batch.X, batch.y, batch.features, batch.targets, weight)
    heavier = Batch(batch.X, batch.y, batch.features, batch.targets, weight * factor)
    scaled, literal = Triangle.of(rows).scaled(factor), Triangle.of(heavier)
    assert_same(scaled, literal)
    assert scaled.row_count == int((weight > 0).sum())
    assert scaled.log_weights == pytest.approx(literal.log_weights, rel=1e-12, abs=1e-10)


def test_scaling_by_powers_of_four_loses_no_bit_and_scaling_changes_nothing_in_place():
    triangle = parts_of(0, 1)[0]
    before = triangle.checksum
    assert triangle.scaled(4.0).scaled(0.25) == dataclasses.replace(
        triangle, log_weights=triangle.scaled(4.0).scaled(0.25).log_weights
    )
    assert triangle.scaled(4.0).scaled(0.25).log_weights == pytest.approx(triangle.log_weights, abs=1e-12)
    assert triangle.scaled(1) == triangle
    assert triangle.checksum == before
    assert triangle.scaled(2.0) != triangle


def test_exponential_decay_day_by_day_is_the_weighted_table_of_all_days():
    days = [table(seed, 5, offset=seed) for seed in range(20)]
    decayed = reduce(
        lambda old, day: old.scaled(0.9) + Triangle.of(day), days, Triangle.empty(days[0].features, days[0].targets)
    )
    weight = np.repeat(0.9 ** np.arange(19, -1, -1), 5)
    X, y = np.concatenate([day.X for day in days]), np.concatenate([day.y for day in days])
    assert_same(decayed, Triangle.of(Batch(X, y, days[0].features, days[0].targets, weight)))
    assert decayed.total_weight == pytest.approx(weight.sum(), rel=1e-14)


@pytest.mark.parametrize("factor", [0, -1.0, math.inf, math.nan, True, "2"])
def test_a_factor_that_is_no_weight_is_refused(factor):
    with pytest.raises(UsageError, match="factor must be a finite number above 0"):
        parts_of(0, 1)[0].scaled(factor)


def test_decay_until_nothing_is_left_is_refused_and_nothing_can_be_scaled():
    with pytest.raises(UsageError, match="leave float64"):
        parts_of(0, 1)[0].scaled(1e-200).scaled(1e-200)
    empty = Triangle.empty(("x",), ("y",))
    assert empty.scaled(0.5) == empty


@given(seed=st.integers(0, 10**6), count=st.integers(1, 6), weighted=st.booleans())
def test_sum_has_the_bits_of_repeated_addition_and_python_can_sum_too(seed, count, weighted):
    parts = parts_of(seed, count, weighted)
    one_by_one = reduce(Triangle.__add__, parts)
    assert (
        Triangle.sum(iter(parts))
        == one_by_one
        == sum(parts)
        == sum(parts, Triangle.empty(parts[0].features, parts[0].targets))
    )
    assert Triangle.sum(parts).checksum == one_by_one.checksum


def test_sums_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="no triangle to sum"):
        Triangle.sum([])
    with pytest.raises(DataError, match="different columns"):
        Triangle.sum([*parts_of(0, 1), *parts_of(0, 1, d=2)])
    for other in (1, 0.0, False, None, "0"):
        with pytest.raises(TypeError):
            other + parts_of(0, 1)[0]


def test_triangles_are_equal_by_value_whatever_they_came_from():
    one, same, other = parts_of(0, 1)[0], parts_of(0, 1)[0], parts_of(1, 1)[0]
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert dataclasses.replace(one, origins=({"name": "monday.csv", "rows": 12},)) == one
    assert dataclasses.replace(one, log_weights=1.0) != one
    assert dataclasses.replace(one, features=("a", "b", "c")) != one
    assert one != one.checksum


@given(seed=st.integers(0, 10**6), weighted=st.booleans())
def test_bytes_and_back_give_the_same_triangle_with_its_origins(seed, weighted):
    triangle = dataclasses.replace(parts_of(seed, 1, weighted)[0], origins=({"name": "é.csv", "rows": 12},))
    again = Triangle.from_bytes(triangle.to_bytes())
    assert again == triangle
    assert again.origins == triangle.origins
    assert again.to_bytes() == triangle.to_bytes()


def test_the_bytes_are_those_of_the_file(tmp_path):
    triangle = parts_of(3, 1)[0]
    triangle.save(tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == triangle.to_bytes()
    assert Triangle.load(tmp_path / "t") == triangle


def packed_again(content):
    """The same file as a ZIP program would pack it."""
    stream = io.BytesIO()
    with np.load(io.BytesIO(content)) as held:
        np.savez_compressed(stream, **held)
    return stream.getvalue()


@pytest.mark.parametrize("pack", [bytes, packed_again])
def test_bytes_that_are_no_triangle_are_refused_wherever_they_are_damaged(pack, tmp_path):
    triangle = parts_of(0, 1, d=1)[0]
    whole = pack(triangle.to_bytes())
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        try:
            told = Triangle.from_bytes(bytes(damaged))
        except ModelFileError as error:
            told = str(error)[:16]
        # a byte may say nothing, as a date in the ZIP
        assert told in ("the byte string ", triangle), position
        (tmp_path / "t").write_bytes(damaged)
        assert is_array_file(tmp_path / "t", "steepest-triangle") in (True, False)
    for other in (b"", b"PK", whole[:-1], b"{}", whole[: len(whole) // 2]):
        with pytest.raises(ModelFileError, match="the byte string is not a triangle that steepest wrote"):
            Triangle.from_bytes(other)
