"""JSON lines: a log of a run that can be read while it goes: an object an epoch, each on a line of its own."""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from steepest.descent.stops import Check, Progress, checked_every
from steepest.errors import DataError, UsageError
from steepest.objectives.objective import Objective, has_prox, slope_at
from steepest.support.arguments import check_file_name
from steepest.support.arrays import FloatArray


@dataclass(frozen=True)
class JsonLines:
    """Writes the course of a run to a file while it goes, whole lines only; give it as a callback.

        {"epoch": 20, "loss": 0.0734, "rmse": 0.3831, "gradient_norm": 0.0651}

    Loss, metric and gradient are those of the epoch's parameters; of several targets they are lists. What is no finite number is
    null. A run that goes on from a checkpoint goes on with its log, without a line twice.

    Args:
        path: of the file, which must not be there before; its lines are JSON, as `pandas.read_json(path, lines=True)` reads them.
        every: write every n-th epoch; the last one is written as well.

    Example:
        >>> import pathlib, tempfile, steepest
        >>> path = pathlib.Path(tempfile.mkdtemp(), "run.jsonl")
        >>> table = [[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5]
        >>> run = steepest.descend(*table, learning_rate=0.1, epochs=25, callbacks=steepest.JsonLines(path, every=10))
        >>> [json.loads(line)["epoch"] for line in path.read_text().splitlines()]
        [0, 10, 20, 25]
    """

    path: str | os.PathLike[str]
    every: int = 1
    name: ClassVar[str] = "json_lines"

    def __post_init__(self) -> None:
        check_file_name("path", self.path)
        checked_every("JsonLines", self.every)

    def begin(self, objective: Objective, start: FloatArray) -> Check:
        """Return what writes the lines of one run."""
        return Lines(Path(self.path), self.every, objective)


@dataclass
class Lines:
    """The log of a run; it remembers where in the file the next line begins.

    Args:
        path: of the file.
        every: which epochs are written.
        objective: has the metric.
    """

    path: Path
    every: int
    objective: Objective
    only_watches: ClassVar[bool] = True
    _end: int = field(default=0, init=False)
    _goes_on: bool = field(default=False, init=False)
    _file: IO[bytes] | None = field(default=None, init=False)
    _waiting: Progress | None = field(default=None, init=False)

    @property
    def memory(self) -> int:
        """Bytes of the lines so far."""
        return self._end

    @memory.setter
    def memory(self, end: int) -> None:
        self._end, self._goes_on = end, True

    def __call__(self, progress: Progress) -> None:
        """Write an epoch, or keep it in case that it is the last one."""
        if progress.epoch % self.every:
            self._waiting = progress
        else:
            self._write(progress)

    def close(self) -> None:
        """Write the last epoch, and close the file."""
        try:
            if self._waiting is not None:
                self._write(self._waiting)
        finally:
            if self._file is not None:
                self._file.close()

    def _write(self, progress: Progress) -> None:
        self._waiting = None
        line = json.dumps(costs(progress, self.objective)).encode() + b"\n"
        try:
            self._file = self._file or self._opened()
            self._file.write(line)  # unbuffered: a reader sees the whole line, also after a kill
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {os.strerror(error.errno or 0).lower()}.") from error
        self._end += len(line)

    def _opened(self) -> IO[bytes]:
        """Open the file: a new one, or that of the run that goes on, without what was written after its checkpoint."""
        if self._goes_on and self.path.exists():
            file = self.path.open("r+b", buffering=0)
            self._end = file.read(self._end).rfind(b"\n") + 1  # less than remembered where the system went down
            file.truncate(self._end)
            file.seek(self._end)
            return file
        try:
            self._end = 0
            return self.path.open("xb", buffering=0)
        except FileExistsError:
            raise UsageError(f"{self.path} exists already.", "give another name", "remove the file") from None


def costs(progress: Progress, objective: Objective) -> dict[str, Any]:
    """Return epoch, loss, metric and gradient norm as JSON types."""
    with np.errstate(over="ignore", invalid="ignore"):
        slope = slope_at(objective, progress.theta) if has_prox(objective) else progress.gradient
        norm = np.linalg.norm(slope, axis=0)
        values = {"loss": progress.loss, objective.metric_name: objective.metric(progress.theta), "gradient_norm": norm}
    return {"epoch": progress.epoch, **{name: _numbers(value) for name, value in values.items()}}


def _numbers(values: FloatArray) -> Any:
    """One number, or a list where there are several targets; None for what is not finite."""
    finite = [value if math.isfinite(value) else None for value in np.asarray(values).tolist()]
    return finite[0] if len(finite) == 1 else finite
