"""The lab's page in a real browser: built-in data, the guided tour, and (served) files, points, tokens and sessions."""

import contextlib
import json
import re
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest

import steepest
from steepest.lab.sets import payloads
from steepest.views.pages.document import document
from tests.support.browser import (  # noqa: F401 - fixtures
    NASTY,
    SHOTS,
    browser,
    data,
    offers,
    open_panel,
    opened,
    text_of,
    visit,
    wait_until,
)
from tests.support.commands import steepest_command
from tests.truths import PENGUINS

pytestmark = pytest.mark.browser

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year"]


def draw(page):
    open_panel(page, "yours")
    page.click("#draw")


def take(page, button):
    """Press a button of the panel that shares the setting."""
    open_panel(page, "share")
    page.click(f"#{button}")


def descend_to(page, epochs):
    """Standardize, which takes its own best rate, and go to an epoch."""
    open_panel(page, "more")
    page.check("#standardize")
    page.fill("#epoch-number", str(epochs))
    page.keyboard.press("Enter")
    text_of(page, "sentence")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab as a file: built-in data and the tour, without a server."""
    file = tmp_path_factory.mktemp("lab") / "lab.html"
    file.write_text(document(payloads()).html, encoding="utf-8")
    return file


def test_every_built_in_set_opens_and_an_address_leads_to_it(visit, lab):
    page = visit(lab)
    ids = page.locator("#set option").evaluate_all("options => options.map(o => o.value)")
    assert ids == ["line", "noisy", "outliers", "collinear", "scaled", "polynomial", "classes", "separable", "counts"]
    seen = set()
    for id in ids:
        page.select_option("#set", id)
        sentence = text_of(page, "sentence")
        seen.add(sentence)
        again = visit(lab, f"#set={id}")
        assert text_of(again, "sentence") == sentence
        assert again.input_value("#set") == id
        assert offers(again, "errors") == (id in ("noisy", "polynomial"))
        again.context.close()
    assert len(seen) == 9


def test_without_a_server_there_is_nothing_to_open_or_draw(visit, lab):
    page = visit(lab)
    for id in ("opening", "draw", "save", "columns", "drawing", "token-form", "work"):
        assert not page.is_visible(f"#{id}"), id


def test_the_polynomial_is_drawn_as_a_curve_over_x(visit, lab):
    page = visit(lab, "#set=polynomial")
    line = data(page, "data:line")
    assert len(line["x"]) == 200
    assert (line["x"][0], line["x"][-1]) == (-1, 1)
    assert text_of(page, "data-now") == "curve at this epoch"
    page.select_option("#set", "collinear")
    text_of(page, "sentence")
    assert data(page, "data:line")["x"] == []
    assert text_of(page, "data-title") == "Predictions against targets"


def test_the_tour_goes_through_eight_steps_by_keys_alone(visit, lab):
    page = visit(lab)
    page.focus("#guide")
    page.keyboard.press("Enter")
    for step in range(1, 9):
        assert text_of(page, "guide-at") == f"Step {step} of 8"
        assert page.evaluate("document.activeElement.id") == "guide-title"
        assert page.locator(".asked").count() == 1
        replies = set()
        for answer in page.locator("#guide-answers button").all():
            answer.focus()
            page.keyboard.press("Space")
            replies.add(text_of(page, "guide-reply"))
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
    assert text_of(page, "sentence").startswith("Unfinished: 8.3% of the bias")
    page.fill("#epoch-number", "5")
    page.keyboard.press("Enter")
    assert not text_of(page, "sentence").startswith("Unfinished: 8.3%")
    page.click("#guide-again")
    assert text_of(page, "sentence").startswith("Unfinished: 8.3% of the bias")
    page.click("#guide-back")
    assert text_of(page, "guide-at") == "Step 1 of 8"


@pytest.mark.parametrize(("width", "scheme"), [(1600, "light"), (400, "light"), (1600, "dark"), (400, "dark")])
def test_the_tour_fits_wide_and_narrow_screens(visit, lab, width, scheme):
    page = visit(lab, "#tour=4", color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    panel, verdict = page.locator("#guide-panel").bounding_box(), page.locator("#verdict").bounding_box()
    # beside the page where there is room, in the place of the picture where there is none
    assert panel["x"] + panel["width"] <= verdict["x"] or panel["y"] >= verdict["y"] + verdict["height"]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/lab-{width}-{scheme}.png", full_page=True)


class Served:
    """A lab of its own: its address, and its token if it has one.

    Args:
        options: of the command.
        code: runs before it in the lab's process.
    """

    def __init__(self, *options, code=""):
        code = f"import sys\n{code}\nfrom steepest.cli import main\nmain(['lab', '--no-browser', '--port', '0', *sys.argv[1:]])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = iter(self.process.stdout.readline, "")
        self.url = re.search(r"http://\S+/", next(line for line in said if "http://" in line))[0]
        self.token = self.process.stderr.readline().rpartition(" ")[2].strip() if "--token" in options else None

    def end(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=120)
        return self.process.returncode, *said


@pytest.fixture(scope="module")
def served():
    lab = Served()
    yield lab
    code, _, stderr = lab.end()
    assert (code, stderr) == (0, "")


@pytest.fixture
def waiting():
    """A lab whose readers never come to an end, so that a job can be met at its work."""
    lab = Served(
        code="from steepest.lab import jobs; jobs.COMMAND = (sys.executable, '-c', 'import time; time.sleep(3600)')"
    )
    yield lab
    code, _, stderr = lab.end()
    assert (code, stderr) == (0, "")


@pytest.fixture
def enter(browser):
    """Open a lab's page; at the end, it asked nobody but the lab, and nothing complained but refusals that were meant."""
    visited = []

    def go(lab, hash="", meant=(), **options):
        seen = []
        page = opened(browser, lab.url + hash, seen, accept_downloads=True, **options)
        visited.append((page, seen, lab, meant))
        return page

    yield go
    for page, seen, lab, meant in visited:
        complaints = [text for text in seen if not text.startswith((f"request {lab.url}", "request blob:"))]
        assert [text for text in complaints if not any(part in text for part in meant)] == []
        page.context.close()


