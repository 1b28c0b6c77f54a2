"""The guided tour: its shape, its settings, and each number it states, recomputed by the library in reading order."""

import math
import re
from decimal import Decimal

import numpy as np
import pytest

import steepest
from steepest.data.examples import noise
from steepest.descent.verdict import CONVERGED
from steepest.lab.sets import OPENINGS, payloads
from steepest.rules.gradient import GradientRule
from steepest.views.pages import scripts
from steepest.views.pages.rule_table import rule_table

TITLES = [
    "What a gradient is",
    "Why this run has not arrived",
    "Learning rate: too small, too large",
    "Scaling",
    "Momentum",
    "Early stopping",
    "Classification",
    "Separation",
]
PICTURES = {"loss", "data", "contour", "modes", "map", "coefficients", "errors", "arithmetic"}
NUMBER = re.compile(r"(?<![\w^.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?")


@pytest.fixture(scope="module")
def tour(js):
    return js("TOUR")


@pytest.fixture(scope="module")
def sets():
    return {told["id"]: told for told in payloads()}


def texts(step):
    """All that a step says, in reading order."""
    return [*step["text"], step["question"], *(said for one in step["answers"] for said in (one["text"], one["reply"]))]


def test_the_tour_has_eight_steps_of_one_shape(tour, sets):
    assert [step["title"] for step in tour] == TITLES
    for step in tour:
        assert set(step) == {"title", "set", "state", "picture", "text", "question", "answers"}
        assert step["set"] in sets
        assert step["picture"] in PICTURES
        assert step["picture"] != "errors" or sets[step["set"]]["spaces"]["raw"]["held_out"]
        assert step["question"].endswith("?")
        assert [set(answer) for answer in step["answers"]] == [{"text", "right", "reply"}] * 3
        assert [answer["right"] for answer in step["answers"]].count(True) == 1
        assert [type(answer["right"]) for answer in step["answers"]] == [bool] * 3
        assert all(said.endswith((".", "?")) for said in texts(step))
        assert sum(len(sentence.split()) for sentence in step["text"]) <= 60, step["title"]
    assert {step["set"] for step in tour} >= {"line", "noisy", "collinear", "scaled", "polynomial"}
    # no place among the answers is always the right one
    places = [[answer["right"] for answer in step["answers"]].index(True) for step in tour]
    assert all(places.count(place) in (2, 3) for place in range(3))


CONTROLS = ["+ 1", "Epoch", "Learning rate", "Standardize", "Method", "Epoch", "Epoch", "Penalty l2"]


def test_each_step_asks_to_move_one_control_of_the_page_and_says_what_to_watch(tour):
    page = scripts.text("page.html")
    for step, control in zip(tour, CONTROLS, strict=True):
        asking = [at for at, sentence in enumerate(step["text"]) if sentence.startswith("Now ")]
        assert len(asking) == 1
        assert re.search(rf" {re.escape(control)}\b", step["text"][asking[0]].split(".")[0])
        assert any("atch the " in sentence for sentence in step["text"][asking[0] :])
        assert re.search(rf"<(label|button)[^>]*>(<input[^>]*>)?\s*{re.escape(control)}(:\s*<output|\s*</)", page), (
            control
        )
    for name in (">What is left of each mode<", ">Best rate<", ">best<", ">limit<"):
        assert name in page
    assert "heavy ball" in [entry["label"] for entry in rule_table(GradientRule(1.0))[0]]


def test_each_state_survives_the_pages_own_reading(js, tour, sets):
    code = (
        "(() => { const P = openPayload(told), first = initialState(P), wanted = { ...first, ...state };"
        " return [wanted, stateFrom(hashOf(wanted), { ...first, rate: 7, epoch: 3 }, P)]; })()"
    )
    for step in tour:
        wanted, read = js(code, told=sets[step["set"]], state=step["state"])
        assert read == wanted
        assert read | step["state"] == read
        assert set(step["state"]) >= {"rate", "epoch", "rule", "l2", "standardize", "objective", "log"}
        space = sets[step["set"]]["spaces"]["standardized" if read["standardize"] else "raw"]
        assert space["blocks"][read["l2"]]["l2"] == 0


# What each step's numbers are, computed here.


