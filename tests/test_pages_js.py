"""The page's JavaScript against the library: the same numbers for every rule, over random problems and on the kinks."""

import json
import math

import numpy as np
import pytest

import steepest
from steepest.pages import scripts
from steepest.pages.payload import Rows, payload
from steepest.quadratic import Modes
from steepest.rules import ChebyshevRule, GradientRule, HeavyBallRule, NesterovRule
from steepest.settings import best_learning_rate

mini_racer = pytest.importorskip("py_mini_racer", reason="mini-racer runs the JavaScript (pip install mini-racer)")

# atob is the browser's; V8 alone has none
ATOB = """
function atob(text) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let bits = 0, count = 0, out = "";
  for (const c of text.replace(/=+$/, "")) {
    bits = (bits << 6) | letters.indexOf(c); count += 6;
    if (count >= 8) { count -= 8; out += String.fromCharCode((bits >> count) & 255); bits &= (1 << count) - 1; }
  }
  return out;
}
"""
EPOCHS = [0, 1, 2, 3, 7, 10, 31, 100, 1000, 1001, 20_000, 199_999, 200_000]


@pytest.fixture(scope="module")
def js():
    engine = mini_racer.MiniRacer()
    engine.eval(ATOB + scripts.pure())

    def call(expression, **values):
        """Evaluate an expression over JSON values; numbers that JSON cannot say come back as texts."""
        names = ", ".join(values)
        given = ", ".join(json.dumps(value) for value in values.values())
        say = "(key, v) => typeof v === 'number' && !Number.isFinite(v) ? String(v) : v"
        text = engine.eval(f"JSON.stringify((({names}) => ({expression}))({given}), {say})")
        return json.loads(text)

    return call


def numbers(values):
    return np.array([[float(v) for v in row] for row in values])


def as_js(rule):
    interval = [rule.lower, rule.upper] if rule.name == "chebyshev" else None
    return {
        "name": rule.name,
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
    for _ in range(20):
        values = np.sort(10.0 ** generator.uniform(-6, 3, size=6))[::-1]
        momentum = float(generator.uniform(0, 1))
        for kind in (HeavyBallRule, NesterovRule):
            given = {"rule": kind.name, "b": momentum, "values": values.tolist()}
            best = js("bestRate(rule, b, values)", **given)
            assert best == pytest.approx(best_learning_rate(kind.name, Modes(values, np.eye(6)), momentum), rel=1e-12)
            limit = js("stabilityLimit(rule, b, values[0])", **given)
            assert limit == pytest.approx(kind(1.0, momentum).stability_limit(values[0]), rel=1e-15)
