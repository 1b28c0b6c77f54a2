"""Bad files, a row each: what every kind of unfit file gets; the numbers in the names are the rows of a list of bad inputs.

Row 81 (cells that a spreadsheet takes for formulas) is about CSV output; there is none.
"""

import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import os
import random
import socket
import subprocess
import sys
import tarfile
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import steepest
from steepest.data.sources.relations import DuckDBRelation
from steepest.errors import DataError, MissingValuesError, SteepestError, UsageError
from steepest.summaries.summarize import read
from tests.support.commands import steepest_command

GOOD = "a,b,y\n1,10,1\n2,30,4\n3,20,3\n4,50,8\n"
MEANS = [2.5, 27.5, 4.0]
# with a comma in every field, commas part each line into more fields than semicolons do
COMMAS = "a;b;y\n" + GOOD[6:].replace(",", ",0;").replace("\n", ",0\n")
TABLE = pyarrow.table({"a": [1.0, 2, 3, 4], "b": [10.0, 30, 20, 50], "y": [1.0, 4, 3, 8]})
MANY = "1,2,3\n" * 30_000  # more lines than the reader's sample
LONG = "x" * 100_000
RANDOM_ROWS = "a,b,y\n" + "\n".join(f"{v},{v * v},{-v}" for v in np.random.default_rng(1).random(20_000))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pyarrow.Table):
        parquet.write_table(content, path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def summary_of(file, **options):
    return read(steepest.open_source(file, **{"target": "y", "loss": "squared", **options}), sample_rows=0)


def refused(file, error, sentence, **options):
    """Check that a file is refused in one sentence of bounded length that has a remedy."""
    with pytest.raises(error, match=sentence) as caught:
        summary_of(file, **options)
    assert type(caught.value) is error
    text = str(caught.value)
    assert len(text) < 700 + 2 * len(str(file)), text
    for inside in ("read_csv(", "read_parquet(", "LINE 1:", "^^^", "sniffing", "Original Line", "NoneType"):
        assert inside not in text


# --- 52-54: what is there at all -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("pengins.csv", r"not found: .*pengins.csv. Did you mean penguins.csv\?", id="52 near miss"),
        pytest.param("zzz.csv", "not found: .*zzz.csv. Check the folder and the spelling", id="52 missing file"),
        pytest.param("no/zzz.csv", "The folder .*no is not there either", id="52 missing folder"),
        pytest.param("*.parquet", r"no file matches .*\*.parquet. Check the folder and the pattern", id="52 pattern"),
        pytest.param("penguins.csv/a.csv", "not found: .*a.csv", id="52 file as a folder"),
        pytest.param("x" * 300, "cannot open .*: File name too long. Check its name", id="52 name too long"),
        pytest.param(
            "a\0b", "cannot open .*: .*embedded null (byte|character).*Check its name", id="52 NUL in the name"
        ),
    ],
)
def test_52_missing_files_are_told(tmp_path, name, sentence):
    write(tmp_path / "penguins.csv", GOOD)
    refused(f"{tmp_path}/{name}", DataError, sentence)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "pipe", "socket", "/dev/stdin"], ids=lambda n: f"53 {n}")
def test_53_what_is_no_regular_file_is_not_waited_for(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    listener = socket.socket(socket.AF_UNIX)
    with listener, open(os.devnull) as nothing:
        listener.bind("socket")
        os.mkfifo("pipe")
        if name == "/dev/stdin":
            name = f"/dev/fd/{nothing.fileno()}"
        refused(name, DataError, "is a device or pipe; a regular file is needed. Write what it gives to a file first")


def test_53_a_folder_without_tables_and_standard_input(tmp_path):
    refused(tmp_path, DataError, "holds no CSV, Parquet or JSON lines file. Give a folder with tables")
    refused("-", DataError, r"standard input .* Write it to a file first")


def test_54_no_permission(tmp_path, monkeypatch):
    file = write(tmp_path / "t.csv", GOOD)
    file.chmod(0)
    if os.geteuid() == 0:  # root may read everything: the system's answer to others is put in its place
        monkeypatch.setattr(os, "access", lambda *_: False)
    refused(file, DataError, "no permission to read .*Change its permissions")


def test_54_a_file_that_is_cut_while_it_is_read(tmp_path):
    file = write(tmp_path / "t.parquet", TABLE)
    source = steepest.open_source(file, target="y")
    os.truncate(file, 300)
    with pytest.raises(DataError, match=r"cannot read .*its end is missing. Write the file again"):
        read(source)


# --- 55-57: rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="55 empty"),
        pytest.param("\n\n\n", id="55 newlines"),
        pytest.param("  \n \n", id="55 spaces"),
        pytest.param("\ufeff", id="55 BOM only"),
        pytest.param("a,b,y\n", id="55 header only"),
        pytest.param("a,b,y", id="55 header without line end"),
        pytest.param("a,b,y\n\n\n", id="55 header and blank lines"),
        pytest.param(TABLE.slice(0, 0), id="55 Parquet without rows"),
    ],
)
def test_55_no_data_rows(tmp_path, content):
    refused(write(tmp_path / "t.csv", content), DataError, r"no data rows.*Give ")


@pytest.mark.parametrize("rows", [1, 2], ids=["56 one row", "56 two equal rows"])
def test_56_few_rows_are_a_table(tmp_path, rows):
    triangle = summary_of(write(tmp_path / "t.csv", "a,b,y\n" + "1,2,3\n" * rows)).triangle
    assert (triangle.row_count, triangle.means.tolist()) == (rows, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("a,b,y\n1,2,3\n1,2\n3,4,5\n", "line 3 .* 2 fields .* first line has 3. Correct", id="57 short"),
        pytest.param("a,b,y\n1,2,3\n1,2,3,4\n", "line 3 .* 4 fields .* first line has 3. Correct", id="57 long"),
        pytest.param("a;b;y\n1;2;3\n1;2\n", "line 3 .* 2 fields .* first line has 3. Correct", id="57 semicolons"),
        pytest.param("a,b,y\n" + MANY + "1,2\n", "Line: 30002: 2 fields where .* 3. Correct", id="57 short, late"),
        pytest.param("a,b,y\n" + MANY + "1,2,3,4\n", "Line: 30002: 4 fields where .* 3. Correct", id="57 long, late"),
        pytest.param(
            "a,b,y\n1,2,3,4\n5,6,7,8\n", "line 2 .* 4 fields .* first line has 3. Correct", id="57 short header"
        ),
        pytest.param("a,b,c,y\n1,2,3\n5,6,7\n", "line 2 .* 3 fields .* first line has 4. Correct", id="57 long header"),
    ],
)
def test_57_ragged_rows_are_told_with_their_line(tmp_path, content, sentence):
    refused(write(tmp_path / "t.csv", content), DataError, sentence)


