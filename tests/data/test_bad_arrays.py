"""Bad arrays: every row of the list of bad inputs, through the function and through the estimator."""

import re
import threading
import warnings

import numpy as np
import pandas
import pytest
import scipy.sparse
import sklearn.exceptions

import steepest
from steepest import GradientDescentRegressor
from steepest.errors import DataError, DataTypeError, DataWarning, MissingValuesError, UsageError

X = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 20.0], [4.0, 50.0], [5.0, 10.0]])
Y = np.array([1.0, 4.0, 3.0, 8.0, 2.0])
EXACT = np.linalg.lstsq(np.column_stack([np.ones(5), X]), Y, rcond=None)[0]


def descend(X, y, **settings):
    run = steepest.descend(X, y, **{"standardize": True, **settings})
    return run.weights, run.bias


def fit(X, y, **settings):
    settings = {"sample_weight" if key == "weight" else key: value for key, value in settings.items()}
    of_fit = {key: settings.pop(key) for key in ("sample_weight", "coef_init", "intercept_init") if key in settings}
    model = GradientDescentRegressor(**settings).fit(X, y, **of_fit)
    return model.coef_.T, model.intercept_


DOORS = pytest.mark.parametrize("door", [descend, fit])


def poke(row, column, value, array=X, dtype=float):
    changed = array.astype(dtype)
    changed[row, column] = value
    return changed


# ------------------------------------------------------------------- 1-20: what is refused

REFUSED = {
    "1 NaN in X": (poke(2, 1, np.nan), Y, MissingValuesError, "1 value is NaN; the first is in row 2 .* 'x2'. Drop those"),
    "1 NaN in a data frame": (pandas.DataFrame(poke(2, 1, np.nan), columns=["a", "b"]), Y, MissingValuesError, "row 2 .*'b'"),
    "2 inf in X": (poke(1, 0, -np.inf), Y, DataError, "1 value is inf; the first is in row 1 .* 'x1'"),
    "3 NaN in y": (X, poke(4, 0, np.nan, Y[:, None])[:, 0], MissingValuesError, "NaN; the first is in row 4 .* 'y'"),
    "3 inf in y": (X, poke(4, 0, np.inf, Y[:, None])[:, 0], DataError, "inf; the first is in row 4 .* 'y'"),
    "5 text in objects": (poke(0, 1, "abc", dtype=object), Y, DataTypeError, "'abc' in row 0"),
    "5 None in objects": (poke(0, 1, None, dtype=object), Y, MissingValuesError, "row 0.* column (1|'x2')"),
    "5 text in a data frame": (
        pandas.DataFrame({"a": Y, "b": list("uvwxy")}), Y, DataTypeError, "column 'b' holds the text 'u'|holds no numbers alone"),
    "6 complex": (X + 1j, Y, ValueError, "(?i)complex (is|data) not supported"),
    "8 texts of numbers": (X.astype(str), Y, ValueError, "holds text|arrays of bytes/strings"),
    "8 texts of numbers as objects": (X.astype(str).astype(object), Y, DataTypeError, "'1.0'"),
    "9 dates": (X.astype("datetime64[s]"), Y, DataTypeError, "dates or durations"),
    "9 durations": (X.astype("timedelta64[s]"), Y, DataTypeError, "dates or durations"),
    "9 dates in a data frame": (
        pandas.DataFrame({"a": Y, "day": pandas.to_datetime(["2020-01-01"] * 5)}), Y, DataTypeError, "'day'|holds no numbers alone"),
    "10 no rows": (X[:0], Y[:0], ValueError, r"0 sample"),
    "11 no columns": (X[:, :0], Y, ValueError, "no columns|0 feature"),
    "12 one dimension": (X[:, 0], Y, ValueError, r"reshape\(-1, 1\)"),
    "13 three dimensions": (X[None], Y, ValueError, r"\(1, 5, 2\)|dim 3"),
    "14 other lengths": (X, Y[:3], ValueError, "5 rows and y has 3|5, 3"),
    "16 y of one row": (X, Y[None], ValueError, "5 rows and y has 1|5, 1"),
    "18 sparse y": (X, scipy.sparse.csr_matrix(Y[:, None]), TypeError, "dense"),
    "19 np.matrix": (np.matrix(X), Y, TypeError, "np.matrix"),
    "19 masked X": (np.ma.masked_array(X, X > 40), Y, DataTypeError, "masked values must not be used"),
    "19 masked y": (X, np.ma.masked_array(Y, Y > 5), DataTypeError, "masked values must not be used"),
    "20 NA in a data frame": (pandas.DataFrame({"a": pandas.array([1, 2, None, 4, 5], dtype="Int64"), "b": Y}), Y, MissingValuesError, "row 2 .*'a'"),
    "26 squares overflow": (X * 1e200, Y, DataError, "squares overflow: column 'x2' holds 5e"),
}  # fmt: skip


