"""The end of every command that runs: keep the run, print its verdict, choose the exit status."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from steepest.analysis.smearing import Smearing
from steepest.cli.standard_input import STANDARD_INPUT
from steepest.cli.streams import heard
from steepest.descent.held_out import HeldOut
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError, without_secrets
from steepest.models import run_folder
from steepest.summaries.checkpoint import FORMAT
from steepest.summaries.triangle import Triangle
from steepest.support.array_file import is_array_file
from steepest.support.files import refuse_existing, refuse_existing_file
from steepest.support.scratch import sweep
from steepest.views.pages import Rows
from steepest.views.plots import Display

NOT_THERE = 4


def choose_folder(out: str | None, no_out: bool, force: bool, stem: str) -> Path | None:
    """Return where the run goes, checked before any work, or None when it is not kept.

    Raises:
        UsageError: the options contradict each other, or the folder cannot be made.
    """
    if no_out and (out or force):
        raise UsageError("--no-out writes nothing, so --out and --force have no meaning beside it. Leave one side out.")
    if force and not out:
        raise UsageError("--force replaces the folder given with --out; without --out a new one is made anyway.")
    if no_out:
        return None
    folder = Path(out) if out else run_folder.free_name("runs", stem)
    refuse_existing(folder, force=force)
    return folder


def stem(data: str) -> str:
    """Return what a run of DATA is called: the file's name, or "query"."""
    if data == STANDARD_INPUT:
        return "standard-input"
    return "query" if " " in data and not Path(data[:200]).exists() else Path(without_secrets(data)).stem


def choose_summary(path: str | None, resume: bool, force: bool) -> Path | None:
    """Return where the state of a pass is kept while it runs, or None when no summary is asked for.

    Raises:
        UsageError: the options contradict each other, or something is there already.
    """
    if path is None:
        if resume:
            raise UsageError("--resume goes on with the pass of a summary file. Name it.")
        return None
    file, state = Path(path), Path(f"{path}.partial")
    refuse_existing_file(file, force=True)
    sweep(state)
    complete = file.exists() and not force
    # one that was killed before it removed the state of what is complete leaves a state to remove
    refuse_unresumable(state, FORMAT, "pass", resume, force, remove=complete)
    if complete:
        done = "it is complete, there is nothing to resume" if resume else "it exists already"
        raise UsageError(f"{file}: {done}. Use it as DATA, give another name, or replace it with --force.")
    return state


def refuse_unresumable(state: Path, kind: str, what: str, resume: bool, force: bool, *, remove: bool = False) -> None:
    """Refuse the state of something unfinished that nobody wants to go on with; with --force it is removed.

    Args:
        state: the file.
        kind: of array file that it must be where it is there.
        what: "pass" or "run".
        resume: whether to go on with it.
        force: whether to start over.
        remove: remove it in any case.

    Raises:
        UsageError: the options contradict each other, or the file is something else, or unfinished without an option.
    """
    if resume and force:
        raise UsageError("--resume goes on and --force starts over; give one of them.")
    if os.path.lexists(state) and not is_array_file(state, kind):
        raise UsageError(f"{state} is there and is no unfinished {what}; it would be replaced.", "give another name")
    if force or remove:
        state.unlink(missing_ok=True)
    if state.exists() and not resume:
        raise UsageError(f"{state} holds an unfinished {what}. Go on with --resume, or start over with --force.")


@contextmanager
def resumable(state: Path | None, what: str = "the rows read so far") -> Iterator[None]:
    """Say how to go on when a pass or a run is interrupted that leaves a state."""
    try:
        yield
    except KeyboardInterrupt:
        if state is None or not state.exists():
            raise
        click.echo(f"Interrupted; {state} holds {what}. Go on with --resume.", file=heard("stderr"))
        sys.exit(130)


def keep_summary(triangle: Triangle, path: str, state: Path | None, *, force: bool) -> None:
    """Write a triangle, and then remove the state of its pass."""
    triangle.save(path, force=force)
    if state is not None:
        state.unlink(missing_ok=True)


def keep(
    folder: Path | None,
    run: Trajectory,
    triangle: Triangle,
    pictures: dict[str, Display],
    record: dict[str, Any],
    data: dict[str, Any],
    options: dict[str, Any],
    *,
    rows: Rows | None = None,
    smearing: Smearing | None = None,
) -> tuple[str, Path | None]:
    """Write the run folder unless the run diverged; return what there is to say, and where it is."""
    if folder is None:
        return "No run folder written (--no-out).", None
    if run.verdict.kind == "diverges" and not options["keep_diverged"]:
        return "No model was written, since the run diverges; --keep-diverged writes it all the same.", None

    def write(folder: Path) -> None:
        run_folder.write(
            folder,
            run,
            triangle,
            pictures=pictures,
            plot_format=options["plot_format"],
            rows=rows,
            record=record,
            data=data,
            smearing=smearing,
            force=options["force"],
        )

    folder = under_free_name(folder, write, named=bool(options["out"]))
    return f"Written: {folder}/", folder


def under_free_name(folder: Path, write: Callable[[Path], object], *, named: bool) -> Path:
    """Write a folder and return its name: where nobody has named it and another command took the name, the next free one."""
    while True:
        try:
            write(folder)
        except UsageError:
            if named or not folder.exists():
                raise
            folder = run_folder.free_name(folder.parent, folder.name)
        else:
            return folder


def status(run: Trajectory, options: dict[str, Any]) -> int:
    """Return the exit status of a run: 4 where it diverges or has no end, or does not converge though nobody chose where it ends; else 0."""
    kind = run.verdict.kind
    chosen = options["epochs"] != "auto" or run.ended.reason == HeldOut.name
    as_asked = kind not in ("diverges", "separable") and chosen and not options["strict"]
    if kind == "converged" or as_asked:
        return 0
    if heard("stderr") is not sys.stderr:  # it was told to be quiet; this is what went wrong
        click.echo(str(run.verdict), file=heard("stderr"))
    return NOT_THERE
