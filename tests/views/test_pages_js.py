"""The page's JavaScript against the library: the same numbers for every rule, over random problems and on the kinks."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest

import steepest
from steepest.objectives.modes import Modes
from steepest.rules.chebyshev import ChebyshevRule
from steepest.rules.gradient import GradientRule
from steepest.rules.heavy_ball import HeavyBallRule
from steepest.rules.nesterov import NesterovRule
from steepest.views.pages import Rows
from steepest.views.pages.payload import payload
from steepest.views.pages.rule_table import rule_table
from tests.rules.own import HalfwayRule, OwnAdamRule, ScratchRule

EPOCHS = [0, 1, 2, 3, 7, 10, 31, 100, 1000, 1001, 20_000, 199_999, 200_000]


def numbers(values):
    return np.array([[float(v) for v in row] for row in values])


def as_js(rule):
    interval = [rule.lower, rule.upper] if rule.name == "chebyshev" else None
    entry = rule_table(rule)[1]
    return {
        **entry,
        "learning_rate": rule.learning_rate,
        "momentum": getattr(rule, "momentum", 0.0),
        "interval": interval,
    }


def turned(rule, eigenvalues, epochs):
    """What the last bit of an angle up to π/2, a float on both sides, makes of k turns by it that have not died out."""
    if rule.name != "chebyshev":
        return 0.0
    with np.errstate(over="ignore"):
        high = np.minimum(rule.envelope(eigenvalues, epochs)[1].max(axis=1), 1.0)
    return epochs * high * np.pi / 2 * np.finfo(float).eps


def agree(js, rule, eigenvalues, epochs=EPOCHS, tolerance=1e-12):
    """Each epoch's vector of p_k and of 1 - p_k, norm-wise against the library's; where it grows, relative to its size."""
    eigenvalues = np.array(eigenvalues, dtype=float)
    for name, expected in (
        ("residual", rule.residual(eigenvalues, np.array(epochs))),
        ("progress", rule.progress(eigenvalues, np.array(epochs))),
    ):
        expression = f"epochs.map(k => values.map(v => {name}(solve(rule, v), k)))"
        got = numbers(js(expression, epochs=epochs, values=eigenvalues.tolist(), rule=as_js(rule)))
        finite = np.isfinite(expected)
        assert np.array_equal(np.isfinite(got), finite), (name, rule)
        got, expected = np.where(finite, got, 0.0), np.where(finite, expected, 0.0)
        largest = np.maximum(np.abs(expected).max(axis=1, keepdims=True), 1e-300)
        if name == "residual":  # what has died out is compared with the 1 it started from
            largest = np.maximum(largest, 1.0)
        error = np.linalg.norm(got / largest - expected / largest, axis=1)
        allowed = tolerance + turned(rule, eigenvalues, np.array(epochs))
        worst = int((error - allowed).argmax())
        assert (error <= allowed).all(), (name, rule, float(error[worst]), epochs[worst])


@pytest.mark.parametrize("seed", range(12))
def test_every_rule_agrees_on_random_problems(js, seed):
    generator = np.random.default_rng(seed)
    eigenvalues = np.sort(10.0 ** generator.uniform(-8, 2, size=12))[::-1]
    largest, share = float(eigenvalues[0]), generator.uniform(0.01, 0.999)
    momentum = float(generator.choice([0.0, generator.uniform(0, 1), 1 - 10.0 ** generator.uniform(-4, -1)]))
    agree(js, GradientRule(share * 2 / largest), eigenvalues)
    for kind in (HeavyBallRule, NesterovRule):
        limit = kind(1.0, momentum).stability_limit(largest)
        agree(js, kind(share * limit, momentum), eigenvalues)
    agree(js, ChebyshevRule(float(eigenvalues[-1]), largest), eigenvalues)
    agree(js, ChebyshevRule(float(eigenvalues[-3]), float(eigenvalues[2])), eigenvalues, epochs=[0, 1, 2, 5, 20])


KINKS = {
    "hardly any curvature": (1.0, [1e-300, 1e-30, 1e-17, 1e-9]),
    "ηλ = 1: gone in one step": (1.0, [1.0, 1 - 1e-16, 1 + 2.3e-16, 0.5]),
    "ηλ = 2: the stability limit": (1.0, [2.0, 2 - 4.5e-16, 1.9999999, 1.0]),
    "diverging": (1.0, [2.5, 2 + 4.5e-16, 2.0000001, 0.1]),
    "a rate that is no round number": (1e-4, [15070.0 * 1.3266, 0.1243, 19999.9999]),
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("momentum", [0.0, 0.25, 0.9, 0.999])
def test_every_rule_agrees_on_the_kinks(js, name, momentum):
    rate, eigenvalues = KINKS[name]
    agree(js, GradientRule(rate), eigenvalues)
    for kind in (HeavyBallRule, NesterovRule):
        agree(js, kind(rate, momentum), eigenvalues)


@pytest.mark.parametrize("momentum", [0.0, 0.25, 0.81, 0.9801, 0.998001])
def test_critical_damping_and_the_momentum_limit_agree(js, momentum):
    root = math.sqrt(momentum)
    # heavy ball's double root at a = (1 ± √β)²; Nesterov's where (1 + β)²(1 - a) = 4β; and a hair beside them
    heavy = [(1 - root) ** 2, (1 + root) ** 2, 2 * (1 + momentum)]
    nesterov = [1 - 4 * momentum / (1 + momentum) ** 2, 2 * (1 + momentum) / (1 + 2 * momentum)]
    for kind, places in ((HeavyBallRule, heavy), (NesterovRule, nesterov)):
        beside = [a * (1 + shift) for a in places for shift in (0, 1e-15, -1e-15, 1e-9, -1e-9) if a > 0]
        agree(js, kind(1.0, momentum), beside or [0.5])


def test_best_rates_and_limits_agree(js):
    generator = np.random.default_rng(5)
    for trial in range(40):
        # half of them 1e20 to 1e40 apart: there the best rate is the last one below the limit
        values = np.sort(10.0 ** generator.uniform(-6 if trial % 2 else -40, 3, size=6))[::-1]
        momentum = float(generator.uniform(0, 1)) if trial % 5 else 0.0
        for kind in (HeavyBallRule, NesterovRule):
            given = {"rule": as_js(kind(1.0, momentum)), "values": values.tolist()}
            best = js("bestRate(rule, values)", **given)
            assert best == pytest.approx(
                kind(1.0, momentum).at_best_rate(Modes(values, np.eye(6))).learning_rate, rel=1e-12
            )
            limit = js("stabilityLimit(rule, values[0])", **given)
            assert best < limit * (1 - 5e-15)
            assert limit == pytest.approx(kind(1.0, momentum).stability_limit(values[0]), rel=1e-15)


def page_values(js, run, triangle, rows, epochs, state):
    """What the page would show of a run at some epochs: parameters, loss, RMSE, held-out RMSE."""
    opened = "const P = openPayload(payload), p = problemOf(P, state.space, state.l2, state.objective);"
    code = (
        f"(() => {{ {opened} const m = solveAll(p, rule); return epochs.map(k => {{ const s = stateAt(p, m, k), o = inOwnUnits(p, s.theta);"
        " return [s.loss, s.rmse, s.heldRmse === null ? 0 : s.heldRmse, o.bias, ...o.weights]; }); })()"
    )
    return numbers(js(code, payload=payload(run, triangle, rows), epochs=epochs, rule=as_js(run.rule), state=state))


def random_table(seed):
    generator = np.random.default_rng(seed)
    d = int(generator.integers(1, 7))
    X = generator.normal(size=(60, d)) * 10.0 ** generator.uniform(-1, 1, size=d) + generator.normal(size=d)
    return X, X @ generator.normal(size=d) + generator.normal() + 0.3 * generator.normal(size=60)


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov", "chebyshev"])
@pytest.mark.parametrize("seed", range(6))
def test_states_agree_with_the_run(js, rule, seed):
    generator = np.random.default_rng(100 + seed)
    X, y = random_table(seed)
    objective = ["half_mse", "mse", "quarter_mse"][seed % 3]
    options = {"standardize": bool(seed % 2), "l2": [0.0, 0.3][seed // 2 % 2], "fit_intercept": seed != 4}
    start = (generator.normal(size=X.shape[1]), 0.0 if seed == 4 else 2.0) if seed > 3 else None
    run = steepest.descend(X, y, rule=rule, objective=objective, epochs=300, start=start, **options)
    triangle, held = steepest.summarize(X, y), steepest.summarize(*random_table_like(X, seed))
    told = payload(run, triangle)
    scale = {"half_mse": 1, "mse": 2, "quarter_mse": 0.5}[objective]
    space = "standardized" if options["standardize"] else "raw"
    index = [block["l2"] for block in told["spaces"][space]["blocks"]].index(options["l2"] / scale)
    epochs = [0, 1, 2, 5, 17, 100, 299, 300]
    state = {"space": space, "l2": index, "objective": objective}
    got = page_values(js, run, triangle, Rows(None, held), epochs, state)
    weights, bias = run.parameters(epochs)
    np.testing.assert_allclose(got[:, 0], run.loss(epochs), rtol=1e-12)
    np.testing.assert_allclose(got[:, 1], run.rmse(epochs), rtol=1e-12)
    theta, expected = got[:, 3:], np.column_stack([bias, weights])
    # norm-wise; the bias of standardized inputs is a difference of terms as large as shift·weights
    size = np.linalg.norm(expected, axis=1) + np.abs(weights) @ np.abs(run.coordinates.shift)
    assert (np.linalg.norm(theta - expected, axis=1) <= 1e-12 * np.maximum(size, 1e-300)).all()
    # the library's own held-out error takes another way, by the parameters in the data's units
    np.testing.assert_allclose(got[:, 2], held.rmse_of(weights.T, bias), rtol=1e-10)


@pytest.mark.filterwarnings("ignore::steepest.DataWarning")
@pytest.mark.parametrize("seed", range(4))
def test_states_of_columns_that_depend_on_each_other_agree_in_any_units(js, seed):
    generator = np.random.default_rng(seed)
    x = np.round(generator.normal(size=(40, 3)) * 1024)
    X = np.column_stack([x, x[:, 0] - x[:, 1], x[:, 1] + 2 * x[:, 2]])[:, generator.permutation(5)]
    X = X * 10.0 ** generator.integers(-12, 13, size=5)
    y = generator.normal(size=40) + x.sum(axis=1) / 1024
    run = steepest.descend(X, y, epochs=300)
    epochs = [0, 1, 2, 17, 300]
    state = {"space": "raw", "l2": 0, "objective": "half_mse"}
    got = page_values(js, run, steepest.summarize(X, y), Rows(), epochs, state)
    assert got[0, 0] == pytest.approx(y @ y / 80, rel=1e-12)
    np.testing.assert_allclose(got[:, 0], run.loss(epochs), rtol=1e-12)
    np.testing.assert_allclose(got[:, 1], run.rmse(epochs), rtol=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("own", [1e-9, 1e-13])
def test_states_of_columns_that_nearly_depend_on_each_other_agree(js, own, standardize):
    generator = np.random.default_rng(5)
    x = generator.normal(size=(30, 3))
    X, y = np.column_stack([x[:, 0], x[:, 1], x[:, 0] + x[:, 1] + own * x[:, 2]]), x.sum(axis=1)
    run = steepest.descend(X[:20], y[:20], epochs=50, standardize=standardize)
    epochs, held = [0, 1, 2, 50], steepest.summarize(X[20:], y[20:])
    state = {"space": "standardized" if standardize else "raw", "l2": 0, "objective": "half_mse"}
    got = page_values(js, run, steepest.summarize(X[:20], y[:20]), Rows(held_out=held), epochs, state)
    weights, bias = run.parameters(epochs)
    np.testing.assert_allclose(got[:, 1], run.rmse(epochs), rtol=1e-12)
    np.testing.assert_allclose(got[:, 2], held.rmse_of(weights.T, bias), rtol=1e-12)


def test_columns_too_far_apart_for_a_condition_number_have_a_page(js):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(20, 3)) * [1e-140, 1.0, 1e140], generator.normal(size=20)
    run = steepest.descend(X, y, epochs=50)
    got = page_values(
        js, run, steepest.summarize(X, y), Rows(), [0, 1, 50], {"space": "raw", "l2": 0, "objective": "half_mse"}
    )
    np.testing.assert_allclose(got[:, 1], run.rmse([0, 1, 50]), rtol=1e-12)


def test_chebyshev_of_modes_far_apart_does_not_swing_for_ever(js):
    rule = ChebyshevRule(1e-20, 1.0)
    limit = js("stabilityLimit(rule, 1)", rule=as_js(rule))
    assert limit == rule.stability_limit(1.0)
    assert rule.learning_rate < limit * (1 - 5e-15)
    assert js("stabilityLimit(rule, 3)", rule=as_js(rule)) == rule.stability_limit(3.0) == 2 / 3


def random_table_like(X, seed):
    generator = np.random.default_rng(500 + seed)
    return X[:25] + generator.normal(size=(25, X.shape[1])), generator.normal(size=25)


def tutorial():
    x = np.arange(1.0, 301.0).reshape(-1, 1)
    return x, 0.5 * x[:, 0] + 2


def test_the_tutorials_run_agrees_at_its_last_epoch(js):
    x, y = tutorial()
    run = steepest.descend(x, y, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
    state = {"space": "raw", "l2": 0, "objective": "quarter_mse"}
    epochs = [0, 1, 1000, 199_999, 200_000]
    got = page_values(js, run, steepest.summarize(x, y), None, epochs, state)
    # figures of the tutorial's own log, at the last epoch
    np.testing.assert_allclose(got[-1, 3:], [1.833972315987837, 0.5008287639956264], rtol=1e-13)
    np.testing.assert_allclose(got[:, 1], run.rmse(epochs), rtol=1e-12)


VERDICTS = {
    "tutorial": {"learning_rate": 1e-4, "epochs": 200_000, "objective": "quarter_mse"},
    "converged": {"standardize": True, "epochs": 50, "learning_rate": 0.9},
    "diverges": {"learning_rate": 2e-4, "epochs": 10, "objective": "quarter_mse"},
    "oscillates": {"standardize": True, "learning_rate": 2.0, "epochs": 10},
    "crawls": {"learning_rate": 1e-9, "epochs": 10},
    "heavy ball": {"rule": "heavy_ball", "epochs": 30},
    "Nesterov": {"rule": "nesterov", "epochs": 30, "learning_rate": 1e-5, "momentum": 0.9},
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_is_the_librarys_word_for_word(js, name):
    x, y = tutorial()
    run = steepest.descend(x, y, **VERDICTS[name])
    state = {"space": run.coordinates.name, "l2": 0, "objective": run.objective}
    code = (
        "(() => { const P = openPayload(payload), p = problemOf(P, state.space, state.l2, state.objective), m = solveAll(p, rule);"
        " return verdictOf(p, rule, m, k); })()"
    )
    told = payload(run, steepest.summarize(x, y))
    got = js(code, payload=told, state=state, rule=as_js(run.rule), k=run.epochs)
    assert got["kind"] == run.verdict.kind
    assert got["sentence"] == run.verdict.sentence
    if name == "tutorial":
        assert got["advice"] == run.verdict.advice


def test_the_arithmetic_of_a_step_is_that_of_explain(js):
    X, y = random_table(2)
    for rule in ("gradient", "heavy_ball", "nesterov"):
        momentum = {} if rule == "gradient" else {"momentum": 0.7}
        told = steepest.explain(X, y, epoch=4, rule=rule, learning_rate=0.01, standardize=True, **momentum)
        code = (
            "(() => { const P = openPayload(payload), p = problemOf(P, 'standardized', 0, 'half_mse'), m = solveAll(p, rule);"
            " const s = stepOf(p, rule, m, 4); return [s.before, s.velocity, s.gradient, s.after].map(v => Array.from(v)); })()"
        )
        got = numbers(js(code, payload=payload(told.run, steepest.summarize(X, y)), rule=as_js(told.run.rule)))
        for row, expected in zip(got, (told.before, told.velocity, told.gradient, told.after), strict=True):
            np.testing.assert_allclose(row, expected, rtol=1e-9, atol=1e-12 * np.abs(told.before).max())


def test_words_are_the_librarys(js):
    from steepest.support import words

    values = [0.0, 1.0, -1.5, 121211.92, 0.000132666, 200_000.0, 1e-5, 3.2e15, 0.1 + 0.2, 12345.678, 1e-4, -7.123456e-9]
    for value in values:
        assert js("number(v)", v=value) == words.number(value)
        assert js("percent(v)", v=abs(value)) == words.percent(abs(value))
    for count in (None, 0, 1, 1_110_807, 3 * 10**31):
        assert js("epochsInWords(v)", v=count) == words.epochs(count)


@pytest.mark.process
@pytest.mark.skipif(
    shutil.which("bash") is None, reason="bash is not installed; it is to read back what the page quotes for it"
)
def test_a_shell_reads_what_was_quoted_for_it(js):
    for text in ("\t", ";", "|", " ", ",", ":", "a'b", "-x", "$HOME", "ü b", "a,b", "*"):
        word = js("shellText(t)", t=text)
        assert word.isprintable()  # a terminal takes a tab for a key
        done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True)
        assert done.stdout == text


def test_a_links_nonsense_is_ignored(js):
    x, y = tutorial()
    told = payload(steepest.descend(x, y, learning_rate=1e-4, epochs=10), steepest.summarize(x, y))
    code = "(() => { const P = openPayload(payload), s = initialState(P); return [s, stateFrom(hash, s, P)]; })()"
    first, read = js(
        code, payload=told, hash="#rate=-1&epoch=1e400&rule=<script>&momentum=1&l2=99&log=x&objective=toString"
    )
    assert read == first
    _, read = js(
        code, payload=told, hash="#rate=2e-5&epoch=77&rule=nesterov&momentum=0.5&l2=3&log=0&objective=mse&standardize=1"
    )
    expected = {"rate": 2e-5, "epoch": 77, "rule": "nesterov", "momentum": 0.5, "l2": 3, "log": False}
    assert read == {**expected, "objective": "mse", "standardize": True}


SETTING = "const P = openPayload(payload), s = stateFrom(hash, initialState(P), P), q = problemOf(P, s.standardize ? 'standardized' : 'raw', s.l2, s.objective)"


def test_an_address_holds_the_pinned_settings_and_gives_them_back(js):
    x, y = tutorial()
    told = payload(steepest.descend(x, y, learning_rate=1e-4, epochs=10), steepest.summarize(x, y))
    pins = [
        "#rate=1e-300&epoch=9007199254740991&rule=heavy_ball&momentum=0.99999&l2=3&objective=mse&standardize=1",
        "#",
    ]
    code = (
        "(() => { const P = openPayload(payload), s = initialState(P), kept = pins.map((pin) => stateFrom(pin, s, P));"
        " const hash = addressOf('a b&c=d', s, kept, 2); return [kept, pinsFrom(hash, s, P), stateFrom(hash, s, P), s,"
        " settingsIn(hash).get('set'), settingsIn(hash).get('tour')]; })()"
    )
    kept, read, state, first, name, step = js(code, payload=told, pins=pins)
    assert read == kept
    assert state == first
    assert (name, step) == ("a%20b%26c%3Dd", "3")
    nonsense = "#pin=<script>&pin=rate:-1&pin=" + "&pin=".join(["epoch:3"] * 20)
    code = "(() => { const P = openPayload(payload); return pinsFrom(hash, initialState(P), P); })()"
    read = js(code, payload=told, hash=nonsense)
    # what is no setting is none; a value out of its range is the setting's own
    assert [pin["epoch"] for pin in read] == [10, 3, 3, 3, 3]
    assert read[0]["rate"] == 1e-4


def run_of(js, told, hash=""):
    """Run the Python that the page copies, and return its run beside the page's own parameters."""
    text = js(f"(() => {{ {SETTING}; return asPython(P, s, q); }})()", payload=told, hash=hash)
    names = {}
    exec(compile(text.replace("print(run.verdict)", ""), "copied", "exec"), names)
    code = f"(() => {{ {SETTING}; return Array.from(inOwnUnits(q, parametersAt(q, solveAll(q, ruleOf(s, q)), s.epoch)).weights); }})()"
    return names["run"], np.array(js(code, payload=told, hash=hash), dtype=float)


