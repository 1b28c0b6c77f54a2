"""The page's verdict in one line, where its tables begin, and learning rates as a person would write them."""

import math

import numpy as np
import pytest

import steepest
from steepest.lab.sets import payloads
from steepest.views.pages.payload import payload
from tests.views.test_pages_js import SETTING

SHORT = (
    f"(() => {{ {SETTING}; const r = ruleOf(s, q), m = solveAll(q, r), v = verdictOf(q, r, m, s.epoch);"
    " return { ...shortVerdict(q, r, m, s.epoch, v), kind: v.kind, sentence: v.sentence }; })()"
)


@pytest.fixture(scope="module")
def sets():
    return {told["id"]: told for told in payloads()}


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov", "chebyshev"])
def test_the_line_has_at_most_25_words_and_no_scientific_notation(js, sets, rule):
    kinds = set()
    for told in sets.values():
        if rule not in [entry["name"] for entry in told["rules"]]:
            continue
        for epoch in (0, 1, 40, 900):
            for rate in (1e-6, 0.03, 1.9, 30):
                told_short = js(SHORT, payload=told, hash=f"#rule={rule}&epoch={epoch}&rate={rate}")
                kinds.add(told_short["kind"])
                said = f"{told_short['word']} {told_short['line']}"
                assert len(said.split()) <= 25, said
                assert "e-0" not in told_short["line"].split("Stay below")[0], said
                assert "undefined" not in said, said
                assert "NaN" not in said, said
    assert len(kinds) >= (2 if rule == "chebyshev" else 4)


def test_the_line_says_what_the_library_computes(js, sets):
    data = steepest.example("tutorial's line")
    run = steepest.descend(data.X, data.y, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
    best = steepest.diagnose(data.X, data.y, objective="quarter_mse").best_learning_rate
    needed = [
        steepest.descend(data.X, data.y, learning_rate=rate, epochs=1, objective="quarter_mse").epochs_to(1e-6)
        for rate in (1e-4, best)
    ]
    told = js(SHORT, payload=sets["line"], hash="#rate=1e-4&epoch=200000")
    missing = 100 * abs(1 - run.bias / run.optimum.bias)
    assert told["word"] == "Not there yet"
    assert told["line"] == (
        f"{missing:.1f}% of the bias is missing. This rate needs {needed[0]:,} epochs; the best rate {needed[1]:,}."
    )
    wild = js(SHORT, payload=sets["noisy"], hash="#rate=0.36&epoch=5")
    limit = steepest.diagnose(*(lambda one: (one.X, one.y))(steepest.example("noisy line"))).stability_limit
    assert wild["line"].endswith(f"Stay below {math.floor(1000 * limit) / 1000}.")


def test_a_run_the_page_cannot_compute_is_told_in_the_words_it_came_with(js):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(40, 3))
    run = steepest.descend(X, X @ [1.0, 2.0, 3.0], rule="adam", learning_rate=0.01, epochs=30)
    told = js(SHORT, payload=payload(run, run.problem.triangle), hash="")
    assert len(f"{told['word']} {told['line']}".split()) <= 26
    assert told["word"] in ("Not there yet", "Converged")
    assert told["line"].split(" …")[0] in told["sentence"]


def test_a_report_begins_where_its_run_ended_and_a_table_at_epoch_0(js, sets):
    begin = "(() => { const P = openPayload(told); return initialState(P); })()"
    for told in sets.values():
        state = js(begin, told=told)
        assert (state["epoch"], state["standardize"], state["rule"], state["l2"]) == (0, False, "gradient", 0)
        assert js(begin, told=told | {"begins": "own"})["epoch"] == told["run"]["epochs"]
    X = np.array([[1.0], [2], [3], [4], [5]])
    run = steepest.descend(X, X[:, 0], fit_intercept=False, epochs=7)
    told = payload(run, run.problem.triangle)
    assert js(begin, told=told)["epoch"] == 7
    limit = 2 / (X[:, 0] @ X[:, 0] / 5)
    assert js(begin, told=told | {"id": "drawn"})["rate"] == pytest.approx(limit / 10, rel=0.05)  # two digits


def test_a_rate_is_written_with_few_digits_and_stays_below_the_limit(js):
    write = (
        "(() => { const best = bestRate(PLAIN, values); return [best, asWritten(best, speedOf(PLAIN, values))]; })()"
    )
    generator = np.random.default_rng(1)
    for _ in range(200):
        values = np.sort(10 ** generator.uniform(-5, 3, size=2))[::-1]
        best, written = js(write, values=values.tolist())
        assert written < 2 / values[0]
        # the slowest of both modes needs at most about 1% more epochs
        slow = [-np.log(np.abs(1 - rate * values).max()) for rate in (best, written)]
        assert min(slow[1], math.log(1e6)) >= 0.98 * min(slow[0], math.log(1e6))
    assert js(write, values=[1 + 1e-9])[1] == 1
    assert js("rates.map(rate => roundedDown(rate))", rates=[0.333439, 2.0, 0.000132666, 5.93]) == [
        0.333,
        2,
        0.000132,
        5.93,
    ]