def open_file(page, file, target, **choices):
    page.set_input_files("#file", file)
    page.wait_for_selector("#columns:visible")
    page.select_option("#column-target", target)
    for name, value in choices.items():
        page.select_option(f"#column-{name.replace('_', '-')}", value)
    page.click("#open")
    wait_until(page, lambda: page.input_value("#set") == "opened" or page.is_visible("#data-said"))


def test_a_file_is_opened_with_chosen_columns_and_gives_the_librarys_numbers(served, enter):
    page = enter(served)
    open_file(page, PENGUINS, "body_mass_g", held_out="0")
    assert text_of(page, "title") == "penguins"
    assert (page.input_value("#epoch-number"), text_of(page, "inputs-said")) == ("0", "inputs as they are")
    run = steepest.descend(str(PENGUINS), target="body_mass_g", features=NUMBERS, standardize=True)
    descend_to(page, 10 * run.epochs)
    figures = text_of(page, "figures-now")
    assert f"RMSE {run.optimum.rmse:.3f}" in figures
    # and the settings lead to the same run outside the browser
    take(page, "command")
    command = page.input_value("#copied")
    assert command.startswith("steepest fit penguins.csv --target body_mass_g --features bill_length_mm,")
    words = command.split()[1:]
    done = steepest_command(*words, "--no-out", "--json", cwd=PENGUINS.parent)
    assert json.loads(done.stdout)["rmse"] == pytest.approx(run.optimum.rmse, rel=1e-9)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/lab-opened.png", full_page=True)


