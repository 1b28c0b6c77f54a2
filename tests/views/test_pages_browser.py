"""The page in a real browser: sliders, keys, play, links, names, and not one request to the network."""

import numpy as np
import pytest

import steepest
from tests.rules.own import OwnAdamRule
from tests.support.browser import (  # noqa: F401 - fixtures
    NASTY,
    SHOTS,
    browser,
    choose,
    data,
    drawn,
    offers,
    open_panel,
    pixels,
    text_of,
    visit,
    wait_until,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    x = np.arange(1.0, 301.0).reshape(-1, 1)
    run = steepest.descend(x, 0.5 * x[:, 0] + 2, learning_rate=1e-4, epochs=200_000, objective="quarter_mse")
    page = run.page(x, 0.5 * x[:, 0] + 2, title="The tutorial's run: y = 0.5x + 2")
    return page.save(tmp_path_factory.mktemp("line") / "line.html")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    generator = np.random.default_rng(1)
    X = generator.normal(size=(120, 4)) @ generator.normal(size=(4, 4)) + [0, 1, 2, 3]
    y = X @ [1.0, -2.0, 0.5, 3.0] + generator.normal(size=120)
    run = steepest.descend(
        X[:80], y[:80], features=[NASTY, "$$x^2$$", "ü 🐧", "\\[x\\]"], target=NASTY, epochs=300, standardize=True
    )
    page = run.page(X[:80], y[:80], held_out=(X[80:], y[80:]), title=NASTY)
    return page.save(tmp_path_factory.mktemp("table") / "table.html")


def test_it_opens_at_the_runs_own_setting(visit, line):
    page = visit(line)
    assert text_of(page, "sentence").startswith("Unfinished: 8.3% of the bias is still missing after 200,000 epochs; ")
    assert "one epoch is enough." in text_of(page, "advice")
    assert data(page, "loss-log:point")["epoch"] == [200_000]
    assert page.title() == "The tutorial's run: y = 0.5x + 2"


def test_dragging_the_learning_rate_changes_verdict_and_curves(visit, line):
    page = visit(line)
    before, curve = pixels(page, "loss-log"), data(page, "loss-log:curve")["loss"]
    box = page.locator("#rate").bounding_box()
    page.mouse.move(box["x"] + 0.86 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert text_of(page, "sentence").startswith("Diverges: ")
    assert page.get_attribute("#verdict", "data-kind") == "diverges"
    assert data(page, "loss-log:curve")["loss"] != curve
    wait_until(page, lambda: pixels(page, "loss-log") != before)


def test_keys_move_every_slider(visit, table):
    page = visit(table, "#rule=heavy_ball&momentum=0.5&rate=0.1&epoch=10")
    open_panel(page, "more")
    for slider, told in (
        ("rate", "rate-number"),
        ("epoch", "epoch-number"),
        ("momentum", "momentum-number"),
        ("l2", "l2"),
    ):
        before = page.input_value(f"#{told}")
        page.focus(f"#{slider}")
        for _ in range(40):
            page.keyboard.press("ArrowRight")
        text_of(page, "sentence")
        assert page.input_value(f"#{told}") != before, slider
    page.focus("#standardize")
    page.keyboard.press("Space")
    wait_until(page, lambda: "standardize=0" in page.url)


def test_epochs_play_pause_and_go_step_by_step(visit, line):
    page = visit(line, "#epoch=0&rate=1e-4")
    page.click("#forward")
    text_of(page, "sentence")
    assert page.input_value("#epoch-number") == "1"
    assert data(page, "data:line")["y"][1] > 100  # one step has brought the slope to 0.75
    page.click("#back")
    text_of(page, "sentence")
    assert page.input_value("#epoch-number") == "0"
    page.click("#play")
    wait_until(page, lambda: int(page.input_value("#epoch-number")) > 3)
    assert page.text_content("#play") == "Pause"
    page.click("#play")
    stopped = page.input_value("#epoch-number")
    page.wait_for_timeout(200)
    assert page.input_value("#epoch-number") == stopped
    assert page.text_content("#play") == "Play"


def test_a_link_leads_back_and_reset_to_the_start(visit, line):
    page = visit(line)
    page.fill("#rate-number", "5e-5")
    page.keyboard.press("Enter")
    open_panel(page, "more")
    page.select_option("#rule", "nesterov")
    page.check("#standardize")
    page.uncheck("#log")
    page.wait_for_selector("#plot-loss-linear canvas", state="attached")
    wait_until(page, lambda: "log=0" in page.url)
    sentence, url = text_of(page, "sentence"), page.url
    again = visit(line, "#" + url.split("#")[1])
    assert text_of(again, "sentence") == sentence
    assert again.input_value("#rule") == "nesterov"
    assert again.is_visible("#plot-loss-linear")
    assert not again.is_visible("#plot-loss-log")
    open_panel(again, "more")
    again.click("#reset")
    assert text_of(again, "sentence").startswith("Unfinished: 8.3% of the bias")


def test_a_click_on_the_map_takes_a_setting(visit, line):
    page = visit(line)
    choose(page, "map")
    drawn(page, "map")
    box = page.locator("#plot-map").bounding_box()
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    wait_until(page, lambda: page.input_value("#epoch-number") != "200000")
    assert float(page.input_value("#rate-number")) < 1e-4


def test_settings_are_copied_as_python_and_command(visit, line):
    page = visit(line)
    open_panel(page, "share")
    page.click("#python")
    text = page.input_value("#copied")
    assert "learning_rate=0.0001" in text
    compile(text, "copied", "exec")
    page.click("#command")
    assert page.input_value("#copied").startswith(
        "steepest fit DATA --target y --rule gradient --learning-rate 0.0001 --epochs 200000"
    )


def test_names_are_shown_as_text(visit, table):
    page = visit(table)
    assert page.title() == NASTY
    assert page.locator("main img, main script, header img, header script").count() == 0
    assert NASTY[:15] in page.text_content("#coefficients-legend")
    # two dollars would be a formula to Bokeh
    assert "$$" in page.text_content("#coefficients-legend")
    choose(page, "contour")
    page.select_option("#contour-0", "2")
    page.select_option("#contour-1", "4")
    open_panel(page, "more")
    page.uncheck("#standardize")
    assert len(data(page, "contour:goal")["x"]) == 1
    page.wait_for_timeout(500)
    open_panel(page, "share")
    page.click("#python")
    compile(page.input_value("#copied"), "copied", "exec")


def test_held_out_rows_have_an_error_of_their_own(visit, table):
    page = visit(table)
    assert "held-out RMSE" in text_of(page, "figures-now")
    curve = data(page, "errors-log:curve")
    assert min(curve["held"]) > 0
    assert data(page, "errors-log:best")["best"] == [min(curve["held"])]


@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov", "chebyshev"])
def test_every_rule_and_choice_draws(visit, table, rule):
    page = visit(table)
    open_panel(page, "more")
    page.select_option("#rule", rule)
    for objective in ("mse", "quarter_mse", "half_mse"):
        page.select_option("#objective", objective)
        text_of(page, "sentence")
    if rule != "chebyshev":
        page.click("#best")
    assert text_of(page, "sentence").split(":")[0] in ("Converged", "Unfinished", "Crawls")
    assert len(data(page, "modes-log:curves")["ys"]) == 5


@pytest.mark.parametrize(("width", "scheme"), [(1600, "light"), (400, "light"), (1600, "dark"), (400, "dark")])
def test_it_fits_wide_and_narrow_screens_light_and_dark(visit, table, line, width, scheme):
    for name, file in (("line", line), ("table", table)):
        page = visit(file, color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for plot in page.locator(".plot:visible").all():
            box = plot.bounding_box()
            assert box["width"] >= min(300, width - 80)
            assert box["x"] + box["width"] <= width
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)


def test_every_control_has_a_name(visit, table):
    page = visit(table)
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('input, select, button, textarea')].filter(e =>"
        " !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.textContent.trim()).map(e => e.id)"
    )
    assert nameless == []


def test_pinned_runs_stand_beside_the_chosen_one(visit, table):
    page = visit(table, "#rule=gradient&rate=0.05&epoch=40&standardize=1")
    assert not offers(page, "pins")
    page.click("#pin")
    assert page.is_disabled("#pin")  # twice the same says nothing
    open_panel(page, "more")
    page.select_option("#rule", "nesterov")
    page.click("#pin")
    page.fill("#rate-number", "0.2")
    page.keyboard.press("Enter")
    text_of(page, "sentence")
    rows = page.locator("#pins-table tr").all_text_contents()
    assert len(rows) == 4
    assert rows[1].startswith("nownesterov0.2")
    assert rows[2].startswith("pin 1gradient0.05")
    assert rows[3].startswith("pin 2nesterov0.05")
    # figures are painted frame by frame, as many in each as there is time for
    for source, column in (("loss-log:pins", "ys"), ("errors-log:pins", "ys"), ("contour:pins", "xs")):
        wait_until(page, lambda source=source, column=column: len(data(page, source)[column]) == 2)
    # a path in other inputs has no place in this contour
    page.uncheck("#standardize")
    text_of(page, "sentence")
    wait_until(page, lambda: data(page, "contour:pins")["xs"] == [])
    wait_until(page, lambda: page.url.count("pin=") == 2)
    page.click("#more")
    choose(page, "pins")
    page.click("[aria-label='Take pin 1']")
    text_of(page, "sentence")
    assert (page.input_value("#rule"), page.input_value("#rate-number"), page.is_checked("#standardize")) == (
        "gradient",
        "0.05",
        True,
    )
    # the curve of the run now is the pinned one's, from another computation
    wait_until(page, lambda: list(data(page, "loss-log:pins")["ys"][0]) == data(page, "loss-log:curve")["loss"])
    choose(page, "pins")
    page.click("[aria-label='Remove pin 2']")
    assert page.locator("#pins-table tr").count() == 3
    page.click("#unpin")
    assert not offers(page, "pins")
    assert page.evaluate("document.activeElement.id") == "pin"


def test_a_link_leads_back_to_pinned_runs(visit, line):
    page = visit(line, "#rate=1e-4&epoch=1000")
    page.click("#pin")
    page.fill("#epoch-number", "5000")
    page.keyboard.press("Enter")
    page.click("#pin")
    open_panel(page, "share")
    page.click("#link")
    link = page.input_value("#copied")
    again = visit(line, "#" + link.split("#")[1])
    rows = again.locator("#pins-table tr").all_text_contents()
    assert rows == page.locator("#pins-table tr").all_text_contents()
    # what is no setting is no pin, and more than five are not shown
    bad = visit(line, "#pin=<b>&pin=rate:-1;epoch:x&" + "&".join(f"pin=epoch:{k}" for k in range(10)))
    assert bad.locator("#pins-table tr").count() == 1 + 1 + 5


def test_on_paper_every_figure_is_drawn(visit, line):
    page = visit(line)
    page.set_viewport_size({"width": 400, "height": 500})
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    held = page.evaluate("Array.from(Bokeh.documents[0].get_model_by_name('coefficients-log:curves').data.ys).length")
    assert held == 2


def test_a_run_that_the_page_cannot_compute_is_shown_as_it_went(visit, tmp_path):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(40, 3))
    run = steepest.descend(X, X @ [1.0, 2.0, 3.0], rule=OwnAdamRule(0.1), epochs=300)
    page = visit(run.page(X, X @ [1.0, 2.0, 3.0]).save(tmp_path / "adam.html"))
    assert str(run.verdict).startswith(text_of(page, "sentence"))
    assert "as it went" in text_of(page, "rate-said")
    for control in ("rate", "rate-number", "best", "rule", "l2", "objective", "standardize"):
        assert page.is_disabled(f"#{control}"), control
    assert page.input_value("#rule") == "own_adam"
    page.fill("#epoch-number", "37")
    page.keyboard.press("Tab")
    assert text_of(page, "sentence").startswith("After 37 epochs")
    assert data(page, "loss-log:point")["loss"] == [pytest.approx(float(run.at(37).loss), rel=1e-6)]
    assert not offers(page, "map")
    assert not offers(page, "arithmetic")
    page.click("#forward")
    assert data(page, "loss-log:point")["epoch"] == [38]


def test_a_run_in_batches_shows_what_was_expected(visit, line, tmp_path):
    x = np.arange(1.0, 31.0).reshape(-1, 1)
    table, settings = (x, 0.5 * x[:, 0] + 2 + np.sin(x[:, 0])), {"batch_size": 4, "learning_rate": 0.1, "epochs": 12}
    run = steepest.descend(*table, **settings, standardize=True)
    page = visit(run.page().save(tmp_path / "batches.html"))
    expected = steepest.forecast(*table, **settings, standardize=True).loss()
    np.testing.assert_allclose(data(page, "loss-log:expected")["loss"], expected, rtol=1e-12)
    assert page.locator("#expected").is_visible()
    other = visit(line)
    assert data(other, "loss-log:expected")["loss"] == []
    assert not other.locator("#expected").is_visible()