@pytest.mark.filterwarnings("ignore:separable")
@pytest.mark.parametrize("name", steepest.EXAMPLES)
def test_python_copied_from_a_built_in_set_gives_the_pages_run(js, name):
    from steepest.lab.sets import payloads

    told = next(one for one in payloads() if one["title"] == name)
    for hash in ("", "#rule=nesterov&momentum=0.5&epoch=300&standardize=1&l2=4&rate=0.05&objective=half_mse"):
        run, weights = run_of(js, told, hash)
        # an ill-conditioned set's modes are the same up to rounding times its condition number
        np.testing.assert_allclose(run.weights, weights, rtol=1e-9, atol=1e-9 * np.abs(weights).max())


def test_python_and_command_copied_from_points_and_tables_give_the_pages_run(js, tmp_path, monkeypatch):
    from steepest.lab.runs import points_payload, table_payload

    points = [(1.0, 2.5), (3.0, 3.0), (5.0, 5.0), (7.0, -5.5), (9.5, 7.25)]
    run, weights = run_of(js, points_payload(points, 3), "#epoch=50&standardize=1")
    np.testing.assert_allclose(run.weights, weights, rtol=1e-9)
    x, y = np.array(points).T
    run, weights = run_of(js, points_payload(points, 3), "#rule=chebyshev&epoch=4000&standardize=1")
    np.testing.assert_allclose(weights, np.polyfit(x, y, 3)[:-1][::-1], rtol=1e-6)

    monkeypatch.chdir(tmp_path)
    options = {"features": ['a"b', "c,d", "$e"], "missing": "drop", "degree": 2, "interactions": [("c,d", "$e")]}
    table: dict = {"name": '-it\'s, "so".csv', "options": options, "test_size": 0.25, "seed": 3}
    header = '"a""b","c,d",$e,y\n'
    rows = "".join(f"{k % 7},{k * k % 11},{'' if k == 5 else k % 3},{k % 5}\n" for k in range(40))
    (tmp_path / table["name"]).write_text(header + rows)
    source = steepest.open_source("./" + table["name"], target="y", **options)
    from steepest.data.split import Share

    told = table_payload(source, Share(0.25, 3), "t", "opened", table)
    hash = "#epoch=60&rate=0.1&rule=heavy_ball&momentum=0.3"
    run, weights = run_of(js, told, hash)
    assert run.features == tuple(told["features"])
    np.testing.assert_allclose(run.weights, weights, rtol=1e-9)
    command = js(f"(() => {{ {SETTING}; return asCommand(P, s, q); }})()", payload=told, hash=hash)
    import shlex

    from tests.support.commands import steepest_command

    done = steepest_command(*shlex.split(command)[1:], "--no-out", "--json", cwd=tmp_path)
    fitted = json.loads(done.stdout)["weights"]
    np.testing.assert_allclose([fitted[name] for name in told["features"]], weights, rtol=1e-9)


