"""The lab's server: what the page may ask, and what nobody may; the numbers are those of the rows of docs/lab.md."""

import asyncio
import base64
import gzip
import io
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

import steepest
from steepest.data.split import Share
from steepest.errors import DataError, UsageError
from steepest.lab import envelope, jobs, posts, reader, runs
from steepest.lab.answers import ALWAYS, Refusal, as_json
from steepest.lab.connection import Connection
from steepest.lab.guard import Guard
from steepest.lab.inspection import inspect_file
from steepest.lab.post_forms import FORMS, MOST_BYTES, PostForm, read_form
from steepest.lab.server import listening
from steepest.lab.server_settings import ServerSettings, new_token
from steepest.lab.sessions import ENDED, Sessions
from steepest.lab.upload import FileName, Upload
from steepest.summaries.summarize import read
from steepest.views.pages import Rows, page_of_rows
from tests.support.lab_client import everything, running
from tests.support.moments import until

CSV = b"x,kind,when,y\n" + b"".join(
    b"%d,%s,2024-01-%02d,%d\n" % (i, b"ab"[i % 2 :][:1] if i != 5 else b"", i % 28 + 1, 3 * i + (i * i) % 7)
    for i in range(60)
)
SLOW = "import os, pathlib, sys, time; sys.stdin.readline(); pathlib.Path({!r}).write_text(str(os.getpid())); time.sleep(60)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the server makes its folders; nothing may be left there."""
    kept, place = tempfile.tempdir, tmp_path_factory.mktemp("lab")
    tempfile.tempdir = str(place)
    yield place
    tempfile.tempdir = kept
    assert list(place.iterdir()) == []


@pytest.fixture(scope="module")
def server(folder):
    given = as_json(runs.points_payload([(0, 1), (1, 3), (2, 4)], 1))
    with running(given, upload_limit=200_000) as lab:
        yield lab


@pytest.fixture
def lab(server, folder):
    """A server that all tests share, without sessions of earlier ones."""
    assert files(folder) == []
    yield server
    server.end_sessions()


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """A reader that never ends by itself; gives the file that it writes its process ID to."""
    pid = tmp_path / "pid"
    monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", SLOW.format(str(pid))))
    return pid


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def is_running(pid):
    """Whether the process whose ID is in a file is there; one that has not come to write it was ended before."""
    if not pid.exists() or not pid.read_text():
        return False
    try:
        os.kill(int(pid.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def begin(lab, path, content, session):
    """Send a post of JSON and return the connection without waiting for the answer."""
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        f"X-Steepest-Session: {session}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", lab.port), timeout=120)
    connection.sendall(head.encode() + body)
    return connection


def unpacked(text):
    return np.frombuffer(base64.b64decode(text))


# what the page asks for


def test_the_page_is_the_same_for_everybody_and_may_ask_this_server_only(lab):
    status, headers, page = lab.request("GET", "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert lab.request("GET", "/", Cookie="a=b", X_Steepest_Session=lab.session())[2] == page
    policy = headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    # the page's own policy holds beside the header's, so it must let it ask as well
    assert page.count(b"connect-src 'self'") == 1
    assert "unsafe-eval" not in policy
    script_sources = policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe-inline" not in script_sources
    status, headers, nothing = lab.request("HEAD", "/")
    assert (status, int(headers["Content-Length"]), nothing) == (200, len(page), b"")


@pytest.mark.process
def test_a_table_is_uploaded_and_opened_as_the_library_would(lab, folder, tmp_path):
    session = lab.session()
    status, told = lab.upload(session, CSV, "my table.csv")
    assert status == 200, told
    assert (told["name"], told["rows"]) == ("my table.csv", 60)
    assert told["columns"] == [
        {"name": "x", "kind": "number", "missing": 0},
        {"name": "kind", "kind": "text", "missing": 1, "levels": 2, "like": None},
        {"name": "when", "kind": "date", "missing": 0},
        {"name": "y", "kind": "number", "missing": 0},
    ]
    assert [path.stat().st_mode & 0o777 for path in folder.rglob("*")] == [0o700, 0o700, 0o600]
    asked = {"target": "y", "features": ["x", "kind"], "missing": "drop", "degree": 2, "held_out": 0.25}
    status, told = lab.post("/open", asked, session)
    assert status == 200, told
    payload = told["payload"]
    assert (payload["title"], payload["target"]) == ("my table", "y")
    assert payload["features"] == ["x", "x^2", "kind=b"]
    # the same table by the library's own door, in this process: the same bits
    (tmp_path / "table.csv").write_bytes(CSV)
    summary = read(
        steepest.open_source(tmp_path / "table.csv", target="y", features=["x", "kind"], missing="drop", degree=2),
        Share(0.25),
    )
    run = steepest.descend(summary.triangle, standardize=True)
    own = page_of_rows(run, Rows(summary.sample, summary.test), title="my table").payload
    chosen = {"features": ["x", "kind"], "missing": "drop", "degree": 2}
    told = {"name": "my table.csv", "options": chosen, "test_size": 0.25, "seed": 0}
    assert payload == json.loads(json.dumps(own)) | {"id": "opened", "table": told}
    status, saved = lab.post("/page", {"which": "opened"}, session)
    assert status == 200
    held = re.search(rb'<script type="application/json" id="payload">(.*?)</script>', saved, re.DOTALL)[1]
    assert json.loads(held)["sets"] == [payload]
    assert json.loads(held)["served"] is None
    assert b"connect-src 'none'" in saved
    assert lab.post("/end", {}, session) == (200, {"ended": True})
    assert files(folder) == []


def test_points_are_opened_quickly_and_follow_least_squares(lab):
    session = lab.session()
    x = np.linspace(-3, 4, 500)
    y = 1 - 2 * x + 0.5 * x**3 + np.sin(40 * x)
    status, told = lab.post("/points", {"points": np.column_stack([x, y]).tolist(), "degree": 6}, session)
    assert status == 200, told
    payload = told["payload"]
    assert payload["features"] == ["x", "x²", "x³", "x⁴", "x⁵", "x⁶"]
    (limit,) = (unpacked(b["limit"]) for b in payload["spaces"]["standardized"]["blocks"] if b["l2"] == 0)
    # the scale of each power undone; numpy's fit of the powers themselves loses some four digits to κ
    scale, shift = (unpacked(payload["spaces"]["standardized"][name]) for name in ("scale", "shift"))
    weights = limit[1:] / scale
    np.testing.assert_allclose(weights, np.polynomial.polynomial.polyfit(x, y, 6)[1:], rtol=1e-9)
    assert limit[0] - weights @ shift == pytest.approx(np.polynomial.polynomial.polyfit(x, y, 6)[0], rel=1e-9)


@pytest.mark.parametrize(
    ("points", "degree", "words"),
    [
        ([], 1, "at least 2 points"),
        ([[1, 2]], 1, "at least 2 points"),
        ([[1, 2], [1, 3], [1, 4]], 2, "same x"),
    ],
)
def test_points_that_show_no_slope_are_told(lab, points, degree, words):
    status, told = lab.post("/points", {"points": points, "degree": degree}, lab.session())
    assert (status, told["field"]) == (400, "points")
    assert words in told["error"]


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [1e11, 1e11]],
        [[-1e11, 1], [1e11, 2], [3, 3]],
        [[1, 1], [1 + 2**-52, 2]],
        [[1e-300, 1], [2e-300, 2], [5e-300, 2]],
        [[0, 5], [1, 5]],
        [[0, 0], [1, 0], [2, 0]],
        [[5, 1e11], [6, -1e-11]],
    ],
)
@pytest.mark.parametrize("degree", [1, 6])
def test_points_at_the_edges_of_floats_are_opened_or_told_but_never_break_the_server(lab, points, degree):
    status, told = lab.post("/points", {"points": points, "degree": degree}, lab.session())
    assert status in (200, 400), told
    if status == 200:
        assert told["payload"]["run"]["epochs"] <= runs.MOST_EPOCHS  # row 112


