"""Solution: against exact arithmetic with fractions, on every way the rows can come."""

import json
from fractions import Fraction

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest
from steepest.cli import _run as run
from steepest.errors import DataError, DataWarning, UsageError
from steepest.summaries.double_double import add, scaled, total, two_product, two_sum

floats = st.floats(-1e100, 1e100, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-100)


def exactly(*numbers):
    return sum((Fraction(float(v)) for part in numbers for v in np.ravel(part)), Fraction(0))


@given(floats, floats)
def test_sums_and_products_lose_nothing(a, b):
    high, low = two_sum(np.array(a), np.array(b))
    assert exactly(high, low) == Fraction(a) + Fraction(b)
    high, low = two_product(np.array(a), np.array(b))
    # below 1e-290 the low part itself would be rounded
    assert abs(float(high)) > 1e-250 or abs(exactly(high, low) - Fraction(a) * Fraction(b)) < Fraction(1, 10**300)
    if abs(float(high)) > 1e-250:
        assert exactly(high, low) == Fraction(a) * Fraction(b)
        assert float(high) == a * b


def test_where_the_large_parts_cancel_nothing_of_the_small_ones_is_lost():
    high, low = add((np.array(1.0), np.array(2.0**-54)), (np.array(-1.0), np.array(2.0**-110)))
    assert exactly(high, low) == Fraction(2) ** -54 + Fraction(2) ** -110


@given(st.lists(st.tuples(floats, st.floats(-1e-20, 1e-20)), min_size=1, max_size=17), st.floats(-1e9, 1e9))
def test_long_sums_keep_thirty_digits(pairs, factor):
    high, low = (np.array(part) for part in zip(*[(first, first * share) for first, share in pairs], strict=True))
    size = sum((abs(Fraction(h)) for h in high.tolist()), Fraction(0))
    exact = exactly(*high, *low)
    # a few units of 2^-104 for each of the five levels of pairs
    allowed = 40 * size / 2**104 + Fraction(1, 10**280)
    assert abs(exactly(*total((high, low))) - exact) <= allowed
    assert (
        abs(exactly(*add((high[:1], low[:1]), (high[-1:], low[-1:]))) - exactly(high[0], low[0], high[-1], low[-1]))
        <= allowed
    )
    times = scaled((high[:1], low[:1]), np.array([factor]))
    assert abs(exactly(*times) - exactly(high[0], low[0]) * Fraction(factor)) <= allowed * max(
        Fraction(1), abs(Fraction(factor))
    )


def exact_least_squares(A, y, weight=None):
    """Solve the normal equations in rational arithmetic."""
    n, p = A.shape
    rows = [[Fraction(v) for v in row] for row in A.tolist()]
    w = [Fraction(v) for v in (np.ones(n) if weight is None else weight).tolist()]
    t = [Fraction(v) for v in y.tolist()]
    M = [
        [sum((w[i] * rows[i][j] * rows[i][k] for i in range(n)), Fraction()) for k in range(p)]
        + [sum((w[i] * rows[i][j] * t[i] for i in range(n)), Fraction())]
        for j in range(p)
    ]
    for j in range(p):
        pivot = next(i for i in range(j, p) if M[i][j])
        M[j], M[pivot] = M[pivot], M[j]
        M[j] = [v / M[j][j] for v in M[j]]
        for i in range(p):
            if i != j:
                M[i] = [a - M[i][j] * b for a, b in zip(M[i], M[j], strict=True)]
    return np.array([float(row[-1]) for row in M])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("intercept", [True, False])