def rechosen(page, name, value):
    """Say how the file is written, and wait until its columns are listed again."""
    page.select_option(f"#written-{name}", value)
    wait_until(page, lambda: not page.is_visible("#work"))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_german_file_is_opened_by_saying_how_it_is_written(served, enter, tmp_path, encoding):
    rows = [(k / 4, ("Köln", "Bonn", "Ulm")[k % 3], f"Nr. {k}", 3 * k / 4 + k % 5) for k in range(60)]
    text = "größe;stadt;name;preis\n" + "\n".join(";".join(map(str, row)).replace(".", ",") for row in rows)
    (tmp_path / "preise.csv").write_text(text, encoding=encoding)
    page = enter(served, meant=("422",))
    page.set_input_files("#file", tmp_path / "preise.csv")
    page.wait_for_selector("#columns:visible")
    assert page.is_visible("#written-decimal")
    assert not page.is_visible("#column-choice")
    if encoding == "latin-1":
        assert "Give its encoding (“How the file is written”, “Encoding”: Latin-1)" in text_of(page, "data-said")
        assert page.evaluate("document.activeElement.id") == "written-encoding"
        rechosen(page, "encoding", encoding)
    assert "größe, preis hold numbers with a decimal comma" in text_of(page, "data-said")
    page.focus("#written-decimal")
    rechosen(page, "decimal", "comma")
    assert page.evaluate("document.activeElement.id") == "written-decimal"
    assert text_of(page, "data-said") == ""
    told = dict(
        zip(
            ("größe", "stadt", "name", "preis"), page.locator("#column-features small").all_text_contents(), strict=True
        )
    )
    assert told["stadt"] == "(text, 3 values)"
    assert told["name"] == "(text, 60 values: one column for each)"
    ticked = page.locator("#column-features input:checked").evaluate_all("boxes => boxes.map(box => box.value)")
    assert ticked == ["größe", "stadt", "preis"]
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/lab-german-{encoding}.png")
    page.select_option("#column-held-out", "0")
    page.click("#open")
    wait_until(page, lambda: page.input_value("#set") == "opened")
    descend_to(page, 10_000)
    # the exact fit, by another library
    X = np.array([[1, size, city == "Köln", city == "Ulm"] for size, city, _, _ in rows], dtype=float)
    y = np.array([row[-1] for row in rows])
    residuals = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert told_rmse(page) == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-4)
    take(page, "command")
    options = "--decimal ," + (" --encoding latin-1" if encoding == "latin-1" else "")
    assert f"--features 'größe,stadt' {options}" in page.input_value("#copied")
    # the next file is read as files usually are
    page.set_input_files("#file", PENGUINS)
    page.wait_for_selector("#columns:visible")
    assert page.input_value("#written-decimal") == "point"
    assert not page.is_visible("#written-decimal")
    assert page.is_visible("#column-choice")


def test_another_delimiter_lists_the_columns_anew_and_a_refusal_leaves_only_that_choice(served, enter, tmp_path):
    (tmp_path / "t.csv").write_text("a b:c:y\n" + "".join(f"{k} {k % 3}:{k * k}:{k % 7}\n" for k in range(30)))
    page = enter(served, meant=("422",))
    page.set_input_files("#file", tmp_path / "t.csv")
    page.wait_for_selector("#columns:visible")
    rechosen(page, "delimiter", "colon")
    assert page.locator("#column-features input").evaluate_all("boxes => boxes.map(box => box.value)") == [
        "a b",
        "c",
        "y",
    ]
    page.select_option("#column-target", "c")
    page.select_option("#column-degree", "3")
    rechosen(page, "delimiter", "bar")
    assert not page.is_visible("#column-choice")
    assert not page.is_visible("#open")
    assert "--" not in text_of(page, "data-said")
    rechosen(page, "delimiter", "colon")
    assert (page.input_value("#column-target"), page.input_value("#column-degree")) == ("c", "3")
    page.click("#open")
    wait_until(page, lambda: page.input_value("#set") == "opened")


def test_a_refusal_names_what_the_form_offers(served, enter, tmp_path):
    (tmp_path / "gaps.csv").write_text("a,y\n" + "".join(f"{'' if k == 3 else k},{k % 7}\n" for k in range(30)))
    page = enter(served, meant=("422",))
    open_file(page, tmp_path / "gaps.csv", "y", missing="error")
    assert "leave those rows out (“Rows with missing values”: leave them out), or put 0 there" in text_of(
        page, "data-said"
    )
    assert page.locator("#columns label", has_text="Rows with missing values").is_visible()
    page.select_option("#column-missing", "drop")
    page.click("#open")
    wait_until(page, lambda: page.input_value("#set") == "opened")


