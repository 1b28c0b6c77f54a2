"""The page of losses other than squares: its JavaScript walks the rows to the library's numbers, and says what the library says."""

import json

import numpy as np
import pytest

import steepest
from steepest.errors import UsageError
from steepest.objectives.losses import HuberLoss
from steepest.objectives.quantile import QuantileLoss
from steepest.views.pages import loss_spaces
from steepest.views.pages.payload import payload
from tests.views.test_pages_js import SETTING, as_js, numbers

EPOCHS = [0, 1, 10, 1000]
RULES = {"gradient": {}, "heavy_ball": {"momentum": 0.6}, "nesterov": {"momentum": 0.6}}


def table(loss, n=120, d=3):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(n, d)) * [1.0, 2.0, 0.5][:d] + [0.0, 1.0, -1.0][:d]
    margin = X @ np.array([0.8, -0.5, 0.4])[:d] + 0.3
    if loss == "logistic":
        return X, (margin + generator.logistic(size=n) > 0).astype(float)
    if loss == "poisson":
        return X, generator.poisson(np.exp(margin)).astype(float)
    return X, margin + 0.5 * generator.standard_t(2, size=n)


def run_of(loss, rule="gradient", epochs=1000, share=0.4, **options):
    """A run at a share of the limit at its minimum."""
    X, y = table(getattr(loss, "name", loss))
    settings = {"loss": loss, **RULES[rule], **options}
    plain = steepest.descend(X, y, rule=rule, learning_rate=1e-3, epochs=1, **settings)
    rate = share * plain.rule.stability_limit(float(plain.problem.quadratic.modes.eigenvalues[0]))
    return steepest.descend(X, y, rule=rule, learning_rate=rate, epochs=epochs, **settings)


def page_numbers(js, run, hash="", epochs=EPOCHS):
    """Loss, RMSE, bias and weights at some epochs, as the page has them."""
    code = (
        f"(() => {{ {SETTING}; const m = solveAll(q, ruleOf(s, q)); return epochs.map(k => {{ const t = stateAt(q, m, k),"
        " o = inOwnUnits(q, t.theta); return [t.loss, t.rmse, o.bias, ...o.weights]; }); })()"
    )
    return numbers(js(code, payload=payload(run, run.problem.triangle), hash=hash, epochs=epochs))


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "loss", ["logistic", "poisson", "huber", HuberLoss(0.3), "quantile", QuantileLoss(0.9, 0.3)], ids=str
)
def test_the_page_walks_to_the_librarys_numbers(js, loss, rule, standardize):
    run = run_of(loss, rule, standardize=standardize, l2=0.01)
    got = page_numbers(js, run)
    weights, bias = run.parameters(EPOCHS)
    # 1,000 sums of 120 rows in another order: about 1e-13, and here a thousand times that
    np.testing.assert_allclose(got[:, 0], run.loss(EPOCHS), rtol=1e-10)
    np.testing.assert_allclose(got[:, 1], run.rmse(EPOCHS), rtol=1e-10)
    np.testing.assert_allclose(got[:, 2:], np.column_stack([bias, weights]), rtol=1e-10, atol=1e-13)


def test_another_setting_is_another_run_of_the_library(js):
    run = run_of("logistic")
    told = payload(run, run.problem.triangle)
    l2 = told["spaces"]["standardized"]["blocks"][5]["l2"]
    other = steepest.descend(
        *table("logistic"), loss="logistic", rule="nesterov", learning_rate=1.5, momentum=0.3, epochs=40, l2=l2,
        standardize=True,
    )  # fmt: skip
    got = page_numbers(js, run, "#rate=1.5&rule=nesterov&momentum=0.3&l2=5&standardize=1&epoch=40", [40])
    np.testing.assert_allclose(
        got[0], [other.loss([40])[0], other.rmse([40])[0], other.bias, *other.weights], rtol=1e-9
    )
    code = f"(() => {{ {SETTING}; return [Array.from(q.limit), q.floor, Array.from(q.eigenvalues), q.safe]; }})()"
    limit, floor, eigenvalues, safe = js(code, payload=told, hash="#l2=5&standardize=1")
    np.testing.assert_allclose(limit, other.problem.quadratic.minimum.ravel(), rtol=1e-9)
    np.testing.assert_allclose(eigenvalues, other.problem.quadratic.modes.eigenvalues, rtol=1e-9)
    assert floor == pytest.approx(other.optimum.loss, rel=1e-12)
    assert safe == pytest.approx(other.problem.global_limit, rel=1e-12)