# --- 58-63: how text is written -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "options"),
    [
        pytest.param("\ufeff" + GOOD, {}, id="58 BOM"),
        pytest.param('\ufeff"a",b,y\n' + GOOD[6:], {}, id="58 BOM before a quote"),
        pytest.param(GOOD.replace("\n", "\r"), {}, id="58 CR only"),
        pytest.param(GOOD.replace("\n", "\r\n"), {}, id="58 CR LF"),
        pytest.param(GOOD[:-1], {}, id="58 no final newline"),
        pytest.param(GOOD + "\n\n", {}, id="58 blank lines at the end"),
        pytest.param(GOOD.encode("utf-16"), {"encoding": "utf-16"}, id="59 UTF-16"),
        pytest.param(GOOD.encode("utf-16-le"), {"encoding": "utf-16"}, id="59 UTF-16 without BOM"),
        pytest.param(GOOD.replace(",", ";"), {}, id="63 semicolons"),
        pytest.param(GOOD.replace(",", "\t"), {}, id="63 tabs"),
        pytest.param(GOOD.replace(",", "|"), {}, id="63 bars"),
        pytest.param(GOOD.replace(",", ", "), {}, id="63 spaces after commas"),
        pytest.param(GOOD.replace(",", " "), {"delimiter": " "}, id="63 spaces, told"),
        pytest.param(GOOD.replace(",", ";").replace("\n1;", "\n1,0;"), {"decimal": ","}, id="63 decimal comma, told"),
        pytest.param(COMMAS, {"decimal": ","}, id="63 decimal commas only"),
        pytest.param(
            COMMAS.encode("utf-16"), {"decimal": ",", "encoding": "utf-16"}, id="63 decimal commas only, UTF-16"
        ),
        pytest.param(GOOD, {"decimal": ","}, id="63 commas between fields, with a decimal comma told"),
        pytest.param(
            GOOD.replace("y", '"y;z"'), {"decimal": ",", "target": "y;z"}, id="63 such commas, a semicolon in a name"
        ),
        pytest.param(GOOD.replace("10", '"10"'), {}, id="61 quoted numbers"),
        pytest.param(GOOD.replace("\n1,", "\n'1',").replace("a,b", "'a',b"), {}, id="61 single quotes"),
        pytest.param(gzip.compress(GOOD[:20].encode()) + gzip.compress(GOOD[20:].encode()), {}, id="73 two members"),
        pytest.param(gzip.compress(GOOD.encode()), {}, id="73 gzip named .csv"),
        pytest.param(TABLE, {}, id="75 Parquet named .csv"),
        pytest.param(json.dumps(TABLE.to_pylist()), {}, id="75 JSON named .csv"),
        pytest.param("\n".join(map(json.dumps, TABLE.to_pylist())), {}, id="75 JSON lines named .csv"),
    ],
)
def test_58_to_63_files_of_every_writing_are_the_same_table(tmp_path, content, options):
    triangle = summary_of(write(tmp_path / "t.csv", content), **options).triangle
    assert (triangle.row_count, triangle.features, triangle.means.tolist()) == (4, ("a", "b"), MEANS)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.parquet", "t.json"], ids=lambda n: f"73, 75 CSV as {n}")
def test_73_and_75_plain_text_under_any_name(tmp_path, name):
    assert summary_of(write(tmp_path / name, GOOD)).triangle.means.tolist() == MEANS


LATIN = "größe,b,y\n1,ä,1\n2,ö,4\n3,ä,3\n4,ö,8\n"


def test_59_latin_1_is_read_where_it_is_told(tmp_path):
    triangle = summary_of(write(tmp_path / "t.csv", LATIN.encode("latin-1")), encoding="latin-1").triangle
    assert (triangle.features, triangle.means.tolist()) == (("größe", "b=ö"), [2.5, 0.5, 4.0])


def test_61_quoted_fields_hold_anything(tmp_path):
    text = 'name,"b, c",y\n"x\ny",1,2\n"say ""hi""",2,3\n"a,b",3,5\nplain,4,4\n'
    triangle = summary_of(write(tmp_path / "t.csv", text)).triangle
    assert triangle.features == ("name=plain", 'name=say "hi"', "name=x\ny", "b, c")
    triangle = summary_of(write(tmp_path / "w.csv", text.replace("\n", "\r\n"))).triangle
    assert triangle.features == ("name=plain", 'name=say "hi"', "name=x\r\ny", "b, c")
    late = "name,b,y\n" + "x,2,3\n" * 30_000 + '"say ""hi""",2,3\n"z",2,3\n'
    assert summary_of(write(tmp_path / "l.csv", late)).triangle.features == ("name=x", "name=z", "b")


def test_62_backslashes_and_quotes_inside_a_word_are_text(tmp_path):
    triangle = summary_of(write(tmp_path / "t.csv", 'a,b,y\n1,"x\\"q",3\n2,"z",4\n3,"w",4\n')).triangle
    assert triangle.features == ("a", 'b=x"q', "b=z")
    triangle = summary_of(write(tmp_path / "s.csv", 'a,b,y\n1,x"q,3\n2,z,4\n')).triangle
    assert triangle.features == ("a", "b=z")


