"""`steepest explain`: the arithmetic of one step, in numbers."""

import json
from typing import Any

import click

from steepest.analysis.explain import explain
from steepest.cli.shared_options import MOMENTUM, NumberOrAuto, RuleName, objective_option
from steepest.cli.table import open_table, table_options, take
from steepest.cli.text import printable


@click.command(name="explain")
@table_options
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
@click.option(
    "--standardize/--no-standardize",
    default=False,
    show_default=True,
    help="Descend in inputs of mean 0 and standard deviation 1.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(data: str, as_json: bool, **options: Any) -> None:
    """Show the arithmetic of one step on DATA: predictions, residuals, gradient, update.

    Example: steepest explain examples/penguins.csv --target body_mass_g --epoch 3 --standardize
    """
    table = open_table(data, options)
    explanation = explain(table.opened, **take(options))
    if as_json:
        click.echo(json.dumps(explanation.as_json(), indent=1, allow_nan=False, ensure_ascii=False))
        return
    click.echo("".join(f"{printable(note)}\n" for note in table.notes), nl=False)
    click.echo("\n".join(printable(line) for line in str(explanation).split("\n")))
