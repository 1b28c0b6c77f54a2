"""Exports: the same numbers in Python, SQL, Excel and ONNX, and nothing but numbers from any name or category."""

import ast
import itertools
import json
import math
import random
import sqlite3
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import duckdb
import formualizer
import numpy as np
import onnx
import onnxruntime
import pandas
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import steepest
from steepest.data.coding import Coding, Column
from steepest.errors import DataError, ModelFileError, UsageError
from steepest.models.export.excel import LONGEST_FORMULA, letters
from steepest.models.model import Model
from tests.support.commands import steepest_command
from tests.support.servers import execute
from tests.truths import PENGUINS

LANGUAGES = ("python", "duckdb", "sqlite", "excel", "onnx")
# rounding of 20 products and sums, 1.1e-16 each, against the sum of their sizes; Python adds exactly, Excel has 15 digits
TOLERANCE = {"python": 1e-15, "duckdb": 1e-14, "sqlite": 1e-14, "excel": 2e-14, "onnx": 1e-14}
WRONG = object()  # what a language gives where there is no prediction

HARMFUL = (
    '"; DROP TABLE canary; --',
    "'); DROP TABLE canary; --",
    '"""\nraise SystemExit(7)\n"""',
    "'''",
    "\\",
    '\\"',
    "line\nbreak\r\x1b[31m",
    "{name} %s %(name)s",
    "=cmd|' /C calc'!A0",
    "/* */",
    "π 🐧 \u202e\u2028\xa0",
    "class",
    "",
    "y",
    "t",
    "prediction",
    "<script>alert(1)</script>",
)


# the texts that DuckDB casts to BOOLEAN, some of their mixtures of upper and lower case, and what is like them but is none
FALSE = ("false", "False", "FALSE", "fAlSe", "f", "F", "no", "No", "nO", "NO", "n", "N", "0")
TRUE = ("true", "True", "TRUE", "tRuE", "t", "T", "yes", "Yes", "yEs", "YES", "y", "Y", "1")
NO_BOOLEANS = (
    "on",
    "off",
    "",
    "2",
    "-1",
    "01",
    "10",
    " true",
    "true ",
    "tr",
    "trues",
    "t*",
    "?",
    "yesXt",
    "yesxt",
    "no,n",
    "ｙ",
)


# --- models and rows -------------------------------------------------------------------------------------------------


def model_of(coding, targets=("y",), seed=1):
    generator = np.random.default_rng(seed)
    d = len(coding.features)
    return Model(
        coding.features,
        targets,
        generator.normal(size=(d, len(targets))),
        generator.normal(size=len(targets)),
        {},
        coding,
    )


PLAIN = Coding.plain(("dose", "age", "y"))
RICH = Coding(
    (
        Column("x", None, True),
        Column("kind", ("fir", "oak", "yew")),
        Column("z"),
        Column("flag", ("false", "true")),
        Column("site", ("A", "a", "b 'c'"), True),
        Column("only", ("one",)),
    ),
    degree=3,
    interactions=(("x", "z"), ("x", "site"), ("kind", "z"), ("kind", "site"), ("flag", "x"), ("only", "kind")),
)
ODD = Coding(
    (
        *(Column(name) for name in HARMFUL),
        Column("odd levels", tuple(sorted(HARMFUL))),
        Column("'quoted'", tuple(sorted(HARMFUL)), False),
    )
)
MODELS = {
    "arrays": Model(PLAIN.features, ("y",), np.array([[0.1], [-1 / 3], [2e-9]]), np.array([1e3])),
    "plain": model_of(PLAIN),
    "several targets": model_of(PLAIN, ("a", "b'\"", "c\n")),
    "coded": model_of(RICH),
    "coded, several targets": model_of(RICH, ("a", "b")),
    "harmful names": model_of(ODD),
}


def rows_of(model, count=25, seed=5):
    """Rows of raw values, with missing ones where the coding allows it, zeros, and large and small numbers."""
    choose = random.Random(seed)
    coding = model.coding or Coding.plain(model.features)

    def value(column):
        if column.missing and choose.random() < 0.3:
            return None
        if column.levels == ("false", "true"):
            return choose.random() < 0.5
        if column.levels is not None:
            return choose.choice(column.levels)
        return choose.choice([0.0, -0.0, 1e-300, 123456.789, 2.0, -7.0, *(choose.gauss(0, 3) for _ in range(6))])

    return [{column.name: value(column) for column in coding.columns} for _ in range(count)]


