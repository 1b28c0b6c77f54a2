"""Scratch folders: where a result is written beside its name, locked as long as its writer lives, and removed by the next."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from steepest.errors import DataError, DataWarning
from steepest.support.notices import warn
from steepest.support.renames import rename_new

NEW, OLD = "new", "old"
"""Names in a scratch folder: of what is being written, and of what it takes the place of meanwhile."""


@contextlib.contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` that vanishes when the block ends, and with the next writer of that name after a kill.

    Raises:
        DataError: the disk is full, or cannot be written; an earlier result is left as it was.
    """
    sweep(target)
    folder, lock = _locked(target)
    try:
        yield folder
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise DataError(
            f"cannot write {target}: {reason[:1].lower()}{reason[1:]}. Nothing was written.",
            "make room there",
            "give a name in another place",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep(target: Path) -> None:
    """Remove what writers of this name left who were killed; put back what one of them had moved aside."""
    pattern = re.compile(re.escape(_prefix(target)) + r"[a-z0-9_]{8}")
    try:
        left = [entry for entry in target.parent.iterdir() if pattern.fullmatch(entry.name) and entry.is_dir()]
    except OSError:
        return
    for folder in left:
        lock = _lock(folder)
        if lock is None:
            continue  # its writer lives, or nobody can say
        try:
            _put_back(folder / OLD, target)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _put_back(old: Path, target: Path) -> None:
    if not old.exists():
        return
    with contextlib.suppress(FileExistsError):
        rename_new(old, target)
        warn(DataWarning(f"{target} was put back: a run that was to replace it was killed in the middle."))


def _prefix(target: Path) -> str:
    return f".{target.name[:40]}.steepest-"


def _locked(target: Path) -> tuple[Path, int | None]:
    """Make a scratch folder and lock it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        lock = _lock(folder)
        # before it was locked, another writer may have taken it for a leftover
        if folder.exists():
            return folder, lock
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder until this process closes it or dies; None where somebody else has, or the system cannot."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _reason(error: Exception) -> str | None:
    """Why something could not be written, where that is the system's answer: of an OSError, or of DuckDB's writer."""
    if isinstance(error, FileExistsError):
        return None
    if isinstance(error, OSError):
        return error.strerror
    if type(error).__module__.endswith("duckdb") and "IO Error" in str(error):
        return str(error).rsplit(": ", 1)[-1].strip()
    return None