BAD_WRITING = [
    pytest.param("a,b,y\r\n1,2,3\n4,5,6\r\n", {}, "line 2 .* LF, .* CR LF. Make all line ends alike", id="58 mixed"),
    pytest.param('a,b,y\n"x\ny",2,3\n4,5,6\r\n', {}, "line 4 .* CR LF, .* LF. Make all", id="58 mixed after a quote"),
    pytest.param("a,b,y\n" + MANY + "1,2,3\r\n" * 9, {}, "line ends are mixed.*Make all line", id="58 mixed, late"),
    pytest.param(GOOD.encode("utf-16"), {}, 'UTF-16 text. Give its encoding .encoding="utf-16".', id="59 UTF-16"),
    pytest.param(
        GOOD.encode("utf-16-le"), {}, 'UTF-16 text. Give its encoding .encoding="utf-16".', id="59 UTF-16 without BOM"
    ),
    pytest.param(
        b"\xfe\xff" + GOOD.encode("utf-16-be"), {"encoding": "utf-16"}, "big-endian.*Convert", id="59 UTF-16BE"
    ),
    pytest.param(LATIN.encode("latin-1"), {}, 'Line: 1: .*not utf-8.*encoding="latin-1"', id="59 Latin-1"),
    pytest.param(
        LATIN.encode("latin-1"),
        {"encoding": "utf-16"},
        "not utf-16 .*another encoding .encoding=....",
        id="59 no UTF-16",
    ),
    pytest.param(
        "a,y\n1,“\n", {"encoding": "latin-1"}, "not latin-1 .*another encoding .encoding=....", id="59 no Latin-1"
    ),
    pytest.param(
        b"a,b,y\n" + b"1,x,3\n" * 5_000 + b"1,\xff,3\n", {}, 'Line: 5002: .*encoding="latin-1"', id="59 bad byte, late"
    ),
    pytest.param("a,b,y\n1,\0,3\n", {}, "NUL bytes, so it is no text; a CSV", id="60 NUL"),
    pytest.param("a,b,y\n" + MANY + "1,\0002,3\n", {}, r"Line: 30002: column 'b' holds .*Correct", id="60 NUL, late"),
    pytest.param(
        "a,b,y\n" + "1,z,3\n" * 30_000 + "1,z\0a,3\n",
        {},
        r"'b' .* NUL bytes, such as 'z\\x00a'.*exclude=",
        id="60 NUL in text",
    ),
    pytest.param(
        "a,b,y\n1,2,3\n1," + "x" * 5_000_000 + ",3\n", {}, "two million bytes.*Correct the file", id="60 5 MB"
    ),
    pytest.param("a,b,y\n" + MANY + "1," + "x" * 5_000_000 + ",3\n", {}, "Line: 30002: .*Correct", id="60 5 MB, late"),
    pytest.param(
        "a,b,y\n1," + "x" * 9_000 + ",3\n2,z,4\n", {}, "more than 1,000 characters.*exclude=", id="60 9 kB text"
    ),
    pytest.param(
        'a,b,y\n1,"x,3\n2,z,4\n3,z,4\n', {}, "line 2 .* quote that is not closed. Close it", id="62 unterminated"
    ),
    pytest.param('a,b,y\n1,"x"q,3\n2,"z",4\n', {}, "correct quotes that stand inside a field", id="62 stray quote"),
    pytest.param(
        "a,b,y\n" + '1,"x",3\n' * 30_000 + '2,"z,4\n',
        {},
        "Line: 30002: a quote is not closed",
        id="62 unterminated, late",
    ),
    pytest.param(
        "a;b;y\n1,5;2,5;1\n2,5;3,1;4\n", {}, "'a' .*looks like numbers.* '1,5'.*decimal=\",\"", id="63 decimal comma"
    ),
    pytest.param(
        "x;y\n1,5;2,5\n1,7;3,5\n", {}, "line 2 .* 3 fields .* has 1. .*delimiter=", id="63 two decimal commas"
    ),
    pytest.param(GOOD.replace(",", " "), {}, "one column called 'a b y'.*delimiter=\" \"", id="63 spaces"),
    pytest.param(GOOD.replace(",", ":"), {}, "one column called 'a:b:y'.*delimiter=\":\"", id="63 colons"),
    pytest.param(GOOD, {"delimiter": ";"}, "one column called 'a,b,y'.*delimiter=\",\"", id="63 wrong delimiter"),
    pytest.param(
        "a,b,y\n1,red,3\n2, red,4\n3,x,4\n", {}, "' red' and 'red', .* spaces only. Make", id="63 spaces differ"
    ),
]


@pytest.mark.parametrize(("content", "options", "sentence"), BAD_WRITING)
def test_58_to_63_text_that_cannot_be_told_is_refused(tmp_path, content, options, sentence):
    refused(write(tmp_path / "t.csv", content), DataError, sentence, **options)


@pytest.mark.parametrize(
    "options", [{"delimiter": ";;"}, {"decimal": "x"}, {"encoding": "ebcdic"}], ids=lambda o: f"59, 63 {o}"
)
def test_59_and_63_options_have_a_range(tmp_path, options):
    refused(write(tmp_path / "t.csv", GOOD), UsageError, f"{next(iter(options))} (must be|is) .*got ", **options)


# --- 64-67: names and roles -----------------------------------------------------------------------------------------

BAD_NAMES = [
    pytest.param("a,a,y", "same name: 'a'. Give every column its own", id="64 twice"),
    pytest.param("a,a,y,a_1", "same name: 'a'. Give", id="64 twice, and the reader's own name"),
    pytest.param("a, a,y", "same name: 'a'. Give", id="64 after strip"),
    pytest.param("a,a\u00a0,y", "same name: 'a'. Give", id="64 no-break space"),
    pytest.param("a,a\u200b,y", "same name: 'a'. Give", id="64 zero-width space"),
    pytest.param("b,y,y\u200d", "same name: 'y'. Give", id="64 zero-width joiner in the target"),
    pytest.param("\u00e9,e\u0301,y", "same name: 'é'. Give", id="64 composed and decomposed"),
    pytest.param("a,A,y", "only in capital letters: 'a', 'A'. Rename", id="64 capitals"),
    pytest.param(",b,y", "no name for column 1 in its header. Give", id="65 empty name"),
    pytest.param(",,", "no name for column 1 in its header. Give", id="65 empty header"),
    pytest.param("2019,2020,2021", "no header line.*such as x1,x2,y", id="65 header of numbers"),
    pytest.param("3,4,5", "no header line.*such as x1,x2,y", id="65 no header"),
]


