"""`steepest explain`: the arithmetic of one step, in numbers."""

from typing import Any

import click

from steepest.analysis.explain import explain
from steepest.cli.json_output import echo_json
from steepest.cli.loss import squared_only
from steepest.cli.shared_options import (
    MOMENTUM,
    NumberOrAuto,
    RuleName,
    json_option,
    objective_option,
    standardize_option,
)
from steepest.cli.table import open_table, table_options, take
from steepest.cli.text import printable


@click.command(name="explain")
@table_options
@squared_only("explain shows the arithmetic of")
@click.option(
    "--epoch",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The step from the epoch before to this one.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1, max=1000),
    default=5,
    show_default=True,
    help="How many of the first rows to show.",
)
@click.option(
    "--rule",
    type=RuleName(),
    default="gradient",
    show_default=True,
    help="How a step is made from the gradient.",
)
@click.option(
    "--learning-rate",
    "--lr",
    type=NumberOrAuto(float),
    default="auto",
    show_default=True,
    help="η, or auto: the best constant rate.",
)
@click.option(
    "--momentum",
    type=NumberOrAuto(float),
    default=None,
    help=MOMENTUM,
)
@click.option("--l2", type=float, default=0.0, show_default=True, help="Ridge penalty, never on the intercept.")
@objective_option
@standardize_option()
@json_option
def command(data: str, as_json: bool, **options: Any) -> None:
    """Show the arithmetic of one step on DATA: predictions, residuals, gradient, update.

    Example: steepest explain examples/penguins.csv --target body_mass_g --epoch 3
    """
    table = open_table(data, options)
    explanation = explain(table.opened, **take(options))
    if as_json:
        echo_json("explain", explanation.as_json())
        return
    click.echo("".join(f"{printable(note)}\n" for note in table.notes), nl=False)
    click.echo("\n".join(printable(line) for line in str(explanation).split("\n")))
