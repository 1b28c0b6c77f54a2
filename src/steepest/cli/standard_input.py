"""Standard input as DATA: `-` is what is piped in, kept in a scratch file while the command runs, since a table may be read twice."""

import shutil
import sys
import tempfile
from pathlib import Path

import click

from steepest.errors import UsageError
from steepest.support.scratch import scratch_beside

STANDARD_INPUT = "-"
ENDINGS = ((b"PAR1", ".parquet"), (b"\x1f\x8b", ".csv.gz"), (b"\x28\xb5\x2f\xfd", ".csv.zst"), (b"{", ".jsonl"))
_kept: list[Path] = []


def as_path(data: str) -> str:
    """Return DATA, or of `-` the path of a file that holds what is piped in, as long as the command runs.

    Raises:
        UsageError: nothing is piped in, or it has been read already.
    """
    if data != STANDARD_INPUT:
        return data
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- stands for what is piped in, and nothing is. Write: steepest … - < table.csv")
    if _kept:
        raise UsageError("what is piped in can be read once, and - was given twice. Name a file for one of them.")
    folder = click.get_current_context().with_resource(scratch_beside(Path(tempfile.gettempdir()) / "standard-input"))
    stream = sys.stdin.buffer
    start = stream.read(4)
    ending = next((ending for mark, ending in ENDINGS if start.startswith(mark)), ".csv")
    path = folder / f"standard-input{ending}"
    with path.open("wb") as file:
        file.write(start)
        shutil.copyfileobj(stream, file)
    _kept.append(path)
    return str(path)


def named(text: str) -> str:
    """Return a text in which the file is called what people know it by."""
    for path in _kept:
        text = text.replace(str(path), "standard input")
    return text
