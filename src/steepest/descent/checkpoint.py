"""Checkpoint: the state of a run that goes step by step in a file, so that the next call goes on where this one was cut off."""

import dataclasses
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from steepest.errors import UsageError
from steepest.objectives.problem import Problem
from steepest.objectives.row_file import RowFile
from steepest.rules.registry import as_json
from steepest.rules.rule import Rule, words_of
from steepest.support.array_file import read_arrays, write_arrays
from steepest.support.arrays import FloatArray
from steepest.support.nested import pack, unpack
from steepest.support.words import join_names

FORMAT = "steepest-run"
SECONDS = 1.0  # between two writings
SHARE = 20  # a writing that takes long is followed by so many times as long without one
PIECE = 1 << 24  # bytes of a file that are read at a time
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # of an object in memory, in what it looks like


class RunState(NamedTuple):
    """All that the loop needs to go on from an epoch, before it has looked at it.

    Args:
        epoch: updates done.
        theta: parameters in force, shape (p, t).
        before: parameters one epoch before, shape (p, t).
        memory: what the rule remembers.
        stops: what each stop and watcher remembers, by what `described` says of it.
        thetas: parameters at the epochs kept so far, shape (K, p, t).
        losses: the objective there, shape (K, t).
    """

    epoch: int
    theta: FloatArray
    before: FloatArray
    memory: Any
    stops: Mapping[str, Any]
    thetas: FloatArray
    losses: FloatArray

    @classmethod
    def first(cls, rule: Rule, theta: FloatArray) -> "RunState":
        """Return the state before the first step."""
        nothing = np.empty((0, *theta.shape))
        return cls(0, theta, theta, rule.init(theta), {}, nothing, nothing[:, 0])


@dataclass(eq=False)
class RunCheckpoint:
    """A file that holds a RunState, renewed once a second; less often where writing it takes long.

    Args:
        path: of the file.
        identity: what the run is (JSON types), see `identity_of`: the state of another one is refused.
    """

    path: Path
    identity: dict[str, Any]
    _next: float = field(default=0.0, init=False)

    def load(self) -> RunState | None:
        """Return what the file holds; None where there is none.

        Raises:
            UsageError: it is the state of another run; says in what they differ.
            ModelFileError: it is damaged, which a kill cannot do, or is something else.
        """
        try:
            header, arrays = read_arrays(self.path, FORMAT)
        except FileNotFoundError:
            return None
        others = list(_differences(header["identity"], self.identity))
        if others:
            raise UsageError(
                f"{self.path} is the state of another run, with {join_names(others)}.",
                "give the same table and settings again",
                "give another name",
                "remove the file to start over",
            )
        return RunState(**unpack(header["state"], arrays))

    def keep(self, state: RunState, *, now: bool = False) -> None:
        """Write the file when it is time to, or at once.

        Raises:
            UsageError: the rule remembers something that no file can hold.
        """
        began = time.monotonic()
        if not now and began < self._next:
            return
        pack(state.memory, "what the rule remembers")  # so that an error names it
        tree, arrays = pack(state._asdict(), "a stop")
        write_arrays(self.path, FORMAT, {"identity": self.identity, "state": tree}, arrays)
        done = time.monotonic()
        self._next = done + max(SECONDS, SHARE * (done - began))


def identity_of(problem: Problem, rule: Rule, start: FloatArray, epochs: int, record: object) -> dict[str, Any]:
    """Return what a checkpoint must agree in with the run that goes on from it, as JSON types.

    Rows that a rule holds count in their order, which the table's summary does not know.
    """
    rows = getattr(rule, "rows", None)
    identity = {
        "table": problem.triangle.checksum,
        "order of rows": None if rows is None else _digest(vars(rows).values()),
        "coordinates": problem.coordinates.name,
        "intercept": problem.fit_intercept,
        "objective": repr(getattr(problem, "loss", problem.objective)),
        "l2": problem.l2,
        "rule": words_of(rule),
        "rule's numbers": as_json(rule),
        "epochs": epochs,
        "start": _digest([start]),
        "record": record,
    }
    if problem.l1:
        identity["l1"] = problem.l1
    of_loss = getattr(problem, "rows", None)
    if of_loss is not None and of_loss.has_offset:
        identity["offset"] = _digest(vars(of_loss).values())
    plain: dict[str, Any] = json.loads(described(identity))
    return plain


def described(value: object) -> str:
    """Return what a value says of itself as JSON, the same in every process.

    Example:
        >>> from steepest.descent.stops import TimeLimit
        >>> described(TimeLimit(3.0))
        '{"TimeLimit": {"seconds": 3.0}}'
    """
    return ADDRESS.sub("", json.dumps(value, default=_plain, sort_keys=True))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _digest([value])
    if hasattr(value, "checksum"):
        return value.checksum
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        numbers = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.compare}
        return {type(value).__name__: numbers}
    return getattr(value, "__qualname__", None) or (str(value) if isinstance(value, Path) else repr(value))


def _digest(values: Any) -> str:
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str} {value.shape}".encode())
            digest.update(np.ascontiguousarray(value).data.cast("B") if value.size else b"")
        elif isinstance(value, RowFile):
            for part in _parts(value.file):
                digest.update(part)
    return digest.hexdigest()


def _parts(file: Any) -> Iterator[memoryview]:
    """What an open file holds, piece by piece; where it stands is left as it is."""
    size = os.fstat(file.fileno()).st_size
    for place in range(0, size, PIECE):
        # mapped anew each time: what was read before leaves memory with its map
        yield np.memmap(file, np.uint8, "r", place, (min(PIECE, size - place),)).data


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words in what two runs differ: numbers with both values, the rest by name."""
    for name in {**here, **there}:
        one, other = there.get(name), here.get(name)
        if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other)
        elif isinstance(one, (bool, int, float)) and isinstance(other, (bool, int, float)):
            yield f"{name} {one} and not {other}"
        else:
            yield f"another {name}"