@pytest.mark.parametrize(("header", "sentence"), BAD_NAMES)
def test_64_and_65_names_that_are_none(tmp_path, header, sentence):
    rows = "\n".join(",".join(str(i * i + j) for j in range(header.count(",") + 1)) for i in range(4))
    refused(write(tmp_path / "t.csv", f"{header}\n{rows}\n"), DataError, sentence)
    refused(write(tmp_path / "t.csv.gz", gzip.compress(f"{header}\n{rows}\n".encode())), DataError, sentence)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a", "a", "y"], "same name: 'a'"),
        (["a", "A", "y"], "capital letters: 'a', 'A'"),
        (["", "b", "y"], "no name for column 2"),
    ],
    ids=["64 Parquet twice", "64 Parquet capitals", "65 Parquet empty name"],
)
def test_64_names_in_parquet(tmp_path, names, sentence):
    nested = pyarrow.array([{"y": 1, "z": {"y": 2}}] * 4)
    table = pyarrow.Table.from_arrays([nested, *TABLE.columns], names=["n", *names])
    refused(write(tmp_path / "t.parquet", table), DataError, sentence)
    table = pyarrow.Table.from_arrays([nested, *TABLE.columns], names=["n", "a", "b", "y"])
    assert summary_of(write(tmp_path / "n.parquet", table), exclude=["n"]).triangle.means.tolist() == MEANS


def test_65_lines_before_the_header_are_told(tmp_path):
    for preamble, line in (("Report of 2020\n\n", 3), ("# comment\n# more\n", 3), ("Report, of 2020\n", 2)):
        summary = summary_of(write(tmp_path / "t.csv", preamble + GOOD))
        assert summary.triangle.means.tolist() == MEANS
        before = "2 lines before it are left out" if line == 3 else "1 line before it is left out"
        assert summary.notes == (f"the header is line {line}; {before}",)
    triangle = summary_of(write(tmp_path / "n.csv", "2019,2020,y\n" + GOOD[6:])).triangle
    assert (triangle.features, triangle.means.tolist()) == (("2019", "2020"), MEANS)


@pytest.mark.parametrize(
    ("content", "options", "error", "sentence"),
    [
        pytest.param("a,b,y\ncm,kg,s\n1,2,3\n", {}, DataError, "'y' .* for example 's'", id="65 two header lines"),
        pytest.param(
            "a,b,y\n1,2,3\n4,5,6\nTotal,7,9\n", {}, DataError, "'a' .* is 'Total'. Correct", id="65 totals row"
        ),
        pytest.param(GOOD + ",80,16\n", {}, MissingValuesError, r"\(a 1\).* data row 5", id="65 unnamed totals row"),
        pytest.param(
            GOOD, {"target": "Y"}, UsageError, "Did you mean 'y'\\? Its columns are 'a', 'b', 'y'", id="66 capital"
        ),
        pytest.param(GOOD, {"target": "yy"}, UsageError, "Did you mean 'y'\\?", id="66 closest"),
        pytest.param(GOOD, {"target": "zz"}, UsageError, "no column 'zz'. Its columns are 'a'", id="66 nothing close"),
        pytest.param("a,y\u200b\n1,2\n3,4\n", {}, UsageError, r"Did you mean 'y\\u200b'", id="66 invisible"),
        pytest.param(GOOD, {"features": ["a", "y"]}, UsageError, "'y' is named twice", id="67 target is a feature"),
        pytest.param(GOOD, {"target": ["y", "y"]}, UsageError, "'y' is named twice", id="67 target twice"),
        pytest.param(GOOD, {"exclude": ["a", "b"]}, UsageError, "no column left to predict 'y'", id="67 nothing left"),
    ],
)
def test_65_to_67_headers_and_roles(tmp_path, content, options, error, sentence):
    refused(write(tmp_path / "t.csv", content), error, sentence, **options)


# --- 68-71: values --------------------------------------------------------------------------------------------------

NO_NUMBERS = [
    *(("p", values, rf"'p' .*looks like numbers.* is '{first}'. Correct", f"68 {name}") for name, values, first in [
        ("currency", ["$5.00", "$6.10"], r"\$5.00"), ("percent", ["5%", "6%"], "5%"), ("euro", ["5 €", "6 €"], "5 €"),
    ]),
    *(("p", ['"1,000"', other], r"'1,000' may be 1000 or 1.000. .*thousands=\",\".*decimal=\",\"", f"68 {name}") for name, other in [
        ("thousands", '"2,500"'), ("some thousands", "7"),
    ]),
    ("p", ["2020-01-01", "2020-02-01"], "'p' .* is DATE.*'2020-01-01'. Make dates days since", "68 date"),
    ("p", ["01/02/2020", "13/02/2020"], "'p' .* is DATE.*Make dates days since", "68 date of another order"),
    ("p", ["10:20", "11:30"], "'p' .* is TIME.*Turn dates into a number", "68 time"),
    ("p", [f"id{i}x" for i in range(1_500)], "more than 1,000 different texts, such as 'id0x'.*exclude=", "68 names"),
    ("y", ["low", "high"], "'y' .* VARCHAR, .* for example '(low|high)'. A target .* must be a number", "68 text target"),
    ("y", ["5%", "6%"], "'y' .* VARCHAR, .* for example '[56]%'. A target .* must be a number", "68 percent target"),
    ("p", ["", ""], "'p' .* no value at all.*exclude=", "70 all missing"),
    ("y", ["", ""], "'y' no value at all", "70 target all missing"),
    *(("p", [f'"{v}"', "20", "30"], rf"'p' .*looks like numbers.* is '{said}'. Correct", f"71 {v}") for v, said in [
        ("inf", "inf"), ("-Infinity", "-Infinity"), ("010", "010"), ("1_000", "1_000"), ("1.5D+03", r"1.5D\+03"),
        ("\u22125", "\u22125"), ("1 000", "1 000"), ("1e", "1e"), ("½", "½"), ("(5)", r"\(5\)"), ("٣", "٣"), ("+5", r"\+5"),
    ]),
    *(("p", [f'"{v}"', "20", "30"], rf"'p' .*looks like numbers.* is '{v}'. Correct", f"69 {v}") for v in [
        "na", "none", "nil", "--", "missing", "<NA>",
    ]),
    ("p", ["0x1F", "20", "30"], "Line: 2: column 'p' holds '0x1F'.*Correct", "71 0x1F"),
    ("p", ["1e400", "20", "30"], "'p' holds inf in data row 1; .*1.8e308 is the largest. Drop", "71 1e400"),
    ("p", ["20", "-1e400", "30"], "'p' holds -inf in data row 2; .*Drop", "71 -1e400"),
    ("p", ["1", "9" * 400], "'p' holds inf in data row 2; .*Drop", "71 400 digits"),
    ("p", ["2"] * 30_000 + ["1e400"], "'p' holds inf in data row 30,001; .*Drop", "71 1e400, late"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "values", "sentence"), [pytest.param(*case, id=name) for *case, name in NO_NUMBERS])
