"""Options that say which rows are held out, as the commands take them that judge on folds or on another file."""

from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from steepest.cli.table import Table, read_alike
from steepest.errors import UsageError
from steepest.summaries.triangle import Triangle


def hold_out_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that make folds of DATA, or name a file of held-out rows."""
    for option in reversed(
        (
            click.option("--folds", type=int, default=5, show_default=True, help="K of K-fold cross-validation."),
            click.option(
                "--group",
                default=None,
                metavar="NAME",
                help="A column, text or not: rows with the same value stay in one fold.",
            ),
            click.option(
                "--time",
                "in_time",
                is_flag=True,
                help="Rows are in time order: each fold is predicted from the rows before it.",
            ),
            click.option(
                "--shuffle/--no-shuffle",
                default=True,
                show_default=True,
                help="Deal rows to the folds in a random order, or take stretches of consecutive rows.",
            ),
            click.option(
                "--validation", type=click.Path(), default=None, help="A file of held-out rows instead of folds."
            ),
        )
    ):
        command = option(command)
    return command


def check_hold_out(options: dict[str, Any]) -> None:
    """Raise UsageError where options make folds and name held-out rows as well."""
    folds = click.get_current_context().get_parameter_source("folds") is ParameterSource.COMMANDLINE
    if options["validation"] and folds:
        raise UsageError("--validation names held-out rows, and --folds makes folds. Give one of them.")
    if options["validation"] and (options["group"] or options["in_time"] or not options["shuffle"]):
        raise UsageError(
            "--validation names held-out rows; --group, --time and --no-shuffle make folds. Give one of them."
        )


def read_validation(options: dict[str, Any], table: Table) -> Triangle | None:
    """Read the file of held-out rows with the coding of DATA; None where there is none."""
    if not options["validation"]:
        return None
    return read_alike(options["validation"], options, table.opened, sample_rows=0).triangle
