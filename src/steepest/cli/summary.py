"""The coefficient table on the command line, and its options."""

from collections.abc import Callable
from typing import Any

import click

from steepest.analysis.coefficient_table import Inference, check_confidence
from steepest.cli.table import Table
from steepest.cli.wording import COMMAND
from steepest.data.split import Share
from steepest.descent.trajectory import Trajectory
from steepest.errors import DataError, UsageError
from steepest.support.words import printable

ALONE = ""
"""The value of a `--summary` that stands alone: no file is called so."""


class DataBeforeSummary(click.Command):
    """A command that says what to do where `--summary` has taken DATA for its file."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Read the arguments."""
        given = list(arguments)
        try:
            return super().parse_args(context, arguments)
        except click.MissingParameter as error:
            at = given.index("--summary") + 1 if "--summary" in given else len(given)
            if error.param is None or error.param.name != "data" or at >= len(given) or given[at].startswith("-"):
                raise
            raise UsageError(
                f"DATA is missing: --summary took {given[at]!r} for the file that keeps the triangle. Name DATA before it "
                f"(steepest fit {given[at]} --summary ...), or put another option behind --summary."
            ) from None


def summary_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the coefficient table; `--summary FILE` keeps the triangle."""
    for option in reversed(
        (
            click.option(
                "--summary",
                is_flag=False,
                flag_value=ALONE,
                type=click.Path(dir_okay=False),
                default=None,
                metavar="[FILE]",
                help="Alone: print the coefficient table (standard errors, t, p). With FILE: keep the triangle in it, and the state of the pass beside it.",
            ),
            click.option(
                "--confidence",
                type=float,
                default=None,
                help="Print the coefficient table with intervals of this confidence; default: 0.95.",
            ),
            click.option(
                "--robust",
                type=click.Choice(["HC0", "HC1", "HC2", "HC3"]),
                default=None,
                help="Print the coefficient table with errors that hold where the variance differs from row to row; reads DATA twice.",
            ),
        )
    ):
        command = option(command)
    return command


def triangle_file(options: dict[str, Any]) -> str | None:
    """Return the file of `--summary FILE`, or None."""
    return options["summary"] or None


def wants_table(options: dict[str, Any]) -> bool:
    """Whether the coefficient table is asked for; refused at once where it could not be given."""
    if options["summary"] != ALONE and options["confidence"] is None and options["robust"] is None:
        return False
    if options["confidence"] is not None:
        check_confidence(options["confidence"])
    if options["l1"]:
        raise UsageError(
            f"the coefficient table would be wrong after --l1 {options['l1']:g}: it has chosen the columns by these very rows, so that the usual "
            "standard errors are too small. Leave --l1 out, or split the rows: choose columns with --l1 on one half, and give the other half "
            "to steepest fit --summary with --features of these columns alone."
        )
    if options["l2"]:
        raise UsageError(
            f"the coefficient table is of the minimum of a loss alone, and --l2 {options['l2']:g} makes the coefficients biased, which no "
            "standard error tells. Leave --l2 out, or judge the penalized model on held-out rows (--test-size, steepest sweep)."
        )
    return True


def coefficient_table(data: Table, share: Share | None, run: Trajectory, options: dict[str, Any]) -> Inference | None:
    """Return the coefficient table where one is asked for; robust errors read DATA a second time.

    Where the table is not defined (collinear columns, too few rows) that is said, and the fit goes on without it.
    """
    if not wants_table(options):
        return None
    confidence, robust = options["confidence"] or 0.95, options["robust"]
    rows = data.training_rows(share) if robust else None
    try:
        return run.summary(confidence, robust, data=rows)
    except DataError as error:
        click.echo(f"No coefficient table: {printable(COMMAND.message(error))}", err=True)
        return None
