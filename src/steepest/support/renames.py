"""Renames: without replacing what is there, or in exchange for it, each in one step where the system has such a call."""

import contextlib
import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

HERE, NO_REPLACE, EXCHANGE = -100, 1, 2  # of renameat2 on Linux: names are relative to the current folder; flags
UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)  # a kernel or a file system without these flags


def rename_new(source: Path, target: Path) -> None:
    """Give a file or folder a name that nobody has.

    Where the system cannot do that in one step, a file is linked, which refuses a name that is there, and a folder is
    renamed as it is: that replaces an empty folder, and none with anything in it.

    Raises:
        FileExistsError: the name is there.
        OSError: the system's.
    """
    if _renamed(source, target, NO_REPLACE):
        return
    if source.is_dir():
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
            raise
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.replace(source, target)
        return
    with contextlib.suppress(OSError):
        os.unlink(source)


def exchange(source: Path, target: Path) -> bool:
    """Let two names that are there change places in one step; False where the system cannot.

    Raises:
        FileNotFoundError: one of them is not there.
        OSError: the system's.
    """
    return _renamed(source, target, EXCHANGE)


def _renamed(source: Path, target: Path, how: int) -> bool:
    """Rename by the system's call; False where it has none."""
    call = _call()
    if call is None:
        return False
    if call(HERE, os.fsencode(source), HERE, os.fsencode(target), how) == 0:
        return True
    number = ctypes.get_errno()
    if number in UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))


@cache
def _call() -> Any:
    """Linux' renameat2, or None."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
