"""Signs: percent and currency signs are read where asked for, to the bits of the number that is written."""

import json
import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest.errors import DataError, UsageError
from tests.support.commands import steepest_command


def write(path, texts, header="x;y"):
    path.write_text(header + "\n" + "".join(f"{text};{i}\n" for i, text in enumerate(texts)), encoding="utf-8")
    return path


def column(data, **options):
    source = steepest.open_source(data, target="y", delimiter=";", **options)
    return np.concatenate([batch.X[:, 0] for batch in source.batches()])


numbers = st.tuples(st.booleans(), st.integers(0, 10**15), st.integers(0, 6))


def plain(number):
    """What Python reads: digits with a point."""
    negative, digits, places = number
    return ("-" if negative else "") + str(Decimal(digits).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def for_people(text, thousands, decimal):
    whole, point, rest = text.partition(".")
    sign = "-" * whole.startswith("-")
    grouped = f"{int(whole.lstrip('-')):,}".replace(",", thousands or "")
    return sign + grouped + (decimal if point else "") + rest


MARKS = [(None, "."), (",", "."), (".", ","), (" ", ","), ("'", "."), (None, ",")]


@pytest.mark.parametrize(("thousands", "decimal"), MARKS)
@settings(max_examples=15, deadline=None)
@given(table=st.lists(numbers, min_size=1, max_size=30), seed=st.integers(0, 99))
def test_every_percent_is_the_float_of_its_hundredth(tmp_path_factory, thousands, decimal, table, seed):
    chance = random.Random(seed)
    written = [plain(number) for number in table]
    texts = [for_people(text, thousands, decimal) + chance.choice(["%", " %", "\u00a0%"]) for text in written]
    file = write(tmp_path_factory.mktemp("t") / "t.csv", texts)
    expected = [float(Decimal(text).scaleb(-2)) for text in written]
    read = column(file, thousands=thousands, decimal=decimal, percent=True)
    assert read.tobytes() == np.array(expected).tobytes()


@pytest.mark.parametrize(("thousands", "decimal"), MARKS)
@settings(max_examples=15, deadline=None)
@given(table=st.lists(numbers, min_size=1, max_size=30), seed=st.integers(0, 99))
def test_every_amount_is_the_float_of_its_digits(tmp_path_factory, thousands, decimal, table, seed):
    chance, sign = random.Random(seed), random.Random(seed).choice(["$", "€", "£", "CHF"])
    written = [plain(number) for number in table]
    texts = []
    for text in (for_people(text, thousands, decimal) for text in written):
        minus, digits = "-" * text.startswith("-"), text.lstrip("-")
        forms = [f"{minus}{sign}{digits}", f"{sign}{minus}{digits}", f"{sign} {text}", f"{text} {sign}", text]
        texts.append(chance.choice(forms[: 4 if not texts else 5]))
    file = write(tmp_path_factory.mktemp("t") / "t.csv", texts)
    read = column(file, thousands=thousands, decimal=decimal, currency=True)
    assert read.tobytes() == np.array([float(text) for text in written]).tobytes()


def test_signs_are_read_in_targets_weights_frames_and_json(tmp_path):
    import pandas

    frame = pandas.DataFrame({"x": ["5%", "7.5%", None, "-1%"], "y": ["$1", "$2", "$3", "$4"]})
    options = {"target": "y", "percent": True, "currency": True, "missing": "drop"}
    file = tmp_path / "t.jsonl"
    frame.to_json(file, orient="records", lines=True)
    for data in (frame, file, frame.assign(w=["1 €"] * 4)):
        weighted = {"weight": "w"} if isinstance(data, pandas.DataFrame) and "w" in data else {}
        (batch,) = steepest.open_source(data, **options, **weighted).batches()
        assert (batch.X[:, 0].tolist(), batch.y[:, 0].tolist()) == ([0.05, 0.075, -0.01], [1, 2, 4])
    assert "x: percent signs are read, 5% is 0.05" in steepest.open_source(frame, **options).notes


def test_a_percent_sign_in_some_rows_only_is_refused(tmp_path):
    file = write(tmp_path / "t.csv", ["5%", "6%", "7"])
    with pytest.raises(
        DataError, match=r"has 2 values with a percent sign and 1 without, such as '7', which may be '7%' or not"
    ):
        column(file, percent=True)


def test_a_currency_sign_in_some_rows_only_means_the_same(tmp_path):
    assert column(write(tmp_path / "t.csv", ["$5", "6", "7.5"]), currency=True).tolist() == [5, 6, 7.5]


def test_two_currencies_in_one_column_are_refused(tmp_path):
    file = write(tmp_path / "t.csv", ["$5", "6 €", "7"])
    with pytest.raises(DataError, match=r"amounts in different currencies, '\$' and '€'"):
        column(file, currency=True)


@pytest.mark.parametrize("odd", ["5%%", "%5", "five%", "1,2%", "5e1%", "1.2.3%"])
def test_other_texts_stay_refused(tmp_path, odd):
    with pytest.raises(DataError, match="looks like numbers"):
        column(write(tmp_path / "t.csv", ["5%", "6%", "8%", odd]), percent=True)


@pytest.mark.parametrize("odd", ["$12,34", "$1,2345", "$$5", "$5€", "($5)"])
def test_groups_of_other_lengths_and_two_signs_stay_refused(tmp_path, odd):
    with pytest.raises(DataError, match=r"looks like numbers|different currencies"):
        column(write(tmp_path / "t.csv", ["$1,234", "$5", odd]), currency=True, thousands=",")


def test_large_amounts_that_are_rounded_are_told(tmp_path):
    with pytest.warns(steepest.DataWarning, match="'x' 1"):
        column(write(tmp_path / "t.csv", ["$9007199254740993", "$5"]), currency=True)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["5%", "6%"], "(percent=True),"),
        (["1,234.5%", "6%"], "(percent=True) and read ',' between thousands (thousands=\",\"),"),
        (["5 €", "6,25 €"], "(currency=True) and read ',' as the decimal mark (decimal=\",\"),"),
    ],
)
def test_the_refusal_names_the_options_that_help(tmp_path, texts, said):
    with pytest.raises(DataError) as caught:
        column(write(tmp_path / "t.csv", texts))
    assert said in str(caught.value)