def test_a_two_term_rule_of_ones_own_is_computed_by_its_look_ahead(js):
    generator = np.random.default_rng(11)
    eigenvalues = np.sort(10.0 ** generator.uniform(-6, 0, size=8))[::-1]
    for momentum in (0.0, 0.4, 0.95):
        limit = HalfwayRule(1.0, momentum).stability_limit(float(eigenvalues[0]))
        agree(js, HalfwayRule(0.7 * limit, momentum), eigenvalues)
        given = {"rule": as_js(HalfwayRule(1.0, momentum)), "values": eigenvalues.tolist()}
        assert js("stabilityLimit(rule, values[0])", **given) == pytest.approx(limit, rel=1e-15)
        best = HalfwayRule(1.0, momentum).at_best_rate(Modes(eigenvalues, np.eye(8))).learning_rate
        assert js("bestRate(rule, values)", **given) == pytest.approx(best, rel=1e-12)
    run = steepest.descend(X_OWN, Y_OWN, rule=HalfwayRule(0.1, 0.4), epochs=30)
    told = payload(run, steepest.summarize(X_OWN, Y_OWN))
    entry = told["rules"][-1]
    assert [entry[key] for key in ("name", "kind", "python")] == ["halfway", "two_term", "HalfwayRule"]
    text = js(
        f"(() => {{ {SETTING}; return settingsAsPython({{ payload: P, state: s, problem: q }}); }})()",
        payload=told,
        hash="",
    )
    assert text[0] == "rule=HalfwayRule(learning_rate=0.1, momentum=0.4)"