def test_what_was_opened_is_there_after_a_reload_and_in_no_other_context(served, enter):
    page = enter(served)
    open_file(page, PENGUINS, "body_mass_g", held_out="0.2")
    page.fill("#rate-number", "0.25")
    page.keyboard.press("Enter")
    wait_until(page, lambda: "rate=0.25" in page.url)
    before = text_of(page, "sentence"), text_of(page, "figures-now")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert (text_of(page, "sentence"), text_of(page, "figures-now")) == before
    other = enter(served, "#set=opened")
    assert other.input_value("#set") == "line"


def test_a_file_is_dropped_on_the_page_and_names_are_texts(served, enter, tmp_path):
    page = enter(served, meant=("400",))
    file = tmp_path / "a'b<i>.csv"
    file.write_text(
        f'"{NASTY.replace(chr(34), chr(34) * 2)}",y,"z,z"\n' + "\n".join(f"{k},{k * k % 7},{k % 3}" for k in range(20))
    )
    open_file(page, file, "y", held_out="0")
    assert page.title() == "a'b<i>"
    assert page.locator("main img, main script, header img, header script").count() == 0
    take(page, "python")
    compile(page.input_value("#copied"), "copied", "exec")
    assert page.title() == "a'b<i>"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "empty"),
        ("words.csv", b"a,b\nx,y\n", "no column of numbers"),
        ("table.xlsx", b"PK\x03\x04", "xlsx"),
        ("torn.parquet", b"PAR1 and no more", "torn.parquet"),
    ],
)
def test_a_file_that_cannot_be_used_says_so_and_the_page_goes_on(served, enter, tmp_path, name, content, told):
    page = enter(served, meant=("400", "415", "422"))
    (tmp_path / name).write_bytes(content)
    page.set_input_files("#file", tmp_path / name)
    wait_until(page, lambda: page.is_visible("#data-said") and page.text_content("#data-said"))
    assert told in text_of(page, "data-said")
    assert str(tmp_path) not in text_of(page, "data-said")
    page.click("#forward")
    assert "is still missing after 1 epoch" in text_of(page, "sentence")


def test_points_are_drawn_by_mouse_and_by_keys(served, enter):
    page = enter(served)
    draw(page)
    wait_until(page, lambda: page.input_value("#set") == "drawn")
    assert len(data(page, "data:rows")["x"]) == 5
    page.locator("#plot-data").scroll_into_view_if_needed()
    box = page.locator("#plot-data").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
    wait_until(page, lambda: text_of(page, "about").startswith("6 rows"))
    page.fill("#point-x", "8")
    page.fill("#point-y", "1.5")
    page.keyboard.press("Enter")
    wait_until(page, lambda: text_of(page, "about").startswith("7 rows"))
    rows = data(page, "data:rows")
    x, y = np.array(rows["x"]), np.array(rows["y"])
    assert (x[-1], y[-1]) == (8, 1.5)
    assert 4 < x[-2] < 6
    assert 5 < y[-2] < 9
    # the exact line, by another library
    slope, intercept = np.polyfit(x, y, 1)
    line = data(page, "data:exact")
    np.testing.assert_allclose(line["y"], intercept + slope * np.array(line["x"]), rtol=1e-9)
    page.select_option("#powers", "2")
    wait_until(page, lambda: "2 features" in text_of(page, "about"))
    curve = data(page, "data:exact")
    np.testing.assert_allclose(curve["y"], np.polyval(np.polyfit(x, y, 2), curve["x"]), rtol=1e-8)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.is_visible("#drawing")
    assert text_of(page, "about").startswith("7 rows · 2 features")
    page.click("#undo")
    wait_until(page, lambda: text_of(page, "about").startswith("6 rows"))
    page.click("#clear")
    assert text_of(page, "sentence") == "No line yet: put two points with different x, or more."
    page.click("#forward")  # nothing of the run before comes back
    assert text_of(page, "word") == "No line yet"
    for source, column in (("data:rows", "x"), ("data:line", "x"), ("data:exact", "x"), ("loss-log:curve", "loss")):
        assert data(page, source)[column] == [], source
    assert text_of(page, "rows-table") == ""