@DOORS
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, door):
    inputs, y, error, message = REFUSED[name]
    with pytest.raises(error, match=message) as raised:
        door(inputs, y)
    assert isinstance(raised.value, (ValueError, TypeError))
    assert isinstance(raised.value, ValueError) or name.split()[0] in ("18", "19")


# ------------------------------------------------------------------- 4-33: what is taken, and what is said of it

ACCEPTED = {
    "4 objects": (X.astype(object), Y.astype(object)),
    "15 a column y": (X, Y[:, None]),
    "18 sparse": (scipy.sparse.csr_array(X), Y),
    "22 small whole numbers": (X.astype(np.int8), Y.astype(np.int8)),
    "22 unsigned": (X.astype(np.uint16), Y.astype(np.uint8)),
    "23 float16": (X.astype(np.float16), Y.astype(np.float16)),
    "23 float32": (X.astype(np.float32), Y.astype(np.float32)),
    "48 Fortran": (np.asfortranarray(X), Y),
    "48 strided": (np.repeat(X, 2, axis=0)[::2], np.repeat(Y, 3)[::3]),
    "48 reversed twice": (X[::-1][::-1], Y[::-1][::-1]),
}


@DOORS
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name, door):
    inputs, y = ACCEPTED[name]
    weights, bias = door(inputs, y)
    # these numbers are whole, so every type holds them exactly
    np.testing.assert_allclose(np.r_[bias, weights], EXACT, rtol=0, atol=1e-11)


@DOORS
def test_1_all_missing_values_are_counted_wherever_they_are(door):
    generator = np.random.default_rng(0)
    tall = generator.normal(size=(60_000, 2))
    y = tall @ [1.0, 2.0]
    tall[[17, 40_000, 59_999], 1] = np.nan
    with pytest.raises(MissingValuesError, match=r"3 values are NaN; the first is in row 17 .* 'x2'"):
        door(tall, y)


def test_2_sparse_inf_is_named():
    model = GradientDescentRegressor().fit(X, Y)
    with pytest.raises(DataError, match=r"1 value is inf; the first is in row 3 .* 'x1'"):
        model.predict(scipy.sparse.csr_array(poke(3, 0, np.inf)))
    with pytest.raises(DataError, match=r"inf; the first is in row 3 .* 'x1'"):
        GradientDescentRegressor().fit(scipy.sparse.csr_array(poke(3, 0, np.inf)), Y)


@DOORS
def test_7_booleans_are_0_and_1(door):
    flags = np.array([[True], [False], [True], [True], [False]])
    (weight,), bias = door(flags, Y)
    assert (bias, bias + weight) == pytest.approx((Y[[1, 4]].mean(), Y[[0, 2, 3]].mean()), rel=1e-11)


@DOORS
def test_17_several_targets(door):
    weights, biases = door(X, np.column_stack([Y, -2 * Y]))
    np.testing.assert_allclose(np.vstack([biases, weights]), np.outer(EXACT, [1, -2]), rtol=0, atol=1e-11)