X_OWN = np.random.default_rng(12).normal(size=(30, 3)) * [1.0, 3.0, 0.5] + [0.0, 1.0, 0.0]
Y_OWN = X_OWN @ [1.0, -2.0, 0.5] + 3


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("start", [None, "arrived along one mode"])
@pytest.mark.parametrize("rule", [OwnAdamRule(0.05), ScratchRule(0.05)], ids=repr)
def test_a_rule_that_the_page_cannot_compute_is_shown_as_it_was_walked(js, rule, start, standardize):
    objective, l2 = "mse", 0.3
    options = {"objective": objective, "l2": l2, "standardize": standardize}
    if start is not None:  # Adam moves the other modes anyway
        plain = steepest.descend(X_OWN, Y_OWN, epochs=0, **options)
        quadratic = plain.problem.quadratic
        theta = quadratic.minimum + 2 * quadratic.modes.directions[:, :1]
        weights, bias = plain.coordinates.to_raw(theta)
        start = weights[:, 0], float(bias[0])
    run = steepest.descend(X_OWN, Y_OWN, rule=rule, epochs=400, start=start, **options)
    held = steepest.summarize(X_OWN[:9], Y_OWN[:9] + 1)
    told = payload(run, steepest.summarize(X_OWN, Y_OWN), Rows(None, held))
    assert told["rules"][-1]["kind"] == "walked"
    assert told["run"]["rule"] == rule.name
    epochs = told["run"]["walk"]["epochs"]
    assert epochs[0] == 0
    assert epochs[-1] == 400
    code = (
        f"(() => {{ {SETTING}; const m = solveAll(q, ruleOf(s, q)); "
        f"return P.run.walk.epochs.map(k => {{ const t = stateAt(q, m, k), o = inOwnUnits(q, t.theta);"
        " return [t.loss, t.rmse, t.heldRmse, o.bias, ...o.weights]; }); })()"
    )
    got = numbers(js(code, payload=told, hash=""))
    weights, biases = run.parameters(epochs)
    held_out = held.rmse_of(weights.T, biases)
    expected = np.column_stack([run.loss(epochs), run.rmse(epochs), held_out, biases, weights])
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)


