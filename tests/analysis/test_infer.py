"""The coefficient table against NIST's certified values, rational arithmetic, statsmodels, and laws."""

import json
import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import steepest
from steepest.data.batch import Batch
from steepest.data.split import held_out
from steepest.errors import DataError, UsageError
from steepest.summaries.triangle import Triangle
from tests.analysis.test_nist import FOLDER, R_DIGITS, read
from tests.strategies import problems
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

EXACT_FITS = ("Wampler1", "Wampler2")


def digits(ours, certified):
    """Correct digits of the worst number, 15 at most: NIST prints no more."""
    ours, certified = np.atleast_1d(ours).astype(float), np.atleast_1d(certified).astype(float)
    with np.errstate(divide="ignore"):
        return float(np.minimum(15, -np.log10(np.abs(ours - certified) / np.abs(certified))).min())


def rational_table(batch, intercept):
    """Standard errors, residual SD and R² of a float64 table by rational arithmetic: normal equations without rounding."""
    rows = [([Fraction(1)] if intercept else []) + list(map(Fraction, row)) for row in batch.X.tolist()]
    y = [Fraction(value) for value in batch.y[:, 0].tolist()]
    p = len(rows[0])
    work = [
        [sum((row[i] * row[j] for row in rows), Fraction()) for j in range(p)]
        + [sum((row[i] * v for row, v in zip(rows, y, strict=True)), Fraction())]
        + [Fraction(i == j) for j in range(p)]
        for i in range(p)
    ]
    for j in range(p):
        pivot = next(i for i in range(j, p) if work[i][j])
        work[j], work[pivot] = work[pivot], work[j]
        work[j] = [value / work[j][j] for value in work[j]]
        for i in range(p):
            if i != j and work[i][j]:
                work[i] = [a - work[i][j] * b for a, b in zip(work[i], work[j], strict=True)]
    theta = [row[p] for row in work]
    squares = sum(
        (v - sum(a * b for a, b in zip(row, theta, strict=True))) ** 2 for row, v in zip(rows, y, strict=True)
    )
    level = sum(y) / len(y) if intercept else 0
    total = sum((v - level) ** 2 for v in y)
    variance = squares / (len(y) - p)
    return [math.sqrt(variance * work[j][p + 1 + j]) for j in range(p)], math.sqrt(variance), float(1 - squares / total)


@pytest.mark.skipif(not FOLDER.exists(), reason="the NIST sets are not part of the project; they lie in ../shared/data")
@pytest.mark.parametrize("name", R_DIGITS)
def test_nist_certified_values(name, capsys):
    batch, _, intercept = read(name)
    certified = json.loads((FOLDER / f"{name}.json").read_text())["certified"]
    errors = np.array([float(p["std_error"]) for p in certified["parameters"]])
    sd, squared, f = (
        float(certified["residual_sd"]),
        float(certified["r_squared"]),
        float(certified["anova"]["regression"]["F"]),
    )
    table = steepest.infer(Triangle.of(batch), fit_intercept=intercept)
    assert table.is_exact == (name in EXACT_FITS)
    if table.is_exact:
        # NIST certifies 0 and F = Infinity; ours are what float64's rounding leaves open: 8 digits of each coefficient
        with capsys.disabled():
            print(
                f"  NIST {name:9s} exact: standard errors at most {(table.standard_errors / np.abs(table.coefficients)).max():.0e} of the coefficients"
            )
        assert (table.standard_errors <= 1e-8 * np.abs(table.coefficients)).all()
        assert table.residual_sd < 1e-13 * batch.y.max()
        assert table.r_squared == 1
        return
    found = [digits(table.standard_errors, errors), digits(table.residual_sd, sd)]
    found += [digits(table.r_squared, squared), digits(table.f_statistic, f)]
    # no method can do better than the exact answer of the powers rounded to float64: Filip's have 7.6 digits
    limit = [digits(a, b) for a, b in zip(rational_table(batch, intercept), (errors, sd, squared), strict=True)]
    with capsys.disabled():
        print(
            f"  NIST {name:9s} standard errors {found[0]:5.2f}, residual SD {found[1]:5.2f}, R² {found[2]:5.2f}, F {found[3]:5.2f} digits"
            f" (the float64 design allows {limit[0]:5.2f}, {limit[1]:5.2f}, {limit[2]:5.2f})"
        )
    for ours, best in zip(found, (*limit, limit[1]), strict=True):
        assert ours >= min(best, 14) - 0.5


