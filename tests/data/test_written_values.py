"""Written values: the number that is used is the one that is written, whatever stands in the lines before it."""

import gzip
import json
import warnings
from decimal import Decimal

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import steepest
from steepest.errors import DataError, DataWarning
from steepest.models.model import Model

SNIFFED = 20_480  # lines that the reader of text files looks at to tell a column's type
ROWS = SNIFFED + 60


def values(late):
    """Whole numbers in the lines that are looked at, and `late` after them."""
    return [*(str(i % 10) for i in range(SNIFFED)), *(late for _ in range(SNIFFED, ROWS))]


def csv_of(path, xs, ys=None, with_text=True):
    ys = ys or [str(3 * float(x)) for x in xs]
    text = [f",{'ab'[i % 2]}" if with_text else "" for i in range(len(xs))]
    path.write_text(
        f"x{',k' if with_text else ''},y\n" + "".join(f"{x}{k},{y}\n" for x, k, y in zip(xs, text, ys, strict=True))
    )
    return path


def jsonl_of(path, xs):
    rows = (f'{{"x": {x}, "k": "{"ab"[i % 2]}", "y": {3 * float(x)!r}}}\n' for i, x in enumerate(xs))
    path.write_text("".join(rows))
    return path


def column(data, name="x", **options):
    """All values of an input, as they are used."""
    source = steepest.open_source(data, target="y", features=[name], **options)
    return np.concatenate([batch.X[:, 0] for batch in source.batches()])


@pytest.mark.parametrize("late", ["2.5", "1e-3", ".5", "-0.25", "1e300", "0.1"])
@pytest.mark.parametrize("with_text", [True, False], ids=["with text", "numbers"])
def test_fractions_after_whole_numbers_keep_their_value_in_csv(tmp_path, late, with_text):
    found = column(csv_of(tmp_path / "t.csv", values(late), with_text=with_text))
    assert found[SNIFFED:].tolist() == [float(late)] * (ROWS - SNIFFED)
    assert found[:20].tolist() == [*range(10)] * 2


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode(), 1)], ids=["plain", "gzip"])
def test_fractions_keep_their_value_in_tsv_packed_or_not(tmp_path, pack):
    text = csv_of(tmp_path / "t.csv", values("2.5")).read_text().replace(",", "\t")
    (tmp_path / "t.tsv").write_bytes(pack(text))
    assert column(tmp_path / "t.tsv")[SNIFFED:].tolist() == [2.5] * (ROWS - SNIFFED)


def test_fractions_keep_their_value_in_json_lines_and_with_a_decimal_comma(tmp_path):
    assert column(jsonl_of(tmp_path / "t.jsonl", values("2.5")))[SNIFFED:].tolist() == [2.5] * (ROWS - SNIFFED)
    text = csv_of(tmp_path / "t.csv", values("2.5")).read_text().replace(",", ";").replace(".", ",")
    (tmp_path / "t.csv").write_text(text)
    assert column(tmp_path / "t.csv", decimal=",")[SNIFFED:].tolist() == [2.5] * (ROWS - SNIFFED)


def test_a_key_that_comes_late_in_json_lines_is_a_column(tmp_path):
    rows = [{"x": i % 7, "y": 1} for i in range(SNIFFED)] + [{"x": 1, "y": 1, "late": 2}] * 3
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=rf"{SNIFFED:,} values are missing \(late"):
        list(steepest.open_source(tmp_path / "t.jsonl", target="y").batches())


@pytest.mark.parametrize(("late", "says"), [("0x10", "'0x10', which is no number"), ("abc", "'abc', which is no")])
def test_what_is_no_number_is_refused_with_its_line(tmp_path, late, says):
    for xs, line in ((values(late), SNIFFED + 2), ([late, "1", "2"] if late == "0x10" else [], 2)):
        if xs:
            file = csv_of(tmp_path / "t.csv", xs, ys=["1"] * len(xs))
            with pytest.raises(DataError, match=rf"Line: {line}: column 'x' holds {says}"):
                column(file)


