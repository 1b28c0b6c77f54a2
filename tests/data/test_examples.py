"""The built-in tables: their formulas in other words, each lesson as a claim, and what a page gets of them."""

import base64
import json
import math
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

import steepest
from steepest.analysis.validation import validation_curve
from steepest.data.examples import noise, places
from steepest.lab.sets import OPENINGS, payloads, run_of
from steepest.tutorial import generate_data
from tests.truths import literal_descent

DOCS = Path(__file__).parents[2] / "docs" / "lab.md"


def place_of(i):
    with localcontext(prec=40):
        return float(i * (Decimal(5).sqrt() - 1) / 2 % 1)


def noise_of(i):
    with localcontext(prec=40):
        u, v = (float(i * i * Decimal(n).sqrt() % 1) for n in (2, 3))
    return math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)


def line(i):
    return [i], 0.5 * i + 2


def noisy_line(i):
    x = 4 * place_of(i)
    return [x], 1.5 * x + 1 + 0.5 * noise_of(50 + i)


def outliers(i):
    x = 10 * place_of(i)
    return [x], 0.8 * x + 1 + 0.3 * noise_of(100 + i) - (12 if x > 9 else 0)


def collinear(i):
    x1 = 2 * place_of(i) - 1
    x2 = x1 + noise_of(200 + i) / 40
    return [x1, x2], 3 * x1 - x2 + noise_of(300 + i) / 100


def scaled(i):
    age, area = math.floor(51 * place_of(i)), round(1800 + 500 * noise_of(600 + i))
    return [age, area], 50 - 0.6 * age + 0.1 * area + 5 * noise_of(500 + i)


def polynomial(i):
    x = 2 * place_of(i) - 1
    return [x**k for k in range(1, 10)], math.sin(math.pi * x) + 0.3 * noise_of(1400 + i)


def two_classes(i):
    x1, x2 = 4 * place_of(i) - 2, noise_of(700 + i)
    return [x1, x2], float(1.5 * x1 - x2 + 0.5 + 1.5 * noise_of(800 + i) > 0)


def separable_classes(i):
    x1, x2 = 4 * place_of(i) - 2, noise_of(900 + i)
    label = float(x1 + x2 > 0)
    return [x1 + label - 0.5, x2], label


def counts(i):
    x = 3 * place_of(i)
    mean = math.exp(0.3 + 0.8 * x)
    return [x], max(0, round(mean + math.sqrt(mean) * noise_of(1000 + i)))


FORMULAS = {
    "tutorial's line": (line, 300, 0, ["x"]),
    "noisy line": (noisy_line, 40, 40, ["x"]),
    "outliers": (outliers, 40, 0, ["x"]),
    "two collinear features": (collinear, 60, 0, ["x1", "x2"]),
    "badly scaled": (scaled, 50, 0, ["age", "area"]),
    "polynomial": (polynomial, 25, 25, ["x", "x^2", "x^3", "x^4", "x^5", "x^6", "x^7", "x^8", "x^9"]),
    "two classes": (two_classes, 80, 0, ["x1", "x2"]),
    "separable classes": (separable_classes, 40, 0, ["x1", "x2"]),
    "counts": (counts, 60, 0, ["x"]),
}


def test_all_names_are_there():
    assert tuple(FORMULAS) == steepest.EXAMPLES