def test_weights_count_and_equal_rows_are_walked_as_one(js):
    generator = np.random.default_rng(2)
    X, weight = generator.integers(0, 3, size=(400, 2)).astype(float), generator.uniform(0.5, 2, size=400)
    y = (X.sum(axis=1) + generator.logistic(size=400) > 2).astype(float)
    run = steepest.descend(X, y, weight=weight, loss="logistic", learning_rate=0.5, epochs=30)
    rows = payload(run, run.problem.triangle)["over"]["rows"]
    assert rows["count"] <= 18
    got = page_numbers(js, run, epochs=[30])
    np.testing.assert_allclose(got[0], [run.last.loss, run.last.rmse, run.bias, *run.weights], rtol=1e-12)


def test_what_is_left_of_the_modes_is_measured_on_the_path(js):
    run = run_of("logistic", epochs=60)
    code = f"(() => {{ {SETTING}; const m = solveAll(q, ruleOf(s, q)); return epochs.map(k => shares(m, k).map(Math.abs)); }})()"
    got = numbers(js(code, payload=payload(run, run.problem.triangle), hash="", epochs=[0, 5, 60]))
    np.testing.assert_allclose(got, run.remaining([0, 5, 60]), rtol=1e-8, atol=1e-12)
    code = f"(() => {{ {SETTING}; return solveAll(q, ruleOf(s, q)).map(m => m.ahead.radius); }})()"
    factors = js(code, payload=payload(run, run.problem.triangle), hash="")
    np.testing.assert_allclose(factors, run.rule.radius(run.problem.quadratic.modes.eigenvalues), rtol=1e-12)


def verdict(js, run, hash=""):
    code = f"(() => {{ {SETTING}; const r = ruleOf(s, q); return verdictOf(q, r, solveAll(q, r), s.epoch); }})()"
    return js(code, payload=payload(run, run.problem.triangle), hash=hash)


def test_the_given_run_has_the_librarys_verdict_and_other_rates_what_the_limits_say(js):
    run = run_of("logistic", epochs=20)
    safe, limit = run.problem.global_limit, run.verdict.stability_limit
    given = verdict(js, run)
    assert (given["kind"], given["sentence"]) == (run.verdict.kind, str(run.verdict))
    below, between, above = (verdict(js, run, f"#rate={rate}&epoch=30") for rate in (0.95 * safe, (safe + limit) / 2, 1.1 * limit))  # fmt: skip
    assert "below the global limit" in below["advice"]
    assert "from any start" in below["advice"]
    assert "between the global limit" in between["advice"]
    assert "once it is near" in between["advice"]
    assert above["advice"].endswith("does not settle at the minimum.")
    assert above["kind"] == "unsettled"
    needed = steepest.descend(*table("logistic"), loss="logistic", learning_rate=0.95 * safe, epochs=999).epochs_to(
        1e-6
    )
    assert 30 < needed < 999  # measured
    assert below["needed"] == needed
    assert below["advice"].endswith(f"All but a millionth of the way is done after {needed} epochs.")
    slow = verdict(js, run, f"#rate={0.5 * safe}&epoch=30")  # the page walks 1,000 epochs of it
    walked = steepest.descend(*table("logistic"), loss="logistic", learning_rate=0.5 * safe, epochs=1000)
    assert slow["needed"] == walked.epochs_to(1e-6) > 1000
    assert "By the modes at the minimum" in slow["advice"]
    share = verdict(js, run, f"#rate={0.5 * safe}&epoch=3")["sentence"]
    assert share.startswith("After 3 epochs ")
    assert share.endswith(" is still missing.")
    assert verdict(js, run_of("poisson", epochs=20), "#rate=0.01&epoch=5")["advice"].startswith("The learning rate 0.01 is below the local limit")  # fmt: skip
    assert "too large to hold" in verdict(js, run_of("poisson", epochs=20), "#rate=50&epoch=900")["sentence"]