def truth(model, row):
    """Predictions and the sum of the sizes of their terms, exactly: each feature's value by its name."""
    coding = model.coding or Coding.plain(model.features)
    own, features = {}, {}
    for column in coding.columns:
        value = row[column.name]
        if column.levels is None:
            number = Fraction(0 if value is None else value)
            own[column.name] = {column.name: number}
            features |= {f"{column.name}^{k}": number**k for k in range(2, 21)}
        else:
            text = str(value).lower() if isinstance(value, bool) else value
            own[column.name] = {f"{column.name}={level}": Fraction(text == level) for level in column.levels}
        features |= own[column.name] | {f"{column.name} missing": Fraction(value is None)}
    for first, second in coding.interactions:
        pairs = itertools.product(own[first].items(), own[second].items())
        features |= {f"{a}:{b}": p * q for (a, p), (b, q) in pairs}
    terms = np.array(
        [
            [Fraction(w) * features[name] for w in ws]
            for name, ws in zip(model.features, model.weights.tolist(), strict=True)
        ]
    )
    bias = [Fraction(b) for b in model.bias.tolist()]
    return terms.sum(axis=0) + bias, abs(terms).sum(axis=0) + [abs(b) for b in bias]


# --- each language, run by something that is not ours ----------------------------------------------------------------


def by_python(model, rows):
    module = {}
    exec(compile(steepest.export(model, to="python"), "exported", "exec"), module)
    results = []
    for row in rows:
        try:
            result = module["predict"](row)
            results.append(list(result.values()) if len(model.targets) > 1 else [result])
        except ValueError:
            results.append(WRONG)
    return results


def by_sql(model, rows, execute, make):
    coding = model.coding or Coding.plain(model.features)
    make("scores", coding, rows)
    sql = steepest.export(model, to="sql", table="scores")
    t = len(model.targets)
    return [WRONG if None in row[-t:] else list(row[-t:]) for row in execute(sql)]


def by_duckdb(model, rows):
    with duckdb.connect() as connection:

        def make(table, coding, rows):
            quoted = ['"' + column.name.replace('"', '""') + '"' for column in coding.columns]
            held = {c.name: {type(row[c.name]) for row in rows} - {type(None)} for c in coding.columns}
            kinds = [
                "DOUBLE" if c.levels is None else "BOOLEAN" if held[c.name] == {bool} else "VARCHAR"
                for c in coding.columns
            ]
            connection.execute(
                f"CREATE TABLE {table} ({', '.join(f'{q} {k}' for q, k in zip(quoted, kinds, strict=True))})"
            )
            marks = ", ".join("?" * len(quoted))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [list(row.values()) for row in rows])
            connection.execute("CREATE TABLE canary (alive INTEGER)")

        def execute(sql):
            assert len(connection.extract_statements(sql)) == 1
            found = connection.execute(sql).fetchall()
            connection.execute("SELECT * FROM canary")
            return found

        return by_sql(model, rows, execute, make)


def by_sqlite(model, rows):
    connection = sqlite3.connect(":memory:")
    try:

        def make(table, coding, rows):
            quoted = ['"' + column.name.replace('"', '""') + '"' for column in coding.columns]
            connection.execute(f"CREATE TABLE {table} ({', '.join(quoted)})")
            values = [list(row.values()) for row in rows]  # SQLite has no booleans: they become 1 and 0
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(quoted))})", values)
            connection.execute("CREATE TABLE canary (alive INTEGER)")

        def execute(sql):
            found = connection.execute(sql).fetchall()  # refuses more than one statement
            connection.execute("SELECT * FROM canary")
            return found

        return by_sql(model, rows, execute, make)
    finally:
        connection.close()


def by_excel(model, rows):
    formulas = [line for line in steepest.export(model, to="excel").splitlines() if line.startswith("=")]
    assert len(formulas) == len(model.targets)
    kinds: dict = {bool: formualizer.LiteralValue.boolean, str: formualizer.LiteralValue.text}
    results = []
    for row in rows:
        book = formualizer.Workbook()
        book.add_sheet("S")
        for j, value in enumerate(row.values()):
            if value is not None:
                book.set_value("S", 2, j + 1, kinds.get(type(value), formualizer.LiteralValue.number)(value))
        found = []
        for j, formula in enumerate(formulas):
            book.set_formula("S", 2, len(row) + 2 + j, formula)
            found.append(book.evaluate_cell("S", 2, len(row) + 2 + j))
        results.append(WRONG if any(isinstance(value, dict) for value in found) else found)
    return results


def session_of(model):
    return onnxruntime.InferenceSession(steepest.export(model, to="onnx"), providers=["CPUExecutionProvider"])


