"""Files written whole or not at all: beside the target under another name, flushed, then renamed."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from steepest.errors import Option, UsageError
from steepest.support import remedies
from steepest.support.renames import exchange, rename_new
from steepest.support.scratch import NEW, OLD, scratch_beside, sweep

PICTURE_FORMATS = ("svg", "png")
"""What pictures are written as; each is the ending of their names as well."""
OURS = frozenset(
    (
        "model.json",
        "run.json",
        "trajectory.parquet",
        "triangle",
        "sweep.json",
        "diagnosis.json",
        "report.html",
        "rows",
        "held_out",
        "path",
        "path.csv",
        "path.json",
    )
)
"""Names of the files that run folders hold beside pictures: a folder with any other is never replaced."""
PICTURES = re.compile(
    r"(loss|modes|contour|predictions|residuals|qq|validation|roc|precision_recall|calibration|confusion|boundary|"
    rf"heat_map(-\d+-.+)?|forecast|batch_limits|batch_map|coefficients|held_out_error)\.({'|'.join(PICTURE_FORMATS)})"
)
RECORDS = ("run.json", "sweep.json", "diagnosis.json", "path.json")
"""One of them is in every run folder: one with a summary or a page alone is somebody's own."""


def write_whole(path: str | os.PathLike[str], content: bytes, *, force: bool = True) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a mixture.

    Args:
        path: the target; its folder must exist.
        content: all bytes of the file.
        force: replace a file that is there.

    Raises:
        DataError: the disk is full, or cannot be written; an earlier file is left as it was.
        UsageError: there is a file of that name, and `force` is False.
    """
    target = behind(path)
    with scratch_beside(target) as scratch:
        (scratch / NEW).write_bytes(content)
        put_file(scratch / NEW, target, force=force)


def behind(path: str | os.PathLike[str]) -> Path:
    """Return the file or folder that a symbolic link leads to, so that it is written and the link stays; else the path."""
    return Path(os.path.realpath(path) if os.path.islink(path) else path)


def put_file(written: Path, target: Path, *, force: bool = True) -> None:
    """Give a file that is complete its name, in one step, once it is safe on the disk.

    Raises:
        UsageError: there is a file of that name, and `force` is False, or a device, a pipe or a folder.
    """
    with written.open("rb") as stream:
        os.fsync(stream.fileno())
    if force:
        _refuse_other_than_file(target)
        os.replace(written, target)
        return
    try:
        rename_new(written, target)
    except FileExistsError:
        raise UsageError(f"{target} exists already.", "give another name", remedies.REPLACE) from None


def refuse_existing_file(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise UsageError when `path` cannot become a new file: it exists, or its folder cannot be written.

    Called before the work starts, as `refuse_existing` is for folders.
    """
    file = behind(path)
    sweep(file)
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write into {file.parent}. Give a file in a folder that can be written.")
    if file.exists() and not force:
        raise UsageError(f"{file} exists already.", "give another name", remedies.REPLACE)
    _refuse_other_than_file(file)


def _refuse_other_than_file(target: Path) -> None:
    """Raise UsageError where a device, a pipe or a folder has the name: a file is never put in its place."""
    if target.exists() and not target.is_file():
        raise UsageError(f"{target} is a folder, a device or a pipe, which is not replaced.", "give another name")


def refuse_existing(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise UsageError when `path` cannot become a new folder: it exists, or its parent cannot be written.

    Called before the work starts, so that nobody waits for a run that cannot be kept.
    """
    target = behind(path)
    sweep(target)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a run needs a folder of its own.", "give another name")
    if target.exists() and force:
        _refuse_foreign(target, target)
    if target.exists() and not force:
        raise UsageError(f"{target} exists already.", "give another name", remedies.REPLACE)
    parent = target.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write into {parent}.", "give a folder that can be written")


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], *, force: bool = False) -> Iterator[Path]:
    """Give a scratch folder that becomes `path` when the block ends well, and vanishes when it does not.

    Args:
        path: the folder to be made; missing parents are made too.
        force: replace a folder that is already there; the old one stays until the new one is complete.

    Raises:
        UsageError: `path` exists and `force` is False, or its parent cannot be written.
    """
    target = behind(path)
    refuse_existing(target, force=force)
    target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_beside(target) as scratch:
        new = scratch / NEW
        new.mkdir()
        yield new
        for file in new.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        _put_folder(new, target, force)


def _put_folder(new: Path, target: Path, force: bool) -> None:
    """Give a folder that is complete its name; with `force` in exchange for the run that has it."""
    try:
        rename_new(new, target)
        return
    except FileExistsError:
        if not force:
            raise UsageError(
                f"{target} appeared while the run was being written; it was left as it is.", "give another name"
            ) from None
    _refuse_foreign(target, target)
    if exchange(new, target):
        try:
            _refuse_foreign(new, target)  # something may have been put there since it was looked at
        except UsageError:
            exchange(new, target)
            raise
        return
    old = new.with_name(OLD)
    os.rename(target, old)  # a kill between these two is mended by the next writer of this name
    try:
        _refuse_foreign(old, target)
        rename_new(new, target)
    except BaseException:
        with contextlib.suppress(FileExistsError):  # then it stays in the scratch folder, and is not removed with it
            rename_new(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(folder: Path, name: Path) -> None:
    """Raise UsageError where a folder holds anything that is not of a run of ours; `name` is what the reader calls it."""
    foreign = [f"{name} is no folder"] if not folder.is_dir() else []
    if not foreign:
        there = sorted(folder.iterdir())
        foreign = [entry.name for entry in there if not _is_ours(entry)]
        if there and not foreign and not any((folder / record).is_file() for record in RECORDS):
            foreign = [entry.name for entry in there]
    if foreign or folder.resolve() == Path.cwd():
        raise UsageError(
            f"{name} holds what steepest did not write ({', '.join(foreign[:3]) or 'it is the current folder'}); "
            + Option("force", True)
            + " replaces run folders only.",
            "give another name",
        )


def _is_ours(entry: Path) -> bool:
    """Whether an entry of a folder is a file of a run, as far as its name says."""
    named = entry.name in OURS or PICTURES.fullmatch(entry.name) is not None
    return named and entry.is_file() and not entry.is_symlink()