@DOORS
def test_21_large_whole_numbers_are_said_to_be_rounded(door):
    large = (X * 2**52).astype(np.int64) + 1
    with pytest.warns(DataWarning, match="above 2\\^53, and float64 rounds those"):
        weights, _ = door(large, Y)
    # no wrap-around: the products of these numbers leave int64 by 40 binary digits
    np.testing.assert_allclose(weights * 2.0**52, EXACT[1:], rtol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        door((X * 2**30).astype(np.int64), Y)


@DOORS
def test_24_longdouble_is_said_to_be_rounded(door):
    if np.dtype(np.longdouble).itemsize == 8:
        assert door(X.astype(np.longdouble), Y)  # the same type here: nothing is lost and nothing said
        return
    with pytest.warns(DataWarning, match="rounded to float64"):
        weights, _ = door(X.astype(np.longdouble), Y)
    np.testing.assert_allclose(weights, EXACT[1:], rtol=1e-10)


@DOORS
def test_25_subnormal_numbers_give_finite_results(door):
    with pytest.warns(DataWarning, match="do not vary between rows, as far as float64 can tell"):
        weights, bias = door(X * 1e-310, Y)
    assert np.isfinite(weights).all()
    assert np.isfinite(bias)


@DOORS
def test_27_mixed_scales_converge_through_scaling(door):
    weights, bias = door(X * [1e-8, 1e8], Y)
    np.testing.assert_allclose(np.r_[bias, weights * [1e-8, 1e8]], EXACT, rtol=1e-10)
    limit = steepest.diagnose(X * [1e-8, 1e8], Y).stability_limit
    raw = steepest.descend(X * [1e-8, 1e8], Y, learning_rate=limit / 2, epochs=1000)
    assert raw.verdict.kind == "crawls"
    assert re.search(r"condition number from \S+e\+\d+ to", str(raw.verdict))


@DOORS
@pytest.mark.parametrize("value", [0.1, 0.0])
def test_28_29_a_constant_column_has_coefficient_0_and_is_named(door, value):
    with pytest.warns(DataWarning, match="constant: x3 does not vary"):
        weights, bias = door(np.column_stack([X, np.full(5, value)]), Y)
    assert weights[2] == 0
    np.testing.assert_allclose(np.r_[bias, weights[:2]], EXACT, rtol=0, atol=1e-11)


@DOORS
def test_30_a_column_twice_gives_the_least_norm_and_is_named(door):
    with pytest.warns(DataWarning, match="collinear: x3 can be computed"):
        weights, _ = door(np.column_stack([X, X[:, 0]]), Y)
    np.testing.assert_allclose(weights, [EXACT[1] / 2, EXACT[2], EXACT[1] / 2], rtol=0, atol=1e-11)


@DOORS
def test_31_one_row_is_met_and_said(door):
    with pytest.warns(DataWarning, match="do not vary"):
        weights, bias = door(X[:1], Y[:1])
    assert (*weights, bias) == (0.0, 0.0, pytest.approx(1.0))


def test_31_33_where_r2_is_undefined_that_is_said():
    model = GradientDescentRegressor().fit(X, np.full(5, 3.3))
    assert (model.coef_ == 0).all()
    assert model.intercept_ == pytest.approx(3.3)
    with pytest.warns(DataWarning, match="R² is undefined here: y does not vary"):
        model.score(X, np.full(5, 3.3))
    with (
        pytest.warns(DataWarning, match="R² is undefined"),
        pytest.warns(sklearn.exceptions.UndefinedMetricWarning),
    ):
        model.score(X[:1], Y[:1])


@DOORS
def test_32_fewer_rows_than_columns_give_the_least_norm(door):
    with pytest.warns(DataWarning, match="collinear"):
        weights, bias = door(X[:2], Y[:2], standardize=False)
    # from zero, descent ends at the least norm of (bias, weights) together
    least = np.linalg.pinv(np.column_stack([np.ones(2), X[:2]])) @ Y[:2]
    np.testing.assert_allclose(np.r_[bias, weights], least, rtol=0, atol=1e-11)


# ------------------------------------------------------------------- 34-45: settings

SETTINGS: dict[str, list[dict]] = {
    "34 learning_rate": [{"learning_rate": value} for value in (0, -1.0, np.nan, np.inf, "fast", None, True, [0.1])],
    "38 epochs": [{"epochs": value} for value in (-1, 1.5, np.nan, True, "10", None, 10**30)],
    "40 tolerance": [{"tol": value} for value in (-1e-3, np.nan, 1.0, "small", True)],
    "41 momentum": [{"rule": "heavy_ball", "momentum": value} for value in (-0.1, 1.0, np.nan, "much", True)],
    "43 l2": [{"l2": value} for value in (-1.0, np.nan, 1e308, np.inf, "large", True)],
    "44 weights": [
        {"weight": value}
        for value in (
            -np.ones(5),
            np.zeros(5),
            np.r_[np.nan, np.ones(4)],
            np.ones(4),
            np.ones((5, 2)),
            np.r_[np.inf, Y[1:]],
        )
    ],
    "rule": [{"rule": value} for value in ("newton", True, 3)],
    "objective": [{"objective": "mae"}],
}


@DOORS
@pytest.mark.parametrize(("name", "settings"), [(name, s) for name, each in SETTINGS.items() for s in each])
def test_settings_outside_their_range_are_value_errors(name, settings, door):
    if door is descend and "tol" in settings:
        settings = {"tolerance": settings["tol"]}
    with pytest.raises(ValueError, match=r"got |weight|Sample weights|NaN|zero") as raised:
        door(X, Y, **settings)
    assert "\n" not in str(raised.value)


def test_40_a_run_takes_no_tolerance_of_0():
    with pytest.raises(UsageError, match="got 0"):
        steepest.descend(X, Y, tolerance=0)


@pytest.mark.parametrize(
    ("coef", "intercept"), [(np.ones(3), 0.0), (np.r_[np.nan, 1.0], 0.0), (np.ones(2), np.inf), (np.ones(2), np.ones(2)), ("ab", 0.0)]
)  # fmt: skip
def test_45_a_start_of_the_wrong_kind(coef, intercept):
    with pytest.raises(UsageError, match="start"):
        steepest.descend(X, Y, start=(coef, intercept))
    with pytest.raises(ValueError, match=r"start|could not convert"):
        fit(X, Y, coef_init=coef, intercept_init=intercept)


def test_35_above_the_limit_the_run_is_told_and_its_last_finite_state_kept():
    limit = steepest.diagnose(X, Y).stability_limit
    run = steepest.descend(X, Y, learning_rate=2 * limit, epochs=100_000)
    assert run.verdict.kind == "diverges"
    assert f"left float64 after epoch {run.epochs}" in str(run.verdict)
    assert np.isfinite(run.weights).all()
    with pytest.raises(steepest.DivergenceError, match="stability limit"):
        fit(X, Y, learning_rate=2 * limit, standardize=False, epochs=100_000)


def test_36_exactly_at_the_limit_a_run_oscillates():
    limit = steepest.diagnose(X, Y).stability_limit
    assert steepest.descend(X, Y, learning_rate=limit, epochs=1000).verdict.kind == "oscillates"
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="Oscillates"):
        fit(X, Y, learning_rate=limit, standardize=False, epochs=1000)