def by_onnx(model, rows):
    session = session_of(model)
    coding = model.coding or Coding.plain(model.features)
    if coding.is_plain:
        given = {"X": np.array([list(row.values()) for row in rows], dtype=np.float64)}
    else:
        given = {}
        for column in coding.columns:
            values = [row[column.name] for row in rows]
            if column.levels is None:
                values = [np.nan if value is None else value for value in values]
                given[column.name] = np.array(values, dtype=np.float64).reshape(-1, 1)
            else:
                texts = ["" if value is None else str(value) for value in values]
                given[column.name] = np.array(texts, dtype=object).reshape(-1, 1)
    (result,) = session.run(None, given)
    assert result.dtype == np.float64
    assert result.shape == (len(rows), len(model.targets))
    return [WRONG if np.isnan(row).any() else row.tolist() for row in result]


RUN = {"python": by_python, "duckdb": by_duckdb, "sqlite": by_sqlite, "excel": by_excel, "onnx": by_onnx}


# --- the same numbers ------------------------------------------------------------------------------------------------


def check(model, rows, language, meant=None):
    """Check that a language gives the exact predictions up to rounding: of the rows, or of what they mean."""
    compare(model, meant or rows, RUN[language](model, rows), language)


def compare(model, rows, found, language):
    """Check results against the exact predictions of rows."""
    assert len(found) == len(rows)
    for row, result in zip(rows, found, strict=True):
        assert result is not WRONG, row
        for one, exact, size in zip(result, *truth(model, row), strict=True):
            assert abs(Fraction(one) - exact) <= Fraction(TOLERANCE[language]) * size, (language, row)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_gives_the_exact_numbers(language, name):
    model = MODELS[name]
    rows = rows_of(model)
    if name == "harmful names" and language in ("duckdb", "sqlite", "onnx"):
        with pytest.raises(UsageError, match="a column without a name cannot be said in"):
            steepest.export(model, to="onnx" if language == "onnx" else "sql")
        model = model_of(Coding(tuple(column for column in ODD.columns if column.name)))
        rows = rows_of(model)
    check(model, rows, language)


def test_the_models_own_predictions_are_the_same_truth():
    for name, model in MODELS.items():
        rows = rows_of(model)
        coding = model.coding or Coding.plain(model.features)
        raw = np.empty((len(rows), len(coding.columns)))
        for j, column in enumerate(coding.columns):
            for i, row in enumerate(rows):
                value = row[column.name]
                text = str(value).lower() if isinstance(value, bool) else value
                raw[i, j] = np.nan if value is None else value if column.levels is None else column.levels.index(text)
        predicted = (coding.expand(raw) @ model.weights + model.bias).tolist()
        for row, result in zip(rows, predicted, strict=True):
            for one, exact, size in zip(result, *truth(model, row), strict=True):
                assert abs(Fraction(one) - exact) <= Fraction(1e-14) * size, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fitted_model_predicts_its_own_table(language):
    table = pandas.read_csv(PENGUINS)
    run = steepest.descend(PENGUINS, target="body_mass_g", standardize=True)
    inputs = table[list(run.features)].astype(float)
    found = RUN[language](Model.of(run), inputs.to_dict("records"))
    expected = Model.of(run).predict(inputs.to_numpy())
    # the terms are forty times the predictions here: the year's -217,000 and the bias of 210,000
    np.testing.assert_allclose(np.array(found)[:, 0], expected, rtol=40 * TOLERANCE[language] + 1e-14)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "ash"),
        ("kind", "FIR"),
        ("kind", None),
        ("kind", ""),
        ("site", "B"),
        ("z", None),
        *(("flag", value) for value in NO_BOOLEANS),
        ("flag", None),
    ],
)
def test_no_number_is_made_up(language, column, value):
    model = model_of(RICH)
    good = {"x": 1.0, "kind": "oak", "z": 2.0, "flag": True, "site": "a", "only": "one"}
    wrong = {**good, column: value}
    good_result, wrong_result = RUN[language](model, [good, wrong])
    assert good_result is not WRONG
    assert wrong_result is WRONG


@pytest.mark.slow
@settings(max_examples=40)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        min_size=3,
        max_size=3,
        unique_by=str.casefold,
    ),
    levels=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        min_size=2,
        max_size=4,
        unique=True,
    ),
)
@example(names=["\\", "'", '"'], levels=["'--", '";', "\\'", "\r\n"])
def test_any_name_and_category_is_only_a_name(names, levels):
    number, text, target = names
    try:
        coding = Coding((Column(number), Column(text, tuple(sorted(levels)))), degree=2)
    except DataError:
        return  # two features would have the same name
    model = model_of(coding, (target,))
    rows = [{number: 1.5, text: level} for level in levels]
    for language in LANGUAGES:
        check(model, rows, language)


# --- booleans, however they are written ------------------------------------------------------------------------------