WRONG_FILES = [
    ("empty.csv", b"", "empty"),
    ("header.csv", b"a,b\n", "no data rows"),
    ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "fields"),
    ("image.csv", b"PK\x03\x04" + bytes(200), "zip archive"),
    ("sqlite.csv", b"SQLite format 3\x00" + bytes(200), "database"),
    ("duck.csv", bytes(8) + b"DUCK" + bytes(200), "database"),
    ("lines.csv", b'{"a": 1}\n', "is JSON"),
    ("frozen.csv", b"\x28\xb5\x2f\xfd" + bytes(20), "packed by zstd"),
    ("table.parquet", b"a,b\n1,2\n", "is text"),
    ("magic.parquet", b"PAR1" + bytes(40), "Parquet"),
    ("twice.csv.gz", gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "packed by gzip"),
    ("cut.csv.gz", gzip.compress(CSV, mtime=0)[:-20], "end is missing"),
    ("plain.csv.gz", CSV, "not packed by gzip"),
]


@pytest.mark.parametrize(("name", "body", "words"), WRONG_FILES)
def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path, name, body, words):
    async def sent():
        upload = Upload(tmp_path, FileName.of(name), 200_000)
        try:
            for first in range(0, len(body), 7):
                await upload.feed(body[first : first + 7])
            return upload.finish()
        finally:
            upload.drop()

    with pytest.raises((Refusal, DataError), match=words):
        inspect_file(asyncio.run(sent()), 200_000)


def test_row_112_a_run_has_a_million_epochs_at_most(lab):
    # powers of numbers around 100 are nearly the same column: κ is beyond what float64 can tell apart
    points = [[100 + i, i * i % 7] for i in range(10)]
    status, told = lab.post("/points", {"points": points, "degree": 3}, lab.session())
    assert (status, told["payload"]["run"]["epochs"]) == (200, 1_000_000)
    X = np.column_stack([np.array(points)[:, 0] ** k for k in (1, 2, 3)])
    assert steepest.descend(X, np.array(points)[:, 1], standardize=True).requested_epochs > 1_000_000


@pytest.mark.process
def test_a_file_that_cannot_be_used_is_told_with_its_own_name(lab, folder):
    session = lab.session()
    for name, body, words in (WRONG_FILES[6], WRONG_FILES[-1]):
        status, told = lab.upload(session, body, name)
        assert status == 422, (name, told)
        assert name in told["error"]
        assert words in told["error"]
        assert str(folder) not in told["error"]
        assert "uploaded-" not in told["error"]
    assert files(folder) == []
    status, told = lab.post("/open", {"target": "y"}, session)
    assert (status, told["error"]) == (400, "no file has been sent in this session. Choose one first.")


@pytest.mark.process
def test_kinds_of_files_are_known_by_their_suffix_and_a_new_one_replaces_the_old(lab, folder, tmp_path):
    session = lab.session()
    duckdb.sql("SELECT i AS a, i * i AS b FROM range(40) r(i)").write_parquet(str(tmp_path / "t.parquet"))
    members = gzip.compress(CSV[:300]) + gzip.compress(CSV[300:]) + bytes(100)
    for name, body, rows in (
        ("b.CSV.GZ", members, 60),
        ("c.parquet", (tmp_path / "t.parquet").read_bytes(), 40),
    ):
        status, told = lab.upload(session, body, name)
        assert (status, told.get("rows")) == (200, rows), told
        assert len(files(folder)) == 1
    status, told = lab.post("/open", {"target": "b"}, session)
    assert (status, told["payload"]["row_count"]) == (200, 40)
    # one that cannot be used leaves the earlier one where it is
    assert lab.upload(session, CSV, "x.csv.gz")[0] == 422
    status, told = lab.post("/open", {"target": "c"}, session)
    assert status == 400
    assert "c.parquet has no column 'c'" in told["error"]


# how a file is written, and what its columns look like


PLAIN = "größe,stadt,preis\n" + "".join(
    f"{i / 4},{('Köln', 'Bonn', 'Ulm')[i % 3]},{i * 3 / 4 + i % 5}\n" for i in range(40)
)
GERMAN = PLAIN.replace(",", ";").replace(".", ",")


@pytest.fixture(scope="module")
def plain_payload(server):
    session = server.session()
    assert server.upload(session, PLAIN.encode(), "preise.csv")[0] == 200
    payload = server.post("/open", {"target": "preis"}, session)[1]["payload"]
    assert payload.pop("table")["options"] == {}
    server.end_sessions()
    return payload


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "first", "written"),
    [
        (GERMAN.encode(), 200, {"decimal": "comma"}),
        (GERMAN.encode(), 200, {"decimal": "comma", "delimiter": "semicolon"}),
        (GERMAN.encode("latin-1"), 422, {"decimal": "comma", "encoding": "latin-1"}),
        (GERMAN.encode("utf-16"), 422, {"decimal": "comma", "encoding": "utf-16"}),
        (GERMAN.replace(";", "\t").encode(), 200, {"decimal": "comma", "delimiter": "tab"}),
        (
            GERMAN.replace(";", "|").encode("latin-1"),
            422,
            {"decimal": "comma", "delimiter": "bar", "encoding": "latin-1"},
        ),
        (PLAIN.replace(",", " ").encode(), 422, {"delimiter": "space"}),
        (PLAIN.replace(",", ":").encode(), 422, {"delimiter": "colon"}),
    ],
)
def test_a_file_is_read_as_the_form_says_it_is_written(plain_payload, lab, text, first, written):
    session = lab.session()
    status, told = lab.upload(session, text, "preise.csv")
    assert status == first, told
    assert "--" not in str(told)
    if status == 200:
        assert told["columns"][2] == {
            "name": "preis",
            "kind": "text",
            "missing": 0,
            "levels": 40,
            "like": "decimal comma",
        }
    else:
        assert told["field"] in ("delimiter", "encoding")
    status, told = lab.post("/columns", written, session)
    assert status == 200, told
    assert (told["name"], told["rows"]) == ("preise.csv", 40)
    assert told["columns"] == [
        {"name": "größe", "kind": "number", "missing": 0},
        {"name": "stadt", "kind": "text", "missing": 0, "levels": 3, "like": None},
        {"name": "preis", "kind": "number", "missing": 0},
    ]
    status, told = lab.post("/open", {"target": "preis", **written}, session)
    assert status == 200, told
    payload = told["payload"]
    marks = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "colon": ":", "space": " "}
    options = {key: marks.get(value, value) for key, value in written.items()}
    assert payload.pop("table")["options"] == options
    # the same numbers, as they are usually written: the same page to the last bit
    assert payload == plain_payload