def test_a_page_is_saved_that_works_without_the_lab(served, enter, visit, tmp_path):
    page = enter(served)
    draw(page)
    wait_until(page, lambda: page.input_value("#set") == "drawn")
    sentence = text_of(page, "sentence")
    with page.expect_download() as download:
        take(page, "save")
    download.value.save_as(tmp_path / "saved.html")
    alone = visit(tmp_path / "saved.html")
    assert text_of(alone, "sentence") == sentence
    assert not alone.is_visible("#drawing")


def test_work_can_be_cancelled(waiting, enter):
    page = enter(waiting, meant=("409",))
    page.set_input_files("#file", PENGUINS)
    page.wait_for_selector("#work:visible")
    assert page.is_disabled("#draw")
    page.click("#cancel")
    wait_until(page, lambda: not page.is_visible("#work"))
    assert "ancelled" in text_of(page, "data-said")
    assert not page.is_visible("#columns")
    assert page.is_enabled("#draw")


def test_a_page_goes_on_when_the_lab_has_ended(enter):
    lab = Served()
    page = enter(lab, meant=("ERR_CONNECTION_REFUSED",))
    assert lab.end()[0] == 0
    draw(page)
    wait_until(page, lambda: page.is_visible("#data-said"))
    assert text_of(page, "data-said").startswith("The lab does not answer")
    page.select_option("#set", "noisy")
    assert "is still missing after 0 epochs" in text_of(page, "sentence")


def test_a_token_is_typed_into_the_page_and_brings_the_data(enter):
    lab = Served("--token", str(PENGUINS), "--target", "body_mass_g", "--features", ",".join(NUMBERS))
    try:
        page = enter(lab, meant=("401",))
        assert page.is_visible("#token-form")
        assert not page.is_visible("#opening")
        assert page.locator("#set option[value=given]").count() == 0
        page.fill("#token", "wrong")
        page.keyboard.press("Enter")
        wait_until(page, lambda: "token" in text_of(page, "data-said"))
        page.fill("#token", lab.token)
        page.keyboard.press("Enter")
        wait_until(page, lambda: page.input_value("#set") == "given")
        assert not page.is_visible("#token-form")
        assert text_of(page, "about").startswith("342 rows")
        assert lab.token not in page.url
    finally:
        lab.end()


def test_a_session_that_ended_begins_anew(enter, tmp_path):
    # a clock that a file sets forward
    code = (
        "import pathlib, time; from steepest.lab import server; sessions = server.Sessions; "
        f"server.Sessions = lambda idle, most: sessions(idle, most, lambda: 9e9 * pathlib.Path({str(tmp_path / 'late')!r}).exists())"
    )
    lab = Served(code=code)
    try:
        page = enter(lab, meant=("410",))
        (tmp_path / "late").touch()
        page.set_input_files("#file", PENGUINS)
        wait_until(page, lambda: page.is_visible("#data-said"))
        assert "a new one has begun" in text_of(page, "data-said")
        page.set_input_files("#file", PENGUINS)
        page.wait_for_selector("#columns:visible")
    finally:
        lab.end()


def rmse_of_copied(page):
    """Run what the page copies as Python and as a command, and return the two RMSEs."""
    descend_to(page, 40)
    take(page, "python")
    text = page.input_value("#copied")
    take(page, "command")
    words = shlex.split(page.input_value("#copied"))[1:]
    done = steepest_command(*words, "--no-out", "--json", cwd=PENGUINS.parent)
    names = {}
    with contextlib.chdir(PENGUINS.parent):
        exec(compile(text.replace("print(run.verdict)", ""), "copied", "exec"), names)
    return names["run"].at(names["run"].epochs).rmse, json.loads(done.stdout)["rmse"]


def told_rmse(page):
    return float(re.search(r" RMSE ([\d.,]+)", text_of(page, "figures-now"))[1].replace(",", ""))


def test_what_is_copied_holds_out_the_same_rows(served, enter):
    page = enter(served)
    open_file(page, PENGUINS, "body_mass_g", held_out="0.2", degree="2")
    copied = rmse_of_copied(page)
    assert copied == pytest.approx([told_rmse(page)] * 2, rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        ("--exclude", "year"),
        ("--weight", "year"),
        ("--test-size", "0.3", "--seed", "4"),
        ("--features", "year,bill_depth_mm", "--interactions", "year:bill_depth_mm"),
        ("--categorical", "year", "--missing", "drop", "--degree", "2"),
        ("--log-target",),
    ],
)
def test_what_is_copied_of_the_command_lines_table_says_its_options(enter, options):
    lab = Served(str(PENGUINS), "--target", "body_mass_g", *options)
    try:
        page = enter(lab)
        assert page.input_value("#set") == "given"
        copied = rmse_of_copied(page)
        assert copied == pytest.approx([told_rmse(page)] * 2, rel=1e-5)
    finally:
        lab.end()