def problem(seed, n=40, d=3):
    """A table of everyday numbers: offsets, scales, errors that grow with the first input, weights with a 0."""
    g = np.random.default_rng(seed)
    X = g.normal(size=(n, d)) * [1, 20, 0.1][:d] + [3, -50, 0][:d]
    y = 2 + X @ [1, -0.3, 5][:d] + g.normal(size=n) * (0.5 + np.abs(X[:, 0]))
    weight = g.uniform(0.2, 3, size=n)
    weight[[0, 17]] = 0
    return X, y, weight


def reference(X, y, weight=None, intercept=True, robust=None):
    """Statsmodels' results on the rows that count."""
    import statsmodels.api as sm

    design = np.column_stack([np.ones(len(X)), X]) if intercept else X
    if weight is None:
        model = sm.OLS(y, design)
    else:
        on = weight > 0
        model = sm.WLS(y[on], design[on], weights=weight[on])
    return model.fit(cov_type=robust or "nonrobust", use_t=True), model


CLOSE = 1e-10  # two float64 algorithms on columns of scaled condition below 100: about ε·100² each


@pytest.mark.parametrize("robust", [None, "HC0", "HC1", "HC2", "HC3"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_everything_agrees_with_statsmodels(seed, intercept, weighted, robust):
    from statsmodels.stats.stattools import durbin_watson

    X, y, weight = problem(seed)
    weight = weight if weighted else None
    theirs, _ = reference(X, y, weight, intercept, robust)
    run = steepest.descend(X, y, weight=weight, fit_intercept=intercept, standardize=bool(seed))
    ours = run.summary(0.9, robust, data=steepest.open_source(X, y, weight=weight))
    pairs = {
        "coefficients": theirs.params,
        "standard_errors": theirs.bse,
        "t_values": theirs.tvalues,
        "p_values": theirs.pvalues,
        "lower": theirs.conf_int(0.1)[:, 0],
        "upper": theirs.conf_int(0.1)[:, 1],
        "covariance": theirs.cov_params(),
        "degrees_of_freedom": theirs.df_resid,
        "residual_sd": math.sqrt(theirs.scale),
        "r_squared": theirs.rsquared,
        "adjusted_r_squared": theirs.rsquared_adj,
        "f_statistic": theirs.fvalue,
        "f_p_value": theirs.f_pvalue,
        "log_likelihood": theirs.llf,
        "aic": theirs.aic,
        "bic": theirs.bic,
        "row_count": theirs.nobs,
        "durbin_watson": durbin_watson(theirs.wresid),
        "condition_number": theirs.condition_number**2,
    }
    for name, value in pairs.items():
        np.testing.assert_allclose(getattr(ours, name), value, rtol=CLOSE, err_msg=name)
    assert ours.f_degrees_of_freedom == (theirs.df_model, theirs.df_resid)
    new = X[:5] * 1.5 + 1
    frame = theirs.get_prediction(np.column_stack([np.ones(5), new]) if intercept else new).summary_frame(alpha=0.1)
    for kind, names in {
        "mean": ("mean_ci_lower", "mean_ci_upper"),
        "prediction": ("obs_ci_lower", "obs_ci_upper"),
    }.items():
        fit, lower, upper = ours.predict(new, kind)
        for mine, other in ((fit, "mean"), (lower, names[0]), (upper, names[1])):
            np.testing.assert_allclose(mine, frame[other], rtol=CLOSE)
    np.testing.assert_allclose(ours.predict(new)[0], run.optimum.predict(new), rtol=CLOSE)


def test_the_free_function_and_a_frame_give_the_same():
    import pandas as pd

    X, y, weight = problem(4)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": np.where(X[:, 2] > 0, "u", "v"), "y": y, "w": weight})
    coded = np.column_stack([X[:, :2], frame["kind"] == "v"]).astype(float)
    source = steepest.open_source(frame, target="y", weight="w")
    run = steepest.descend(source)
    for ours in (
        steepest.infer(frame, target="y", weight="w", robust="HC2"),
        run.summary(robust="HC2", data=source),
        steepest.infer(coded, y, weight=weight, robust="HC2"),
    ):
        theirs, _ = reference(coded, y, weight, robust="HC2")
        np.testing.assert_allclose(ours.standard_errors, theirs.bse, rtol=CLOSE)
    assert steepest.infer(frame, target="y", weight="w").names == ("intercept", "a", "b", "kind=v")
    plain = steepest.descend(frame.drop(columns="w"), target="y")
    again = plain.summary(data=frame)  # coded as before
    assert again.durbin_watson == pytest.approx(plain.summary(data=coded, y=y).durbin_watson, rel=1e-12)
    assert steepest.infer(plain.problem.triangle, target="y").durbin_watson is None


NUMBERS = ("standard_errors", "t_values", "p_values", "lower", "upper", "covariance", "degrees_of_freedom", "residual_sd", "r_squared",
           "adjusted_r_squared", "f_statistic", "f_p_value", "log_likelihood", "aic", "bic", "total_weight", "durbin_watson")  # fmt: skip


@pytest.mark.parametrize("robust", ["HC0", "HC1", "HC2", "HC3"])
def test_frequency_2_is_each_row_twice(robust):
    X, y, _ = problem(7)
    twice = steepest.infer(np.repeat(X, 2, axis=0), np.repeat(y, 2), robust=robust)
    heavy = steepest.infer(X, y, weight=np.full(len(X), 2.0), weights="frequency", robust=robust)
    for name in NUMBERS:
        # a bound next to 0 is the difference of two numbers of about 1, each good to some ε
        close = {"rtol": 1e-12, "atol": 1e-14 if name in ("lower", "upper") else 0.0}
        np.testing.assert_allclose(getattr(heavy, name), getattr(twice, name), **close, err_msg=name)
    assert any("frequencies" in note for note in heavy.notes)
    assert heavy.row_count == 40
    assert twice.row_count == 80


def test_only_the_proportions_of_precisions_matter():
    X, y, weight = problem(8)
    one, other = (steepest.infer(X, y, weight=w, robust="HC3") for w in (weight, 1000 * weight))
    for name in set(NUMBERS) - {"residual_sd", "total_weight"}:
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-11, err_msg=name)
    # weights whose sum is the number of rows are weights all the same
    even = np.tile([0.5, 1.5], 20)
    theirs, _ = reference(X, y, even)
    ours = steepest.infer(X, y, weight=even)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=CLOSE)
    assert any("precisions" in note for note in ours.notes)
    assert not any("precisions" in note for note in steepest.infer(X, y).notes)