@pytest.mark.process
def test_a_file_that_is_written_otherwise_is_kept_in_the_place_of_the_earlier_one(lab, folder):
    session = lab.session()
    assert lab.post("/columns", {}, session)[0] == 400
    assert lab.upload(session, CSV, "first.csv")[0] == 200
    status, told = lab.upload(session, GERMAN.encode("utf-16"), "second.csv")
    assert (status, told["field"]) == (422, "encoding")
    assert len(files(folder)) == 1
    status, told = lab.post("/columns", {"encoding": "latin-1"}, session)
    assert status == 422, told
    status, told = lab.post("/columns", {"encoding": "utf-16", "delimiter": "semicolon"}, session)
    assert (status, told["name"]) == (200, "second.csv")
    assert [column["kind"] for column in told["columns"]] == ["text"] * 3
    # what no way of reading mends is not kept, and leaves the earlier one where it is
    assert lab.upload(session, WRONG_FILES[3][1], "third.csv")[0] == 422
    assert lab.post("/columns", {"encoding": "utf-16"}, session)[1]["name"] == "second.csv"
    assert len(files(folder)) == 1


def test_columns_of_text_are_told_by_what_they_hold(tmp_path):
    rows = range(300)
    columns: dict[str, list] = {
        "few": [f"k{i % 20}" for i in rows],
        "more": [f"k{i % 57}" for i in rows],
        "names": [f"name {i}" for i in rows],
        "one": ["k" for _ in rows],
        "marked": [f"{i},5" for i in rows],
        "grouped": [f"{i + 1},000" for i in rows],
        "mixed": [f"{i % 7},25" if i % 2 else str(i % 7) for i in rows],
        "money": [f"${i % 9}" for i in rows],
        "gaps": ["" if i % 3 else "ab"[i % 2] for i in rows],
        "mostly": [f"{i},5" if i < 299 else "unknown" for i in rows],
        "y": list(rows),
    }
    text = "\n".join(";".join(map(str, row)) for row in (columns, *zip(*columns.values(), strict=True)))
    (tmp_path / "t.csv").write_text(text)
    found = {column.pop("name"): column for column in inspect_file(tmp_path / "t.csv", 200_000)["columns"]}
    assert found.pop("y") == {"kind": "number", "missing": 0}
    likes = {"marked": "decimal comma", "mixed": "decimal comma", "money": "number"}
    for name, told in found.items():
        values = set(columns[name]) - {""}
        levels = len(values) if len(values) <= 57 else None
        missing = columns[name].count("")
        assert told == {"kind": "text", "missing": missing, "levels": levels, "like": likes.get(name)}, name


def test_columns_of_text_are_listed_in_little_memory_however_many(tmp_path):
    # a list of values for each of a hundred columns would take all that the reader of tables may have
    rows = "".join(",".join(f"k{(i * 7 + j) % (i + 1)}" for i in range(220)) + "\n" for j in range(40))
    (tmp_path / "t.csv").write_text(",".join(f"c{i}" for i in range(220)) + "\n" + rows)
    found = inspect_file(tmp_path / "t.csv", 200_000)["columns"]
    assert [column["levels"] for column in found] == [min(i + 1, 40) for i in range(220)]


ASKED = {"target": "y", "features": ["a"], "missing": "error", "degree": 1, "held_out": 0.0, "title": "t"}
REFUSED = [
    (
        "open",
        "a,y\n1,2\n,3\n2,5\n",
        {},
        r"leave those rows out .“Rows with missing values”: leave them out., or .*: 0 and an indicator.\.$",
        "missing",
    ),
    (
        "open",
        "a,y\n1,2\n2,\n2,5\n",
        {"missing": "indicator"},
        r"^.* no indicator column. Fill them in, or leave those rows out .“Rows with missing values”: leave them out.\.$",
        "missing",
    ),
    (
        "open",
        "a;y\n1,5;2\n2,5;3\n2,5;5\n",
        {},
        "“How the file is written”, “Decimal mark”: comma., or leave the column out .untick it.",
        "decimal",
    ),
    ("open", "a,y\n2024-01-01,2\n2024-01-02,3\n", {}, "leave the column out .untick it.", "features"),
    ("open", "a,y\n,2\n,3\n", {}, "eave the column out .untick it.", "features"),
    (
        "open",
        "a,y\n" + "".join(f"k{i},{i}\n" for i in range(1_100)),
        {},
        "Leave the column out .untick it.",
        "features",
    ),
    ("open", "a,y\n" + "".join(f"{i},k{i}\n" for i in range(30)), {}, "must be a number", None),
    ("open", "a,y\n1,x\n2,x\n", {}, "one label only, 'x'", None),
    ("open", "a;y\n1;1,5\n2;2,5\n3;3,5\n", {}, "“Decimal mark”: comma", "decimal"),
    (
        "inspect",
        "a:y\n1:2\n2:3\n",
        {},
        "separates its fields .“How the file is written”, “Fields separated by”: colon.",
        "delimiter",
    ),
    ("inspect", "a,y\n1,2\n2,3\n", {"delimiter": "tab"}, "“Fields separated by”: comma", "delimiter"),
    ("inspect", "a\ty\n1\t2\n2\t3\n", {"delimiter": "bar"}, "“Fields separated by”: tab", "delimiter"),
    (
        "inspect",
        "a;y\n1,5;2,5\n1,7;3,5\n",
        {},
        "or say what separates its fields .“How the file is written”, “Fields separated by”.",
        "delimiter",
    ),
    ("inspect", "1;2\n1;2\n2;3\n", {}, "no header line.*“How the file is written”", "delimiter"),
    ("inspect", "a,y\n1,2\n2,3,4\n", {}, "Correct .*“How the file is written”", "delimiter"),
    (
        "inspect",
        "a;y\n" + "1;2\n" * 30_000 + "1,5;2\n",
        {},
        "'1,5'.*what its decimal mark is .“How the file is written”, “Decimal mark”.\\.$",
        "delimiter",
    ),
    (
        "inspect",
        "a,y\nä,2\nö,3\n".encode("latin-1"),
        {},
        "Give its encoding .“How the file is written”, “Encoding”: Latin-1.",
        "encoding",
    ),
    ("inspect", "a,y\n1,2\n".encode("utf-16"), {}, "“Encoding”: UTF-16", "encoding"),
    ("inspect", "a,y\nä,2\n".encode(), {"encoding": "utf-16"}, "“How the file is written”, “Encoding”", "encoding"),
    ("inspect", "a,a\n1,2\n", {}, "columns of the same name", None),
]


@pytest.mark.parametrize(("do", "text", "asked", "words", "field"), REFUSED)
def test_a_refusal_names_what_the_form_offers(tmp_path, do, text, asked, words, field):
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = json.loads(
        reader._output({"do": do, "path": str(path), "name": "t.csv", "limit": 1_000_000, **ASKED, **asked})
    )
    assert re.search(words, said["error"]), said
    assert "--" not in said["error"]
    assert said["field"] == field


LEFT = ["no", "yes", "yes", "no"] * 5
KIND = ["fir", "oak", "pine", "oak", "fir"] * 4


