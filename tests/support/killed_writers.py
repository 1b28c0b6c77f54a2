"""Writers that are killed by SIGKILL, at random moments and at each change of a name; `python -m tests.support.killed_writers KILLS SEED`.

Each writer is forked from a process that has imported everything and run nothing. After each kill what has the name is
looked at; then the same command is run once more and left alone.
"""

import hashlib
import json
import mmap
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb  # noqa: F401
import matplotlib.backends.backend_svg
import matplotlib.figure

import steepest
from steepest.cli import fit, main, predict, summarize  # noqa: F401
from steepest.support import renames

ROWS = 1_000
LIMIT = 60  # seconds after which a writer that hangs is ended
STRANGER = {"thesis.txt": b"years of work"}
TIMED = ("run.json", "report.html", "trajectory.parquet")
"""Files of a run that differ between two runs of the same."""
FIT = ("fit", "new.csv", "--target", "y", "--out", "run")
COMMANDS = {
    "fit --force": ("run", (*FIT, "--force")),
    "fit, a stranger's folder": ("run", FIT),
    "fit, another fit": ("run", FIT),
    "predict": ("p.csv", ("predict", "model", "new.csv", "--out", "p.csv")),
    "predict --force": ("p.csv", ("predict", "model", "new.csv", "--out", "p.csv", "--force")),
    "summarize": ("t.triangle", ("summarize", "new.csv", "--target", "y", "--out", "t.triangle")),
    "summarize --force": ("t.triangle", ("summarize", "new.csv", "--target", "y", "--out", "t.triangle", "--force")),
}
"""The name that each writes, and its arguments."""
CALLS = [(os, name) for name in ("rename", "replace", "link", "mkdir", "unlink", "rmdir")] + [(renames, "_renamed")]
"""What gives, changes or takes a name."""


def content(path):
    """Return what a file or a folder holds, by name; None where there is neither."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in sorted(path.iterdir())}
    return {"": path.read_bytes()} if path.exists() else None


def digest(held):
    """Return a digest over names and contents."""
    return hashlib.sha256(repr(held).encode()).hexdigest()


def untimed(held):
    """Return what is the same in two runs of the same."""
    return held and {name: b"" if name in TIMED else text for name, text in held.items()}


def start(place, arguments, prepare=lambda: None):
    """Run a command in a forked process; return the process's number."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.chdir(place)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        signal.alarm(LIMIT)
        # drawing takes most of a fit's time: without it most kills come while files are written
        matplotlib.figure.Figure.savefig = lambda _, path, **named: path.write_text("drawn")  # type: ignore[method-assign]
        prepare()
        main(list(arguments))
    except SystemExit as left:
        status = left.code or 0
    finally:
        os._exit(status)


