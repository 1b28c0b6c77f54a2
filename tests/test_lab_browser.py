"""The lab's page in a real browser: built-in data, the guided tour, and (served) files, points, tokens and sessions."""

import pytest

from steepest.lab.sets import payloads
from steepest.pages.document import document

from .browser import SHOTS, browser, data, said, visit, wait_until  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab as a file: built-in data and the tour, without a server."""
    file = tmp_path_factory.mktemp("lab") / "lab.html"
    file.write_text(document(payloads()).html, encoding="utf-8")
    return file


def test_every_built_in_set_opens_and_an_address_leads_to_it(visit, lab):
    page = visit(lab)
    ids = page.locator("#set option").evaluate_all("options => options.map(o => o.value)")
    assert ids == ["line", "noisy", "outliers", "collinear", "scaled", "polynomial"]
    seen = set()
    for id in ids:
        page.select_option("#set", id)
        sentence = said(page, "sentence")
        seen.add(sentence)
        again = visit(lab, f"#set={id}")
        assert said(again, "sentence") == sentence
        assert again.input_value("#set") == id
        assert again.is_visible("#errors-card") == (id in ("noisy", "polynomial"))
        again.context.close()
    assert len(seen) == 6


def test_without_a_server_there_is_nothing_to_open_or_draw(visit, lab):
    page = visit(lab)
    for id in ("opening", "draw", "save", "columns", "drawing", "token-form", "work"):
        assert not page.is_visible(f"#{id}"), id


def test_the_polynomial_is_drawn_as_a_curve_over_x(visit, lab):
    page = visit(lab, "#set=polynomial")
    line = data(page, "data:line")
    assert len(line["x"]) == 200
    assert (line["x"][0], line["x"][-1]) == (-1, 1)
    assert said(page, "data-now") == "curve at this epoch"
    page.select_option("#set", "collinear")
    said(page, "sentence")
    assert data(page, "data:line")["x"] == []
    assert said(page, "data-title") == "Predictions against targets"


def test_the_tour_goes_through_six_steps_by_keys_alone(visit, lab):
    page = visit(lab)
    page.focus("#guide")
    page.keyboard.press("Enter")
    for step in range(1, 7):
        assert said(page, "guide-at") == f"Step {step} of 6"
        assert page.evaluate("document.activeElement.id") == "guide-title"
        assert page.locator(".asked").count() == 1
        replies = set()
        for answer in page.locator("#guide-answers button").all():
            answer.focus()
            page.keyboard.press("Space")
            replies.add(said(page, "guide-reply"))
            assert answer.get_attribute("aria-pressed") == "true"
        assert len(replies) == 3
        assert sum(reply.startswith("Yes.") for reply in replies) == 1
        wait_until(page, lambda step=step: f"tour={step}" in page.url)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/tour-{step}.png")
        page.focus("#guide-next")
        page.keyboard.press("Enter")
    assert not page.is_visible("#guide-panel")
    assert page.evaluate("document.activeElement.id") == "guide"


def test_a_step_sets_the_sliders_and_sets_them_again(visit, lab):
    page = visit(lab, "#tour=2")
    assert page.input_value("#set") == "line"
    assert said(page, "sentence").startswith("Unfinished: 8.3 % of the bias")
    page.fill("#epoch-number", "5")
    page.keyboard.press("Enter")
    assert not said(page, "sentence").startswith("Unfinished: 8.3 %")
    page.click("#guide-again")
    assert said(page, "sentence").startswith("Unfinished: 8.3 % of the bias")
    page.click("#guide-back")
    assert said(page, "guide-at") == "Step 1 of 6"


@pytest.mark.parametrize(("width", "scheme"), [(1600, "light"), (400, "light"), (1600, "dark"), (400, "dark")])
def test_the_tour_fits_wide_and_narrow_screens(visit, lab, width, scheme):
    page = visit(lab, "#tour=4", color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    panel, verdict = page.locator("#guide-panel").bounding_box(), page.locator("#verdict").bounding_box()
    # beside the page where there is room, above it where there is none
    assert panel["x"] + panel["width"] <= verdict["x"] or panel["y"] + panel["height"] <= verdict["y"]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/lab-{width}-{scheme}.png", full_page=True)
