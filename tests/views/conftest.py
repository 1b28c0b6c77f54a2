"""A V8 for the tests of the page's JavaScript; skipped where there is none."""

import json

import pytest

from steepest.views.pages import scripts

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


@pytest.fixture(scope="module")
def js():
    """The page's pure functions, to be called with values that JSON can say."""
    mini_racer = pytest.importorskip("py_mini_racer", reason="mini-racer runs the JavaScript (pip install mini-racer)")
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
