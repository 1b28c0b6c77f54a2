"""Files written whole or not at all: beside the target under another name, flushed, then renamed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from steepest.errors import Option, UsageError
from steepest.support import remedies

OURS = frozenset(
    (
        "model.json",
        "run.json",
        "trajectory.parquet",
        "triangle",
        "loss.svg",
        "modes.svg",
        "contour.svg",
        "predictions.svg",
        "validation.svg",
        "sweep.json",
        "report.html",
        "rows",
        "held_out",
    )
)
"""Names of the files that run folders hold: a folder with any other is never replaced."""


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a mixture.

    Args:
        path: the target; its folder must exist.
        content: all bytes of the file.

    Raises:
        OSError: from the operating system, with the temporary file removed and an earlier file intact.
    """
    target = Path(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        replace_whole(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def replace_whole(written: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Put a file that is complete in the place of `target`, in one step, once it is safe on the disk."""
    with Path(written).open("rb") as stream:
        os.fsync(stream.fileno())
    # a temporary file may be readable by its owner alone; a result gets the usual permissions
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(written, 0o666 & ~umask)
    os.replace(written, target)


def refuse_existing_file(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise UsageError when `path` cannot become a new file: it exists, or its folder cannot be written.

    Called before the work starts, as `refuse_existing` is for folders.
    """
    file = Path(path)
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write into {file.parent}. Give a file in a folder that can be written.")
    if file.exists() and not force:
        raise UsageError(f"{file} exists already.", "give another name", remedies.REPLACE)


def refuse_existing(path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Raise UsageError when `path` cannot become a new folder: it exists, or its parent cannot be written.

    Called before the work starts, so that nobody waits for a run that cannot be kept.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a run needs a folder of its own.", "give another name")
    if target.exists() and force:
        foreign = sorted(
            entry.name for entry in target.iterdir() if entry.name not in OURS and not entry.name.startswith("heat_map")
        )
        if foreign or target.resolve() == Path.cwd():
            raise UsageError(
                f"{target} holds what steepest did not write ({', '.join(foreign[:3]) or 'it is the current folder'}); "
                + Option("force", True)
                + " replaces run folders only.",
                "give another name",
            )
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
    target = Path(path)
    refuse_existing(target, force=force)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", dir=target.parent))
    try:
        yield scratch
        umask = os.umask(0)
        os.umask(umask)
        scratch.chmod(0o777 & ~umask)
        for file in scratch.iterdir():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        _swap_in(scratch, target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _swap_in(scratch: Path, target: Path) -> None:
    """Rename `scratch` to `target`; a folder that is there is moved aside first and removed last."""
    aside = None
    if target.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.old.", dir=target.parent))
        target.rename(aside / "old")
    try:
        scratch.rename(target)
    except OSError as error:
        if aside is not None:
            (aside / "old").rename(target)
        raise UsageError(f"{target} appeared while the run was being written.", "give another name") from error
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