def test_the_last_digit_is_right(seed, intercept):
    """Polynomials far from zero: the standardized condition number is about 1e4 to 1e6, and residuals are large."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=30) + 3
    X = np.column_stack([x**k for k in range(1, 5)])
    y = X @ generator.normal(size=4) + 100 * generator.normal(size=30)
    weight = None if seed % 2 else generator.uniform(0.1, 3, size=30)
    answer = steepest.solve(X, y, weight=weight, fit_intercept=intercept)
    exact = exact_least_squares(np.column_stack([np.ones(30), X]) if intercept else X, y, weight)
    ours = np.r_[answer.bias, answer.weights] if intercept else answer.weights
    np.testing.assert_array_max_ulp(ours, exact, maxulp=1)
    plain = steepest.solve(steepest.summarize(X, y, weight=weight), fit_intercept=intercept)
    assert plain.looks == 0
    theirs = np.r_[plain.bias, plain.weights] if intercept else plain.weights
    assert np.abs(theirs - exact).max() > np.abs(ours - exact).max()  # the refinement is what does it
    assert answer.looks == 2


def test_rows_can_come_in_any_way(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    x = generator.normal(size=200) + 5
    frame = pandas.DataFrame({"a": x, "b": x**2, "c": x**3, "y": x**3 - x + generator.normal(size=200)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    exact = exact_least_squares(np.column_stack([np.ones(200), frame[["a", "b", "c"]]]), frame["y"].to_numpy())
    monkeypatch.setattr("steepest.analysis.solve.CHUNK", 100)  # 25 rows at once
    for data in (frame, str(tmp_path / "t.csv"), steepest.open_source(frame, target="y")):
        answer = (
            steepest.solve(data, target="y")
            if data is not frame
            else steepest.solve(data, target="y", features=["a", "b", "c"])
        )
        np.testing.assert_array_max_ulp(np.r_[answer.bias, answer.weights], exact, maxulp=1)
        assert answer.features == ("a", "b", "c")
    both = steepest.solve(frame[["a", "b", "c"]].to_numpy(), np.column_stack([frame["y"], -2 * frame["y"]]))
    np.testing.assert_array_max_ulp(np.vstack([both.bias, both.weights]), np.outer(exact, [1, -2]), maxulp=1)
    np.testing.assert_allclose(both.predict(np.ones((1, 3))), [[exact.sum(), -2 * exact.sum()]], rtol=1e-12)


def test_dependent_columns_get_the_least_norm_of_standardized_inputs():
    x = np.array([1.0, 2.0, 3.0, 5.0])
    with pytest.warns(DataWarning, match="collinear"):
        answer = steepest.solve(np.column_stack([x, x]), 3 * x + 1)
    np.testing.assert_array_max_ulp(np.r_[answer.bias, answer.weights], np.array([1.0, 1.5, 1.5]), maxulp=2)


def test_a_coefficient_of_zero_is_zero_and_settles_at_once():
    generator = np.random.default_rng(0)
    X = generator.integers(-1000, 1000, (50, 3)).astype(float)
    answer = steepest.solve(X, 2 * X[:, 0] + 5)
    assert (answer.bias, *answer.weights) == (5.0, 2.0, 0.0, 0.0)
    assert answer.looks <= 3
    assert steepest.solve(X, np.full(50, 1e9), weight=generator.uniform(1, 2, 50)).weights.tolist() == [0, 0, 0]


def test_the_error_is_refined_as_well():
    x = np.arange(21.0)
    noise = 1e-3 * (-1.0) ** x
    X = np.column_stack([x**k for k in range(1, 6)])
    y = X.sum(axis=1) + noise
    answer = steepest.solve(X, y)
    A, exact = np.column_stack([np.ones(21), X]), [answer.bias, *answer.weights]
    residuals = [
        Fraction(b) - sum(Fraction(a) * Fraction(w) for a, w in zip(row, exact, strict=True))
        for row, b in zip(A, y, strict=True)
    ]
    assert answer.rmse == pytest.approx(float(sum(r * r for r in residuals) / 21) ** 0.5, rel=1e-12)


def test_open_coefficients_are_named():
    x = np.array([1.0, 2.0, 3.0, 5.0])
    with pytest.warns(DataWarning, match="collinear: x2"):
        steepest.solve(np.column_stack([x, x]), x)
    with pytest.warns(DataWarning, match="constant: x2"):
        steepest.solve(np.column_stack([x, np.ones(4)]), x)


def test_other_rows_in_a_further_look_are_noticed():
    from steepest.analysis.solve import refine

    x = np.arange(6.0)[:, None]
    triangle = steepest.summarize(x, x[:, 0])
    with pytest.raises(DataError, match="found 5 of weight 5, and the first one 6"):
        refine(triangle, steepest.open_source(x[:5], x[:5, 0]).batches)


def test_where_no_correction_gets_through_that_is_said(tmp_path, capsys):
    x = np.linspace(3, 9, 60)
    pandas.DataFrame({"x": x, "y": np.sin(x)}).to_csv(tmp_path / "t.csv", index=False)
    assert run(["fit", str(tmp_path / "t.csv"), "--target", "y", "--degree", "10", "--refine", "--no-out"]) in (0, 4)
    assert "the condition number of these columns lets no correction through" in capsys.readouterr().out


def test_rows_of_weight_zero_may_hold_anything_finite():
    x, y = np.arange(5.0)[:, None], np.array([1.0, 3.0, 5.0, 7.0, 1e9])
    answer = steepest.solve(x, y, weight=[1, 1, 1, 1, 0])
    assert (answer.bias, answer.weights[0]) == (1.0, 2.0)


def test_what_a_solution_says():
    x = np.arange(4.0)[:, None]
    answer = steepest.solve(x, np.array([0.0, 1.0, 1.0, 3.0]))
    assert answer.rmse == pytest.approx(np.sqrt(np.mean((answer.predict(x) - [0, 1, 1, 3]) ** 2)), rel=1e-14)
    with pytest.raises(UsageError, match="y belongs to the table it was made from"):
        steepest.solve(answer.triangle, np.ones(4))
    with pytest.warns(DataWarning, match="2\\^53"):
        steepest.solve(np.array([[2**60], [2**60 + 2**12], [7]]), np.array([1.0, 2.0, 4.0]))


@pytest.mark.slow
@pytest.mark.parametrize("share", ["0", "0.3"])
def test_the_command_line_refines_as_well(tmp_path, capsys, share):
    """Wampler's polynomial, 1 + x + … + x⁵: every coefficient is exactly 1, also without the held-out rows."""
    x = np.arange(21.0)
    pandas.DataFrame({"x": x, "y": sum(x**k for k in range(6))}).to_csv(tmp_path / "w.csv", index=False)
    command = ["fit", str(tmp_path / "w.csv"), "--target", "y", "--degree", "5", "--refine", "--test-size", share]
    run([*command, "--out", str(tmp_path / "run")])
    assert "refined by 2 more looks at the rows; the last correction was" in capsys.readouterr().out
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["refined"]["bias"] == 1.0
    assert set(told["refined"]["weights"].values()) == {1.0}
    assert set(told["optimum"]["weights"].values()) != {1.0}  # the triangle's own answer has ten digits
    assert run([*command, "--no-out", "--l2", "1"]) == 2
    assert "--refine is for the least-squares answer" in capsys.readouterr().err
    assert run(["fit", str(tmp_path / "run" / "triangle"), "--refine", "--no-out"]) == 2
    assert "its rows are gone" in capsys.readouterr().err