def descent(step, **changes):
    """The library's run of a step's setting, or with some of it changed."""
    name = next(name for name, opening in OPENINGS.items() if opening.id == step["set"])
    data, state = steepest.example(name), step["state"] | changes
    settings = {} if state["rule"] == "gradient" else {"momentum": state["momentum"]}
    return data, steepest.descend(
        data.X,
        data.y,
        features=data.features,
        target=data.target,
        rule=state["rule"],
        learning_rate=state["rate"],
        epochs=state["epoch"],
        standardize=state["standardize"],
        l2=state["l2"],
        **({"loss": data.loss} if data.loss != "squared" else {"objective": state["objective"]}),
        **settings,
    )


def diagnosis(data):
    return steepest.diagnose(data.X, data.y, features=data.features, target=data.target)


def missing(run):
    """Percent of the bias that a run from zero has still to go."""
    return 100 * abs(1 - run.bias / run.optimum.bias)


def gradient_numbers(step):
    data, run = descent(step)
    first = steepest.explain(data.X, data.y, epoch=1, learning_rate=0.1, objective="half_mse")
    bias, weight = np.ravel(first.gradient)
    rows, low = len(data.X), int((data.y > 0).sum())
    step_back = [run.at(0).weights[0], run.rule.learning_rate, weight, run.weights[0]]
    return [
        *[rows, (data.X * run.at(0).weights + run.at(0).bias).max(), low, rows, bias, weight],
        1,  # the button that goes on by 1
        *step_back,
        *step_back,
        *[run.weights[0], run.bias],
    ]


def line_numbers(step):
    data, run = descent(step)
    slope, true_bias = np.polyfit(data.X[:, 0], data.y, 1)
    loss, left, limit = run.loss(), missing(run), run.verdict.stability_limit
    return [
        *[slope, true_bias, run.epochs],
        *[10, 100 * (1 - loss[10] / loss[0]), run.at(10).bias, run.optimum.bias],
        *[run.bias, left, run.verdict.condition_number, 10, left],
        *[0.001, limit, 0.001],
        100 * run.verdict.remaining,
    ]


def rate_numbers(step):
    data, run = descent(step)
    _, wild = descent(step, rate=0.35)
    told = diagnosis(data)
    curvature, limit, best = told.modes[0].eigenvalue, told.stability_limit, told.best_learning_rate
    factor = 1 - 0.35 * curvature
    return [
        *[run.rule.learning_rate, run.epochs, missing(run), 1, limit, 1 - limit * curvature],
        *[0.3, 0.35],
        *[best, 0.35, wild.epochs, wild.loss()[-1] / 1e9],
        *[1, 0.35, curvature, factor, 100 * (-factor - 1)],
        *[1 - limit * curvature, 0.35, factor],
    ]


def scaling_numbers(step):
    data, run = descent(step)
    raw, standardized = diagnosis(data).raw, diagnosis(data).standardized
    there = [mode.eigenvalue for mode in standardized.modes]
    left = np.abs(1 - standardized.best_learning_rate * np.array(there)).max()
    return [
        *[len(data.X), raw.condition_number, run.epochs, missing(run), standardized.epochs_to(CONVERGED)],
        *[there[-1], there[0], standardized.best_learning_rate, 100 * (1 - left)],
        run.optimum.rmse,
        run.epochs_to(CONVERGED),
    ]


def momentum_numbers(step):
    data, run = descent(step)
    _, heavy = descent(step, rule="heavy_ball")
    told, beta, goal = diagnosis(data), step["state"]["momentum"], run.optimum.weights
    best = {advice.rule: advice.epochs[1] for advice in told.raw.rules}
    longer = 1 / (1 - beta)
    return [
        *[run.epochs, *run.weights, *goal],
        told.raw.condition_number,
        *[longer * run.rule.learning_rate, longer, run.verdict.stability_limit, heavy.verdict.stability_limit],
        *[1, 1, beta, longer, best["heavy_ball"], best["gradient"]],
    ]


def held_rmse(data, run, epochs):
    weights, biases = run.parameters(epochs)
    return np.array([np.sqrt(np.mean((data.held_out[0] @ w + b - data.held_out[1]) ** 2)) for w, b in zip(weights, biases, strict=True)])  # fmt: skip