def test_without_the_option_nothing_is_read_and_arrays_have_no_signs(tmp_path):
    with pytest.raises(UsageError, match="percent"):
        steepest.open_source(np.ones((3, 1)), np.ones(3), percent=True)
    with pytest.raises(UsageError, match="currency"):
        steepest.open_source("t.csv", target="y", currency="$")


@pytest.fixture
def percents(tmp_path):
    """A model learned from percent signs in an input and in the target."""
    rows = "".join(f"{i % 7 + i / 10}%,{i % 5},{i % 3 + i}%\n" for i in range(30))
    (tmp_path / "t.csv").write_text("rate,x,y\n" + rows)
    source = steepest.open_source(tmp_path / "t.csv", target="y", percent=True)
    return source, steepest.Model.of(steepest.descend(source, standardize=True)), tmp_path


def test_a_model_of_percents_refuses_a_column_without_signs(percents, tmp_path):
    source, model, _ = percents
    assert source.coding.percent == ("rate", "y")
    model.save(tmp_path / "model.json")
    kept = steepest.load(tmp_path / "model.json")
    assert kept == model
    (tmp_path / "plain.csv").write_text("rate,x\n5,1\n6,2\n")
    said = r"'rate' of .* has no percent signs, and the model learned it from them.*'5(\.0)?' may be '5(\.0)?%' or not.*percent=True.*rate \|\| '%'"
    for percent in (True, False):
        with pytest.raises(DataError, match=said):
            kept.predict(tmp_path / "plain.csv", percent=percent)
    (tmp_path / "signs.csv").write_text("rate,x\n5.0%,1\n6.0%,2\n")
    expected = kept.predict([[0.05, 1.0], [0.06, 2.0]])
    np.testing.assert_array_equal(kept.predict(tmp_path / "signs.csv", percent=True), expected)
    query = f"SELECT * REPLACE (rate || '%' AS rate) FROM '{tmp_path / 'plain.csv'}'"
    np.testing.assert_allclose(kept.predict(query, percent=True), expected, rtol=1e-15)
    with pytest.raises(DataError, match=r"VARCHAR.*The model needs numbers there.*percent=True"):
        kept.predict(tmp_path / "signs.csv")


def test_triangles_with_and_without_percent_signs_are_not_added(percents, tmp_path):
    source, *_ = percents
    (tmp_path / "plain.csv").write_text("rate,x,y\n0.05,1,0.02\n0.06,2,0.03\n")
    plain = steepest.summarize(steepest.open_source(tmp_path / "plain.csv", target="y"))
    with pytest.raises(DataError, match="coded differently"):
        _ = steepest.summarize(source) + plain
    assert "percent" not in plain.coding.as_json()
    kept = steepest.Triangle.from_bytes(steepest.summarize(source).to_bytes())
    assert kept.coding.percent == ("rate", "y")
    assert kept.select(("x",)).coding.percent == ("rate", "y")


@pytest.mark.parametrize("percent", [[], ["rate", "rate"], "rate", [1], None])
def test_damaged_percents_in_a_model_file_are_refused(percents, percent):
    content = json.loads(percents[1].to_bytes())
    content["coding"]["percent"] = percent
    with pytest.raises(steepest.ModelFileError, match=r"coding\.percent"):
        steepest.Model.from_bytes(json.dumps(content).encode())


def test_predict_compares_with_a_target_that_has_signs(percents):
    source, model, folder = percents
    model.save(folder / "model.json")
    (batch,) = source.batches()
    expected = np.sqrt(np.mean((batch.y[:, 0] - model.predict(batch.X)) ** 2))
    arguments = ("predict", "model.json", "t.csv", "--percent", "-o", "p.csv", "--force", "--json")
    said = json.loads(steepest_command(*arguments, cwd=folder).stdout)
    assert said["compared"] == 30
    np.testing.assert_allclose(said["rmse"], expected, rtol=1e-12)
    text = (folder / "t.csv").read_text()
    (folder / "t.csv").write_text(
        "\n".join(line.rstrip("%") for line in text.splitlines())
    )  # the target alone loses its signs
    assert json.loads(steepest_command(*arguments, cwd=folder).stdout)["rmse"] is None


def test_predict_compares_with_a_target_of_amounts_whatever_it_is_called(tmp_path):
    rows = "".join(f'{i},"${1_000 * i + i % 3:,}"\n' for i in range(1, 30))
    options = ("--currency", "--thousands", ",")
    for name in ("price", "row", "kept", "c0", "truth"):
        (tmp_path / "t.csv").write_text(f"x,{name}\n" + rows)
        told = steepest_command(
            "fit", "t.csv", "--target", name, *options, "-o", "r", "--json", "--force", cwd=tmp_path
        )
        said = steepest_command("predict", "r", "t.csv", *options, "-o", "p.csv", "--force", "--json", cwd=tmp_path)
        np.testing.assert_allclose(json.loads(said.stdout)["rmse"], json.loads(told.stdout)["rmse"], rtol=1e-6)


def test_exports_say_which_columns_are_fractions(percents):
    for language in ("python", "sql", "excel"):
        assert "Percents are fractions, 0.05 for 5%: rate, y." in steepest.export(percents[1], to=language)
