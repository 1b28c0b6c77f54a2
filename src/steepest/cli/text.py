"""What every command prints with: thinned log lines, tables of weights, a progress bar."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import numpy as np

from steepest.cli.streams import failure
from steepest.descent.trajectory import Trajectory
from steepest.objectives.loss_choice import numbers_of
from steepest.rules.rule import words_of
from steepest.support.words import number, percent, pluralize
from steepest.support.words import printable as printable
from steepest.support.words import shorten as shorten
from steepest.support.words import table as table

LOG_LINES = 20
MOST_WEIGHTS = 3  # weights on a log line
MOST_CLASSES = 6  # columns of a table of weights
CHUNK = 4_096


def log_lines(run: Trajectory, log_every: int) -> Iterator[str]:
    """Yield a line for every `log_every`-th epoch, or for about 20 log-spaced ones when that is 0.

    A line shows the state after so many epochs: loss, RMSE, the first weights and the bias.
    """
    known = run.iterates.epochs
    if log_every:
        chosen = np.arange(0, run.epochs + 1, log_every, dtype=np.int64)
        chosen = chosen if chosen[-1] == run.epochs else np.append(chosen, run.epochs)
    else:
        chosen = run.some_epochs(LOG_LINES)
    if not isinstance(known, range):
        chosen = np.intersect1d(chosen, known)
    width = len(f"{run.epochs:,}")
    several = np.ndim(run.last.weights) > 1  # each class has weights of its own, and a line no room for them
    features = () if several else run.features
    names = [shorten(name, 16) for name in features[:MOST_WEIGHTS]]
    more = f"  (+{len(features) - MOST_WEIGHTS} weights)" if len(features) > MOST_WEIGHTS else ""
    yield (
        "  ".join(
            [
                "epoch".rjust(width),
                "loss".rjust(12),
                "rmse".rjust(12),
                *(name.rjust(16) for name in names),
                *([] if several else ["bias".rjust(16)]),
            ]
        )
        + more
    )
    for start in range(0, len(chosen), CHUNK):
        part = chosen[start : start + CHUNK]
        weights, bias = run.parameters(part)
        if several:
            weights, bias = np.zeros((len(part), 0)), np.zeros(len(part))
        for k, loss, rmse, w, b in zip(part, run.loss(part), run.rmse(part), weights, np.atleast_1d(bias), strict=True):
            cells = [
                f"{k:,}".rjust(width),
                f"{loss:12.6g}",
                f"{rmse:12.6g}",
                *(f"{v:16.9g}" for v in w[:MOST_WEIGHTS]),
                *([] if several else [f"{b:16.9g}"]),
            ]
            yield "  ".join(cells)


def weights_table(run: Trajectory, most: int = 30) -> str:
    """Return the weights and the bias at the last epoch beside the exact answer, if there is one, and the share still missing."""
    rows: list[tuple[str, ...]] = []
    last = run.last
    if np.ndim(last.weights) > 1:
        return _class_table(run, most)
    if run.problem.separation is not None:
        bias = [("bias", f"{last.bias:.10g}")] if run.coordinates.fit_intercept else []
        rows = [*bias, *((shorten(name), f"{now:.10g}") for name, now in zip(run.features, last.weights, strict=True))]
        return table(("", "this run"), rows[:most]) + (
            f"\n  … and {len(rows) - most:,} more" if len(rows) > most else ""
        )
    goal, first = run.optimum, run.at(0)
    entries = [("bias", float(last.bias), float(goal.bias), float(first.bias))] if run.coordinates.fit_intercept else []
    entries += list(zip(run.features, last.weights, goal.weights, first.weights, strict=True))
    for name, now, end, start in entries[:most]:
        missing = abs((end - now) / (end - start)) if end != start else 0.0
        rows.append((shorten(name), *(_weight(run, name, value) for value in (now, end)), percent(missing)))
    lines = table(("", "this run", "exact minimum", "still missing"), rows)
    return lines + (f"\n  … and {len(entries) - most:,} more" if len(entries) > most else "")


def _weight(run: Trajectory, name: str, value: float) -> str:
    """A weight in digits; one that an l1 penalty has set to 0 is not in use."""
    return "not in use" if run.l1 and value == 0 and name != "bias" else f"{value:.10g}"


def _class_table(run: Trajectory, most: int) -> str:
    """The weights and the bias of each class at the last epoch."""
    last = run.last
    rows: list[tuple[str, Any]] = [("bias", last.bias)] if run.coordinates.fit_intercept else []
    rows += list(zip(run.features, last.weights, strict=True))
    header = ("", *map(shorten, run.targets[:MOST_CLASSES]))
    lines = table(
        header, [(shorten(name), *(f"{value:.10g}" for value in values[:MOST_CLASSES])) for name, values in rows[:most]]
    )
    lines += f"\n  … and {len(rows) - most:,} more" if len(rows) > most else ""
    return lines + (
        f"\n  … and {len(run.targets) - MOST_CLASSES:,} more classes" if len(run.targets) > MOST_CLASSES else ""
    )


class Progress:
    """A progress bar on stderr for a loop; silent where stderr is no terminal."""

    pace = 64  # epochs between two looks

    def __init__(self, bar: Any, task: Any, last: int | None) -> None:
        self._bar, self._task, self._last = bar, task, last
        self._next = 0.0

    def __call__(self, epoch: int, *_: object) -> None:
        """Show the epoch, ten times a second at most: drawing costs more than a step."""
        now = time.monotonic()
        if now >= self._next or epoch == self._last:
            self._bar.update(self._task, completed=epoch)
            self._next = now + 0.1


@contextmanager
def progress(label: str, epochs: int | None) -> Iterator[Progress]:
    """Give a callback for a loop that draws a progress bar with rate and time left; epochs: None where nobody knows how many."""
    from rich.console import Console  # noqa: PLC0415 - a loop runs
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Progress(bar, bar.add_task(label, total=epochs), epochs)


@contextmanager
def reading(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """Give a callback for a pass over rows that draws a bar with rows a second and the time left."""
    if not sys.stderr.isatty():
        yield lambda rows, expected: None
        return
    from rich.console import Console  # noqa: PLC0415 - somebody is looking
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, rate="")

        def watch(rows: int, expected: int | None) -> None:
            rate = f"{rows / max(1e-3, time.monotonic() - began):,.0f} rows/s"
            bar.update(task, completed=rows, total=expected, rate=rate)

        yield watch


def echo_log(run: Trajectory, log_every: int, to_stderr: bool) -> None:
    """Print the log lines; many at a time, since a terminal is slower than the sums."""
    lines: list[str] = []
    for line in log_lines(run, log_every):
        lines.append(line)
        if len(lines) >= CHUNK:
            click.echo("\n".join(lines), err=to_stderr)
            lines = []
            if failure(sys.stderr if to_stderr else sys.stdout):
                return  # nobody reads on
    if lines:
        click.echo("\n".join(lines), err=to_stderr)
    (sys.stderr if to_stderr else sys.stdout).flush()


def loss_in_words(run: Trajectory) -> str:
    """Return the name of a run's loss, with its numbers."""
    numbers = ", ".join(
        f"{name} {number(value)}" for name, value in numbers_of(getattr(run.problem, "loss", None)).items()
    )
    return run.objective + (f" ({numbers})" if numbers else "")


def _epochs(run: Trajectory) -> str:
    asked = pluralize(run.requested_epochs, "epoch")
    return asked if run.epochs == run.requested_epochs else f"{run.epochs:,} of at most {asked}"


def settings_lines(run: Trajectory) -> str:
    """Return rule, rate, epochs and coordinates in words, with the reason for every automatic setting."""
    rule: Any = run.rule
    parts = [f"rule {words_of(rule)}"]
    parts += [
        f"{name.replace('_', ' ')} {number(getattr(rule, name))}"
        for name in ("learning_rate", "momentum")
        if hasattr(rule, name)
    ]
    loss = f"objective {run.objective}" if run.problem.is_quadratic else f"{loss_in_words(run)} loss"
    parts += [_epochs(run), f"{run.coordinates.name} inputs", loss]
    if run.l2:
        parts.append(f"l2 {number(run.l2)}")
    if run.l1:
        parts.append(f"l1 {number(run.l1)}")
    lines = [", ".join(parts)]
    lines += [f"  {name.replace('_', ' ')} chosen: {reason}" for name, reason in run.reasons.items()]
    return "\n".join(lines)