FLAGS = model_of(
    Coding(
        (Column("x"), Column("flag", ("false", "true"), True), Column("kind", ("fir", "oak")), Column("z")),
        interactions=(("flag", "x"), ("z", "flag"), ("flag", "kind"), ("kind", "flag")),
    )
)


def with_flags(flags):
    """Rows of FLAGS that differ in the flag alone."""
    return [{"x": 1.5, "flag": flag, "kind": "oak", "z": -2.0} for flag in flags]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_boolean_may_be_written_as_databases_take_it(language):
    given = [*FALSE, *TRUE, False, True, None]
    meant = [False] * len(FALSE) + [True] * len(TRUE) + [False, True, None]
    if language != "onnx":  # where it is a text
        given += [0, 1, 0.0, 1.0]
        meant += [False, True, False, True]
    check(FLAGS, with_flags(given), language, with_flags(meant))


def test_python_takes_the_booleans_of_arrays_and_frames_and_says_what_is_none():
    values = [np.True_, np.int8(1), np.float32(1), Decimal("1.00"), np.str_("Yes"), pandas.NA, math.nan]
    check(FLAGS, with_flags(values), "python", with_flags([True] * 5 + [None] * 2))
    module = {}
    exec(steepest.export(FLAGS, to="python"), module)
    for value in (2, 0.5, -1, "1.0", b"true", [1], "nan"):
        with pytest.raises(
            ValueError, match=r"column 'flag' holds .*, which is no boolean\. It takes .*'yes', 'y', '1'"
        ):
            module["predict"](*with_flags([value]))


@pytest.mark.parametrize("kind", ["BOOLEAN", "VARCHAR", "INTEGER", "UTINYINT", "DOUBLE", "DECIMAL(9, 1)"])
def test_sql_takes_for_a_boolean_what_duckdb_casts_to_one(kind):
    texts = [*FALSE, *TRUE, *NO_BOOLEANS] if kind in ("BOOLEAN", "VARCHAR") else ["0", "1"]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE texts (x DOUBLE, flag VARCHAR, kind VARCHAR, z DOUBLE)")
        rows = [list(row.values()) for row in with_flags(texts)]
        connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", rows)
        connection.execute(f"CREATE TABLE data AS SELECT * REPLACE (TRY_CAST(flag AS {kind}) AS flag) FROM texts")
        sql = steepest.export(FLAGS, to="sql")
        found = connection.execute(
            f"SELECT TRY_CAST(flag AS BOOLEAN), prediction FROM ({sql}) WHERE flag IS NOT NULL"
        ).fetchall()
    assert {meant for meant, _ in found} == ({False, True, None} if kind == "VARCHAR" else {False, True})
    assert all(prediction is None for meant, prediction in found if meant is None)
    known = [(meant, [prediction]) for meant, prediction in found if meant is not None]
    assert len(known) == len([text for text in texts if text not in NO_BOOLEANS])
    compare(FLAGS, with_flags([meant for meant, _ in known]), [result for _, result in known], "duckdb")


@pytest.mark.parametrize(
    "flags",
    [
        pandas.Series([True, False, True]),
        pandas.Series([True, False, None], dtype=object),
        pandas.Series([True, False, None], dtype="boolean"),
        pandas.Series([1.0, 0.0, math.nan]),
        pandas.Series(["True", "No", None]),
    ],
    ids=["bool", "object", "boolean", "float", "text"],
)
def test_sql_takes_the_booleans_that_pandas_writes_into_sqlite(flags):
    meant = with_flags([True, False, None if pandas.isna(flags[2]) else True])
    connection = sqlite3.connect(":memory:")
    pandas.DataFrame(meant).assign(flag=flags).to_sql("data", connection, index=False)
    found = [list(row[-1:]) for row in connection.execute(steepest.export(FLAGS, to="sql"))]
    connection.close()
    compare(FLAGS, meant, found, "sqlite")


def test_excel_takes_no_other_number_for_a_boolean():
    wrong = with_flags([2, -1, 0.5, 10, 1e300])
    assert by_excel(FLAGS, wrong) == [WRONG] * len(wrong)


# --- Python ----------------------------------------------------------------------------------------------------------


