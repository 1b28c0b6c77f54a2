"""The loop: one step after the other, for any objective and any rule. The only loop over epochs there is."""

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from steepest.descent.checkpoint import RunCheckpoint, RunState
from steepest.descent.checks import Checks
from steepest.descent.iterates import Ending, EngineName, shares_left
from steepest.descent.record import Record
from steepest.descent.recording import Kept
from steepest.descent.stops import AnyStop, Progress, Stop, is_stop
from steepest.descent.stretch import epoch_of, stretch_of
from steepest.errors import UsageError
from steepest.objectives.objective import Objective, has_prox, is_spectral, slope_at
from steepest.objectives.slope import Slope
from steepest.rules.rule import Rule
from steepest.support.arguments import as_int, is_many, shown
from steepest.support.arrays import FloatArray
from steepest.support.values import Value

Callback = Callable[[int, FloatArray, FloatArray], object]
"""A function that is called after every epoch with (epochs done, loss (t,) before its update, theta (p, t) in force after it, read-only);
one that returns True ends the run. One with an attribute `pace`, a whole number, is called after every so many epochs and after the
last: in between, an element-wise rule can be walked compiled."""
MOST_RECORDED = 50_000_000  # numbers, 400 MB
RECORD_ALL = 5_000_000  # numbers up to which every epoch is kept when nobody says otherwise
RECORD_POINTS = 10_000


