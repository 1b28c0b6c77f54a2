"""Installation: the locks hold what pyproject.toml asks for, and .ci/install.py says what it fetches and what is there."""

import hashlib
import os
import re
import runpy
import subprocess
import sys
import threading
import tomllib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INSTALL = runpy.run_path(str(ROOT / ".ci" / "install.py"))


def pins(lock):
    return dict(INSTALL["PIN"].findall((ROOT / lock).read_text(encoding="utf-8")))


def names(requirements):
    return {re.match(r"[\w.-]+", requirement)[0] for requirement in requirements}


def test_the_locks_hold_what_the_package_asks_for():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    core, whole = pins("requirements-core.lock"), pins("requirements.lock")
    assert names([*told["project"]["dependencies"], *told["build-system"]["requires"]]) <= core.keys()
    assert names(told["project"]["optional-dependencies"]["dev"]) <= whole.keys()
    assert core.items() <= whole.items(), "run make lock"


def test_what_pip_says_is_told_with_sizes_and_their_sum():
    lines = [
        "Collecting numpy==2.4.6\n",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (6.6 kB)\n",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)\n",
        "Using cached click-8.5.1-py3-none-any.whl (400 kB)\n",
        "Downloading http://example.org/files/rich-15.0.0-py3-none-any.whl (900 bytes)\n",
        "Requirement already satisfied: scipy==1.17.1 in /x (from -r requirements.lock (line 9)) (1.17.1)\n",
        "Installing collected packages: numpy, click, rich\n",
    ]
    assert list(INSTALL["progress"](iter(lines), 3)) == [
        "  1 of 3: numpy, 16.9 MB (17 MB so far)",
        "  2 of 3: click, 0.4 MB (17 MB so far)",
        "  3 of 3: rich, 0.0 MB (17 MB so far)",
        "  unpacking",
    ]


def test_a_package_of_another_version_is_missing():
    here = f"pytest=={pytest.__version__} \\\n    --hash=sha256:0\n    # via pytest==0\n"
    begun = INSTALL["begun"]
    assert begun("it", here) == f"Installing it into {sys.prefix}: 0 packages; 1 of 1 are there."
    assert begun("it", here + "pytest==0.1 ; python_version < '4'\nnot-there==1\n").endswith(
        ": 2 packages; 1 of 3 are there."
    )


def wheel(folder, name, size):
    """Write a wheel of a package that is one file; return its line of a lock."""
    path, record = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.bin", bytes(size))
        archive.writestr(f"{record}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{record}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{record}/RECORD", "".join(f"{member},,\n" for member in archive.namelist()))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def index(tmp_path):
    """An index of packages on this machine: its folder and its address."""
    (folder := tmp_path / "index").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.process
def test_only_what_is_missing_is_counted_and_fetched(tmp_path, index):
    folder, address = index
    (beside := tmp_path / "beside").mkdir()
    one, two = wheel(folder, "one", 1_500_000), wheel(beside, "two", 200_000)
    (tmp_path / "core.lock").write_text(one)
    (tmp_path / "whole.lock").write_text(one + two)
    (tmp_path / "wrong.lock").write_text(two.replace("two", "one"))
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", env], check=True)
    python = next(env.glob("[bS]*/python*"))
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    settings |= {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{address} {beside}",
    }

    def install(lock):
        command = [python, ROOT / ".ci" / "install.py", "it", tmp_path / lock]
        return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)

    wrong, first, second = map(install, ("wrong.lock", "core.lock", "whole.lock"))
    assert wrong.returncode == 1
    assert "DO NOT MATCH" in wrong.stderr
    assert "Installed" not in wrong.stdout

    begun, *middle, ended = first.stdout.splitlines()
    assert begun == f"Installing it into {env}: 1 package."
    assert middle == ["  1 of 1: one, 1.5 MB (2 MB so far)", "  unpacking"]
    on_disk = sum(path.stat().st_size for path in env.rglob("*") if path.is_file()) / 1e6
    assert int(re.fullmatch(f"Installed it; {env} takes (\\d+) MB\\.", ended)[1]) == pytest.approx(on_disk, abs=1)

    begun, *middle, _ = second.stdout.splitlines()
    assert begun.endswith(": 1 package; 1 of 2 are there.")
    assert middle == ["  1 of 1: two, 0.2 MB (0 MB so far)", "  unpacking"]
