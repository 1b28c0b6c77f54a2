"""Checkpoint: the state of an unfinished pass in a file, so that the next run goes on where this one was cut off."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from steepest.data.batch import Position
from steepest.data.sample import Sample
from steepest.data.split import Share
from steepest.errors import UsageError
from steepest.summaries.pass_state import PassState
from steepest.summaries.triangle import Triangle
from steepest.support import remedies
from steepest.support.array_file import read_arrays, write_arrays

FORMAT = "steepest-partial"
SAMPLE = ("X", "y", "positions")  # of a sample, its arrays
HELD_OUT = "held_out_"  # in front of the names of that sample's arrays
SECONDS = 1.0  # between two writings


@dataclass(eq=False)
class Checkpoint:
    """A file that holds a PassState, renewed once a second.

    Args:
        path: of the file.
        identity: what the pass reads and how (JSON types): a state of another table or of other options is refused.
        seconds: between two writings; 0 writes after each batch.
    """

    path: Path
    identity: dict[str, Any]
    seconds: float = SECONDS
    _next: float = field(default=0.0, init=False)

    def load(self) -> PassState | None:
        """Return what the file holds; None where there is none.

        Raises:
            UsageError: it belongs to another table or other options.
            ModelFileError: it is damaged, which a kill cannot do.
        """
        try:
            header, arrays = read_arrays(self.path, FORMAT)
        except FileNotFoundError:
            return None
        if header["about"] != self.identity:
            raise UsageError(
                f"{self.path} is the state of another table or of other options.",
                "give those again",
                remedies.START_OVER,
            )
        triangles = [
            Triangle.from_parts(header[name], {key: arrays[f"{name}_{key}"] for key in ("means", "tails", "centred")})
            for name in ("train", "test")
        ]
        sample, test_sample = self._samples(arrays, int(header["seed"]))
        rows, left_out, missing, *more = header["position"]
        position = Position(rows, left_out, tuple(missing), *more)
        return PassState(triangles[0], triangles[1], sample, test_sample, position)

    def _samples(self, arrays: dict[str, Any], seed: int) -> tuple[Sample, Sample]:
        """Some of the rows to learn from, and some of those held out; earlier states kept both in one."""
        rows = _sample(arrays, "", seed)
        if f"{HELD_OUT}X" in arrays:
            return rows, _sample(arrays, HELD_OUT, seed)
        share = Share.of(self.identity["test_size"], seed)
        out = share.holds_out(rows.positions) if share else np.zeros(len(rows.X), dtype=bool)
        return rows.take(~out), rows.take(out)

    def keep(self, state: PassState, *, now: bool = False) -> None:
        """Write the file when it is time to, or at once."""
        if not now and time.monotonic() < self._next:
            return
        header: dict[str, Any] = {"about": self.identity, "seed": state.sample.seed}
        position = state.position
        header["position"] = [
            position.rows, position.left_out, list(position.missing), position.order, position.large
        ]  # fmt: skip
        arrays = {
            f"{prefix}{key}": getattr(sample, key)
            for prefix, sample in (("", state.sample), (HELD_OUT, state.test_sample))
            for key in (*SAMPLE, *(() if sample.offset is None else ("offset",)))
        }
        for name, triangle in (("train", state.train), ("test", state.test)):
            header[name], own = triangle.parts()
            arrays |= {f"{name}_{key}": array for key, array in own.items()}
        write_arrays(self.path, FORMAT, header, arrays)
        self._next = time.monotonic() + self.seconds


def _sample(arrays: dict[str, Any], prefix: str, seed: int) -> Sample:
    """The sample whose arrays have these names behind a prefix."""
    X, y, positions = (arrays[f"{prefix}{key}"] for key in SAMPLE)
    return Sample(X, y, positions.astype(np.uint64), seed, arrays.get(f"{prefix}offset"))