@pytest.mark.slow
@given(problem=problems(), factor=st.sampled_from([1e-9, 3.0, 2.0**40]), seed=st.integers(0, 100))
def test_laws_of_merging_scaling_and_order(problem, factor, seed):
    X, y = problem
    if len(X) <= X.shape[1] + 1:
        return
    whole = steepest.infer(X, y)
    cut = len(X) // 2
    merged = steepest.infer(steepest.summarize(X[:cut], y[:cut]) + steepest.summarize(X[cut:], y[cut:]))
    scaled = steepest.infer(np.column_stack([factor * X[:, 0], X[:, 1:]]), y)
    order = np.random.default_rng(seed).permutation(X.shape[1])
    shuffled = steepest.infer(X[:, order], y)
    unit = np.ones(len(whole.names))
    unit[1] = factor
    place = np.concatenate([[0], 1 + order])
    # condition up to 30, residuals of 0.3: ε·30² and some rounding of sums
    for name in ("coefficients", "standard_errors"):
        here = getattr(whole, name)
        size = np.maximum(np.abs(here), whole.standard_errors)
        assert (np.abs(getattr(merged, name) - here) <= 1e-11 * size).all()
        assert (np.abs(getattr(scaled, name) * unit - here) <= 1e-11 * size).all()
        assert (np.abs(getattr(shuffled, name) - here[place]) <= 1e-11 * size[place]).all()
    for other in (merged, scaled, shuffled):
        assert other.residual_sd == pytest.approx(whole.residual_sd, rel=1e-11)
        assert other.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-11, abs=1e-9)


