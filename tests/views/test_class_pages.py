"""The page of several classes: its JavaScript walks the rows to the library's numbers, and predicts what the library predicts."""

import json
import re
import shlex

import numpy as np
import pytest

import steepest
from steepest.analysis.evaluate import evaluate
from steepest.data.split import Share
from steepest.lab.runs import table_payload
from steepest.views.pages import loss_spaces
from steepest.views.pages.payload import Rows, payload
from tests.support.commands import steepest_command
from tests.views.test_loss_spaces import EPOCHS, RULES, verdict
from tests.views.test_pages_js import SETTING, numbers
from tests.views.test_pages_js import run_of as copied_run

LABELS = ["fir", "oak", "pine"]


def table(n=120, d=2, seed=5):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * [1.0, 2.0, 0.5][:d] + [0.0, 1.0, -1.0][:d]
    margins = X @ generator.normal(size=(d, 3)) + [0.3, 0.0, -0.2]
    return X, np.array(LABELS)[np.argmax(margins + generator.gumbel(size=(n, 3)), axis=1)]


CONFUSION = f"(() => {{ {SETTING}; const t = stateAt(q, solveAll(q, ruleOf(s, q)), k).theta; return confusionOf(P, q.over, t, inOwnUnits(q, t)); }})()"


def run_of(rule="gradient", epochs=1000, d=2, **options):
    settings = {"loss": "multinomial", "rule": rule, "target": "tree", **RULES[rule], **options}
    X, y = table(d=d)
    plain = steepest.descend(X, y, learning_rate=1e-3, epochs=1, **settings)
    limit = plain.rule.stability_limit(float(plain.problem.quadratic.modes.eigenvalues[0]))
    return steepest.descend(X, y, learning_rate=0.4 * limit, epochs=epochs, **settings)


def page_numbers(js, run, hash="", epochs=EPOCHS):
    """Loss, RMSE, biases and weights at some epochs, as the page has them."""
    code = (
        f"(() => {{ {SETTING}; const m = solveAll(q, ruleOf(s, q)); return epochs.map(k => {{ const t = stateAt(q, m, k);"
        " return [t.loss, t.rmse, ...coefficientsOf(inOwnUnits(q, t.theta))]; }); })()"
    )
    return numbers(js(code, payload=payload(run, run.problem.triangle), hash=hash, epochs=epochs))


def library_numbers(run, epochs=EPOCHS):
    weights, bias = run.parameters(epochs)
    return np.column_stack([run.loss(epochs), run.rmse(epochs), bias, weights.reshape(len(epochs), -1)])


@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"fit_intercept": False}, {"l2": 0.01}], ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_the_page_walks_to_the_librarys_numbers(js, rule, options):
    run = run_of(rule, **options)
    # 1,000 sums of 120 rows in another order: about 1e-13, and here ten times that
    np.testing.assert_allclose(page_numbers(js, run), library_numbers(run), rtol=1e-12, atol=1e-12)