@pytest.mark.parametrize(
    ("labels", "loss", "words"),
    [
        (LEFT, "logistic", "on logistic loss: predicted is the probability of 'yes'."),
        (["false", "true", "true", "true"] * 5, "logistic", "the probability of 'true'."),
        (KIND, "multinomial", "on multinomial loss: predicted is the probability of each of 3 classes."),
    ],
)
def test_a_target_of_labels_is_fitted_by_the_loss_of_classes(tmp_path, labels, loss, words):
    path = tmp_path / "t.csv"
    a = np.random.default_rng(3).normal(size=20)
    path.write_text("\n".join(["a,y", *(f"{x},{label}" for x, label in zip(a, labels, strict=True))]))
    request = {"do": "open", "path": str(path), "name": "t.csv", "limit": 1_000_000, **ASKED, "held_out": 0.25}
    head, result = reader._output(request).split(b"\n")
    assert json.loads(head)["error"] is None
    told = json.loads(result)
    assert told["about"].endswith(words)
    assert told["over"]["loss"] == loss
    source = steepest.open_source(path, target="y", features=["a"], loss="auto")
    share = Share(0.25)
    (batch,) = source.batches()
    learned = batch.take(~share.holds_out(batch.positions))
    own = steepest.descend(learned.X, learned.y, features=["a"], loss=loss, standardize=True)
    assert told["run"]["learning_rate"] == own.rule.learning_rate
    floor = next(block["floor"] for block in told["spaces"]["standardized"]["blocks"] if block["l2"] == 0)
    assert floor == pytest.approx(own.optimum.loss, rel=1e-12)
    assert told["held_rows"]["count"] == 20 - len(learned) == told["held_out_count"]


# rows 99 to 103: who may ask


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost:{port}.evil.example", "127.0.0.2:{port}",
     "127.0.0.1:{port}@evil.example", "0.0.0.0:{port}", "localhost.:{port}", "", "[::1", "10.0.0.1:{port}"],
)  # fmt: skip
@pytest.mark.parametrize("upgrade", [None, "websocket"])
def test_row_99_a_foreign_host_is_refused_whatever_is_asked(lab, host, upgrade):
    host = host.format(port=lab.port)
    more = {
        "Upgrade": upgrade,
        "Connection": "Upgrade" if upgrade else None,
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    status, headers, said = lab.request("GET", "/", Host=host, **more)
    assert status == 403
    assert b"--host" in said
    assert_safe(headers)
    assert lab.request("POST", "/session", b"{}", Host=host, Origin=f"http://{host}")[0] == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_row_99_the_servers_own_names_are_taken_and_nothing_is_upgraded(lab, name):
    host = f"{name}:{lab.port}"
    assert lab.request("GET", "/", Host=host, Upgrade="websocket", Connection="Upgrade")[0] == 200
    assert lab.post("/session", {}, Host=host, Origin=f"http://{host}")[0] == 200


def test_row_99_hosts_of_other_addresses_and_tunnels():
    own = ServerSettings("192.168.0.7", hosts=("lab.example:443", "lab.example"))
    for host in (
        "192.168.0.7:8008",
        "localhost:8008",
        f"{socket.gethostname().lower()}:8008",
        "10.1.2.3:8008",
        "lab.example",
    ):
        assert own.is_own_name(host, 8008), host
    for host in ("evil.example:8008", "192.168.0.7", "sub.lab.example", "10.1.2.3.evil.example:8008", "lab.example:80"):
        assert not own.is_own_name(host, 8008), host
    assert ServerSettings().is_own_name("127.0.0.1", 80)
    guard = Guard(own, 8008, {"/end": "POST"})

    def asked(host, origin):
        headers = {"Host": host, "Origin": origin, "Content-Type": "application/json"}
        return {
            "method": "POST",
            "raw_path": b"/end",
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }

    guard.check(asked("lab.example", "https://lab.example"))
    with pytest.raises(Refusal, match="own page"):
        guard.check(asked("192.168.0.7:8008", "https://192.168.0.7:8008"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "http://localhost:{port}"},  # another name of ours is another site to the browser
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:{port}/"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_row_100_other_sites_change_nothing(lab, headers):
    headers = {name: value and value.format(port=lab.port) for name, value in headers.items()}
    session = lab.session()
    for path in sorted(FORMS):
        assert lab.post(path, {}, session, **headers)[0] == 403, path
    assert lab.upload(session, CSV, **headers)[0] == 403
    assert lab.post("/cancel", {}, session)[0] == 200  # it has not been ended


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None, "application/jsonp"]
)
def test_row_100_kinds_of_bodies_that_a_form_can_send_are_refused(lab, kind):
    assert lab.post("/session", {}, **{"Content-Type": kind})[0] == 415
    assert lab.upload(lab.session(), CSV, **{"Content-Type": kind})[0] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_rows_100_101_114_other_methods_do_nothing_and_preflights_get_no_leave(lab, method):
    asked = {"Origin": "http://evil.example", "Access_Control_Request_Method": "POST"}
    for path in ("/", "/session", "/upload", "/x"):
        status, headers, said = lab.request(method, path, **asked, Cookie="secret")
        assert status == 405
        assert headers["Allow"]
        assert not [name for name in headers if name.lower().startswith("access-control")]
        assert b"secret" not in said
        assert_safe(headers)
    assert lab.request("GET", "/session")[0] == 405
    assert lab.request("POST", "/", Origin=f"http://{lab.host}")[0] == 405