@dataclass(frozen=True, eq=False)
class RecordedIterates(Value):
    """Epochs that a loop kept.

    Args:
        epochs: the epochs kept, ascending, shape (K,); the first is the start.
        thetas: parameters in force at each, shape (K, p, t).
        losses: objective at each, shape (K, t).
        objective: what was descended.
        ended: why there are no more.
        before_last: parameters one epoch before the last, shape (p, t), whether it was kept or not.
    """

    epochs: NDArray[np.int64]
    thetas: FloatArray
    losses: FloatArray
    objective: Objective
    ended: Ending
    before_last: FloatArray
    engine: ClassVar[EngineName] = "loop"

    @property
    def final(self) -> FloatArray:
        """Theta at the last epoch, shape (p, t)."""
        theta: FloatArray = self.thetas[-1]
        return theta

    def parameters(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """Theta at kept epochs, shape (K, p, t)."""
        return self.thetas[np.searchsorted(self.epochs, epochs)]

    def loss(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """J at kept epochs, shape (K, t)."""
        return self.losses[np.searchsorted(self.epochs, epochs)]

    def metric(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """The objective's metric at kept epochs, shape (K, t)."""
        metrics = [self.objective.metric(theta) for theta in self.parameters(epochs)]
        return np.stack(metrics) if metrics else np.zeros((0, self.losses.shape[1]))

    def costs(self, epochs: range | NDArray[np.int64]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Loss, metric and ‖∇J‖ at kept epochs, each of shape (K, t); where J has kinks, the length of its shortest subgradient."""
        with np.errstate(over="ignore", invalid="ignore"):
            gradients = [slope_at(self.objective, theta) for theta in self.parameters(epochs)]
            gradient_norm = np.asarray(np.linalg.norm(np.reshape(gradients, (-1, *self.thetas.shape[1:])), axis=1))
        return self.loss(epochs), self.metric(epochs), gradient_norm

    def remaining(self, epochs: range | NDArray[np.int64]) -> FloatArray:
        """The share of its start error that each mode still has at kept epochs, measured, shape (K, r).

        Raises:
            UsageError: the objective does not know its modes.
        """
        if not is_spectral(self.objective):
            if has_prox(self.objective):
                raise UsageError(
                    "under an l1 penalty modes do not shrink each by itself, so none has a share left.",
                    "look at the loss, or at the verdict",
                )
            raise UsageError(f"a {type(self.objective).__name__} knows no modes; look at the loss instead.")
        return shares_left(self.objective, self.thetas[0], self.parameters(epochs))

    @property
    def settled(self) -> FloatArray:
        """The larger of the shares that each mode had at the last epoch and one before, shape (r,): a rule that swings may be
        passing through its minimum.
        """
        if not is_spectral(self.objective):
            return np.full(0, np.inf)
        ends = np.stack([self.before_last, self.final])
        return np.asarray(shares_left(self.objective, self.thetas[0], ends).max(axis=0))


def run(
    objective: Objective,
    rule: Rule,
    start: FloatArray,
    epochs: int,
    *,
    record: Record | None = None,
    stop: Stop | Sequence[Stop] = (),
    callbacks: Sequence[Callback] = (),
    checkpoint: RunCheckpoint | None = None,
) -> RecordedIterates:
    """Take up to `epochs` steps and return what was kept; end at the last finite state when parameters leave float64.

    Args:
        objective: any `Objective`.
        rule: any rule with its numbers.
        start: theta_0, shape (p, t).
        epochs: number of steps.
        record: which epochs to keep; None keeps all up to 40 MB, and 10,000 log-spaced ones beyond.
        stop: what may end the run before, one or several; the first that says so does.
        callbacks: called after every epoch, see `Callback`.
        checkpoint: keeps the state of the run, and has that of one that was cut off.

    Raises:
        UsageError: the record would take more than 400 MB, or a step returned something else than
            parameters, or a stop something else than a sentence; the checkpoint is of another run.

    Example:
        >>> from steepest.objectives.problem import Problem
        >>> from steepest.rules.gradient import GradientRule
        >>> from steepest.summaries.summarize import summarize
        >>> quadratic = Problem.of(summarize([[1.0], [2.0], [3.0]], [2.5, 3.0, 3.5])).quadratic
        >>> walked = run(quadratic, GradientRule(0.1), np.zeros((2, 1)), 1000, callbacks=[lambda k, loss, theta: loss[0] < 0.5])
        >>> int(walked.epochs[-1]), str(walked.ended), walked.losses[-2:, 0].round(4)
        (3, 'A callback ended the run after epoch 3.', array([0.326 , 0.1829]))
    """
    kept = _epochs_to_keep(record, epochs, start.size)
    thetas, losses = np.empty((len(kept), *start.shape)), np.empty((len(kept), start.shape[1]))
    checks = Checks.of(stop, record, objective, _read_only(start))
    state = (checkpoint.load() if checkpoint else None) or RunState.first(rule, _read_only(start))
    checks.remember(state)
    position, theta, before, memory = len(state.thetas), _read_only(state.theta), state.before, state.memory
    thetas[:position], losses[:position] = state.thetas, state.losses
    epoch, ended, last = state.epoch, None, (before, max(0, state.epoch - 1))
    step = epoch_of(rule, theta, epochs)
    stretch = stretch_of(objective, rule, theta, epochs, kept, thetas, losses)
    with np.errstate(over="ignore", invalid="ignore"), closing(checks):
        while True:
            value, slope = objective.value_and_gradient(theta)
            # parameters that left float64 take the loss with them, and a look at one number is cheap
            if not all(map(math.isfinite, value.tolist())) and not np.isfinite(theta).all():
                ended = Ending.left_float64(last[1])
                break
            before, last = last[0], (theta, epoch)
            if checkpoint:
                state = RunState(epoch, theta, before, memory, checks.memories, thetas[:position], losses[:position])
            if kept[position] == epoch:
                thetas[position], losses[position] = theta, value
                position += 1
            if checks.begun:
                asked = checks.see(Progress(epoch, theta, value, _read_only(slope)))
                ended = ended or (asked if epoch < epochs else None)
            is_last = epoch == epochs or ended is not None
            if checkpoint:
                checkpoint.keep(state, now=is_last)
            if is_last:
                break
            looks = [epoch + 1] * bool(checks.begun) + [
                epoch - epoch % pace_of(one) + pace_of(one) for one in callbacks
            ]
            goal = min([epochs, *looks])
            if stretch is not None:
                walked = stretch(theta, before, memory, epoch, goal, position)
                theta, *behind = map(_read_only, walked.thetas)
                memory, epoch, value, position = walked.memory, walked.epoch, walked.loss, walked.position
                before, last = behind[1], (behind[0], epoch - 1)
            else:
                theta, memory = step(Slope(objective, theta, slope), theta, memory)
                theta, epoch = _parameters(theta, start, rule), epoch + 1
            seen = [callback for callback in callbacks if epoch % pace_of(callback) == 0 or epoch == epochs]
            if seen and _any_is_true([callback(epoch, value, theta) for callback in seen]):
                ended = Ending("callback", f"A callback ended the run after epoch {epoch:,}.")
    ended = ended or Ending.all_epochs(epochs)
    for array in (kept, thetas, losses):  # ours alone: handed over without a copy
        array.flags.writeable = False
    back = checks.back(ended, last[1])
    if back:
        last, before, ended = (back.theta, back.epoch), back.before, back.ended
    parts = checks.with_kept(Kept(kept[:position], thetas[:position], losses[:position])).up_to(last[1])
    return _with_last(objective, last, before, ended, *parts)


def checked_callbacks(callbacks: object) -> tuple[tuple[Callback, ...], tuple[AnyStop, ...]]:
    """Return one callback or several: those that are functions, and those that begin a check, as a stop does.

    Raises:
        UsageError: one of them is neither.
    """
    given = (callbacks,) if callable(callbacks) else callbacks
    several = tuple(given) if is_many(given) else (given,)
    watchers = tuple(one for one in several if is_stop(one))
    functions = tuple(one for one in several if not is_stop(one))
    for one in functions:
        if not callable(one):
            raise UsageError(
                f"callbacks are functions of an epoch, a loss and theta, or JsonLines(...); got {shown(one)}."
            )
    return functions, watchers


def pace_of(callback: Callback) -> int:
    """Return after how many epochs a callback is called."""
    return as_int(getattr(callback, "pace", 1)) or 1


def _any_is_true(answers: Sequence[object]) -> bool:
    """Say whether a callback returned True itself: what `list.append` or a printed loss returns ends no run."""
    return any(isinstance(answer, (bool, np.bool_)) and bool(answer) for answer in answers)


def _read_only(array: FloatArray) -> FloatArray:
    """The same numbers, which a rule, a stop or a callback can read and not change; a copy, since a rule may use its arrays again."""
    copy = array.copy()
    copy.setflags(write=False)
    return copy


def _parameters(theta: object, start: FloatArray, rule: Rule) -> FloatArray:
    """Return what a step gave where it is parameters.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(theta, np.ndarray) or theta.shape != start.shape or theta.dtype != np.float64:
        shape = f"{theta.dtype} of shape {theta.shape}" if isinstance(theta, np.ndarray) else type(theta).__name__
        raise UsageError(
            f"the step of rule {rule.name!r} returned {shape} for the parameters; they are float64 of shape {start.shape}. "
            "A step returns (parameters, memory)."
        )
    return _read_only(theta)


def _epochs_to_keep(record: Record | None, epochs: int, size: int) -> NDArray[np.int64]:
    if record is None:
        record = Record(every=1) if (epochs + 1) * (size + 1) <= RECORD_ALL else Record(points=RECORD_POINTS)
    if record.every is not None and (epochs // record.every + 1) * (size + 1) > MOST_RECORDED:
        raise UsageError(
            f"keeping every {record.every}. of {epochs:,} epochs with {size} parameters needs more than 400 MB. "
            f"Keep fewer: record=Record(points={RECORD_POINTS})."
        )
    return record.choose(epochs)


def _with_last(
    objective: Objective,
    last: tuple[FloatArray, int],
    before: FloatArray,
    ended: Ending,
    kept: NDArray[np.int64],
    thetas: FloatArray,
    losses: FloatArray,
) -> RecordedIterates:
    """Add the last finite state of a run that ended early, unless it was kept anyway."""
    theta, epoch = last
    if not (kept.size and kept[-1] == epoch):
        with np.errstate(over="ignore", invalid="ignore"):
            value, _ = objective.value_and_gradient(theta)
        kept, thetas = np.append(kept, epoch), np.concatenate([thetas, theta[None]])
        losses = np.concatenate([losses, value[None]])
    return RecordedIterates(kept, thetas, losses, objective, ended, before)
