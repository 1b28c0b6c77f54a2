"""Scratch folders: where a result is written beside its name, locked as long as its writer lives, and removed by the next."""

import contextlib
import errno
import hashlib
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
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
"""Errors of writing alone; a refusal (EACCES) may be of what is read, unless it names a scratch folder."""
LONGEST = 40  # characters of a name that its scratch folders repeat


@contextlib.contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` that vanishes when the block ends, and with the next writer of that name after a kill.

    Raises:
        DataError: the disk is full, or cannot be written; an earlier result is left as it was.
    """
    sweep(target)
    folder, lock = None, None
    try:
        folder, lock = _locked(target)
        yield folder
    except Exception as error:
        reason = _reason(error, target)
        if reason is None:
            raise
        raise DataError(
            f"cannot write {target}: {reason[:1].lower()}{reason[1:]}. Nothing was written.",
            "make room there",
            "give a name in another place",
        ) from error
    finally:
        if folder is not None:
            _remove(folder)
        if lock is not None:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a scratch folder, unless it holds what was moved aside and could not be put back."""
    if not os.path.lexists(folder / OLD):
        shutil.rmtree(folder, ignore_errors=True)


def sweep(target: Path) -> None:
    """Remove what writers of this name left who were killed; put back what one of them had moved aside."""
    pattern = re.compile(re.escape(_prefix(target)) + r"[a-z0-9_]{8}")
    try:
        left = [entry for entry in target.parent.iterdir() if pattern.fullmatch(entry.name) and entry.is_dir()]
    except OSError:
        return
    for folder in left:
        try:
            lock = _lock(folder)
        except OSError:
            continue  # its writer lives, or another has removed it
        if lock is None:
            continue  # nobody can say
        try:
            _put_back(folder, target)
            _remove(folder)
        finally:
            os.close(lock)


def _put_back(folder: Path, target: Path) -> None:
    """Give back the name to what a dead writer moved aside, or remove that where its successor has the name."""
    old = folder / OLD
    if not old.exists():
        return
    if not (folder / NEW).exists():
        shutil.rmtree(old, ignore_errors=True)
        return
    try:
        rename_new(old, target)
        warn(DataWarning(f"{target} was put back: a run that was to replace it was killed in the middle."))
    except FileExistsError:
        warn(DataWarning(f"{old} is what {target} was before something else took its name; it was left there."))


def _prefix(target: Path) -> str:
    """What the names of a target's scratch folders begin with; a long name is cut, and told from others by its digest."""
    name = target.name
    if len(name) > LONGEST:
        name = name[:LONGEST] + hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    return f".{name}.steepest-"


def _locked(target: Path) -> tuple[Path, int | None]:
    """Make a scratch folder and lock it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        # before it is locked, another writer may take it for a leftover
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            lock = _lock(folder)
            if folder.exists():
                return folder, lock
            if lock is not None:
                os.close(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder until this process closes it or dies; None where the system cannot.

    Raises:
        BlockingIOError: somebody else has locked it.
        OSError: it is not there, or cannot be opened.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise
        return None
    return descriptor


def _reason(error: Exception, target: Path) -> str | None:
    """Why `target` could not be written, where that is the system's answer: of an OSError, or of DuckDB's writer."""
    if isinstance(error, FileExistsError):
        return None
    if isinstance(error, OSError):
        # what is read meanwhile has errors of its own
        scratch = os.path.abspath(target.parent / _prefix(target))
        ours = error.filename is not None and os.path.abspath(str(error.filename)).startswith(scratch)
        return error.strerror if ours or error.errno in FULL else None
    if type(error).__module__.endswith("duckdb") and "IO Error" in str(error):
        return str(error).rsplit(": ", 1)[-1].strip()
    return None