def test_row_102_only_this_machine_is_listened_to_unless_a_token_is_asked_for():
    assert ServerSettings().address == "127.0.0.1"
    with listening(ServerSettings(port=0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UsageError, match="a token is needed"), listening(ServerSettings(address="0.0.0.0", port=0)):
        pass
    with (
        pytest.raises(UsageError, match="none of this machine's"),
        listening(ServerSettings(address="192.0.2.1", port=0, token="t")),
    ):
        pass


def test_row_102_a_token_is_asked_for_once_and_never_said(folder):
    token = new_token()
    with running(b'{"secret":1}', token=token) as lab:
        for wrong in ({}, {"token": ""}, {"token": token[:-1]}, {"token": token + "x"}, {"token": "ключ"}):
            status, told = lab.post("/session", wrong)
            assert (status, told["field"]) == (401, "token")
            assert "secret" not in str(told)
        status, told = lab.post("/session", {"token": f" {token.upper()} "})
        assert (status, told["given"]) == (200, {"secret": 1})
        # a page that is loaded again has its session, and needs no token
        assert lab.post("/session", {}, told["session"])[1]["session"] == told["session"]
        assert lab.post("/session", {}, "guess")[0] == 401
        assert lab.post("/points", {"points": [[0, 0], [1, 1]]}, "guess")[0] == 410
        assert lab.post("/points", {"points": [[0, 0], [1, 1]]})[0] == 401
        assert token not in str(lab.lines) + str(lab.request("GET", "/"))
    assert len(set(token) - {"-"}) > 5


def test_row_103_a_busy_port_is_told(lab):
    with (
        pytest.raises(UsageError, match=f"port {lab.port} is in use .* --port 0"),
        listening(ServerSettings(port=lab.port)),
    ):
        pass


# row 104: uploads


@pytest.mark.process
def test_row_104_uploads_are_bounded_by_their_unpacked_bytes_however_they_come(lab, folder):
    session = lab.session()
    limit = 200_000
    exact = b"a,b\n" + b"1,2\n" * ((limit - 4) // 4)
    assert len(exact) == limit
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000, compresslevel=1)
    members = gzip.compress(b"1,2\n" * 1_000) * 60
    for name, body, more in (
        ("length.csv", exact + b"1", {}),
        ("chunks.csv", exact + b"1", {"chunked": True}),
        ("bomb.csv.gz", bomb[:limit], {}),
        ("members.csv.gz", members, {"chunked": True}),
        ("long.csv", exact * 20, {"chunked": True}),
        ("no-body.csv.gz", gzip.compress(b"") * 20_000, {"chunked": True}),
    ):
        status, told = lab.upload(session, body, name, **more)
        assert (status, "0.2 MB" in told["error"]) == (413, True), (name, told)
        assert files(folder) == []
    assert lab.upload(session, exact, "whole.csv", chunked=True)[1]["rows"] == (limit - 4) // 4
    assert lab.upload(session, exact, **{"Content-Encoding": "gzip"})[0] == 415
    assert len(files(folder)) == 1


@pytest.mark.process
def test_row_104_a_length_beyond_the_limit_is_refused_before_the_body_is_sent(lab, monkeypatch):
    monkeypatch.setattr(envelope, "LINGER_SECONDS", 0.2)
    session = lab.session()
    head = (
        f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
        "Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: 999999999999\r\n"
    )
    said = lab.raw(f"{head}Expect: 100-continue\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 413")
    assert b"HTTP/1.1 100" not in said
    assert lab.raw(f"{head}\r\n".encode()).startswith(b"HTTP/1.1 413")
    # one that is taken is asked to go on
    small = head.replace("999999999999", str(len(CSV))).encode()
    with socket.create_connection(("127.0.0.1", lab.port), timeout=120) as connection:
        connection.sendall(small + b"Connection: close\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(CSV)
        assert b"200 OK" in everything(connection)


@pytest.mark.process
def test_row_104_parquet_is_judged_by_its_metadata_before_it_is_read(lab, folder, tmp_path):
    # one value in a million rows: a few kilobytes, 8 MB as numbers
    duckdb.sql("SELECT 7 AS a, 8 AS b FROM range(1000000)").write_parquet(str(tmp_path / "t.parquet"))
    body = (tmp_path / "t.parquet").read_bytes()
    assert len(body) < 100_000
    status, told = lab.upload(lab.session(), body, "same.parquet")
    assert status == 422, told
    assert "same.parquet has 1,000,000 rows of 2 columns, 16 MB unpacked; up to 0.2 MB are read" in told["error"]
    # the same for text: two columns of one value each
    duckdb.sql("SELECT repeat('x', 300000) AS a, 8 AS b FROM range(2)").write_parquet(
        str(tmp_path / "u.parquet"), compression="zstd"
    )
    body = (tmp_path / "u.parquet").read_bytes()
    assert len(body) < 100_000
    assert "MB unpacked" in lab.upload(lab.session(), body, "text.parquet")[1]["error"]
    assert files(folder) == []


@pytest.mark.process
def test_row_104_a_post_is_bounded_and_so_is_what_a_job_may_say(lab, monkeypatch):
    session = lab.session()
    long = b'{"points": [' + b"[1, 2], " * 10_000 + b"[2, 3]]}"
    assert lab.post("/points", long, session)[0] == 413
    own = {"Origin": f"http://{lab.host}", "Content-Type": "application/json", "X-Steepest-Session": session}
    status, _, said = lab.request("POST", "/points", long, chunked=True, **own)
    assert status == 413
    assert f"{MOST_BYTES:,} bytes".encode() in said
    monkeypatch.setattr(jobs, "MOST_RESULT", 100_000)
    long = """print('{"error": null, "kind": ""}'); print('1' * 10_000_000)"""
    monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", long))
    status, told = lab.upload(session, CSV)
    assert status == 422
    assert "too large for a page" in told["error"]


# row 105: slow and many clients


def test_row_105_slow_and_silent_clients_are_left(folder):
    with (
        running(header_seconds=0.5, body_seconds=0.5) as lab,
        socket.create_connection(("127.0.0.1", lab.port), timeout=120) as silent,
        socket.create_connection(("127.0.0.1", lab.port), timeout=120) as header,
        socket.create_connection(("127.0.0.1", lab.port), timeout=120) as body,
    ):
        header.sendall(b"GET / HTTP/1.1\r\nHost: ")
        head = f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        body.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        assert [everything(one)[:12] for one in (silent, header, body)] == [b"", b"", b"HTTP/1.1 408"]


@pytest.mark.process
def test_row_105_connections_that_say_nothing_cannot_keep_others_out(folder, slow):
    with running(most_connections=20) as lab:
        session = lab.session()
        assert lab.request("GET", "/")[0] == 200
        opened = []
        try:
            lab_post = begin(lab, "/points", {"points": [[0, 0], [1, 1]]}, session)
            with lab_post:
                assert b"200 OK" in everything(lab_post)
            busy = socket.create_connection(("127.0.0.1", lab.port), timeout=120)
            opened.append(busy)
            busy.sendall(
                f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
                "Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: 8\r\n\r\na,b\n".encode()
            )
            until(lambda: files(folder))
            for _ in range(300):
                opened.append(socket.create_connection(("127.0.0.1", lab.port), timeout=120))
            assert lab.request("GET", "/")[0] == 200
            # of the silent ones the first are closed and the last are not; the one that is at work is kept
            assert opened[1].recv(1) == b""
            opened[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                opened[-1].recv(1)
            busy.sendall(b"1,2\n")
            until(slow.exists)
            assert lab.post("/cancel", {}, session) == (200, {"cancelled": True})
            assert b"409" in busy.recv(100)
        finally:
            for one in opened:
                one.close()


def test_row_105_an_answer_that_nobody_takes_is_given_up(folder, monkeypatch):
    given_up, lost = threading.Event(), Connection.connection_lost

    def losing(connection, error):
        lost(connection, error)
        given_up.set()

    monkeypatch.setattr(Connection, "connection_lost", losing)
    large = b'"%s"' % (b"x" * 40_000_000)  # more than the system keeps for a connection
    with running(large, answer_seconds=0.5) as lab:
        sent = begin(lab, "/session", {}, "")
        with sent:
            assert given_up.wait(120)
            assert len(everything(sent)) < 30_000_000
        assert len(lab.post("/session", {})[1]["given"]) == 40_000_000


# row 106: JSON


POINTS = '{"points": [[0, 0], [1, 1]], "degree": 1}'
WRONG = [
    ("", None), ("{", None), ("[]", None), ("null", None), ("1", None), ('"x"', None), (POINTS + "x", None),
    ("{'degree': 1}", None), ('{"points": [[0,0],[1,1]],}', None), ("\ufeff" + POINTS, None), ("[" * 60_000, None),
    ('{"points": ' + "[" * 30_000 + "]" * 30_000 + "}", None), ('{"points": ' + '{"a":' * 900 + "1" + "}" * 900 + "}", "points"),
    ("{}", "points"), ('{"degree": 1}', "points"), ('{"points": null}', "points"), ('{"points": {}}', "points"),
    ('{"points": "x"}', "points"), ('{"points": [1, 2]}', "points"), ('{"points": [[1], [2]]}', "points"),
    ('{"points": [[1, 2, 3], [2, 3, 4]]}', "points"), ('{"points": [[NaN, 0], [1, 1]]}', "points"),
    ('{"points": [[0, -Infinity], [1, 1]]}', "points"), ('{"points": [[1e999, 0], [1, 1]]}', "points"),
    ('{"points": [[1e16, 0], [1, 1]]}', "points"), ('{"points": [["0", 0], [1, 1]]}', "points"),
    ('{"points": [[true, 0], [1, 1]]}', "points"), ('{"points": [[null, 0], [1, 1]]}', "points"),
    ('{"points": [[' + "9" * 50_000 + ", 0], [1, 1]]}", "points"), ('{"points": NaN}', "points"),
    (POINTS[:-1] + ', "degree": 2}', "degree"), (POINTS[:-1] + ', "points": []}', "points"),
    (POINTS[:-1] + ', "epochs": 1000000000000}', "epochs"), (POINTS[:-1] + ', "__proto__": {}}', "__proto__"),
    *((POINTS.replace('e": 1', f'e": {value}'), "degree") for value in (
        "0", "7", "-1", "1.0", "1.5", "true", "null", '"1"', "NaN", "[1]", "1e400", "9" * 5_000, "{}")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field"), WRONG)
def test_row_106_json_that_is_not_what_is_asked_for_is_refused_with_the_field(lab, text, field):
    status, told = lab.post("/points", text.encode(), lab.session())
    assert (status, told["field"]) == (400, field), told
    assert told["error"].endswith(".")
    assert len(told["error"]) < 400


WRONG_WRITING = [
    ({"delimiter": ";"}, "delimiter"),
    ({"delimiter": None}, "delimiter"),
    ({"delimiter": "semicolon "}, "delimiter"),
    ({"delimiter": "', header=false, delim='"}, "delimiter"),
    ({"decimal": ","}, "decimal"),
    ({"decimal": 1}, "decimal"),
    ({"encoding": "UTF-8"}, "encoding"),
    ({"encoding": "utf-8'"}, "encoding"),
    ({"encoding": ["utf-8"]}, "encoding"),
]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"target": 1}, "target"),
        ({"target": "\ud800"}, "target"),
        ({"features": []}, "features"),
        ({"features": ["x", 1]}, "features"),
        ({"features": "x"}, "features"),
        ({"missing": "guess"}, "missing"),
        ({"missing": True}, "missing"),
        ({"held_out": 0.51}, "held_out"),
        ({"held_out": -1e-9}, "held_out"),
        ({"held_out": False}, "held_out"),
        ({"held_out": "0.2"}, "held_out"),
        ({"degree": 7}, "degree"),
        ({"path": "/etc/passwd"}, "path"),
        *WRONG_WRITING,
    ],
)
def test_row_106_each_field_of_open_is_checked(lab, asked, field):
    status, told = lab.post("/open", {"target": "y", **asked}, lab.session())
    assert (status, told["field"]) == (400, field), told


@pytest.mark.parametrize(("asked", "field"), WRONG_WRITING)
def test_row_106_each_field_of_columns_is_checked(lab, asked, field):
    status, told = lab.post("/columns", asked, lab.session())
    assert (status, told["field"]) == (400, field), told
    assert "--" not in told["error"]


def test_row_106_bytes_that_are_no_text_are_refused(lab):
    for body in (b"\xff\xfe{}", b"{\xff}", b"\x00", POINTS.encode("utf-16")):
        assert lab.post("/points", body, lab.session())[0] == 400
    for path in sorted(FORMS):
        assert lab.post(path, b"[1]", lab.session())[0] == 400


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["points", "degree", "target"]) | st.text(), inner),
)