def stopping_numbers(step):
    data, run = descent(step, epoch=1_000_000)
    best = int(held_rmse(data, run, range(5_000)).argmin())
    held = held_rmse(data, run, [best, run.epochs])
    more = 100 * (held[1] / held[0] - 1)
    return [
        *[len(data.X), len(data.features), len(data.held_out[1]), best, more, run.epochs],
        best,
        len(data.X),
        *[more, run.epochs],
        *[run.epochs_to(CONVERGED), CONVERGED],
    ]


def right_side(data, run, epoch):
    """Rows on their class's side of the line, counted from the weights themselves."""
    state = run.at(epoch)
    return int(((data.X @ state.weights + state.bias > 0) == (data.y > 0.5)).sum())


def class_numbers(step):
    data, run = descent(step, epoch=1000)
    chances = 1 / (1 + np.exp(-(data.X @ run.optimum.weights + run.optimum.bias)))
    rows = len(data.X)
    return [
        *[rows, 50, 10, 90, run.problem.global_limit, run.verdict.stability_limit, run.epochs],
        *[0, 100, 1, 0.25, 50, (chances * (1 - chances)).mean()],
        rows,
    ]


def separation_numbers(step):
    data, run = descent(step, epoch=10_000)
    l2 = run.problem.separation.l2
    _, penalized = descent(step, l2=l2, epoch=500)
    margin = data.X @ penalized.optimum.weights + penalized.optimum.bias
    still = int(((margin > 0) == (data.y > 0.5)).sum())
    return [
        *[right_side(data, run, 100), *[number for k in (100, 10_000) for number in (k, run.at(k).weights[0])]],
        *[l2, *penalized.optimum.weights],
        *[still, penalized.epochs_to(CONVERGED)],
        *[100, run.at(100).loss, 4],
    ]


MEANT = [
    gradient_numbers,
    line_numbers,
    rate_numbers,
    scaling_numbers,
    momentum_numbers,
    stopping_numbers,
    class_numbers,
    separation_numbers,
]


@pytest.mark.filterwarnings("ignore:separable")
@pytest.mark.parametrize("at", range(8), ids=TITLES)
def test_every_number_a_step_states_is_the_librarys(tour, at):
    step = tour[at]
    said = [
        number for text in texts(step) for number in NUMBER.findall(text.replace("more than a millionth", f"{1e-6}"))
    ]
    meant = [float(value) for value in MEANT[at](step)]
    assert len(said) == len(meant), list(zip(said, meant, strict=False))
    for number, value in zip(said, meant, strict=True):
        digits = Decimal(number.replace(",", ""))
        # right to half a unit of the last digit written, and a hair for the halfway
        unit = 10.0 ** int(digits.as_tuple().exponent)
        assert abs(float(digits) - value) <= 0.5001 * unit, (number, value, step["title"])


def test_numbers_are_found_in_texts():
    text = "x1, y = 0.5x + 2; the 9th of 1,234,567 at -1.5e-07 or 0.0001. x^3 (-2), 10."
    assert NUMBER.findall(text) == ["0.5", "2", "9", "1,234,567", "-1.5e-07", "0.0001", "-2", "10"]


# What the steps say in words.


def test_what_is_said_of_the_lines_run_is_true(tour):
    step = tour[1]
    _, run = descent(step)
    loss, needed = run.loss(), run.epochs_to(CONVERGED)
    assert loss[-1] < 1e-6 * loss[0]
    assert np.ptp(loss[10:1001]) < 1e-5 * loss[0]
    kinds = [descent(step, epoch=epoch)[1].verdict.kind for epoch in (needed - 1, needed)]
    assert kinds == ["unfinished", "converged"]
    directions = run.problem.quadratic.modes.directions
    assert np.argmax(np.abs(directions[:, -1])) == 0  # the flat mode is mostly the bias
    assert descent(step, rate=0.001, epoch=100)[1].verdict.kind == "diverges"
    assert f"{missing(run):.1f}% of the bias is still missing" in run.verdict.sentence


def test_what_is_said_of_learning_rates_is_true(tour):
    data, run = descent(tour[2])
    told = diagnosis(data)
    rates = np.geomspace(0.003, told.best_learning_rate, 30)
    needed = [told.epochs_to(1e-6, learning_rate=float(rate)) for rate in rates]
    assert needed == sorted(needed, reverse=True)
    assert descent(tour[2], rate=0.35)[1].verdict.kind == "diverges"
    assert run.verdict.kind == "crawls"


