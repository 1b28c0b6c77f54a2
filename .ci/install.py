"""Install a hashed lock with pip and say, package by package, how much there is and how far it has come."""

import re
import subprocess
import sys
from pathlib import Path

SIZE = re.compile(r"\((\d+(?:\.\d+)?) (bytes|kB|MB)\)")
MEGABYTES = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0}


def megabytes(line: str) -> float | None:
    """Return the size of the package that this line of pip's says is being fetched; None for any other line."""
    words, size = line.split(), SIZE.search(line)
    if not words or words[0] not in ("Downloading", "Using") or ".metadata" in line or size is None:
        return None
    return float(size[1]) * MEGABYTES[size[2]]


def on_disk(folder: Path) -> float:
    """Return the size of all files below a folder in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main(what: str, lock: str) -> int:
    """Install the packages of a lock that are not there yet; return pip's exit status."""
    count = len(re.findall(r"^\S+==", Path(lock).read_text(), re.MULTILINE))
    print(f"Installing {what}: {count} packages into {sys.prefix}", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    fetched, total, tail = 0, 0.0, []
    with subprocess.Popen(
        [*command, "--require-hashes", "-r", lock], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            tail = [*tail[-20:], line]
            if (size := megabytes(line)) is not None:
                fetched, total = fetched + 1, total + size
                name = Path(next(word for word in line.split()[1:] if word != "cached")).name.partition("-")[0]
                print(f"  {fetched}: {name}, {size:.1f} MB ({total:.0f} MB so far)", flush=True)
            elif line.startswith("Installing collected packages"):
                print("  unpacking", flush=True)
    if pip.returncode:
        print("".join(tail), file=sys.stderr)
    else:
        print(f"Installed {what}: {count} packages; {sys.prefix} takes {on_disk(Path(sys.prefix)):.0f} MB.", flush=True)
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
