"""Pages: what they are made of, what they promise about the network and about names, and their doors."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import steepest
from steepest.data.sample import Sample
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.models import run_folder, run_reader
from steepest.objectives.quadratic import Quadratic
from steepest.views.pages import Rows, problem_with, scripts, stored
from steepest.views.pages.payload import MOST_CELLS, MOST_ROWS, payload, thinned
from steepest.views.pages.penalties import MOST_NUMBERS
from tests.support.commands import steepest_command

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def numbers(text):
    return np.frombuffer(base64.b64decode(text))


@pytest.fixture
def table():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(80, 3)) * [1, 10, 100] + [0, 5, 1000]
    return X, X @ [1.0, -0.2, 0.03] + 7 + generator.normal(size=80)


@pytest.fixture
def run(table):
    return steepest.descend(*table, learning_rate=1e-7, epochs=500)


def test_modes_of_another_objective_follow_from_those_of_half_mse(table):
    # s·(RᵀR/W + (l2/s)·D): the identity that lets one grid of penalties serve all objectives
    triangle = steepest.summarize(*table)
    coordinates = triangle.coordinates("raw")
    for objective, factor in (("mse", 2.0), ("quarter_mse", 0.5)):
        one = Quadratic.of(triangle, coordinates, l2=3.0)
        other = Quadratic.of(triangle, coordinates, l2=3.0 * factor, objective=objective)
        np.testing.assert_allclose(other.modes.eigenvalues, factor * one.modes.eigenvalues, rtol=1e-13)
        np.testing.assert_allclose(other.minimum, one.minimum, rtol=1e-9)


def test_the_payload_says_the_runs_own_setting_and_grid(table, run):
    held = steepest.summarize(*table)
    own = steepest.descend(*table, l2=0.37, objective="mse", standardize=True)
    told = payload(own, steepest.summarize(*table), Rows(None, held))
    grid = [block["l2"] for block in told["spaces"]["standardized"]["blocks"]]
    assert 0.37 / 2 in grid
    assert grid == sorted(grid)
    assert len(grid) == 14
    assert told["spaces"]["raw"]["blocks"][0]["l2"] == 0
    block = told["spaces"]["standardized"]["blocks"][grid.index(0.37 / 2)]
    # the same problem divided by 2, rounded anew
    np.testing.assert_allclose(numbers(block["limit"]), own.problem.quadratic.minimum.ravel(), rtol=1e-14)
    assert block["floor"] == pytest.approx(own.optimum.loss / 2, rel=1e-14)
    json.dumps(told, allow_nan=False)


@pytest.mark.slow
def test_a_page_is_bounded_however_many_features_and_rows_there_are():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 120))
    run = steepest.descend(X, X[:, 0] + generator.normal(size=400), l2=0.1, standardize=True)
    triangle = steepest.summarize(X, X[:, 0])
    told = payload(run, triangle, Rows(Sample(X, X[:, :1], np.arange(400, dtype=np.uint64))))
    blocks = [block for space in told["spaces"].values() for block in space["blocks"]]
    assert sum(len(numbers(block["directions"])) for block in blocks) <= MOST_NUMBERS
    assert 0.1 in [block["l2"] for block in told["spaces"]["standardized"]["blocks"]]
    assert told["rows"]["count"] == MOST_CELLS // 120
    many = thinned(Sample(X[:, :1].repeat(3, axis=0), X[:, :1].repeat(3, axis=0), np.arange(1200, dtype=np.uint64)))
    assert len(many.X) == MOST_ROWS
    assert (many.positions[0], many.positions[-1]) == (0, 1199)


@pytest.mark.slow
def test_what_has_no_page_says_so(table):
    X, y = table
    with pytest.raises(UsageError, match="one target; this one has 2"):
        steepest.descend(X, np.column_stack([y, y]), epochs=5).page()
    wide = np.random.default_rng(0).normal(size=(300, 260))
    run = steepest.descend(wide, wide[:, 0], epochs=5)
    with pytest.raises(UsageError, match="up to 250 parameters; this run has 261"):
        run.page()
    assert problem_with(run)
    with pytest.raises(DataError, match="need 3 features"):
        steepest.descend(X, y, epochs=5).page(X[:, :2], y)
    with pytest.raises(UsageError, match="held_out is a Triangle or"):
        steepest.descend(X, y, epochs=5).page(held_out=3)


def test_the_page_asks_the_network_for_nothing_and_runs_only_its_own_scripts(run):
    html = run.page(title="t").html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    # nothing is named that a browser would load: no sources, no links, no imports of styles
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r"\b(src|href)=|@import|url\(", markup)
    assert len(html) < 3_000_000


def test_names_cannot_leave_their_text(table):
    X, y = table
    run = steepest.descend(X, y, features=[NASTY, "$$x$$", "\u2028"], target="<b>", epochs=5)
    html = run.page(X, y, title=NASTY).html
    assert html.count("<script") == run.page().html.count("<script") == 4
    assert "alert(1)</" not in html
    told = json.loads(re.search(r'id="payload">(.*?)</script>', html, flags=re.DOTALL)[1])
    assert told["sets"][0]["features"] == [NASTY, "$$x$$", "\u2028"]
    assert told["sets"][0]["title"] == NASTY


def test_a_notebook_shows_the_page_in_a_frame(run):
    page = run.page()
    shown = page._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert page._repr_mimebundle_()["text/html"] == shown
    assert "<script>" not in shown


def test_a_page_is_saved_whole_and_replaced_only_when_asked(tmp_path, run):
    file = run.page().save(tmp_path / "a.html")
    assert file.read_text(encoding="utf-8") == run.page().html
    with pytest.raises(UsageError, match="exists already"):
        run.page().save(file)
    run.page(title="other").save(file, force=True)
    with pytest.raises(UsageError, match="there is no folder"):
        run.page().save(tmp_path / "none" / "a.html")


def test_a_run_in_batches_comes_with_what_was_expected_of_it(table):
    settings = {"batch_size": 8, "learning_rate": 0.1, "epochs": 30, "standardize": True, "l2": 0.1, "objective": "mse"}
    for order in ("replacement", "shuffled", "fixed"):
        run = steepest.descend(*table, **settings, order=order)
        walk = payload(run, steepest.summarize(*table))["run"]["walk"]
        expected = steepest.forecast(*table, **settings, order=order).loss()
        np.testing.assert_allclose(numbers(walk["expected"]), expected[walk["epochs"]], rtol=1e-12)
    np.testing.assert_allclose(numbers(walk["expected"]), run.loss(walk["epochs"]), rtol=1e-9)  # in fixed order, itself
    for more in ({"start": ([1.0, 0.0, 0.0], 0.0)}, {"rule": "heavy_ball", "momentum": 0.5}, {"average": True}):
        run = steepest.descend(*table, **settings, **more)
        assert payload(run, steepest.summarize(*table))["run"]["walk"]["expected"] is None
    with pytest.warns(steepest.DataWarning, match="collinear"):
        still = steepest.descend(
            [[0.0], [0.0]], [1.0, 2.0], fit_intercept=False, batch_size=1, learning_rate=0.1, epochs=2
        )
    assert payload(still, still.problem.triangle)["run"]["walk"]["expected"] is None


@pytest.mark.process
def test_bokeh_is_not_imported_for_a_page(tmp_path):
    code = (
        "import sys, steepest; page = steepest.descend([[1.0], [2.0], [4.0]], [1, 2, 3]).page(); "
        "assert 'bokeh' not in sys.modules; page.html; assert 'bokeh' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_the_stored_figures_are_those_that_bokeh_makes():
    kept = json.loads(scripts.text(stored.FILE))
    made, again = stored.build.__wrapped__(), stored.build.__wrapped__()
    assert again == made
    assert {part: made[part]["names"] for part in made} == {
        part: kept["parts"][part]["names"] for part in kept["parts"]
    }
    # another Bokeh writes them in another way, and makes its own: the next test
    same = metadata.version("bokeh") != kept["bokeh"] or made == kept["parts"]
    assert same, "pictures.py has changed: python -m steepest.views.pages.stored"


def test_another_bokeh_makes_its_own_figures(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "99.0.0")
    monkeypatch.setattr(stored, "build", lambda: {"made": "anew"})
    assert stored.figure_parts() == {"made": "anew"}


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gradient", "heavy_ball", "nesterov", "chebyshev"])
def test_a_run_folder_leads_back_to_its_run(tmp_path, table, rule):
    X, y = table
    run = steepest.descend(X, y, rule=rule, epochs=40, l2=0.1, objective="mse", standardize=True)
    sample = Sample(X, y[:, None], np.arange(80, dtype=np.uint64))
    held = steepest.summarize(X[:20], y[:20])
    folder = run_folder.write(tmp_path / "r", run, steepest.summarize(X, y), rows=Rows(sample, held))
    again = run_reader.read(folder)
    np.testing.assert_array_equal(again.weights, run.weights)
    rows = run_reader.read_rows(folder)
    np.testing.assert_array_equal(rows.sample.X, X)
    assert rows.held_out.checksum == held.checksum
    assert (folder / "report.html").read_text(encoding="utf-8") == run_reader.report(folder).html


def test_a_folder_whose_parts_do_not_belong_together_is_refused(tmp_path, table):
    X, y = table
    run = steepest.descend(X, y, epochs=40, standardize=True)
    folder = run_folder.write(tmp_path / "r", run, steepest.summarize(X, y))
    settings = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(settings | {"requested_epochs": 3}))
    with pytest.raises(ModelFileError, match=r"not where its run\.json and triangle lead"):
        run_reader.report(folder)
    (folder / "run.json").write_text("{}")
    with pytest.raises(ModelFileError, match="does not say how the run went"):
        run_reader.report(folder)
    (folder / "run.json").unlink()
    with pytest.raises(UsageError, match="is no run folder"):
        run_reader.report(folder)


def test_report_command_writes_one_file(tmp_path, table):
    X, y = table
    run = steepest.descend(X, y, epochs=40, standardize=True)
    run_folder.write(tmp_path / "r", run, steepest.summarize(X, y))
    done = steepest_command("report", "r", "-o", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Written: page.html" in done.stdout
    assert 'id="payload"' in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert steepest_command("report", "r", "-o", "page.html", cwd=tmp_path).returncode == 2
    assert steepest_command("report", "r", "-o", "page.html", "--force", cwd=tmp_path).returncode == 0
    assert steepest_command("report", "nowhere", cwd=tmp_path).returncode == 2


def test_the_lab_in_the_docs_is_made_from_these_scripts_and_sets():
    from pathlib import Path

    from steepest.lab.sets import payloads

    html = (Path(__file__).parents[2] / "docs" / "lab.html").read_text(encoding="utf-8")
    # `steepest lab -o docs/lab.html --force` makes it anew
    assert scripts.whole() in html
    assert scripts.text("page.css") in html
    told = json.loads(re.search(r'id="payload">(.*?)</script>', html, flags=re.DOTALL)[1])
    for kept, made in zip(told["sets"], payloads(), strict=True):
        assert (kept["id"], kept["features"], kept["run"], kept["about"]) == (
            made["id"],
            made["features"],
            made["run"],
            made["about"],
        )
        # another machine's mathematics may differ in the last bits
        np.testing.assert_allclose(numbers(kept["rows"]["X"]), numbers(made["rows"]["X"]), rtol=1e-14)


def test_held_out_rows_are_on_the_scale_of_the_run(table):
    X, y = table
    logs = steepest.open_source(X, np.exp(y / 10), log_target=True)
    run, triangle = steepest.descend(logs, standardize=True), steepest.summarize(logs)
    assert run.page(held_out=triangle).payload["target"] == "log of y"
    for one, held_out in ((run, (X, y)), (run, steepest.summarize(X, y)), (steepest.descend(X, y), triangle)):
        with pytest.raises(DataError, match=r"only one has a logarithm .*log_target"):
            one.page(held_out=held_out)