def test_what_is_said_of_scaling_is_true(tour):
    data, raw = descent(tour[3])
    _, standard = descent(tour[3], standardize=True, rate=1.0, epoch=5)
    assert standard.verdict.kind == "converged"
    np.testing.assert_allclose(standard.optimum.weights, raw.optimum.weights, rtol=1e-9)
    assert standard.optimum.rmse == pytest.approx(raw.optimum.rmse, rel=1e-12)
    assert np.argmax(np.abs(raw.problem.quadratic.modes.directions[:, 0])) == 2  # the steepest is the area's weight
    A = np.column_stack([np.ones(len(data.X)), data.X])
    flattest = np.linalg.svd(A, compute_uv=False)[-1] ** 2 / len(A)
    # an independent way to the epochs of the raw run: the first k with (1 - ηλ)^k ≤ 1e-6. NumPy's smallest singular value
    # is good to κ(A)·ε = 2e-12, which is 0.002 epochs; the quotient is 0.66 below the next whole number
    assert raw.epochs_to(1e-6) == math.ceil(np.log(1e-6) / np.log1p(-2.5e-7 * flattest))


def test_what_is_said_of_momentum_is_true(tour):
    step = tour[4]
    data, run = descent(step)
    _, heavy = descent(step, rule="heavy_ball")
    path = heavy.parameters(range(500))
    theta = np.column_stack([path[1], path[0]])
    A, rate = np.column_stack([np.ones(60), data.X]), step["state"]["rate"]
    before, now = theta[300] - theta[299], theta[301] - theta[300]
    gradient = A.T @ (A @ theta[300] - data.y) / 60
    np.testing.assert_allclose(now, 0.95 * before - rate * gradient, atol=1e-12)
    assert descent(step, rate=20)[1].verdict.kind == "diverges"
    # plain descent in the slow direction: each of its steps makes an angle of less than a right one with the next
    weights = run.parameters(range(100, 501))[0]
    steps = np.diff(weights, axis=0)
    assert ((steps[1:] * steps[:-1]).sum(axis=1) > 0).all()


def test_what_is_said_of_early_stopping_is_true(tour, sets, js):
    data, run = descent(tour[5], epoch=1_000_000)  # as far as the page goes
    epochs = np.unique(np.geomspace(1, 1e6, 3_000).astype(int))
    assert (np.diff(run.rmse(epochs)) < 0).all()
    held = held_rmse(data, run, epochs)
    best = int(held.argmin())
    assert abs(epochs[best] - 694) < 5
    assert (np.diff(held[best:]) > 0).all()
    code = (
        "(() => { const P = openPayload(told), s = { ...initialState(P), ...state }, p = problemOf(P, 'standardized', 0, 'half_mse'),"
        " r = ruleOf(s, p), m = solveAll(p, r); return verdictOf(p, r, m, 694).kind; })()"
    )
    assert js(code, told=sets["polynomial"], state=tour[5]["state"]) == "crawls"
    # the modes that keep more than half of their error at epoch 694: noise and curve in each, by NumPy
    U, s, _ = np.linalg.svd(np.column_stack([np.ones(25), (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)]), False)
    flat = (1 - 0.2 * s**2 / 25) ** 694 > 0.5
    assert flat.sum() == 4
    curve, chance = (U.T @ values for values in (np.sin(np.pi * data.X[:, 0]), 0.3 * noise(1401, 25)))
    assert (chance[flat] ** 2).sum() > 5 * (curve[flat] ** 2).sum()


@pytest.mark.filterwarnings("ignore:separable")
def test_what_is_said_of_classes_is_true(tour, sets):
    data, run = descent(tour[6], epoch=1000)
    norms = np.linalg.norm(run.parameters(range(5, 1001))[0], axis=1)
    assert (np.diff(norms) > 0).all()  # the dotted lines come nearer
    chances = run.optimum.predict(data.X)
    assert ((chances < 0.1) | (chances > 0.9)).sum() > len(data.X) / 2
    data, run = descent(tour[7], epoch=10_000)
    assert (np.diff(run.loss()) < 0).all()
    assert run.verdict.kind == "separable"
    blocks = sets["separable"]["spaces"]["raw"]["blocks"]
    assert [block["l2"] for block in blocks].count(run.problem.separation.l2) == 1
    assert [block["settled"] for block in blocks] == [False] + [True] * (len(blocks) - 1)