def test_points_and_a_file_are_kept_side_by_side(served, enter, tmp_path):
    page = enter(served)
    draw(page)
    wait_until(page, lambda: page.input_value("#set") == "drawn")
    open_file(page, PENGUINS, "body_mass_g", held_out="0")
    page.select_option("#set", "drawn")
    assert text_of(page, "about").startswith("5 rows")
    with page.expect_download() as download:
        take(page, "save")
    download.value.save_as(tmp_path / "saved.html")
    assert '"title":"Points"' in (tmp_path / "saved.html").read_text(encoding="utf-8")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#set") == "drawn"
    assert page.locator("#set option[value=opened]").count() == 1
    # a tab opened from this one has a session of its own
    with page.context.expect_page() as other:
        page.evaluate("window.open(location.origin + '/')")
    other.value.wait_for_selector("body[data-ready]")
    assert other.value.locator("#set option[value=opened]").count() == 0


def test_typed_points_are_kept_to_the_last_digit(served, enter):
    page = enter(served)
    draw(page)
    wait_until(page, lambda: page.input_value("#set") == "drawn")
    page.click("#clear")
    assert text_of(page, "sentence").startswith("No line yet")
    for x, y in ((2019, 1.2345), (2020, 2), (2021, 3)):
        page.fill("#point-x", str(x))
        page.fill("#point-y", str(y))
        page.keyboard.press("Enter")
    wait_until(page, lambda: text_of(page, "about").startswith("3 rows"))
    assert data(page, "data:rows") == {"x": [2019, 2020, 2021], "y": [1.2345, 2, 3]}
    # another set and back: the same points, and the next is added to them
    page.select_option("#set", "noisy")
    draw(page)
    assert page.input_value("#set") == "drawn"
    page.fill("#point-x", "2022")
    page.keyboard.press("Enter")
    wait_until(page, lambda: text_of(page, "about").startswith("4 rows"))


def test_a_pasted_table_is_opened_as_a_file(served, enter):
    page = enter(served)
    page.evaluate(
        "() => { const moved = new DataTransfer(); moved.setData('text/plain', 'a\\ty\\n' + [...Array(20).keys()].map(k => `${k}\\t${k * k % 7}`).join('\\n'));"
        " document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: moved, bubbles: true })); }"
    )
    page.wait_for_selector("#columns:visible")
    page.click("#open")
    wait_until(page, lambda: page.input_value("#set") == "opened")
    assert text_of(page, "title") == "pasted"
    assert text_of(page, "about").startswith("20 rows · 1 feature · target y")


def test_every_table_begins_at_epoch_0_at_a_tenth_of_the_limit_in_raw_inputs(visit, lab):
    page = visit(lab)
    for id in page.locator("#set option").evaluate_all("options => options.map(o => o.value)"):
        page.select_option("#set", id)
        text_of(page, "sentence")
        assert (page.input_value("#epoch-number"), text_of(page, "inputs-said")) == ("0", "inputs as they are")
        if id not in ("classes", "separable"):  # there it is a tenth of the one that is safe from any start
            assert 9.4 < float(text_of(page, "rate-short").split("%")[0]) < 10.6
        assert len(page.input_value("#rate-number").strip("0.").replace(".", "")) <= 6
        assert text_of(page, "line").startswith("Press Play.") or id == "separable"


def test_standardize_takes_its_own_best_rate_in_few_digits(visit, lab):
    page = visit(lab, "#set=line")
    page.click("#chip")
    assert text_of(page, "inputs-said") == "inputs standardized"
    assert page.input_value("#rate-number") == "2"
    page.click("#forward")
    assert (text_of(page, "word"), text_of(page, "line")) == ("Converged", "Nothing is left to learn after epoch 1.")
    open_panel(page, "more")
    page.uncheck("#standardize")
    page.fill("#rate-number", "1e-5")
    page.keyboard.press("Enter")
    page.click("#best")
    text_of(page, "sentence")
    # fewer digits would be above the limit, 0.000132666
    assert 0.0001326 < float(page.input_value("#rate-number")) < 0.000132666