@pytest.mark.process
def test_the_python_module_imports_nothing_and_says_what_it_is(tmp_path):
    run = steepest.descend(PENGUINS, target="body_mass_g", standardize=True)
    data = {"kind": "file", "name": 'a"""b\n.csv'}
    text = steepest.export(Model.of(run, data), to="python")
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [name.name for node in imports for name in node.names] == ["math"]
    said = ast.get_docstring(tree)
    for part in (
        "body_mass_g",
        "bill_length_mm",
        "half_mse",
        str(run.verdict),
        'name a"""b\\n.csv',
        "unit of the feature",
    ):
        assert part in said, part
    (tmp_path / "penguin.py").write_text(text, encoding="utf-8")
    row = {"bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181, "year": 2007, "more": object()}
    code = "import sys; sys.path.append('.'); import penguin; print(penguin.predict({!r}))"
    row.pop("more")
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code.format(row)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = Model.of(run).predict([[39.1, 18.7, 181, 2007]])[0]
    assert float(result.stdout) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": math.inf}, "column 'x' holds inf. A finite number is needed"),
        ({"z": "2"}, "column 'z' holds the text '2'. A number is needed"),
        ({"z": [2]}, r"column 'z' holds \[2\]. A number is needed"),
        ({"z": 10**400}, "A number is needed"),
        ({"z": math.nan}, "column 'z' is missing, and the model was fitted to rows that all have it"),
        ({"z": pandas.NA}, "column 'z' is missing"),
        (
            {"kind": "ash"},
            r"column 'kind' holds 'ash', which the model does not know. It knows \['fir', 'oak', 'yew'\]",
        ),
        ({"kind": math.nan}, "column 'kind' is missing"),
        ({"z": 1e200}, "larger than any number"),
        ({"z": ...}, "the row has no column 'z'. It needs 'x', 'kind'"),
    ],
)
def test_python_says_what_is_wrong_with_a_row(change, sentence):
    module = {}
    exec(steepest.export(model_of(RICH), to="python"), module)
    row = {"x": 1.0, "kind": "oak", "z": 2.0, "flag": True, "site": "a", "only": "one", **change}
    row = {name: value for name, value in row.items() if value is not ...}
    with pytest.raises(ValueError, match=sentence):
        module["predict"](row)


def test_python_takes_what_tables_hold():
    module = {}
    exec(steepest.export(model_of(RICH), to="python"), module)
    plain = {"x": None, "kind": "oak", "z": 2.0, "flag": True, "site": None, "only": "one"}
    expected = module["predict"](plain)
    for x, z, flag, site in ((math.nan, 2, np.True_, pandas.NA), (pandas.NA, np.float32(2), "true", math.nan)):
        assert module["predict"]({**plain, "x": x, "z": z, "flag": flag, "site": site}) == expected
    frame = pandas.DataFrame([plain])
    assert module["predict"](frame.iloc[0]) == expected


# --- SQL -------------------------------------------------------------------------------------------------------------


def test_sql_refuses_a_table_without_the_column():
    # SQLite takes an unknown name in double quotes for a text, which counts as 0; with the table's alias it does not
    sql = steepest.export(model_of(PLAIN), to="sql")
    connection = sqlite3.connect(":memory:")
    connection.execute('CREATE TABLE data ("dose", "age")')
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        connection.execute(sql)
    connection.close()


def test_sql_is_a_select_that_keeps_all_columns_and_says_itself():
    model = Model.of(steepest.descend(PENGUINS, target="body_mass_g", standardize=True))
    sql = steepest.export(model, to="sql", table='zoo.pen"guins')
    assert sql.endswith('FROM "zoo"."pen""guins" AS t\n')
    assert all(line.startswith("-- ") for line in sql.splitlines()[: sql.splitlines().index("SELECT t.*,")])
    assert model.training["verdict"]["sentence"] in sql
    assert "NULL where a value is missing" in sql
    with duckdb.connect() as connection:
        connection.execute(f'CREATE SCHEMA zoo; CREATE TABLE zoo."pen""guins" AS FROM \'{PENGUINS}\'')
        found = connection.execute(sql)
        assert [column[0] for column in found.description][-2:] == ["body_mass_g", "prediction"]
        # as a subquery and as a view
        assert connection.execute(f"SELECT count(prediction) FROM ({sql})").fetchone() == (342,)
        connection.execute(f"CREATE VIEW scored AS {sql}")


def test_sql_counts_nan_as_missing_where_that_has_a_weight():
    model = model_of(RICH)
    row = {"x": None, "kind": "oak", "z": 2.0, "flag": True, "site": "a", "only": "one"}
    expected, nan, zero, infinite = by_duckdb(
        model, [row, {**row, "x": math.nan}, {**row, "x": 0.0}, {**row, "x": math.inf}]
    )
    assert nan == expected
    assert zero != expected
    assert not math.isfinite(infinite[0])
    (without,) = by_duckdb(model, [{**row, "z": math.nan}])
    assert math.isnan(without[0])


@pytest.mark.slow
@pytest.mark.parametrize("language", ["duckdb", "sqlite"])
def test_sql_adds_more_columns_than_a_sum_may_be_deep(language):
    coding = Coding.plain([f"x{j}" for j in range(1_900)])  # SQLite's tables have 2,000 at most
    model = model_of(coding)
    rows = [{name: float(j % 7) for j, name in enumerate(coding.names)}]
    (found,) = RUN[language](model, rows)
    (exact,), (size,) = truth(model, rows[0])
    assert abs(Fraction(found[0]) - exact) <= Fraction(1e-14) * size


