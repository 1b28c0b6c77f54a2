"""Scratch folders: names are given once, a rival's are left alone, and what a killed writer left goes with the next one."""

import errno
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from steepest.errors import DataError, DataWarning, UsageError
from steepest.support import renames, scratch
from steepest.support.files import refuse_existing, refuse_existing_file, whole_folder, write_whole
from steepest.support.renames import exchange, rename_new


@pytest.fixture(params=["the system's call", "none"])
def calls(request, monkeypatch):
    """Renames by the system's call, and where it has none."""
    if request.param == "none":
        monkeypatch.setattr(renames, "_call", lambda: None)
    return request.param


def write_folder(target, content, *, force=False, meanwhile=lambda: None):
    with whole_folder(target, force=force) as folder:
        (folder / "run.json").write_text(content)
        meanwhile()


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_name_that_is_there_is_never_replaced(tmp_path, calls):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        (tmp_path / f"folder {name}").mkdir()
        (tmp_path / f"folder {name}" / "in it").write_text(name)
    before = content(tmp_path)
    for source, target in (("a", "b"), ("folder a", "folder b"), ("folder a", "b"), ("a", "folder b")):
        with pytest.raises(FileExistsError):
            rename_new(tmp_path / source, tmp_path / target)
    assert content(tmp_path) == before
    rename_new(tmp_path / "a", tmp_path / "new")
    rename_new(tmp_path / "folder a", tmp_path / "new folder")
    assert content(tmp_path) == {"new": "a", "new folder/in it": "a", "b": "b", "folder b/in it": "b"}