def test_play_rests_where_the_loss_looks_finished(visit, lab):
    page = visit(lab, "#set=line", reduced_motion="reduce")
    page.click("#play")
    wait_until(page, lambda: page.text_content("#play") == "Play" and page.input_value("#epoch-number") != "0")
    assert text_of(page, "word") == "Not there yet"
    loss = data(page, "loss-log:curve")["loss"]
    assert data(page, "loss-log:point")["loss"][0] < 0.01 * loss[0]


def test_a_kept_run_stays_as_a_ghost_line_and_in_a_table(visit, lab):
    page = visit(lab, "#set=noisy&epoch=5")
    line = data(page, "data:line")
    page.click("#pin")
    page.fill("#epoch-number", "50")
    page.keyboard.press("Enter")
    text_of(page, "sentence")
    assert data(page, "data:curves")["ys"] == [line["y"]]
    assert data(page, "data:line")["y"] != line["y"]
    page.select_option("#picture", "pins")
    assert page.locator("#pins-table tr").count() == 3


@pytest.mark.parametrize(("width", "height"), [(1366, 700), (1920, 1000), (400, 800)])
@pytest.mark.parametrize("hash", ["", "#tour=3"])
def test_the_bar_never_leaves_the_screen_and_pictures_are_in_view(visit, lab, width, height, hash):
    page = visit(lab, hash)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(300)
    for id in ("rate", "epoch", "play", "back", "forward", "best", "more"):
        box = page.locator(f"#{id}").bounding_box()
        assert box["y"] >= 0, id
        assert box["y"] + box["height"] <= (714 if width == 400 else height), id
    seen = page.locator(".plot:visible")
    if width > 400:
        area = sum(box["width"] * box["height"] for box in (plot.bounding_box() for plot in seen.all()))
        assert area >= (0.3 if hash else 0.5) * width * height
    if hash:
        answers, foot = page.locator("#guide-answers button").last, page.locator("#guide-nav")
        assert foot.bounding_box()["y"] + foot.bounding_box()["height"] <= page.locator("#bar").bounding_box()["y"]
        if width > 400:  # nothing to scroll for
            assert answers.bounding_box()["y"] + answers.bounding_box()["height"] <= foot.bounding_box()["y"]
    assert len(text_of(page, "word").split()) + len(text_of(page, "line").split()) <= 25


def test_a_link_locks_all_controls_but_those_it_names(visit, lab):
    page = visit(lab, "#set=noisy&epoch=6&only=epoch,picture")
    locked = page.evaluate("[...document.querySelectorAll('[inert]')].map(element => element.id)")
    assert {"rate-dial", "best", "rule-field", "scaling-field", "data-choice", "pin"} <= set(locked)
    assert not {"epoch-dial", "go", "choice"} & set(locked)
    assert page.is_visible("#rate-number")  # what is locked still shows its number
    page.click("#forward")
    wait_until(page, lambda: "epoch=7" in page.url and page.url.endswith("&only=epoch,picture"))
    assert visit(lab, "#only=nonsense").locator("[inert]").count() == 0


def test_the_pointer_reads_out_the_exact_loss(visit, lab):
    page = visit(lab, "#set=noisy&epoch=6")
    box = page.locator("#plot-loss-log").bounding_box()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    wait_until(page, lambda: page.text_content("#pointed"))
    epoch, loss = re.match(r"at epoch (\d+): ([\d.]+)$", page.text_content("#pointed")).groups()
    table = steepest.example("noisy line")
    run = steepest.descend(table.X, table.y, learning_rate=0.033, epochs=int(epoch))
    assert float(loss) == pytest.approx(run.loss()[-1], rel=1e-5)