def test_a_far_offset_costs_no_digits():
    X, y, _ = problem(3)
    X = np.round(X * 2**20) / 2**20  # so that the shift is exact
    here, far = steepest.infer(X, y), steepest.infer(X + 2.0**30, y)
    np.testing.assert_allclose(far.standard_errors[1:], here.standard_errors[1:], rtol=1e-12)
    rational, _, _ = rational_table(Batch(X + 2.0**30, y[:, None], ("a", "b", "c"), ("y",)), True)
    np.testing.assert_allclose(far.standard_errors, rational, rtol=1e-12)
    assert here.predict(X)[2] == pytest.approx(far.predict(X + 2.0**30)[2], rel=1e-12)


@pytest.mark.slow
def test_intervals_hold_what_they_say():
    # 95% of 2,000 intervals hold the truth, within four binomial standard deviations of 0.005
    g = np.random.default_rng(11)
    X = g.normal(size=(20, 2))
    hits = 0
    for _ in range(2_000):
        table = steepest.infer(X, 1 + X @ [2.0, 0.0] + g.normal(size=20))
        hits += table.lower[1] <= 2 <= table.upper[1]
    assert abs(hits / 2_000 - 0.95) < 0.02


def test_many_batches_are_one(monkeypatch):
    X, y, weight = problem(5)
    run = steepest.descend(X, y, weight=weight)
    one = run.summary(robust="HC3", data=steepest.open_source(X, y, weight=weight))
    monkeypatch.setattr("steepest.analysis.residuals.ROWS", 3)
    monkeypatch.setattr("steepest.data.sources.arrays.BATCH_ROWS", 7)
    many = run.summary(robust="HC3", data=steepest.open_source(X, y, weight=weight))
    np.testing.assert_allclose(many.covariance, one.covariance, rtol=1e-11)
    assert many.durbin_watson == pytest.approx(one.durbin_watson, rel=1e-12)


def test_several_targets_are_asked_for_by_name():
    X, y, _ = problem(6)
    run = steepest.descend(X, np.column_stack([y, X[:, 0] ** 2]), target=["a", "b"])
    np.testing.assert_allclose(run.summary(target="b", data=X, y=np.column_stack([y, X[:, 0] ** 2])).standard_errors,
                               steepest.infer(X, X[:, 0] ** 2).standard_errors, rtol=1e-12)  # fmt: skip
    np.testing.assert_allclose(run.summary(target="a").t_values, steepest.infer(X, y).t_values, rtol=1e-11)
    assert run.summary(target="a").target == "a"
    for wrong in (None, "c"):
        with pytest.raises(UsageError, match="of one target, of a and b"):
            run.summary(target=wrong)


def test_an_unfinished_run_is_told_from_its_table():
    X, y, _ = problem(0)
    short = steepest.descend(X, y, epochs=5, standardize=True, learning_rate=0.1)
    table = short.summary()
    note = table.notes[-1]
    apart = np.abs(np.concatenate([[short.bias], short.weights]) - table.coefficients) / table.standard_errors
    assert "has not converged (" in note
    assert f"{apart.max():.3g} standard errors away" in note
    assert f"its own {table.names[int(apart.argmax())]} is" in note
    assert "not of the run" in str(table)
    np.testing.assert_allclose(table.coefficients[1:], short.optimum.weights, rtol=1e-13)
    assert steepest.descend(X, y, standardize=True).summary().notes == ()
    # within 1e-6 of its start error counts as converged, and is far off where the errors are a 10^8th of the target
    far = 1e6 + X[:, :1].ravel() + 0.01 * np.cos(9 * y)
    near = steepest.descend(X[:, :1], far, standardize=True, learning_rate=0.5, epochs=21)
    assert near.verdict.kind == "converged"
    assert "The run ended short of it: its own intercept is" in near.summary().notes[-1]
    diverged = steepest.descend(X, y, learning_rate=10.0, epochs=100_000).summary().notes[-1]
    assert "has not converged (diverges)" in diverged


