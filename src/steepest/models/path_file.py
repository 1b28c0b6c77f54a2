"""Path file: where the parameters of a run that went step by step have been, so that it need not go there again."""

import os
from typing import Any

import numpy as np

from steepest.descent.iterates import Ending
from steepest.descent.loop import RecordedIterates
from steepest.descent.trajectory import Trajectory
from steepest.errors import ModelFileError
from steepest.objectives.quadratic import Quadratic
from steepest.support.array_file import read_arrays, write_arrays
from steepest.support.arrays import FloatArray

PATH = "steepest-path"


def write_path(path: str | os.PathLike[str], run: Trajectory) -> None:
    """Write the epochs that a run kept, with parameters in force and losses, and why it ended; nothing for one in closed form."""
    walked = run.iterates
    if not isinstance(walked, RecordedIterates):
        return
    header = {"reason": walked.ended.reason, "sentence": walked.ended.sentence}
    arrays = {
        "epochs": walked.epochs,
        "thetas": walked.thetas,
        "losses": walked.losses,
        "before_last": walked.before_last,
        "start": run.start,
    }
    write_arrays(path, PATH, header, arrays)


def read_path(path: str | os.PathLike[str], quadratic: Quadratic) -> tuple[FloatArray, RecordedIterates]:
    """Return theta_0, shape (p, t), and the iterates of a run over a loss.

    Raises:
        ModelFileError: the file is damaged, or of another loss.
    """
    header, arrays = read_arrays(path, PATH)
    try:
        ended = Ending(_text(header["reason"]), _text(header["sentence"]))
        names = ("epochs", "thetas", "losses", "before_last", "start")
        epochs, thetas, losses, before_last, start = (arrays[name] for name in names)
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"{path} holds no path of a run. Fit again.") from error
    count, shape = len(epochs), quadratic.minimum.shape
    shapes = [thetas.shape[1:], before_last.shape, start.shape]
    if not count or shapes != [shape] * 3 or {len(thetas), len(losses)} != {count} or losses.shape[1:] != shape[1:]:
        raise ModelFileError(f"{path} holds the path of another run. Fit again.")
    for array in (epochs, thetas, losses, before_last, start):
        array.flags.writeable = False
    return start, RecordedIterates(epochs.astype(np.int64, copy=False), thetas, losses, quadratic, ended, before_last)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
