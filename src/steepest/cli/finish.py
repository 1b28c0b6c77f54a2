"""The end of every command that runs: keep the run, print its verdict, choose the exit status."""

import json
from pathlib import Path
from typing import Any

import click

from steepest import run_folder
from steepest.errors import UsageError
from steepest.files import refuse_existing
from steepest.plots import PredictionErrorDisplay, ValidationCurveDisplay
from steepest.trajectory import Trajectory
from steepest.triangle import Triangle

NOT_THERE = 4
EXIT = {
    "converged": 0,
    "unknown": 0,
    "unfinished": NOT_THERE,
    "crawls": NOT_THERE,
    "oscillates": NOT_THERE,
    "diverges": NOT_THERE,
}


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


def keep(
    folder: Path | None,
    run: Trajectory,
    triangle: Triangle,
    predictions: PredictionErrorDisplay | None,
    record: dict[str, Any],
    data: dict[str, Any],
    *,
    force: bool,
    keep_diverged: bool,
    validation: ValidationCurveDisplay | None = None,
) -> str:
    """Write the run folder unless the run diverged, and say what was written."""
    if folder is None:
        return "No run folder written (--no-out)."
    if run.verdict.kind == "diverges" and not keep_diverged:
        return "No model was written, since the run diverges; --keep-diverged writes it all the same."
    run_folder.write(
        folder, run, triangle, predictions=predictions, validation=validation, record=record, data=data, force=force
    )
    return f"Written: {folder}/"


def echo_json(run: Trajectory, more: dict[str, Any]) -> None:
    """Print the one JSON object."""
    click.echo(json.dumps({**run_folder.describe(run), **more}, indent=1, allow_nan=False, ensure_ascii=False))


def status(run: Trajectory) -> int:
    """Return the exit status of a run: 0 when it converged, 4 when it did not."""
    return EXIT[run.verdict.kind]