def test_37_no_epochs_give_the_start():
    assert not steepest.descend(X, Y, epochs=0).weights.any()
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="after 0 epochs"):
        weights, bias = fit(X, Y, epochs=0, coef_init=[1.0, 2.0], intercept_init=3.0)
    np.testing.assert_allclose(np.r_[bias, weights], [3, 1, 2], rtol=1e-15)


def test_39_a_million_million_epochs_are_answered_at_once():
    model = GradientDescentRegressor(learning_rate=0.1, epochs=10**12, tol=None).fit(X, Y)
    assert model.n_iter_ == 10**12
    assert len(model.loss_curve_) < 200_000
    np.testing.assert_allclose(model.coef_, EXACT[1:], rtol=1e-12)


def test_44_rows_of_weight_zero_are_absent():
    some = np.array([1.0, 0, 2, 1, 1])
    for door in (descend, fit):
        np.testing.assert_allclose(
            door(X, Y, weight=some)[0], door(X[some > 0], Y[some > 0], weight=some[some > 0])[0], rtol=1e-12
        )


@pytest.mark.parametrize("value", [0, -1, 1.5, "8", True])
def test_42_no_batch_size(value):
    with pytest.raises(ValueError, match="whole number of rows, 1 or larger; got"):
        GradientDescentRegressor(batch_size=value, epochs=3, learning_rate=0.1).fit(X, Y)


@pytest.mark.parametrize("order", ["shuffled", "replacement", "fixed"])
def test_42_a_batch_of_more_rows_than_there_are_is_all_of_them(order):
    with pytest.warns(
        steepest.DataWarning,
        match=r"a batch of 1,000,000,000 rows is more than the table has; batches of all 5 are taken",
    ):
        run = steepest.descend(X, Y, batch_size=10**9, order=order, epochs=3, learning_rate=0.01)
    if order != "replacement":
        np.testing.assert_allclose(
            run.weights, steepest.descend(X, Y, epochs=3, learning_rate=0.01).weights, rtol=1e-12
        )