def exact(value):
    """No number that JSON does not know."""
    return json.loads(json.dumps(value.as_json(), allow_nan=False))


def test_exact_fits_have_defined_values(line):
    table = steepest.descend(*line, learning_rate=1e-4, epochs=200_000, objective="quarter_mse").summary(
        data=line[0], y=line[1]
    )
    assert table.is_exact
    assert table.r_squared == table.adjusted_r_squared == 1
    assert (table.log_likelihood, table.aic, table.bic, table.durbin_watson) == (None, None, None, None)
    assert 0 < table.residual_sd < 1e-12
    assert (np.abs(table.coefficients - [2, 0.5]) <= table.standard_errors * 10).all()
    assert all(
        np.isfinite(getattr(table, name)).all()
        for name in ("standard_errors", "t_values", "p_values", "lower", "upper")
    )
    assert "exact to rounding" in str(table)
    assert "its own intercept is 1.83397, the table's 2. The" in table.notes[-1]
    exact(table)
    x = line[0]
    for y, level in ((0 * x[:, 0], 0), (0 * x[:, 0] + 5, 5)):
        flat = steepest.infer(x, y)
        assert (flat.r_squared, flat.adjusted_r_squared) == (None, None)
        np.testing.assert_allclose(flat.coefficients, [level, 0], atol=1e-13)
        assert flat.p_values[1] > 0.5  # the slope cannot be told from 0
        assert not np.isnan(flat.t_values).any()
        assert "does not vary" in str(flat)
        exact(flat)
    # a residual that float64 can tell is no rounding, 100 times the bound
    g = np.random.default_rng(0)
    assert not steepest.infer(x, line[1] + 1e-10 * g.normal(size=300)).is_exact


def test_json_says_what_the_table_says():
    X, y, _ = problem(2)
    table = steepest.infer(X, y, robust="HC1")
    answer = exact(table)
    assert [row["name"] for row in answer["coefficients"]] == list(table.names)
    assert [row["p"] for row in answer["coefficients"]] == table.p_values.tolist()
    assert answer["robust"] == "HC1"
    assert answer["durbin_watson"] == table.durbin_watson
    assert answer["covariance"] == table.covariance.tolist()
    text = str(table)
    lines = text.splitlines()
    assert len({len(row) for row in lines[1:6]}) == 1  # aligned
    for word in ("intercept", "x3", "HC1 standard errors", "degrees of freedom", "Durbin-Watson", "AIC", "95% from"):
        assert word in text
    odd = steepest.descend(X, y, features=["\x1b[31m", "\x1b[32m", "\x1b[33m"], fit_intercept=False, epochs=1).summary()
    assert "\x1b[3" in odd.notes[-1]
    assert "\x1b" not in str(odd)


def test_the_distributions_are_scipys():
    X, y, _ = problem(9)
    table = steepest.infer(X, y, confidence=0.999)
    df = table.degrees_of_freedom
    np.testing.assert_allclose(table.p_values, 2 * stats.t.sf(np.abs(table.t_values), df), rtol=1e-12)
    np.testing.assert_allclose(
        (table.upper - table.coefficients) / table.standard_errors, stats.t.ppf(0.9995, df), rtol=1e-10
    )


