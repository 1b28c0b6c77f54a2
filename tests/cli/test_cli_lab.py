"""`steepest lab` as a person meets it: address, token, ends, files."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

import steepest
from steepest.cli import _run
from tests.support.commands import steepest_command
from tests.support.lab_client import Lab
from tests.support.moments import until
from tests.truths import PENGUINS


@contextmanager
def started(*arguments, cwd, scratch):
    """Run the command until the block ends; gives the process and a client, and kills what is left."""
    scratch.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "steepest", "lab", "--no-browser", "--port", "0", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            line = process.stdout.readline()
            while line and "The lab is at" not in line:
                line = process.stdout.readline()
            found = re.search(r"http://[^:]+:(\d+)/", line)
            assert found, process.communicate(timeout=120)
            yield process, Lab(_Port(int(found[1])), [])
        finally:
            process.kill()


class _Port:
    def __init__(self, port):
        self.port = port


def ended(process, signal_number):
    """Send a signal; return exit status, stdout and stderr."""
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.process
def test_a_table_is_given_to_the_page_and_ctrl_c_ends_it_with_all_its_files(tmp_path):
    scratch = tmp_path / "scratch"
    arguments = (PENGUINS, "--target", "body_mass_g", "--test-size", "0.2", "--l2", "0.5", "--verbose")
    with started(*arguments, cwd=tmp_path, scratch=scratch) as (process, lab):
        status, told = lab.post("/session", {})
        assert status == 200
        given = told["given"]
        assert (given["title"], given["target"], given["run"]["l2"]) == ("penguins.csv", "body_mass_g", 0.5)
        run = steepest.descend(PENGUINS, target="body_mass_g")
        assert tuple(given["features"]) == run.features
        assert given["spaces"]["raw"]["held_out"] is not None
        assert lab.upload(told["session"], PENGUINS.read_bytes())[1]["rows"] == 342
        assert len([path for path in scratch.rglob("*") if path.is_file()]) == 1
        status, out, err = ended(process, signal.SIGINT)
    assert (status, out) == (0, "Ended.\n")
    assert re.fullmatch(r"(POST /\w+ 200, [\d,]+ bytes, [\d.]+ s\n){2}", err), err
    assert told["session"] not in err
    assert list(scratch.iterdir()) == []


@pytest.mark.process
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_other_signals_end_it_as_cleanly(tmp_path, name, status):
    scratch = tmp_path / "scratch"
    with started(cwd=tmp_path, scratch=scratch) as (process, lab):
        session = lab.session()
        sent = socket.create_connection(("127.0.0.1", lab.port), timeout=120)
        with sent:
            sent.sendall(
                f"POST /upload HTTP/1.1\r\nHost: {lab.host}\r\nOrigin: http://{lab.host}\r\nX-Steepest-Session: {session}\r\n"
                "Content-Type: application/octet-stream\r\nX-Steepest-Name: a.csv\r\nContent-Length: 1000\r\n\r\na,b\n".encode()
            )
            until(lambda: list(scratch.rglob("uploaded-*")))
            assert lab.post("/session", {})[1]["given"] is None
            assert ended(process, getattr(signal, name)) == (status, "Ended.\n", "")
    assert list(scratch.iterdir()) == []


@pytest.mark.process
def test_row_102_an_address_for_others_demands_the_token_of_the_terminal(tmp_path):
    with started("--address", "0.0.0.0", cwd=tmp_path, scratch=tmp_path / "scratch") as (process, lab):
        assert lab.post("/session", {"token": "guess"})[0] == 401
        # by number and by this machine's name, and by no other name
        assert lab.request("GET", "/", Host=f"10.0.0.7:{lab.port}")[0] == 200
        assert lab.request("GET", "/", Host=f"{socket.gethostname()}:{lab.port}")[0] == 200
        assert lab.request("GET", "/", Host=f"evil.example:{lab.port}")[0] == 403
        line = process.stderr.readline()
        token = re.fullmatch(r"The page asks for this token: ([a-z2-9-]{23})\n", line)[1]
        assert lab.post("/session", {"token": token})[0] == 200
        status, out, err = ended(process, signal.SIGINT)
    assert (status, err) == (0, "")
    assert token not in out


@pytest.mark.process
def test_row_102_a_token_can_be_asked_for_here_and_names_of_tunnels_added(tmp_path):
    arguments = (
        "--token",
        "--host",
        "Lab.example:443",
        "--upload-limit",
        "0.5",
        "--idle-minutes",
        "2",
        "--job-seconds",
        "9",
    )
    with started(*arguments, cwd=tmp_path, scratch=tmp_path / "scratch") as (process, lab):
        token = process.stderr.readline().split()[-1]
        own = {"Host": "lab.example:443", "Origin": "https://lab.example:443"}
        assert lab.post("/session", {}, **own)[0] == 401
        status, told = lab.post("/session", {"token": token}, **own)
        assert (status, told["upload_limit"]) == (200, 500_000)
        assert (told["limits"]["idle_minutes"], told["limits"]["job_seconds"]) == (2.0, 9.0)
        assert ended(process, signal.SIGINT)[0] == 0


def test_row_103_a_busy_port_and_other_wrong_uses_exit_2_and_say_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.html").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, words in (
            (("--port", port, PENGUINS, "--target", "nothing"), f"port {port} is in use"),
            (("--address", "192.0.2.1"), "none of this machine's"),
            (("--target", "y"), "--target belongs to a table"),
            (("--host", "http://x/"), "--host is a name"),
            (("-o", "there.html"), "there.html exists already"),
            (("-o", "x.html", "--port", "0"), "--port belongs to the server"),
        ):
            assert _run(["lab", *map(str, arguments)]) == 2, arguments
            assert words in capsys.readouterr().err
    assert _run(["lab", "--no-browser", "--port", "0", str(PENGUINS)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "which column is the target?" in err


def test_the_page_is_written_to_a_file_instead(tmp_path):
    (tmp_path / "page.html").write_text("old")
    arguments = ("lab", PENGUINS, "--target", "body_mass_g", "--rule", "nesterov", "-o", "page.html", "--force")
    result = steepest_command(*arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    html = (tmp_path / "page.html").read_text()
    assert result.stdout.endswith(f"Written: page.html, {len(html.encode()):,} bytes.\n")
    payload, *others = json.loads(
        re.search(r'<script type="application/json" id="payload">(.*?)</script>', html, re.S)[1]
    )["sets"]
    assert (payload["run"]["rule"], payload["row_count"], payload["id"]) == ("nesterov", 342, "given")
    assert [other["title"] for other in others] == list(steepest.EXAMPLES)
    assert "connect-src 'none'" in html
    assert steepest_command("lab", "-o", "line.html", cwd=tmp_path).returncode == 0
    assert (tmp_path / "line.html").stat().st_size > 1_000_000


@pytest.mark.process
def test_the_browser_is_opened_at_the_address_of_this_machine(tmp_path):
    # a program that the module webbrowser takes for a browser: it gets the page as one does
    script = tmp_path / "browser"
    script.write_text(f"#!{sys.executable}\nimport sys, pathlib, urllib.request\n"
                      f"pathlib.Path({str(tmp_path / 'seen')!r}).write_bytes(urllib.request.urlopen(sys.argv[1]).read())\n")  # fmt: skip
    script.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "steepest", "lab", "--port", "0", "--address", "0.0.0.0"],
        env={**os.environ, "BROWSER": str(script), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until(lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").stat().st_size)
            assert "127.0.0.1" not in process.stdout.readline()  # others reach it by the machine's name
            assert ended(process, signal.SIGINT)[0] == 0
        finally:
            process.kill()
    assert (tmp_path / "seen").read_bytes().startswith(b"<!DOCTYPE html>")


@pytest.mark.process
def test_a_reader_ends_when_its_server_is_killed():
    # the system closes the reader's stdin with the server, whatever ends it
    code = (
        "import time; from steepest.lab import reader; reader.DO['sleep'] = lambda request: time.sleep(60); "
        "print('ready', flush=True); reader.main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        try:
            assert reader.stdout.readline() == "ready\n"
            reader.stdin.write('{"do": "sleep"}\n')
            reader.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                reader.wait(0.5)
            reader.stdin.close()
            assert reader.wait(120) == 1
        finally:
            reader.kill()


def test_a_given_table_of_labels_is_fitted_by_the_loss_of_classes(tmp_path, capsys, monkeypatch):
    a = [0.3, -1.2, 0.7, 1.9, -0.4, 0.1, 2.2, -1.7] * 3
    labels = ["yes", "no", "no", "yes", "yes", "no", "yes", "no"] * 3
    (tmp_path / "t.csv").write_text(
        "\n".join(["a,left", *(f"{x},{label}" for x, label in zip(a, labels, strict=True))])
    )
    monkeypatch.chdir(tmp_path)
    assert _run(["lab", "t.csv", "--target", "left", "-o", "lab.html", "--epochs", "20", "--test-size", "0.2"]) == 0
    said = capsys.readouterr().out
    sentence = "The target holds labels, so this is a run on logistic loss: predicted is the probability of 'yes'."
    assert sentence in said
    html = (tmp_path / "lab.html").read_text()
    told = json.loads(re.search('id="payload">(.*?)</script>', html, re.DOTALL)[1])["sets"][0]
    assert (told["id"], told["about"], told["over"]["loss"]) == ("given", sentence, "logistic")
    assert told["held_rows"]["count"] == told["held_out_count"] > 0
