"""The page of a path in a real browser: its slider, its table, its pictures, light and dark, wide and narrow."""

import numpy as np
import pytest

import steepest
from tests.support.browser import NASTY, SHOTS, browser, text_of, visit, wait_until  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(90, 9)) * [1, 10, 100, 1, 1, 1, 1, 1, 1]
    y = X @ [3.0, -0.2, 0.0, 0, 0, 0, 0, 0, 0] + generator.normal(size=90)
    return steepest.path(X, y, features=[NASTY, "ü 🐧", *"cdefghi"], target=NASTY, standardize=True)


@pytest.fixture(scope="module")
def file(path, tmp_path_factory):
    return path.page(title=NASTY).save(tmp_path_factory.mktemp("path") / "path.html")


def shown(page):
    """The table of the model, by input."""
    rows = page.locator("#model tr").all()[1:]
    cells = [[cell.text_content() for cell in row.locator("th, td").all()] for row in rows]
    return {name: float(own.replace(",", "")) for name, own, *_ in cells}


def test_it_opens_at_the_choice_and_the_slider_shows_every_model(visit, path, file):
    page = visit(file)
    assert text_of(page, "sentence").startswith(f"Penalty {steepest.support.words.number(path.best.penalty)}: ")
    assert text_of(page, "advice").startswith("Best: smallest held-out RMSE")
    for at in (0, 20, 99):
        page.evaluate(
            "at => { const s = document.getElementById('penalty'); s.value = at; s.dispatchEvent(new Event('input')); }",
            at,
        )
        weights = path.coefficients(path.penalties[at])
        expected = {name: w for name, w in zip(path.features, weights, strict=True) if w != 0}
        found = shown(page)
        # seven digits are shown
        assert found.pop("bias") == pytest.approx(float(path.bias(path.penalties[at])), rel=1e-6)
        assert found == pytest.approx(expected, rel=1e-6)


def test_keys_buttons_and_clicks_move_it(visit, path, file):
    page = visit(file)
    page.focus("#penalty")
    page.keyboard.press("Home")
    assert page.is_disabled("#before")
    assert len(shown(page)) == 1
    page.click("#after")
    assert len(shown(page)) == 2
    page.click("text=One standard error")
    assert text_of(page, "advice").startswith("One standard error: ")
    box = page.locator("#errors").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 15, box["y"] + 100)
    assert page.input_value("#penalty") == "99"
    before = page.locator("#coefficients path").first.get_attribute("d")
    page.uncheck("#per-deviation")
    assert page.locator("#coefficients path").first.get_attribute("d") != before
    assert page.locator("#coefficients .mark").count() == 2


def test_names_are_shown_as_text(visit, file):
    page = visit(file)
    assert page.title() == NASTY
    assert page.locator("main img, main script, header img").count() == 0
    assert NASTY in page.text_content("#model")


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (400, "light"), (1400, "dark"), (400, "dark")])
def test_it_fits_wide_and_narrow_screens_light_and_dark(visit, file, width, scheme):
    page = visit(file, color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    # the charts are drawn anew some frames after the screen has changed
    wait_until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= width, seconds=20)
    paper = page.evaluate("getComputedStyle(document.querySelector('figure')).backgroundColor")
    ink = page.evaluate("getComputedStyle(document.querySelector('.chart text')).fill")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")
    assert (sum(map(int, ink[4:-1].split(","))) < 384) == (scheme == "light")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/path-{width}-{scheme}.png", full_page=True)


def test_paths_without_held_out_rows_and_of_other_losses_open(visit, tmp_path):
    generator = np.random.default_rng(1)
    X = generator.normal(size=(60, 4))
    y = (X[:, 0] + generator.normal(size=60) > 0).astype(float)
    made = {
        "bic": steepest.path(X, X[:, 0] + 0.1 * y, folds=None),
        "relaxed": steepest.path(X, X[:, 0] + 0.1 * y, folds=None, relaxed=True),
        "one": steepest.path(X, X[:, 0] + 0.1 * y, penalties=[0.2]),
        "logistic": steepest.path(X, y, loss="logistic", penalties=np.geomspace(0.2, 0.01, 8)),
        "poisson": steepest.path(X, y, loss="poisson", folds=None, penalties=np.geomspace(0.2, 0.01, 8)),
        "none": steepest.path(X, X[:, 0], penalties=[100.0, 10.0]),
    }
    titles = {}
    for name, path in made.items():
        page = visit(path.page().save(tmp_path / f"{name}.html"))
        titles[name] = text_of(page, "errors-title")
        assert page.locator("#errors path").count() >= 1
    assert titles == {
        "bic": "AIC and BIC", "relaxed": "RMSE on the rows learned from", "one": "Held-out RMSE",
        "logistic": "Held-out logistic loss", "poisson": "AIC and BIC", "none": "Held-out RMSE",
    }  # fmt: skip