WRONG = {
    "confidence of 95": ({"confidence": 95}, UsageError, "between 0 and 1"),
    "confidence of 1": ({"confidence": 1.0}, UsageError, "between 0 and 1"),
    "unknown robust": ({"robust": "HC4"}, UsageError, '"HC3" or None'),
    "robust without rows": ({"robust": "HC3"}, UsageError, "second look"),
    "unknown weights": ({"weights": "sampling"}, UsageError, '"precision" or "frequency"'),
    "y alone": ({"y": [1.0]}, UsageError, "y goes with data"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options(name):
    options, error, text = WRONG[name]
    X, y, _ = problem(0)
    with pytest.raises(error, match=text):
        steepest.descend(X, y).summary(**options)


def test_what_has_no_standard_errors_is_refused():
    X, y, weight = problem(0)
    with pytest.raises(UsageError, match=r"l2=0.1 pulls .* biased"):
        steepest.descend(X, y, l2=0.1).summary()
    with pytest.raises(DataError, match=r"x[124] can be computed"):
        steepest.infer(np.column_stack([X, X[:, 0] - X[:, 1]]), y)
    with pytest.raises(DataError, match="x4 has the same value in every row"):
        steepest.infer(np.column_stack([X, np.full(40, 7.0)]), y)
    assert steepest.infer(np.column_stack([X, np.full(40, 7.0)]), y, fit_intercept=False).names[3] == "x4"
    for rows in (3, 4):
        with pytest.raises(DataError, match=f"{rows} rows and 4 coefficients leave no degree of freedom"):
            steepest.infer(X[:rows], y[:rows])
    assert steepest.infer(X[:5], y[:5]).degrees_of_freedom == 1
    with pytest.raises(DataError, match="sum of the frequencies"):
        steepest.infer(X, y, weight=np.full(40, 0.1), weights="frequency")
    with pytest.raises(UsageError, match="a triangle has none"):
        steepest.infer(steepest.summarize(X, y), robust="HC3")
    run = steepest.descend(X, y, weight=weight)
    with pytest.raises(UsageError, match="a triangle has none"):
        run.summary(data=steepest.summarize(X, y))
    for data, target in ((X, y), (X[1:], y[1:]), (X, y[::-1])):
        with pytest.raises(DataError, match="not those of the run"):
            run.summary(data=data, y=target)
    with pytest.raises(DataError, match="the run x1, x2 and x3"):
        run.summary(data=steepest.open_source(X, y, weight=weight, features=["a", "b", "c"]))
    with pytest.raises(UsageError, match="X has"):
        run.summary(data=X[:, :2], y=y)


def test_a_row_of_leverage_1_is_named():
    X, y, _ = problem(0)
    alone = np.column_stack([X, np.arange(40) == 13]).astype(float)
    for robust in ("HC2", "HC3"):
        with pytest.raises(DataError, match=r"row 13 .* leverage 1"):
            steepest.infer(alone, y, robust=robust)
    theirs, _ = reference(alone, y, robust="HC1")
    np.testing.assert_allclose(steepest.infer(alone, y, robust="HC1").standard_errors, theirs.bse, rtol=1e-9)


def test_predictions_are_checked():
    X, y, _ = problem(0)
    table = steepest.infer(X, y)
    with pytest.raises(UsageError, match='"prediction" or "mean"'):
        table.predict(X, "median")
    with pytest.raises(DataError, match="3 features"):
        table.predict(X[:, :2])
    with pytest.raises(DataError, match="are NaN"):
        table.predict(X * np.nan)
    wide, narrow = (table.predict(X, confidence=c) for c in (0.99, 0.5))
    assert (wide[1] < narrow[1]).all()
    np.testing.assert_array_equal(wide[0], narrow[0])


def test_triangles_keep_what_a_likelihood_asks_of_weights(tmp_path):
    X, y, weight = problem(1)
    a, b = (steepest.summarize(X[part], y[part], weight=weight[part]) for part in (slice(20), slice(20, 40)))
    (a + b).save(tmp_path / "t")
    held = steepest.infer(Triangle.load(tmp_path / "t"))
    assert held.log_likelihood == pytest.approx(reference(X, y, weight)[0].llf, rel=CLOSE)
    header, arrays = (a + b).parts()
    del header["log_weights"]  # a file from before there were any
    old = steepest.infer(Triangle.from_parts(header, arrays))
    assert (old.log_likelihood, old.aic) == (None, None)
    assert "earlier version" in str(old)
    np.testing.assert_array_equal(old.standard_errors, held.standard_errors)
    assert steepest.infer(Triangle.from_parts(header, arrays), weights="frequency").aic is not None


@pytest.mark.process
def test_a_summary_does_without_scipy_stats():
    # it takes a second to import; the two functions that are needed are in scipy.special
    code = "import sys, steepest; steepest.infer([[1.0], [2.0], [4.0], [5.0]], [1, 2, 3, 5]); print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


FIT = ("fit", PENGUINS, "--target", "body_mass_g")


def penguins():
    rows = np.loadtxt(PENGUINS, delimiter=",", skiprows=1)
    return rows[:, :-1], rows[:, -1]


@pytest.mark.slow
def test_the_command_line_prints_the_table_and_keeps_it(tmp_path):
    theirs, _ = reference(*penguins())
    result = steepest_command(*FIT, "--summary", "--out", "run", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    rows = answer["summary"]["coefficients"]
    # raw years and a condition of 5e6 cost statsmodels' pseudo-inverse the digits after the eighth
    np.testing.assert_allclose([row["standard_error"] for row in rows], theirs.bse, rtol=1e-8)
    np.testing.assert_allclose([row["t"] for row in rows], theirs.tvalues, rtol=1e-7)
    assert answer["summary"]["durbin_watson"] is None
    assert json.loads((tmp_path / "run" / "run.json").read_text())["summary"] == answer["summary"]
    text = steepest_command(*FIT, "--no-out", "--summary", cwd=tmp_path).stdout
    assert "residual SD 384.226 with 337 degrees of freedom" in text
    assert "F 287.131 with 4 and 337" in text
    assert "95% from" in text
    assert "coefficient" not in steepest_command(*FIT, "--no-out", cwd=tmp_path).stdout
    assert "summary" not in json.loads(steepest_command(*FIT, "--no-out", "--json", cwd=tmp_path).stdout)


def test_robust_errors_on_the_command_line_read_the_rows_that_were_learned_from(tmp_path):
    X, y = penguins()
    theirs, _ = reference(X, y, robust="HC3")
    answer = json.loads(steepest_command(*FIT, "--no-out", "--robust", "HC3", "--json", cwd=tmp_path).stdout)
    np.testing.assert_allclose(
        [row["standard_error"] for row in answer["summary"]["coefficients"]], theirs.bse, rtol=1e-8
    )
    assert 0 < answer["summary"]["durbin_watson"] < 4
    held = (*FIT, "--no-out", "--json", "--test-size", "0.3", "--seed", "5", "--robust", "HC0", "--confidence", "0.5")
    answer = json.loads(steepest_command(*held, cwd=tmp_path).stdout)
    kept = ~held_out(np.arange(342, dtype=np.uint64), 0.3, 5)
    theirs, _ = reference(X[kept], y[kept], robust="HC0")
    assert answer["summary"]["rows"] == kept.sum()
    np.testing.assert_allclose(
        [row["standard_error"] for row in answer["summary"]["coefficients"]], theirs.bse, rtol=1e-8
    )
    np.testing.assert_allclose(
        [row["upper"] for row in answer["summary"]["coefficients"]], theirs.conf_int(0.5)[:, 1], rtol=1e-6
    )
    rows = "".join(f"{i % 7},{'ab'[i % 2]},{'' if i == 9 else i % 5},{1 + i % 3}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("x,kind,y,w\n" + rows)
    table = ("t.csv", "--target", "y", "--weight", "w", "--missing", "drop", "--robust", "HC2", "--no-out", "--json")
    answer = json.loads(steepest_command("fit", *table, cwd=tmp_path).stdout)
    i = np.delete(np.arange(60), 9)
    theirs, _ = reference(np.column_stack([i % 7, i % 2]), i % 5, 1.0 + i % 3, robust="HC2")
    np.testing.assert_allclose(
        [row["standard_error"] for row in answer["summary"]["coefficients"]], theirs.bse, rtol=1e-9
    )


def test_summary_alone_and_summary_with_a_file(tmp_path):
    result = steepest_command(*FIT, "--no-out", "--summary", "p.triangle", cwd=tmp_path)
    assert "standard error" not in result.stdout
    assert Triangle.load(tmp_path / "p.triangle").row_count == 342
    both = steepest_command(*FIT, "--no-out", "--summary", "q.triangle", "--confidence", "0.9", cwd=tmp_path)
    assert "90% from" in both.stdout
    assert (tmp_path / "q.triangle").exists()
    from_triangle = steepest_command("fit", "p.triangle", "--no-out", "--summary", cwd=tmp_path)
    assert "residual SD 384.226" in from_triangle.stdout
    before = steepest_command("fit", "--summary", "--target", "body_mass_g", PENGUINS, "--no-out", cwd=tmp_path)
    assert "residual SD 384.226" in before.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.triangle", "q.triangle"]


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("fit", "--summary", "t.csv", "--target", "y"), 2, "Name DATA before it (steepest fit t.csv --summary"),
        (("fit", "--target", "y"), 2, "Missing argument 'DATA'"),
        (("fit", "t.csv", "--target", "y", "--summary", "--l2", "0.1"), 2, "biased"),
        (("fit", "t.csv", "--target", "y", "--confidence", "95"), 2, "between 0 and 1"),
        (("fit", "t.csv", "--target", "y", "--robust", "HC9"), 2, "HC3"),
        (("fit", "t.csv", "--target", "y", "--summary", "--resume"), 2, "Name it"),
        (
            ("fit", "t.csv", "--target", "y", "--summary", "--features", "x,twice", "--no-out"),
            0,
            "standard errors are not defined",
        ),
        (("fit", "few.csv", "--target", "y", "--summary", "--no-out"), 0, "no degree of freedom"),
    ],
)
def test_mistakes_cost_one_sentence(tmp_path, arguments, status, text):
    (tmp_path / "t.csv").write_text("x,twice,y\n1,2,3\n2,4,5\n4,8,6\n5,10,9\n")
    (tmp_path / "few.csv").write_text("x,y\n1,2\n2,3\n")
    result = steepest_command(*arguments, cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["few.csv", "t.csv"]


def test_a_triangle_has_no_rows_for_robust_errors(tmp_path):
    steepest.summarize(*penguins()).save(tmp_path / "t")
    result = steepest_command("fit", "t", "--robust", "HC3", "--no-out", cwd=tmp_path)
    assert (result.returncode, "its rows are gone" in result.stderr) == (2, True)


@pytest.mark.parametrize("what", ["same", "a row less", "other targets", "weights beside"])
def test_a_second_look_must_see_the_rows_of_the_run(what):
    generator = np.random.default_rng(8)
    X, weight = generator.normal(size=(40, 2)), generator.uniform(1, 2, 40)
    y = X @ [1.0, 2.0] + generator.normal(size=40)
    run = steepest.descend(X, y, weight=weight)
    # a ten-millionth more weight changes the residuals' length by less than two passes over the same rows may differ
    rows = {
        "same": (X, y, weight),
        "a row less": (X[:-1], y[:-1], np.append(weight[:-2], weight[-2:].sum())),
        "other targets": (X, y[::-1].copy(), weight),
        "weights beside": (X, y, weight * (1 + 1e-7)),
    }[what]
    batches = iter([steepest.Batch(rows[0], rows[1][:, None], ("x1", "x2"), ("y",), weight=rows[2])])
    if what == "same":
        assert run.summary(data=batches, robust="HC0").robust == "HC0"
    else:
        with pytest.raises(DataError, match="the rows of the second look are not those of the run"):
            run.summary(data=batches, robust="HC0")