@pytest.mark.parametrize("why", ["rule", "batches", "rows", "epochs"])
def test_a_run_that_the_page_does_not_walk_is_shown_as_it_went(js, why, monkeypatch):
    options = {"rule": {"rule": "adam"}, "batches": {"batch_size": 20}}.get(why, {})
    X, y = table("poisson")
    if why == "rows":
        monkeypatch.setattr(loss_spaces, "MOST_ROWS", 100)
    if why == "epochs":
        monkeypatch.setattr(loss_spaces, "AT_OPENING", 1000)
    run = steepest.descend(X, y, loss="poisson", learning_rate=0.01, epochs=50, **options)
    told = payload(run, run.problem.triangle)
    assert told["over"]["rows"] is None
    assert told["over"]["most_epochs"] == 0
    epochs = told["run"]["walk"]["epochs"]
    got = page_numbers(js, run, "#rate=3&l2=4&standardize=1", epochs)
    weights, bias = run.parameters(epochs)
    expected = np.column_stack([run.loss(epochs), run.rmse(epochs), bias, weights])
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert verdict(js, run)["sentence"] == str(run.verdict)
    early = verdict(js, run, f"#epoch={epochs[1]}")
    assert early["sentence"].endswith(f"At the end: {run.verdict}")


def test_many_rows_are_fitted_for_the_runs_own_penalty_alone(js, monkeypatch):
    monkeypatch.setattr(loss_spaces, "MOST_ROWS", 10)
    monkeypatch.setattr(loss_spaces, "MANY_ROWS", 100)
    run = run_of("logistic", epochs=20, l2=0.01)
    told = payload(run, run.problem.triangle)
    assert [block["l2"] for block in told["spaces"][run.problem.coordinates.name]["blocks"]] == [0.01]
    assert verdict(js, run)["sentence"] == str(run.verdict)


def test_python_that_is_copied_gives_the_pages_run(js):
    for loss in ("logistic", HuberLoss(0.3), QuantileLoss(0.8), QuantileLoss(0.2, 0.5)):
        run = run_of(loss, epochs=20)
        text = js(
            f"(() => {{ {SETTING}; return asPython(P, s, q); }})()", payload=payload(run, run.problem.triangle), hash=""
        )
        X, y = table(run.objective)
        names = {"data": steepest.open_source(X, y, target="y")}
        exec(
            compile(
                text.replace("print(run.verdict)", "").replace(', target="y"', "").replace('    target="y",\n', ""),
                "copied",
                "exec",
            ),
            names,
        )
        np.testing.assert_allclose(names["run"].weights, run.weights, rtol=1e-12)


def test_lines_of_the_same_loss_are_lines_of_the_same_loss(js):
    run = run_of("logistic", epochs=50, l2=0.05)
    code = (
        f"(() => {{ {SETTING}; const c = contour(q, solveAll(q, ruleOf(s, q)), 1, 2, [0, 1, 5, 20, 50]);"
        " return [c.goal, c.ellipses.map(({ xs, ys }) => [xs, ys])]; })()"
    )
    goal, rings = js(code, payload=payload(run, run.problem.triangle), hash="")
    minimum = run.problem.quadratic.minimum
    np.testing.assert_allclose(goal, minimum[1:3, 0], rtol=1e-12)
    for xs, ys in rings:
        x, y = numbers([xs])[0], numbers([ys])[0]
        seen = np.isfinite(x)
        heights = []
        for one, other in zip(x[seen], y[seen], strict=True):
            theta = minimum.copy()
            theta[1:3, 0] = one, other
            heights.append(run.problem.rows.value(theta)[0] - run.optimum.loss)
        # straight lines between 24 places of the root along a ray
        assert np.ptp(heights) <= 0.03 * np.max(heights)


