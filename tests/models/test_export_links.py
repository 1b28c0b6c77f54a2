"""Exports of models on other losses: probabilities and expected counts from the exact margins, also far from 0."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import formualizer
import numpy as np
import pytest

import steepest
from steepest.data.coding import Coding
from steepest.errors import UsageError
from steepest.models.export.terms import MOST_CLASSES
from steepest.models.model import Model
from tests.models.test_export import (
    HARMFUL,
    LANGUAGES,
    PLAIN,
    RICH,
    RUN,
    TOLERANCE,
    WRONG,
    model_of,
    rows_of,
    statements,
    truth,
)
from tests.support.servers import execute

SMALLEST = 1e-290  # below, a language may give 0, or what is smaller than any number of rows


def on(loss, coding, classes=(), seed=3):
    """A model on a loss, with moderate weights."""
    t = len(classes) if loss == "multinomial" else 1
    plain = model_of(coding, tuple(f"kind={label}" for label in classes) if t > 1 else ("y",), seed)
    return Model(plain.features, plain.targets, plain.weights / 8, plain.bias, {}, coding, None, loss, tuple(classes))


MODELS = {
    "logistic": on("logistic", PLAIN, ("no", "yes")),
    "logistic, coded": on("logistic", RICH, ("no", "yes")),
    "logistic, numbers": on("logistic", PLAIN),
    "multinomial": on("multinomial", PLAIN, ("a", "b", "c")),
    "multinomial, coded": on("multinomial", RICH, ("a", "b 'c'", 'd"')),
    "poisson": on("poisson", RICH),
    "huber": on("huber", RICH),
}


def linked(model, margins):
    """What exact margins stand for, with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        m = [Decimal(margin.numerator) / Decimal(margin.denominator) for margin in margins]
        if model.loss == "logistic":
            return [1 / (1 + (-m[0]).exp())]
        if model.loss == "poisson":
            return [m[0].exp()]
        if model.loss == "huber":
            return m
        parts = [one.exp() for one in m]
        return [part / sum(parts) for part in parts]


def by_excel(model, rows):
    """The formulas of margins stand behind the inputs, those that read them behind these."""
    formulas = [line for line in steepest.export(model, to="excel").splitlines() if line.startswith("=")]
    kinds: dict = {bool: formualizer.LiteralValue.boolean, str: formualizer.LiteralValue.text}
    results = []
    for row in rows:
        book = formualizer.Workbook()
        book.add_sheet("S")
        for j, value in enumerate(row.values()):
            if value is not None:
                book.set_value("S", 2, j + 1, kinds.get(type(value), formualizer.LiteralValue.number)(value))
        for j, formula in enumerate(formulas):
            book.set_formula("S", 2, len(row) + 1 + j, formula)
        count = len(model.targets)
        found = [book.evaluate_cell("S", 2, len(row) + 1 + j) for j in range(len(formulas))][-count:]
        results.append(WRONG if any(isinstance(value, dict) for value in found) else found)
    return results


def run(language, model, rows):
    return by_excel(model, rows) if language == "excel" else RUN[language](model, rows)


def moderate(model, rows):
    """Rows whose margins differ by less than 600, so that no probability is below the smallest numbers."""
    kept = []
    for row in rows:
        margins, _ = truth(model, row)
        if max(abs(one - other) for one in (0, *margins) for other in (0, *margins)) < 600:
            kept.append(row)
    return kept


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_the_link(language, name):
    model = MODELS[name]
    rows = moderate(model, rows_of(model, 40))
    assert len(rows) >= 5
    for row, found in zip(rows, run(language, model, rows), strict=True):
        margins, sizes = truth(model, row)
        assert found is not WRONG
        for one, exact in zip(found, linked(model, margins), strict=True):
            # a margin's rounding is the relative error of exp of it; of several margins that of each counts
            relative = TOLERANCE[language] * float(sum(sizes)) + 1e-14
            size = sizes[0] if model.loss == "huber" else Fraction(exact)
            assert abs(Fraction(one) - Fraction(exact)) <= Fraction(relative) * size + Fraction(SMALLEST), row


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_no_margin_is_too_large_for_a_probability(language, loss):
    coding = Coding.plain(("x",))
    weights = np.array([[1.0]]) if loss == "logistic" else np.array([[1.0, 0.0, -1.0]])
    t = weights.shape[1]
    targets = ("y",) if t == 1 else ("y=a", "y=b", "y=c")
    model = Model(("x",), targets, weights, np.zeros(t), {}, coding, None, loss, ("no", "yes", "so")[: max(2, t)])
    rows = [{"x": x} for x in (-1e300, -1e4, -800.0, 800.0, 1e4, 1e300)]
    for row, found in zip(rows, run(language, model, rows), strict=True):
        second = [float(row["x"] > 0), 0.0, float(row["x"] < 0)] if t > 1 else [float(row["x"] > 0)]
        np.testing.assert_allclose(found, second, atol=1e-300)
        np.testing.assert_allclose(np.ravel(model.predict([[row["x"]]])), second, atol=1e-300)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["logistic, coded", "multinomial, coded", "poisson"])