def test_residuals_join_the_rows_and_the_line(visit, lab):
    page = visit(lab, "#set=noisy&epoch=6")
    sides, line, rows = data(page, "data:sides"), data(page, "data:line"), data(page, "data:rows")
    ends = np.array(sides["ys"])
    np.testing.assert_array_equal(ends[:, 0], rows["y"])
    np.testing.assert_allclose(ends[:, 1], np.interp(rows["x"], line["x"], line["y"]), rtol=1e-12)


def test_why_says_the_long_form_over_the_right_picture(visit, lab):
    page = visit(lab)
    assert not page.is_visible("#sentence")
    page.click("#why")
    assert page.is_visible("#sentence")
    assert page.get_attribute("#why", "aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert not page.is_visible("#sentence")
    assert page.evaluate("document.activeElement.id") == "why"


def test_a_second_file_waits_for_the_first(waiting, enter):
    page = enter(waiting, meant=("409",))
    page.set_input_files("#file", PENGUINS)
    page.wait_for_selector("#work:visible")
    page.evaluate(
        "() => { const moved = new DataTransfer(); moved.items.add(new File(['a,y\\n1,2\\n'], 'b.csv'));"
        " window.dispatchEvent(new DragEvent('drop', { dataTransfer: moved, cancelable: true })); }"
    )
    assert text_of(page, "data-said").startswith("One thing at a time")
    assert page.is_visible("#cancel")
    assert page.is_disabled("#draw")
    page.click("#cancel")
    wait_until(page, lambda: not page.is_visible("#work"))


@pytest.mark.parametrize("step", [1, 3, 4, 6, 8])
def test_an_address_begins_the_tour_at_a_step(visit, lab, step):
    page = visit(lab, f"#tour={step}")
    assert (
        page.input_value("#set")
        == ("noisy", "line", "noisy", "scaled", "collinear", "polynomial", "classes", "separable")[step - 1]
    )
    page.evaluate("location.hash = '#tour=5'")
    wait_until(page, lambda: page.input_value("#set") == "collinear")


@pytest.mark.parametrize(
    "hash", ["#set=%", "#set=%E0%A4%A", "#rate=1e-320", "#rate=5e-324&epoch=", "#epoch=&l2=&momentum="]
)
def test_an_address_of_nonsense_opens_the_page_as_it_is(visit, lab, hash):
    page = visit(lab, hash)
    assert text_of(page, "sentence").startswith("Crawls: 100% of the weight of 'x' is still missing after 0 epochs")
    page.fill("#rate-number", "1e-320")
    page.keyboard.press("Enter")
    assert text_of(page, "sentence").startswith("Crawls: 100%")


def test_an_address_of_data_that_is_not_here_says_so(served, enter):
    page = enter(served, "#set=opened&rate=0.3&epoch=12&pin=rate:0.2")
    assert text_of(page, "data-said").startswith("The data of this address is not here")
    assert text_of(page, "sentence").startswith("Crawls: 100% of the weight")
    assert not offers(page, "pins")


def test_quick_clicks_are_points_all_of_them(served, enter):
    page = enter(served)
    draw(page)
    wait_until(page, lambda: page.input_value("#set") == "drawn")
    page.locator("#plot-data").scroll_into_view_if_needed()
    box = page.locator("#plot-data").bounding_box()
    for k in range(6):
        page.mouse.click(box["x"] + (0.2 + 0.1 * k) * box["width"], box["y"] + (0.3 + 0.05 * k) * box["height"])
        page.wait_for_timeout(120)
    wait_until(page, lambda: text_of(page, "about").startswith("11 rows"))
    assert len(set(data(page, "data:rows")["x"])) == 11


def test_the_form_of_a_file_begins_anew_and_the_header_counts_rows(served, enter):
    page = enter(served)
    open_file(page, PENGUINS, "body_mass_g", held_out="0.3", degree="2")
    about = re.match(r"(\d+) rows to learn from, (\d+) held out · 8 features", text_of(page, "about"))
    assert int(about[1]) + int(about[2]) == 342
    assert "bias: " in text_of(page, "coefficients-legend")
    assert text_of(page, "step-more") == "and 1 more parameter"
    page.set_input_files("#file", PENGUINS)
    page.wait_for_selector("#columns:visible")
    assert (page.input_value("#column-held-out"), page.input_value("#column-degree")) == ("0", "1")
