"""Columns at fault are told all at once, and those that are most often no inputs before they are fitted."""

import re

import numpy as np
import pandas
import pytest

import steepest
from steepest.errors import DataError
from tests.support.commands import steepest_command

PEOPLE = "id,name,joined,income,discount,age,bought\n" + "".join(
    f'{i},person {i},2024-01-{i:02d},"{1000 + 37 * i:,}",{i % 7}%,{20 + i * i % 31},{"yes" if i % 3 else "no"}\n'
    for i in range(1, 29)
)


def test_all_columns_at_fault_are_told_at_once_each_with_its_remedy(tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    result = steepest_command("fit", "people.csv", "--target", "bought", cwd=tmp_path)
    assert result.returncode == 3
    head, *faults = result.stderr.rstrip().split("\n• ")
    assert head == "Error: 3 columns of people.csv cannot be used as they are:"
    wanted = {
        "joined": "--exclude joined",
        "income": "--thousands ,",
        "discount": "28 of 28 values are not, the first in data row 1",
    }
    for fault, (name, said) in zip(faults, wanted.items(), strict=True):
        assert fault.startswith(f"column '{name}' ")
        assert said in fault
    result = steepest_command(
        *("fit", "people.csv", "--target", "bought", "--loss", "squared", "--thousands", ","),
        *("--exclude", "joined,discount"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    before, _, _ = result.stdout.partition("\nrule gradient")
    assert "column 'name' has 28 different texts in 28 rows" in before
    assert "'age'" not in before


@pytest.mark.parametrize("columns", [1, 2, 5, 15])
def test_each_fault_of_a_frame_is_told_once(columns):
    rng = np.random.default_rng(columns)
    frame = pandas.DataFrame(
        {f"c{j}": pandas.date_range("2024-01-01", periods=9) + pandas.Timedelta(days=j) for j in range(columns)}
    )
    frame["x"], frame["y"] = rng.standard_normal((2, 9))
    with pytest.raises(DataError) as caught:
        steepest.open_source(frame, target="y")
    text = str(caught.value)
    assert re.findall(r"column '(c\d+)'", text) == [f"c{j}" for j in range(min(columns, 10))]
    assert text.count("Make dates days since") == min(columns, 10)
    assert ("• and 5 more" in text) == (columns == 15)


def test_the_count_and_the_row_are_those_of_the_values_that_are_no_numbers(tmp_path):
    values = [*map(str, range(1, 41)), "7$", "8", "9$"]
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{value},{i}\n" for i, value in enumerate(values)))
    with pytest.raises(
        DataError, match=r"2 of 43 values are not, the first in data row 41; a value that is none is '7\$'"
    ):
        steepest.open_source(tmp_path / "t.csv", target="y")


def notes(**columns):
    frame = pandas.DataFrame(columns)
    frame["y"] = np.random.default_rng(0).standard_normal(len(frame))
    source = steepest.open_source(frame, target="y")
    steepest.summarize(source)
    return " ".join(source.notes)


def test_what_is_no_name_and_no_unit_is_not_told():
    x = np.arange(1.0, 61.0)
    assert "different texts" not in notes(x=x % 7, name=[f"n{i % 30}" for i in range(60)])
    assert "31 different texts in 60 rows" in notes(x=x % 7, name=[f"n{i % 31}" for i in range(60)])


def test_numbers_with_a_unit_are_told():
    masses = ["12 kg", "13.5 kg", "9 kg", "12 kg"]
    assert "column 'm' holds numbers with the unit 'kg', such as '12 kg': they are taken for 3 categories" in notes(
        m=masses
    )
    assert "unit" not in notes(m=["12 kg", "13 lb", "9 kg", "12 kg"])
    assert "unit" not in notes(m=["A 1", "B 2", "C 3", "A 1"])
