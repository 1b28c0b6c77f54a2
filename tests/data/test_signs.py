"""Signs: percent and currency signs are read where asked for, to the bits of the number that is written."""

import random
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest
from steepest.errors import DataError, UsageError


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
