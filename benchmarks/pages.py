"""P8: from a slider to the new picture, and from the file to the finished page, in Chromium, driven by Playwright."""

import os
import statistics
import tempfile
from pathlib import Path

import numpy as np

import steepest

SWEEP = """
async ([id, from, to]) => {
  const slider = document.getElementById(id), frame = () => new Promise(requestAnimationFrame), first = [], all = [];
  const moment = (name) => { const marks = performance.getEntriesByName(name); return marks.length ? marks[0].startTime : 0; };
  for (let i = 0; i < 60; i++) {
    for (let rest = 0; rest < 3; rest++) await frame();
    slider.value = from + ((to - from) * i) / 59;
    const moved = performance.now();
    slider.dispatchEvent(new Event("input"));
    while (!(moment("steepest-painted") > moved)) await frame();
    first.push(moment("steepest-first") - moved);
    all.push(moment("steepest-painted") - moved);
  }
  return { first, all };
}
"""


def pages():
    x = np.arange(1.0, 301.0).reshape(-1, 1)
    line = steepest.descend(x, 0.5 * x[:, 0] + 2, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
    yield "the tutorial's line", line.page(x, 0.5 * x[:, 0] + 2)
    generator = np.random.default_rng(0)
    X = generator.normal(size=(2000, 20)) @ generator.normal(size=(20, 20))
    y = X[:, 0] + generator.normal(size=2000)
    run = steepest.descend(X[:1500], y[:1500], rule="heavy_ball", standardize=True)
    yield "20 features, held-out rows", run.page(X[:1500], y[:1500], held_out=(X[1500:], y[1500:]))


def main():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("P8  needs playwright and chromium (see README, Developing)")
        return
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--disable-gpu", *sandbox])
        for name, page in pages():
            file = page.save(Path(folder) / "page.html", force=True)
            ready, moved = [], {"rate": [], "epoch": []}
            for _ in range(3):
                tab = browser.new_page(viewport={"width": 1600, "height": 1000})
                tab.goto(file.as_uri())
                tab.wait_for_selector("body[data-ready]")
                ready.append(tab.evaluate("performance.getEntriesByName('steepest-ready')[0].startTime"))
                tab.wait_for_timeout(500)
                for slider, took in moved.items():
                    took.append(tab.evaluate(SWEEP, [slider, 300, 700]))
                tab.close()
            print(f"P8  {name}: {file.stat().st_size / 1e6:.2f} MB, ready in {min(ready) / 1000:.2f} s (goal 1)")
            for slider, took in moved.items():
                first, every = (np.array([value for one in took for value in one[key]]) for key in ("first", "all"))
                print(
                    f"    {slider}: new verdict and loss painted after {statistics.median(first):.0f} ms (95 % within "
                    f"{np.percentile(first, 95):.0f}; goal 33), every picture in view after {statistics.median(every):.0f} "
                    f"(95 % within {np.percentile(every, 95):.0f})"
                )
        browser.close()


if __name__ == "__main__":
    main()