def test_68_to_71_values_that_are_no_numbers_are_named(tmp_path, column, values, sentence):
    rows = (f"{value},{i % 7}" if column == "p" else f"{i % 7},{value}" for i, value in enumerate(values))
    refused(write(tmp_path / "t.csv", "p,y\n" + "\n".join(rows) + "\n"), DataError, sentence)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-400", 0.0), ("18446744073709551617", 2.0**64), ("340282366920938463463374607431768211457", 2.0**128),
     ("9007199254740993", 2.0**53), ("-0", 0.0), (".5", 0.5), ("5.", 5.0), ("1E+5", 1e5), ("-999", -999.0), ("0.1", 0.1)],
    ids=lambda value: f"71 {value}",
)  # fmt: skip
def test_71_numbers_are_rounded_to_the_nearest(tmp_path, text, number):
    rounded = len(text) > 15
    with pytest.warns(steepest.DataWarning, match=r"'p' 2\)") if rounded else contextlib.nullcontext():
        assert summary_of(write(tmp_path / "t.csv", f"p,y\n{text},1\n{text},2\n")).triangle.means[0] == number


SPELLINGS = ["", "NA", "n/a", "#N/A", "nan", "NULL", "None", "?", "-"]


@pytest.mark.parametrize("word", SPELLINGS, ids=lambda word: f"69 {word!r}")
def test_69_every_spelling_of_missing_is_counted(tmp_path, word):
    file = write(tmp_path / "t.csv", f"a,b,y\n1,{word},1\n2,30,4\n3,20,3\n{word},{word},8\n")
    sentence = r"3 values are missing \(a 1, b 2\); the first is column 'b' in data row 1. Fill them in, leave those rows out .missing=.drop.."
    refused(file, MissingValuesError, sentence)
    summary = summary_of(file, missing="drop")
    assert (summary.triangle.row_count, summary.triangle.means.tolist()) == (2, [2.5, 25.0, 3.5])
    assert summary.notes == ("2 of 4 rows left out for missing values (a 1, b 2)",)
    summary = summary_of(file, missing="indicator")
    assert summary.triangle.features == ("a", "a missing", "b", "b missing")
    assert summary.triangle.means.tolist() == [1.5, 0.25, 12.5, 0.5, 4.0]


def test_69_all_rows_dropped_and_70_missing_targets(tmp_path):
    file = write(tmp_path / "t.csv", "a,b,y\n1,NA,1\n2,,4\n?,20,3\n")
    refused(file, DataError, "0 samples: no row is left", missing="drop")
    file = write(tmp_path / "u.csv", "a,b,y\n1,2,\n2,3,2\n")
    refused(file, MissingValuesError, r"\(y 1\); the first is column 'y' in data row 1. Fill them in")
    refused(
        file,
        MissingValuesError,
        "A target or weight has no indicator column. Fill them in, or leave those rows out .missing=",
        missing="indicator",
    )


# --- 72: wide -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_72_ten_thousand_columns(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(20, 10_000)).round(6)
    header = ",".join([*(f"c{j}" for j in range(9_999)), "y"])
    file = write(tmp_path / "t.csv", "\n".join([header, *(",".join(map(str, row)) for row in numbers)]) + "\n")
    (batch,) = steepest.open_source(file, target="y").batches()
    np.testing.assert_array_equal(np.column_stack([batch.X, batch.y]), numbers)


def test_72_thousands_of_missing_columns_are_cut_short(tmp_path):
    columns = range(300)
    text = ",".join(f"c{j}" for j in columns) + ",y\n" + "," * 300 + "1\n" + ",".join("1" * 301) + "\n"
    sentence = r"300 values are missing \(c0 1, .*, c19 1, and 280 more columns\)"
    refused(write(tmp_path / "t.csv", text), MissingValuesError, sentence)


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        pytest.param(f"{LONG},z\n1,2\n", UsageError, "no column 'y'.* Its columns are", id="72 no target"),
        pytest.param(f"{LONG},y\n1,2\n,4\n", MissingValuesError, "data row 2", id="72 missing"),
        pytest.param(f"{LONG},y\n1,2\n1e400,4\n", DataError, "holds inf in data row 2", id="72 infinite"),
        pytest.param(f"{LONG},y\n1$,2\n2$,4\n", DataError, "looks like numbers", id="72 currency"),
        pytest.param(f"{LONG},y\n2020-01-01,2\n2020-01-02,4\n", DataError, "is DATE", id="72 date"),
        pytest.param(f"{LONG},{LONG},y\n1,2,3\n2,4,3\n", DataError, "same name", id="72 twice"),
        pytest.param(f"{LONG};y\n1;2\n3;4\n", DataError, "one column called", id="72 one column"),
        pytest.param(
            f"p,y\n{'9' * 5000}x,2\n3,4\n4,3\n", DataError, "more than 1,000 char|looks like", id="72 long value"
        ),
    ],
)
def test_72_long_names_are_cut_in_messages(tmp_path, content, error, sentence):
    options = {"delimiter": ","} if "one column" in sentence else {}
    refused(write(tmp_path / "t.csv", content), error, sentence, **options)


def test_72_a_long_name_and_a_line_of_output(tmp_path):
    result = steepest_command(
        "fit", write(tmp_path / "t.csv", f"{LONG},y\n1,2\n2,4\n3,5\n"), "--target", "y", "--no-out"
    )
    assert result.returncode == 0, result.stderr[:500]
    assert max(map(len, result.stdout.splitlines())) < 500


# --- 73-77: packed and binary files ---------------------------------------------------------------------------------