@pytest.mark.slow
@settings(max_examples=100)
@drawn(st.binary() | st.text().map(str.encode) | JSON_LIKE.map(lambda value: json.dumps(value).encode()))
def test_row_106_nothing_but_a_refusal_comes_of_any_bytes(body):
    for form in FORMS.values():
        refused = None
        try:
            found = read_form(body, form)
        except Refusal as refusal:
            refused = refusal
        if refused is None:
            assert isinstance(found, PostForm)
            assert type(found) is form
        else:
            assert refused.status == 400
            assert json.loads(refused.body)["error"]


# rows 107 to 110: paths, texts, frames, secrets


@pytest.mark.parametrize(
    "path",
    ["/../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e/etc/passwd", "/..\\..\\etc\\passwd",
     "//etc/passwd", "/etc/passwd", "/static/../x", "/session/../session", "/session%00", "/session/", "//session", "/SESSION",
     "/upload.csv", "/uploadx", "/page?which=given", "/?a=b", "/favicon.ico", "/%2f", "http://evil.example/", "*", "/./",
     "/steepest-lab-x/uploaded.csv"],
)  # fmt: skip
def test_row_107_no_address_is_a_path(lab, path):
    for method in ("GET", "POST"):
        said = lab.raw(f"{method} {path} HTTP/1.1\r\nHost: {lab.host}\r\nContent-Length: 0\r\n\r\n".encode())
        assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), said[:100]
        assert b"root:" not in said


@pytest.mark.parametrize("path", ["/\0", "/a\0b", "/a b", "/\xff", "/\r\nX: y"])
def test_row_107_addresses_that_are_none_are_refused(lab, path):
    said = lab.raw(f"GET {path} HTTP/1.1\r\nHost: {lab.host}\r\n\r\n".encode("latin-1"))
    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), said[:100]


NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.mark.process
def test_rows_108_115_texts_of_a_table_stay_texts_and_name_no_file_in_a_header(lab):
    session = lab.session()
    body = f"x,{{kind}},{NASTY},y\n".encode() + b"".join(
        b"%d,%s,%d,%d\n" % (i, NASTY.encode() if i % 2 else b"{0}", i * i, 2 * i) for i in range(20)
    )
    status, told = lab.upload(session, body, urllib.parse.quote(f"a/{NASTY}\x1b[31m\r\n\u202e.csv"))
    assert status == 200, told
    # what stands before the last slash is no part of a name; control characters and reversals are made visible
    assert told["name"] == "script><img src=x onerror=alert(1)>\\x1b[31m\\r\\n\\u202e.csv"
    assert [column["name"] for column in told["columns"]] == ["x", "{kind}", NASTY, "y"]
    own = {"Origin": f"http://{lab.host}", "Content-Type": "application/json", "X-Steepest-Session": session}
    status, headers, said = lab.request("POST", "/open", json.dumps({"target": "y"}).encode(), **own)
    assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, "application/json", "nosniff")
    assert json.loads(said)["payload"]["features"][-1] == NASTY
    status, told = lab.post("/open", {"target": NASTY + "'\"--{y}\0"}, session)
    assert status == 400, told
    assert "has no column" in told["error"]
    status, headers, saved = lab.request("POST", "/page", b'{"which": "opened"}', **own)
    assert_safe(headers)
    assert "onerror" not in str(headers)
    assert NASTY.encode() not in saved
    assert b"\\u003c/script\\u003e\\u003cimg" in saved
    status, told = lab.post("/open", {NASTY: 1}, session)
    assert (status, told["field"]) == (400, NASTY)


def assert_safe(headers):
    """Rows 101, 108 and 109: headers that every answer has, and those that none has."""
    for name, value in ALWAYS.items():
        assert headers[name] == value or name == "Content-Security-Policy", name
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for name in (
        "Server",
        "Date",
        "Set-Cookie",
        "Etag",
        "Content-Disposition",
        "X-Powered-By",
        "Access-Control-Allow-Origin",
    ):
        assert name not in headers, name