@pytest.mark.parametrize("name", FORMULAS)
def test_each_table_is_what_its_formula_says(name):
    row, count, held_out, features = FORMULAS[name]
    data = steepest.example(name)
    rows = [row(i) for i in range(1, count + held_out + 1)]
    # i²·√2 in float64 is off by up to 3e-10, and the noise by that over 1 - u, which is above 1e-3 in all rows used
    X, y = np.array([x for x, _ in rows], dtype=float), np.array([y for _, y in rows])
    np.testing.assert_allclose(data.X, X[:count], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(data.y, y[:count], rtol=1e-6, atol=1e-6)
    assert list(data.features) == features
    assert (data.held_out is None) == (held_out == 0)
    if data.held_out is not None:
        np.testing.assert_allclose(data.held_out[0], X[count:], rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(data.held_out[1], y[count:], rtol=1e-6, atol=1e-6)
        assert not set(data.X[:, 0]) & set(data.held_out[0][:, 0])


@pytest.mark.parametrize("name", steepest.EXAMPLES)
def test_a_table_is_told_in_two_sentences_and_belongs_to_its_reader(name):
    data = steepest.example(name)
    assert data.about.endswith(".")
    assert len(data.about.split(". ")) == 2
    assert data.about.startswith(f"{len(data.X)} ")
    assert data.X.dtype == data.y.dtype == np.float64
    assert data.X.shape == (len(data.y), len(data.features))
    data.X[:] = data.y[:] = 0
    assert steepest.example(name).y.any()


@pytest.mark.parametrize("name", ["noisy", "", None, 3, ["polynomial"]])
def test_other_names_are_refused_with_the_known_ones(name):
    with pytest.raises(steepest.UsageError) as caught:
        steepest.example(name)
    assert all(repr(known) in str(caught.value) for known in steepest.EXAMPLES)
    assert repr(name) in str(caught.value)


def test_noise_is_as_good_as_normal_and_places_are_even():
    values = noise(1, 5_000)
    assert stats.kstest(values, "norm").pvalue > 0.05
    # a correlation of 5,000 independent pairs has the standard error 0.014
    assert all(abs(np.corrcoef(values[gap:], values[:-gap])[0, 1]) < 0.05 for gap in (1, 2, 3, 10))
    assert abs(np.corrcoef(values, places(1, 5_000))[0, 1]) < 0.05
    gaps = np.diff(np.sort(places(7, 1_000)))
    assert gaps.max() < 3e-3  # places at random leave a gap of about ln(n)/n = 7e-3


def conditions(X):
    """Condition numbers of the raw and the standardized problem by NumPy's singular values."""
    ones, U = np.ones((len(X), 1)), (X - X.mean(axis=0)) / X.std(axis=0)
    return [np.linalg.cond(np.hstack([ones, columns])) ** 2 for columns in (X, U)]


def test_the_line_is_the_tutorials():
    inputs, targets, _, _ = generate_data(300, 0, 0.5, 2)
    data = steepest.example("tutorial's line")
    assert np.array_equal(data.X, inputs)
    assert np.array_equal(data.y, targets[:, 0])


def test_the_noisy_line_ends_at_its_noise():
    data = steepest.example("noisy line")
    A = np.column_stack([np.ones(40), data.X])
    answer, square, _, _ = np.linalg.lstsq(A, data.y, rcond=None)
    path = literal_descent(data.X, data.y, rule="gradient", learning_rate=0.1, epochs=1_000)
    np.testing.assert_allclose(path[-1], answer, rtol=1e-8)
    floor = math.sqrt(float(square[0]) / 40)
    held = float(np.sqrt(np.mean((data.held_out[0][:, 0] * answer[1] + answer[0] - data.held_out[1]) ** 2)))
    # both are near the noise's 0.5: an estimate of a deviation from 40 rows has the relative standard error 1/√80 = 0.11
    assert 0.4 < floor < held < 0.6
    assert 0.03 < abs(answer[1] - 1.5) < 0.15
    assert 0.05 < abs(answer[0] - 1.0) < 0.35


def test_three_outliers_bend_the_line_and_epochs_do_not_help():
    data = steepest.example("outliers")
    right = data.X[:, 0] <= 9
    assert (~right).sum() == 3
    slope, _ = np.polyfit(data.X[right, 0], data.y[right], 1)
    bent, _ = np.polyfit(data.X[:, 0], data.y, 1)
    assert abs(slope - 0.8) < 0.03
    assert bent < 0.4
    path = literal_descent(data.X, data.y, rule="gradient", learning_rate=0.03, epochs=2_000)
    np.testing.assert_allclose(path[-1][1], bent, rtol=1e-6)


def test_collinear_weights_are_far_off_while_the_loss_is_flat():
    data = steepest.example("two collinear features")
    raw, standardized = conditions(data.X)
    assert 1_000 < standardized < raw < 5_000
    path = literal_descent(data.X, data.y, rule="gradient", learning_rate=1.0, epochs=100)
    loss = [np.mean((data.X @ theta[1:] + theta[0] - data.y) ** 2) / 2 for theta in path]
    assert loss[10] < 0.005 * loss[0]
    assert loss[10] - loss[100] < 0.0005 * loss[0]
    assert np.abs(path[100][1:] - [3, -1]).min() > 1.5
    exact = np.linalg.lstsq(np.column_stack([np.ones(60), data.X]), data.y, rcond=None)[0]
    np.testing.assert_allclose(exact[1:], [3, -1], atol=0.1)


def test_bad_scales_cost_a_condition_number_that_standardizing_gives_back():
    raw, standardized = conditions(steepest.example("badly scaled").X)
    assert raw > 1e6
    assert standardized < 10
    told = steepest.diagnose(steepest.example("badly scaled").X, steepest.example("badly scaled").y)
    assert (told.raw.condition_number, told.standardized.condition_number) == pytest.approx((raw, standardized), 1e-9)


@pytest.mark.parametrize("rate", ["plain", "best"])
def test_stopping_the_polynomial_early_predicts_better(rate):
    data = steepest.example("polynomial")
    mean, deviation = data.X.mean(axis=0), data.X.std(axis=0)
    A, H = (np.column_stack([np.ones(25), (X - mean) / deviation]) for X in (data.X, data.held_out[0]))
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    curvatures = s**2 / 25
    eta = 0.2 if rate == "plain" else 2 / (curvatures[0] + curvatures[-1])
    epochs = np.arange(0, 20_000)

    def held(epochs):
        theta = ((1 - (1 - eta * curvatures) ** epochs[:, None]) * (U.T @ data.y / s)) @ Vt
        return np.sqrt(np.mean((theta @ H.T - data.held_out[1]) ** 2, axis=1))

    errors, last = held(epochs), held(np.array([1_000_000]))[0]
    assert 200 < errors.argmin() < 5_000
    assert last > 1.5 * errors.min()
    exact = np.linalg.lstsq(A, data.y, rcond=None)[0]
    assert np.sqrt(np.mean((H @ exact - data.held_out[1]) ** 2)) > 1.5 * errors.min()
    if rate == "plain":
        run, _ = run_of("polynomial")
        seen = steepest.summarize(*data.held_out, features=data.features, target=data.target)
        curve = validation_curve(run, seen)
        assert curve.best_epoch == errors.argmin()
        assert curve.best_rmse == pytest.approx(errors.min(), rel=1e-9)


def held_out_errors(data, y, held, epochs):
    """Held-out RMSE at some epochs of the learning rate 0.2 in standardized inputs, by NumPy's singular values."""
    mean, deviation = data.X.mean(axis=0), data.X.std(axis=0)
    A, H = (np.column_stack([np.ones(25), (X - mean) / deviation]) for X in (data.X, data.held_out[0]))
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    theta = ((1 - (1 - 0.2 * s**2 / 25) ** epochs[:, None]) * (U.T @ y / s)) @ Vt
    return np.sqrt(np.mean((theta @ H.T - held) ** 2, axis=1))


def test_the_docs_say_how_the_polynomials_noise_was_chosen():
    data = steepest.example("polynomial")
    curve, held_curve = (np.sin(np.pi * X[:, 0]) for X in (data.X, data.held_out[0]))
    epochs = np.unique(np.concatenate([np.arange(2_000), np.geomspace(2_000, 1e6, 500).astype(int)]))
    gains = {}
    for first in range(1, 1_500, 50):
        z = 0.3 * noise(first, 50)
        errors = held_out_errors(data, curve + z[:25], held_curve + z[25:], epochs)
        gains[first] = errors[-1] / errors.min() - 1
    assert len(gains) == 30
    assert max(gains, key=gains.get) == 1401
    said = " ".join(DOCS.read_text().split())
    little, never = (sum(gain <= most for gain in gains.values()) for most in (0.1, 0))
    assert f"{gains[1401]:.0%} above its minimum" in said
    assert f"in {little} of the thirty less than 10%, and in {never} of them it is at its minimum still" in said


def test_the_docs_table_says_what_the_tables_do():
    rows = {row.split(" | ")[0].strip("| "): row for row in DOCS.read_text().splitlines() if row.startswith("| ")}
    line, noisy, outlier, collinear, scaled, polynomial, classes, separable, counted = (
        rows[name] for name in steepest.EXAMPLES
    )
    run, _ = run_of("tutorial's line")
    assert f"epoch {run.epochs:,}, and {50 * (2 - run.bias):.1f}% of the bias is missing" in line
    data = steepest.example("noisy line")
    slope, bias = np.polyfit(data.X[:, 0], data.y, 1)
    floor = np.sqrt(np.mean((data.y - slope * data.X[:, 0] - bias) ** 2))
    held = np.sqrt(np.mean((data.held_out[1] - slope * data.held_out[0][:, 0] - bias) ** 2))
    assert f"(RMSE {floor:.2f}; held out {held:.2f})" in noisy
    assert f"at {slope:.2f}x + {bias:.2f} |" in noisy
    data = steepest.example("outliers")
    kept = data.X[:, 0] <= 9
    slopes = [np.polyfit(data.X[some, 0], data.y[some], 1)[0] for some in (kept, kept | True)]
    assert f"from {slopes[0]:.2f} to {slopes[1]:.2f}" in outlier
    raw, standardized = conditions(steepest.example("two collinear features").X)
    run, _ = run_of("two collinear features")
    assert f"condition number {raw:,.0f} (standardized: {standardized:,.0f})" in collinear
    assert f"after {run.epochs} epochs {100 * run.loss()[-1] / run.loss()[0]:.1f}% of the loss is left" in collinear
    assert "the weights are {:.2f} and {:.2f}".format(*run.weights) in collinear
    raw, standardized = conditions(steepest.example("badly scaled").X)
    needed = run_of("badly scaled")[0].epochs_to(1e-6)
    assert f"condition number {raw:,.0f}, standardized {standardized:.2f}: a billion epochs, or 5 |" in scaled
    assert round(needed, -9) == 1_000_000_000
    data = steepest.example("polynomial")
    errors = held_out_errors(data, data.y, data.held_out[1], np.append(np.arange(5_000), 1_000_000))
    best = errors.argmin()
    assert (
        f"RMSE {errors[best]:.3f} at epoch {best} of the learning rate 0.2, {errors[-1]:.3f} at epoch 1,000,000"
        in polynomial
    )
    run, _ = run_of("two classes")
    seen = f"{run.optimum.loss:.3f} with {{:.2f}} and {{:.2f}}".format(*run.optimum.weights)
    assert f"loss ends at {seen}" in classes
    run, _ = run_of("separable classes")
    assert f"l2 = {run.problem.separation.l2}" in separable
    assert f"after {run.epochs:,} epochs the loss is {run.last.loss:.4f}" in separable
    run, _ = run_of("counts")
    assert f"the limit at the minimum, {run.verdict.stability_limit:.4f}" in counted
    assert run.problem.global_limit == 0


@pytest.mark.filterwarnings("ignore:separable")
def test_classes_overlap_in_one_table_and_not_in_the_other():
    two, apart = steepest.example("two classes"), steepest.example("separable classes")
    assert (two.loss, apart.loss, steepest.example("counts").loss) == ("logistic", "logistic", "poisson")
    assert set(two.y) == set(apart.y) == {0.0, 1.0}
    # a line that separates is a solution of a linear program, which one table has and the other has not
    for data, feasible in ((two, False), (apart, True)):
        sign = (2 * data.y - 1)[:, None]
        A = -sign * np.column_stack([np.ones(len(data.X)), data.X])
        found = linprog(np.zeros(3), A, -np.ones(len(A)), bounds=(None, None))
        assert found.success == feasible
    run, _ = run_of("separable classes")
    assert (run.verdict.kind, run_of("two classes")[0].verdict.kind) == ("separable", "unfinished")


def test_counts_scatter_as_counts_do():
    data = steepest.example("counts")
    mean = np.exp(0.3 + 0.8 * data.X[:, 0])
    # 60 squares of standard normal numbers: their mean has the standard deviation 0.18; rounding adds a little
    assert 0.6 < np.mean((data.y - mean) ** 2 / mean) < 1.5


def test_payloads_are_small_and_say_where_they_come_from():
    told = payloads()
    text = json.dumps(told, allow_nan=False)
    assert len(text) < 350_000
    assert json.loads(text) == told
    assert [one["id"] for one in told] == [
        "line",
        "noisy",
        "outliers",
        "collinear",
        "scaled",
        "polynomial",
        "classes",
        "separable",
        "counts",
    ]
    assert tuple(one["title"] for one in told) == steepest.EXAMPLES == tuple(OPENINGS)
    for one in told:
        data = eval(one["recipe"], {"steepest": steepest})
        assert one["about"] == data.about
        assert one["rows"]["count"] == len(data.X)
        assert np.array_equal(unpacked(one["rows"]["X"]).reshape(data.X.shape), data.X)
        assert (one["features"], one["target"]) == (list(data.features), data.target)
        assert (one["spaces"]["raw"]["held_out"] is None) == (data.held_out is None)
        assert ("curve" in one) == (one["id"] == "polynomial")
        assert one["run"]["epochs"] <= 1_000_000


def test_the_curve_is_drawn_over_x():
    curve = payloads()[5]["curve"]
    x = unpacked(curve["x"])
    assert (len(x), x[0], x[-1], curve["input"]) == (200, -1.0, 1.0, "x")
    expected = [[value**k for k in range(1, 10)] for value in x]
    np.testing.assert_allclose(unpacked(curve["X"]).reshape(200, 9), expected, rtol=1e-14)


def unpacked(text):
    return np.frombuffer(base64.b64decode(text), dtype="<f8")


def test_the_lines_page_opens_with_the_tutorials_run():
    run, _ = run_of("tutorial's line")
    # figures of the tutorial's own log, at the last epoch
    assert (run.weights[0], run.bias) == pytest.approx((0.5008287639956263, 1.8339723159878247), rel=1e-12)