def test_predictions_use_and_write_the_values_that_are_written(tmp_path, capsys):
    from steepest.cli import main

    file = csv_of(tmp_path / "t.csv", values("9.5"))
    model = Model(("x",), ("y",), np.array([[3.0]]), np.array([0.0]))
    model.save(tmp_path / "model.json")
    assert model.predict(str(file))[-1] == 28.5
    for name in ("p.csv", "p.parquet", "p.jsonl"):
        with pytest.raises(SystemExit) as left:
            main(["predict", str(tmp_path / "model.json"), str(file), "-o", str(tmp_path / name)])
        assert left.value.code in (0, None)
        assert "RMSE against y 0, MAE 0 (20,540 rows)" in capsys.readouterr().out
    assert parquet.read_table(tmp_path / "p.parquet")["x"][-1].as_py() == 9.5
    assert (tmp_path / "p.csv").read_text().splitlines()[-1] == "9.5,b,28.5,28.5"
    assert json.loads((tmp_path / "p.jsonl").read_text().splitlines()[-1])["x"] == 9.5


def test_whole_numbers_stay_whole_where_a_table_is_written_again(tmp_path):
    from steepest.cli import main

    file = csv_of(tmp_path / "t.csv", [str(2**60 + i) for i in range(4)], ys=["1", "2", "3", "4"])
    (tmp_path / "t.csv").write_text(file.read_text().replace("x,k,y", "id,k,y"))
    Model(("y",), ("z",), np.array([[3.0]]), np.array([0.0])).save(tmp_path / "model.json")
    with pytest.raises(SystemExit):
        main(["predict", str(tmp_path / "model.json"), str(file), "-o", str(tmp_path / "p.parquet")])
    assert parquet.read_table(tmp_path / "p.parquet")["id"].to_pylist() == [2**60 + i for i in range(4)]


