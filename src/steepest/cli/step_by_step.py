"""Step by step: how a fit descends, and what ends, watches and keeps a run that goes step by step."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from steepest.cli.finish import refuse_unresumable, resumable
from steepest.cli.table import Table
from steepest.cli.text import progress, settings_lines
from steepest.data.split import Share
from steepest.descent.checkpoint import FORMAT
from steepest.descent.descend import descend
from steepest.descent.held_out import HeldOut
from steepest.descent.json_lines import JsonLines
from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.loss_choice import LossChoice
from steepest.rules.gradient import GradientRule
from steepest.rules.registry import RULES
from steepest.rules.rule import is_known_beforehand
from steepest.summaries.summarize import Summary
from steepest.summaries.triangle import Triangle
from steepest.support.files import refuse_existing_file
from steepest.support.words import join_names

NAMES = ("patience", "log_json", "checkpoint")


def step_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that let a run go step by step."""
    for option in reversed(
        (
            click.option(
                "--patience",
                type=click.IntRange(min=1),
                default=None,
                metavar="N",
                help="End the run once the RMSE of held-out rows has not fallen for N epochs, at its best epoch. Needs --test-size or --test.",
            ),
            click.option(
                "--log-json",
                type=click.Path(dir_okay=False),
                default=None,
                metavar="FILE",
                help="Write each epoch, or each N-th with --log-every N, as a line of JSON to a new file while the run goes.",
            ),
            click.option(
                "--checkpoint",
                type=click.Path(dir_okay=False),
                default=None,
                metavar="FILE",
                help="Keep the state of the run in this file while it goes, and remove it when the run is written.",
            ),
        )
    ):
        command = option(command)
    return command


def _goes_step_by_step(options: dict[str, Any]) -> bool:
    """Whether an option asks for what only a run that goes step by step can do."""
    return any(options[name] is not None for name in NAMES)


def refuse_contradictions(options: dict[str, Any]) -> None:
    """Look at the options and their files before any work.

    Raises:
        UsageError: the options do not go together, or a file is there already.
    """
    asked = [f"--{name.replace('_', '-')}" for name in NAMES if options[name] is not None]
    if asked and options["engine"] == "modes":
        raise UsageError(f"--engine modes takes no steps, so nothing would come of {join_names(asked)}. Leave one out.")
    if options["patience"] is not None and not (options["test_size"] or options["test_file"]):
        raise UsageError(
            "--patience looks at held-out rows. Hold some out (--test-size 0.2), or name a file of them (--test)."
        )
    if options["checkpoint"] is not None:
        _refuse_checkpoint(Path(options["checkpoint"]), options)
    log = options["log_json"]
    if log is not None and os.path.lexists(log) and not options["resume"]:
        raise UsageError(f"{log} exists already.", "give another name", "remove the file")


def _refuse_checkpoint(file: Path, options: dict[str, Any]) -> None:
    if options["summary"]:
        raise UsageError(
            "--summary FILE keeps the state of the pass and --checkpoint that of the run. Make the summary first (steepest summarize), "
            "and fit that."
        )
    refuse_existing_file(file, force=True)
    refuse_unresumable(file, FORMAT, "run", options["resume"], options["force"])


def descended(
    table: Table, share: Share | None, summary: Summary, options: dict[str, Any], loss: LossChoice = "squared"
) -> Trajectory:
    """Call the front door; a loop gets a progress bar and what the options ask for, and batches of rows read the table once more."""
    triangle = summary.triangle
    settings = {
        key: options[key]
        for key in (
            "rule",
            "learning_rate",
            "momentum",
            "schedule",
            "average",
            "batch_size",
            "order",
            "seed",
            "drop_last",
            "epochs",
            "l2",
            "l1",
            "l1_ratio",
            "objective",
            "standardize",
            "fit_intercept",
            "engine",
        )
    }
    squared = isinstance(loss, str)
    if not squared:
        settings["loss"] = loss
    if options["batch_size"] is not None or not squared:
        settings["rows"] = lambda: table.training_rows(share)
    plain = options["average"] is False and options["batch_size"] is None
    rule = RULES[options["rule"]]
    known = plain and (is_known_beforehand(rule) if options["schedule"] is None else rule is GradientRule)
    if squared and (
        options["engine"] == "modes"
        or (known and options["engine"] == "auto" and not _goes_step_by_step(options))
        or (options["epochs"] == "auto" and not known and not options["l1"])
    ):
        return descend(triangle, **settings)
    steps = None if options["epochs"] == "auto" else options["epochs"]
    if known and squared:
        forecast = descend(triangle, **{**settings, "engine": "modes"})
        click.echo(f"{settings_lines(forecast)}\nBefore the run: {forecast.verdict}\n", err=options["as_json"])
        steps = forecast.requested_epochs
    with progress("descending", steps) as bar, _watching(options, summary.test) as watchers:
        return descend(triangle, **settings, **watchers | {"callbacks": (bar, *watchers.get("callbacks", ()))})


@contextmanager
def _watching(options: dict[str, Any], held_out: Triangle | None) -> Iterator[dict[str, Any]]:
    """Give the settings of `descend` for these options; say how to go on where the run is interrupted."""
    patience, log, checkpoint = (options[name] for name in NAMES)
    settings: dict[str, Any] = {"checkpoint": checkpoint}
    if patience is not None:
        settings["stop"] = HeldOut(held_out, patience=patience)
    if log is not None:
        settings["callbacks"] = (JsonLines(log, max(1, options["log_every"])),)
    with resumable(None if checkpoint is None else Path(checkpoint), "the run, up to its last second as a rule"):
        yield settings


def remove_checkpoint(options: dict[str, Any]) -> None:
    """Remove the state of a run that is written."""
    if options["checkpoint"] is not None:
        Path(options["checkpoint"]).unlink(missing_ok=True)
