"""Install a hashed lock with pip and say, package by package, how much there is and how far it has come."""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
SIZE = re.compile(r"\((\d+(?:\.\d+)?) (bytes|kB|MB|GB)\)")
MEGABYTES = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}


def missing(lock: str) -> list[str]:
    """Return those packages of a lock that are not installed in the version that it pins."""
    return [name for name, pinned in PIN.findall(lock) if installed(name) != pinned]


def installed(name: str) -> str | None:
    """Return the version of an installed package, None if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def fetched(line: str) -> tuple[str, float] | None:
    """Return name and size in MB of the package that this line of pip's says is being fetched; None for any other line."""
    match line.split():
        case ["Downloading" | "Using", *words] if (size := SIZE.search(line)) and ".metadata" not in line:
            source = next(word for word in words if word != "cached")
            megabytes = float(size[1]) * MEGABYTES[size[2]]
        case ["Processing", source, *_] if source.endswith(".whl"):  # of a folder of packages on this machine
            megabytes = Path(source).stat().st_size / 1e6
        case _:
            return None
    return source.rpartition("/")[2].partition("-")[0], megabytes


def progress(lines: Iterable[str], count: int) -> Iterator[str]:
    """Yield what to tell about pip's lines: each package of `count` with its size and the sum so far, then the unpacking."""
    number, total = 0, 0.0
    for line in lines:
        if found := fetched(line):
            number, total = number + 1, total + found[1]
            yield f"  {number} of {count}: {found[0]}, {found[1]:.1f} MB ({total:.0f} MB so far)"
        elif line.startswith("Installing collected packages"):
            yield "  unpacking"


def begun(what: str, lock: str) -> str:
    """Return the sentence before pip starts: how many packages are missing, and how many are there."""
    pinned, count = len(PIN.findall(lock)), len(missing(lock))
    there = f"; {pinned - count} of {pinned} are there" if count < pinned else ""
    return f"Installing {what} into {sys.prefix}: {count} package{'s' * (count != 1)}{there}."


def on_disk(folder: Path) -> float:
    """Return the size of all files below a folder in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def kept(lines: Iterable[str], last: deque[str]) -> Iterator[str]:
    """Pass lines on and keep the last of them."""
    for line in lines:
        last.append(line)
        yield line


def main(what: str, path: str) -> int:
    """Install the packages of a lock that are not there yet; return pip's exit status."""
    lock = Path(path).read_text(encoding="utf-8")
    print(begun(what, lock), flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    last: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        [*command, "--require-hashes", "-r", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in progress(kept(pip.stdout or (), last), len(missing(lock))):
            print(line, flush=True)
    if pip.returncode:
        print("".join(last), file=sys.stderr)
    else:
        print(f"Installed {what}; {sys.prefix} takes {on_disk(Path(sys.prefix)):.0f} MB.", flush=True)
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