def zipped(name, content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def tarred(content):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo("t.csv")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def parquet_bytes(table=TABLE):
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def poked(content, place, new):
    return content[:place] + new + content[place + len(new) :]


PACKED, PARQUET = gzip.compress(GOOD.encode()), parquet_bytes()
FOOTER = len(PARQUET) - 8 - int.from_bytes(PARQUET[-8:-4], "little")
FOREIGN = [
    pytest.param(gzip.compress(RANDOM_ROWS.encode())[:-9_000], "gzip and its end is missing. Copy", id="73 cut"),
    pytest.param(PACKED[:-10], "gzip and its end is missing. Copy", id="73 small and cut"),
    pytest.param(PACKED[:-8] + bytes(8), "gzip and damaged .*Copy or pack it again", id="73 wrong checksum"),
    pytest.param(b"\x1f\x8b", "packed by gzip and holds nothing.*Copy", id="73 two bytes of gzip"),
    pytest.param(b"\x1f\x8b" + b"abc" * 99, "packed by gzip and damaged.*Copy", id="73 gzip no more"),
    pytest.param(gzip.compress(b""), "packed by gzip and holds nothing", id="73 nothing packed"),
    pytest.param(gzip.compress(PACKED), "packed twice by gzip.*unpack it once", id="73 gzip of gzip"),
    pytest.param(gzip.compress(zipped("t", GOOD)), "is a zip archive.*unpack it", id="73 gzip of zip"),
    pytest.param(gzip.compress(tarred(GOOD.encode())), "tar archive.*unpack it", id="73 gzip of tar"),
    pytest.param(gzip.compress(PARQUET), "Parquet file that is packed once more.*unpack", id="73 gzip of Parquet"),
    pytest.param(zipped("in.zip", zipped("t.csv", GOOD)), "is a zip archive.*unpack it", id="73 zip of zip"),
    pytest.param(b"\x28\xb5\x2f\xfd" + b"junk" * 20, "cannot read .*Copy or pack it again", id="73 zstd no more"),
    pytest.param(bz2.compress(GOOD.encode()), "packed by bzip2.*bunzip2", id="73 bzip2"),
    pytest.param(lzma.compress(GOOD.encode()), "packed by xz.*unxz", id="73 xz"),
    pytest.param(PARQUET[: len(PARQUET) // 2], "its end is missing. Write the file again", id="74 cut"),
    pytest.param(b"PAR1", "ends at once. Write the file again", id="74 magic only"),
    pytest.param(b"PAR1" + bytes(4) + b"PAR1", "Footer length error.*Write the file again", id="74 no footer"),
    pytest.param(PARQUET[:-8] + b"\xff\xff\xff\x7fPAR1", "Footer length error.*Write", id="74 endless footer"),
    pytest.param(poked(PARQUET, FOOTER, bytes(40)), "cannot read .*Write", id="74 corrupt footer"),
    pytest.param(poked(PARQUET, 20, bytes(40)), "cannot read .*Write the file again", id="74 corrupt page"),
    pytest.param(b"PARE" + b"\1" * 40 + b"PARE", "encrypted Parquet.*write it without", id="76 encrypted"),
    pytest.param("<!DOCTYPE html><html><body>404</body></html>", "HTML page.*failed download", id="75 HTML"),
    pytest.param(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel workbook.*save .* CSV", id="75 old Excel"
    ),
    pytest.param(zipped("xl/workbook.xml", "<x/>"), "an Excel workbook.*save the sheet as CSV", id="75 Excel"),
    pytest.param(b"%PDF-1.4\nabc\n", "PDF document.*write the table as CSV", id="75 PDF"),
    pytest.param(b"ARROW1\0\0" + bytes(50), "Arrow IPC.*write it as Parquet", id="75 Arrow"),
    pytest.param(b"\x93NUMPY\1\0v\0{'descr'", "NumPy array.*ends in .npy", id="75 NumPy"),
    pytest.param(b"\x80\x04\x95\x05" + bytes(6) + b"K\x01.", "Python pickle.*never opened", id="75 pickle"),
    pytest.param('{"a":1,"y":2}\n{"a":,"y":3}\n', "Malformed JSON .*line 3.*Correct", id="75 JSON broken"),
    pytest.param('{"a":{"b":1},"y":2}\n', r"'a' .* STRUCT\(b BIGINT\).*exclude=", id="75 JSON nested"),
]


@pytest.mark.parametrize(("content", "sentence"), FOREIGN)
def test_73_to_75_files_that_are_no_tables(tmp_path, content, sentence):
    name = "t.parquet" if content[:1] in ("<", "{", b"%") else "t.csv"
    refused(write(tmp_path / name, content), DataError, sentence)


# the process's own peak: what the system counts for a child begins with the size of the process that started it
BOMB = """
import re, resource, sys, steepest
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
try:
    said = steepest.summarize(sys.argv[1], target="y").row_count
except steepest.errors.DataError as error:
    said = error
file = Path("/proc/self/status")
own = int(re.search("VmHWM:[^0-9]*([0-9]+) kB", file.read_text())[1]) if file.exists() else 0
print((own or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024, said)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("start", "piece", "pieces", "said"),
    [
        pytest.param(b"a,y\n1,", b"0" * 1_000_000, 200, "two million bytes", id="73 bomb of one line"),
        pytest.param(b"a,y\n", b"0." + b"3" * 4_996 + b",1\n", 40_000, "40000", id="73 bomb of many lines"),
    ],
)
def test_73_bombs_take_bounded_memory(tmp_path, start, piece, pieces, said):
    member = gzip.compress(piece * (pieces // 20))
    file = write(tmp_path / "t.csv.gz", gzip.compress(start) + 20 * member)
    assert file.stat().st_size < 1_000_000
    result = subprocess.run([sys.executable, "-c", BOMB, str(file)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr[-500:]
    megabytes, _, sentence = result.stdout.partition(" ")
    assert said in sentence
    assert int(megabytes) < 900


@pytest.mark.slow
def test_74_twenty_damaged_parquet_files(tmp_path):
    chance = random.Random(7)
    said = []
    for _ in range(20):
        content = bytearray(PARQUET)
        for _ in range(chance.choice([1, 2, 5])):
            content[chance.randrange(4, len(content) - 8)] = chance.randrange(256)
        try:
            steepest.summarize(write(tmp_path / "t.parquet", bytes(content)), target="y")
        except SteepestError as error:
            said.append(str(error))
    assert 5 < len(said) < 20
    assert max(map(len, said)) < 1_000


DAYS = [datetime(2020, 1, day) for day in (1, 2, 3)]
COLUMNS = {
    "76 list": ([[1], [2], [3]], r"BIGINT\[\], .* for example '\[1\]'. Leave the column out \(exclude="),
    "76 struct": ([{"p": 1}, {"p": 2}, {"p": 3}], r"STRUCT\(p BIGINT\), .*exclude="),
    "76 map": (pyarrow.array([[("a", 1)]] * 3, pyarrow.map_(pyarrow.string(), pyarrow.int64())), "MAP.*exclude="),
    "76 timestamp": (DAYS, "TIMESTAMP, .* for example '2020-01-01 00:00:00'. Make dates"),
    "76 timestamp with zone": (pyarrow.array(DAYS, pyarrow.timestamp("us", "UTC")), "TIME ZONE, .*Make dates"),
    "76 date": ([date(2020, 1, 1)] * 3, "DATE, .* for example '2020-01-01'. Make dates"),
    "76 time": (pyarrow.array([1, 2, 3], pyarrow.time32("s")), "TIME.*, .*Turn dates"),
    "76 binary": ([b"a", b"b", b"\xff"], "BLOB, .*exclude="),
    "76 null-typed": (pyarrow.nulls(3), "'c' no value at all. .*exclude="),
    "76 NaN": ([1.0, np.nan, 2.0], r"\(c 1\).*data row 2"),
    "76 infinite": ([1.0, np.inf, 2.0], "'c' holds inf in data row 2"),
    "76 decimal": ([Decimal("1.50"), Decimal("2.25"), Decimal("3.00")], [1.5, 2.25, 3.0]),
    "76 wide decimal": (pyarrow.array([Decimal("1.50")] * 3, pyarrow.decimal256(60, 2)), [1.5, 1.5, 1.5]),
    "76 float16": (np.array([1, 2.5, 3], dtype=np.float16), [1, 2.5, 3]),
    "76 int8": (np.array([-128, 127, 5], dtype=np.int8), [-128, 127, 5]),
    "76 uint64": (np.array([2**64 - 1, 2**63, 5], dtype=np.uint64), [2.0**64, 2.0**63, 5]),
    "76 boolean": ([True, False, True], [1, 0, 1]),
    "76 dictionary": (pyarrow.array(["u", "v", "u"]).dictionary_encode(), [0, 1, 0]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_76_columns_of_every_type(tmp_path, name):
    values, expected = COLUMNS[name]
    file = write(tmp_path / "t.parquet", pyarrow.table({"c": values, "y": [1.0, 2.0, 4.0]}))
    if isinstance(expected, str):
        refused(file, MissingValuesError if name.endswith("NaN") else DataError, expected)
        return
    rounded = name == "76 uint64"
    with pytest.warns(steepest.DataWarning, match=r"above 2\^53.*'c' 1\)") if rounded else contextlib.nullcontext():
        (batch,) = steepest.open_source(file, target="y").batches()
    assert batch.X[:, 0].tolist() == [float(value) for value in expected]


def test_77_int96_and_statistics_with_nan(tmp_path):
    parquet.write_table(
        pyarrow.table({"c": DAYS, "y": [1.0, 2.0, 4.0]}), tmp_path / "t.parquet", use_deprecated_int96_timestamps=True
    )
    refused(tmp_path / "t.parquet", DataError, "'c' .* TIMESTAMP, .*Make dates")
    table = pyarrow.table({"c": [np.nan, 1.0, 2.0], "y": [1.0, 2.0, 4.0]})
    parquet.write_table(table, tmp_path / "n.parquet", row_group_size=1, write_statistics=True)
    assert summary_of(tmp_path / "n.parquet", missing="drop").triangle.means.tolist() == [1.5, 3.0]


# --- 78-79: parts ---------------------------------------------------------------------------------------------------

MORE = TABLE.append_column("c", pyarrow.array([1.0, 2, 3, 4]))
TEXT = pyarrow.table({"a": ["q"], "b": [2.0], "y": [3.0]})
BAD_PARTS = [
    pytest.param({"a.csv": GOOD, "b.csv": "a,c,y\n1,2,3\n"}, "b.csv has a column 'c' that .*a.csv has not", id="78 other"),
    pytest.param({"a.csv": GOOD, "b.csv": "a,b,c,y\n1,2,3,4\n"}, "b.csv has a column 'c'.*Give files", id="78 more"),
    pytest.param({"a.csv": GOOD, "b.csv": "a,y\n1,2\n"}, "b.csv has no column 'b', which .*a.csv has", id="78 fewer"),
    pytest.param({"a.csv": GOOD, "b.csv": "5,6,9\n6,7,8\n"}, "b.csv .*each with a header line", id="78 no header"),
    pytest.param({"a.csv": GOOD, "b.csv": "A,B,Y\n1,2,3\n"}, "b.csv has a column 'A' that", id="78 capitals"),
    pytest.param({"a.csv": GOOD, "b.csv": "a,a,y\n1,2,3\n"}, "b.csv has no column 'b'", id="78 a name twice"),
    pytest.param({"a.csv": GOOD, "b.csv": "a,b,y\n1,x,3\n"}, "'b' .*looks like numbers.* 'x'", id="78 text"),
    pytest.param({"a.csv": GOOD, "b.csv": "a,b,y\n1,2,3\n1,2\n"}, "b.csv does not fit .*a.csv.*Correct", id="78 ragged"),
    pytest.param({"a.csv": GOOD, "b.csv": "", "c.csv": GOOD}, "b.csv is empty: no data rows", id="78 empty part"),
    pytest.param({"a.csv": GOOD, "b.csv": PARQUET, "c.csv": GOOD}, "a.csv and .*b.csv are of different kinds", id="78 kinds"),
    pytest.param({"a.csv": GOOD, "b.csv": PACKED, "c.csv": GOOD}, "are of different kinds. Give files", id="78 one packed"),
    pytest.param({"a.parquet": TABLE, "b.parquet": MORE}, "b.parquet has a column 'c' that .*a.parquet", id="78 Parquet more"),
    pytest.param({"a.parquet": MORE, "b.parquet": TABLE}, "column \"c\" .*b.parquet", id="78 Parquet fewer"),
    pytest.param({"a.parquet": TABLE, "b.parquet": TEXT}, "'a' is DOUBLE in .*a.parquet and VARCHAR in .*b.parquet.*one type", id="78 Parquet text"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "sentence"), BAD_PARTS)
def test_78_parts_that_do_not_fit(tmp_path, parts, sentence):
    for name, content in parts.items():
        write(tmp_path / "f" / name, content)
    refused(tmp_path / "f", DataError, sentence)


def test_78_a_late_part_of_another_type_is_named(tmp_path):
    for i in range(62):
        write(tmp_path / "f" / f"p{i:02}.csv", GOOD if i < 60 else "a,b,y\n1.5,x,3\n")
    refused(tmp_path / "f", DataError, "p6[01].csv, Line: 2: column 'b' holds 'x', which is no number")


GOOD_PARTS = {
    "78 order": {"a.csv": GOOD[:20], "b.csv": "y,b,a\n3,20,3\n8,50,4\n"},
    "78 delimiters": {"a.csv": GOOD[:20], "b.csv": "a;b;y\n3;20;3\n4;50;8\n"},
    "78 header only": {"a.csv": GOOD, "b.csv": "a,b,y\n"},
    "78 whole numbers and others": {"a.csv": GOOD[:20], "b.csv": "a,b,y\n3.0,20,3\n4.0,50.0,8\n"},
    "78 Parquet order": {"a.parquet": TABLE.slice(0, 2), "b.parquet": TABLE.slice(2).select(["y", "b", "a"])},
    "78 Parquet empty part": {"a.parquet": TABLE, "b.parquet": TABLE.slice(0, 0)},
    "78 hidden files": {"a.csv": GOOD, "_SUCCESS": "", ".b.csv": "x", "notes.md": "x"},
}


@pytest.mark.parametrize("name", GOOD_PARTS)
def test_78_parts_that_fit(tmp_path, name):
    for part, content in GOOD_PARTS[name].items():
        write(tmp_path / "f" / part, content)
    triangle = summary_of(tmp_path / "f").triangle
    assert (triangle.row_count, triangle.features, triangle.means.tolist()) == (4, ("a", "b"), MEANS)


@pytest.mark.process
def test_79_two_thousand_files_with_few_handles(tmp_path):
    for i in range(2_000):
        (tmp_path / f"p{i:04}.csv").write_text(f"a,b,y\n{i},{i * i % 7},{i % 5}\n{i + 0.5},{i * i % 5},{i % 3}\n")
    command = [sys.executable, "-m", "steepest", "fit", tmp_path, "--target", "y", "--no-out", "--json"]
    few = ["bash", "-c", 'ulimit -n 100; exec "$@"', "bash", *command]
    result = subprocess.run(few, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert ": 4,000 rows" in result.stderr or '"rows": 4000' in result.stdout


def test_79_row_groups_without_rows(tmp_path):
    with parquet.ParquetWriter(tmp_path / "t.parquet", TABLE.schema) as writer:
        for part in (TABLE.slice(0, 0), TABLE.slice(0, 1), TABLE.slice(0, 0), TABLE.slice(1)):
            writer.write_table(part)
    assert summary_of(tmp_path / "t.parquet").triangle.means.tolist() == MEANS


# --- 80 and 82 ------------------------------------------------------------------------------------------------------

ODD_NAMES = [
    "<script>alert(1)</script>",
    "../x",
    "C:\\x",
    "\x1b[31mred\x1b[0m",
    "a\nb",
    "__proto__",
    "index",
    "intercept",
]


def test_80_odd_names_are_names(tmp_path):
    numbers = np.random.default_rng(3).normal(size=(20, len(ODD_NAMES) + 1)).round(3)
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([[*ODD_NAMES, "y"], *numbers.tolist()])
    file = write(tmp_path / "t.csv", stream.getvalue())
    triangle = summary_of(file).triangle
    assert triangle.features == tuple(ODD_NAMES)
    np.testing.assert_allclose(triangle.means, numbers.mean(axis=0), atol=1e-15)
    before = sorted(tmp_path.iterdir())
    result = steepest_command("fit", file, "--target", "y", "--no-out")
    assert result.returncode == 0, result.stderr
    for text in (result.stdout, result.stderr):
        assert "\x1b" not in text
    assert "\\x1b[31mred" in result.stdout
    assert "a\\nb" in result.stdout
    result = steepest_command("fit", file, "--target", "\x1b[31mno", "--no-out")
    assert (result.returncode, result.stderr.count("\n"), "\x1b" in result.stderr) == (2, 1, False)
    assert sorted(tmp_path.iterdir()) == before


def test_82_a_table_is_read_in_pieces_and_never_held(tmp_path, monkeypatch):
    """The largest batch, and the memory that the reader may take, do not depend on the file."""
    file = write(tmp_path / "t.csv", "a,b,y\n" + "1,2,3\n" * 300_000)
    monkeypatch.setattr("steepest.data.sources.connection.MEMORY_LIMIT", "100MB")
    monkeypatch.setattr(DuckDBRelation, "query", None)  # what is not a stream is not asked for
    lengths = [len(batch) for batch in steepest.open_source(file, target="y").batches()]
    assert (sum(lengths), max(lengths)) == (300_000, 131_072)


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "arguments", "status", "sentence"),
    [
        pytest.param(None, [], 3, "not found: ", id="52 missing file"),
        pytest.param("a,b,y\n1,2,3\n1,2\n", [], 3, "line 3 of ", id="57 short"),
        pytest.param("a,y\n" + "1,2\n" * 30_000 + "x\x1b[31m,2\n", [], 3, "Line: 30002: column 'a'", id="71 late text"),
        pytest.param(GOOD, ["--target", "z"], 2, "has no column 'z'", id="66 no such target"),
        pytest.param(f"{LONG},y\n1,2\n,4\n", [], 3, "1 value is missing", id="72 long name"),
        pytest.param(PACKED[:-9], [], 3, "packed by gzip", id="73 cut"),
        pytest.param(PARQUET[:400], [], 3, "its end is missing", id="74 cut"),
    ],
)
def test_the_command_line_gives_one_line_and_the_exit_status(tmp_path, content, arguments, status, sentence):
    file = tmp_path / "t.csv" if content is None else write(tmp_path / "t.csv", content)
    result = steepest_command("fit", file, "--target", "y", *arguments, "--no-out", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (status, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert sentence in line
    assert line.isprintable()
    assert len(line) < 800
    assert [path.name for path in Path(tmp_path).iterdir()] == ([] if content is None else ["t.csv"])