def test_names_that_are_numbers_are_not_rounded_together(tmp_path):
    ids = [str(2**60 + i // 2) for i in range(40)]
    file = csv_of(tmp_path / "t.csv", ids, ys=[str(i % 5) for i in range(40)], with_text=False)
    source = steepest.open_source(file, target="y", categorical=["x"])
    assert len(source.coding.columns[0].levels) == 20
    (tmp_path / "g.csv").write_text("g,x,y\n" + "".join(f"{g},{i},{i}\n" for i, g in enumerate(ids)))
    (batch,) = steepest.open_source(tmp_path / "g.csv", target="y", group="g").batches()
    assert len(np.unique(batch.group)) == 20


# queries


@pytest.mark.parametrize(
    "reader",
    [
        "'{}'",
        "read_csv('{}')",
        "read_csv_auto('{}', header=true)",
        "read_csv(['{}'])",
        "'{}' AS t",
        "(SELECT * FROM '{}')",
    ],
)
def test_fractions_keep_their_value_in_queries(tmp_path, reader):
    file = csv_of(tmp_path / "t.csv", values("2.5"))
    found = column(f"SELECT x, y FROM {reader.format(file)} WHERE y > -1;")
    assert found[SNIFFED:].tolist() == [2.5] * (ROWS - SNIFFED)


def test_queries_over_other_files_have_the_values_that_are_written(tmp_path):
    file = jsonl_of(tmp_path / "t.jsonl", values("2.5"))
    assert column(f"WITH a AS (FROM '{file}') SELECT a.x, a.y FROM a")[SNIFFED:].tolist() == [2.5] * (ROWS - SNIFFED)
    for name, part in zip("ab", WIDER[0], strict=True):
        (tmp_path / "p").mkdir(exist_ok=True)
        parquet.write_table(part, tmp_path / "p" / f"{name}.parquet")
    assert column(f"SELECT * FROM '{tmp_path}/p/*.parquet'").tolist() == [1, 2, 2.5, 0.1]


def test_queries_keep_whole_numbers_whole_names_and_words(tmp_path):
    file = csv_of(tmp_path / "t.csv", ["1", "2", "3"])
    (tmp_path / "t.csv").write_text(file.read_text().replace("b", "NA"))
    query = f"SELECT t.x // 2 AS x, CAST(t.x AS VARCHAR) AS name, y FROM '{file}' WHERE k IN ('a', 'NA')"
    source = steepest.open_source(query, target="y", categorical=["name"])
    assert source.coding.columns[1].levels == ("1", "2", "3")
    (batch,) = source.batches()
    assert batch.X[:, 0].tolist() == [0, 1, 1]


def test_queries_leave_no_row_out_and_take_no_other_base(tmp_path):
    file = write(tmp_path / "t.csv", [f"{'#REF!' if i % 6 == 0 else i},{i},{2 * i}" for i in range(30)], "a,x,y")
    for reader in (f"'{file}'", f"read_csv('{file}', delim=',')"):
        assert len(column(f"SELECT x, y FROM {reader}")) == 30
    write(tmp_path / "h.csv", ["0x10,1", "7,2", "8,3"], "x,y")
    with pytest.raises(DataError, match="'0x10'"):
        steepest.open_source(f"SELECT * FROM '{tmp_path}/h.csv'", target="y")


# parts of a folder


def arrow(values, kind):
    return pyarrow.table({"x": pyarrow.array(values, kind), "y": pyarrow.array([1.0] * len(values))})


WIDER = [
    (arrow([1, 2], pyarrow.int64()), arrow([2.5, 0.1], pyarrow.float64())),
    (arrow([0.1, 0.2], pyarrow.float32()), arrow([0.1, 2.5], pyarrow.float64())),
    (arrow([Decimal("1.5")], pyarrow.decimal128(5, 1)), arrow([Decimal("1.255")], pyarrow.decimal128(9, 3))),
    (arrow([Decimal("1.5")], pyarrow.decimal128(5, 1)), arrow([0.1234], pyarrow.float64())),
    (arrow([7], pyarrow.int8()), arrow([300, 2**40], pyarrow.int64())),
    (arrow([7], pyarrow.int64()), arrow([2**63], pyarrow.uint64())),
    (arrow([7], pyarrow.int16()), arrow([0.5], pyarrow.float32())),
]


@pytest.mark.parametrize("parts", [pair[::order] for pair in WIDER for order in (1, -1)])
def test_parquet_parts_are_read_with_a_type_that_holds_all(tmp_path, parts):
    for name, part in zip("ab", parts, strict=True):
        parquet.write_table(part, tmp_path / f"{name}.parquet")
    expected = [float(value) for part in parts for value in part["x"].to_pylist()]
    source = steepest.open_source(tmp_path, target="y")
    assert np.concatenate([batch.X[:, 0] for batch in source.batches()]).tolist() == expected
    pieces = [batch.X[:, 0] for piece in source.pieces() for batch in piece.batches()]
    assert np.concatenate(pieces).tolist() == expected


UNLIKE = [
    (arrow([True], pyarrow.bool_()), arrow([5], pyarrow.int64())),
    (arrow([2**24 + 1], pyarrow.int32()), arrow([0.5], pyarrow.float32())),
    (arrow([Decimal(1)], pyarrow.decimal128(38, 0)), arrow([Decimal("1.5")], pyarrow.decimal128(38, 20))),
    (arrow(["a"], pyarrow.string()), arrow([5], pyarrow.int64())),
]


@pytest.mark.parametrize("parts", [pair[::order] for pair in UNLIKE for order in (1, -1)])
def test_parquet_parts_that_no_type_holds_are_both_named(tmp_path, parts):
    for name, part in zip("ab", parts, strict=True):
        parquet.write_table(part, tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"column 'x' is \w+.* in .*[ab].parquet and \w+.* in .*[ab].parquet; no type"):
        steepest.open_source(tmp_path, target="y")


def test_parts_of_text_and_json_are_read_with_a_type_that_holds_all(tmp_path):
    for folder, make, ending in (("c", csv_of, "csv"), ("j", jsonl_of, "jsonl")):
        (tmp_path / folder).mkdir()
        make(tmp_path / folder / f"a.{ending}", ["1", "2"])
        make(tmp_path / folder / f"b.{ending}", ["2.5", "0.1"])
        assert column(tmp_path / folder).tolist() == [1, 2, 2.5, 0.1]


# whole numbers that float64 does not hold

LARGE = [2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 10**17, 5]  # two of them are rounded
ROUNDED = r"above 2\^53, and float64 rounds those \(values changed: 'x' 2\)"


def frame_of(values):
    return pyarrow.table({"x": pyarrow.array(values, pyarrow.int64()), "y": [1.0] * len(values)})


def test_whole_numbers_that_float64_rounds_are_counted_whatever_the_file(tmp_path):
    csv_of(tmp_path / "t.csv", [str(value) for value in LARGE])
    (tmp_path / "t.jsonl").write_text("".join(f'{{"x": {value}, "y": 1}}\n' for value in LARGE))
    parquet.write_table(frame_of(LARGE), tmp_path / "t.parquet")
    for data in (tmp_path / "t.csv", tmp_path / "t.jsonl", tmp_path / "t.parquet", frame_of(LARGE)):
        with pytest.warns(DataWarning, match=ROUNDED) as caught:
            assert column(data).tolist() == [float(value) for value in LARGE]
        assert len(caught) == 1


def test_rows_that_can_be_read_once_are_read_and_the_warning_has_no_count():
    with pytest.warns(DataWarning, match="read once only"):
        assert column(frame_of(LARGE).to_reader()).tolist() == [float(value) for value in LARGE]


def test_numbers_that_float64_holds_are_not_warned_of(tmp_path):
    exact = [2**53, 2**53 + 2, 2**60, -(2**62), 10**17]
    csv_of(tmp_path / "t.csv", [*map(str, exact), "1e300", "9007199254740994.0", "1e23"])
    parquet.write_table(frame_of(exact), tmp_path / "t.parquet")
    for data in (tmp_path / "t.csv", tmp_path / "t.parquet"):
        assert column(data).tolist()[:5] == exact


def test_a_source_tells_of_rounding_once_however_often_it_is_read(tmp_path):
    source = steepest.open_source(csv_of(tmp_path / "t.csv", [str(value) for value in LARGE]), target="y")
    with pytest.warns(DataWarning, match=ROUNDED):
        list(source.batches())
    list(source.batches())


def test_decimals_with_more_digits_than_float64_are_counted(tmp_path):
    values = [Decimal("0.123456789012345678"), Decimal("0.5"), Decimal("1.1")]
    table = arrow(values, pyarrow.decimal128(38, 18))
    with pytest.warns(DataWarning, match=r"more digits than float64 has, and .*'x' 1\)"):
        assert column(table).tolist() == [float(value) for value in values]


def test_huge_whole_numbers_are_rounded_to_the_nearest(tmp_path):
    rng = np.random.default_rng(5)
    values = [int(rng.integers(2**62)) * 2**50 + int(rng.integers(2**50)) for _ in range(300)]
    csv_of(tmp_path / "t.csv", map(str, values) and [str(value) for value in values], ys=["1"] * 300)
    with pytest.warns(DataWarning, match="'x' 300"):
        assert column(tmp_path / "t.csv").tolist() == [float(value) for value in values]
    table = arrow([Decimal(value) for value in values], pyarrow.decimal128(38, 0))
    with pytest.warns(DataWarning, match="'x' 300"):
        assert column(table).tolist() == [float(value) for value in values]


# marks between thousands


def write(path, rows, header="x;y"):
    path.write_text(header + "\n" + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("texts", "options", "expected"),
    [
        (["1,234", "12,345,678", "7", "-1,000.5"], {"thousands": ","}, [1234, 12345678, 7, -1000.5]),
        (["1.234", "12.345.678,25", "7", "0,5"], {"thousands": ".", "decimal": ","}, [1234, 12345678.25, 7, 0.5]),
        (["1 234", "7"], {"thousands": " "}, [1234, 7]),
        (["1'234.5", "7"], {"thousands": "'"}, [1234.5, 7]),
    ],
)
def test_marks_between_thousands_are_read(tmp_path, texts, options, expected):
    file = write(tmp_path / "t.csv", [f"{text};1" for text in texts])
    assert column(file, delimiter=";", **options).tolist() == expected
    model = Model(("x",), ("y",), np.array([[1.0]]), np.array([0.0]))
    assert model.predict(file, delimiter=";", **options).tolist() == expected


@pytest.mark.parametrize("wrong", ["12,34", "1,23,456", "1234,567", ",5", "1,2345"])
def test_groups_of_other_lengths_are_refused_with_their_row(tmp_path, wrong):
    file = write(tmp_path / "t.csv", ["1,234;1", "2,345;2", f"{wrong};3", "3,456;1"])
    with pytest.raises(DataError, match=rf"1 of its numbers not in groups of three .*'{wrong}' in data row 3\."):
        column(file, thousands=",", delimiter=";")


@pytest.mark.parametrize(
    ("texts", "said", "unsaid"),
    [
        (["1,234", "2,345"], ["'1,234' may be 1234 or 1.234.", 'thousands=","', 'decimal=","'], []),
        (["1,234,567", "2,345"], ['thousands=","'], ["decimal", "may be"]),
        (["1,234.5", "2,345"], ['thousands=","'], ["decimal", "may be"]),
        (["1,5", "2,25"], ['decimal=","'], ["thousands", "may be"]),
        (["1.234,5", "2,5"], ['thousands="."', 'decimal=","'], ["may be"]),
        (["$1,234", "$2,345"], ["'1,234' may be 1234 or 1.234.", "currency=True) and", 'thousands=","'], ["percent"]),
    ],
)
@pytest.mark.parametrize("role", ["x", "y"])
def test_marks_are_advised_only_where_every_value_can_be_read_with_them(tmp_path, texts, said, unsaid, role):
    header = "x;y" if role == "x" else "y;x"
    file = write(tmp_path / "t.csv", [f"{text};{i}" for i, text in enumerate(texts)], header)
    with pytest.raises(DataError) as caught:
        steepest.open_source(file, target="y", delimiter=";")
    assert all(text in str(caught.value) for text in said), str(caught.value)
    assert not any(text in str(caught.value) for text in unsaid), str(caught.value)


def test_one_mark_is_not_both(tmp_path):
    with pytest.raises(steepest.UsageError, match="cannot both be ','"):
        steepest.open_source("t.csv", target="y", thousands=",", decimal=",")


# rows that look like comments, and tables above the table


@pytest.mark.parametrize("odd", ["#DIV/0!", "#REF!", "#12", "#ff0000"])
def test_fields_that_begin_with_a_hash_are_values(tmp_path, odd):
    rows = [f"{odd if i % 6 == 0 else i},{i},{2 * i}" for i in range(30)]
    file = write(tmp_path / "t.csv", rows, "a,x,y")
    source = steepest.open_source(file, target="y", features=["x"])
    assert sum(len(batch) for batch in source.batches()) == 30
    assert len(Model(("x",), ("y",), np.array([[1.0]]), np.array([0.0])).predict(file)) == 30


def test_lines_of_comments_are_left_out_where_told_and_counted(tmp_path, capsys):
    from steepest.cli import main

    rows = ["1,2", "# a pause", "2,4", "3,6", "# the end"]
    file = write(tmp_path / "t.csv", rows, "# made by hand\nx,y")
    with pytest.raises(DataError, match=r'line 4 .* has 1 fields where line 2 has 2.*comment="#"'):
        steepest.summarize(file, target="y")
    source = steepest.open_source(file, target="y", comment="#")
    assert sum(len(batch) for batch in source.batches()) == 3
    assert source.notes == ["lines that begin with # are left out: 3"]
    Model(("x",), ("y",), np.array([[1.0]]), np.array([0.0])).save(tmp_path / "model.json")
    with pytest.raises(SystemExit):
        main(["predict", str(tmp_path / "model.json"), str(file), "--comment", "#"])
    assert "lines that begin with # are left out: 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "lines"), [("# one, with commas\n", 1), ("# one\n\n# two\n", 3), ("#\n#\n# x\n", 3), ("Title\n\n", 2)]
)
def test_lines_before_the_header_are_counted_in_fit_and_predict(tmp_path, capsys, before, lines):
    from steepest.cli import main

    file = tmp_path / "t.csv"
    file.write_text(before + "x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(9)))
    source = steepest.open_source(file, target="y")
    assert sum(len(batch) for batch in source.batches()) == 9
    note = f"the header is line {lines + 1}; {lines} line{'s' * (lines > 1)} before it {'are' if lines > 1 else 'is'} left out"
    assert source.notes == [note]
    Model(("x",), ("y",), np.array([[1.0]]), np.array([0.0])).save(tmp_path / "model.json")
    with pytest.raises(SystemExit):
        main(["predict", str(tmp_path / "model.json"), str(file)])
    assert note in capsys.readouterr().err


def test_a_header_that_begins_with_a_hash_is_the_header(tmp_path):
    file = write(tmp_path / "t.csv", [f"{i},{i % 3},{i}" for i in range(9)], "#,x,y")
    assert steepest.open_source(file, target="y").features == ("#", "x")


@pytest.mark.parametrize("rows", [2, 30, 300])
def test_two_tables_below_each_other_are_refused_with_the_line(tmp_path, rows):
    lines = ["a,b", *(f"{i},{2 * i}" for i in range(rows)), "a,b,c", *(f"{i},{2 * i},{i}" for i in range(12))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"line {rows + 2} of .* has 3 fields where its first line has 2\."):
        steepest.open_source(tmp_path / "t.csv", target="b")


def test_a_later_part_with_lines_of_its_own_before_the_header_is_refused(tmp_path):
    table = "x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(9))
    for before in ("# one\n", "a\n" + "1\n" * 30, "Title\n\n"):
        (tmp_path / "a.csv").write_text(table)
        (tmp_path / "b.csv").write_text(before + table)
        with pytest.raises(DataError):
            list(steepest.open_source(tmp_path, target="y").batches())


# true and false as what is to be predicted


@pytest.mark.parametrize("words", [("true", "false"), ("True", "False"), ("yes", "no"), ("t", "f"), ("TRUE", "False")])
@pytest.mark.parametrize("with_text", [True, False], ids=["with text", "numbers"])
def test_yes_or_no_is_one_or_nought_and_said(tmp_path, words, with_text):
    ys = [words[i % 2] for i in range(20)]
    xs = [str(i % 7) for i in range(20)]
    csv_of(tmp_path / "t.csv", xs, ys, with_text)
    table = pyarrow.table({"x": [float(x) for x in xs], "y": ys})
    parquet.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({"x": int(x), "y": y}) + "\n" for x, y in zip(xs, ys, strict=True))
    )
    typed = pyarrow.table({"x": [float(x) for x in xs], "y": [i % 2 == 0 for i in range(20)]})
    for data in (tmp_path / "t.csv", tmp_path / "t.parquet", tmp_path / "t.jsonl", table, typed):
        source = steepest.open_source(data, target="y", features=["x"], loss="squared")
        assert np.concatenate([batch.y[:, 0] for batch in source.batches()]).tolist() == [1.0, 0.0] * 10
        (note,) = source.notes
        assert "'y' holds true and false, taken as 1 and 0" in note
        assert "classifier" in note


def test_what_is_neither_yes_nor_no_is_no_target(tmp_path):
    csv_of(tmp_path / "t.csv", ["1", "2", "3"], ["yes", "no", "maybe"])
    with pytest.raises(DataError, match="A target or weight must be a number"):
        steepest.open_source(tmp_path / "t.csv", target="y", features=["x"], loss="squared")
    csv_of(tmp_path / "t.csv", values("1"), ["yes"] * SNIFFED + ["maybe"] * (ROWS - SNIFFED))
    with pytest.raises(DataError, match=rf"Line: {SNIFFED + 2}: column 'y' holds 'maybe'"):
        list(steepest.open_source(tmp_path / "t.csv", target="y", features=["x"], loss="squared").batches())


def test_numbers_whose_sum_overflows_are_read_without_a_word_of_numpys(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1.7e308,0\n1.7e308,1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (batch,) = steepest.open_source(tmp_path / "t.csv", target="y").batches()
    assert batch.X[:, 0].tolist() == [1.7e308, 1.7e308]