def test_another_setting_is_another_run_of_the_library(js):
    run = run_of(epochs=20)
    told = payload(run, run.problem.triangle)
    l2 = told["spaces"]["standardized"]["blocks"][5]["l2"]
    X, y = table()
    other = steepest.descend(
        X, y, loss="multinomial", rule="nesterov", learning_rate=1.5, momentum=0.3, epochs=40, l2=l2, standardize=True
    )
    hash = "#rate=1.5&rule=nesterov&momentum=0.3&l2=5&standardize=1&epoch=40"
    np.testing.assert_allclose(page_numbers(js, run, hash, [40]), library_numbers(other, [40]), rtol=1e-12, atol=1e-13)
    code = (
        f"(() => {{ {SETTING}; return [Array.from(q.limit), q.floor, Array.from(q.eigenvalues), q.safe, q.words]; }})()"
    )
    limit, floor, eigenvalues, safe, words = js(code, payload=told, hash="#l2=5&standardize=1")
    np.testing.assert_allclose(limit, other.problem.quadratic.minimum.ravel(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(eigenvalues, other.problem.quadratic.modes.eigenvalues, rtol=1e-9)
    assert floor == pytest.approx(other.optimum.loss, rel=1e-12)
    assert safe == pytest.approx(other.problem.global_limit, rel=1e-12)
    assert len(words) == len(eigenvalues)


def test_the_verdict_is_the_librarys_and_what_is_left_names_a_class(js):
    run = run_of(epochs=20)
    assert verdict(js, run)["sentence"] == str(run.verdict)
    sentence = verdict(js, run, "#epoch=3")["sentence"]
    assert sentence.startswith("After 3 epochs ")
    assert any(f"for '{label}'" in sentence for label in LABELS)


def test_the_gradient_of_the_step_is_the_librarys(js):
    run = run_of(epochs=20, l2=0.01)
    code = (
        f"(() => {{ {SETTING}; const r = ruleOf(s, q), step = stepOf(q, r, solveAll(q, r), 20);"
        " return [Array.from(step.gradient), step.rows.map(row => row.prediction)]; })()"
    )
    gradient, own = js(code, payload=payload(run, run.problem.triangle), hash="")
    theta = run.iterates.parameters(np.array([19]))[0]
    np.testing.assert_allclose(gradient, run.problem.rows.gradient(theta)[:, 0], rtol=1e-11, atol=1e-14)
    X, y = table()
    chances = run.at(19).predict(X[:1])[0]
    assert own[0] == pytest.approx(chances[LABELS.index(y[0])], rel=1e-12)


@pytest.mark.parametrize("epoch", [0, 2, 30])
def test_the_confusion_matrix_is_that_of_the_epoch(js, epoch):
    run = run_of(epochs=30)
    X, y = table()
    got = js(CONFUSION, payload=payload(run, run.problem.triangle), hash="", k=epoch)
    expected = np.zeros((3, 3))
    likeliest = run.at(epoch).predict(X).argmax(axis=1)
    for label, predicted in zip(y, likeliest, strict=True):  # a literal count
        expected[LABELS.index(label), predicted] += 1
    np.testing.assert_allclose(got, expected, atol=1e-10)
    if epoch == 30:
        np.testing.assert_allclose(got, evaluate(run, X, y).confusion.matrix, atol=1e-10)


def test_two_classes_have_a_confusion_matrix_too(js):
    X, y = table()
    two = np.where(y == "fir", "yes", "no")
    run = steepest.descend(X, two, loss="logistic", epochs=30)
    got = js(CONFUSION, payload=payload(run, run.problem.triangle), hash="", k=30)
    np.testing.assert_allclose(got, evaluate(run, X, two).confusion.matrix, atol=1e-10)


def test_regions_and_curves_are_what_the_run_predicts(js):
    run = run_of(epochs=30)
    told = payload(run, run.problem.triangle)
    own = f"{SETTING}; const o = inOwnUnits(q, stateAt(q, solveAll(q, ruleOf(s, q)), 30).theta)"
    code = f"(() => {{ {own}; return Array.from(regionsOf(o, [[-2, 2], [-3, 5]], 8, 6)); }})()"
    got = np.array(js(code, payload=told, hash="")).reshape(6, 8)
    x, y = np.meshgrid(-2 + (np.arange(8) + 0.5) * 4 / 8, -3 + (np.arange(6) + 0.5) * 8 / 6)
    at = np.column_stack([x.ravel(), y.ravel()])
    assert (got.ravel() == run.predict(at).argmax(axis=1)).all()
    assert len(np.unique(got)) > 1
    one = run_of(epochs=30, d=1)
    code = f"(() => {{ {own}; return chanceCurves(o, [-1, 0, 2]); }})()"
    got = js(code, payload=payload(one, one.problem.triangle), hash="")
    np.testing.assert_allclose(np.transpose(got), one.predict([[-1.0], [0.0], [2.0]]), rtol=1e-12)


def test_lines_of_the_same_loss_are_lines_of_the_same_loss(js):
    run = run_of(epochs=50, l2=0.05)
    code = (
        f"(() => {{ {SETTING}; const c = contour(q, solveAll(q, ruleOf(s, q)), 3, 7, [0, 1, 5, 20, 50]);"
        " return [c.goal, c.ellipses.map(({ xs, ys }) => [xs, ys])]; })()"
    )
    goal, rings = js(code, payload=payload(run, run.problem.triangle), hash="")
    minimum = run.problem.quadratic.minimum
    np.testing.assert_allclose(goal, minimum[[3, 7], 0], rtol=1e-9)
    for xs, ys in rings:
        x, y = numbers([xs])[0], numbers([ys])[0]
        heights = []
        for one, other in zip(x[np.isfinite(x)], y[np.isfinite(x)], strict=True):
            theta = minimum.copy()
            theta[[3, 7], 0] = one, other
            heights.append(run.problem.rows.value(theta)[0] - run.optimum.loss)
        # straight lines between 24 places of the root along a ray
        assert np.ptp(heights) <= 0.03 * np.max(heights)


def test_the_page_names_classes_and_their_column_and_is_json():
    X, y = table()
    run = run_of(epochs=5)
    told = payload(run, run.problem.triangle)
    assert (told["classes"], told["target"], told["over"]["classes"]) == (LABELS, "tree", 3)
    assert told["over"]["most_epochs"] == loss_spaces.AT_A_MOVE // (
        (120 + 20) * 9 * 2
    )  # rows, parameters, twice the work
    json.dumps(told, allow_nan=False)
    html = run.page(X, y).html
    assert '"target":"tree"' in html
    columns = (y[:, None] == np.array(LABELS)).astype(float)
    own = steepest.descend(X, columns, loss="multinomial", epochs=5)
    told = payload(own, own.problem.triangle)
    assert (told["classes"], told["target"]) == (["y1", "y2", "y3"], "classes")
    assert own.page(X, columns).payload["rows"]["y"] == run.page(X, y).payload["rows"]["y"]


@pytest.mark.parametrize("why", ["rule", "rows"])
def test_a_run_that_the_page_does_not_walk_is_shown_as_it_went(js, why, monkeypatch):
    X, y = table()
    if why == "rows":
        monkeypatch.setattr(loss_spaces, "MOST_ROWS", 100)
    rule = {"rule": "adam"} if why == "rule" else {}
    run = steepest.descend(X, y, loss="multinomial", learning_rate=0.01, epochs=50, **rule)
    told = run.page(X, y).payload
    epochs = told["run"]["walk"]["epochs"]
    np.testing.assert_allclose(page_numbers(js, run, "", epochs), library_numbers(run, epochs), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(js(CONFUSION, payload=told, hash="", k=50), evaluate(run, X, y).confusion.matrix)


@pytest.mark.filterwarnings("ignore:separable")
def test_classes_that_are_told_apart_have_no_minimum_until_there_is_a_penalty(js):
    X, _ = table()
    y = np.array(LABELS)[np.searchsorted([-0.5, 0.5], X[:, 0])]
    run = steepest.descend(X, y, loss="multinomial", epochs=30)
    assert verdict(js, run)["kind"] == "separable"
    assert verdict(js, run, "#epoch=20&l2=6")["kind"] in ("unfinished", "converged")
    assert run.page(X, y).html


def test_more_parameters_than_a_page_holds_are_counted_for_each_class():
    X = np.random.default_rng(0).normal(size=(400, 90))
    run = steepest.descend(X, np.array(LABELS)[np.arange(400) % 3], loss="multinomial", epochs=1, l2=0.1)
    with pytest.raises(steepest.UsageError, match="up to 250 parameters; this run has 273"):
        run.page()


@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_the_page_has_the_coefficient_table_and_what_was_measured(loss):
    X, y = table()
    run = steepest.descend(X, y if loss == "multinomial" else np.where(y == "fir", "yes", "no"), loss=loss)
    told = payload(run, run.problem.triangle, Rows(measures={"train": {"rows": 120, "log_loss": 0.25}, "test": None}))
    summary = run.summary()
    found = np.array([[float(cell) for cell in row[1:3]] for row in told["inference"]["rows"]])
    np.testing.assert_allclose(found[:, 0], summary.coefficients, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], summary.standard_errors, rtol=1e-3)
    assert told["measures"]["header"] == ["at the last epoch", "rows learned from"]
    assert told["measures"]["rows"] == [["rows", "120"], ["log-loss", "0.25"]]


def test_what_has_no_standard_errors_has_no_table():
    X, _ = table()
    told = payload(run := run_of(epochs=5, l2=0.1), run.problem.triangle)
    assert (told["inference"], told["measures"]) == (None, None)
    run = steepest.descend(X, X[:, 0] + np.sin(5 * X[:, 1]), loss="quantile", epochs=5)
    part = payload(run, run.problem.triangle)["inference"]
    np.testing.assert_allclose(
        [float(row[2]) for row in part["rows"]], run.summary(robust="HC1").standard_errors, rtol=1e-3
    )
    assert part["said"].endswith("Standard errors: HC1.")


@pytest.mark.parametrize(
    "options", [{}, {"standardize": True, "l2": 0.1}, {"rule": "adam", "learning_rate": 0.1}], ids=str
)
@pytest.mark.parametrize("loss", ["multinomial", "logistic", "quantile"])
def test_held_out_rows_have_their_own_loss_along_the_run(js, loss, options):
    X, labels = table()
    y = {"multinomial": labels, "logistic": (labels == "oak").astype(float), "quantile": X[:, 0] + X[:, 1] ** 2}[loss]
    run = steepest.descend(X[:80], y[:80], loss=loss, epochs=30, **options)
    told = run.page(X[:80], y[:80], held_out=(X[80:], y[80:])).payload
    epochs = told["run"]["walk"]["epochs"][::5] if told["run"]["walk"] else [0, 3, 30]
    code = f"(() => {{ {SETTING}; const c = errorCurves(q, solveAll(q, ruleOf(s, q)), epochs); return [c.train, c.held]; }})()"
    got = numbers(js(code, payload=told, hash="", epochs=epochs))
    rows = (labels[80:, None] == np.array(LABELS)).astype(float) if loss == "multinomial" else y[80:, None]
    for at, epoch in enumerate(epochs):
        state = run.at(epoch)
        margin = (X[80:] @ state.weights + state.bias).reshape(len(rows), -1)
        assert got[1, at] == pytest.approx(run.problem.loss.value(margin, rows).mean(), rel=1e-11)
        theta = run.iterates.parameters(np.array([epoch]))[0]
        penalized = run.problem.rows.penalized[:, None]
        assert got[0, at] == pytest.approx(run.loss([epoch])[0] - run.l2 / 2 * (penalized * theta**2).sum(), rel=1e-11)
    assert told["held_out_count"] == 40


def test_a_run_folder_has_the_loss_of_held_out_rows_on_its_page(tmp_path):
    X, labels = table()
    rows = [f"{a},{b},{label}" for (a, b), label in zip(X, labels, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,tree", *rows]))
    done = steepest_command("fit", "t.csv", "--target", "tree", "--test-size", "0.25", "-o", "r", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "r" / "report.html").read_text()
    told = json.loads(re.search('id="payload">(.*?)</script>', html, re.DOTALL)[1])["sets"][0]
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert told["held_rows"]["count"] == told["held_out_count"] == record["measures"]["test"]["rows"]
    assert told["measures"]["header"][-1] == "test rows"


@pytest.mark.parametrize("share", [0.0, 0.25])
@pytest.mark.parametrize("labels", ["two", "three"])
def test_python_and_command_copied_from_a_table_of_labels_give_the_pages_run(js, tmp_path, monkeypatch, labels, share):
    X, trees = table()
    if labels == "two":
        trees = np.where(trees == "fir", "yes", "no")
    rows = [f"{a},{b},{label}" for (a, b), label in zip(X, trees, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,tree", *rows]))
    monkeypatch.chdir(tmp_path)
    source = steepest.open_source("t.csv", target="tree", loss="auto")
    made = {"name": "t.csv", "options": {}, "test_size": share, "seed": 3}
    told = table_payload(source, Share.of(share, 3), "t", "opened", made)
    hash = "#epoch=60&rate=0.1&rule=heavy_ball&momentum=0.3&standardize=1&l2=2"
    run, weights = copied_run(js, told, hash)
    np.testing.assert_allclose(run.weights.ravel(), weights, rtol=1e-9)
    command = js(f"(() => {{ {SETTING}; return asCommand(P, s, q); }})()", payload=told, hash=hash)
    done = steepest_command(*shlex.split(command)[1:], "--no-out", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    fitted = json.loads(done.stdout)["weights"]
    np.testing.assert_allclose(np.ravel([fitted[name] for name in ("a", "b")]), weights, rtol=1e-9)