SERVED = {
    "plain": model_of(PLAIN),
    "rich": model_of(RICH),
    "two targets": model_of(RICH, ("y", "a 'b'")),
    "flags": FLAGS,
}


def statements(model, rows, names):
    """SQL that makes the table scores of rows; `names`: the types of numbers, booleans and texts."""
    coding = model.coding or Coding.plain(model.features)
    kinds = [
        names[0] if c.levels is None else names[1] if c.levels == ("false", "true") else names[2]
        for c in coding.columns
    ]
    quoted = ['"' + column.name.replace('"', '""') + '"' for column in coding.columns]

    def literal(value):
        if value is None or isinstance(value, bool):
            return {None: "NULL", False: "FALSE", True: "TRUE"}[value]
        return repr(float(value)) if isinstance(value, (int, float)) else "'" + value.replace("'", "''") + "'"

    table = ", ".join(f"{name} {kind}" for name, kind in zip(quoted, kinds, strict=True))
    values = ", ".join(f"({', '.join(map(literal, row.values()))})" for row in rows)
    return ["DROP TABLE IF EXISTS scores", f"CREATE TABLE scores ({table})", f"INSERT INTO scores VALUES {values}"]


@pytest.mark.process
@pytest.mark.parametrize("name", SERVED)
def test_sql_gives_the_exact_numbers_in_mariadb(name, mariadb):
    model = SERVED[name]
    rows = [row for row in rows_of(model) if not any(value == "" for value in row.values())]
    sql = steepest.export(model, to="sql", table="scores")
    first = (
        next(line for line in sql.splitlines() if line.startswith("-- MariaDB"))
        .partition("first ")[2]
        .partition(", so")[0]
    )
    make = "; ".join(statements(model, rows, ("DOUBLE", "BOOLEAN", "VARCHAR(99)")))
    found = mariadb(f"{first}; {make}; {sql};")
    t = len(model.targets)
    compare(model, rows, [[float(value) for value in row[-t:]] for row in found], "duckdb")
    if "kind" in rows[0]:  # what is no category gives no number, also where it differs in case or in spaces only
        odd = [{**rows[0], "kind": kind} for kind in ("OAK", "oak ", "oak" + " " * 2_000, "elm")]
        make = "; ".join(statements(model, odd, ("DOUBLE", "BOOLEAN", "TEXT")))
        assert [row[-1] for row in mariadb(f"{first}; {make}; {sql};")] == ["NULL"] * 4


@pytest.mark.process
@pytest.mark.parametrize("name", SERVED)
def test_sql_gives_the_exact_numbers_in_postgresql(name, postgresql):
    import adbc_driver_postgresql.dbapi

    model = SERVED[name]
    rows = [row for row in rows_of(model) if 1e-300 not in row.values()]  # PostgreSQL refuses its square
    t = len(model.targets)
    for kinds in (("double precision", "boolean", "text"), ("numeric", "varchar(9)", "varchar(99)")):
        execute(postgresql, *statements(model, rows, kinds))
        with adbc_driver_postgresql.dbapi.connect(postgresql) as connection, connection.cursor() as cursor:
            cursor.execute(steepest.export(model, to="sql", table="scores"))
            found = [[float(value) for value in row[-t:]] for row in cursor.fetchall()]
        compare(model, rows, found, "duckdb")


def test_sql_refuses_names_it_cannot_say():
    with pytest.raises(UsageError, match="'a' and 'A' differ in case only"):
        steepest.export(model_of(Coding.plain(("a", "A"))), to="sql")
    for language in ("sql", "excel", "onnx"):
        with pytest.raises(UsageError, match=r"holds the character '\\x00'.*or export to python"):
            steepest.export(model_of(Coding.plain(("a\0", "b"))), to=language)
    for table in ("", "a..b", ".a", "a\0"):
        with pytest.raises(UsageError, match="table is a name"):
            steepest.export(model_of(PLAIN), to="sql", table=table)


# --- Excel -----------------------------------------------------------------------------------------------------------


def test_excel_says_which_column_goes_where():
    text = steepest.export(model_of(ODD), to="excel")
    lines = text.splitlines()
    first = lines.index("Row 1 holds the names, row 2 the first row of values:") + 1
    count = len(ODD.columns)
    assert [line.split(":")[0] for line in lines[first : first + count]] == [letters(j) for j in range(count)]
    assert sum(line.startswith(("=", "+", "-", "@")) for line in lines) == 1
    assert "15 digits" in text
    assert "A: line\\nbreak\\r\\x1b[31m" in steepest.export(model_of(Coding.plain((HARMFUL[6],))), to="excel")


