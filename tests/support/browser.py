"""A browser for the tests of pages, and what they ask of a page; skipped where there is none."""

import os
from pathlib import Path

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need playwright (see README, Developing)"
)
CHROMIUM = Path("/usr/bin/chromium")
if not CHROMIUM.exists():
    pytest.skip(
        "the browser tests need chromium at /usr/bin/chromium (see README, Developing)", allow_module_level=True
    )

QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NASTY = "<script>document.title='gone'</script><img src=x onerror=\"document.title='gone'\">"
SHOTS = os.environ.get("STEEPEST_SCREENSHOTS")  # a folder to keep pictures of the page in


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as p:
        # a container's root has no sandbox of its own
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = p.chromium.launch(executable_path=str(CHROMIUM), args=[*QUIET, *sandbox])
        yield browser
        browser.close()


def opened(browser, address, seen, **options):
    """A page in a context of its own; what it requests and complains of goes to `seen`."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, **options)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.on("request", lambda request: seen.append(f"request {request.url}"))
    page.on("console", lambda message: seen.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    return page


@pytest.fixture
def visit(browser):
    """Open a file without a network and hand over the page; at the end, nothing was requested and nothing complained."""
    visited = []

    def go(file, hash="", **options):
        seen = []
        visited.append((opened(browser, file.as_uri() + hash, seen, offline=True, **options), seen, file))
        return visited[-1][0]

    yield go
    for page, seen, file in visited:
        assert [text for text in seen if not text.startswith(f"request {file.as_uri()}")] == []
        page.context.close()


def text_of(page, id):
    # what a slider says is drawn in the next frame
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.text_content(f"#{id}")


def wait_until(page, ready, seconds=120):
    """Ask again and again: the page's own policy forbids what playwright would wait with."""
    for _ in range(20 * seconds):
        if ready():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never happened")


def pixels(page, plot):
    """The picture as it is drawn, to see whether it changed."""
    drawn(page, plot)
    return page.locator(f"#plot-{plot}").screenshot()


def choose(page, picture):
    """Show a picture on the right, where it does not stand on the left already."""
    if not page.locator(f".picture.at-left[data-picture={picture}]").count():
        page.select_option("#picture", picture)


def offers(page, picture):
    """Whether a picture is to be had with the setting."""
    return page.locator(f"#picture option[value={picture}], .at-left[data-picture={picture}]").count() > 0


def open_panel(page, button):
    """Open what a button opens, if it is not open."""
    if page.get_attribute(f"#{button}", "aria-expanded") == "false":
        page.click(f"#{button}")


def drawn(page, plot):
    """Wait until the page has seen that a plot is in view, and has had two frames to draw it."""
    choose(page, page.evaluate("id => document.getElementById(id).closest('.picture').dataset.picture", f"plot-{plot}"))
    page.locator(f"#plot-{plot}").scroll_into_view_if_needed()
    page.evaluate(
        "id => new Promise(done => new IntersectionObserver((_, own) => { own.disconnect();"
        " requestAnimationFrame(() => requestAnimationFrame(done)); }).observe(document.getElementById(id)))",
        f"plot-{plot}",
    )


def data(page, name):
    """A source's columns as Bokeh holds them, once its figure is in view: others are not drawn."""
    drawn(page, name.split(":")[0])
    return page.evaluate(
        "name => { for (const d of Bokeh.documents) { const m = d.get_model_by_name(name);"
        " if (m) return Object.fromEntries(Object.entries(m.data).map(([k, v]) => [k, Array.from(v)])); } }",
        name,
    )
