"""Checks: all that looks at each epoch of a run: what may end it, what watches it, and what keeps its epochs."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from steepest.descent.checkpoint import RunState, described
from steepest.descent.iterates import Ending
from steepest.descent.record import Record
from steepest.descent.recording import Kept, Recording, RecordWhen
from steepest.descent.stops import Back, Progress, Stop, checked_stops
from steepest.errors import UsageError
from steepest.objectives.objective import Objective
from steepest.support.arguments import shown
from steepest.support.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks of one run, asked one after the other; each sees every epoch.

    Args:
        begun: each stop and its check.
    """

    begun: list[tuple[Any, Any]]

    @classmethod
    def of(
        cls, stop: Stop | Sequence[Stop], record: Record | None, objective: Objective, start: FloatArray
    ) -> "Checks":
        """Begin the checks of a run.

        Raises:
            UsageError: a stop is none, or has to know a table.
        """
        stops: tuple[Any, ...] = checked_stops(stop)
        for one in stops:
            if not hasattr(one, "begin"):
                raise UsageError(
                    f"{shown(one)} has to know a table, and an objective alone has none.", "give it to descend"
                )
        if record is not None and record.when is not None:
            stops = (*stops, RecordWhen(record.when))
        return cls([(one, one.begin(objective, start)) for one in stops])

    @cached_property
    def _remembering(self) -> list[tuple[str, Any]]:
        """The checks that remember something, by what their stops say of themselves."""
        # asked of the class: a memory may be a property that begins something when it is looked at
        return [
            (described(stop), check)
            for stop, check in self.begun
            if hasattr(type(check), "memory") or "memory" in getattr(check, "__dict__", ())
        ]

    def remember(self, state: RunState) -> None:
        """Give the checks of a run that goes on what they remembered.

        Raises:
            UsageError: one that remembers was not there.
        """
        for key, check in self._remembering if state.epoch or state.stops else ():
            if key in state.stops:
                check.memory = state.stops[key]
            elif state.epoch and not getattr(check, "only_watches", False):
                name = next(stop.name for stop, own in self.begun if own is check)
                raise UsageError(
                    f"the run that was cut off at epoch {state.epoch:,} had no stop {name!r} like this one, which remembers earlier epochs.",
                    "give the same stops again",
                    "remove the checkpoint to start over",
                )

    @property
    def memories(self) -> dict[str, Any]:
        """What each remembers, by what its stop says of itself."""
        return {key: check.memory for key, check in self._remembering}

    def see(self, progress: Progress) -> Ending | None:
        """Let every check see an epoch, and return what the first says that ends the run.

        Raises:
            UsageError: a check says something else than a sentence or None.
        """
        asked = None
        for stop, check in self.begun:
            sentence = check(progress)
            if sentence is None:
                continue
            if not isinstance(sentence, str):
                raise UsageError(
                    f"the stop {stop.name!r} answered {sentence!r}. A check returns a sentence that says why the run ends, or None to go on."
                )
            asked = asked or Ending(stop.name, sentence)
        return asked

    def back(self, ended: Ending, epoch: int) -> Back | None:
        """Return the earlier epoch at which a check wants the run to end, or None."""
        backs = (check.back(ended, epoch) for _, check in self.begun if hasattr(check, "back"))
        return next((back for back in backs if back), None)

    def with_kept(self, kept: Kept) -> Kept:
        """Return epochs that were kept together with those that a check has kept."""
        for _, check in self.begun:
            if isinstance(check, Recording) and check.kept:
                kept = kept.joined(check.kept)
        return kept

    def close(self) -> None:
        """Let the checks close what they have opened."""
        with ExitStack() as stack:
            for _, check in self.begun:
                if hasattr(check, "close"):
                    stack.callback(check.close)