def test_rows_108_109_every_answer_has_the_headers(lab):
    session = lab.session()
    own = {"Origin": f"http://{lab.host}", "Content-Type": "application/json", "X-Steepest-Session": session}
    answers = [lab.request("GET", path) for path in ("/", "/x", "/session")]
    answers += [lab.request("HEAD", "/"), lab.request("GET", "/", Host="evil.example")]
    answers += [lab.request("POST", path, b"{}", **own) for path in sorted(FORMS) if path != "/end"]
    answers += [lab.request("POST", "/page", b'{"which": "given"}', **own)]
    answers += [lab.request("POST", "/cancel", b"{}", **{**own, "X-Steepest-Session": "none"})]
    assert {answer[0] for answer in answers} == {200, 400, 403, 404, 405, 410}
    for _, headers, _ in answers:
        assert_safe(headers)
    # a request that cannot be read at all gets them too
    head = lab.raw(b"nonsense\r\n\r\n").partition(b"\r\n\r\n")[0].decode()
    assert head.startswith("HTTP/1.1 400")
    assert_safe(dict(line.split(": ", 1) for line in head.splitlines()[1:]))


def test_row_110_what_goes_wrong_inside_says_no_secret(lab, monkeypatch):
    session = lab.session()

    def broken(points, degree):
        raise KeyError(f"secret of {session} in /home/somebody")

    monkeypatch.setattr(posts, "points_payload", broken)
    lab.lines.clear()
    status, told = lab.post("/points", POINTS.encode(), session)
    assert status == 500
    assert told["error"].startswith("something went wrong inside the server.")
    log = "\n".join(lab.lines)
    assert "Inside the server: KeyError at test_lab_server.py, line" in log
    for secret in (session, "secret", "/home", "Traceback", os.fspath(Path(__file__).parent)):
        assert secret not in log + str(told)


def test_row_110_the_log_holds_one_plain_line_for_each_request(lab):
    lab.lines.clear()
    session = lab.session()
    lab.raw(b"GET /\x1b[31m HTTP/1.1\r\n\r\n")
    lab.raw(f"GET /%0a{'x' * 5_000} HTTP/1.1\r\nHost: {lab.host}\r\n\r\n".encode())
    lab.raw("GET /\x85\u00ad HTTP/1.1\r\nHost: {lab.host}\r\n\r\n".encode("latin-1"))
    log = "\n".join(lab.lines)
    assert session not in log
    assert [line.partition(",")[0] for line in lab.lines if "/session" in line] == ["POST /session 200"]
    assert log.isprintable() or all(line.isprintable() for line in lab.lines)
    assert max(map(len, lab.lines)) < 250


@pytest.mark.process
def test_row_110_a_job_that_breaks_says_no_path(lab, folder, monkeypatch):
    for code in ("raise SystemExit('/home/somebody')", "print('/home/somebody')", "import os; os.abort()"):
        monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", code))
        status, told = lab.upload(lab.session(), CSV)
        assert status == 422
        assert told["error"].startswith("reading the table ended early")
    assert files(folder) == []


@pytest.mark.process
def test_row_112_a_job_has_its_memory_and_no_more(lab, folder, monkeypatch):
    code = "from steepest.lab import reader; reader.MEMORY = reader.MEMORY_OF_A_CORE = 0; reader.main()"
    monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", code))
    status, told = lab.upload(lab.session(), CSV)
    assert status == 422, told
    assert "memory" in told["error"] or "cannot be read" in told["error"], told
    assert files(folder) == []


@pytest.mark.process
def test_a_reader_that_is_done_ends_by_itself(tmp_path):
    (tmp_path / "t.csv").write_bytes(CSV)
    request = {"do": "inspect", "path": str(tmp_path / "t.csv"), "name": "t.csv", "limit": 10_000}
    with subprocess.Popen(
        [*jobs.COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reader:
        reader.stdin.write(json.dumps(request).encode() + b"\n")
        reader.stdin.flush()
        head, _, result = reader.stdout.read().partition(b"\n")
        # its stdin is open still
        assert (reader.wait(120), reader.stderr.read()) == (0, b"")
    assert json.loads(head) == {"error": None, "kind": ""}
    assert json.loads(result)["rows"] == 60


# rows 111 to 113: sessions and jobs


@pytest.mark.process
def test_row_111_sessions_know_nothing_of_each_other(lab):
    one, other = lab.session(), lab.session()
    assert one != other
    assert lab.upload(one, CSV)[0] == 200
    assert lab.post("/open", {"target": "y"}, other)[0] == 400
    lab.post("/points", {"points": [[0, 0], [1, 5]]}, one)
    assert lab.post("/page", {"which": "opened"}, other)[0] == 400
    assert lab.post("/page", {"which": "drawn"}, other)[0] == 400
    assert lab.post("/session", {}, other)[1]["drawn"] is None
    assert lab.post("/session", {}, one)[1]["drawn"]["row_count"] == 2
    lab.post("/end", {}, one)
    status, told = lab.post("/points", POINTS.encode(), one)
    assert (status, told["error"]) == (410, ENDED)
    assert lab.post("/points", POINTS.encode(), other)[0] == 200


@pytest.mark.process
def test_rows_111_112_a_client_that_leaves_ends_its_job(lab, folder, slow):
    session = lab.session()
    head = (
        f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
        f"Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: {len(CSV)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", lab.port), timeout=120) as connection:
        connection.sendall(head.encode() + CSV)
        until(lambda: is_running(slow))
    until(lambda: not is_running(slow))
    until(lambda: not files(folder))
    # and one that leaves in the middle of its file leaves nothing of it
    with socket.create_connection(("127.0.0.1", lab.port), timeout=120) as connection:
        connection.sendall(head.encode() + CSV[:50])
        until(lambda: files(folder))
    until(lambda: not files(folder))
    assert lab.post("/cancel", {}, session) == (200, {"cancelled": False})


@pytest.mark.process
def test_rows_112_113_a_second_job_is_refused_and_the_first_can_be_cancelled_or_ended(lab, folder, slow):
    for end, status in (("/cancel", b"409"), ("/end", b"410")):
        session = lab.session()
        slow.unlink(missing_ok=True)
        head = (
            f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
            f"Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: {len(CSV)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", lab.port), timeout=120) as connection:
            connection.sendall(head.encode() + CSV)
            until(lambda: slow.exists() and slow.read_text())
            assert lab.upload(session, CSV)[0] == 409
            assert lab.post("/points", POINTS.encode(), session)[0] == 200  # takes no job
            lab.post(end, {}, session)
            assert connection.recv(20).startswith(b"HTTP/1.1 " + status)
        until(lambda: not is_running(slow))
        assert files(folder) == []


@pytest.mark.process
def test_row_112_a_job_that_takes_too_long_is_ended(folder, slow):
    with running(job_seconds=0.5) as lab:
        status, told = lab.upload(lab.session(), CSV)
        assert status == 422
        assert "longer than 0.5 seconds" in told["error"]
        assert not is_running(slow)
        assert files(folder) == []


@pytest.mark.process
def test_row_112_jobs_wait_for_their_turn_and_the_servers_end_ends_them(folder, slow):
    with running(jobs_at_once=1) as lab:
        opened = []
        for _ in range(2):
            session = lab.session()
            head = (
                f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
                f"Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: {len(CSV)}\r\n\r\n"
            )
            opened.append(socket.create_connection(("127.0.0.1", lab.port), timeout=120))
            opened[-1].sendall(head.encode() + CSV)
        until(lambda: slow.exists() and slow.read_text())
        first = slow.read_text()
        # the one that waits can be cancelled as well, before it has begun
        assert lab.post("/cancel", {}, session) == (200, {"cancelled": True})
        assert opened[1].recv(20).startswith(b"HTTP/1.1 409")
        assert slow.read_text() == first
    for one in opened:
        one.close()
    assert not is_running(slow)