def test_no_probability_is_made_up(language, name):
    model = MODELS[name]
    good = {"x": 1.0, "kind": "oak", "z": 2.0, "flag": True, "site": "a", "only": "one"}
    wrong = [good | {"kind": "ash"}, good | {"kind": None}, good | {"z": None}, good | {"flag": "maybe"}]
    first, *others = run(language, model, [good, *wrong])
    assert first is not WRONG
    assert others == [WRONG] * len(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fitted_model_gives_the_probabilities_of_its_own_table(language):
    generator = np.random.default_rng(8)
    X = generator.normal(size=(60, 2))
    labels = np.array(["fir", "oak", "yew"])[(X @ [[2.0, 0, -1], [0, 1, 1]] + generator.gumbel(size=(60, 3))).argmax(1)]
    for y, loss in ((labels, "multinomial"), (labels == "oak", "logistic"), (generator.poisson(2, 60), "poisson")):
        model = Model.of(steepest.descend(X, y, loss=loss, standardize=True, epochs=50))
        rows = [dict(zip(model.features, row, strict=True)) for row in X.tolist()]
        found = np.array(run(language, model, rows))
        expected = model.predict(X).reshape(60, -1)
        np.testing.assert_allclose(found, expected, rtol=20 * TOLERANCE[language] + 1e-14)


@pytest.mark.parametrize("to", ["python", "sql", "excel", "onnx"])
@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_any_label_is_only_a_label(to, loss):
    labels = [label for label in HARMFUL if label]
    model = on(loss, PLAIN, labels if loss == "multinomial" else labels[:2])
    language = {"sql": "duckdb"}.get(to, to)
    rows = rows_of(model, 5)
    assert WRONG not in run(language, model, rows)
    if to == "python":
        module = {}
        exec(steepest.export(model, to="python"), module)
        assert module["CLASSES"] == tuple(model.labels)
        if loss == "multinomial":
            assert list(module["predict"](rows[0])) == labels


def test_names_of_columns_and_lines_of_description():
    sql = steepest.export(MODELS["logistic"], to="sql")
    assert sql.count('AS "probability of yes"') == 1
    assert "the classes are no, yes" in sql
    assert 'AS "prediction"' in steepest.export(MODELS["poisson"], to="sql")
    assert "the logarithm of the expected count" in steepest.export(MODELS["poisson"], to="excel")
    assert "log-odds of the second class" in steepest.export(MODELS["logistic"], to="python")


@pytest.mark.parametrize("to", ["sql", "excel"])
def test_many_classes_are_sent_elsewhere(to):
    model = on("multinomial", PLAIN, [f"c{j}" for j in range(MOST_CLASSES + 1)])
    with pytest.raises(UsageError, match=r"51 classes; in .* there is room for 50\. Export to python or onnx"):
        steepest.export(model, to=to)
    rows = rows_of(model, 2)
    for language in ("python", "onnx"):
        for found in RUN[language](model, rows):
            assert math.isclose(sum(found), 1.0, rel_tol=1e-12)


@pytest.mark.process
@pytest.mark.parametrize("name", ["logistic, coded", "multinomial, coded", "far"])
def test_sql_gives_probabilities_in_postgresql(name, postgresql):
    import adbc_driver_postgresql.dbapi

    far = Model(
        ("x",), ("y",), np.array([[1.0]]), np.zeros(1), {}, Coding.plain(("x",)), None, "logistic", ("no", "yes")
    )
    model = {**MODELS, "far": far}[name]
    rows = [{"x": x} for x in (-1e4, 0.0, 1e4)] if name == "far" else moderate(model, rows_of(model, 40))
    rows = [row for row in rows if 1e-300 not in row.values()]  # PostgreSQL refuses its square
    execute(postgresql, *statements(model, rows, ("double precision", "boolean", "text")))
    with adbc_driver_postgresql.dbapi.connect(postgresql) as connection, connection.cursor() as cursor:
        cursor.execute(steepest.export(model, to="sql", table="scores"))
        found = [row[-len(model.targets) :] for row in cursor.fetchall()]
    for row, probabilities in zip(rows, found, strict=True):
        exact = [1e-304, 0.5, 1.0][rows.index(row)] if name == "far" else linked(model, truth(model, row)[0])
        expected = [float(one) for one in np.atleast_1d(exact)]
        np.testing.assert_allclose(np.array(probabilities, dtype=float), expected, rtol=1e-11, atol=1e-290)