def test_excel_has_limits_and_says_what_else_to_use():
    wide = model_of(Coding.plain([f"x{j}" for j in range(400)]))
    with pytest.raises(UsageError, match=r"has [\d,]+ characters; Excel takes 8,192.*export to python, sql or onnx"):
        steepest.export(wide, to="excel")
    narrow = model_of(Coding.plain([f"x{j}" for j in range(300)]))
    formula = steepest.export(narrow, to="excel").splitlines()[-1]
    assert 6_000 < len(formula) <= LONGEST_FORMULA
    check(narrow, rows_of(narrow, 1), "excel")
    many = Coding((Column("c", tuple(sorted(str(j) for j in range(61)))),))
    with pytest.raises(UsageError, match="'c' has 61 categories; Excel nests IF 60 deep"):
        steepest.export(model_of(many), to="excel")
    fewer = Coding((Column("c", tuple(sorted(f"c{j}" for j in range(60)))),))
    check(model_of(fewer), [{"c": level} for level in fewer.columns[0].levels[::7]], "excel")
    with pytest.raises(UsageError, match="Excel's largest number"):
        steepest.export(Model(("x",), ("y",), np.array([[1.5e308]]), np.array([0.0])), to="excel")
    assert "1+0*A2" in steepest.export(Model(("x",), ("y",), np.array([[5e-324]]), np.array([1.0])), to="excel")


def test_excel_takes_no_text_or_boolean_for_a_number():
    model = model_of(RICH)
    good = {"x": 1.0, "kind": "oak", "z": 2.0, "flag": True, "site": "a", "only": "one"}
    for wrong in ({"z": "2"}, {"z": True}, {"x": "1"}, {"x": True}, {"x": ""}):
        assert by_excel(model, [{**good, **wrong}]) == [WRONG], wrong
    long = Coding((Column("c", ("é" * 600, "🐧" * 300 + '"\n"')),))
    check(model_of(long), [{"c": level} for level in long.columns[0].levels], "excel")


# --- ONNX ------------------------------------------------------------------------------------------------------------


def test_onnx_is_a_sound_graph_in_double_precision():
    model = model_of(Coding((Column("y"), Column("value0", ("a", "b")))), ("a", "b"))
    graph = onnx.load_from_string(steepest.export(model, to="onnx"))
    onnx.checker.check_model(graph, full_check=True)
    assert {(o.domain, o.version) for o in graph.opset_import} == {("", 9), ("ai.onnx.ml", 2)}
    assert graph.ir_version == 4
    assert onnx.TensorProto.FLOAT not in {tensor.data_type for tensor in graph.graph.initializer}
    assert [value.name for value in graph.graph.input] == ["y", "value0"]
    assert [value.name for value in graph.graph.output] == ["y_"]  # y is a column here
    assert "Predicts a, b from y, value0" in graph.doc_string
    assert steepest.export(model, to="onnx") == steepest.export(model, to="onnx")
    check(model, rows_of(model), "onnx")


def test_onnx_takes_no_rows_and_many():
    model = model_of(PLAIN)
    for count in (0, 1, 1000):
        X = np.random.default_rng(count).normal(size=(count, 3))
        (found,) = session_of(model).run(None, {"X": X})
        # sums of three products of sizes up to 10
        np.testing.assert_allclose(found[:, 0], model.predict(X), rtol=1e-12, atol=1e-14)
    coded = model_of(RICH)
    assert by_onnx(coded, []) == []


def test_onnx_gives_nan_for_a_missing_number():
    assert by_onnx(model_of(PLAIN), [{"dose": math.nan, "age": 1.0, "y": 1.0}]) == [WRONG]


