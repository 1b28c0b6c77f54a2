"""The pages of other losses in a real browser: the boundary moves, the marks stand, nothing is complained of."""

import numpy as np
import pytest

import steepest
from tests.support.browser import (  # noqa: F401 - fixtures
    browser,
    data,
    offers,
    open_panel,
    pixels,
    text_of,
    visit,
    wait_until,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page of each kind: two classes over two features and over one, counts, separable classes, and Adam."""
    folder, generator = tmp_path_factory.mktemp("losses"), np.random.default_rng(4)
    X = generator.normal(size=(150, 2))
    y = (X @ [2.0, -1.0] + generator.logistic(size=150) > 0).astype(float)
    count = generator.poisson(np.exp(0.7 * X[:, 0] + 0.5)).astype(float)
    apart = (X[:, 0] > 0).astype(float)
    runs = {
        "two": (X, y, {"loss": "logistic", "learning_rate": 1.0}),
        "one": (X[:, :1], y, {"loss": "logistic", "learning_rate": 1.0}),
        "counts": (X[:, :1], count, {"loss": "poisson", "learning_rate": 0.1}),
        "huber": (X, 3 * X[:, 0] + generator.normal(size=150), {"loss": "huber", "learning_rate": 0.5}),
        "adam": (X, y, {"loss": "logistic", "learning_rate": 0.1, "rule": "adam"}),
    }
    made = {name: steepest.descend(A, b, epochs=40, **options).page(A, b, title=name) for name, (A, b, options) in runs.items()}  # fmt: skip
    with pytest.warns(steepest.DataWarning, match="(?i)separable"):
        made["separable"] = steepest.descend(X, apart, loss="logistic", epochs=100).page(X, apart)
    return {name: page.save(folder / f"{name}.html") for name, page in made.items()}


def set_slider(page, name, position):
    page.evaluate(
        "([name, position]) => { const s = document.getElementById(name); s.value = position; s.dispatchEvent(new Event('input')); }",
        [name, position],
    )
    text_of(page, "sentence")


def test_the_boundary_moves_with_the_epoch_and_the_curve_with_the_rate(visit, pages):
    page = visit(pages["two"])
    line, sides = data(page, "data:line"), data(page, "data:sides")
    assert len(line["x"]) == 2
    assert len(sides["xs"]) == 2
    assert len(data(page, "data:rows")["x"]) + len(data(page, "data:others")["x"]) == 150
    set_slider(page, "epoch", 300)
    assert data(page, "data:line") != line
    before, loss = pixels(page, "loss-log"), data(page, "loss-log:curve")["loss"]
    set_slider(page, "rate", 500)
    assert data(page, "loss-log:curve")["loss"] != loss
    wait_until(page, lambda: pixels(page, "loss-log") != before)


def test_both_limits_are_marked_and_said(visit, pages):
    page = visit(pages["two"])
    assert page.is_visible("#safe-mark")
    assert page.is_visible("#limit-mark")
    assert "global limit" in text_of(page, "rate-said")
    set_slider(page, "rate", 1000)
    assert "above the local limit" in text_of(page, "advice")
    assert page.get_attribute("#verdict", "data-kind") in ("unsettled", "diverges")
    open_panel(page, "more")
    page.select_option("#rule", "nesterov")
    text_of(page, "sentence")
    assert not page.is_visible("#safe-mark")
    counts = visit(pages["counts"])
    assert not counts.is_visible("#safe-mark")
    assert counts.is_visible("#limit-mark")
    assert not offers(counts, "map")


@pytest.mark.parametrize("name", ["one", "counts", "huber", "adam"])
def test_every_picture_of_a_page_is_drawn(visit, pages, name):
    page = visit(pages[name])
    for plot in ("loss-log", "data", "contour", "modes-log", "coefficients-log"):
        pixels(page, plot)
    assert all(np.isfinite(data(page, "loss-log:curve")["loss"]))
    if name in ("one", "counts"):
        y = np.array(data(page, "data:line")["y"])
        assert len(y) == 200
        assert (np.diff(y) > 0).all()
        assert y.min() > 0
    assert page.locator("#rate").is_disabled() == (name == "adam")


def test_separable_classes_are_told_and_a_penalty_gives_a_minimum(visit, pages):
    page = visit(pages["separable"])
    assert text_of(page, "sentence").startswith("Separable: ")
    assert not offers(page, "modes")
    curves = data(page, "coefficients-log:curves")["ys"]
    assert abs(curves[0][-1]) > abs(curves[0][len(curves[0]) // 2])
    assert "no minimum" in text_of(page, "figures-now")
    set_slider(page, "l2", 5)
    assert offers(page, "modes")
    assert "floor" in text_of(page, "figures-now")