@pytest.mark.process
def test_row_112_a_page_holds_no_more_than_its_parameters(lab):
    session = lab.session()
    rows = "".join(f"k{i % 300},{i}\n" for i in range(900))
    assert lab.upload(session, f"k,y\n{rows}".encode())[0] == 200
    status, told = lab.post("/open", {"target": "y"}, session)
    assert status == 400
    assert "up to 250 parameters" in told["error"]


def test_row_113_a_page_that_is_loaded_again_finds_its_session(lab):
    session = lab.session()
    opened = lab.post("/points", {"points": [[0, 1], [1, 2], [3, 3]]}, session)[1]["payload"]
    status, told = lab.post("/session", {}, session)
    assert (status, told["session"], told["drawn"]) == (200, session, opened)
    assert told["given"]["row_count"] == 3
    assert told["upload_limit"] == 200_000
    # another tab has a session of its own; one that has ended gets a new one
    assert lab.post("/session", {})[1]["session"] != session
    lab.post("/end", {}, session)
    status, told = lab.post("/session", {}, session)
    assert (status, told["drawn"]) == (200, None)
    assert told["session"] != session


def test_row_111_idle_sessions_end_with_all_they_kept(folder):
    now = [0.0]
    sessions = Sessions(60.0, 2, lambda: now[0])
    try:
        first = sessions.start()
        kept = sessions.folder_of(first)
        (kept / "file").write_text("x")
        now[0] = 50.0
        assert sessions.find(first.id) is first
        now[0] = 109.0
        sessions.end_idle()
        assert kept.is_dir()
        now[0] = 111.0
        sessions.end_idle()
        assert not kept.exists()
        with pytest.raises(Refusal, match="this session has ended"):
            sessions.find(first.id)
        # of too many with a folder the one longest unheard of goes
        three = [sessions.start() for _ in range(3)]
        sessions.folder_of(three[0])
        now[0] = 112.0
        sessions.folder_of(three[1])
        sessions.find(three[0].id)
        sessions.folder_of(three[2])
        assert [sessions.known(one.id) is not None for one in three] == [True, False, True]
    finally:
        sessions.end_all()


@pytest.mark.process
def test_row_111_an_idle_session_ends_in_a_running_server(folder, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("steepest.lab.server.Sessions", lambda idle, most: Sessions(idle, most, lambda: now[0]))
    with running(idle_seconds=0.3) as lab:
        session = lab.session()
        assert lab.upload(session, CSV)[0] == 200
        assert files(folder)
        now[0] = 1.0
        until(lambda: not files(folder))
        assert lab.post("/cancel", {}, session)[0] == 410


# row 114: requests that two programs could read differently


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6",
        "Content-Length: +5", "Content-Length: -1", "Content-Length: 0x5", "Content-Length: 5 5", "Content-Length: ",
        "Content-Length: 99999999999999999999", "Content-Length: \u0665", "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked", " Content-Length: 5", "Content-Length\t: 5", "Content-Length 5", "X: a\r\n b",
        "X: \x00", "\x01: y", "Host: {host}", "Host: evil.example",
    ],
)  # fmt: skip
def test_row_114_bodies_of_doubtful_length_are_refused_and_the_connection_closed(lab, framing):
    smuggled = f"GET / HTTP/1.1\r\nHost: {lab.host}\r\n\r\n"
    sent = (
        f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        f"{framing.format(host=lab.host)}\r\n\r\n"
    )
    said = lab.raw(sent.encode("utf-8") + b"0\r\n\r\n" + smuggled.encode())
    # one that no body can be as long as is too long, and a header line that begins with a space goes on with the one before
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 415")), said[:200]
    assert b"HTTP/1.1 200" not in said
    assert b"DOCTYPE" not in said


@pytest.mark.parametrize("framing", ["Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5"])
def test_row_114_one_length_said_twice_is_one_length(lab, framing):
    # RFC 9112, section 6.3, allows to take it so; then the body ends there, and the next request begins there
    post = (
        f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        f"{framing}\r\n\r\n{{   }}"
    )
    said = lab.raw(f"{post}GET /x HTTP/1.1\r\nHost: {lab.host}\r\n\r\n".encode())
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"404"]


@pytest.mark.parametrize(
    "sent",
    ["GET /\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/2.0\r\nHost: {host}\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     "GET / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\nHost: {host}\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n",
     "GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello", "GET / HTTP/1.0\r\n\r\n"],
)  # fmt: skip
def test_row_114_what_is_no_request_of_http_1_1_is_refused(lab, sent):
    said = lab.raw(sent.format(host=lab.host).encode("latin-1"))
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403")), said[:200]
    assert b"DOCTYPE" not in said


def test_row_114_headers_are_bounded_and_chunks_are_strict(lab):
    said = lab.raw(f"GET / HTTP/1.1\r\nHost: {lab.host}\r\nX: {'x' * 20_000}\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 431")
    # of what has no end nothing is read after the refusal, so the connection may be reset before that arrives
    said = lab.raw(b"x" * 100_000)
    assert said.startswith(b"HTTP/1.1 400") or said == b""
    head = (
        f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    for chunks in (
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}xx0\r\n\r\n",
        b"2\n{}\r\n0\r\n\r\n",
        b"2;a=b\r\n{}",
    ):
        said = lab.raw(head + chunks + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 400") or said == b"", said[:200]
    assert lab.raw(head.replace(b"Transfer", b"Connection: close\r\nTransfer") + b"2\r\n{}\r\n0\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )


def test_row_114_requests_one_after_the_other_keep_apart(lab):
    get = f"GET /x HTTP/1.1\r\nHost: {lab.host}\r\n\r\n".encode()
    post = (
        f"POST /session HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\n\r\n{}"
    ).encode()
    said = lab.raw(post + post + get + post)
    # a refusal closes the connection, so what comes after it is never done
    assert [said.count(b"HTTP/1.1 " + status) for status in (b"200", b"404")] == [2, 1]


# row 115: file names


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a%0d%0aSet-Cookie:%20x=1.csv", "a\\r\\nSet-Cookie: x=1.csv"),
        ("..%2F..%2Fetc%2Fx.csv", "x.csv"),
        ("C:%5Cfakepath%5Cx.csv", "x.csv"),
        ("%C3%BC%F0%9F%98%80.CSV", "ü😀.CSV"),
        ("%00.csv", "\\x00.csv"),
        (".csv", ".csv"),
        ("-rf.csv", "-rf.csv"),
    ],
)
def test_row_115_names_are_shown_and_nothing_else(sent, shown):
    name = FileName.of(sent)
    assert (name.text, name.suffix) == (shown, ".csv")


@pytest.mark.parametrize(
    "sent", [None, "", "%FF.csv", "x", "x.exe", "x.csv.exe", "x.csv%2F", "x.gz", "x" * 300 + ".csv", "x.zip"]
)
def test_row_115_names_of_no_table_are_refused(lab, sent):
    status, told = lab.upload(lab.session(), CSV, sent)
    assert (status, told["field"]) == (400, "name"), told


def test_a_full_disk_is_told_and_leaves_nothing(lab, folder, monkeypatch):

    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(28, "No space left on device", str(folder))

    def opened(descriptor, mode):
        os.close(descriptor)
        return Full()

    monkeypatch.setattr("steepest.lab.upload.os.fdopen", opened)
    status, told = lab.upload(lab.session(), CSV)
    assert (status, told["error"]) == (507, "there is no room for the file where the server keeps its files.")
    assert files(folder) == []