def test_onnx_tells_what_it_cannot_say(monkeypatch):
    both = Coding((Column("c", ("", "a"), True),))
    with pytest.raises(UsageError, match="empty text as a category and may be missing"):
        steepest.export(model_of(both), to="onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"pip install 'steepest\[onnx\]'"):
        steepest.export(model_of(PLAIN), to="onnx")


# --- the front door and the command ----------------------------------------------------------------------------------


def test_export_takes_a_model_a_file_or_a_folder(tmp_path):
    model = model_of(RICH)
    model.save(tmp_path / "model.json")
    for place in (tmp_path, tmp_path / "model.json", str(tmp_path / "model.json")):
        assert steepest.export(place, to="python") == steepest.export(model, to="python")
    with pytest.raises(UsageError, match="got 'perl'"):
        steepest.export(model, to="perl")
    with pytest.raises(UsageError, match="no meaning for python"):
        steepest.export(model, to="python", table="x")
    with pytest.raises(ModelFileError, match="not found"):
        steepest.export(tmp_path / "nothing", to="sql")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (Model(("x",), ("y",), np.array([[np.nan]]), np.array([0.0])), "NaN or inf and is not exported"),
        (Model(("x", "x"), ("y",), np.ones((2, 1)), np.array([0.0])), "the same name"),
        (Model(("x",), ("y",), np.ones((2, 1)), np.array([0.0])), r"weights of shape \(1, 1\)"),
        (Model((), ("y",), np.ones((0, 1)), np.array([0.0])), "needs one of each"),
        (Model(("x",), ("y",), np.ones((1, 1)), np.array([0.0]), {}, PLAIN), "coding does not give its features"),
    ],
)
@pytest.mark.parametrize("language", ["python", "sql", "excel", "onnx"])
def test_a_model_that_does_not_fit_together_is_refused(language, model, sentence):
    with pytest.raises(DataError, match=sentence):
        steepest.export(model, to=language)


def test_what_is_said_of_a_model_is_never_believed():
    training = {"objective": ["half"], "rule": 3, "verdict": "good", "data": {"kind": "x\ny" * 1000}, "epochs": "\x1b"}
    model = Model(("x",), ("y",), np.array([[1.0]]), np.array([0.0]), training)
    for language in ("python", "sql", "excel"):
        text = steepest.export(model, to=language)
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) < 500


def command(*arguments, **options):
    return steepest_command("export", *arguments, text=False, **options)


def test_the_command_prints_or_writes_whole(tmp_path):
    coding = Coding((Column("größe"), Column("kind", ("fir", "π"))))
    model = model_of(coding)
    model.save(tmp_path / "model.json")
    for language in ("python", "sql", "excel"):
        result = command(".", "--to", language, cwd=tmp_path, env={"LANG": "C", "PYTHONIOENCODING": "latin-1"})
        assert result.returncode == 0, result.stderr
        assert result.stdout.decode("utf-8") == steepest.export(model, to=language)
        assert result.stderr == b""
    result = command("model.json", "--to", "sql", "--table", "trees", "-o", "m.sql", cwd=tmp_path)
    assert (result.returncode, (tmp_path / "m.sql").read_text()) == (0, steepest.export(model, to="sql", table="trees"))
    assert f"Written: m.sql, {(tmp_path / 'm.sql').stat().st_size:,} bytes." in result.stdout.decode()
    result = command("model.json", "--to", "onnx", "--out", "m.onnx", cwd=tmp_path)
    assert (result.returncode, (tmp_path / "m.onnx").read_bytes()) == (0, steepest.export(model, to="onnx"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.onnx", "m.sql", "model.json"]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("--to", "onnx"), 2, "Name a file: -o model.onnx"),
        (("--to", "sql", "-o", "there.sql"), 2, "exists already"),
        (("--to", "sql", "--force"), 2, "there is none"),
        (("--to", "sql", "-o", "no/folder.sql"), 2, "cannot write into no"),
        (("--to", "perl"), 2, "perl"),
        (("--to", "python", "--table", "x"), 2, "no meaning for python"),
        ((), 2, "--to"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path, arguments, status, sentence):
    model_of(PLAIN).save(tmp_path / "model.json")
    (tmp_path / "there.sql").write_text("mine")
    result = command("model.json", *arguments, cwd=tmp_path)
    assert result.returncode == status
    assert sentence in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert (tmp_path / "there.sql").read_text() == "mine"


def test_the_command_refuses_what_is_no_model_and_replaces_on_demand(tmp_path):
    model_of(PLAIN).save(tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    content["weights"][0][0] = 7.0
    (tmp_path / "changed.json").write_text(json.dumps(content))
    (tmp_path / "there.sql").write_text("mine")
    result = command("changed.json", "--to", "sql", "-o", "there.sql", "--force", cwd=tmp_path)
    assert result.returncode == 3
    assert b"does not match its checksum" in result.stderr
    assert (tmp_path / "there.sql").read_text() == "mine"
    assert command("model.json", "--to", "sql", "-o", "there.sql", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "there.sql").read_text() == steepest.export(model_of(PLAIN), to="sql")


def test_a_terminal_gets_no_control_characters(tmp_path, monkeypatch, capsys):
    from steepest.cli import _run

    model_of(Coding.plain(("a\x1b[2J",))).save(tmp_path / "model.json")
    assert _run(["export", str(tmp_path), "--to", "sql"]) == 0
    assert "\x1b[2J" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert _run(["export", str(tmp_path), "--to", "sql"]) == 2
    shown = capsys.readouterr()
    assert "may steer a terminal" in shown.err
    assert "\x1b" not in shown.err + shown.out