def test_a_walked_mode_that_starts_where_it_ends_is_measured_by_how_far_it_went(js):
    A = np.column_stack([np.ones(30), X_OWN])
    y = A @ np.linalg.svd(A)[2][0]  # from zero, only the steepest mode has a way to go
    run = steepest.descend(X_OWN, y, rule=OwnAdamRule(0.05), epochs=400)
    held = steepest.summarize(X_OWN[:9], y[:9] + 1)
    told = payload(run, steepest.summarize(X_OWN, y), Rows(None, held))
    epochs = told["run"]["walk"]["epochs"]
    code = f"(() => {{ {SETTING}; const m = solveAll(q, ruleOf(s, q)); return P.run.walk.epochs.map(k => [stateAt(q, m, k).heldRmse, ...shares(m, k)]); }})()"
    got = numbers(js(code, payload=told, hash=""))
    weights, biases = run.parameters(epochs)
    np.testing.assert_allclose(got[:, 0], held.rmse_of(weights.T, biases), rtol=1e-9)
    assert got[0, 1] == 1.0
    np.testing.assert_allclose(got[0, 2:], 0.0, atol=1e-9)
    np.testing.assert_allclose(np.abs(got[:, 2:]).max(axis=0), 1.0)


def test_of_a_walked_run_only_the_epoch_can_be_chosen(js):
    run = steepest.descend(X_OWN, Y_OWN, rule=OwnAdamRule(0.01), epochs=5000)
    told = payload(run, steepest.summarize(X_OWN, Y_OWN))
    epochs = told["run"]["walk"]["epochs"]
    assert len(epochs) < 1000
    code = f"(() => {{ {SETTING}; return [s, verdictOf(q, ruleOf(s, q), solveAll(q, ruleOf(s, q)), s.epoch)]; }})()"
    for hash in ("#epoch=5000&rule=gradient&rate=7&l2=3&standardize=1&objective=mse", "#epoch=9007199254740991"):
        state, verdict = js(code, payload=told, hash=hash)
        assert [state[key] for key in ("epoch", "rule", "rate", "standardize", "objective")] == [
            5000,
            "own_adam",
            0.01,
            False,
            "half_mse",
        ]
        assert verdict["sentence"] == str(run.verdict)
        assert verdict["kind"] == run.verdict.kind
    state, verdict = js(code, payload=told, hash="#epoch=4001")
    assert state["epoch"] in epochs
    assert verdict["sentence"].endswith(f"At the end: {run.verdict}")
    settled = "(() => { const P = openPayload(payload); return settled({ ...initialState(P), epoch: wanted, log: true }, P, from).epoch; })()"
    place = epochs.index(next(k for k in epochs if k > 2000))
    for by in (1, -1):  # + 1 and − 1 go on to the next that was kept
        at = epochs[place]
        assert js(settled, payload=told, wanted=at + by, **{"from": at}) == epochs[place + by]


def test_what_was_expected_is_drawn_as_far_as_the_picture_goes(js):
    settings = {"batch_size": 5, "learning_rate": 0.02, "epochs": 9}
    run = steepest.descend(X_OWN, Y_OWN, **settings)
    told = payload(run, steepest.summarize(X_OWN, Y_OWN))
    code = "(() => { const P = openPayload(payload); return [expectedLoss(P.run.walk, 4, 0), expectedLoss(P.run.walk, 9, 1e9), expectedLoss(null, 4, 0)]; })()"
    near, small, other = js(code, payload=told)
    assert near["epoch"] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(near["loss"], steepest.forecast(X_OWN, Y_OWN, **settings).loss()[:5], rtol=1e-12)
    assert small["loss"] == ["NaN"] * 10  # NaN, which is not drawn
    assert other == {"epoch": [], "loss": []}