def test_two_names_change_places(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this system has no exchange")
    assert (tmp_path / "a").is_dir()
    assert (tmp_path / "b").read_text() == "a"


@pytest.mark.parametrize("force", [False, True])
def test_what_a_rival_put_there_meanwhile_is_left_as_it_is(tmp_path, calls, force):
    target = tmp_path / "r"

    def rival():
        target.mkdir()
        (target / "thesis.txt").write_text("years of work")

    with pytest.raises(
        UsageError, match=r"r holds what steepest did not write|appeared while the run was being written"
    ):
        write_folder(target, "ours", force=force, meanwhile=rival)
    assert content(tmp_path) == {"r/thesis.txt": "years of work"}


def test_what_replaced_a_run_of_ours_meanwhile_is_left_as_it_is(tmp_path, calls):
    target = tmp_path / "r"
    write_folder(target, "old")

    def rival():
        (target / "thesis.txt").write_text("years of work")

    with pytest.raises(UsageError, match=r"did not write \(thesis.txt\)"):
        write_folder(target, "new", force=True, meanwhile=rival)
    assert content(tmp_path) == {"r/run.json": "old", "r/thesis.txt": "years of work"}


def test_of_two_writers_of_one_name_one_is_refused(tmp_path, calls):
    target = tmp_path / "r"
    with pytest.raises(UsageError, match="appeared"):
        write_folder(target, "second", meanwhile=lambda: write_folder(target, "first"))
    assert content(tmp_path) == {"r/run.json": "first"}
    write_folder(target, "third", force=True)
    assert content(tmp_path) == {"r/run.json": "third"}
    file = tmp_path / "f"
    write_whole(file, b"first", force=False)
    with pytest.raises(UsageError, match=r"f exists already\. Give another name, or replace it"):
        write_whole(file, b"second", force=False)
    write_whole(file, b"third")
    assert content(tmp_path) == {"r/run.json": "third", "f": "third"}


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from steepest.support import renames, scratch
    from steepest.support.files import whole_folder, write_whole
    target, moment, has_call = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
    die = lambda: os.kill(os.getpid(), signal.SIGKILL)
    if not has_call:
        renames._call = lambda: None
    if moment == "at second rename":
        of_system = os.rename
        os.rename = lambda *names: (of_system(*names), die()) if names[1].name == "old" else of_system(*names)
    with whole_folder(target, force=True) as folder:
        (folder / "run.json").write_text("new")
        if moment == "in the middle":
            die()
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without SIGKILL")
@pytest.mark.parametrize(("moment", "has_call"), [("in the middle", True), ("at second rename", False)])
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path, moment, has_call):
    target = tmp_path / "r"
    write_folder(target, "old")
    code = textwrap.dedent(KILLED)
    killed = subprocess.run([sys.executable, "-c", code, str(target), moment, str(has_call)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert any(name.startswith(".r.steepest-") for name in os.listdir(tmp_path))
    if moment == "in the middle":
        refuse_existing(target, force=True)
    else:
        assert not target.exists()
        with pytest.warns(DataWarning, match="r was put back: a run that was to replace it was killed"):
            refuse_existing(target, force=True)
    assert content(tmp_path) == {"r/run.json": "old"}
    assert os.listdir(tmp_path) == ["r"]


def test_the_scratch_of_a_writer_that_lives_is_left_alone(tmp_path):
    target = tmp_path / "f"
    with scratch.scratch_beside(target) as folder:
        (folder / "new").write_text("half")
        refuse_existing_file(target)
        write_whole(target, b"another's")
        assert (folder / "new").read_text() == "half"
    (tmp_path / ".f.steepest-mine").mkdir()  # no name that a writer would make
    write_whole(target, b"again")
    assert sorted(os.listdir(tmp_path)) == [".f.steepest-mine", "f"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_no_more_is_told_in_a_sentence(tmp_path, monkeypatch, number):
    write_folder(tmp_path / "r", "old")
    write_whole(tmp_path / "f", b"old")
    before = content(tmp_path)

    def broken(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", broken)
    reason = os.strerror(number)
    reason = reason[0].lower() + reason[1:]
    with pytest.raises(DataError, match=rf"cannot write .*f: {reason}. Nothing was written. Make room there"):
        write_whole(tmp_path / "f", b"new")
    with pytest.raises(DataError, match=rf"cannot write .*r: {reason}"):
        write_folder(tmp_path / "r", "new", force=True)
    assert content(tmp_path) == before
    assert sorted(os.listdir(tmp_path)) == ["f", "r"]


@pytest.mark.process
def test_a_full_disk_ends_every_writing_command_in_a_sentence(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("x,y\n" + "".join(f"{i},{2 * i + i % 3}\n" for i in range(3_000)))
    limited = textwrap.dedent("""
        import resource, signal, sys
        from steepest.cli import main
        main(["fit", sys.argv[1], "--target", "y", "--out", "whole"]) if sys.argv[2] == "none" else None
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        main(sys.argv[2:])
    """)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", limited, str(table), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("none").returncode in (0, 4)
    for arguments in (
        ["fit", "t.csv", "--target", "y", "--out", "run"],
        ["predict", "whole", "t.csv", "-o", "p.csv"],
        ["predict", "whole", "t.csv", "-o", "p.parquet"],
        ["summarize", "t.csv", "--target", "y", "-o", "t.triangle"],
        ["report", "whole", "-o", "r.html"],
    ):
        ended = run(*arguments)
        assert ended.returncode == 3, ended.stderr
        assert "Traceback" not in ended.stderr
        assert re.match(rf"Error: cannot write {arguments[-1]}(\.partial)?: ", ended.stderr.splitlines()[-1])
        assert sorted(os.listdir(tmp_path)) == ["t.csv", "whole"]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path):
    (tmp_path / "far").mkdir()
    write_whole(tmp_path / "far" / "f", b"old")
    write_folder(tmp_path / "far" / "r", "old")
    for name in ("f", "r"):
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
    write_whole(tmp_path / "f", b"new")
    write_folder(tmp_path / "r", "new", force=True)
    assert (tmp_path / "f").is_symlink()
    assert (tmp_path / "r").is_symlink()
    assert content(tmp_path / "far") == {"f": "new", "r/run.json": "new"}


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a pipe"])
def test_what_is_no_file_is_never_replaced_by_one(tmp_path, kind):
    target = tmp_path / "f"
    if kind == "folder":
        target.mkdir()
    else:
        os.mkfifo(tmp_path / "pipe")
        os.link(tmp_path / "pipe", target) if kind == "pipe" else target.symlink_to(tmp_path / "pipe")
    before = target.stat().st_mode
    for write in (lambda: refuse_existing_file(target, force=True), lambda: write_whole(target, b"new")):
        with pytest.raises(UsageError, match="not replaced"):
            write()
    assert target.stat().st_mode == before


@pytest.mark.parametrize("names", [("report.html",), ("rows", "run.json"), ("heat_map of Europe.svg", "run.json")])
def test_a_folder_of_somebody_elses_is_no_run_because_of_some_names(tmp_path, names):
    theirs = tmp_path / "r"
    theirs.mkdir()
    for name in names:
        (theirs / name).mkdir() if name == "rows" else (theirs / name).write_text("theirs")
    with pytest.raises(UsageError, match="did not write"):
        write_folder(theirs, "new", force=True)
    assert sorted(os.listdir(theirs)) == sorted(names)