def ended(child):
    """Wait for a process; return its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_call(number, before, count, meanwhile=lambda: None):
    """Return what makes this process kill itself before or after its nth change of a name; `count`, shared, counts them."""

    def wrapped(function):
        def call(*arguments, **named):
            count[0] += 1
            mine = count[0] == number
            if mine:
                meanwhile()
            if mine and before:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return function(*arguments, **named)
            finally:
                if mine:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    def prepare():
        for owner, name in CALLS:
            setattr(owner, name, wrapped(getattr(owner, name)))

    return prepare


def write_tables(folder):
    """Make a folder with two tables that give different results."""
    folder.mkdir()
    for table, slope in (("old", 2), ("new", 3)):
        rows = "".join(f"{i % 97},{slope * (i % 97) + i % 5}\n" for i in range(ROWS))
        (folder / f"{table}.csv").write_text(f"x,y\n{rows}")


class Place:
    """A folder in which one command is killed again and again."""

    def __init__(self, root, command, chance, model):
        self.folder, self.command, self.chance, self.seen = root / command, command, chance, Counter()
        name, self.arguments = COMMANDS[command]
        self.target, self.older = self.folder / name, tuple(each.replace("new", "old") for each in self.arguments)
        write_tables(self.folder)
        shutil.copytree(model, self.folder / "model")
        assert ended(start(self.folder, self.older)) == 0
        self.old = content(self.target)
        if "--force" not in self.arguments:
            self.clear()
        count = mmap.mmap(-1, 4096)
        began = time.perf_counter()
        assert ended(start(self.folder, self.arguments, at_call(0, False, count))) == 0
        self.seconds, self.calls, self.new = time.perf_counter() - began, count[0], content(self.target)
        self.moments = [(number + 1, before) for number in range(self.calls) for before in (True, False)]
        chance.shuffle(self.moments)
        self.usual = {"old.csv", "new.csv", "model", name}

    def clear(self):
        """Take away what has the name, and the state of an unfinished pass."""
        for path in (self.target, self.folder / f"{self.target.name}.partial"):
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)

    def restore(self):
        """Make what a replaced result was."""
        self.clear()
        if len(self.old) == 1:
            self.target.write_bytes(self.old[""])
            return
        self.target.mkdir()
        for name, text in self.old.items():
            (self.target / name).write_bytes(text)

    def state(self):
        """Return what has the name: "old", "new" whole, a "stranger's", "absent", or else "half"."""
        found = content(self.target)
        if found is None:
            return "absent"
        if found == STRANGER:
            return "stranger's"
        if digest(found) == digest(self.old) or (untimed(found) == untimed(self.old) and "another" in self.command):
            return "old"
        if untimed(found) != untimed(self.new):
            return "half"
        if "run.json" in found:
            json.loads(found["run.json"])
            steepest.load(self.target)
        return "new"

    def stranger(self):
        """Take the name, as a program does that knows nothing of us; False where it is taken."""
        try:
            self.target.mkdir()
        except FileExistsError:
            return False
        (self.target / "thesis.txt").write_bytes(STRANGER["thesis.txt"])
        return True

    def kill(self, number):
        """Start the command, and a rival, and kill it; count what is left, and whether all is as it must be."""
        replaces = "--force" in self.arguments
        self.restore() if replaces else self.clear()
        rival = None
        if "another" in self.command:
            rival = start(self.folder, self.older)
        stranger = False
        delay = self.chance.uniform(0, self.seconds)
        if number % 2:
            child = start(self.folder, self.arguments)
            if "stranger" in self.command:
                early = self.chance.uniform(0, delay)
                time.sleep(early)
                stranger = self.stranger()
                delay -= early
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        else:
            moment, before = self.moments[number // 2 % len(self.moments)]
            comes = "stranger" in self.command and number % 4 == 0
            meanwhile = self.stranger if comes else lambda: None
            child = start(self.folder, self.arguments, at_call(moment, before, mmap.mmap(-1, 4096), meanwhile))
        status = ended(child)
        self.seen["kills" if status == -signal.SIGKILL else "ended before" if status in (0, 2) else "failed"] += 1
        finished = rival is None or ended(rival)
        state = self.state()
        self.seen[f"found {state}"] += 1
        allowed = {"old", "new"} if replaces else {"absent", "new"}
        if rival is not None:
            allowed = {0: {"old"}, 2: {"new"}}.get(finished, set())
        elif stranger or state == "stranger's":
            allowed = {"stranger's"}
        self.seen["rivals"] += rival is not None or "stranger's" in allowed
        self.seen["faults"] += state not in allowed
        self.seen["leftovers after the kill"] += bool(self.left())
        self.next_run(state)

    def left(self):
        """Return what lies beside the result and did not before."""
        return sorted(set(os.listdir(self.folder)) - self.usual)

    def next_run(self, state):
        """Run the same command again and leave it alone: it writes, or refuses a name that is taken, and tidies up."""
        arguments = self.arguments
        if os.path.lexists(f"{self.target}.partial") and "--force" not in arguments:
            arguments = (*arguments, "--resume")
        taken = state != "absent" and "--force" not in arguments
        status = ended(start(self.folder, arguments))
        well = (status, self.state()) == ((2, state) if taken else (0, "new"))
        self.seen["next run not as it must be"] += not well
        left = self.left()
        self.seen["leftovers after the next run"] += bool(left)
        if left or not well:
            print(self.command, state, status, self.state(), left, file=sys.stderr)
            for name in left:
                path = self.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def run(kills, seed, seconds=float("inf")):
    """Kill the commands in turn; return what was seen of each."""
    chance, until = random.Random(seed), time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="killed-writers-") as root:
        first = Path(root) / "first"
        write_tables(first)
        assert ended(start(first, ("fit", "old.csv", "--target", "y", "--out", "model"))) == 0
        places = [Place(Path(root), command, chance, first / "model") for command in COMMANDS]
        number = 0
        while sum(place.seen["kills"] for place in places) < kills and time.monotonic() < until:
            places[number % len(places)].kill(number // len(places))
            number += 1
        return {place.command: {"moments": len(place.moments), **place.seen} for place in places}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])), indent=1))