# ------------------------------------------------------------------- 46-51: the object

# 46 is in test_estimators.py: test_a_fit_that_fails_or_is_interrupted_leaves_the_last_one


def test_47_a_model_keeps_nothing_of_the_arrays():
    """Arrays are read during `fit` alone; what another thread does to them afterwards changes nothing."""
    inputs, y = X.copy(), Y.copy()
    model = GradientDescentRegressor().fit(inputs, y)
    before = model.predict(X).copy()
    thread = threading.Thread(target=lambda: (inputs.fill(np.nan), y.fill(np.nan)))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(model.predict(X), before)
    assert np.isfinite(model.loss_curve_).all()


@DOORS
def test_48_inputs_are_never_changed(door, tmp_path):
    frozen, y = X.copy(), Y.copy()
    frozen.setflags(write=False)
    y.setflags(write=False)
    mapped = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=X.shape)
    mapped[:] = X
    for inputs in (frozen, mapped):
        np.testing.assert_allclose(door(inputs, y)[0], EXACT[1:], rtol=1e-10)
    np.testing.assert_array_equal(mapped, X)


def test_49_predict_with_other_columns():
    frame = pandas.DataFrame(X, columns=["a", "b"])
    model = GradientDescentRegressor().fit(frame, Y)
    for other, message in [
        (frame[["a"]], "missing: ?- b|seen at fit time, yet now missing"),
        (frame.assign(c=1.0), "unseen at fit time"),
        (frame[["b", "a"]], "same order"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.predict(other)
    with pytest.raises(ValueError, match="has 1 features, but GradientDescentRegressor is expecting 2"):
        GradientDescentRegressor().fit(X, Y).predict(X[:, :1])
    with pytest.raises(DataError, match=r"2 features, so X must have the shape \(n, 2\); got \(5, 1\)"):
        steepest.descend(X, Y).predict(X[:, :1])


@pytest.mark.parametrize("bad", ["1 NaN in X", "2 inf in X", "5 text in objects", "19 masked X", "6 complex"])
def test_49_predict_refuses_what_fit_refuses(bad):
    model = GradientDescentRegressor().fit(X, Y)
    inputs, _, error, message = REFUSED[bad]
    with pytest.raises(error, match=message):
        model.predict(inputs)


def test_50_predict_before_fit():
    for method in ("predict", "score"):
        with pytest.raises(sklearn.exceptions.NotFittedError):
            getattr(GradientDescentRegressor(), method)(*((X, Y) if method == "score" else (X,)))
    with pytest.raises(sklearn.exceptions.NotFittedError):
        _ = GradientDescentRegressor().verdict_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_51_random_state():
    inputs = np.random.default_rng(0).normal(size=(60, 2))
    y = inputs @ [1.0, 2.0]
    prints = [
        GradientDescentRegressor(validation=0.3, random_state=state).fit(inputs, y).triangle_.checksum
        for state in (0, 0, np.random.RandomState(0), 1)
    ]
    assert prints[0] == prints[1] == prints[2] != prints[3]
    assert GradientDescentRegressor(validation=0.3, random_state=None).fit(inputs, y).triangle_.row_count < 60
    for state in (-1, "seed", 1.5):
        with pytest.raises(ValueError, match=r"cannot be used to seed|must be between 0"):
            GradientDescentRegressor(validation=0.3, random_state=state).fit(inputs, y)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, True, "some", 1, (X,), np.nan])
def test_a_share_of_held_out_rows_outside_its_range(share):
    with pytest.raises(UsageError, match="validation is a share of the rows between 0 and 1"):
        GradientDescentRegressor(validation=share).fit(X, Y)


def test_held_out_rows_that_are_given_by_halves_or_twice():
    with pytest.raises(UsageError, match="belong together"):
        GradientDescentRegressor().fit(X, Y, X_val=X)
    with pytest.raises(UsageError, match="given twice"):
        GradientDescentRegressor(validation=0.5).fit(X, Y, X_val=X, y_val=Y)
    with pytest.raises(UsageError, match="one target"):
        GradientDescentRegressor().fit(X, np.c_[Y, Y], X_val=X, y_val=np.c_[Y, Y])