def test_the_boundary_is_where_the_chance_is_even(js):
    line = js("boundaryLine({ weights: [2, -1], bias: 0.5 }, m, [[-1, 1], [-2, 3]])", m=0)
    for x, y in zip(line["x"], line["y"], strict=True):
        assert 2 * x - y + 0.5 == pytest.approx(0, abs=1e-12)
    assert len(line["x"]) == 2
    assert js("boundaryLine({ weights: [0, 0], bias: 1 }, 0, [[-1, 1], [-2, 3]])") == {"x": [], "y": []}


def test_a_loss_that_the_page_does_not_know_is_refused():
    class Own(HuberLoss):
        name = "own"

    run = steepest.descend(*table("huber"), loss=Own(1.0), epochs=3)
    with pytest.raises(UsageError, match="this run is on own loss"):
        run.page()
    X, y = table("huber")
    run = steepest.descend(X, y, loss="huber", epochs=3)
    with pytest.raises(UsageError, match=r"a triangle has no rows, which a huber loss needs. Give held_out=\(X, y\)"):
        run.page(X, y, held_out=steepest.summarize(X, y))
    with pytest.raises(UsageError, match=r"held_out is \(X, y\); got int"):
        run.page(X, y, held_out=3)


def test_the_best_rate_is_the_one_a_run_takes_by_itself(js):
    for loss in ("logistic", "poisson", "huber", "quantile"):
        for rule in RULES:
            run = steepest.descend(*table(loss), loss=loss, rule=rule, epochs=3)
            code = f"(() => {{ {SETTING}; return bestOf(q, ruleOf(s, q)); }})()"
            best = js(code, payload=payload(run, run.problem.triangle), hash="")
            assert best == pytest.approx(run.rule.learning_rate, rel=1e-9)


def test_the_payload_is_json(js):
    for loss in ("logistic", "poisson", "huber", "quantile"):
        run = run_of(loss, epochs=5)
        json.dumps(payload(run, run.problem.triangle), allow_nan=False)
    assert as_js(run.rule)["kind"] == "power"


@pytest.mark.filterwarnings("ignore:separable")
def test_separable_classes_have_no_minimum_until_there_is_a_penalty(js):
    X, y = table("logistic", d=2)
    y = (X @ [1.0, 1.0] > 0.5).astype(float)
    run = steepest.descend(X, y, loss="logistic", learning_rate=1.0, epochs=50)
    told = payload(run, run.problem.triangle)
    l2 = [block["l2"] for block in told["spaces"]["raw"]["blocks"]].index(run.problem.separation.l2)
    given, other, calm = (verdict(js, run, hash) for hash in ("", "#epoch=70", f"#epoch=70&l2={l2}"))
    assert (given["kind"], given["sentence"]) == ("separable", str(run.verdict))
    assert other["kind"] == "separable"
    assert "no minimum" in other["sentence"]
    assert "A penalty l2 gives it a minimum" in other["advice"]
    assert calm["kind"] in ("unfinished", "converged")
    np.testing.assert_allclose(page_numbers(js, run, epochs=[50])[0, 2:], [run.bias, *run.weights], rtol=1e-10)


def test_labels_of_classes_come_with_the_page():
    X, y = table("logistic")
    labels = np.where(y > 0, "stays", "leaves")
    run = steepest.descend(X, labels, loss="logistic", epochs=3)
    assert payload(run, run.problem.triangle)["classes"] == ["leaves", "stays"]


def test_a_command_that_is_copied_names_the_number_of_a_loss(js):
    for loss, words in ((HuberLoss(0.3), "--loss huber --delta 0.3"), (QuantileLoss(0.8), "--loss quantile --tau 0.8")):
        run = run_of(loss, epochs=5)
        told = payload(run, run.problem.triangle)
        assert f"{words} --standardize" in js(f"(() => {{ {SETTING}; return asCommand(P, s, q); }})()", payload=told, hash="#standardize=1")  # fmt: skip


def test_the_share_below_a_quantile_is_counted(js):
    run = run_of(QuantileLoss(0.8), epochs=30)
    code = f"(() => {{ {SETTING}; return shareBelow(q.over, stateAt(q, solveAll(q, ruleOf(s, q)), 30).theta); }})()"
    X, y = table("quantile")
    below = js(code, payload=payload(run, run.problem.triangle), hash="")
    assert below == pytest.approx((y <= run.predict(X)).mean(), abs=1e-12)
